"""The tree of frozen checks that a schema is turned into: they say what is plainly valid.

A check never words an error and never guesses: whatever it does not plainly accept is left to the schema item
itself. `ming._compile.derive` makes the tree, `ming._compile.emit` and its neighbours write it as Python.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Any, TypeAlias

from ming import schema as S

__all__ = [
    "Absent",
    "Anything",
    "Call",
    "Check",
    "Choice",
    "Each",
    "Entries",
    "Exact",
    "Field",
    "Fields",
    "Moment",
    "Single",
]


@dataclass(frozen=True)
class Exact:
    """Accepts values of exactly these classes, unchanged."""

    classes: tuple[type, ...]
    none: bool
    """Whether None is accepted, too."""
    item: S.SchemaItem[Any]
    converts: bool = False
    """Whether the item turns some other values into valid ones."""


@dataclass(frozen=True)
class Moment:
    """Accepts datetimes as BSON keeps them: naive, in whole milliseconds."""

    none: bool
    item: S.SchemaItem[Any]
    converts: bool = True


@dataclass(frozen=True)
class Choice:
    """Accepts some constants."""

    options: tuple[Any, ...]
    """The constants in order, None excepted."""
    none: bool
    item: S.SchemaItem[Any]
    converts: bool = True
    """Whether equal values of other classes are valid, which the item decides."""

    @property
    def classes(self) -> tuple[type, ...]:
        """The constants' classes."""
        return tuple(dict.fromkeys(option.__class__ for option in self.options))


@dataclass(frozen=True)
class Anything:
    """Accepts every value."""


@dataclass(frozen=True)
class Each:
    """Accepts lists whose every element passes a check."""

    element: Check
    none: bool
    """Whether None stays None; otherwise it becomes an empty list."""


@dataclass(frozen=True)
class Entries:
    """Accepts dicts of any number of entries of one kind."""

    key: Exact | Anything
    value: Check
    none: bool


@dataclass(frozen=True)
class Fields:
    """Accepts dicts of named fields."""

    fields: tuple[Field, ...]
    """The fields with a value of their own, sorted by name."""
    declared: frozenset[str]
    """All names; more than the fields have where some are deprecated."""
    none: bool


@dataclass(frozen=True)
class Call:
    """Leaves the value, or its absence, to the item: its class has its own rules, or nobody compiled them yet."""

    item: S.SchemaItem[Any]


Single: TypeAlias = Exact | Moment | Choice
Check: TypeAlias = Single | Anything | Each | Entries | Fields | Call


class Absent(enum.Enum):
    """What an absent key becomes."""

    REFUSED = enum.auto()
    """Nothing: the key is required."""
    OMITTED = enum.auto()
    """Nothing: the key stays absent."""
    CONSTANT = enum.auto()
    """An immutable value."""
    LIST = enum.auto()
    """A new empty list."""
    MADE = enum.auto()
    """What the item makes."""
    CALLED = enum.auto()
    """What a function returns, which may leave the key absent."""


@dataclass(frozen=True)
class Field:
    """One named field of a dict."""

    name: str
    check: Check
    absent: Absent
    item: S.SchemaItem[Any]
