"""Storing a document that remembers what it was read from, so that nobody else's change is lost.

One guarded update turns the document that was read into the document that is wanted. Where another writer
came first, the stored document is read and upgraded again, and the program's changes are made to that, if
the fields they touch are still what the program started from. From then on the document remembers what was
stored, and later saves send what changed since.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Mapping
from typing import Any

from pymongo.results import UpdateResult

from ming._base_manager import BaseManager
from ming._flows.changes import Stored, applied, changed_fields, same, storable
from ming._flows.exactness import ExactUpdateOne
from ming._flows.operations import FindOne, Sleep, UpdateOne
from ming._flows.origins import is_upgraded, remember_stored
from ming._flows.recipe import Base, read_base, refuse_unnamable, request_of
from ming._types import Flow
from ming._values import Missing, Origin
from ming.exc import MingException, StaleObject

__all__ = ["FindAgain", "settle", "store_changes", "store_upgrade"]

ATTEMPTS = 10
_FIRST_PAUSE = 0.002


class FindAgain(FindOne):
    """Read a document that is known; a collation declared for queries might find another one."""

    __slots__ = ()
    by_id = True


def store_changes(
    manager: BaseManager[Any],
    document: Any,
    data: Mapping[str, Any],
    kwargs: Mapping[str, Any],
    on_conflict: Callable[[], None] | None = None,
    names: Collection[str] = (),
) -> Flow[UpdateResult]:
    """Store the changes made to a document since it was read, and its upgrade.

    Args:
        manager: The document's class.
        document: The document; afterwards it shows what is stored.
        data: Its valid data.
        kwargs: For the driver.
        on_conflict: Called each time another writer came first.
        names: Store the changes of these fields alone; the others stay in memory.

    Raises:
        StaleObject: Somebody else changed the same fields, or deleted the document after it was read in an
            older version.
        HybridDocument: The upgrade would overwrite stored values that no ``migrate`` function was shown.
        MigrationError: The document was read without its ``_id``; or its class only reads older versions.
    """
    start = read_base(manager, document._origin.snapshot)
    changes = changed_fields(start.upgraded, storable(data, document._origin))
    wanted = {key: value for key, value in changes.items() if not names or key in names}
    return (yield from _store(manager, document, start, changes, wanted, kwargs, on_conflict))


def store_upgrade(manager: BaseManager[Any], document: Any, kwargs: Mapping[str, Any]) -> Flow[UpdateResult]:
    """Store a document's upgrade alone; the program's changes stay in memory.

    Raises:
        StaleObject: Somebody else changed fields that the program has changed, too.
    """
    start = read_base(manager, document._origin.snapshot)
    changes = changed_fields(start.upgraded, storable(document, document._origin))
    return (yield from _store(manager, document, start, changes, {}, kwargs))


def _store(
    manager: BaseManager[Any],
    document: Any,
    start: Base,
    changes: Mapping[str, Any],
    wanted: Mapping[str, Any],
    kwargs: Mapping[str, Any],
    on_conflict: Callable[[], None] | None = None,
) -> Flow[UpdateResult]:
    """Store those of the program's changes that are wanted, as often as others come first."""
    base = start
    document_id = start.raw["_id"]
    must_exist = is_upgraded(document)
    for attempt in range(ATTEMPTS):
        request = request_of(manager, base, wanted)
        result = yield from ExactUpdateOne(manager, request.filter, request.update, **kwargs)
        # Who does not want to know whether it was stored is not told.
        if not result.acknowledged or result.matched_count:
            look = result.acknowledged and request.is_computed
            now = (yield from _stored_now(manager, base)) if look else base
            _show(document, start, now)
            # Of fields that the program changed, later saves start from what it knows.
            mine = {key: request.stored.get(key, Missing) for key in changes}
            stored = request.stored if now is base else applied(mine, now.raw)
            yield from remember_stored(document, stored, now.document._origin, base.document._origin)
            return result
        if on_conflict is not None:
            on_conflict()
        yield from Sleep(_FIRST_PAUSE * random.uniform(0.5, 1.5) * 2 ** min(attempt, 5))
        raw = yield from FindAgain(manager, {"_id": document_id})
        if raw is not None:
            base = read_base(manager, raw)
            _check(manager, start, base, changes)
        elif must_exist:
            raise StaleObject("deleted since it was read", manager.collection_name, document_id)
        else:
            stored = applied(wanted, start.upgraded)
            result = yield from _insert_again(manager, stored, kwargs)
            if not result.acknowledged or result.upserted_id is not None:
                yield from remember_stored(document, stored, document._origin, document._origin)
                return result
    message = f"changed by others in each of {ATTEMPTS} attempts to store it"
    raise StaleObject(message, manager.collection_name, document_id, list(wanted))


def _stored_now(manager: BaseManager[Any], base: Base) -> Flow[Base]:
    """What is stored after an update that left alone what others changed meanwhile."""
    raw = yield from FindAgain(manager, {"_id": base.raw["_id"]})
    if raw is None:
        return base
    try:
        now = read_base(manager, raw)
    except MingException:
        # What others made of it since is an error to its next reader, not to who has stored something.
        return base
    # A server that lags behind may not know yet.
    return base if is_upgraded(now.document) else now


def _insert_again(manager: BaseManager[Any], stored: Stored, kwargs: Mapping[str, Any]) -> Flow[UpdateResult]:
    """Store a deleted document anew, unless somebody else just did."""
    document_id = stored["_id"]
    refuse_unnamable(manager, document_id, stored)
    update = {"$setOnInsert": {key: value for key, value in stored.items() if key != "_id"}}
    return (yield from UpdateOne(manager, {"_id": document_id}, update, upsert=True, **kwargs))


def _check(manager: BaseManager[Any], start: Base, base: Base, changes: Mapping[str, Any]) -> None:
    stale = [key for key in changes if _differs(start.upgraded, base.upgraded, key)]
    if stale:
        # A default such as the time of reading is nobody's change, as long as it is not stored.
        again = read_base(manager, start.raw).upgraded
        stale = [
            key
            for key in stale
            if key in start.raw or key in base.raw or not _differs(start.upgraded, again, key)
        ]
    if stale:
        message = "changed by somebody else since it was read"
        raise StaleObject(message, manager.collection_name, base.raw["_id"], stale)


def _differs(one: Mapping[str, Any], other: Mapping[str, Any], key: str) -> bool:
    return not same(one.get(key, Missing), other.get(key, Missing))


def _show(document: Any, start: Base, base: Base) -> None:
    """Let a document show what others stored meanwhile in fields that the program left alone."""
    mine = storable(document, document._origin)
    for key in {*start.upgraded, *base.upgraded}:
        if _differs(start.upgraded, base.upgraded, key) and not _differs(start.upgraded, mine, key):
            if key in base.document:
                dict.__setitem__(document, key, base.document[key])
            else:
                dict.pop(document, key, None)


def settle(manager: BaseManager[Any], document: Any) -> Flow[None]:
    """Note that a document is stored whole, as it is in memory."""
    origin = document._origin
    if manager.declaration.save == "changes":
        yield from remember_stored(document, storable(dict(document), origin), origin, origin)
    elif origin is not None:
        document._origin = Origin(origin.unknown) if origin.unknown else None
