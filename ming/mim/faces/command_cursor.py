"""`CommandCursor`: walks the documents of a reply; `ming.mim.faces.cursor.Cursor` first asks for them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from itertools import islice
from types import TracebackType
from typing import TYPE_CHECKING, Any

from ming.mim.faces import _arguments as arguments
from ming.mim.faces._access import Access

if TYPE_CHECKING:
    from typing_extensions import Self

    from ming.mim.faces.collection import Collection

__all__ = ["CommandCursor"]


class CommandCursor:
    """Iterates over the documents of a command's reply.

    Args:
        collection: The collection asked.
        documents: What the engine answered.
        session: The client session it was asked in.
    """

    def __init__(
        self, collection: Collection, documents: Iterable[dict[str, Any]], session: Any = None
    ) -> None:
        self._collection = collection
        self._session = session
        self._access: Access = collection._access
        # Named as in the driver's cursors: what was fetched and not handed out yet.
        self._data: deque[dict[str, Any]] | None = deque(documents)
        self._retrieved = 0
        self._closed = False

    @property
    def collection(self) -> Collection:
        """The collection asked."""
        return self._collection

    @property
    def alive(self) -> bool:
        """Whether there may be documents to come."""
        return not self._closed and (self._data is None or bool(self._data))

    @property
    def retrieved(self) -> int:
        """The number of documents fetched so far."""
        return self._retrieved

    @property
    def cursor_id(self) -> int | None:
        """0 once the results are there: the engine sends all of them at once."""
        return None if self._data is None else 0

    @property
    def address(self) -> None:
        """None: there is no server."""
        return None

    @property
    def session(self) -> Any:
        """The client session, or None."""
        return self._session

    def batch_size(self, batch_size: int) -> Self:
        """Accepted for the driver's sake: results come in one batch."""
        arguments.checked_int("batch_size", batch_size, 0)
        return self

    def next(self) -> dict[str, Any]:
        """Return the next document.

        Raises:
            StopIteration: There is none, or the cursor is closed.
        """
        documents = self._data
        if not documents or self._closed:
            documents = self._ready()
        if not documents:
            raise StopIteration
        document: dict[str, Any] = self._access.codec.document(documents.popleft())
        return document

    __next__ = next

    def try_next(self) -> dict[str, Any] | None:
        """Return the next document, or None."""
        return next(self, None)

    def __iter__(self) -> Self:
        return self

    def to_list(self, length: int | None = None) -> list[dict[str, Any]]:
        """Return the remaining documents, at most ``length`` of them."""
        if length is not None:
            arguments.checked_int("length", length, 1)
        return list(self if length is None else islice(self, length))

    def all(self) -> list[dict[str, Any]]:
        """Return the remaining documents."""
        return self.to_list()

    def close(self) -> None:
        """Forget the remaining documents."""
        self._closed = True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _ready(self) -> deque[dict[str, Any]]:
        return deque() if self._closed or self._data is None else self._data
