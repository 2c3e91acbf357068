"""The accumulators that take the first, last, least or greatest few of many.

They are named ``$firstN``, ``$maxN``, ``$top``, ``$bottomN`` and so on; `accumulators` has the others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from ming.mim.data.environment import Environment, Expression, Scope
from ming.mim.data.errors import CommandError
from ming.mim.data.keys import EMPTY_ARRAY
from ming.mim.data.path import parts_of
from ming.mim.data.rendering import shown
from ming.mim.data.sorting import compile_sort, directed_key
from ming.mim.data.values import MISSING, as_integer
from ming.mim.expressions.compiler import compile_expression, field_value
from ming.mim.expressions.functions_array import ends, extremes, how_many, outermost

__all__ = ["RANKED", "Accumulator"]


@dataclass(frozen=True, slots=True)
class Accumulator:
    """A compiled accumulator."""

    expression: Expression
    """What is collected of each document; a field that is not there counts, as `MISSING`."""
    finish: Callable[[list[Any], Scope], Any]
    """Makes the result of what was collected, in order, none of which is needed.

    The scope is that of the group's key as root document, or of an empty document.
    """


def _null_for_missing(values: list[Any]) -> list[Any]:
    return [None if value is MISSING else value for value in values]


# -- by the collected values --------------------------------------------------------------------------


def _of_values(
    name: str, code: int, choose: Callable[..., list[Any]], operand: Any, env: Environment
) -> Accumulator:
    """Compile one of the operators with an ``input``."""
    if not isinstance(operand, dict):
        raise CommandError(code, f"specification must be an object; found {name}: {shown(operand)}")
    for given in operand:
        if given not in ("n", "input"):
            raise CommandError(5787901, f"Unknown argument for 'n' operator: {given}")
    if "n" not in operand:
        raise CommandError(5787906, "Missing value for 'n'")
    if "input" not in operand:
        raise CommandError(5787907, "Missing value for 'input'")
    count = compile_expression(operand["n"], env)

    def finish(values: list[Any], scope: Scope) -> list[Any]:
        return _null_for_missing(choose(env.key, values, how_many(count(scope))))

    return Accumulator(compile_expression(operand["input"], env), finish)


# -- by a sort key ------------------------------------------------------------------------------------


def _of_documents(name: str, at_top: bool, counted: bool, operand: Any, env: Environment) -> Accumulator:
    """Compile one of the operators with an ``output``."""
    if not isinstance(operand, dict):
        raise CommandError(5788001, f"specification must be an object; found {name}: {shown(operand)}")
    for given, value in operand.items():
        if given not in ("output", "sortBy") and not (counted and given == "n"):
            raise CommandError(5788002, f"Unknown argument to {name} '{given}'")
        if given == "sortBy" and not isinstance(value, dict):
            raise CommandError(10065, "invalid parameter: expected an object (sortBy)")
    for required, code in (("n", 5788003), ("output", 5788004), ("sortBy", 5788005)):
        if required not in operand and (counted or required != "n"):
            raise CommandError(code, f"Missing value for '{required}'")
    sort_key = _whole_values_key(operand["sortBy"], env)
    output = compile_expression(operand["output"], env)
    count = compile_expression(operand.get("n", 1), env)

    def collect(scope: Scope) -> tuple[Any, Any]:
        return sort_key(scope["ROOT"]), output(scope)

    def finish(pairs: list[Any], scope: Scope) -> Any:
        ranked = _null_for_missing(outermost(pairs, how_many(count(scope)), least=at_top))
        if counted:
            return ranked
        return ranked[0] if ranked else None

    return Accumulator(collect, finish)


def _whole_values_key(sort_by: Mapping[str, Any], env: Environment) -> Callable[[Any], Any]:
    """Return the key to rank documents by, in which an array counts as a whole, other than when sorting."""
    # Compiled for its checks.
    compile_sort(sort_by, env.key, code=15975)
    paths = [parts_of(path) for path in sort_by]
    key = directed_key([as_integer(direction) == -1 for direction in sort_by.values()], env.key)

    def sort_key(document: Any) -> Any:
        values = [field_value(document, path) for path in paths]
        return key(tuple([EMPTY_ARRAY if value == [] else value for value in values]))

    return sort_key


RANKED: Final[Mapping[str, Callable[[Any, Environment], Accumulator]]] = {
    "$firstN": partial(_of_values, "$firstN", 5787801, partial(ends, False)),
    "$lastN": partial(_of_values, "$lastN", 5787801, partial(ends, True)),
    "$minN": partial(_of_values, "$minN", 5787900, partial(extremes, False)),
    "$maxN": partial(_of_values, "$maxN", 5787900, partial(extremes, True)),
    "$top": partial(_of_documents, "$top", True, False),
    "$topN": partial(_of_documents, "$topN", True, True),
    "$bottom": partial(_of_documents, "$bottom", False, False),
    "$bottomN": partial(_of_documents, "$bottomN", False, True),
}
"""Builders of the accumulators by name."""
