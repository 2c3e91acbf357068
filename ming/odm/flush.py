"""A flush: a plan (`ming.odm.unit_of_work`), performed in order.

Neighbouring steps on one collection go out as one ordered bulk write (`ming.odm.bulk`), unless somebody wants
to be called around each of them; either way a state changes only after its step succeeded, and everything
after a failed step stays as it was.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, islice
from typing import TYPE_CHECKING, Any

from ming._flows.rebase import is_upgraded
from ming.odm import bulk
from ming.odm.base import ObjectState, call_hook, state
from ming.odm.relations import RelationProperty, load
from ming.odm.unit_of_work import Step, plan

if TYPE_CHECKING:
    from ming._types import Flow
    from ming.odm.mapper import Mapper

__all__ = ["flush"]


def flush(session: Any, obj: Any = None) -> Flow[None]:
    """Store everything that changed, or one object.

    Args:
        session: The session.
        obj: The object; by default all that the session tracks.

    Raises:
        StaleObject: A document has been deleted, or somebody else changed what must not change. What came
            before the object is stored, the object and what comes after it are as they were; and so for
            errors of the driver and of hooks.
        MongoGone: The session has no datastore.
    """
    args = () if obj is None else (obj,)
    session.enlist()
    with session.uow.flushing() as stored:
        yield from call_hook(session.extensions, "flush", _Flush(session, obj, stored).perform(), *args)


class _Flush:
    """One flush.

    Args:
        session: The session.
        obj: The only object to store, or None.
        stored: Takes up the states of what is stored.
    """

    def __init__(self, session: Any, obj: Any, stored: set[ObjectState]) -> None:
        self._session = session
        self._only = None if obj is None else state(obj)
        self._stored = stored
        self._bulkable: dict[Mapper[Any], bool] = {}

    def perform(self) -> Flow[None]:
        """Perform the steps there are, and those that hooks give rise to; each object is stored once."""
        session = self._session
        if session.bind is None:
            # Raises, also where there is nothing to store.
            session.db  # noqa: B018
        seen: set[ObjectState] = set()
        while True:
            yield from _cascade(session, self._states())
            steps = [step for step in plan(self._states()) if step.state not in seen]
            if not steps:
                return
            seen.update(step.state for step in steps)
            self._stored.update(step.state for step in steps)
            for together, run in groupby(steps, key=self._bulk_key):
                if together is None:
                    for step in run:
                        yield from bulk.one_by_one(session, self._current([step]))
                else:
                    while batch := list(islice(run, bulk.SIZE)):
                        yield from bulk.perform(session, list(self._current(batch)))

    def _states(self) -> list[ObjectState]:
        return self._session.uow.states() if self._only is None else [self._only]

    def _current(self, steps: Iterable[Step]) -> Iterator[Step]:
        """The steps as they are due now: hooks may have changed an object, stored it or let it go."""
        uow = self._session.uow
        for step in steps:
            if step.state is self._only or uow.tracks(step.state):
                yield from plan([step.state], besides=uow.in_progress)

    def _bulk_key(self, step: Step) -> Any:
        """What the steps of one bulk write share; None for a step that has to be a write of its own."""
        own = step.state
        manager = own.mapper.manager
        if is_upgraded(own.document) or not self._is_bulkable(own.mapper):
            return None
        return manager.collection_name, manager.driver_options

    def _is_bulkable(self, mapper: Mapper[Any]) -> bool:
        if mapper not in self._bulkable:
            self._bulkable[mapper] = self._session.is_bulkable(mapper)
        return self._bulkable[mapper]


def _cascade(session: Any, states: Iterable[ObjectState]) -> Flow[None]:
    """Delete or detach what belongs to objects about to be deleted."""
    waiting = [own for own in states if own.status == ObjectState.deleted and not own.gone]
    seen: set[ObjectState] = set()
    while waiting:
        seen.update(waiting)
        found: list[ObjectState] = []
        for prop, own in _by_cascade(waiting):
            yield from load(session, prop, own)
            related = [obj for each in own for obj in prop.related_to(each)]
            for obj in related:
                _let_go(prop, obj, [each.document_id for each in own])
            found += map(state, related)
        waiting = [own for own in found if own.status == ObjectState.deleted and own not in seen]


def _by_cascade(states: Iterable[ObjectState]) -> Iterator[tuple[RelationProperty, list[ObjectState]]]:
    rules: dict[RelationProperty, list[ObjectState]] = {}
    for own in states:
        for prop in own.mapper.cascades:
            rules.setdefault(prop, []).append(own)
    return iter(rules.items())


def _let_go(prop: RelationProperty, obj: Any, owners: Sequence[Any]) -> None:
    if prop.cascade == "delete":
        state(obj).status = ObjectState.deleted
    elif prop.join.prop.uselist:
        setattr(
            obj, prop.join.foreign, [each for each in getattr(obj, prop.join.foreign) if each not in owners]
        )
    else:
        setattr(obj, prop.join.foreign, None)
