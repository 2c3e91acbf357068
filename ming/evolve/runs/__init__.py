"""Bulk runs over the documents of a class: door to what starts with ``migrate``."""

from __future__ import annotations

from ming.evolve.report import MigrationReport, VersionCount
from ming.evolve.runs.control import RunState
from ming.evolve.runs.management import abandon, pause, status, verify
from ming.evolve.runs.options import CONTROL_COLLECTION, MigrateOptions, RunOptions
from ming.evolve.runs.progress import Progress, Tally
from ming.evolve.runs.quarantine import Refusal
from ming.evolve.runs.samples import Change, Sample
from ming.evolve.runs.status import LeaseStatus, RunStatus
from ming.evolve.runs.verify import InvalidCount, Verification
from ming.exc import RunConflict

__all__ = [
    "CONTROL_COLLECTION",
    "Change",
    "InvalidCount",
    "LeaseStatus",
    "MigrateOptions",
    "MigrationReport",
    "Progress",
    "Refusal",
    "RunConflict",
    "RunOptions",
    "RunState",
    "RunStatus",
    "Sample",
    "Tally",
    "Verification",
    "VersionCount",
    "abandon",
    "pause",
    "status",
    "verify",
]
