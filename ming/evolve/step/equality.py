"""Whether two values are equal for the server, which compares numbers across their types."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import bson

__all__ = ["equal", "scalar_key"]


def scalar_key(value: Any) -> Any:
    """Return a hashable key of a scalar; keys are equal exactly where the server takes the values for equal."""
    if isinstance(value, bool):
        return bool, value
    if isinstance(value, bson.Decimal128):
        value = value.to_decimal()
    if isinstance(value, (int, float, Decimal)):
        # Not a number is equal to itself on the server.
        return ("nan",) if value != value else (int, value)
    if isinstance(value, (bson.Regex, bson.Code)):
        # These have no hash of their own.
        return type(value), repr(value)
    return type(value), value


def equal(one: Any, other: Any) -> bool:
    """Whether the server takes two values for equal; the order of keys counts."""
    if isinstance(one, dict) or isinstance(other, dict):
        return (
            isinstance(one, dict)
            and isinstance(other, dict)
            and list(one) == list(other)
            and all(map(equal, one.values(), other.values()))
        )
    if isinstance(one, list) or isinstance(other, list):
        return (
            isinstance(one, list)
            and isinstance(other, list)
            and len(one) == len(other)
            and all(map(equal, one, other))
        )
    return bool(scalar_key(one) == scalar_key(other))
