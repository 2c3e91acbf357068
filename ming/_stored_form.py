"""The stored form of a document: what is carried out of sight is put back in its places."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from operator import is_
from typing import Any

import bson

from ming._values import NoneType, Object, Origin

__all__ = ["storable"]

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
