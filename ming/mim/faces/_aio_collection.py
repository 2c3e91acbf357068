"""`AsyncCollection`: PyMongo's async collection over the embedded engine.

The engine does no I/O, so each method is that of `ming.mim.faces.collection.Collection`, to be awaited. What
writes documents is in `ming.mim.faces._aio_writes`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

from bson.codec_options import CodecOptions
from pymongo import IndexModel
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

from ming.mim.faces._aio_cursor import AsyncCommandCursor, AsyncCursor, AsyncRawBatchCursor
from ming.mim.faces._aio_writes import AsyncWritingMethods
from ming.mim.faces._arguments import IndexKeys, Pipeline, Projection
from ming.mim.faces._change_stream import AsyncChangeStream
from ming.mim.faces._replay import patiently
from ming.mim.faces.collection import Collection

if TYPE_CHECKING:
    from ming.mim.faces._aio_database import AsyncDatabase

__all__ = ["AsyncCollection"]


class AsyncCollection(AsyncWritingMethods):
    """A collection of the embedded engine, to be awaited.

    Args:
        database: Its database.
        inner: The sync collection it stands for.
    """

    def __init__(self, database: AsyncDatabase, inner: Collection) -> None:
        super().__init__(
            database,
            inner.name,
            codec_options=inner.codec_options,
            read_preference=inner.read_preference,
            write_concern=inner.write_concern,
            read_concern=inner.read_concern,
        )
        self._parent = database
        self._inner = inner

    @property
    def database(self) -> AsyncDatabase:
        """The database this collection belongs to."""
        return self._parent

    def __repr__(self) -> str:
        return f"mim.AsyncCollection({self._parent!r}, {self.name})"

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> AsyncCollection: ...

    def __getitem__(self, name: str) -> AsyncCollection:
        return self._parent._handle(self._inner[name])

    def with_options(  # type: ignore[override]
        self,
        codec_options: CodecOptions[Any] | None = None,
        read_preference: Any = None,
        write_concern: WriteConcern | None = None,
        read_concern: ReadConcern | None = None,
    ) -> AsyncCollection:
        """Return a handle of this collection with other options."""
        inner = self._inner.with_options(codec_options, read_preference, write_concern, read_concern)
        return self._parent._handle(inner)

    def find(  # type: ignore[override]
        self,
        filter: Mapping[str, Any] | None = None,
        projection: Projection | None = None,
        skip: int = 0,
        limit: int = 0,
        *args: Any,
        **kwargs: Any,
    ) -> AsyncCursor:
        """Return a cursor over the matching documents; the query runs on first use."""
        return AsyncCursor(self, self._inner.find(filter, projection, skip, limit, *args, **kwargs))

    async def aggregate(  # type: ignore[override]
        self,
        pipeline: Pipeline,
        session: Any = None,
        let: Mapping[str, Any] | None = None,
        comment: Any = None,
        **kwargs: Any,
    ) -> AsyncCommandCursor:
        """Run an aggregation pipeline and return a cursor over its results."""
        found = await patiently(
            self._inner.aggregate, pipeline, session=session, let=let, comment=comment, **kwargs
        )
        return AsyncCommandCursor(self, found)

    def find_raw_batches(self, *args: Any, **kwargs: Any) -> AsyncRawBatchCursor:  # type: ignore[override]
        """Return a cursor over the matching documents in batches of BSON; takes what `find` takes."""
        return AsyncRawBatchCursor(self, self._inner.find_raw_batches(*args, **kwargs))

    async def aggregate_raw_batches(  # type: ignore[override]
        self, pipeline: Pipeline, session: Any = None, comment: Any = None, **kwargs: Any
    ) -> AsyncCommandCursor:
        """Run an aggregation pipeline and return a cursor over its results in batches of BSON."""
        found = self._inner.aggregate_raw_batches(pipeline, session=session, comment=comment, **kwargs)
        return AsyncCommandCursor(self, found)

    async def list_indexes(self, session: Any = None, comment: Any = None) -> AsyncCommandCursor:  # type: ignore[override]
        """Return a cursor over the descriptions of the indexes."""
        return AsyncCommandCursor(self, self._inner.list_indexes(session, comment))

    async def find_one(self, filter: Any = None, *args: Any, **kwargs: Any) -> dict[str, Any] | None:
        """Return the first matching document, or None."""
        return self._inner.find_one(filter, *args, **kwargs)

    async def count_documents(
        self, filter: Mapping[str, Any] | None = None, session: Any = None, comment: Any = None, **kwargs: Any
    ) -> int:
        """Return the number of matching documents; takes the options of `find`."""
        return self._inner.count_documents(filter, session=session, comment=comment, **kwargs)

    async def estimated_document_count(self, comment: Any = None, **kwargs: Any) -> int:
        """Return the number of documents; takes the options of `find`."""
        return self._inner.estimated_document_count(comment=comment, **kwargs)

    async def distinct(
        self,
        key: str,
        filter: Mapping[str, Any] | None = None,
        session: Any = None,
        comment: Any = None,
        hint: IndexKeys | None = None,
        **kwargs: Any,
    ) -> list[Any]:
        """Return the distinct values of a field, sorted in BSON's order."""
        return self._inner.distinct(key, filter, session=session, comment=comment, hint=hint, **kwargs)

    async def create_index(
        self, keys: IndexKeys, session: Any = None, comment: Any = None, **kwargs: Any
    ) -> str:
        """Create an index and return its name."""
        return await patiently(self._inner.create_index, keys, session=session, comment=comment, **kwargs)

    async def create_indexes(
        self, indexes: Sequence[IndexModel], session: Any = None, comment: Any = None, **kwargs: Any
    ) -> list[str]:
        """Create indexes and return their names."""
        return await patiently(
            self._inner.create_indexes, indexes, session=session, comment=comment, **kwargs
        )

    async def drop_index(
        self, index_or_name: IndexKeys, session: Any = None, comment: Any = None, **kwargs: Any
    ) -> None:
        """Drop an index; an unknown one is no error, unless the connection is strict."""
        await patiently(self._inner.drop_index, index_or_name, session=session, comment=comment, **kwargs)

    async def drop_indexes(self, session: Any = None, comment: Any = None, **kwargs: Any) -> None:
        """Drop every index but that of ``_id``."""
        await patiently(self._inner.drop_indexes, session=session, comment=comment, **kwargs)

    async def index_information(self, session: Any = None, comment: Any = None) -> dict[str, Any]:
        """Return the descriptions of the indexes by name."""
        return self._inner.index_information(session=session, comment=comment)

    async def drop(
        self, session: Any = None, comment: Any = None, encrypted_fields: Mapping[str, Any] | None = None
    ) -> None:
        """Drop the collection with its indexes."""
        await patiently(self._inner.drop, session=session, comment=comment, encrypted_fields=encrypted_fields)

    async def rename(
        self, new_name: str, session: Any = None, comment: Any = None, **kwargs: Any
    ) -> dict[str, Any]:
        """Rename the collection."""
        return await patiently(self._inner.rename, new_name, session=session, comment=comment, **kwargs)

    async def options(self, session: Any = None, comment: Any = None) -> dict[str, Any]:
        """Return the options the collection was created with."""
        return self._inner.options(session=session, comment=comment)

    # -- not there yet

    async def watch(self, *args: Any, **kwargs: Any) -> AsyncChangeStream:  # type: ignore[override]
        """Follow the changes of this collection.

        Args:
            args: As PyMongo.
            kwargs: As PyMongo.
        """
        return AsyncChangeStream(
            self._inner._access.channel, self.name, self._inner._access.codec, *args, **kwargs
        )

    async def list_search_indexes(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Search indexes are not there."""
        raise NotImplementedError("list_search_indexes")

    async def create_search_index(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Search indexes are not there."""
        raise NotImplementedError("create_search_index")

    async def create_search_indexes(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Search indexes are not there."""
        raise NotImplementedError("create_search_indexes")

    async def drop_search_index(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Search indexes are not there."""
        raise NotImplementedError("drop_search_index")

    async def update_search_index(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Search indexes are not there."""
        raise NotImplementedError("update_search_index")
