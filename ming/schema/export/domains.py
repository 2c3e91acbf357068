"""Domains: sets of stored values, as far as schema languages can tell them apart.

`ming.schema.export.accepts` finds the domain of a schema item; the dialects beside it write domains down.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import bson
from bson import Binary, Code, DBRef, Decimal128, Int64, MaxKey, MinKey, Regex, Timestamp

__all__ = [
    "ANYTHING",
    "NOTHING",
    "NULL",
    "READ_AS",
    "AllOf",
    "AnyOf",
    "Constant",
    "Domain",
    "Elements",
    "Fields",
    "Kinds",
    "Matching",
    "Parts",
    "Recursion",
    "Recursive",
    "Whole",
    "both",
    "kinds_of",
    "parts_of",
    "union",
    "with_field",
]

READ_AS: Final[Mapping[str, tuple[type, ...]]] = {
    "string": (str,),
    "int": (int,),
    "long": (Int64,),
    "double": (float,),
    "decimal": (Decimal128,),
    "bool": (bool,),
    "date": (datetime,),
    "objectId": (bson.ObjectId,),
    "binData": (bytes, Binary),
    "object": (dict,),
    "array": (list,),
    "reference": (DBRef,),
    "timestamp": (Timestamp,),
    "regex": (Regex,),
    "javascript": (Code,),
    "javascriptWithScope": (Code,),
    "minKey": (MinKey,),
    "maxKey": (MaxKey,),
    "null": (type(None),),
}
"""BSON types by the server's names, with the classes the driver reads them as.

``reference`` is ours: an object with ``$ref`` and ``$id``. The deprecated types that no driver writes are left out.
"""

_NUMBERS: Final = frozenset({"int", "long", "double"})


class Domain:
    """A set of stored values."""


@dataclass(frozen=True)
class Kinds(Domain):
    """All values of some BSON types."""

    names: frozenset[str]


@dataclass(frozen=True)
class Whole(Domain):
    """The doubles without a fraction."""


@dataclass(frozen=True)
class Matching(Domain):
    """The texts that a regular expression matches from end to end."""

    pattern: str


@dataclass(frozen=True, eq=False)
class Constant(Domain):
    """The stored forms of one value: whether a number is stored as int, long or double does not matter."""

    value: Any

    @property
    def is_number(self) -> bool:
        """Whether there are several forms."""
        return isinstance(self.value, (int, float)) and not isinstance(self.value, bool)

    @property
    def types(self) -> frozenset[str]:
        """The BSON types of the forms."""
        if self.is_number:
            return _NUMBERS
        return frozenset(name for name, classes in READ_AS.items() if type(self.value) in classes)


@dataclass(frozen=True)
class Elements(Domain):
    """Arrays by their elements."""

    rest: Domain | None
    """Elements after the leading ones; None: there are none, and no leading one is missing."""
    leading: tuple[Domain, ...] = ()


@dataclass(frozen=True)
class Fields(Domain):
    """Objects by their fields."""

    named: Mapping[str, Domain] = field(default_factory=dict)
    required: frozenset[str] = frozenset()
    matching: Mapping[str, Domain] = field(default_factory=dict)
    """Values by a regular expression that matches their whole key."""
    others: Domain | None = None
    """Values of all other keys; None: there are no other keys."""


@dataclass(frozen=True)
class AnyOf(Domain):
    """The values in one of several domains; made by `union`."""

    options: tuple[Domain, ...]


@dataclass(frozen=True)
class AllOf(Domain):
    """The values in every one of several domains; made by `both`."""

    parts: tuple[Domain, ...]


@dataclass(frozen=True)
class Recursive(Domain):
    """A domain that contains itself."""

    key: int
    name: str
    domain: Domain


@dataclass(frozen=True)
class Recursion(Domain):
    """The place inside a `Recursive` domain where it starts again."""

    key: int
    kind: str | None = None
    """The BSON type of all its values, if that is known."""


ANYTHING: Final = Kinds(frozenset(READ_AS))
NOTHING: Final = Kinds(frozenset())
NULL: Final = Kinds(frozenset({"null"}))
_EMPTY_ARRAY: Final = Elements(None)


def kinds_of(classes: type | tuple[type, ...]) -> Kinds:
    """The BSON types of which at least some values are read as instances of a class."""
    return Kinds(
        frozenset(name for name, read in READ_AS.items() if any(issubclass(cls, classes) for cls in read))
    )


def union(*domains: Domain) -> Domain:
    """The values of all of some domains."""
    names: frozenset[str] = frozenset()
    others: list[Domain] = []
    for option in _options(domains):
        if isinstance(option, Kinds):
            names |= option.names
        elif option not in others:
            others.append(option)
    if names == ANYTHING.names:
        return ANYTHING
    others = [option for option in others if not _is_within(option, names, others)]
    options = [*others, Kinds(names)] if names or not others else others
    return options[0] if len(options) == 1 else AnyOf(tuple(options))


def _is_within(option: Domain, names: frozenset[str], options: list[Domain]) -> bool:
    """Whether an option adds nothing to some BSON types and the other options."""
    if isinstance(option, Constant):
        whole = isinstance(option.value, int) or (option.is_number and float(option.value).is_integer())
        return option.types <= (names | {"double"} if whole and Whole() in options else names)
    if option == _EMPTY_ARRAY:
        return "array" in names or any(isinstance(other, Elements) and other.rest for other in options)
    return False


def _options(domains: Iterable[Domain]) -> Iterable[Domain]:
    for domain in domains:
        yield from domain.options if isinstance(domain, AnyOf) else (domain,)


@dataclass(frozen=True)
class Parts:
    """A domain sorted out, for writing it down."""

    kinds: frozenset[str]
    """BSON types accepted as a whole."""
    constants: list[Constant]
    shapes: Mapping[str, Domain]
    """At most one domain inside each of the other BSON types."""
    others: list[Domain]
    """All further options."""


_INSIDE: Final[Mapping[type[Domain], str]] = {
    Whole: "double",
    Matching: "string",
    Elements: "array",
    Fields: "object",
}


def parts_of(domain: Domain) -> Parts:
    """Sort out the options of a domain."""
    options = list(_options([domain]))
    kinds = frozenset[str]().union(*(option.names for option in options if isinstance(option, Kinds)))
    constants: list[Constant] = []
    shapes: dict[str, Domain] = {}
    others: list[Domain] = []
    for option in options:
        if isinstance(option, Constant):
            constants.append(option)
        elif type(option) in _INSIDE:
            name = _INSIDE[type(option)]
            if name not in kinds and shapes.setdefault(name, option) is not option:
                others.append(option)
        elif not isinstance(option, Kinds):
            others.append(option)
    return Parts(kinds, constants, shapes, others)


def both(one: Domain, other: Domain) -> Domain:
    """The values that are in two domains."""
    if one == ANYTHING or other == NOTHING:
        return other
    return one if other in (ANYTHING, one) else AllOf((one, other))


def with_field(fields: Fields, name: str, values: Domain, required: bool) -> Fields:
    """The objects of a domain whose field has one of some values.

    Args:
        fields: The objects.
        name: The field.
        values: The values.
        required: Whether the field must be there.
    """
    there = frozenset({name}) if required else frozenset[str]()
    named = {**fields.named, name: both(fields.named.get(name, ANYTHING), values)}
    return Fields(named, fields.required | there, fields.matching, fields.others)
