"""What the tables of expression functions share."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from ming.mim.data.arithmetic import whole
from ming.mim.data.errors import CommandError
from ming.mim.data.values import MISSING, is_number, type_name

__all__ = ["ANY_NUMBER", "Function", "NamedFunction", "absent", "as_long", "need_number"]

ANY_NUMBER: Final = math.inf
"""For `Function.most`: as many arguments as one likes."""


@dataclass(frozen=True, slots=True)
class Function:
    """An operator that evaluates all its arguments and applies a function to them."""

    apply: Callable[..., Any]
    fewest: int
    most: float
    spreads: bool = False
    """Whether a single array argument stands for the list of arguments."""
    commutes: bool = False
    """Whether constant arguments are taken last, as the server's optimizer has it; errors show the order."""
    null_first: bool = False
    """Whether the result is null, before any other argument is evaluated, if the first argument is."""
    compares: bool = False
    """Whether it compares values, and so takes the order in force as its first argument."""

    wrong_count: int | None = None
    """The code of the error if there are too few or too many arguments, if it is not the usual one."""

    def check_count(self, name: str, count: int) -> None:
        """Check the number of arguments.

        Raises:
            CommandError: There are too few or too many.
        """
        if self.fewest <= count <= self.most:
            return
        if self.fewest == self.most:
            code, accepted = 16020, f"exactly {self.fewest} arguments. {count}"
        else:
            code, accepted = 28667, f"at least {self.fewest} arguments, and at most {self.most}, but {count}"
        raise CommandError(self.wrong_count or code, f"Expression {name} takes {accepted} were passed in.")


@dataclass(frozen=True, slots=True)
class NamedFunction:
    """An operator whose argument is an object: it evaluates the values and applies a function to them by
    name."""

    apply: Callable[..., Any]
    """Called with keyword arguments; those not given are left out."""
    required: tuple[str, ...]
    optional: tuple[str, ...] = ()
    lazy: tuple[str, ...] = ()
    """Those that `apply` takes as functions, to have them evaluated only if it needs them."""
    shorthand: str | None = None
    """The argument that an operand other than an object of arguments stands for, alone or in an array."""
    check: Callable[[Collection[str]], None] | None = None
    """Refuses names that cannot be given, or left out, together."""
    compares: bool = False
    """Whether it compares values, and so takes the order in force as its first argument."""
    not_an_object: int = 9
    """The code of the error if the argument is not an object."""
    unknown: int = 9
    """The code of the error if there is an argument of another name."""
    missing: int | Mapping[str, int] = 9
    """The code of the error if a required argument is not there, or that code for each argument."""
    wrong_count: int = 16020
    """The code of the error if an array does not have the one operand that a shorthand takes."""


def absent(*values: Any) -> bool:
    return any(value is None or value is MISSING for value in values)


def need_number(name: str, code: int, value: Any) -> Any:
    """Return the value if it is a number.

    Raises:
        CommandError: It is not; the code is the given one.
    """
    if not is_number(value):
        raise CommandError(code, f"{name} only supports numeric types, not {type_name(value)}")
    return value


def as_long(number: Any) -> int:
    """Return a number without its fraction.

    Raises:
        CommandError: It needs more than 64 bits, or is not a number.
    """
    try:
        value = whole(number)
    except (OverflowError, ValueError):
        value = None
    if value is None or not -(2**63) <= value < 2**63:
        raise CommandError(31109, f"Can't coerce out of range value {number} to long")
    return value
