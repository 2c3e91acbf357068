"""Updates that compare texts exactly, whatever the collation of a collection takes for equal.

Filters and expressions compare with the collection's collation, unless the call says otherwise. A guarded
update must notice each change, a change of case as well.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, Protocol, cast

import pymongo
from pymongo.results import BulkWriteResult

from ming._flows.operations import DriverCall, UpdateOne
from ming._types import AsyncExecutor, Executor, ManagerLike

__all__ = ["SIMPLE", "ExactUpdateOne", "ExactUpdates"]

SIMPLE: Final = {"locale": "simple"}
"""The collation that compares texts as they are."""


class _Writer(Protocol):
    """A session that knows whether its writes are answered: both faces'."""

    def acknowledges(self, manager: ManagerLike[Any], write_concern: Any) -> bool:
        """Whether the server answers a write."""
        ...


class ExactUpdateOne(UpdateOne):
    """Update one document."""

    __slots__ = ()

    def perform(self, session: Executor) -> Any:
        """Call the verb."""
        return session.call(self.manager, self.verb, self.args, self._exactly(session), by_id=True)

    async def aperform(self, session: AsyncExecutor) -> Any:
        """Call the verb and await its reply."""
        return await session.call(self.manager, self.verb, self.args, self._exactly(session), by_id=True)

    def _exactly(self, session: Executor) -> Mapping[str, Any]:
        return {**_exactly(self, session), **self.kwargs}


class ExactUpdates(DriverCall[BulkWriteResult]):
    """Make several updates, in any order; the argument is a sequence of filters with their updates."""

    __slots__ = ()
    verb = "bulk_write"

    def perform(self, session: Executor) -> Any:
        """Call the verb."""
        return session.call(self.manager, self.verb, [self._writes(session)], self._unordered)

    async def aperform(self, session: AsyncExecutor) -> Any:
        """Call the verb and await its reply."""
        return await session.call(self.manager, self.verb, [self._writes(session)], self._unordered)

    @property
    def _unordered(self) -> Mapping[str, Any]:
        return {"ordered": False, **self.kwargs}

    def _writes(self, session: Executor) -> Sequence[pymongo.UpdateOne]:
        (updates,) = self.args
        return [pymongo.UpdateOne(*update, **_exactly(self, session)) for update in updates]


def _exactly(call: DriverCall[Any], session: Executor) -> Mapping[str, Any]:
    # With a write that is not acknowledged, the driver takes no collation; nor does whoever sends one want to
    # know whether it was made.
    is_answered = cast(_Writer, session).acknowledges(call.manager, call.kwargs.get("write_concern"))
    return {"collation": SIMPLE} if is_answered else {}
