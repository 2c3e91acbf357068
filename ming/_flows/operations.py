"""Driver calls as values.

Each class names one verb of the driver's collections; an instance holds the arguments of one call. A flow
hands operations to its executor and gets the reply back, typed::

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
    "Aggregate",
    "BulkWrite",
    "CallHook",
    "CountDocuments",
    "CreateIndex",
    "DeleteMany",
    "DeleteOne",
    "Distinct",
    "DriverCall",
    "DropIndexes",
    "EstimatedDocumentCount",
    "FindAll",
    "FindOne",
    "FindOneAndDelete",
    "FindOneAndReplace",
    "FindOneAndUpdate",
    "IndexInformation",
    "InsertOne",
    "Operation",
    "ReplaceOne",
    "Sleep",
    "UpdateMany",
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


class FindAll(DriverCall[list[RawDocument]]):
    """Find and read everything into a list; for results known to be bounded."""

    __slots__ = ()
    verb = "find"

    def perform(self, session: Executor) -> list[RawDocument]:
        """Open the cursor and read it to its end."""
        return list(session.call(self.manager, self.verb, self.args, self.kwargs, by_id=self.by_id))

    async def aperform(self, session: AsyncExecutor) -> list[RawDocument]:
        """Open the cursor and read it to its end."""
        cursor = session.call(self.manager, self.verb, self.args, self.kwargs, by_id=self.by_id)
        return [raw async for raw in cursor]


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


class UpdateMany(DriverCall[UpdateResult]):
    """Update every document that matches."""

    __slots__ = ()
    verb = "update_many"


class DeleteOne(DriverCall[DeleteResult]):
    """Delete one document."""

    __slots__ = ()
    verb = "delete_one"


class DeleteMany(DriverCall[DeleteResult]):
    """Delete every document that matches."""

    __slots__ = ()
    verb = "delete_many"


class FindOneAndUpdate(DriverCall[RawDocument | None]):
    """Update one document and read it."""

    __slots__ = ()
    verb = "find_one_and_update"


class FindOneAndReplace(DriverCall[RawDocument | None]):
    """Replace one document and read it."""

    __slots__ = ()
    verb = "find_one_and_replace"


class FindOneAndDelete(DriverCall[RawDocument | None]):
    """Delete one document and read it."""

    __slots__ = ()
    verb = "find_one_and_delete"


class BulkWrite(DriverCall[BulkWriteResult]):
    """Send several writes in one command."""

    __slots__ = ()
    verb = "bulk_write"


class Aggregate(DriverCall[list[RawDocument]]):
    """Run a pipeline and read its whole result into a list."""

    __slots__ = ()
    verb = "aggregate"
    by_id = False

    def perform(self, session: Executor) -> list[RawDocument]:
        """Run the pipeline and read the cursor to its end."""
        return list(session.call(self.manager, self.verb, self.args, self.kwargs))

    async def aperform(self, session: AsyncExecutor) -> list[RawDocument]:
        """Run the pipeline and read the cursor to its end."""
        cursor = await session.call(self.manager, self.verb, self.args, self.kwargs)
        return [raw async for raw in cursor]


class Distinct(DriverCall[list[Any]]):
    """Read the distinct values of a key."""

    __slots__ = ()
    verb = "distinct"
    by_id = False


class EstimatedDocumentCount(DriverCall[int]):
    """Count the whole collection from its metadata."""

    __slots__ = ()
    verb = "estimated_document_count"


class CountDocuments(DriverCall[int]):
    """Count the documents that match."""

    __slots__ = ()
    verb = "count_documents"
    by_id = False


class CreateIndex(DriverCall[str]):
    """Create one index."""

    __slots__ = ()
    verb = "create_index"


class IndexInformation(DriverCall[dict[str, Any]]):
    """Read which indexes there are."""

    __slots__ = ()
    verb = "index_information"


class DropIndexes(DriverCall[None]):
    """Drop all indexes but the one on ``_id``."""

    __slots__ = ()
    verb = "drop_indexes"


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
