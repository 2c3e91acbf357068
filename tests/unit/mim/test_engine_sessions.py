"""Sessions of the engine: numbers of transactions and of retryable writes, and snapshots for reading.

Expected codes and messages came from a server.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from bson import Binary, Int64, Timestamp
from unit.mim.transaction_clients import (
    FIND,
    TRANSIENT,
    Client,
    Document,
    delete,
    fails,
    filled_engine,
    found,
    insert,
    update,
)

from ming.mim.commands import sessions
from ming.mim.commands.core import Engine
from ming.mim.storage.open_transactions import Busy


@pytest.fixture
def engine() -> Engine:
    return filled_engine()


@pytest.fixture
def outside(engine: Engine) -> Callable[[Document], Document]:
    return lambda command: engine.command("db", command)


@pytest.fixture
def a(engine: Engine) -> Client:
    """A session in the middle of a transaction."""
    made = Client(engine).begin()
    made(FIND)
    return made


# -- numbers ------------------------------------------------------------------------------------------

LSID = {"id": Binary(b"1" * 16, 4)}
NUMBER = Int64(1)


def fields(**given: Any) -> Document:
    return {"lsid": LSID, "txnNumber": NUMBER, **given}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"autocommit": False}, "'autocommit' field requires a transaction number to also be specified"),
        ({"txnNumber": NUMBER}, "Transaction number requires a session ID to also be specified"),
        (
            {"lsid": LSID, "startTransaction": True},
            "'startTransaction' field requires a transaction number to also",
        ),
        (fields(autocommit=True), "Specifying autocommit=true is not allowed."),
        (
            fields(startTransaction=True),
            "'startTransaction' field requires 'autocommit' field to also be specified",
        ),
        (
            fields(startTransaction=False, autocommit=False),
            "Specifying startTransaction=false is not allowed.",
        ),
        (fields(txnNumber=Int64(-1)), "Transaction number cannot be negative"),
    ],
)
def test_fields_that_do_not_go_together(outside: Any, given: Document, message: str) -> None:
    assert str(fails(72, outside, {**FIND, **given})).startswith(message)


@pytest.mark.parametrize(
    ("code", "given", "message"),
    [
        (14, fields(txnNumber=1), "txnNumber' is the wrong type 'int', expected type 'long'"),
        (14, fields(autocommit=1), "autocommit' is the wrong type 'int', expected type 'bool'"),
        (14, {"lsid": 5}, "lsid' is the wrong type 'int', expected type 'object'"),
        (40414, {"lsid": {}}, "lsid.id' is missing but a required field"),
        (40415, {"lsid": {**LSID, "x": 1}}, "lsid.x' is an unknown field."),
        (14, {"lsid": {"id": 5}}, "lsid.id' is the wrong type 'int', expected type 'binData'"),
        (
            14,
            {"lsid": {"id": Binary(b"1" * 16, 3)}},
            "lsid.id' is the wrong binData type 'UUID(deprecated)', expected type 'UUID'",
        ),
    ],
)
def test_fields_of_wrong_types(outside: Any, code: int, given: Document, message: str) -> None:
    assert str(fails(code, outside, {**FIND, **given})) == f"BSON field 'OperationSessionInfo.{message}"


def test_numbers_that_stand_for_nothing(engine: Engine, outside: Any) -> None:
    # Older drivers do not even decode this one.
    error = fails(207, engine.perform, "db", {**FIND, "lsid": {"id": Binary(b"1", 4)}})
    assert str(error) == "uuid must be a 16-byte binary field with UUID (4) subtype"
    error = fails(50768, outside, {**FIND, **fields()})
    assert str(error).endswith(
        "autocommit:false was not provided, and find is not a retryable write command."
    )
    fails(50889, outside, {"ping": 1, **fields()})


def test_numbers_grow(engine: Engine, a: Client) -> None:
    a._starts = True
    fails(117, a, FIND)
    a.begin()(FIND)
    a.number = 1
    assert (
        "because a newer transaction with txnNumberAndRetryCounter { txnNumber: 2, txnRetryCounter: 0 }"
        in str(fails(225, a, FIND))
    )
    a.number = 9
    assert str(fails(251, a, FIND)) == (
        "Given transaction number 9 does not match any in-progress transactions. The active transaction number is 2"
    )
    a.number = 2
    assert a.commit() == a.commit() == {"ok": 1.0}
    assert str(fails(256, a.abort)) == "Transaction with { txnNumber: 2 } has been committed."
    fails(256, a, FIND)
    a.begin()(FIND)
    a.abort()
    for command in a.abort, a.commit:
        assert str(fails(251, command)) == "Transaction with { txnNumber: 3 } has been aborted."


def test_a_new_transaction_aborts_the_open_one(a: Client, outside: Any) -> None:
    a(update(1))
    a.begin()(FIND)
    outside(update(1))
    assert a.ids() == [1, 2]


def test_ending_what_is_not_there(engine: Engine, a: Client) -> None:
    for name in "commitTransaction", "abortTransaction":
        fails(125, engine.command, "admin", {name: 1})
        fails(125, engine.command, "admin", {name: 1, "lsid": LSID})
        fails(13, a, {name: 1}, "db")
        fails(263, Client(engine).begin(), {name: 1}, "admin")
        assert fails(251, Client(engine), {name: 1}, "admin").details["errorLabels"] == TRANSIENT
    fails(40415, a, {"commitTransaction": 1, "nonsense": 1}, "admin")
    assert a({"commitTransaction": 1, "recoveryToken": {}, "maxTimeMS": 5}, "admin") == {"ok": 1.0}


# -- retryable writes ---------------------------------------------------------------------------------


def test_a_write_is_done_once(engine: Engine, outside: Any) -> None:
    client = Client(engine)
    assert client.write(update(1), 1) == {"n": 1, "nModified": 1, "ok": 1.0}
    assert client.write(update(1), 1) == {"n": 1, "nModified": 1, "retriedStmtIds": [0], "ok": 1.0}
    assert outside({**FIND, "filter": {"_id": 1}})["cursor"]["firstBatch"][0]["n"] == 1
    assert "because a newer retryable write with txnNumber 1" in str(fails(225, client.write, update(1), 0))


def test_what_was_not_done_is_done_the_second_time(engine: Engine) -> None:
    client = Client(engine)
    reply = client.write(insert(20, 21, 1, 22), 1)
    assert (reply["n"], [error["index"] for error in reply["writeErrors"]]) == (2, [2])
    reply = client.write(insert(20, 21, 23), 1)
    assert (reply["n"], reply["retriedStmtIds"]) == (3, [0, 1])
    assert client.write(delete(99), 2)["n"] == 0
    assert client.write(insert(24), 2)["n"] == 1
    assert client.write({**insert(25, 26), "stmtIds": [3, 4]}, 3)["n"] == 2
    reply = client.write({**insert(24, 26), "stmtIds": [2, 4], "ordered": False}, 3)
    assert (reply["n"], reply["retriedStmtIds"]) == (1, [4])
    upsert = {"update": "c", "updates": [{"q": {"_id": 60}, "u": {"$set": {"k": 1}}, "upsert": True}]}
    assert (
        client.write(upsert, 4)["upserted"]
        == client.write(upsert, 4)["upserted"]
        == [{"index": 0, "_id": 60}]
    )


def test_find_and_modify_gives_what_it_gave(engine: Engine) -> None:
    client = Client(engine)
    command = {"findAndModify": "c", "query": {"_id": 1}, "update": {"$inc": {"n": 1}}, "new": True}
    first = client.write(command, 1)
    again = client.write(command, 1)
    assert again == {**first, "retriedStmtId": 0}
    fails(40606, client.write, {"findAndModify": "c", "query": {"_id": 1}, "remove": True}, 1)
    client.write(update(1), 2)
    fails(40607, client.write, command, 2)


def test_writes_of_many_documents_cannot_be_retried(engine: Engine) -> None:
    many = {"update": "c", "updates": [{"q": {}, "u": {"$set": {"k": 1}}, "multi": True}]}
    for command in many, {"delete": "c", "deletes": [{"q": {}, "limit": 0}]}:
        (error,) = Client(engine).write(command, 1)["writeErrors"]
        assert error["code"] == 72


def test_a_write_that_had_to_wait_was_not_done(engine: Engine, a: Client) -> None:
    a(update(2))
    client = Client(engine)
    command = {"update": "c", "updates": update(1)["updates"] + update(2)["updates"]}
    with pytest.raises(Busy):
        client.write(command, 1)
    a.commit()
    assert client.write(command, 1) == {"n": 2, "nModified": 2, "ok": 1.0}


def test_numbers_are_those_of_writes_or_of_transactions(engine: Engine, a: Client) -> None:
    fails(217, a.write, insert(50), a.number)
    a.write(insert(51), a.number + 1)
    assert "newer retryable write with txnNumberAndRetryCounter" in str(fails(225, a, FIND))
    a.begin()
    fails(117, a, FIND)
    fails(251, a, FIND)


# -- sessions -----------------------------------------------------------------------------------------


def test_sessions_have_numbers(engine: Engine) -> None:
    reply = engine.command("db", {"startSession": 1})
    assert reply["timeoutMinutes"] == 30
    assert engine.command("db", {**FIND, "lsid": reply["id"]})["ok"] == 1.0
    assert engine.command("db", {"refreshSessions": [reply["id"]]}) == {"ok": 1.0}
    fails(14, engine.command, "db", {"endSessions": 5})
    fails(14, engine.command, "db", {"killSessions": [{"id": 1}]})


@pytest.mark.parametrize("name", ["endSessions", "killSessions", "killAllSessions"])
def test_who_ends_a_session_aborts_its_transaction(
    engine: Engine, a: Client, outside: Any, name: str
) -> None:
    a(update(1))
    outside({name: [] if name == "killAllSessions" else [a.lsid]})
    outside(update(1))
    fails(251, a, FIND)


def test_sessions_are_forgotten_after_a_while(
    engine: Engine, a: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    a(update(1))
    monkeypatch.setattr(sessions, "SESSION_MINUTES", -1)
    Client(engine).begin()(FIND)
    assert len(engine._sessions._sessions) == 1


# -- snapshots for reading ----------------------------------------------------------------------------


def read_at(engine: Engine, lsid: Document, moment: Timestamp | None, command: Document = FIND) -> Document:
    concern = {"level": "snapshot", **({} if moment is None else {"atClusterTime": moment})}
    return engine.command("db", {**command, "lsid": lsid, "readConcern": concern})


def test_reading_from_a_snapshot(engine: Engine, outside: Any) -> None:
    reply = read_at(engine, LSID, None)
    moment = reply["cursor"]["atClusterTime"]
    outside(insert(3))
    outside({"create": "new"})
    assert found(read_at(engine, LSID, moment)) == [1, 2]
    distinct = read_at(engine, LSID, moment, {"distinct": "c", "key": "_id"})
    assert (distinct["values"], distinct["atClusterTime"]) == ([1, 2], moment)
    fails(246, read_at, engine, LSID, moment, {"find": "new"})
    # Nobody waits for a reader.
    outside({"drop": "c"})
    assert found(read_at(engine, LSID, moment)) == []
    assert found(read_at(engine, LSID, None)) == []
    fails(239, read_at, engine, LSID, moment)


def test_not_everything_reads_from_snapshots(engine: Engine) -> None:
    for command in {"count": "c"}, insert(9), {"listCollections": 1}:
        assert "read concern" in str(fails(72, read_at, engine, LSID, None, command))
    fails(
        14,
        engine.command,
        "db",
        {**FIND, "lsid": LSID, "readConcern": {"level": "snapshot", "atClusterTime": 5}},
    )
    fails(
        72,
        engine.command,
        "db",
        {**FIND, "readConcern": {"level": "local", "atClusterTime": Timestamp(1, 1)}},
    )
    fails(9, engine.command, "db", {**FIND, "readConcern": {"level": "nonsense"}})
    assert found(engine.command("db", {**FIND, "readConcern": {"level": "snapshot"}})) == [1, 2]
