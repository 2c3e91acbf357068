"""Cursors over batches of BSON as bytes, for those who decode documents themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NoReturn

from pymongo.errors import InvalidOperation

from ming.mim.faces import _arguments as arguments
from ming.mim.faces.command_cursor import CommandCursor
from ming.mim.faces.cursor import Cursor

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["RawBatchCommandCursor", "RawBatchCursor"]

_FIRST: Final = 101
"""How many documents a server puts into the first batch if it is not told."""


class _Batches(CommandCursor):
    """Gives the documents of a reply in batches."""

    _begun = False

    def _batch_size(self) -> int:
        """Return how many documents make a batch; 0 for the sizes of a server."""
        raise NotImplementedError

    def next(self) -> Any:
        """Return the next batch: the bytes of its documents, one after the other.

        Raises:
            StopIteration: There is none, or the cursor is closed.
        """
        documents = self._ready()
        if not documents:
            raise StopIteration
        number = self._batch_size() or (len(documents) if self._begun else _FIRST)
        self._begun = True
        batch = [documents.popleft() for _ in range(min(number, len(documents)))]
        return b"".join(map(self._access.codec.encoded, batch))

    __next__ = next

    def __getitem__(self, index: Any) -> NoReturn:
        raise InvalidOperation(f"Cannot call __getitem__ on {type(self).__name__}")


class RawBatchCursor(_Batches, Cursor):
    """A ``find`` in the making, then its results in batches of bytes."""

    def _batch_size(self) -> int:
        return self._query.batch_size

    def rewind(self) -> Self:
        """Forget the results, so that the next use asks again."""
        self._begun = False
        return super().rewind()


class RawBatchCommandCursor(_Batches):
    """The results of an aggregation in batches of bytes."""

    _size = 0
    # An aggregation's first batch holds what fits.
    _begun = True

    def _batch_size(self) -> int:
        return self._size

    def batch_size(self, batch_size: int) -> Self:
        """Set the number of documents in a batch."""
        self._size = arguments.checked_int("batch_size", batch_size, 0)
        return self
