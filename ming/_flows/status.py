"""How many documents of a collection are of which version.

Stamps are counted by the server. Documents whose stamp does not tell, most of all those without one, are read:
all of them, or a sample.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from ming._base_manager import BaseManager, manager_of
from ming._flows.exactness import SIMPLE
from ming._flows.many import Aggregate
from ming._flows.streams import OpenFind, TakeBatch
from ming._types import Flow, RawDocument
from ming.evolve.chain import Version
from ming.evolve.status import (
    CollectionStatus,
    Verdict,
    VersionStatus,
    estimated,
    verdict_by_stamp,
    verdict_of,
)
from ming.schema.export import mongo_schema

__all__ = ["SAMPLE", "find_status"]

SAMPLE: Final = 1000
"""How many documents without a telling stamp are read, if not all."""

_BATCH: Final = 500

Tally = Counter[str]


def find_status(
    manager: BaseManager[Any], sample: int | None = SAMPLE, validate: bool = True
) -> Flow[CollectionStatus]:
    """Count the documents of each version.

    Args:
        manager: The class.
        sample: How many documents whose stamp does not tell are read at most; None for all.
        validate: Whether the server counts the documents that their version does not accept.
    """
    tally: Tally = Counter()
    telling: dict[str, list[RawDocument]] = {}
    open_questions: list[RawDocument] = []
    unclear = 0
    for stored, count in (yield from _stamps(manager)):
        verdict = verdict_by_stamp(manager.chain, stored)
        if verdict is None:
            open_questions.append(_filter(manager, stored))
            unclear += count
        else:
            name = _name(verdict)
            tally[name] += count
            telling.setdefault(name, []).append(_filter(manager, stored))
    examined = yield from _examined(manager, open_questions, unclear, sample)
    tally.update(estimated(examined, unclear))
    invalid: dict[str, int] = {}
    if validate:
        for version in manager.chain.versions:
            filters = telling.get(version.name, [])
            invalid[version.name] = yield from _invalid(manager, version, filters)
    return _status(manager, tally, invalid, examined.total(), unclear)


def _status(
    manager: BaseManager[Any], tally: Tally, invalid: Mapping[str, int], examined: int, unclear: int
) -> CollectionStatus:
    newest = manager.chain.newest
    verdicts = {verdict.value: verdict for verdict in Verdict}
    names = [version.name for version in manager.chain.versions]
    # Classes of a polymorphic family may have versions of their own.
    names += [name for name in tally if name not in names and name not in verdicts]
    return CollectionStatus(
        str(manager.collection_name),
        [VersionStatus(name, name == newest.name, tally[name], invalid.get(name)) for name in names],
        {verdict: tally[name] for name, verdict in verdicts.items() if tally[name]},
        examined,
        max(0, unclear - examined),
    )


def _name(verdict: Version | Verdict) -> str:
    return verdict.value if isinstance(verdict, Verdict) else verdict.name


def _stamps(manager: BaseManager[Any]) -> Flow[list[tuple[RawDocument, int]]]:
    """The stamps that documents bear, and how many bear them."""
    names = [stamp.name for stamp in manager.chain.stamps]
    keys = {str(number): f"${name}" for number, name in enumerate(names)}
    groups = yield from Aggregate(
        manager, [{"$group": {"_id": keys, "count": {"$sum": 1}}}], collation=SIMPLE
    )
    return [
        ({names[int(number)]: value for number, value in group["_id"].items()}, group["count"])
        for group in groups
    ]


def _filter(manager: BaseManager[Any], stored: RawDocument) -> RawDocument:
    """Matches the documents that bear just these stamps."""
    names = [stamp.name for stamp in manager.chain.stamps]
    return {name: {"$eq": stored[name]} if stored.get(name) is not None else None for name in names}


def _examined(
    manager: BaseManager[Any], filters: list[RawDocument], count: int, sample: int | None
) -> Flow[Tally]:
    """Read documents, all or a sample, and say what they are."""
    query = {"$or": filters} if any(filters) else {}
    if not count:
        return Counter()
    if sample is not None and count > sample:
        drawn = yield from Aggregate(
            manager, [{"$match": query}, {"$sample": {"size": sample}}], collation=SIMPLE
        )
        return Counter(_verdicts(manager, drawn))
    tally: Tally = Counter()
    cursor = yield from OpenFind(manager, query, collation=SIMPLE)
    while batch := (yield from TakeBatch(cursor, _BATCH)):
        tally.update(_verdicts(manager, batch))
    return tally


def _verdicts(manager: BaseManager[Any], documents: Iterable[RawDocument]) -> Iterator[str]:
    for raw in documents:
        chain = manager.chain
        if manager.polymorphic_on is not None:
            known = manager.declaration.polymorphic_registry or {}
            cls = known.get(raw.get(manager.polymorphic_on), manager.cls)
            chain = manager_of(cls).chain
        yield _name(verdict_of(chain, raw))


def _invalid(manager: BaseManager[Any], version: Version, filters: list[RawDocument]) -> Flow[int]:
    """How many documents of a version the server knows to be invalid; as a rule, it accepts more than reading."""
    if not filters:
        return 0
    is_closed = version is manager.chain.newest and manager.strict_read
    valid = {"$jsonSchema": mongo_schema(version.schema, closed=is_closed)}
    counting = [{"$match": {"$or": filters, "$nor": [valid]}}, {"$count": "count"}]
    found = yield from Aggregate(manager, counting, collation=SIMPLE)
    return found[0]["count"] if found else 0
