"""Running results of window functions, to which values are added and from which they are taken away again.

They are as fast as the windows are long, and have the rounding errors of the server's, which works the same
way.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from functools import partial
from typing import Any, Final, Protocol

from bson import Decimal128, Int64
from bson.decimal128 import create_decimal128_context

from ming.mim.data.arithmetic import add, divide, integral, multiply, subtract
from ming.mim.data.summation import DoubleSum
from ming.mim.data.values import is_number
from ming.mim.pipelines.window_bounds import Frame

__all__ = ["GROWING", "SLIDING", "Covariance", "Integral", "State", "by_frame", "sliding"]

_DECIMAL: Final = create_decimal128_context()
_LONG_LIMIT: Final = 2**63


class State(Protocol):
    """A running result."""

    def add(self, value: Any) -> None:
        """Let a value count."""
        ...

    def remove(self, value: Any) -> None:
        """Let a value that was added count no more."""
        ...

    @property
    def result(self) -> Any:
        """The result for the values that count."""
        ...


def sliding(make: Callable[[], State], frames: Sequence[Frame], values: Sequence[Any]) -> list[Any]:
    """Return the results for frames that only move forward."""
    state = make()
    start = end = 0
    results: list[Any] = []
    for frame_start, frame_end in frames:
        for at in range(max(end, frame_start), frame_end):
            state.add(values[at])
        for at in range(start, min(end, frame_start)):
            state.remove(values[at])
        start, end = max(start, frame_start), max(end, frame_end)
        results.append(state.result)
    return results


def by_frame(frames: Sequence[Frame], values: Sequence[Any], finish: Callable[[list[Any]], Any]) -> list[Any]:
    """Return what is made of the values of each frame, once for frames that are the same."""
    results: list[Any] = []
    before = None
    for frame in frames:
        results.append(results[-1] if frame == before else finish(list(values[frame[0] : frame[1]])))
        before = frame
    return results


class _Sum:
    """The sum of the numbers; its type is the widest of those that count.

    Args:
        keeps_longs: Whether a sum of longs is a long even if an int would do.
    """

    def __init__(self, keeps_longs: bool = False) -> None:
        self._keeps_longs = keeps_longs
        self._doubles = DoubleSum()
        self._decimals = Decimal(0)
        self._integers = 0
        self._has_longs = False
        self.counts: dict[type, int] = {int: 0, Int64: 0, float: 0, Decimal128: 0}
        self._special: dict[str, int] = {"nan": 0, "inf": 0, "-inf": 0}

    def add(self, value: Any) -> None:
        self._change(value, 1)

    def remove(self, value: Any) -> None:
        self._change(value, -1)

    def _change(self, value: Any, sign: int) -> None:
        if not is_number(value):
            return
        self.counts[value.__class__] += sign
        self._has_longs |= isinstance(value, Int64)
        number = value.to_decimal() if isinstance(value, Decimal128) else value
        special = str(number).lower().replace("infinity", "inf")
        if special in self._special:
            self._special[special] += sign
        elif isinstance(number, Decimal):
            change = _DECIMAL.add if sign > 0 else _DECIMAL.subtract
            self._decimals = change(self._decimals, number)
        elif isinstance(number, float):
            self._doubles.add(number * sign)
        else:
            self._integers += number * sign
            if isinstance(value, Int64):
                self._doubles.add_long(number * sign)
            else:
                self._doubles.add(float(number * sign))

    @property
    def result(self) -> Any:
        special = self._special_result()
        if self.counts[Decimal128]:
            number = Decimal(special) if special else self._decimal_total()
            return Decimal128(number)
        if special:
            return float(special)
        if self.counts[float] or not -_LONG_LIMIT <= self._integers < _LONG_LIMIT:
            return self._doubles.value
        return integral(self._integers, self._keeps_longs and self._has_longs)

    def _special_result(self) -> str:
        if self._special["nan"] or (self._special["inf"] and self._special["-inf"]):
            return "nan"
        return "inf" if self._special["inf"] else "-inf" if self._special["-inf"] else ""

    def _decimal_total(self) -> Decimal:
        return _DECIMAL.add(self._decimals, self._doubles.exact)


class _Average(_Sum):
    """The mean of the numbers."""

    @property
    def result(self) -> Any:
        count = sum(self.counts.values())
        return divide(super().result, count) if count else None


class _GrowingDeviation:
    """The standard deviation of the numbers, after Welford."""

    def __init__(self, sample: bool) -> None:
        self._sample = sample
        self._count, self._mean, self._squares = 0, 0.0, 0.0

    def add(self, value: Any) -> None:
        if is_number(value):
            number = _as_double(value)
            self._count += 1
            distance = number - self._mean
            self._mean += distance / self._count
            self._squares += distance * (number - self._mean)

    def remove(self, value: Any) -> None:
        raise AssertionError("frames of this function only grow")

    @property
    def result(self) -> Any:
        divisor = self._count - self._sample
        return math.sqrt(self._squares / divisor) if divisor > 0 else None


class _Deviation:
    """The standard deviation of the numbers, after Youngs and Cramer."""

    def __init__(self, sample: bool) -> None:
        self._sample = sample
        self._clear()

    def _clear(self) -> None:
        self._count = self._infinite = 0
        self._sum, self._squares = DoubleSum(), DoubleSum()

    def add(self, value: Any) -> None:
        self._change(value, 1)

    def remove(self, value: Any) -> None:
        self._change(value, -1)

    def _change(self, value: Any, sign: int) -> None:
        if not is_number(value):
            return
        number = _as_double(value)
        if not math.isfinite(number):
            self._infinite += sign
            self._count += sign
        elif self._count == 0:
            self._count = 1
            self._sum.add(number)
        elif self._count + sign == 0:
            self._clear()
        else:
            distance = self._count * number - self._sum.value
            self._count += sign
            self._sum.add(number * sign)
            self._squares.add(distance * distance * sign / (self._count * (self._count - sign)))

    @property
    def result(self) -> Any:
        divisor = self._count - self._sample
        if self._infinite or divisor == 0:
            return None
        squares = self._squares.value
        if squares < 0 or (self._count == 1 and not self._sample):
            self._squares = DoubleSum()
            return 0
        return math.sqrt(squares / divisor)


class Covariance:
    """The covariance of pairs of numbers.

    Args:
        sample: Whether they are a sample, not the whole population.
    """

    def __init__(self, sample: bool) -> None:
        self._sample = sample
        self._clear()

    def _clear(self) -> None:
        self._count = 0
        self._left, self._right, self._products = _Sum(), _Sum(), _Sum()

    def add(self, value: Any) -> None:
        """Let a pair count; whatever is none is left out."""
        if not _is_pair(value):
            return
        left, right = value
        mean = divide(self._left.result, self._count) if self._count else None
        self._count += 1
        self._left.add(left)
        self._right.add(right)
        if mean is not None:
            new_mean = divide(self._right.result, self._count)
            self._products.add(multiply(subtract(left, mean), subtract(right, new_mean)))

    def remove(self, value: Any) -> None:
        """Let a pair that was added count no more."""
        if not _is_pair(value):
            return
        if self._count == 1:
            self._clear()
            return
        left, right = value
        mean = divide(self._right.result, self._count)
        self._count -= 1
        self._left.remove(left)
        self._right.remove(right)
        new_mean = divide(self._left.result, self._count)
        self._products.remove(multiply(subtract(left, new_mean), subtract(right, mean)))

    @property
    def result(self) -> Any:
        """The covariance, None of too few pairs."""
        divisor = self._count - self._sample
        return divide(self._products.result, divisor) if divisor > 0 else None


class Integral:
    """The area below points, by trapezoids.

    Args:
        point: Makes the two coordinates of what is added.
    """

    def __init__(self, point: Callable[[Any], tuple[Any, Any]]) -> None:
        self._point = point
        self._points: deque[tuple[Any, Any]] = deque()
        self._area = _Sum()

    def add(self, value: Any) -> None:
        """Go on to a point."""
        point = self._point(value)
        if self._points:
            self._area.add(_trapezoid(self._points[-1], point))
        self._points.append(point)

    def remove(self, value: Any) -> None:
        """Leave out the first point."""
        first = self._points.popleft()
        if self._points:
            self._area.remove(_trapezoid(first, self._points[0]))

    @property
    def result(self) -> Any:
        """The area, None without points."""
        return self._area.result if self._points else None


def _trapezoid(left: tuple[Any, Any], right: tuple[Any, Any]) -> Any:
    return divide(multiply(subtract(right[0], left[0]), add(left[1], right[1])), 2)


def _is_pair(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(map(is_number, value))


def _as_double(value: Any) -> float:
    return float(value.to_decimal() if isinstance(value, Decimal128) else value)


GROWING: Final[Mapping[str, Callable[[], State]]] = {
    "$sum": partial(_Sum, keeps_longs=True),
    "$avg": _Average,
    "$stdDevPop": partial(_GrowingDeviation, sample=False),
    "$stdDevSamp": partial(_GrowingDeviation, sample=True),
}
"""Makers of the results that are kept as frames grow, by the name of the function."""

SLIDING: Final[Mapping[str, Callable[[], State]]] = {
    "$sum": _Sum,
    "$avg": _Average,
    "$stdDevPop": partial(_Deviation, sample=False),
    "$stdDevSamp": partial(_Deviation, sample=True),
}
"""Makers of the results that are kept as frames move on, by the name of the function."""
