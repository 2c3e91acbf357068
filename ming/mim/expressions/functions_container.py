"""Expression operators on arrays and documents."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import bson
from bson import Code

from ming.mim.data.environment import KeyOf
from ming.mim.data.errors import CommandError
from ming.mim.data.values import (
    INT32_MAX,
    INT32_MIN,
    MISSING,
    as_integer,
    copied,
    is_number,
    type_name,
)
from ming.mim.expressions.functions import ANY_NUMBER, Function, absent

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


def _int32(what: str, code: int, value: Any) -> int:
    """The integer in an argument; the code of the error for other numbers is the next one."""
    if not is_number(value):
        raise CommandError(code, f"{what} must be a numeric value, but is {type_name(value)}")
    number = as_integer(value)
    if number is None or not INT32_MIN <= number <= INT32_MAX:
        raise CommandError(code + 1, f"{what} must be representable as a 32-bit integer: {value}")
    return number


def _array_elem_at(array: Any, index: Any) -> Any:
    if absent(array, index):
        return None
    if not isinstance(array, list):
        raise CommandError(
            28689, f"$arrayElemAt's first argument must be an array, but is {type_name(array)}"
        )
    place = _int32("$arrayElemAt's second argument", 28690, index)
    return array[place] if -len(array) <= place < len(array) else MISSING


def _slice(array: Any, *bounds: Any) -> Any:
    if absent(array, bounds[0]):
        return None
    if not isinstance(array, list):
        raise CommandError(
            28724, f"First argument to $slice must be an array, but is of type: {type_name(array)}"
        )
    start = _int32("Second argument to $slice", 28725, bounds[0])
    if len(bounds) == 1:
        return array[:start] if start >= 0 else array[start:]
    if absent(bounds[1]):
        return None
    count = _int32("Third argument to $slice", 28727, bounds[1])
    if count <= 0:
        raise CommandError(28729, f"Third argument to $slice must be positive: {count}")
    start = start if start >= 0 else max(len(array) + start, 0)
    return array[start : start + count]


def _in(key: KeyOf, value: Any, array: Any) -> bool:
    if not isinstance(array, list):
        raise CommandError(40081, f"$in requires an array as a second argument, found: {type_name(array)}")
    wanted = key(value)
    return any(key(item) == wanted for item in array)


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
    kind = type(value[0]) if value else list
    if kind not in (list, dict):
        raise CommandError(40398, f"Unrecognised input type format for $arrayToObject: {type_name(value[0])}")
    pair_of: Callable[[Any], tuple[str, Any]] = _pair_of_list if kind is list else _pair_of_document
    made: dict[str, Any] = {}
    for entry in value:
        if type(entry) is not kind:
            raise CommandError(
                40396 if kind is list else 40391,
                f"$arrayToObject requires elements of one type, and found {type_name(entry)} among others",
            )
        name, inner = pair_of(entry)
        made[name] = copied(inner)
    return made


def _binary_size(value: Any) -> Any:
    if absent(value):
        return None
    if isinstance(value, str) and not isinstance(value, Code):
        return len(value.encode())
    if not isinstance(value, bytes):
        raise CommandError(
            51276, f"$binarySize requires a string or BinData argument, found: {type_name(value)}"
        )
    return len(value)


def _bson_size(value: Any) -> Any:
    if absent(value):
        return None
    if not isinstance(value, dict):
        raise CommandError(31393, f"$bsonSize requires a document input, found: {type_name(value)}")
    return len(bson.encode(value))


def _pair_of_list(entry: Any) -> tuple[str, Any]:
    if len(entry) != 2:
        raise CommandError(40397, f"$arrayToObject requires arrays of size 2, found size: {len(entry)}")
    name, value = entry
    if not isinstance(name, str):
        raise CommandError(40395, f"$arrayToObject requires keys of type string, found: {type_name(name)}")
    return name, value


def _pair_of_document(entry: Any) -> tuple[str, Any]:
    if len(entry) != 2:
        raise CommandError(40392, f"$arrayToObject requires the keys 'k' and 'v', found {len(entry)} keys")
    if entry.keys() != {"k", "v"}:
        raise CommandError(40393, f"$arrayToObject requires the keys 'k' and 'v', found {', '.join(entry)}")
    if not isinstance(entry["k"], str):
        raise CommandError(40394, f"$arrayToObject requires a string at 'k', found: {type_name(entry['k'])}")
    return entry["k"], entry["v"]


CONTAINER: Final[Mapping[str, Function]] = {
    "$isArray": Function(lambda value: isinstance(value, list), 1, 1),
    "$size": Function(_size, 1, 1),
    "$concatArrays": Function(_concat_arrays, 0, ANY_NUMBER),
    "$arrayElemAt": Function(_array_elem_at, 2, 2),
    "$slice": Function(_slice, 2, 3),
    "$in": Function(_in, 2, 2, compares=True),
    "$first": Function(_end("$first", 0), 1, 1),
    "$last": Function(_end("$last", -1), 1, 1),
    "$reverseArray": Function(_reverse, 1, 1),
    "$mergeObjects": Function(_merge_objects, 0, ANY_NUMBER, spreads=True),
    "$objectToArray": Function(_object_to_array, 1, 1),
    "$arrayToObject": Function(_array_to_object, 1, 1),
    "$binarySize": Function(_binary_size, 1, 1),
    "$bsonSize": Function(_bson_size, 1, 1),
}
"""The operators by name."""
