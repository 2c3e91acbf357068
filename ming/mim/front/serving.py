"""What clients of the wire protocol are answered.

A `Front` stands before an engine and answers as a server that is the only member of a replica set: drivers
use sessions and transactions with nothing less. Commands go to the engine, but for those about the connection
and the process, which are in `ming.mim.front.diagnostics`. `ming.mim.front.server` carries the messages.
"""

from __future__ import annotations

import itertools
import logging
from collections.abc import Mapping
from typing import Any, Final

from bson import Int64

from ming.mim.commands.core import Engine
from ming.mim.data.errors import CommandError
from ming.mim.data.values import as_integer
from ming.mim.front.diagnostics import DIAGNOSTICS, Client, Member
from ming.mim.front.wire import Message, command_of, encoded_reply
from ming.mim.storage.open_transactions import LIFETIME, Busy

__all__ = ["Conversation", "Front"]

log: Final = logging.getLogger("ming.mim")

Document = dict[str, Any]

_FIRST_BATCH: Final = 101
_EVERYTHING: Final = Int64(2**63 - 1)
_AWAIT_DATA: Final = 1.0
"""Seconds for which a getMore waits if it does not say."""
_BUSY_PAUSE: Final = 0.01
"""Seconds after which a write looks whether a transaction is still in its way: nobody tells of an aborted
one."""
_LEGACY: Final = frozenset(("hello", "isMaster", "ismaster"))
_BAD_IN_NAMES: Final = frozenset('/\\ "\0')


class Front:
    """Answers for an engine.

    Args:
        engine: The engine.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.member = Member()
        self._numbers = itertools.count(1)

    def conversation(self, local: str, peer: str) -> Conversation:
        """Return what answers one connection.

        Args:
            local: Host and port that the client connected to.
            peer: Host and port of the client.
        """
        return Conversation(self, Client(next(self._numbers), local, peer))


class Conversation:
    """Answers the messages of one connection.

    Args:
        front: Who answers.
        client: Who asks.
    """

    def __init__(self, front: Front, client: Client) -> None:
        self._front = front
        self._client = client

    def exchange(self, message: Message) -> Exchange:
        """Return a message to be answered."""
        return Exchange(self._front, self._client, message)


class Exchange:
    """One message, and its reply.

    Args:
        front: Who answers.
        client: Who asks.
        message: What was asked.
    """

    patience: float
    """Seconds from the message for which the reply may be held back in the hope of a better one; 0.0: not at
    all."""
    pause: float
    """Seconds after which to try again even if no change of the store has been told of."""

    def __init__(self, front: Front, client: Client, message: Message) -> None:
        self._front = front
        self._client = client
        self._message = message
        self._command: Document = {}
        self._answer = b""

    def perform(self) -> None:
        """Perform the command; again, if the reply was worth holding back."""
        self.patience = self.pause = 0.0
        try:
            self._command = command_of(self._message)
            reply = self._performed(dict(self._command))
            self._answer = encoded_reply(self._message, reply)
            self._hold_back(reply)
            return
        except Busy as error:
            failure = self._busy(error)
        except CommandError as error:
            failure = error
        except NotImplementedError as error:
            failure = CommandError(238, f"not implemented: {error}")
        except RecursionError:
            failure = CommandError(15, "exceeded maximum nested object depth")
        except Exception as error:
            log.exception("error in command %r", next(iter(self._command), None))
            failure = CommandError(8, f"{type(error).__name__}: {error}")
        self._answer = encoded_reply(self._message, failure.reply())

    def answer(self) -> bytes | None:
        """Return the reply, None if the client wants none."""
        return self._answer if self._message.wants_reply else None

    def _hold_back(self, reply: Mapping[str, Any]) -> None:
        """Have a getMore that gave nothing wait for a change."""
        cursor = reply.get("cursor")
        if cursor and cursor.get("nextBatch") == [] and self._front.engine.awaits(cursor["id"]):
            self.patience = self.pause = self._time_limit(_AWAIT_DATA)

    def _busy(self, error: Busy) -> CommandError:
        """Have a write wait for the transaction in its way; return what to say if that takes too long."""
        self.patience, self.pause = self._time_limit(LIFETIME), _BUSY_PAUSE
        if "maxTimeMS" in self._command:
            return CommandError(50, "operation exceeded time limit")
        return error

    def _time_limit(self, default: float) -> float:
        limit = as_integer(self._command.get("maxTimeMS"))
        return limit / 1000 if limit else default

    def _performed(self, command: Document) -> Mapping[str, Any]:
        database = _database_of(command)
        name = next(iter(command), "$db")
        if self._message.is_legacy and name not in _LEGACY:
            raise CommandError(
                352, f"Unsupported OP_QUERY command: {name}. The client driver may require an upgrade."
            )
        diagnose = DIAGNOSTICS.get(name)
        if diagnose is not None:
            return diagnose(self._front.member, self._client, command)
        _set_batch_size(name, command)
        return self._front.engine.perform(database, command)


def _database_of(command: Document) -> str:
    """Take the name of the database out of a command."""
    if next(iter(command), "") == "$db":
        raise CommandError(59, "no such command: '$db'")
    if "$db" not in command:
        raise CommandError(40571, "OP_MSG requests require a $db argument")
    database = command.pop("$db")
    if database.__class__ is not str:
        raise CommandError(13111, "wrong type for field ($db)")
    if "." in database:
        raise CommandError(73, f"'.' is an invalid character in the database name: {database}")
    if not 0 < len(database.encode()) < 64 or _BAD_IN_NAMES.intersection(database):
        raise CommandError(73, f"Invalid database name: '{database}'")
    return database


def _set_batch_size(name: str, command: Document) -> None:
    """Ask for batches as large as a server makes them, where the client does not say."""
    if name == "find":
        if command.get("batchSize") is None:
            command["batchSize"] = _FIRST_BATCH
    elif name in _CURSOR_BATCHES:
        options = command.get("cursor", {} if name != "aggregate" else None)
        if isinstance(options, dict) and options.get("batchSize") is None:
            command["cursor"] = {**options, "batchSize": _CURSOR_BATCHES[name]}


_CURSOR_BATCHES: Final[Mapping[str, int]] = {
    "aggregate": _FIRST_BATCH,
    "listCollections": _EVERYTHING,
    "listIndexes": _EVERYTHING,
}
