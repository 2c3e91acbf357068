"""Replies of the engine as the driver's results and exceptions.

Used by `ming.mim.faces._access` and the collections; bulk replies are merged by `ming.mim.faces._bulk`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pymongo.errors import (
    CursorNotFound,
    DuplicateKeyError,
    ExecutionTimeout,
    OperationFailure,
    WriteError,
)
from pymongo.results import DeleteResult, UpdateResult

from ming.mim.data.errors import DUPLICATE_KEY, CommandError

__all__ = ["delete_result", "first_batch", "operation_failure", "raise_write_error", "update_result"]

_FAILURES: Final[Mapping[int, type[OperationFailure]]] = {
    DUPLICATE_KEY: DuplicateKeyError,
    43: CursorNotFound,
    50: ExecutionTimeout,
}


def operation_failure(error: CommandError) -> OperationFailure:
    """Return the exception PyMongo raises for a failed command."""
    failure = _FAILURES.get(error.code, OperationFailure)
    return failure(error.errmsg, error.code, error.reply())


def raise_write_error(reply: Mapping[str, Any]) -> None:
    """Raise the last write error of a reply, if it has any."""
    errors = reply.get("writeErrors")
    if errors:
        error = errors[-1]
        failure = DuplicateKeyError if error["code"] == DUPLICATE_KEY else WriteError
        raise failure(error["errmsg"], error["code"], error)


def update_result(reply: dict[str, Any], acknowledged: bool) -> UpdateResult:
    """Return the result of a single update or replace."""
    raise_write_error(reply)
    upserted = reply.get("upserted")
    reply["updatedExisting"] = bool(reply.get("n")) and not upserted
    if upserted:
        reply["upserted"] = upserted[0]["_id"]
    return UpdateResult(reply, acknowledged)


def delete_result(reply: dict[str, Any], acknowledged: bool) -> DeleteResult:
    """Return the result of a single delete."""
    raise_write_error(reply)
    return DeleteResult(reply, acknowledged)


def first_batch(reply: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the documents of a cursor reply; the engine sends all of them in the first batch."""
    documents: list[dict[str, Any]] = reply["cursor"]["firstBatch"]
    return documents
