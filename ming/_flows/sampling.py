"""Reading some documents of a collection that has no class yet."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import bson

from ming._flows.operations import DriverCall
from ming._flows.streams import OpenFind, TakeBatch
from ming._types import Flow, RawDocument
from ming.metadata import collection

__all__ = ["Sample", "sample"]

_BATCH: Final = 500


@dataclass(frozen=True)
class Sample:
    """Some documents of a collection."""

    random: list[RawDocument]
    """Documents chosen at random, or all there are."""
    ends: list[RawDocument]
    """Others: the first and the last by ``_id``, where rare shapes are likely to be."""


class _OpenAggregate(DriverCall[Any]):
    """Open a cursor over what a pipeline makes."""

    __slots__ = ()
    verb = "aggregate"


def sample(name: str, size: int) -> Flow[Sample]:
    """Read some documents, each once.

    Args:
        name: Name of the collection.
        size: How many at most; a smaller collection is read as a whole.
    """
    manager = collection(name, None)._manager
    first = yield from _all(OpenFind(manager, {}, sort=[("_id", 1)], limit=size))
    if len(first) < size:
        return Sample(first, [])
    last = yield from _all(OpenFind(manager, {}, sort=[("_id", -1)], limit=size // 4))
    random = yield from _all(_OpenAggregate(manager, [{"$sample": {"size": size // 2}}]))
    known: set[bytes] = set()
    return Sample(_unknown(random, known), _unknown([*first[: size // 4], *last], known))


def _all(opening: DriverCall[Any]) -> Flow[list[RawDocument]]:
    cursor = yield from opening
    found: list[RawDocument] = []
    while batch := (yield from TakeBatch(cursor, _BATCH)):
        found += batch
    return found


def _unknown(documents: Iterable[RawDocument], known: set[bytes]) -> list[RawDocument]:
    """The documents whose ``_id`` is not known yet; from now on it is."""
    found = []
    for document in documents:
        # An _id may be a dict.
        key = bson.encode({"": document["_id"]})
        if key not in known:
            known.add(key)
            found.append(document)
    return found
