"""Expression operators on numbers, and on dates where they are added to."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from bson import Decimal128, Int64

from ming.mim import arithmetic
from ming.mim.environment import KeyOf
from ming.mim.errors import CommandError
from ming.mim.functions import ANY_NUMBER, Function, absent
from ming.mim.values import is_number, type_name

__all__ = ["NUMERIC", "average", "summed"]


def _need_number(name: str, code: int, value: Any) -> Any:
    if not is_number(value):
        raise CommandError(code, f"{name} only supports numeric types, not {type_name(value)}")
    return value


def _widened(compute: Callable[..., Any], *operands: Any) -> Any:
    try:
        return compute(*operands)
    except arithmetic.LongOverflow as overflow:
        return float(overflow.exact)


_EPOCH: Final = datetime(1970, 1, 1)
_MILLISECOND: Final = timedelta(milliseconds=1)


def _later(moment: datetime, milliseconds: Any) -> datetime:
    since_epoch = Int64((moment - _EPOCH) // _MILLISECOND)
    try:
        return _EPOCH + arithmetic.whole(arithmetic.add(since_epoch, milliseconds)) * _MILLISECOND
    except (ArithmeticError, ValueError):
        raise CommandError(15, "date overflow in $add") from None


def _earlier(moment: datetime, milliseconds: Any) -> datetime:
    try:
        return moment - arithmetic.whole(milliseconds) * _MILLISECOND
    except (ArithmeticError, ValueError):
        raise CommandError(31109, f"Can't coerce out of range value {milliseconds} to long") from None


def _add(*values: Any) -> Any:
    numbers = []
    moment: datetime | None = None
    for value in values:
        if absent(value):
            return None
        if isinstance(value, datetime):
            if moment is not None:
                raise CommandError(16612, "only one date allowed in an $add expression")
            moment = value
        elif not is_number(value):
            raise CommandError(16554, f"$add only supports numeric or date types, not {type_name(value)}")
        else:
            numbers.append(value)
    return summed(numbers) if moment is None else _later(moment, summed(numbers))


def _subtract(left: Any, right: Any) -> Any:
    if absent(left, right):
        return None
    if isinstance(left, datetime):
        if isinstance(right, datetime):
            return Int64((left - right) // _MILLISECOND)
        if is_number(right):
            return _earlier(left, right)
    if not is_number(left) or not is_number(right):
        raise CommandError(14, f"can't $subtract {type_name(right)} from {type_name(left)}")
    return _widened(arithmetic.subtract, left, right)


def _multiply(*values: Any) -> Any:
    product: Any = 1
    for value in values:
        if absent(value):
            return None
        product = _widened(arithmetic.multiply, product, _need_number("$multiply", 14, value))
    return product


def _divide(left: Any, right: Any) -> Any:
    if absent(left, right):
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
    if absent(left, right):
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
        if absent(value):
            return None
        _need_number(name, 28765, value)
        if isinstance(value, int):
            return value
        if isinstance(value, float):
            # -0.5 is rounded up to -0.0.
            return math.copysign(round_(value), value) if math.isfinite(value) else value
        number = value.to_decimal()
        return Decimal128(str(round_(number))) if number.is_finite() else value

    return apply


def _abs(value: Any) -> Any:
    if absent(value):
        return None
    _need_number("$abs", 28765, value)
    if isinstance(value, Decimal128):
        return Decimal128(abs(value.to_decimal()))
    return arithmetic.integral(abs(value), isinstance(value, Int64)) if isinstance(value, int) else abs(value)


def summed(values: list[Any]) -> Any:
    """Return the sum of the numbers among values; whatever else there is does not count."""
    return _widened(arithmetic.total, [value for value in values if is_number(value)])


def _sum(*values: Any) -> Any:
    return summed(list(values))


def average(values: list[Any]) -> Any:
    """Return the mean of the numbers among values, None if there are none."""
    numbers = [value for value in values if is_number(value)]
    return arithmetic.divide(summed(numbers), len(numbers)) if numbers else None


def _avg(*values: Any) -> Any:
    return average(list(values))


def _extreme(choose: Callable[..., Any]) -> Callable[..., Any]:
    def apply(key: KeyOf, *values: Any) -> Any:
        present = [value for value in values if not absent(value)]
        return choose(present, key=key) if present else None

    return apply


NUMERIC: Final[Mapping[str, Function]] = {
    "$add": Function(_add, 0, ANY_NUMBER, commutes=True),
    "$subtract": Function(_subtract, 2, 2),
    "$multiply": Function(_multiply, 0, ANY_NUMBER, commutes=True),
    "$divide": Function(_divide, 2, 2),
    "$mod": Function(_mod, 2, 2),
    "$abs": Function(_abs, 1, 1),
    "$ceil": Function(_rounding("$ceil", math.ceil), 1, 1),
    "$floor": Function(_rounding("$floor", math.floor), 1, 1),
    "$sum": Function(_sum, 0, ANY_NUMBER, spreads=True),
    "$avg": Function(_avg, 0, ANY_NUMBER, spreads=True),
    "$min": Function(_extreme(min), 0, ANY_NUMBER, spreads=True, compares=True),
    "$max": Function(_extreme(max), 0, ANY_NUMBER, spreads=True, compares=True),
    "$isNumber": Function(is_number, 1, 1),
}
"""The operators by name."""
