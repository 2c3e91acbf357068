"""The operators of one field in a filter: comparison, sets, types, patterns, numbers.

Each builder turns an operand into a `Condition`. Operators that hold further filters (``$not``,
``$elemMatch``) are built by `filters`, which owns the recursion.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from bson import MaxKey, MinKey, Regex

from ming.mim.data.environment import KeyOf
from ming.mim.data.errors import CommandError
from ming.mim.data.regex import compiled, with_options
from ming.mim.data.values import (
    MISSING,
    TYPE_NAMES,
    as_integer,
    is_number,
    order_key,
    truthy,
    type_code,
)
from ming.mim.queries.conditions import All, Condition, Leaf, Not, Points

__all__ = [
    "BUILDERS",
    "COMPARISONS",
    "all_values",
    "bad_value",
    "equality",
    "is_operator_document",
    "regex_condition",
    "regex_operator",
    "type_codes",
]

_MISSING_KEY: Final = order_key(MISSING)
_NULL_KEY: Final = order_key(None)
_NUMBER_RANK: Final = order_key(0)[0]
_ORDERED_BY_PYTHON: Final = frozenset((int, float, str, datetime))
"""Classes whose values compare as their keys do; so, NaN is neither less nor greater."""


def bad_value(message: str) -> CommandError:
    """Return the error for an operand the server does not accept."""
    return CommandError(2, message)


def is_operator_document(value: Any) -> bool:
    """Whether a filter's value holds operators; a database reference is a plain value."""
    if not isinstance(value, dict) or not value:
        return False
    first = next(iter(value))
    return first.startswith("$") and first not in ("$ref", "$id", "$db")


# -- comparison ---------------------------------------------------------------------------------------


def equality(operand: Any, order: KeyOf) -> Condition:
    """Return the condition of ``{field: operand}`` for a plain operand; null equals missing."""
    if operand is None:
        return Leaf(lambda value: value is None or value is MISSING)
    wanted = order(operand)
    points = None if isinstance(operand, list) else Points(frozenset((wanted,)), order)
    if operand.__class__ is str:
        if order is order_key:
            return Leaf(lambda value: value.__class__ is str and value == operand, points=points)
        return Leaf(lambda value: value.__class__ is str and order(value) == wanted, points=points)
    if operand.__class__ is int:
        return Leaf(
            lambda value: value == operand if value.__class__ is int else order(value) == wanted,
            points=points,
        )
    return Leaf(lambda value: order(value) == wanted, points=points)


def _ordering(compare: Callable[[Any, Any], bool]) -> Callable[[Any, KeyOf], Condition]:
    includes_equal = compare(_NULL_KEY, _NULL_KEY)
    ascending = compare((0,), (1,))

    def build(operand: Any, order: KeyOf) -> Condition:
        if isinstance(operand, Regex):
            raise bad_value(f"Can't have RegEx as arg to predicate over field {operand.pattern!r}.")
        bound = order(operand)
        rank = bound[0]
        if operand is None:
            return equality(None, order) if includes_equal else Leaf(lambda value: False)
        if isinstance(operand, MinKey | MaxKey):
            # The ends of the order are the only values compared with those of other types.
            other_types = isinstance(operand, MaxKey) == ascending
            return Leaf(
                lambda value: (
                    other_types if (key := order(value))[0] != rank else includes_equal and key == bound
                )
            )
        if rank == _NUMBER_RANK and len(bound) == 1:
            return equality(operand, order) if includes_equal else Leaf(lambda value: False)

        def test(value: Any) -> bool:
            key = order(value)
            return key[0] == rank and len(key) > 1 and compare(key, bound)

        kind = operand.__class__
        if kind not in _ORDERED_BY_PYTHON or (kind is str and order is not order_key):
            return Leaf(test)
        return Leaf(lambda value: compare(value, operand) if value.__class__ is kind else test(value))

    return build


