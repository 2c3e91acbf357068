"""Which steps do not go together: found when they are declared, before any document is met."""

from __future__ import annotations

from collections.abc import Iterable

from ming.evolve.step.base import Step
from ming.evolve.step.paths import is_within, overlap
from ming.exc import MingConfigError

__all__ = ["refuse_conflicts", "refuse_writing"]


def refuse_conflicts(steps: Iterable[Step]) -> None:
    """Refuse steps of which one undoes, blocks or misses what an earlier one did.

    Raises:
        MingConfigError: The message names both steps.
    """
    so_far = _SoFar()
    for step in steps:
        so_far.check(step)
        so_far.add(step)


def refuse_writing(steps: Iterable[Step], path: str, reason: str) -> None:
    """Refuse steps that write what is not theirs to write.

    Raises:
        MingConfigError: One of them writes the path, or something below or above it.
    """
    for step in steps:
        if any(overlap(written, path) for written in step.writes):
            raise MingConfigError(f"{step} writes {path!r}: {reason}")


class _SoFar:
    """What the steps so far have done to which path."""

    def __init__(self) -> None:
        self.put: dict[str, Step] = {}
        self.removed: dict[str, Step] = {}
        self.single: dict[str, Step] = {}
        """Paths that hold a single value, which has no fields."""

    def check(self, step: Step) -> None:
        """Refuse a step that does not go with those so far."""
        for path in sorted(step.reads):
            self._check_read(step, path)
        for path in sorted(step.reads | step.writes):
            self._check_way(step, path)
        for path in sorted(step.puts):
            self._check_put(step, path)
        for path in sorted(step.removes - step.reads):
            self._check_removed(step, path)

    def _check_read(self, step: Step, path: str) -> None:
        if any(overlap(path, target) for target in self.put):
            return
        for gone, by in self.removed.items():
            if is_within(path, gone):
                raise MingConfigError(f"{step} reads {path!r}, which {by} removed")

    def _check_way(self, step: Step, path: str) -> None:
        for target, by in self.single.items():
            if path != target and is_within(path, target):
                raise MingConfigError(f"{step} goes through {target!r}, where {by} puts a single value")

    def _check_put(self, step: Step, path: str) -> None:
        for target, by in self.put.items():
            changes_it = path == target and path in step.reads
            if is_within(target, path) and not changes_it:
                raise MingConfigError(f"{step} and {by} overlap: both put a value at {target!r}")

    def _check_removed(self, step: Step, path: str) -> None:
        for target, by in self.put.items():
            if overlap(path, target):
                raise MingConfigError(f"{step} removes {path!r}, where {by} put a value")

    def add(self, step: Step) -> None:
        """Note what a step does."""
        if not step.writes:
            # A function that does not say what it writes may have done anything.
            for noted in (self.put, self.removed, self.single):
                noted.clear()
        for path in step.removes:
            _forget_within(path, self.put, self.single)
            self.removed[path] = step
        for path in step.puts:
            _forget_within(path, self.removed)
            self.put[path] = step
        for path in step.writes:
            self.single.pop(path, None)
        self.single.update(dict.fromkeys(step.single, step))


def _forget_within(path: str, *notes: dict[str, Step]) -> None:
    for noted in notes:
        for other in [other for other in noted if is_within(other, path)]:
            del noted[other]
