"""The order of an array's elements: that of ``$sortArray`` and of ``$push`` with ``$sort``.

Unlike where documents are sorted (`sorting`), a path leads through an array only by a position, and an array
at its end counts as a whole.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ming.mim.data.environment import KeyOf
from ming.mim.data.path import is_index, parts_of
from ming.mim.data.values import MISSING, as_integer, is_number

__all__ = ["BadOrder", "compile_element_order"]


class BadOrder(ValueError):
    """A specification is none.

    Args:
        message: What is wrong.
        of: The class of such specifications: of documents, of numbers, or of others.
    """

    def __init__(self, message: str, of: type) -> None:
        super().__init__(message)
        self.of = of


def compile_element_order(specification: Any, key: KeyOf) -> Callable[[list[Any]], list[Any]]:
    """Compile a specification: 1 or -1, or a document of paths with these.

    Args:
        specification: The specification.
        key: How values compare.

    Returns:
        A function that sorts an array into a new one.

    Raises:
        BadOrder: The specification is malformed.
    """
    if isinstance(specification, dict):
        return _by_fields(specification, key)
    if not is_number(specification):
        raise BadOrder(
            "The $sort is invalid: use 1/-1 to sort the whole element, or {field:1/-1} to sort embedded fields",
            object,
        )
    if as_integer(specification) not in (1, -1):
        raise BadOrder("The $sort element value must be either 1 or -1", int)
    descending = as_integer(specification) == -1
    return lambda array: sorted(array, key=key, reverse=descending)


def _by_fields(specification: dict[str, Any], key: KeyOf) -> Callable[[list[Any]], list[Any]]:
    if not specification:
        raise BadOrder("The sort pattern is empty when it should be a set of fields.", dict)
    passes = [(_field_key(path, key), _is_descending(value)) for path, value in specification.items()]

    def in_order(array: list[Any]) -> list[Any]:
        # Sorting is stable, so the first field is the last to sort by.
        for field_key, descending in reversed(passes):
            array = sorted(array, key=field_key, reverse=descending)
        return array

    return in_order


def _is_descending(direction: Any) -> bool:
    if not is_number(direction) or as_integer(direction) not in (1, -1):
        raise BadOrder("The sort element value must be either 1 or -1", dict)
    return as_integer(direction) == -1


def _field_key(path: str, key: KeyOf) -> Callable[[Any], Any]:
    if not path:
        raise BadOrder("The sort field cannot be empty", dict)
    parts = parts_of(path)
    if "" in parts:
        raise BadOrder(f"The sort field is a dotted field but has an empty part: {path}", dict)

    def key_of_element(element: Any) -> Any:
        value = element if isinstance(element, dict) else MISSING
        for part in parts:
            value = _step(value, part)
        return key(None if value is MISSING else value)

    return key_of_element


def _step(value: Any, part: str) -> Any:
    if isinstance(value, dict):
        return value.get(part, MISSING)
    if isinstance(value, list) and is_index(part) and int(part) < len(value):
        return value[int(part)]
    return MISSING
