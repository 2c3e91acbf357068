"""Point reads: the ``find`` commands that programs send most, answered without being compiled.

They ask for the first document with one value in one field, and for nothing else. `ming.mim.reading` answers all
others, and would answer these alike.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from bson import Decimal128, Int64, ObjectId

from ming.mim.conditions import Points
from ming.mim.requests import HARMLESS, Reply, Request

__all__ = ["point_read"]

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
    limit, query = command.get("limit"), command.get("filter")
    if limit != 1 or limit.__class__ is not int or command.get("singleBatch") is not True:
        return None
    if query.__class__ is not dict or len(query) != 1 or not _OPTIONS.issuperset(command):
        return None
    ((field, value),) = query.items()
    if value.__class__ not in _SCALARS or field[:1] == "$" or "." in field:
        return None
    collection = request.database.get(request.target)
    if collection is None:
        return None
    order = collection.collation.key
    found = collection.look_up({field: Points(frozenset((order(value),)), order)})
    if found is None:
        return None
    documents = [document for _, document in found[:1]]
    return {"cursor": {"firstBatch": documents, "id": _CLOSED, "ns": collection.namespace}, "ok": 1.0}
