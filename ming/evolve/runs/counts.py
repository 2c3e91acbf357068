"""How many documents of a collection bear which stamp."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from ming._flows.exactness import SIMPLE
from ming._flows.many import Aggregate
from ming._types import Flow
from ming.evolve.report import VersionCount
from ming.evolve.runs.plan import RunPlan

__all__ = ["Counts", "count_by_stamp", "counts_from_record", "counts_to_record", "old_of"]

Counts = tuple[VersionCount, ...]


def count_by_stamp(plan: RunPlan, query: Mapping[str, Any] | None = None) -> Flow[Counts | None]:
    """Count documents by stamp; None where no stamp tells the versions apart.

    Args:
        plan: The plan of a run.
        query: Which documents; all by default.
    """
    if plan.stamp is None:
        return None
    matching = [{"$match": query}] if query else []
    grouping = [*matching, {"$group": {"_id": f"${plan.stamp}", "count": {"$sum": 1}}}, {"$sort": {"_id": 1}}]
    found = yield from Aggregate(plan.manager, grouping, collation=SIMPLE)
    return tuple(plan.counted(each["_id"], each["count"]) for each in found)


def old_of(counts: Iterable[VersionCount]) -> int:
    """How many of the documents are old."""
    return sum(each.count for each in counts if each.is_old)


def counts_to_record(counts: Counts | None) -> list[dict[str, Any]] | None:
    """The counts as they are stored."""
    return None if counts is None else [asdict(each) for each in counts]


def counts_from_record(stored: Sequence[Mapping[str, Any]] | None) -> Counts | None:
    """The counts of a record."""
    return None if stored is None else tuple(VersionCount(**each) for each in stored)
