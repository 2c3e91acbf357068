"""Sort specifications: ``{a: 1, b: -1}`` as a key function over documents."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from heapq import nsmallest
from typing import Any, Final

from ming.mim.data.environment import KeyOf
from ming.mim.data.errors import CommandError
from ming.mim.data.keys import NULL_KEY, ParallelArrays, key_of, key_values
from ming.mim.data.metadata import Metadata
from ming.mim.data.path import parts_of
from ming.mim.data.rendering import shown_field
from ming.mim.data.values import MISSING, OrderKey, as_integer, is_number

__all__ = ["compile_sort", "directed_key", "sort_documents"]


class _Descending:
    """An order key that sorts the other way round."""

    __slots__ = ("key",)

    def __init__(self, key: OrderKey) -> None:
        self.key = key

    def __lt__(self, other: _Descending) -> bool:
        return other.key < self.key

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Descending) and self.key == other.key

    __hash__ = None  # type: ignore[assignment]


def directed_key(descending: Sequence[bool], order: KeyOf) -> Callable[[tuple[Any, ...]], tuple[Any, ...]]:
    """Return a function giving the key to sort tuples of values by.

    Args:
        descending: Which of the values sort the other way round.
        order: How values compare.
    """

    def keyed(values: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(
            [
                _Descending(key_of(value, order)) if down else key_of(value, order)
                for value, down in zip(values, descending, strict=True)
            ]
        )

    return keyed


def compile_sort(
    specification: Mapping[str, Any], order: KeyOf, code: int = 2, metadata: Metadata | None = None
) -> Callable[[dict[str, Any]], Any]:
    """Compile a sort specification.

    Args:
        specification: Paths with 1 or -1, or names with a ``$meta`` expression.
        order: How values compare.
        code: The error code for other directions, which differs between commands.
        metadata: What is known about the documents beside their fields.

    Returns:
        A function giving the key to sort a document by. An array counts by the element that sorts first.
    """
    descending = [_is_descending(direction, code) for direction in specification.values()]
    paths = [
        (path,) if isinstance(direction, dict) else parts_of(path)
        for path, direction in specification.items()
    ]
    if len(paths) == 1 and not isinstance(next(iter(specification.values())), dict):
        return _field_key(paths[0], descending[0], order)
    keyed = directed_key(descending, order)
    measures = {
        path: _measure(direction, metadata or Metadata())
        for path, direction in specification.items()
        if isinstance(direction, dict)
    }

    def key(document: dict[str, Any]) -> Any:
        if measures:
            document = {**document, **{path: measure(document) for path, measure in measures.items()}}
        try:
            found = key_values(document, paths)
        except ParallelArrays:
            raise CommandError(2, "cannot sort with keys that are parallel arrays") from None
        return keyed(found[0]) if len(found) == 1 else min(map(keyed, found))

    return key


def _field_key(path: tuple[str, ...], descending: bool, order: KeyOf) -> Callable[[dict[str, Any]], Any]:
    """Return the function of a sort by one field, the commonest, which need not look out for parallel
    arrays."""

    def key(document: dict[str, Any]) -> Any:
        value: Any = document
        for step in path:
            if value.__class__ is not dict:
                break
            value = value.get(step, MISSING)
        else:
            if value.__class__ is not list:
                found = NULL_KEY if value is MISSING else order(value)
                return _Descending(found) if descending else found
        keys = [key_of(value, order) for (value,) in key_values(document, [path])]
        return _Descending(max(keys)) if descending else min(keys)

    return key


def _is_descending(direction: Any, code: int) -> bool:
    if isinstance(direction, dict):
        return True
    if not is_number(direction):
        raise CommandError(15974, f"Illegal key in $sort specification: {direction!r}")
    if as_integer(direction) not in (1, -1):
        raise CommandError(code, "$sort key ordering must be 1 (for ascending) or -1 (for descending)")
    return bool(as_integer(direction) == -1)


def _measure(direction: dict[str, Any], metadata: Metadata) -> Callable[[dict[str, Any]], Any]:
    if "$meta" not in direction:
        raise CommandError(17312, "$meta is the only expression supported by $sort right now")
    if len(direction) > 1:
        raise CommandError(9, "Cannot have additional keys in a $meta sort specification")
    kind = direction["$meta"]
    if kind not in _SORTED_METADATA:
        raise CommandError(31138, f"Illegal $meta sort: {shown_field('$meta', kind)}")
    return metadata.reader(kind)


_SORTED_METADATA: Final = ("textScore", "geoNearDistance", "randVal", "searchScore")


def sort_documents(
    documents: Iterable[dict[str, Any]],
    specification: Mapping[str, Any],
    order: KeyOf,
    metadata: Metadata | None = None,
    most: int | None = None,
) -> list[dict[str, Any]]:
    """Return documents in the order of a sort specification; an empty one leaves them as they are.

    Args:
        documents: The documents.
        specification: As `compile_sort`.
        order: How values compare.
        metadata: As `compile_sort`.
        most: How many of them, the first ones, if not all.
    """
    if not specification:
        return list(documents)
    key = compile_sort(specification, order, metadata=metadata)
    if most is None or most > _FEW:
        return sorted(documents, key=key)[:most]
    return nsmallest(most, documents, key=key)


_FEW: Final = 100
"""Up to this many documents are faster found one by one than by sorting all."""
