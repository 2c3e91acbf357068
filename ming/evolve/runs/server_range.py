"""The documents of a range upgraded inside the server, one update for each version there is.

Where the server refuses some document, it stops in the middle of a range. What is left of it is then sent
document by document, in bulk, so that the server names those it refuses.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pymongo
from pymongo.errors import BulkWriteError, OperationFailure

from ming._flows.exactness import SIMPLE
from ming._flows.many import Aggregate, FindMany, UpdateMany
from ming._flows.operations import BulkWrite
from ming._types import Flow
from ming.evolve.chain import same_constant
from ming.evolve.runs.batches import MOST
from ming.evolve.runs.counts import count_by_stamp
from ming.evolve.runs.holding import Holding
from ming.evolve.runs.in_server import ServerUpgrade
from ming.evolve.runs.patience import is_transient
from ming.evolve.runs.quarantine import write_errors
from ming.evolve.runs.ranges import within

__all__ = ["upgrade_in_server"]


def upgrade_in_server(holding: Holding) -> Flow[bool]:
    """Upgrade the documents of a range that the server can upgrade by itself.

    Returns:
        Whether there are others that are old.
    """
    plan = holding.job.plan
    if not plan.in_server:
        return True
    counts = (yield from count_by_stamp(plan, holding.range.filter)) or ()
    others = sum(each.count for each in counts if each.is_old)
    for upgrade in plan.in_server:
        count = sum(each.count for each in counts if same_constant(upgrade.stamp, each.stamp))
        if count:
            before = holding.tally.seen
            yield from _upgrade(holding, upgrade, count)
            others -= holding.tally.seen - before
    return others > 0


def _upgrade(holding: Holding, upgrade: ServerUpgrade, count: int) -> Flow[None]:
    query = within(holding.range.filter, upgrade.filter)
    try:
        query = within(query, (yield from _without_misfits(holding, upgrade, query)))
        result = yield from UpdateMany(holding.manager, query, upgrade.stages, collation=SIMPLE)
    except OperationFailure as error:
        if is_transient(error):
            raise
        # The server does not say how many documents it came to.
        left = (yield from count_by_stamp(holding.job.plan, holding.range.filter)) or ()
        done = count - sum(each.count for each in left if same_constant(upgrade.stamp, each.stamp))
        _count(holding, done, done)
        yield from _one_by_one(holding, upgrade, query)
    else:
        _count(holding, result.matched_count, result.modified_count)


def _without_misfits(
    holding: Holding, upgrade: ServerUpgrade, query: Mapping[str, Any]
) -> Flow[dict[str, Any]]:
    """A condition that leaves out documents whose upgrade would not be valid; they are left to Python."""
    if upgrade.misfits is None:
        return {}
    finding = [{"$match": query}, *upgrade.stages, {"$match": upgrade.misfits}, {"$project": {"_id": 1}}]
    found = yield from Aggregate(holding.manager, finding, collation=SIMPLE)
    return {"_id": {"$nin": [raw["_id"] for raw in found]}} if found else {}


def _one_by_one(holding: Holding, upgrade: ServerUpgrade, query: Mapping[str, Any]) -> Flow[None]:
    waiting = dict(query)
    while True:
        found = yield from FindMany(
            holding.manager, waiting, {"_id": 1}, sort=[("_id", 1)], limit=MOST, collation=SIMPLE
        )
        if found:
            yield from _send(holding, upgrade, [raw["_id"] for raw in found])
            yield from holding.extend()
        if len(found) < MOST:
            return
        waiting = within(query, {"_id": {"$gt": found[-1]["_id"]}})


def _send(holding: Holding, upgrade: ServerUpgrade, ids: list[Any]) -> Flow[None]:
    writes = [
        pymongo.UpdateOne(
            within({"_id": {"$eq": document_id}}, upgrade.filter), upgrade.stages, collation=SIMPLE
        )
        for document_id in ids
    ]
    try:
        result = yield from BulkWrite(holding.manager, writes, ordered=False)
    except BulkWriteError as error:
        details: Any = error.details
        refusals = dict(write_errors(details))
        _count(holding, details["nMatched"] + len(refusals), details["nModified"])
        for number, refusal in refusals.items():
            yield from holding.refuse(ids[number], refusal)
    else:
        _count(holding, result.matched_count, result.modified_count)


def _count(holding: Holding, seen: int, changed: int) -> None:
    holding.tally.seen += seen
    holding.tally.changed += changed
