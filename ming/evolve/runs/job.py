"""One process's part in a run: the plan, the run's record as last seen, and what happened here."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import Any

from pymongo import ReturnDocument

from ming._flows.many import FindOneAndUpdate
from ming._flows.operations import CallHook, FindOne
from ming._types import Flow, RawDocument
from ming.evolve.runs.control import ControlCollection
from ming.evolve.runs.options import RunOptions
from ming.evolve.runs.plan import RunPlan
from ming.evolve.runs.progress import Progress, Tally
from ming.evolve.runs.quarantine import Refusals

__all__ = ["Job"]


class Job:
    """One process's part in a run.

    Args:
        plan: What is to be done.
        options: How.
        control: The control collection.
        record: The run's record.
        batch_size: How many documents are held in memory at a time.
    """

    def __init__(
        self,
        plan: RunPlan,
        options: RunOptions,
        control: ControlCollection,
        record: RawDocument,
        batch_size: int,
    ) -> None:
        self.plan = plan
        self.options = options
        self.control = control
        self.record = record
        self.batch_size = batch_size
        self.collection = str(plan.manager.collection_name)
        self.refusals = Refusals(control, record["_id"], self.collection)
        self._began = time.monotonic()
        self._is_stopped = False

    @property
    def seconds(self) -> float:
        """How long this process has taken part."""
        return time.monotonic() - self._began

    @property
    def is_open(self) -> bool:
        """Whether there may be more to do here."""
        return self.record["state"] == "running" and not self._is_stopped

    @property
    def pass_number(self) -> int:
        """Which time the collection is gone through."""
        number: int = self.record["pass"]
        return number

    def stop(self) -> None:
        """Have the workers of this process end after their range."""
        self._is_stopped = True

    def refuse(self, document_id: Any, error: Exception, tally: Tally) -> Flow[None]:
        """List a document that cannot be upgraded."""
        if (yield from self.refusals.add(document_id, error)):
            tally.refused += 1

    def refresh(self) -> Flow[None]:
        """Look at the run's record again."""
        self._see((yield from FindOne(self.control, {"_id": self.record["_id"]})))

    def note(self, tally: Tally) -> Flow[None]:
        """Add a range that is done to the run's record, and tell how far it is."""
        counts = {f"tally.{name}": count for name, count in asdict(tally).items()}
        update = {"$inc": {"ranges": 1, **counts}, "$currentDate": {"updated": True}}
        by_id = {"_id": self.record["_id"]}
        self._see(
            (yield from FindOneAndUpdate(self.control, by_id, update, return_document=ReturnDocument.AFTER))
        )
        if self.options.progress is not None:
            yield from CallHook(self.options.progress, self.progress)

    @property
    def progress(self) -> Progress:
        """How far the run is."""
        tally = Tally(**self.record["tally"])
        before = self.record.get("before")
        return Progress(
            collection=self.collection,
            run_id=str(self.record["_id"]),
            pass_number=self.pass_number,
            ranges=self.record["ranges"],
            seen=tally.seen,
            changed=tally.changed,
            conflicts=tally.conflicts,
            refused=tally.refused,
            old=None if before is None else sum(each["count"] for each in before if each["is_old"]),
            seconds=self.seconds,
        )

    def _see(self, record: RawDocument | None) -> None:
        # A record that somebody removed is a run that somebody gave up.
        self.record = {**self.record, "state": "abandoned"} if record is None else record
