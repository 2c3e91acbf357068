"""Whether a collection is what its newest version says: documents by stamp, old ones, invalid ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ming._base_manager import BaseManager
from ming._flows.exactness import SIMPLE
from ming._flows.many import Aggregate
from ming._types import Flow
from ming.evolve.chain import Chain
from ming.evolve.report import VersionCount
from ming.evolve.runs.counts import Counts, count_by_stamp, old_of
from ming.evolve.runs.plan import plan_run
from ming.schema.export import mongo_schema

__all__ = ["InvalidCount", "Verification", "verify_collection"]


@dataclass(frozen=True)
class InvalidCount:
    """How many documents of one version are not valid in it."""

    version: str
    """Name of the version."""
    count: int


@dataclass(frozen=True)
class Verification:
    """What is stored in a collection."""

    collection: str
    """Name of the collection."""
    counts: tuple[VersionCount, ...] | None
    """Documents by stamp; None where no stamp tells the versions apart."""
    invalid: tuple[InvalidCount, ...]
    """For each version that a stamp tells, how many of its documents the server finds invalid."""

    @property
    def old(self) -> int | None:
        """How many documents are old; None where no stamp tells."""
        return None if self.counts is None else old_of(self.counts)

    @property
    def is_clean(self) -> bool:
        """Whether all documents are of the newest version, and valid."""
        return self.old == 0 and not any(each.count for each in self.invalid)

    def __str__(self) -> str:
        old = "an unknown number of" if self.old is None else self.old
        return f"{self.collection}: {old} old, {sum(each.count for each in self.invalid)} invalid"


def verify_collection(manager: BaseManager[Any], to: Any = None) -> Flow[Verification]:
    """Count the documents of a collection by stamp, and those invalid under theirs.

    Args:
        manager: The newest class.
        to: The version that documents should be of, if not the newest.
    """
    counts: Counts | None = None
    if manager.older is not None:
        counts = yield from count_by_stamp(plan_run(manager, to))
    invalid = []
    for name, query in _queries(manager.chain):
        pipeline = [{"$match": query}, {"$count": "count"}]
        found = yield from Aggregate(manager, pipeline, collation=SIMPLE)
        invalid.append(InvalidCount(name, found[0]["count"] if found else 0))
    return Verification(str(manager.collection_name), counts, tuple(invalid))


def _queries(chain: Chain) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """For each version, a query for the documents that bear its stamp and are not valid in it."""
    stamps: list[dict[str, Any] | None] = [hop.source_filter for hop in chain.hops]
    newest = chain.telling_stamp
    stamps.append({newest[0]: newest[1]} if newest is not None else {} if not chain.hops else None)
    for version, query in zip(chain.versions, stamps, strict=True):
        if query is not None:
            yield version.name, {**query, "$nor": [{"$jsonSchema": mongo_schema(version.schema)}]}
