"""Which version a document without a stamp can only be, and what a run that stamps such documents did.

Loading reads such a document by the rules of `ming.evolve.recognise`, which settle for a likely version.
Stamping is for good, so here a document counts as a version's only if it can be nothing else.
`ming._flows.adoption` does the stamping.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from ming.evolve.chain import Chain, Version
from ming.evolve.keys import gather
from ming.exc import Invalid

__all__ = ["EXAMPLES", "AdoptionReport", "Documents", "stamp_of", "versions_of"]

EXAMPLES: Final = 100
"""How many documents of a kind are kept as examples; all are counted."""


@dataclass
class Documents:
    """Documents that a run could not do anything with: their number, and the first of them."""

    count: int = 0
    """How many there are."""
    examples: list[tuple[Any, str]] = field(default_factory=list)
    """``_id`` and reason of the first of them."""

    def add(self, document_id: Any, reason: str) -> None:
        """Count one more."""
        self.count += 1
        if len(self.examples) < EXAMPLES:
            self.examples.append((document_id, reason))


@dataclass
class AdoptionReport:
    """What a run that stamps documents did, or, if it was a dry run, would do."""

    collection: str | None = None
    """Name of the collection."""
    dry_run: bool = False
    """Whether nothing was written."""
    seen: int = 0
    """Documents without a stamp."""
    stamped: dict[str, int] = field(default_factory=dict)
    """How many were stamped, by the name of their version."""
    baseline: int = 0
    """Documents that can only be of a version that has no stamp."""
    conflicts: int = 0
    """Attempts that found a document changed by somebody else."""
    ambiguous: Documents = field(default_factory=Documents)
    """Documents valid in several versions."""
    invalid: Documents = field(default_factory=Documents)
    """Documents valid in none."""
    refused: Documents = field(default_factory=Documents)
    """Documents whose stamped form the server does not accept."""

    @property
    def is_complete(self) -> bool:
        """Whether every document is of a known version now."""
        return not (self.ambiguous.count or self.invalid.count or self.refused.count)

    def __str__(self) -> str:
        verb = "to be stamped" if self.dry_run else "stamped"
        return (
            f"{self.collection}: {self.seen} without a stamp, {sum(self.stamped.values())} {verb}, "
            f"{self.baseline} of a version without one, {self.ambiguous.count} ambiguous, "
            f"{self.invalid.count} invalid, {self.refused.count} refused, {self.conflicts} conflicts"
        )


def versions_of(chain: Chain, raw: Mapping[str, Any]) -> tuple[Sequence[Version], Mapping[str, str]]:
    """The versions that a document without a stamp can be.

    It can be a version that has a place for all its known keys and accepts it with the version's stamp added.

    Args:
        chain: All versions of the class.
        raw: The stored document.

    Returns:
        The versions, oldest first, and for the others, by name, why not.
    """
    evidence = gather(raw, chain.shapes)
    found, refusals = [], {}
    for number, version in enumerate(chain.versions):
        lacking = evidence.lacking(number)
        if lacking:
            refusals[version.name] = f"no place for {', '.join(map('.'.join, lacking))}"
            continue
        try:
            stamped = {**copy.deepcopy(dict(raw)), **stamp_of(chain, version)}
            version.schema.validate(stamped, allow_extra=True, strip_extra=True)
        except Invalid as error:
            refusals[version.name] = "; ".join(f"{path}: {text}" for path, text in error.flatten())
        else:
            found.append(version)
    return found, refusals


def stamp_of(chain: Chain, version: Version) -> dict[str, Any]:
    """The stamps that a version's documents bear, with their constants."""
    number = chain.versions.index(version)
    return {stamp.name: stamp.constants[number] for stamp in chain.stamps if number in stamp.constants}