def _in(operand: Any, order: KeyOf) -> Condition:
    if not isinstance(operand, list):
        raise bad_value("$in needs an array")
    if any(is_operator_document(item) for item in operand):
        raise bad_value("cannot nest $ under $in")
    patterns = [compiled(item) for item in operand if isinstance(item, Regex)]
    keys = {order(item) for item in operand}
    if _NULL_KEY in keys:
        keys.add(_MISSING_KEY)
    can_look_up = (
        not patterns and _NULL_KEY not in keys and not any(isinstance(item, list) for item in operand)
    )

    def test(value: Any) -> bool:
        if order(value) in keys:
            return True
        return bool(patterns) and isinstance(value, str) and any(each.search(value) for each in patterns)

    return Leaf(test, points=Points(frozenset(keys), order) if can_look_up else None)


def _not_in(operand: Any, order: KeyOf) -> Condition:
    if not isinstance(operand, list):
        raise bad_value("$nin needs an array")
    return Not(_in(operand, order))


def _not_equal(operand: Any, order: KeyOf) -> Condition:
    if isinstance(operand, Regex):
        raise bad_value("Can't have regex as arg to $ne.")
    return Not(equality(operand, order))


def _exists(operand: Any) -> Condition:
    found = Leaf(lambda value: value is not MISSING, expand=False)
    return found if truthy(operand) else Not(found)


# -- patterns -----------------------------------------------------------------------------------------


def regex_condition(regex: Regex[str]) -> Condition:
    """Return the condition of a regular expression: found in a string, or equal to a stored pattern."""
    search = compiled(regex).search
    own_key = order_key(regex)

    def test(value: Any) -> bool:
        if isinstance(value, str):
            return search(value) is not None
        return isinstance(value, Regex) and order_key(value) == own_key

    return Leaf(test)


def regex_operator(operand: Any, options: Any) -> Condition:
    """Return the condition of ``$regex`` with its ``$options``, if it has some."""
    if not isinstance(operand, str | Regex):
        raise bad_value("$regex has to be a string")
    if options is not None and not isinstance(options, str):
        raise bad_value("$options has to be a string")
    if isinstance(operand, Regex) and operand.flags and options:
        raise CommandError(51075, "options set in both $regex and $options")
    return regex_condition(with_options(operand, options))


# -- types and sizes ----------------------------------------------------------------------------------

_ALIASES: Final[Mapping[str, frozenset[int]]] = {
    **{name: frozenset((code,)) for code, name in TYPE_NAMES.items() if code},
    "number": frozenset((1, 16, 18, 19)),
}


def type_codes(operand: Any) -> frozenset[int]:
    """Return the codes meant by an operand of ``$type``: a code, an alias, or a list of those.

    Raises:
        CommandError: There is no such type.
    """
    named = operand if isinstance(operand, list) else [operand]
    if not named:
        raise CommandError(9, "a must match at least one type")
    codes: set[int] = set()
    for name in named:
        if isinstance(name, str):
            if name not in _ALIASES:
                raise bad_value(f"Unknown type name alias: {name}")
            codes |= _ALIASES[name]
        elif not is_number(name):
            raise CommandError(14, "type must be represented as a number or a string")
        else:
            code = as_integer(name)
            if code is None or code == 0 or code not in TYPE_NAMES:
                raise bad_value(f"Invalid numerical type code: {name}")
            codes.add(code)
    return frozenset(codes)


def _type(operand: Any) -> Condition:
    codes = type_codes(operand)
    return Leaf(lambda value: type_code(value) in codes)


def _size(operand: Any) -> Condition:
    if not is_number(operand):
        raise bad_value(f"Failed to parse $size. Expected a number in: $size: {operand!r}")
    size = as_integer(operand)
    if size is None:
        raise bad_value(f"Failed to parse $size. Expected an integer: $size: {operand!r}")
    if size < 0:
        raise bad_value(f"Failed to parse $size. Expected a non-negative number in: $size: {operand!r}")
    return Leaf(lambda value: value.__class__ is list and len(value) == size, expand=False)


