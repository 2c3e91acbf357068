"""The unit of work: the objects a session tracks, in the order they came, and the plan of a flush."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from ming.odm.base import ObjectState, state
from ming.odm.identity_map import printed
from ming.odm.journal import Journal
from ming.utils import indent

if TYPE_CHECKING:
    from ming.odm.latent import Result
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
        if self.kind == "delete":
            # What these lead to is asked for by the flush.
            fields = ", ".join(f"{prop.cascade} {prop.name}" for prop in self.state.mapper.cascades)
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


class Tenure:
    """The time from one clearing of a unit of work to the next, which is how long it cares for objects.

    Its objects share it, so that an end for all of them takes no visit to each.

    Args:
        uow: The unit of work.
    """

    __slots__ = ("_uow",)

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow: UnitOfWork | None = uow

    @property
    def session(self) -> Any:
        """The session that tracks the objects; None when that is over."""
        return None if self._uow is None else self._uow.session

    def expect(self, own: ObjectState) -> None:
        """Note that an object is going to be stored by a flush."""
        if self._uow is not None:
            self._uow.expect(own)

    def end(self) -> None:
        """Care for the objects no longer."""
        self._uow = None


class UnitOfWork:
    """Tracked objects in the order in which they were first saved.

    Args:
        session: The session they belong to.
    """

    def __init__(self, session: TrackingSession) -> None:
        self.session = session
        self.objects: dict[int, Any] = {}
        """The tracked objects by their identity, for cursors to put theirs in."""
        self.tenure = Tenure(self)
        """What ties the objects to this unit of work, until it is cleared."""
        self._pending: dict[ObjectState, None] = {}
        self._journals: dict[tuple[Mapper[Any], str], Journal] = {}
        self._flushes = 0
        self.memory: Callable[[], Memory | None] = lambda: None
        """What the objects were before the running transaction, as long as that lasts."""
        self.in_progress: set[ObjectState] = set()
        """The states that are being stored: a flush that a hook starts, or another task, leaves them alone."""

    def __iter__(self) -> Iterator[Any]:
        return iter(list(self.objects.values()))

    def __len__(self) -> int:
        return len(self.objects)

    def __contains__(self, obj: Any) -> bool:
        return self.objects.get(id(obj)) is obj

    def __bool__(self) -> bool:
        return True

    def save(self, obj: Any) -> None:
        """Track an object; one that is tracked already keeps its place."""
        found = state(obj)
        self.objects.setdefault(id(obj), obj)
        found.tenure = self.tenure
        if found.status != ObjectState.clean:
            self.expect(found)
        if found.status == ObjectState.new:
            self.note_fields(found)

    def expunge(self, obj: Any) -> None:
        """Track an object no longer, if it is tracked."""
        found = state(obj)
        self.objects.pop(id(obj), None)
        self._pending.pop(found, None)
        if found.status == ObjectState.new:
            self.note_fields(found)
        elif not found.gone:
            # Its document is still there, and will be another object: relations that lead to it are read anew.
            self._close_journals(found.mapper.root)

    def _close_journals(self, root: Mapper[Any] | None = None) -> None:
        """Keep the journals, all or those of a family, no longer."""
        for of in [of for of in self._journals if root in (None, of[0])]:
            self._journals.pop(of).is_closed = True

    def clear(self) -> None:
        """Track nothing any longer."""
        self.tenure.end()
        self.tenure = Tenure(self)
        self.objects.clear()
        self._pending.clear()
        self._close_journals()

    def flush(self) -> Any:
        """Store everything that changed; the same as the session's flush."""
        return self.session.flush()

    def states(self) -> list[ObjectState]:
        """Return the states of the tracked objects."""
        return [state(obj) for obj in self]

    def expect(self, own: ObjectState) -> None:
        """Note that an object is going to be stored by a flush."""
        self._pending[own] = None

    def pending(self) -> list[ObjectState]:
        """Return the states of the objects that a flush is to store, in the order of all objects."""
        for own in [each for each in self._pending if each.status == ObjectState.clean]:
            del self._pending[own]
        waiting = {id(own.instance): own for own in self._pending if self.tracks(own)}
        if len(waiting) < 2:
            return list(waiting.values())
        return [waiting[key] for key in filter(waiting.__contains__, self.objects)]

    def together(self, result: Result) -> list[ObjectState]:
        """Return the states of the tracked objects that came in a result, and in no later one."""
        found = [self.objects[key] for key in dict.fromkeys(result.keys) if key in self.objects]
        return [own for own in map(state, found) if own.group is result]

    def journal(self, of: tuple[Mapper[Any], str]) -> Journal:
        """Return the journal of changes at a field, which is kept up from then on.

        Args:
            of: The mapper that stands for the objects' family, and the field: a foreign id or ``_id``.
        """
        if of not in self._journals:
            root, field = of
            of_family = (each for each in self.pending() if each.mapper.root is root)
            self._journals[of] = Journal(
                self.tenure, field, [each for each in of_family if each.status != ObjectState.deleted]
            )
        return self._journals[of]

    def directory(self, of: tuple[Mapper[Any], str]) -> Journal:
        """Return a journal of all tracked objects of a family, whether they changed or not; see `journal`."""
        root, field = of
        return Journal(self.tenure, field, [each for each in self.states() if each.mapper.root is root])

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
        return plan(self.pending(), besides=self.in_progress)

    def tracks(self, own: ObjectState) -> bool:
        """Whether the object of a state is tracked."""
        obj = own.instance
        return obj is not None and self.objects.get(id(obj)) is obj

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
        pending = {id(own.instance) for own in self.pending()}
        return (obj for key, obj in list(self.objects.items()) if key not in pending)

    @property
    def dirty(self) -> Iterator[Any]:
        """Objects with changes to be stored."""
        return self._with_status(ObjectState.dirty)

    @property
    def deleted(self) -> Iterator[Any]:
        """Objects to be deleted."""
        return self._with_status(ObjectState.deleted)

    def _with_status(self, status: str) -> Iterator[Any]:
        return (own.instance for own in self.pending() if own.status == status)

    def __repr__(self) -> str:
        lines = ["<UnitOfWork>"]
        for status in ObjectState.STATUSES:
            lines.append(f"  <{status}>")
            lines += [f"    {indent(printed(obj), 4)}" for obj in getattr(self, status)]
        return "\n".join(lines)
