"""The open transactions of a store, as the guard of its collections.

Before a collection changes outside of them, each open transaction gets a copy of what it sees, unless it has
one; what a transaction has written or looked at cannot be changed at all until it ends (`Busy`). The
transactions themselves are in `ming.mim.storage.transaction`, snapshots, which are only read, in
`ming.mim.storage.snapshot`.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Final, Protocol

from ming.mim.data.errors import LOCK_TIMEOUT, WRITE_CONFLICT, WriteConflict
from ming.mim.storage.guards import Write
from ming.mim.storage.journal import Kind

if TYPE_CHECKING:
    from ming.mim.storage.records import Collection

__all__ = ["LIFETIME", "Busy", "Member", "OpenTransactions"]

LIFETIME: Final = 60.0
"""Seconds after which a transaction is aborted when it stands in the way."""
_CLASH: Final = "an open transaction has written the same document or key"


class Member(Protocol):
    """An open transaction or snapshot, as far as others have to do with it."""

    ended: threading.Event
    """Set when it has ended."""
    expires: float
    """When it has lasted too long, by the monotonic clock."""

    def clashes(self, base: Collection, write: Write) -> bool:
        """Whether it has written what somebody else wants to write."""
        ...

    def uses(self, base: Collection) -> bool:
        """Whether a collection must stay as it is while it lasts."""
        ...

    def needs_copy(self, base: Collection) -> bool:
        """Whether it still sees the collection of the store itself, not a copy."""
        ...

    def keep(self, base: Collection, copy: Collection) -> None:
        """See a copy instead of a collection of the store."""
        ...

    def miss(self, base: Collection, kind: Kind) -> None:
        """Know that a collection has been created, renamed or indexed since the transaction began."""
        ...

    def end(self) -> None:
        """Let it go, with what it has written."""
        ...


class OpenTransactions:
    """The guard of a store's collections."""

    def __init__(self) -> None:
        self.active = False
        self._members: list[Member] = []

    def add(self, member: Member) -> None:
        """Take notice of a transaction that begins."""
        self._members.append(member)
        self.active = True

    def remove(self, member: Member) -> None:
        """Take notice of a transaction that ends."""
        self._members.remove(member)
        self.active = bool(self._members)

    def clashing(self, base: Collection, write: Write, but: Member | None = None) -> Member | None:
        """Return an open transaction that has written what somebody else wants to write.

        Args:
            base: The collection in the store.
            write: What is to be written.
            but: The transaction that wants to.
        """
        self._abort_expired(but)
        return next(
            (each for each in self._members if each is not but and each.clashes(base, write)),
            None,
        )

    def preserve(self, base: Collection) -> None:
        """Let every transaction see a collection as it is now, whatever is done to it."""
        lacking = [each for each in self._members if each.needs_copy(base)]
        if lacking:
            copy = base.fork([])
            for each in lacking:
                each.keep(base, copy)

    def writing(self, collection: Collection, write: Write) -> None:
        """Take note of a write outside of transactions before it is done.

        Raises:
            Busy: A transaction has written the same.
        """
        holder = self.clashing(collection, write)
        if holder is not None:
            raise Busy(holder)
        self.preserve(collection)

    def reshaping(self, collection: Collection, kind: Kind) -> None:
        """Take note of a change of a collection itself before it is done.

        Raises:
            Busy: A transaction uses the collection.
        """
        self._abort_expired()
        for each in self._members:
            if kind != "create" and each.uses(collection):
                errmsg = f"collection {collection.namespace} is in use by an open transaction"
                raise Busy(each, errmsg, LOCK_TIMEOUT)
        for each in self._members:
            each.miss(collection, kind)

    def _abort_expired(self, but: Member | None = None) -> None:
        now = time.monotonic()
        for each in [each for each in self._members if each.expires <= now and each is not but]:
            each.end()


class Busy(WriteConflict):
    """An open transaction stands in the way of a command outside; it is worth waiting for its end.

    Nothing of the command stays, so it can be tried again.

    Args:
        holder: The transaction.
        errmsg: What it holds.
        code: What the command fails with if nobody waits.
    """

    def __init__(self, holder: Member, errmsg: str = _CLASH, code: int = WRITE_CONFLICT) -> None:
        super().__init__(errmsg, code)
        self.holder = holder

    def within(self, context: str) -> Busy:
        """Return this error as one that came of something, which its message tells."""
        return Busy(self.holder, f"{context} :: caused by :: {self.errmsg}", self.code)
