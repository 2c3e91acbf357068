"""The variables of a command: those of its ``let``, and ``NOW``."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ming.mim.data.environment import Environment, KeyOf
from ming.mim.expressions.compiler import compile_expression, root_scope
from ming.mim.expressions.variable_names import check_bound_name

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
        env = Environment(frozenset(variables), order, has_document=False)
        variables[name] = compile_expression(expression, env)(root_scope({}, variables))
    return variables
