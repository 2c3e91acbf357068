"""Pages of a cursor's objects: by number, or each from where the last one ended.

`Pages` is the part of both faces' cursors that does so; the filters and tokens are made in `ming.odm.paging`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from ming.odm import paging

if TYPE_CHECKING:
    from typing_extensions import Self

    from ming.odm.paging import Order, Position

__all__ = ["History", "Pages"]

_PARAMETERS: Final = (
    "filter",
    "projection",
    "skip",
    "limit",
    "no_cursor_timeout",
    "cursor_type",
    "sort",
)
"""The first parameters of the driver's ``find``."""


class History(NamedTuple):
    """How a cursor came about: a ``find``, and what was called on its cursors since."""

    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    calls: tuple[tuple[str, tuple[Any, ...], Mapping[str, Any]], ...] = ()

    def then(self, verb: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> History:
        """Return the history with one more call."""
        return self._replace(calls=(*self.calls, (verb, args, kwargs)))

    @property
    def options(self) -> dict[str, Any]:
        """The options of the driver's ``find``, by name."""
        return {**dict(zip(_PARAMETERS, self.args, strict=False)), **self.kwargs}

    def order(self) -> Order:
        """Return the total order in which the objects are to come.

        Raises:
            ValueError: It is not by fields alone, or the projection leaves out what is sorted by.
        """
        sorts = [(args, kwargs) for verb, args, kwargs in self.calls if verb == "sort"]
        args, kwargs = sorts[-1] if sorts else ((self.options.get("sort"),), {})
        order = paging.order_of(*args, **{name.removesuffix("_or_list"): kwargs[name] for name in kwargs})
        if not paging.covers(self.options.get("fields") or self.options.get("projection"), order):
            raise ValueError(f"the projection has to show what pages are sorted by: {', '.join(dict(order))}")
        return order

    def forbid(self, *names: str) -> None:
        """Refuse what pages say themselves.

        Raises:
            ValueError: An option was given or a method was called.
        """
        said = {verb for verb, _, _ in self.calls} | {name for name, given in self.options.items() if given}
        for name in names:
            if name in said:
                raise ValueError(f"{name}() and pages do not go together")


class Pages:
    """Pages of what a cursor finds."""

    _history: History | None = None
    _order: Order | None = None
    """The order of the pages, one of which this cursor hands out."""
    _position: Position | None = None
    """Where the last object handed out stands in it."""

    if TYPE_CHECKING:
        session: Any
        cls: Any
        ming_cursor: Any

        def sort(self, *args: Any, **kwargs: Any) -> Self: ...
        def skip(self, skip: int) -> Self: ...
        def limit(self, limit: int) -> Self: ...

    def page(self, number: int, size: int) -> Self:
        """Return a cursor over one page; objects that the sort takes for equal come in the order of their ``_id``.

        The server goes through all pages before it; `after` does not need that.

        Args:
            number: The page's number, from 1.
            size: How many objects a page has.

        Raises:
            ValueError: There is no such page, or the cursor skips or limits already.
        """
        if number < 1 or size < 1:
            raise ValueError(f"page({number}, {size}): pages and what is on them count from 1")
        history = self._opened()
        history.forbid("skip", "limit")
        order = history.order()
        made = self.sort(list(order)).skip((number - 1) * size).limit(size)
        made._order = order
        return made

    def after(self, token: str | None = None) -> Self:
        """Return a cursor over what comes after a page: over the first page at first, then go on by its `token`.

        Objects that come or go meanwhile do not move the others to another page. Objects that the sort takes
        for equal come in the order of their ``_id``. Two sorted fields within the documents of one array are
        told apart by the first alone.

        Args:
            token: The `token` of the page before; None to begin. `limit` says how much a page is.

        Raises:
            ValueError: It is no token, or one of another sort; or the sort is not by fields alone; or the cursor
                skips.
        """
        history = self._opened()
        history.forbid("skip")
        order = history.order()
        args = history.args
        if token is not None:
            query = paging.narrowed(history.options.get("filter"), paging.after(token, order, self._codec))
            args = (query, *args[1:])
        made: Self = self.session.find(self.cls, *args, **history.kwargs)
        for verb, called_with, keywords in history.calls:
            if verb != "sort":
                made = getattr(made, verb)(*called_with, **keywords)
        made = made.sort(list(order))
        made._order = order
        return made

    @property
    def token(self) -> str | None:
        """Where the page ends, at the last object handed out so far; None before the first.

        It can be a part of a URL. It holds values of the fields sorted by, which is no secret from whoever
        gets it.

        Raises:
            ValueError: The cursor is not over a page; or the document is there by a value, such as a regular
                expression, that filters cannot compare to.
        """
        if self._order is None:
            raise ValueError("only a cursor made by after() or page() has a token")
        return None if self._position is None else paging.token_of(self._position, self._order, self._codec)

    @property
    def _codec(self) -> Any:
        return self.ming_cursor.cursor.collection.codec_options

    def _opened(self) -> History:
        if self._history is None:
            raise ValueError("only a cursor opened by find() has pages")
        if self._order is not None:
            raise ValueError("the cursor is over a page already")
        return self._history

    def _mark(self, raw: Mapping[str, Any]) -> None:
        """Note where a document stands."""
        assert self._order is not None
        self._position = paging.position_of(raw, self._order)
