"""Databases and their collections in memory, and the lock.

Collections themselves are in `ming.mim.storage.records`.
"""

from __future__ import annotations

import os
import threading
import uuid
from collections.abc import Callable, Iterable, Mapping, MutableMapping
from datetime import datetime
from typing import Any, Protocol
from weakref import WeakSet

from ming.mim.data.errors import CommandError
from ming.mim.data.names import check_collection_name
from ming.mim.storage.change_log import ChangeLog
from ming.mim.storage.guards import UNGUARDED, Guard
from ming.mim.storage.journal import Change, Follower
from ming.mim.storage.open_transactions import OpenTransactions
from ming.mim.storage.records import Collection
from ming.mim.storage.undo import undo

__all__ = ["Database", "Databases", "Store"]


class Database:
    """The collections of one database.

    Args:
        name: Its name.
        journal: Where to note changes.
        guard: Whom to ask before.
    """

    def __init__(self, name: str, journal: list[Change], guard: Guard = UNGUARDED) -> None:
        self.name = name
        self.collections: MutableMapping[str, Collection] = {}
        self._journal = journal
        self._guard = guard

    def get(self, name: str) -> Collection | None:
        """Return a collection, or None if there is none of that name."""
        return self.collections.get(name)

    def require(self, name: str) -> Collection:
        """Return a collection, created if need be.

        Raises:
            CommandError: The name is not a valid one.
        """
        collection = self.get(name)
        return collection if collection is not None else self.create(name)

    def create(self, name: str, options: Mapping[str, Any] | None = None) -> Collection:
        """Create a collection.

        Raises:
            CommandError: The name is taken, or not a valid one.
        """
        check_collection_name(self.name, name)
        if name in self.collections:
            raise CommandError(48, f"Collection {self.name}.{name} already exists.")
        made = Collection(self.name, name, options, self._journal, self._guard)
        if self._guard.active:
            self._guard.reshaping(made, "create")
        self.collections[name] = made
        self._journal.append(Change("create", made))
        return made

    def load(self, name: str, options: Mapping[str, Any], number: uuid.UUID) -> Collection:
        """Return a collection as it was before, empty and without a note in the journal."""
        loaded = self.collections[name] = Collection(self.name, name, options, self._journal, self._guard)
        loaded.uuid = number
        return loaded

    def adopt(self, collection: Collection) -> None:
        """Take over a collection that a transaction has created, without a note in the journal."""
        if self._guard.active:
            self._guard.reshaping(collection, "create")
        collection.attach(self._journal, self._guard)
        self.collections[collection.name] = collection

    def drop(self, name: str) -> None:
        """Drop a collection with its indexes."""
        if self._guard.active:
            self._guard.reshaping(self.collections[name], "drop")
        place = list(self.collections).index(name)
        self._journal.append(Change("drop", self.collections.pop(name), place))

    def rename(self, name: str, target: Database, new_name: str) -> None:
        """Give a collection another name, maybe in another database; that name must be free."""
        if self._guard.active:
            self._guard.reshaping(self.collections[name], "rename")
        place = list(self.collections).index(name)
        collection = self.collections.pop(name)
        before = collection.namespace
        collection.database, collection.name = target.name, new_name
        target.collections[new_name] = collection
        self._journal.append(Change("rename", collection, place, before, collection.namespace))

    def drop_all(self) -> None:
        """Drop every collection, and thereby the database."""
        for name in list(self.collections):
            self.drop(name)
        self._journal.append(Change("dropDatabase", self))


class Databases(Protocol):
    """The databases a command sees: those of the store, or of a transaction."""

    def database(self, name: str) -> Database:
        """Return a database; it counts as existing once it has a collection."""
        ...

    def databases(self) -> list[Database]:
        """Return the databases that have collections, by name."""
        ...


class Store:
    """All databases of one engine, and the lock that every command holds."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.followers: list[Follower] = []
        self.transactions = OpenTransactions()
        self._databases: dict[str, Database] = {}
        self._journal: list[Change] = []
        self._log: ChangeLog | None = None
        _STORES.add(self)

    def database(self, name: str) -> Database:
        """Return a database; it counts as existing once it has a collection."""
        found = self._databases.get(name)
        if found is None:
            found = self._databases[name] = Database(name, self._journal, self.transactions)
        return found

    def databases(self) -> list[Database]:
        """Return the databases that have collections, by name."""
        return sorted(
            (each for each in self._databases.values() if each.collections), key=lambda each: each.name
        )

    def note(self, changes: Iterable[Change]) -> None:
        """Take changes into the journal that have been made without."""
        self._journal.extend(changes)

    def take_back(self) -> None:
        """Undo the changes made since the last time they were handed to the followers."""
        changes = self._journal.copy()
        self._journal.clear()
        undo(self, changes)

    def change_log(self, now: Callable[[], datetime]) -> ChangeLog:
        """Return the log of changes, which is kept from the first time on."""
        if self._log is None:
            self._log = ChangeLog(now)
            self.followers.append(self._log.note)
        return self._log

    def settle(self) -> None:
        """Hand the changes made since the last time to the followers.

        An error of a follower goes on to the caller, after the changes have been taken back.
        """
        if not self._journal:
            return
        changes = self._journal.copy()
        self._journal.clear()
        try:
            for follower in self.followers:
                follower(changes)
        except BaseException:
            undo(self, changes)
            raise


_STORES: WeakSet[Store] = WeakSet()


def _after_fork() -> None:
    # A lock held by another thread at the fork would stay locked for ever in the child.
    for store in list(_STORES):
        store.lock = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
