"""Sessions of mapped objects: what they track, and what goes past the objects."""

from __future__ import annotations

import asyncio
from typing import Any
from unittest import mock

import pytest
from harness.odm import OdmFace

from ming import schema as S
from ming.exc import IllegalStateChange, MongoGone
from ming.odm import AsyncODMSession, FieldProperty, MappedClass, ODMSession, mapper, session, state


def page_class(odm: OdmFace) -> Any:
    class Page(MappedClass):
        class __mongometa__:
            name = "page"
            session = odm.declared
            indexes = ("title",)

        _id = FieldProperty(S.Int)
        title = FieldProperty(str)

    return Page


@pytest.fixture
def page(odm: OdmFace) -> Any:
    return page_class(odm)


async def test_tracking(odm: OdmFace, page: Any) -> None:
    one, two = page(_id=1), page(_id=2)
    own = odm.declared
    assert list(own.uow) == list(own.uow.new) == [one, two]
    assert list(own.imap) == [(page, 1, one), (page, 2, two)]
    assert (session(page), session(one)) == (own, own)
    own.expunge(one)
    own.expunge(one)
    assert (list(own.uow), session(one)) == ([two], None)
    own.save(one)
    own.save(one)
    assert list(own.uow) == [two, one]
    await odm.session.flush()
    one.title = "dirty"
    two.delete()
    assert [list(group) for group in (own.uow.new, own.uow.clean, own.uow.dirty, own.uow.deleted)] == [
        [],
        [],
        [one],
        [two],
    ]
    own.clear()
    assert (list(own.uow), len(own.imap), session(two)) == ([], 0, None)
    await odm.session.flush()
    assert await odm.raw.page.count_documents({"title": "dirty"}) == 0
    await odm.session.close()


async def test_printing(odm: OdmFace, page: Any) -> None:
    page(_id=1)
    assert repr(odm.declared).splitlines() == [
        "<session>",
        "  <UnitOfWork>",
        "    <new>",
        "      <Page _id=1 title=None>",
        "    <clean>",
        "    <dirty>",
        "    <deleted>",
        "  <imap (1)>",
        "    Page : 1 => <Page _id=1 title=None>",
    ]
    assert await odm.raw.page.count_documents({}) == 0


async def test_getting(odm: OdmFace, page: Any) -> None:
    await odm.raw.page.insert_many([{"_id": 1}, {"_id": None}])
    one = await odm.session.get(page, 1)
    await odm.raw.page.delete_one({"_id": 1})
    assert await odm.session.get(page, 1) is one
    assert (await odm.session.get(page, None))._id is None
    assert await odm.session.get(page, 2) is None
    await odm.raw.page.insert_one({"_id": 2})
    assert await odm.session.get(page, 2) is not None


async def test_writing_past_the_objects(odm: OdmFace, page: Any) -> None:
    one = page(_id=1, title="one")
    await odm.session.flush()
    result = await odm.session.update(page, {"_id": 1}, {"$set": {"title": "new"}})
    assert (result.modified_count, one.title) == (1, "one")
    await odm.session.update(page, {"_id": 2}, {"$set": {"title": "new"}}, upsert=True)
    result = await odm.session.update(page, {}, {"$set": {"title": "newer"}}, multi=True)
    assert result.modified_count == 2
    assert await odm.session.distinct(page, "title") == ["newer"]
    cursor = await odm.session.aggregate(page, [{"$count": "n"}])
    assert await cursor.to_list() == [{"n": 2}]
    assert (await odm.session.remove(page, {"_id": 2})).deleted_count == 1
    assert (await odm.session.remove(page)).deleted_count == 1
    assert one in odm.declared.uow


async def test_indexes(odm: OdmFace, page: Any) -> None:
    for each in (page, mapper(page).collection):
        await odm.session.drop_indexes(each)
        assert [("title", 1)] not in await _index_keys(odm)
        await odm.session.ensure_indexes(each)
        assert [("title", 1)] in await _index_keys(odm)
    await odm.session.ensure_index(page, [("title", -1)], unique=True)
    assert [("title", -1)] in await _index_keys(odm, unique=True)


