"""The type domain: which values may be stored at each place of the documents of a version.

`ming.evolve.types.items` makes types of schemas, `ming.evolve.types.transfer` sends them through the steps of a hop,
and `ming.evolve.types.misfits` compares what comes out with what the next version accepts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final, Literal, get_args

import bson

from ming._values import Missing

__all__ = [
    "ABSENT",
    "ANYTHING",
    "CONTAINERS",
    "EMPTY",
    "EVERY_KIND",
    "MISSING",
    "NEVER",
    "NOT_SINGLE",
    "Kind",
    "Type",
    "constant",
    "join",
    "kind_of",
]

Kind = Literal[
    "missing", "null", "string", "int", "double", "decimal", "bool", "date", "objectId", "binData", "object", "array",
    "other",
]  # fmt: skip
"""What a value is: a BSON type (int32 and int64 are one), or that there is none."""


@dataclass(frozen=True, eq=False)
class Type:
    """The values that may be stored at one place."""

    kinds: frozenset[Kind]
    tolerated: frozenset[Kind] = frozenset()
    """Other kinds that are accepted."""
    values: tuple[Any, ...] | None = None
    """All single values there may be, where they are few and known."""
    fields: Mapping[str, Type] = field(default_factory=dict)
    """Of objects: values by declared name."""
    others: Type | None = None
    """Of objects: values under any other name; None where no other is declared."""
    items: Type | None = None
    """Of arrays."""
    loose: bool = False
    """Whether an item has rules of its own, so that it is not known what it refuses."""

    @property
    def is_absent(self) -> bool:
        """Whether there is never a value."""
        return self.kinds == MISSING

    @property
    def holds_data(self) -> bool:
        """Whether there can be a value other than null and empty sub-documents."""
        if self.kinds - EMPTY == {"object"} and self.others is None:
            return any(inner.holds_data for inner in self.fields.values())
        return bool(self.kinds - EMPTY)

    def without(self, *kinds: Kind) -> Type:
        """The same, but never of some kinds."""
        return replace(self, kinds=self.kinds - set(kinds))

    def also(self, *kinds: Kind) -> Type:
        """The same, or of some more kinds."""
        return replace(self, kinds=self.kinds | set(kinds))

    def within(self, name: str) -> Type:
        """The values under a name, where this is an object."""
        declared = self.fields.get(name)
        if declared is not None:
            return declared
        return ABSENT if self.others is None else self.others.also("missing")


MISSING: Final[frozenset[Kind]] = frozenset({"missing"})
EMPTY: Final[frozenset[Kind]] = frozenset({"missing", "null"})
CONTAINERS: Final[frozenset[Kind]] = frozenset({"object", "array"})
NOT_SINGLE: Final[frozenset[Kind]] = EMPTY | CONTAINERS
EVERY_KIND: Final[frozenset[Kind]] = frozenset(get_args(Kind))


def _anything() -> Type:
    made = Type(EVERY_KIND)
    object.__setattr__(made, "others", made)
    object.__setattr__(made, "items", made)
    return made


ABSENT: Final = Type(MISSING)
NEVER: Final = Type(frozenset(), values=())
"""Items of a list that has none."""
ANYTHING: Final = _anything()

_KIND_OF_CLASS: Final[tuple[tuple[type | tuple[type, ...], Kind], ...]] = (
    (type(None), "null"),
    (bool, "bool"),
    (bson.Code, "other"),
    (str, "string"),
    (int, "int"),
    (float, "double"),
    (datetime, "date"),
    (bson.ObjectId, "objectId"),
    (bytes, "binData"),
    (bson.Decimal128, "decimal"),
    (dict, "object"),
    ((list, tuple), "array"),
)


def kind_of(value: Any) -> Kind:
    """The kind of a stored value."""
    if value is Missing:
        return "missing"
    for cls, kind in _KIND_OF_CLASS:
        if isinstance(value, cls):
            return kind
    return "other"


def constant(value: Any) -> Type:
    """The type of one value."""
    kind = kind_of(value)
    if kind == "object":
        return Type(frozenset({kind}), fields={name: constant(inner) for name, inner in value.items()})
    if kind == "array":
        return Type(frozenset({kind}), items=join([NEVER, *map(constant, value)]))
    return Type(frozenset({kind}), values=(value,))


# -- several types as one


def join(types: Iterable[Type]) -> Type:
    """The values of several types; without any, there is never a value."""
    result: Type | None = None
    for each in types:
        result = each if result is None else _union(result, each)
    return ABSENT if result is None else result


def _union(one: Type, other: Type) -> Type:
    if one is other or one is ANYTHING or other is ANYTHING:
        return one if one is other else ANYTHING
    records = [each for each in (one, other) if "object" in each.kinds]
    names = {name: None for each in records for name in each.fields}
    rest = [each.others for each in records if each.others is not None]
    lists = [each.items for each in (one, other) if each.items is not None]
    return Type(
        kinds=one.kinds | other.kinds,
        tolerated=one.tolerated | other.tolerated,
        values=_all_values(one, other),
        fields={name: join(each.within(name) for each in records) for name in names},
        others=join(rest) if rest else None,
        items=join(lists) if lists else None,
        loose=one.loose or other.loose,
    )


def _all_values(one: Type, other: Type) -> tuple[Any, ...] | None:
    if not one.kinds - NOT_SINGLE:
        return other.values
    if not other.kinds - NOT_SINGLE:
        return one.values
    if one.values is None or other.values is None:
        return None
    return (*one.values, *(value for value in other.values if not _is_among(value, one.values)))


def _is_among(value: Any, values: Iterable[Any]) -> bool:
    return any(bool(value == each) and kind_of(value) == kind_of(each) for each in values)
