"""Bulk writes: the driver's operation objects as runs of write commands, and their replies as one result.

Neighbouring operations of one kind share a command; of an unordered bulk, all of one kind do, as in the
driver. `ming.mim.faces.collection` sends the commands.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, Final, NamedTuple

from bson import ObjectId
from bson.raw_bson import RawBSONDocument
from pymongo import DeleteMany, DeleteOne, InsertOne, ReplaceOne, UpdateMany, UpdateOne
from pymongo.errors import BulkWriteError, InvalidOperation

from ming.mim.faces import _arguments as arguments
from ming.mim.faces import _commands as commands

__all__ = ["Operation", "bulk_write", "ensure_id", "insert_many", "operations", "write_command"]

# The order in which the driver sends the kinds of an unordered bulk.
_UNORDERED: Final = ("insert", "update", "delete")


class Operation(NamedTuple):
    """One write of a bulk."""

    verb: str
    """``insert``, ``update`` or ``delete``."""
    statement: Any
    """The document, or the statement of the command."""


def ensure_id(document: Any) -> Any:
    """Return the ``_id`` of a document to be inserted, adding one to the caller's object if it has none.

    A `RawBSONDocument` cannot be changed; the engine gives it an ``_id`` and this returns None.
    """
    if document.__class__ is not dict:
        arguments.check_document(document)
    if "_id" not in document and not isinstance(document, RawBSONDocument):
        document["_id"] = ObjectId()
    return document.get("_id")


def insert_many(
    collection: str,
    documents: Iterable[Any],
    run: Callable[[dict[str, Any]], dict[str, Any]],
    ordered: bool,
    **options: Any,
) -> list[Any]:
    """Insert documents with one command, and return their ``_id`` values.

    Args:
        collection: Name of the collection.
        documents: The documents; those without ``_id`` are given one.
        run: Sends a command and returns the reply.
        ordered: Stop at the first failure.
        options: Further fields of the command; None means absent.

    Raises:
        TypeError: There are no documents.
        pymongo.errors.BulkWriteError: Some were refused.
    """
    if isinstance(documents, Mapping | str | bytes) or not isinstance(documents, Iterable):
        raise TypeError("documents must be a non-empty list")
    listed = list(documents)
    ids = [ensure_id(document) for document in listed]
    if not ids:
        raise TypeError("documents must be a non-empty list")
    reply = run(commands.insert(collection, listed, ordered, **options))
    if "writeErrors" in reply:
        failed = _nothing_done()
        _merge(failed, "insert", reply, range(len(listed)), listed)
        raise BulkWriteError(failed)
    return ids


def operations(requests: Sequence[Any]) -> list[Operation]:
    """Return the operations that the driver's request objects stand for.

    Raises:
        TypeError: The requests are no list, or one of them is no request.
        pymongo.errors.InvalidOperation: There are none.
    """
    if not isinstance(requests, list | tuple):
        raise TypeError(f"requests must be a list, not {type(requests)}")
    made = [_operation(request) for request in requests]
    if not made:
        raise InvalidOperation("No operations to execute")
    return made


# PyMongo's request objects have no public accessors; their slots have kept their names since PyMongo 3.
def _operation(request: Any) -> Operation:
    match request:
        case InsertOne():
            ensure_id(request._doc)
            return Operation("insert", request._doc)
        case ReplaceOne():
            arguments.check_replacement(request._doc)
            return Operation("update", _update(request))
        case UpdateOne() | UpdateMany():
            arguments.check_update(request._doc)
            multi = isinstance(request, UpdateMany)
            return Operation("update", _update(request, multi=multi, array_filters=request._array_filters))
        case DeleteOne() | DeleteMany():
            return Operation("delete", _delete(request))
    raise TypeError(f"{request!r} is not a valid request")


def _update(request: Any, **options: Any) -> dict[str, Any]:
    return commands.update_statement(
        request._filter,
        request._doc,
        upsert=bool(request._upsert),
        collation=request._collation,
        hint=request._hint,
        sort=getattr(request, "_sort", None),
        **options,
    )


def _delete(request: Any) -> dict[str, Any]:
    return commands.delete_statement(
        request._filter,
        limit=1 if isinstance(request, DeleteOne) else 0,
        collation=request._collation,
        hint=request._hint,
    )


def bulk_write(
    collection: str,
    writes: Sequence[Operation],
    run: Callable[[dict[str, Any]], dict[str, Any]],
    ordered: bool = True,
    **options: Any,
) -> dict[str, Any]:
    """Run writes and return the merged reply, in the form of ``BulkWriteResult.bulk_api_result``.

    Args:
        collection: Name of the collection.
        writes: What to do.
        run: Sends a command and returns the reply.
        ordered: Stop at the first failure.
        options: Further fields of each command; None means absent.

    Raises:
        pymongo.errors.BulkWriteError: Some writes failed.
    """
    merged = _nothing_done()
    for verb, indexes in _runs(writes, ordered):
        statements = [writes[index].statement for index in indexes]
        reply = run(write_command(verb, collection, statements, ordered, options))
        _merge(merged, verb, reply, indexes, statements)
        if ordered and merged["writeErrors"]:
            break
    if merged["writeErrors"]:
        merged["writeErrors"].sort(key=lambda error: error["index"])
        raise BulkWriteError(merged)
    return merged


def _runs(writes: Sequence[Operation], ordered: bool) -> Iterator[tuple[str, list[int]]]:
    """Yield kinds of writes with the positions of those that share a command."""
    indexes: Iterable[int] = range(len(writes))
    if not ordered:
        indexes = sorted(indexes, key=lambda index: _UNORDERED.index(writes[index].verb))
    for verb, run in groupby(indexes, key=lambda index: writes[index].verb):
        yield verb, list(run)


def write_command(
    verb: str, collection: str, statements: list[Any], ordered: bool, options: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the command for writes of one kind.

    Args:
        verb: The kind.
        collection: Name of the collection.
        statements: The documents, or the statements.
        ordered: Stop at the first failure.
        options: Further fields of the command; inserts leave out ``let``.
    """
    if verb != "insert":
        return commands.write(verb, collection, statements, ordered, **options)
    known = {name: value for name, value in options.items() if name != "let"}
    return commands.insert(collection, statements, ordered, **known)


def _nothing_done() -> dict[str, Any]:
    return {
        "writeErrors": [],
        "writeConcernErrors": [],
        "nInserted": 0,
        "nUpserted": 0,
        "nMatched": 0,
        "nModified": 0,
        "nRemoved": 0,
        "upserted": [],
    }


def _merge(
    merged: dict[str, Any],
    verb: str,
    reply: Mapping[str, Any],
    indexes: Sequence[int],
    statements: Sequence[Any],
) -> None:
    count = reply.get("n", 0)
    upserted = [{**entry, "index": indexes[entry["index"]]} for entry in reply.get("upserted", ())]
    match verb:
        case "insert":
            merged["nInserted"] += count
        case "delete":
            merged["nRemoved"] += count
        case "update":
            merged["nMatched"] += count - len(upserted)
            merged["nModified"] += reply["nModified"]
            merged["nUpserted"] += len(upserted)
            merged["upserted"] += upserted
    merged["writeErrors"] += [
        {**error, "index": indexes[error["index"]], "op": statements[error["index"]]}
        for error in reply.get("writeErrors", ())
    ]
