"""What a flush of mapped objects stores, and what becomes of their states."""

from __future__ import annotations

import logging
import re
from typing import Any

import pytest
from bson.errors import InvalidDocument
from harness.odm import OdmFace
from pymongo.errors import DuplicateKeyError

from ming import Field, collection
from ming import schema as S
from ming.exc import IllegalStateChange, MongoGone, StaleObject
from ming.odm import FieldProperty, MappedClass, MapperExtension, SessionExtension, state
from ming.odm.base import ObjectState


def page_class(odm: OdmFace, **options: Any) -> Any:
    meta = {"name": "page", "session": odm.declared, **options}

    class Page(MappedClass):
        __mongometa__ = type("__mongometa__", (), meta)

        _id = FieldProperty(S.ObjectId)
        title = FieldProperty(str)
        tags = FieldProperty([str])
        info = FieldProperty(S.Object({"a": S.Int, "b": S.Int}))
        views = FieldProperty(int, if_missing=0)
        anything = FieldProperty(S.Anything)

    return Page


class EachAlone(MapperExtension):
    """Wants to be called for each object, so that nothing is stored in bulk."""

    def after_update(self, obj: Any, state: Any, session: Any) -> None:
        """Need not do anything."""


@pytest.fixture
def page(odm: OdmFace) -> Any:
    return page_class(odm)


@pytest.fixture(params=["bulk", "singly"])
def pages(request: pytest.FixtureRequest, odm: OdmFace) -> Any:
    """A class whose objects are stored in bulk, and one whose objects are stored one by one."""
    return page_class(odm, extensions=[EachAlone] if request.param == "singly" else [])


def statuses(objects: Any) -> list[str]:
    return [state(each).status for each in objects]


async def stored(odm: OdmFace, **query: Any) -> list[Any]:
    return [raw async for raw in odm.raw.page.find(query).sort("_id")]


# -- what is sent


async def test_changed_fields_alone_are_stored(odm: OdmFace, pages: Any) -> None:
    one, two = pages(title="one", tags=["a"]), pages(title="two")
    await odm.session.flush()
    await odm.raw.page.update_many({}, {"$set": {"views": 7, "unknown": 1}, "$push": {"tags": "other"}})
    one.title = "first"
    one.tags.append("b")
    two.tags.append("c")
    await odm.session.flush()
    first, second = await stored(odm)
    assert (first["title"], first["views"], first["tags"], first["unknown"]) == (
        "first",
        7,
        ["a", "other", "b"],
        1,
    )
    assert (second["title"], second["views"], second["tags"]) == ("two", 7, ["other", "c"])


async def test_a_field_set_back_is_stored(odm: OdmFace, pages: Any) -> None:
    """Meanwhile somebody else may have set it to something else."""
    one, _ = pages(title="one"), pages(title="two")
    await odm.session.flush()
    await odm.raw.page.update_many({}, {"$set": {"title": "theirs"}})
    one.title = "other"
    one.title = "one"
    await odm.session.flush()
    assert [raw["title"] for raw in await stored(odm)] == ["one", "theirs"]


async def test_nothing_is_sent_for_a_container_changed_back(odm: OdmFace, pages: Any) -> None:
    one, two = pages(tags=["a"]), pages(tags=["b"])
    await odm.session.flush()
    await odm.raw.page.update_many({}, {"$set": {"tags": ["theirs"]}})
    for each in (one, two):
        each.tags.append("x")
        each.tags.pop()
    await odm.session.flush()
    assert statuses([one, two]) == ["clean", "clean"]
    assert [raw["tags"] for raw in await stored(odm)] == [["theirs"], ["theirs"]]


async def test_a_deleted_field_is_unset(odm: OdmFace, pages: Any) -> None:
    one, two = pages(title="one", anything=1), pages(title="two", anything=2)
    await odm.session.flush()
    for each in (one, two):
        del each.anything
    await odm.session.flush()
    assert all("anything" not in raw for raw in await stored(odm))


async def test_everything_is_stored_after_soil(odm: OdmFace, pages: Any) -> None:
    one, two = pages(title="one"), pages(title="two")
    await odm.session.flush()
    for each in (one, two):
        state(each).document["title"] = "raw"
        state(each).soil()
    await odm.session.flush()
    assert [raw["title"] for raw in await stored(odm)] == ["raw", "raw"]


