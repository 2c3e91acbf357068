"""`Connection`: the client of the embedded engine; its databases are `ming.mim.Database`."""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from types import TracebackType
from typing import TYPE_CHECKING, Any, ClassVar, Final

import pymongo
import pymongo.database
from bson.codec_options import CodecOptions
from pymongo.client_options import ClientOptions
from pymongo.errors import ConfigurationError
from pymongo.read_concern import ReadConcern
from pymongo.results import ClientBulkWriteResult
from pymongo.write_concern import WriteConcern

from ming.mim.commands.core import Engine
from ming.mim.data.dialect import Dialect
from ming.mim.faces._access import Channel
from ming.mim.faces._arguments import known_options
from ming.mim.faces._bulk import Operation, write_command
from ming.mim.faces._change_stream import ChangeStream
from ming.mim.faces._client_bulk import check_concern, client_bulk_write
from ming.mim.faces._codec import Codec, unspecified_uuids
from ming.mim.faces._driver_cursors import DriverCursors
from ming.mim.faces._sessions import SessionOptions, TransactionOptions
from ming.mim.faces.client_session import ClientSession
from ming.mim.faces.command_cursor import CommandCursor
from ming.mim.faces.database import Database

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["Connection", "MongoClient"]


class MongoClient:
    """A base whose name PyMongo looks for where it wants a client of its own."""


