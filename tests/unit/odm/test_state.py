"""States: what a session knows of an object, and what changed in it."""

from __future__ import annotations

from typing import Any

import pytest

from ming import schema as S
from ming.odm import FieldProperty, MappedClass, ODMSession, mapper, state
from ming.odm import session as session_of
from ming.odm.base import ObjectState


@pytest.fixture
def page(session: ODMSession) -> Any:
    owner = session

    class Page(MappedClass):
        class __mongometa__:
            name = "page"
            session = owner

        _id = FieldProperty(S.ObjectId)
        title = FieldProperty(str)
        tags = FieldProperty([str])

    return Page


@pytest.fixture
def stored(page: Any, session: ODMSession) -> Any:
    """A page that is clean."""
    made = page(title="a", tags=["x"])
    session.flush()
    return made


def test_statuses() -> None:
    own = ObjectState({}, None)
    assert (own.new, own.clean, own.dirty, own.deleted) == ("new", "clean", "dirty", "deleted")
    assert (own.status, own.document, own.session) == ("new", {}, None)
    assert repr(own) == "<ObjectState status=new>"
    own.anything = 5  # type: ignore[attr-defined]


def test_what_hangs_on_an_object(stored: Any, page: Any, session: ODMSession) -> None:
    own = stored.__ming__.state
    assert own is state(stored)
    assert (stored.__ming__.mapper, stored.__ming__.instance) == (mapper(page), stored)
    assert (own.session, session_of(stored), session_of(page)) == (session, session, session)
    assert (own.options.instrument, own.options.refresh) == (True, False)
    with pytest.raises(AttributeError):
        state(object())
    with pytest.raises(AttributeError):
        session_of(object())


def test_options_of_loaded_objects(page: Any, stored: Any, session: ODMSession) -> None:
    session.clear()
    found = page.query.find({}, projection=["title"]).one()
    assert state(found).options.decorate is None
    assert set(state(found).options.fields) == {"_id", "title"}


def test_transitions(stored: Any, page: Any, session: ODMSession) -> None:
    own = state(stored)
    assert own.status == "clean"
    stored.title = "b"
    assert own.status == "dirty"
    session.flush()
    assert own.status == "clean"
    stored.delete()
    stored.title = "c"
    assert own.status == "deleted"
    session.flush()
    assert (own.status, session_of(stored), list(session.uow)) == ("deleted", session, [])


def test_only_clean_objects_are_soiled(stored: Any, page: Any) -> None:
    fresh = page(title="b")
    state(fresh).soil()
    assert state(fresh).status == "new"
    state(stored).soil()
    assert state(stored).status == "dirty"
    stored.delete()
    state(stored).soil()
    assert state(stored).status == "deleted"


def test_the_document_stays_the_same_object(stored: Any, session: ODMSession) -> None:
    own = state(stored)
    document, tags = own.document, own.document["tags"]
    stored.title = "b"
    stored.tags.append("y")
    session.flush()
    assert own.document is document
    assert own.document["tags"] is tags == ["x", "y"]
    assert own.document.title == "b"
    assert isinstance(document, dict)


def test_trackers_soil(stored: Any) -> None:
    own = state(stored)
    for name, args in [
        ("added_item", [1]),
        ("added_items", [[1]]),
        ("removed_item", [1]),
        ("removed_items", [[1]]),
        ("cleared", []),
    ]:
        own.status = "clean"
        getattr(own.tracker, name)(*args)
        assert own.status == "dirty"


def test_changes(stored: Any) -> None:
    own = state(stored)
    assert own.changes() == {}
    stored.title = "b"
    del stored.tags
    assert own.changes() == {"title": "b", "tags": S.Missing}
    assert own.original_document == {"_id": stored._id, "title": "a", "tags": ["x"]}


def test_containers_that_did_not_change_are_left_out(stored: Any) -> None:
    stored.tags.append("y")
    assert state(stored).appended("tags") == ["y"]
    stored.tags.pop()
    assert state(stored).changes() == {}
    stored.tags[0] = "x"
    assert state(stored).changes() == {}
    stored.tags.insert(0, "first")
    assert state(stored).changes() == {"tags": ["first", "x"]}
    assert state(stored).appended("tags") is None


def test_original_documents(page: Any, session: ODMSession) -> None:
    made = page(title="a")
    assert state(made).original_document == {}
    session.flush()
    assert state(made).original_document == {"_id": made._id, "title": "a", "tags": []}
    made.tags.append("x")
    assert state(made).original_document["tags"] == []
    session.flush()
    assert state(made).original_document["tags"] == ["x"]


def test_raw_access_changes_no_status(stored: Any) -> None:
    own = state(stored)
    tracked = own.instrumented("tags")
    own.set("tags", ["new"])
    assert own.instrumented("tags") is not tracked
    assert stored.tags == ["new"]
    own.update({"title": "b"}, tags=["newer"])
    assert (stored.title, stored.tags) == ("b", ["newer"])
    own.delete("title")
    assert "title" not in own.document
    with pytest.raises(KeyError):
        own.delete("title")
    with pytest.raises(KeyError):
        own.instrumented("title")
    assert own.status == "clean"


def test_clone_and_validate(stored: Any) -> None:
    own = state(stored)
    clone = own.clone()
    assert clone == own.document
    assert clone is not own.document
    assert clone["tags"] is not own.document["tags"]
    own.set("tags", None)
    own.validate(mapper(stored).collection.m.schema)
    assert own.status == "clean"
    own.set("title", 5)
    with pytest.raises(S.Invalid):
        own.validate(mapper(stored).collection.m.schema)
