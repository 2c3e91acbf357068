"""Documents loaded and saved one by one: how a class without older versions is migrated.

Loading and saving normalises documents. Runs over classes with older versions (`ming.evolve.runs`) do the same
with single documents where a hook wants to see each, or where others were first.
"""

from __future__ import annotations

import logging
from typing import Any, Final, Literal, Protocol

from pymongo.errors import DocumentTooLarge, OperationFailure, PyMongoError, WriteError
from pymongo.results import UpdateResult

from ming._base_manager import BaseManager
from ming._flows.documents import save
from ming._flows.loading import loader_for
from ming._flows.origins import is_upgraded
from ming._flows.rebase import ATTEMPTS, FindAgain
from ming._flows.streams import OpenFind, TakeBatch
from ming._types import Flow, RawDocument
from ming.evolve.report import MigrationReport
from ming.exc import MongoGone, StaleObject

__all__ = ["Outcome", "is_refusal", "is_too_large", "migrate_one", "normalise", "warn_of_refusals"]

log = logging.getLogger("ming.migration")
_BATCH = 500
_OBJECT_TOO_LARGE: Final = 10334

Outcome = Literal["changed", "unchanged", "newest", "gone"]
"""What became of a document."""


class _Counts(Protocol):
    conflicts: int


def normalise(manager: BaseManager[Any]) -> Flow[MigrationReport]:
    """Load and save every document.

    Returns:
        What was done. A document that cannot be loaded or stored is listed there, and stays as it is.
    """
    report = MigrationReport(manager.collection_name)
    # In the order of _id, which no write changes: no document is met twice.
    cursor = yield from OpenFind(manager, {}, sort=[("_id", 1)])
    while batch := (yield from TakeBatch(cursor, _BATCH)):
        for raw in batch:
            report.seen += 1
            document_id = raw["_id"]
            try:
                report.changed += (yield from migrate_one(manager, raw, report)) == "changed"
            except Exception as error:
                if not is_refusal(error):
                    raise
                report.refused.append((document_id, error))
    report.refused_count = len(report.refused)
    warn_of_refusals(report)
    return report


def warn_of_refusals(report: MigrationReport) -> None:
    """Say so in the log if documents were refused."""
    if report.refused:
        document_id, refusal = report.refused[0]
        kind = type(refusal).__name__
        log.warning("%s; the first refused: _id %r: %s: %s", report, document_id, kind, refusal)


def is_refusal(error: Exception) -> bool:
    """Whether an error is about one document, and not about the connection."""
    about_document = isinstance(error, WriteError) or is_too_large(error)
    return about_document or not isinstance(error, (PyMongoError, MongoGone))


def is_too_large(error: Exception) -> bool:
    """Whether what was to be sent is larger than a message may be; driver and server both refuse that."""
    if isinstance(error, OperationFailure):
        return error.code == _OBJECT_TOO_LARGE
    return isinstance(error, DocumentTooLarge)


def migrate_one(manager: BaseManager[Any], raw: RawDocument, counts: _Counts) -> Flow[Outcome]:
    """Upgrade and store one document, as often as others come first.

    Args:
        manager: The document's class.
        raw: The document as it was read.
        counts: Where attempts that came too late are counted.

    Raises:
        Exception: It cannot be upgraded, or not be stored.
    """

    def count_conflict() -> None:
        counts.conflicts += 1

    document_id = raw["_id"]
    stored: RawDocument | None = raw
    for attempt in range(ATTEMPTS):
        if stored is None:
            return "gone"
        document = loader_for(manager.cls)(stored)
        if manager.older is not None and not is_upgraded(document):
            return "newest"
        try:
            result = yield from save(manager, document, (), {}, count_conflict)
        except StaleObject:
            # A hook changed what somebody else changed as well: run it again on what is stored now.
            if attempt + 1 == ATTEMPTS:
                raise
            stored = yield from FindAgain(manager, {"_id": document_id})
        else:
            if isinstance(result, UpdateResult) and result.acknowledged and not result.modified_count:
                return "unchanged"
            return "changed"
    return "gone"