class Connection(MongoClient, DriverCursors):
    """A client of a store in memory, empty at first unless it is kept in a file.

    Args:
        strict: Answer as a server does, also where Ming's in-memory engine is known to differ.
        engine: The store; by default a new one.
        file: The file that keeps the store, made if it is missing. All connections of the process to one file
            share one store, which goes on until the last of them is closed.

    Raises:
        StoreFileError: The file cannot be used.
    """

    is_mongos: Final = False
    is_primary: Final = True

    _shared: ClassVar[dict[str, Connection]] = {}
    _session_class: ClassVar[type[Any]] = ClientSession

    def __init__(
        self,
        *,
        strict: bool = False,
        engine: Engine | None = None,
        file: str | os.PathLike[str] | None = None,
    ) -> None:
        dialect = Dialect(lenient=not strict)
        self._close: Callable[[], object] = _nothing
        if file is not None:
            if engine is not None:
                raise TypeError("engine and file exclude each other: a file brings its own engine")
            # Not every build of Python has SQLite.
            from ming.mim.commands.files import Claim

            claim = Claim(file, dialect)
            engine = claim.engine
            self._close = weakref.finalize(self, claim.release)
        self._engine = engine or Engine(dialect)
        self._databases: dict[str, Database] = {}
        self._options = _default_options() if strict else _legacy_uuid_options()

    @classmethod
    def get(cls) -> Connection:
        """Return the connection that the whole process shares."""
        found = Connection._shared.get("process")
        if found is None:
            # Of two threads the first wins, so that everyone has the same object.
            found = Connection._shared.setdefault("process", cls())
        return found

    def __repr__(self) -> str:
        return "mim.Connection()"

    # -- options

    @property
    def options(self) -> ClientOptions:
        """The options of a default client."""
        return self._options

    @property
    def codec_options(self) -> CodecOptions[dict[str, Any]]:
        """How documents are written and read; UUIDs in the legacy form, unless strict."""
        return self._options.codec_options

    @property
    def read_preference(self) -> Any:
        """The read preference of a default client."""
        return self._options.read_preference

    @property
    def write_concern(self) -> WriteConcern:
        """The write concern of a default client."""
        return self._options.write_concern

    @property
    def read_concern(self) -> ReadConcern:
        """The read concern of a default client."""
        return self._options.read_concern

    def _codec_for(self, options: CodecOptions[Any]) -> Codec:
        # What the connection itself writes as legacy UUIDs is read as binaries; who asks for a
        # representation gets it.
        reading = unspecified_uuids(options) if options is self.codec_options else options
        return Codec(options, reading)

    # -- databases

    def __getattr__(self, name: str) -> Database:
        if name.startswith("_"):
            raise AttributeError(
                f"Connection has no attribute {name!r}. To access the {name} database, use conn[{name!r}]."
            )
        return self[name]

    def __getitem__(self, name: str) -> Database:
        found = self._databases.get(name)
        if found is None:
            found = self._databases.setdefault(name, Database(self, name))
        return found

    def get_database(
        self,
        name: str | None = None,
        codec_options: CodecOptions[Any] | None = None,
        read_preference: Any = None,
        write_concern: WriteConcern | None = None,
        read_concern: ReadConcern | None = None,
    ) -> Database:
        """Return a handle of a database; without other options it is ``conn[name]``.

        Raises:
            pymongo.errors.ConfigurationError: No name was given, and there is no default one.
        """
        if name is None:
            raise ConfigurationError("No default database defined")
        options = (codec_options, read_preference, write_concern, read_concern)
        return self[name] if options == (None,) * 4 else Database(self, name, *options)

    def get_default_database(
        self,
        default: str | None = None,
        codec_options: CodecOptions[Any] | None = None,
        read_preference: Any = None,
        write_concern: WriteConcern | None = None,
        read_concern: ReadConcern | None = None,
    ) -> Database:
        """Return the database of the given name: there is no URI to take one from."""
        return self.get_database(default, codec_options, read_preference, write_concern, read_concern)

    def list_databases(self, session: Any = None, comment: Any = None, **kwargs: Any) -> CommandCursor:
        """Return a cursor over the descriptions of the databases."""
        known_options("list_databases", kwargs, ("authorizedDatabases", "filter", "nameOnly"))
        reply = self.admin.command({"listDatabases": 1, **kwargs}, session=session, comment=comment)
        return CommandCursor(self.admin["$cmd"], reply["databases"])

    def list_database_names(self, session: Any = None, comment: Any = None) -> list[str]:
        """Return the names of the databases that hold a collection."""
        return [str(found["name"]) for found in self.list_databases(session, comment, nameOnly=True)]

    def drop_database(
        self,
        name_or_database: str | pymongo.database.Database[Any],
        session: Any = None,
        comment: Any = None,
    ) -> None:
        """Drop a database with its collections and indexes; an unknown one is no error."""
        if isinstance(name_or_database, pymongo.database.Database):
            name_or_database = name_or_database.name
        self[name_or_database].command("dropDatabase", session=session, comment=comment)

    def drop_all(self) -> None:
        """Drop every database; open transactions are aborted."""
        self.admin.command("killAllSessions", [])
        for name in self.list_database_names():
            if name in _PERMANENT:
                for collection in self[name].list_collection_names():
                    self[name].drop_collection(collection)
            else:
                self.drop_database(name)

    def clear_all(self) -> None:
        """Delete every document of every database; indexes stay, and open transactions are aborted."""
        self.admin.command("killAllSessions", [])
        for name in self.list_database_names():
            self[name].clear()

    # -- the client itself

    def server_info(self, session: Any = None) -> dict[str, Any]:
        """Return what the engine says of its build."""
        return self.admin.command("buildInfo", session=session)

    def close(self) -> None:
        """Let go of the file, if there is one; a store in memory, and a connection to it, stay usable."""
        self._close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def start_session(
        self,
        causal_consistency: bool | None = None,
        default_transaction_options: TransactionOptions | None = None,
        snapshot: bool | None = False,
    ) -> ClientSession:
        """Start a client session, for transactions.

        Args:
            causal_consistency: As PyMongo; what is read is never older than what was written.
            default_transaction_options: Options of its transactions.
            snapshot: Whether to read everything from the same snapshot.
        """
        options = SessionOptions(causal_consistency, default_transaction_options, snapshot)
        return ClientSession(self, self._channel("admin")._run, options)

    def _channel(self, database: str) -> Channel:
        """Return how the handles of a database reach the engine."""
        return Channel(self._engine, database, self)

    def watch(self, *args: Any, **kwargs: Any) -> ChangeStream:
        """Follow the changes of every database of this connection.

        Args:
            args: As PyMongo.
            kwargs: As PyMongo.
        """
        codec = self._codec_for(self.codec_options)
        return ChangeStream(self._channel("admin"), 1, codec, *args, cluster=True, **kwargs)

    def bulk_write(
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
        """Run a list of PyMongo's write requests, each with the namespace it is for.

        Raises:
            pymongo.errors.ClientBulkWriteException: Some of them were refused.
        """
        concern = write_concern or self.write_concern
        check_concern(concern, verbose_results, ordered)
        options = {"bypassDocumentValidation": bypass_document_validation, "comment": comment, "let": let}

        def run(database: str, collection: str, operation: Operation) -> dict[str, Any]:
            command = write_command(operation.verb, collection, [operation.statement], ordered, options)
            return self[database][collection]._access.run(command, session)

        merged = client_bulk_write(models, run, ordered=ordered, verbose=verbose_results)
        return ClientBulkWriteResult(merged, concern.acknowledged, verbose_results)


def _nothing() -> None:
    """Close nothing."""


_PERMANENT: Final = ("admin", "config", "local")
"""Databases that a server does not drop."""


def _options_of(**kwargs: Any) -> ClientOptions:
    with pymongo.MongoClient[dict[str, Any]](connect=False, **kwargs) as client:
        return client.options


@cache
def _default_options() -> ClientOptions:
    return _options_of()


@cache
def _legacy_uuid_options() -> ClientOptions:
    return _options_of(uuidRepresentation="pythonLegacy")
