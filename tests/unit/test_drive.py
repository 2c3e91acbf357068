"""`ming._drive`: what both executors do with a flow."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from ming._drive import arun, run
from ming._flows.operations import (
    CallHook,
    FindOne,
    InsertOne,
    Operation,
    ReplaceOne,
    Sleep,
    UpdateOne,
)
from ming._types import Flow


class Pages:
    collection_name = "pages"


PAGES: Any = Pages()


class Recorder:
    """An executor that answers calls by a table, and remembers them."""

    def __init__(self, **replies: Any) -> None:
        self.replies = replies
        self.calls: list[tuple[Any, ...]] = []

    def call(self, manager: Any, verb: str, args: Any, kwargs: Any, *, by_id: bool = False) -> Any:
        self.calls.append((manager.collection_name, verb, args, kwargs, by_id))
        reply = self.replies[verb]
        if isinstance(reply, Exception):
            raise reply
        return reply


class AsyncRecorder(Recorder):
    """The same with awaitable replies."""

    async def call(self, manager: Any, verb: str, args: Any, kwargs: Any, *, by_id: bool = False) -> Any:
        return super().call(manager, verb, args, kwargs, by_id=by_id)


def drive(kind: str, flow: Flow[Any], **replies: Any) -> tuple[Any, list[tuple[Any, ...]]]:
    if kind == "sync":
        recorder = Recorder(**replies)
        return run(flow, recorder), recorder.calls
    recorder = AsyncRecorder(**replies)
    return asyncio.run(arun(flow, recorder)), recorder.calls


both = pytest.mark.parametrize("kind", ["sync", "async"])


@both
def test_replies_are_sent_back_and_the_result_returned(kind: str) -> None:
    def flow() -> Flow[list[Any]]:
        first = yield from FindOne(PAGES, {"_id": 1})
        result = yield from ReplaceOne(PAGES, {"_id": 1}, {"a": 2}, upsert=True)
        return [first, result]

    found, calls = drive(kind, flow(), find_one={"a": 1}, replace_one="replaced")
    assert found == [{"a": 1}, "replaced"]
    assert calls == [
        ("pages", "find_one", ({"_id": 1},), {}, False),
        ("pages", "replace_one", ({"_id": 1}, {"a": 2}), {"upsert": True}, True),
    ]


@both
def test_a_flow_without_operations_returns_at_once(kind: str) -> None:
    def flow() -> Flow[str]:
        yield from ()
        return "done"

    assert drive(kind, flow()) == ("done", [])


@both
def test_errors_are_thrown_into_the_flow(kind: str) -> None:
    def flow() -> Flow[Any]:
        try:
            yield from InsertOne(PAGES, {})
        except KeyError as error:
            return (yield from FindOne(PAGES, error.args[0]))

    assert drive(kind, flow(), insert_one=KeyError("lost"), find_one="found")[0] == "found"


@both
def test_errors_that_the_flow_does_not_catch_arrive(kind: str) -> None:
    error = LookupError("no")

    def flow() -> Flow[Any]:
        yield from InsertOne(PAGES, {})

    with pytest.raises(LookupError) as caught:
        drive(kind, flow(), insert_one=error)
    assert caught.value is error


@both
def test_a_hook_that_runs_out_does_not_end_the_flow(kind: str) -> None:
    def flow() -> Flow[Any]:
        yield from CallHook(next, iter(()))

    with pytest.raises(RuntimeError):
        drive(kind, flow())


@both
def test_plain_hooks_are_called(kind: str) -> None:
    def flow() -> Flow[int]:
        return (yield from CallHook(pow, 2, 3))

    assert drive(kind, flow())[0] == 8


def test_coroutine_hooks_are_awaited_on_the_async_face() -> None:
    async def hook(document: dict[str, Any]) -> str:
        await asyncio.sleep(0)
        return str(document["a"])

    def flow() -> Flow[str]:
        return (yield from CallHook(hook, {"a": 1}))

    assert drive("async", flow())[0] == "1"


@both
def test_sleeping(kind: str) -> None:
    def flow() -> Flow[None]:
        yield from Sleep(0.02)

    start = time.monotonic()
    drive(kind, flow())
    assert time.monotonic() - start >= 0.02


def test_other_tasks_run_while_a_flow_sleeps() -> None:
    def flow() -> Flow[str]:
        yield from Sleep(0.05)
        return "slept"

    async def main() -> list[str]:
        done: list[str] = []

        async def sleeper() -> None:
            done.append(await arun(flow(), AsyncRecorder()))

        async def other() -> None:
            done.append("other")

        await asyncio.gather(sleeper(), other())
        return done

    assert asyncio.run(main()) == ["other", "slept"]


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        (UpdateOne(PAGES, {"_id": 1}), UpdateOne(PAGES, {"_id": 1}), True),
        (UpdateOne(PAGES, {"_id": 1}), UpdateOne(PAGES, {"_id": 2}), False),
        (UpdateOne(PAGES, {}, upsert=True), UpdateOne(PAGES, {}), False),
        (UpdateOne(PAGES, {}), ReplaceOne(PAGES, {}), False),
        (Sleep(1), Sleep(1), True),
        (Sleep(1), Sleep(2), False),
        (CallHook(len, "a"), CallHook(len, "a"), True),
    ],
)
def test_operations_compare_as_values(one: Operation[Any], other: Operation[Any], equal: bool) -> None:
    assert (one == other) is equal


def test_operations_print_as_driver_calls() -> None:
    operation = UpdateOne(PAGES, {"_id": 1}, {"$set": {"a": 2}}, upsert=True)
    assert repr(operation) == "pages.update_one({'_id': 1}, {'$set': {'a': 2}}, upsert=True)"
