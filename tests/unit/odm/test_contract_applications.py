"""What applications are known to do with the inner side of the ODM, none of which may stop working."""

from __future__ import annotations

import gc
import subprocess
import sys
from collections import Counter, OrderedDict, defaultdict
from collections.abc import Callable
from typing import Any
from unittest.mock import MagicMock, patch
from weakref import ref

import pytest
from bson import SON

from ming import Field, collection
from ming import schema as S
from ming.exc import MongoGone
from ming.odm import (
    ContextualODMSession,
    FieldProperty,
    ForeignIdProperty,
    MappedClass,
    ODMSession,
    RelationProperty,
    SessionExtension,
    ThreadLocalODMSession,
    mapper,
    state,
)
from ming.odm import session as session_of
from ming.odm.middleware import MingMiddleware
from ming.odm.odmsession import ODMCursor


@pytest.fixture
def page(session: ODMSession) -> Any:
    owner = session

    class Page(MappedClass):
        class __mongometa__:
            name = "page"
            session = owner
            abstract = False

        _id = FieldProperty(int)
        title = FieldProperty(str, required=True)
        state = FieldProperty(S.OneOf("draft", "public", if_missing="draft"))
        parent_id = ForeignIdProperty("Page")
        parent = RelationProperty("Page", via=("parent_id", True))

    return Page


# --- looking into classes


def test_forms_are_made_from_properties(page: Any) -> None:
    """As generators of forms and JSON do."""
    made = page(_id=1, title="a")
    fields = {
        prop.name: prop.field.schema for prop in mapper(made).properties if isinstance(prop, FieldProperty)
    }
    assert list(fields) == ["_id", "title", "state", "parent_id"]
    assert (fields["title"].required, fields["_id"].required) == (True, False)
    assert fields["state"].options == ("draft", "public")
    assert (fields["state"].if_missing, fields["parent_id"].if_missing) == ("draft", None)
    relation = mapper(page).property_index["parent"]
    assert isinstance(relation, RelationProperty)
    assert (relation.join.rel_cls, relation.join.prop.field.type) == (page, int)
    assert [each.mapped_class for each in MappedClass._registry.values() if each.mapped_class is page]
    assert page.__mongometa__.abstract is False


# --- looking into sessions


def test_an_object_taken_out_of_the_identity_map_is_found_anew(page: Any, session: ODMSession) -> None:
    made = page(_id=1, title="a")
    session.flush()
    session_of(made).imap.expunge(made)
    assert made in session.uow
    again = page.query.get(1)
    assert again is not made
    session.imap.expunge(made)
    assert page.query.get(1) is again


FORWARDED: dict[str, Callable[[Any, Any], Any]] = {
    "find": lambda cls, obj: cls.query.find({}),
    "find_one_and_update": lambda cls, obj: cls.query.find_one_and_update({}, {"$set": {"title": "b"}}),
    "find_one_and_replace": lambda cls, obj: cls.query.find_one_and_replace({}, {"title": "b"}),
    "find_one_and_delete": lambda cls, obj: cls.query.find_one_and_delete({}),
    "remove": lambda cls, obj: cls.query.remove({}),
    "update": lambda cls, obj: obj.query.update({"$set": {"title": "b"}}),
    "update_if_not_modified": lambda cls, obj: obj.query.update_if_not_modified({"$set": {"title": "b"}}),
    "aggregate": lambda cls, obj: cls.query.aggregate([]),
    "distinct": lambda cls, obj: cls.query.distinct("title"),
}


@pytest.mark.parametrize("name", FORWARDED)
def test_timers_may_patch_the_sessions_methods(page: Any, session: ODMSession, name: str) -> None:
    made = page(_id=1, title="a")
    session.flush()
    original, calls = getattr(ODMSession, name), []

    def timed(self: Any, *args: Any, **kwargs: Any) -> Any:
        calls.append(self)
        return original(self, *args, **kwargs)

    with patch.object(ODMSession, name, timed):
        FORWARDED[name](page, made)
    assert calls == [session]


