"""A transaction: the store as of its first command, and what it has written itself.

It copies a collection (`ming.mim.store.Collection.fork`) when it first writes to it, and is given a copy when
somebody else is about to change one (`ming.mim.open_transactions`). Which commands run in it, and when it
begins and ends, is the business of `ming.mim.sessions`.
"""

from __future__ import annotations

import threading
import time
from collections import ChainMap
from collections.abc import MutableMapping
from typing import Final

from ming.mim.errors import CommandError, WriteConflict
from ming.mim.guards import Guard, Write
from ming.mim.journal import Change, Kind
from ming.mim.open_transactions import LIFETIME
from ming.mim.store import Collection, Database, Store

__all__ = ["Transaction"]


class Transaction:
    """An open transaction, and the databases as its commands see them.

    Args:
        store: The store, locked; and so for every method.
    """

    def __init__(self, store: Store) -> None:
        self.ended = threading.Event()
        self.expires = time.monotonic() + LIFETIME
        self._store = store
        self._journal: list[Change] = []
        self._databases: dict[str, _View] = {}
        self._copies: dict[Collection, Collection] = {}
        self._claims: dict[Collection, _Claim] = {}
        self._used: set[Collection] = set()
        self._unknown: set[Collection] = set()
        self._reindexed: set[Collection] = set()
        store.transactions.add(self)

    # -- what its commands see

    def database(self, name: str) -> Database:
        """Return a database as the transaction sees it."""
        found = self._databases.get(name)
        if found is None:
            found = self._databases[name] = _View(self._store.database(name), self, self._journal)
        return found

    def databases(self) -> list[Database]:
        """Return the databases of the store that have collections."""
        return [self.database(each.name) for each in self._store.databases()]

    def seen(self, base: Collection) -> Collection:
        """Return a collection of the store as the transaction sees it.

        Raises:
            CommandError: It is newer than the transaction.
        """
        if base in self._unknown:
            raise CommandError(
                246,
                "Unable to read from a snapshot due to pending collection catalog changes; please retry the operation.",
            )
        self._used.add(base)
        claim = self._claims.get(base)
        return claim.fork if claim is not None else self._copies.get(base, base)

    def prepare_write(self, database: str, name: str) -> None:
        """Give the transaction a collection of its own in the place of one of the store, if there is one."""
        base = self._store.database(database).get(name)
        if base is None or base in self._claims:
            return
        seen = self.seen(base)
        claim = self._claims[base] = _Claim(self, base, base in self._reindexed)
        claim.fork = seen.fork(self._journal, claim)

    # -- what others ask

    def clashes(self, base: Collection, write: Write) -> bool:
        """Whether the transaction has written what somebody else wants to write."""
        claim = self._claims.get(base)
        return claim is not None and claim.covers(write)

    def uses(self, base: Collection) -> bool:
        """Whether the transaction has looked at a collection of the store or written to it."""
        return base in self._used

    def needs_copy(self, base: Collection) -> bool:
        """Whether the transaction still sees the collection of the store itself."""
        return base not in self._claims and base not in self._copies and base not in self._unknown

    def keep(self, base: Collection, copy: Collection) -> None:
        """See a copy instead of a collection of the store."""
        self._copies[base] = copy

    def miss(self, base: Collection, kind: Kind) -> None:
        """Know that a collection has been created, renamed or indexed since the transaction began."""
        if kind in ("create", "rename"):
            self._unknown.add(base)
        elif kind == "createIndex":
            self._reindexed.add(base)

    def rival(self, base: Collection, write: Write) -> bool:
        """Whether another open transaction has written what this one wants to write."""
        return self._store.transactions.clashing(base, write, but=self) is not None

    # -- its end

    def abort(self) -> None:
        """Forget what has been written."""
        self._end()

    def commit(self) -> None:
        """Put what has been written into the store, all of it or nothing.

        Raises:
            WriteConflict: A collection it created has been created outside.
        """
        self._end()
        made = [(view, each) for view in self._databases.values() for each in view.made.values()]
        if any(view.base.get(each.name) is not None for view, each in made):
            raise WriteConflict
        for base, claim in self._claims.items():
            if claim.records:
                self._store.transactions.preserve(base)
                base.adopt(claim.fork, claim.records)
        for view, each in made:
            view.base.adopt(each)
        bases = {claim.fork: base for base, claim in self._claims.items()}
        self._store.note(
            [change._replace(target=bases.get(change.target, change.target)) for change in self._journal]
        )
        self._store.settle()

    def _end(self) -> None:
        self._store.transactions.remove(self)
        self.ended.set()


