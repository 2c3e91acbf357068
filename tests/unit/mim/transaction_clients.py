"""Client sessions made by hand, for tests of what the engine does with their numbers."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from bson import Binary, Int64

from ming.mim.commands.core import Engine
from ming.mim.data.errors import CommandError

__all__ = [
    "FIND",
    "TRANSIENT",
    "Client",
    "Document",
    "delete",
    "fails",
    "filled_engine",
    "found",
    "insert",
    "update",
]

Document = dict[str, Any]

FIND: Document = {"find": "c"}
TRANSIENT = ["TransientTransactionError"]


def insert(*ids: int, into: str = "c", **fields: Any) -> Document:
    return {"insert": into, "documents": [{"_id": own, **fields} for own in ids]}


def update(own: int, change: Document | None = None, **options: Any) -> Document:
    return {"update": "c", "updates": [{"q": {"_id": own}, "u": change or {"$inc": {"n": 1}}}], **options}


def delete(own: int) -> Document:
    return {"delete": "c", "deletes": [{"q": {"_id": own}, "limit": 1}]}


class Client:
    """A client session, by hand."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.lsid = {"id": Binary(uuid.uuid4().bytes, 4)}
        self.number = 0
        self._starts = False

    def begin(self) -> Client:
        """Let the next command start a transaction."""
        self.number += 1
        self._starts = True
        return self

    def __call__(self, command: Document, database: str = "db") -> Document:
        """Run a command in the transaction."""
        fields = {"lsid": self.lsid, "txnNumber": Int64(self.number), "autocommit": False}
        if self._starts:
            fields["startTransaction"] = True
            self._starts = False
        return self._engine.command(database, {**command, **fields})

    def ids(self, **query: Any) -> list[int]:
        """Return the ``_id`` of the documents the transaction sees."""
        return found(self({**FIND, "filter": query}))

    def commit(self) -> Document:
        return self({"commitTransaction": 1}, "admin")

    def abort(self) -> Document:
        return self({"abortTransaction": 1}, "admin")

    def write(self, command: Document, number: int) -> Document:
        """Run a retryable write."""
        return self._engine.command("db", {**command, "lsid": self.lsid, "txnNumber": Int64(number)})


def found(reply: Document) -> list[int]:
    return [document["_id"] for document in reply["cursor"]["firstBatch"]]


def fails(code: int, run: Callable[..., Any], *args: Any) -> CommandError:
    with pytest.raises(CommandError) as caught:
        run(*args)
    assert caught.value.code == code
    return caught.value


def filled_engine() -> Engine:
    """Return an engine with two documents under a unique and another index."""
    made = Engine()
    documents = [{"_id": 1, "u": 1, "k": 0}, {"_id": 2, "u": 2, "k": 0}]
    made.command("db", {"insert": "c", "documents": documents})
    unique = {"key": {"u": 1}, "name": "u_1", "unique": True, "sparse": True}
    made.command("db", {"createIndexes": "c", "indexes": [unique, {"key": {"k": 1}, "name": "k_1"}]})
    return made
