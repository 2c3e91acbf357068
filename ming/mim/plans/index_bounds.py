"""The part of an index's keys that a clause of a filter leaves, as intervals between values.

`ming.mim.plans.plans` reads them to tell which index a server would use, and how much of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from bson import MaxKey, MinKey, ObjectId, Regex
from bson.datetime_ms import DatetimeMS

from ming.mim.data.environment import KeyOf
from ming.mim.data.rendering import shown
from ming.mim.data.values import is_number, order_key, type_name
from ming.mim.queries.clauses import Clause, clauses_of
from ming.mim.queries.predicates import is_operator_document

__all__ = ["EVERYTHING", "Interval", "intersection", "intervals_of", "is_exact"]


class Interval(NamedTuple):
    """The values between two ends."""

    low: Any
    high: Any
    with_low: bool = True
    with_high: bool = True
    names: tuple[str | None, str | None] = (None, None)
    """How the ends are shown, where that is not their values."""

    def holds(self, key: Any, order: KeyOf) -> bool:
        """Whether a value, given by its order key, lies between the ends."""
        low, high = order(self.low), order(self.high)
        return (low < key or (self.with_low and key == low)) and (
            key < high or (self.with_high and key == high)
        )

    def shown(self, backward: bool) -> str:
        """Return the interval as plans show it."""
        low, high = (
            name if name is not None else shown(end, spaced=True)
            for name, end in zip(self.names, (self.low, self.high), strict=True)
        )
        if backward:
            return f"{'[('[not self.with_high]}{high}, {low}{'])'[not self.with_low]}"
        return f"{'[('[not self.with_low]}{low}, {high}{'])'[not self.with_high]}"


EVERYTHING: Final = Interval(MinKey(), MaxKey())
_NOTHING: Final[Sequence[Interval]] = ()

_BRACKETS: Final[Mapping[str, tuple[Any, Any, tuple[str | None, str | None], bool]]] = {
    "string": ("", {}, (None, None), False),
    "object": ({}, [], (None, None), False),
    "bool": (False, True, (None, None), True),
    "objectId": (ObjectId("0" * 24), ObjectId("f" * 24), (None, None), True),
    "date": (DatetimeMS(-(2**63)), DatetimeMS(2**63 - 1), (None, None), True),
}
"""By type: its least value, the end of its values, how they are shown, and whether the end is one of them."""


def _point(value: Any) -> Interval:
    return Interval(value, value)


def _type_ends(value: Any) -> Interval | None:
    """Return the interval of all values of a value's type, if it is known."""
    if is_number(value):
        return Interval(float("-inf"), float("inf"))
    if type_name(value) in ("minKey", "maxKey"):
        return EVERYTHING
    ends = _BRACKETS.get(type_name(value))
    return None if ends is None else Interval(ends[0], ends[1], True, ends[3], ends[2])


def _below(value: Any, included: bool) -> Sequence[Interval] | None:
    ends = _type_ends(value)
    if value is None:
        return [_point(None)] if included else _NOTHING
    return None if ends is None else [ends._replace(high=value, with_high=included)]


def _above(value: Any, included: bool) -> Sequence[Interval] | None:
    ends = _type_ends(value)
    if value is None:
        return [_point(None)] if included else _NOTHING
    return None if ends is None else [ends._replace(low=value, with_low=included)]


def _equal(value: Any) -> Sequence[Interval]:
    if value is None:
        return [Interval(None, None, names=("undefined", "undefined")), _point(None)]
    if isinstance(value, list):
        first = [_point(value[0])] if value else []
        return [*first, _point(value)]
    return [_point(value)]


def _among(values: list[Any]) -> Sequence[Interval] | None:
    found: list[Interval] = []
    for value in values:
        intervals = _matching(value) if isinstance(value, Regex) else _equal(value)
        found.extend(intervals)
    return found


def _matching(pattern: Any) -> Sequence[Interval]:
    itself = _point(pattern)
    prefix = _prefix(pattern)
    if not prefix:
        return [Interval("", {}, True, False), itself]
    return [Interval(prefix, prefix[:-1] + chr(ord(prefix[-1]) + 1), True, False), itself]


def _prefix(pattern: Any) -> str:
    """Return the text that whatever matches a pattern starts with."""
    if pattern.flags or not isinstance(pattern.pattern, str):
        return ""
    found = re.match(r"\^([\w ]+)", pattern.pattern)
    rest = pattern.pattern[found.end() :] if found else ""
    # A quantifier may take the last character away.
    return "" if found is None else found[1][:-1] if rest[:1] in ("?", "*", "{") else found[1]


def _other_than(condition: Mapping[str, Any]) -> Sequence[Interval] | None:
    ((operator, operand),) = condition.items()
    inner = intervals_of(Clause("", operator, operand)) if operator != "$regex" else None
    if inner is None:
        return None
    rest, low, with_low = [], EVERYTHING.low, True
    for interval in inner:
        rest.append(Interval(low, interval.low, with_low, not interval.with_low))
        low, with_low = interval.high, not interval.with_high
    return [*rest, Interval(low, EVERYTHING.high, with_low, True)]


def _of_elements(condition: Any) -> Sequence[Interval] | None:
    if not is_operator_document(condition):
        return None
    found: Sequence[Interval] = [EVERYTHING]
    for clause in clauses_of({"": condition}):
        intervals = intervals_of(clause)
        found = found if intervals is None else intersection(found, intervals)
    return None if found == [EVERYTHING] else found


_INTERVALS: Final[Mapping[str, Callable[[Any], Sequence[Interval] | None]]] = {
    "$eq": _equal,
    "$in": _among,
    "$lt": lambda value: _below(value, included=False),
    "$lte": lambda value: _below(value, included=True),
    "$gt": lambda value: _above(value, included=False),
    "$gte": lambda value: _above(value, included=True),
    "$exists": lambda operand: [EVERYTHING] if operand else None,
    "$regex": _matching,
    "$not": _other_than,
    "$elemMatch": _of_elements,
    "$mod": lambda operand: [Interval(float("nan"), float("inf"))],
}


def intervals_of(clause: Clause) -> Sequence[Interval] | None:
    """Return the intervals of an index's keys that a clause leaves, None if it does not use the index."""
    bound = _INTERVALS.get(clause.operator)
    return None if bound is None else bound(clause.operand)


def is_exact(clause: Clause) -> bool:
    """Whether every key in a clause's intervals means a match."""
    if clause.operator in ("$exists", "$mod", "$elemMatch"):
        return False
    if clause.operator == "$regex":
        return bool("^" + _prefix(clause.operand) == clause.operand.pattern)
    operands = {"$in": clause.operand, "$eq": [clause.operand]}.get(clause.operator, [])
    return not any(operand is None or isinstance(operand, list | Regex) for operand in operands)


def intersection(left: Sequence[Interval], right: Sequence[Interval]) -> list[Interval]:
    """Return the intervals that both sides have in common."""
    found = []
    for one in left:
        for other in right:
            first = max(one, other, key=lambda each: (order_key(each.low), not each.with_low))
            last = min(one, other, key=lambda each: (order_key(each.high), each.with_high))
            low, high = order_key(first.low), order_key(last.high)
            if low < high or (low == high and first.with_low and last.with_high):
                found.append(Interval(first.low, last.high, first.with_low, last.with_high))
    return found
