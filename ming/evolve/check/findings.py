"""One thing that a check found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ming.evolve.check.codes import CODES, Severity

__all__ = ["Finding", "finding"]


@dataclass(frozen=True)
class Finding:
    """One thing worth saying about a class.

    Args:
        code: A key of `CODES`.
        severity: How bad it is.
        cls: Name of the document class that the finding is about.
        message: What is the matter.
        path: The place in a document, if it is about one.
        hop: Names of the hop's classes, ``PersonV1 -> Person``, if it is about one.
        step: The step, numbered from 1 and named, if it is about one.
    """

    code: str
    severity: Severity
    cls: str
    message: str
    path: str = ""
    hop: str | None = None
    step: str | None = None

    @property
    def remedy(self) -> str:
        """What to do about it."""
        return CODES[self.code].remedy

    def __str__(self) -> str:
        where = ", ".join(part for part in (self.hop or self.cls, self.step) if part)
        place = f" {self.path}:" if self.path else ""
        return f"{self.severity.value}: {where}:{place} {self.message} [{self.code}]"

    def to_json(self) -> dict[str, Any]:
        """The finding as JSON has it."""
        return {
            "code": self.code,
            "severity": self.severity.value,
            "class": self.cls,
            "hop": self.hop,
            "step": self.step,
            "path": self.path,
            "message": self.message,
            "remedy": self.remedy,
        }


def finding(code: str, cls: str, message: str, **where: Any) -> Finding:
    """A finding as bad as its code says."""
    return Finding(code, CODES[code].severity, cls, message, **where)
