"""Plaintext views of stored containers whose items are encrypted.

A view holds no plaintext: items are encrypted on the way into the stored container and decrypted on
the way out. `ming.encryption.fields` hands views out.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, MutableSequence
from contextlib import contextmanager
from typing import Any, Protocol, TypeGuard, TypeVar, overload

from ming.schema import Binary

__all__ = ["ChangeTracker", "Cipher", "EncryptedListWrapper"]

T = TypeVar("T")


class Cipher(Protocol):
    """What encrypts and decrypts: a document, its class, or a datastore."""

    def encr(self, value: Any, /) -> Any:
        """Encrypt a value; None stays None."""

    def decr(self, value: Any, /) -> Any:
        """Decrypt a value; None stays None."""


class ChangeTracker(Protocol):
    """What is told of changes to a stored container."""

    def added_item(self, item: Any, /) -> None:
        """Take notice of a change."""


class EncryptedListWrapper(MutableSequence[T]):
    """A stored list seen in plain text.

    It behaves as a list, except that it is none: slices, sums, products and copies are plain lists, and
    the repr shows no items. Items are compared after decryption, so ciphertexts need not be deterministic.

    Args:
        doc: The stored list, changed in place.
        tracker: Is told of every change after it, if there is one; before it, if it has a method ``changing``.
        item_schema: The schema of the items; of all items, only those of `ming.schema.Binary` itself are encrypted.
        instance: Encrypts and decrypts.
        items_encrypted: Whether the list is one whose items are encrypted. If not, they are passed on as they are.
    """

    def __init__(
        self,
        doc: MutableSequence[Any],
        tracker: ChangeTracker | None,
        item_schema: Any,
        instance: Cipher,
        items_encrypted: bool = False,
    ) -> None:
        self._doc = doc
        self._tracker = tracker
        self._instance = instance
        self._encrypts = items_encrypted and item_schema is Binary

    def shows(self, stored: object) -> bool:
        """Whether this is a view of that very stored list."""
        return self._doc is stored

    # In and out

    def _seal(self, value: T) -> Any:
        return self._instance.encr(value) if self._encrypts else value

    def _unseal(self, stored: Any) -> T:
        plain: T = self._instance.decr(stored) if self._encrypts else stored
        return plain

    def _seal_all(self, values: Iterable[T]) -> list[Any]:
        return [self._seal(value) for value in values]

    @contextmanager
    def _change(self) -> Iterator[None]:
        """Tell the tracker of a change: before it, if it wants to know, and after it."""
        changing = getattr(self._tracker, "changing", None)
        if changing is not None:
            changing()
        yield
        if self._tracker is not None:
            self._tracker.added_item(self._doc)

    # Reading

    def __repr__(self) -> str:
        return f"{type(self).__name__}(<{len(self)} items>)"

    def __len__(self) -> int:
        return len(self._doc)

    def __iter__(self) -> Iterator[T]:
        return map(self._unseal, self._doc)

    def __reversed__(self) -> Iterator[T]:
        return map(self._unseal, reversed(self._doc))

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> list[T]: ...
    def __getitem__(self, index: int | slice) -> T | list[T]:
        if isinstance(index, slice):
            return [self._unseal(stored) for stored in self._doc[index]]
        return self._unseal(self._doc[index])

    def copy(self) -> list[T]:
        """The items, in a list of their own."""
        return list(self)

    def index(self, value: Any, start: int = 0, stop: int = sys.maxsize) -> int:
        """The first index of a value.

        Raises:
            ValueError: It is not among the items from ``start`` to before ``stop``.
        """
        return self.copy().index(value, start, stop)

    # Changing

    @overload
    def __setitem__(self, index: int, value: T) -> None: ...
    @overload
    def __setitem__(self, index: slice, value: Iterable[T]) -> None: ...
    def __setitem__(self, index: Any, value: Any) -> None:
        sealed = self._seal_all(value) if isinstance(index, slice) else self._seal(value)
        with self._change():
            self._doc[index] = sealed

    def __delitem__(self, index: int | slice) -> None:
        with self._change():
            del self._doc[index]

    def insert(self, index: int, value: T) -> None:
        """Insert a value before an index."""
        sealed = self._seal(value)
        with self._change():
            self._doc.insert(index, sealed)

    def append(self, value: T) -> None:
        """Add a value at the end."""
        sealed = self._seal(value)
        with self._change():
            self._doc.append(sealed)

    def extend(self, values: Iterable[T]) -> None:
        """Add values at the end."""
        sealed = self._seal_all(values)
        with self._change():
            self._doc.extend(sealed)

    def pop(self, index: int = -1) -> T:
        """Remove the item at an index and return it."""
        value = self[index]
        del self[index]
        return value

    def reverse(self) -> None:
        """Reverse the order of the items."""
        with self._change():
            self._doc.reverse()

    def clear(self) -> None:
        """Remove all items."""
        self.replace(())

    def replace(self, values: Iterable[T]) -> None:
        """Put other items into the place of all there are."""
        sealed = self._seal_all(values)
        with self._change():
            self._doc[:] = sealed

    def sort(self, *, key: Callable[[T], Any] | None = None, reverse: bool = False) -> None:
        """Sort the items by their plain text; none is encrypted anew."""
        plain = self.copy()
        ranks: list[Any] = plain if key is None else [key(value) for value in plain]
        order = sorted(range(len(ranks)), key=ranks.__getitem__, reverse=reverse)
        with self._change():
            self._doc[:] = [self._doc[index] for index in order]

    # Operators

    def __add__(self, other: Any) -> list[T]:
        if not _is_list(other):
            return NotImplemented
        return [*self, *other]

    def __radd__(self, other: Any) -> list[T]:
        if not _is_list(other):
            return NotImplemented
        return [*other, *self]

    def __mul__(self, times: int) -> list[T]:
        return self.copy() * times

    __rmul__ = __mul__

    def __imul__(self, times: int) -> EncryptedListWrapper[T]:
        with self._change():
            self._doc[:] = list(self._doc) * times
        return self

    def __eq__(self, other: object) -> bool:
        return self.copy() == list(other) if _is_list(other) else NotImplemented

    def __lt__(self, other: Any) -> bool:
        return self.copy() < list(other) if _is_list(other) else NotImplemented

    def __le__(self, other: Any) -> bool:
        return self.copy() <= list(other) if _is_list(other) else NotImplemented

    def __gt__(self, other: Any) -> bool:
        return self.copy() > list(other) if _is_list(other) else NotImplemented

    def __ge__(self, other: Any) -> bool:
        return self.copy() >= list(other) if _is_list(other) else NotImplemented


def _is_list(value: object) -> TypeGuard[list[Any] | EncryptedListWrapper[Any]]:
    return isinstance(value, (list, EncryptedListWrapper))
