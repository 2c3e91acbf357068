"""Expression operators for powers, roots, logarithms, and rounding to a place."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, Context, Decimal
from typing import Any, Final

from bson import Decimal128, Int64
from bson.decimal128 import create_decimal128_context

from ming.mim.data.arithmetic import LongOverflow, as_decimal, comparable, integral
from ming.mim.data.decimal_math import full
from ming.mim.data.errors import CommandError
from ming.mim.data.values import INT32_MAX, is_number, type_name
from ming.mim.expressions.functions import Function, absent, need_number

__all__ = ["POWER"]

_DECIMAL: Final[Context] = create_decimal128_context()
_PRECISE: Final = Context(prec=60, Emin=-999999, Emax=999999, traps=[])


def _decimal(value: Decimal) -> Decimal128:
    return Decimal128(_DECIMAL.create_decimal(value))


# -- powers -------------------------------------------------------------------------------------------


def _pow(base: Any, exponent: Any) -> Any:
    if absent(base, exponent):
        return None
    for what, code, value in (("base", 28762, base), ("exponent", 28763, exponent)):
        if not is_number(value):
            raise CommandError(code, f"$pow's {what} must be numeric, not {type_name(value)}")
    if comparable(base) == 0 and comparable(exponent) < 0:
        raise CommandError(28764, "$pow cannot take a base of 0 and a negative exponent")
    if isinstance(base, Decimal128) or isinstance(exponent, Decimal128):
        return Decimal128(_decimal_power(as_decimal(base), as_decimal(exponent)))
    if isinstance(base, float) or isinstance(exponent, float):
        return _double_power(float(base), float(exponent))
    return _integer_power(base, exponent)


def _integer_power(base: int, exponent: int) -> Any:
    wide = isinstance(base, Int64) or isinstance(exponent, Int64)
    if abs(base) == 1:
        return integral(int(base) ** (abs(exponent) % 2), wide)
    if base and not 0 <= exponent <= 63:
        return _double_power(float(base), float(exponent))
    try:
        return integral(int(base ** min(exponent, 63)), wide)
    except LongOverflow:
        return _double_power(float(base), float(exponent))


def _double_power(base: float, exponent: float) -> float:
    try:
        return math.pow(base, exponent)
    except OverflowError:
        return -math.inf if base < 0 and exponent % 2 == 1 else math.inf
    except ValueError:
        # A negative base and a fraction as exponent; the processor's NaN has a sign.
        return -math.nan


def _decimal_power(base: Decimal, exponent: Decimal) -> Decimal:
    if base == 1 or exponent == 0 or (base == -1 and exponent.is_infinite()):
        return full(Decimal(1))
    if exponent.is_infinite() or base.is_infinite():
        base = abs(base)
    power = _PRECISE.power(base, exponent)
    return full(power) if power else _DECIMAL.plus(power.scaleb(_DECIMAL.Etiny()))


def _exp(value: Any) -> Any:
    if absent(value):
        return None
    need_number("$exp", 28765, value)
    if isinstance(value, Decimal128):
        return _decimal(_PRECISE.exp(value.to_decimal()))
    try:
        return math.exp(value)
    except OverflowError:
        return math.inf


def _sqrt(value: Any) -> Any:
    if absent(value):
        return None
    need_number("$sqrt", 28765, value)
    if comparable(value) < 0:
        raise CommandError(28714, "$sqrt's argument must be greater than or equal to 0")
    if isinstance(value, Decimal128):
        return _decimal(_PRECISE.sqrt(value.to_decimal()))
    return math.sqrt(value)


# -- logarithms ---------------------------------------------------------------------------------------


def _logarithm(
    name: str, code: int, of_double: Callable[[float], float], of_decimal: Callable[[Decimal], Decimal]
) -> Function:
    def apply(value: Any) -> Any:
        if absent(value):
            return None
        need_number(name, 28765, value)
        _need_positive(name, code, value)
        number = comparable(value)
        return _decimal(of_decimal(number)) if isinstance(number, Decimal) else of_double(number)

    return Function(apply, 1, 1)


def _need_positive(name: str, code: int, value: Any) -> None:
    if comparable(value) <= 0:
        raise CommandError(code, f"{name}'s argument must be a positive number, but is {value}")


def _log(value: Any, base: Any) -> Any:
    if absent(value, base):
        return None
    for what, code, operand in (("argument", 28756, value), ("base", 28757, base)):
        if not is_number(operand):
            raise CommandError(code, f"$log's {what} must be numeric, not {type_name(operand)}")
    _need_positive("$log", 28758, value)
    number = comparable(base)
    if number <= 0 or number == 1:
        raise CommandError(28759, f"$log's base must be a positive number not equal to 1, but is {base}")
    if number != number or comparable(value) != comparable(value):
        return math.nan
    if isinstance(value, Decimal128) or isinstance(base, Decimal128):
        return Decimal128(_decimal_log(as_decimal(value), as_decimal(base)))
    return math.log(value) / math.log(base)


def _decimal_log(value: Decimal, base: Decimal) -> Decimal:
    if base == 10:
        return _DECIMAL.log10(value)
    if base == 2:
        return _DECIMAL.divide(_PRECISE.ln(value), _PRECISE.ln(base)) if value != 1 else Decimal(0)
    # Not the logarithm: the server divides by the base itself.
    return _DECIMAL.divide(_DECIMAL.ln(value), base)


# -- rounding -----------------------------------------------------------------------------------------


def _to_place(name: str, mode: str) -> Function:
    """Make the operator that rounds to a number of digits after the point, or before it if negative."""
    context = create_decimal128_context()
    context.rounding = mode

    def apply(number: Any, place: Any = 0) -> Any:
        if absent(number):
            return None
        need_number(name, 51081, number)
        if absent(place):
            return None
        digits = _place(name, place)
        if isinstance(number, int):
            return number if digits >= 0 else _of_integer(name, context, number, digits)
        exact = number.to_decimal() if isinstance(number, Decimal128) else _DECIMAL.create_decimal(number)
        if not exact.is_finite():
            return number
        result = _quantized(context, exact, digits)
        return Decimal128(result) if isinstance(number, Decimal128) else float(result)

    return Function(apply, 1, 2, null_first=True)


def _place(name: str, place: Any) -> int:
    if not is_number(place):
        raise CommandError(16004, f"can't convert from BSON type {type_name(place)} to long")
    exact = comparable(place)
    if not -(2**63) <= exact < 2**63:
        raise CommandError(31109, f"Can't coerce out of range value {place} to long")
    if exact != int(exact) or abs(exact) > INT32_MAX:
        raise CommandError(51082, f"precision argument to  {name} must be a integral value")
    if not -20 <= exact <= 100:
        raise CommandError(
            51083, f"cannot apply {name} with precision value {place} value must be in [-20, 100]"
        )
    return int(exact)


def _quantized(context: Context, exact: Decimal, digits: int) -> Decimal:
    result = context.quantize(exact, Decimal((0, (1,), -digits)))
    # There are no more than 34 digits: what would need more stays as exact as it is.
    return full(exact) if result.is_nan() else result


def _of_integer(name: str, context: Context, number: int, digits: int) -> int:
    result = int(_quantized(context, Decimal(int(number)), digits))
    try:
        widened = integral(result, isinstance(number, Int64) or result > INT32_MAX)
    except LongOverflow:
        raise CommandError(
            51080,
            f"invalid conversion from Decimal128 result in {name} resulting from arguments: [{number}, {digits}]",
        ) from None
    # The server cuts the bits of an int that is rounded to less than the least int.
    return widened if isinstance(number, Int64) or result >= -INT32_MAX - 1 else result + 2**32


POWER: Final[Mapping[str, Function]] = {
    "$pow": Function(_pow, 2, 2),
    "$exp": Function(_exp, 1, 1),
    "$sqrt": Function(_sqrt, 1, 1),
    "$ln": _logarithm("$ln", 28766, math.log, _PRECISE.ln),
    "$log10": _logarithm("$log10", 28761, math.log10, _PRECISE.log10),
    "$log": Function(_log, 2, 2),
    "$round": _to_place("$round", ROUND_HALF_EVEN),
    "$trunc": _to_place("$trunc", ROUND_DOWN),
}
"""The operators by name."""
