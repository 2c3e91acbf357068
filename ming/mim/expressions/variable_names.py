"""The names of variables in expressions: which ones may be bound, and which ones may be read."""

from __future__ import annotations

import re
from typing import Final

from ming.mim.data.errors import CommandError

__all__ = ["check_bound_name", "check_read_name"]

_REBINDABLE: Final = "CURRENT"
"""The one variable of the engine's own that expressions may bind."""
_NO_LETTER: Final = re.compile(r"[^a-zA-Z0-9_\u0080-\U0010ffff]")


def check_bound_name(name: str) -> None:
    """Check the name of a variable that an expression or a command binds.

    Raises:
        CommandError: It does not begin with a lower-case letter, or is otherwise no name.
    """
    if name != _REBINDABLE:
        _check(name, r"[a-z\u0080-\U0010ffff]")


def check_read_name(name: str) -> None:
    """Check the name of a variable that an expression uses.

    Raises:
        CommandError: It is no name.
    """
    _check(name, r"[a-zA-Z\u0080-\U0010ffff]")


def _check(name: str, first: str) -> None:
    if not name:
        raise CommandError(9, "empty variable names are not allowed")
    if not re.match(first, name):
        raise CommandError(9, f"'{name}' starts with an invalid character for a user variable name")
    if found := _NO_LETTER.search(name):
        raise CommandError(9, f"'{name}' contains an invalid character for a variable name: '{found[0]}'")
