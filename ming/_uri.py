"""Which database a datastore's URI names, and what of the URI the client gets to see."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

from pymongo.uri_parser import parse_uri

from ming.exc import MingConfigError

__all__ = ["Target", "file_of", "is_in_memory", "target_of"]

_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):(.*)", re.DOTALL)
_HOST_AND_PORT: Final = re.compile(r"[^/@,:]+:\d+(,[^/@,:]+(:\d+)?)*(/|\Z)")
_DEFAULT_IN_MEMORY: Final = "test"
"""The database of a ``mim:`` URI that names none; the one MongoDB's shell starts with."""


@dataclass(frozen=True)
class Target:
    """Where a datastore is.

    Args:
        database: Name of the database.
        client_uri: What the client constructor gets as first argument; None for a bare database name.
    """

    database: str
    client_uri: str | None


def is_in_memory(uri: object) -> bool:
    """Whether a client argument means the embedded engine."""
    return isinstance(uri, str) and uri.startswith("mim:")


def file_of(uri: str) -> str | None:
    """Return the absolute path of the file a ``mim:`` URI names with its ``file`` option, None if it has none.

    Raises:
        MingConfigError: The option is empty, or there several times.
    """
    options = [option.partition("=") for option in uri.partition("?")[2].split("&")]
    paths = [unquote(value) for name, _, value in options if name == "file"]
    if not paths:
        return None
    if len(paths) > 1 or not paths[0]:
        raise MingConfigError(
            f"the URI {uri!r} must name one file: write it as in 'mim:///db?file=path.ming'"
        )
    return os.path.abspath(paths[0])


def target_of(uri: str, *, resolve: bool = True) -> Target:
    """Read a datastore's URI.

    Args:
        uri: A database name, a ``mim:`` URI, a ``mongodb:`` URI or ``host:port/database``.
        resolve: Whether the driver may ask the DNS about a ``mongodb+srv:`` URI, which blocks.

    Raises:
        TypeError: It is no text.
        MingConfigError: The URI names no database.
    """
    if not isinstance(uri, str):
        raise TypeError(f"expected a URI or the name of a database, got {uri!r}")
    if _HOST_AND_PORT.match(uri):
        uri = f"mongodb://{uri}"
    scheme = _SCHEME.match(uri)
    if scheme is None:
        return Target(_named(uri.removeprefix("/"), uri), None)
    name, rest = scheme.groups()
    if name == "mim":
        return Target(_in_memory_database(rest), uri)
    if name == "mongo":
        # The scheme of the first release.
        name, uri = "mongodb", f"mongodb:{rest}"
    if name in ("mongodb", "mongodb+srv"):
        return Target(_named(_database_in(uri, name, resolve), uri), uri)
    return Target(_named(_path_of(rest), uri), uri)


def _in_memory_database(rest: str) -> str:
    if not rest.startswith("//"):
        return rest.partition("?")[0].removeprefix("/") or _DEFAULT_IN_MEMORY
    # ``mim://name`` has no host to name, so the name is the database's.
    authority = rest[2:].partition("?")[0].partition("/")[0]
    return _path_of(rest) or authority or _DEFAULT_IN_MEMORY


def _path_of(rest: str) -> str:
    """The path of what follows the scheme, without its leading slash."""
    plain = rest.partition("?")[0]
    if plain.startswith("//"):
        plain = plain[2:].partition("/")[2]
    return plain.removeprefix("/")


def _database_in(uri: str, scheme: str, resolve: bool) -> str | None:
    if scheme == "mongodb+srv" and not resolve:
        # Options may be meant for the record only, and have no say in the database.
        uri = "mongodb" + uri.removeprefix(scheme).partition("?")[0]
    database: str | None = parse_uri(uri)["database"]
    return database


def _named(database: str | None, uri: str) -> str:
    if not database:
        shown = re.sub(r"//[^/]*@", "//", uri)
        raise MingConfigError(
            f"the URI {shown!r} names no database: write it as in 'mongodb://host/database'"
        )
    return database
