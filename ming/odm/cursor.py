"""`ODMCursor`: objects of a class, out of a cursor over its documents; its asynchronous twin is in
`ming.odm.aio_cursor`.
"""

from __future__ import annotations

import inspect
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, TypeVar

from ming._cursor import Cursor, only
from ming._cursor import CursorBase as DocumentCursor
from ming._values import Missing
from ming.odm.base import hooks
from ming.odm.cursor_base import CursorBase

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["ODMCursor"]

T = TypeVar("T")


class ODMCursor(CursorBase[T]):
    """An iterator over the objects of a class; arguments as `CursorBase`."""

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> T:
        return self.next()

    def next(self) -> T:
        """Return the next object.

        Raises:
            StopIteration: There is none.
        """
        extensions = self.extensions
        if not extensions:
            return self._next_impl()
        for hook in hooks(extensions, "before_cursor_next"):
            self._heard(hook(self))
        try:
            return self._next_impl()
        finally:
            for hook in hooks(extensions, "after_cursor_next"):
                self._heard(hook(self))

    def _heard(self, reply: Any) -> None:
        if inspect.iscoroutine(reply):
            reply.close()
            raise TypeError(
                "an extension's hook is a coroutine function: only an asynchronous session runs it"
            )

    def _next_impl(self) -> T:
        found: T
        if self._options["load"] and self._ready is None:
            return self._next_prefetched()
        if self._ready is not None:
            found = next(self._ready)
            return found
        source = self._source()
        found = next(source)
        return found if isinstance(source, DocumentCursor) else self._object_of(found)

    def _next_prefetched(self) -> T:
        found: Any = self._next_of_ahead()
        if found is Missing:
            source = self._source()
            is_ours = isinstance(source, DocumentCursor)
            objects = (each if is_ours else self._object_of(each) for each in islice(source, self._at_once))
            ahead = [(obj, self._position) for obj in objects]
            self.session.load([obj for obj, _ in ahead], *self._options.load)
            self._ahead = iter(ahead)
            found = self._next_of_ahead()
        if found is Missing:
            raise StopIteration
        made: T = found
        return made

    def first(self) -> T | None:
        """Return the next object, or None at the end."""
        with self.wanting(1):
            return next(self, None)

    def one(self) -> T:
        """Return the only object.

        Raises:
            ValueError: There is none, or more than one.
        """
        with self.wanting(2):
            return only(list(islice(self, 2)))

    def all(self) -> list[T]:
        """Return all objects that are left."""
        if self._is_plain():
            found: list[T] = self._source().all()
            return found
        return list(self)

    def _is_plain(self) -> bool:
        """Whether nobody looks at single objects on their way."""
        methods = (type(self).next, type(self).__next__, type(self)._next_impl)
        unseen = not self._options.load and self._ready is None and not self._hooked()
        return methods == _OWN_METHODS and isinstance(self.ming_cursor, Cursor) and unseen

    def count(self) -> int:
        """Count what the filter matches, whatever limit and skip say."""
        count: int = self.ming_cursor.count()
        return count

    def distinct(self, *args: Any, **kwargs: Any) -> list[Any]:
        """Return the distinct values of a key."""
        values: list[Any] = self.ming_cursor.distinct(*args, **kwargs)
        return values

    def rewind(self) -> Self:
        """Start anew."""
        self._ready = self._position = None
        self._ahead = iter(())
        self.ming_cursor.rewind()
        return self

    def close(self) -> None:
        """Let the server know that no more objects are wanted."""
        self.ming_cursor.close()


_OWN_METHODS: Final = (ODMCursor.next, ODMCursor.__next__, ODMCursor._next_impl)
