"""Sums of doubles as the server makes them: the rounding errors of each addition are added later.

Results are mostly, but not always, what rounding the exact sum once would give, so nothing but the same steps
will do.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from bson.decimal128 import create_decimal128_context

__all__ = ["DoubleSum"]

_DECIMAL: Final = create_decimal128_context()
_HALF: Final = 2**32


def _two_sum(left: float, right: float) -> tuple[float, float]:
    """Return a rounded sum and its error."""
    total = left + right
    of_right = total - left
    return total, (left - (total - of_right)) + (right - of_right)


class DoubleSum:
    """A sum of numbers that is a double."""

    __slots__ = ("_error", "_plain", "_total")

    def __init__(self) -> None:
        self._total = 0.0
        self._error = 0.0
        self._plain = 0.0

    def add(self, number: float) -> None:
        """Add a double."""
        self._plain += number
        number, self._error = _two_sum(number, self._error)
        self._total, lost = _two_sum(self._total, number)
        self._error += lost

    def add_long(self, number: int) -> None:
        """Add a long, which may have more digits than a double."""
        high = abs(number) // _HALF * _HALF * (1 if number > 0 else -1)
        self.add(float(number - high))
        self.add(float(high))

    @property
    def exact(self) -> Decimal:
        """The sum so far with the errors not yet added, if it is finite."""
        return _DECIMAL.add(Decimal(self._total), Decimal(self._error))

    @property
    def value(self) -> float:
        """The sum so far."""
        # Infinite numbers have no errors that could be added.
        return self._total if self._total == self._total else self._plain
