"""How a session calls the driver: cached collections, declared options, the running transaction.

`DriverCalls` is the part that `ming.session.Session` and `ming.aio.session.AsyncSession` share; it awaits
nothing, so on the asynchronous face a call returns the driver's coroutine. What a session is connected to is
in `ming._binding`.
"""

from __future__ import annotations

import copy
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from pymongo.asynchronous.database import AsyncDatabase
from pymongo.database import Database
from pymongo.read_preferences import ReadPreference
from pymongo.write_concern import WriteConcern

from ming._binding import BoundSession
from ming._transactions import ambient
from ming.exc import MingConfigError, MongoGone

if TYPE_CHECKING:
    from typing_extensions import Self

    from ming._types import ManagerLike

__all__ = ["EVERYTHING", "DriverCalls", "FindArguments", "checked_delete_options"]

EVERYTHING: Final[Mapping[str, Any]] = {}
"""The query that every document matches."""

_READ: Final = {"hint", "collation", "comment", "max_time_ms", "session"}
_CHANGE: Final = {"hint", "collation", "comment", "session"}
_INSERT: Final = {"comment", "session"}

_ACCEPTED: Final[Mapping[str, set[str]]] = {
    "find": _READ,
    "find_one": _READ,
    "aggregate": _READ,
    "count_documents": _READ,
    "distinct": _READ - {"hint"},
    "estimated_document_count": {"comment", "max_time_ms"},
    "find_one_and_update": _READ,
    "find_one_and_replace": _READ,
    "find_one_and_delete": _READ,
    "update_one": _CHANGE,
    "update_many": _CHANGE,
    "replace_one": _CHANGE,
    "delete_one": _CHANGE,
    "delete_many": _CHANGE,
    "insert_one": _INSERT,
    "bulk_write": _INSERT,
    "create_index": _INSERT,
    "index_information": _INSERT,
    "drop_indexes": _INSERT,
}
"""Which call options each verb of the driver takes."""

_OUTSIDE_TRANSACTIONS: Final = {
    "estimated_document_count",
    "create_index",
    "index_information",
    "drop_indexes",
}

_OWN_KEYWORD: Final = {"find", "find_one"}
"""Verbs with a keyword ``max_time_ms``; the others hand ``maxTimeMS`` to the command."""

_HANDLE_OPTIONS: Final = frozenset({"read_preference", "write_concern", "read_concern"})
"""Options of a collection object rather than of a call."""

_DELETE_OPTIONS: Final = {"collation", "hint", "session", "let", "comment", "write_concern"}

_DRIVERS: Final = (Database, AsyncDatabase)


def _is_interchangeable(db: Any) -> bool:
    """Whether a database is known to hand out interchangeable collection objects."""
    if type(db) in _DRIVERS:
        return True
    # Looked up, not imported: a program that never used the embedded engine should not pay for it.
    mim = sys.modules.get("ming.mim")
    return mim is not None and type(db) in (mim.Database, mim.AsyncDatabase)


class _Handle(NamedTuple):
    """A cached collection object, and what it was made for."""

    name: str | None
    options: Mapping[str, Any]
    collection: Any


