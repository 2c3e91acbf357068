"""The keywords of a ``$jsonSchema`` that hold no further schemas: types, numbers, strings, sizes, ``enum``.

Each builder looks at one keyword of a schema and yields its rule, if there is one; `json_schema` owns the
table of builders and the recursion.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping, Sized
from decimal import Context, Decimal
from typing import Any, Final

from bson import Regex

from ming.mim.data.arithmetic import as_decimal
from ming.mim.data.errors import CommandError
from ming.mim.data.regex import compiled
from ming.mim.data.rendering import shown_field
from ming.mim.data.values import TYPE_NAMES, as_integer, is_number, order_key, type_code, type_name
from ming.mim.queries.predicates import COMPARISONS, type_codes
from ming.mim.queries.schema_containers import Required, UniqueItems
from ming.mim.queries.schema_rules import Enumeration, Leaf, Rule, key_without_field_order

__all__ = [
    "ANY",
    "ARRAYS",
    "BAD_VALUE",
    "FAILED_TO_PARSE",
    "NUMBERS",
    "OBJECTS",
    "STRINGS",
    "TYPE_MISMATCH",
    "Builder",
    "Definition",
    "bound",
    "enumeration",
    "limits",
    "mistyped",
    "multiple_of",
    "pattern",
    "refused",
    "required",
    "types",
    "unique_items",
]

Definition = Mapping[str, Any]
"""A schema document."""
Builder = Callable[[Definition, bool], Iterator[Rule]]
"""Yields the rule of one keyword of a schema, if it is there; the flag is for schemas of whole documents."""

BAD_VALUE: Final = 2
FAILED_TO_PARSE: Final = 9
TYPE_MISMATCH: Final = 14

STRINGS, OBJECTS, ARRAYS, NUMBERS = map(type_codes, ("string", "object", "array", "number"))
ANY: Final = frozenset(TYPE_NAMES) - {0}

_JSON_TYPES: Final = {"boolean": "bool"} | {
    name: name for name in ("array", "null", "number", "object", "string")
}


def refused(about: str) -> CommandError:
    """Return the error for a keyword whose operand has the right type but not an acceptable value."""
    return CommandError(FAILED_TO_PARSE, f"$jsonSchema {about}")


def mistyped(about: str) -> CommandError:
    """Return the error for a keyword whose operand has the wrong type."""
    return CommandError(TYPE_MISMATCH, f"$jsonSchema keyword {about}")


# -- types --------------------------------------------------------------------------------------------


def types(definition: Definition) -> tuple[frozenset[int], list[Rule]]:
    """Read ``type`` or ``bsonType``.

    Returns:
        The types that rules can be about if they are to be asked at all, and the rule of that keyword, if it
        is there. As on the server, only a single name makes rules about other types superfluous.
    """
    if "type" in definition and "bsonType" in definition:
        raise CommandError(FAILED_TO_PARSE, "Cannot specify both $jsonSchema keywords 'type' and 'bsonType'")
    keyword = "type" if "type" in definition else "bsonType"
    if keyword not in definition:
        return ANY, []
    operand = definition[keyword]
    codes = _named_types(keyword, operand)
    rule = Leaf(
        keyword,
        {keyword: operand},
        lambda value: type_code(value) in codes,
        "type did not match",
        lambda value: {"consideredValue": value, "consideredType": type_name(value)},
    )
    single = isinstance(operand, str) or len(operand) == 1
    return codes if single else ANY, [rule]


def _named_types(keyword: str, operand: Any) -> frozenset[int]:
    if not isinstance(operand, str | list):
        raise mistyped(f"'{keyword}' must be either a string or an array of strings")
    names = operand if isinstance(operand, list) else [operand]
    if not names:
        raise refused(f"keyword '{keyword}' must name at least one type")
    codes: set[int] = set()
    for at, name in enumerate(names):
        if not isinstance(name, str):
            raise mistyped(f"'{keyword}' array elements must be strings")
        if name == "integer":
            raise refused("type 'integer' is not currently supported.")
        if keyword == "type" and name not in _JSON_TYPES:
            raise CommandError(BAD_VALUE, f"Unknown type name alias: {name}")
        if name in names[:at]:
            raise refused(f"keyword '{keyword}' has duplicate value: {name}")
        codes |= type_codes(_JSON_TYPES[name] if keyword == "type" else name)
    return frozenset(codes)


# -- numbers and strings ------------------------------------------------------------------------------


def _considered(value: Any) -> Mapping[str, Any]:
    return {"consideredValue": value}


def pattern(definition: Definition, at_root: bool) -> Iterator[Rule]:
    """Build the rule of ``pattern``."""
    if "pattern" not in definition:
        return
    source = definition["pattern"]
    if not isinstance(source, str):
        raise mistyped("'pattern' must be a string")
    if at_root:
        # A document is no string; the server does not even look whether the pattern is well formed.
        return
    search = compiled(Regex(source)).search
    yield Leaf(
        "pattern",
        {"pattern": source},
        lambda value: value.__class__ is not str or search(value) is not None,
        "regular expression did not match",
        _considered,
    )


def multiple_of(definition: Definition, at_root: bool) -> Iterator[Rule]:
    """Build the rule of ``multipleOf``."""
    if "multipleOf" not in definition:
        return
    operand = definition["multipleOf"]
    if not is_number(operand):
        raise mistyped("'multipleOf' must be a number")
    divisor = as_decimal(operand)
    if not divisor.is_nan() and divisor <= 0:
        raise refused("keyword 'multipleOf' must have a positive value")
    if at_root:
        return
    if not divisor.is_finite():
        raise CommandError(BAD_VALUE, f"divisor cannot be {'NaN' if divisor.is_nan() else 'infinite'}")
    yield Leaf(
        "multipleOf",
        {"multipleOf": operand},
        lambda value: not is_number(value) or _divides(divisor, as_decimal(value)),
        "considered value is not a multiple of the specified value",
        _considered,
    )


_EXACT: Final = Context(prec=13000, Emax=999999, Emin=-999999, traps=[])
"""Wide enough for the quotient of any two decimals."""


def _divides(divisor: Decimal, number: Decimal) -> bool:
    return _EXACT.remainder(number, divisor) == 0


def bound(keyword: str, exclusive: str, inclusive_operator: str, strict_operator: str) -> Builder:
    """Return the builder of ``minimum`` or ``maximum`` with the flag that excludes the bound itself."""

    def build(definition: Definition, at_root: bool) -> Iterator[Rule]:
        if keyword not in definition:
            if exclusive in definition:
                raise refused(f"keyword '{keyword}' must be a present if {exclusive} is present")
            return
        strict = definition.get(exclusive, False)
        if not is_number(definition[keyword]):
            raise mistyped(f"'{keyword}' must be a number")
        if not isinstance(strict, bool):
            raise mistyped(f"'{exclusive}' must be a boolean")
        name = strict_operator if strict else inclusive_operator
        condition = COMPARISONS[name](definition[keyword], order_key)
        specified = {keyword: definition[keyword]}
        yield Leaf(
            keyword,
            {**specified, exclusive: True} if strict else specified,
            lambda value: not is_number(value) or condition.on_value(value),
            "comparison failed",
            _considered,
        )

    return build


# -- sizes --------------------------------------------------------------------------------------------

_Observe = Callable[[Any], Mapping[str, Any]]

_SIZES: Final[Mapping[str, tuple[type[Sized], str, _Observe]]] = {
    "Length": (str, "specified string length was not satisfied", _considered),
    "Items": (
        list,
        "array did not match specified length",
        lambda value: {"consideredValue": value, "numberOfItems": len(value)},
    ),
    "Properties": (
        dict,
        "specified number of properties was not satisfied",
        lambda value: {"numberOfProperties": len(value)},
    ),
}
"""The type that has a size of some name, why a value fails, and what is told about it."""


def limits(what: str) -> tuple[Builder, Builder]:
    """Return the builders of ``min`` and ``max`` of a size: of ``Length``, ``Items`` or ``Properties``."""
    return _limit(f"min{what}", operator.ge, *_SIZES[what]), _limit(f"max{what}", operator.le, *_SIZES[what])


def _limit(
    keyword: str, within: Callable[[int, int], bool], kind: type[Sized], reason: str, observe: _Observe
) -> Builder:
    def build(definition: Definition, at_root: bool) -> Iterator[Rule]:
        if keyword in definition:
            limit = _natural(keyword, definition[keyword])
            yield Leaf(
                keyword,
                {keyword: definition[keyword]},
                lambda value: not isinstance(value, kind) or within(len(value), limit),
                reason,
                observe,
            )

    return build


def _natural(keyword: str, operand: Any) -> int:
    if not is_number(operand):
        raise CommandError(FAILED_TO_PARSE, f"Expected a number in: {shown_field(keyword, operand)}")
    number = as_integer(operand)
    if number is None or not -(2**63) <= number < 2**63:
        raise CommandError(FAILED_TO_PARSE, f"Expected an integer: {shown_field(keyword, operand)}")
    if number < 0:
        raise CommandError(
            FAILED_TO_PARSE, f"Expected a non-negative number in: {shown_field(keyword, operand)}"
        )
    return number


# -- sets of values and of names ----------------------------------------------------------------------


def unique_items(definition: Definition, at_root: bool) -> Iterator[Rule]:
    """Build the rule of ``uniqueItems``."""
    wanted = definition.get("uniqueItems", False)
    if not isinstance(wanted, bool):
        raise mistyped("'uniqueItems' must be a boolean")
    if wanted:
        yield UniqueItems()


def enumeration(definition: Definition, at_root: bool) -> Iterator[Rule]:
    """Build the rule of ``enum``."""
    if "enum" not in definition:
        return
    values = _array("enum", definition)
    if len(set(map(key_without_field_order, values))) < len(values):
        raise refused("keyword 'enum' array cannot contain duplicate values.")
    yield Enumeration(values, at_root)


def required(definition: Definition, at_root: bool) -> Iterator[Rule]:
    """Build the rule of ``required``."""
    if "required" not in definition:
        return
    names = _array("required", definition)
    for name in names:
        if not isinstance(name, str):
            raise mistyped(
                f"'required' must be an array of strings, but found an element of type: {type_name(name)}"
            )
    if len(set(names)) < len(names):
        raise refused("keyword 'required' array cannot contain duplicate values")
    yield Required(names)


def _array(keyword: str, definition: Definition) -> list[Any]:
    operand = definition[keyword]
    if not isinstance(operand, list):
        raise mistyped(f"'{keyword}' must be an array, but found an element of type {type_name(operand)}")
    if not operand:
        raise refused(f"keyword '{keyword}' cannot be an empty array")
    return operand
