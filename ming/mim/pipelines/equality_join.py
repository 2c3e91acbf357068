"""Finding the documents that share a value with another: by an index, or by a hash built once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from ming.mim.data.environment import KeyOf
from ming.mim.data.path import Path, parts_of, values_along
from ming.mim.data.values import MISSING, OrderKey
from ming.mim.expressions.compiler import field_value
from ming.mim.pipelines.stages import Document, Records
from ming.mim.pipelines.subpipelines import Reader, mentions
from ming.mim.queries.conditions import Leaf, Points

__all__ = ["Finder", "compared_with_variable", "finder_of_compared", "joining_values"]


def joining_values(document: Document, parts: tuple[str, ...]) -> list[Any]:
    """Return the values by which a document is joined: each element of an array, null if there is none."""
    values: list[Any] = []
    for value in values_along(document, parts):
        if value.__class__ is list:
            values.extend(value)
        else:
            values.append(value)
    return values or [None]


class Finder:
    """Finds the documents with one of some values at a path, as ``$in`` would without patterns.

    Args:
        read: What is searched.
        records: The collection, if that is what is searched.
        path: The path.
        key: The order of values.
        null_is_missing: Whether null finds the documents without the field, too.
    """

    def __init__(
        self, read: Reader, records: Records | None, path: str, key: KeyOf, null_is_missing: bool = True
    ) -> None:
        self._read = read
        # An index knows nothing of missing fields.
        self._records = records if records is not None and records.finds(path, key) else None
        self._path = path
        self._key = key
        self._null_is_missing = null_is_missing
        self._hash: _ByValue | None = None

    def find(self, values: Iterable[Any]) -> list[Document]:
        """Return the documents, in natural order unless an index finds them."""
        values = list(values)
        keys = frozenset(map(self._key, values))
        if self._null_is_missing and None in values:
            keys |= {self._key(MISSING)}
        if self._records is None or any(value is None or value.__class__ is list for value in values):
            if self._hash is None:
                reached = partial(Path(self._path).values, expand=True)
                self._hash = _ByValue(self._read(), reached, self._key)
            return self._hash.matching(keys)
        key = self._key
        wanted = Leaf(lambda value: key(value) in keys, points=Points(keys, key)).on_path(Path(self._path))
        return [document for _, document in self._records.select(wanted)]


class _ByValue:
    """Documents by the values that are found in them."""

    def __init__(
        self, documents: Iterable[Document], values: Callable[[Document], Iterable[Any]], key: KeyOf
    ) -> None:
        self._documents = list(documents)
        self._positions: dict[OrderKey, list[int]] = {}
        for position, document in enumerate(self._documents):
            for each in {key(value) for value in values(document)}:
                self._positions.setdefault(each, []).append(position)

    def matching(self, keys: frozenset[OrderKey]) -> list[Document]:
        """Return the documents with one of some values, in their order."""
        if len(keys) == 1:
            (key,) = keys
            return [self._documents[position] for position in self._positions.get(key, ())]
        found = {position for key in keys for position in self._positions.get(key, ())}
        return [self._documents[position] for position in sorted(found)]


# -- equality by an expression ------------------------------------------------------------------------


def compared_with_variable(stage: Document, variables: frozenset[str]) -> tuple[str, str] | None:
    """Find a field that must equal a variable for a document to pass a stage.

    Args:
        stage: The stage.
        variables: The variables that are of interest.

    Returns:
        The references to the field and to the variable, or None if there is no such condition.
    """
    match = stage.get("$match")
    condition = match.get("$expr") if isinstance(match, dict) else None
    for each in _conjuncts(condition):
        sides = each.get("$eq") if isinstance(each, dict) else None
        if not isinstance(sides, list) or len(sides) != 2 or not all(isinstance(side, str) for side in sides):
            continue
        for field, variable in (sides, sides[::-1]):
            if field.startswith("$") and not field.startswith("$$") and mentions(variable, variables):
                return field, variable
    return None


def _conjuncts(condition: Any) -> list[Any]:
    inner = condition.get("$and") if isinstance(condition, dict) else None
    return inner if isinstance(inner, list) else [condition]


def finder_of_compared(read: Reader, field: str, key: KeyOf) -> Callable[[Any], list[Document]]:
    """Return a function that finds the documents whose field equals a value, as expressions compare.

    Args:
        read: What is searched, once.
        field: The reference to the field.
        key: The order of values.
    """
    parts = parts_of(field[1:])
    found: _ByValue | None = None

    def find(value: Any) -> list[Document]:
        nonlocal found
        if found is None:
            found = _ByValue(read(), lambda document: [field_value(document, parts)], key)
        return found.matching(frozenset((key(value),)))

    return find
