"""The sessions of an application's classes, bound to a database if they are not yet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pymongo.errors import ConfigurationError

from ming import Session, create_datastore
from ming._base_manager import BaseManager
from ming.cli.exits import UsageProblem
from ming.cli.naming import class_name
from ming.cli.redaction import REDACTOR, shown_uri
from ming.exc import MingConfigError

__all__ = ["Binder", "Database"]


@dataclass(frozen=True)
class Database:
    """The database that unbound sessions are bound to.

    Args:
        uri: Its URI, if there is one.
        is_demanded: Whether the command line names it, so that no other will do.
        timeout: Seconds to look for a server.
    """

    uri: str | None
    is_demanded: bool
    timeout: float


class Binder:
    """Gives every class a session with a database.

    Args:
        database: For sessions that the application has not bound.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._datastore: Any = None

    def place_of(self, manager: BaseManager[Any]) -> tuple[Any, ...]:
        """What tells where a class's documents are, without binding anything."""
        bound = getattr(manager.session, "bind", None)
        return (*(() if bound is None else _place(bound)), manager.collection_name)

    def session_for(self, manager: BaseManager[Any]) -> Any:
        """The session of a class, bound if it was not; a session of our own for a class without one.

        Raises:
            UsageProblem: There is no database, or another one than the command line demands.
        """
        declared = manager.session
        if declared is None:
            return self.session(class_name(manager.cls))
        if declared.bind is None:
            declared.bind = self._own_datastore(class_name(manager.cls))
        else:
            self._check(manager, declared.bind)
        # A copy, which for a proxy is one of the session that it stands for.
        return declared.with_options()

    def session(self, whose: str | None = None) -> Session:
        """A session of our own.

        Args:
            whose: Name of the class that has none.

        Raises:
            UsageProblem: There is no database.
        """
        return Session(self._own_datastore(whose))

    def _own_datastore(self, whose: str | None) -> Any:
        uri = self._database.uri
        if uri is None:
            purpose = "" if whose is None else f" for {whose}"
            raise UsageProblem(
                f"no database{purpose}: give --uri, set MING_URI, or set uri in [tool.ming] of pyproject.toml"
            )
        if self._datastore is None:
            self._datastore = _open_datastore(uri, self._database.timeout)
        return self._datastore

    def _check(self, manager: BaseManager[Any], bound: Any) -> None:
        uris = [argument for argument in getattr(bound.bind, "_conn_args", ()) if isinstance(argument, str)]
        for uri in uris:
            REDACTOR.learn(uri)
        name = class_name(manager.cls)
        if self._database.is_demanded and _place(bound) != _place(self._own_datastore(name)):
            where = shown_uri(uris[0]) if uris else f"the database {bound.name!r}"
            raise UsageProblem(
                f"the application has bound the session of {name} to {where} already: "
                "leave --uri out, or have the application bind it to that"
            )


def _place(datastore: Any) -> tuple[Any, ...]:
    """What tells where a datastore is, without connecting."""
    engine = datastore.bind
    connect = getattr(engine, "_Connection", None)
    client = (getattr(connect, "func", connect), getattr(connect, "args", ()))
    return (*client, getattr(engine, "_conn_args", ()), datastore.name)


def _open_datastore(uri: str, timeout: float) -> Any:
    """The database of a URI, without indexes being created by the way.

    Args:
        uri: The URI.
        timeout: Seconds to look for a server, unless the URI says otherwise.

    Raises:
        UsageProblem: The URI cannot be used.
    """
    REDACTOR.learn(uri)
    options: dict[str, Any] = {}
    if "serverselectiontimeoutms" not in uri.lower():
        options["serverSelectionTimeoutMS"] = round(timeout * 1000)
    try:
        return create_datastore(uri, connect_retry=0, auto_ensure_indexes=False, **options)
    except (ValueError, MingConfigError, ConfigurationError) as error:
        raise UsageProblem(f"the URI of the database cannot be used: {error}") from error
