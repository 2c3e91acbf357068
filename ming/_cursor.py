"""`Cursor`: documents of a class, out of a cursor of the driver.

`CursorBase` is the part shared with `ming.aio.cursor.AsyncCursor`. Documents are handed out of the driver's
own batch where that batch is known for what it is; any other iterator is asked for one after the other.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Generic, Literal, TypeVar, cast

import bson
import pymongo.asynchronous.cursor
import pymongo.cursor

from ming._drive import run
from ming._flows.loading import acceptance_for, loader_for
from ming._flows.write_back import WriteBack, writes_back
from ming.exc import Invalid, MingException

if TYPE_CHECKING:
    from typing_extensions import Self

    from ming._base_manager import BaseManager
    from ming._calls import FindArguments
    from ming._types import RawDocument

__all__ = ["Cursor", "CursorBase", "OnInvalid", "only"]

log: Final = logging.getLogger("ming.session")

D = TypeVar("D")

OnInvalid = Literal["raise", "skip", "report"]
"""What becomes of stored documents that are not valid."""

_BATCHING: Final = {pymongo.cursor.Cursor, pymongo.asynchronous.cursor.AsyncCursor}
"""The driver's own cursors: their batch is a deque in ``_data``."""

_BATCH_BYTES: Final = 1_000_000
"""Batches of this size stay in the processor's caches; the server's own, of 16 MB, take up to twice the time."""

_SAMPLE: Final = 4
_NOTHING: Final[deque[Any]] = deque()


