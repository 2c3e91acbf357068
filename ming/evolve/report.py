"""What a migration run did."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

__all__ = ["MigrationReport"]


@dataclass
class MigrationReport:
    """Counts of one run over a collection.

    A document that another writer changed meanwhile is a conflict each time that happens; it is read again
    and counts as changed once its upgrade is stored. Refused documents are left as they are.
    """

    collection: str | None = None
    """Name of the collection."""
    seen: int = 0
    """Documents read."""
    changed: int = 0
    """Documents stored in another form."""
    conflicts: int = 0
    """Attempts that found the document changed by somebody else."""
    refused: list[tuple[Any, Exception]] = field(default_factory=list)
    """``_id`` and error of each document that could not be upgraded or stored."""

    def __str__(self) -> str:
        return (
            f"{self.collection}: {self.seen} seen, {self.changed} changed, "
            f"{self.conflicts} conflicts, {len(self.refused)} refused"
        )
