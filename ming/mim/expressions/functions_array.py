"""Expression operators that make arrays, search them or take the first or greatest of their values."""

from __future__ import annotations

from bisect import insort
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any, Final

from ming.mim.data.environment import KeyOf
from ming.mim.data.errors import CommandError
from ming.mim.data.rendering import shown
from ming.mim.data.values import INT32_MAX, INT32_MIN, as_integer, is_number, type_name
from ming.mim.expressions.functions import Function, NamedFunction, absent, as_long
from ming.mim.expressions.functions_substring import search_range

__all__ = ["ARRAY", "NAMED_ARRAY", "ends", "extremes", "how_many", "outermost"]


# The size of arrays as the server reckons.
_ARRAY_BYTES, _VALUE_BYTES, _MOST_BYTES = 40, 16, 100 * 2**20


def _range(start: Any, end: Any, step: Any = 1) -> list[int]:
    bounds = []
    operands = (
        ("a", "starting value", 34443, start),
        ("an", "ending value", 34445, end),
        ("a", "step value", 34447, step),
    )
    for article, what, code, value in operands:
        if not is_number(value):
            raise CommandError(
                code, f"$range requires a numeric {what}, found value of type: {type_name(value)}"
            )
        bound = as_integer(value)
        if bound is None or not INT32_MIN <= bound <= INT32_MAX:
            raise CommandError(
                code + 1,
                f"$range requires {article} {what} that can be represented as a 32-bit integer, found value: {value}",
            )
        bounds.append(bound)
    if not bounds[2]:
        raise CommandError(34449, "$range requires a non-zero step value")
    numbers = range(*bounds)
    needed = _ARRAY_BYTES + _VALUE_BYTES * len(numbers)
    if needed > _MOST_BYTES:
        raise CommandError(
            146,
            f"$range would use too much memory ({needed} bytes) and cannot spill to disk."
            f" Memory limit: {_MOST_BYTES} bytes",
            "ExceededMemoryLimit",
        )
    return list(numbers)


def _index_of(key: KeyOf, array: Any, wanted: Any, *bounds: Any) -> int | None:
    if absent(array):
        return None
    if not isinstance(array, list):
        raise CommandError(
            40090, f"$indexOfArray requires an array as a first argument, found: {type_name(array)}"
        )
    start, end = search_range("$indexOfArray", len(array), bounds)
    sought = key(wanted)
    return next((place for place in range(start, end) if key(array[place]) == sought), -1)


# -- the first or greatest few ------------------------------------------------------------------------


def how_many(value: Any) -> int:
    """Return the number of values that the ``n`` of an operator asks for."""
    if not is_number(value):
        raise CommandError(5787902, f"Value for 'n' must be of integral type, but found {shown(value)}")
    count = as_long(value)
    if as_integer(value) is None:
        raise CommandError(5787903, f"Value for 'n' must be of integral type, but found {shown(value)}")
    if count <= 0:
        raise CommandError(5787908, f"'n' must be greater than 0, found {count}")
    return count


def ends(at_end: bool, key: KeyOf, values: list[Any], count: int) -> list[Any]:
    """Return the first or last few of an array."""
    return values[-count:] if at_end else values[:count]


def extremes(greatest: bool, key: KeyOf, values: list[Any], count: int) -> list[Any]:
    """Return the least few values in ascending order, or the greatest few in descending order."""
    keyed = ((key(value), value) for value in values if not absent(value))
    found = outermost(keyed, count, least=not greatest)
    return found[::-1] if greatest else found


def outermost(keyed: Iterable[tuple[Any, Any]], count: int, least: bool) -> list[Any]:
    """Return the few values with the least or greatest keys, in ascending order.

    Which of several with equal keys are left out shows: one that comes late never displaces an early one.
    """
    kept: list[tuple[Any, Any]] = []
    for pair in keyed:
        if len(kept) == count:
            at = -1 if least else 0
            smaller, greater = (pair, kept[at]) if least else (kept[at], pair)
            if not smaller[0] < greater[0]:
                continue
            del kept[at]
        insort(kept, pair, key=lambda one: one[0])
    return [value for _, value in kept]


def _few(code: int, choose: Callable[[KeyOf, list[Any], int], list[Any]]) -> NamedFunction:
    def apply(key: KeyOf, n: Any, input: Any) -> list[Any]:
        count = how_many(n)
        if not isinstance(input, list):
            raise CommandError(5788200, "Input must be an array")
        return choose(key, input, count)

    return NamedFunction(
        apply,
        ("n", "input"),
        compares=True,
        not_an_object=code,
        unknown=5787901,
        missing={"n": 5787906, "input": 5787907},
    )


ARRAY: Final[Mapping[str, Function]] = {
    "$range": Function(_range, 2, 3),
    "$indexOfArray": Function(_index_of, 2, 4, compares=True, null_first=True),
}
"""The operators by name."""

NAMED_ARRAY: Final[Mapping[str, NamedFunction]] = {
    "$firstN": _few(5787801, partial(ends, False)),
    "$lastN": _few(5787801, partial(ends, True)),
    "$minN": _few(5787900, partial(extremes, False)),
    "$maxN": _few(5787900, partial(extremes, True)),
}
"""The operators with named arguments, by name."""
