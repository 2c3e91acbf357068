"""Storing a document that remembers what it was read from, so that nobody else's change is lost.

One guarded update turns the document that was read into the document that is wanted. Where another writer
came first, the stored document is read and upgraded again, and the program's changes are made to that, if
the fields they touch are still what the program started from.
"""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pymongo.results import UpdateResult

from ming._flows.changes import Stored, applied, changed_fields, guarded, same, storable, update_of
from ming._flows.operations import FindOne, Sleep, UpdateOne
from ming._managers import BaseManager
from ming._types import Flow
from ming._values import Missing, Origin
from ming.exc import HybridDocument, StaleObject

__all__ = ["is_upgraded", "remembers", "settle", "store_changes", "store_upgrade"]

ATTEMPTS = 10
_FIRST_PAUSE = 0.002


def remembers(document: Any) -> bool:
    """Whether a document knows the raw document it was read from."""
    return document._origin is not None and document._origin.snapshot is not None


def is_upgraded(document: Any) -> bool:
    """Whether a document was read in an older version and is not stored in the newest yet."""
    return document._origin is not None and document._origin.version is not None


@dataclass
class _Base:
    """A document as it is stored."""

    raw: Stored
    """As it was read."""
    document: Any
    """Read, and upgraded where it is an older version."""
    upgraded: Stored
    """The newest version's stored form of it."""


def _read(manager: BaseManager[Any], raw: Stored) -> _Base:
    document = manager.loader()(copy.deepcopy(raw))
    return _Base(raw, document, storable(document, document._origin))


def store_changes(
    manager: BaseManager[Any],
    document: Any,
    data: Mapping[str, Any],
    kwargs: Mapping[str, Any],
    on_conflict: Callable[[], None] | None = None,
) -> Flow[UpdateResult]:
    """Store the changes made to a document since it was read, and its upgrade.

    Args:
        manager: The document's class.
        document: The document; afterwards it shows what is stored.
        data: Its valid data.
        kwargs: For the driver.
        on_conflict: Called each time another writer came first.

    Raises:
        StaleObject: Somebody else changed the same fields, or deleted the document after it was read in an
            older version.
    """
    start = _read(manager, document._origin.snapshot)
    changes = changed_fields(start.upgraded, storable(data, document._origin))
    return (yield from _store(manager, document, start, changes, kwargs, on_conflict))


def store_upgrade(manager: BaseManager[Any], document: Any, kwargs: Mapping[str, Any]) -> Flow[UpdateResult]:
    """Store a document's upgrade alone; the program's changes stay in memory."""
    start = _read(manager, document._origin.snapshot)
    return (yield from _store(manager, document, start, {}, kwargs))


def _store(
    manager: BaseManager[Any],
    document: Any,
    start: _Base,
    changes: Mapping[str, Any],
    kwargs: Mapping[str, Any],
    on_conflict: Callable[[], None] | None = None,
) -> Flow[UpdateResult]:
    base = start
    document_id = start.raw["_id"]
    must_exist = is_upgraded(document)
    for attempt in range(ATTEMPTS):
        result: UpdateResult = yield from _write(manager, base, changes, kwargs)
        if result.matched_count:
            _show(document, start, base)
            settle(manager, document)
            return result
        if on_conflict is not None:
            on_conflict()
        yield from Sleep(_FIRST_PAUSE * random.uniform(0.5, 1.5) * 2 ** min(attempt, 5))
        raw = yield from FindOne(manager, {"_id": document_id})
        if raw is not None:
            base = _read(manager, raw)
            _check(manager, start, base, changes)
        elif must_exist:
            raise StaleObject("deleted since it was read", manager.collection_name, document_id)
        else:
            result = yield from _insert_again(manager, applied(changes, start.upgraded), kwargs)
            if result.upserted_id is not None:
                settle(manager, document)
                return result
    message = f"changed by others in each of {ATTEMPTS} attempts to store it"
    raise StaleObject(message, manager.collection_name, document_id, list(changes))


def _write(
    manager: BaseManager[Any], base: _Base, changes: Mapping[str, Any], kwargs: Mapping[str, Any]
) -> Flow[UpdateResult]:
    """One atomic update: the upgrade, if there is one, and the changes."""
    update: Mapping[str, Any] = changes
    guards = set(changes)
    if is_upgraded(base.document):
        _refuse_overwriting(manager, base)
        update = changed_fields(base.raw, applied(changes, base.upgraded))
        # What a migrate function read cannot be seen, so whatever it may have read is guarded.
        guards = {*update, *manager.chain.fields_of(base.document._origin.version)}
    return (yield from UpdateOne(manager, guarded(base.raw, guards), update_of(update), **kwargs))


def _refuse_overwriting(manager: BaseManager[Any], base: _Base) -> None:
    """An upgrade must not replace a stored value that no ``migrate`` function was shown."""
    shown = manager.chain.fields_of(base.document._origin.version)
    hidden = (key for key, value in base.raw.items() if key not in shown and value is not None)
    lost = [key for key in hidden if key in base.upgraded and _differs(base.raw, base.upgraded, key)]
    if lost:
        message = (
            f"the upgrade from {base.document._origin.version.__name__} would overwrite "
            f"the stored {', '.join(lost)} [{HybridDocument.code}]"
        )
        raise HybridDocument(message, base.raw).within(manager.collection_name, base.raw["_id"])


def _insert_again(
    manager: BaseManager[Any], stored: Stored, kwargs: Mapping[str, Any]
) -> Flow[UpdateResult]:
    """Store a deleted document anew, unless somebody else just did."""
    rest = {key: value for key, value in stored.items() if key != "_id"}
    update = {"$setOnInsert": rest}
    return (yield from UpdateOne(manager, {"_id": stored["_id"]}, update, upsert=True, **kwargs))


def _check(manager: BaseManager[Any], start: _Base, base: _Base, changes: Mapping[str, Any]) -> None:
    stale = [key for key in changes if _differs(start.upgraded, base.upgraded, key)]
    if stale:
        message = "changed by somebody else since it was read"
        raise StaleObject(message, manager.collection_name, base.raw["_id"], stale)


def _differs(one: Mapping[str, Any], other: Mapping[str, Any], key: str) -> bool:
    return not same(one.get(key, Missing), other.get(key, Missing))


def _show(document: Any, start: _Base, base: _Base) -> None:
    """Let a document show what others stored meanwhile in fields that the program left alone."""
    mine = storable(document, document._origin)
    for key in {*start.upgraded, *base.upgraded}:
        if _differs(start.upgraded, base.upgraded, key) and not _differs(start.upgraded, mine, key):
            if key in base.document:
                dict.__setitem__(document, key, base.document[key])
            else:
                dict.pop(document, key, None)
    unknown = {} if base.document._origin is None else base.document._origin.unknown
    document._origin = Origin(unknown)


def settle(manager: BaseManager[Any], document: Any) -> None:
    """Note that a document is stored in the newest version, as it is in memory."""
    origin = document._origin
    unknown = {} if origin is None else origin.unknown
    snapshot = None
    if manager.declaration.save == "changes":
        snapshot = copy.deepcopy(storable(dict(document), origin))
    document._origin = Origin(unknown, snapshot) if unknown or snapshot else None
