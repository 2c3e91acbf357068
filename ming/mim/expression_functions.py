"""The expression operators that are plain functions of their evaluated arguments, in one table."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any, Final

from ming.mim.functions import Function
from ming.mim.functions_container import CONTAINER
from ming.mim.functions_numeric import NUMERIC
from ming.mim.functions_string import STRING
from ming.mim.values import order_key, truthy, type_name

__all__ = ["FUNCTIONS", "UNBUILT"]


def _comparison(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    return lambda left, right: compare(order_key(left), order_key(right))


def _cmp(left: Any, right: Any) -> int:
    left_key, right_key = order_key(left), order_key(right)
    return (left_key > right_key) - (left_key < right_key)


def _not(value: Any) -> bool:
    return not truthy(value)


FUNCTIONS: Final[Mapping[str, Function]] = {
    "$eq": Function(_comparison(operator.eq), 2, 2),
    "$ne": Function(_comparison(operator.ne), 2, 2),
    "$gt": Function(_comparison(operator.gt), 2, 2),
    "$gte": Function(_comparison(operator.ge), 2, 2),
    "$lt": Function(_comparison(operator.lt), 2, 2),
    "$lte": Function(_comparison(operator.le), 2, 2),
    "$cmp": Function(_cmp, 2, 2),
    "$not": Function(_not, 1, 1),
    "$type": Function(type_name, 1, 1),
    **NUMERIC,
    **STRING,
    **CONTAINER,
}
"""The operators by name."""

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
