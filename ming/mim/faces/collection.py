"""`Collection`: PyMongo's collection over the embedded engine.

Each method turns its arguments into a command (`ming.mim.faces._commands`), sends it
(`ming.mim.faces._access`) and turns the reply into the driver's result (`ming.mim.faces._replies`,
`ming.mim.faces._bulk`). What writes documents is in `ming.mim.faces._writes`. The async twin in
`ming.mim.faces._aio_collection` calls these methods.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

from bson.codec_options import CodecOptions
from pymongo import IndexModel
from pymongo.errors import ConfigurationError, OperationFailure
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

from ming.mim.data.errors import INDEX_NOT_FOUND, NAMESPACE_NOT_FOUND
from ming.mim.faces import _arguments as arguments
from ming.mim.faces import _commands as commands
from ming.mim.faces import _index_views as index_views
from ming.mim.faces._access import Access
from ming.mim.faces._arguments import IndexKeys, Pipeline, Projection
from ming.mim.faces._change_stream import ChangeStream
from ming.mim.faces._find_query import FindQuery
from ming.mim.faces._replies import first_batch
from ming.mim.faces._writes import WritingMethods
from ming.mim.faces.command_cursor import CommandCursor
from ming.mim.faces.cursor import Cursor
from ming.mim.faces.raw_cursors import RawBatchCommandCursor, RawBatchCursor

if TYPE_CHECKING:
    from ming.mim.faces.database import Database

__all__ = ["Collection"]


class Collection(WritingMethods):
    """A collection of the embedded engine.

    Args:
        database: Its database.
        name: Its name.
        codec_options: As PyMongo; by default the database's, and so for the others.
        read_preference: As PyMongo; without effect.
        write_concern: As PyMongo; results say whether it acknowledges.
        read_concern: As PyMongo; without effect.
    """

    def __init__(
        self,
        database: Database,
        name: str,
        codec_options: CodecOptions[Any] | None = None,
        read_preference: Any = None,
        write_concern: WriteConcern | None = None,
        read_concern: ReadConcern | None = None,
    ) -> None:
        super().__init__(
            database,
            name,
            codec_options=codec_options,
            read_preference=read_preference,
            write_concern=write_concern,
            read_concern=read_concern,
        )
        self._parent = database
        self._access = Access(database._channel, name, database.client._codec_for(self.codec_options))

    @property
    def database(self) -> Database:
        """The database this collection belongs to."""
        return self._parent

    def __repr__(self) -> str:
        return f"mim.Collection({self._parent!r}, {self.name})"

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Collection: ...

    def __getitem__(self, name: str) -> Collection:
        return self._parent.get_collection(
            f"{self.name}.{name}",
            self.codec_options,
            self.read_preference,
            self.write_concern,
            self.read_concern,
        )

    def with_options(  # type: ignore[override]
        self,
        codec_options: CodecOptions[Any] | None = None,
        read_preference: Any = None,
        write_concern: WriteConcern | None = None,
        read_concern: ReadConcern | None = None,
    ) -> Collection:
        """Return a handle of this collection with other options."""
        return self._parent.get_collection(
            self.name,
            codec_options or self.codec_options,
            read_preference or self.read_preference,
            write_concern or self.write_concern,
            read_concern or self.read_concern,
        )

    # -- reading

    def find(  # type: ignore[override]
        self,
        filter: Mapping[str, Any] | None = None,
        projection: Projection | None = None,
        skip: int = 0,
        limit: int = 0,
        *args: Any,
        **kwargs: Any,
    ) -> Cursor:
        """Return a cursor over the matching documents; the query runs on first use."""
        return Cursor(self, filter, projection, skip, limit, *args, **kwargs)

    def find_one(self, filter: Any = None, *args: Any, **kwargs: Any) -> dict[str, Any] | None:
        """Return the first matching document, or None.

        Args:
            filter: A filter, or the ``_id``.
            args: As `find`.
            kwargs: As `find`.
        """
        if filter is not None and not isinstance(filter, Mapping):
            filter = {"_id": filter}
        if args or kwargs:
            return next(self.find(filter, *args, **kwargs).limit(-1), None)
        found = self._access.documents(commands.find_first(self._access.collection, filter))
        document: dict[str, Any] | None = self._access.codec.document(found[0]) if found else None
        return document

    def count_documents(
        self, filter: Mapping[str, Any] | None = None, session: Any = None, comment: Any = None, **kwargs: Any
    ) -> int:
        """Return the number of matching documents; takes the options of `find`."""
        return self._run_count({"filter": filter, "session": session, "comment": comment, **kwargs})

    def estimated_document_count(self, comment: Any = None, **kwargs: Any) -> int:
        """Return the number of documents; takes the options of `find`."""
        if kwargs.get("session") is not None:
            raise ConfigurationError("estimated_document_count does not support sessions")
        return self._run_count({"comment": comment, **kwargs})

    def _run_count(self, options: dict[str, Any]) -> int:
        if "maxTimeMS" in options:
            options["max_time_ms"] = options.pop("maxTimeMS")
        query = FindQuery(**options)
        if getattr(query.session, "_sees_the_past", False):
            counted = first_batch(self._access.run(query.count_by_aggregate(self.name), query.session))
            return int(counted[0]["n"]) if counted else 0
        return int(self._access.run(query.count_command(self.name), query.session)["n"])

    def distinct(
        self,
        key: str,
        filter: Mapping[str, Any] | None = None,
        session: Any = None,
        comment: Any = None,
        hint: IndexKeys | None = None,
        **kwargs: Any,
    ) -> list[Any]:
        """Return the distinct values of a field, in their order."""
        arguments.known_options("distinct", kwargs, ("collation", "maxTimeMS"))
        command = commands.distinct(self.name, key, filter, hint=hint, comment=comment, **kwargs)
        return self._access.codec.values(self._access.run(command, session)["values"])

    def aggregate(  # type: ignore[override]
        self,
        pipeline: Pipeline,
        session: Any = None,
        let: Mapping[str, Any] | None = None,
        comment: Any = None,
        **kwargs: Any,
    ) -> CommandCursor:
        """Run an aggregation pipeline and return a cursor over its results."""
        command = commands.aggregate(self.name, pipeline, let=let, comment=comment, **kwargs)
        return CommandCursor(self, self._access.documents(command, session), session)

    def find_raw_batches(self, *args: Any, **kwargs: Any) -> RawBatchCursor:  # type: ignore[override]
        """Return a cursor over the matching documents in batches of BSON; takes what `find` takes."""
        return RawBatchCursor(self, *args, **kwargs)

    def aggregate_raw_batches(  # type: ignore[override]
        self, pipeline: Pipeline, session: Any = None, comment: Any = None, **kwargs: Any
    ) -> RawBatchCommandCursor:
        """Run an aggregation pipeline and return a cursor over its results in batches of BSON."""
        found = self.aggregate(pipeline, session=session, comment=comment, **kwargs)
        return RawBatchCommandCursor(self, found._ready(), session).batch_size(kwargs.get("batchSize", 0))

    # -- indexes

    def create_index(self, keys: IndexKeys, session: Any = None, comment: Any = None, **kwargs: Any) -> str:
        """Create an index and return its name.

        Args:
            keys: A field, pairs of field and direction, or a mapping.
            session: The client session to create it in.
            comment: As PyMongo.
            kwargs: Options of the index, and ``maxTimeMS``; ``cache_for``, of old drivers, is ignored.
        """
        kwargs.pop("cache_for", None)
        limit = {"maxTimeMS": kwargs.pop("maxTimeMS", None)}
        fields = arguments.key_document(arguments.key_pairs(keys))
        name = kwargs.pop("name", None) or index_views.automatic_name(
            fields, self._access.stored_indexes(), self._access.channel.lenient
        )
        if "collation" in kwargs:
            kwargs["collation"] = arguments.collation_document(kwargs["collation"])
        self._run_create_indexes([{**kwargs, "name": name, "key": fields}], comment, session, limit)
        return str(name)

    def create_indexes(
        self, indexes: Sequence[IndexModel], session: Any = None, comment: Any = None, **kwargs: Any
    ) -> list[str]:
        """Create indexes and return their names."""
        arguments.known_options("create_indexes", kwargs, ("commitQuorum", "maxTimeMS"))
        if not isinstance(indexes, list):
            raise TypeError(f"indexes must be a list, not {type(indexes)}")
        for index in indexes:
            if not isinstance(index, IndexModel):
                raise TypeError(f"{index!r} is not an instance of pymongo.operations.IndexModel")
        specs = [dict(index.document) for index in indexes]
        self._run_create_indexes(specs, comment, session, kwargs)
        return [str(spec["name"]) for spec in specs]

    def _run_create_indexes(
        self, specs: list[dict[str, Any]], comment: Any, session: Any, options: dict[str, Any]
    ) -> None:
        self._access.run(commands.create_indexes(self.name, specs, comment=comment, **options), session)

    def drop_index(
        self, index_or_name: IndexKeys, session: Any = None, comment: Any = None, **kwargs: Any
    ) -> None:
        """Drop an index; an unknown one is no error, unless the connection is strict."""
        arguments.known_options("drop_index", kwargs, ("maxTimeMS",))
        index = arguments.hint_value(index_or_name)
        if isinstance(index, dict) and not self._access.channel.lenient:
            # The driver knows indexes by their names only, so one with a name of its own is not found.
            index = index_views.driver_name(index)
        self._run_drop_indexes(index, session, comment=comment, **kwargs)

    def drop_indexes(self, session: Any = None, comment: Any = None, **kwargs: Any) -> None:
        """Drop every index but that of ``_id``."""
        arguments.known_options("drop_indexes", kwargs, ("maxTimeMS",))
        self._run_drop_indexes("*", session, comment=comment, **kwargs)

    def _run_drop_indexes(self, index: Any, session: Any, **options: Any) -> None:
        try:
            self._access.run(commands.drop_indexes(self.name, index, **options), session)
        except OperationFailure as error:
            forgiven = error.code == INDEX_NOT_FOUND and self._access.channel.lenient
            if error.code != NAMESPACE_NOT_FOUND and not forgiven:
                raise

    def list_indexes(self, session: Any = None, comment: Any = None) -> CommandCursor:  # type: ignore[override]
        """Return a cursor over the descriptions of the indexes."""
        lenient = self._access.channel.lenient
        found = index_views.described(self._access.stored_indexes(session), lenient)
        return CommandCursor(self, found, session)

    def index_information(self, session: Any = None, comment: Any = None) -> dict[str, Any]:
        """Return the descriptions of the indexes by name."""
        return index_views.information(self._access.stored_indexes(session), self._access.channel.lenient)

    # -- the collection itself

    def drop(
        self, session: Any = None, comment: Any = None, encrypted_fields: Mapping[str, Any] | None = None
    ) -> None:
        """Drop the collection with its indexes."""
        self._parent.drop_collection(self.name, session, comment, encrypted_fields)

    def rename(
        self, new_name: str, session: Any = None, comment: Any = None, **kwargs: Any
    ) -> dict[str, Any]:
        """Rename the collection."""
        arguments.known_options("rename", kwargs, ("dropTarget",))
        command = {"renameCollection": self.full_name, "to": f"{self._parent.name}.{new_name}", **kwargs}
        return self._parent.client.admin.command(command, session=session, comment=comment)

    def options(self, session: Any = None, comment: Any = None) -> dict[str, Any]:
        """Return the options the collection was created with."""
        for found in self._parent.list_collections(session, {"name": self.name}, comment):
            return dict(found.get("options", {}))
        return {}

    # -- not there yet

    def watch(self, *args: Any, **kwargs: Any) -> ChangeStream:  # type: ignore[override]
        """Follow the changes of this collection.

        Args:
            args: As PyMongo.
            kwargs: As PyMongo.
        """
        return ChangeStream(self._access.channel, self.name, self._access.codec, *args, **kwargs)

    def list_search_indexes(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Search indexes are not there."""
        raise NotImplementedError("list_search_indexes")

    def create_search_index(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Search indexes are not there."""
        raise NotImplementedError("create_search_index")

    def create_search_indexes(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Search indexes are not there."""
        raise NotImplementedError("create_search_indexes")

    def drop_search_index(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Search indexes are not there."""
        raise NotImplementedError("drop_search_index")

    def update_search_index(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Search indexes are not there."""
        raise NotImplementedError("update_search_index")
