"""Driver calls as values.

Each class names one verb of the driver's collections, of those that flows call; an instance holds the
arguments of one call. A flow hands operations to its executor and gets the reply back, typed::

    reply = yield from UpdateOne(manager, {"_id": 1}, {"$set": {"a": 2}})

`ming._drive` performs them, on either face.
"""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Callable, Generator
from typing import Any, ClassVar, Generic, TypeVar

from pymongo.results import BulkWriteResult, DeleteResult, InsertOneResult, UpdateResult

from ming._types import AsyncExecutor, Executor, ManagerLike, RawDocument

__all__ = [
    "BulkWrite",
    "CallHook",
    "CreateIndex",
    "DeleteOne",
    "DriverCall",
    "FindOne",
    "InsertOne",
    "Operation",
    "ReplaceOne",
    "Sleep",
    "UpdateOne",
]

R = TypeVar("R")


class Operation(Generic[R]):
    """Something an executor does for a flow; ``R`` is the type of its reply."""

    __slots__ = ()

    def __iter__(self) -> Generator[Operation[Any], Any, R]:
        """Yield itself once and return the reply, for ``yield from``."""
        reply: R = yield self
        return reply

    def perform(self, session: Executor) -> R:
        """Do it through a synchronous session."""
        raise NotImplementedError

    async def aperform(self, session: AsyncExecutor) -> R:
        """Do it through an asynchronous session."""
        raise NotImplementedError

    def _values(self) -> tuple[Any, ...]:
        return tuple(
            getattr(self, name) for cls in type(self).__mro__ for name in getattr(cls, "__slots__", ())
        )

    def __eq__(self, other: object) -> bool:
        return (
            type(other) is type(self) and isinstance(other, Operation) and self._values() == other._values()
        )

    # Arguments are dicts as a rule.
    __hash__ = None  # type: ignore[assignment]


class DriverCall(Operation[R]):
    """One call of a driver verb on a manager's collection.

    Args:
        manager: Names the collection and the driver options declared for it.
        args: Positional arguments, handed to the driver as they are.
        kwargs: Keyword arguments, likewise.
    """

    __slots__ = ("args", "kwargs", "manager")

    verb: ClassVar[str]
    """Name of the driver's method."""
    by_id: ClassVar[bool] = True
    """Whether flows use it on known documents, so that a hint or collation meant for queries stays out."""

    def __init__(self, manager: ManagerLike[Any], *args: Any, **kwargs: Any) -> None:
        self.manager = manager
        self.args = args
        self.kwargs = kwargs

    def __repr__(self) -> str:
        arguments = [repr(value) for value in self.args]
        arguments += [f"{name}={value!r}" for name, value in self.kwargs.items()]
        return f"{self.manager.collection_name}.{self.verb}({', '.join(arguments)})"

    def perform(self, session: Executor) -> R:
        """Call the verb."""
        reply: R = session.call(self.manager, self.verb, self.args, self.kwargs, by_id=self.by_id)
        return reply

    async def aperform(self, session: AsyncExecutor) -> R:
        """Call the verb and await its reply."""
        reply: R = await session.call(self.manager, self.verb, self.args, self.kwargs, by_id=self.by_id)
        return reply


class FindOne(DriverCall[RawDocument | None]):
    """Read one raw document."""

    __slots__ = ()
    verb = "find_one"
    by_id = False


class InsertOne(DriverCall[InsertOneResult]):
    """Insert one document."""

    __slots__ = ()
    verb = "insert_one"


class ReplaceOne(DriverCall[UpdateResult]):
    """Replace one document."""

    __slots__ = ()
    verb = "replace_one"


class UpdateOne(DriverCall[UpdateResult]):
    """Update one document."""

    __slots__ = ()
    verb = "update_one"


class DeleteOne(DriverCall[DeleteResult]):
    """Delete one document."""

    __slots__ = ()
    verb = "delete_one"


class BulkWrite(DriverCall[BulkWriteResult]):
    """Make several writes, in order."""

    __slots__ = ()
    verb = "bulk_write"


class CreateIndex(DriverCall[str]):
    """Create one index."""

    __slots__ = ()
    verb = "create_index"


class CallHook(Operation[Any]):
    """Call a function of the user's; on the asynchronous face it may be a coroutine function.

    Args:
        function: What to call.
        args: Its arguments.
    """

    __slots__ = ("args", "function")

    def __init__(self, function: Callable[..., Any], *args: Any) -> None:
        self.function = function
        self.args = args

    def __repr__(self) -> str:
        return f"CallHook({self.function!r}, {', '.join(map(repr, self.args))})"

    def perform(self, session: Executor) -> Any:
        """Call it.

        Raises:
            TypeError: It is a coroutine function.
        """
        reply = self.function(*self.args)
        if inspect.iscoroutine(reply):
            reply.close()
            raise TypeError(
                f"{self.function!r} is a coroutine function: only an asynchronous session runs it"
            )
        return reply

    async def aperform(self, session: AsyncExecutor) -> Any:
        """Call it, and await what it returns where that is awaitable."""
        reply = self.function(*self.args)
        return await reply if inspect.isawaitable(reply) else reply


class Sleep(Operation[None]):
    """Wait.

    Args:
        seconds: How long.
    """

    __slots__ = ("seconds",)

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def __repr__(self) -> str:
        return f"Sleep({self.seconds})"

    def perform(self, session: Executor) -> None:
        """Block the thread."""
        time.sleep(self.seconds)

    async def aperform(self, session: AsyncExecutor) -> None:
        """Let other tasks run meanwhile."""
        await asyncio.sleep(self.seconds)
