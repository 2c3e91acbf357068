"""Results in batches: when a cursor stays open, what getMore and killCursors answer, and when cursors end.

Expected values are a MongoDB 6.0 server's.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from bson import Binary, Decimal128, Int64

from ming.mim.commands.core import Engine
from ming.mim.commands.cursors import BATCH_BYTES, Results
from ming.mim.data.errors import CommandError

Document = dict[str, Any]

HERE = {"id": Binary(b"1" * 16, 4)}
ELSEWHERE = {"id": Binary(b"2" * 16, 4)}


class Clock:
    """A clock that goes when told."""

    def __init__(self) -> None:
        self.now = datetime(2024, 1, 1)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def engine(clock: Clock) -> Engine:
    """An engine with the numbers 0 to 9."""
    made = Engine(now=clock)
    made.command("db", {"insert": "c", "documents": [{"_id": at, "a": at % 3} for at in range(10)]})
    return made


def refusal(engine: Engine, command: Document, database: str = "db") -> CommandError:
    with pytest.raises(CommandError) as caught:
        engine.command(database, command)
    return caught.value


def opened(engine: Engine, **options: Any) -> Int64:
    """Open a cursor after two documents and return its number."""
    cursor = engine.command("db", {"find": "c", "batchSize": 2, **options})["cursor"]
    assert len(cursor["firstBatch"]) == 2
    number = cursor["id"]
    assert isinstance(number, Int64)
    assert number
    return number


def more(engine: Engine, number: Int64, **options: Any) -> Document:
    reply: Document = engine.command("db", {"getMore": number, "collection": "c", **options})["cursor"]
    return reply


# -- the first batch ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "size", "open_after"),
    [
        ({}, 10, False),
        ({"batchSize": None}, 10, False),
        ({"batchSize": 0}, 0, True),
        ({"batchSize": 3}, 3, True),
        ({"batchSize": 2.7}, 2, True),
        ({"batchSize": Decimal128("2.5")}, 2, True),
        ({"batchSize": 1e300}, 10, False),
        ({"batchSize": float("nan")}, 0, True),
        # That nothing more comes shows only when it is asked for ...
        ({"batchSize": 10}, 10, True),
        ({"batchSize": 11}, 10, False),
        ({"batchSize": 5, "skip": 5}, 5, True),
        ({"batchSize": 10, "sort": {"x": 1}}, 10, True),
        ({"batchSize": 1, "filter": {"_id": {"$in": [1]}}}, 1, True),
        ({"batchSize": 1, "filter": {"_id": 1}, "hint": "_id_"}, 1, True),
        # ... unless a limit has been reached, or there can be one document only.
        ({"batchSize": 3, "limit": 3}, 3, False),
        ({"batchSize": 3, "limit": 5}, 3, True),
        ({"batchSize": 0, "limit": 1}, 0, True),
        ({"batchSize": 1, "filter": {"_id": 1}}, 1, False),
        ({"batchSize": 0, "filter": {"_id": 1}}, 0, True),
        ({"singleBatch": True}, 10, False),
        ({"singleBatch": True, "batchSize": 2}, 2, False),
        ({"singleBatch": True, "batchSize": 2, "limit": 5}, 2, False),
        ({"singleBatch": True, "batchSize": 0}, 0, False),
    ],
)
def test_first_batch_of_find(engine: Engine, options: Document, size: int, open_after: bool) -> None:
    cursor = engine.command("db", {"find": "c", **options})["cursor"]
    assert (len(cursor["firstBatch"]), bool(cursor["id"])) == (size, open_after)
    assert isinstance(cursor["id"], Int64)


@pytest.mark.parametrize(
    ("options", "size", "open_after"),
    [
        ({}, 10, False),
        ({"batchSize": 0}, 0, True),
        ({"batchSize": 10}, 10, True),
        ({"batchSize": 11}, 10, False),
    ],
)
def test_first_batch_of_aggregate(engine: Engine, options: Document, size: int, open_after: bool) -> None:
    cursor = engine.command("db", {"aggregate": "c", "pipeline": [], "cursor": options})["cursor"]
    assert (len(cursor["firstBatch"]), bool(cursor["id"])) == (size, open_after)


@pytest.mark.parametrize("command", [{"listCollections": 1}, {"listIndexes": "c"}])
def test_first_batch_of_lists(engine: Engine, command: Document) -> None:
    for size in (0, 1):
        cursor = engine.command("db", {**command, "cursor": {"batchSize": size}})["cursor"]
        assert (len(cursor["firstBatch"]), bool(cursor["id"])) == (size, not size)


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ({"find": "c", "batchSize": -1}, 51024),
        ({"find": "c", "batchSize": "x"}, 14),
        ({"find": "c", "batchSize": True}, 14),
        ({"find": "c", "awaitData": True}, 9),
        ({"find": "c", "tailable": True}, 2),
        ({"count": "c", "batchSize": 1}, 40415),
        ({"aggregate": "c", "pipeline": []}, 9),
        ({"aggregate": "c", "pipeline": [], "cursor": 1}, 14),
        ({"aggregate": "c", "pipeline": [], "cursor": {"x": 1}}, 40415),
        ({"aggregate": "c", "pipeline": [], "cursor": {"batchSize": -1}}, 51024),
        ({"aggregate": "c", "pipeline": [], "cursor": {}, "batchSize": 1}, 40415),
        ({"listIndexes": "c", "cursor": 5}, 14),
        ({"listIndexes": "c", "cursor": {"comment": 1}}, 40415),
    ],
)
def test_wrong_options(engine: Engine, command: Document, code: int) -> None:
    assert refusal(engine, command).code == code


# -- the next ones ------------------------------------------------------------------------------------


def test_get_more_until_the_end(engine: Engine) -> None:
    number = opened(engine)
    cursor = more(engine, number, batchSize=8)
    assert cursor == {
        "nextBatch": [{"_id": at, "a": at % 3} for at in range(2, 10)],
        "id": number,
        "ns": "db.c",
    }
    assert more(engine, number) == {"nextBatch": [], "id": 0, "ns": "db.c"}
    assert refusal(engine, {"getMore": number, "collection": "c"}).code == 43


def test_get_more_without_size_gives_everything(engine: Engine) -> None:
    for options in ({}, {"batchSize": 0}):
        cursor = more(engine, opened(engine), **options)
        assert (len(cursor["nextBatch"]), cursor["id"]) == (8, 0)


def test_a_limit_ends_get_more(engine: Engine) -> None:
    cursor = more(engine, opened(engine, limit=5), batchSize=3)
    assert (len(cursor["nextBatch"]), cursor["id"]) == (3, 0)


def test_a_cursor_gives_what_was_there_when_asked(engine: Engine) -> None:
    number = opened(engine)
    engine.command("db", {"delete": "c", "deletes": [{"q": {}, "limit": 0}]})
    assert [each["_id"] for each in more(engine, number)["nextBatch"]] == list(range(2, 10))


def test_batches_are_not_shared_with_the_store(engine: Engine) -> None:
    number = opened(engine)
    more(engine, number, batchSize=1)["nextBatch"][0]["a"] = "changed"
    assert engine.command("db", {"count": "c", "query": {"a": "changed"}})["n"] == 0


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"collection": "d"}, 13),
        ({"collection": 5}, 14),
        ({"collection": ""}, 73),
        ({"collection": None}, 40414),
        ({"batchSize": -1}, 51024),
        ({"batchSize": "x"}, 14),
        ({"maxTimeMS": 100}, 2),
        ({"foo": 1}, 40415),
        ({"awaitData": True}, 40415),
        ({"getMore": 5}, 14),
        ({"getMore": "x"}, 14),
        ({"getMore": Int64(0)}, 43),
        ({"getMore": Int64(-7)}, 43),
        ({"lsid": HERE}, 50736),
    ],
)
def test_wrong_get_more(engine: Engine, options: Document, code: int) -> None:
    number = opened(engine)
    error = refusal(engine, {"getMore": number, "collection": "c", **options})
    assert error.code == code
    assert len(more(engine, number)["nextBatch"]) == 8, "the cursor has gone on"


def test_a_cursor_belongs_to_its_database(engine: Engine) -> None:
    error = refusal(engine, {"getMore": opened(engine), "collection": "c"}, database="other")
    assert (error.code, error.errmsg) == (
        13,
        "Requested getMore on namespace 'other.c', but cursor belongs to a different namespace db.c",
    )


def test_a_cursor_belongs_to_its_session(engine: Engine) -> None:
    number = opened(engine, lsid=HERE)
    assert refusal(engine, {"getMore": number, "collection": "c"}).code == 50737
    assert refusal(engine, {"getMore": number, "collection": "c", "lsid": ELSEWHERE}).code == 50738
    assert len(more(engine, number, lsid=HERE)["nextBatch"]) == 8


def test_kill_cursors(engine: Engine) -> None:
    number = opened(engine)
    command = {"killCursors": "d", "cursors": [number, Int64(5), number]}
    assert engine.command("db", command) == {
        "cursorsKilled": [number],
        "cursorsNotFound": [5, number],
        "cursorsAlive": [],
        "cursorsUnknown": [],
        "ok": 1.0,
    }
    assert refusal(engine, {"getMore": number, "collection": "c"}).code == 43


@pytest.mark.parametrize(("cursors", "code"), [(None, 40414), (5, 14), ([5], 14), (["x"], 14)])
def test_wrong_kill_cursors(engine: Engine, cursors: Any, code: int) -> None:
    assert refusal(engine, {"killCursors": "c", "cursors": cursors}).code == code


# -- cursors that end by themselves -------------------------------------------------------------------


@pytest.mark.parametrize("drop", [{"drop": "c"}, {"dropDatabase": 1}])
def test_a_cursor_ends_with_its_collection(engine: Engine, drop: Document) -> None:
    number = opened(engine)
    engine.command("db", drop)
    engine.command("db", {"insert": "c", "documents": [{}]})
    error = refusal(engine, {"getMore": number, "collection": "c"})
    assert error.code == 175
    assert error.errmsg.startswith("collection dropped. UUID ")
    assert refusal(engine, {"getMore": number, "collection": "c"}).code == 43


def test_a_cursor_ends_with_the_name_of_its_collection(engine: Engine) -> None:
    number = opened(engine)
    engine.command("admin", {"renameCollection": "db.c", "to": "db.d"})
    error = refusal(engine, {"getMore": number, "collection": "c"})
    assert error.code == 175
    assert error.errmsg.startswith("collection renamed from 'db.c' to 'db.d'. UUID ")


@pytest.mark.parametrize(
    ("options", "minutes"),
    [({}, 10), ({"lsid": HERE}, 30), ({"lsid": HERE, "noCursorTimeout": True}, 30)],
)
def test_cursors_nobody_asks_for_end(engine: Engine, clock: Clock, options: Document, minutes: int) -> None:
    number = opened(engine, **options)
    session = {name: value for name, value in options.items() if name == "lsid"}
    for _ in range(2):
        clock.now += timedelta(minutes=minutes)
        assert more(engine, number, batchSize=1, **session)["nextBatch"]
    clock.now += timedelta(minutes=minutes, seconds=1)
    assert refusal(engine, {"getMore": number, "collection": "c", **session}).code == 43


def test_cursors_without_time_limit(engine: Engine, clock: Clock) -> None:
    number = opened(engine, noCursorTimeout=True)
    clock.now += timedelta(days=1)
    assert more(engine, number)["nextBatch"]


# -- sizes --------------------------------------------------------------------------------------------


def test_a_batch_holds_16_megabytes() -> None:
    engine = Engine()
    for at in range(20):
        engine.command("db", {"insert": "c", "documents": [{"_id": at, "b": "x" * (1024 * 1024 - 40)}]})
    cursor = engine.command("db", {"find": "c", "batchSize": 100})["cursor"]
    assert len(cursor["firstBatch"]) == 16
    cursor = more(engine, cursor["id"])
    assert (len(cursor["nextBatch"]), cursor["id"]) == (4, 0)


def test_a_batch_holds_one_document_of_any_size() -> None:
    results = Results([{"b": b"x" * BATCH_BYTES}, {"b": b"x" * BATCH_BYTES}])
    for exhausted in (False, True):
        assert len(results.next_batch(100, BATCH_BYTES)) == 1
        assert results.exhausted is exhausted
