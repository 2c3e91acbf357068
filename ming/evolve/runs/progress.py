"""How far a run is: what callbacks are told, and how documents are counted."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Progress", "Tally"]


@dataclass
class Tally:
    """What was done to some documents, so far."""

    seen: int = 0
    """Documents that were met."""
    changed: int = 0
    """Documents that were stored in a newer version."""
    conflicts: int = 0
    """Attempts that found a document changed by somebody else."""
    refused: int = 0
    """Documents that cannot be upgraded or stored, each counted once in a run."""
    current: int = 0
    """Documents without a stamp that are of the newest version all the same."""


@dataclass(frozen=True)
class Progress:
    """How far a run is."""

    collection: str
    """Name of the collection."""
    run_id: str
    """The run, in the control collection."""
    pass_number: int
    """1, or more where old documents were inserted meanwhile."""
    ranges: int
    """Ranges done in this run, by all workers."""
    seen: int
    """Documents met, by all workers."""
    changed: int
    """Documents upgraded, by all workers."""
    conflicts: int
    """Attempts that found a document changed by somebody else."""
    refused: int
    """Documents that cannot be upgraded or stored."""
    old: int | None
    """Documents that were old when the run began; None where only reading them all would tell."""
    seconds: float
    """Since this process took part."""

    @property
    def share(self) -> float | None:
        """The share of the documents that is settled, from 0 to 1; None where it is not known."""
        if self.old is None:
            return None
        return 1.0 if not self.old else min(1.0, (self.changed + self.refused) / self.old)

    def __str__(self) -> str:
        share = "" if self.share is None else f" ({self.share:.0%})"
        return (
            f"{self.collection}: {self.changed} changed{share}, {self.conflicts} conflicts, "
            f"{self.refused} refused, {self.ranges} ranges in {self.seconds:.1f} s"
        )
