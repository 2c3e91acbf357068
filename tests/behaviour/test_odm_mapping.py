"""Mapped classes over both faces and stores: families, versions, ids, annotations, encryption."""

from __future__ import annotations

import copy
import json
from typing import Any

import bson
import pytest
from harness.odm import OdmFace

from ming import Field, create_datastore, field
from ming import collection as document_class
from ming import schema as S
from ming.encryption import EncryptedListWrapper, EncryptionConfig, make_encryption_key
from ming.exc import MongoGone
from ming.odm import (
    DecryptedListProperty,
    DecryptedProperty,
    FieldProperty,
    ForeignIdProperty,
    MappedClass,
    Mapper,
    ODMSession,
    RelationProperty,
    TypedMappedClass,
    mapper,
    state,
)


def meta(odm: OdmFace, name: str | None = None, **options: Any) -> Any:
    """The ``__mongometa__`` of a class in the face's session."""
    named = {} if name is None else {"name": name, "session": odm.declared}
    return type("__mongometa__", (), {**named, **options})


# --- families


class Family:
    """Three classes in one collection."""

    def __init__(self, odm: OdmFace) -> None:
        class Base(MappedClass):
            __mongometa__ = meta(odm, "family", polymorphic_on="kind", polymorphic_identity="base")

            _id = FieldProperty(int)
            kind = FieldProperty(str, if_missing="base")
            title = FieldProperty(str)

        class Sub(Base):
            __mongometa__ = meta(odm, polymorphic_identity="sub")

            kind = FieldProperty(str, if_missing="sub")
            more = FieldProperty(int)

        class Plain(Base):
            pass

        self.base, self.sub, self.plain = Base, Sub, Plain


async def test_each_document_is_of_its_own_class(odm: OdmFace) -> None:
    family = Family(odm)
    family.base(_id=1)
    family.sub(_id=2, more=5)
    await odm.session.flush()
    assert (await odm.raw.family.find_one({"_id": 2}))["kind"] == "sub"
    await odm.raw.family.insert_one({"_id": 3})
    odm.declared.clear()
    for cls in (family.base, family.sub):
        # A subclass adds no filter; a document that does not say what it is, is what was asked for.
        assert [type(each) async for each in odm.session.find(cls).sort("_id")] == [
            family.base,
            family.sub,
            cls,
        ]
        odm.declared.clear()
    await odm.raw.family.insert_one({"_id": 4, "kind": "unknown"})
    with pytest.raises(S.Invalid, match="unknown"):
        await odm.session.find(family.base, {"_id": 4}).first()


async def test_a_family_shares_its_identities(odm: OdmFace) -> None:
    family = Family(odm)
    await odm.raw.family.insert_one({"_id": 1, "kind": "sub", "title": "a", "more": 1})
    by_base = await odm.session.find(family.base).first()
    by_sub = await odm.session.find(family.sub).first()
    assert by_base is by_sub is await odm.session.get(family.base, 1)
    assert type(by_base) is family.sub
    by_base.title = "b"
    by_sub.more = 2
    await odm.session.flush()
    assert await odm.raw.family.find_one() == {"_id": 1, "kind": "sub", "title": "b", "more": 2}
    assert len(list(odm.declared.uow)) == len(odm.declared.imap) == 1


async def test_a_subclass_without_identity_takes_none_over(odm: OdmFace) -> None:
    family = Family(odm)
    await odm.raw.family.insert_one({"_id": 1, "kind": "base"})
    assert type(await odm.session.find(family.base).first()) is family.base
    odm.declared.clear()
    assert type(await odm.session.find(family.plain).first()) is family.plain


async def test_an_identity_may_be_none(odm: OdmFace) -> None:
    class Base(MappedClass):
        __mongometa__ = meta(odm, "family", polymorphic_on="kind", polymorphic_identity=None)

        _id = FieldProperty(int)
        kind = FieldProperty(str, if_missing=None)

    class Sub(Base):
        __mongometa__ = meta(odm, polymorphic_identity="sub")

        kind = FieldProperty(str, if_missing="sub")

    Base(_id=1)
    Sub(_id=2)
    await odm.session.flush()
    odm.declared.clear()
    found = [type(each) async for each in odm.session.find(Base).sort("_id")]
    assert found == [Base, Sub]


# --- versions and validation


