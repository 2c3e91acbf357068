"""`AsyncCursor`: the awaitable twin of `ming.base.Cursor`."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

from ming._cursor import CursorBase, only
from ming._drive import arun

if TYPE_CHECKING:
    from typing_extensions import Self

    from ming._flows.write_back import WriteBack
    from ming._types import RawDocument

__all__ = ["AsyncCursor"]

D = TypeVar("D")


class AsyncCursor(CursorBase[D]):
    """An asynchronous iterator over documents of one class; arguments as `ming.base.Cursor`.

    Its truth cannot be asked: use `first`, `count` or a loop.
    """

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> D:
        batch = self._batch
        if batch:
            # The same as next(), without another coroutine per document.
            return self._load(batch.popleft())
        document = await self.next()
        if type(self).next is _OWN_NEXT and "next" not in self.__dict__:
            self._take_batch()
        return document

    async def next(self) -> D:
        """Return the next document.

        Raises:
            StopAsyncIteration: There is none.
            Invalid: The stored document is not valid.
        """
        while True:
            ahead = self._write_back
            raw = await (anext(self.cursor) if ahead is None else self._next_of(ahead))
            if raw is None:
                # An iterator of the caller's own; the driver has none such.
                return cast(D, raw)
            if self._on_invalid == "raise":
                return self._load(raw)
            document = self._accepted(raw)
            if document is not None:
                return document

    async def _next_of(self, ahead: WriteBack) -> RawDocument:
        """The next raw document of the batch; where there is none, the next batch is fetched and written back."""
        if not ahead.batch:
            await arun(ahead.fetch(self.cursor), self._session)
        if not ahead.batch:
            raise StopAsyncIteration
        return ahead.batch.popleft()

    async def rewind(self) -> Self:
        """Start anew."""
        self._reset()
        return self._chained(await self.cursor.rewind() or self.cursor)

    async def count(self) -> int:
        """Count what the filter matches, whatever limit and skip say."""
        count: int = await self.cursor.collection.count_documents(self.find_spec or {}, **self._count_options)
        return count

    async def distinct(self, *args: Any, **kwargs: Any) -> list[Any]:
        """Return the distinct values of a key."""
        values: list[Any] = await self.cursor.distinct(*args, **kwargs)
        return values

    async def first(self) -> D | None:
        """Return the next document, or None at the end."""
        with self.wanting(1):
            async for document in self:
                return document
        return None

    async def one(self) -> D:
        """Return the only document.

        Raises:
            ValueError: There is none, or more than one.
        """
        found: list[D] = []
        with self.wanting(2):
            async for document in self:
                found.append(document)
                if len(found) > 1:
                    break
        return only(found)

    async def all(self) -> list[D]:
        """Return all documents that are left."""
        found: list[D] = []
        async for document in self:
            found.append(document)
            self._empty_batch_into(found)
        return found

    async def close(self) -> None:
        """Let the server know that no more documents are wanted."""
        self._reset()
        await self.cursor.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()


_OWN_NEXT: Final = AsyncCursor.next
