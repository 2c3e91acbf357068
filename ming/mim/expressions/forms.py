"""Expression operators that choose, repeat or bind, and so do not simply evaluate all their arguments.

Their builders get the compiler as an argument, as it is `compiler` that knows them.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from random import random
from typing import Any, Final

from ming.mim.data.environment import Compile, Environment, Expression, Form, Scope
from ming.mim.data.errors import CommandError
from ming.mim.data.rendering import shown
from ming.mim.data.values import INT32_MAX, INT32_MIN, MISSING, as_integer, is_number, truthy, type_name
from ming.mim.expressions.constants import is_constant
from ming.mim.expressions.forms_array import ARRAY_FORMS
from ming.mim.expressions.forms_field import FIELD_FORMS
from ming.mim.expressions.functions import absent
from ming.mim.expressions.named_arguments import NamedArguments
from ming.mim.expressions.variable_names import check_bound_name

__all__ = ["FORMS"]


def _literal(argument: Any, env: Environment, compile_: Compile) -> Expression:
    return lambda scope: argument


def _tests(argument: Any, env: Environment, compile_: Compile, decisive: bool) -> list[Expression]:
    """Compile the operands of ``$and`` or ``$or``.

    Args:
        argument: The operands.
        env: The surroundings.
        compile_: The compiler.
        decisive: The value of an operand that decides the whole; a constant one does so before the others.
    """
    operands = argument if isinstance(argument, list) else [argument]
    tests = [compile_(operand, env) for operand in operands]
    constant = [test for operand, test in zip(operands, tests, strict=True) if is_constant(operand)]
    return next(([test] for test in constant if truthy(test({})) is decisive), tests)


def _and(argument: Any, env: Environment, compile_: Compile) -> Expression:
    tests = _tests(argument, env, compile_, decisive=False)
    return lambda scope: all(truthy(test(scope)) for test in tests)


def _or(argument: Any, env: Environment, compile_: Compile) -> Expression:
    tests = _tests(argument, env, compile_, decisive=True)
    return lambda scope: any(truthy(test(scope)) for test in tests)


_COND: Final = NamedArguments("$cond", {"if": 17080, "then": 17081, "else": 17082}, unknown=17083)


def _cond(argument: Any, env: Environment, compile_: Compile) -> Expression:
    if isinstance(argument, dict):
        named = _COND.checked(argument)
        branches = [named["if"], named["then"], named["else"]]
    else:
        branches = argument if isinstance(argument, list) else [argument]
    if len(branches) != 3:
        raise CommandError(
            16020, f"Expression $cond takes exactly 3 arguments. {len(branches)} were passed in."
        )
    test, then, otherwise = [compile_(branch, env) for branch in branches]
    return lambda scope: then(scope) if truthy(test(scope)) else otherwise(scope)


def _if_null(argument: Any, env: Environment, compile_: Compile) -> Expression:
    if not isinstance(argument, list) or len(argument) < 2:
        raise CommandError(1257300, "$ifNull needs at least two arguments")
    *candidates, fallback = [compile_(operand, env) for operand in argument]

    def evaluate(scope: Scope) -> Any:
        for candidate in candidates:
            value = candidate(scope)
            if value is not None and value is not MISSING:
                return value
        return fallback(scope)

    return evaluate


_SWITCH: Final = NamedArguments(
    "$switch", {}, unknown=40067, optional=("branches", "default"), not_an_object=40060
)
_BRANCH: Final = NamedArguments(
    "a branch of $switch", {"case": 40064, "then": 40065}, unknown=40063, not_an_object=40062
)


def _switch(argument: Any, env: Environment, compile_: Compile) -> Expression:
    named = _SWITCH.checked(argument)
    cases = named.get("branches", [])
    if not isinstance(cases, list):
        raise CommandError(40061, f"$switch expected an array for 'branches', found: {type_name(cases)}")
    branches = [
        (compile_(branch["case"], env), compile_(branch["then"], env))
        for branch in map(_BRANCH.checked, cases)
    ]
    if not branches:
        raise CommandError(40068, "$switch requires at least one branch.")
    default = compile_(named["default"], env) if "default" in named else None

    def evaluate(scope: Scope) -> Any:
        for case, then in branches:
            if truthy(case(scope)):
                return then(scope)
        if default is None:
            raise CommandError(
                40066,
                "$switch could not find a matching branch for an input, and no default was specified.",
            )
        return default(scope)

    return evaluate


_LET: Final = NamedArguments("$let", {"vars": 16876, "in": 16877}, unknown=16875, not_an_object=16874)


def _let(argument: Any, env: Environment, compile_: Compile) -> Expression:
    named = _LET.checked(argument)
    variables = named["vars"]
    if isinstance(variables, list):
        variables = {str(place): value for place, value in enumerate(variables)}
    if not isinstance(variables, dict):
        raise CommandError(10065, "invalid parameter: expected an object (vars)")
    for name in variables:
        check_bound_name(name)
    bindings = {name: compile_(value, env) for name, value in variables.items()}
    body = compile_(named["in"], env.binding(*bindings))
    return lambda scope: body({**scope, **{name: value(scope) for name, value in bindings.items()}})


def _loop_variable(named: Mapping[str, Any]) -> str:
    """Return the name that ``as`` gives the elements."""
    name = named.get("as", "this")
    # What is no string counts as an empty one.
    name = name if isinstance(name, str) else ""
    check_bound_name(name)
    return name


def _input_array(operator: str, code: int, value: Any) -> list[Any] | None:
    if value is None or value is MISSING:
        return None
    if not isinstance(value, list):
        raise CommandError(code, f"input to {operator} must be an array")
    return value


_MAP: Final = NamedArguments(
    "$map", {"input": 16880, "in": 16882}, unknown=16879, optional=("as",), not_an_object=16878
)


def _map(argument: Any, env: Environment, compile_: Compile) -> Expression:
    named = _MAP.checked(argument)
    name = _loop_variable(named)
    source = compile_(named["input"], env)
    body = compile_(named["in"], env.binding(name))

    def evaluate(scope: Scope) -> Any:
        array = _input_array("$map", 16883, source(scope))
        if array is None:
            return None
        made = [body({**scope, name: value}) for value in array]
        return [None if value is MISSING else value for value in made]

    return evaluate


_FILTER: Final = NamedArguments(
    "$filter",
    {"input": 28648, "cond": 28650},
    unknown=28647,
    optional=("as", "limit"),
    not_an_object=28646,
)


def _filter(argument: Any, env: Environment, compile_: Compile) -> Expression:
    named = _FILTER.checked(argument)
    name = _loop_variable(named)
    source = compile_(named["input"], env)
    test = compile_(named["cond"], env.binding(name))
    limit = compile_(named.get("limit"), env)

    def evaluate(scope: Scope) -> Any:
        array = _input_array("$filter", 28651, source(scope))
        if array is None:
            return None
        most = _most_kept(limit(scope))
        kept = (value for value in array if truthy(test({**scope, name: value})))
        return list(islice(kept, most))

    return evaluate


def _most_kept(limit: Any) -> int | None:
    if absent(limit):
        return None
    most = as_integer(limit) if is_number(limit) else None
    if most is None or not INT32_MIN <= most <= INT32_MAX:
        raise CommandError(
            327391, f"$filter: limit must be represented as a 32-bit integral value: {shown(limit)}"
        )
    if most <= 0:
        raise CommandError(327392, f"$filter: limit must be greater than 0: {most}")
    return most


_REDUCE: Final = NamedArguments(
    "$reduce", {"input": 40077, "initialValue": 40078, "in": 40079}, unknown=40076, not_an_object=40075
)


def _reduce(argument: Any, env: Environment, compile_: Compile) -> Expression:
    named = _REDUCE.checked(argument)
    source = compile_(named["input"], env)
    initial = compile_(named["initialValue"], env)
    body = compile_(named["in"], env.binding("this", "value"))

    def evaluate(scope: Scope) -> Any:
        array = _input_array("$reduce", 40080, source(scope))
        if array is None:
            return None
        result = initial(scope)
        for value in array:
            result = body({**scope, "this": value, "value": result})
        return result

    return evaluate


def _rand(argument: Any, env: Environment, compile_: Compile) -> Expression:
    if not isinstance(argument, dict | list):
        raise CommandError(10065, "invalid parameter: expected an object ($rand)")
    if argument:
        raise CommandError(3040501, "$rand does not currently accept arguments")
    return lambda scope: random()


def _meta(argument: Any, env: Environment, compile_: Compile) -> Expression:
    read = env.metadata.reader(argument)
    return lambda scope: read(scope["ROOT"])


FORMS: Final[Mapping[str, Form]] = {
    "$literal": _literal,
    "$const": _literal,
    "$and": _and,
    "$or": _or,
    "$cond": _cond,
    "$ifNull": _if_null,
    "$switch": _switch,
    "$let": _let,
    "$map": _map,
    "$filter": _filter,
    "$reduce": _reduce,
    "$rand": _rand,
    "$meta": _meta,
    **ARRAY_FORMS,
    **FIELD_FORMS,
}
"""Builders of the operators by name."""
