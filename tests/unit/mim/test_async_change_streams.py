"""Change streams to be awaited, and what both twins do while there is nothing."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

from ming import mim


async def test_an_event_wakes_who_waits_for_it() -> None:
    collection = mim.AsyncConnection(strict=True).db.c
    async with await collection.watch(max_await_time_ms=10_000) as stream:
        waiting = asyncio.create_task(stream.next())
        await asyncio.sleep(0)
        await collection.insert_one({"_id": 1})
        assert (await asyncio.wait_for(waiting, 5))["documentKey"] == {"_id": 1}


async def test_events_are_iterated_until_the_stream_ends() -> None:
    database = mim.AsyncConnection(strict=True).db
    async with await database.c.watch(max_await_time_ms=10) as stream:
        await database.c.insert_many([{"_id": 1}, {"_id": 2}])
        await database.c.drop()
        found = [event["operationType"] async for event in stream]
    assert found == ["insert", "insert", "drop", "invalidate"]
    assert await stream.try_next() is None


async def test_whole_databases_are_followed() -> None:
    connection = mim.AsyncConnection(strict=True)
    async with await connection.a.watch() as one, await connection.watch() as everything:
        await connection.a.c.insert_one({"_id": 1})
        await connection.b.c.insert_one({"_id": 2})
        assert (await one.next())["ns"] == {"db": "a", "coll": "c"}
        assert [(await everything.next())["ns"]["db"] for _ in range(2)] == ["a", "b"]


def test_an_event_of_another_thread_wakes_who_waits_for_it() -> None:
    collection: Any = mim.Connection(strict=True).db.c
    with collection.watch(max_await_time_ms=10_000) as stream:
        writer = threading.Timer(0.05, collection.insert_one, [{"_id": 1}])
        writer.start()
        assert stream.next()["documentKey"] == {"_id": 1}
        writer.join()


def test_a_closed_stream_gives_nothing() -> None:
    collection: Any = mim.Connection(strict=True).db.c
    stream = collection.watch(max_await_time_ms=10_000)
    collection.insert_one({"_id": 1})
    stream.close()
    assert stream.try_next() is None
    assert not stream.alive
