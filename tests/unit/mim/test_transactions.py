"""Transactions of the engine: snapshots, conflicts, commits, and what cannot be part of one.

Expected codes and messages came from a server; `tests/differential/test_mim_transactions.py` compares more.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
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

from ming.mim.commands.core import Engine
from ming.mim.storage import open_transactions, transaction
from ming.mim.storage.journal import Change
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


@pytest.fixture
def b(engine: Engine) -> Client:
    """Another one."""
    made = Client(engine).begin()
    made(FIND)
    return made


# -- snapshots ----------------------------------------------------------------------------------------


def test_a_transaction_sees_the_store_as_of_its_first_command(a: Client, outside: Any) -> None:
    outside(insert(3, k=0))
    outside(update(1, {"$set": {"k": 7}}))
    outside(delete(2))
    assert a.ids() == [1, 2]
    assert a.ids(k=0) == [1, 2]
    assert a({"distinct": "c", "key": "k"})["values"] == [0]
    assert found(outside(FIND)) == [1, 3]
    assert a.commit() == {"ok": 1.0}


def test_it_sees_what_it_has_written_and_others_do_not(a: Client, b: Client, outside: Any) -> None:
    a(insert(3, k=5))
    a(update(1, {"$set": {"k": 5}}))
    a(delete(2))
    assert a.ids() == [1, 3]
    assert a.ids(k=5) == [1, 3]
    assert b.ids(k=0) == found(outside({**FIND, "filter": {"k": 0}})) == [1, 2]
    assert b.ids(k=5) == []
    a.commit()
    assert found(outside({**FIND, "filter": {"k": 5}})) == [1, 3]
    assert b.ids() == [1, 2]


def test_documents_come_in_the_order_they_were_inserted_in(a: Client, b: Client, outside: Any) -> None:
    a(insert(10))
    outside(insert(11))
    b(insert(12))
    outside(insert(13))
    b.commit()
    a.commit()
    assert found(outside(FIND)) == [1, 2, 10, 11, 12, 13]


def test_what_joins_sees_the_same(a: Client, outside: Any) -> None:
    outside(insert(3))
    stages = [
        {"$match": {"_id": 1}},
        {"$lookup": {"from": "c", "pipeline": [{"$project": {"_id": 1}}], "as": "all"}},
    ]
    reply = a({"aggregate": "c", "pipeline": stages, "cursor": {}})
    assert reply["cursor"]["firstBatch"][0]["all"] == [{"_id": 1}, {"_id": 2}]


def test_an_open_cursor_goes_on(a: Client) -> None:
    cursor = a({**FIND, "batchSize": 1})["cursor"]["id"]
    a(insert(3))
    reply = a({"getMore": cursor, "collection": "c"})
    assert [document["_id"] for document in reply["cursor"]["nextBatch"]] == [2]


def test_nothing_is_copied_for_a_transaction_that_reads(
    engine: Engine, a: Client, b: Client, outside: Any
) -> None:
    base = engine._store.database("db").collections["c"]
    forks: list[Any] = []
    original = type(base).fork
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(base), "fork", lambda self, *args: forks.append(self) or original(self, *args))
        a(FIND)
        assert forks == []
        for _ in range(3):
            outside(update(1))
        # One copy is enough for both, and for every change.
        assert forks == [base]
        a(update(2))
        a(update(2))
        assert len(forks) == 2


# -- conflicts ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (update(1), update(1)),
        (update(1), delete(1)),
        (delete(1), update(1)),
        (insert(3), insert(3)),
        (insert(3, u=9), insert(4, u=9)),
        (update(1, {"$set": {"u": 9}}), insert(4, u=9)),
        (insert(3), {"update": "c", "updates": [{"q": {"_id": 3}, "u": {"$set": {"k": 1}}, "upsert": True}]}),
        (update(2), {"update": "c", "updates": [{"q": {}, "u": {"$inc": {"n": 1}}, "multi": True}]}),
        (update(1), {"findAndModify": "c", "query": {"_id": 1}, "remove": True}),
    ],
)
@pytest.mark.parametrize("committed", [False, True])
def test_who_comes_second_has_a_conflict(
    a: Client, b: Client, outside: Any, first: Document, second: Document, committed: bool
) -> None:
    a(first)
    if committed:
        a.commit()
    error = fails(112, b, second)
    assert error.details["errorLabels"] == TRANSIENT
    assert fails(251, b, FIND).details["errorLabels"] == TRANSIENT
    if not committed:
        a.commit()
    assert outside(FIND)["cursor"]["firstBatch"] != []


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (update(1), update(2)),
        (update(1), update(1, {"$set": {"u": 1}})),
        (update(1), insert(3, k=0)),
        (insert(3, k=0), insert(4, k=0)),
        (delete(1), insert(3, u=7)),
    ],
)
def test_what_does_not_concern_the_same_is_no_conflict(
    a: Client, b: Client, first: Document, second: Document
) -> None:
    a(first)
    b(second)
    assert b.commit() == a.commit() == {"ok": 1.0}


@pytest.mark.parametrize("first", [delete(1), update(1, {"$set": {"u": 9}})])
def test_a_key_that_the_snapshot_has_is_taken(a: Client, outside: Any, first: Document) -> None:
    outside(first)
    reply = a(insert(1) if "delete" in first else insert(3, u=1))
    assert reply["writeErrors"][0]["code"] == 11000
    fails(251, a, FIND)


def test_a_key_of_ones_own_can_be_moved(a: Client, outside: Any) -> None:
    a(delete(1))
    a(insert(1, u=1))
    a(update(2, {"$unset": {"u": 1}}))
    a(update(1, {"$set": {"u": 2}}))
    a(update(2, {"$set": {"u": 1}}))
    a.commit()
    assert found(outside({**FIND, "filter": {"u": 1}})) == [2]
    assert found(outside({**FIND, "filter": {"u": 2}})) == [1]
    assert found(outside({**FIND, "filter": {"_id": 1}})) == [1]
    fails_to_insert = outside(insert(7, u=2))
    assert fails_to_insert["writeErrors"][0]["code"] == 11000


def test_two_transactions_cannot_create_the_same_collection(a: Client, b: Client, outside: Any) -> None:
    a(insert(1, into="new"))
    b(insert(1, into="new"))
    a.commit()
    assert fails(112, b.commit).details["errorLabels"] == TRANSIENT
    assert found(outside({"find": "new"})) == [1]


@pytest.mark.parametrize(
    "command",
    [
        {"find": "new"},
        insert(1, into="new"),
        {"createIndexes": "new", "indexes": [{"key": {"a": 1}, "name": "a"}]},
    ],
)
def test_a_newer_collection_is_not_available(a: Client, outside: Any, command: Document) -> None:
    outside({"create": "new"})
    assert fails(246, a, command).details["errorLabels"] == TRANSIENT


def test_a_collection_indexed_since_can_only_be_read(engine: Engine, outside: Any) -> None:
    outside({"create": "d"})
    client = Client(engine).begin()
    client(FIND)
    outside({"createIndexes": "d", "indexes": [{"key": {"a": 1}, "name": "a_1"}]})
    assert client({"find": "d"})["cursor"]["firstBatch"] == []
    fails(112, client, insert(1, into="d"))


def test_a_dropped_collection_is_gone(engine: Engine, outside: Any) -> None:
    outside(insert(1, into="d"))
    client = Client(engine).begin()
    client(FIND)
    outside(insert(2, into="d"))
    outside({"drop": "d"})
    assert client({"find": "d"})["cursor"]["firstBatch"] == []


# -- commands outside ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("inside", "command"),
    [
        (update(1), update(1)),
        (update(2), {"update": "c", "updates": [{"q": {}, "u": {"$inc": {"n": 1}}, "multi": True}]}),
        (update(2), {"update": "c", "updates": update(1)["updates"] + update(2)["updates"]}),
        (update(2), {"delete": "c", "deletes": [{"q": {}, "limit": 0}]}),
        (update(1), {"findAndModify": "c", "query": {"_id": 1}, "remove": True}),
        (insert(3), insert(4, 3)),
        (insert(3, u=9), insert(4, u=9)),
        (update(1), {"aggregate": "c", "pipeline": [{"$set": {"k": 1}}, {"$merge": "c"}], "cursor": {}}),
    ],
)
def test_a_write_outside_waits_and_leaves_nothing_meanwhile(
    a: Client, outside: Any, inside: Document, command: Document
) -> None:
    before = outside(FIND)
    a(inside)
    with pytest.raises(Busy) as caught:
        outside(command)
    assert caught.value.code == 112
    assert not caught.value.holder.ended.is_set()
    assert outside(FIND) == before
    a.abort()
    assert caught.value.holder.ended.is_set()
    outside(command)
    assert outside(FIND) != before


@pytest.mark.parametrize(
    "command",
    [
        {"drop": "c"},
        {"dropDatabase": 1},
        {"createIndexes": "c", "indexes": [{"key": {"a": 1}, "name": "a_1"}]},
        {"dropIndexes": "c", "index": "*"},
        {"collMod": "c", "validator": {"n": {"$exists": False}}},
    ],
)
@pytest.mark.parametrize("inside", [FIND, update(1)])
def test_a_collection_in_use_keeps_its_shape(
    a: Client, outside: Any, inside: Document, command: Document
) -> None:
    outside(insert(1, into="other"))
    a(inside)
    with pytest.raises(Busy) as caught:
        outside(command)
    assert caught.value.code == 24
    assert found(outside({"find": "other"})) == [1]
    a.commit()
    outside(command)


def test_renaming_waits(engine: Engine, a: Client) -> None:
    rename = {"renameCollection": "db.c", "to": "db.d"}
    with pytest.raises(Busy):
        engine.command("admin", rename)
    a.commit()
    engine.command("admin", rename)


@pytest.mark.parametrize(
    "command",
    [
        update(1, {"$set": {"u": 1}}),
        update(2),
        insert(1),
        {"count": "c"},
        {"listIndexes": "c"},
        {"listCollections": 1},
        {"createIndexes": "c", "indexes": [{"key": {"k": 1}, "name": "k_1"}]},
        {"drop": "other"},
    ],
)
def test_others_need_not_wait(a: Client, outside: Any, command: Document) -> None:
    outside({"create": "other"})
    a(update(1))
    assert outside(command)["ok"] == 1.0


def test_documents_expire_only_when_nobody_holds_them(engine: Engine, outside: Any) -> None:
    clock = [datetime(2020, 1, 1)]
    engine = Engine(now=lambda: clock[0])
    engine.command("db", {"insert": "c", "documents": [{"_id": own, "at": clock[0]} for own in (1, 2)]})
    index = {"key": {"at": 1}, "name": "at_1", "expireAfterSeconds": 1}
    engine.command("db", {"createIndexes": "c", "indexes": [index]})
    client = Client(engine).begin()
    client(update(1))
    clock[0] += timedelta(seconds=5)
    assert found(engine.command("db", FIND)) == [1]
    client.abort()
    clock[0] += timedelta(seconds=5)
    assert found(engine.command("db", FIND)) == []


# -- the end ------------------------------------------------------------------------------------------


@pytest.fixture
def batches(engine: Engine) -> list[Sequence[Change]]:
    seen: list[Sequence[Change]] = []
    engine.follow(seen.append)
    return seen


def test_followers_get_a_transaction_as_one_batch(
    engine: Engine, a: Client, outside: Any, batches: list[Sequence[Change]]
) -> None:
    a(insert(3))
    a(update(3))
    a(update(3))
    a(delete(1))
    a(insert(1, into="new"))
    assert batches == []
    a.commit()
    (batch,) = batches
    kinds = [change.kind for change in batch]
    assert kinds == ["insert", "update", "update", "delete", "create", "insert"]
    collections = engine._store.database("db").collections
    assert {change.target for change in batch} == {collections["c"], collections["new"]}
    outside(update(3))
    outside(insert(2, into="new"))
    assert [len(each) for each in batches] == [6, 1, 1]


def test_an_aborted_transaction_leaves_nothing(
    a: Client, outside: Any, batches: list[Sequence[Change]]
) -> None:
    before = outside(FIND)
    a(update(1))
    a(insert(3))
    a(insert(1, into="new"))
    a.abort()
    assert (outside(FIND), batches) == (before, [])
    assert [each["name"] for each in outside({"listCollections": 1})["cursor"]["firstBatch"]] == ["c"]


def test_a_follower_may_refuse_a_commit(engine: Engine, a: Client, outside: Any) -> None:
    class Full(Exception):
        """There is no room."""

    def refuse(changes: Sequence[Change]) -> None:
        raise Full

    before = outside(FIND)
    a(delete(1))
    a(insert(1, u=1))
    a(update(2))
    a(insert(1, into="new"))
    unfollow = engine.follow(refuse)
    with pytest.raises(Full):
        a.commit()
    unfollow()
    assert outside(FIND) == before
    assert found(outside({**FIND, "filter": {"u": 1}})) == [1]
    assert [each["name"] for each in outside({"listCollections": 1})["cursor"]["firstBatch"]] == ["c"]
    fails(251, a.commit)
    outside(update(1))


def test_a_created_collection_lives_on(a: Client, outside: Any) -> None:
    a({"create": "new"})
    a({"createIndexes": "new", "indexes": [{"key": {"a": 1}, "name": "a_1", "unique": True}]})
    a(insert(1, into="new", a=1))
    assert found(a({"find": "new", "filter": {"a": 1}})) == [1]
    assert outside({"find": "new"})["cursor"]["firstBatch"] == []
    a.commit()
    assert outside(insert(2, into="new", a=1))["writeErrors"][0]["code"] == 11000
    assert outside(insert(2, into="new", a=2))["n"] == 1
    outside({"drop": "new"})


def test_a_transaction_lasts_a_minute(engine: Engine, outside: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transaction, "LIFETIME", 0.0)
    held, idle = Client(engine).begin(), Client(engine).begin()
    held(update(1))
    idle(update(2))
    outside(update(1))
    for client in held, idle:
        assert fails(251, client, FIND).details["errorLabels"] == TRANSIENT
    assert engine._store.transactions.active is False
    assert open_transactions.LIFETIME == 60.0


def test_repeated_copies_do_not_disturb_each_other(engine: Engine, outside: Any) -> None:
    for own in range(10, 20):
        outside(insert(own, k=own % 2))
    for turn in range(5):
        keep, drop = Client(engine).begin(), Client(engine).begin()
        keep(update(10 + turn, {"$set": {"k": 7}}))
        drop(update(15 + turn, {"$set": {"k": 7}}))
        outside(update(1, {"$set": {"k": turn + 20}}))
        drop.abort()
        keep.commit()
        by_index = found(outside({**FIND, "filter": {"k": 7}}))
        assert by_index == [10 + each for each in range(turn + 1)]
        assert found(outside({**FIND, "filter": {"k": turn + 20}})) == [1]
        untouched = [own for own in range(11 + turn, 20) if own % 2 == 0]
        assert found(outside({**FIND, "filter": {"k": 0}})) == [2, *untouched]


# -- what cannot be part of a transaction -------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (
            {"count": "c"},
            "Cannot run 'count' in a multi-document transaction. Please see"
            " http://dochub.mongodb.org/core/transaction-count for a recommended alternative.",
        ),
        ({"listCollections": 1}, "Cannot run 'listCollections' in a multi-document transaction."),
        ({"listIndexes": "c"}, "Cannot run 'listIndexes' in a multi-document transaction."),
        ({"drop": "c"}, "Cannot run 'drop' in a multi-document transaction."),
        ({"dropIndexes": "c", "index": "*"}, "Cannot run 'dropIndexes' in a multi-document transaction."),
        ({"collstats": "c"}, "Cannot run 'collStats' in a multi-document transaction."),
        ({"explain": FIND}, "Cannot run 'explain' in a multi-document transaction."),
        ({"endSessions": []}, "Cannot run 'endSessions' in a multi-document transaction."),
        ({"ping": 1}, "This command is not supported in transactions"),
        ({"buildInfo": 1}, "This command is not supported in transactions"),
        (
            {"find": "system.profile"},
            "Cannot run command against the 'db.system.profile' collection in a transaction.",
        ),
    ],
)
def test_commands_refused_beforehand(a: Client, command: Document, message: str) -> None:
    assert str(fails(263, a, command)) == message
    # The transaction has not heard of it.
    assert a.ids() == [1, 2]
    assert str(fails(263, a.begin(), command)) == message
    fails(251, a, FIND)


NEW_INDEX = {"key": {"z": 1}, "name": "z_1"}


@pytest.mark.parametrize(
    ("code", "command", "message"),
    [
        (
            263,
            {"createIndexes": "c", "indexes": [NEW_INDEX]},
            "Cannot create new indexes on existing collection db.c in",
        ),
        (263, {"create": "v", "viewOn": "c"}, "Cannot create a view in a multi-document transaction."),
        (263, {"create": "t", "timeseries": {"timeField": "t"}}, "Cannot create a time-series collection in"),
        (72, {"find": "c", "tailable": True}, "It is illegal to open a tailable cursor in a transaction"),
        (48, {"create": "c"}, "Collection db.c already exists."),
        (
            50791,
            {"insert": "system.js", "documents": [{}]},
            "Cannot write to system collection db.system.js within a",
        ),
    ],
)
def test_commands_that_abort(a: Client, code: int, command: Document, message: str) -> None:
    assert str(fails(code, a, command)).startswith(message)
    fails(251, a, FIND)


@pytest.mark.parametrize(
    ("stage", "message"),
    [
        ({"$out": "d"}, "$out cannot be used in a transaction"),
        ({"$merge": "d"}, "$merge cannot be used in a transaction"),
        ({"$unionWith": "d"}, "Stage not supported inside of a multi-document transaction: $unionWith"),
        (
            {"$facet": {"a": [{"$unionWith": "d"}]}},
            "Stage not supported inside of a multi-document transaction: $unionWith",
        ),
        (
            {"$planCacheStats": {}},
            "Operation not permitted in transaction :: caused by :: Aggregation stage $planCacheStats cannot run within"
            " a multi-document transaction.",
        ),
    ],
)
def test_stages_that_abort(a: Client, stage: Document, message: str) -> None:
    assert str(fails(263, a, {"aggregate": "c", "pipeline": [stage], "cursor": {}})) == message
    fails(251, a, FIND)


def test_indexes_over_documents_are_not_for_transactions(a: Client) -> None:
    a(insert(1, into="new"))
    error = fails(263, a, {"createIndexes": "new", "indexes": [NEW_INDEX]})
    assert (
        str(error)
        == "Cannot create new indexes on non-empty collection db.new in a multi-document transaction."
    )


def test_an_index_that_is_there_is_no_new_one(a: Client) -> None:
    reply = a({"createIndexes": "c", "indexes": [{"key": {"k": 1}, "name": "k_1"}]})
    assert reply["note"] == "all indexes already exist"


def test_capped_collections_cannot_be_written(engine: Engine, outside: Any) -> None:
    outside({"create": "cap", "capped": True, "size": 4096})
    client = Client(engine).begin()
    (error,) = client(insert(1, into="cap"))["writeErrors"]
    assert error["code"] == 263
    fails(251, client, FIND)


@pytest.mark.parametrize("ordered", [True, False])
def test_a_batch_stops_at_the_first_error(a: Client, ordered: bool) -> None:
    reply = a({**insert(7, 1, 8), "ordered": ordered})
    assert (reply["n"], reply["writeErrors"][0]["index"]) == (1, 1)
    fails(251, a, FIND)


def test_databases_without_transactions(a: Client) -> None:
    assert (
        str(fails(263, a, FIND, "local"))
        == "Cannot run command against the 'local' database in a transaction."
    )
    assert (
        str(fails(263, a, FIND, "config"))
        == "Cannot run command against the config database in a transaction."
    )


def test_concerns(engine: Engine, a: Client) -> None:
    fails(72, a, {**insert(3), "writeConcern": {"w": 1}})
    fails(72, a, {**FIND, "writeConcern": {"w": 1}})
    fails(72, a, {**FIND, "readConcern": {"level": "local"}})
    assert a({**FIND, "readConcern": {}})["ok"] == 1.0
    for level, code in [("available", 72), ("linearizable", 72), ("nonsense", 9)]:
        fails(code, Client(engine).begin(), {**FIND, "readConcern": {"level": level}})
    for level in "local", "majority", "snapshot":
        assert Client(engine).begin()({**FIND, "readConcern": {"level": level}})["ok"] == 1.0
