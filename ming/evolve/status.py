"""What is known of a collection's documents: how many there are of each version, and how many of none.

`ming._flows.status` asks the server.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from ming.evolve.chain import Chain, Version, ordered_after
from ming.evolve.recognise import recognise
from ming.exc import DocumentTooNew, HybridDocument, Invalid

__all__ = ["CollectionStatus", "Verdict", "VersionStatus", "estimated", "verdict_by_stamp", "verdict_of"]


class Verdict(str, Enum):
    """Why a document is of no version."""

    INVALID = "invalid"
    """Its version cannot be told, or does not accept it."""
    HYBRID = "hybrid"
    """Its keys, or its stamps, are of several versions."""
    TOO_NEW = "too new"
    """It bears the stamp of a newer version than the program knows."""


@dataclass(frozen=True)
class VersionStatus:
    """The documents of one version."""

    name: str
    """Name of the version's class."""
    is_newest: bool
    """Whether documents are upgraded to it."""
    count: int
    """How many there are."""
    invalid: int | None = None
    """How many of them their version surely does not accept; None if nobody looked."""


@dataclass(frozen=True)
class CollectionStatus:
    """The documents of a collection by version."""

    collection: str
    """Name of the collection."""
    versions: Sequence[VersionStatus]
    """All versions, oldest first."""
    others: Mapping[Verdict, int]
    """Documents that are of no version."""
    examined: int
    """Documents without a telling stamp that were read."""
    unread: int
    """Documents without a telling stamp that were not: their share of each version is estimated."""

    @property
    def total(self) -> int:
        """All documents."""
        return sum(version.count for version in self.versions) + sum(self.others.values())

    @property
    def old(self) -> int:
        """Documents of older versions."""
        return sum(version.count for version in self.versions if not version.is_newest)

    @property
    def invalid(self) -> int:
        """Documents that are not, or not surely, accepted by any version."""
        return sum(version.invalid or 0 for version in self.versions) + sum(self.others.values())


def verdict_by_stamp(chain: Chain, stored: Mapping[str, Any]) -> Version | Verdict | None:
    """What the stamps of a document alone tell: its version, that it is of none, or nothing.

    Args:
        chain: All versions of the class.
        stored: The stamps that the document bears.
    """
    if len(chain.versions) == 1 and not chain.stamps:
        return chain.newest
    allowed = set(range(len(chain.versions)))
    present = [field for field in chain.stamps if stored.get(field.name) is not None]
    for field in present:
        value = stored[field.name]
        matching = field.matching(value)
        if not matching:
            if ordered_after(value, field.constants[max(field.constants)]):
                return Verdict.TOO_NEW
            return None if field.free else Verdict.INVALID
        allowed &= set(matching)
    if not allowed:
        return None if callable(chain.on_hybrid) else Verdict.HYBRID
    return chain.versions[allowed.pop()] if present and len(allowed) == 1 else None


def verdict_of(chain: Chain, raw: Mapping[str, Any]) -> Version | Verdict:
    """The version of a stored document, or why it is of none."""

    def attempt(version: Version, stored: Mapping[str, Any]) -> Any:
        return version.schema.validate(copy.deepcopy(stored), allow_extra=True, strip_extra=True)

    try:
        return recognise(chain, raw, attempt)[0]
    except DocumentTooNew:
        return Verdict.TOO_NEW
    except HybridDocument:
        return Verdict.HYBRID
    except Invalid:
        return Verdict.INVALID


def estimated(counts: Mapping[Any, int], whole: int) -> dict[Any, int]:
    """Counts of a sample extended to the whole it was taken from.

    Args:
        counts: How many of the sample are of each kind.
        whole: How many there are; the result sums up to it.
    """
    size = sum(counts.values())
    if not size:
        return {}
    found = {kind: count * whole // size for kind, count in counts.items()}
    # What rounding down left over goes to the kinds that lost most by it.
    by_loss = sorted(counts, key=lambda kind: -(counts[kind] * whole % size))
    for kind in by_loss[: whole - sum(found.values())]:
        found[kind] += 1
    return found