@pytest.mark.parametrize("name", ["update_now", "delete_now"])
def test_timers_may_patch_what_stores_single_objects(page: Any, session: ODMSession, name: str) -> None:
    original, calls = getattr(ODMSession, name), []

    def timed(self: Any, obj: Any, st: Any) -> None:
        calls.append((obj, st))
        original(self, obj, st)

    with patch.object(ODMSession, name, timed):
        several = [page(_id=number, title="a") for number in range(3)]
        session.flush()
        for each in several:
            each.title = "b"
        session.flush()
        for each in several:
            each.delete()
        session.flush()
    assert calls == [(each, state(each)) for each in several]


@pytest.mark.parametrize("name", ["aggregate", "distinct"])
def test_the_drivers_method_of_the_same_name_is_reached(page: Any, name: str) -> None:
    datastore = MagicMock()
    beside = ODMSession(bind=datastore)
    getattr(beside, name)(page, "anything", "else")
    getattr(datastore.db["page"], name).assert_called_once_with("anything", "else")
    with patch(f"ming.session.Session.{name}") as patched:
        getattr(beside, name)(page, "anything")
    patched.assert_called_once_with(mapper(page).collection, "anything")


def test_distinct_values_of_a_cursor_are_the_drivers(page: Any) -> None:
    datastore = MagicMock()
    cursor = ODMSession(bind=datastore).find(page)
    assert isinstance(cursor, ODMCursor)
    assert cursor.distinct("title") is datastore.db["page"].find.return_value.distinct.return_value


def test_a_flush_without_a_datastore_fails_after_the_hooks(page: Any) -> None:
    heard = []

    class Hearing(SessionExtension):
        def before_flush(self, obj: Any = None) -> None:
            heard.append(obj)

    with pytest.raises(MongoGone):
        ODMSession(extensions=(Hearing,)).flush()
    assert heard == [None]


# --- printing


def test_printing_never_fails(page: Any, session: ODMSession) -> None:
    class Unprintable(MappedClass):
        _id = FieldProperty({"a": int})

        def __repr__(self) -> str:
            raise RuntimeError("not now")

    session.db.page.insert_one({"_id": 1, "title": "a"})
    raw = page.query.find().options(instrument=False).one()
    state(raw).delete("title")
    assert repr(raw) == "<Page _id=1 title=<Missing> state='draft' parent_id=None>"
    session.save(Unprintable(_id={"a": 1}))
    assert repr(session).count("<Unprintable: no repr: RuntimeError('not now')>") == 2


# --- values


@pytest.mark.parametrize("kind", [OrderedDict, SON, Counter, lambda values: defaultdict(list, values)])
def test_dicts_of_other_classes_are_stored_as_they_become(session: ODMSession, kind: Any) -> None:
    """Such classes keep their keys in places of their own, past which tracked containers would write."""
    owner = session

    class Page(MappedClass):
        class __mongometa__:
            name = "page"
            session = owner

        _id = FieldProperty(int)
        anything = FieldProperty(S.Anything)
        many = FieldProperty([None])

    made: Any = Page(_id=1, anything=kind({"z": 1, "a": 2}), many=[kind({"m": 1})])
    session.flush()
    made.anything["inner"] = kind({"x": 1})
    made.many.append(kind({"n": 1}))
    made.many[0]["o"] = 2
    del made.anything["z"]
    session.flush()
    made.anything.inner["y"] = 3
    made.many[1].pop("n")
    session.flush()
    expected = {"_id": 1, "anything": {"a": 2, "inner": {"x": 1, "y": 3}}, "many": [{"m": 1, "o": 2}, {}]}
    assert session.db.page.find_one() == state(made).document == expected
    assert repr(made.anything) == "I{'a': 2, 'inner': {'x': 1, 'y': 3}}"


# --- mappers


def test_a_mappers_options_are_those_of_new_objects_alone(session: ODMSession) -> None:
    class Plain:
        pass

    document = collection("plain", session.impl, Field("_id", int), Field("tags", [str]))
    session.mapper(Plain, document, options={"instrument": False})
    made: Any = Plain(_id=1, tags=["a"])  # type: ignore[call-arg]
    assert type(made.tags) is list
    session.flush()
    session.clear()
    found: Any = session.get(Plain, 1)
    found.tags.append("b")
    session.flush()
    assert session.db.plain.find_one() == {"_id": 1, "tags": ["a", "b"]}


