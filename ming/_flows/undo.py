"""What is taken back when a transaction is aborted: documents must not believe to be stored."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, cast

from ming._flows.operations import Operation
from ming._types import AsyncExecutor, Executor

__all__ = ["OnAbort"]

Action = Callable[[], object]


class _Transactional(Protocol):
    """A session that knows about transactions: both faces'."""

    def on_abort(self, action: Action) -> None:
        """Have something done if the running transaction is aborted; nothing outside of transactions."""
        ...


class OnAbort(Operation[None]):
    """Have something done if the running transaction is aborted; nothing outside of transactions.

    Args:
        action: What to do.
    """

    __slots__ = ("action",)

    def __init__(self, action: Action) -> None:
        self.action = action

    def perform(self, session: Executor) -> None:
        """Tell a synchronous session."""
        cast(_Transactional, session).on_abort(self.action)

    async def aperform(self, session: AsyncExecutor) -> None:
        """Tell an asynchronous session."""
        cast(_Transactional, session).on_abort(self.action)
