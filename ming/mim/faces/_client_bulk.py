"""Bulk writes over several collections: the driver's requests with namespaces, and their results as one.

Each request is a command of its own, so it needs no server that knows ``bulkWrite``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pymongo.errors import ClientBulkWriteException, InvalidOperation, OperationFailure
from pymongo.results import DeleteResult, InsertOneResult, UpdateResult
from pymongo.write_concern import WriteConcern

from ming.mim.faces import _bulk as bulk
from ming.mim.faces._bulk import Operation

__all__ = ["check_concern", "client_bulk_write"]

Run = Callable[[str, str, Operation], dict[str, Any]]
"""Performs a write on a collection of a database and returns the reply."""


def check_concern(concern: WriteConcern, verbose: bool, ordered: bool) -> None:
    """Refuse what cannot be had without acknowledgement.

    Raises:
        pymongo.errors.InvalidOperation: It is asked for.
    """
    if not concern.acknowledged:
        if verbose:
            raise InvalidOperation("Cannot request unacknowledged write concern and verbose results")
        if ordered:
            raise InvalidOperation("Cannot request unacknowledged write concern and ordered writes")


def client_bulk_write(models: Any, run: Run, *, ordered: bool, verbose: bool) -> dict[str, Any]:
    """Perform requests and return their results, in the form of ``ClientBulkWriteResult.bulk_api_result``.

    Args:
        models: The driver's requests, each with a namespace.
        run: Performs one of them.
        ordered: Stop at the first failure.
        verbose: Keep the result of every request.

    Raises:
        pymongo.errors.ClientBulkWriteException: Some of them failed.
    """
    operations = bulk.operations(models)
    namespaces = [_namespace(model) for model in models]
    merged = _nothing_done()
    for index, (operation, (database, collection)) in enumerate(zip(operations, namespaces, strict=True)):
        try:
            reply = run(database, collection, operation)
        except OperationFailure as error:
            merged["error"] = error
            raise ClientBulkWriteException(merged, verbose) from error
        failed = reply.get("writeErrors")
        if failed:
            told = {name: value for name, value in failed[0].items() if name != "index"}
            merged["writeErrors"].append({"ok": 0.0, "idx": index, **told, "op": operation.statement})
            if ordered:
                break
        else:
            merged["anySuccessful"] = True
            _merge(merged, index, operation, reply, verbose)
    if merged["writeErrors"]:
        raise ClientBulkWriteException(merged, verbose)
    return merged


def _namespace(model: Any) -> tuple[str, str]:
    if not model._namespace:
        raise InvalidOperation(
            "MongoClient.bulk_write requires a namespace to be provided for each write operation"
        )
    database, _, collection = model._namespace.partition(".")
    return database, collection


def _nothing_done() -> dict[str, Any]:
    counts = ("nInserted", "nUpserted", "nMatched", "nModified", "nDeleted")
    return {
        "anySuccessful": False,
        "error": None,
        "writeErrors": [],
        "writeConcernErrors": [],
        **dict.fromkeys(counts, 0),
        "insertResults": {},
        "updateResults": {},
        "deleteResults": {},
    }


def _merge(
    merged: dict[str, Any], index: int, operation: Operation, reply: Mapping[str, Any], verbose: bool
) -> None:
    count = reply["n"]
    upserted: Sequence[Mapping[str, Any]] = reply.get("upserted", ())
    told: dict[str, Any] = {"ok": 1.0, "idx": index, "n": count}
    result: Any
    if operation.verb == "insert":
        merged["nInserted"] += count
        result = InsertOneResult(operation.statement.get("_id"), acknowledged=True)
    elif operation.verb == "delete":
        merged["nDeleted"] += count
        result = DeleteResult(told, acknowledged=True)
    else:
        merged["nMatched"] += count - len(upserted)
        merged["nModified"] += reply["nModified"]
        merged["nUpserted"] += len(upserted)
        told["nModified"] = reply["nModified"]
        if upserted:
            told["upserted"] = {"_id": upserted[0]["_id"]}
        result = UpdateResult(told, acknowledged=True, in_client_bulk=True)
    if verbose:
        merged[f"{operation.verb}Results"][index] = result
