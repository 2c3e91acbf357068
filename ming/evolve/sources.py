"""Where generated values come from: containers put together of the values of what they hold.

`ming.evolve.generate` makes documents with them; the values of single items are in `ming.evolve.samples`.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, repeat
from random import Random
from typing import Any, Final, Protocol

from ming import schema as S
from ming._values import Missing
from ming.evolve.samples import EDGE_SHARE, Leaf, accepts, empties, leaf_of

__all__ = ["UNKNOWN", "Record", "Source", "family", "source_of"]

UNKNOWN: Final = "zz_unknown"
"""The key without a field that some of the documents have."""

_UNKNOWN_VALUES: Final[tuple[Any, ...]] = (1, None, "x", [], {}, [{"a": 1}], {"a": [1, {"b": None}]})
_UNKNOWN_SHARE: Final = 0.15
_KEYS: Final = ("a", "b c", "é", "0", "_x", "Zz")
_DEEPEST: Final = 6
"""Items may hold themselves; below this depth lists are empty."""


class Source(Protocol):
    """Where the values of one item come from."""

    def edges(self, rng: Random) -> Iterable[Any]:
        """Each telling value once."""
        ...

    def draw(self, rng: Random) -> Any:
        """A random value, an edge value now and then."""
        ...

    def plain(self, rng: Random) -> Any:
        """An ordinary value, there if any can be."""
        ...


def source_of(item: S.SchemaItem[Any], depth: int = 0, unknown: bool = True) -> Source:
    """The source of an item's values.

    Args:
        item: The item.
        depth: How many items it lies in.
        unknown: Whether some sub-documents have keys that no field declares.
    """
    if isinstance(item, S.Migrate):
        return _Either([source_of(each, depth, unknown) for each in (item.new, item.old)])
    if isinstance(item, S.Array):
        inner = None if depth > _DEEPEST else source_of(item.field_type, depth + 1, unknown)
        return _List(item, inner)
    if isinstance(item, S.Object) and item.is_homogeneous:
        ((key, entry),) = item.fields.items()
        return _Entries(item, leaf_of(S.SchemaItem.make(key)), source_of(entry, depth + 1, unknown))
    if isinstance(item, S.Document):
        return _Either([_Within(item, member) for member in family(item, False, unknown, depth)])
    if isinstance(item, S.Object):
        return _Within(item, _record(item, depth, unknown))
    return leaf_of(item)


@dataclass(frozen=True, eq=False)
class Record:
    """Dicts of named fields."""

    fields: dict[str, Source]
    unknown: bool

    def bodies(self, rng: Random) -> Iterator[dict[str, Any]]:
        """As little as possible, as many nulls as possible, then each edge value of each field."""
        yield self._put_together(lambda source: _preferably(Missing, source, rng))
        yield self._put_together(lambda source: _preferably(None, source, rng))
        for name, value in _in_turn(self._field_edges(rng)):
            yield self._put_together(lambda source: source.plain(rng), {name: value})

    def _field_edges(self, rng: Random) -> list[Iterator[tuple[str, Any]]]:
        edges = {name: source.edges(rng) for name, source in self.fields.items()}
        if self.unknown:
            edges[UNKNOWN] = _UNKNOWN_VALUES
        return [zip(repeat(name), those, strict=False) for name, those in edges.items()]

    def plain_body(self, rng: Random) -> dict[str, Any]:
        """One with all fields."""
        return self._put_together(lambda source: source.plain(rng))

    def random_body(self, rng: Random) -> dict[str, Any]:
        """Any."""
        extra = (
            {UNKNOWN: rng.choice(_UNKNOWN_VALUES)} if self.unknown and rng.random() < _UNKNOWN_SHARE else {}
        )
        return self._put_together(lambda source: source.draw(rng), extra)

    def _put_together(self, value_of: Callable[[Source], Any], given: Any = None) -> dict[str, Any]:
        given = given or {}
        body = {
            name: given[name] if name in given else value_of(source) for name, source in self.fields.items()
        }
        body |= given
        return {name: copy.deepcopy(value) for name, value in body.items() if value is not Missing}


def _in_turn(iterators: list[Iterator[tuple[str, Any]]]) -> Iterator[tuple[str, Any]]:
    """The first of each, then the second of each, and so on."""
    while iterators:
        alive = []
        for iterator in iterators:
            for found in iterator:
                yield found
                alive.append(iterator)
                break
        iterators = alive


def _preferably(wanted: Any, source: Source, rng: Random) -> Any:
    """A value of a source: Missing or None where it has it."""
    return wanted if any(value is wanted for value in source.edges(rng)) else source.plain(rng)


def _record(item: S.Object, depth: int, unknown: bool) -> Record:
    fields = {name: source_of(inner, depth + 1, unknown) for name, inner in item.ordered_items()}
    return Record(fields, unknown)


def family(schema: S.Object, stamped: bool, unknown: bool, depth: int = 0) -> list[Record]:
    """The documents of a class and, if it is polymorphic, of each class of its collection.

    Args:
        schema: The schema of one version.
        stamped: Whether its constants are always there.
        unknown: Whether some documents have keys that no field declares.
        depth: How many items it lies in.
    """
    if not isinstance(schema, S.Document) or not schema.polymorphic_registry:
        return [_top_record(schema, stamped, unknown, depth)]
    key = schema.polymorphic_on or ""
    members = []
    for identity, cls in schema.polymorphic_registry.items():
        own = schema if cls is schema.managed_class else cls._manager.own_schema
        record = _top_record(own, stamped, unknown, depth)
        members.append(replace(record, fields={**record.fields, key: _constant(identity)}))
    return members


def _top_record(schema: S.Object, stamped: bool, unknown: bool, depth: int) -> Record:
    record = _record(schema, depth, unknown)
    fields = {name: source for name, source in record.fields.items() if name != "_id" or depth}
    if stamped:
        constants = {
            name: _constant(item.value) for name, item in schema.fields.items() if isinstance(item, S.Value)
        }
        fields |= constants
    return replace(record, fields=fields)


def _constant(value: Any) -> Leaf:
    return leaf_of(S.Value(value, required=True))


@dataclass(frozen=True, eq=False)
class _Within:
    """A record in a field."""

    item: S.Object
    record: Record

    def edges(self, rng: Random) -> Iterator[Any]:
        yield from empties(self.item, {})
        yield from self.record.bodies(rng)

    def draw(self, rng: Random) -> Any:
        absent = Missing if rng.random() < 0.5 else None
        if rng.random() < EDGE_SHARE / 2 and accepts(self.item, absent):
            return absent
        return self.record.random_body(rng)

    def plain(self, rng: Random) -> Any:
        return self.record.plain_body(rng)


@dataclass(frozen=True, eq=False)
class _Entries:
    """Dicts of any number of entries of one kind."""

    item: S.Object
    keys: Leaf
    entry: Source

    def edges(self, rng: Random) -> Iterator[Any]:
        yield from empties(self.item, {})
        keys = self._possible_keys()
        for number, value in enumerate(self.entry.edges(rng)):
            if keys and value is not Missing:
                yield {keys[number % len(keys)]: value}
        yield self.plain(rng)

    def draw(self, rng: Random) -> Any:
        return self._some(rng, self.entry.draw)

    def plain(self, rng: Random) -> Any:
        return self._some(rng, self.entry.plain)

    def _possible_keys(self) -> Sequence[str]:
        named = [value for value in self.keys.pool if isinstance(value, str) and value.isalnum()]
        return [key for key in _KEYS if accepts(self.keys.item, key)] or named

    def _some(self, rng: Random, value_of: Callable[[Random], Any]) -> dict[str, Any]:
        keys = self._possible_keys()
        chosen = rng.sample(keys, rng.randint(0, min(3, len(keys))))
        entries = {key: value_of(rng) for key in chosen}
        return {key: value for key, value in entries.items() if value is not Missing}


@dataclass(frozen=True, eq=False)
class _List:
    """Lists of one kind of items; None for the innermost of items that hold themselves."""

    item: S.Array[Any]
    inner: Source | None

    def edges(self, rng: Random) -> Iterator[Any]:
        yield from empties(self.item, [])
        if self.inner is not None:
            there = [value for value in self.inner.edges(rng) if value is not Missing]
            yield from ([value] for value in there)
            yield there[:5]

    def draw(self, rng: Random) -> Any:
        absent = Missing if rng.random() < 0.5 else None
        if rng.random() < EDGE_SHARE / 2 and accepts(self.item, absent):
            return absent
        return self._some(rng, 0, lambda source: source.draw(rng))

    def plain(self, rng: Random) -> Any:
        return self._some(rng, 1, lambda source: source.plain(rng))

    def _some(self, rng: Random, least: int, value_of: Callable[[Source], Any]) -> list[Any]:
        if self.inner is None:
            return []
        made = [value_of(self.inner) for _ in range(rng.randint(least, 3))]
        return [value for value in made if value is not Missing]


@dataclass(frozen=True, eq=False)
class _Either:
    """Values of one source or another, ordinary ones of the first."""

    sources: Sequence[Source]

    def edges(self, rng: Random) -> Iterator[Any]:
        return chain.from_iterable(source.edges(rng) for source in self.sources)

    def draw(self, rng: Random) -> Any:
        return rng.choice(self.sources).draw(rng)

    def plain(self, rng: Random) -> Any:
        return self.sources[0].plain(rng)