async def test_items_are_added_to_a_list_stored_as_null(odm: OdmFace, pages: Any) -> None:
    await odm.raw.page.insert_many([{"_id": n, "title": str(n), "tags": None} for n in range(2)])
    found = await odm.session.find(pages_with_int_ids(odm, pages)).sort("_id").all()
    for each in found:
        each.tags.append("a")
        each.title += "!"
    await odm.session.flush()
    assert [(raw["title"], raw["tags"]) for raw in await stored(odm)] == [("0!", ["a"]), ("1!", ["a"])]


def pages_with_int_ids(odm: OdmFace, pages: Any) -> Any:
    class Numbered(pages):  # type: ignore[misc]
        _id = FieldProperty(int)

    return Numbered


async def test_unknown_keys_stay(odm: OdmFace, pages: Any) -> None:
    await odm.raw.page.insert_many(
        [{"title": title, "other": 1, "info": {"a": 1, "c": 3}} for title in ("one", "two")]
    )
    for each in await odm.session.find(pages).all():
        each.title += "!"
        each.info.a = 2
    await odm.session.flush()
    for raw in await stored(odm):
        assert raw["title"].endswith("!")
        assert (raw["other"], raw["info"]["a"], raw["info"]["c"]) == (1, 2, 3)


async def test_a_hook_before_saving_has_its_say_for_the_database_alone(odm: OdmFace) -> None:
    seen = []

    def before_save(document: Any) -> None:
        seen.append(dict(document))
        document.views = len(seen)

    pages = page_class(odm, before_save=before_save)
    one, two = pages(title="one"), pages(title="two")
    await odm.session.flush()
    assert [raw["views"] for raw in await stored(odm)] == [1, 2]
    assert seen[0] == state(one).document
    assert (one.views, two.views) == (0, 0)
    one.title = two.title = "new"
    await odm.session.flush()
    assert [(raw["title"], raw["views"]) for raw in await stored(odm)] == [("new", 3), ("new", 4)]


async def test_order_is_that_of_the_first_save(odm: OdmFace, pages: Any) -> None:
    """Kinds mixed: what is deleted makes room for what comes after."""
    await odm.raw.page.create_index("title", unique=True)
    old = pages(title="same")
    await odm.session.flush()
    old.delete()
    new = pages(title="same")
    await odm.session.flush()
    assert [raw["_id"] for raw in await stored(odm)] == [new._id]


async def test_an_object_without_a_declared_id(odm: OdmFace) -> None:
    class Note(MappedClass):
        class __mongometa__:
            name = "page"
            session = odm.declared

        text = FieldProperty(str)

    note, other = Note(text="a"), Note(text="b")
    await odm.session.flush()
    note.text, other.text = "c", "d"
    await odm.session.flush()
    odm.declared.clear()
    found = await odm.session.find(Note).sort("_id").all()
    assert [each.text for each in found] == ["c", "d"]
    found[0].delete()
    await odm.session.flush()
    assert [raw["text"] for raw in await stored(odm)] == ["d"]


# -- states


async def test_states_of_a_life(odm: OdmFace, pages: Any) -> None:
    one, two = pages(title="one"), pages(title="two")
    assert statuses([one, two]) == ["new", "new"]
    await odm.session.flush()
    assert statuses([one, two]) == ["clean", "clean"]
    one.title = two.title = "new"
    assert statuses([one, two]) == ["dirty", "dirty"]
    await odm.session.flush()
    assert statuses([one, two]) == ["clean", "clean"]
    one.delete()
    two.delete()
    assert statuses([one, two]) == ["deleted", "deleted"]
    assert await odm.session.get(pages, one._id) is one
    await odm.session.flush()
    assert statuses([one, two]) == ["deleted", "deleted"]
    assert state(one).session is odm.declared
    assert list(odm.declared.uow) == []
    assert await odm.session.get(pages, one._id) is None


