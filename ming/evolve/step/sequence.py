"""Steps one after the other: what stands between two versions."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ming import schema as S
from ming._stored_form import storable
from ming.evolve.step.base import Irreversible, Step
from ming.evolve.step.conflicts import refuse_conflicts, refuse_writing
from ming.evolve.step.fill import fills_of
from ming.evolve.step.paths import Raw, tops
from ming.evolve.step.stamping import constants_of, stamp_steps
from ming.exc import MingConfigError

__all__ = ["Steps", "merged_stages"]


@dataclass(frozen=True)
class Steps:
    """Steps that turn documents of one version into documents of the next; also a ``migrate`` function.

    Args:
        steps: The steps in order.
        fill: Whether fields that are missing afterwards get the constant defaults of the newer version.

    Raises:
        MingConfigError: The steps do not go together, or touch the ``_id``.
    """

    steps: tuple[Step, ...]
    fill: bool = False

    def __post_init__(self) -> None:
        refuse_writing(self.steps, "_id", "it never changes")
        refuse_conflicts(self.steps)

    def __call__(self, old: Mapping[str, Any]) -> dict[str, Any]:
        """Return what the steps make of a document, which stays as it is; the stamp is not their business."""
        raw: Raw = copy.deepcopy(dict(old))
        self.upgrade(raw)
        return raw

    def upgrade(self, raw: Raw) -> None:
        """Change a raw document in place: the reference."""
        for step in self.steps:
            step.upgrade(raw)

    def implied(self, source: S.Object, target: S.Object) -> tuple[Step, ...]:
        """The steps that a hop makes by itself: defaults where ``fill`` asks for them, then the stamp.

        Args:
            source: The schema of the version that documents are of.
            target: The schema of the version they become.
        """
        before, after = constants_of(source), constants_of(target)
        fills = fills_of(target) if self.fill else ()
        return (*fills, *stamp_steps(before, after, target.fields))

    def between(self, old: S.SchemaItem[Any], new: S.SchemaItem[Any]) -> Callable[[Any], Raw]:
        """Return the whole hop between two schemas as a function; for `ming.schema.Migrate`.

        Raises:
            MingConfigError: One of them is no schema of named fields.
        """
        if isinstance(old, S.Migrate):
            old = old.new
        if not isinstance(old, S.Object) or not isinstance(new, S.Object):
            raise MingConfigError(
                f"steps lead from one schema of named fields to another, not from {old!r} to {new!r}"
            )
        implied = self.implied(old, new)

        def migrate(value: Any) -> Raw:
            raw = self(storable(value, getattr(value, "_origin", None)))
            for step in implied:
                step.upgrade(raw)
            return raw

        return migrate

    def stages(self) -> list[dict[str, Any]] | None:
        """The steps as stages of an update pipeline, without stamp and fill; None where one is Python only."""
        return merged_stages(self.steps)

    def inverse(self) -> Steps | Irreversible:
        """The steps that take these back, or the reason why there are none."""
        inverses = []
        for step in reversed(self.steps):
            inverse = step.inverse()
            if isinstance(inverse, Irreversible):
                return Irreversible(f"{step}: {inverse.reason}")
            inverses.append(inverse)
        try:
            return Steps(tuple(inverses))
        except MingConfigError as error:
            # A step that found nothing to do stands in the way of one that has to put something there.
            return Irreversible(f"the steps back do not go together: {error}")

    def to_json(self) -> dict[str, Any]:
        """The steps in a form that both JSON and BSON keep."""
        form: dict[str, Any] = {"steps": [step.to_json() for step in self.steps]}
        return {**form, "fill": True} if self.fill else form

    @staticmethod
    def from_json(form: Mapping[str, Any]) -> Steps:
        """The steps of a JSON form.

        Raises:
            MingConfigError: One of them is no step.
        """
        try:
            return Steps(tuple(map(Step.from_json, form["steps"])), form.get("fill", False))
        except (KeyError, AttributeError) as error:
            raise MingConfigError(f"{form!r} is no form of steps") from error


def merged_stages(steps: Iterable[Step]) -> list[dict[str, Any]] | None:
    """Return steps as few stages; None where one is Python only.

    All expressions of a stage see the document before it, so a step that looks at nothing that the others write may
    join them. That is worth a third of the server's work in a hop of small steps.
    """
    stages: list[dict[str, Any]] = []
    written: set[str] = set()
    for step in steps:
        assignments = step.assignments()
        if assignments is None:
            return None
        looked_at = tops(step.reads | step.writes)
        if not stages or step.reads_everything or not written.isdisjoint(looked_at):
            stages.append({"$set": {}})
            written = set()
        stages[-1]["$set"].update(assignments)
        written |= tops(step.writes)
    return stages
