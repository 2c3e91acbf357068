"""The key patterns of indexes: which the server takes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ming.mim.data.errors import CommandError
from ming.mim.data.path import parts_of
from ming.mim.data.values import is_number, type_name

__all__ = ["check_key_pattern", "is_wildcard", "kind_of"]

_KINDS: Final = frozenset(("text", "2dsphere", "2d", "hashed"))
_OF_REFERENCES: Final = frozenset(("$ref", "$id", "$db"))
_WILDCARD: Final = "$**"


def kind_of(key: Mapping[str, Any]) -> str:
    """Return what kind of index a key pattern makes: ``text`` and the like, or nothing for an ordinary
    one."""
    return next((kind for kind in key.values() if isinstance(kind, str)), "")


def is_wildcard(key: Mapping[str, Any]) -> bool:
    """Whether a key pattern is that of a wildcard index."""
    return any(parts_of(field)[-1] == _WILDCARD for field in key)


def check_key_pattern(key: Mapping[str, Any]) -> None:
    """Refuse a key pattern that no index can have.

    Raises:
        CommandError: It is one.
    """
    if not key:
        raise _cannot("Index keys cannot be empty.")
    kind = kind_of(key)
    if kind and kind not in _KINDS:
        raise _cannot(f"Unknown index plugin '{kind}'")
    if is_wildcard(key) and len(key) > 1:
        raise _cannot("wildcard indexes do not allow compounding")
    for field, direction in key.items():
        _check_direction(direction, is_wildcard({field: direction}))
        _check_field(field)


def _cannot(message: str) -> CommandError:
    return CommandError(67, message)


def _check_direction(direction: Any, wildcard: bool) -> None:
    if direction == "":
        raise _cannot("Values in the index key pattern cannot be empty strings")
    if isinstance(direction, str):
        return
    if not is_number(direction):
        raise _cannot(
            f"Values in v:2 index key pattern cannot be of type {type_name(direction)}."
            " Only numbers > 0, numbers < 0, and strings are allowed."
        )
    number = float(str(direction))
    if number != number:
        raise _cannot("Values in the index key pattern cannot be NaN.")
    if number == 0:
        raise _cannot("Values in the index key pattern cannot be 0.")
    if wildcard and number < 0:
        raise _cannot("A numeric value in a $** index key pattern must be positive.")


def _check_field(field: str) -> None:
    if not field:
        raise _cannot("Index keys cannot be an empty field.")
    parts = parts_of(field)
    if "" in parts:
        raise _cannot("Index keys cannot contain an empty field.")
    if parts[-1] == _WILDCARD:
        parts = parts[:-1]
    if any(part.startswith("$") and not (at and part in _OF_REFERENCES) for at, part in enumerate(parts)):
        raise _cannot("Index key contains an illegal field name: field name starts with '$'.")
