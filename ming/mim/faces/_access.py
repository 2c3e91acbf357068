"""How the handles reach the engine.

A `Channel` belongs to a database, an `Access` to a collection; `Database`, `Collection` and their cursors
hold one and send every command through it. What a client session adds to a command is in
`ming.mim.faces._sessions`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pymongo.errors import DocumentTooLarge, OperationFailure

from ming.mim.commands.core import Engine
from ming.mim.commands.patience import Patience
from ming.mim.data.errors import NAMESPACE_NOT_FOUND, TOO_LARGE, CommandError
from ming.mim.data.values import copied
from ming.mim.faces._codec import PLAIN, Codec
from ming.mim.faces._replies import first_batch, operation_failure
from ming.mim.faces._sessions import bound_session, run_in_session
from ming.mim.storage.open_transactions import Busy

__all__ = ["Access", "Channel"]


@dataclass(frozen=True)
class Channel:
    """One database of an engine, failing with the driver's exceptions.

    It waits while an open transaction stands in the way of a command.
    """

    engine: Engine
    database: str
    client: Any
    """Whose client sessions can be used."""

    @property
    def lenient(self) -> bool:
        """Whether the engine answers as Ming's in-memory engine where that differs from the server."""
        return self.engine.dialect.lenient

    def command(self, command: Mapping[str, Any], session: Any = None) -> dict[str, Any]:
        """Run a command.

        Args:
            command: The command.
            session: The client session to run it in; by default the one that is bound, if any.

        Raises:
            pymongo.errors.OperationFailure: The engine refused it.
        """
        reply: dict[str, Any] = copied(self.perform(PLAIN.command(command), session))
        return reply

    def perform(self, command: dict[str, Any], session: Any = None) -> dict[str, Any]:
        """Run a command without copying anything: the reply shares documents with the store.

        Args:
            command: The command, made by a `Codec`.
            session: As `command`.

        Raises:
            pymongo.errors.OperationFailure: As `command`.
        """
        if session is None:
            session = bound_session()
            if session is None:
                return self._run(command)
        return run_in_session(session, self.client, command, self._run)

    def _run(self, command: dict[str, Any]) -> dict[str, Any]:
        try:
            return self.engine.perform(self.database, command)
        except Busy as busy:
            return self._run_waiting(command, busy)
        except CommandError as error:
            raise operation_failure(error) from None

    def _run_waiting(self, command: dict[str, Any], busy: Busy) -> dict[str, Any]:
        patience = Patience(command)
        try:
            while True:
                busy.holder.ended.wait(patience.left(busy))
                try:
                    return self.engine.perform(self.database, command)
                except Busy as another:
                    busy = another
        except CommandError as error:
            raise operation_failure(error) from None


@dataclass(frozen=True)
class Access:
    """One collection of a channel, with the codec of the handle."""

    channel: Channel
    collection: str
    codec: Codec

    def run(self, command: dict[str, Any], session: Any = None) -> dict[str, Any]:
        """Run a command whose values follow the handle's codec options."""
        reply: dict[str, Any] = copied(self.channel.perform(self.codec.command(command), session))
        return reply

    def documents(self, command: dict[str, Any], session: Any = None) -> list[dict[str, Any]]:
        """Run a command that finds documents, and return them for the codec, which copies them."""
        return first_batch(self.channel.perform(self.codec.command(command), session))

    def run_checked(self, command: dict[str, Any], session: Any = None) -> dict[str, Any]:
        """Run a command with one document, whose size the driver checks before it sends anything.

        Raises:
            pymongo.errors.DocumentTooLarge: The document is larger than a server takes.
        """
        try:
            return self.run(command, session)
        except OperationFailure as error:
            if error.code != TOO_LARGE:
                raise
            raise DocumentTooLarge(f"{next(iter(command))} command document too large") from None

    def stored_indexes(self, session: Any = None) -> list[dict[str, Any]]:
        """Return the engine's description of every index; none for an unknown collection."""
        try:
            return first_batch(self.channel.command({"listIndexes": self.collection}, session))
        except OperationFailure as error:
            if error.code == NAMESPACE_NOT_FOUND:
                return []
            raise
