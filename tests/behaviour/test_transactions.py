"""What transactions promise, on every store and face."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from unittest import mock

import pytest
from harness.faces import Face
from harness.stores import Store
from pymongo.errors import OperationFailure

from ming import AsyncSession, Document, Field, Session, create_async_datastore, create_datastore
from ming.datastore import DataStore
from ming.exc import MongoGone


def page_class(session_: Any, **options: Any) -> Any:
    class Page(Document):
        __mongometa__ = type("__mongometa__", (), {"name": "pages", "session": session_, **options})
        _id = Field(int)
        n = Field(int)

    return Page


Page = page_class(None)


class Abandoned(Exception):
    """Ends a block whose work is not wanted."""


async def outside(face: Face) -> list[Any]:
    """What somebody else sees."""
    return [raw["_id"] for raw in await face.raw["pages"].find({}).sort("_id").to_list()]


# --- committing and aborting


async def test_a_block_commits_at_its_end(face: Face) -> None:
    async with face.session.transaction():
        await face.session.insert(Page({"_id": 1}))
        await face.session.save(Page({"_id": 2}))
        assert await outside(face) == []
        assert [page._id async for page in face.session.find(Page, {})] == [1, 2]
        assert await face.session.find(Page, {}).count() == 2
        assert (await face.session.get(Page, _id=1))._id == 1
    assert await outside(face) == [1, 2]


async def test_an_error_aborts_it(face: Face) -> None:
    with suppress(Abandoned):
        async with face.session.transaction():
            await face.session.insert(Page({"_id": 1}))
            raise Abandoned
    assert await outside(face) == []
    # The session works on, without a transaction.
    await face.session.insert(Page({"_id": 2}))
    assert await outside(face) == [2]


async def test_every_verb_takes_part(face: Face) -> None:
    session = face.session
    await face.raw["pages"].insert_many([{"_id": n, "n": n} for n in range(6)])
    before = await face.raw["pages"].find({}).sort("_id").to_list()
    with suppress(Abandoned):
        async with session.transaction():
            await session.set(Page({"_id": 0, "n": 0}), {"n": 9})
            await session.increase_field(Page({"_id": 1}), n=9)
            await session.delete(Page({"_id": 2}))
            await session.upsert(Page({"_id": 9, "n": 9}), ["_id"])
            await session.update_partial(Page, {"_id": 3}, {"$set": {"n": 9}})
            await session.find_one_and_update(Page, {"_id": 4}, {"$set": {"n": 9}})
            await session.remove(Page, {"_id": 5})
            assert await session.distinct(Page, "n") == [9]
            cursor = await session.aggregate(Page, [{"$match": {"n": 9}}])
            assert len([raw async for raw in cursor]) == 5
            raise Abandoned
    assert await face.raw["pages"].find({}).sort("_id").to_list() == before


async def test_all_sessions_on_the_engine_join(face: Face) -> None:
    session = face.session
    target = getattr(session, "_target", session)
    other_store = type(target.bind)(target.bind.bind, f"{face.store.database}_other")
    face.store.uri(other_store.name)  # to be dropped with the others
    other: Any = type(target)(other_store)
    with suppress(Abandoned):
        async with session.transaction():
            inserted = other.insert(Page({"_id": 1}))
            if face.kind == "async":
                await inserted
            raise Abandoned
    assert await _count(face, other) == 0


async def _count(face: Face, session: Any) -> Any:
    return await session.count(Page) if face.kind == "async" else session.count(Page)


async def test_a_nested_block_joins_the_outer_one(face: Face) -> None:
    with suppress(Abandoned):
        async with face.session.transaction() as outer:
            async with face.session.transaction() as inner:
                await face.session.insert(Page({"_id": 1}))
            assert getattr(inner, "_target", inner) is getattr(outer, "_target", outer)
            assert await outside(face) == []
            raise Abandoned
    assert await outside(face) == []


async def test_a_nested_block_takes_no_options(face: Face) -> None:
    async with face.session.transaction(max_commit_time_ms=5000):
        with pytest.raises(TypeError, match="max_commit_time_ms"):
            async with face.session.transaction(max_commit_time_ms=1):
                pass


async def test_an_explicit_client_session_wins(face: Face) -> None:
    async with face.session.transaction():
        await face.session.insert(Page({"_id": 1}), session=None)
        assert await outside(face) == [1]


async def test_an_unbound_session_has_no_transactions() -> None:
    with pytest.raises(MongoGone):
        Session().transaction()


# --- running a function again


async def test_a_function_runs_in_a_transaction(face: Face) -> None:
    async def work() -> str:
        await face.session.insert(Page({"_id": 1}))
        assert await outside(face) == []
        return "done"

    result = await face.session.run_transaction(work)
    assert result == "done"
    assert await outside(face) == [1]


async def test_a_function_runs_again_on_a_transient_error(face: Face) -> None:
    await face.raw["pages"].insert_one({"_id": 1, "n": 0})
    attempts: list[int] = []

    async def work() -> None:
        page = await face.session.get(Page, _id=1)
        if not attempts:
            # Somebody else is quicker: our write conflicts.
            await face.raw["pages"].update_one({"_id": 1}, {"$set": {"n": 10}})
        attempts.append(page.n)
        await face.session.set(page, {"n": page.n + 1})

    await face.session.run_transaction(work)
    assert attempts == [0, 10]
    assert await face.raw["pages"].find_one() == {"_id": 1, "n": 11}


async def test_a_block_does_not_run_again(face: Face) -> None:
    await face.raw["pages"].insert_one({"_id": 1, "n": 0})

    async def transact() -> None:
        async with face.session.transaction():
            page = await face.session.get(Page, _id=1)
            await face.raw["pages"].update_one({"_id": 1}, {"$set": {"n": 10}})
            await face.session.set(page, {"n": 1})

    with pytest.raises(OperationFailure) as caught:
        await transact()
    assert caught.value.has_error_label("TransientTransactionError")


async def test_a_function_inside_a_block_joins(face: Face) -> None:
    async def work() -> None:
        await face.session.insert(Page({"_id": 1}))

    with suppress(Abandoned):
        async with face.session.transaction():
            await face.session.run_transaction(work)
            raise Abandoned
    assert await outside(face) == []


async def test_an_error_of_the_function_aborts(face: Face) -> None:
    async def work() -> None:
        await face.session.insert(Page({"_id": 1}))
        raise KeyError("enough")

    with pytest.raises(KeyError, match="enough"):
        await face.session.run_transaction(work)
    assert await outside(face) == []


# --- who takes part


@pytest.fixture
def datastore(store: Store) -> Iterator[DataStore]:
    made = create_datastore(store.uri())
    yield made
    made.conn.close()


def test_other_threads_do_not_join(datastore: DataStore) -> None:
    session = Session(datastore)
    with suppress(Abandoned), session.transaction():
        session.insert(Page({"_id": 1}))
        thread = threading.Thread(target=lambda: session.insert(Page({"_id": 2})))
        thread.start()
        thread.join()
        raise Abandoned
    assert [page._id for page in session.find(Page)] == [2]


async def test_other_tasks_do_not_join(store: Store) -> None:
    session = AsyncSession(create_async_datastore(store.uri()))
    with suppress(Abandoned):
        async with session.transaction():
            await session.insert(Page({"_id": 1}))
            # The task inherits the context, and with it knowledge of the transaction.
            await asyncio.create_task(session.insert(Page({"_id": 2})))
            raise Abandoned
    assert [page._id async for page in session.find(Page)] == [2]


@pytest.mark.parametrize(
    ("method", "args", "takes_part"),
    [
        ("find", ({},), True),
        ("remove", ({"_id": 9},), True),
        ("count", (), False),
        ("index_information", (), False),
        ("drop_indexes", (), False),
    ],
)
def test_the_client_session_is_sent_in_a_transaction_only(
    datastore: DataStore, method: str, args: Any, takes_part: bool
) -> None:
    session = Session(datastore)
    datastore.db.pages.insert_one({"_id": 1})
    verb = {"remove": "delete_many", "count": "estimated_document_count"}.get(method, method)
    with mock.patch.object(type(datastore.db.pages), verb) as called:
        with session.transaction() as client_session:
            getattr(session, method)(Page, *args)
        getattr(session, method)(Page, *args)
    inside = {"session": client_session} if takes_part else {}
    assert called.mock_calls == [mock.call(*args, **inside), mock.call(*args)]


def test_another_engine_is_another_transaction(store: Store, datastore: DataStore) -> None:
    other = create_datastore(store.uri())
    with suppress(Abandoned), Session(datastore).transaction():
        Session(other).insert(Page({"_id": 1}))
        raise Abandoned
    assert Session(other).find(Page).count() == 1
    other.conn.close()


def test_indexes_wait_for_the_end_of_the_transaction(datastore: DataStore) -> None:
    session = Session(datastore)
    page = page_class(session, indexes=["n"])
    with session.transaction():
        page({"_id": 1}).m.save()
        assert datastore.db.pages.index_information() == {}
    assert [("n", 1)] in [each["key"] for each in datastore.db.pages.index_information().values()]
    assert session.count(page) == 1


def test_counting_the_collection_stays_outside(datastore: DataStore) -> None:
    session = Session(datastore)
    with session.transaction():
        session.insert(Page({"_id": 1}))
        assert session.count(Page) == 0
    assert session.count(Page) == 1
