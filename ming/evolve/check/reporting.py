"""What a check answers: the findings, and what the chains that were checked promise."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any

from ming.evolve.check.codes import Severity
from ming.evolve.check.findings import Finding

__all__ = ["ChainReport", "CheckReport", "Compatibility", "Level"]


class Level(str, Enum):
    """Which versions can read each other's documents."""

    NONE = "none"
    BACKWARD = "backward"
    """The newer version reads what the older wrote."""
    FORWARD = "forward"
    """The older version reads what the newer writes."""
    FULL = "full"
    """Both."""

    @classmethod
    def of(cls, backward: bool, forward: bool) -> Level:
        """The level that allows just these directions."""
        if backward and forward:
            return cls.FULL
        return cls.BACKWARD if backward else cls.FORWARD if forward else cls.NONE

    def includes(self, other: Level) -> bool:
        """Whether this level promises what another one does."""
        return other in (self, Level.NONE) or self is Level.FULL


@dataclass(frozen=True)
class Compatibility:
    """Whether versions can read each other's documents.

    Args:
        level: Of the newest version and the one before it.
        transitive: Of the newest version and all older ones.
        backward: What stands against backward compatibility, with any older version.
        forward: What stands against forward compatibility.
        reversible: Whether every step of the chain can be taken back without losing anything.
    """

    level: Level
    transitive: Level
    backward: tuple[str, ...]
    forward: tuple[str, ...]
    reversible: bool

    def to_json(self) -> dict[str, Any]:
        """The same as JSON has it."""
        return {
            "level": self.level.value,
            "transitive": self.transitive.value,
            "backward": list(self.backward),
            "forward": list(self.forward),
            "reversible": self.reversible,
        }


@dataclass(frozen=True)
class ChainReport:
    """What is known about one class and its older versions.

    Args:
        cls: Name of the newest class.
        collection: Name of the collection.
        versions: Names of all classes, oldest first.
        compatibility: What the newest hop, and all of them, promise.
        deploy: What to do on a deploy, in order.
    """

    cls: str
    collection: str | None
    versions: tuple[str, ...]
    compatibility: Compatibility
    deploy: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """The report as JSON has it."""
        return {
            "class": self.cls,
            "collection": self.collection,
            "versions": list(self.versions),
            "compatibility": self.compatibility.to_json(),
            "deploy": list(self.deploy),
        }


@dataclass(frozen=True)
class CheckReport:
    """Everything a check found.

    Args:
        findings: The findings, the worst first.
        chains: What was checked.
    """

    findings: tuple[Finding, ...]
    chains: tuple[ChainReport, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether there is no error."""
        return not self.of(Severity.ERROR)

    def of(self, severity: Severity) -> list[Finding]:
        """The findings that are just as bad."""
        return [each for each in self.findings if each.severity is severity]

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.findings)

    def __str__(self) -> str:
        counts = ", ".join(f"{len(self.of(severity))} {severity.value}" for severity in Severity)
        size = len(self.chains)
        return "\n".join([*self._lines(), f"{size} {'class' if size == 1 else 'classes'} checked: {counts}"])

    def _lines(self) -> Iterable[str]:
        for each in self.findings:
            yield str(each)
            if each.severity is not Severity.INFO:
                yield f"    {each.remedy}"

    def to_json(self) -> dict[str, Any]:
        """The report as JSON has it."""
        return {
            "ok": self.ok,
            "findings": [each.to_json() for each in self.findings],
            "chains": [each.to_json() for each in self.chains],
        }
