"""`AsyncODMCursor`: the awaitable twin of `ming.odm.odmsession.ODMCursor`."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable
from typing import TYPE_CHECKING, Any, Final, TypeVar

from ming._cursor import only
from ming._values import Missing
from ming.aio.cursor import AsyncCursor
from ming.odm.base import hooks
from ming.odm.cursor_base import CursorBase

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["AsyncODMCursor"]

T = TypeVar("T")


class AsyncODMCursor(CursorBase[T]):
    """An asynchronous iterator over the objects of a class; arguments as `CursorBase`."""

    is_to_flush = False
    """Whether to flush before the server is asked."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._waiting: list[Awaitable[Any]] = []

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> T:
        return await self.next()

    async def next(self) -> T:
        """Return the next object.

        Raises:
            StopAsyncIteration: There is none.
        """
        await self._begin()
        if not self.extensions:
            return await self._next_impl()
        await self._call("before_cursor_next")
        try:
            return await self._next_impl()
        finally:
            await self._call("after_cursor_next")

    async def _call(self, name: str) -> None:
        for hook in hooks(self.extensions, name):
            reply = hook(self)
            if inspect.isawaitable(reply):
                await reply

    def _again(self, **options: Any) -> Self:
        made = super()._again(**options)
        made.is_to_flush, made._waiting = self.is_to_flush, self._waiting
        return made

    def _heard(self, reply: Any) -> None:
        # Making a cursor is not awaited, asking it is.
        if inspect.isawaitable(reply):
            self._waiting.append(reply)

    async def _begin(self) -> None:
        """Do what had to wait until the cursor is asked."""
        if self.is_to_flush:
            self.is_to_flush = False
            await self.session.flush()
        while self._waiting:
            await self._waiting.pop(0)

    async def _next_impl(self) -> T:
        if self._options["load"] and self._ready is None:
            return await self._next_prefetched()
        if self._ready is not None:
            for obj in self._ready:
                found: T = obj
                return found
            raise StopAsyncIteration
        source = self._source()
        found = await anext(source)
        return found if isinstance(source, AsyncCursor) else self._object_of(found)

    async def _next_prefetched(self) -> T:
        found: Any = self._next_of_ahead()
        if found is Missing:
            source = self._source()
            is_ours = isinstance(source, AsyncCursor)
            ahead = []
            async for each in source:
                ahead.append((each if is_ours else self._object_of(each), self._position))
                if len(ahead) == self._at_once:
                    break
            await self.session.load([obj for obj, _ in ahead], *self._options.load)
            self._ahead = iter(ahead)
            found = self._next_of_ahead()
        if found is Missing:
            raise StopAsyncIteration
        made: T = found
        return made

    async def first(self) -> T | None:
        """Return the next object, or None at the end."""
        with self.wanting(1):
            return await anext(self, None)

    async def one(self) -> T:
        """Return the only object.

        Raises:
            ValueError: There is none, or more than one.
        """
        found: list[T] = []
        with self.wanting(2):
            async for obj in self:
                found.append(obj)
                if len(found) > 1:
                    break
        return only(found)

    async def all(self) -> list[T]:
        """Return all objects that are left."""
        if self._is_plain():
            await self._begin()
            found: list[T] = await self._source().all()
            return found
        return [obj async for obj in self]

    def _is_plain(self) -> bool:
        """Whether nobody looks at single objects on their way."""
        methods = (type(self).next, type(self).__anext__, type(self)._next_impl)
        unseen = not self._options.load and self._ready is None and not self._hooked()
        return methods == _OWN_METHODS and isinstance(self.ming_cursor, AsyncCursor) and unseen

    async def count(self) -> int:
        """Count what the filter matches, whatever limit and skip say."""
        await self._begin()
        count: int = await self.ming_cursor.count()
        return count

    async def distinct(self, *args: Any, **kwargs: Any) -> list[Any]:
        """Return the distinct values of a key."""
        await self._begin()
        values: list[Any] = await self.ming_cursor.distinct(*args, **kwargs)
        return values

    async def rewind(self) -> Self:
        """Start anew."""
        self._ready = self._position = None
        self._ahead = iter(())
        await self.ming_cursor.rewind()
        return self

    async def close(self) -> None:
        """Let the server know that no more objects are wanted."""
        await self.ming_cursor.close()


_OWN_METHODS: Final = (AsyncODMCursor.next, AsyncODMCursor.__anext__, AsyncODMCursor._next_impl)
