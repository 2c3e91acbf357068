"""What the documents that are stored say: the counts of a collection as findings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ming.evolve.chain import Chain
from ming.evolve.check.findings import Finding, finding
from ming.evolve.check.subjects import name_of
from ming.evolve.status import CollectionStatus, Verdict

__all__ = ["data_findings"]

_VERDICTS: Final = {
    Verdict.INVALID: ("invalid-documents", "are accepted by no version"),
    Verdict.HYBRID: ("hybrid-documents", "have keys, or stamps, of several versions"),
    Verdict.TOO_NEW: ("too-new-documents", "bear the stamp of a newer version than this program knows"),
}


def data_findings(chain: Chain, status: CollectionStatus) -> Iterator[Finding]:
    """Yield what is wrong with the documents of a collection.

    Args:
        chain: The class and its older versions.
        status: The counts.
    """
    for version in status.versions:
        if version.invalid:
            message = f"{version.invalid} of {version.count} documents with its stamp are not valid"
            yield finding("invalid-documents", version.name, message)
    for verdict, count in status.others.items():
        code, message = _VERDICTS[verdict]
        estimated = "about " if status.unread else ""
        yield finding(
            code, name_of(chain.newest), f"{estimated}{count} of {status.total} documents {message}"
        )
