"""Indexes: definitions, the keys documents have in them, uniqueness and equality look-ups.

Indexes over plain ascending and descending keys hold a map from key to records. Text, geo, hashed and
wildcard indexes are definitions only: nothing of the engine needs their keys.
"""

from __future__ import annotations

import copy
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from itertools import product
from typing import Any, Final

from bson.datetime_ms import DatetimeMS

from ming.mim.data.collation import SIMPLE, read_collation
from ming.mim.data.dialect import Dialect
from ming.mim.data.errors import DuplicateKey
from ming.mim.data.keys import EMPTY_ARRAY, key_of, key_values
from ming.mim.data.path import parts_of
from ming.mim.data.values import MISSING, OrderKey, is_number, order_key, truthy
from ming.mim.geo.keys import check_places
from ming.mim.queries.conditions import Filter, Points
from ming.mim.queries.filters import QueryContext, compile_filter
from ming.mim.text.index import TextIndex

__all__ = ["Entries", "Entry", "Index"]

_LOOK_UP_LIMIT: Final = 1000
"""Above this many keys, looking each of them up is no better than reading everything."""

Entry = tuple[OrderKey, ...]
"""The key of a document in an index: one part for each of its fields."""
Entries = dict[Entry, tuple[Any, ...]]
"""The keys of a document in an index, each with the values it is made of."""


class Index:
    """One secondary index of a collection.

    Args:
        definition: As `ming.mim.storage.index_definitions` makes it.
        dialect: Whether null counts as missing in sparse unique indexes.

    """

    def __init__(self, definition: Mapping[str, Any], dialect: Dialect) -> None:
        self.definition = dict(definition)
        self.key: dict[str, Any] = dict(definition["key"])
        self.name: str = definition["name"]
        self.collation = read_collation(definition["collation"]) if "collation" in definition else SIMPLE
        self.unique = truthy(definition.get("unique", False))
        self.sparse = truthy(definition.get("sparse", False))
        self.hidden = truthy(definition.get("hidden", False))
        self.expires_after: int | None = definition.get("expireAfterSeconds")
        self.refuses_duplicates = self.unique or truthy(definition.get("prepareUnique", False))
        self._null_is_missing = dialect.lenient and self.unique and self.sparse and len(self.key) == 1
        self._filter = self._partial_filter(definition)
        self._paths = [parts_of(field) for field in self.key]
        is_text = "text" in self.key.values()
        if is_text and not dialect.lenient:
            TextIndex.check_definition(definition)
        self.text = TextIndex.of(definition) if is_text else None
        self.places: dict[str, str] = {
            field: kind for field, kind in self.key.items() if kind in ("2d", "2dsphere")
        }
        self._checks_languages = not dialect.lenient
        self._ordered = all(
            is_number(direction) and "$**" not in field for field, direction in self.key.items()
        )
        self._tells = self._ordered and self._filter is None
        self._records: dict[Entry, set[int]] = {}
        self._owned: set[Entry] | None = None

    def _partial_filter(self, definition: Mapping[str, Any]) -> Filter | None:
        query = definition.get("partialFilterExpression")
        if query is None:
            return None
        return compile_filter(query, QueryContext(key=self.collation.key))

    def entries(self, document: dict[str, Any]) -> dict[Entry, tuple[Any, ...]]:
        """Return the keys a document has in this index, each with the values it is made of.

        Raises:
            CommandError: It is a geo or text index, and the document has something that it does not take.
        """
        if self._filter is not None and not self._filter.matches(document):
            return {}
        if not self._ordered:
            check_places(self.definition, document)
            if self.text is not None and self._checks_languages:
                self.text.check(document)
            return {}
        found = key_values(document, self._paths)
        if self.sparse:
            found = [values for values in found if not all(map(self._absent, values))]
        order = self.collation.key
        return {tuple([key_of(value, order) for value in values]): values for values in found}

    def is_blind_to(self, before: dict[str, Any], after: dict[str, Any]) -> bool:
        """Whether a document certainly has the same keys after a change, and nothing new that is not
        taken."""
        return self._tells and all(
            before.get(path[0], MISSING) is after.get(path[0], MISSING) for path in self._paths
        )

    def _absent(self, value: Any) -> bool:
        return value is MISSING or (self._null_is_missing and value is None)

    def check(self, entries: Mapping[Entry, tuple[Any, ...]], record: int, namespace: str) -> None:
        """Refuse keys that another record has, if the index is unique or about to be.

        Raises:
            DuplicateKey: Another record has one of the keys.
        """
        if not self.refuses_duplicates:
            return
        for entry, values in entries.items():
            if self._records.get(entry, _NOBODY) - {record}:
                shown: list[Any] = [
                    [] if value is EMPTY_ARRAY else None if value is MISSING else value for value in values
                ]
                raise DuplicateKey(
                    namespace,
                    self.name,
                    self.key,
                    dict(zip(self.key, shown, strict=True)),
                    self.definition.get("collation"),
                )

    def add(self, entries: Iterable[Entry], record: int) -> None:
        """Enter a record under its keys."""
        if self._owned is not None:
            self._own(entries, self._owned)
        for entry in entries:
            self._records.setdefault(entry, set()).add(record)

    def remove(self, entries: Iterable[Entry], record: int) -> None:
        """Take a record out from under its keys."""
        if self._owned is not None:
            self._own(entries, self._owned)
        for entry in entries:
            records = self._records[entry]
            records.discard(record)
            if not records:
                del self._records[entry]

    def fork(self) -> Index:
        """Return a copy that goes its own way from now on."""
        made = copy.copy(self)
        made._records = self._records.copy()
        # The sets of records belong to both; who changes one makes it its own.
        made._owned, self._owned = set(), set()
        return made

    def _own(self, entries: Iterable[Entry], owned: set[Entry]) -> None:
        for entry in entries:
            if entry not in owned:
                owned.add(entry)
                if entry in self._records:
                    self._records[entry] = self._records[entry].copy()

    def holders(self, entries: Iterable[Entry]) -> set[int]:
        """Return the records under some keys, if keys must be unique."""
        if not self.refuses_duplicates:
            return set()
        return set().union(*(self._records.get(entry, _NOBODY) for entry in entries))

    def shared(self) -> list[set[int]]:
        """Return the records that share a key, key by key."""
        return [set(records) for records in self._records.values() if len(records) > 1]

    def dated_until(self, moment: datetime | DatetimeMS) -> set[int]:
        """Return the records whose key, or an element of it, is a date not after a moment."""
        first, last = order_key(DatetimeMS(-(2**63))), order_key(moment)
        return set().union(
            *(records for entry, records in self._records.items() if first <= entry[0] <= last)
        )

    def look_up(self, points: Mapping[str, Points]) -> Collection[int] | None:
        """Return the records that can match a filter, or None if this index cannot tell.

        They are not to be changed.

        Args:
            points: The values that paths must hold, as `Filter.points` has them.
        """
        if not self._tells or not points.keys() >= self.key.keys():
            return None
        choices = [points[field] for field in self.key]
        if not all(choice.known_by(self.collation.key) for choice in choices):
            return None
        keys = [choice.keys for choice in choices]
        if len(keys) == len(keys[0]) == 1:
            return self._records.get(tuple(keys[0]), _NOBODY)
        if sum(map(len, keys)) > _LOOK_UP_LIMIT:
            return None
        return set().union(*(self._records.get(entry, _NOBODY) for entry in product(*keys)))


_NOBODY: Final[frozenset[int]] = frozenset()
