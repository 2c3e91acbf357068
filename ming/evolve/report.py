"""What a migration run did."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ming.evolve.runs.samples import Sample

__all__ = ["MigrationReport", "VersionCount"]


@dataclass(frozen=True)
class VersionCount:
    """How many stored documents bear one stamp."""

    stamp: Any
    """The stored value; None for documents without a stamp."""
    version: str | None
    """Name of the version whose constant it is; None if there is not exactly one."""
    is_old: bool
    """Whether a run upgrades these documents, or tries to."""
    count: int


@dataclass
class MigrationReport:
    """Counts of one run over a collection.

    A document that another writer changed meanwhile is a conflict each time that happens; it is read again
    and counts as changed once its upgrade is stored. Refused documents are left as they are. A run that was
    resumed counts what it did before, too; what a worker did to a range in the middle of which it died
    is missing.
    """

    collection: str | None = None
    """Name of the collection."""
    seen: int = 0
    """Documents met."""
    changed: int = 0
    """Documents stored in another form."""
    conflicts: int = 0
    """Attempts that found the document changed by somebody else."""
    refused: list[tuple[Any, Exception]] = field(default_factory=list)
    """``_id`` and error of each document that could not be upgraded or stored, at most a thousand."""
    refused_count: int = 0
    """How many there are."""
    run_id: str | None = None
    """The run, in the control collection; None where there is no record of it."""
    state: str = "done"
    """``done``; ``paused`` or ``abandoned`` if somebody else ended it."""
    before: tuple[VersionCount, ...] | None = None
    """Documents by stamp when the run began; None where no stamp tells the versions apart."""
    after: tuple[VersionCount, ...] | None = None
    """Documents by stamp when it ended; None likewise, and of a run that did not end."""
    left: int = 0
    """Old documents that are neither upgraded nor refused, because others inserted them as fast as they went."""
    passes: int = 1
    """How often the collection was gone through, again where old documents were inserted meanwhile."""
    seconds: float = 0.0
    """How long this process took part."""
    in_server: bool = False
    """Whether documents were upgraded by the server itself."""
    python_reason: str | None = None
    """Why documents, or some of them, were upgraded in Python; None if they were not."""
    dry_run: bool = False
    """Whether nothing was written."""
    samples: list[Sample] = field(default_factory=list)
    """What a dry run would have done to some documents."""

    @property
    def is_complete(self) -> bool:
        """Whether no document is left in an older version."""
        return self.state == "done" and not (self.dry_run or self.refused_count or self.left)

    def __str__(self) -> str:
        ended = "" if self.state == "done" else f"; {self.state}"
        left = f", {self.left} left" if self.left else ""
        return (
            f"{self.collection}: {self.seen} seen, {self.changed} changed, "
            f"{self.conflicts} conflicts, {self.refused_count} refused{left}{ended}"
        )