async def test_the_original_document_is_kept_until_the_hooks_have_run(odm: OdmFace) -> None:
    seen = []

    class Compare(SessionExtension):
        def after_flush(self, obj: Any = None) -> None:
            seen.append([state(each).original_document.get("title") for each in self.session.uow])

    beside = odm.another(extensions=[Compare])
    pages = page_class(beside)
    one, two = pages(title="one"), pages(title="two")
    await beside.session.flush()
    one.title = "first"
    await beside.session.flush()
    assert seen == [[None, None], ["one", "two"]]
    assert state(one).original_document["title"] == "first"
    await beside.session.insert_now(three := pages(title="three"), state(three))
    assert state(three).original_document["title"] == "three"
    assert state(two).original_document["title"] == "two"


async def test_an_object_may_be_flushed_by_itself(odm: OdmFace, page: Any) -> None:
    one, two = page(title="one"), page(title="two")
    await odm.session.flush(two)
    assert statuses([one, two]) == ["new", "clean"]
    two.delete()
    await odm.session.flush(obj=two)
    assert two not in odm.declared.uow
    await odm.session.flush(two)
    assert await stored(odm) == []


async def test_a_status_set_by_hand_counts(odm: OdmFace, pages: Any) -> None:
    one, two = pages(title="one"), pages(title="two")
    await odm.session.flush()
    one.title = "not stored"
    state(one).status = ObjectState.clean
    state(two).status = ObjectState.dirty
    await odm.raw.page.update_many({}, {"$set": {"title": "theirs"}})
    await odm.session.flush()
    assert [raw["title"] for raw in await stored(odm)] == ["theirs", "two"]
    state(one).status = "unheard of"
    with pytest.raises(AssertionError):
        await odm.session.flush()


async def test_a_never_stored_object_may_be_deleted(odm: OdmFace, pages: Any) -> None:
    events = []

    class Note(MapperExtension):
        def before_delete(self, obj: Any, state: Any, session: Any) -> None:
            events.append(state.status)

    noted = page_class(odm, extensions=[Note])
    for cls in (pages, noted):
        one, two = cls(title="one"), cls(title="two")
        one.delete()
        two.delete()
        await odm.session.flush()
    assert await stored(odm) == []
    assert events == ["deleted", "deleted"]


async def test_printing_says_what_a_flush_would_do(odm: OdmFace, page: Any) -> None:
    one, two, three = page(_id=None, title="one"), page(title="two"), page(title="three")
    await odm.session.flush()
    one.title = "first"
    one.tags.append("a")
    two.delete()
    state(three).status = ObjectState.clean
    page(title="four")
    lines = str(odm.declared.plan()).splitlines()
    assert lines[:2] == ["update Page _id=None: tags, title", f"delete Page _id={two._id!r}"]
    assert lines[2].startswith("insert Page _id=ObjectId(")
    assert len(odm.declared.plan()) == 3
    odm.declared.clear()
    assert str(odm.declared.plan()) == "nothing to do"


# -- bad input


async def test_a_deleted_document_is_not_brought_back(odm: OdmFace, pages: Any) -> None:
    found = [pages(title=title) for title in "abc"]
    await odm.session.flush()
    await odm.raw.page.delete_one({"title": "b"})
    for each in found:
        each.title += "!"
    with pytest.raises(StaleObject, match="Page: deleted") as caught:
        await odm.session.flush()
    assert caught.value.document_id == found[1]._id
    assert statuses(found) == ["clean", "dirty", "dirty"]
    odm.declared.expunge(found[1])
    await odm.session.flush()
    assert sorted([raw["title"] for raw in await stored(odm)]) == ["a!", "c!"]


async def test_what_was_removed_by_query_is_not_brought_back(odm: OdmFace, page: Any) -> None:
    one, two = page(title="one"), page(title="two")
    await odm.session.flush()
    await odm.session.remove(page, {"_id": one._id})
    assert await odm.session.find_one_and_delete(page, {"_id": two._id}) is two
    assert two not in odm.declared.uow
    for each in (one, two):
        each.title = "again"
        with pytest.raises(StaleObject):
            await odm.session.flush(each)
    assert await stored(odm) == []


async def test_a_duplicate_key_in_the_middle_of_many(odm: OdmFace, pages: Any) -> None:
    await odm.raw.page.create_index("title", unique=True)
    found = [pages(title=str(n)) for n in range(500)]
    found[250].title = "7"
    with pytest.raises(DuplicateKeyError) as caught:
        await odm.session.flush()
    *_, name, document = caught.value.args
    assert name == f"Page {found[250]._id!r}"
    assert document.startswith("doc:  ")
    assert caught.value.code == 11000
    assert statuses(found) == ["clean"] * 250 + ["new"] * 250
    assert await odm.raw.page.count_documents({}) == 250
    found[250].title = "mended"
    await odm.session.flush()
    assert await odm.raw.page.count_documents({}) == 500


