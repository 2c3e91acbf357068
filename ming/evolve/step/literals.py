"""Values written into steps: as BSON keeps them, one copy per document, and in a form that JSON keeps."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any, Final

import bson
from bson import json_util
from bson.errors import BSONError

from ming.exc import MingConfigError

__all__ = ["KEEP", "Keep", "fresh", "from_json", "is_scalar", "normal", "quoted", "to_json"]


class Keep:
    """Stands for the value that is there already, where a step asks for another one."""

    def __repr__(self) -> str:
        return "keep"

    def __reduce__(self) -> str:
        return "KEEP"


KEEP: Final = Keep()
"""The only `Keep`."""

_OPTIONS: Final = json_util.JSONOptions(json_mode=json_util.JSONMode.CANONICAL, tz_aware=False)
_EXTENDED: Final = "ejson"
"""The key of a JSON form that holds extended JSON as text, which a database would not take for values."""


def normal(value: Any, what: str) -> Any:
    """Return a value as it comes back from a database.

    Raises:
        MingConfigError: BSON cannot hold it.
    """
    try:
        return bson.decode(bson.encode({"value": value}))["value"]
    except (BSONError, OverflowError, TypeError, ValueError) as error:
        raise MingConfigError(f"{what}: {value!r} cannot be stored: {error}") from error


def is_scalar(value: Any) -> bool:
    """Whether a value holds no others."""
    return not isinstance(value, (dict, list))


def fresh(value: Any) -> Any:
    """Return a literal for one document, which may change it."""
    return value if is_scalar(value) else copy.deepcopy(value)


def quoted(value: Any) -> dict[str, Any]:
    """Return the expression that is a literal, whatever it looks like."""
    return {"$literal": value}


def to_json(value: Any) -> Any:
    """Return the JSON form of a literal; what JSON has no plain form for is extended JSON, as text."""
    if value is None or type(value) in (str, bool):
        return value
    if type(value) is int and abs(value) < 2**31:
        return value
    if value is KEEP:
        return {"keep": True}
    return {_EXTENDED: json_util.dumps(value, json_options=_OPTIONS)}


def from_json(form: Any) -> Any:
    """Return the literal of a JSON form."""
    if not isinstance(form, Mapping):
        return form
    return json_util.loads(form[_EXTENDED], json_options=_OPTIONS) if _EXTENDED in form else KEEP
