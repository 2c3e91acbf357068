"""What expressions are compiled in and evaluated in.

A scope maps variable names to values: ``ROOT``, ``CURRENT``, those of the command and those of ``$let``,
``$map`` and their like.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from ming.mim.data.metadata import Metadata
from ming.mim.data.values import OrderKey, order_key

__all__ = ["Compile", "Environment", "Expression", "Form", "KeyOf", "Scope"]

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
    metadata: Metadata = field(default_factory=Metadata)
    """What is known about documents beside their fields."""
    has_document: bool = True
    """Whether there is a document whose fields may be read."""

    def binding(self, *names: str) -> Environment:
        """Return the environment of an expression in which further variables are bound."""
        return replace(self, variables=self.variables | set(names))


Compile = Callable[[Any, Environment], Expression]
"""The expression compiler."""
Form = Callable[[Any, Environment, Compile], Expression]
"""Builds an operator from what stands beside its name."""
