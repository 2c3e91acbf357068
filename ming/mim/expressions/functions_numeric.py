"""Expression operators on numbers, and on dates where they are added to."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from typing import Any, Final

from bson import Decimal128, Int64

from ming.mim.data import arithmetic
from ming.mim.data.environment import KeyOf
from ming.mim.data.errors import CommandError
from ming.mim.data.values import is_number, type_name
from ming.mim.dates.parts import LONGEST, date_from, is_date, milliseconds_of
from ming.mim.expressions.functions import ANY_NUMBER, Function, absent, as_long, need_number

__all__ = ["NUMERIC", "average", "deviation", "summed"]


def _widened(compute: Callable[..., Any], *operands: Any) -> Any:
    try:
        return compute(*operands)
    except arithmetic.LongOverflow as overflow:
        return float(overflow.exact)


def _later(moment: Any, milliseconds: Any) -> Any:
    since_epoch = milliseconds_of(moment)
    if isinstance(milliseconds, Decimal128):
        return date_from(_long_of(arithmetic.add(Int64(since_epoch), milliseconds)))
    try:
        later = int(Fraction(since_epoch) + Fraction(milliseconds))
        return date_from(int(arithmetic.integral(later, True)))
    except (ArithmeticError, ValueError):
        raise CommandError(15, "date overflow in $add") from None


def _long_of(number: Decimal128) -> int:
    """Return a decimal without its fraction, or the least long if it is not in the range of longs."""
    exact = number.to_decimal()
    if not exact.is_finite() or abs(exact) > LONGEST:
        return -LONGEST - 1
    return arithmetic.whole(number)


def _earlier(moment: Any, milliseconds: Any) -> Any:
    amount = _long_of(milliseconds) if isinstance(milliseconds, Decimal128) else as_long(milliseconds)
    if amount == -LONGEST - 1:
        raise CommandError(159, "Cannot negate the minimum duration")
    earlier = milliseconds_of(moment) - amount
    if not -LONGEST - 1 <= earlier <= LONGEST:
        raise CommandError(159, f"Overflow while adding {-amount}ms to {milliseconds_of(moment)}ms")
    return date_from(earlier)


def _apart(later: Any, earlier: Any) -> Int64:
    """Return the milliseconds between dates; the server lets too many for a long overflow."""
    return Int64((milliseconds_of(later) - milliseconds_of(earlier) + LONGEST + 1) % 2**64 - LONGEST - 1)


def _add(*values: Any) -> Any:
    numbers = []
    moment = None
    for value in values:
        if absent(value):
            return None
        if is_date(value):
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
    if is_date(left):
        if is_date(right):
            return _apart(left, right)
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
        product = _widened(arithmetic.multiply, product, need_number("$multiply", 14, value))
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
        need_number(name, 28765, value)
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
    need_number("$abs", 28765, value)
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


def deviation(values: Iterable[Any], sample: bool) -> float | None:
    """Return the standard deviation of the numbers among values, None if they are too few.

    Args:
        values: The values; whatever is no number does not count.
        sample: Whether they are a sample, not the whole population.
    """
    count, mean, squares = 0, 0.0, 0.0
    for value in values:
        if is_number(value):
            number = float(value.to_decimal() if isinstance(value, Decimal128) else value)
            count += 1
            distance = number - mean
            mean += distance / count
            squares += distance * (number - mean)
    degrees = count - 1 if sample else count
    return math.sqrt(squares / degrees) if degrees > 0 else None


def _avg(*values: Any) -> Any:
    return average(list(values))


def _deviation(sample: bool) -> Callable[..., Any]:
    return lambda *values: deviation(values, sample)


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
    "$min": Function(_extreme(min), 0, ANY_NUMBER, spreads=True, commutes=True, compares=True),
    "$max": Function(_extreme(max), 0, ANY_NUMBER, spreads=True, commutes=True, compares=True),
    "$stdDevPop": Function(_deviation(sample=False), 0, ANY_NUMBER, spreads=True),
    "$stdDevSamp": Function(_deviation(sample=True), 0, ANY_NUMBER, spreads=True),
    "$isNumber": Function(is_number, 1, 1),
}
"""The operators by name."""
