"""Reading a cursor inside a flow, batch by batch."""

from __future__ import annotations

from itertools import islice
from typing import Any

from ming._flows.operations import DriverCall, Operation
from ming._types import AsyncExecutor, Executor, RawDocument

__all__ = ["OpenFind", "TakeBatch"]


class OpenFind(DriverCall[Any]):
    """Open a cursor over documents to be visited one and all.

    A hint declared for the class's queries stays out: a sparse index would hide documents.
    """

    __slots__ = ()
    verb = "find"

    async def aperform(self, session: AsyncExecutor) -> Any:
        """Open a cursor; nothing is sent yet."""
        return session.call(self.manager, self.verb, self.args, self.kwargs, by_id=self.by_id)


class TakeBatch(Operation[list[RawDocument]]):
    """Read the next documents of an open cursor; an empty list is its end.

    Args:
        cursor: The reply of `OpenFind`.
        size: How many at most.
    """

    __slots__ = ("cursor", "size")

    def __init__(self, cursor: Any, size: int) -> None:
        self.cursor = cursor
        self.size = size

    def perform(self, session: Executor) -> list[RawDocument]:
        """Read from a synchronous cursor."""
        return list(islice(self.cursor, self.size))

    async def aperform(self, session: AsyncExecutor) -> list[RawDocument]:
        """Read from an asynchronous cursor."""
        batch: list[RawDocument] = []
        while len(batch) < self.size:
            try:
                batch.append(await self.cursor.__anext__())
            except StopAsyncIteration:
                break
        return batch
