"""`CursorBase`: what the cursors of both faces share, from documents to objects.

The cursors are `ming.odm.odmsession.ODMCursor` and `ming.odm.aio_cursor.AsyncODMCursor`. What is done for each
document is in `ming.odm.loading`, pages are in `ming.odm.pages`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from ming._cursor import CursorBase as DocumentCursor
from ming._flows.loading import loader_for
from ming._values import Missing
from ming.exc import MingException
from ming.odm.base import ObjectState, detached, hooks, state
from ming.odm.loading import ObjectMaker
from ming.odm.options import Options
from ming.odm.pages import Pages
from ming.odm.registry import mapper_of

if TYPE_CHECKING:
    from typing_extensions import Self

    from ming.odm.mapper import Mapper

__all__ = ["PREFETCHED", "CursorBase"]

T = TypeVar("T")

PREFETCHED: Final = 1000
"""For so many objects at once relations are loaded along."""


class CursorBase(Pages, Generic[T]):
    """What both faces' cursors share.

    Args:
        session: The session whose objects are wanted.
        cls: The mapped class.
        ming_cursor: The cursor over the documents.
        refresh: Whether objects there are take over what is stored.
        decorate: Called with every object; what it returns is handed out instead.
        fields: The projection, for objects that store no more than they loaded.
        load: Relations to load along, dotted names for those of the objects related.
    """

    # Subclasses may do without our initializer.
    session: Any = None
    ming_cursor: Any = None
    _options: Options = Options(decorate=None, fields=None, load=())
    _maker: Callable[[dict[str, Any]], Any] | None = None
    _objects: ObjectMaker | None = None
    _made_up_to: Any = None
    _note: Callable[[dict[str, Any]], None] | None = None
    _merges: bool = False
    """Whether objects there are keep their pending changes when they take over what is stored."""
    _at_once: int = PREFETCHED
    _ahead: Iterator[tuple[Any, Any]] = iter(())
    """Objects whose relations were loaded along, each with where it stands, as pages want to know."""
    _ready: Iterator[Any] | None = None
    """What is handed out, where that is not what the cursor over the documents finds."""

    def __init__(
        self,
        session: Any,
        cls: type[T],
        ming_cursor: Any,
        refresh: bool = False,
        decorate: Callable[[Any], Any] | None = None,
        fields: Iterable[str] | None = None,
        load: Sequence[str] = (),
        **options: Any,
    ) -> None:
        self.session = session
        self.cls = cls
        self.ming_cursor = ming_cursor
        self._options = Options(
            refresh=refresh,
            decorate=decorate,
            fields=None if fields is None else tuple(fields),
            load=tuple(load),
            **options,
        )

    @property
    def mapper(self) -> Mapper[T]:
        """The mapper of the class."""
        return mapper_of(self.cls)

    @property
    def extensions(self) -> Sequence[Any]:
        """The session's extensions."""
        found: Sequence[Any] = () if self.session is None else self.session.extensions
        return found

    def __bool__(self) -> bool:
        raise MingException(f"Cannot evaluate {type(self).__name__} to a boolean")

    def _again(self, **options: Any) -> Self:
        """A cursor over the same documents, with some options replaced."""
        made = type(self)(self.session, self.cls, self.ming_cursor, **{**self._options, **options})
        made._history, made._order = self._history, self._order
        return made

    def note(self, name: str, values: list[Any]) -> None:
        """Have the stored values of a field collected while objects are handed out."""
        self._note = lambda raw: values.append(raw.get(name))

    def read_ahead(self) -> None:
        """Make objects of documents that the driver has already, so that relations are loaded for them, too."""
        source, objects = self.ming_cursor, self._objects
        if objects is None or self._options.refresh or not isinstance(source, DocumentCursor):
            return
        upcoming = [*islice(source.fetched(), PREFETCHED)]
        if not upcoming or any(raw is self._made_up_to for raw in upcoming):
            return
        self._made_up_to = upcoming[-1]
        for raw in upcoming:
            try:
                # In its turn it is read again, and the object is there.
                if "_id" in raw:
                    objects.make(detached(raw))
            except Exception:  # noqa: BLE001 - a ``migrate`` may raise anything, and does so again in its turn
                return

    @contextmanager
    def wanting(self, count: int) -> Iterator[None]:
        """Within a block, want so many objects: no more of them have relations loaded along, or are written back."""
        source = self.ming_cursor
        self._at_once = count
        try:
            with source.wanting(count) if isinstance(source, DocumentCursor) else nullcontext():
                yield
        finally:
            self._at_once = PREFETCHED

    def _source(self) -> Any:
        """The cursor over the documents, made to hand out objects."""
        source = self.ming_cursor
        if (self._maker is None or source._loader is not self._maker) and isinstance(source, DocumentCursor):
            self._prepare(source)
        return source

    def _prepare(self, source: DocumentCursor[Any]) -> None:
        if self._maker is None:
            self.mapper.compile()
            self._maker = self._object_maker(source.document_loader(), source.acceptance())
        source._loader = self._maker
        source._batch_loader = self._batch_maker()

    def _batch_maker(self) -> Callable[[Any], list[Any]] | None:
        """As the maker, for all that is left of a batch; None where single objects are looked at on their way."""
        if self._objects is None or self._order is not None or self._options.decorate is not None:
            return None
        note, make_all = self._note, self._objects.make_all
        if note is None:
            return make_all

        def noted(batch: Any) -> list[Any]:
            for raw in batch:
                note(raw)
            return make_all(batch)

        return noted

    def _object_maker(
        self,
        load: Callable[[dict[str, Any]], Any] | None = None,
        accepts: Callable[[dict[str, Any]], bool] | None = None,
    ) -> Callable[[Any], Any]:
        """The function from a stored document to the object that stands for it in the session."""
        options, mapper = self._options, self.mapper
        note = self._note if self._order is None else self._mark
        mapper.compile()
        load = loader_for(mapper.collection) if load is None else load
        self._objects = ObjectMaker(self, options, load, accepts, self._takes_over())
        make = self._objects.make
        # Prefetching is done with the objects themselves.
        decorate = None if options.load else options.decorate
        if note is None and decorate is None:
            return make

        def noted(raw: dict[str, Any]) -> Any:
            if note is not None:
                note(raw)
            obj = make(raw)
            return obj if decorate is None else decorate(obj)

        return noted

    def _object_of(self, found: Any) -> Any:
        """The object of what another iterator than our cursor hands out: raw documents, or such as are not valid."""
        if not isinstance(found, self.mapper.collection):
            return self._object_maker()(found)
        obj = self.session.imap.find(self.mapper.root, found.get("_id"))
        if obj is None:
            obj = self.mapper.adopt(found, self.session, self._options)
            self.session.track(obj)
        elif self._options.refresh:
            self._takes_over()(state(obj), found, self._options)
        return self._decorated(obj)

    def _takes_over(self) -> Callable[[ObjectState, Any, Options], None]:
        """How objects there are take over what is stored, with ``refresh``."""
        return ObjectState.merge if self._merges else ObjectState.reload

    def _next_of_ahead(self) -> Any:
        """The next object whose relations were loaded along; `Missing` without."""
        for obj, position in self._ahead:
            self._position = position
            return self._decorated(obj)
        return Missing

    def _decorated(self, obj: Any) -> Any:
        decorate = self._options.decorate
        return obj if decorate is None else decorate(obj)

    def hand_out(self, raws: Iterable[dict[str, Any]]) -> None:
        """Hand out the objects of raw documents that are there already; they keep their pending changes."""
        self._merges = True
        self._ready = map(self._object_maker(), raws)

    # -- how the driver is to find

    def limit(self, limit: int) -> Self:
        """Return at most so many objects."""
        return self._chained("limit", limit)

    def skip(self, skip: int) -> Self:
        """Leave out the first objects."""
        return self._chained("skip", skip)

    def hint(self, index_or_name: Any) -> Self:
        """Use an index."""
        return self._chained("hint", index_or_name)

    def sort(self, *args: Any, **kwargs: Any) -> Self:
        """Sort; arguments are the driver's.

        Raises:
            ValueError: The cursor is over a page, which is one of what had been sorted.
        """
        if self._order is not None:
            raise ValueError("sort() comes before after() and page()")
        return self._chained("sort", *args, **kwargs)

    def options(self, **options: Any) -> Self:
        """Return a cursor over the same documents with other options, such as ``instrument=False``.

        Args:
            options: ``refresh``, ``decorate``, ``instrument``, and ``load``: names of relations to load for all
                objects in one query each, dotted names for those of the objects related.
        """
        made = self._again(**options)
        self._created(made, "options", (), options)
        return made

    def _chained(self, verb: str, *args: Any, **kwargs: Any) -> Self:
        self.ming_cursor = getattr(self.ming_cursor, verb)(*args, **kwargs)
        made = self._again()
        self._created(made, verb, args, kwargs)
        return made

    def _created(self, made: Self, verb: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        if self._history is not None:
            made._history = self._history.then(verb, args, kwargs)
        made.announce(verb, self, *args, **kwargs)

    def announce(self, action: str, *args: Any, **kwargs: Any) -> None:
        """Tell the session's extensions that the cursor was made."""
        for hook in hooks(self.extensions, "cursor_created"):
            self._heard(hook(self, action, *args, **kwargs))

    def _heard(self, reply: Any) -> None:
        """Deal with what a hook returned."""
        raise NotImplementedError

    def _hooked(self) -> bool:
        return bool(
            hooks(self.extensions, "before_cursor_next") or hooks(self.extensions, "after_cursor_next")
        )
