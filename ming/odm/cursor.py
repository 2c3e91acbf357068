"""`ODMCursor`: objects of a class, out of a cursor over its documents.

What both faces' cursors share is `CursorBase`; the asynchronous one is in `ming.odm.aio_cursor`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from ming._cursor import Cursor, only
from ming._cursor import CursorBase as DocumentCursor
from ming._flows.loading import loader_for
from ming._values import Missing
from ming.exc import MingException
from ming.odm.base import ObjectState, hooks, state
from ming.odm.options import Options
from ming.odm.registry import mapper_of

if TYPE_CHECKING:
    from typing_extensions import Self

    from ming.odm.mapper import Mapper

__all__ = ["CursorBase", "ODMCursor"]

T = TypeVar("T")


class CursorBase(Generic[T]):
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
    _note: Callable[[dict[str, Any]], None] | None = None
    _take_over: Callable[[ObjectState, Any, Options], None] = ObjectState.reload
    """How an object there is takes over what is stored, with ``refresh``."""
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
        return type(self)(self.session, self.cls, self.ming_cursor, **{**self._options, **options})

    def note(self, name: str, values: list[Any]) -> None:
        """Have the stored values of a field collected while objects are handed out."""
        self._note = lambda raw: values.append(raw.get(name))

    def _source(self) -> Any:
        """The cursor over the documents, made to hand out objects."""
        source = self.ming_cursor
        if isinstance(source, DocumentCursor):
            if self._maker is None:
                self._maker = self._object_maker(source._allow_extra, source._strip_extra)
            source._loader = self._maker
        return source

    def _object_maker(self, allow_extra: bool = True, strip_extra: bool = True) -> Callable[[Any], Any]:
        """The function from a stored document to the object that stands for it in the session."""
        session, options, mapper, group = self.session, self._options, self.mapper, object()
        mapper.compile()
        load = loader_for(mapper.collection, allow_extra, strip_extra)
        refresh, fields, note, take_over = options.refresh, options.fields, self._note, self._take_over
        # Prefetching is done with the objects themselves.
        decorate = None if options.load else options.decorate
        find, track = session.imap.finder(mapper.root), session.tracker(mapper.root)
        mapper_for, attach = mapper.mapper_for, ObjectState.attach

        def make(raw: dict[str, Any]) -> Any:
            if note is not None:
                note(raw)
            document_id = raw.get("_id", Missing)
            obj = find(document_id)
            if obj is None:
                document = load(raw)
                if document_id is Missing:
                    # A default would be nobody's.
                    dict.pop(document, "_id", None)
                made = mapper_for(document)
                cls: Any = made.mapped_class
                obj = cls.__new__(cls)
                own = attach(obj, made, options, session, document)
                own._status = "clean"
                own.group = group
                track(own, obj, document_id)
            elif refresh:
                take_over(obj.__ming__, load(raw), options)
                obj.__ming__.group = group
            else:
                known = obj.__ming__.options.get("fields")
                if known is not None and (fields is None or not {*fields} <= {*known}):
                    obj.__ming__.complete(load(raw), options)
            return obj if decorate is None else decorate(obj)

        return make

    def _object_of(self, found: Any) -> Any:
        """The object of what another iterator than our cursor hands out: raw documents, or such as are not valid."""
        if not isinstance(found, self.mapper.collection):
            return self._object_maker()(found)
        obj = self.session.imap.find(self.mapper.root, found.get("_id"))
        if obj is None:
            obj = self.mapper.adopt(found, self.session, self._options)
            self.session.track(obj)
        elif self._options.refresh:
            self._take_over(state(obj), found, self._options)
        return self._decorated(obj)

    def _decorated(self, obj: Any) -> Any:
        decorate = self._options.decorate
        return obj if decorate is None else decorate(obj)

    def hand_out(self, raws: Iterable[dict[str, Any]]) -> None:
        """Hand out the objects of raw documents that are there already; they keep their pending changes."""
        self._take_over = ObjectState.merge
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
        """Sort; arguments are the driver's."""
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
        if self._ready is None and self._options.load:
            self._ready = map(self._decorated, self._prefetched())
        found: T
        if self._ready is not None:
            found = next(self._ready)
            return found
        source = self._source()
        found = next(source)
        return found if isinstance(source, DocumentCursor) else self._object_of(found)

    def _prefetched(self) -> list[Any]:
        source = self._source()
        is_ours = isinstance(source, DocumentCursor)
        found = [each if is_ours else self._object_of(each) for each in source]
        self.session.load(found, *self._options.load)
        return found

    def first(self) -> T | None:
        """Return the next object, or None at the end."""
        return next(self, None)

    def one(self) -> T:
        """Return the only object.

        Raises:
            ValueError: There is none, or more than one.
        """
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
        self._ready = None
        self.ming_cursor.rewind()
        return self

    def close(self) -> None:
        """Let the server know that no more objects are wanted."""
        self.ming_cursor.close()


_OWN_METHODS: Final = (ODMCursor.next, ODMCursor.__next__, ODMCursor._next_impl)