async def test_a_document_of_an_older_version(odm: OdmFace) -> None:
    old = document_class("page", None, Field("_id", int), Field("version", S.Value(1)), Field("name", str))

    class Page(MappedClass):
        class __mongometa__:
            name = "page"
            session = odm.declared
            version_of = old

            def migrate(document: Any) -> dict[str, Any]:
                return {"_id": document._id, "version": 2, "title": document.name}

        _id = FieldProperty(int)
        version = FieldProperty(S.Value(2), required=True)
        title = FieldProperty(str)

    before = {"_id": 1, "version": 1, "name": "a"}
    await odm.raw.page.insert_one(dict(before))
    found = await odm.session.get(Page, 1)
    assert (found.title, state(found).status) == ("a", "clean")
    await odm.session.flush()
    assert await odm.raw.page.find_one() == before
    found.title = "b"
    await odm.session.flush()
    assert await odm.raw.page.find_one() == {"_id": 1, "version": 2, "title": "b"}
    await odm.raw.page.insert_one({"_id": 2, "version": 3})
    with pytest.raises(S.Invalid):
        await odm.session.get(Page, 2)


async def test_a_chain_of_mapped_classes(odm: OdmFace) -> None:
    class One(MappedClass):
        __mongometa__ = meta(odm, "page")

        _id = FieldProperty(int)
        version = FieldProperty(S.Value(1), required=True)

    class Two(MappedClass):
        __mongometa__ = meta(odm, "page", version_of=One, migrate=lambda old: {"_id": old._id, "version": 2})

        _id = FieldProperty(int)
        version = FieldProperty(S.Value(2), required=True)

    class Three(MappedClass):
        __mongometa__ = meta(
            odm, "page", version_of=Two, migrate=staticmethod(lambda old: {"_id": old._id, "version": 3})
        )

        _id = FieldProperty(int)
        version = FieldProperty(S.Value(3), required=True)

    await odm.raw.page.insert_one({"_id": 1, "version": 1})
    assert (await odm.session.get(Three, 1)).version == 3


async def test_what_is_below_is_not_validated_at_flush(odm: OdmFace) -> None:
    class Page(MappedClass):
        __mongometa__ = meta(odm, "page")

        _id = FieldProperty(int)
        data = FieldProperty({"n": int})

    made = Page(_id=1, data={"n": 1})
    made.data.n = "text"
    await odm.session.flush()
    odm.declared.clear()
    with pytest.raises(S.Invalid, match="text"):
        await odm.session.get(Page, 1)


# --- ids


async def test_a_class_without_id(odm: OdmFace) -> None:
    class Page(MappedClass):
        __mongometa__ = meta(odm, "page")

        title = FieldProperty(str)

    made = Page(title="a")
    await odm.session.flush()
    made.title = "b"
    await odm.session.flush()
    assert await odm.raw.page.count_documents({"title": "b"}) == await odm.raw.page.count_documents({}) == 1
    assert repr(made) == "<Page title='b'>"
    assert await odm.session.find(Page).first() is made
    odm.declared.clear()
    found = await odm.session.find(Page).first()
    found.title = "c"
    await odm.session.flush()
    assert await odm.raw.page.count_documents({"title": "c"}) == await odm.raw.page.count_documents({}) == 1
    await odm.session.update(Page, {"_id": state(found).document_id}, {"$set": {"title": "d"}})
    found.delete()
    await odm.session.flush()
    assert await odm.raw.page.count_documents({}) == 0


async def test_an_id_may_be_a_dict(odm: OdmFace) -> None:
    class Page(MappedClass):
        __mongometa__ = meta(odm, "page")

        _id = FieldProperty({"a": int, "b": int})
        title = FieldProperty(str)

    made = Page(_id={"a": 1, "b": 2}, title="a")
    await odm.session.flush()
    assert await odm.session.get(Page, {"a": 1, "b": 2}) is made
    odm.declared.clear()
    found = await odm.session.find(Page).first()
    assert await odm.session.get(Page, {"a": 1, "b": 2}) is found
    found.title = "b"
    await odm.session.flush()
    assert [each async for each in odm.raw.page.find()] == [{"_id": {"a": 1, "b": 2}, "title": "b"}]


# --- the map of a class


async def test_indexes_are_created_with_the_class(odm: OdmFace) -> None:
    class Page(MappedClass):
        __mongometa__ = meta(odm, "page", unique_indexes=[("a", "b")])

        a = FieldProperty(str, index=True)
        b = FieldProperty(str)

    if odm.kind == "async":
        # Nobody awaits a class statement.
        await odm.session.ensure_indexes(Page)
    indexes = await odm.raw.page.index_information()
    declared = [tuple(key for key, _ in index["key"]) for index in indexes.values()]
    assert {("a",), ("a", "b")} <= set(declared)


