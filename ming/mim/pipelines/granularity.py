"""Preferred numbers: the series to whose members $bucketAuto rounds the bounds of its buckets.

A series repeats in every power of ten. The arithmetic follows the server's, so that results have its rounding
errors, too.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal, localcontext
from typing import Any, Final, Protocol

from bson import Decimal128
from bson.decimal128 import create_decimal128_context

from ming.mim.data.arithmetic import integral
from ming.mim.data.errors import CommandError
from ming.mim.data.values import is_number, type_name

__all__ = ["Rounder", "check_roundable", "rounder"]

_DECIMAL: Final = create_decimal128_context()
_LONG_BITS: Final = 63


class Rounder(Protocol):
    """Rounds numbers to members of a series, never to themselves; but zero and infinity stay."""

    def up(self, value: Any) -> Any:
        """Return the least member above a number."""
        ...

    def down(self, value: Any) -> Any:
        """Return the greatest member below a number."""
        ...


def rounder(name: str) -> Rounder:
    """Return the rounder of a granularity.

    Raises:
        CommandError: There is none of that name.
    """
    if name == "POWERSOF2":
        return _PowersOfTwo()
    if name not in _SERIES:
        raise CommandError(40257, f"Unknown rounding granularity '{name}'")
    return _Series(_SERIES[name])


def check_roundable(value: Any) -> None:
    """Refuse what cannot be rounded.

    Raises:
        CommandError: The value is no number, or not a number, or negative.
    """
    what = "$bucketAuto can specify a 'granularity' with"
    if not is_number(value):
        raise CommandError(
            40258, f"{what} numeric boundaries only, but found a value with type: {type_name(value)}"
        )
    number = _plain(value)
    if number != number:
        raise CommandError(40259, f"{what} numeric boundaries only, but found a NaN")
    if number < 0:
        raise CommandError(40260, f"{what} non-negative numbers only, but found a negative number")


def _plain(value: Any) -> Any:
    return value.to_decimal() if isinstance(value, Decimal128) else value


def _stays(value: Any) -> bool:
    return _plain(value) in (0, math.inf)


class _PowersOfTwo:
    def up(self, value: Any) -> Any:
        return value if _stays(value) else self._power(math.frexp(_plain(value))[1], value)

    def down(self, value: Any) -> Any:
        if _stays(value):
            return value
        fraction, exponent = math.frexp(_plain(value))
        return self._power(exponent - 2 if fraction == 0.5 else exponent - 1, value)

    @staticmethod
    def _power(exponent: int, like: Any) -> Any:
        if isinstance(like, Decimal128):
            power = _DECIMAL.power(Decimal(2), exponent)
            # The server's decimals have all digits.
            return Decimal128(
                power.quantize(Decimal((0, (1,), power.adjusted() - _DECIMAL.prec + 1)), context=_DECIMAL)
            )
        return integral(2**exponent, wide=False) if 0 <= exponent < _LONG_BITS else 2.0**exponent


class _Series:
    def __init__(self, members: Sequence[int]) -> None:
        self._members = members

    def up(self, value: Any) -> Any:
        return value if _stays(value) else self._rounded(value, _least_above)

    def down(self, value: Any) -> Any:
        return value if _stays(value) else self._rounded(value, _greatest_below)

    def _rounded(self, value: Any, choose: Callable[[Any, Sequence[Any], Any, Any], Any]) -> Any:
        if not isinstance(value, Decimal128):
            return choose(float(value), [float(member) for member in self._members], 1.0, 10.0)
        with localcontext(_DECIMAL):
            # The server makes its decimals of doubles, which gives them 15 digits.
            members = [Decimal(f"{member:.14e}") for member in self._members]
            return Decimal128(choose(value.to_decimal(), members, Decimal(1), Decimal(10)))


def _least_above(number: Any, members: Sequence[Any], scale: Any, ten: Any) -> Any:
    while number < members[0] * scale:
        above = members[0] * scale
        scale /= ten
        if number >= members[-1] * scale:
            return above
    while number >= members[-1] * scale:
        scale *= ten
        if number < members[0] * scale:
            return members[0] * scale
    scaled = [member * scale for member in members]
    return scaled[bisect_right(scaled, number)]


def _greatest_below(number: Any, members: Sequence[Any], scale: Any, ten: Any) -> Any:
    while number <= members[0] * scale:
        scale /= ten
        if number > members[-1] * scale:
            return members[-1] * scale
    while number > members[-1] * scale:
        below = members[-1] * scale
        scale *= ten
        if number <= members[0] * scale:
            return below
    scaled = [member * scale for member in members]
    return scaled[bisect_left(scaled, number) - 1]


_SERIES: Final[Mapping[str, Sequence[int]]] = {
    "R5": (10, 16, 25, 40, 63),
    "R10": (100, 125, 160, 200, 250, 315, 400, 500, 630, 800),
    "R20": (
        100,
        112,
        125,
        140,
        160,
        180,
        200,
        224,
        250,
        280,
        315,
        355,
        400,
        450,
        500,
        560,
        630,
        710,
        800,
        900,
    ),
    "R40": (
        *(100, 106, 112, 118, 125, 132, 140, 150, 160, 170, 180, 190, 200, 212, 224, 236, 250, 265, 280, 300),
        *(315, 355, 375, 400, 425, 450, 475, 500, 530, 560, 600, 630, 670, 710, 750, 800, 850, 900, 950),
    ),
    "R80": (
        *(103, 109, 115, 122, 128, 136, 145, 155, 165, 175, 185, 195, 206, 218, 230, 243, 258, 272, 290, 307),
        *(325, 345, 365, 387, 412, 437, 462, 487, 515, 545, 575, 615, 650, 690, 730, 775, 825, 875, 925, 975),
    ),
    "1-2-5": (10, 20, 50),
    "E6": (10, 15, 22, 33, 47, 68),
    "E12": (10, 12, 15, 18, 22, 27, 33, 39, 47, 56, 68, 82),
    "E24": (
        *(10, 11, 12, 13, 15, 16, 18, 20, 22, 24, 27, 30, 33, 36, 39, 43, 47, 51, 56, 62),
        *(68, 75, 82, 91),
    ),
    "E48": (
        *(100, 105, 110, 115, 121, 127, 133, 140, 147, 154, 162, 169, 178, 187, 196, 205, 215, 226, 237, 249),
        *(261, 274, 287, 301, 316, 332, 348, 365, 383, 402, 422, 442, 464, 487, 511, 536, 562, 590, 619, 649),
        *(681, 715, 750, 787, 825, 866, 909, 953),
    ),
    "E96": (
        *(100, 102, 105, 107, 110, 113, 115, 118, 121, 124, 127, 130, 133, 137, 140, 143, 147, 150, 154, 158),
        *(162, 165, 169, 174, 178, 182, 187, 191, 196, 200, 205, 210, 215, 221, 226, 232, 237, 243, 249, 255),
        *(261, 267, 274, 280, 287, 294, 301, 309, 316, 324, 332, 340, 348, 357, 365, 374, 383, 392, 402, 412),
        *(422, 432, 442, 453, 464, 475, 487, 499, 511, 523, 536, 549, 562, 576, 590, 604, 619, 634, 649, 665),
        *(681, 698, 715, 732, 750, 768, 787, 806, 825, 845, 866, 887, 909, 931, 953, 976),
    ),
    "E192": (
        *(100, 101, 102, 104, 105, 106, 107, 109, 110, 111, 113, 114, 115, 117, 118, 120, 121, 123, 124, 126),
        *(127, 129, 130, 132, 133, 135, 137, 138, 140, 142, 143, 145, 147, 149, 150, 152, 154, 156, 158, 160),
        *(162, 164, 165, 167, 169, 172, 174, 176, 178, 180, 182, 184, 187, 189, 191, 193, 196, 198, 200, 203),
        *(205, 208, 210, 213, 215, 218, 221, 223, 226, 229, 232, 234, 237, 240, 243, 246, 249, 252, 255, 258),
        *(261, 264, 267, 271, 274, 277, 280, 284, 287, 291, 294, 298, 301, 305, 309, 312, 316, 320, 324, 328),
        *(332, 336, 340, 344, 348, 352, 357, 361, 365, 370, 374, 379, 383, 388, 392, 397, 402, 407, 412, 417),
        *(422, 427, 432, 437, 442, 448, 453, 459, 464, 470, 475, 481, 487, 493, 499, 505, 511, 517, 523, 530),
        *(536, 542, 549, 556, 562, 569, 576, 583, 590, 597, 604, 612, 619, 626, 634, 642, 649, 657, 665, 673),
        *(681, 690, 698, 706, 715, 723, 732, 741, 750, 759, 768, 777, 787, 796, 806, 816, 825, 835, 845, 856),
        *(866, 876, 887, 898, 909, 920, 931, 942, 953, 965, 976, 988),
    ),
}
"""The members of each series within one power of ten."""
