"""Finding the documents that share a value with another: by an index, or by a hash built once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from ming.mim.conditions import Leaf, Points
from ming.mim.environment import KeyOf
from ming.mim.path import Path, values_along
from ming.mim.stages import Document, Records
from ming.mim.subpipelines import Reader
from ming.mim.values import MISSING, OrderKey

__all__ = ["Finder", "joining_values"]


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
    """

    def __init__(self, read: Reader, records: Records | None, path: str, key: KeyOf) -> None:
        self._read = read
        # An index knows nothing of missing fields.
        self._records = records if records is not None and records.finds(path, key) else None
        self._path = path
        self._key = key
        self._hash: _ByValue | None = None

    def find(self, values: Iterable[Any]) -> list[Document]:
        """Return the documents in natural order; null finds those without the field, too."""
        values = list(values)
        keys = frozenset(map(self._key, values))
        if None in values:
            keys |= {self._key(MISSING)}
        if self._records is None or any(value is None or value.__class__ is list for value in values):
            if self._hash is None:
                self._hash = _ByValue(list(self._read()), self._path, self._key)
            return self._hash.matching(keys)
        key = self._key
        wanted = Leaf(lambda value: key(value) in keys, points=Points(keys, key)).on_path(Path(self._path))
        return [document for _, document in self._records.select(wanted)]


class _ByValue:
    """Documents by the values that a path reaches in them."""

    def __init__(self, documents: Sequence[Document], path: str, key: KeyOf) -> None:
        self._documents = documents
        self._positions: dict[OrderKey, list[int]] = {}
        values = Path(path).values
        for position, document in enumerate(documents):
            for each in {key(value) for value in values(document, expand=True)}:
                self._positions.setdefault(each, []).append(position)

    def matching(self, keys: frozenset[OrderKey]) -> list[Document]:
        """Return the documents with one of some values, in their order."""
        if len(keys) == 1:
            (key,) = keys
            return [self._documents[position] for position in self._positions.get(key, ())]
        found = {position for key in keys for position in self._positions.get(key, ())}
        return [self._documents[position] for position in sorted(found)]
