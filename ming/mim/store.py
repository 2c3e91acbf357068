"""Databases and collections in memory: records, natural order, indexes kept in step, locks.

Nothing here knows commands. A record is a document with a number; numbers grow, so their order is the natural
order. Documents in a store are never changed in place: a write replaces them.
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
from ming.mim.values import OrderKey, order_key

__all__ = ["Collection", "Database", "Store"]

Document = dict[str, Any]


class Collection:
    """The documents of one collection with their indexes."""

    def __init__(self, namespace: str, options: Mapping[str, Any] | None = None) -> None:
        self.namespace = namespace
        self.options = dict(options or {})
        self.uuid = uuid.uuid4()
        self.indexes: dict[str, Index] = {}
        self._documents: dict[int, Document] = {}
        self._ids: dict[OrderKey, int] = {}
        self._last = 0

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

    def replace(self, record: int, document: Document) -> None:
        """Put another document with the same ``_id`` in a record's place.

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

    def remove(self, record: int) -> None:
        """Delete a record."""
        document = self._documents.pop(record)
        del self._ids[order_key(document["_id"])]
        for index in self.indexes.values():
            index.remove(index.entries(document), record)

    def clear(self) -> None:
        """Delete all records; indexes stay."""
        self._documents.clear()
        self._ids.clear()
        for index in self.indexes.values():
            index.clear()

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

    def text_fields(self) -> tuple[str, ...]:
        """Return the fields of the text indexes."""
        return tuple(
            field for index in self.indexes.values() for field, kind in index.key.items() if kind == "text"
        )


class Database:
    """The collections of one database, and the lock every command on it holds."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.collections: dict[str, Collection] = {}
        self.lock = threading.RLock()

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
        made = self.collections[name] = Collection(namespace, options)
        return made


class Store:
    """All databases of one engine."""

    def __init__(self) -> None:
        self._databases: dict[str, Database] = {}
        self._lock = threading.Lock()
        _STORES.add(self)

    def database(self, name: str) -> Database:
        """Return a database; it counts as existing once it has a collection."""
        with self._lock:
            if name not in self._databases:
                self._databases[name] = Database(name)
            return self._databases[name]

    def databases(self) -> list[Database]:
        """Return the databases that have collections, by name."""
        with self._lock:
            return sorted(
                (each for each in self._databases.values() if each.collections), key=lambda each: each.name
            )

    def _renew_locks(self) -> None:
        self._lock = threading.Lock()
        for database in self._databases.values():
            database.lock = threading.RLock()


_STORES: WeakSet[Store] = WeakSet()


def _after_fork() -> None:
    # A lock held by another thread at the fork would stay locked for ever in the child.
    for store in list(_STORES):
        store._renew_locks()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
