"""Databases and collections in memory: records, natural order, indexes kept in step, the lock.

Nothing here knows commands. A record is a document with a number; numbers grow, so their order is the natural
order. Documents in a store are never changed in place: a write replaces them. Whatever changes something notes
it in the journal (`ming.mim.journal`).
"""

from __future__ import annotations

import os
import threading
import uuid
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from weakref import WeakSet

from ming.mim.conditions import Filter
from ming.mim.errors import CommandError, DuplicateKey
from ming.mim.indexes import Index
from ming.mim.journal import Change, Follower
from ming.mim.values import OrderKey, order_key

__all__ = ["Collection", "Database", "Store"]

Document = dict[str, Any]


class Collection:
    """The documents of one collection with their indexes.

    Args:
        database: The name of its database.
        name: Its own.
        options: Those it was created with.
        journal: Where to note changes.
    """

    def __init__(
        self, database: str, name: str, options: Mapping[str, Any] | None, journal: list[Change]
    ) -> None:
        self.database = database
        self.name = name
        self.options = dict(options or {})
        self.uuid = uuid.uuid4()
        self.indexes: dict[str, Index] = {}
        self._journal = journal
        self._documents: dict[int, Document] = {}
        self._ids: dict[OrderKey, int] = {}
        self._last = 0

    @property
    def namespace(self) -> str:
        """Database and collection, as messages name them."""
        return f"{self.database}.{self.name}"

    def __len__(self) -> int:
        return len(self._documents)

    def __iter__(self) -> Iterator[tuple[int, Document]]:
        return iter(self._documents.items())

    def insert(self, document: Document) -> None:
        """Store a document under its ``_id``.

        Raises:
            DuplicateKey: The ``_id`` or another unique key is taken.
        """
        key = order_key(document["_id"])
        if key in self._ids:
            raise DuplicateKey(self.namespace, "_id_", {"_id": 1}, {"_id": document["_id"]})
        record = self._last + 1
        entries = [(index, index.entries(document)) for index in self.indexes.values()]
        for index, keys in entries:
            index.check(keys, record, self.namespace)
        for index, keys in entries:
            index.add(keys, record)
        self._last = record
        self._ids[key] = record
        self._documents[record] = document
        self._journal.append(Change("insert", self, record, None, document))

    def replace(self, record: int, document: Document, whole: bool = False) -> None:
        """Put another document with the same ``_id`` in a record's place.

        Args:
            record: The record's number.
            document: The new document.
            whole: Whether the user replaced the document rather than updating it.

        Raises:
            DuplicateKey: A unique key is taken; the record is unchanged.
        """
        before = self._documents[record]
        entries = [(index, index.entries(before), index.entries(document)) for index in self.indexes.values()]
        for index, _, keys in entries:
            index.check(keys, record, self.namespace)
        for index, old_keys, keys in entries:
            index.remove(old_keys, record)
            index.add(keys, record)
        self._documents[record] = document
        self._journal.append(Change("replace" if whole else "update", self, record, before, document))

    def remove(self, record: int) -> None:
        """Delete a record."""
        document = self._documents.pop(record)
        del self._ids[order_key(document["_id"])]
        for index in self.indexes.values():
            index.remove(index.entries(document), record)
        self._journal.append(Change("delete", self, record, document))

    def select(self, query: Filter) -> Iterator[tuple[int, Document]]:
        """Yield the records that a filter selects, in natural order unless ``_id`` is looked up."""
        matches = query.matches
        for record, document in self._candidates(query):
            if matches(document):
                yield record, document

    def _candidates(self, query: Filter) -> Iterable[tuple[int, Document]]:
        points = query.points
        if points:
            documents = self._documents
            if "_id" in points:
                keys = sorted(key for key in points["_id"] if key in self._ids)
                return [(record, documents[record]) for record in map(self._ids.__getitem__, keys)]
            for index in self.indexes.values():
                records = index.look_up(points)
                if records is not None:
                    return [(record, documents[record]) for record in sorted(records)]
        return self._documents.items()

    def add_index(self, index: Index) -> None:
        """Build an index over the documents and keep it from now on.

        Raises:
            DuplicateKey: It is unique and two documents share a key.
        """
        for record, document in self._documents.items():
            entries = index.entries(document)
            index.check(entries, record, self.namespace)
            index.add(entries, record)
        self.indexes[index.name] = index
        self._journal.append(Change("createIndex", self, after=index))

    def drop_index(self, name: str) -> None:
        """Drop an index."""
        self._journal.append(Change("dropIndex", self, before=self.indexes.pop(name)))

    def set_options(self, options: Mapping[str, Any]) -> None:
        """Give the collection other options."""
        before, self.options = self.options, dict(options)
        self._journal.append(Change("options", self, before=before, after=self.options))

    def text_fields(self) -> tuple[str, ...]:
        """Return the fields of the text indexes."""
        return tuple(
            field for index in self.indexes.values() for field, kind in index.key.items() if kind == "text"
        )


class Database:
    """The collections of one database.

    Args:
        name: Its name.
        journal: Where to note changes.
    """

    def __init__(self, name: str, journal: list[Change]) -> None:
        self.name = name
        self.collections: dict[str, Collection] = {}
        self._journal = journal

    def get(self, name: str) -> Collection | None:
        """Return a collection, or None if there is none of that name."""
        return self.collections.get(name)

    def require(self, name: str) -> Collection:
        """Return a collection, created if need be.

        Raises:
            CommandError: The name is not a valid one.
        """
        collection = self.collections.get(name)
        return collection if collection is not None else self.create(name)

    def create(self, name: str, options: Mapping[str, Any] | None = None) -> Collection:
        """Create a collection.

        Raises:
            CommandError: The name is taken, or not a valid one.
        """
        namespace = f"{self.name}.{name}"
        if not isinstance(name, str) or not name or "\0" in name or "$" in name or name.startswith("."):
            raise CommandError(73, f"Invalid namespace specified '{namespace}'")
        if name in self.collections:
            raise CommandError(48, f"Collection {namespace} already exists.")
        made = self.collections[name] = Collection(self.name, name, options, self._journal)
        self._journal.append(Change("create", made))
        return made

    def drop(self, name: str) -> None:
        """Drop a collection with its indexes."""
        self._journal.append(Change("drop", self.collections.pop(name)))

    def drop_all(self) -> None:
        """Drop every collection, and thereby the database."""
        for name in list(self.collections):
            self.drop(name)
        self._journal.append(Change("dropDatabase", self))


class Store:
    """All databases of one engine, and the lock that every command holds."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.followers: list[Follower] = []
        self._databases: dict[str, Database] = {}
        self._journal: list[Change] = []
        _STORES.add(self)

    def database(self, name: str) -> Database:
        """Return a database; it counts as existing once it has a collection."""
        found = self._databases.get(name)
        if found is None:
            found = self._databases[name] = Database(name, self._journal)
        return found

    def databases(self) -> list[Database]:
        """Return the databases that have collections, by name."""
        return sorted(
            (each for each in self._databases.values() if each.collections), key=lambda each: each.name
        )

    def settle(self) -> None:
        """Hand the changes made since the last time to the followers."""
        if not self._journal:
            return
        changes = self._journal.copy()
        self._journal.clear()
        for follower in self.followers:
            follower(changes)


_STORES: WeakSet[Store] = WeakSet()


def _after_fork() -> None:
    # A lock held by another thread at the fork would stay locked for ever in the child.
    for store in list(_STORES):
        store.lock = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