async def _index_keys(odm: OdmFace, **options: Any) -> list[Any]:
    found = (await odm.raw.page.index_information()).values()
    return [
        index["key"] for index in found if all(index.get(name) == value for name, value in options.items())
    ]


async def test_autoflush(odm: OdmFace) -> None:
    beside = odm.another(autoflush=True)
    page = page_class(beside)
    one = page(_id=1, title="one")
    assert await beside.session.find(page, {"title": "one"}).first() is one
    one.title = "two"
    assert await beside.session.find(page, {"title": "two"}).count() == 1
    one.title = "third"
    assert await beside.session.find(page, {"title": "third"}).all() == [one]
    one.title = "three"
    assert (
        await beside.session.find_one_and_update(page, {"title": "three"}, {"$set": {"title": "four"}}) is one
    )
    one.title = "five"
    await beside.session.update(page, {}, {"$set": {"title": "six"}})
    assert await odm.raw.page.distinct("title") == ["six"]


async def test_a_block_ends_with_nothing_tracked(odm: OdmFace, page: Any) -> None:
    async with odm.session:
        one = page(_id=1)
    assert state(one).session is None
    assert list(odm.declared.uow) == []
    assert await odm.raw.page.count_documents({}) == 0


async def test_arguments(odm: OdmFace) -> None:
    kind = type(odm.declared)
    impl = odm.declared.impl
    assert kind(impl, bind="ignored").impl is impl
    made = kind(bind=impl.bind)
    assert (made.bind, made.db, made.autoflush, made.extensions) == (impl.bind, impl.db, False, [])
    made.anything = 1
    unbound = kind()
    with pytest.raises(MongoGone):
        unbound.db  # noqa: B018
    unbound.impl.bind = impl.bind
    assert unbound.db is impl.db


@pytest.mark.parametrize("kind", [ODMSession, AsyncODMSession])
def test_named_sessions(kind: Any) -> None:
    class Own(kind):  # type: ignore[misc]
        pass

    document_session = kind._document_session
    with mock.patch.object(document_session, "_datastores", {"main": "the datastore"}):
        made = Own.by_name("main")
        assert (made.bind, Own.by_name("main") is made, type(made)) == ("the datastore", True, Own)
        assert Own.by_name("unheard of").bind is None
    assert "main" not in kind._registry


# -- contexts of the asynchronous session


@pytest.fixture
def tasks(odm: OdmFace) -> OdmFace:
    if odm.kind == "sync":
        pytest.skip("for tasks")
    return odm


async def test_each_block_tracks_its_own(tasks: OdmFace) -> None:
    page, own = page_class(tasks), tasks.declared

    async def request(number: int) -> list[Any]:
        async with own:
            page(_id=number)
            await asyncio.sleep(0)
            found = [each._id for each in own.uow]
            await own.flush()
            return found

    assert await asyncio.gather(*map(request, range(5))) == [[0], [1], [2], [3], [4]]
    assert list(own.uow) == []
    assert await tasks.raw.page.count_documents({}) == 5


async def test_tasks_share_what_their_creator_tracks(tasks: OdmFace) -> None:
    page, own = page_class(tasks), tasks.declared
    one = page(_id=1)

    async def part(number: int) -> None:
        page(_id=number)
        await own.flush()

    await asyncio.gather(*map(part, range(2, 12)))
    await own.flush()
    assert len(list(own.uow.clean)) == 11
    assert one in own.uow
    assert await tasks.raw.page.count_documents({}) == 11


async def test_blocks_nest(tasks: OdmFace) -> None:
    page, own = page_class(tasks), tasks.declared
    async with own:
        one = page(_id=1)
        async with own:
            assert list(own.uow) == []
            with pytest.raises(IllegalStateChange, match="Page 1 is new in another session"):
                own.save(one)
        assert list(own.uow) == [one]
        await own.flush()
        async with own:
            own.save(one)
            assert list(own.uow) == [one]
        assert list(own.uow) == []
