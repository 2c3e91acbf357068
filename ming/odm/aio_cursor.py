"""`AsyncODMCursor`: the awaitable twin of `ming.odm.odmsession.ODMCursor`."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, Final, TypeVar

from ming._cursor import only
from ming.aio.cursor import AsyncCursor
from ming.odm.base import hooks
from ming.odm.cursor import CursorBase

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["AsyncODMCursor"]

T = TypeVar("T")


class AsyncODMCursor(CursorBase[T]):
    """An asynchronous iterator over the objects of a class; arguments as `CursorBase`."""

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> T:
        return await self.next()

    async def next(self) -> T:
        """Return the next object.

        Raises:
            StopAsyncIteration: There is none.
        """
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

    async def _next_impl(self) -> T:
        if self._options.load and not isinstance(self.ming_cursor, _Prefetched):
            found = [obj async for obj in self._source()]
            await self.session.load(found, *self._options.load)
            self.ming_cursor = _Prefetched(found)
        obj: T = self._object_of(await anext(self._source()))
        return obj

    async def first(self) -> T | None:
        """Return the next object, or None at the end."""
        async for obj in self:
            return obj
        return None

    async def one(self) -> T:
        """Return the only object.

        Raises:
            ValueError: There is none, or more than one.
        """
        found: list[T] = []
        async for obj in self:
            found.append(obj)
            if len(found) > 1:
                break
        return only(found)

    async def all(self) -> list[T]:
        """Return all objects that are left."""
        if self._is_plain():
            found: list[T] = await self._source().all()
            return found
        return [obj async for obj in self]

    def _is_plain(self) -> bool:
        """Whether nobody looks at single objects on their way."""
        methods = (type(self).next, type(self).__anext__, type(self)._next_impl)
        unseen = not self._options.load and not self._hooked()
        return methods == _OWN_METHODS and isinstance(self.ming_cursor, AsyncCursor) and unseen

    async def count(self) -> int:
        """Count what the filter matches, whatever limit and skip say."""
        count: int = await self.ming_cursor.count()
        return count

    async def distinct(self, *args: Any, **kwargs: Any) -> list[Any]:
        """Return the distinct values of a key."""
        values: list[Any] = await self.ming_cursor.distinct(*args, **kwargs)
        return values

    async def rewind(self) -> Self:
        """Start anew."""
        await self.ming_cursor.rewind()
        return self

    async def close(self) -> None:
        """Let the server know that no more objects are wanted."""
        await self.ming_cursor.close()


class _Prefetched:
    """Objects found already, handed out one by one."""

    def __init__(self, found: list[Any]) -> None:
        self._found = iter(found)

    async def __anext__(self) -> Any:
        for obj in self._found:
            return obj
        raise StopAsyncIteration


_OWN_METHODS: Final = (AsyncODMCursor.next, AsyncODMCursor.__anext__, AsyncODMCursor._next_impl)