async def test_a_duplicate_key_of_an_update(odm: OdmFace, pages: Any) -> None:
    await odm.raw.page.create_index("title", unique=True)
    found = [pages(title=title) for title in "abc"]
    await odm.session.flush()
    for each, title in zip(found, "xcz", strict=True):
        each.title = title
    with pytest.raises(DuplicateKeyError, match="Page ObjectId"):
        await odm.session.flush()
    assert statuses(found) == ["clean", "dirty", "dirty"]


async def test_an_id_may_not_change(odm: OdmFace, pages: Any) -> None:
    found = [pages(title=title) for title in "abc"]
    await odm.session.flush()
    old = found[1]._id
    found[1]._id = S.ObjectId().if_missing()
    found[0].title = found[2].title = "new"
    with pytest.raises(IllegalStateChange, match=re.escape(f"Page {old!r}: the _id was changed")):
        await odm.session.flush()
    assert statuses(found) == ["clean", "dirty", "dirty"]
    assert await odm.session.get(pages, old) is found[1]
    found[1]._id = old
    await odm.session.flush()
    assert await odm.raw.page.count_documents({}) == 3


async def test_a_new_object_may_change_its_id(odm: OdmFace, page: Any) -> None:
    one = page(title="one")
    first = one._id
    one._id = S.ObjectId().if_missing()
    await odm.session.flush()
    assert await odm.session.get(page, one._id) is one
    assert await odm.session.get(page, first) is None


async def test_a_changed_id_does_not_delete_another_document(odm: OdmFace, pages: Any) -> None:
    one, two, three = (pages(title=title) for title in "abc")
    await odm.session.flush()
    one._id = two._id
    one.delete()
    three.delete()
    await odm.session.flush()
    assert [raw["title"] for raw in await stored(odm)] == ["b"]


async def test_what_cannot_be_encoded_stops_where_it_is(odm: OdmFace, pages: Any) -> None:
    found = [pages(title=title) for title in "abc"]
    found[1].anything = object()
    with pytest.raises(InvalidDocument, match="Page ObjectId"):
        await odm.session.flush()
    assert statuses(found) == ["clean", "new", "new"]
    found[1].anything = 1
    await odm.session.flush()
    assert await odm.raw.page.count_documents({}) == 3


async def test_a_hook_that_raises_stops_where_it_is(odm: OdmFace) -> None:
    def before_save(document: Any) -> None:
        if document.title == "b":
            raise RuntimeError("no b")

    pages = page_class(odm, before_save=before_save)
    found = [pages(title=title) for title in "abc"]
    with pytest.raises(RuntimeError, match="no b") as caught:
        await odm.session.flush()
    assert f"Page {found[1]._id!r}" in caught.value.__notes__[0]
    assert statuses(found) == ["clean", "new", "new"]
    found[1].title = "d"
    await odm.session.flush()
    assert statuses(found) == ["clean"] * 3


async def test_a_key_that_cannot_be_named(odm: OdmFace) -> None:
    """The driver refuses it in no insert, but an update would mean something else by it."""

    class Odd(MappedClass):
        class __mongometa__:
            name = "page"
            session = odm.declared

        _id = FieldProperty(int)

    odd = Odd(_id=1)
    await odm.session.flush()
    state(odd).touch("a.b")
    state(odd).document["a.b"] = 1
    with pytest.raises(IllegalStateChange, match=r"Odd 1: 'a\.b'"):
        await odm.session.flush()


async def test_double_deletion(odm: OdmFace, page: Any) -> None:
    one = page(title="one")
    await odm.session.flush()
    one.delete()
    one.delete()
    await odm.session.flush()
    with pytest.raises(IllegalStateChange, match=re.escape(f"Page {one._id!r} has been deleted")):
        one.delete()
    with pytest.raises(IllegalStateChange, match="saved"):
        odm.declared.save(one)


