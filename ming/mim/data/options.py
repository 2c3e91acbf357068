"""Options of commands, checked as the server checks them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

from bson import Decimal128

from ming.mim.data.errors import CommandError
from ming.mim.data.values import INT32_MAX, as_integer, is_number, truthy, type_name

__all__ = [
    "as_long",
    "check_time_limit",
    "document",
    "enumerated",
    "flag",
    "required",
    "strict_flag",
    "text",
    "whole",
    "wrong_type",
]

_NUMBERS: Final = ("long", "int", "decimal", "double")
_LARGEST: Final = 2**63 - 1


def wrong_type(field: str, value: Any, *expected: str) -> CommandError:
    """Return the error about a field of a wrong type.

    Args:
        field: Command and field, such as ``create.size``.
        value: Its value.
        expected: The type it must have, or as many as it can have.
    """
    # The server closes the list of types with one quote only.
    wanted = f"type '{expected[0]}'" if len(expected) == 1 else f"types '[{', '.join(expected)}']"
    return CommandError(14, f"BSON field '{field}' is the wrong type '{type_name(value)}', expected {wanted}")


def required(options: Mapping[str, Any], command: str, name: str) -> Any:
    """Return an option that must be there.

    Raises:
        CommandError: It is not.
    """
    value = options.get(name)
    if value is None:
        raise CommandError(40414, f"BSON field '{command}.{name}' is missing but a required field")
    return value


def flag(options: Mapping[str, Any], command: str, name: str, default: bool | None = None) -> bool | None:
    """Return an option that is a truth value or a number; null counts as not given.

    Raises:
        CommandError: It is something else.
    """
    value = options.get(name)
    if value is None:
        return default
    if not isinstance(value, bool) and not is_number(value):
        raise wrong_type(f"{command}.{name}", value, "bool", *_NUMBERS)
    return truthy(value)


def strict_flag(options: Mapping[str, Any], name: str) -> bool:
    """Return an option that is a truth value and nothing else; False if not given.

    Raises:
        CommandError: It is something else.
    """
    value = options.get(name, False)
    if not isinstance(value, bool):
        raise CommandError(14, f"Field '{name}' should be a boolean value, but found: {type_name(value)}")
    return value


def text(options: Mapping[str, Any], command: str, name: str) -> str | None:
    """Return an option that is a string, None if not given.

    Raises:
        CommandError: It is something else.
    """
    value = options.get(name)
    if value is not None and not isinstance(value, str):
        raise wrong_type(f"{command}.{name}", value, "string")
    return value


def document(options: Mapping[str, Any], command: str, name: str) -> dict[str, Any] | None:
    """Return an option that is a document, None if not given.

    Raises:
        CommandError: It is something else.
    """
    value = options.get(name)
    if value is not None and not isinstance(value, dict):
        raise wrong_type(f"{command}.{name}", value, "object")
    return value


def enumerated(options: Mapping[str, Any], command: str, name: str, known: Collection[str]) -> str | None:
    """Return an option that is one of a few words, None if not given.

    Raises:
        CommandError: It is something else.
    """
    value = text(options, command, name)
    if value is not None and value not in known:
        raise CommandError(
            2, f"Enumeration value '{value}' for field '{command}.{name}' is not a valid value."
        )
    return value


def whole(
    options: Mapping[str, Any], command: str, name: str, least: int | None = None, most: int | None = None
) -> int | None:
    """Return an option that is a number, cut to an integer; None if not given.

    Args:
        options: The options.
        command: Whose they are.
        name: The option's name.
        least: The smallest value allowed.
        most: The largest value allowed.

    Raises:
        CommandError: It is something else.
    """
    value = options.get(name)
    if value is None:
        return None
    if not is_number(value):
        raise wrong_type(f"{command}.{name}", value, *_NUMBERS)
    number = as_long(value)
    if least is not None and number < least:
        raise CommandError(51024, f"BSON field '{name}' value must be >= {least}, actual value '{number}'")
    if most is not None and number > most:
        raise CommandError(51024, f"BSON field '{name}' value must be <= {most}, actual value '{number}'")
    return number


def check_time_limit(command: Mapping[str, Any]) -> None:
    """Refuse a ``maxTimeMS`` that is no time limit; commands here take no time worth limiting.

    Raises:
        CommandError: It is not a whole number, or out of range.
    """
    if "maxTimeMS" not in command:
        return
    limit = command["maxTimeMS"]
    if not is_number(limit):
        raise CommandError(2, "maxTimeMS must be a number")
    number = as_integer(limit)
    if number is None:
        raise CommandError(2, "maxTimeMS has non-integral value")
    if not 0 <= number <= INT32_MAX:
        raise CommandError(2, f"{number} value for maxTimeMS is out of range")


def as_long(value: Any) -> int:
    """Return a number cut down to a 64-bit integer."""
    number = value.to_decimal() if isinstance(value, Decimal128) else value
    return 0 if number != number else int(max(min(number, _LARGEST), -_LARGEST - 1))
