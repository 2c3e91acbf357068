"""Window bounds: which documents of its partition a window function of $setWindowFields looks at."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, NamedTuple

from bson import Decimal128

from ming.mim.data.arithmetic import as_decimal
from ming.mim.data.environment import Scope
from ming.mim.data.errors import CommandError
from ming.mim.data.rendering import shown, shown_field
from ming.mim.data.values import INT32_MAX, INT32_MIN, as_integer, is_number, order_key, type_name
from ming.mim.dates.arithmetic import UNITS, added
from ming.mim.dates.parts import date_from, milliseconds_of
from ming.mim.dates.zones import UTC
from ming.mim.queries.filters import QueryContext

__all__ = [
    "Bounds",
    "Frame",
    "FunctionBuilder",
    "Partition",
    "SortBy",
    "Specification",
    "WindowFunction",
    "bounds_of",
    "expect_unit",
]

Frame = tuple[int, int]
"""The documents from one position up to, but not including, another."""


@dataclass(frozen=True, slots=True)
class Partition:
    """Documents that belong together, in order."""

    scopes: Sequence[Scope]
    """A scope for each document."""
    sort_values: Sequence[Any]
    """The value of each document's sort field, if there is one such field."""


WindowFunction = Callable[[Partition], list[Any]]
"""Gives the value of each document of a partition."""
Specification = Mapping[str, Any]
"""A function with its operand, and ``window`` if it has bounds."""
SortBy = Mapping[str, Any] | None
"""The sort specification of the stage."""
FunctionBuilder = Callable[[Specification, SortBy, QueryContext], WindowFunction]


class Bounds(NamedTuple):
    """What a function looks at."""

    frames: Callable[[Partition], list[Frame]]
    """Gives the frame of each document."""
    slides: bool = False
    """Whether frames leave documents behind."""


_UNBOUNDED: Final = "unbounded"
_CURRENT: Final = "current"


def _whole_partition(partition: Partition) -> list[Frame]:
    size = len(partition.scopes)
    return [(0, size)] * size


def bounds_of(specification: Specification, sort_by: SortBy) -> Bounds:
    """Compile the bounds of a function that takes some.

    Raises:
        CommandError: The server would refuse them, or what else the function is given.
    """
    _, *others = specification
    for other in others:
        if other.startswith("$"):
            raise CommandError(9, "Cannot specify two functions in window function spec")
        if other != "window":
            raise CommandError(9, f"Window function found an unknown argument: {other}")
    return _compiled(specification["window"], sort_by) if others else Bounds(_whole_partition)


def expect_unit(unit: Any) -> str:
    """Return a unit of time.

    Raises:
        CommandError: There is no such unit.
    """
    if not isinstance(unit, str):
        raise CommandError(9, "'unit' must be a string")
    if unit not in UNITS:
        raise CommandError(9, f"unknown time unit value: {unit}")
    return unit


def _compiled(window: Any, sort_by: SortBy) -> Bounds:
    _check_window(window)
    if "documents" in window:
        lower, upper = _limits("documents", window["documents"], _document_limit)
        if sort_by is None and (lower, upper) != (_UNBOUNDED, _UNBOUNDED):
            raise CommandError(5339901, "Document-based bounds require a sortBy")
        return Bounds(_document_frames(lower, upper), lower != _UNBOUNDED)
    if "range" in window:
        unit = expect_unit(window["unit"]) if "unit" in window else None
        lower, upper = _limits("range", window["range"], _range_limit if unit is None else _unit_limit)
        if sort_by is None or len(sort_by) != 1:
            raise CommandError(5339902, "Range-based bounds require sortBy a single field")
        (direction,) = sort_by.values()
        return Bounds(_range_frames(lower, upper, unit, direction == 1), lower != _UNBOUNDED)
    return Bounds(_whole_partition)