class CursorBase(Generic[D]):
    """What both faces' cursors share.

    Args:
        cls: The document class.
        cursor: The driver's cursor, or any iterator of raw documents.
        allow_extra: Whether stored keys that no field declares are accepted.
        strip_extra: Whether accepted ones go out of sight; they stay stored all the same.
        find_spec: The filter, for counting.
        on_invalid: ``raise`` for a document that cannot be read; ``skip`` it with a warning in the log; or
            skip it and ``report`` it in `rejected`.
    """

    def __init__(
        self,
        cls: type[D],
        cursor: Any,
        allow_extra: bool = True,
        strip_extra: bool = True,
        find_spec: Mapping[str, Any] | None = None,
        on_invalid: OnInvalid = "raise",
    ) -> None:
        if on_invalid not in ("raise", "skip", "report"):
            raise ValueError(f"on_invalid={on_invalid!r}, expected 'raise', 'skip' or 'report'")
        self.cls = cls
        self.cursor = cursor
        self.find_spec = find_spec
        self.rejected: list[Invalid] = []
        """Errors of the documents left out, with ``on_invalid="report"``."""
        self._allow_extra = allow_extra
        self._strip_extra = strip_extra
        self._on_invalid = on_invalid
        self._count_options: Mapping[str, Any] = {}
        self._loader: Callable[[RawDocument], D] | None = None
        self._batch_loader: Callable[[deque[RawDocument]], list[D]] | None = None
        """As ``_loader``, for all that is left of a batch; None where that goes one by one."""
        self._batch = _NOTHING
        self._session: Any = None
        self._write_back: WriteBack | None = None

    def __bool__(self) -> bool:
        raise MingException("Cannot evaluate Cursor to a boolean")

    # -- how the driver is to find

    def limit(self, limit: int) -> Self:
        """Return at most so many documents."""
        return self._chained(self.cursor.limit(limit))

    def skip(self, skip: int) -> Self:
        """Leave out the first documents."""
        return self._chained(self.cursor.skip(skip))

    def hint(self, index_or_name: Any) -> Self:
        """Use an index."""
        return self._chained(self.cursor.hint(index_or_name))

    def sort(self, *args: Any, **kwargs: Any) -> Self:
        """Sort; arguments are the driver's."""
        return self._chained(self.cursor.sort(*args, **kwargs))

    def batch_size(self, batch_size: int) -> Self:
        """Have the server send so many documents at a time."""
        return self._chained(self.cursor.batch_size(batch_size))

    def max_time_ms(self, max_time_ms: int | None) -> Self:
        """Limit the time the server may take."""
        return self._chained(self.cursor.max_time_ms(max_time_ms))

    def collation(self, collation: Any) -> Self:
        """Compare strings by a collation, in counting too."""
        self._count_options = {**self._count_options, "collation": collation}
        return self._chained(self.cursor.collation(collation))

    def comment(self, comment: Any) -> Self:
        """Leave a comment in the server's log and profiler."""
        return self._chained(self.cursor.comment(comment))

    def allow_disk_use(self, allow_disk_use: bool) -> Self:
        """Allow the server to sort on disk."""
        return self._chained(self.cursor.allow_disk_use(allow_disk_use))

    def _chained(self, cursor: Any) -> Self:
        self.cursor = cursor
        return self

    # -- raw documents become documents

    def read_through(self, session: Any, manager: BaseManager[Any], found: FindArguments) -> Self:
        """Note what the cursor was opened with; older documents are written back there, if the class says so."""
        self._session = session
        if found.is_whole and writes_back(manager):
            load = loader_for(self.cls, self._allow_extra, self._strip_extra)
            self._write_back = WriteBack(manager, load, found.kwargs.get("session"))
        return self

    def document_loader(self) -> Callable[[RawDocument], D]:
        """Return the function that makes documents of the raw ones of this cursor."""
        if self._write_back is not None:
            return self._write_back.load
        return loader_for(self.cls, self._allow_extra, self._strip_extra)

    def acceptance(self) -> Callable[[RawDocument], bool] | None:
        """Return the test for raw documents that `document_loader` may make later: they are nobody else's."""
        if type(self.cursor) not in _BATCHING or self._write_back is not None:
            return None
        return acceptance_for(self.cls, self._allow_extra, self._strip_extra)

    @contextmanager
    def wanting(self, count: int) -> Iterator[None]:
        """Within a block, want so many documents: no more of them are written back."""
        if self._write_back is None:
            yield
            return
        self._write_back.at_once = count
        try:
            yield
        finally:
            self._write_back.at_once = None

    def _load(self, raw: Any) -> D:
        """Make a document; only the first one asks who makes it."""
        if self._loader is None:
            self._loader = self.document_loader()
        return self._loader(raw)

    def _accepted(self, raw: Any) -> D | None:
        """Make a document; None if it cannot be read and is to be left out."""
        document_id = raw.get("_id")
        try:
            return self._load(raw)
        except Exception as error:  # noqa: BLE001 - a ``migrate`` may raise anything
            self._reject(error, raw, document_id)
            return None

    def _reject(self, error: Exception, raw: Any, document_id: Any) -> None:
        collection = getattr(getattr(self.cursor, "collection", None), "name", None)
        invalid = error
        if not isinstance(invalid, Invalid):
            notes = "".join(f"\n{note}" for note in getattr(error, "__notes__", ()))
            invalid = Invalid(f"{type(error).__name__}: {error}{notes}", raw)
            invalid.__cause__ = error
        invalid.within(collection, document_id)
        if self._on_invalid == "report":
            self.rejected.append(invalid)
        else:
            log.warning(
                "Skipped a document of %r, _id %r, at %r: %s",
                collection,
                document_id,
                invalid.path,
                invalid.reason,
            )

    def fetched(self) -> deque[RawDocument]:
        """Return the raw documents that the driver has and did not hand out yet, as far as that is known."""
        ahead = _NOTHING if self._write_back is None else self._write_back.batch
        batch = ahead or self._batch or getattr(self.cursor, "_data", None)
        return batch if type(batch) is deque else _NOTHING

    def _reset(self) -> None:
        self._forget_batch()
        self.rejected = []

    def _forget_batch(self) -> None:
        self._batch = _NOTHING
        if self._write_back is not None:
            self._write_back.reset()

    def _take_batch(self) -> None:
        """Hold on to the rest of the batch that the driver just fetched."""
        cursor = self.cursor
        if type(cursor) not in _BATCHING or self._on_invalid != "raise" or self._write_back is not None:
            return
        batch = getattr(cursor, "_data", None)
        if type(batch) is not deque:
            return
        if batch and getattr(cursor, "_batch_size", None) == 0 and cursor.cursor_id:
            cursor._batch_size = _documents_per_batch(batch)
        self._batch = batch

    def _empty_batch_into(self, found: list[D]) -> None:
        batch, load = self._batch, self._load if self._loader is None else self._loader
        if self._batch_loader is None:
            found.extend([load(batch.popleft()) for _ in range(len(batch))])
        else:
            found.extend(self._batch_loader(batch))


