"""The unit of work: the objects a session tracks, in the order they came, and the plan of a flush."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from ming.odm.base import ObjectState, state
from ming.odm.journal import Journal
from ming.utils import indent

if TYPE_CHECKING:
    from ming.odm.mapper import Mapper
    from ming.odm.memory import Memory
    from ming.odm.tracking import TrackingSession

__all__ = ["FlushPlan", "Step", "UnitOfWork"]

Kind = Literal["insert", "update", "delete"]

_KINDS: dict[str, Kind] = {"new": "insert", "dirty": "update", "deleted": "delete"}


@dataclass(frozen=True)
class Step:
    """What a flush does for one object."""

    kind: Kind
    state: ObjectState
    """The object's state, from which the fields to store are taken when the step is performed."""

    def __str__(self) -> str:
        document = self.state.document
        names = {"insert": document, "update": self.state.changes(), "delete": {}}[self.kind]
        fields = ", ".join(sorted(set(names) - {"_id"}))
        text = f"{self.kind} {type(self.state.instance).__name__} _id={self.state.document_id!r}"
        return f"{text}: {fields}" if fields else text


@dataclass(frozen=True)
class FlushPlan:
    """The steps of a flush, in order."""

    steps: tuple[Step, ...]

    def __iter__(self) -> Iterator[Step]:
        return iter(self.steps)

    def __len__(self) -> int:
        return len(self.steps)

    def __str__(self) -> str:
        return "\n".join(map(str, self.steps)) or "nothing to do"


def plan(states: Iterable[ObjectState], besides: Collection[ObjectState] = ()) -> FlushPlan:
    """Return the plan for states; clean ones need nothing, nor do those whose deletion was flushed.

    Args:
        states: The states, in order.
        besides: Those that somebody else is storing.

    Raises:
        AssertionError: A status is none of those there are.
    """
    steps = []
    for found in states:
        assert found.status in ObjectState.STATUSES, f"unknown status {found.status!r}"
        if found.status != ObjectState.clean and not found.gone and found not in besides:
            steps.append(Step(_KINDS[found.status], found))
    return FlushPlan(tuple(steps))


class UnitOfWork:
    """Tracked objects in the order in which they were first saved.

    Args:
        session: The session they belong to.
    """

    def __init__(self, session: TrackingSession) -> None:
        self.session = session
        self._objects: dict[ObjectState, Any] = {}
        self.add: Callable[[ObjectState, Any], None] = self._objects.__setitem__
        """Track an object that is not tracked."""
        self._journals: dict[tuple[Mapper[Any], str], Journal] = {}
        self._flushes = 0
        self.memory: Callable[[], Memory | None] = lambda: None
        """What the objects were before the running transaction, as long as that lasts."""
        self.in_progress: set[ObjectState] = set()
        """The states that are being stored: a flush that a hook starts, or another task, leaves them alone."""

    def __iter__(self) -> Iterator[Any]:
        return iter(list(self._objects.values()))

    def __len__(self) -> int:
        return len(self._objects)

    def __contains__(self, obj: Any) -> bool:
        return state(obj) in self._objects

    def __bool__(self) -> bool:
        return True

    def save(self, obj: Any) -> None:
        """Track an object; one that is tracked already keeps its place."""
        found = state(obj)
        self._objects.setdefault(found, obj)
        if found.status == ObjectState.new:
            self.note_fields(found)

    def expunge(self, obj: Any) -> None:
        """Track an object no longer, if it is tracked."""
        found = state(obj)
        self._objects.pop(found, None)
        if found.status == ObjectState.new:
            self.note_fields(found)
        elif not found.gone:
            # Its document is still there, and will be another object: relations that lead to it are read anew.
            root = found.mapper.root
            self._journals = {of: each for of, each in self._journals.items() if of[0] is not root}

    def clear(self) -> None:
        """Track nothing any longer."""
        self._objects.clear()
        self._journals.clear()

    def flush(self) -> Any:
        """Store everything that changed; the same as the session's flush."""
        return self.session.flush()

    def states(self) -> list[ObjectState]:
        """Return the states of the tracked objects."""
        return list(self._objects)

    def journal(self, of: tuple[Mapper[Any], str]) -> Journal:
        """Return the journal of changes at a field, which is kept up from then on.

        Args:
            of: The mapper that stands for the objects' family, and the field: a foreign id or ``_id``.
        """
        if of not in self._journals:
            root, field = of
            pending = (ObjectState.new, ObjectState.dirty)
            self._journals[of] = Journal(
                field, [each for each in self._family(root) if each.status in pending]
            )
        return self._journals[of]

    def directory(self, of: tuple[Mapper[Any], str]) -> Journal:
        """Return a journal of all tracked objects of a family, whether they changed or not; see `journal`."""
        root, field = of
        return Journal(field, self._family(root))

    def _family(self, root: Mapper[Any]) -> list[ObjectState]:
        return [each for each in self._objects if each.mapper.root is root]

    def note(self, own: ObjectState, name: str) -> None:
        """Note that a field of an object changes in memory."""
        if self._journals:
            journal = self._journals.get((own.mapper.root, name))
            if journal is not None:
                journal.note(own)

    def note_fields(self, own: ObjectState) -> None:
        """Note that an object came or went, or that all of it changed."""
        for name in ("_id", *own.mapper.foreign_ids):
            self.note(own, name)

    def plan(self) -> FlushPlan:
        """Return what a flush would do now."""
        return plan(list(self._objects), besides=self.in_progress)

    def tracks(self, own: ObjectState) -> bool:
        """Whether the object of a state is tracked."""
        return own in self._objects

    @property
    def is_flushing(self) -> bool:
        """Whether a flush is being performed."""
        return self._flushes > 0

    @contextmanager
    def flushing(self) -> Iterator[set[ObjectState]]:
        """Perform a flush; until its end hooks see the originals of the states it stores, which go into the set."""
        stored: set[ObjectState] = set()
        self._flushes += 1
        try:
            yield stored
        finally:
            self._flushes -= 1
            for own in stored:
                own.forget_original()

    @contextmanager
    def performing(self, states: Iterable[ObjectState]) -> Iterator[None]:
        """Store states; no other flush does meanwhile."""
        entered = set(states) - self.in_progress
        self.in_progress |= entered
        try:
            yield
        finally:
            self.in_progress -= entered

    @property
    def new(self) -> Iterator[Any]:
        """Objects to be inserted."""
        return self._with_status(ObjectState.new)

    @property
    def clean(self) -> Iterator[Any]:
        """Objects that are stored as they are."""
        return self._with_status(ObjectState.clean)

    @property
    def dirty(self) -> Iterator[Any]:
        """Objects with changes to be stored."""
        return self._with_status(ObjectState.dirty)

    @property
    def deleted(self) -> Iterator[Any]:
        """Objects to be deleted."""
        return self._with_status(ObjectState.deleted)

    def _with_status(self, status: str) -> Iterator[Any]:
        return (obj for found, obj in list(self._objects.items()) if found.status == status)

    def __repr__(self) -> str:
        lines = ["<UnitOfWork>"]
        for status in ObjectState.STATUSES:
            lines.append(f"  <{status}>")
            lines += [f"    {indent(repr(obj), 4)}" for obj in self._with_status(status)]
        return "\n".join(lines)
