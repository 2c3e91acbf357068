"""The engine: MongoDB's command vocabulary over documents in memory.

`Engine.command` takes a command document and returns the reply a server would send. It waits for nothing; one
lock is held during a command. The faces (`connection`, `aio`) speak to an engine in commands
only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from bson import ObjectId
from pymongo.errors import InvalidOperation

from ming.mim.commands.administration import command_lister
from ming.mim.commands.catalog import CATALOG
from ming.mim.commands.cursors import Cursors
from ming.mim.commands.explaining import EXPLAINING
from ming.mim.commands.paging import PAGING
from ming.mim.commands.reading import READING
from ming.mim.commands.requests import Handler, Request
from ming.mim.commands.session_commands import SESSION_COMMANDS, in_session
from ming.mim.commands.session_fields import CONCERNED
from ming.mim.commands.sessions import Sessions
from ming.mim.commands.streaming import STREAMING
from ming.mim.commands.view_commands import VIEW_COMMANDS
from ming.mim.commands.view_reading import VIEW_READING
from ming.mim.commands.writing import WRITING
from ming.mim.data.dialect import Dialect
from ming.mim.data.options import check_time_limit
from ming.mim.data.values import copied, from_wire
from ming.mim.storage.expiry import Expiry
from ming.mim.storage.journal import Follower
from ming.mim.storage.open_transactions import Busy
from ming.mim.storage.store import Store
from ming.mim.updates.modifiers import utc_now

__all__ = ["COMMANDS", "Engine"]

_COMMANDS: Final[Mapping[str, Handler]] = {
    **READING,
    **PAGING,
    **WRITING,
    **CATALOG,
    **SESSION_COMMANDS,
    **EXPLAINING,
    **STREAMING,
    **VIEW_COMMANDS,
    **VIEW_READING,
}
COMMANDS: Final[Mapping[str, Handler]] = {**_COMMANDS, "listCommands": command_lister(_COMMANDS)}


class Engine:
    """Databases in memory, reached by commands.

    Args:
        dialect: Where to depart from the server's answers; by default nowhere.
        now: The clock.
        new_id: Maker of missing ``_id`` values.
        store: The documents; by default none.
    """

    def __init__(
        self,
        dialect: Dialect | None = None,
        now: Callable[[], datetime] = utc_now,
        new_id: Callable[[], ObjectId] = ObjectId,
        store: Store | None = None,
    ) -> None:
        self.dialect = dialect or Dialect()
        self._now = now
        self._new_id = new_id
        self._store = store or Store()
        self._cursors = Cursors()
        self._sessions = Sessions(self._store)
        self._expiry = Expiry(self._store)
        self._stopped: str | None = None

    def stop(self, reason: str) -> None:
        """Answer no command any more.

        Args:
            reason: What to say instead.
        """
        with self._store.lock:
            self._stopped = reason

    def follow(self, follower: Follower) -> Callable[[], None]:
        """Hand the changes of every command to a follower, from now on.

        Args:
            follower: It is called in the thread of the command, and must not wait.

        Returns:
            What ends it.
        """
        with self._store.lock:
            self._store.followers.append(follower)

        def unfollow() -> None:
            with self._store.lock:
                self._store.followers.remove(follower)

        return unfollow

    def awaits(self, cursor: int) -> bool:
        """Whether a cursor that gave nothing is worth asking again when something has changed."""
        return self._cursors.awaits(cursor)

    def command(self, database: str, command: Mapping[str, Any]) -> dict[str, Any]:
        """Perform a command.

        Args:
            database: The database's name.
            command: The command document; its first key names the command.

        Returns:
            The reply document. It shares nothing with the store.

        Raises:
            CommandError: The command was refused; failed writes are in the reply's ``writeErrors`` instead.
            NotImplementedError: The command, or something in it, is not built yet.
            bson.errors.InvalidDocument: BSON cannot hold a value in the command.
        """
        reply: dict[str, Any] = copied(self.perform(database, from_wire(command)))
        return reply

    def perform(self, database: str, command: dict[str, Any]) -> dict[str, Any]:
        """Perform a command without copying anything.

        Args:
            database: The database's name.
            command: The command document, made by `ming.mim.data.values.from_wire` or its like. The store keeps
                parts.

        Returns:
            The reply document. It shares parts with the store, which are not to be changed.

        Raises:
            CommandError: As `command`. `Busy` means that it can be tried again when a transaction has ended.
            NotImplementedError: As `command`.
            pymongo.errors.InvalidOperation: The engine has been stopped.
        """
        name = next(iter(command))
        check_time_limit(command)
        handler = COMMANDS.get(name)
        if handler is None:
            raise NotImplementedError(name)
        with self._store.lock:
            if self._stopped is not None:
                raise InvalidOperation(self._stopped)
            moment = self._now()
            self._expiry.run(moment)
            self._store.settle()
            request = Request(
                command,
                name,
                self._store.database(database),
                self._store,
                self._cursors,
                self._sessions,
                self.dialect,
                moment,
                self._now,
                self._new_id,
            )
            try:
                if CONCERNED.isdisjoint(command):
                    return handler(request)
                return in_session(request, handler)
            except Busy:
                self._store.take_back()
                raise
            finally:
                # What a command changed before it failed stays, as on a server.
                self._store.settle()
