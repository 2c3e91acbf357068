"""What is stored of a document, how two stored forms differ, and how a write is guarded. All pure.

A guard compares through ``$expr``, because a plain match on an array also matches an element of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from operator import is_
from typing import Any

import bson

from ming._values import Missing, NoneType, Object, Origin

__all__ = ["applied", "changed_fields", "guarded", "same", "storable", "unnamable", "update_of"]

Stored = dict[str, Any]


_PLAIN = frozenset(
    (
        str,
        int,
        float,
        bool,
        NoneType,
        bytes,
        datetime,
        bson.ObjectId,
        bson.Int64,
        bson.Decimal128,
        bson.Binary,
    )
)
"""Classes of values that hold no others; looking here first is what makes a save cheap."""


def storable(data: Mapping[str, Any], origin: Origin | None = None) -> Stored:
    """The form to store: every unknown key back in its place, at every depth.

    Args:
        data: A document's valid data.
        origin: What the document itself carries out of sight; sub-documents carry their own.
    """
    stored = _dict_with_unknown(data) if isinstance(data, dict) else dict(data)
    if origin is None or not origin.unknown:
        return stored
    return {**stored, **{key: value for key, value in origin.unknown.items() if key not in data}}


def _dict_with_unknown(value: dict[str, Any]) -> dict[str, Any]:
    """The dict itself where nothing in it carries unknown keys, else a copy that holds them."""
    restored: dict[str, Any] = {}
    for key, inner in dict.items(value):
        if inner.__class__ not in _PLAIN:
            stored = _with_unknown(inner)
            if stored is not inner:
                restored[key] = stored
    origin = value._origin if isinstance(value, Object) else None
    if origin is not None:
        restored.update((key, inner) for key, inner in origin.unknown.items() if key not in value)
    return {**value, **restored} if restored else value


def _list_with_unknown(value: list[Any]) -> list[Any]:
    for item in value:
        if item.__class__ not in _PLAIN:
            break
    else:
        return value
    items = [_with_unknown(item) for item in value]
    return value if all(map(is_, items, value)) else items


def _with_unknown(value: Any) -> Any:
    if isinstance(value, dict):
        return _dict_with_unknown(value)
    return _list_with_unknown(value) if isinstance(value, list) else value


def same(one: Any, other: Any) -> bool:
    """Whether two values are the same in store; the order of keys does not count, 1 and True differ."""
    if one is other:
        return True
    if isinstance(one, dict) and isinstance(other, dict):
        return len(one) == len(other) and all(
            key in other and same(value, other[key]) for key, value in dict.items(one)
        )
    if isinstance(one, (list, tuple)) and isinstance(other, (list, tuple)):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, (bool, float)) or isinstance(other, (bool, float)):
        # By their text, nan is nan and -0.0 is not 0.0.
        return type(one) is type(other) and repr(one) == repr(other)
    return bool(one == other)


def changed_fields(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """The top-level fields that differ, with their values after; `Missing` where one is gone."""
    changes = {key: after[key] for key in after if key not in before or not same(before[key], after[key])}
    changes.update((key, Missing) for key in before if key not in after)
    return changes


def applied(changes: Mapping[str, Any], stored: Mapping[str, Any]) -> Stored:
    """A stored form with changes made to it."""
    result = {**stored, **changes}
    return {key: value for key, value in result.items() if value is not Missing}


def unnamable(fields: Iterable[str]) -> list[str]:
    """Those of the keys that an update cannot name, because names in it are paths."""
    return [key for key in fields if not key or "." in key or key.startswith("$")]


def update_of(changes: Mapping[str, Any]) -> dict[str, Any]:
    """The update document that makes the changes; one that does nothing where there are none."""
    update = {
        "$set": {key: value for key, value in changes.items() if value is not Missing},
        "$unset": {key: "" for key, value in changes.items() if value is Missing},
    }
    return {operator: fields for operator, fields in update.items() if fields} or {"$setOnInsert": {"_": 0}}


def guarded(raw: Mapping[str, Any], fields: Iterable[str]) -> dict[str, Any]:
    """A filter for the document as long as the given fields are stored as they were read.

    Args:
        raw: The raw document as it was read.
        fields: Top-level fields whose values, or absence, must not have changed.
    """
    conditions = [_unchanged(raw, field) for field in sorted(set(fields) - {"_id"})]
    expression = {"$expr": {"$and": conditions}} if conditions else {}
    return {"_id": raw["_id"], **expression}


def _unchanged(raw: Mapping[str, Any], field: str) -> dict[str, Any]:
    stored: Any = f"${field}"
    if "." in field or field.startswith("$"):
        stored = {"$getField": {"$literal": field}}
    if field in raw:
        return {"$eq": [stored, {"$literal": raw[field]}]}
    return {"$eq": [{"$type": stored}, "missing"]}
