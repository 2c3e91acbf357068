"""How the handles reach the engine.

A `Channel` belongs to a database, an `Access` to a collection; `Database`, `Collection` and their cursors
hold one and send every command through it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pymongo.errors import OperationFailure

from ming.mim._codec import Codec
from ming.mim._replies import first_batch, operation_failure
from ming.mim.core import Engine
from ming.mim.errors import NAMESPACE_NOT_FOUND, CommandError

__all__ = ["Access", "Channel"]


@dataclass(frozen=True)
class Channel:
    """One database of an engine, failing with the driver's exceptions."""

    engine: Engine
    database: str

    @property
    def lenient(self) -> bool:
        """Whether the engine answers as Ming's in-memory engine where that differs from the server."""
        return self.engine.dialect.lenient

    def command(self, command: Mapping[str, Any]) -> dict[str, Any]:
        """Run a command.

        Raises:
            pymongo.errors.OperationFailure: The engine refused it.
        """
        try:
            return self.engine.command(self.database, command)
        except CommandError as error:
            raise operation_failure(error) from None


@dataclass(frozen=True)
class Access:
    """One collection of a channel, with the codec of the handle."""

    channel: Channel
    collection: str
    codec: Codec

    def run(self, command: dict[str, Any]) -> dict[str, Any]:
        """Run a command whose values follow the handle's codec options."""
        return self.channel.command(self.codec.command(command))

    def stored_indexes(self) -> list[dict[str, Any]]:
        """Return the engine's description of every index; none for an unknown collection."""
        try:
            return first_batch(self.channel.command({"listIndexes": self.collection}))
        except OperationFailure as error:
            if error.code == NAMESPACE_NOT_FOUND:
                return []
            raise
