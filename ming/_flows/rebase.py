"""Storing a document that remembers what it was read from, so that nobody else's change is lost.

One guarded update turns the document that was read into the document that is wanted. Where another writer
came first, the stored document is read and upgraded again, and the program's changes are made to that, if
the fields they touch are still what the program started from. From then on the document remembers what was
stored, and later saves send what changed since.
"""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from pymongo.results import UpdateResult

from ming._base_manager import BaseManager
from ming._flows.changes import Stored, applied, changed_fields, guarded, same, storable, unnamable, update_of
from ming._flows.loading import loader_for
from ming._flows.operations import FindOne, Sleep, UpdateOne
from ming._flows.undo import OnAbort
from ming._types import Flow
from ming._values import Missing, Origin
from ming.evolve.keys import values_at
from ming.evolve.recognise import hidden
from ming.exc import HybridDocument, MigrationError, StaleObject

__all__ = ["FindAgain", "is_upgraded", "remember", "remembers", "settle", "store_changes", "store_upgrade"]

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


class FindAgain(FindOne):
    """Read a document that is known; a collation declared for queries might find another one."""

    __slots__ = ()
    by_id = True


def _read(manager: BaseManager[Any], raw: Stored) -> _Base:
    if "_id" not in raw:
        message = "read without its _id, so its changes cannot be stored"
        raise MigrationError(message, manager.collection_name)
    document = loader_for(manager.cls)(copy.deepcopy(raw))
    return _Base(raw, document, storable(document, document._origin))


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
        MigrationError: The document was read without its ``_id``.
    """
    start = _read(manager, document._origin.snapshot)
    changes = changed_fields(start.upgraded, storable(data, document._origin))
    wanted = {key: value for key, value in changes.items() if not names or key in names}
    return (yield from _store(manager, document, start, changes, wanted, kwargs, on_conflict))


def store_upgrade(manager: BaseManager[Any], document: Any, kwargs: Mapping[str, Any]) -> Flow[UpdateResult]:
    """Store a document's upgrade alone; the program's changes stay in memory.

    Raises:
        StaleObject: Somebody else changed fields that the program has changed, too.
    """
    start = _read(manager, document._origin.snapshot)
    changes = changed_fields(start.upgraded, storable(document, document._origin))
    return (yield from _store(manager, document, start, changes, {}, kwargs))


def _store(
    manager: BaseManager[Any],
    document: Any,
    start: _Base,
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
        result: UpdateResult = yield from _write(manager, base, wanted, kwargs)
        # Who does not want to know whether it was stored is not told.
        if not result.acknowledged or result.matched_count:
            _show(document, start, base)
            yield from _settle_as(document, applied(wanted, base.upgraded), base.document._origin)
            return result
        if on_conflict is not None:
            on_conflict()
        yield from Sleep(_FIRST_PAUSE * random.uniform(0.5, 1.5) * 2 ** min(attempt, 5))
        raw = yield from FindAgain(manager, {"_id": document_id})
        if raw is not None:
            base = _read(manager, raw)
            _check(manager, start, base, changes)
        elif must_exist:
            raise StaleObject("deleted since it was read", manager.collection_name, document_id)
        else:
            stored = applied(wanted, start.upgraded)
            result = yield from _insert_again(manager, stored, kwargs)
            if not result.acknowledged or result.upserted_id is not None:
                yield from _settle_as(document, stored, document._origin)
                return result
    message = f"changed by others in each of {ATTEMPTS} attempts to store it"
    raise StaleObject(message, manager.collection_name, document_id, list(wanted))


def _write(
    manager: BaseManager[Any], base: _Base, changes: Mapping[str, Any], kwargs: Mapping[str, Any]
) -> Flow[UpdateResult]:
    """One atomic update: the upgrade, if there is one, and the changes."""
    stamps = {stamp.name for stamp in manager.chain.stamps}
    update = {**_missing_stamps(base, stamps), **changes}
    # A newer program may have upgraded the document; its fields may mean something else now.
    guards = {*changes, *stamps}
    if is_upgraded(base.document):
        _refuse_overwriting(manager, base)
        update = changed_fields(base.raw, applied(changes, base.upgraded))
        if "_id" not in changes:
            # Not the program, but the schema converted or dropped it.
            update.pop("_id", None)
        # What a migrate function read cannot be seen, so whatever it may have read is guarded.
        guards |= {*update, *manager.chain.fields_since(base.document._origin.version)}
    _refuse_unnamable(manager, base.raw["_id"], update)
    return (yield from UpdateOne(manager, guarded(base.raw, guards), update_of(update), **kwargs))


def _missing_stamps(base: _Base, stamps: Collection[str]) -> Stored:
    """Stamps that reading filled in: no document of a chain is stored without."""
    return {
        name: base.upgraded[name]
        for name in stamps
        if base.raw.get(name) is None and base.upgraded.get(name) is not None
    }


def _refuse_overwriting(manager: BaseManager[Any], base: _Base) -> None:
    """An upgrade must not replace a stored value that no ``migrate`` function was shown."""
    version = base.document._origin.version
    lost = []
    for path in hidden(manager.chain, version, base.raw):
        kept = list(values_at(base.upgraded, path))
        if not all(any(same(value, other) for other in kept) for value in values_at(base.raw, path)):
            lost.append(".".join(path))
    if lost:
        message = f"the upgrade from {version.__name__} would overwrite the stored {', '.join(lost)}"
        raise HybridDocument(message, base.raw).within(manager.collection_name, base.raw["_id"])


def _insert_again(manager: BaseManager[Any], stored: Stored, kwargs: Mapping[str, Any]) -> Flow[UpdateResult]:
    """Store a deleted document anew, unless somebody else just did."""
    document_id = stored["_id"]
    _refuse_unnamable(manager, document_id, stored)
    update = {"$setOnInsert": {key: value for key, value in stored.items() if key != "_id"}}
    return (yield from UpdateOne(manager, {"_id": document_id}, update, upsert=True, **kwargs))


def _refuse_unnamable(manager: BaseManager[Any], document_id: Any, fields: Collection[str]) -> None:
    keys = unnamable(fields)
    if keys:
        message = "empty keys, and keys with a dot or a leading $, cannot be updated"
        raise MigrationError(message, manager.collection_name, document_id, keys)


def _check(manager: BaseManager[Any], start: _Base, base: _Base, changes: Mapping[str, Any]) -> None:
    stale = [key for key in changes if _differs(start.upgraded, base.upgraded, key)]
    if stale:
        # A default such as the time of reading is nobody's change, as long as it is not stored.
        again = _read(manager, start.raw).upgraded
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


def _show(document: Any, start: _Base, base: _Base) -> None:
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
        yield from _settle_as(document, storable(dict(document), origin), origin)
    elif origin is not None:
        document._origin = Origin(origin.unknown) if origin.unknown else None


def _settle_as(document: Any, stored: Mapping[str, Any], before: Origin | None) -> Flow[None]:
    """Note what is stored of a document; ``before`` is what it goes back to if that is not to last."""
    unknown = {} if before is None else before.unknown
    yield from remember(document, Origin(unknown, copy.deepcopy(dict(stored))), before)


def remember(document: Any, origin: Origin | None, before: Origin | None) -> Flow[None]:
    """Have a document remember something else from now on, or ``before`` if the transaction is aborted."""
    document._origin = origin
    yield from OnAbort(partial(object.__setattr__, document, "_origin", before))
