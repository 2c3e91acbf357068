"""The embedded engine: MongoDB in the process, behind PyMongo's classes.

Door to `Connection` and `AsyncConnection`, their databases, collections and cursors, to `serve`, and to the
matching helpers.
"""

from __future__ import annotations

from ming.mim.faces._aio_client_session import AsyncClientSession
from ming.mim.faces._aio_collection import AsyncCollection
from ming.mim.faces._aio_cursor import AsyncCommandCursor, AsyncCursor
from ming.mim.faces._aio_database import AsyncDatabase
from ming.mim.faces.aio import AsyncConnection
from ming.mim.faces.client_session import ClientSession
from ming.mim.faces.collection import Collection
from ming.mim.faces.command_cursor import CommandCursor
from ming.mim.faces.connection import Connection, MongoClient
from ming.mim.faces.cursor import Cursor
from ming.mim.faces.database import Database
from ming.mim.faces.matching import BsonArith, MatchDoc, MatchList, _lookup, match
from ming.mim.front.server import Server, serve
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
