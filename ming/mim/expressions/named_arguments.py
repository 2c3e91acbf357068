"""Checking the arguments of operators that take them by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ming.mim.data.errors import CommandError
from ming.mim.data.values import type_name

__all__ = ["NamedArguments"]


@dataclass(frozen=True, slots=True)
class NamedArguments:
    """The arguments of an operator, with the codes of the errors for others."""

    operator: str
    required: Mapping[str, int]
    """The names of those there must be, with the code of the error if one is not there."""
    unknown: int
    """The code of the error if there is one of another name."""
    optional: tuple[str, ...] = ()
    """The names of those there may be."""
    not_an_object: int = 9
    """The code of the error if they are not given by name."""

    def checked(self, argument: Any) -> Mapping[str, Any]:
        """Return what stands beside the operator's name if all is as it must be.

        Raises:
            CommandError: It is not.
        """
        if not isinstance(argument, dict):
            raise CommandError(
                self.not_an_object,
                f"{self.operator} requires an object as an argument, found: {type_name(argument)}",
            )
        for name in argument:
            if name not in self.required and name not in self.optional:
                raise CommandError(self.unknown, f"{self.operator} found an unknown argument: {name}")
        for name, code in self.required.items():
            if name not in argument:
                raise CommandError(code, f"{self.operator} requires '{name}' to be specified")
        return argument
