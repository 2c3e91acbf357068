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

from ming.mim.catalog import CATALOG
from ming.mim.dialect import Dialect
from ming.mim.modifiers import utc_now
from ming.mim.reading import READING
from ming.mim.requests import Handler, Request
from ming.mim.store import Store
from ming.mim.values import from_wire
from ming.mim.writing import WRITING

__all__ = ["Engine"]

_HANDLERS: Final[Mapping[str, Handler]] = {**READING, **WRITING, **CATALOG}


class Engine:
    """Databases in memory, reached by commands.

    Args:
        dialect: Where to depart from the server's answers; by default nowhere.
        now: The clock.
        new_id: Maker of missing ``_id`` values.
    """

    def __init__(
        self,
        dialect: Dialect | None = None,
        now: Callable[[], datetime] = utc_now,
        new_id: Callable[[], ObjectId] = ObjectId,
    ) -> None:
        self.dialect = dialect or Dialect()
        self._now = now
        self._new_id = new_id
        self._store = Store()

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
        stored = from_wire(command)
        name = next(iter(stored))
        handler = _HANDLERS.get(name)
        if handler is None:
            raise NotImplementedError(name)
        with self._store.lock:
            home = self._store.database(database)
            request = Request(stored, name, home, self._store, self.dialect, self._now, self._new_id)
            try:
                return handler(request)
            finally:
                # What a command changed before it failed stays, as on a server.
                self._store.settle()
