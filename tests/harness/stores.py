"""Where a test keeps its documents: the embedded engine, or a server; a fresh database for each test."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from typing import Any, Protocol

import pymongo
from pymongo.uri_parser import parse_uri

__all__ = ["MimStore", "MongodStore", "Store"]

_numbers = itertools.count(1)


class Store(Protocol):
    """A place for documents, as tests see it."""

    kind: str
    """``mim`` or ``mongod``."""
    database: str
    """Name of the database made for this test; gone after it."""

    def uri(self, database: str | None = None) -> str:
        """The URI of a database, this test's own by default."""
        ...

    def drop(self) -> None:
        """Remove every database whose URI was asked for."""
        ...


class _Databases:
    """Hands out database names, and remembers them."""

    def __init__(self) -> None:
        # The process id keeps parallel test runs on one server apart.
        self.database = f"ming_test_{os.getpid()}_{next(_numbers)}"
        self.used: set[str] = set()

    def use(self, database: str | None) -> str:
        name = database or self.database
        self.used.add(name)
        return name

    def __iter__(self) -> Iterator[str]:
        return iter(self.used)


class MimStore:
    """The embedded engine of this process."""

    kind = "mim"

    def __init__(self) -> None:
        self._databases = _Databases()
        self.database = self._databases.database

    def uri(self, database: str | None = None) -> str:
        """The URI of a database, this test's own by default."""
        return f"mim:///{self._databases.use(database)}"

    def drop(self) -> None:
        """Remove every database whose URI was asked for."""
        from ming import mim

        for name in self._databases:
            mim.Connection.get().drop_database(name)


class MongodStore:
    """A MongoDB server.

    Args:
        server_uri: The server's URI; a database in it is not used.
    """

    kind = "mongod"

    def __init__(self, server_uri: str) -> None:
        self._databases = _Databases()
        self._server_uri = server_uri
        self.database = self._databases.database

    def uri(self, database: str | None = None) -> str:
        """The URI of a database, this test's own by default."""
        return _with_database(self._server_uri, self._databases.use(database))

    def drop(self) -> None:
        """Remove every database whose URI was asked for."""
        with pymongo.MongoClient[dict[str, Any]](self._server_uri) as client:
            for name in self._databases:
                client.drop_database(name)


def _with_database(server_uri: str, database: str) -> str:
    scheme, _, rest = server_uri.partition("://")
    address, _, options = rest.partition("?")
    hosts = address.partition("/")[0]
    uri = f"{scheme}://{hosts}/{database}"
    # Users of the server's own database are known there, not in the test's.
    named = parse_uri(server_uri)["database"] if "@" in hosts and "authSource" not in options else None
    given = [options] if options else []
    source = [f"authSource={named}"] if named else []
    return "?".join([uri, "&".join(given + source)]) if given or source else uri
