"""What is stored of a document, how two stored forms differ, and how a write is guarded. All pure.

A guard compares through ``$expr``, because a plain match on an array also matches an element of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ming._stored_form import storable
from ming._values import Missing

__all__ = ["applied", "changed_fields", "guarded", "same", "storable", "unnamable", "update_of"]

Stored = dict[str, Any]


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
