"""The stored values that are equal to a value of Python's, by the rules of Python."""

from __future__ import annotations

import enum
import math
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

import bson
from bson import Binary, Code, Decimal128, Int64, MaxKey, MinKey, Regex, Timestamp

from ming.schema.export.domains import (
    ANYTHING,
    NOTHING,
    NULL,
    Constant,
    Domain,
    Elements,
    Fields,
    union,
)

__all__ = ["equal_to", "exactly"]

_INT64: Final = range(-(2**63), 2**63)


def equal_to(value: Any) -> Domain:
    """The domain of stored values equal to a value; everything, where its class may have its own idea of equality.

    In Python, True is 1, and no binary number is a decimal one; the server thinks otherwise of both.
    """
    if isinstance(value, enum.Enum) and isinstance(value, (str, int, float)):
        value = value.value
    return _FORMS.get(type(value), _unknown)(value)


def exactly(value: Any) -> Domain:
    """The domain of stored values equal to a value to Python and to the server alike: true is not 1."""
    return Constant(value) if isinstance(value, (bool, int, float)) else equal_to(value)


def _unknown(value: Any) -> Domain:
    return ANYTHING


def _itself(value: Any) -> Domain:
    return Constant(value)


def _null(value: None) -> Domain:
    return NULL


def _number(value: int | float) -> Domain:
    if value in (0, 1):
        return union(Constant(int(value)), Constant(bool(value)))
    if isinstance(value, float):
        return NOTHING if math.isnan(value) else Constant(value)
    if value in _INT64:
        return Constant(value)
    # Only a double can be as large.
    return Constant(float(value)) if _is_double(value) else NOTHING


def _is_double(value: int) -> bool:
    try:
        return float(value) == value
    except OverflowError:
        return False


def _array(value: list[Any]) -> Domain:
    return Elements(None, tuple(map(equal_to, value)))


def _object(value: dict[Any, Any]) -> Domain:
    if not all(isinstance(name, str) for name in value):
        return NOTHING
    return Fields({name: equal_to(inner) for name, inner in value.items()}, frozenset(value))


def _never(value: Any) -> Domain:
    """Of what the driver never reads."""
    return NOTHING


_FORMS: Final[Mapping[type, Callable[[Any], Domain]]] = {
    type(None): _null,
    bool: _number,
    int: _number,
    Int64: _number,
    float: _number,
    list: _array,
    dict: _object,
    tuple: _never,
    **dict.fromkeys(
        (str, bytes, Binary, bson.ObjectId, datetime, Decimal128, Code, Regex, Timestamp, MinKey, MaxKey),
        _itself,
    ),
}
