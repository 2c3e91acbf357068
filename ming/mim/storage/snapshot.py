"""A snapshot: the databases as they were at one moment.

It copies nothing itself; before a collection changes, the store gives it a copy
(`ming.mim.storage.open_transactions`). `ming.mim.storage.transaction` adds writing to it.
"""

from __future__ import annotations

import threading
import time
from collections import ChainMap
from collections.abc import MutableMapping

from ming.mim.data.errors import CommandError
from ming.mim.storage.guards import UNGUARDED, Guard, Write
from ming.mim.storage.journal import Change, Kind
from ming.mim.storage.records import Collection
from ming.mim.storage.store import Database, Store

__all__ = ["Snapshot", "View"]


class Snapshot:
    """The databases of a store as of now.

    Args:
        store: The store, locked; and so for every method.
        seconds: After which time it can be ended for standing in the way.
    """

    def __init__(self, store: Store, seconds: float) -> None:
        self.ended = threading.Event()
        self.expires = time.monotonic() + seconds
        self._store = store
        self._databases: dict[str, View] = {}
        self._copies: dict[Collection, Collection] = {}
        self._unknown: set[Collection] = set()
        store.transactions.add(self)

    def database(self, name: str) -> View:
        """Return a database as it is seen."""
        found = self._databases.get(name)
        if found is None:
            found = self._databases[name] = self._view(self._store.database(name))
        return found

    def _view(self, base: Database) -> View:
        return View(base, self)

    def databases(self) -> list[Database]:
        """Return the databases that have collections in the store."""
        return [self.database(each.name) for each in self._store.databases()]

    def seen(self, base: Collection) -> Collection:
        """Return a collection of the store as it is seen.

        Raises:
            CommandError: It is newer than the snapshot.
        """
        if base in self._unknown:
            raise CommandError(
                246,
                "Unable to read from a snapshot due to pending collection catalog changes; please retry the operation.",
            )
        return self._copies.get(base, base)

    def look(self, namespace: str) -> None:
        """Take note that a collection is looked for, be it there or not."""

    def end(self) -> None:
        """Let it go, with its copies; its session may keep it for long."""
        if not self.ended.is_set():
            self._store.transactions.remove(self)
            self.ended.set()
            self._databases, self._copies = {}, {}

    # -- what the store asks, as `ming.mim.storage.open_transactions.Member`

    def clashes(self, base: Collection, write: Write) -> bool:
        """Whether it has written what somebody else wants to write: a snapshot never has."""
        return False

    def uses(self, base: Collection) -> bool:
        """Whether a collection must stay as it is: not for a snapshot."""
        return False

    def needs_copy(self, base: Collection) -> bool:
        """Whether it still sees the collection of the store itself."""
        return base not in self._copies and base not in self._unknown

    def keep(self, base: Collection, copy: Collection) -> None:
        """See a copy instead of a collection of the store."""
        self._copies[base] = copy

    def miss(self, base: Collection, kind: Kind) -> None:
        """Know that a collection has been created, renamed or indexed since."""
        if kind in ("create", "rename"):
            self._unknown.add(base)


class View(Database):
    """A database as a snapshot sees it.

    Args:
        base: The database of the store.
        snapshot: Who sees it.
        journal: Where to note that a collection was made.
        guard: The guard of collections made in it.
    """

    def __init__(
        self,
        base: Database,
        snapshot: Snapshot,
        journal: list[Change] | None = None,
        guard: Guard = UNGUARDED,
    ) -> None:
        # Not as a database of the store, which has a mapping of its own.
        self.name = base.name
        self.base = base
        self.made: dict[str, Collection] = {}
        self._snapshot = snapshot
        self._journal = [] if journal is None else journal
        self._guard = guard

    @property
    def collections(self) -> MutableMapping[str, Collection]:  # type: ignore[override]
        """The collections by name; those of the store as they are there."""
        return ChainMap(self.made, self.base.collections)

    def get(self, name: str) -> Collection | None:
        """Return a collection as it is seen."""
        self._snapshot.look(f"{self.name}.{name}")
        made = self.made.get(name)
        if made is not None:
            return made
        base = self.base.get(name)
        return None if base is None else self._snapshot.seen(base)
