"""What sessions promise, on every store and face."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest
from harness.faces import Face
from pymongo import ReadPreference, WriteConcern
from pymongo.errors import DuplicateKeyError, OperationFailure

from ming import Document, Field, Session, create_datastore
from ming import schema as S
from ming.exc import Invalid, MongoGone
from ming.utils import ContextualProxy, ThreadLocalProxy

# --- documents of these tests


@pytest.fixture
def page(face: Face) -> Any:
    return page_class(face.sync_session)


def page_class(session_: Any, **options: Any) -> Any:
    class Page(Document):
        __mongometa__ = type("__mongometa__", (), {"name": "pages", "session": session_, **options})
        _id = Field(S.Int())
        title = Field(str, if_missing="untitled")
        tags = Field([str])
        author = Field({"name": str})

    return Page


async def stored(face: Face, **query: Any) -> Any:
    return await face.raw["pages"].find_one(query)


# --- reading


async def test_get_reads_one_document_or_none(face: Face, page: Any) -> None:
    await face.raw["pages"].insert_one({"_id": 1, "author": {"name": "Ada"}, "unknown": 3})
    found = await face.session.get(page, **{"author.name": "Ada"})
    assert type(found) is page
    assert found == {"_id": 1, "title": "untitled", "tags": [], "author": {"name": "Ada"}}
    assert await face.session.get(page) == found
    assert await face.session.get(page, _id=2) is None


async def test_count_is_of_the_whole_collection(face: Face, page: Any) -> None:
    await face.raw["pages"].insert_many([{"_id": n} for n in range(3)])
    assert await face.session.count(page) == 3


async def test_aggregate_and_distinct_answer_raw(face: Face, page: Any) -> None:
    await face.raw["pages"].insert_many([{"_id": 1, "a": 1}, {"_id": 2, "a": 1}, {"_id": 3, "a": 2}])
    cursor = await face.session.aggregate(page, [{"$match": {"a": 1}}, {"$sort": {"_id": 1}}])
    assert [raw async for raw in cursor] == [{"_id": 1, "a": 1}, {"_id": 2, "a": 1}]
    assert sorted(await face.session.distinct(page, "a")) == [1, 2]
    assert await face.session.distinct(page, "a", {"a": 2}) == [2]


async def test_find_one_and_verbs_answer_plain_dicts(face: Face, page: Any) -> None:
    await face.raw["pages"].insert_one({"_id": 1, "unknown": 1})
    updated = await face.session.find_one_and_update(
        page, {"_id": 1}, {"$inc": {"unknown": 1}}, return_document=True
    )
    assert (type(updated), updated) == (dict, {"_id": 1, "unknown": 2})
    replaced = await face.session.find_one_and_replace(page, {"_id": 1}, {"a": 3})
    assert replaced == {"_id": 1, "unknown": 2}
    assert await face.session.find_one_and_delete(page, {"_id": 1}) == {"_id": 1, "a": 3}
    assert await face.session.find_one_and_delete(page, {"_id": 1}) is None


# --- writing


async def test_saving_inserts_then_replaces(face: Face, page: Any) -> None:
    document = page({"_id": 1, "title": "one"})
    await face.session.save(document)
    assert await stored(face) == {"_id": 1, "title": "one", "tags": [], "author": {"name": None}}
    document.title = "two"
    await face.session.save(document)
    assert (await stored(face))["title"] == "two"
    assert await face.session.count(page) == 1


async def test_defaults_show_on_the_saved_document(face: Face, page: Any) -> None:
    document = page({"_id": 1})
    await face.session.save(document)
    assert document == {"_id": 1, "title": "untitled", "tags": [], "author": {"name": None}}


async def test_an_invalid_document_is_not_saved(face: Face, page: Any) -> None:
    await face.session.save(page({"_id": 1}))
    with pytest.raises(Invalid, match="'pages', _id 1"):
        await face.session.save(page({"_id": 1, "title": 5}))
    with pytest.raises(Invalid):
        await face.session.insert(page({"_id": 2, "stranger": 1}))
    assert await stored(face) == {"_id": 1, "title": "untitled", "tags": [], "author": {"name": None}}
    assert await face.session.count(page) == 1


async def test_an_insert_without_id_gets_one(face: Face) -> None:
    class Note(Document):
        __mongometa__ = type("__mongometa__", (), {"name": "pages"})
        text = Field(str)

    for method in (face.session.save, face.session.insert):
        note = Note({"text": "x"})
        result = await method(note)
        assert note["_id"] == result.inserted_id
        assert await stored(face, _id=note["_id"]) == {"_id": result.inserted_id, "text": "x"}


async def test_named_fields_are_saved_alone(face: Face, page: Any) -> None:
    await face.raw["pages"].insert_one({"_id": 1, "title": "stored", "tags": ["a"]})
    await face.session.save(page({"_id": 1, "title": "mine", "tags": ["b"]}), "tags")
    assert await stored(face) == {"_id": 1, "title": "stored", "tags": ["b"]}


async def test_upserting_by_fields(face: Face, page: Any) -> None:
    await face.session.upsert(page({"_id": 1, "title": "t", "tags": ["a"]}), ["title"])
    await face.session.upsert(page({"_id": 1, "title": "t", "tags": ["b"]}), "title")
    assert (await stored(face))["tags"] == ["b"]
    assert await face.session.count(page) == 1


async def test_upserting_with_a_generated_id_keeps_the_stored_one(face: Face) -> None:
    class Note(Document):
        __mongometa__ = type("__mongometa__", (), {"name": "pages"})
        _id = Field(S.ObjectId)
        key = Field(str)
        n = Field(int)

    await face.session.upsert(Note({"key": "k", "n": 1}), ["key"])
    first = await stored(face)
    await face.session.upsert(Note({"key": "k", "n": 2}), ["key"])
    assert await stored(face) == {**first, "n": 2}


async def test_partial_updates_and_removal(face: Face, page: Any) -> None:
    await face.raw["pages"].insert_many([{"_id": n, "a": 1} for n in range(3)])
    assert (await face.session.update_partial(page, {"a": 1}, {"$set": {"a": 2}})).modified_count == 1
    assert (
        await face.session.update_partial(page, {"a": 1}, {"$set": {"a": 2}}, multi=True)
    ).modified_count == 2
    assert (await face.session.remove(page, {"_id": 1})).deleted_count == 1
    with pytest.raises(ValueError, match="Unexpected kwarg"):
        await face.session.remove(page, a=2)
    assert (await face.session.remove(page)).deleted_count == 2


async def test_set_and_delete(face: Face, page: Any) -> None:
    document = page({"_id": 1, "author": {"name": "Ada"}})
    await face.session.save(document)
    await face.session.set(document, {"title": "new", "author.name": "Bob"})
    assert (document.title, document.author.name) == ("new", "Bob")
    assert await stored(face) == {"_id": 1, "title": "new", "tags": [], "author": {"name": "Bob"}}
    await face.session.delete(document)
    assert await stored(face) is None
    with pytest.raises(AttributeError):
        await face.session.delete(page({}))


async def test_increase_field_raises_only(face: Face) -> None:
    class Counter(Document):
        __mongometa__ = type("__mongometa__", (), {"name": "pages"})
        _id = Field(int)
        n = Field(int)

    counter = Counter({"_id": 1, "n": 5})
    await face.session.save(counter)
    for value, expected in ((3, 5), (8, 8)):
        await face.session.increase_field(counter, n=value)
        assert (await stored(face))["n"] == expected
    assert counter.n == 5
    with pytest.raises(ValueError, match="n=None"):
        await face.session.increase_field(counter, n=None)


async def test_a_duplicate_key_names_the_document(face: Face, page: Any) -> None:
    await face.session.insert(page({"_id": 1}))
    document = page({"_id": 1, "title": "second"})
    with pytest.raises(DuplicateKeyError) as caught:
        await face.session.insert(document)
    assert caught.value.args[-1] == f"doc:  {document}"
    assert (await stored(face))["title"] == "untitled"


# --- hooks


async def test_hooks_run_before_saving(face: Face) -> None:
    def stamp(document: Any) -> None:
        document.title = "stamped"

    page = page_class(face.sync_session, before_save=stamp)
    await face.session.save(page({"_id": 1}), validate=False)
    await face.session.insert(page({"_id": 2}))
    assert [(await stored(face, _id=n))["title"] for n in (1, 2)] == ["stamped", "stamped"]


# --- indexes


async def test_declared_indexes_are_ensured(face: Face) -> None:
    page = page_class(Session(), unique_indexes=["title"], indexes=[("tags", -1)])
    await face.session.ensure_indexes(page)
    keys = [information["key"] for information in (await face.session.index_information(page)).values()]
    assert [("title", 1)] in keys
    assert [("tags", -1)] in keys
    await face.session.insert(page({"_id": 1}))
    with pytest.raises(DuplicateKeyError):
        await face.session.insert(page({"_id": 2}))


async def test_dropping_indexes(face: Face, page: Any) -> None:
    await face.session.drop_indexes(page)  # of a collection that does not exist
    await face.session.create_index(page, ["title", ("tags", -1)], unique=True)
    before = len(await face.session.index_information(page))
    await face.session.drop_indexes(page)
    assert len(await face.session.index_information(page)) == before - 1


async def test_indexes_appear_with_the_first_use_of_a_class(face: Face) -> None:
    page = page_class(face.sync_session, indexes=["title"])
    _ = page.m
    assert [("title", 1)] in [each["key"] for each in (await face.session.index_information(page)).values()]


# --- options


async def test_options_of_the_driver_are_accepted_throughout(face: Face) -> None:
    page = page_class(
        face.sync_session,
        write_concern=WriteConcern(w=1),
        read_preference=ReadPreference.PRIMARY_PREFERRED,
        comment="pages",
        max_time_ms=60_000,
    )
    session = face.session.with_options(comment="test")
    await session.save(page({"_id": 1}))
    await session.increase_field(page({"_id": 1, "title": "x"}), title="z")
    assert (await session.get(page, _id=1)).title == "z"
    assert await session.find_by(page, _id=1).count() == 1
    assert await session.distinct(page, "title") == ["z"]
    assert await session.count(page) == 1
    await session.find_one_and_update(page, {"_id": 1}, {"$set": {"title": "y"}})
    await session.update_partial(page, {}, {"$set": {"title": "w"}}, write_concern=WriteConcern(w=1))
    await session.remove(page, {"_id": 1}, comment="gone")
    assert await session.count(page) == 0


# --- sessions at large


async def test_the_manager_with_another_session(face: Face, page: Any) -> None:
    target = face.session if face.kind == "async" else face.sync_session
    manager = page.m.with_session(target)
    await face.session.save(page({"_id": 1}))
    found = manager.get(_id=1)
    assert (await found if face.kind == "async" else found)._id == 1


async def test_late_binding(face: Face) -> None:
    page = page_class(None)
    session = type(face.sync_session)() if face.kind == "sync" else type(face.session)()
    with pytest.raises(MongoGone):
        await _maybe(session.count(page))
    session.bind = face.sync_session.bind if face.kind == "sync" else face.session.bind
    assert await _maybe(session.count(page)) == 0


async def _maybe(result: Any) -> Any:
    return await result if asyncio.iscoroutine(result) else result


async def test_a_session_follows_its_bind(face: Face, page: Any) -> None:
    """The cached collections are those of the database the session is bound to now."""
    session = face.sync_session
    await face.raw["pages"].insert_one({"_id": 1})
    assert session.get(page, _id=1) is not None
    other = create_datastore(face.store.uri(f"{face.store.database}_other"))
    before, session.bind = session.bind, other
    try:
        assert session.get(page, _id=1) is None
    finally:
        session.bind = before
        other.conn.close()
    assert session.get(page, _id=1) is not None


@pytest.mark.parametrize("proxy", ["thread", "context"])
async def test_proxies_stand_in_for_a_session(face: Face, proxy: str) -> None:
    bind = face.sync_session.bind
    session: Any = (
        ThreadLocalProxy(Session, bind)
        if proxy == "thread"
        else ContextualProxy(Session, threading.get_ident, bind)
    )
    page = page_class(session, indexes=["title"])
    page({"_id": 1}).m.save()
    assert page.m.get(_id=1).title == "untitled"
    assert page.m.find({"_id": 1}).count() == 1
    assert [("title", 1)] in [each["key"] for each in page.m.index_information().values()]
    session.close()


async def test_server_errors_of_reading_come_as_they_are(face: Face, page: Any) -> None:
    with pytest.raises(OperationFailure):
        await face.session.get(page, **{"$nonsense": 1})
