"""What a run would do to single documents: before, after, and where the two differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ming._flows.changes import same
from ming._values import Missing

__all__ = ["Change", "Sample", "changes_between"]


@dataclass(frozen=True)
class Change:
    """One value that changes."""

    path: str
    """Dotted path to it; a list is one value."""
    before: Any
    """Its value now; `Missing` where there is none."""
    after: Any
    """Its value afterwards, likewise."""

    def __str__(self) -> str:
        if self.before is Missing:
            return f"+ {self.path}: {self.after!r}"
        if self.after is Missing:
            return f"- {self.path}: {self.before!r}"
        return f"~ {self.path}: {self.before!r} -> {self.after!r}"


@dataclass(frozen=True)
class Sample:
    """What a run would do to one document."""

    document_id: Any
    """Its ``_id``."""
    version: str | None
    """Name of the version it is of; None if that cannot be told."""
    before: dict[str, Any]
    """As it is stored."""
    after: dict[str, Any] | None
    """As it would be stored; None if it would be refused."""
    changes: tuple[Change, ...] = ()
    """Where the two differ."""
    problem: str | None = None
    """Why the document would be refused, or how server and Python disagree about it."""


def changes_between(before: Mapping[str, Any], after: Mapping[str, Any], path: str = "") -> Iterator[Change]:
    """The values that differ, at every depth."""
    for key in dict.fromkeys((*before, *after)):
        old, new = before.get(key, Missing), after.get(key, Missing)
        where = f"{path}.{key}" if path else key
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            yield from changes_between(old, new, where)
        elif not same(old, new):
            yield Change(where, old, new)
