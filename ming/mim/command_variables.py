"""The variables of a command: those of its ``let``, and ``NOW``."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ming.mim.environment import Environment, KeyOf, Scope
from ming.mim.errors import CommandError
from ming.mim.expressions import compile_expression
from ming.mim.values import MISSING
from ming.mim.variable_names import check_bound_name

__all__ = ["command_variables"]


def command_variables(let: Mapping[str, Any], now: datetime, order: KeyOf) -> dict[str, Any]:
    """Return the values of a command's variables.

    Args:
        let: The expressions of ``let``, each of which may use those before it.
        now: The time of the command.
        order: How values compare.

    Raises:
        CommandError: A name is none, or an expression cannot be evaluated, as without a document.
    """
    variables: dict[str, Any] = {"NOW": now}
    for name, expression in let.items():
        check_bound_name(name)
        evaluate = compile_expression(expression, Environment(frozenset(variables), order))
        variables[name] = evaluate(_NoDocument(variables, REMOVE=MISSING))
    return variables


class _NoDocument(Scope):
    """The scope of an expression that is evaluated before there is a document."""

    def __missing__(self, name: str) -> Any:
        raise CommandError(
            4890500,
            "Command let Expression tried to access a field, but this is not allowed because Command let"
            " Expressions run before the query examines any documents.",
        )
