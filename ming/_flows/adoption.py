"""Stamping the documents of a collection that was there before its versions had stamps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import bson
import pymongo
from pymongo.errors import BulkWriteError

from ming._base_manager import BaseManager
from ming._flows.changes import guarded
from ming._flows.operations import BulkWrite
from ming._flows.rebase import ATTEMPTS
from ming._flows.streams import OpenFind, TakeBatch
from ming._types import Flow, RawDocument
from ming.evolve.adoption import AdoptionReport, stamp_of, versions_of
from ming.evolve.chain import Chain, Version
from ming.exc import MingConfigError

__all__ = ["adopt"]

_BATCH = 500


def adopt(
    manager: BaseManager[Any], dry_run: bool = False, assume: type[Any] | None = None
) -> Flow[AdoptionReport]:
    """Stamp every document without a stamp that is valid in exactly one version.

    A write is guarded by what was read: a document that somebody changes meanwhile is looked at again.

    Args:
        manager: The class.
        dry_run: Whether to count only, and write nothing.
        assume: Class of the version that documents valid in several are taken for, if it is one of them; by
            default, what ``unstamped`` in ``__mongometa__`` says.

    Raises:
        MingConfigError: No version bears a stamp, or ``assume`` is no version of the class.
    """
    run = _Adoption(manager, AdoptionReport(manager.collection_name, dry_run), _assumed(manager, assume))
    cursor = yield from OpenFind(manager, _without_stamp(manager.chain), sort=[("_id", 1)])
    while batch := (yield from TakeBatch(cursor, _BATCH)):
        run.report.seen += len(batch)
        yield from run.settle(batch)
    return run.report


def _assumed(manager: BaseManager[Any], assume: type[Any] | None) -> Version | None:
    chain = manager.chain
    if not chain.stamps:
        raise MingConfigError(
            f"no version of {manager.cls.__name__} has a stamp: give each one a constant field, "
            "such as version = Field(1)"
        )
    if assume is None:
        return chain.unstamped
    found = next((version for version in chain.versions if version.cls is assume), None)
    if found is None:
        raise MingConfigError(f"assume: {assume!r} is no version of {manager.cls.__name__}")
    return found


def _without_stamp(chain: Chain) -> dict[str, Any]:
    return {stamp.name: None for stamp in chain.stamps}


@dataclass
class _Decision:
    """A document, and the version it is to be stamped as."""

    raw: RawDocument
    version: Version


class _Adoption:
    """One run.

    Args:
        manager: The class.
        report: What was done so far.
        assumed: The version of ambiguous documents, if there is one.
    """

    def __init__(self, manager: BaseManager[Any], report: AdoptionReport, assumed: Version | None) -> None:
        self.manager = manager
        self.chain = manager.chain
        self.report = report
        self.assumed = assumed
        self.declared = {name for version in self.chain.versions for name in version.schema.fields}

    def settle(self, batch: Sequence[RawDocument]) -> Flow[None]:
        """Stamp what can be stamped of a batch, as often as others come first."""
        for _ in range(ATTEMPTS):
            decided = list(self._decide(batch))
            if self.report.dry_run:
                self._count(decided)
                return
            batch = yield from self._stamp(decided)
            if not batch:
                return
            self.report.conflicts += len(batch)
        for raw in batch:
            self.report.refused.add(raw["_id"], f"changed by others in each of {ATTEMPTS} attempts")

    def _decide(self, batch: Sequence[RawDocument]) -> Iterator[_Decision]:
        for raw in batch:
            versions, refusals = versions_of(self.chain, raw)
            if len(versions) > 1 and self.assumed in versions:
                versions = [version for version in versions if version is self.assumed]
            if not versions:
                reasons = "; ".join(f"{name}: {reason}" for name, reason in refusals.items())
                self.report.invalid.add(raw["_id"], reasons)
            elif len(versions) > 1:
                self.report.ambiguous.add(
                    raw["_id"], f"valid as {', '.join(version.name for version in versions)}"
                )
            elif stamp_of(self.chain, versions[0]):
                yield _Decision(raw, versions[0])
            else:
                self.report.baseline += 1

    def _stamp(self, decided: Sequence[_Decision]) -> Flow[list[RawDocument]]:
        """Write stamps, and return the documents, as they are now, that somebody else changed meanwhile."""
        if not decided:
            return []
        refused: dict[int, str] = {}
        try:
            result = yield from BulkWrite(self.manager, [*map(self._write, decided)], ordered=False)
            matched = result.matched_count
        except BulkWriteError as error:
            details: Any = error.details
            if details.get("writeConcernErrors"):
                raise
            refused = {each["index"]: each["errmsg"] for each in details["writeErrors"]}
            matched = details["nMatched"]
        for number, reason in refused.items():
            self.report.refused.add(decided[number].raw["_id"], reason)
        accepted = [decision for number, decision in enumerate(decided) if number not in refused]
        if matched == len(accepted):
            self._count(accepted)
            return []
        return (yield from self._look_again(accepted))

    def _write(self, decision: _Decision) -> pymongo.UpdateOne:
        raw = decision.raw
        stamp = stamp_of(self.chain, decision.version)
        return pymongo.UpdateOne(guarded(raw, {*raw, *self.declared}), {"$set": stamp})

    def _look_again(self, decided: Sequence[_Decision]) -> Flow[list[RawDocument]]:
        """After a batch of which somebody else changed some: count what is stamped, return what is not."""
        ids = [decision.raw["_id"] for decision in decided]
        cursor = yield from OpenFind(self.manager, {"_id": {"$in": ids}})
        stored = {_key(raw): raw for raw in (yield from TakeBatch(cursor, len(ids)))}
        waiting = []
        for decision in decided:
            # Whoever deleted a document, or stamped it otherwise, has settled it.
            now = stored.get(_key(decision.raw), {})
            stamp = stamp_of(self.chain, decision.version)
            if all(now.get(name) == constant for name, constant in stamp.items()):
                self._count([decision])
            elif now and all(now.get(field.name) is None for field in self.chain.stamps):
                waiting.append(now)
        return waiting

    def _count(self, stamped: Sequence[_Decision]) -> None:
        for decision in stamped:
            name = decision.version.name
            self.report.stamped[name] = self.report.stamped.get(name, 0) + 1


def _key(raw: RawDocument) -> bytes:
    """An ``_id`` as a key: it may be a dict."""
    return bson.encode({"_id": raw["_id"]})
