"""Expression operators on strings."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from bson import Decimal128

from ming.mim.errors import CommandError
from ming.mim.functions import ANY_NUMBER, Function, absent
from ming.mim.values import is_number, type_name

__all__ = ["STRING"]


def _concat(*values: Any) -> Any:
    for value in values:
        if absent(value):
            return None
        if not isinstance(value, str):
            raise CommandError(16702, f"$concat only supports strings, not {type_name(value)}")
    return "".join(values)


def _as_text(value: Any) -> str:
    """Return a value as the text that the server makes of it where it wants one."""
    if absent(value):
        return ""
    if isinstance(value, (str, Decimal128)) or (is_number(value) and isinstance(value, int)):
        return str(value)
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, datetime):
        return f"{value.isoformat(timespec='milliseconds')}Z"
    raise CommandError(16007, f"can't convert from BSON type {type_name(value)} to String")


def _to_upper(value: Any) -> str:
    # Other letters than those of ASCII stay as they are.
    return _as_text(value).encode().upper().decode()


def _to_lower(value: Any) -> str:
    return _as_text(value).encode().lower().decode()


def _string_length(value: Any) -> int:
    if not isinstance(value, str):
        raise CommandError(34471, f"$strLenCP requires a string argument, found: {type_name(value)}")
    return len(value)


STRING: Final[Mapping[str, Function]] = {
    "$concat": Function(_concat, 0, ANY_NUMBER),
    "$toUpper": Function(_to_upper, 1, 1),
    "$toLower": Function(_to_lower, 1, 1),
    "$strLenCP": Function(_string_length, 1, 1),
}
"""The operators by name."""
