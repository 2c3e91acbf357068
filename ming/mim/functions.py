"""What the tables of expression functions share."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from ming.mim.values import MISSING

__all__ = ["ANY_NUMBER", "Function", "NamedFunction", "absent"]

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

    compares: bool = False
    """Whether it compares values, and so takes the order in force as its first argument."""

    def arity(self) -> str:
        """Say how many arguments are accepted."""
        if self.fewest == self.most:
            return f"exactly {self.fewest}"
        return f"at least {self.fewest}" if self.most == math.inf else f"{self.fewest} to {self.most}"


@dataclass(frozen=True, slots=True)
class NamedFunction:
    """An operator whose argument is an object: it evaluates the values and applies a function to them by name."""

    apply: Callable[..., Any]
    """Called with keyword arguments; those not given are left out."""
    required: tuple[str, ...]
    optional: tuple[str, ...] = ()
    compares: bool = False
    """Whether it compares values, and so takes the order in force as its first argument."""
    not_an_object: int = 9
    """The code of the error if the argument is not an object."""
    unknown: int = 9
    """The code of the error if there is an argument of another name."""
    missing: int = 9
    """The code of the error if a required argument is not there."""


def absent(*values: Any) -> bool:
    return any(value is None or value is MISSING for value in values)
