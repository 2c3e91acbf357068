"""Changes as the documents that change streams give, and what exactly an update changed.

Source: the reference of change events in the server's manual, and the server for the order of fields.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from bson import Binary, Timestamp

from ming.mim.data.values import MISSING, identical
from ming.mim.storage.change_log import LoggedChange

__all__ = ["EXPANDED", "Event", "described", "event_of", "token"]

Event = dict[str, Any]

_OPERATIONS: Final[Mapping[str, str]] = {
    "insert": "insert",
    "update": "update",
    "replace": "replace",
    "delete": "delete",
    "drop": "drop",
    "rename": "rename",
    "dropDatabase": "dropDatabase",
    "create": "create",
    "createIndex": "createIndexes",
    "dropIndex": "dropIndexes",
    "options": "modify",
}
EXPANDED: Final = frozenset(("create", "createIndexes", "dropIndexes", "modify"))
"""Operations shown to those who ask for expanded events."""

_DOCUMENT: Final = frozenset(("insert", "update", "replace", "delete"))

_TOKEN_ENDS: Final = {"mark": "2B0229296E04", "event": "2B022C0100296E04", "invalidate": "2B022C0100296F04"}


def token(time: Timestamp, kind: str = "event") -> dict[str, Any]:
    """Return the resume token of a time.

    Args:
        time: When.
        kind: ``event``, ``invalidate``, or ``mark`` for a time between events.
    """
    return {"_data": f"82{time.time:08X}{time.inc:08X}{_TOKEN_ENDS[kind]}"}


def event_of(logged: LoggedChange, expanded: bool = False) -> Event | None:
    """Return the document of a change; None for one that streams do not show.

    Args:
        logged: The change.
        expanded: Whether to show what changes collections and indexes, too.
    """
    change = logged.change
    before: Any = change.before
    after: Any = change.after
    operation = _OPERATIONS[change.kind]
    if operation in EXPANDED and not expanded:
        return None
    database, collection = logged.namespace
    event: Event = {"_id": token(logged.time), "operationType": operation, "clusterTime": logged.time}
    if expanded and operation != "dropDatabase":
        event["collectionUUID"] = Binary(change.target.uuid.bytes, 4)
    event["wallTime"] = logged.wall_time
    if operation in ("insert", "replace"):
        event["fullDocument"] = after
    event["ns"] = {"db": database} if operation == "dropDatabase" else {"db": database, "coll": collection}
    if operation in _DOCUMENT:
        document = before if operation == "delete" else after
        event["documentKey"] = {"_id": document["_id"]}
    if operation == "update":
        event["updateDescription"] = described(before, after)
    return event | _of_catalog(logged, operation, expanded)


def _of_catalog(logged: LoggedChange, operation: str, expanded: bool) -> Event:
    """What an event tells beside the namespace if it is about a collection or its indexes."""
    change = logged.change
    if operation == "rename":
        database, _, collection = change.after.partition(".")
        target = {"db": database, "coll": collection}
        return {"to": target, **({"operationDescription": {"to": target}} if expanded else {})}
    if operation in ("createIndexes", "dropIndexes"):
        index = change.after or change.before
        return {"operationDescription": {"indexes": [{"v": 2, **index.definition}]}}
    if operation == "modify":
        changed = {
            name: value for name, value in change.after.items() if change.before.get(name, MISSING) != value
        }
        before = {"collectionOptions": {**change.before, "uuid": Binary(change.target.uuid.bytes, 4)}}
        return {"operationDescription": changed, "stateBeforeChange": before}
    if operation == "create":
        return {"operationDescription": {"idIndex": {"v": 2, "key": {"_id": 1}, "name": "_id_"}}}
    return {}


# -- what an update changed ---------------------------------------------------------------------------


def described(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """Return the ``updateDescription`` of an update.

    It is the smallest one that makes the later document of the earlier; the server's may name whole
    sub-documents and arrays where the update did.

    Args:
        before: The document as it was.
        after: The document as it is.
    """
    found = dict(_differences(before, after, ()))
    return {
        "updatedFields": {path: value for path, value in found.items() if value is not MISSING},
        "removedFields": [path for path, value in found.items() if value is MISSING],
        "truncatedArrays": [],
    }


def _differences(before: Any, after: Any, steps: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    """Paths with the values they have now, as far apart as one update can name them."""
    if identical(before, after):
        return
    if before.__class__ is dict and after.__class__ is dict and before:
        for name in {**before, **after}:
            yield from _differences(before.get(name, MISSING), after.get(name, MISSING), (*steps, name))
    elif before.__class__ is list and after.__class__ is list and _is_extended(before, after):
        for at, item in enumerate(after):
            yield from _differences(before[at] if at < len(before) else MISSING, item, (*steps, str(at)))
    else:
        yield ".".join(steps), after


def _is_extended(before: list[Any], after: list[Any]) -> bool:
    """Whether an array grew, or stayed as long, with most of its items as they were."""
    same = sum(map(identical, before, after))
    return len(after) >= len(before) > 0 and 2 * same >= len(before)
