"""Sort specifications: ``{a: 1, b: -1}`` as a key function over documents."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ming.mim.errors import CommandError
from ming.mim.keys import ParallelArrays, key_of, key_values
from ming.mim.path import parts_of
from ming.mim.values import OrderKey, as_integer, is_number

__all__ = ["compile_sort", "sort_documents"]


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


def compile_sort(specification: Mapping[str, Any], code: int = 2) -> Callable[[dict[str, Any]], Any]:
    """Compile a sort specification.

    Args:
        specification: Paths with 1 or -1.
        code: The error code for other directions, which differs between commands.

    Returns:
        A function giving the key to sort a document by. An array counts by the element that sorts first.
    """
    descending = [_is_descending(direction, code) for direction in specification.values()]
    paths = [parts_of(path) for path in specification]

    def keyed(values: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(
            [
                _Descending(key_of(value)) if down else key_of(value)
                for value, down in zip(values, descending, strict=True)
            ]
        )

    def key(document: dict[str, Any]) -> Any:
        try:
            found = key_values(document, paths)
        except ParallelArrays:
            raise CommandError(2, "cannot sort with keys that are parallel arrays") from None
        return keyed(found[0]) if len(found) == 1 else min(map(keyed, found))

    return key


def _is_descending(direction: Any, code: int) -> bool:
    if isinstance(direction, dict):
        raise NotImplementedError(f"sort by {next(iter(direction), 'an empty document')}")
    if not is_number(direction):
        raise CommandError(15974, f"Illegal key in $sort specification: {direction!r}")
    if as_integer(direction) not in (1, -1):
        raise CommandError(code, "$sort key ordering must be 1 (for ascending) or -1 (for descending)")
    return bool(as_integer(direction) == -1)


def sort_documents(
    documents: Iterable[dict[str, Any]], specification: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Return documents in the order of a sort specification; an empty one leaves them as they are."""
    if not specification:
        return list(documents)
    return sorted(documents, key=compile_sort(specification))
