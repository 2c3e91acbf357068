"""Static checks of version chains, for CI: what goes wrong is found before a document is touched. A door.

::

    report = check([Page, Person], lock=read_lock("ming.lock.json"))
    assert report.ok, str(report)
"""

from __future__ import annotations

from ming.evolve.check.checking import check
from ming.evolve.check.codes import CODES, Severity
from ming.evolve.check.findings import Finding
from ming.evolve.check.lock import LOCK_FILE, Lock, read_lock, update_lock
from ming.evolve.check.reporting import ChainReport, CheckReport, Compatibility, Level

__all__ = [
    "CODES",
    "LOCK_FILE",
    "ChainReport",
    "CheckReport",
    "Compatibility",
    "Finding",
    "Level",
    "Lock",
    "Severity",
    "check",
    "read_lock",
    "update_lock",
]
