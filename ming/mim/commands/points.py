"""Point queries: those that programs ask most, for one value in one field; answered without being compiled.

`ming.mim.commands.reading` and `ming.mim.commands.writing` ask here first. They answer all other queries, and
would answer these alike.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from bson import Decimal128, Int64, ObjectId

from ming.mim.commands.requests import HARMLESS, Reply, Request
from ming.mim.queries.conditions import Points
from ming.mim.storage.records import Collection

__all__ = ["point_read", "point_records"]

_OPTIONS: Final = HARMLESS.union(("find", "filter", "limit", "singleBatch"))
_SCALARS: Final = frozenset((str, int, Int64, float, Decimal128, bool, datetime, ObjectId))
"""The classes of values that a filter compares with as they are."""
_CLOSED: Final = Int64(0)


def point_read(request: Request) -> Reply | None:
    """Return the reply of a ``find``, or None if it is no point read.

    Args:
        request: The command.
    """
    command = request.command
    limit = command.get("limit")
    if limit != 1 or limit.__class__ is not int or command.get("singleBatch") is not True:
        return None
    collection = request.database.get(request.target)
    if collection is None or not _OPTIONS.issuperset(command):
        return None
    found = point_records(collection, command.get("filter"))
    if found is None:
        return None
    documents = [document for _, document in found[:1]]
    return {"cursor": {"firstBatch": documents, "id": _CLOSED, "ns": collection.namespace}, "ok": 1.0}


def point_records(collection: Collection, query: Any) -> list[tuple[int, dict[str, Any]]] | None:
    """Return the records that a filter selects, or None if it is no point query, or one without an index.

    Args:
        collection: The collection, whose collation is in force.
        query: The filter.
    """
    if query.__class__ is not dict or len(query) != 1:
        return None
    ((field, value),) = query.items()
    # Of a single step, an index has the keys of just the documents that match.
    if value.__class__ not in _SCALARS or field[:1] == "$" or "." in field:
        return None
    order = collection.collation.key
    return collection.look_up({field: Points(frozenset((order(value),)), order)})
