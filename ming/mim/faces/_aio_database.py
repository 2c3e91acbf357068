"""`AsyncDatabase`: PyMongo's async database over the embedded engine.

The engine does no I/O, so every method is that of `ming.mim.faces.database.Database`, to be awaited.
"""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping, Sequence
from typing import TYPE_CHECKING, Any

import pymongo.asynchronous.collection
import pymongo.asynchronous.database
from bson.codec_options import CodecOptions
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

from ming.mim.faces._aio_collection import AsyncCollection
from ming.mim.faces._aio_cursor import AsyncCommandCursor
from ming.mim.faces._arguments import Pipeline
from ming.mim.faces._change_stream import AsyncChangeStream
from ming.mim.faces._replay import patiently
from ming.mim.faces.collection import Collection
from ming.mim.faces.database import Database

if TYPE_CHECKING:
    from ming.mim.faces.aio import AsyncConnection

__all__ = ["AsyncDatabase", "name_of"]


class AsyncDatabase(pymongo.asynchronous.database.AsyncDatabase[dict[str, Any]]):
    """A database of the embedded engine, to be awaited.

    Args:
        client: Its connection.
        inner: The sync database it stands for.
    """

    def __init__(self, client: AsyncConnection, inner: Database) -> None:
        super().__init__(
            client,  # type: ignore[arg-type]
            inner.name,
            codec_options=inner.codec_options,
            read_preference=inner.read_preference,
            write_concern=inner.write_concern,
            read_concern=inner.read_concern,
        )
        self._connection = client
        self._inner = inner
        self._collections: dict[str, AsyncCollection] = {}

    @property
    def client(self) -> AsyncConnection:  # type: ignore[override]
        """The connection this database belongs to."""
        return self._connection

    @property
    def connection(self) -> AsyncConnection:
        """The connection this database belongs to."""
        return self._connection

    def __repr__(self) -> str:
        return f"mim.AsyncDatabase({self.name})"

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> AsyncCollection: ...

    def __getitem__(self, name: str) -> AsyncCollection:
        found = self._collections.get(name)
        if found is None:
            found = self._collections.setdefault(name, AsyncCollection(self, self._inner[name]))
        return found

    def get_collection(
        self,
        name: str,
        codec_options: CodecOptions[Any] | None = None,
        read_preference: Any = None,
        write_concern: WriteConcern | None = None,
        read_concern: ReadConcern | None = None,
    ) -> AsyncCollection:
        """Return a handle of a collection; with the database's own options it is ``db[name]``."""
        inner = self._inner.get_collection(name, codec_options, read_preference, write_concern, read_concern)
        return self._handle(inner)

    def _handle(self, inner: Collection) -> AsyncCollection:
        own = self[inner.name]
        return own if own._inner is inner else AsyncCollection(self, inner)

    def with_options(  # type: ignore[override]
        self,
        codec_options: CodecOptions[Any] | None = None,
        read_preference: Any = None,
        write_concern: WriteConcern | None = None,
        read_concern: ReadConcern | None = None,
    ) -> AsyncDatabase:
        """Return a handle of this database with other options."""
        inner = self._inner.with_options(codec_options, read_preference, write_concern, read_concern)
        return AsyncDatabase(self._connection, inner)

    async def create_collection(
        self,
        name: str,
        codec_options: CodecOptions[Any] | None = None,
        read_preference: Any = None,
        write_concern: WriteConcern | None = None,
        read_concern: ReadConcern | None = None,
        session: Any = None,
        check_exists: bool | None = True,
        **kwargs: Any,
    ) -> AsyncCollection:
        """Create a collection and return it."""
        await patiently(
            self._inner.create_collection, name, session=session, check_exists=check_exists, **kwargs
        )
        return self.get_collection(name, codec_options, read_preference, write_concern, read_concern)

    async def list_collections(  # type: ignore[override]
        self,
        session: Any = None,
        filter: Mapping[str, Any] | None = None,
        comment: Any = None,
        **kwargs: Any,
    ) -> AsyncCommandCursor:
        """Return a cursor over the descriptions of the collections."""
        found = self._inner.list_collections(session, filter, comment, **kwargs)
        return AsyncCommandCursor(self["$cmd"], found)

    async def list_collection_names(
        self,
        session: Any = None,
        filter: Mapping[str, Any] | None = None,
        comment: Any = None,
        **kwargs: Any,
    ) -> list[str]:
        """Return the names of the collections."""
        return self._inner.list_collection_names(session, filter, comment, **kwargs)

    async def drop_collection(
        self,
        name_or_collection: str | pymongo.asynchronous.collection.AsyncCollection[Any],
        session: Any = None,
        comment: Any = None,
        encrypted_fields: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Drop a collection with its indexes; an unknown one is no error."""
        return await patiently(
            self._inner.drop_collection, name_of(name_or_collection), session, comment, encrypted_fields
        )

    async def validate_collection(
        self,
        name_or_collection: str | pymongo.asynchronous.collection.AsyncCollection[Any],
        scandata: bool = False,
        full: bool = False,
        session: Any = None,
        background: bool | None = None,
        comment: Any = None,
    ) -> dict[str, Any]:
        """Check a collection, as the ``validate`` command does."""
        return self._inner.validate_collection(
            name_of(name_or_collection), scandata, full, session, background, comment
        )

    async def clear(self) -> None:
        """Delete every document of every collection; indexes stay."""
        await patiently(self._inner.clear)

    async def aggregate(  # type: ignore[override]
        self, pipeline: Pipeline, session: Any = None, **kwargs: Any
    ) -> AsyncCommandCursor:
        """Run an aggregation pipeline that starts without a collection."""
        return AsyncCommandCursor(self["$cmd"], self._inner.aggregate(pipeline, session, **kwargs))

    async def command(  # type: ignore[override]
        self,
        command: str | MutableMapping[str, Any],
        value: Any = 1,
        check: bool = True,
        allowable_errors: Sequence[str | int] | None = None,
        read_preference: Any = None,
        codec_options: CodecOptions[Any] | None = None,
        session: Any = None,
        comment: Any = None,
        **kwargs: Any,
    ) -> dict[str, Any]:
        """Run a command and return the reply, as `ming.mim.faces.database.Database.command`."""
        return await patiently(
            self._inner.command,
            command,
            value,
            check,
            allowable_errors,
            read_preference,
            codec_options,
            session,
            comment,
            **kwargs,
        )

    async def cursor_command(  # type: ignore[override]
        self,
        command: str | MutableMapping[str, Any],
        value: Any = 1,
        read_preference: Any = None,
        codec_options: CodecOptions[Any] | None = None,
        session: Any = None,
        comment: Any = None,
        max_await_time_ms: int | None = None,
        **kwargs: Any,
    ) -> AsyncCommandCursor:
        """Run a command that answers with a cursor."""
        found = self._inner.cursor_command(
            command,
            value,
            read_preference,
            codec_options,
            session,
            comment,
            max_await_time_ms,
            **kwargs,
        )
        return AsyncCommandCursor(self["$cmd"], found)

    async def watch(self, *args: Any, **kwargs: Any) -> AsyncChangeStream:  # type: ignore[override]
        """Follow the changes of this database.

        Args:
            args: As PyMongo.
            kwargs: As PyMongo.
        """
        return AsyncChangeStream(self._inner._channel, 1, self._inner["$cmd"]._access.codec, *args, **kwargs)


def name_of(name_or_handle: Any) -> str:
    """Return the name of a database or collection that is given by its name or as a handle."""
    if isinstance(name_or_handle, str):
        return name_or_handle
    handles = pymongo.asynchronous.collection.AsyncCollection, pymongo.asynchronous.database.AsyncDatabase
    if isinstance(name_or_handle, handles):
        return name_or_handle.name
    raise TypeError(f"a name or a handle is needed, not {name_or_handle!r}")
