"""One hop of a version chain: from the documents of one version to those of the next.

A hop is its steps, then the defaults of the newer version if ``fill`` asks for them, then the stamp. It works
on raw documents as they are stored: defaults of the older version are not filled in, unknown keys travel.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ming.evolve.step.base import Irreversible, Step
from ming.evolve.step.conflicts import refuse_writing
from ming.evolve.step.paths import Raw, tops
from ming.evolve.step.python_code import compile_steps
from ming.evolve.step.sequence import Steps, merged_stages

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ming.evolve.chain import Version

__all__ = ["Hop", "compile_hops"]


@dataclass(frozen=True, eq=False)
class Hop:
    """The way from one version to another.

    Args:
        source: The version that documents are of.
        target: The version they become.
        steps: The declared steps; None where an opaque function makes the hop.
        source_filter: A filter for the stored documents of the source version; None where no stamp tells them.
    """

    source: Version
    target: Version
    steps: Steps | None
    source_filter: dict[str, Any] | None = field(default=None, repr=False)

    def check(self) -> None:
        """Refuse steps that write a constant of either version.

        Raises:
            MingConfigError: One does.
        """
        declared = () if self.steps is None else self.steps.steps
        for version in (self.source, self.target):
            for name in version.constants:
                refuse_writing(
                    declared, name, f"the constant of {version.name} is exchanged by the hop itself"
                )

    @cached_property
    def all_steps(self) -> tuple[Step, ...] | None:
        """The declared steps, then the implied ones for defaults and stamp; None for an opaque hop."""
        if self.steps is None:
            return None
        return (*self.steps.steps, *self.steps.implied(self.source.schema, self.target.schema))

    def upgrade(self, raw: Raw) -> Raw:
        """Return a document of the source version as one of the target; the given one stays as it is.

        Raises:
            TypeError: An opaque function makes the hop.
        """
        return self._generated(raw)

    @cached_property
    def _generated(self) -> Callable[[Raw], Raw]:
        return compile_hops((self,))

    def code(self) -> str:
        """Return the generated Python, for reading."""
        generated: Any = self._generated
        return str(generated.source)

    def reference(self, raw: Raw) -> Raw:
        """Do the same, step by step.

        Raises:
            TypeError: An opaque function makes the hop.
        """
        made = copy.deepcopy(raw)
        for step in _known_steps(self):
            step.upgrade(made)
        return made

    def stages(self) -> list[dict[str, Any]] | None:
        """The whole hop as stages of an update pipeline; None where the server cannot make it.

        They are to be run with the simple collation, because an expression compares texts with the collection's.
        """
        return None if self.all_steps is None else merged_stages(self.all_steps)

    @cached_property
    def server_reason(self) -> str | None:
        """Why the server cannot make this hop; None where it can."""
        if self.all_steps is None:
            return f"{self.target.name} declares an opaque migrate function"
        for step in self.all_steps:
            if step.assignments() is None:
                return f"only Python can do {step}"
        return None

    def inverse(self) -> Steps | Irreversible:
        """The steps that take the declared ones back; a hop the other way adds the stamp."""
        if self.steps is None:
            return Irreversible(f"{self.target.name} declares an opaque migrate function")
        return self.steps.inverse()

    def sources(self, name: str) -> frozenset[str] | None:
        """The stored top-level fields that one of the target's is computed from; None where that is unknown."""
        if self.all_steps is None:
            return None
        names = {name}
        for step in reversed(self.all_steps):
            concerned = not step.writes or not names.isdisjoint(tops(step.writes))
            if concerned and (step.reads_everything or not step.writes):
                return None
            if concerned:
                # Where a step writes, what is there already may keep it from writing.
                names |= tops(step.reads | step.writes)
        return frozenset(names)


def compile_hops(hops: Sequence[Hop]) -> Callable[[Raw], Raw]:
    """Compile neighbouring hops into one function, from a raw document to its upgrade.

    Raises:
        TypeError: An opaque function makes one of them.
    """
    parts = [(f"from {hop.source.name} to {hop.target.name}", _known_steps(hop)) for hop in hops]
    return compile_steps(f"from {hops[0].source.name} to {hops[-1].target.name}", parts)


def _known_steps(hop: Hop) -> tuple[Step, ...]:
    if hop.all_steps is None:
        raise TypeError(f"{hop.target.name}: an opaque migrate function, not steps, makes this hop")
    return hop.all_steps
