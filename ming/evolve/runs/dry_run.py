"""A run that writes nothing: some documents of each version are upgraded, by the server and in Python.

The two must agree, and the result must be valid in the newest version.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Iterator
from typing import Any, Final

from pymongo.errors import OperationFailure

from ming._flows.exactness import SIMPLE
from ming._flows.loading import loader_for
from ming._flows.many import Aggregate, FindMany
from ming._flows.origins import is_upgraded
from ming._flows.recipe import base_of, request_of
from ming._types import Flow, RawDocument
from ming.evolve.report import MigrationReport
from ming.evolve.runs.counts import Counts, count_by_stamp
from ming.evolve.runs.in_server import ServerUpgrade
from ming.evolve.runs.plan import RunPlan
from ming.evolve.runs.quarantine import id_key, reason_of
from ming.evolve.runs.ranges import within
from ming.evolve.runs.samples import Sample, changes_between

__all__ = ["dry_run"]

_AT_EACH_END: Final = 10
"""How many of the first, and of the last, documents of each version are looked at."""


def dry_run(plan: RunPlan) -> Flow[MigrationReport]:
    """Upgrade some documents in memory, and report what a run would do to them."""
    began = time.monotonic()
    counts = yield from count_by_stamp(plan)
    samples = []
    for query in _queries(plan, counts):
        for raw in (yield from _some(plan, query)):
            sample = yield from _sample(plan, raw)
            if sample is not None:
                samples.append(sample)
    return MigrationReport(
        collection=plan.manager.collection_name,
        seen=len(samples),
        refused_count=sum(sample.after is None for sample in samples),
        before=counts,
        after=counts,
        seconds=time.monotonic() - began,
        in_server=bool(plan.in_server),
        python_reason=plan.python_reason,
        dry_run=True,
        samples=samples,
    )


def _queries(plan: RunPlan, counts: Counts | None) -> Iterator[dict[str, Any]]:
    """A query for each stamp that old documents bear; one for all documents where none tells."""
    if counts is None:
        yield {}
    for each in counts or ():
        if each.is_old:
            yield {plan.stamp or "": {"$eq": each.stamp}}


def _some(plan: RunPlan, query: dict[str, Any]) -> Flow[list[RawDocument]]:
    """The first and the last documents that match, each once, in the order of ``_id``."""
    options: Any = {"limit": _AT_EACH_END, "collation": SIMPLE}
    first = yield from FindMany(plan.manager, query, sort=[("_id", 1)], **options)
    last = yield from FindMany(plan.manager, query, sort=[("_id", -1)], **options)
    return list({id_key(raw["_id"]): raw for raw in (*first, *reversed(last))}.values())


def _sample(plan: RunPlan, raw: RawDocument) -> Flow[Sample | None]:
    """What would become of a document; None if it is new already."""
    try:
        document = loader_for(plan.manager.cls)(copy.deepcopy(raw))
        if not is_upgraded(document):
            return None
        version = document._origin.version.__name__
        after = request_of(plan.manager, base_of(document), {}).stored
    except Exception as error:  # noqa: BLE001 - a ``migrate`` may raise anything
        return Sample(raw["_id"], None, raw, None, problem=reason_of(error))
    problem = None
    for upgrade in plan.in_server:
        if upgrade.version.cls is document._origin.version:
            try:
                after, problem = yield from _compared(plan, upgrade, raw, after)
            except OperationFailure as error:
                return Sample(raw["_id"], version, raw, None, problem=reason_of(error))
    return Sample(raw["_id"], version, raw, after, tuple(changes_between(raw, after)), problem)


def _compared(
    plan: RunPlan, upgrade: ServerUpgrade, raw: RawDocument, by_default: RawDocument
) -> Flow[tuple[RawDocument, str | None]]:
    """What the server makes of a document, and how it and Python disagree."""
    matching = {"$match": within({"_id": {"$eq": raw["_id"]}}, upgrade.filter)}
    made = yield from Aggregate(plan.manager, [matching, *upgrade.stages], collation=SIMPLE)
    if not made:
        # The server leaves it to Python.
        return by_default, None
    chain = plan.manager.chain
    in_python = raw
    for hop in chain.hops[chain.versions.index(upgrade.version) :]:
        in_python = hop.upgrade(in_python)
    changes = [str(change) for change in changes_between(in_python, made[0])]
    return made[0], f"server and Python disagree: {'; '.join(changes)}" if changes else None
