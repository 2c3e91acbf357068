"""What the server computes in its slot-based engine rather than in the classic one.

The two answer alike except in details: of equal numbers of different types, ``$min`` and ``$max`` keep the
last in the slot-based engine and the first in the classic one; and a field that $lookup sets is the last one
in the slot-based engine, but keeps its place in the classic one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

__all__ = ["lookups_in_slots", "runs_in_slots"]

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


# -- $lookup ------------------------------------------------------------------------------------------

_BEFORE_LOOKUPS: Final = (("$match", "$sort"), ("$limit", "$skip"), ("$project",))
"""The stages that may precede those of the slot-based engine, in this order, as the query itself performs
them."""


def lookups_in_slots(stages: Sequence[tuple[str, Any]]) -> frozenset[int]:
    """Return the positions of the $lookup stages that the slot-based engine computes, views apart."""
    phase = 0
    found: set[int] = set()
    for at, (name, operand) in enumerate(stages):
        if (
            name == "$lookup"
            and _joins_plainly(operand)
            and not _is_unwound(operand, stages[at + 1 : at + 2])
        ):
            found.add(at)
            phase = len(_BEFORE_LOOKUPS)
            continue
        while phase < len(_BEFORE_LOOKUPS) and name not in _BEFORE_LOOKUPS[phase]:
            phase += 1
        if phase == len(_BEFORE_LOOKUPS) or (name == "$project" and not _includes(operand)):
            break
    return frozenset(found)


def _joins_plainly(operand: Any) -> bool:
    if not isinstance(operand, dict) or "pipeline" in operand:
        return False
    paths = (operand.get("localField"), operand.get("foreignField"))
    return all(
        isinstance(path, str) and not any(step.isdigit() for step in path.split(".")) for path in paths
    )


def _is_unwound(operand: Mapping[str, Any], following: Sequence[tuple[str, Any]]) -> bool:
    """Whether the next stage unwinds what a $lookup found, which the server then does in one."""
    for name, unwound in following:
        path = unwound.get("path") if isinstance(unwound, dict) else unwound
        return name == "$unwind" and path == f"${operand.get('as')}"
    return False


def _includes(projection: Any) -> bool:
    return isinstance(projection, dict) and any(
        name != "_id" and value is not False and value != 0 for name, value in projection.items()
    )
