"""The sync face in async clothes, so that one test text serves both faces.

Every method result of an `Awaited` object can be awaited at once; nothing ever waits, so a coroutine
that awaits nothing else runs to its end in one go.
"""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Callable, Coroutine, Generator, Iterator
from typing import Any

import pymongo
from pymongo.collection import Collection
from pymongo.database import Database

__all__ = ["Awaited", "run_to_end"]


class Awaited:
    """A sync object whose results can be awaited, iterated by ``async for`` and entered by ``async with``.

    Args:
        target: A session, cursor, datastore, database, collection or the result of one of their methods.
    """

    def __init__(self, target: Any) -> None:
        self._target = target

    def __repr__(self) -> str:
        return f"Awaited({self._target!r})"

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._target, name)
        if inspect.isroutine(value):
            return self._method(value)
        return Awaited(value) if _has_methods_to_await(value) else value

    def __getitem__(self, key: Any) -> Any:
        return Awaited(self._target[key])

    def __await__(self) -> Generator[None, None, Any]:
        # A cursor stays awaitable: on the async face its methods are too.
        return self if isinstance(self._target, Iterator) else self._target
        yield

    async def __aiter__(self) -> AsyncIterator[Any]:
        for item in self._target:
            yield item

    async def __aenter__(self) -> Any:
        return Awaited(self._target.__enter__())

    async def __aexit__(self, *error: Any) -> Any:
        return self._target.__exit__(*error)

    def _method(self, method: Callable[..., Any]) -> Callable[..., Awaited]:
        def call(*args: Any, **kwargs: Any) -> Awaited:
            given = {name: self._to_sync(value) for name, value in kwargs.items()}
            return Awaited(method(*map(self._to_sync, args), **given))

        return call

    def _to_sync(self, argument: Any) -> Any:
        """Give the sync face what it knows: no `Awaited` objects, plain functions for coroutine functions."""
        if isinstance(argument, Awaited):
            return argument._target
        if not inspect.iscoroutinefunction(argument):
            return argument

        def function(*args: Any) -> Any:
            return run_to_end(argument(*(self if arg is self._target else arg for arg in args)))

        return function


def run_to_end(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Run a coroutine that awaits nothing but `Awaited` objects.

    Raises:
        RuntimeError: It wanted to wait for something else.
    """
    try:
        coroutine.send(None)
    except StopIteration as stop:
        return stop.value
    coroutine.close()
    raise RuntimeError(f"{coroutine!r} waits for something on the sync face")


def _has_methods_to_await(value: Any) -> bool:
    """Whether ``value`` is itself a part of the sync face, and not data."""
    if isinstance(value, (pymongo.MongoClient, Database, Collection)):
        return True
    return type(value).__module__.startswith("ming.") and not isinstance(value, (dict, type))
