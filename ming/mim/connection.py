"""`Connection`: the client of the embedded engine; its databases are `ming.mim.Database`."""

from __future__ import annotations

from functools import cache
from types import TracebackType
from typing import TYPE_CHECKING, Any, ClassVar, Final, NoReturn

import pymongo
import pymongo.database
from bson.codec_options import CodecOptions
from pymongo.client_options import ClientOptions
from pymongo.errors import ConfigurationError
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

from ming.mim._arguments import known_options
from ming.mim._codec import Codec, unspecified_uuids
from ming.mim.command_cursor import CommandCursor
from ming.mim.core import Engine
from ming.mim.database import Database
from ming.mim.dialect import Dialect

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["Connection", "MongoClient"]


class MongoClient:
    """A base whose name PyMongo looks for where it wants a client of its own."""


class Connection(MongoClient):
    """A client of a store in memory, empty at first.

    Args:
        strict: Answer as a server does, also where Ming's in-memory engine is known to differ.
        engine: The store; by default a new one.
    """

    is_mongos: Final = False
    is_primary: Final = True

    _shared: ClassVar[dict[str, Connection]] = {}

    def __init__(self, *, strict: bool = False, engine: Engine | None = None) -> None:
        self._engine = engine or Engine(Dialect(lenient=not strict))
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
        return [str(found["name"]) for found in self.list_databases(session, comment)]

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
        """Drop every database."""
        for name in self.list_database_names():
            self.drop_database(name)

    def clear_all(self) -> None:
        """Delete every document of every database; indexes stay."""
        for name in self.list_database_names():
            self[name].clear()

    # -- the client itself

    def server_info(self, session: Any = None) -> dict[str, Any]:
        """Return what the engine says of its build."""
        return self.admin.command("buildInfo", session=session)

    def close(self) -> None:
        """Do nothing: the store lives as long as the process, and so does the shared connection."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def start_session(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Client sessions are not there."""
        raise NotImplementedError("start_session")

    def watch(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Change streams are not there."""
        raise NotImplementedError("watch")

    def bulk_write(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Bulk writes over several collections are not there."""
        raise NotImplementedError("bulk_write")


def _options_of(**kwargs: Any) -> ClientOptions:
    with pymongo.MongoClient[dict[str, Any]](connect=False, **kwargs) as client:
        return client.options


@cache
def _default_options() -> ClientOptions:
    return _options_of()


@cache
def _legacy_uuid_options() -> ClientOptions:
    return _options_of(uuidRepresentation="pythonLegacy")
