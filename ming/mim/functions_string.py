"""Expression operators on strings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from ming.mim.errors import CommandError
from ming.mim.functions import ANY_NUMBER, Function, absent
from ming.mim.values import type_name

__all__ = ["STRING"]


def _concat(*values: Any) -> Any:
    for value in values:
        if absent(value):
            return None
        if not isinstance(value, str):
            raise CommandError(16702, f"$concat only supports strings, not {type_name(value)}")
    return "".join(values)


def _cased(change: Callable[[str], str]) -> Callable[[Any], str]:
    def apply(value: Any) -> str:
        if absent(value):
            return ""
        if not isinstance(value, str):
            raise CommandError(16007, f"can't convert from BSON type {type_name(value)} to String")
        return change(value)

    return apply


def _string_length(value: Any) -> int:
    if not isinstance(value, str):
        raise CommandError(34471, f"$strLenCP requires a string argument, found: {type_name(value)}")
    return len(value)


STRING: Final[Mapping[str, Function]] = {
    "$concat": Function(_concat, 0, ANY_NUMBER),
    "$toUpper": Function(_cased(str.upper), 1, 1),
    "$toLower": Function(_cased(str.lower), 1, 1),
    "$strLenCP": Function(_string_length, 1, 1),
}
"""The operators by name."""
