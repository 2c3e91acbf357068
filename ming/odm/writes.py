"""What is sent to store one object: the document to insert, or the update that makes its changes.

Nothing is written here. `ming.odm.flows` sends these to the driver one by one, `ming.odm.bulk` many at once.
"""

from __future__ import annotations

import logging
from collections.abc import Collection
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from ming._flows.changes import changed_fields, same, storable, unnamable, update_of
from ming._flows.operations import CallHook
from ming._values import Missing, set_origin
from ming.exc import IllegalStateChange, StaleObject
from ming.odm.base import ObjectState, detached

if TYPE_CHECKING:
    from ming._types import Flow

__all__ = [
    "Change",
    "as_saved",
    "change_of",
    "is_unstored",
    "named",
    "refuse_partial_upgrade",
    "refuse_without_id",
    "stale",
    "strips",
    "to_insert",
    "whole_lists",
]

log: Final = logging.getLogger("ming.odm")

Fields = dict[str, Any]


class Change(NamedTuple):
    """An update of one stored document."""

    query: Fields
    update: Any
    """The update; empty where there is nothing to store."""
    version: Any = Missing
    """What the document's version field is going to be, where it has one."""
    left: Collection[str] = ()
    """Changed fields that are not stored, because the object was read without them."""
    once_empty: Collection[str] = ()
    """Lists that were empty, to which items are added; what reads as an empty list may be stored as null."""


def named(own: ObjectState) -> str:
    """Return how messages name an object: by class and ``_id``."""
    return f"{type(own.instance).__name__} {own.document_id!r}"


def stale(own: ObjectState) -> StaleObject:
    """Return the error for an object whose document is not there any longer as it was read."""
    what = "deleted" if own.mapper.version_field is None else "deleted or changed by somebody else"
    message = f"{type(own.instance).__name__}: {what} since it was read"
    return StaleObject(message, own.mapper.manager.collection_name, own.document_id)


def refuse_partial_upgrade(own: ObjectState) -> None:
    """Refuse to store an object whose document was upgraded without being read as a whole.

    Raises:
        IllegalStateChange: It was read in part.
    """
    if own.options.get("fields") is not None:
        raise IllegalStateChange(
            f"{named(own)}: read in part, and in an older version; read the whole document to change it"
        )


def is_unstored(own: ObjectState) -> bool:
    """Whether there is no document to delete: the object has no ``_id``, though it was not read without one."""
    return own.document_id is Missing and own.options.get("fields") is None


def refuse_without_id(own: ObjectState) -> None:
    """Refuse to store or delete an object whose document cannot be named.

    Raises:
        IllegalStateChange: It was read without its ``_id``.
    """
    fields = own.options.get("fields")
    if own.document_id is Missing or (fields is not None and "_id" not in fields):
        name = type(own.instance).__name__
        raise IllegalStateChange(f"{name}: read without its _id, so nothing can be stored of it")


def as_saved(own: ObjectState) -> Flow[Any]:
    """Make a document like the object's, and show it to the hook that runs before a document is saved."""
    shown = own.mapper.collection._wrap(detached(dict(own.document)), skip_from_bson=True)
    set_origin(shown, own.document._origin)
    before_save = own.mapper.manager.before_save
    if before_save is not None:
        yield from CallHook(before_save, shown)
    return shown


def to_insert(own: ObjectState) -> Flow[Fields]:
    """Return the document to insert, as it is now."""
    version_field = own.mapper.version_field
    if version_field is not None and own.document.get(version_field) is None:
        own.set(version_field, 0)
    own.dispatch()
    if own.mapper.manager.before_save is None:
        return dict(storable(detached(dict(own.document)), own.document._origin))
    shown = yield from as_saved(own)
    return dict(storable(dict(shown), shown._origin))


