"""The documents of a range read, upgraded in Python, and stored by guarded bulk writes.

All that the server did not upgrade by itself comes this way: documents of versions with ``migrate``
functions, documents without a stamp, and documents that are not valid, whose errors are found here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pymongo
from bson.errors import BSONError
from pymongo.errors import BulkWriteError

from ming._flows.exactness import SIMPLE
from ming._flows.loading import loader_for
from ming._flows.many import FindMany
from ming._flows.migration import is_refusal, is_too_large, migrate_one
from ming._flows.operations import BulkWrite
from ming._flows.origins import is_upgraded
from ming._flows.recipe import base_of, replacement_of
from ming._types import Flow, RawDocument
from ming.evolve.runs.holding import Holding
from ming.evolve.runs.patience import is_transient
from ming.evolve.runs.quarantine import id_key, write_errors
from ming.evolve.runs.ranges import within

__all__ = ["upgrade_in_python"]

_UNENCODABLE: Final = (BSONError, OverflowError, UnicodeEncodeError)
"""Errors of the driver about values that cannot be stored."""


@dataclass(slots=True)
class _Upgrade:
    """A document that was read, and the write that stores its upgrade."""

    raw: RawDocument
    write: pymongo.UpdateOne


def upgrade_in_python(holding: Holding) -> Flow[None]:
    """Upgrade the documents of a range that are still old."""
    old = within(holding.range.filter, holding.job.plan.outdated)
    waiting, size = old, holding.job.batch_size
    while True:
        found = yield from FindMany(holding.manager, waiting, sort=[("_id", 1)], limit=size, collation=SIMPLE)
        yield from _upgrade_batch(holding, found)
        if len(found) < size:
            return
        yield from holding.extend()
        waiting = within(old, {"_id": {"$gt": found[-1]["_id"]}})


def _upgrade_batch(holding: Holding, found: Sequence[RawDocument]) -> Flow[None]:
    if holding.refused:
        found = [raw for raw in found if id_key(raw["_id"]) not in holding.refused]
    holding.tally.seen += len(found)
    if holding.job.plan.singly:
        for raw in found:
            yield from _upgrade_singly(holding, raw)
        return
    load = loader_for(holding.manager.cls)
    upgrades = []
    for raw in found:
        document_id = raw["_id"]
        try:
            upgrade = _prepared(holding, load, raw)
        except Exception as error:  # noqa: BLE001 - a ``migrate`` may raise anything
            yield from holding.refuse(document_id, error)
        else:
            if upgrade is not None:
                upgrades.append(upgrade)
    if upgrades:
        yield from _store(holding, upgrades)


def _prepared(holding: Holding, load: Callable[[RawDocument], Any], raw: RawDocument) -> _Upgrade | None:
    """Load a document, and say what to send; None if it is new already."""
    document = load(raw)
    if not is_upgraded(document):
        holding.tally.current += 1
        return None
    base = base_of(document)
    return _Upgrade(base.raw, _write(base.raw, replacement_of(holding.manager, base)))


def _write(raw: RawDocument, upgraded: RawDocument) -> pymongo.UpdateOne:
    """Replace a document if it is still exactly what was read; leave it alone otherwise.

    A filter by ``_id`` alone, and one comparison of the whole, cost the server a tenth of a filter that compares
    each field. If somebody changed a field that does not matter, looking again shows it.
    """
    is_unchanged = {"$eq": ["$$ROOT", {"$literal": raw}]}
    outcome = {"$cond": [is_unchanged, {"$literal": upgraded}, "$$ROOT"]}
    return pymongo.UpdateOne({"_id": raw["_id"]}, [{"$replaceWith": outcome}], collation=SIMPLE)


def _store(holding: Holding, upgrades: Sequence[_Upgrade]) -> Flow[None]:
    errors: dict[int, Exception] = {}
    try:
        result = yield from BulkWrite(holding.manager, [upgrade.write for upgrade in upgrades], ordered=False)
        stored = result.modified_count
    except BulkWriteError as error:
        if is_transient(error):
            raise
        details: Any = error.details
        stored = details["nModified"]
        errors = dict(write_errors(details))
    except Exception as error:
        if not isinstance(error, _UNENCODABLE) and not is_too_large(error):
            raise
        # It does not say which document it is about.
        for upgrade in upgrades:
            yield from _upgrade_singly(holding, upgrade.raw)
        return
    holding.tally.changed += stored
    for number, refusal in errors.items():
        yield from holding.refuse(upgrades[number].raw["_id"], refusal)
    if stored + len(errors) < len(upgrades):
        ids = [upgrade.raw["_id"] for number, upgrade in enumerate(upgrades) if number not in errors]
        holding.tally.conflicts += len(ids) - stored
        yield from _upgrade_again(holding, ids)


def _upgrade_again(holding: Holding, ids: Sequence[Any]) -> Flow[None]:
    """Of the documents of a batch, upgrade those that somebody changed before they could be stored."""
    among = within({"_id": {"$in": list(ids)}}, holding.job.plan.outdated)
    for raw in (yield from FindMany(holding.manager, among, collation=SIMPLE)):
        yield from _upgrade_singly(holding, raw)


def _upgrade_singly(holding: Holding, raw: RawDocument) -> Flow[None]:
    document_id = raw["_id"]
    try:
        outcome = yield from migrate_one(holding.manager, raw, holding.tally)
    except Exception as error:
        if not is_refusal(error):
            raise
        yield from holding.refuse(document_id, error)
    else:
        holding.tally.changed += outcome == "changed"
        holding.tally.current += outcome == "newest"
