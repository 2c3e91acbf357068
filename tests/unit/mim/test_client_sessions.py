"""Client sessions of both faces: PyMongo's interface, its errors of misuse, and waiting for others."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from typing import Any

import gridfs
import pymongo.asynchronous.client_session
import pymongo.client_session
import pytest
from bson import Timestamp
from harness.awaited import Awaited
from pymongo import InsertOne, ReadPreference, UpdateOne, WriteConcern
from pymongo.client_session import TransactionOptions
from pymongo.errors import (
    BulkWriteError,
    ConfigurationError,
    ExecutionTimeout,
    InvalidOperation,
    OperationFailure,
)
from pymongo.read_concern import ReadConcern

from ming import mim
from ming.mim.commands import patience
from ming.mim.faces import _sessions


@pytest.fixture(params=["sync", "async"])
def conn(request: pytest.FixtureRequest) -> Any:
    return Awaited(mim.Connection()) if request.param == "sync" else mim.AsyncConnection()


@pytest.fixture
def coll(conn: Any) -> Any:
    return conn.db.things


@pytest.fixture
def short_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "LIMIT", 0.05)


async def ids(coll: Any, **options: Any) -> list[Any]:
    return [document["_id"] for document in await coll.find({}, **options).to_list()]


async def block(session: Any) -> Any:
    """Start a transaction and return its context manager, which on both faces is an asynchronous one."""
    started = session.start_transaction()
    return started if isinstance(started, Awaited) else await started


# -- what a session is --------------------------------------------------------------------------------


async def test_a_session_is_one_of_the_drivers(conn: Any) -> None:
    session = conn.start_session()
    session = getattr(session, "_target", session)
    drivers = pymongo.client_session.ClientSession
    if isinstance(conn, mim.AsyncConnection):
        drivers = pymongo.asynchronous.client_session.AsyncClientSession
    assert isinstance(session, drivers)
    assert session.client is getattr(conn, "_target", conn)
    assert session.session_id["id"].subtype == 4
    assert session.options.causal_consistency
    assert (session.cluster_time, session.operation_time) == (None, None)
    assert (session.in_transaction, session.has_ended) == (False, False)


async def test_an_ended_session_is_of_no_use(conn: Any, coll: Any) -> None:
    async with conn.start_session() as session:
        await coll.insert_one({"_id": 1}, session=session)
    assert session.has_ended
    with pytest.raises(InvalidOperation, match="Cannot use ended session"):
        await coll.find_one({}, session=session)
    with pytest.raises(InvalidOperation, match="Cannot use ended session"):
        await session.start_transaction()
    with pytest.raises(InvalidOperation, match="Cannot use ended session"):
        _ = session.session_id
    await session.end_session()


async def test_sessions_of_others_are_refused(conn: Any, coll: Any) -> None:
    other = type(getattr(conn, "_target", conn))()
    session = other.start_session()
    with pytest.raises(InvalidOperation, match="Can only use session with the MongoClient that started it"):
        await coll.insert_one({}, session=session)
    wrong = mim.Connection() if isinstance(conn, mim.AsyncConnection) else mim.AsyncConnection()
    for no_session in (object(), wrong.start_session()):
        with pytest.raises(ValueError, match="'session' argument must be an? (Async)?ClientSession or None"):
            await coll.insert_one({}, session=no_session)


def test_times_advance() -> None:
    session = mim.Connection().start_session()
    session.advance_operation_time(Timestamp(2, 1))
    session.advance_operation_time(Timestamp(1, 1))
    assert session.operation_time == Timestamp(2, 1)
    session.advance_cluster_time({"clusterTime": Timestamp(2, 1)})
    session.advance_cluster_time({"clusterTime": Timestamp(1, 1)})
    assert session.cluster_time == {"clusterTime": Timestamp(2, 1)}
    for wrong in 1, {}, {"clusterTime": 1}:
        with pytest.raises(TypeError):
            session.advance_cluster_time(wrong)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        session.advance_operation_time(1)  # type: ignore[arg-type]


def test_options_are_checked() -> None:
    conn = mim.Connection()
    with pytest.raises(ConfigurationError):
        conn.start_session(causal_consistency=True, snapshot=True)
    with pytest.raises(TypeError):
        conn.start_session(default_transaction_options=1)  # type: ignore[arg-type]
    session = conn.start_session()
    with pytest.raises(TypeError):
        session.start_transaction(read_concern=1)  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError):
        session.start_transaction(write_concern=WriteConcern(w=0))
    with pytest.raises(TypeError):
        session.start_transaction(max_commit_time_ms="1")  # type: ignore[arg-type]
    assert not session.in_transaction
    with pytest.raises(TypeError):
        __import__("copy").copy(session)


# -- transactions -------------------------------------------------------------------------------------


async def test_a_block_commits_or_aborts(conn: Any, coll: Any) -> None:
    async def run(own: int, *errors: Exception) -> None:
        async with await block(session):
            await coll.insert_one({"_id": own}, session=session)
            assert await ids(coll, session=session) != await ids(coll)
            assert session.in_transaction
            for error in errors:
                raise error

    async with conn.start_session() as session:
        await run(1)
        assert not session.in_transaction
        with pytest.raises(KeyError):
            await run(2, KeyError())
        assert not session.in_transaction
    assert await ids(coll) == [1]


async def test_the_end_of_the_session_aborts(conn: Any, coll: Any) -> None:
    async with conn.start_session() as session:
        await session.start_transaction()
        await coll.insert_one({"_id": 1}, session=session)
    assert await ids(coll) == []
    await coll.insert_one({"_id": 1})


async def test_every_method_takes_part(conn: Any, coll: Any) -> None:
    await coll.insert_many([{"_id": own, "n": own} for own in range(8)])
    before = await coll.find().to_list()
    session = conn.start_session()
    await session.start_transaction()
    await coll.insert_one({"_id": 10, "n": 10}, session=session)
    await coll.insert_many([{"_id": 11, "n": 11}], session=session)
    await coll.update_one({"_id": 0}, {"$set": {"n": 10}}, session=session)
    await coll.update_many({"_id": 1}, {"$set": {"n": 10}}, session=session)
    await coll.replace_one({"_id": 2}, {"n": 10}, session=session)
    await coll.delete_one({"_id": 3}, session=session)
    await coll.delete_many({"_id": 4}, session=session)
    await coll.find_one_and_update({"_id": 5}, {"$set": {"n": 10}}, session=session)
    await coll.find_one_and_replace({"_id": 6}, {"n": 10}, session=session)
    await coll.find_one_and_delete({"_id": 7}, session=session)
    await coll.bulk_write(
        [InsertOne({"_id": 12}), UpdateOne({"_id": 12}, {"$set": {"n": 10}})], session=session
    )
    assert await coll.distinct("n", session=session) == [10, 11]
    assert await coll.count_documents({"n": 10}, session=session) == 7
    assert await coll.count_documents({}, skip=2, limit=3, session=session) == 3
    assert await coll.count_documents({"n": 99}, session=session) == 0
    assert (await coll.find_one({"_id": 12}, session=session))["n"] == 10
    cursor = await coll.aggregate([{"$match": {"n": 11}}], session=session)
    assert [document["_id"] for document in await cursor.to_list()] == [11]
    assert await coll.find({}, session=session).sort("_id").limit(2).distinct("n") == [10]
    raw = await coll.find_raw_batches({"n": 11}, session=session).to_list()
    assert len(raw) == 1
    assert await coll.find().to_list() == before
    await session.abort_transaction()
    assert await coll.find().to_list() == before


async def test_catalog_methods_take_part(conn: Any, coll: Any) -> None:
    session = conn.start_session()
    await session.start_transaction()
    await conn.db.create_collection("made", session=session)
    made = conn.db.made
    await made.create_index("n", unique=True, session=session)
    await made.insert_one({"n": 1}, session=session)
    assert await conn.db.list_collection_names() == []
    await session.commit_transaction()
    assert await conn.db.list_collection_names() == ["made"]
    assert len(await made.index_information()) == 1
    assert await conn.list_database_names(session=session) == ["db"]
    assert (await conn.server_info(session=session))["ok"] == 1.0
    assert (await conn.db.command("ping", session=session))["ok"] == 1.0
    await conn.db.drop_collection("made", session=session)
    await session.end_session()


@pytest.mark.parametrize(
    "call",
    [
        lambda coll, session: coll.list_indexes(session=session),
        lambda coll, session: coll.index_information(session=session),
        lambda coll, session: coll.drop_index("n", session=session),
        lambda coll, session: coll.drop_indexes(session=session),
        lambda coll, session: coll.drop(session=session),
        lambda coll, session: coll.rename("other", session=session),
        lambda coll, session: coll.options(session=session),
        lambda coll, session: coll.database.list_collection_names(session=session),
        lambda coll, session: coll.database.validate_collection("things", session=session),
        lambda coll, session: coll.database.command({"count": "things"}, session=session),
    ],
)
async def test_methods_that_are_not_for_transactions(conn: Any, coll: Any, call: Any) -> None:
    await coll.insert_one({"_id": 1})
    session = conn.start_session()
    await session.start_transaction()
    await coll.find_one({}, session=session)
    with pytest.raises(OperationFailure) as caught:
        await call(coll, session)
    assert caught.value.code == 263
    assert await ids(coll, session=session) == [1]


async def test_counting_by_estimate_knows_no_sessions(conn: Any, coll: Any) -> None:
    with pytest.raises(ConfigurationError, match="does not support sessions"):
        await coll.estimated_document_count(session=conn.start_session())


async def test_cursors_know_their_session(conn: Any, coll: Any) -> None:
    session = conn.start_session()
    plain = getattr(session, "_target", session)
    cursor = coll.find({}, session=session)
    assert getattr(cursor.session, "_target", cursor.session) is plain
    assert coll.find({}).session is None
    found = await coll.aggregate([], session=session)
    assert getattr(found.session, "_target", found.session) is plain


async def test_unacknowledged_writes(conn: Any, coll: Any) -> None:
    await coll.insert_one({"_id": 1})
    careless = coll.with_options(write_concern=WriteConcern(w=0))
    session = conn.start_session()
    with pytest.raises(ConfigurationError, match="Explicit sessions are incompatible"):
        await careless.insert_one({}, session=session)
    await session.start_transaction()
    await careless.insert_one({"_id": 2}, session=session)
    await session.commit_transaction()
    assert await ids(coll) == [1, 2]


async def test_reading_from_a_secondary(conn: Any, coll: Any) -> None:
    session = conn.start_session()
    await session.start_transaction(read_preference=ReadPreference.SECONDARY)
    await coll.insert_one({"_id": 1}, session=session)
    with pytest.raises(InvalidOperation, match="read preference in a transaction must be primary"):
        await coll.find_one({}, session=session)


async def test_options_reach_the_engine(conn: Any, coll: Any) -> None:
    options = TransactionOptions(read_concern=ReadConcern("snapshot"), max_commit_time_ms=500)
    async with conn.start_session(default_transaction_options=options) as session:
        await session.start_transaction(write_concern=WriteConcern("majority"))
        await coll.insert_one({"_id": 1}, session=session)
        await session.commit_transaction()
        await session.start_transaction(read_concern=ReadConcern("linearizable"))
        with pytest.raises(OperationFailure) as caught:
            await coll.find_one({}, session=session)
        assert caught.value.code == 72
        await session.abort_transaction()
    assert await ids(coll) == [1]


async def test_errors_of_misuse(conn: Any, coll: Any) -> None:
    session = conn.start_session()

    async def refused(method: str, message: str) -> None:
        with pytest.raises(InvalidOperation, match=message):
            await getattr(session, method)()

    await refused("commit_transaction", "No transaction started")
    await refused("abort_transaction", "No transaction started")
    await session.start_transaction()
    await refused("start_transaction", "Transaction already in progress")
    await session.commit_transaction()
    await session.commit_transaction()
    await refused("abort_transaction", "Cannot call abortTransaction after calling commitTransaction")
    await session.start_transaction()
    await session.abort_transaction()
    await refused("abort_transaction", "Cannot call abortTransaction twice")
    await refused("commit_transaction", "Cannot call commitTransaction after calling abortTransaction")
    await session.start_transaction()
    await coll.insert_one({"_id": 1}, session=session)
    await session.commit_transaction()
    await session.commit_transaction()
    await refused("abort_transaction", "Cannot call abortTransaction after calling commitTransaction")
    await coll.find_one({}, session=session)
    await refused("commit_transaction", "No transaction started")


async def test_a_conflict_is_labelled(conn: Any, coll: Any) -> None:
    await coll.insert_one({"_id": 1})
    session = conn.start_session()
    await session.start_transaction()
    await coll.find_one({}, session=session)
    await coll.update_one({}, {"$set": {"n": 1}})
    with pytest.raises(OperationFailure) as caught:
        await coll.update_one({}, {"$set": {"n": 2}}, session=session)
    assert caught.value.code == 112
    assert caught.value.has_error_label("TransientTransactionError")
    assert session.in_transaction
    with pytest.raises(OperationFailure) as caught:
        await session.commit_transaction()
    assert caught.value.code == 251
    assert caught.value.has_error_label("TransientTransactionError")


async def test_a_duplicate_aborts(conn: Any, coll: Any) -> None:
    await coll.insert_one({"_id": 1})
    session = conn.start_session()
    await session.start_transaction()
    with pytest.raises(BulkWriteError):
        await coll.insert_many([{"_id": 2}, {"_id": 1}], session=session)
    with pytest.raises(OperationFailure, match="has been aborted"):
        await coll.find_one({}, session=session)
    # The driver aborts in any case, and hears that it is done already.
    await session.abort_transaction()
    assert await ids(coll) == [1]


def test_files_are_not_for_transactions() -> None:
    conn = mim.Connection()
    files = gridfs.GridFSBucket(conn.db)
    session = conn.start_session()
    own = files.upload_from_stream("a", b"text", session=session)
    assert files.open_download_stream(own, session=session).read() == b"text"
    with session.start_transaction(), pytest.raises(InvalidOperation):
        files.upload_from_stream("b", b"text", session=session)


# -- running a function -------------------------------------------------------------------------------


async def test_a_function_runs_in_a_transaction(conn: Any, coll: Any) -> None:
    async with conn.start_session() as session:

        async def work(given: Any) -> str:
            assert given is session
            await coll.insert_one({"_id": 1}, session=session)
            return "done"

        assert (await session.with_transaction(work, max_commit_time_ms=100)) == "done"
    assert await ids(coll) == [1]


def test_a_function_runs_again_on_a_transient_error() -> None:
    coll = mim.Connection().db.things
    coll.insert_one({"_id": 1, "n": 0})
    tries = []

    def work(session: Any) -> None:
        document = coll.find_one({}, session=session)
        if not tries:
            coll.update_one({}, {"$set": {"n": 10}})
        tries.append(document["n"])
        coll.update_one({}, {"$set": {"n": document["n"] + 1}}, session=session)

    with coll.database.client.start_session() as session:
        session.with_transaction(work)
    assert (tries, coll.find_one()) == ([0, 10], {"_id": 1, "n": 11})


async def test_a_coroutine_runs_again_on_a_transient_error() -> None:
    coll = mim.AsyncConnection().db.things
    await coll.insert_one({"_id": 1, "n": 0})

    async def increase(session: Any) -> None:
        document = await coll.find_one({}, session=session)
        await asyncio.sleep(0)
        await coll.update_one({}, {"$set": {"n": document["n"] + 1}}, session=session)

    async def worker() -> None:
        async with coll.database.client.start_session() as session:
            await session.with_transaction(increase)

    await asyncio.gather(*(worker() for _ in range(5)))
    assert (await coll.find_one())["n"] == 5


async def test_other_errors_abort(conn: Any, coll: Any) -> None:
    async with conn.start_session() as session:

        async def work(given: Any) -> None:
            await coll.insert_one({"_id": 1}, session=session)
            raise KeyError("enough")

        with pytest.raises(KeyError, match="enough"):
            await session.with_transaction(work)
        assert not session.in_transaction
    assert await ids(coll) == []


async def test_a_function_may_end_its_transaction(conn: Any, coll: Any) -> None:
    async with conn.start_session() as session:

        async def work(given: Any) -> None:
            await coll.insert_one({"_id": 1}, session=session)
            await session.abort_transaction()

        await session.with_transaction(work)
    assert await ids(coll) == []


async def test_trying_again_has_an_end(conn: Any, coll: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_sessions, "_RETRY_SECONDS", 0.0)
    error = OperationFailure("once more", 112)
    error._add_error_label("TransientTransactionError")

    async def work(given: Any) -> None:
        raise error

    with pytest.raises(OperationFailure, match="once more"):
        await conn.start_session().with_transaction(work)


def test_a_commit_of_unknown_outcome_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    conn = mim.Connection()
    session = conn.start_session()
    outcomes = [OperationFailure("slow", 64), OperationFailure("late", 50)]
    session.start_transaction()
    conn.db.things.insert_one({"_id": 1}, session=session)

    def finish(*args: Any) -> None:
        raise outcomes.pop(0)

    monkeypatch.setattr(session, "_finish", finish)
    with pytest.raises(OperationFailure, match="late") as caught:
        session._commit_again(_sessions.Retries())
    assert caught.value.has_error_label("UnknownTransactionCommitResult")
    assert outcomes == []


def test_pauses_grow_up_to_half_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("random.random", lambda: 1.0)
    retries = _sessions.Retries()
    pauses = [retries.pause() for _ in range(20)]
    assert pauses[0] == 0.0
    assert pauses[1:4] == pytest.approx([0.0075, 0.01125, 0.016875])
    assert pauses[-1] == 0.5


# -- snapshots and bound sessions ---------------------------------------------------------------------


async def test_a_snapshot_session_reads_the_past(conn: Any, coll: Any) -> None:
    await coll.insert_many([{"_id": 1}, {"_id": 2}])
    async with conn.start_session(snapshot=True) as session:
        assert await ids(coll, session=session) == [1, 2]
        await coll.delete_one({"_id": 1})
        assert await ids(coll, session=session) == [1, 2]
        assert await coll.count_documents({}, session=session) == 2
        assert await coll.distinct("_id", session=session) == [1, 2]
        with pytest.raises(InvalidOperation, match="snapshot sessions"):
            await session.start_transaction()
        with pytest.raises(OperationFailure, match="does not support"):
            await coll.insert_one({}, session=session)
    assert await ids(coll) == [2]


async def test_a_bound_session_need_not_be_named(conn: Any, coll: Any) -> None:
    session = conn.start_session()
    async with session.bind(end_session=False) as bound:
        assert bound is session or bound._target is session._target
        await session.start_transaction()
        await coll.insert_one({"_id": 1})
        await session.abort_transaction()
    assert not session.has_ended
    async with session.bind():
        await coll.insert_one({"_id": 2})
    assert session.has_ended
    assert await ids(coll) == [2]


async def test_a_bound_session_is_for_its_client(conn: Any) -> None:
    other = type(getattr(conn, "_target", conn))()
    with mim.Connection().start_session().bind(), pytest.raises((InvalidOperation, ValueError)):
        await conn.db.things.find_one()
    assert other is not None


# -- waiting ------------------------------------------------------------------------------------------


@pytest.fixture
def holding() -> Iterator[tuple[mim.Connection, Any]]:
    """A connection with an open transaction that has written document 1."""
    conn = mim.Connection()
    conn.db.things.insert_many([{"_id": 1, "n": 0}, {"_id": 2, "n": 0}])
    with conn.start_session() as session:
        session.start_transaction()
        conn.db.things.update_one({"_id": 1}, {"$set": {"n": 1}}, session=session)
        yield conn, session


def test_a_thread_waits_until_the_transaction_ends(holding: Any) -> None:
    conn, session = holding
    done: list[int] = []

    def write() -> None:
        conn.db.things.update_many({}, {"$inc": {"n": 10}})
        done.append(1)

    thread = threading.Thread(target=write)
    thread.start()
    time.sleep(0.05)
    assert done == []
    assert conn.db.things.find_one({"_id": 2}) == {"_id": 2, "n": 0}
    session.commit_transaction()
    thread.join(timeout=10)
    assert [document["n"] for document in conn.db.things.find()] == [11, 10]


@pytest.mark.usefixtures("short_patience")
def test_nobody_waits_for_ever(holding: Any) -> None:
    conn, _ = holding
    things = conn.db.things
    with pytest.raises(OperationFailure, match="an open transaction has written the same document") as caught:
        things.update_one({"_id": 1}, {"$inc": {"n": 1}})
    assert caught.value.code == 112
    assert not caught.value.has_error_label("TransientTransactionError")
    with pytest.raises(OperationFailure, match="in use by an open transaction") as caught:
        things.drop()
    assert caught.value.code == 24


def test_a_limit_of_ones_own(holding: Any) -> None:
    conn, _ = holding
    with pytest.raises(ExecutionTimeout):
        conn.db.command({"delete": "things", "deletes": [{"q": {}, "limit": 0}], "maxTimeMS": 20})
    assert conn.db.things.count_documents({}) == 2


def test_an_expired_transaction_is_in_nobodys_way(holding: Any) -> None:
    conn, session = holding
    (member,) = conn._engine._store.transactions._members
    member.expires = time.monotonic() + 0.05
    conn.db.things.update_one({"_id": 1}, {"$inc": {"n": 5}})
    with pytest.raises(OperationFailure, match="has been aborted"):
        session.commit_transaction()
    assert conn.db.things.find_one({"_id": 1})["n"] == 5


async def _held(conn: mim.AsyncConnection) -> Any:
    await conn.db.things.insert_many([{"_id": 1, "n": 0}, {"_id": 2, "n": 0}])
    session = conn.start_session()
    await session.start_transaction()
    await conn.db.things.update_one({"_id": 1}, {"$set": {"n": 1}}, session=session)
    return session


async def _end_soon(session: Any, end: str) -> None:
    await asyncio.sleep(0.02)
    await getattr(session, end)()


@pytest.mark.parametrize("end", ["commit_transaction", "abort_transaction", "end_session"])
async def test_a_task_awaits_the_end_of_the_transaction(end: str) -> None:
    conn = mim.AsyncConnection()
    session = await _held(conn)
    things = conn.db.things
    await asyncio.gather(_end_soon(session, end), things.update_many({}, {"$inc": {"n": 10}}))
    first = 11 if end == "commit_transaction" else 10
    assert [document["n"] async for document in things.find()] == [first, 10]


async def test_nothing_of_a_bulk_is_done_twice() -> None:
    conn = mim.AsyncConnection()
    session = await _held(conn)
    things = conn.db.things
    requests = [
        UpdateOne({"_id": 2}, {"$inc": {"n": 1}}),
        InsertOne({"_id": 3}),
        UpdateOne({"_id": 1}, {"$inc": {"n": 1}}),
        InsertOne({"_id": 3}),
    ]
    with pytest.raises(BulkWriteError) as caught:
        await asyncio.gather(_end_soon(session, "commit_transaction"), things.bulk_write(requests))
    details = caught.value.details
    assert (details["nInserted"], details["nModified"], details["writeErrors"][0]["index"]) == (1, 2, 3)
    assert await things.find().to_list() == [{"_id": 1, "n": 2}, {"_id": 2, "n": 1}, {"_id": 3}]


async def test_documents_of_an_iterator_are_not_lost() -> None:
    conn = mim.AsyncConnection()
    session = conn.start_session()
    await session.start_transaction()
    await conn.db.things.insert_one({"_id": 1})
    await conn.db.things.update_one({"_id": 1}, {"$set": {"n": 1}}, session=session)
    await conn.db.things.insert_one({"_id": 5}, session=session)
    documents = ({"_id": own} for own in (4, 5))
    await asyncio.gather(_end_soon(session, "abort_transaction"), conn.db.things.insert_many(documents))
    assert await ids(conn.db.things) == [1, 4, 5]


@pytest.mark.usefixtures("short_patience")
async def test_a_task_does_not_wait_for_ever() -> None:
    conn = mim.AsyncConnection()
    await _held(conn)
    with pytest.raises(OperationFailure) as caught:
        await conn.db.things.update_one({"_id": 1}, {"$inc": {"n": 1}})
    assert caught.value.code == 112
    with pytest.raises(OperationFailure) as caught:
        await conn.drop_database("db")
    assert caught.value.code == 24
    with pytest.raises(ExecutionTimeout):
        await conn.db.command({"drop": "things", "maxTimeMS": 10})


async def test_the_loop_goes_on_meanwhile() -> None:
    conn = mim.AsyncConnection()
    session = await _held(conn)
    ticks = []

    async def tick() -> None:
        while session.in_transaction:
            ticks.append(1)
            await asyncio.sleep(0.001)

    await asyncio.gather(_end_soon(session, "abort_transaction"), tick(), conn.db.things.delete_many({}))
    assert len(ticks) > 3


@pytest.mark.parametrize("method", ["drop_all", "clear_all"])
async def test_resetting_ends_what_is_open(conn: Any, coll: Any, method: str) -> None:
    await coll.insert_one({"_id": 1})
    session = conn.start_session()
    await session.start_transaction()
    await coll.update_one({"_id": 1}, {"$set": {"n": 1}}, session=session)
    await getattr(conn, method)()
    assert await ids(coll) == []
    with pytest.raises(OperationFailure):
        await session.commit_transaction()
