"""Expression operators on arrays and documents."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from ming.mim.errors import CommandError
from ming.mim.functions import ANY_NUMBER, Function, absent
from ming.mim.values import MISSING, as_integer, copied, is_number, order_key, type_name

__all__ = ["CONTAINER"]


def _size(value: Any) -> int:
    if not isinstance(value, list):
        raise CommandError(
            17124, f"The argument to $size must be an array, but was of type: {type_name(value)}"
        )
    return len(value)


def _concat_arrays(*values: Any) -> Any:
    for value in values:
        if absent(value):
            return None
        if not isinstance(value, list):
            raise CommandError(28664, f"$concatArrays only supports arrays, not {type_name(value)}")
    return [item for value in values for item in value]


def _array_elem_at(array: Any, index: Any) -> Any:
    if absent(array, index):
        return None
    if not isinstance(array, list):
        raise CommandError(
            28689, f"$arrayElemAt's first argument must be an array, but is {type_name(array)}"
        )
    place = as_integer(index) if is_number(index) else None
    if place is None:
        raise CommandError(
            28690, f"$arrayElemAt's second argument must be a 32-bit integer, but is {index!r}"
        )
    return array[place] if -len(array) <= place < len(array) else MISSING


def _slice(array: Any, *bounds: Any) -> Any:
    if absent(array, *bounds):
        return None
    if not isinstance(array, list):
        raise CommandError(
            28724, f"First argument to $slice must be an array, but is of type: {type_name(array)}"
        )
    places = [as_integer(bound) if is_number(bound) else None for bound in bounds]
    if None in places:
        raise CommandError(28725, "the other arguments to $slice must be 32-bit integers")
    if len(places) == 1:
        count = places[0] or 0
        return array[:count] if count >= 0 else array[count:]
    start, count = places[0] or 0, places[1] or 0
    if count <= 0:
        raise CommandError(28729, f"Third argument to $slice must be positive: {count}")
    start = start if start >= 0 else max(len(array) + start, 0)
    return array[start : start + count]


def _in(value: Any, array: Any) -> bool:
    if not isinstance(array, list):
        raise CommandError(40081, f"$in requires an array as a second argument, found: {type_name(array)}")
    wanted = order_key(value)
    return any(order_key(item) == wanted for item in array)


def _end(name: str, index: int) -> Callable[..., Any]:
    def apply(array: Any) -> Any:
        if absent(array):
            return None
        if not isinstance(array, list):
            raise CommandError(28689, f"{name}'s argument must be an array, but is {type_name(array)}")
        return array[index] if array else MISSING

    return apply


def _reverse(array: Any) -> Any:
    if absent(array):
        return None
    if not isinstance(array, list):
        raise CommandError(
            34435, f"The argument to $reverseArray must be an array, but was {type_name(array)}"
        )
    return array[::-1]


def _merge_objects(*values: Any) -> Any:
    merged: dict[str, Any] = {}
    for value in values:
        if absent(value):
            continue
        if not isinstance(value, dict):
            raise CommandError(
                40400, f"$mergeObjects requires object inputs, but input is of type {type_name(value)}"
            )
        merged.update(value)
    return merged


def _object_to_array(value: Any) -> Any:
    if absent(value):
        return None
    if not isinstance(value, dict):
        raise CommandError(40390, f"$objectToArray requires a document input, found: {type_name(value)}")
    return [{"k": name, "v": inner} for name, inner in value.items()]


def _array_to_object(value: Any) -> Any:
    if absent(value):
        return None
    if not isinstance(value, list):
        raise CommandError(40386, f"$arrayToObject requires an array input, found: {type_name(value)}")
    made: dict[str, Any] = {}
    for entry in value:
        pair = (
            [entry.get("k"), entry.get("v")]
            if isinstance(entry, dict) and set(entry) == {"k", "v"}
            else entry
        )
        if not isinstance(pair, list) or len(pair) != 2 or not isinstance(pair[0], str):
            raise CommandError(
                40398, f"$arrayToObject requires pairs of a name and a value, found: {entry!r}"
            )
        made[pair[0]] = copied(pair[1])
    return made


CONTAINER: Final[Mapping[str, Function]] = {
    "$isArray": Function(lambda value: isinstance(value, list), 1, 1),
    "$size": Function(_size, 1, 1),
    "$concatArrays": Function(_concat_arrays, 0, ANY_NUMBER),
    "$arrayElemAt": Function(_array_elem_at, 2, 2),
    "$slice": Function(_slice, 2, 3),
    "$in": Function(_in, 2, 2),
    "$first": Function(_end("$first", 0), 1, 1),
    "$last": Function(_end("$last", -1), 1, 1),
    "$reverseArray": Function(_reverse, 1, 1),
    "$mergeObjects": Function(_merge_objects, 0, ANY_NUMBER, spreads=True),
    "$objectToArray": Function(_object_to_array, 1, 1),
    "$arrayToObject": Function(_array_to_object, 1, 1),
}
"""The operators by name."""
