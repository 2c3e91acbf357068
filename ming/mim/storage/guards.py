"""Guards: whom collections ask before they change, for the sake of open transactions.

A collection of the store has the store's guard (`ming.mim.transactions`), which is active only while there
are transactions; the collections inside a transaction have guards of that transaction.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple, Protocol

from ming.mim.data.values import OrderKey
from ming.mim.storage.journal import Kind

if TYPE_CHECKING:
    from ming.mim.storage.indexes import Entry, Index
    from ming.mim.storage.records import Collection

__all__ = ["UNGUARDED", "Guard", "Write"]


class Write(NamedTuple):
    """What is about to happen to a record.

    Args:
        record: Its number.
        key: The ``_id`` as the collection knows it, if the record is a new one.
        entries: The keys it will have in each index.
    """

    record: int
    key: OrderKey | None = None
    entries: Iterable[tuple[Index, Iterable[Entry]]] = ()


class Guard(Protocol):
    """Who may object to changes of a collection."""

    @property
    def active(self) -> bool:
        """Whether it need be asked at all."""
        ...

    def writing(self, collection: Collection, write: Write) -> None:
        """Take note of a write before it is done.

        Raises:
            WriteConflict: It must not be done.
        """
        ...

    def reshaping(self, collection: Collection, kind: Kind) -> None:
        """Take note of a change of the collection itself before it is done.

        Raises:
            CommandError: It must not be done.
        """
        ...


class _Unguarded:
    active = False

    def writing(self, collection: Collection, write: Write) -> None:
        """Let it happen."""

    def reshaping(self, collection: Collection, kind: Kind) -> None:
        """Let it happen."""


UNGUARDED: Guard = _Unguarded()
"""Lets everything happen."""
