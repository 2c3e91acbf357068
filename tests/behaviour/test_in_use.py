"""Ways of using ming that no manual names, but that programs are known to rely on."""

from __future__ import annotations

import importlib
import subprocess
import sys
from collections.abc import Iterator
from typing import Any
from unittest import mock

import pytest
from harness.faces import Face
from harness.stores import Store

import ming
from ming import Document, Field, Session, create_datastore, mim
from ming import schema as S
from ming.base import Object
from ming.datastore import DataStore


@pytest.fixture
def session(store: Store) -> Iterator[Session]:
    datastore = create_datastore(store.uri())
    yield Session(datastore)
    datastore.conn.close()


def page_class(session: Session | None, **fields: Any) -> Any:
    session_ = session
    body = {"_id": Field(int), "title": Field(str), "tags": Field([str]), **fields}

    class __mongometa__:
        name = "pages"
        session = session_

    return type("Page", (Document,), {"__mongometa__": __mongometa__, **body})


@pytest.fixture
def page(session: Session) -> Any:
    return page_class(session)


# --- import paths


@pytest.mark.parametrize(
    "name",
    "base compat config datastore declarative encryption exc metadata mim schema session utils version".split(),
)
def test_submodules_are_there_after_importing_ming(name: str) -> None:
    program = f"import sys, ming; sys.exit(not hasattr(ming, {name!r}))"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


@pytest.mark.parametrize(
    ("module", "names"),
    [
        ("ming", "Session Field Index collection Document Cursor configure create_engine create_datastore"),
        ("ming", "ASCENDING DESCENDING __version__ __version_info__"),
        ("ming.base", "Missing NoDefault Object Cursor NoneType _safe_bson"),
        ("ming.schema", "Missing NoDefault BaseObject Invalid SHORTHAND datetime"),
        ("ming.metadata", "Field Index collection _Document _ClassManager _InstanceManager"),
        ("ming.metadata", "_ManagerDescriptor _FieldDescriptor"),
        ("ming.declarative", "Document _DocumentMeta"),
        ("ming.utils", "LazyProperty classproperty ThreadLocalProxy ContextualProxy fixup_index"),
        ("ming.datastore", "DataStore Engine MongoClient mim create_engine create_datastore"),
        ("ming.session", "Session annotate_doc_failure"),
        ("ming.exc", "MingException MongoGone MingConfigError"),
        ("ming.mim", "Connection Database Collection Cursor match MongoClient"),
        ("ming.encryption", "EncryptionConfig EncryptedMixin DecryptedField make_encryption_key"),
    ],
)
def test_import_paths(module: str, names: str) -> None:
    found = importlib.import_module(module)
    assert [name for name in names.split() if not hasattr(found, name)] == []


def test_names_shared_between_modules_are_the_same() -> None:
    assert S.Missing is ming.base.Missing
    assert S.BaseObject is ming.base.Object
    assert ming.Cursor is ming.base.Cursor


def test_datetime_of_the_schema_module_is_a_field_type() -> None:
    assert isinstance(Field(S.datetime).schema, S.DateTime)


# --- schemas


def test_what_programs_look_up_on_fields_and_items() -> None:
    field = Field("tags", [str], if_missing=None)
    assert (field.name, field.type) == ("tags", [str])
    assert isinstance(field.schema, S.Array)
    assert isinstance(field.schema.field_type, S.String)
    assert S.Object({"a": int}).fields.keys() == {"a"}
    assert S.SchemaItem.make(S.Int(if_missing=3)).if_missing == 3
    assert S.OneOf("a", "b").options == ("a", "b")


@pytest.mark.parametrize("item", [S.Object({None: None}), Field("x", None).schema])
def test_schemas_of_anything(item: Any) -> None:
    assert item.validate({"any": {"thing": 1}}) == {"any": {"thing": 1}}


def test_invalid_is_raised_by_programs() -> None:
    error = S.Invalid("no", 5, None)
    assert (str(error), error.value, error.state) == ("no", 5, None)


def test_items_are_subclassed(session: Session) -> None:
    class Upper(S.String):
        def _validate(self, value: Any, **kwargs: Any) -> Any:
            return super()._validate(value, **kwargs).upper()

    class Point(S.Object):
        def __init__(self, fields: Any = None, **kwargs: Any) -> None:
            super().__init__(fields={"x": int, **(fields or {})}, **kwargs)

    class Always(S.SchemaItem):
        def validate(self, value: Any, **kwargs: Any) -> Any:
            return "always"

    page = page_class(session, title=Field(Upper), at=Field(Point(required=True)), always=Field(Always()))
    page.make({"_id": 1, "title": "home", "at": {"x": 5}}).m.save()
    found = page.m.get(_id=1)
    assert (found.title, found.at.x, found.always) == ("HOME", 5, "always")


# --- documents


def test_metadata_carries_strangers_attributes(session: Session) -> None:
    session_ = session

    class Artifact(Document):
        class __mongometa__:
            name = "artifacts"
            session = session_
            history_class = "History"
            abstract = True
            unique_indexes = (("a", "b"),)

        a = Field(int)

    class Page(Artifact):
        class __mongometa__:
            name = "pages"

    assert Artifact.__mongometa__.history_class == "History"
    assert Page.__mongometa__.history_class == "History"  # type: ignore[attr-defined]
    assert Page.__mongometa__.name == "pages"
    assert Page.__mongometa__.session is session
    assert Artifact.__mongometa__.unique_indexes == (("a", "b"),)


