"""A range while a worker holds it, and what has been done to its documents."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

from ming._base_manager import BaseManager
from ming._types import Flow
from ming.evolve.runs.job import Job
from ming.evolve.runs.lease import Leases
from ming.evolve.runs.progress import Tally
from ming.evolve.runs.quarantine import id_key
from ming.evolve.runs.ranges import Range

__all__ = ["Holding"]


@dataclass
class Holding:
    """A range that a worker holds.

    Args:
        job: The process's part in the run.
        leases: The worker's way to ranges.
        range: The range.
    """

    job: Job
    leases: Leases
    range: Range
    tally: Tally = field(default_factory=Tally)
    refused: set[bytes] = field(default_factory=set)
    """Keys of the documents of this range that were refused; they are not tried again."""
    _extended: float = field(default_factory=time.monotonic)

    @property
    def manager(self) -> BaseManager[Any]:
        """The class whose documents are upgraded."""
        return self.job.plan.manager

    def refuse(self, document_id: Any, error: Exception) -> Flow[None]:
        """List a document that cannot be upgraded."""
        self.refused.add(id_key(document_id))
        yield from self.job.refuse(document_id, error, self.tally)

    def extend(self) -> Flow[None]:
        """Show a sign of life, if it is time for one.

        If it comes too late, another worker does the same as this one; the guards of all writes allow for it.
        """
        if time.monotonic() - self._extended > self.leases.seconds / 3:
            yield from self.leases.extend(self.range)
            self._extended = time.monotonic()
