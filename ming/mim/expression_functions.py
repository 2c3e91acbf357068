"""The expression operators that are plain functions of their evaluated arguments, in one table."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any, Final

from ming.mim.environment import KeyOf
from ming.mim.functions import Function, NamedFunction
from ming.mim.functions_container import CONTAINER
from ming.mim.functions_numeric import NUMERIC
from ming.mim.functions_string import STRING
from ming.mim.values import truthy, type_name

__all__ = ["FUNCTIONS", "NAMED_FUNCTIONS", "UNBUILT"]


def _comparison(compare: Callable[[Any, Any], bool]) -> Function:
    def apply(key: KeyOf, left: Any, right: Any) -> bool:
        return compare(key(left), key(right))

    return Function(apply, 2, 2, compares=True)


def _cmp(key: KeyOf, left: Any, right: Any) -> int:
    left_key, right_key = key(left), key(right)
    return (left_key > right_key) - (left_key < right_key)


def _not(value: Any) -> bool:
    return not truthy(value)


FUNCTIONS: Final[Mapping[str, Function]] = {
    "$eq": _comparison(operator.eq),
    "$ne": _comparison(operator.ne),
    "$gt": _comparison(operator.gt),
    "$gte": _comparison(operator.ge),
    "$lt": _comparison(operator.lt),
    "$lte": _comparison(operator.le),
    "$cmp": Function(_cmp, 2, 2, compares=True),
    "$not": Function(_not, 1, 1),
    "$type": Function(type_name, 1, 1),
    **NUMERIC,
    **STRING,
    **CONTAINER,
}
"""The operators by name."""

NAMED_FUNCTIONS: Final[Mapping[str, NamedFunction]] = {}
"""The operators with named arguments, by name."""

UNBUILT: Final = frozenset(
    f"${name}"
    for name in (
        "accumulator acos acosh allElementsTrue anyElementTrue asin asinh atan atan2 atanh binarySize bottom bottomN"
        " bsonSize convert cos cosh covariancePop covarianceSamp dateAdd dateDiff dateFromParts dateFromString"
        " dateSubtract dateToParts dateToString dateTrunc dayOfMonth dayOfWeek dayOfYear degreesToRadians exp"
        " firstN function getField hour indexOfArray indexOfBytes indexOfCP isoDayOfWeek isoWeek isoWeekYear"
        " lastN ln log log10 ltrim maxN meta millisecond minN minute month pow radiansToDegrees rand range"
        " regexFind regexFindAll regexMatch replaceAll replaceOne round rtrim second setDifference setEquals"
        " setField setIntersection setIsSubset setUnion sin sinh sortArray split sqrt stdDevPop stdDevSamp"
        " strLenBytes strcasecmp substr substrBytes substrCP tan tanh toBool toDate toDecimal toDouble toInt"
        " toLong toObjectId toString top topN trim trunc tsIncrement tsSecond unsetField week year zip"
    ).split()
)
"""Operators of the server that are not built yet."""
