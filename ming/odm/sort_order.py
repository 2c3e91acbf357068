"""The server's sort order as conditions of a filter: for one field, what is at a value and what is beyond it.

Used by `ming.odm.paging`. The values of a document are all items of an array, at any depth of the path; it sorts
by the least of them, or the greatest, which is said without finding out which one that is: the least is beyond
another document's least if no item is at or before all of that one's items.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from bson import Code, DBRef, Decimal128, MaxKey, MinKey, ObjectId, Regex, Timestamp
from bson.datetime_ms import DatetimeMS

__all__ = ["UNORDERED", "Filter", "SortedField"]

Filter = dict[str, Any]

UNORDERED: Final = object()
"""Stands for an array in an array, to which a filter cannot compare."""


class _Class(NamedTuple):
    """Values that the server compares with each other, and not with others."""

    types: tuple[type, ...]
    """As Python has them."""
    condition: Filter
    """Matches all of them."""
    is_single: bool = False
    """Whether they are all equal."""


_CLASSES: Final = (
    _Class((MinKey,), {"$type": "minKey"}, is_single=True),
    _Class((list,), {"$eq": []}, is_single=True),
    _Class((type(None),), {"$eq": None}, is_single=True),
    _Class((), {"$eq": float("nan")}, is_single=True),
    _Class((int, float, Decimal128), {"$gte": float("-inf")}),
    _Class((str,), {"$type": ["string", "symbol"]}),
    _Class((Mapping, DBRef), {"$type": "object"}),
    _Class((bytes, UUID), {"$type": "binData"}),
    _Class((ObjectId,), {"$type": "objectId"}),
    _Class((bool,), {"$type": "bool"}),
    _Class((datetime, DatetimeMS), {"$type": "date"}),
    _Class((Timestamp,), {"$type": "timestamp"}),
    _Class((Regex, re.Pattern), {"$type": "regex"}),
    _Class((), {"$type": "dbPointer"}),
    _Class((Code,), {"$type": "javascript"}),
    _Class((), {"$type": "javascriptWithScope"}),
    _Class((MaxKey,), {"$type": "maxKey"}, is_single=True),
)
"""In the order in which the server sorts them. ``$type`` takes nan for a number like any other."""

_NULL: Final = 2
_NAN: Final = 3
_INCOMPARABLE: Final = (Regex, re.Pattern, Code)


def _class_index(value: Any) -> int:
    if isinstance(value, (float, Decimal128)) and str(value).lower() == "nan":
        return _NAN
    # The last one, because a bool is an int as well, and code a string.
    return max(
        (index for index, found in enumerate(_CLASSES) if isinstance(value, found.types)),
        default=len(_CLASSES),
    )


class SortedField:
    """A field that is sorted by.

    Args:
        name: Its path.
        way: 1 for up, -1 for down.
    """

    def __init__(self, name: str, way: int) -> None:
        self._name = name
        self._way = way
        self._comparisons = {True: "$lte", False: "$lt"} if way == 1 else {True: "$gte", False: "$gt"}

    def check(self, values: Sequence[Any]) -> None:
        """Refuse values to which a filter cannot compare.

        Raises:
            ValueError: There is one.
        """
        for value in values:
            if value is UNORDERED:
                raise ValueError(f"{self._name}: pages cannot go on after an array in an array")
            if isinstance(value, _INCOMPARABLE) or _class_index(value) == len(_CLASSES):
                raise ValueError(f"{self._name}: pages cannot go on after {value!r}")

    def beyond(self, values: Sequence[Any]) -> list[Filter]:
        """Return conditions for what sorts after a document with the values."""
        if len(values) == 1:
            return self._negated(self._up_to(values[0], inclusive=True))
        return [{"$nor": [{"$and": [{"$or": self._up_to(value, inclusive=True)} for value in values]}]}]

    def at(self, values: Sequence[Any]) -> list[Filter]:
        """Return conditions for what sorts together with a document with the values."""
        if len(values) == 1:
            value = values[0]
            return [_any(self._equal(value)), *self._negated(self._up_to(value, inclusive=False))]
        before = [self._up_to(value, inclusive=False) for value in values]
        reached: list[Filter] = [{"$or": self._up_to(value, inclusive=True)} for value in values]
        # Before a value that nothing sorts before is nobody.
        passed = [{"$nor": [{"$and": [{"$or": each} for each in before]}]}] if all(before) else []
        return [*reached, *passed]

    def _equal(self, value: Any) -> list[Filter]:
        index = _class_index(value)
        return self._all_of(index) if _CLASSES[index].is_single else [{self._name: {"$eq": value}}]

    def _up_to(self, value: Any, inclusive: bool) -> list[Filter]:
        """Alternatives: the document has a value that sorts before one, or together with it."""
        index = _class_index(value)
        earlier = range(index) if self._way == 1 else range(index + 1, len(_CLASSES))
        found = [clause for each in earlier for clause in self._all_of(each)]
        if not _CLASSES[index].is_single:
            found.insert(0, {self._name: {self._comparisons[inclusive]: value}})
        elif inclusive:
            found = [*self._all_of(index), *found]
        return found

    def _all_of(self, index: int) -> list[Filter]:
        """Alternatives: the document has a value of a class."""
        found: list[Filter] = [{self._name: _CLASSES[index].condition}]
        if index == _NULL:
            # An array on the way without documents sorts as if there were one that had nothing.
            for prefix in _prefixes(self._name):
                found.append({prefix: {"$size": 0}})
                found.append({prefix: {"$elemMatch": {"$not": {"$type": "object"}}}})
        return found

    def _negated(self, clauses: Sequence[Filter]) -> list[Filter]:
        return [{name: {"$not": condition}} for clause in clauses for name, condition in clause.items()]


def _prefixes(path: str) -> list[str]:
    parts = path.split(".")
    return [".".join(parts[:count]) for count in range(1, len(parts))]


def _any(clauses: Sequence[Filter]) -> Filter:
    return clauses[0] if len(clauses) == 1 else {"$or": list(clauses)}
