"""Commands of the database as operations: what the driver's collections have no verb for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, cast

from ming._flows.operations import Operation
from ming._types import AsyncExecutor, Executor

__all__ = ["RunAdminCommand", "RunCommand"]


class _Bound(Protocol):
    """A session that has a database: both faces'."""

    @property
    def db(self) -> Any:
        """The driver's database."""
        ...


class RunCommand(Operation[dict[str, Any]]):
    """Run a command on the session's database; the reply is the server's.

    Args:
        command: The command, its name first.
    """

    __slots__ = ("command",)

    def __init__(self, command: Mapping[str, Any]) -> None:
        self.command = command

    def __repr__(self) -> str:
        return f"RunCommand({self.command!r})"

    def perform(self, session: Executor) -> dict[str, Any]:
        """Run it on a synchronous database."""
        reply: dict[str, Any] = cast(_Bound, session).db.command(self.command)
        return reply

    async def aperform(self, session: AsyncExecutor) -> dict[str, Any]:
        """Run it on an asynchronous database."""
        reply: dict[str, Any] = await cast(_Bound, session).db.command(self.command)
        return reply


class RunAdminCommand(RunCommand):
    """Run a command on the database ``admin`` beside the session's."""

    __slots__ = ()

    def perform(self, session: Executor) -> dict[str, Any]:
        """Run it on a synchronous database."""
        reply: dict[str, Any] = cast(_Bound, session).db.client.admin.command(self.command)
        return reply

    async def aperform(self, session: AsyncExecutor) -> dict[str, Any]:
        """Run it on an asynchronous database."""
        reply: dict[str, Any] = await cast(_Bound, session).db.client.admin.command(self.command)
        return reply
