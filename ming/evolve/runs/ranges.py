"""A collection cut into ranges of ``_id``, in the order in which the server sorts values of all types.

Comparisons in a query see values of one type only, so a range never crosses from one type to the next: it
ends before a known ``_id``, or with the last of its type. What is inserted outside of all ranges while a run
is under way is found by the next pass.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bson import MaxKey, MinKey

from ming._flows.exactness import SIMPLE
from ming._flows.many import FindMany
from ming._types import Flow, ManagerLike
from ming._values import Missing

__all__ = ["Range", "first_id", "next_range", "within"]

Query = Mapping[str, Any]


@dataclass(frozen=True)
class Range:
    """Some ``_id``s that follow each other.

    Args:
        number: Counts the ranges of a pass.
        lower: The first ``_id``.
        upper: The ``_id`` after the last one; `Missing` if all that follow of the type belong to the range.
        following: Where the next range begins; `Missing` after the last one.
    """

    number: int
    lower: Any
    upper: Any = Missing
    following: Any = Missing

    @property
    def filter(self) -> dict[str, Any]:
        """Matches the documents of the range."""
        if _stands_alone(self.lower):
            return {"_id": {"$eq": self.lower}}
        upper = {} if self.upper is Missing else {"$lt": self.upper}
        return {"_id": {"$gte": self.lower, **upper}}


def within(*queries: Query) -> dict[str, Any]:
    """A filter for the documents that match all queries; empty ones are left out."""
    told = [dict(query) for query in queries if query]
    return told[0] if len(told) == 1 else {"$and": told} if told else {}


def first_id(manager: ManagerLike[Any], query: Query) -> Flow[Any]:
    """The smallest ``_id`` of the documents that match, or `Missing` if there are none."""
    found = yield from FindMany(manager, query, {"_id": 1}, sort=[("_id", 1)], limit=1, collation=SIMPLE)
    return found[0]["_id"] if found else Missing


def next_range(manager: ManagerLike[Any], query: Query, number: int, lower: Any, size: int) -> Flow[Range]:
    """Cut off the next range.

    Args:
        manager: The class.
        query: Which documents count.
        number: The range's number.
        lower: Where it begins.
        size: How many documents it has, unless its type of ``_id`` has no more.
    """
    if not _stands_alone(lower):
        same_type = within(query, {"_id": {"$gte": lower}})
        found = yield from FindMany(
            manager, same_type, {"_id": 1}, sort=[("_id", 1)], skip=size, limit=1, collation=SIMPLE
        )
        if found:
            return Range(number, lower, found[0]["_id"], found[0]["_id"])
    following = yield from first_id(manager, within(query, _beyond(lower)))
    return Range(number, lower, Missing, following)


def _beyond(lower: Any) -> dict[str, Any]:
    """Matches ``_id``s of the types after that of one, in the order of the server."""
    # Other than a comparison in a query, one in an expression knows the order of all types.
    after = {"$expr": {"$gt": ["$_id", {"$literal": lower}]}}
    return after if _stands_alone(lower) else {**after, "_id": {"$not": {"$gte": lower}}}


def _stands_alone(value: Any) -> bool:
    """Whether queries compare a value with those of every type."""
    return isinstance(value, (MinKey, MaxKey))
