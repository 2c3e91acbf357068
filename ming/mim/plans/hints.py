"""Hints and bounds: which records a command looks at, and in which order, where it says so itself.

Without a hint a collection chooses how to find documents; the answer is the same either way, unless the index
does not hold every document.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from ming.mim.data.dialect import Dialect
from ming.mim.data.environment import KeyOf
from ming.mim.data.errors import CommandError
from ming.mim.data.keys import EMPTY_ARRAY
from ming.mim.data.rendering import shown
from ming.mim.data.sorting import directed_key
from ming.mim.data.values import MISSING, OrderKey, as_integer, identical, is_number
from ming.mim.queries.conditions import Filter
from ming.mim.storage.index_definitions import ID_INDEX
from ming.mim.storage.index_keys import is_wildcard, kind_of
from ming.mim.storage.indexes import Index
from ming.mim.storage.records import Collection

__all__ = [
    "Bounds",
    "Entry",
    "IndexScan",
    "NaturalScan",
    "Source",
    "check_natural",
    "follow_hint",
    "hinted_index",
    "identical_keys",
    "is_backward",
    "read_bounds",
]

Document = dict[str, Any]

_PLANNER: Final = "error processing query: planner returned error :: caused by :: "


class Bounds(NamedTuple):
    """The part of an index that a ``find`` looks at."""

    low: Document | None
    """The first key."""
    high: Document | None
    """The first key that is too much."""


@dataclass(frozen=True, slots=True)
class NaturalScan:
    """All records of a collection in natural order, or the other way round."""

    collection: Collection
    backward: bool

    @property
    def namespace(self) -> str:
        """Database and collection."""
        return self.collection.namespace

    def finds(self, path: str, order: KeyOf) -> bool:
        """Say that nothing is found without reading all."""
        return False

    def select(self, query: Filter) -> Iterator[tuple[int, Document]]:
        """Yield the records that a filter selects."""
        records = list(self.collection)
        for record, document in reversed(records) if self.backward else records:
            if query.matches(document):
                yield record, document


class Entry(NamedTuple):
    """One key of a document in an index."""

    place: tuple[Any, ...]
    """Where the key stands in the index."""
    record: int
    document: Document
    keys: tuple[OrderKey, ...]
    values: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class IndexScan:
    """The records that an index holds, in its order."""

    collection: Collection
    index: Index
    bounds: Bounds = Bounds(None, None)

    @property
    def namespace(self) -> str:
        """Database and collection."""
        return self.collection.namespace

    def finds(self, path: str, order: KeyOf) -> bool:
        """Say that nothing is found without reading all."""
        return False

    def select(self, query: Filter) -> Iterator[tuple[int, Document]]:
        """Yield the records that a filter selects."""
        seen = set()
        for entry in self.entries():
            if entry.record not in seen and query.matches(entry.document):
                seen.add(entry.record)
                yield entry.record, entry.document

    def entries(self) -> list[Entry]:
        """Return the keys of the index, in its order."""
        order = _order_of(self.index)
        low = None if self.bounds.low is None else order(tuple(self.bounds.low.values()))
        high = None if self.bounds.high is None else order(tuple(self.bounds.high.values()))
        entries = [
            Entry(order(values), record, document, keys, values)
            for record, document in self.collection
            for keys, values in self.index.entries(document).items()
        ]
        kept = [
            entry
            for entry in entries
            if (low is None or not entry.place < low) and (high is None or entry.place < high)
        ]
        return sorted(kept, key=lambda entry: (entry.place, entry.record))

    def named(self, entry: Entry) -> Document:
        """Return a key as a document."""
        values = (None if value is MISSING or value is EMPTY_ARRAY else value for value in entry.values)
        return dict(zip(self.index.key, values, strict=True))


def read_bounds(command: Mapping[str, Any]) -> Bounds | None:
    """Return the bounds that a ``find`` sets, None if it sets none.

    Raises:
        CommandError: They are not documents about the same fields.
    """
    if "min" not in command and "max" not in command:
        return None
    for name in ("min", "max"):
        if not isinstance(command.get(name, {}), dict):
            raise CommandError(14, f"Expected field {name}to be of type object")
    low, high = command.get("min") or None, command.get("max") or None
    if low is None and high is None:
        return None
    if low is not None and high is not None and list(low) != list(high):
        raise CommandError(51176, "min and max must have the same field names")
    return Bounds(low, high)


def is_backward(direction: Any) -> bool:
    """Whether the operand of ``$natural`` means the reverse of the natural order."""
    return is_number(direction) and as_integer(direction) == -1


def check_natural(hint: Any, sort: Mapping[str, Any]) -> None:
    """Refuse a sort by ``$natural`` that does not stand alone or that contradicts the hint.

    Raises:
        CommandError: It is such a sort.
    """
    if "$natural" not in sort:
        return
    if len(sort) > 1:
        raise CommandError(2, f"Cannot include '$natural' in compound sort: {shown(sort, spaced=True)}")
    if not hint:
        return
    if not isinstance(hint, dict) or "$natural" not in hint:
        raise CommandError(2, "index hint not allowed with $natural sort order")
    if is_backward(hint["$natural"]) != is_backward(sort["$natural"]):
        raise CommandError(2, "$natural hint must be in the same direction as $natural sort order")


Source = Collection | NaturalScan | IndexScan
"""Where records come from."""


def follow_hint(
    collection: Collection | None, command: Mapping[str, Any], dialect: Dialect, bounds: Bounds | None = None
) -> Source | None:
    """Return the records that a command, or a statement of one, is to look at.

    Args:
        collection: The collection, None if it does not exist.
        command: The command or statement, maybe with a ``hint``.
        dialect: That of the engine.
        bounds: The part of the index to look at.

    Raises:
        CommandError: The hint is none, names no index, or does not go with the bounds.
    """
    if bounds is None and "hint" not in command:
        return collection
    hint = command.get("hint", {})
    if not isinstance(hint, str | dict):
        raise CommandError(9, "Hint must be a string or an object")
    if isinstance(hint, dict) and "$natural" in hint and len(hint) > 1:
        raise CommandError(2, f"Cannot include '$natural' in compound hint: {shown(hint, spaced=True)}")
    if collection is None:
        return None
    if isinstance(hint, dict) and "$natural" in hint:
        if bounds is not None:
            raise CommandError(291, f"{_PLANNER}min and max are incompatible with $natural")
        return NaturalScan(collection, is_backward(hint["$natural"]))
    if hint == {}:
        if bounds is not None:
            raise CommandError(
                51173, f"{_PLANNER}When using min()/max() a hint of which index to use must be provided"
            )
        return collection
    index = hinted_index(collection, hint, dialect)
    if bounds is not None:
        return IndexScan(collection, index, _checked(bounds, index))
    if kind_of(index.key) or is_wildcard(index.key):
        # Such indexes have no order that anybody could ask for.
        return collection
    return IndexScan(collection, index)


def hinted_index(collection: Collection, hint: str | Document, dialect: Dialect) -> Index:
    """Return the index that a hint names, by its name or its key.

    Raises:
        CommandError: There is none, or more than one.
    """
    own = Index(ID_INDEX, dialect)
    known = [own, *(index for index in collection.indexes.values() if not index.hidden)]
    found = [index for index in known if index.name == hint or _has_key(index, hint)]
    if not found:
        raise CommandError(2, f"{_PLANNER}hint provided does not correspond to an existing index")
    if len(found) > 1:
        names = " and ".join(index.name for index in found)
        raise CommandError(
            27, f"{_PLANNER}Hint matched multiple indexes, must hint by index name. Matched: {names}"
        )
    return found[0]


def _has_key(index: Index, hint: str | Document) -> bool:
    return isinstance(hint, dict) and identical_keys(index.key, hint)


def _checked(bounds: Bounds, index: Index) -> Bounds:
    for bound in bounds:
        if bound is not None and list(bound) != list(index.key):
            raise CommandError(51174, f"{_PLANNER}The index chosen is not compatible with min/max")
    low, high = bounds
    if low is not None and high is not None:
        order = _order_of(index)
        if not order(tuple(low.values())) < order(tuple(high.values())):
            raise CommandError(
                51175,
                f"{_PLANNER}The value provided for min() does not come before the value provided for max() in the"
                " hinted index",
            )
    return bounds


def _order_of(index: Index) -> Callable[[tuple[Any, ...]], tuple[Any, ...]]:
    return directed_key([float(str(direction)) < 0 for direction in index.key.values()], index.collation.key)


def identical_keys(left: Mapping[str, Any], right: Mapping[str, Any]) -> bool:
    """Whether two index keys name the same fields, directions and order."""
    return list(left) == list(right) and all(
        left[field] == right[field] or identical(left[field], right[field]) for field in left
    )