def all_values(operand: list[Any], order: KeyOf, empty_matches: bool) -> Condition:
    """Return the condition of ``$all`` over plain values and patterns."""
    if not operand:
        return Leaf(lambda value: empty_matches)
    if any(is_operator_document(item) for item in operand):
        raise bad_value("no $ expressions in $all")
    return All(
        [regex_condition(item) if isinstance(item, Regex) else equality(item, order) for item in operand]
    )


# -- arithmetic ---------------------------------------------------------------------------------------


def _truncated(value: Any) -> int | None:
    """Return a number without its fraction, or None where there is no such integer."""
    if not is_number(value):
        return None
    if isinstance(value, int):
        return int(value)
    number = value if isinstance(value, float) else value.to_decimal()
    return int(number) if math.isfinite(number) else None


def _mod(operand: Any) -> Condition:
    if not isinstance(operand, list):
        raise bad_value("malformed mod, needs to be an array")
    if len(operand) != 2:
        raise bad_value(f"malformed mod, {'not enough' if len(operand) < 2 else 'too many'} elements")
    divisor, remainder = map(_truncated, operand)
    if divisor is None:
        raise bad_value("malformed mod, divisor not a number")
    if remainder is None:
        raise bad_value("malformed mod, remainder not a number")
    if divisor == 0:
        raise bad_value("divisor cannot be 0")

    def test(value: Any) -> bool:
        whole = _truncated(value)
        if whole is None or not -(2**63) <= whole < 2**63:
            return False
        # The server's remainder has the sign of the dividend.
        left_over = abs(whole) % abs(divisor)
        return (-left_over if whole < 0 else left_over) == remainder

    return Leaf(test)


def _bit_mask(name: str, operand: Any) -> int:
    if isinstance(operand, list):
        places = [as_integer(place) if is_number(place) else None for place in operand]
        if any(place is None or place < 0 for place in places):
            raise bad_value(f"Failed to parse bit position. Expected a non-negative integer in: {name}")
        return sum(1 << place for place in {place for place in places if place is not None})
    if isinstance(operand, bytes):
        return int.from_bytes(operand, "little")
    mask = as_integer(operand) if is_number(operand) else None
    if mask is None or mask < 0:
        raise CommandError(9, f"{name} takes an Array, a number, or a BinData but received: {operand!r}")
    return mask


def _bits(name: str, decide: Callable[[int, int], bool]) -> Callable[[Any], Condition]:
    def build(operand: Any) -> Condition:
        mask = _bit_mask(name, operand)

        def test(value: Any) -> bool:
            if isinstance(value, bytes):
                return decide(int.from_bytes(value, "little"), mask)
            number = as_integer(value)
            return number is not None and -(2**63) <= number < 2**63 and decide(number, mask)

        return Leaf(test)

    return build


COMPARISONS: Final[Mapping[str, Callable[[Any, KeyOf], Condition]]] = {
    # Unlike {field: /x/}, {field: {$eq: /x/}} looks for a stored pattern.
    "$eq": equality,
    "$ne": _not_equal,
    "$gt": _ordering(operator.gt),
    "$gte": _ordering(operator.ge),
    "$lt": _ordering(operator.lt),
    "$lte": _ordering(operator.le),
    "$in": _in,
    "$nin": _not_in,
}
"""Builders of the operators that compare values, from an operand and the order in force."""

BUILDERS: Final[Mapping[str, Callable[[Any], Condition]]] = {
    "$exists": _exists,
    "$type": _type,
    "$size": _size,
    "$mod": _mod,
    "$bitsAllSet": _bits("$bitsAllSet", lambda bits, mask: bits & mask == mask),
    "$bitsAnySet": _bits("$bitsAnySet", lambda bits, mask: bits & mask != 0),
    "$bitsAllClear": _bits("$bitsAllClear", lambda bits, mask: bits & mask == 0),
    "$bitsAnyClear": _bits("$bitsAnyClear", lambda bits, mask: bits & mask != mask),
}
"""Builders of the other operators that take a plain operand."""
