"""`Collection`: the records of one collection, their natural order, and indexes kept in step.

Nothing here knows commands. A record is a document with a number; numbers grow, so their order is the natural
order. Documents in a store are never changed in place: a write replaces them. Whatever changes something asks
a guard (`ming.mim.storage.guards`) and notes it in the journal (`ming.mim.storage.journal`). Collections
belong to databases, in `ming.mim.storage.store`.
"""

from __future__ import annotations

import copy
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ming.mim.data.collation import SIMPLE, read_collation
from ming.mim.data.environment import KeyOf
from ming.mim.data.errors import DuplicateKey
from ming.mim.data.values import OrderKey
from ming.mim.queries.conditions import Filter, Points
from ming.mim.queries.search_indexes import NO_INDEXES, SearchIndexes
from ming.mim.storage.capped import Cap, cap_of
from ming.mim.storage.guards import UNGUARDED, Guard, Write
from ming.mim.storage.indexes import Entries, Entry, Index
from ming.mim.storage.journal import Change
from ming.mim.storage.validators import Validator, validator_of

__all__ = ["Collection"]

Document = dict[str, Any]


class _Numbers:
    """Numbers of records; a collection and its forks draw from one."""

    last = 0


class Collection:
    """The documents of one collection with their indexes.

    Args:
        database: The name of its database.
        name: Its own.
        options: Those it was created with.
        journal: Where to note changes.
        guard: Whom to ask before.
    """

    def __init__(
        self,
        database: str,
        name: str,
        options: Mapping[str, Any] | None,
        journal: list[Change],
        guard: Guard = UNGUARDED,
    ) -> None:
        self.database = database
        self.name = name
        self.uuid = uuid.uuid4()
        self.indexes: dict[str, Index] = {}
        self._journal = journal
        self._guard = guard
        self._documents: dict[int, Document] = {}
        self._ids: dict[OrderKey, int] = {}
        self._numbers = _Numbers()
        self.configure(options or {})

    def configure(self, options: Mapping[str, Any]) -> None:
        """Take other options, without a note in the journal."""
        self.options = dict(options)
        self.collation = read_collation(options["collation"]) if "collation" in options else SIMPLE
        self.validator: Validator | None = validator_of(self.options, self.collation.key)
        self.cap: Cap | None = cap_of(self.options)
        if self.cap is not None:
            for document in self._documents.values():
                self.cap.count(None, document)

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
        key = self.collation.key(document["_id"])
        numbers = self._numbers
        record = numbers.last + 1
        if self._guard.active:
            self._guard.writing(self, Write(record, key))
        if key in self._ids:
            raise DuplicateKey(
                self.namespace, "_id_", {"_id": 1}, {"_id": document["_id"]}, self.options.get("collation")
            )
        entries = [(index, index.entries(document)) for index in self.indexes.values()]
        if entries:
            self._check(record, entries)
            for index, keys in entries:
                index.add(keys, record)
        numbers.last = record
        self._ids[key] = record
        self._documents[record] = document
        if self.cap is not None:
            self.cap.count(None, document)
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
        entries = [
            (index, index.entries(before), index.entries(document))
            for index in self.indexes.values()
            if self._guard.active or not index.is_blind_to(before, document)
        ]
        if self._guard.active:
            self._guard.writing(self, Write(record))
        if entries:
            self._check(record, [(index, keys) for index, _, keys in entries])
            for index, old_keys, keys in entries:
                index.remove(old_keys, record)
                index.add(keys, record)
        self._documents[record] = document
        if self.cap is not None:
            self.cap.count(before, document)
        self._journal.append(Change("replace" if whole else "update", self, record, before, document))

    def remove(self, record: int) -> None:
        """Delete a record."""
        if self._guard.active:
            self._guard.writing(self, Write(record))
        document = self._documents.pop(record)
        del self._ids[self.collation.key(document["_id"])]
        for index in self.indexes.values():
            index.remove(index.entries(document), record)
        if self.cap is not None:
            self.cap.count(document, None)
        self._journal.append(Change("delete", self, record, document))

    def _check(self, record: int, entries: Sequence[tuple[Index, Entries]]) -> None:
        """Refuse keys that another record has, in the order in which a server notices it."""
        for index, keys in entries:
            if self._guard.active:
                self._guard.writing(self, Write(record, entries=[(index, keys)]))
            index.check(keys, record, self.namespace)

    def restore(self, record: int, document: Document | None) -> None:
        """Make a record hold a document, or nothing, without a check or a note in the journal.

        Where that brings back a record before others, `order` is due.
        """
        before = self._documents.get(record)
        if before is not None:
            del self._ids[self.collation.key(before["_id"])]
            for index in self.indexes.values():
                index.remove(index.entries(before), record)
        if document is None:
            self._documents.pop(record, None)
        else:
            self._documents[record] = document
            self._ids[self.collation.key(document["_id"])] = record
            self._numbers.last = max(self._numbers.last, record)
            for index in self.indexes.values():
                index.add(index.entries(document), record)
        if self.cap is not None:
            self.cap.count(before, document)

    def by_id(self, document_id: Any) -> Document | None:
        """Return the document with an ``_id``, None if there is none."""
        record = self._ids.get(self.collation.key(document_id))
        return None if record is None else self._documents[record]

    def order(self) -> None:
        """Bring records into natural order again."""
        self._documents = dict(sorted(self._documents.items()))

    # -- transactions

    def fork(self, journal: list[Change], guard: Guard = UNGUARDED) -> Collection:
        """Return a copy that shares the documents, and goes its own way from now on."""
        made = copy.copy(self)
        made._journal, made._guard = journal, guard
        made._documents, made._ids = self._documents.copy(), self._ids.copy()
        made.indexes = {name: index.fork() for name, index in self.indexes.items()}
        made.cap = copy.copy(self.cap)
        return made

    def adopt(self, fork: Collection, records: Iterable[int]) -> None:
        """Make some records what they are in a fork, without a check or a note in the journal."""
        last = next(reversed(self._documents), 0)
        late = False
        # In this order an `_id` that was deleted and inserted anew ends at the new record.
        for record in sorted(records):
            late = late or (record < last and record not in self._documents)
            self.restore(record, fork._documents.get(record))
        if late:
            self.order()

    def attach(self, journal: list[Change], guard: Guard) -> None:
        """Note changes in another journal and ask another guard from now on."""
        self._journal, self._guard = journal, guard

    def document(self, record: int) -> Document | None:
        """Return the document a record holds, if any."""
        return self._documents.get(record)

    def holders(self, key: OrderKey | None, entries: Iterable[tuple[Index, Iterable[Entry]]]) -> set[int]:
        """Return the records that hold an ``_id``, or a key that must be unique."""
        found = set() if key is None or key not in self._ids else {self._ids[key]}
        for index, keys in entries:
            own = self.indexes.get(index.name)
            if own is not None:
                found |= own.holders(keys)
        return found

    # -- selecting

    def select(self, query: Filter) -> Iterator[tuple[int, Document]]:
        """Yield the records that a filter selects.

        They come in the order the filter gives them, or in natural order unless ``_id`` is looked up.
        """
        selected = self._selected(query)
        order = query.order
        if order is None:
            return selected
        order.check(self.search_indexes().geo)
        return iter(sorted(selected, key=lambda record: order.distance(record[1])))

    def matching(self, query: Filter) -> Iterable[Document]:
        """Yield the documents that a filter selects, in the order of `select`."""
        if query.points or query.order is not None:
            return (document for _, document in self.select(query))
        return filter(query.matches, self._documents.values())

    def _selected(self, query: Filter) -> Iterator[tuple[int, Document]]:
        matches = query.matches
        for record, document in self._candidates(query):
            if matches(document):
                yield record, document

    def _candidates(self, query: Filter) -> Iterable[tuple[int, Document]]:
        found = self.look_up(query.points) if query.points else None
        return self._documents.items() if found is None else found

    def look_up(self, points: Mapping[str, Points]) -> list[tuple[int, Document]] | None:
        """Return the records among which all are that hold certain values, None if only reading all can tell.

        They come in the order of `select`.

        Args:
            points: The values that paths must hold.
        """
        documents = self._documents
        wanted = points.get("_id")
        if wanted is not None and wanted.known_by(self.collation.key):
            ids = self._ids
            records = [ids[key] for key in sorted(wanted.keys) if key in ids]
            return [(record, documents[record]) for record in records]
        for index in self.indexes.values():
            found = index.look_up(points)
            if found is not None:
                return [(record, documents[record]) for record in sorted(found)]
        return None

    def finds(self, path: str, order: KeyOf) -> bool:
        """Whether the documents with a value at a path, as an order knows it, are found without reading
        all."""
        if path == "_id" and order is self.collation.key:
            return True
        anything = {path: Points(frozenset(), order)}
        return any(
            order is index.collation.key and index.look_up(anything) is not None
            for index in self.indexes.values()
        )

    def add_index(self, index: Index) -> None:
        """Build an index over the documents and keep it from now on.

        Raises:
            DuplicateKey: It is unique and two documents share a key.
        """
        self.add_indexes([index])

    def add_indexes(self, indexes: Sequence[Index]) -> None:
        """Build indexes over the documents and keep them, all or none, from now on.

        Raises:
            DuplicateKey: One is unique and two documents share a key.
        """
        if self._guard.active and indexes:
            self._guard.reshaping(self, "createIndex")
        for index in indexes:
            self._fill(index)
        for index in indexes:
            self.indexes[index.name] = index
            self._journal.append(Change("createIndex", self, after=index))

    def _fill(self, index: Index) -> None:
        for record, document in self._documents.items():
            entries = index.entries(document)
            if index.unique:
                index.check(entries, record, self.namespace)
            index.add(entries, record)

    def alter_index(self, index: Index) -> None:
        """Put an index in the place of the one with its name.

        Raises:
            DuplicateKey: It is unique and two documents share a key.
        """
        if self._guard.active:
            self._guard.reshaping(self, "createIndex")
        self._fill(index)
        place = list(self.indexes).index(index.name)
        self._journal.append(Change("dropIndex", self, place, self.indexes[index.name]))
        self.indexes[index.name] = index
        self._journal.append(Change("createIndex", self, after=index))

    def drop_index(self, name: str) -> None:
        """Drop an index."""
        if self._guard.active:
            self._guard.reshaping(self, "dropIndex")
        place = list(self.indexes).index(name)
        self._journal.append(Change("dropIndex", self, place, self.indexes.pop(name)))

    def set_options(self, options: Mapping[str, Any]) -> None:
        """Give the collection other options."""
        if self._guard.active:
            self._guard.reshaping(self, "options")
        before = self.options
        self.configure(options)
        self._journal.append(Change("options", self, before=before, after=self.options))

    def search_indexes(self) -> SearchIndexes:
        """Return the indexes for text and places."""
        if not self.indexes:
            return NO_INDEXES
        geo: dict[str, frozenset[str]] = {}
        text = None
        for index in self.indexes.values():
            text = text or index.text
            for field, kind in index.places.items():
                geo[field] = geo.get(field, frozenset()) | {kind}
        return SearchIndexes(geo, text)
