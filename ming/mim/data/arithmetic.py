"""Arithmetic on BSON numbers: results are as wide as the wider operand.

int and long give int where it fits and no operand was long; a double makes the result a double, a decimal a
decimal. Used by update operators and by expressions, which differ only in what happens beyond 64 bits.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from decimal import ROUND_HALF_EVEN, Context, Decimal
from functools import reduce
from typing import Any, Final

from bson import Decimal128, Int64
from bson.decimal128 import create_decimal128_context

from ming.mim.data.summation import DoubleSum
from ming.mim.data.values import INT32_MAX, INT32_MIN

__all__ = [
    "LongOverflow",
    "add",
    "as_decimal",
    "comparable",
    "divide",
    "integral",
    "multiply",
    "remainder",
    "subtract",
    "total",
    "whole",
]

_DECIMAL: Final[Context] = create_decimal128_context()
_LONG_MIN, _LONG_MAX = -(2**63), 2**63 - 1


class LongOverflow(ArithmeticError):
    """An integer result needs more than 64 bits."""

    def __init__(self, exact: int) -> None:
        super().__init__("result does not fit into a long")
        self.exact = exact


def integral(value: int, wide: bool) -> int:
    """Return an integer as int or long.

    Args:
        value: The integer.
        wide: Whether it is a long even if an int would do.

    Raises:
        LongOverflow: It needs more than 64 bits.
    """
    if not _LONG_MIN <= value <= _LONG_MAX:
        raise LongOverflow(value)
    return Int64(value) if wide or not INT32_MIN <= value <= INT32_MAX else int(value)


def as_decimal(value: Any) -> Decimal:
    """Return any BSON number as a Decimal; doubles keep 15 digits, as on the server."""
    if isinstance(value, Decimal128):
        return value.to_decimal()
    if isinstance(value, float):
        return Decimal(f"{value:.14e}" if value and math.isfinite(value) else f"{value:g}")
    return Decimal(int(value))


def comparable(number: Any) -> Any:
    """Return any BSON number as one that Python compares with others; a comparison with NaN is false."""
    if not isinstance(number, Decimal128):
        return number
    exact = number.to_decimal()
    return math.nan if exact.is_nan() else exact


def whole(number: Any) -> int:
    """Return a number without its fraction: a double's is cut off, a decimal is rounded, half to even.

    Raises:
        OverflowError: It is infinite.
        ValueError: It is not a number.
    """
    if isinstance(number, Decimal128):
        return int(number.to_decimal().to_integral_value(ROUND_HALF_EVEN))
    return int(number)


def _apply(
    left: Any,
    right: Any,
    plain: Callable[[Any, Any], Any],
    decimal: Callable[[Decimal, Decimal], Decimal],
) -> Any:
    if isinstance(left, Decimal128) or isinstance(right, Decimal128):
        return Decimal128(decimal(as_decimal(left), as_decimal(right)))
    if isinstance(left, float) or isinstance(right, float):
        return float(plain(float(left), float(right)))
    wide = isinstance(left, Int64) or isinstance(right, Int64)
    return integral(plain(int(left), int(right)), wide)


def add(left: Any, right: Any) -> Any:
    """Return the sum of two numbers."""
    return _apply(left, right, operator.add, _DECIMAL.add)


def total(numbers: Sequence[Any]) -> Any:
    """Return the sum of numbers as expressions have it, which is more exact than adding one by one.

    Raises:
        LongOverflow: An integer result needs more than 64 bits.
    """
    if any(isinstance(number, Decimal128) for number in numbers):
        exact = (
            number.to_decimal() if isinstance(number, Decimal128) else Decimal(number) for number in numbers
        )
        return Decimal128(reduce(_DECIMAL.add, exact))
    if any(isinstance(number, float) for number in numbers):
        result = DoubleSum()
        for number in numbers:
            if isinstance(number, Int64):
                result.add_long(number)
            else:
                result.add(float(number))
        return result.value
    return integral(sum(map(int, numbers)), any(isinstance(number, Int64) for number in numbers))


def subtract(left: Any, right: Any) -> Any:
    """Return the difference of two numbers."""
    return _apply(left, right, operator.sub, _DECIMAL.subtract)


def multiply(left: Any, right: Any) -> Any:
    """Return the product of two numbers."""
    return _apply(left, right, operator.mul, _DECIMAL.multiply)


def divide(left: Any, right: Any) -> Any:
    """Return the quotient of two numbers, a double unless one is a decimal.

    Raises:
        ZeroDivisionError: The divisor is zero.
    """
    if isinstance(left, Decimal128) or isinstance(right, Decimal128):
        divisor = as_decimal(right)
        if divisor == 0:
            raise ZeroDivisionError
        return Decimal128(_DECIMAL.divide(as_decimal(left), divisor))
    return float(left) / float(right)


def remainder(left: Any, right: Any) -> Any:
    """Return the remainder of a division, with the sign of the dividend.

    Raises:
        ZeroDivisionError: The divisor is zero.
    """
    if (as_decimal(right) if isinstance(right, Decimal128) else right) == 0:
        raise ZeroDivisionError
    return _apply(left, right, _plain_remainder, _DECIMAL.remainder)


def _plain_remainder(left: Any, right: Any) -> Any:
    if isinstance(left, float):
        return math.fmod(left, right) if math.isfinite(left) else math.nan
    left_over = abs(left) % abs(right)
    return -left_over if left < 0 else left_over