def _check_window(window: Any) -> None:
    if not isinstance(window, dict):
        raise CommandError(9, "'window' field must be an object")
    if "documents" in window:
        if "range" in window:
            raise CommandError(9, "Window bounds can specify either 'documents' or 'unit', not both.")
        if "unit" in window:
            raise CommandError(9, "Window bounds can only specify 'unit' with range-based bounds.")
        if len(window) > 1:
            raise CommandError(9, "'window' field that specifies documents cannot have other fields")
    elif "range" not in window and "unit" in window:
        raise CommandError(9, "Window bounds can only specify 'unit' with range-based bounds.")
    elif window.keys() - {"range", "unit"}:
        raise CommandError(
            9,
            "'window' field can only contain 'documents' as the only argument or 'range' with an optional 'unit'"
            " field",
        )


def _limits(kind: str, given: Any, limit: Callable[[Any], Any]) -> tuple[Any, Any]:
    if not isinstance(given, list) or len(given) != 2:
        raise CommandError(9, f"Window bounds must be a 2-element array: {shown_field(kind, given)}")
    for each in given:
        if isinstance(each, str) and each not in (_UNBOUNDED, _CURRENT):
            raise CommandError(9, "Window bounds must be 'unbounded', 'current', or a number.")
    lower, upper = (each if isinstance(each, str) else limit(each) for each in given)
    if _UNBOUNDED not in (lower, upper):
        least, most = (0 if each == _CURRENT else each for each in (lower, upper))
        if order_key(least) > order_key(most):
            raise CommandError(
                5339900, f"Lower bound must not exceed upper bound: [{shown(least)}, {shown(most)}]"
            )
    return lower, upper


def _document_limit(given: Any) -> int:
    number = as_integer(given) if is_number(given) else None
    if number is None or not INT32_MIN <= number <= INT32_MAX:
        raise CommandError(9, "Numeric document-based bounds must be an integer")
    return number


def _range_limit(given: Any) -> Any:
    if not is_number(given):
        raise CommandError(9, "Range-based bounds expression must be a number")
    return given


def _unit_limit(given: Any) -> int:
    number = as_integer(given) if is_number(given) else None
    if number is None:
        raise CommandError(9, "With 'unit', range-based bounds must be an integer")
    return number


# -- frames -------------------------------------------------------------------------------------------


def _document_frames(lower: Any, upper: Any) -> Callable[[Partition], list[Frame]]:
    first, last = (0 if limit == _CURRENT else limit for limit in (lower, upper))

    def frames(partition: Partition) -> list[Frame]:
        size = len(partition.scopes)
        return [
            (
                0 if first == _UNBOUNDED else min(max(at + first, 0), size),
                size if last == _UNBOUNDED else min(max(at + last + 1, 0), size),
            )
            for at in range(size)
        ]

    return frames


def _range_frames(
    lower: Any, upper: Any, unit: str | None, ascending: bool
) -> Callable[[Partition], list[Frame]]:
    expects, code, expected = (is_number, 5429414, "number") if unit is None else (_is_date, 5429513, "Date")
    shift = _further if unit is None else partial(_later, unit)

    def frames(partition: Partition) -> list[Frame]:
        if not ascending:
            raise CommandError(5429404, "Missing _sortExpr with range-based bounds")
        for value in partition.sort_values:
            if unit is None and _is_date(value):
                raise CommandError(
                    5429413,
                    "Invalid range: For windows that involve date or time ranges, a unit must be provided.",
                )
            if not expects(value):
                raise CommandError(
                    code,
                    f"Invalid range: Expected the sortBy field to be a {expected}, but it was {type_name(value)}",
                )
        keys = list(map(order_key, partition.sort_values))

        def start(at: int, value: Any) -> int:
            if isinstance(lower, str):
                return 0 if lower == _UNBOUNDED else at
            return bisect_left(keys, order_key(shift(value, lower)))

        def end(at: int, value: Any) -> int:
            if isinstance(upper, str):
                return len(keys) if upper == _UNBOUNDED else at + 1
            return bisect_right(keys, order_key(shift(value, upper)))

        return [(start(at, value), end(at, value)) for at, value in enumerate(partition.sort_values)]

    return frames


def _further(value: Any, amount: Any) -> Decimal128:
    # The server adds decimals, which a double becomes with 15 digits only.
    return Decimal128(as_decimal(value) + as_decimal(amount))


def _later(unit: str, value: Any, amount: int) -> Any:
    return date_from(added(milliseconds_of(value), unit, amount, UTC))


def _is_date(value: Any) -> bool:
    return type_name(value) == "date"
