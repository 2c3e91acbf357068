"""What expressions are compiled in and evaluated in.

A scope maps variable names to values: ``ROOT``, ``CURRENT``, those of the command and those of ``$let``,
``$map`` and their like.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from ming.mim.values import OrderKey, order_key

__all__ = ["Environment", "Expression", "KeyOf", "Scope"]

Scope = dict[str, Any]
"""Values by variable name."""
Expression = Callable[[Scope], Any]
"""A compiled expression."""
KeyOf = Callable[[Any], OrderKey]
"""Gives a value its place in an order: the canonical one, or that of a collation."""


@dataclass(frozen=True, slots=True)
class Environment:
    """What the meaning of an expression depends on beside itself."""

    variables: frozenset[str] = frozenset()
    """Names of the variables in scope, the engine's own apart."""
    key: KeyOf = order_key
    """How values compare."""

    def binding(self, *names: str) -> Environment:
        """Return the environment of an expression in which further variables are bound."""
        return replace(self, variables=self.variables | set(names))