async def test_deleting_a_vanished_document_is_fine(odm: OdmFace, pages: Any) -> None:
    one, two = pages(title="one"), pages(title="two")
    await odm.session.flush()
    await odm.raw.page.delete_many({})
    one.delete()
    two.delete()
    await odm.session.flush()
    assert list(odm.declared.uow) == []


async def test_an_unbound_session_says_so(odm: OdmFace) -> None:
    unbound = type(odm.declared)(type(odm.declared.impl)())
    with pytest.raises(MongoGone):
        await result if (result := unbound.flush()) is not None else None


async def test_the_error_shows_no_values_where_that_is_asked_for(odm: OdmFace, page: Any) -> None:
    odm.declared.impl.redact_errors = True
    page(_id=None, title="secret")
    page(_id=None, title="secret")
    with pytest.raises(DuplicateKeyError) as caught:
        await odm.session.flush()
    assert caught.value.args[-1].startswith("doc:  keys ")


# -- old versions


async def test_an_upgraded_document_is_stored_guarded(odm: OdmFace) -> None:
    old = collection("page", None, Field("_id", int), Field("v", S.Value(1)), Field("labels", [str]))

    class Page(MappedClass):
        class __mongometa__:
            name = "page"
            session = odm.declared
            version_of = old

            @staticmethod
            def migrate(data: Any) -> Any:
                return {"_id": data["_id"], "v": 2, "tags": data["labels"]}

        _id = FieldProperty(int)
        v = FieldProperty(S.Value(2, required=True))
        tags = FieldProperty([str])

    await odm.raw.page.insert_many([{"_id": n, "v": 1, "labels": ["a"]} for n in range(3)])
    found = await odm.session.find(Page).sort("_id").all()
    assert statuses(found) == ["clean"] * 3
    found[0].tags.append("b")
    found[2].tags.append("b")
    await odm.raw.page.update_one({"_id": 2}, {"$push": {"labels": "theirs"}})
    with pytest.raises(StaleObject):
        await odm.session.flush()
    assert statuses(found) == ["clean", "clean", "dirty"]
    assert await stored(odm) == [
        {"_id": 0, "v": 2, "tags": ["a", "b"]},
        {"_id": 1, "v": 1, "labels": ["a"]},
        {"_id": 2, "v": 1, "labels": ["a", "theirs"]},
    ]
    await odm.session.refresh(found[2])
    found[2].tags.append("b")
    await odm.session.flush()
    assert (await stored(odm, _id=2))[0]["tags"] == ["a", "theirs", "b"]


# -- the optimistic lock


@pytest.fixture(params=["bulk", "singly"])
def locked(request: pytest.FixtureRequest, odm: OdmFace) -> Any:
    class Locked(MappedClass):
        class __mongometa__:
            name = "page"
            session = odm.declared
            version_field = "version"
            extensions = [EachAlone] if request.param == "singly" else []

        _id = FieldProperty(int)
        version = FieldProperty(int)
        title = FieldProperty(str)

    return Locked


async def test_every_flush_of_changes_counts(odm: OdmFace, locked: Any) -> None:
    found = [locked(_id=n) for n in range(2)]
    await odm.session.flush()
    assert [each.version for each in found] == [0, 0]
    for title in ("one", "two"):
        for each in found:
            each.title = title
        await odm.session.flush()
    assert [each.version for each in found] == [2, 2]
    assert [raw["version"] for raw in await stored(odm)] == [2, 2]


async def test_who_comes_second_is_refused(odm: OdmFace, locked: Any) -> None:
    found = [locked(_id=n) for n in range(3)]
    await odm.session.flush()
    await odm.raw.page.update_one({"_id": 1}, {"$inc": {"version": 1}, "$set": {"title": "theirs"}})
    for each in found:
        each.title = "mine"
    with pytest.raises(StaleObject, match="changed by somebody else") as caught:
        await odm.session.flush()
    assert caught.value.document_id == 1
    assert statuses(found) == ["clean", "dirty", "dirty"]
    await odm.session.refresh(found[1])
    found[1].title += " and mine"
    await odm.session.flush()
    assert [raw["title"] for raw in await stored(odm)] == ["mine", "theirs and mine", "mine"]


async def test_documents_from_before_the_lock_take_part(odm: OdmFace, locked: Any) -> None:
    await odm.raw.page.insert_many([{"_id": 0}, {"_id": 1, "version": None}])
    for each in await odm.session.find(locked).all():
        each.title = "new"
    await odm.session.flush()
    assert [raw["version"] for raw in await stored(odm)] == [1, 1]


