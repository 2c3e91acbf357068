"""The statements of write commands: documents to insert, updates, deletes; checked before the first is
performed.

`ming.mim.commands.writing` performs them; what is wrong with the values inside fails only the statement it is
in.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from ming.mim.data.errors import CommandError
from ming.mim.data.options import required, wrong_type
from ming.mim.data.values import as_integer, is_number

__all__ = ["check_types", "check_update", "statements"]

Document = dict[str, Any]

_ANY: Final = ""
_OPTIONS: Final = {"ordered": "bool", "let": "object"}
"""What the commands have beside their statements."""


class _Kind(NamedTuple):
    """The statements of one command.

    Args:
        option: What they are in.
        fields: Their fields with the types of those; none if they are plain documents.
        required: The fields that must be there.
    """

    option: str
    fields: Mapping[str, str] = {}
    required: tuple[str, ...] = ()


_KINDS: Final[Mapping[str, _Kind]] = {
    "insert": _Kind("documents"),
    "update": _Kind(
        "updates",
        {
            "q": "object",
            "u": _ANY,
            "c": "object",
            "multi": "bool",
            "upsert": "bool",
            "upsertSupplied": "bool",
            "arrayFilters": "array",
            "hint": _ANY,
            "sort": "object",
            "collation": "object",
        },
        ("q", "u"),
    ),
    "delete": _Kind(
        "deletes", {"q": "object", "limit": _ANY, "hint": _ANY, "collation": "object"}, ("q", "limit")
    ),
}


def statements(command: Mapping[str, Any], name: str) -> list[Document]:
    """Return the statements of a write command.

    Args:
        command: The command.
        name: Its name.

    Raises:
        CommandError: There are none, or one is not as it must be.
    """
    check_types(command, _OPTIONS, name)
    kind = _KINDS[name]
    given = required(command, name, kind.option)
    if not isinstance(given, list):
        raise wrong_type(f"{name}.{kind.option}", given, "array")
    if not given:
        raise CommandError(16, "Write batch sizes must be between 1 and 100000. Got 0 operations.")
    for at, statement in enumerate(given):
        if not isinstance(statement, dict):
            raise wrong_type(f"{name}.{kind.option}.{at}", statement, "object")
        if kind.fields:
            _check(kind, statement, f"{name}.{kind.option}")
    return given


def _check(kind: _Kind, statement: Document, what: str) -> None:
    if not kind.fields.keys() >= statement.keys():
        field = next(field for field in statement if field not in kind.fields)
        raise CommandError(40415, f"BSON field '{what}.{field}' is an unknown field.")
    for field in kind.required:
        # Null is a value for some, and no value at all for those of a certain type.
        if kind.fields[field] or field not in statement:
            required(statement, what, field)
    check_types(statement, kind.fields, what)
    if "hint" in statement and not isinstance(statement["hint"], str | dict):
        raise CommandError(9, "Hint must be a string or an object")
    if "u" in kind.fields:
        check_update(statement["u"])
    if "limit" in kind.fields:
        _check_limit(statement["limit"])


def check_update(update: Any) -> None:
    """Refuse what is neither an update document nor a pipeline.

    Raises:
        CommandError: It is something else.
    """
    if not isinstance(update, dict | list):
        raise CommandError(9, "Update argument must be either an object or an array")
    if isinstance(update, list) and not all(isinstance(stage, dict) for stage in update):
        raise CommandError(14, "Each element of the 'pipeline' array must be an object")


def _check_limit(limit: Any) -> None:
    # What is no number counts as 0.
    if is_number(limit) and as_integer(limit) not in (0, 1):
        raise CommandError(9, f"The limit field in delete objects must be 0 or 1. Got {limit}")


def check_types(options: Mapping[str, Any], types: Mapping[str, str], what: str) -> None:
    """Refuse options of a wrong type; null counts as not given.

    Args:
        options: The options.
        types: The name of the type that each must have, if it matters here.
        what: Whose options they are, for messages.

    Raises:
        CommandError: One is of another type.
    """
    for name, value in options.items():
        wanted = types.get(name, _ANY)
        if wanted and value is not None and value.__class__ is not _CLASSES[wanted]:
            raise wrong_type(f"{what}.{name}", value, wanted)
    for at, value in enumerate(options.get("arrayFilters") or ()):
        if not isinstance(value, dict):
            raise wrong_type(f"{what}.arrayFilters.{at}", value, "object")


_CLASSES: Final[Mapping[str, type]] = {"object": dict, "array": list, "bool": bool}
"""The classes of the values of the types that options must have."""