async def test_a_plain_class(odm: OdmFace) -> None:
    class Parent:
        pass

    class Child:
        pass

    fields = Field("_id", S.ObjectId), Field("name", str)
    odm.declared.mapper(Parent, document_class("parent", None, *fields))
    odm.declared.mapper(
        Child,
        document_class("child", None, Field("_id", S.ObjectId), Field("parent_id", S.ObjectId)),
        properties={"parent_id": ForeignIdProperty(Parent), "parent": RelationProperty(Parent)},
    )
    Mapper.compile_all()
    parent: Any = Parent(name="a")  # type: ignore[call-arg]
    child: Any = Child(parent=parent)  # type: ignore[call-arg]
    await odm.session.flush()
    assert await odm.raw.child.find_one() == {"_id": child._id, "parent_id": parent._id}
    odm.declared.clear()
    found: Any = await odm.session.find(Child).options(load=["parent"]).first()
    assert found.parent.name == "a"


async def test_values_are_ready_for_encoders(odm: OdmFace) -> None:
    class Page(MappedClass):
        __mongometa__ = meta(odm, "page")

        _id = FieldProperty(int)
        data = FieldProperty(S.Anything)

    Page(_id=1, data={"list": [{"a": 1}]})
    await odm.session.flush()
    odm.declared.clear()
    found = await odm.session.get(Page, 1)
    assert json.dumps(found.data) == '{"list": [{"a": 1}]}'
    assert bson.decode(bson.encode(found.data)) == copy.deepcopy(found.data) == {"list": [{"a": 1}]}
    assert await odm.session.find(Page, {"data": found.data}).first() is found
    assert state(found).status == "clean"


# --- annotations first


class TypedAuthor(TypedMappedClass):
    """Annotations are looked up in the module."""

    class __mongometa__:
        name = "author"

    _id: bson.ObjectId = field(default_factory=bson.ObjectId)
    name: str = field(required=True)
    letters = RelationProperty("TypedLetter")


class TypedLetter(TypedMappedClass):
    """It refers to the other class."""

    class __mongometa__:
        name = "letter"
        indexes = ("text",)

    _id: bson.ObjectId = field(default_factory=bson.ObjectId)
    text: str = field(name="body", index=True)
    tags: list[str] = field(default_factory=list)
    copies: int = 1
    remark: str | None = None
    author_id: Any = ForeignIdProperty("TypedAuthor")
    author: Any = RelationProperty(TypedAuthor)


@pytest.fixture
def typed(odm: OdmFace) -> Any:
    """The typed classes in the face's session."""
    for cls in (TypedAuthor, TypedLetter):
        mapper(cls).session = odm.declared
    yield
    for cls in (TypedAuthor, TypedLetter):
        mapper(cls).session = None


@pytest.mark.usefixtures("typed")
async def test_annotations_are_properties(odm: OdmFace) -> None:
    author = TypedAuthor(name="a")
    letter = TypedLetter(text="Dear", author_id=author._id, tags=["x"])
    await odm.session.flush()
    assert await odm.raw.letter.find_one() == {
        "_id": letter._id,
        "author_id": author._id,
        "body": "Dear",
        "copies": 1,
        "remark": None,
        "tags": ["x"],
    }
    odm.declared.clear()
    found = await odm.session.find(TypedLetter, {"body": "Dear"}).options(load=["author.letters"]).first()
    assert found.author.name == "a"
    assert list(found.author.letters) == [found]
    found.tags.append("y")
    found.text = "Yours"
    await odm.session.flush()
    stored = await odm.raw.letter.find_one()
    assert (stored["body"], stored["tags"]) == ("Yours", ["x", "y"])


@pytest.mark.usefixtures("typed")
async def test_what_annotations_refuse(odm: OdmFace) -> None:
    with pytest.raises(TypeError, match=r"TypedLetter\(\) got an unexpected keyword argument 'txt'"):
        TypedLetter(txt="a")  # type: ignore[call-arg]
    with pytest.raises(S.Invalid, match="not a"):
        TypedLetter(text=5)  # type: ignore[arg-type]
    with pytest.raises(S.Invalid, match="body"):
        TypedLetter()  # type: ignore[call-arg]
    with pytest.raises(S.Invalid):
        TypedAuthor(name=None)  # type: ignore[arg-type]
    assert list(odm.declared.uow) == []
    assert TypedLetter.text.field.type is str  # type: ignore[attr-defined]
    assert [index.index_spec for index in mapper(TypedLetter).collection.m.indexes] == [
        [("body", 1)],
        [("text", 1)],
    ]


# --- encryption