# -- update_if_not_modified


async def test_update_if_not_modified_tells_the_truth(odm: OdmFace, page: Any) -> None:
    await odm.raw.page.insert_one(
        {"_id": (one_id := S.ObjectId().if_missing()), "title": "one", "unknown": 1}
    )
    one = await odm.session.get(page, one_id)
    assert await _update(odm, one, {"$set": {"views": 1}}) is True
    assert one.views == 0
    assert await _update(odm, one, {"$set": {"views": 2}}) is False
    await odm.session.refresh(one)
    assert await _update(odm, one, {"$set": {"views": 3}}) is True
    assert (await stored(odm))[0]["views"] == 3
    assert await _update(odm, page(title="new"), {"$set": {"views": 4}}) is False
    assert (await stored(odm))[0]["views"] == 3


async def test_update_if_not_modified_sees_a_case_that_a_collation_ignores(odm: OdmFace, page: Any) -> None:
    await odm.raw.create_collection("page", collation={"locale": "en", "strength": 2})
    one = page(title="Ann")
    await odm.session.flush()
    await odm.raw.page.update_one({"_id": one._id}, {"$set": {"title": "ann"}})
    assert await _update(odm, one, {"$set": {"views": 1}}) is False
    assert (await stored(odm))[0]["views"] == 0


async def test_update_if_not_modified_and_a_vanished_document(odm: OdmFace, page: Any) -> None:
    one = page(title="one")
    await odm.session.flush()
    await odm.raw.page.delete_many({})
    assert await _update(odm, one, {"$set": {"views": 1}}) is False
    assert await _update(odm, one, {"$set": {"title": "again"}}, upsert=True) is True
    assert [raw["title"] for raw in await stored(odm)] == ["again"]


async def _update(odm: OdmFace, obj: Any, fields: Any, **options: Any) -> Any:
    return await odm.session.update_if_not_modified(obj, fields, **options)


# -- several sessions


async def test_a_pending_object_belongs_to_one_session(odm: OdmFace, page: Any) -> None:
    one, two = page(title="one"), page(title="two")
    await odm.session.flush(two)
    two.title = "second"
    other = odm.another()
    for each, status in ((one, "new"), (two, "dirty")):
        with pytest.raises(
            IllegalStateChange, match=re.escape(f"Page {each._id!r} is {status} in another session")
        ):
            other.declared.save(each)
        with pytest.raises(IllegalStateChange):
            await other.session.flush(each)
    await odm.session.flush()
    other.declared.save(one)
    assert state(one).session is other.declared
    assert one not in odm.declared.uow
    odm.declared.clear()
    two.title = "third"
    other.declared.save(two)
    await other.session.flush()
    assert sorted(raw["title"] for raw in await stored(odm)) == ["one", "third"]


async def test_a_projected_field_that_was_not_read_is_logged(
    odm: OdmFace, page: Any, caplog: pytest.LogCaptureFixture
) -> None:
    page(title="one", views=5)
    await odm.session.flush()
    odm.declared.clear()
    one = await odm.session.find(page, {}, projection=["title"]).first()
    one.views = 1
    with caplog.at_level(logging.WARNING, "ming.odm"):
        await odm.session.flush()
    assert "was read without views" in caplog.text
    assert state(one).status == "dirty"
    assert (await stored(odm))[0]["views"] == 5


# -- what becomes of unknown keys


async def test_unknown_keys_are_taken_away_where_the_class_says_so(odm: OdmFace) -> None:
    pages = page_class(odm, unknown="strip")
    await odm.raw.page.insert_many([{"title": title, "tags": None, "other": 1, "views": 1} for title in "ab"])
    one, two = await odm.session.find(pages).sort("title").all()
    await odm.raw.page.update_many({}, {"$set": {"tags": ["theirs"], "views": 2}})
    one.tags.append("mine")
    one.title = "$a"
    two.anything = None
    del two.title
    await odm.session.flush()
    first, second = await stored(odm)
    del first["_id"], second["_id"]
    assert first == {"title": "$a", "tags": ["theirs", "mine"], "views": 2}
    assert second == {"anything": None, "tags": ["theirs"], "views": 2}
