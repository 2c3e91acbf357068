"""Expression operators on angles, and the hyperbolic functions."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from bson import Decimal128

from ming.mim.data import decimal_math
from ming.mim.data.arithmetic import as_decimal, comparable, multiply
from ming.mim.data.decimal_math import full, rounded
from ming.mim.data.errors import CommandError
from ming.mim.expressions.functions import Function, absent, need_number

__all__ = ["TRIGONOMETRY"]


@dataclass(frozen=True, slots=True)
class _Domain:
    """The arguments that a function is defined for."""

    lowest: float
    highest: float
    shown: str
    finite: bool = False
    """Whether infinity is not among them, though it is no less than the lowest and no more than the
    highest."""

    def has(self, number: Any) -> bool:
        if self.finite and abs(number) == math.inf:
            return False
        return bool(self.lowest <= number <= self.highest)


_EVERYTHING: Final = _Domain(-math.inf, math.inf, "[-inf,inf]")
_FINITE: Final = _Domain(-math.inf, math.inf, "(-inf,inf)", finite=True)
_UP_TO_ONE: Final = _Domain(-1, 1, "[-1,1]")
_FROM_ONE: Final = _Domain(1, math.inf, "[1,inf]")


def _curve(
    name: str,
    of_double: Callable[[float], float],
    of_decimal: Callable[[Decimal], Decimal],
    domain: _Domain = _EVERYTHING,
    zero_shift: int = 0,
) -> Function:
    """Make the operator of a function.

    Args:
        name: The name of the operator.
        of_double: The function of doubles.
        of_decimal: The function of decimals.
        domain: The arguments it is defined for.
        zero_shift: By how much the server lowers the exponent of a decimal result that is zero.
    """

    def apply(value: Any) -> Any:
        if absent(value):
            return None
        need_number(name, 28765, value)
        exact = comparable(value)
        if exact != exact:
            return value
        if not domain.has(exact):
            raise CommandError(50989, f"cannot apply {name} to {exact}, value must be in {domain.shown}")
        if isinstance(exact, Decimal):
            result = of_decimal(exact)
            if not result:
                return Decimal128(rounded(result.scaleb(-zero_shift)))
            return Decimal128(full(result) if exact.is_finite() else rounded(result))
        return of_double(float(exact))

    return Function(apply, 1, 1)


def _growing(function: Callable[[float], float]) -> Callable[[float], float]:
    """Let a function go to infinity with its argument where it would overflow."""

    def apply(value: float) -> float:
        try:
            return function(value)
        except OverflowError:
            return math.inf if function is math.cosh else math.copysign(math.inf, value)

    return apply


def _atanh(value: float) -> float:
    return math.atanh(value) if abs(value) < 1 else math.copysign(math.inf, value)


def _atan2(y: Any, x: Any) -> Any:
    if absent(y):
        return None
    need_number("$atan2", 51044, y)
    if absent(x):
        return None
    need_number("$atan2", 51045, x)
    if isinstance(y, Decimal128) or isinstance(x, Decimal128):
        result = decimal_math.atan2(as_decimal(y), as_decimal(x))
        return Decimal128(full(result) if result else rounded(result.scaleb(-9999)))
    return math.atan2(y, x)


def _scaled(name: str, factor: float, exact_factor: Decimal128) -> Function:
    def apply(value: Any) -> Any:
        if absent(value):
            return None
        need_number(name, 28765, value)
        return multiply(value, exact_factor) if isinstance(value, Decimal128) else value * factor

    return Function(apply, 1, 1)


TRIGONOMETRY: Final[Mapping[str, Function]] = {
    "$sin": _curve("$sin", math.sin, decimal_math.sin, _FINITE),
    "$cos": _curve("$cos", math.cos, decimal_math.cos, _FINITE),
    "$tan": _curve("$tan", math.tan, decimal_math.tan, _FINITE, zero_shift=40),
    "$asin": _curve("$asin", math.asin, decimal_math.asin, _UP_TO_ONE, zero_shift=40),
    "$acos": _curve("$acos", math.acos, decimal_math.acos, _UP_TO_ONE, zero_shift=6176),
    "$atan": _curve("$atan", math.atan, decimal_math.atan),
    "$atan2": Function(_atan2, 2, 2),
    "$sinh": _curve("$sinh", _growing(math.sinh), decimal_math.sinh, zero_shift=40),
    "$cosh": _curve("$cosh", _growing(math.cosh), decimal_math.cosh),
    "$tanh": _curve("$tanh", math.tanh, decimal_math.tanh),
    "$asinh": _curve("$asinh", math.asinh, decimal_math.asinh, zero_shift=6176),
    "$acosh": _curve("$acosh", math.acosh, decimal_math.acosh, _FROM_ONE),
    "$atanh": _curve("$atanh", _atanh, decimal_math.atanh, _UP_TO_ONE, zero_shift=6176),
    "$degreesToRadians": _scaled(
        "$degreesToRadians", math.pi / 180, Decimal128("0.01745329251994329576923690768488613")
    ),
    "$radiansToDegrees": _scaled(
        "$radiansToDegrees", 180 / math.pi, Decimal128("57.29577951308232087679815481410517")
    ),
}
"""The operators by name."""