class _View(Database):
    """A database as a transaction sees it; what is created goes into it alone."""

    def __init__(self, base: Database, transaction: Transaction, journal: list[Change]) -> None:
        # Not that of a database of the store, which has a mapping of its own.
        self.name = base.name
        self.base = base
        self.made: dict[str, Collection] = {}
        self._journal = journal
        self._guard = _MADE
        self._transaction = transaction

    @property
    def collections(self) -> MutableMapping[str, Collection]:  # type: ignore[override]
        """The collections by name; those of the store as they are there."""
        return ChainMap(self.made, self.base.collections)

    def get(self, name: str) -> Collection | None:
        """Return a collection as the transaction sees it."""
        made = self.made.get(name)
        if made is not None:
            return made
        base = self.base.get(name)
        return None if base is None else self._transaction.seen(base)


class _Claim:
    """A transaction's own copy of a collection, its guard, and what the transaction has written of it."""

    active = True
    fork: Collection

    def __init__(self, transaction: Transaction, base: Collection, reindexed: bool) -> None:
        self.records: set[int] = set()
        self._transaction = transaction
        self._base = base
        self._reindexed = reindexed

    def covers(self, write: Write) -> bool:
        """Whether the transaction has written a record or key."""
        return write.record in self.records or not self.records.isdisjoint(
            self.fork.holders(write.key, write.entries)
        )

    def writing(self, collection: Collection, write: Write) -> None:
        """Take note of a write of the transaction.

        Raises:
            WriteConflict: Somebody else has written the same since the transaction began.
        """
        _check_uncapped(collection)
        if self._reindexed or self._is_late(write) or self._transaction.rival(self._base, write):
            raise WriteConflict
        self.records.add(write.record)

    def _is_late(self, write: Write) -> bool:
        """Whether the store does not hold any more, in that place, what the transaction sees."""
        record, base = write.record, self._base
        if record not in self.records and base.document(record) is not self.fork.document(record):
            return True
        return not base.holders(write.key, write.entries) <= self.records | {record}

    def reshaping(self, collection: Collection, kind: Kind) -> None:
        """Refuse new indexes.

        Raises:
            CommandError: Always.
        """
        raise _NotInTransaction(f"Cannot create new indexes on existing collection {collection.namespace}")


class _Made:
    """The guard of collections that a transaction has created."""

    active = True

    def writing(self, collection: Collection, write: Write) -> None:
        """Refuse documents in a capped collection."""
        _check_uncapped(collection)

    def reshaping(self, collection: Collection, kind: Kind) -> None:
        """Refuse indexes over documents."""
        if len(collection):
            raise _NotInTransaction(
                f"Cannot create new indexes on non-empty collection {collection.namespace}"
            )


class _NotInTransaction(CommandError):
    """What a transaction cannot do, whatever it was part of."""

    def __init__(self, what: str) -> None:
        super().__init__(263, f"{what} in a multi-document transaction.")

    def within(self, context: str) -> CommandError:
        """Return the error itself."""
        return self


_MADE: Final[Guard] = _Made()


def _check_uncapped(collection: Collection) -> None:
    if collection.cap is not None:
        raise CommandError(
            263,
            f"Collection '{collection.namespace}' is a capped collection. Writes in transactions are not allowed on"
            " capped collections.",
        )
