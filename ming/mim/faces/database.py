"""`Database`: PyMongo's database over the embedded engine; its collections are `ming.mim.Collection`."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import pymongo.collection
import pymongo.database
from bson.codec_options import DEFAULT_CODEC_OPTIONS, CodecOptions
from pymongo.errors import CollectionInvalid, OperationFailure
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

from ming.mim.data.errors import NAMESPACE_NOT_FOUND
from ming.mim.faces import _arguments as arguments
from ming.mim.faces import _commands as commands
from ming.mim.faces._arguments import Pipeline
from ming.mim.faces._change_stream import ChangeStream
from ming.mim.faces._codec import Codec
from ming.mim.faces._legacy import LEGACY_COMMANDS
from ming.mim.faces._replies import first_batch
from ming.mim.faces.collection import Collection
from ming.mim.faces.command_cursor import CommandCursor
from ming.mim.storage.views import VIEWS

if TYPE_CHECKING:
    from ming.mim.faces.connection import Connection

__all__ = ["Database"]

# The collection that replies about a whole database are said to come from.
_COMMANDS: Final = "$cmd"


class Database(pymongo.database.Database[dict[str, Any]]):
    """A database of the embedded engine.

    Args:
        client: Its connection.
        name: Its name.
        codec_options: As PyMongo; by default the connection's, and so for the others.
        read_preference: As PyMongo; without effect.
        write_concern: As PyMongo.
        read_concern: As PyMongo; without effect.
    """

    def __init__(
        self,
        client: Connection,
        name: str,
        codec_options: CodecOptions[Any] | None = None,
        read_preference: Any = None,
        write_concern: WriteConcern | None = None,
        read_concern: ReadConcern | None = None,
    ) -> None:
        super().__init__(
            client,  # type: ignore[arg-type]
            name,
            codec_options=codec_options,
            read_preference=read_preference,
            write_concern=write_concern,
            read_concern=read_concern,
        )
        self._connection = client
        self._channel = client._channel(name)
        self._collections: dict[str, Collection] = {}

    @property
    def client(self) -> Connection:  # type: ignore[override]
        """The connection this database belongs to."""
        return self._connection

    @property
    def connection(self) -> Connection:
        """The connection this database belongs to."""
        return self._connection

    def __repr__(self) -> str:
        return f"mim.Database({self.name})"

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Collection: ...

    def __getitem__(self, name: str) -> Collection:
        found = self._collections.get(name)
        if found is None:
            # Of two threads the first wins, so that everyone has the same object.
            found = self._collections.setdefault(name, Collection(self, name))
        return found

    def get_collection(
        self,
        name: str,
        codec_options: CodecOptions[Any] | None = None,
        read_preference: Any = None,
        write_concern: WriteConcern | None = None,
        read_concern: ReadConcern | None = None,
    ) -> Collection:
        """Return a handle of a collection; with the database's own options it is ``db[name]``."""
        same = (
            (codec_options is None or codec_options is self.codec_options)
            and read_preference in (None, self.read_preference)
            and write_concern in (None, self.write_concern)
            and read_concern in (None, self.read_concern)
        )
        if same:
            return self[name]
        return Collection(self, name, codec_options, read_preference, write_concern, read_concern)

    def with_options(  # type: ignore[override]
        self,
        codec_options: CodecOptions[Any] | None = None,
        read_preference: Any = None,
        write_concern: WriteConcern | None = None,
        read_concern: ReadConcern | None = None,
    ) -> Database:
        """Return a handle of this database with other options."""
        return Database(
            self._connection,
            self.name,
            codec_options or self.codec_options,
            read_preference or self.read_preference,
            write_concern or self.write_concern,
            read_concern or self.read_concern,
        )

    # -- collections

    def create_collection(
        self,
        name: str,
        codec_options: CodecOptions[Any] | None = None,
        read_preference: Any = None,
        write_concern: WriteConcern | None = None,
        read_concern: ReadConcern | None = None,
        session: Any = None,
        check_exists: bool | None = True,
        **kwargs: Any,
    ) -> Collection:
        """Create a collection and return it.

        Raises:
            pymongo.errors.CollectionInvalid: There is one of that name.
        """
        # Inside a transaction nothing is listed; the engine looks for itself.
        looks = check_exists and not getattr(session, "in_transaction", False)
        if looks and name in self.list_collection_names(session, {"name": name}):
            raise CollectionInvalid(f"collection {name} already exists")
        made = self.get_collection(name, codec_options, read_preference, write_concern, read_concern)
        if "collation" in kwargs:
            kwargs["collation"] = arguments.collation_document(kwargs["collation"])
        self._channel.command({"create": name, **kwargs}, session)
        return made

    def list_collections(  # type: ignore[override]
        self,
        session: Any = None,
        filter: Mapping[str, Any] | None = None,
        comment: Any = None,
        **kwargs: Any,
    ) -> CommandCursor:
        """Return a cursor over the descriptions of the collections."""
        arguments.known_options("list_collections", kwargs, ("authorizedCollections", "nameOnly"))
        return self._cursor(commands.list_collections(filter or {}, comment=comment, **kwargs), session)

    def list_collection_names(
        self,
        session: Any = None,
        filter: Mapping[str, Any] | None = None,
        comment: Any = None,
        **kwargs: Any,
    ) -> list[str]:
        """Return the names of the collections."""
        return [str(found["name"]) for found in self.list_collections(session, filter, comment, **kwargs)]

    def drop_collection(
        self,
        name_or_collection: str | pymongo.collection.Collection[Any],
        session: Any = None,
        comment: Any = None,
        encrypted_fields: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Drop a collection with its indexes; an unknown one is no error."""
        if encrypted_fields is not None:
            raise NotImplementedError("encrypted_fields")
        command = {"drop": _name_of(name_or_collection)}
        if comment is not None:
            command["comment"] = comment
        try:
            return self._channel.command(command, session)
        except OperationFailure as error:
            if error.code != NAMESPACE_NOT_FOUND:
                raise
            return dict(error.details or {})

    def validate_collection(
        self,
        name_or_collection: str | pymongo.collection.Collection[Any],
        scandata: bool = False,
        full: bool = False,
        session: Any = None,
        background: bool | None = None,
        comment: Any = None,
    ) -> dict[str, Any]:
        """Check a collection, as the ``validate`` command does."""
        command = {"validate": _name_of(name_or_collection), "scandata": scandata, "full": full}
        if background is not None:
            command["background"] = background
        return self.command(command, session=session, comment=comment)

    def clear(self) -> None:
        """Delete every document of every collection; indexes and views stay."""
        for name in self.list_collection_names(filter={"type": "collection", "name": {"$ne": VIEWS}}):
            self[name].clear()

    # -- commands

    def aggregate(self, pipeline: Pipeline, session: Any = None, **kwargs: Any) -> CommandCursor:  # type: ignore[override]
        """Run an aggregation pipeline that starts without a collection."""
        return self._cursor(commands.aggregate(1, pipeline, **kwargs), session)

    def command(  # type: ignore[override]
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
        """Run a command and return the reply.

        Args:
            command: Its name, or the whole of it.
            value: What the name stands for, if it is a name.
            check: Raise on failure; otherwise return the reply that tells of it.
            allowable_errors: Codes and messages to return instead of raising.
            read_preference: Without effect.
            codec_options: How to read the reply.
            session: The client session to run it in.
            comment: As PyMongo.
            kwargs: Further fields of the command.
        """
        document = {command: value} if isinstance(command, str) else dict(command)
        document.update(kwargs)
        if comment is not None:
            document["comment"] = comment
        legacy = LEGACY_COMMANDS.get(next(iter(document)).lower()) if self._channel.lenient else None
        if legacy is not None:
            return legacy(self, document)
        codec = Codec(codec_options or DEFAULT_CODEC_OPTIONS)
        try:
            document = document if codec_options is None else codec.command(document)
            reply = self._channel.command(document, session)
        except OperationFailure as error:
            if check and not _allowed(error, allowable_errors or ()):
                raise
            reply = dict(error.details or {})
        answer: dict[str, Any] = codec.document(reply)
        return answer

    def cursor_command(  # type: ignore[override]
        self,
        command: str | MutableMapping[str, Any],
        value: Any = 1,
        read_preference: Any = None,
        codec_options: CodecOptions[Any] | None = None,
        session: Any = None,
        comment: Any = None,
        max_await_time_ms: int | None = None,
        **kwargs: Any,
    ) -> CommandCursor:
        """Run a command that answers with a cursor."""
        reply = self.command(
            command, value, codec_options=codec_options, session=session, comment=comment, **kwargs
        )
        return CommandCursor(self.get_collection(_COMMANDS, codec_options), first_batch(reply), session)

    def _cursor(self, command: dict[str, Any], session: Any) -> CommandCursor:
        collection = self[_COMMANDS]
        return CommandCursor(collection, collection._access.documents(command, session), session)

    def watch(self, *args: Any, **kwargs: Any) -> ChangeStream:  # type: ignore[override]
        """Follow the changes of this database.

        Args:
            args: As PyMongo.
            kwargs: As PyMongo.
        """
        return ChangeStream(self._channel, 1, self["$cmd"]._access.codec, *args, **kwargs)


def _name_of(name_or_collection: str | pymongo.collection.Collection[Any]) -> str:
    if isinstance(name_or_collection, pymongo.collection.Collection):
        return name_or_collection.name
    if not isinstance(name_or_collection, str):
        raise TypeError(
            f"name_or_collection must be an instance of str or Collection, not {name_or_collection!r}"
        )
    return name_or_collection


def _allowed(error: OperationFailure, allowable: Sequence[str | int]) -> bool:
    return error.code in allowable or (error.details or {}).get("errmsg") in allowable