@pytest.fixture
def person(odm: OdmFace) -> Any:
    store = odm.face.store
    settings = {
        "kms_providers": {"local": {"key": make_encryption_key(seed=1)}},
        "key_vault_namespace": f"{store.database}.vault",
        "provider_options": {"local": {"key_alt_names": ["main"]}},
    }
    datastore = create_datastore(store.uri(), encryption=EncryptionConfig(settings))

    class Person(MappedClass):
        class __mongometa__:
            name = "person"
            session = ODMSession(bind=datastore)

        _id = FieldProperty(int)
        name = FieldProperty(str)
        old = FieldProperty(S.Deprecated)
        ssn = DecryptedProperty(str, "ssn_encrypted")
        ssn_encrypted = FieldProperty(S.Binary)
        nicks_encrypted = FieldProperty([S.Binary])
        nicks = DecryptedListProperty[str]("nicks_encrypted")
        friend_id = ForeignIdProperty("Person")
        friend = RelationProperty("Person")

    yield Person
    datastore.conn.close()


async def stored_person(odm: OdmFace) -> Any:
    return await odm.raw.person.find_one()


async def test_encrypted_fields_read_and_write_plain_text(odm: OdmFace, person: Any) -> None:
    session = person.query.session
    made = person(_id=1, name="a", ssn="123", nicks=["x", "y"])
    assert (made.ssn, list(made.nicks)) == ("123", ["x", "y"])
    session.flush()
    stored = await stored_person(odm)
    assert stored["ssn_encrypted"].subtype == 6
    assert set(stored) == {"_id", "name", "ssn_encrypted", "nicks_encrypted", "friend_id"}
    session.clear()
    found = person.query.get(1)
    assert (found.ssn, list(found.nicks)) == ("123", ["x", "y"])
    found.ssn = "123"
    assert state(found).status == "clean"
    found.ssn = "456"
    assert state(found).status == "dirty"
    session.flush()
    assert person.decr((await stored_person(odm))["ssn_encrypted"]) == "456"
    assert person.query.get(ssn_encrypted=person.encr("456")) is found
    found.ssn = None
    assert (found.ssn, found.ssn_encrypted) == (None, None)
    with pytest.raises(TypeError, match="not <class 'str'>, got 5"):
        found.ssn = 5
    assert isinstance(person.ssn, DecryptedProperty)
    assert "ssn" in found
    assert "456" not in repr(found)


async def test_encrypted_lists_send_what_changed_alone(odm: OdmFace, person: Any) -> None:
    session = person.query.session
    made = person(_id=1, name="a", nicks=["x"])
    session.flush()
    raw, tracked = state(made).document["nicks_encrypted"], made.nicks_encrypted
    assert isinstance(made.nicks, EncryptedListWrapper)
    assert made.nicks._doc is raw
    assert len(tracked) == 1
    await odm.raw.person.update_one({}, {"$set": {"name": "outside"}})
    made.nicks.append("y")
    made.nicks += ["z"]
    assert state(made).status == "dirty"
    assert len(made.nicks_encrypted) == 3
    assert state(made).document["nicks_encrypted"] is raw
    session.flush()
    stored = await stored_person(odm)
    assert [person.decr(each) for each in stored["nicks_encrypted"]] == ["x", "y", "z"]
    assert stored["name"] == "outside"
    made.nicks[0] = "first"
    del made.nicks[1]
    made.nicks.sort(reverse=True)
    session.flush()
    stored = await stored_person(odm)
    assert [person.decr(each) for each in stored["nicks_encrypted"]] == ["z", "first"]
    del made.nicks
    session.flush()
    assert "nicks_encrypted" not in await stored_person(odm)
    assert list(made.nicks) == []
    made.nicks = None
    made.nicks = ["a", None]
    session.flush()
    assert [person.decr(each) for each in (await stored_person(odm))["nicks_encrypted"]] == ["a", None]


async def test_names_and_dicts_of_encrypted_fields(person: Any) -> None:
    assert person.encrypted_field_names() == ["ssn_encrypted", "nicks_encrypted"]
    assert person.decrypted_field_names() == ["ssn", "nicks"]
    assert person._field_names == ["_id", "name", "ssn_encrypted", "nicks_encrypted", "friend_id"]
    assert person._datastore is person.query.session.bind
    values = {"_id": 1, "name": "a", "ssn": "123", "nicks": ["x"]}
    encrypted = person.encrypt_some_fields(values)
    assert set(encrypted) == {"_id", "name", "ssn_encrypted", "nicks_encrypted"}
    made = person(**encrypted)
    assert made.decrypt_some_fields() == {**values, "friend_id": None}


async def test_without_a_datastore_nothing_is_encrypted() -> None:
    class Person(MappedClass):
        ssn_encrypted = FieldProperty(S.Binary)
        ssn = DecryptedProperty(str, "ssn_encrypted")

    with pytest.raises(MongoGone, match="Person"):
        Person(ssn="123")
    assert Person(ssn=None).ssn is None
