"""Cursors of the async face: the sync ones, to be awaited.

The engine does no I/O, so nothing here ever waits.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, NoReturn

from bson import Code
from pymongo.collation import Collation
from pymongo.errors import InvalidOperation

from ming.mim.faces._arguments import IndexKeys
from ming.mim.faces.command_cursor import CommandCursor
from ming.mim.faces.cursor import Cursor

if TYPE_CHECKING:
    from typing_extensions import Self

    from ming.mim.faces._aio_collection import AsyncCollection

__all__ = ["AsyncCommandCursor", "AsyncCursor", "AsyncRawBatchCursor"]


class AsyncCommandCursor:
    """Iterates over the documents of a command's reply.

    Args:
        collection: The collection asked.
        inner: The sync cursor.
    """

    def __init__(self, collection: AsyncCollection, inner: CommandCursor) -> None:
        self._collection = collection
        self._results = inner

    @property
    def collection(self) -> AsyncCollection:
        """The collection asked."""
        return self._collection

    @property
    def alive(self) -> bool:
        """Whether there may be documents to come."""
        return self._results.alive

    @property
    def retrieved(self) -> int:
        """The number of documents fetched so far."""
        return self._results.retrieved

    @property
    def cursor_id(self) -> int | None:
        """0 once the results are there: the engine sends all of them at once."""
        return self._results.cursor_id

    @property
    def address(self) -> None:
        """None: there is no server."""
        return None

    @property
    def session(self) -> Any:
        """The client session, or None."""
        return self._results.session

    def batch_size(self, batch_size: int) -> Self:
        """Accepted for the driver's sake: results come in one batch."""
        self._results.batch_size(batch_size)
        return self

    async def next(self) -> dict[str, Any]:
        """Return the next document.

        Raises:
            StopAsyncIteration: There is none, or the cursor is closed.
        """
        document = self._results.try_next()
        if document is None:
            raise StopAsyncIteration
        return document

    async def __anext__(self) -> dict[str, Any]:
        return await self.next()

    async def try_next(self) -> dict[str, Any] | None:
        """Return the next document, or None."""
        return self._results.try_next()

    def __aiter__(self) -> Self:
        return self

    async def to_list(self, length: int | None = None) -> list[dict[str, Any]]:
        """Return the remaining documents, at most ``length`` of them."""
        return self._results.to_list(length)

    async def all(self) -> list[dict[str, Any]]:
        """Return the remaining documents."""
        return self._results.all()

    async def close(self) -> None:
        """Forget the remaining documents."""
        self._results.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()


class AsyncCursor(AsyncCommandCursor):
    """A ``find`` in the making, then its results; lazy.

    Args:
        collection: The collection asked.
        inner: The sync cursor.
    """

    def __init__(self, collection: AsyncCollection, inner: Cursor) -> None:
        super().__init__(collection, inner)
        self._inner = inner

    # -- building the query

    def limit(self, limit: int) -> Self:
        """Return at most ``abs(limit)`` documents; 0 means all."""
        self._inner.limit(limit)
        return self

    def skip(self, skip: int) -> Self:
        """Leave out the first ``skip`` documents."""
        self._inner.skip(skip)
        return self

    def sort(self, key_or_list: IndexKeys, direction: Any = None) -> Self:
        """Sort by a field and direction, or by a list of such pairs."""
        self._inner.sort(key_or_list, direction)
        return self

    def hint(self, index: IndexKeys | None) -> Self:
        """Name the index to use; it is checked at once, unless the connection is strict."""
        self._inner.hint(index)
        return self

    def comment(self, comment: Any) -> Self:
        """Attach a comment."""
        self._inner.comment(comment)
        return self

    def collation(self, collation: Mapping[str, Any] | Collation | None) -> Self:
        """Set the collation."""
        self._inner.collation(collation)
        return self

    def where(self, code: str | Code) -> Self:
        """Add a ``$where`` clause."""
        self._inner.where(code)
        return self

    def max_time_ms(self, max_time_ms: int | None) -> Self:
        """Set a time limit."""
        self._inner.max_time_ms(max_time_ms)
        return self

    def max_await_time_ms(self, max_await_time_ms: int | None) -> Self:
        """Accepted for the driver's sake: only tailable cursors wait."""
        self._inner.max_await_time_ms(max_await_time_ms)
        return self

    def max_scan(self, max_scan: int | None) -> Self:
        """Accepted for the driver's sake: servers no longer know it."""
        self._inner.max_scan(max_scan)
        return self

    def max(self, spec: IndexKeys) -> Self:
        """Set the exclusive upper bound of an index."""
        self._inner.max(spec)
        return self

    def min(self, spec: IndexKeys) -> Self:
        """Set the inclusive lower bound of an index."""
        self._inner.min(spec)
        return self

    def allow_disk_use(self, allow_disk_use: bool) -> Self:
        """Accepted for the driver's sake: the engine sorts in memory."""
        self._inner.allow_disk_use(allow_disk_use)
        return self

    async def add_option(self, mask: int) -> Self:
        """Accepted for the driver's sake: flags of the old wire protocol."""
        self._inner.add_option(mask)
        return self

    def remove_option(self, mask: int) -> Self:
        """Accepted for the driver's sake, as `add_option`."""
        self._inner.remove_option(mask)
        return self

    # -- results

    @property
    def iterator(self) -> Self:
        """What iterates over the results: the cursor itself."""
        return self

    def clone(self) -> Self:
        """Return an unread cursor for the same query."""
        return type(self)(self._collection, self._inner.clone())

    async def rewind(self) -> Self:
        """Forget the results, so that the next use asks again."""
        self._inner.rewind()
        return self

    def __getitem__(self, index: Any) -> NoReturn:
        """Refuse: the driver's async cursors have no items either."""
        raise IndexError("AsyncCursor does not support indexing")

    async def distinct(self, key: str) -> list[Any]:
        """Return the sorted distinct values of a field among the results."""
        return self._inner.distinct(key)

    async def explain(self) -> dict[str, Any]:
        """Return how the engine would run the query."""
        return self._inner.explain()


class AsyncRawBatchCursor(AsyncCursor):
    """A ``find`` in the making, then its results in batches of bytes."""

    def __getitem__(self, index: Any) -> NoReturn:
        raise InvalidOperation("Cannot call __getitem__ on AsyncRawBatchCursor")