def change_of(own: ObjectState) -> Flow[Change]:
    """Return what to send for a changed object.

    Raises:
        IllegalStateChange: The ``_id`` was changed, or was not read; a key cannot be named in an update; the
            version field was not read.
    """
    refuse_without_id(own)
    said = yield from _said_by_hook(own)
    own.dispatch()
    changes = own.changes()
    changes.update(said)
    _refuse_changed_id(own, changes)
    changes, left = _as_read(own, changes)
    query: Fields = {"_id": own.document_id}
    version_field = own.mapper.version_field
    if version_field is not None:
        changes.pop(version_field, None)
    if not changes:
        return Change(query, {}, left=left)
    keys = unnamable(changes)
    if keys:
        raise IllegalStateChange(f"{named(own)}: {', '.join(map(repr, keys))} cannot be updated by name")
    version: Any = Missing
    if version_field is not None:
        stored = own.stored(version_field)
        version = changes[version_field] = 1 if stored in (None, Missing) else stored + 1
        # Documents older than the version field are stored without one.
        query[version_field] = {"$in": [0, None]} if version == 1 else stored
    if strips(own):
        return Change(query, _stripping_update_of(own, changes), version, left)
    updating, once_empty = _update_of(own, changes)
    if once_empty:
        query["$nor"] = [{name: {"$type": "null"}} for name in once_empty]
    return Change(query, updating, version, left, once_empty)


def _said_by_hook(own: ObjectState) -> Flow[Fields]:
    """The changes that the hook makes which runs before a document is saved."""
    if own.mapper.manager.before_save is None:
        return {}
    before = detached(dict(own.document))
    shown = yield from as_saved(own)
    return storable(changed_fields(before, shown))


def _refuse_changed_id(own: ObjectState, changes: Fields) -> None:
    if "_id" not in changes:
        return
    stored_id, document_id = own.document_id, changes.pop("_id")
    if not same(document_id, stored_id):
        raise IllegalStateChange(
            f"{named(own)}: the _id was changed to {document_id!r}; a stored document keeps its _id"
        )


def _as_read(own: ObjectState, changes: Fields) -> tuple[Fields, list[str]]:
    """Part the changes by whether their fields were read; without having been read, none is stored."""
    fields = own.options.get("fields")
    if fields is None or not changes:
        return changes, []
    version_field = own.mapper.version_field
    if version_field is not None and version_field not in fields:
        raise IllegalStateChange(f"{named(own)}: read without {version_field!r}, which guards its changes")
    left = [name for name in own.touched() if name in changes and name not in fields]
    if left:
        log.warning("%s was read without %s: the change is not stored", named(own), ", ".join(left))
    return {name: value for name, value in changes.items() if name in fields}, left


def _update_of(own: ObjectState, changes: Fields) -> tuple[Fields, list[str]]:
    """The update that makes the changes, and the lists in it that were empty.

    Items added to a list are pushed, whatever others add meanwhile.
    """
    pushed = {name: items for name in changes if (items := own.appended(name)) is not None}
    rest = {name: value for name, value in changes.items() if name not in pushed}
    updating = update_of(rest) if rest else {}
    if pushed:
        updating["$push"] = {name: {"$each": items} for name, items in pushed.items()}
    return updating, [name for name in pushed if not own.stored(name)]


def strips(own: ObjectState) -> bool:
    """Whether storing an object takes stored keys away that its class does not declare."""
    return own.mapper.manager.declaration.unknown == "strip"


def _stripping_update_of(own: ObjectState, changes: Fields) -> list[Fields]:
    """The same as a pipeline, which first takes away every key that the class does not declare."""
    pushed = {name: items for name in changes if (items := own.appended(name)) is not None}
    setting: Fields = {
        name: {"$concatArrays": [{"$ifNull": [f"${name}", []]}, {"$literal": items}]}
        for name, items in pushed.items()
    }
    gone = [name for name, value in changes.items() if value is Missing]
    whole = changes.keys() - pushed.keys() - set(gone)
    setting |= {name: {"$literal": changes[name]} for name in sorted(whole)}
    declared = dict.fromkeys(["_id", *own.mapper.manager.field_index], 1)
    stages: list[Fields] = [{"$project": declared}]
    if setting:
        stages.append({"$set": setting})
    return [*stages, {"$unset": gone}] if gone else stages


def whole_lists(own: ObjectState, change: Change) -> Change:
    """Return the change with the once empty lists set as a whole, where nobody has added to them."""
    updating = {operator: dict(fields) for operator, fields in change.update.items()}
    query = {name: condition for name, condition in change.query.items() if name != "$nor"}
    for name in change.once_empty:
        del updating["$push"][name]
        updating.setdefault("$set", {})[name] = storable({name: own.document[name]})[name]
        query[name] = {"$in": [None, []]}
    updating = {operator: fields for operator, fields in updating.items() if fields}
    return change._replace(query=query, update=updating, once_empty=())
