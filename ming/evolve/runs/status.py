"""What is known of the runs of a collection, and how to hold them up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ming._flows.many import Aggregate, FindMany
from ming._types import Flow, RawDocument
from ming.evolve.report import VersionCount
from ming.evolve.runs.control import ControlCollection, RunState, latest_run, set_state
from ming.evolve.runs.counts import counts_from_record
from ming.evolve.runs.progress import Tally
from ming.evolve.runs.quarantine import Refusal, Refusals

__all__ = ["LeaseStatus", "RunStatus", "change_state", "find_status"]

_LISTED = 100


@dataclass(frozen=True)
class LeaseStatus:
    """A range that somebody works on."""

    owner: str
    """The worker, by host, process, and something of its own."""
    until: datetime
    """When the lease runs out, by the server's clock."""


@dataclass(frozen=True)
class RunStatus:
    """What is known of a run."""

    run_id: str
    """The run, in the control collection."""
    collection: str
    """Name of the collection."""
    document_class: str
    """Name of the class of the version it upgrades to."""
    state: RunState
    """``running`` also where all workers have died; then nobody holds a lease that lasts."""
    chain: str
    """Hash of what the program that began it means by the versions."""
    pass_number: int
    """Which time the collection is gone through."""
    tally: Tally
    """What was done so far."""
    ranges_done: int
    """Ranges done in this pass."""
    ranges: int
    """Ranges this pass was cut into so far."""
    before: tuple[VersionCount, ...] | None
    """Documents by stamp when it began."""
    after: tuple[VersionCount, ...] | None
    """Documents by stamp when it ended."""
    refused: tuple[Refusal, ...]
    """The first of the documents that could not be upgraded."""
    leases: tuple[LeaseStatus, ...]
    """Who works on it."""
    started: datetime | None
    """By the server's clock."""
    updated: datetime | None
    """When a range was last done."""
    finished: datetime | None
    """When it ended."""

    def __str__(self) -> str:
        return (
            f"{self.collection}: run {self.run_id} {self.state}, pass {self.pass_number}, "
            f"{self.ranges_done} of {self.ranges} ranges, {self.tally.changed} changed, "
            f"{self.tally.refused} refused"
        )


def find_status(control: ControlCollection, collection: str) -> Flow[RunStatus | None]:
    """What is known of the unfinished run of a collection, or else of the last one; None if there was none."""
    record = yield from latest_run(control, collection)
    if record is None:
        return None
    refused = yield from Refusals(control, record["_id"], collection).listed(_LISTED)
    this_pass = {"run": record["_id"], "kind": "range", "pass": record["pass"]}
    counting = {"_id": None, "ranges": {"$sum": 1}, "done": {"$sum": {"$cond": ["$done", 1, 0]}}}
    ranges = yield from Aggregate(control, [{"$match": this_pass}, {"$group": counting}])
    leased = yield from FindMany(control, {**this_pass, "done": False, "owner": {"$exists": True}})
    return _status(record, refused, ranges, leased)


def _status(
    record: RawDocument, refused: list[Refusal], ranges: list[RawDocument], leased: list[RawDocument]
) -> RunStatus:
    counted = ranges[0] if ranges else {"ranges": 0, "done": 0}
    return RunStatus(
        run_id=str(record["_id"]),
        collection=record["collection"],
        document_class=record["class"],
        state=record["state"],
        chain=record["chain"]["hash"],
        pass_number=record["pass"],
        tally=Tally(**record["tally"]),
        ranges_done=counted["done"],
        ranges=counted["ranges"],
        before=counts_from_record(record.get("before")),
        after=counts_from_record(record.get("after")),
        refused=tuple(refused),
        leases=tuple(LeaseStatus(each["owner"], each["until"]) for each in leased),
        started=record.get("started"),
        updated=record.get("updated"),
        finished=record.get("finished"),
    )


def change_state(control: ControlCollection, collection: str, state: RunState) -> Flow[bool]:
    """Pause or give up the unfinished run of a collection; return whether there is one."""
    return (yield from set_state(control, {"collection": collection}, state)) is not None
