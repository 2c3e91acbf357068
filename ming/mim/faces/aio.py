"""`AsyncConnection`: the async client of the embedded engine, over the same engine as the sync one.

The engine does no I/O, so every method is that of `ming.mim.faces.connection.Connection`, to be awaited;
there are no threads. Its databases are `ming.mim.AsyncDatabase`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, ClassVar, Final

import pymongo.asynchronous.database
from bson.codec_options import CodecOptions
from pymongo.client_options import ClientOptions
from pymongo.read_concern import ReadConcern
from pymongo.results import ClientBulkWriteResult
from pymongo.write_concern import WriteConcern

from ming.mim.faces._access import Channel
from ming.mim.faces._aio_client_session import AsyncClientSession
from ming.mim.faces._aio_cursor import AsyncCommandCursor
from ming.mim.faces._aio_database import AsyncDatabase, name_of
from ming.mim.faces._change_stream import AsyncChangeStream
from ming.mim.faces._driver_cursors import AsyncDriverCursors
from ming.mim.faces._replay import ReplayingChannel, patiently
from ming.mim.faces._sessions import SessionOptions, TransactionOptions
from ming.mim.faces.connection import Connection

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["AsyncConnection", "AsyncMongoClient"]


class _Inner(Connection):
    """The sync connection under an async one: its calls do not wait, but are repeated.

    Args:
        shared: The connection whose store it shares.
        face: The async one.
    """

    def __init__(self, shared: Connection, face: AsyncConnection) -> None:
        super().__init__(engine=shared._engine)
        self._options = shared._options
        self._origin = shared
        self._face = face

    def _channel(self, database: str) -> Channel:
        return ReplayingChannel(self._engine, database, self._face)

    def close(self) -> None:
        """Close the connection whose store it shares."""
        self._origin.close()


class AsyncMongoClient:
    """A base whose name PyMongo looks for where it wants an async client of its own."""


class AsyncConnection(AsyncMongoClient, AsyncDriverCursors):
    """A client of a store in memory, to be awaited.

    Args:
        strict: Answer as a server does, also where Ming's in-memory engine is known to differ.
        inner: The sync connection whose store to share; by default a new one.
        file: The file that keeps the store, as for `ming.mim.faces.connection.Connection`.

    Raises:
        StoreFileError: The file cannot be used.
    """

    is_mongos: Final = False

    _shared: ClassVar[dict[str, AsyncConnection]] = {}
    _session_class: ClassVar[type[Any]] = AsyncClientSession

    def __init__(
        self,
        *,
        strict: bool = False,
        inner: Connection | None = None,
        file: str | os.PathLike[str] | None = None,
    ) -> None:
        if inner is not None and file is not None:
            raise TypeError("inner and file exclude each other: a file brings its own store")
        self._inner = _Inner(inner or Connection(strict=strict, file=file), self)
        self._databases: dict[str, AsyncDatabase] = {}

    @classmethod
    def get(cls) -> AsyncConnection:
        """Return the connection that the whole process shares; its store is that of `Connection.get`."""
        found = AsyncConnection._shared.get("process")
        if found is None:
            found = AsyncConnection._shared.setdefault("process", cls(inner=Connection.get()))
        return found

    def __repr__(self) -> str:
        return "mim.AsyncConnection()"

    # -- options

    @property
    def options(self) -> ClientOptions:
        """The options of a default client."""
        return self._inner.options

    @property
    def codec_options(self) -> CodecOptions[dict[str, Any]]:
        """How documents are written and read; UUIDs in the legacy form, unless strict."""
        return self._inner.codec_options

    @property
    def read_preference(self) -> Any:
        """The read preference of a default client."""
        return self._inner.read_preference

    @property
    def write_concern(self) -> WriteConcern:
        """The write concern of a default client."""
        return self._inner.write_concern

    @property
    def read_concern(self) -> ReadConcern:
        """The read concern of a default client."""
        return self._inner.read_concern

    # -- databases

    def __getattr__(self, name: str) -> AsyncDatabase:
        if name.startswith("_"):
            raise AttributeError(
                f"AsyncConnection has no attribute {name!r}. "
                f"To access the {name} database, use conn[{name!r}]."
            )
        return self[name]

    def __getitem__(self, name: str) -> AsyncDatabase:
        found = self._databases.get(name)
        if found is None:
            found = self._databases.setdefault(name, AsyncDatabase(self, self._inner[name]))
        return found

    def get_database(
        self,
        name: str | None = None,
        codec_options: CodecOptions[Any] | None = None,
        read_preference: Any = None,
        write_concern: WriteConcern | None = None,
        read_concern: ReadConcern | None = None,
    ) -> AsyncDatabase:
        """Return a handle of a database; without other options it is ``conn[name]``."""
        inner = self._inner.get_database(name, codec_options, read_preference, write_concern, read_concern)
        own = self[inner.name]
        return own if inner is self._inner[inner.name] else AsyncDatabase(self, inner)

    def get_default_database(
        self,
        default: str | None = None,
        codec_options: CodecOptions[Any] | None = None,
        read_preference: Any = None,
        write_concern: WriteConcern | None = None,
        read_concern: ReadConcern | None = None,
    ) -> AsyncDatabase:
        """Return the database of the given name: there is no URI to take one from."""
        return self.get_database(default, codec_options, read_preference, write_concern, read_concern)

    async def list_databases(
        self, session: Any = None, comment: Any = None, **kwargs: Any
    ) -> AsyncCommandCursor:
        """Return a cursor over the descriptions of the databases."""
        found = self._inner.list_databases(session, comment, **kwargs)
        return AsyncCommandCursor(self.admin["$cmd"], found)

    async def list_database_names(self, session: Any = None, comment: Any = None) -> list[str]:
        """Return the names of the databases that hold a collection."""
        return self._inner.list_database_names(session, comment)

    async def drop_database(
        self,
        name_or_database: str | pymongo.asynchronous.database.AsyncDatabase[Any],
        session: Any = None,
        comment: Any = None,
    ) -> None:
        """Drop a database with its collections and indexes; an unknown one is no error."""
        await patiently(self._inner.drop_database, name_of(name_or_database), session, comment)

    async def drop_all(self) -> None:
        """Drop every database."""
        await patiently(self._inner.drop_all)

    async def clear_all(self) -> None:
        """Delete every document of every database; indexes stay."""
        await patiently(self._inner.clear_all)

    # -- the client itself

    @property
    async def is_primary(self) -> bool:
        """True, as there is nobody else."""
        return True

    async def server_info(self, session: Any = None) -> dict[str, Any]:
        """Return what the engine says of its build."""
        return self._inner.server_info(session)

    async def aconnect(self) -> None:
        """Do nothing: there is nothing to connect to."""

    async def close(self) -> None:
        """Let go of the file, if there is one, as `Connection.close`."""
        self._inner.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    def start_session(
        self,
        causal_consistency: bool | None = None,
        default_transaction_options: TransactionOptions | None = None,
        snapshot: bool | None = False,
    ) -> AsyncClientSession:
        """Start a client session, as `Connection.start_session`; not to be awaited."""
        options = SessionOptions(causal_consistency, default_transaction_options, snapshot)
        return AsyncClientSession(self, self._inner._channel("admin")._run, options)

    async def watch(self, *args: Any, **kwargs: Any) -> AsyncChangeStream:
        """Follow the changes of every database of this connection.

        Args:
            args: As PyMongo.
            kwargs: As PyMongo.
        """
        codec = self._inner._codec_for(self.codec_options)
        return AsyncChangeStream(self._inner._channel("admin"), 1, codec, *args, cluster=True, **kwargs)

    async def bulk_write(
        self,
        models: Sequence[Any],
        session: Any = None,
        ordered: bool = True,
        verbose_results: bool = False,
        bypass_document_validation: bool | None = None,
        comment: Any = None,
        let: Mapping[str, Any] | None = None,
        write_concern: WriteConcern | None = None,
    ) -> ClientBulkWriteResult:
        """Run a list of PyMongo's write requests, each with the namespace it is for."""
        return await patiently(
            self._inner.bulk_write,
            models,
            session=session,
            ordered=ordered,
            verbose_results=verbose_results,
            bypass_document_validation=bypass_document_validation,
            comment=comment,
            let=let,
            write_concern=write_concern,
        )
