"""Which groups the server computes in its slot-based engine rather than in the classic one.

The two answer alike except in one detail: of equal numbers of different types, ``$min`` and ``$max`` keep the
last in the slot-based engine and the first in the classic one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

__all__ = ["runs_in_slots"]

_ACCUMULATORS: Final = frozenset(
    f"${name}"
    for name in "addToSet avg count first last max mergeObjects min push stdDevPop stdDevSamp sum".split()
)
"""The accumulators that the slot-based engine of MongoDB 6.0 has."""
_OPERATORS: Final = frozenset(
    f"${name}"
    for name in (
        "abs acos acosh add and anyElementTrue arrayElemAt asin asinh atan atan2 atanh bsonSize ceil cmp concat"
        " concatArrays cond const cos cosh dateAdd dateDiff dateFromParts dateSubtract dateToParts dayOfMonth"
        " dayOfWeek dayOfYear degreesToRadians divide eq exp filter first floor gt gte ifNull indexOfBytes"
        " indexOfCP isArray isNumber last let ln log10 lt lte mod multiply ne not or radiansToDegrees"
        " range regexFind regexFindAll regexMatch replaceOne reverseArray setDifference setIntersection setUnion"
        " sin sinh sortArray sqrt switch tan tanh toLower toUpper"
    ).split()
)
"""The operators that it has."""


def runs_in_slots(key: Any, fields: Mapping[str, Any]) -> bool:
    """Whether the slot-based engine computes a group.

    Args:
        key: The expression of its ``_id``.
        fields: The accumulators by field.
    """
    return _has_all(key) and all(
        isinstance(field, dict)
        and all(name in _ACCUMULATORS and _has_all(operand) for name, operand in field.items())
        for field in fields.values()
    )


def _has_all(expression: Any) -> bool:
    """Whether the slot-based engine has all that an expression is made of; it has no array literals."""
    if not isinstance(expression, dict) or "$literal" in expression:
        return not isinstance(expression, list)
    return all(
        name in _OPERATORS and all(map(_has_all, _operands(inner)))
        if name.startswith("$")
        else _has_all(inner)
        for name, inner in expression.items()
    )


def _operands(argument: Any) -> list[Any]:
    """Return the expressions in what stands beside the name of an operator."""
    if isinstance(argument, list):
        return argument
    if not isinstance(argument, dict) or "branches" not in argument:
        return [argument]
    return [*argument["branches"], argument.get("default")]
