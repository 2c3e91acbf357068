"""Transcendental functions of decimals, which the standard library's decimals do not have.

Results are rounded correctly to the 34 digits of a Decimal128. The server computes some of them in binary and
may be off by one in the last digit.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import ROUND_HALF_EVEN, Context, Decimal, localcontext
from functools import lru_cache
from typing import Final

from bson.decimal128 import create_decimal128_context

__all__ = [
    "acos",
    "acosh",
    "asin",
    "asinh",
    "atan",
    "atan2",
    "atanh",
    "cos",
    "cosh",
    "full",
    "rounded",
    "sin",
    "sinh",
    "tan",
    "tanh",
]

_DIGITS: Final = 80
_WORK: Final = Context(prec=_DIGITS, Emin=-999999, Emax=999999, traps=[])
_DECIMAL128: Final = create_decimal128_context()
_TINY: Final = -25
"""Decimal exponent below which x is all that counts of an odd function x + O(x^3)."""


def rounded(value: Decimal) -> Decimal:
    """Return a number with at most the digits of a Decimal128."""
    return _DECIMAL128.create_decimal(value)


def full(value: Decimal) -> Decimal:
    """Return a number with all the digits of a Decimal128, be they zeros."""
    value = rounded(value)
    if not value.is_finite() or not value:
        return value
    exponent = max(value.adjusted() - _DECIMAL128.prec + 1, _DECIMAL128.Etiny())
    return value.quantize(Decimal((0, (1,), exponent)), context=_DECIMAL128)


@lru_cache(maxsize=8)
def _pi(digits: int) -> Decimal:
    """Return pi by Machin's formula."""
    with localcontext(_WORK) as context:
        context.prec = digits + 10
        pi: Decimal = 4 * (4 * _arc_cotangent(5) - _arc_cotangent(239))
        return pi


def _arc_cotangent(number: int) -> Decimal:
    power = Decimal(1) / number
    return _series(power, lambda term, at: -term / (number * number), divided=True)


def _series(first: Decimal, following: Callable[[Decimal, int], Decimal], divided: bool = False) -> Decimal:
    """Sum terms until they do not count any more.

    Args:
        first: The first term.
        following: Gives the next term from a term and its place.
        divided: Whether each term is to be divided by the odd number at its place.
    """
    term, total, at = first, first, 0
    while True:
        term = following(term, at)
        at += 1
        longer = total + (term / (2 * at + 1) if divided else term)
        if longer == total:
            return total
        total = longer


def _sine_and_cosine(angle: Decimal) -> tuple[Decimal, Decimal]:
    with localcontext(_WORK) as context:
        context.prec = _DIGITS + max(0, angle.adjusted())
        right_angle = _pi(context.prec) / 2
        quarter = (angle / right_angle).to_integral_value(ROUND_HALF_EVEN)
        rest = angle - quarter * right_angle
        context.prec = _DIGITS
        square = rest * rest
        sine = _series(rest, lambda term, at: -term * square / ((2 * at + 2) * (2 * at + 3)))
        cosine = _series(Decimal(1), lambda term, at: -term * square / ((2 * at + 1) * (2 * at + 2)))
        turned = ((sine, cosine), (cosine, -sine), (-sine, -cosine), (-cosine, sine))
        return turned[int(quarter % 4)]


def _odd(function: Callable[[Decimal], Decimal]) -> Callable[[Decimal], Decimal]:
    """Complete a function with f(x) = x + O(x^3) and f(-x) = -f(x), given for finite positive x."""

    def complete(value: Decimal) -> Decimal:
        if not value or value.adjusted() < _TINY:
            return value
        with localcontext(_WORK):
            return function(value) if value > 0 else -function(-value)

    return complete


@_odd
def sin(value: Decimal) -> Decimal:
    """Return the sine."""
    return _sine_and_cosine(value)[0]


def cos(value: Decimal) -> Decimal:
    """Return the cosine."""
    return _sine_and_cosine(value)[1]


@_odd
def tan(value: Decimal) -> Decimal:
    """Return the tangent."""
    sine, cosine = _sine_and_cosine(value)
    return sine / cosine


@_odd
def atan(value: Decimal) -> Decimal:
    """Return the angle with this tangent."""
    if value > 1:
        return _pi(_DIGITS) / 2 - atan(1 / value)
    halvings = 0
    while value > Decimal("0.05"):
        value /= 1 + (1 + value * value).sqrt()
        halvings += 1
    square = value * value
    angle = _series(value, lambda term, at: -term * square, divided=True)
    return angle * Decimal(2**halvings)


def atan2(y: Decimal, x: Decimal) -> Decimal:
    """Return the angle of a point seen from the origin."""
    if y.is_nan() or x.is_nan():
        return Decimal("NaN")
    with localcontext(_WORK):
        straight = _pi(_DIGITS).copy_sign(y)
        if y.is_infinite() or not x:
            if x.is_infinite():
                return straight / 4 if x > 0 else straight * 3 / 4
            if not y:
                return y if not x.is_signed() else straight
            return straight / 2
        if x.is_infinite():
            return Decimal(0).copy_sign(y) if x > 0 else straight
        angle = atan(y / x)
        return angle if x > 0 else angle + straight


@_odd
def asin(value: Decimal) -> Decimal:
    """Return the angle with this sine."""
    return atan2(value, (1 - value * value).sqrt())


def acos(value: Decimal) -> Decimal:
    """Return the angle with this cosine."""
    with localcontext(_WORK):
        return atan2((1 - value * value).sqrt(), value)


@_odd
def sinh(value: Decimal) -> Decimal:
    """Return the hyperbolic sine."""
    return (value.exp() - (-value).exp()) / 2


def cosh(value: Decimal) -> Decimal:
    """Return the hyperbolic cosine."""
    with localcontext(_WORK):
        return (value.exp() + (-value).exp()) / 2


@_odd
def tanh(value: Decimal) -> Decimal:
    """Return the hyperbolic tangent."""
    shrunk = (-2 * value).exp()
    return (1 - shrunk) / (1 + shrunk)


@_odd
def asinh(value: Decimal) -> Decimal:
    """Return the number with this hyperbolic sine."""
    return (value + (value * value + 1).sqrt()).ln()


def acosh(value: Decimal) -> Decimal:
    """Return the number with this hyperbolic cosine."""
    with localcontext(_WORK):
        return (value + (value * value - 1).sqrt()).ln()


@_odd
def atanh(value: Decimal) -> Decimal:
    """Return the number with this hyperbolic tangent."""
    return ((1 + value) / (1 - value)).ln() / 2 if value < 1 else Decimal("Infinity")
