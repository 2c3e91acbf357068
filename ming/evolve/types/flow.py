"""The type of a document on its way through steps, and what there is to say about the way.

`ming.evolve.types.transfer` sends it through steps.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final

from ming.evolve.types import paths as type_paths
from ming.evolve.types.domain import ANYTHING, Type

__all__ = ["UNKNOWN", "Flow", "Remark"]

UNKNOWN: Final = replace(ANYTHING, loose=True)
"""What a function makes."""


@dataclass(frozen=True)
class Remark:
    """Something about one step.

    Args:
        code: The code of the finding it becomes.
        path: The place.
        message: What is the matter.
    """

    code: str
    path: str
    message: str


@dataclass
class Flow:
    """The type of a document on its way through steps."""

    record: Type
    remarks: list[Remark] = field(default_factory=list)
    taken: set[str] = field(default_factory=set)
    """Paths whose values an earlier step has carried elsewhere."""

    def peek(self, path: str) -> Type:
        """What is at a path."""
        return type_paths.read(self.record, path)

    def read(self, path: str) -> Type:
        """What is at a path, where a step expects something."""
        found = self.peek(path)
        if found.is_absent:
            self.remark("reads-nothing", path, "nothing is there")
        return found

    def put(self, path: str, value: Type) -> None:
        """Put something at a path."""
        self.record = type_paths.put(self.record, path, value)

    def remove(self, path: str, prune: bool = False) -> None:
        """Remove what is at a path."""
        self.record = type_paths.remove(self.record, path, prune)

    def remark(self, code: str, path: str, message: str) -> None:
        """Note something."""
        self.remarks.append(Remark(code, path, message))