def _documents_per_batch(batch: deque[RawDocument]) -> int:
    sample = [batch[index] for index in range(0, len(batch), -(-len(batch) // _SAMPLE))]
    mean = sum(len(bson.encode(raw)) for raw in sample) / len(sample)
    return max(len(batch), int(_BATCH_BYTES / mean))


def only(documents: list[D]) -> D:
    """Return the only one of the first two documents.

    Raises:
        ValueError: There is none, or more than one.
    """
    if not documents:
        raise ValueError("Less than one result from .one()")
    if len(documents) > 1:
        raise ValueError("More than one result from .one()")
    return documents[0]


class Cursor(CursorBase[D]):
    """An iterator over documents of one class; arguments as `CursorBase`.

    Its truth cannot be asked: use `first`, `count` or a loop.
    """

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> D:
        batch = self._batch
        if batch:
            # The same as next(), without another call per document.
            return self._loader(batch.popleft())  # type: ignore[misc]
        document = self.next()
        if type(self).next is _OWN_NEXT and "next" not in self.__dict__:
            self._take_batch()
        return document

    def next(self) -> D:
        """Return the next document.

        Raises:
            StopIteration: There is none.
            Invalid: The stored document is not valid.
        """
        while True:
            raw = next(self.cursor) if self._write_back is None else self._next_of(self._write_back)
            if raw is None:
                # An iterator of the caller's own; the driver has none such.
                return cast(D, raw)
            if self._on_invalid == "raise":
                return self._load(raw)
            document = self._accepted(raw)
            if document is not None:
                return document

    def _next_of(self, ahead: WriteBack) -> RawDocument:
        """The next raw document of the batch; where there is none, the next batch is fetched and written back."""
        if not ahead.batch:
            run(ahead.fetch(self.cursor), self._session)
        if not ahead.batch:
            raise StopIteration
        return ahead.batch.popleft()

    def rewind(self) -> Self:
        """Start anew."""
        self._reset()
        return self._chained(self.cursor.rewind() or self.cursor)

    def count(self) -> int:
        """Count what the filter matches, whatever limit and skip say."""
        count: int = self.cursor.collection.count_documents(self.find_spec or {}, **self._count_options)
        return count

    def distinct(self, *args: Any, **kwargs: Any) -> list[Any]:
        """Return the distinct values of a key."""
        values: list[Any] = self.cursor.distinct(*args, **kwargs)
        return values

    def first(self) -> D | None:
        """Return the next document, or None at the end."""
        with self.wanting(1):
            return next(iter(self), None)

    def one(self) -> D:
        """Return the only document.

        Raises:
            ValueError: There is none, or more than one.
        """
        with self.wanting(2):
            return only(list(islice(self, 2)))

    def all(self) -> list[D]:
        """Return all documents that are left."""
        found: list[D] = []
        for document in self:
            found.append(document)
            self._empty_batch_into(found)
        return found

    def close(self) -> None:
        """Let the server know that no more documents are wanted."""
        self._forget_batch()
        self.cursor.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


_OWN_NEXT: Final = Cursor.next
