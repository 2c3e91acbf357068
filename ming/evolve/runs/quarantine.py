"""Documents that cannot be upgraded or stored: each is listed in the control collection, and left as it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import bson
from pymongo.errors import DuplicateKeyError, OperationFailure, WriteError

from ming._flows.many import Aggregate, FindMany
from ming._flows.operations import UpdateOne
from ming._types import Flow
from ming.evolve.runs.control import ControlCollection
from ming.exc import Invalid, MigrationError

__all__ = ["LISTED", "Refusal", "Refusals", "id_key", "reason_of", "write_errors"]

LISTED: Final = 1000
"""How many refused documents a report lists; the control collection has all."""


@dataclass(frozen=True)
class Refusal:
    """A document that a run could not upgrade."""

    document_id: Any
    """Its ``_id``."""
    path: str
    """Where in the document; empty for the document as a whole."""
    reason: str
    """What is wrong with it."""
    error: str
    """Name of the error's class."""


class Refusals:
    """The refused documents of one run.

    Args:
        control: The control collection.
        run: The run's id.
        collection: Name of the collection that is migrated.
    """

    def __init__(self, control: ControlCollection, run: Any, collection: str) -> None:
        self._control = control
        self._run = run
        self._collection = collection
        self._errors: dict[bytes, Exception] = {}

    def add(self, document_id: Any, error: Exception) -> Flow[bool]:
        """List a document; return whether it is new in the list."""
        if len(self._errors) < LISTED:
            self._errors[id_key(document_id)] = error
        values = {
            "kind": "refused",
            "run": self._run,
            "collection": self._collection,
            "path": _path_of(error),
            "reason": reason_of(error),
            "error": type(error).__name__,
        }
        known = {"_id": {"run": self._run, "document": document_id}}
        result = yield from UpdateOne(self._control, known, {"$set": values}, upsert=True)
        return result.upserted_id is not None

    def count(self) -> Flow[int]:
        """How many documents are listed."""
        counting = [{"$match": self._own}, {"$count": "count"}]
        found = yield from Aggregate(self._control, counting)
        return found[0]["count"] if found else 0

    def listed(self, limit: int = LISTED) -> Flow[list[Refusal]]:
        """The first of them, in the order of ``_id``."""
        found = yield from FindMany(self._control, self._own, sort=[("_id.document", 1)], limit=limit)
        return [
            Refusal(each["_id"]["document"], each["path"], each["reason"], each["error"]) for each in found
        ]

    def errors(self) -> Flow[list[tuple[Any, Exception]]]:
        """``_id`` and error of the first of them; those that others came upon are told by a `MigrationError`."""
        listed = yield from self.listed()
        return [(refusal.document_id, self._error_of(refusal)) for refusal in listed]

    @property
    def _own(self) -> dict[str, Any]:
        return {"run": self._run, "kind": "refused"}

    def _error_of(self, refusal: Refusal) -> Exception:
        error = self._errors.get(id_key(refusal.document_id))
        if error is not None:
            return error
        fields = [refusal.path] if refusal.path else []
        message = f"{refusal.error}: {refusal.reason}"
        return MigrationError(message, self._collection, refusal.document_id, fields)


def id_key(document_id: Any) -> bytes:
    """An ``_id`` as a key of a dict: it may be one itself."""
    return bson.encode({"_id": document_id})


def write_errors(details: Mapping[str, Any]) -> Iterator[tuple[int, Exception]]:
    """The errors of a bulk write, each with the number of its operation."""
    for each in details.get("writeErrors", ()):
        kind = DuplicateKeyError if each["code"] == 11000 else WriteError
        yield each["index"], kind(each["errmsg"], each["code"], each)


def reason_of(error: Exception) -> str:
    """What an error says is wrong with a document."""
    return error.reason if isinstance(error, Invalid) else str(error)


def _path_of(error: Exception) -> str:
    """Where in its document an error lies, as far as it says."""
    if isinstance(error, Invalid):
        return error.path
    if isinstance(error, MigrationError):
        return ", ".join(error.fields)
    details = error.details if isinstance(error, OperationFailure) else None
    return ", ".join(_named_in(details or {}))


def _named_in(details: Mapping[str, Any]) -> Sequence[str]:
    """The fields that a server's error names: those of a unique index, or those that a validator refuses."""
    if "keyPattern" in details:
        return list(details["keyPattern"])
    rules = details.get("errInfo", {}).get("details", {}).get("schemaRulesNotSatisfied", ())
    return [
        unsatisfied["propertyName"]
        for rule in rules
        for unsatisfied in rule.get("propertiesNotSatisfied", ())
    ]
