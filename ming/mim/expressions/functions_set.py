"""Expression operators that take arrays as sets."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

from ming.mim.data.environment import KeyOf
from ming.mim.data.errors import CommandError
from ming.mim.data.values import OrderKey, truthy, type_name
from ming.mim.expressions.functions import ANY_NUMBER, Function, absent

__all__ = ["SET"]


def _set(key: KeyOf, array: list[Any]) -> dict[OrderKey, Any]:
    """Return the distinct values of an array by their keys; of equal ones the first stays."""
    members: dict[OrderKey, Any] = {}
    for value in array:
        members.setdefault(key(value), value)
    return members


def _sorted(members: dict[OrderKey, Any]) -> list[Any]:
    return [members[key] for key in sorted(members)]


def _need_array(code: int, message: str, value: Any) -> None:
    if not isinstance(value, list):
        raise CommandError(code, f"{message} {type_name(value)}")


def _union(key: KeyOf, *arrays: Any) -> Any:
    joined: list[Any] = []
    for array in arrays:
        if absent(array):
            return None
        _need_array(17043, "All operands of $setUnion must be arrays. One argument is of type:", array)
        joined += array
    return _sorted(_set(key, joined))


def _intersection(key: KeyOf, *arrays: Any) -> Any:
    common: dict[OrderKey, Any] | None = None
    for array in arrays:
        if absent(array):
            return None
        _need_array(17047, "All operands of $setIntersection must be arrays. One argument is of type:", array)
        members = _set(key, array)
        if common is None:
            common = members
        else:
            # Of two equal values, that of the smaller set is kept.
            smaller, larger = (members, common) if len(members) < len(common) else (common, members)
            common = {of_key: value for of_key, value in smaller.items() if of_key in larger}
    return _sorted(common or {})


def _difference(key: KeyOf, array: Any, taken: Any) -> Any:
    if absent(array, taken):
        return None
    for what, code, value in (("First", 17048, array), ("Second", 17049, taken)):
        _need_array(
            code, f"both operands of $setDifference must be arrays. {what} argument is of type:", value
        )
    without = set(map(key, taken))
    return [value for of_key, value in _set(key, array).items() if of_key not in without]


def _equals(key: KeyOf, *arrays: Any) -> bool:
    for place, array in enumerate(arrays, 1):
        _need_array(
            17044, f"All operands of $setEquals must be arrays. {place}-th argument is of type:", array
        )
    first, *others = (set(map(key, array)) for array in arrays)
    return all(other == first for other in others)


def _is_subset(key: KeyOf, array: Any, other: Any) -> bool:
    for what, code, value in (("First", 17046, array), ("Second", 17042, other)):
        _need_array(code, f"both operands of $setIsSubset must be arrays. {what} argument is of type:", value)
    return set(map(key, array)) <= set(map(key, other))


def _elements(name: str, code: int, decide: Callable[[map[bool]], bool], array: Any) -> bool:
    _need_array(code, f"{name}'s argument must be an array, but is", array)
    return decide(map(truthy, array))


SET: Final[Mapping[str, Function]] = {
    "$setUnion": Function(_union, 0, ANY_NUMBER, commutes=True, compares=True),
    "$setIntersection": Function(_intersection, 0, ANY_NUMBER, commutes=True, compares=True),
    "$setDifference": Function(_difference, 2, 2, compares=True),
    "$setEquals": Function(_equals, 2, ANY_NUMBER, compares=True, wrong_count=17045),
    "$setIsSubset": Function(_is_subset, 2, 2, compares=True),
    "$allElementsTrue": Function(partial(_elements, "$allElementsTrue", 17040, all), 1, 1),
    "$anyElementTrue": Function(partial(_elements, "$anyElementTrue", 17041, any), 1, 1),
}
"""The operators by name."""
