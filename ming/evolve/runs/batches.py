"""How many documents are held in memory at a time."""

from __future__ import annotations

from typing import Any, Final

from ming._base_manager import BaseManager
from ming._flows.many import Aggregate
from ming._types import Flow

__all__ = ["MOST", "batch_size"]

MOST: Final = 500
"""How many, however small they are."""
_BYTES: Final = 16 * 1024 * 1024
_SAMPLED: Final = 20


def batch_size(manager: BaseManager[Any]) -> Flow[int]:
    """How many documents of a collection make some megabytes, by a sample of them."""
    average = {"_id": None, "size": {"$avg": {"$bsonSize": "$$ROOT"}}}
    found = yield from Aggregate(manager, [{"$sample": {"size": _SAMPLED}}, {"$group": average}])
    return min(MOST, max(1, int(_BYTES / found[0]["size"]))) if found else MOST
