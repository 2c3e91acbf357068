"""TTL indexes: which documents go, and when the engine looks."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from bson import ObjectId

from ming.mim.commands.core import Engine

Document = dict[str, Any]

START = datetime(2024, 1, 1)
OLD = START - timedelta(hours=1)
YOUNG = START + timedelta(hours=1)


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.time = START

    def __call__(self) -> datetime:
        return self.time

    def move(self, **by: float) -> None:
        self.time += timedelta(**by)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def engine(clock: Clock) -> Engine:
    return Engine(now=clock, new_id=ObjectId)


def index(engine: Engine, seconds: int, **options: Any) -> None:
    definition = {"key": {"at": 1}, "name": "at", "expireAfterSeconds": seconds, **options}
    engine.command("db", {"createIndexes": "c", "indexes": [definition]})


def insert(engine: Engine, *values: Any) -> None:
    documents = [{"_id": number, "at": value} for number, value in enumerate(values)]
    engine.command("db", {"insert": "c", "documents": documents})


def ids(engine: Engine) -> list[int]:
    return [document["_id"] for document in engine.command("db", {"find": "c"})["cursor"]["firstBatch"]]


@pytest.mark.parametrize(
    ("value", "stays"),
    [
        (OLD, False),
        (START, False),
        (YOUNG, True),
        (datetime.min, False),
        ([YOUNG, OLD], False),
        ([YOUNG, "text"], True),
        ([], True),
        (None, True),
        (5, True),
        ("2020-01-01", True),
        ({"at": OLD}, True),
    ],
)
def test_which_documents_go(engine: Engine, clock: Clock, value: Any, stays: bool) -> None:
    index(engine, 0)
    insert(engine, value)
    clock.move(seconds=1)
    assert bool(ids(engine)) is stays


def test_seconds_count_from_the_date(engine: Engine, clock: Clock) -> None:
    index(engine, 60)
    insert(engine, START, START + timedelta(seconds=30))
    clock.move(seconds=59)
    assert ids(engine) == [0, 1]
    clock.move(seconds=1)
    assert ids(engine) == [1]
    clock.move(days=1)
    assert ids(engine) == []


def test_looks_at_most_once_a_second(engine: Engine, clock: Clock) -> None:
    index(engine, 0)
    insert(engine, OLD)
    clock.move(seconds=0.9)
    assert ids(engine) == [0]
    clock.move(seconds=0.1)
    assert ids(engine) == []


def test_looks_again_when_the_clock_was_set_back(engine: Engine, clock: Clock) -> None:
    index(engine, 0)
    insert(engine, OLD - timedelta(days=9))
    clock.move(days=-1)
    assert ids(engine) == []


def test_documents_outside_a_partial_index_stay(engine: Engine, clock: Clock) -> None:
    index(engine, 0, partialFilterExpression={"_id": {"$gt": 0}})
    insert(engine, OLD, OLD)
    clock.move(seconds=1)
    assert ids(engine) == [0]


def test_a_hidden_index_expires_too(engine: Engine, clock: Clock) -> None:
    index(engine, 0, hidden=True)
    insert(engine, OLD)
    clock.move(seconds=1)
    assert ids(engine) == []


def test_other_seconds_by_coll_mod(engine: Engine, clock: Clock) -> None:
    index(engine, 3600)
    insert(engine, OLD + timedelta(seconds=10))
    reply = engine.command("db", {"collMod": "c", "index": {"name": "at", "expireAfterSeconds": 5}})
    assert (reply["expireAfterSeconds_old"], reply["expireAfterSeconds_new"]) == (3600, 5)
    clock.move(seconds=1)
    assert ids(engine) == []


def test_many_seconds_reach_beyond_the_first_date(clock: Clock) -> None:
    clock.time = datetime(20, 1, 1)
    engine = Engine(now=clock)
    index(engine, 2**31 - 1)
    insert(engine, datetime.min)
    clock.move(seconds=1)
    assert ids(engine) == [0]


def test_followers_see_what_goes(engine: Engine, clock: Clock) -> None:
    index(engine, 0)
    insert(engine, OLD)
    seen: list[Any] = []
    engine._store.followers.append(seen.extend)
    clock.move(seconds=1)
    engine.command("db", {"ping": 1})
    assert [change.kind for change in seen] == ["delete"]