def test_find_one_and_update_returns_a_plain_dict(page: Any) -> None:
    page.make({"_id": 1, "title": "home"}).m.insert()
    found = page.m.find_one_and_update({"_id": 1}, {"$set": {"title": "start"}})
    assert type(found) is dict
    assert found["title"] == "home"
    assert page.m.get(_id=1).title == "start"


def test_documents_without_validation(page: Any) -> None:
    page({"_id": 1, "title": 5, "unknown": {"a": 1}}).m.save(validate=False)
    (found,) = page.m.find({}, validate=False)
    assert type(found) is page
    assert found == {"_id": 1, "title": 5, "unknown": {"a": 1}}


async def test_the_vocabulary_of_cursors_and_classes(face: Face) -> None:
    page = page_class(face.sync_session)
    for number in range(4):
        await face.session.insert(page.make({"_id": number, "title": "abba"[number]}))
    await face.session.update_partial(page, {"_id": 3}, {"$set": {"tags": ["x"]}})

    def find(**query: Any) -> Any:
        return face.session.find(page, query)

    assert [doc._id for doc in await find().sort([("title", 1), ("_id", -1)]).skip(1).limit(2).all()] == [
        0,
        2,
    ]
    assert (await find().sort("_id", -1).first()).tags == ["x"]
    assert (await find(_id=2).one()).title == "b"
    assert await find().limit(1).count() == 4
    assert await face.session.get(page, _id=9) is None
    await face.session.remove(page, {"title": "a"})
    assert await face.session.count(page) == 2


def test_objects_are_dicts_with_attributes(page: Any) -> None:
    page.make({"_id": 1, "title": "home"}).m.save()
    assert isinstance(page.m.get(_id=1), Object)


# --- sessions and datastores


def test_sessions_are_bound_by_hand(monkeypatch: pytest.MonkeyPatch, store: Store) -> None:
    monkeypatch.setattr(Session, "_registry", {})
    monkeypatch.setattr(Session, "_datastores", {})
    datastore = create_datastore(store.uri())
    Session._datastores["main"] = datastore
    session = Session.by_name("main")
    assert session.bind is datastore
    assert list(Session._registry.items()) == [("main", session)]
    session.bind = None
    session.bind = datastore
    assert session.db.name == store.database
    datastore.conn.close()


@pytest.mark.parametrize("uri", ["mongo://localhost:27017/tutorial", "mongodb://localhost:27017/tutorial"])
def test_a_datastore_of_one_uri(uri: str) -> None:
    datastore = DataStore(uri)
    assert datastore.name == "tutorial"
    assert datastore.db.name == "tutorial"
    datastore.conn.close()


def test_the_driver_is_reached_through_the_datastore(store: Store, session: Session) -> None:
    session.bind.pages.insert_one({"_id": 1})
    assert session.bind.db["pages"].count_documents({}) == 1
    assert session.bind.conn[store.database]["pages"].count_documents({}) == 1


# --- the embedded engine in tests


def test_emptying_everything_in_memory() -> None:
    # The one engine of the process is emptied, so it is one of this test's own.
    with mock.patch.object(mim.Connection, "get", return_value=mim.Connection()):
        session = Session(create_datastore("mim:///in_use"))
        page = page_class(session, title=Field(str))
        page.m.create_index("title", unique=True)
        for empty in (mim.Connection.get().clear_all, session.db.clear):
            page.make({"_id": 1, "title": "home"}).m.insert()
            empty()
            assert page.m.count() == 0
            assert [("title", 1)] in [index["key"] for index in page.m.index_information().values()]
        page.make({"_id": 1}).m.insert()
        session.bind.conn.drop_all()
        assert page.m.count() == 0
        assert mim.Connection.get().list_database_names() == []


@pytest.mark.mongod
def test_a_server_cannot_be_emptied_like_that(mongod_uri: str) -> None:
    """By this error programs tell a server from the embedded engine."""
    client = create_datastore("wiki", bind=ming.create_engine(mongod_uri)).conn
    with pytest.raises(TypeError):
        client.drop_all()
    client.close()


# --- patching


def test_patching_a_session_method(page: Any) -> None:
    with mock.patch("ming.session.Session.aggregate") as aggregate:
        assert page.m.aggregate([{"$match": {}}]) is aggregate.return_value
    aggregate.assert_called_once_with(page, [{"$match": {}}])


def test_patching_the_client_class() -> None:
    with mock.patch("ming.datastore.MongoClient") as client:
        datastore = create_datastore("mongodb://localhost/wiki", connect=False)
        assert datastore.conn is client.return_value
    client.assert_called_once_with("mongodb://localhost/wiki", connect=False)


def test_patching_the_embedded_engine() -> None:
    with mock.patch("ming.datastore.mim.Connection") as connection:
        assert create_datastore("mim:///wiki").conn is connection.get.return_value
