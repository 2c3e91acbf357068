"""The flow behind ``m.migrate()``: every document of a collection in its newest version."""

from __future__ import annotations

import logging
from typing import Any

from pymongo.errors import DocumentTooLarge, PyMongoError, WriteError
from pymongo.results import UpdateResult

from ming._base_manager import BaseManager
from ming._flows.documents import save
from ming._flows.loading import loader_for
from ming._flows.rebase import ATTEMPTS, FindAgain, is_upgraded
from ming._flows.streams import OpenFind, TakeBatch
from ming._types import Flow, RawDocument
from ming.evolve.report import MigrationReport
from ming.exc import MongoGone, StaleObject

__all__ = ["migrate"]

log = logging.getLogger("ming.migration")
_BATCH = 500


def migrate(manager: BaseManager[Any]) -> Flow[MigrationReport]:
    """Store every document in its newest version.

    A class without older versions has each document loaded and saved, which normalises it.

    Returns:
        What was done. A document that cannot be upgraded or stored is listed there, and stays as it is.
    """
    report = MigrationReport(manager.collection_name)
    # In the order of _id, which no write changes: no document is met twice.
    cursor = yield from OpenFind(manager, _outdated(manager), sort=[("_id", 1)])
    while batch := (yield from TakeBatch(cursor, _BATCH)):
        for raw in batch:
            report.seen += 1
            document_id = raw["_id"]
            try:
                report.changed += yield from _migrate_one(manager, raw, report)
            except Exception as error:
                if not _is_refusal(error):
                    raise
                report.refused.append((document_id, error))
    if report.refused:
        document_id, refusal = report.refused[0]
        kind = type(refusal).__name__
        log.warning("%s; the first refused: _id %r: %s: %s", report, document_id, kind, refusal)
    return report


def _is_refusal(error: Exception) -> bool:
    """Whether an error is about one document, and not about the connection."""
    about_document = isinstance(error, (WriteError, DocumentTooLarge))
    return about_document or not isinstance(error, (PyMongoError, MongoGone))


def _outdated(manager: BaseManager[Any]) -> dict[str, Any]:
    """A filter that leaves out what a stamp shows to be newest, where one stamp can."""
    newest = len(manager.chain.versions) - 1
    for stamp in manager.chain.stamps:
        constant = stamp.constants.get(newest)
        if len(manager.chain.stamps) == 1 and stamp.matching(constant) == [newest]:
            return {stamp.name: {"$ne": constant}}
    return {}


def _migrate_one(manager: BaseManager[Any], raw: RawDocument, report: MigrationReport) -> Flow[bool]:
    """Upgrade and store one document, as often as others come first; return whether its stored form changed."""

    def count_conflict() -> None:
        report.conflicts += 1

    document_id = raw["_id"]
    stored: RawDocument | None = raw
    for attempt in range(ATTEMPTS):
        if stored is None:
            return False
        document = loader_for(manager.cls)(stored)
        if manager.older is not None and not is_upgraded(document):
            return False
        try:
            result = yield from save(manager, document, (), {}, count_conflict)
        except StaleObject:
            # A hook changed what somebody else changed as well: run it again on what is stored now.
            if attempt + 1 == ATTEMPTS:
                raise
            stored = yield from FindAgain(manager, {"_id": document_id})
        else:
            return (
                not isinstance(result, UpdateResult) or not result.acknowledged or result.modified_count > 0
            )
    return False
