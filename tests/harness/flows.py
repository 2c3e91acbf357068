"""Flows, fed replies by hand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pymongo.results import UpdateResult

from ming._flows.operations import Sleep
from ming._flows.undo import OnAbort

__all__ = ["Play", "matched"]


def matched(count: int = 1, upserted: Any = None) -> UpdateResult:
    """The driver's reply to an update."""
    return UpdateResult({"n": count, "nModified": count, "upserted": upserted}, True)


class Play:
    """Runs a flow: records its operations, answers each find and update with the next reply.

    Args:
        flow: The flow.
        replies: The replies.
        pauses: Takes up how long the flow pauses.
    """

    def __init__(self, flow: Any, *replies: Any, pauses: list[float] | None = None) -> None:
        self.pauses = [] if pauses is None else pauses
        self.operations: list[Any] = []
        self.undo: list[Any] = []
        self.result: Any = None
        self._replies: Iterator[Any] = iter(replies)
        try:
            operation = next(flow)
            while True:
                operation = flow.send(self._reply(operation))
        except StopIteration as done:
            self.result = done.value

    def _reply(self, operation: Any) -> Any:
        if isinstance(operation, OnAbort):
            self.undo.append(operation.action)
            return None
        self.operations.append(operation)
        if isinstance(operation, Sleep):
            self.pauses.append(operation.seconds)
            return None
        return next(self._replies)

    @property
    def kinds(self) -> list[type]:
        """The types of its operations."""
        return [type(operation) for operation in self.operations]
