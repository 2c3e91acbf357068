"""BSON values as the server's messages show them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from bson import Binary, Code, Decimal128, Int64, MaxKey, MinKey, ObjectId, Regex, Timestamp
from bson.binary import UUID_SUBTYPE
from bson.datetime_ms import DatetimeMS

__all__ = ["shown", "shown_field"]


def _double(value: float) -> str:
    if value != value:
        return "nan"
    if value in (float("inf"), float("-inf")):
        return "inf" if value > 0 else "-inf"
    return f"{value:.1f}" if value == int(value) and abs(value) < 1e15 else f"{value:.16g}"


def _date(value: datetime) -> str:
    return f"{value.isoformat(timespec='milliseconds')}Z".replace("+00:00", "")


_SHOWN: Final[Mapping[type, Callable[[Any], str]]] = {
    type(None): lambda value: "null",
    bool: lambda value: "true" if value else "false",
    int: str,
    Int64: lambda value: str(int(value)),
    float: _double,
    Decimal128: str,
    str: lambda value: json.dumps(value, ensure_ascii=False),
    ObjectId: str,
    datetime: _date,
    DatetimeMS: str,
    Timestamp: lambda value: f"Timestamp({value.time}, {value.inc})",
    Regex: lambda value: f"/{value.pattern}/",
    Code: str,
}


def _sent_double(value: float) -> str:
    # The server appends the fraction it misses, even to what has none.
    text = f"{value:.16g}"
    return text if "." in text else f"{text}.0"


def _sent_binary(value: bytes) -> str:
    subtype = getattr(value, "subtype", 0)
    if subtype == UUID_SUBTYPE and len(value) == 16:
        return f'UUID("{UUID(bytes=bytes(value))}")'
    return f"BinData({subtype}, {value.hex().upper()})"


def _sent_regex(value: Regex[str]) -> str:
    options = "".join(letter for flag, letter in _FLAGS if int(value.flags) & flag)
    return f"/{value.pattern}/{options}"


def _sent_code(value: Code) -> str:
    return str(value) if value.scope is None else f"CodeWScope( {value}, {shown(value.scope, spaced=True)})"


_FLAGS: Final = ((re.I, "i"), (re.M, "m"), (re.S, "s"), (re.X, "x"))
_EPOCH: Final = datetime(1970, 1, 1)
_SENT: Final[Mapping[type, Callable[[Any], str]]] = {
    **_SHOWN,
    float: _sent_double,
    str: lambda value: f'"{value}"',
    bytes: _sent_binary,
    Binary: _sent_binary,
    ObjectId: lambda value: f"ObjectId('{value}')",
    datetime: lambda value: f"new Date({(value - _EPOCH) // timedelta(milliseconds=1)})",
    DatetimeMS: lambda value: f"new Date({int(value)})",
    Regex: _sent_regex,
    Code: _sent_code,
    MinKey: lambda value: "MinKey",
    MaxKey: lambda value: "MaxKey",
}
"""How values look where the server shows what it was sent."""


def shown(value: Any, spaced: bool = False) -> str:
    """Return a value as a message shows it.

    Args:
        value: The value.
        spaced: Whether to show it as the server shows what it was sent; then brackets are set off.
    """
    gap = " " if spaced else ""
    if isinstance(value, Mapping):
        inner = ", ".join(f"{name}: {shown(each, spaced)}" for name, each in value.items())
        return f"{{{gap}{inner}{gap}}}" if inner else "{}"
    if isinstance(value, list):
        inner = ", ".join(shown(each, spaced) for each in value)
        return f"[{gap}{inner}{gap}]" if inner else "[]"
    show = (_SENT if spaced else _SHOWN).get(value.__class__)
    return show(value) if show is not None else repr(value)


def shown_field(name: str, value: Any) -> str:
    """Return a field of a command as a message shows it, such as ``limit: "x"``."""
    return f"{name}: {shown(value, spaced=True)}"
