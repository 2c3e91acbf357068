"""A flush: a plan (`ming.odm.unit_of_work`), performed in order.

Neighbouring steps on one collection go out as one ordered bulk write (`ming.odm.bulk`), unless somebody wants
to be called around each of them; either way a state changes only after its step succeeded, and everything
after a failed step stays as it was.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby, islice
from typing import TYPE_CHECKING, Any

from ming._flows.origins import is_upgraded
from ming.odm import bulk
from ming.odm.base import ObjectState, call_hook, state
from ming.odm.cascades import cascade
from ming.odm.unit_of_work import Step, plan
from ming.odm.writes import strips

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
        self._cascaded: list[ObjectState] = []
        self._bulkable: dict[Mapper[Any], bool] = {}

    def perform(self) -> Flow[None]:
        """Perform the steps there are, and those that hooks give rise to; each object is stored once."""
        session = self._session
        if session.bind is None:
            # Raises, also where there is nothing to store.
            session.db  # noqa: B018
        seen: set[ObjectState] = set()
        while True:
            self._cascaded += yield from cascade(session, self._states())
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
        if self._only is None:
            states: list[ObjectState] = self._session.uow.pending()
            return states
        # What goes with the object is stored with it, and before it, should something be in the way.
        return [*dict.fromkeys(self._cascaded), self._only]

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
        if is_upgraded(own.document) or strips(own) or not self._is_bulkable(own.mapper):
            return None
        if own.mapper.version_field is not None and self._session.in_transaction:
            # There a bulk write does not say which of its updates found another version.
            return None
        return manager.collection_name, manager.driver_options

    def _is_bulkable(self, mapper: Mapper[Any]) -> bool:
        if mapper not in self._bulkable:
            self._bulkable[mapper] = self._session.is_bulkable(mapper)
        return self._bulkable[mapper]