class DriverCalls(BoundSession):
    """A session's way to the driver.

    Args:
        bind: The datastore; may be set later.
    """

    _options: Mapping[str, Any] = {}
    _handles: tuple[Any, dict[Any, _Handle]] | None = None

    def with_options(
        self,
        *,
        read_preference: Any = None,
        write_concern: Any = None,
        read_concern: Any = None,
        hint: Any = None,
        collation: Any = None,
        comment: Any = None,
        max_time_ms: int | None = None,
        session: Any = None,
    ) -> Self:
        """Return a copy of this session whose calls carry driver options, each where the driver takes it.

        They win over those declared for a class; keywords of a single call win over both. A hint and a
        collation concern queries: calls that mean one known document go without.

        Args:
            read_preference: Which members of a replica set to read from.
            write_concern: Which acknowledgement to wait for.
            read_concern: Which isolation to read with.
            hint: The index to use.
            collation: How to compare strings.
            comment: What the server's log and profiler show.
            max_time_ms: How long the server may take.
            session: The driver's client session to run in.
        """
        given = {
            "read_preference": read_preference,
            "write_concern": write_concern,
            "read_concern": read_concern,
            "hint": hint,
            "collation": collation,
            "comment": comment,
            "max_time_ms": max_time_ms,
            "session": session,
        }
        other = copy.copy(self)
        other._options = {
            **self._options,
            **{name: value for name, value in given.items() if value is not None},
        }
        other._handles = None
        return other

    def for_bulk_run(self, manager: ManagerLike[Any]) -> Self:
        """Return a session like this one that reads what is stored, not what was, and waits for its writes.

        Args:
            manager: The class whose documents are migrated.
        """
        waiting = None if self.acknowledges(manager) else WriteConcern(w=1)
        return self.with_options(read_preference=ReadPreference.PRIMARY, write_concern=waiting)

    def call(
        self,
        manager: ManagerLike[Any],
        verb: str,
        args: Sequence[Any],
        kwargs: Mapping[str, Any],
        *,
        by_id: bool = False,
    ) -> Any:
        """Call a driver verb on the manager's collection; see `ming._types.Executor`."""
        options = self._options_for(manager)
        collection = self._collection(manager, options)
        kwargs = self._completed(verb, kwargs, options, by_id)
        if kwargs:
            collection, kwargs = _on_handle(collection, kwargs)
        return getattr(collection, verb)(*args, **kwargs)

    def on_abort(self, action: Callable[[], object]) -> None:
        """Have something done if the running transaction is aborted; nothing outside of transactions."""
        running = ambient(getattr(self.bind, "bind", None))
        if running is not None:
            running.on_abort(action)

    def acknowledges(self, manager: ManagerLike[Any], write_concern: Any = None) -> bool:
        """Return whether the server answers a write.

        Args:
            manager: Names the collection and the write concern declared for it.
            write_concern: The one that the call was given, if it was; it wins.
        """
        if write_concern is None:
            write_concern = self._collection(manager, self._options_for(manager)).write_concern
        return bool(write_concern.acknowledged)

    def sees_snapshot(self, client_session: Any = None) -> bool:
        """Whether reads go on in a transaction, or in a session that sees a snapshot.

        Args:
            client_session: The driver's session that the reading call was given, if it was.
        """
        if ambient(getattr(self.bind, "bind", None)) is not None:
            return True
        used = self._options.get("session") if client_session is None else client_session
        return used is not None and bool(used.in_transaction or used.options.snapshot)

    def open_cursor(self, manager: ManagerLike[Any], found: FindArguments) -> tuple[Any, dict[str, Any]]:
        """Open the driver's cursor of a ``find``.

        Returns:
            The cursor, and those options that counting its documents must share.
        """
        options = self._options_for(manager)
        kwargs = self._completed("find", found.kwargs, options)
        collection, kwargs = _on_handle(self._collection(manager, options), kwargs)
        shared = {name: kwargs[name] for name in ("session", "collation") if name in kwargs}
        return collection.find(*found.args, **kwargs), shared

    def _options_for(self, manager: ManagerLike[Any]) -> Mapping[str, Any]:
        declared = manager.driver_options
        return {**declared, **self._options} if self._options else declared

    def _completed(
        self, verb: str, kwargs: Mapping[str, Any], options: Mapping[str, Any], by_id: bool = False
    ) -> Mapping[str, Any]:
        """Complete a call's keywords by what the verb takes of the options, and by the running transaction."""
        running = ambient(getattr(self.bind, "bind", None))
        if not options and running is None:
            return kwargs
        added = {}
        for name in _ACCEPTED[verb] & options.keys():
            if not (by_id and name in ("hint", "collation")):
                added[_keyword(name, verb)] = options[name]
        if running is not None and verb not in _OUTSIDE_TRANSACTIONS:
            added.setdefault("session", running.client_session)
        return {**added, **kwargs}

    def _collection(self, manager: ManagerLike[Any], options: Mapping[str, Any]) -> Any:
        """The driver's collection of a class, with the read preference and concerns among the options.

        Raises:
            MongoGone: There is no connection.
            MingConfigError: The class names no collection.
        """
        db, name = self.db, manager.collection_name
        if not _is_interchangeable(db):
            return _collection(db, manager, options)
        cached = self._handles
        if cached is None or cached[0] is not db:
            cached = self._handles = (db, {})
        handle = cached[1].get(manager.cls)
        if handle is None or handle.name != name or handle.options != options:
            handle = cached[1][manager.cls] = _Handle(name, options, _collection(db, manager, options))
        return handle.collection


def _keyword(option: str, verb: str) -> str:
    return "maxTimeMS" if option == "max_time_ms" and verb not in _OWN_KEYWORD else option


def _collection(db: Any, manager: ManagerLike[Any], options: Mapping[str, Any]) -> Any:
    try:
        collection = db[manager.collection_name]
    except TypeError as error:
        if manager.collection_name is None:
            raise MingConfigError(f"{manager.cls.__name__} names no collection") from error
        raise MongoGone("MongoDB is not connected") from error
    return _on_handle(collection, options)[0]


def _on_handle(collection: Any, options: Mapping[str, Any]) -> tuple[Any, Mapping[str, Any]]:
    """Apply the options that belong to a collection object, and return the others."""
    if _HANDLE_OPTIONS.isdisjoint(options):
        return collection, options
    own = {name: value for name, value in options.items() if name in _HANDLE_OPTIONS}
    rest = {name: value for name, value in options.items() if name not in own}
    return collection.with_options(**own), rest


class FindArguments:
    """The arguments of a session's ``find``: ours apart, the rest as the driver gets them.

    Raises:
        ValueError: There are options, and no query before them.
    """

    def __init__(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self.args = args
        self.allow_extra: bool = kwargs.pop("allow_extra", True)
        self.strip_extra: bool = kwargs.pop("strip_extra", True)
        self.validate: bool = kwargs.pop("validate", True)
        self.on_invalid: Any = kwargs.pop("on_invalid", "raise")
        if kwargs.get("projection", self) is None:
            del kwargs["projection"]
        if kwargs and not args:
            raise ValueError(
                f"find() takes a query before its options ({', '.join(kwargs)}): "
                "find({'title': 'x'}, limit=1), or find_by(title='x')"
            )
        self.kwargs = kwargs
        self.query: Any = args[0] if args else None
        self.is_whole = "projection" not in kwargs and (len(args) < 2 or args[1] is None)
        """Whether whole documents are read."""


def checked_delete_options(kwargs: dict[str, Any]) -> dict[str, Any]:
    """Return the options of a ``remove``.

    Raises:
        ValueError: One is not the driver's; a query is not given by keywords.
    """
    for name in kwargs:
        if name not in _DELETE_OPTIONS:
            raise ValueError(
                f"Unexpected kwarg {name}. Did you mean a query? remove({{{name!r}: ...}}); "
                f"the options are {', '.join(sorted(_DELETE_OPTIONS))}"
            )
    return kwargs
