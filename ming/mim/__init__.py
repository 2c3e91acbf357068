"""The embedded engine: MongoDB in the process, behind PyMongo's classes.

Door to `Connection` and `AsyncConnection`, their databases, collections and cursors, to `serve`, and to the
matching helpers.
"""

from __future__ import annotations

from ming.mim._aio_client_session import AsyncClientSession
from ming.mim._aio_collection import AsyncCollection
from ming.mim._aio_cursor import AsyncCommandCursor, AsyncCursor
from ming.mim._aio_database import AsyncDatabase
from ming.mim.aio import AsyncConnection
from ming.mim.client_session import ClientSession
from ming.mim.collection import Collection
from ming.mim.command_cursor import CommandCursor
from ming.mim.connection import Connection, MongoClient
from ming.mim.cursor import Cursor
from ming.mim.database import Database
from ming.mim.matching import BsonArith, MatchDoc, MatchList, _lookup, match
from ming.mim.server import Server, serve
from ming.mim.vocabulary import Vocabulary, vocabulary

__all__ = [
    "AsyncClientSession",
    "AsyncCollection",
    "AsyncCommandCursor",
    "AsyncConnection",
    "AsyncCursor",
    "AsyncDatabase",
    "BsonArith",
    "ClientSession",
    "Collection",
    "CommandCursor",
    "Connection",
    "Cursor",
    "Database",
    "MatchDoc",
    "MatchList",
    "MongoClient",
    "Server",
    "Vocabulary",
    "_lookup",
    "match",
    "serve",
    "vocabulary",
]
