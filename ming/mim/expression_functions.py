"""Expression operators that are plain functions of their evaluated arguments."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from bson import Decimal128, Int64

from ming.mim import arithmetic
from ming.mim.errors import CommandError
from ming.mim.values import MISSING, as_integer, copied, is_number, order_key, truthy, type_name

__all__ = ["FUNCTIONS", "UNBUILT", "Function", "summed"]


@dataclass(frozen=True, slots=True)
class Function:
    """An operator that evaluates all its arguments and applies a function to them."""

    apply: Callable[..., Any]
    fewest: int
    most: float
    spreads: bool = False
    """Whether a single array argument stands for the list of arguments."""

    def arity(self) -> str:
        """Say how many arguments are accepted."""
        if self.fewest == self.most:
            return f"exactly {self.fewest}"
        return f"at least {self.fewest}" if self.most == math.inf else f"{self.fewest} to {self.most}"


def _absent(*values: Any) -> bool:
    return any(value is None or value is MISSING for value in values)


def _need_number(name: str, code: int, value: Any) -> Any:
    if not is_number(value):
        raise CommandError(code, f"{name} only supports numeric types, not {type_name(value)}")
    return value


# -- comparison and truth -----------------------------------------------------------------------------


def _comparison(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    return lambda left, right: compare(order_key(left), order_key(right))


def _cmp(left: Any, right: Any) -> int:
    left_key, right_key = order_key(left), order_key(right)
    return (left_key > right_key) - (left_key < right_key)


def _not(value: Any) -> bool:
    return not truthy(value)


# -- arithmetic ---------------------------------------------------------------------------------------


def _widened(compute: Callable[[Any, Any], Any], left: Any, right: Any) -> Any:
    try:
        return compute(left, right)
    except arithmetic.LongOverflow as overflow:
        return float(overflow.exact)


def _shifted(moment: datetime, milliseconds: Any) -> datetime:
    return moment + timedelta(milliseconds=float(arithmetic.as_decimal(milliseconds)))


def _add(*values: Any) -> Any:
    if _absent(*values):
        return None
    total: Any = 0
    moment: datetime | None = None
    for value in values:
        if isinstance(value, datetime):
            if moment is not None:
                raise CommandError(16612, "only one date allowed in an $add expression")
            moment = value
        elif not is_number(value):
            raise CommandError(14, f"$add only supports numeric or date types, not {type_name(value)}")
        else:
            total = _widened(arithmetic.add, total, value)
    return total if moment is None else _shifted(moment, total)


def _subtract(left: Any, right: Any) -> Any:
    if _absent(left, right):
        return None
    if isinstance(left, datetime):
        if isinstance(right, datetime):
            return Int64((left - right) // timedelta(milliseconds=1))
        if is_number(right):
            return _shifted(left, arithmetic.subtract(0, right))
    if not is_number(left) or not is_number(right):
        raise CommandError(14, f"can't $subtract {type_name(right)} from {type_name(left)}")
    return _widened(arithmetic.subtract, left, right)


def _multiply(*values: Any) -> Any:
    if _absent(*values):
        return None
    product: Any = 1
    for value in values:
        product = _widened(arithmetic.multiply, product, _need_number("$multiply", 14, value))
    return product


def _divide(left: Any, right: Any) -> Any:
    if _absent(left, right):
        return None
    if not is_number(left) or not is_number(right):
        raise CommandError(
            14, f"$divide only supports numeric types, not {type_name(left)} and {type_name(right)}"
        )
    try:
        return arithmetic.divide(left, right)
    except ZeroDivisionError:
        raise CommandError(2, "can't $divide by zero") from None


def _mod(left: Any, right: Any) -> Any:
    if _absent(left, right):
        return None
    if not is_number(left) or not is_number(right):
        raise CommandError(
            16611, f"$mod only supports numeric types, not {type_name(left)} and {type_name(right)}"
        )
    try:
        return arithmetic.remainder(left, right)
    except ZeroDivisionError:
        raise CommandError(16610, "can't $mod by zero") from None


def _rounding(name: str, round_: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def apply(value: Any) -> Any:
        if _absent(value):
            return None
        _need_number(name, 28765, value)
        if isinstance(value, int):
            return value
        if isinstance(value, float):
            return float(round_(value)) if math.isfinite(value) else value
        number = value.to_decimal()
        return Decimal128(str(round_(number))) if number.is_finite() else value

    return apply


def _abs(value: Any) -> Any:
    if _absent(value):
        return None
    _need_number("$abs", 28765, value)
    if isinstance(value, Decimal128):
        return Decimal128(abs(value.to_decimal()))
    return arithmetic.integral(abs(value), isinstance(value, Int64)) if isinstance(value, int) else abs(value)


def summed(values: list[Any]) -> Any:
    """Return the sum of the numbers among values; whatever else there is does not count."""
    total: Any = 0
    for value in values:
        if is_number(value):
            total = _widened(arithmetic.add, total, value)
    return total


def _sum(*values: Any) -> Any:
    return summed(list(values))


def _avg(*values: Any) -> Any:
    numbers = [value for value in values if is_number(value)]
    return arithmetic.divide(summed(numbers), len(numbers)) if numbers else None


def _extreme(choose: Callable[..., Any]) -> Callable[..., Any]:
    def apply(*values: Any) -> Any:
        present = [value for value in values if not _absent(value)]
        return choose(present, key=order_key) if present else None

    return apply


# -- strings ------------------------------------------------------------------------------------------


def _concat(*values: Any) -> Any:
    if _absent(*values):
        return None
    for value in values:
        if not isinstance(value, str):
            raise CommandError(16702, f"$concat only supports strings, not {type_name(value)}")
    return "".join(values)


def _cased(change: Callable[[str], str]) -> Callable[[Any], str]:
    def apply(value: Any) -> str:
        if _absent(value):
            return ""
        if not isinstance(value, str):
            raise CommandError(16007, f"can't convert from BSON type {type_name(value)} to String")
        return change(value)

    return apply


def _string_length(value: Any) -> int:
    if not isinstance(value, str):
        raise CommandError(34471, f"$strLenCP requires a string argument, found: {type_name(value)}")
    return len(value)


# -- arrays and documents -----------------------------------------------------------------------------


def _size(value: Any) -> int:
    if not isinstance(value, list):
        raise CommandError(
            17124, f"The argument to $size must be an array, but was of type: {type_name(value)}"
        )
    return len(value)


def _concat_arrays(*values: Any) -> Any:
    if _absent(*values):
        return None
    for value in values:
        if not isinstance(value, list):
            raise CommandError(28664, f"$concatArrays only supports arrays, not {type_name(value)}")
    return [item for value in values for item in value]


def _array_elem_at(array: Any, index: Any) -> Any:
    if _absent(array, index):
        return None
    if not isinstance(array, list):
        raise CommandError(
            28689, f"$arrayElemAt's first argument must be an array, but is {type_name(array)}"
        )
    place = as_integer(index) if is_number(index) else None
    if place is None:
        raise CommandError(
            28690, f"$arrayElemAt's second argument must be a 32-bit integer, but is {index!r}"
        )
    return array[place] if -len(array) <= place < len(array) else MISSING


def _slice(array: Any, *bounds: Any) -> Any:
    if _absent(array, *bounds):
        return None
    if not isinstance(array, list):
        raise CommandError(
            28724, f"First argument to $slice must be an array, but is of type: {type_name(array)}"
        )
    places = [as_integer(bound) if is_number(bound) else None for bound in bounds]
    if None in places:
        raise CommandError(28725, "the other arguments to $slice must be 32-bit integers")
    if len(places) == 1:
        count = places[0] or 0
        return array[:count] if count >= 0 else array[count:]
    start, count = places[0] or 0, places[1] or 0
    if count <= 0:
        raise CommandError(28729, f"Third argument to $slice must be positive: {count}")
    start = start if start >= 0 else max(len(array) + start, 0)
    return array[start : start + count]


def _in(value: Any, array: Any) -> bool:
    if not isinstance(array, list):
        raise CommandError(40081, f"$in requires an array as a second argument, found: {type_name(array)}")
    wanted = order_key(value)
    return any(order_key(item) == wanted for item in array)


def _end(name: str, index: int) -> Callable[..., Any]:
    def apply(array: Any) -> Any:
        if _absent(array):
            return None
        if not isinstance(array, list):
            raise CommandError(28689, f"{name}'s argument must be an array, but is {type_name(array)}")
        return array[index] if array else MISSING

    return apply


def _reverse(array: Any) -> Any:
    if _absent(array):
        return None
    if not isinstance(array, list):
        raise CommandError(
            34435, f"The argument to $reverseArray must be an array, but was {type_name(array)}"
        )
    return array[::-1]


def _merge_objects(*values: Any) -> Any:
    merged: dict[str, Any] = {}
    for value in values:
        if _absent(value):
            continue
        if not isinstance(value, dict):
            raise CommandError(
                40400, f"$mergeObjects requires object inputs, but input is of type {type_name(value)}"
            )
        merged.update(value)
    return merged


def _object_to_array(value: Any) -> Any:
    if _absent(value):
        return None
    if not isinstance(value, dict):
        raise CommandError(40390, f"$objectToArray requires a document input, found: {type_name(value)}")
    return [{"k": name, "v": inner} for name, inner in value.items()]


def _array_to_object(value: Any) -> Any:
    if _absent(value):
        return None
    if not isinstance(value, list):
        raise CommandError(40386, f"$arrayToObject requires an array input, found: {type_name(value)}")
    made: dict[str, Any] = {}
    for entry in value:
        pair = (
            [entry.get("k"), entry.get("v")]
            if isinstance(entry, dict) and set(entry) == {"k", "v"}
            else entry
        )
        if not isinstance(pair, list) or len(pair) != 2 or not isinstance(pair[0], str):
            raise CommandError(
                40398, f"$arrayToObject requires pairs of a name and a value, found: {entry!r}"
            )
        made[pair[0]] = copied(pair[1])
    return made


_ANY: Final = math.inf
FUNCTIONS: Final[Mapping[str, Function]] = {
    "$eq": Function(_comparison(operator.eq), 2, 2),
    "$ne": Function(_comparison(operator.ne), 2, 2),
    "$gt": Function(_comparison(operator.gt), 2, 2),
    "$gte": Function(_comparison(operator.ge), 2, 2),
    "$lt": Function(_comparison(operator.lt), 2, 2),
    "$lte": Function(_comparison(operator.le), 2, 2),
    "$cmp": Function(_cmp, 2, 2),
    "$not": Function(_not, 1, 1),
    "$add": Function(_add, 0, _ANY),
    "$subtract": Function(_subtract, 2, 2),
    "$multiply": Function(_multiply, 0, _ANY),
    "$divide": Function(_divide, 2, 2),
    "$mod": Function(_mod, 2, 2),
    "$abs": Function(_abs, 1, 1),
    "$ceil": Function(_rounding("$ceil", math.ceil), 1, 1),
    "$floor": Function(_rounding("$floor", math.floor), 1, 1),
    "$sum": Function(_sum, 0, _ANY, spreads=True),
    "$avg": Function(_avg, 0, _ANY, spreads=True),
    "$min": Function(_extreme(min), 0, _ANY, spreads=True),
    "$max": Function(_extreme(max), 0, _ANY, spreads=True),
    "$type": Function(type_name, 1, 1),
    "$isNumber": Function(is_number, 1, 1),
    "$concat": Function(_concat, 0, _ANY),
    "$toUpper": Function(_cased(str.upper), 1, 1),
    "$toLower": Function(_cased(str.lower), 1, 1),
    "$strLenCP": Function(_string_length, 1, 1),
    "$isArray": Function(lambda value: isinstance(value, list), 1, 1),
    "$size": Function(_size, 1, 1),
    "$concatArrays": Function(_concat_arrays, 0, _ANY),
    "$arrayElemAt": Function(_array_elem_at, 2, 2),
    "$slice": Function(_slice, 2, 3),
    "$in": Function(_in, 2, 2),
    "$first": Function(_end("$first", 0), 1, 1),
    "$last": Function(_end("$last", -1), 1, 1),
    "$reverseArray": Function(_reverse, 1, 1),
    "$mergeObjects": Function(_merge_objects, 0, _ANY, spreads=True),
    "$objectToArray": Function(_object_to_array, 1, 1),
    "$arrayToObject": Function(_array_to_object, 1, 1),
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
