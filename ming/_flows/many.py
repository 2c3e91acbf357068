"""Operations on many documents at once, each of them one call: none leaves a cursor open.

`ming._flows.operations` has those on single documents, `ming._flows.streams` reads without end.
"""

from __future__ import annotations

from pymongo.results import DeleteResult, UpdateResult

from ming._flows.operations import DriverCall
from ming._types import AsyncExecutor, Executor, RawDocument

__all__ = ["Aggregate", "DeleteMany", "FindMany", "FindOneAndUpdate", "UpdateMany"]


class UpdateMany(DriverCall[UpdateResult]):
    """Update every document that matches."""

    __slots__ = ()
    verb = "update_many"


class DeleteMany(DriverCall[DeleteResult]):
    """Delete every document that matches."""

    __slots__ = ()
    verb = "delete_many"


class FindOneAndUpdate(DriverCall[RawDocument | None]):
    """Update one document and return it."""

    __slots__ = ()
    verb = "find_one_and_update"


class FindMany(DriverCall[list[RawDocument]]):
    """Read all documents that match; its ``limit`` bounds what is held."""

    __slots__ = ()
    verb = "find"

    def perform(self, session: Executor) -> list[RawDocument]:
        """Read to the end."""
        return list(super().perform(session))

    async def aperform(self, session: AsyncExecutor) -> list[RawDocument]:
        """Read to the end."""
        cursor = session.call(self.manager, self.verb, self.args, self.kwargs, by_id=self.by_id)
        return [raw async for raw in cursor]


class Aggregate(DriverCall[list[RawDocument]]):
    """Run a pipeline and return all it yields."""

    __slots__ = ()
    verb = "aggregate"

    def perform(self, session: Executor) -> list[RawDocument]:
        """Read to the end."""
        return list(super().perform(session))

    async def aperform(self, session: AsyncExecutor) -> list[RawDocument]:
        """Read to the end."""
        cursor = await session.call(self.manager, self.verb, self.args, self.kwargs, by_id=self.by_id)
        return [raw async for raw in cursor]
