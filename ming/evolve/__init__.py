"""Schema evolution: version chains, recognition, upgrade. A door; the rooms are the modules beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ming.exc import DocumentTooNew, HybridDocument, MigrationError, StaleObject

if TYPE_CHECKING:
    from ming.evolve.report import MigrationReport

__all__ = ["DocumentTooNew", "HybridDocument", "MigrationError", "MigrationReport", "StaleObject"]


def __getattr__(name: str) -> Any:
    if name == "MigrationReport":
        from ming.evolve.report import MigrationReport

        return MigrationReport
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
