"""Expression operators on strings; those that cut or search them are in `functions_substring`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from bson import Code, Decimal128, Timestamp

from ming.mim.data.errors import CommandError
from ming.mim.data.rendering import shown
from ming.mim.data.values import is_number, type_name
from ming.mim.expressions.functions import ANY_NUMBER, Function, NamedFunction, absent

__all__ = ["NAMED_STRING", "STRING", "as_text"]


def as_text(value: Any) -> str:
    """Return a value as the text that the server makes of it where it wants one.

    Raises:
        CommandError: It makes none of such values.
    """
    if absent(value):
        return ""
    if isinstance(value, (str, Decimal128)) or (is_number(value) and isinstance(value, int)):
        if not isinstance(value, Code) or value.scope is None:
            return str(value)
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, datetime):
        return f"{value.isoformat(timespec='milliseconds')}Z"
    if isinstance(value, Timestamp):
        moment = value.as_datetime()
        return f"{moment:%b} {moment.day:2} {moment:%H:%M:%S}:{value.inc}"
    raise CommandError(16007, f"can't convert from BSON type {type_name(value)} to String")


# -- joining, splitting and case ----------------------------------------------------------------------


def _concat(*values: Any) -> Any:
    for value in values:
        if absent(value):
            return None
        if not isinstance(value, str):
            raise CommandError(16702, f"$concat only supports strings, not {type_name(value)}")
    return "".join(values)


def _split(text: Any, separator: Any) -> Any:
    if absent(text, separator):
        return None
    for what, code, value in (("first", 40085, text), ("second", 40086, separator)):
        if not isinstance(value, str):
            raise CommandError(
                code,
                f"$split requires an expression that evaluates to a string as a {what} argument,"
                f" found: {type_name(value)}",
            )
    if not separator:
        raise CommandError(40087, "$split requires a non-empty separator")
    return text.split(separator)


def _to_upper(value: Any) -> str:
    # Other letters than those of ASCII stay as they are.
    return as_text(value).encode().upper().decode()


def _to_lower(value: Any) -> str:
    return as_text(value).encode().lower().decode()


def _compare_without_case(left: Any, right: Any) -> int:
    left_text, right_text = as_text(left).encode().upper(), as_text(right).encode().upper()
    return (left_text > right_text) - (left_text < right_text)


def _length(name: str, code: int, measure: Callable[[str], int]) -> Function:
    def apply(value: Any) -> int:
        if not isinstance(value, str):
            raise CommandError(code, f"{name} requires a string argument, found: {type_name(value)}")
        return measure(value)

    return Function(apply, 1, 1)


# -- trimming and replacing ---------------------------------------------------------------------------

_WHITESPACE: Final = "\0\t\n\v\f\r \u00a0\u1680" + "".join(map(chr, range(0x2000, 0x200B)))


def _trimming(name: str, strip: Callable[[str, str], str]) -> NamedFunction:
    def apply(input: Any, chars: Any = _WHITESPACE) -> Any:
        if absent(input):
            return None
        if not isinstance(input, str):
            raise CommandError(
                50699,
                f"{name} requires its input to be a string, got {shown(input)} (of type {type_name(input)}) instead.",
            )
        if absent(chars):
            return None
        if not isinstance(chars, str):
            raise CommandError(
                50700,
                f"{name} requires 'chars' to be a string, got {shown(chars)} (of type {type_name(chars)}) instead.",
            )
        # Without characters Python would strip whitespace.
        return strip(input, chars) if chars else input

    return NamedFunction(apply, ("input",), ("chars",), not_an_object=50696, unknown=50694, missing=50695)


def _replacing(name: str, most: int) -> NamedFunction:
    def apply(input: Any, find: Any, replacement: Any) -> Any:
        operands = (("input", 51746, input), ("find", 51745, find), ("replacement", 51744, replacement))
        for what, code, value in operands:
            if not absent(value) and not isinstance(value, str):
                raise CommandError(code, f"{name} requires that '{what}' be a string, found: {shown(value)}")
        return None if absent(input, find, replacement) else input.replace(find, replacement, most)

    return NamedFunction(
        apply,
        ("input", "find", "replacement"),
        not_an_object=51751,
        unknown=51750,
        missing={"input": 51749, "find": 51748, "replacement": 51747},
    )


STRING: Final[Mapping[str, Function]] = {
    "$concat": Function(_concat, 0, ANY_NUMBER),
    "$split": Function(_split, 2, 2),
    "$toUpper": Function(_to_upper, 1, 1),
    "$toLower": Function(_to_lower, 1, 1),
    "$strcasecmp": Function(_compare_without_case, 2, 2),
    "$strLenCP": _length("$strLenCP", 34471, len),
    "$strLenBytes": _length("$strLenBytes", 34473, lambda text: len(text.encode())),
}
"""The operators by name."""

NAMED_STRING: Final[Mapping[str, NamedFunction]] = {
    "$trim": _trimming("$trim", str.strip),
    "$ltrim": _trimming("$ltrim", str.lstrip),
    "$rtrim": _trimming("$rtrim", str.rstrip),
    "$replaceOne": _replacing("$replaceOne", 1),
    "$replaceAll": _replacing("$replaceAll", -1),
}
"""The operators with named arguments, by name."""