def test_local_classes_may_be_named_alike(session: ODMSession) -> None:
    def mapped(name: str) -> Any:
        class Plain:
            pass

        session.mapper(Plain, collection(name, session.impl, Field("_id", int)))
        return Plain

    one, other = mapped("one"), mapped("other")
    one(_id=1)
    other(_id=2)
    session.flush()
    assert [session.db[name].distinct("_id") for name in ("one", "other")] == [[1], [2]]
    assert (one.query.get(1)._id, other.query.get(1)) == (1, None)


def test_what_is_created_is_of_the_class_that_the_data_say(session: ODMSession) -> None:
    class Base(MappedClass):
        class __mongometa__:
            polymorphic_on = "kind"
            polymorphic_identity = "base"

        kind = FieldProperty(str, if_missing="base")

    class Sub(Base):
        class __mongometa__:
            polymorphic_identity = "sub"

        kind = FieldProperty(str, if_missing="sub")

    made = mapper(Base).create({"kind": "sub"}, {})
    assert (type(made), state(made).status, session_of(made)) == (Sub, "new", None)


def test_a_proxy_maps_classes_to_itself(session: ODMSession) -> None:
    class Plain:
        pass

    proxy = ThreadLocalODMSession(bind=session.bind)
    made = proxy.mapper(Plain, collection("plain", session.impl, Field("_id", int)))
    assert made.session is session_of(Plain) is proxy
    proxy.close()


def test_hooks_and_versions_are_inherited(session: ODMSession) -> None:
    owner = session

    class Page(MappedClass):
        class __mongometa__:
            name = "page"
            session = owner
            version_of = collection("page", None, Field("_id", int), Field("version", S.Value(1)))

            @staticmethod
            def migrate(old: Any) -> dict[str, Any]:
                return {"_id": old._id, "version": 2}

            @staticmethod
            def before_save(document: Any) -> None:
                document.saved = "yes"

        _id = FieldProperty(int)
        version = FieldProperty(S.Value(2, required=True))
        saved = FieldProperty(str)

    class Sub(Page):
        title = FieldProperty(str)

    session.db.page.insert_one({"_id": 1, "version": 1})
    found: Any = Sub.query.get(1)
    assert found.version == 2
    found.title = "a"
    session.flush()
    assert session.db.page.find_one() == {"_id": 1, "version": 2, "title": "a", "saved": "yes"}


# --- lives of objects


def test_objects_go_with_their_last_user(page: Any, session: ODMSession) -> None:
    """A state that held its object would keep it until the next run of the garbage collector."""
    made = page(_id=1, title="a")
    session.flush()
    reference = ref(made)
    gc.disable()
    try:
        del made
        assert reference() is not None
        session.clear()
        assert reference() is None
    finally:
        gc.enable()


# --- middleware


def test_by_default_the_context_is_none(session: ODMSession) -> None:
    contextual = ContextualODMSession(lambda: None, bind=session.bind)

    class Page(MappedClass):
        class __mongometa__:
            name = "page"
            session = contextual

        _id = FieldProperty(int)

    def app(environ: Any, start_response: Any) -> list[bytes]:
        Page(_id=1)
        return [b""]

    assert MingMiddleware(app)({}, None) == [b""]
    assert session.db.page.count_documents({}) == 1
    assert contextual._registry == {}


def test_redirections_of_webob_are_answers() -> None:
    program = """
import sys, types
sys.modules["webob"] = types.ModuleType("webob")
sys.modules["webob.exc"] = found = types.ModuleType("webob.exc")
found.HTTPRedirection = type("HTTPRedirection", (Exception,), {})
from ming.odm.middleware import DEFAULT_FLUSH_ERRORS
assert DEFAULT_FLUSH_ERRORS == (found.HTTPRedirection,)
"""
    subprocess.run([sys.executable, "-c", program], check=True)
