"""The faces a behaviour test talks to: both answer with awaitables."""

from __future__ import annotations

from typing import Any, Protocol

from harness.awaited import Awaited
from harness.stores import Store

__all__ = ["AsyncFace", "Face", "SyncFace"]


class Face(Protocol):
    """What a behaviour test sees of a face."""

    @property
    def kind(self) -> str:
        """``sync`` or ``async``."""
        ...

    @property
    def store(self) -> Store:
        """Where the documents are."""
        ...

    @property
    def sync_session(self) -> Any:
        """A plain bound Session, for declaring classes."""
        ...

    @property
    def session(self) -> Any:
        """A bound session whose methods are awaitable, and whose cursors work with ``async for``."""
        ...

    @property
    def raw(self) -> Any:
        """The driver's database with awaitable methods."""
        ...

    async def close(self) -> None:
        """Close the connections this face opened."""
        ...


class SyncFace:
    """`ming.Session`, awaited."""

    kind = "sync"

    def __init__(self, store: Store) -> None:
        from ming import Session, create_datastore

        self.store = store
        self._datastore = create_datastore(store.uri())
        self.sync_session = Session(self._datastore)
        self.session = Awaited(self.sync_session)
        self.raw = Awaited(self._datastore.db)

    async def close(self) -> None:
        """Close the connections this face opened."""
        self._datastore.conn.close()


class AsyncFace:
    """`ming.AsyncSession`; made and used inside one event loop."""

    kind = "async"

    def __init__(self, store: Store) -> None:
        from ming import AsyncSession, Session, create_async_datastore, create_datastore

        self.store = store
        self._sync_datastore = create_datastore(store.uri())
        self._datastore = create_async_datastore(store.uri())
        self.sync_session = Session(self._sync_datastore)
        self.session = AsyncSession(self._datastore)

    @property
    def raw(self) -> Any:
        """The driver's database; it belongs to the running loop."""
        return self._datastore.db

    async def close(self) -> None:
        """Close the connections this face opened."""
        self._sync_datastore.conn.close()
        await self._datastore.conn.close()
