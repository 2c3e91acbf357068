"""What was seen of values at one place of many documents: types, values, fields, items.

Everything else in this package judges by it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import bson
from bson import Binary, Decimal128, Int64

__all__ = ["ITEMS", "OTHER", "Observed", "observed", "type_of"]

OTHER: Final = "other"
"""What the rarer BSON types are called."""

ITEMS: Final = "[]"
"""The name of a list's items in a path."""

_TYPES: Final[dict[type, str]] = {
    type(None): "null",
    bool: "bool",
    int: "int",
    Int64: "int",
    float: "float",
    str: "str",
    datetime: "date",
    bson.ObjectId: "ObjectId",
    Decimal128: "decimal",
    bytes: "binary",
    Binary: "binary",
    dict: "object",
    list: "list",
}

_MOST_VALUES: Final = 64
"""How many different values are remembered."""

_DEEPEST: Final = 20
"""What lies deeper is not looked at."""


def type_of(value: Any) -> str:
    """The name of a value's type."""
    return _TYPES.get(type(value), OTHER)


@dataclass
class Observed:
    """Values at one place; ``count`` of them."""

    count: int = 0
    types: Counter[str] = field(default_factory=Counter)
    values: Counter[Any] = field(default_factory=Counter)
    """Texts and whole numbers, as long as there are few different ones."""
    overflown: bool = False
    """Whether there were more."""
    fields: dict[str, Observed] = field(default_factory=dict)
    """Values of the keys, where the values are objects."""
    items: Observed | None = None
    """The items, where the values are lists."""
    truncated: bool = False
    """Whether some values lie so deep that nothing was seen of what they hold."""

    def add(self, value: Any, depth: int = 0) -> None:
        """Take one more value in."""
        self.count += 1
        name = type_of(value)
        self.types[name] += 1
        if name in ("str", "int"):
            self._remember(value, 1)
        elif name in ("object", "list") and depth == _DEEPEST:
            self.truncated = True
        elif name == "object":
            for key, inner in value.items():
                self.fields.setdefault(key, Observed()).add(inner, depth + 1)
        elif name == "list":
            self.items = self.items or Observed()
            for inner in value:
                self.items.add(inner, depth + 1)

    def merge(self, other: Observed) -> None:
        """Take in everything that was seen at another place."""
        self.count += other.count
        self.types += other.types
        self.overflown |= other.overflown
        self.truncated |= other.truncated
        for value, times in other.values.items():
            self._remember(value, times)
        for name, inner in other.fields.items():
            self.fields.setdefault(name, Observed()).merge(inner)
        if other.items is not None:
            self.items = self.items or Observed()
            self.items.merge(other.items)

    def _remember(self, value: Any, times: int) -> None:
        if value in self.values or len(self.values) < _MOST_VALUES:
            self.values[value] += times
        else:
            self.overflown = True

    @property
    def kinds(self) -> frozenset[str]:
        """The types of the values, null left out."""
        return frozenset(self.types) - {"null"}

    @property
    def is_map(self) -> bool:
        """Whether the keys look like data: many, and none of them usual."""
        objects = self.types["object"]
        return len(self.fields) > 20 and all(inner.count * 2 <= objects for inner in self.fields.values())

    def walk(self, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Observed]]:
        """Yield path and values of every key below, through lists; not below keys that look like data."""
        for name, inner in () if self.is_map else self.fields.items():
            yield (*path, name), inner
            yield from inner.walk((*path, name))
        if self.items is not None:
            yield from self.items.walk((*path, ITEMS))


def observed(documents: list[dict[str, Any]]) -> Observed:
    """What was seen in documents."""
    found = Observed()
    for document in documents:
        found.add(document)
    return found
