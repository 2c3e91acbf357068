"""Flows for single documents: get, save, insert, upsert, delete, set, increase_field.

They decide what is sent; the sessions perform it. A document that was read in an older version, or whose
class says ``save = 'changes'``, is stored by `ming._flows.rebase`.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pymongo.results import DeleteResult, InsertOneResult, UpdateResult

from ming._base_manager import BaseManager
from ming._flows.changes import storable
from ming._flows.loading import loader_for
from ming._flows.operations import CallHook, DeleteOne, FindOne, InsertOne, ReplaceOne, UpdateOne
from ming._flows.origins import is_upgraded, refuse_if_never, remember, remembers
from ming._flows.rebase import settle, store_changes, store_upgrade
from ming._flows.write_back import write_back, writes_back
from ming._types import Flow
from ming._values import Object, Origin
from ming.utils import fix_write_concern

__all__ = ["delete", "get", "increase_field", "insert", "save", "set_fields", "upsert"]

Kwargs = dict[str, Any]


def get(manager: BaseManager[Any], query: Kwargs) -> Flow[Any]:
    """Read one document that matches, or None."""
    raw = yield from FindOne(manager, query)
    if raw is None:
        return None
    document = loader_for(manager.cls)(raw)
    if writes_back(manager):
        yield from write_back(manager, [document])
    return document


def save(
    manager: BaseManager[Any],
    document: Any,
    names: Sequence[str],
    kwargs: Kwargs,
    on_conflict: Callable[[], None] | None = None,
) -> Flow[UpdateResult | InsertOneResult]:
    """Store a document, or the named fields of it.

    Raises:
        Invalid: The document is not valid.
        KeyError: A name is none of the document's fields.
        ValueError: Fields are named, and the document has no ``_id``.
        StaleObject: Somebody else changed what was about to be written.
        MigrationError: The document was read in an older version, and its class only reads those.
    """
    refuse_if_never(manager, document)
    data, kwargs = yield from _prepared(manager, document, kwargs)
    if names:
        return (yield from _save_fields(manager, document, data, names, kwargs))
    if remembers(document):
        return (yield from store_changes(manager, document, data, kwargs, on_conflict))
    stored = storable(data, document._origin)
    result: UpdateResult | InsertOneResult
    if "_id" in stored:
        result = yield from ReplaceOne(manager, {"_id": stored["_id"]}, stored, upsert=True, **kwargs)
    else:
        result = yield from InsertOne(manager, stored, **kwargs)
        dict.__setitem__(document, "_id", result.inserted_id)
    yield from settle(manager, document)
    return result


def _save_fields(
    manager: BaseManager[Any], document: Any, data: Mapping[str, Any], names: Sequence[str], kwargs: Kwargs
) -> Flow[UpdateResult]:
    document_id = _stored_id(document)
    if document_id is None and "_id" not in document:
        raise ValueError("Cannot save a subset without an _id")
    fields = storable({name: data[name] for name in names})
    if is_upgraded(document):
        return (yield from store_changes(manager, document, data, kwargs, names=names))
    result = yield from UpdateOne(manager, {"_id": document_id}, {"$set": fields}, **kwargs)
    yield from _note_stored(document, fields)
    return result


def insert(manager: BaseManager[Any], document: Any, kwargs: Kwargs) -> Flow[InsertOneResult]:
    """Insert a document, and put its ``_id`` on it."""
    data, kwargs = yield from _prepared(manager, document, kwargs)
    result = yield from InsertOne(manager, storable(data, document._origin), **kwargs)
    dict.__setitem__(document, "_id", result.inserted_id)
    yield from settle(manager, document)
    return result


def upsert(
    manager: BaseManager[Any], document: Any, spec_fields: str | Sequence[str], kwargs: Kwargs
) -> Flow[UpdateResult]:
    """Update the stored document with equal fields, or insert this one.

    Args:
        manager: The document's class.
        document: The document.
        spec_fields: The fields, or the field, that must be equal.
        kwargs: For the driver.
    """
    had_id = "_id" in document
    yield from _store_upgrade_first(manager, document)
    data, kwargs = yield from _prepared(manager, document, kwargs)
    names = [spec_fields] if isinstance(spec_fields, str) else list(spec_fields)
    fields = storable(data)
    update = {"$set": fields}
    if not had_id and "_id" in fields and "_id" not in names:
        # A stored document keeps its own _id; the new one is for an insert alone.
        update["$setOnInsert"] = {"_id": fields["_id"]}
        update["$set"] = {key: value for key, value in fields.items() if key != "_id"}
    query = {name: document[name] for name in names}
    result = yield from UpdateOne(manager, query, update, upsert=True, **kwargs)
    inserted_id = result.upserted_id if result.acknowledged else None
    if inserted_id is not None:
        dict.__setitem__(document, "_id", inserted_id)
    elif not had_id:
        # Which document was updated is not known.
        dict.pop(document, "_id", None)
    yield from _note_stored(document, fields)
    return result


def delete(manager: BaseManager[Any], document: Any, kwargs: Kwargs) -> Flow[DeleteResult]:
    """Delete a document by its ``_id``."""
    return (yield from DeleteOne(manager, _by_id(document), **fix_write_concern(kwargs)))


def set_fields(
    manager: BaseManager[Any], document: Any, fields_values: Mapping[str, Any], kwargs: Kwargs
) -> Flow[UpdateResult]:
    """Set some fields, in memory and stored; dotted names reach into sub-documents.

    Raises:
        KeyError: A dotted name leads through a sub-document that is not there.
    """
    refuse_if_never(manager, document)
    query = _by_id(document)
    for name, value in fields_values.items():
        _assign(document, name, Object.from_bson(value))
    yield from _store_upgrade_first(manager, document)
    stored = storable(fields_values)
    result = yield from UpdateOne(manager, query, {"$set": stored}, **fix_write_concern(kwargs))
    yield from _note_stored(document, stored)
    return result


def increase_field(manager: BaseManager[Any], document: Any, fields: Kwargs) -> Flow[None]:
    """Raise stored fields to values, where they are lower, absent or null; nothing changes in memory.

    Raises:
        ValueError: No field is given, or a value is None.
    """
    if not fields:
        raise ValueError("increase_field() needs a field")
    for name, value in fields.items():
        if value is None:
            raise ValueError(f"{name}={value!r}")
    query = _by_id(document)
    yield from _store_upgrade_first(manager, document)
    yield from UpdateOne(manager, query, {"$max": fields})


def _assign(document: Any, name: str, value: Any) -> None:
    """Put a value at a dotted name, below sub-documents that are there."""
    *parents, last = name.split(".")
    for parent in parents:
        document = document[parent]
    document[last] = value


def _note_stored(document: Any, fields: Mapping[str, Any]) -> Flow[None]:
    """Have a later save know what a partial write stored, where it compares with what was read."""
    if not remembers(document):
        return
    origin = document._origin
    snapshot = copy.deepcopy(origin.snapshot)
    for name, value in fields.items():
        *parents, last = name.split(".")
        target = snapshot
        for parent in parents:
            target = target.setdefault(parent, {})
        target[last] = copy.deepcopy(value)
    yield from remember(document, Origin(origin.unknown, snapshot, origin.version), origin)


def _stored_id(document: Any) -> Any:
    """A document's ``_id``, also where its class does not declare one."""
    unknown = {} if document._origin is None else document._origin.unknown
    return document["_id"] if "_id" in document else unknown.get("_id")


def _by_id(document: Any) -> dict[str, Any]:
    if "_id" not in document and _stored_id(document) is None:
        raise AttributeError("_id")
    return {"_id": _stored_id(document)}


def _prepared(
    manager: BaseManager[Any], document: Any, kwargs: Kwargs
) -> Flow[tuple[Mapping[str, Any], Kwargs]]:
    """Run the hook, validate, and show the valid form on the document; return it with the driver's options."""
    options = fix_write_concern(dict(kwargs))
    validate = options.pop("validate", True)
    if manager.before_save is not None:
        yield from CallHook(manager.before_save, document)
    if not validate:
        return dict(document), options
    data = manager.validated(document)
    for key in dict.keys(document) - data.keys():
        dict.__delitem__(document, key)
    dict.update(document, data)
    return data, options


def _store_upgrade_first(manager: BaseManager[Any], document: Any) -> Flow[None]:
    """A partial write to a document of an older version first stores its upgrade."""
    if is_upgraded(document):
        yield from store_upgrade(manager, document, {})
