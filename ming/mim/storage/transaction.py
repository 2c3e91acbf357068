"""A transaction: a snapshot of the store, and what has been written in it.

It copies a collection (`ming.mim.storage.records.Collection.fork`) when it first writes to it. Which commands
run in it, and when it begins and ends, is the business of `ming.mim.commands.sessions`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from ming.mim.data.errors import CommandError, WriteConflict
from ming.mim.storage.guards import Guard, Write
from ming.mim.storage.journal import Change, Kind
from ming.mim.storage.open_transactions import LIFETIME
from ming.mim.storage.records import Collection
from ming.mim.storage.snapshot import Snapshot, View
from ming.mim.storage.store import Database, Store

__all__ = ["Transaction"]


class Transaction(Snapshot):
    """An open transaction, and the databases as its commands see them.

    Args:
        store: The store, locked; and so for every method.
    """

    def __init__(self, store: Store) -> None:
        self._journal: list[Change] = []
        self._claims: dict[Collection, _Claim] = {}
        self._used: set[str] = set()
        self._reindexed: set[Collection] = set()
        super().__init__(store, LIFETIME)

    def _view(self, base: Database) -> View:
        return View(base, self, self._journal, _MADE)

    def seen(self, base: Collection) -> Collection:
        """Return a collection of the store as the transaction sees it.

        Raises:
            CommandError: It is newer than the transaction.
        """
        copy = super().seen(base)
        claim = self._claims.get(base)
        return copy if claim is None else claim.fork

    def look(self, namespace: str) -> None:
        """Take note that a collection is looked for: as long as the transaction lasts, it stays what it
        is."""
        self._used.add(namespace)

    def prepare_write(self, database: str, name: str) -> None:
        """Give the transaction a collection of its own in the place of one of the store, if there is one."""
        view = self.database(database)
        base = view.base.get(name)
        if base is not None and name not in view.made and base not in self._claims:
            seen = self.seen(base)
            claim = self._claims[base] = _Claim(self, base, base in self._reindexed)
            claim.fork = seen.fork(self._journal, claim)

    def rival(self, base: Collection, write: Write) -> bool:
        """Whether another open transaction has written what this one wants to write."""
        return self._store.transactions.clashing(base, write, but=self) is not None

    def commit(self) -> None:
        """Put what has been written into the store, all of it or nothing; the transaction ends either way.

        Raises:
            WriteConflict: A collection it created has been created outside.
        """
        claims, journal = self._claims, self._journal
        made = [(view, each) for view in self._databases.values() for each in view.made.values()]
        self.end()
        if any(view.base.get(each.name) is not None for view, each in made):
            raise WriteConflict
        for base, claim in claims.items():
            if claim.records:
                self._store.transactions.preserve(base)
                base.adopt(claim.fork, claim.records)
        for view, each in made:
            view.base.adopt(each)
        bases = {claim.fork: base for base, claim in claims.items()}
        self._store.note(
            [change._replace(target=bases.get(change.target, change.target)) for change in journal]
        )
        self._store.settle()

    def end(self) -> None:
        """Let it go, with what it has written."""
        super().end()
        self._claims, self._journal = {}, []

    # -- what the store asks

    def clashes(self, base: Collection, write: Write) -> bool:
        """Whether the transaction has written what somebody else wants to write."""
        claim = self._claims.get(base)
        return claim is not None and claim.covers(write)

    def uses(self, base: Collection) -> bool:
        """Whether the transaction has looked for a collection of the name, which then stays as it is."""
        return base.namespace in self._used

    def needs_copy(self, base: Collection) -> bool:
        """Whether the transaction still sees the collection of the store itself."""
        return base not in self._claims and super().needs_copy(base)

    def miss(self, base: Collection, kind: Kind) -> None:
        """Know that a collection has been created, renamed or indexed since the transaction began."""
        super().miss(base, kind)
        if kind == "createIndex":
            self._reindexed.add(base)


class _Claim:
    """A transaction's own copy of a collection, its guard, and what the transaction has written of it."""

    active = True
    fork: Collection

    def __init__(self, transaction: Transaction, base: Collection, reindexed: bool) -> None:
        self.records: set[int] = set()
        self._entered: set[tuple[str, Any]] = set()
        self._transaction = transaction
        self._base = base
        self._reindexed = reindexed

    def covers(self, write: Write) -> bool:
        """Whether the transaction has written a record, or entered one under a key, be it gone again."""
        return write.record in self.records or not self._entered.isdisjoint(self._keys(write))

    def writing(self, collection: Collection, write: Write) -> None:
        """Take note of a write of the transaction.

        Raises:
            WriteConflict: Somebody else has written the same since the transaction began.
        """
        _check_uncapped(collection)
        if self._reindexed or self._is_late(write) or self._transaction.rival(self._base, write):
            raise WriteConflict
        self._entered.update(self._keys(write))
        self.records.add(write.record)

    def _keys(self, write: Write) -> Iterator[tuple[str, Any]]:
        """Yield the unique keys that a record comes under by a write, each with the name of the index."""
        if write.key is not None:
            yield "_id_", write.key
        for index, keys in write.entries:
            for entry in keys if index.refuses_duplicates else ():
                if write.record not in index.holders((entry,)):
                    yield index.name, entry

    def _is_late(self, write: Write) -> bool:
        """Whether the store does not hold any more, in that place, what the transaction sees."""
        record, base = write.record, self._base
        if record not in self.records and base.document(record) is not self.fork.document(record):
            return True
        known = self.fork.holders(write.key, write.entries) | self.records
        return not base.holders(write.key, write.entries) <= known | {record}

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


_MADE: Final[Guard] = _Made()


class _NotInTransaction(CommandError):
    """What a transaction cannot do, whatever it was part of."""

    def __init__(self, what: str) -> None:
        super().__init__(263, f"{what} in a multi-document transaction.")

    def within(self, context: str) -> CommandError:
        """Return the error itself."""
        return self


def _check_uncapped(collection: Collection) -> None:
    if collection.cap is not None:
        raise CommandError(
            263,
            f"Collection '{collection.namespace}' is a capped collection. Writes in transactions are not allowed on"
            " capped collections.",
        )
