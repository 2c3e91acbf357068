"""The keys a document has under a list of paths, for indexes and for sorting.

Paths through an array give one key per element; several paths through the same array advance together. At
most one array may be involved at a time.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from ming.mim.data.environment import KeyOf
from ming.mim.data.errors import CommandError
from ming.mim.data.path import is_index
from ming.mim.data.values import MISSING, OrderKey, order_key

__all__ = ["EMPTY_ARRAY", "EMPTY_ARRAY_KEY", "NULL_KEY", "ParallelArrays", "key_of", "key_values"]

EMPTY_ARRAY: Final = object()
"""Stands for the missing elements of an empty array, which is a key of its own, before null."""
EMPTY_ARRAY_KEY: Final[OrderKey] = (3,)
NULL_KEY: Final = order_key(None)


class ParallelArrays(CommandError):
    """Two paths lead through two different arrays."""

    def __init__(self) -> None:
        super().__init__(171, "cannot index parallel arrays")


class _Reach(NamedTuple):
    """How far a path has been followed."""

    value: Any
    rest: tuple[str, ...] = ()
    is_key: bool = False
    """Whether the value is the key as it is, even if it is an array."""


def key_of(value: Any, order: KeyOf) -> OrderKey:
    """Return the key of one value of `key_values` in an order; a missing field counts as null."""
    if value is MISSING:
        return NULL_KEY
    return EMPTY_ARRAY_KEY if value is EMPTY_ARRAY else order(value)


def key_values(document: dict[str, Any], paths: Sequence[tuple[str, ...]]) -> list[tuple[Any, ...]]:
    """Return the tuples of values that a document has under the paths, one for most documents.

    Raises:
        ParallelArrays: The paths lead through two different arrays.
    """
    return _expanded([_advanced(document, path) for path in paths])


def _advanced(value: Any, path: tuple[str, ...]) -> _Reach:
    """Follow a path up to its end or to the next array."""
    for at, step in enumerate(path):
        if value.__class__ is dict:
            value = value.get(step, MISSING)
        elif value.__class__ is list:
            return _Reach(value, path[at:])
        else:
            return _Reach(MISSING)
    return _Reach(value)


def _expanded(reached: list[_Reach]) -> list[tuple[Any, ...]]:
    arrays = {id(value): value for value, _, is_key in reached if value.__class__ is list and not is_key}
    if not arrays:
        return [tuple([value for value, _, _ in reached])]
    if len(arrays) > 1:
        raise ParallelArrays
    (array,) = arrays.values()
    inside = [value is array and not is_key for value, _, is_key in reached]
    if all(
        is_index(rest[0]) if rest else not within
        for within, (_, rest, _) in zip(inside, reached, strict=True)
    ):
        elements: list[Any] = [MISSING]
    else:
        elements = array or [EMPTY_ARRAY]
    return [
        keys
        for element in elements
        for keys in _expanded(
            [
                _into(array, element, reach) if within else reach
                for within, reach in zip(inside, reached, strict=True)
            ]
        )
    ]


def _into(array: list[Any], element: Any, reach: _Reach) -> _Reach:
    """Follow a path into one element of an array, or to the position it names."""
    rest = reach.rest
    if not rest:
        return _Reach(element, is_key=True)
    if is_index(rest[0]):
        if any(inner.__class__ is dict and rest[0] in inner for inner in array):
            raise CommandError(
                16746,
                "Ambiguous field name found in array (do not use numeric field names in embedded elements in an"
                f" array), field: '{rest[0]}'",
            )
        named = array[int(rest[0])] if int(rest[0]) < len(array) else MISSING
        if len(rest) > 1:
            return _advanced(named, rest[1:])
        return _Reach(EMPTY_ARRAY if named == [] else named, is_key=True)
    return _advanced(element, rest) if element.__class__ is dict else _Reach(MISSING)
