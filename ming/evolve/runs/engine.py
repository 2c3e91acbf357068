"""A bulk run from its beginning to its report: begun or joined, gone through, and begun again for latecomers."""

from __future__ import annotations

import logging
from dataclasses import asdict
from typing import Any, Final

from pymongo import ReturnDocument

from ming._base_manager import BaseManager
from ming._flows.many import Aggregate, FindOneAndUpdate
from ming._flows.migration import normalise, warn_of_refusals
from ming._flows.origins import refuse_run_if_never
from ming._flows.together import Together
from ming._flows.write_back import SeesSnapshot
from ming._types import Flow, RawDocument
from ming.evolve.report import MigrationReport
from ming.evolve.runs.batches import batch_size
from ming.evolve.runs.control import ControlCollection, abandon, active_run, begin, set_state
from ming.evolve.runs.counts import count_by_stamp, counts_from_record, counts_to_record, old_of
from ming.evolve.runs.dry_run import dry_run
from ming.evolve.runs.identity import ChainIdentity
from ming.evolve.runs.job import Job
from ming.evolve.runs.options import MigrateOptions, RunOptions
from ming.evolve.runs.patience import patient
from ming.evolve.runs.plan import RunPlan, plan_run
from ming.evolve.runs.progress import Tally
from ming.evolve.runs.worker import work
from ming.exc import MigrationError, MingConfigError, RunConflict

__all__ = ["migrate"]

log = logging.getLogger("ming.migration")

_MOST_PASSES: Final = 1000


def migrate(manager: BaseManager[Any], given: MigrateOptions) -> Flow[MigrationReport]:
    """Store every document in its newest version; a class without older ones has them loaded and saved.

    Args:
        manager: The newest class.
        given: Options, as keyword arguments of `RunOptions`.

    Returns:
        What was done. A document that cannot be upgraded or stored is listed there, and stays as it is.

    Raises:
        MigrationError: The class only reads older versions.
        MingConfigError: An option asks for what there is not.
        RunConflict: An unfinished run, begun by a program that means something else by a version, is in the way.
    """
    options = RunOptions(**given)
    if manager.older is None:
        return (yield from _normalised(manager, options))
    refuse_run_if_never(manager)
    if (yield from SeesSnapshot()):
        message = "a bulk run cannot be part of a transaction, nor read a snapshot"
        raise MigrationError(message, manager.collection_name)
    plan = plan_run(manager, options.to)
    if options.dry_run:
        return (yield from dry_run(plan))
    job = yield from _joined(plan, options)
    try:
        while job.is_open:
            yield from _all_workers(job)
            if job.is_open:
                yield from patient(_finish_pass(job))
    except BaseException:
        log.warning(
            "%s: run %s is not done; to go on with it, migrate again", job.collection, job.record["_id"]
        )
        raise
    report = yield from patient(_report(job))
    warn_of_refusals(report)
    return report


def _normalised(manager: BaseManager[Any], options: RunOptions) -> Flow[MigrationReport]:
    if options != RunOptions():
        raise MingConfigError(
            f"{manager.cls.__name__} has no version_of: its documents are loaded and saved, without options"
        )
    return (yield from normalise(manager))


def _joined(plan: RunPlan, options: RunOptions) -> Flow[Job]:
    """Begin a run, or join the unfinished one."""
    control = ControlCollection(options.control)
    collection = str(plan.manager.collection_name)
    identity = ChainIdentity(plan.manager.chain)
    while True:
        record = yield from active_run(control, collection)
        if record is not None and not options.resume:
            yield from abandon(control, record)
            record = None
        if record is not None:
            _refuse_other_meaning(collection, record, identity)
            record = yield from set_state(control, {"_id": record["_id"]}, "running")
        else:
            before = counts_to_record((yield from count_by_stamp(plan)))
            about = {"class": plan.manager.cls.__name__, "chain": identity.to_record(), "before": before}
            record = yield from begin(control, collection, about)
        if record is not None:
            return Job(plan, options, control, record, (yield from batch_size(plan.manager)))


def _refuse_other_meaning(collection: str, record: RawDocument, identity: ChainIdentity) -> None:
    recorded = record["chain"]
    if recorded["hash"] != identity.hash:
        differences = identity.differences_to(recorded)
        message = (
            f"run {record['_id']} (chain {recorded['hash']}) is unfinished, and this program (chain "
            f"{identity.hash}) means something else by its versions: {'; '.join(differences)}. Finish it with "
            "the program that began it, or give it up with resume=False"
        )
        raise RunConflict(message, collection, str(record["_id"]), differences)


def _all_workers(job: Job) -> Flow[None]:
    workers = [patient(work(job)) for _ in range(job.options.workers)]
    if len(workers) == 1:
        yield from workers[0]
    else:
        yield from Together(workers, job.stop)


def _finish_pass(job: Job) -> Flow[None]:
    """End the run, or begin another pass if old documents were inserted meanwhile."""
    after = yield from count_by_stamp(job.plan)
    last = yield from _tally(job, {"pass": job.pass_number})
    left = 0
    if after is not None:
        refused = yield from job.refusals.count()
        left = max(0, old_of(after) - refused - last.current)
    if left and last.changed and job.pass_number < _MOST_PASSES:
        yield from _begin_pass(job)
        return
    total = yield from _tally(job, {})
    values = {"after": counts_to_record(after), "tally": asdict(total), "left": left}
    # Somebody else may have done the same, or paused the run.
    this_pass = {"_id": job.record["_id"], "state": "running", "pass": job.pass_number}
    yield from set_state(job.control, this_pass, "done", **values)
    yield from job.refresh()


def _begin_pass(job: Job) -> Flow[None]:
    this_pass = {"_id": job.record["_id"], "pass": job.pass_number}
    update = {"$set": {"pass": job.pass_number + 1}}
    yield from FindOneAndUpdate(job.control, this_pass, update, return_document=ReturnDocument.AFTER)
    yield from job.refresh()


def _tally(job: Job, query: dict[str, Any]) -> Flow[Tally]:
    """Sum up the ranges that are done."""
    names = asdict(Tally())
    sums: dict[str, Any] = {name: {"$sum": f"$tally.{name}"} for name in names}
    # Later passes meet again what was refused before.
    news = {"$add": ["$tally.changed", "$tally.refused"]}
    sums["seen"] = {"$sum": {"$cond": [{"$eq": ["$pass", 1]}, "$tally.seen", news]}}
    matching = {"run": job.record["_id"], "kind": "range", **query}
    found = yield from Aggregate(job.control, [{"$match": matching}, {"$group": {"_id": None, **sums}}])
    return Tally(**{name: found[0][name] for name in names}) if found else Tally()


def _report(job: Job) -> Flow[MigrationReport]:
    record = job.record
    tally = Tally(**record["tally"])
    return MigrationReport(
        collection=job.collection,
        seen=tally.seen,
        changed=tally.changed,
        conflicts=tally.conflicts,
        refused=(yield from job.refusals.errors()),
        refused_count=(yield from job.refusals.count()),
        run_id=str(record["_id"]),
        state=record["state"],
        before=counts_from_record(record.get("before")),
        after=counts_from_record(record.get("after")),
        left=record.get("left", 0),
        passes=record["pass"],
        seconds=job.seconds,
        in_server=bool(job.plan.in_server),
        python_reason=job.plan.python_reason,
    )
