"""Expression operators that choose, repeat or bind, and so do not simply evaluate all their arguments.

Their builders get the compiler as an argument, as it is `expressions` that knows them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from ming.mim.environment import Environment, Expression, Scope
from ming.mim.errors import CommandError
from ming.mim.values import MISSING, truthy

__all__ = ["FORMS", "Compile"]

Compile = Callable[[Any, Environment], Expression]
"""The compiler: an expression and its surroundings."""


def _named(
    operator: str, argument: Any, required: tuple[str, ...], optional: tuple[str, ...] = ()
) -> dict[str, Any]:
    if not isinstance(argument, dict):
        raise CommandError(9, f"{operator} only supports an object as its argument")
    for name in argument:
        if name not in required and name not in optional:
            raise CommandError(9, f"Unrecognized parameter to {operator}: {name}")
    for name in required:
        if name not in argument:
            raise CommandError(9, f"Missing '{name}' parameter to {operator}")
    return argument


def _literal(argument: Any, env: Environment, compile_: Compile) -> Expression:
    return lambda scope: argument


def _and(argument: Any, env: Environment, compile_: Compile) -> Expression:
    operands = argument if isinstance(argument, list) else [argument]
    tests = [compile_(operand, env) for operand in operands]
    return lambda scope: all(truthy(test(scope)) for test in tests)


def _or(argument: Any, env: Environment, compile_: Compile) -> Expression:
    operands = argument if isinstance(argument, list) else [argument]
    tests = [compile_(operand, env) for operand in operands]
    return lambda scope: any(truthy(test(scope)) for test in tests)


def _cond(argument: Any, env: Environment, compile_: Compile) -> Expression:
    if isinstance(argument, list):
        if len(argument) != 3:
            raise CommandError(
                16020, f"Expression $cond takes exactly 3 arguments. {len(argument)} were passed in."
            )
        branches = argument
    else:
        named = _named("$cond", argument, ("if", "then", "else"))
        branches = [named["if"], named["then"], named["else"]]
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


def _switch(argument: Any, env: Environment, compile_: Compile) -> Expression:
    named = _named("$switch", argument, ("branches",), ("default",))
    if not isinstance(named["branches"], list):
        raise CommandError(40061, "$switch expected an array for 'branches'")
    if not named["branches"]:
        raise CommandError(40068, "$switch requires at least one branch.")
    branches = [
        (compile_(branch["case"], env), compile_(branch["then"], env))
        for branch in (_named("$switch", branch, ("case", "then")) for branch in named["branches"])
    ]
    default = compile_(named["default"], env) if "default" in named else None

    def evaluate(scope: Scope) -> Any:
        for case, then in branches:
            if truthy(case(scope)):
                return then(scope)
        if default is None:
            raise CommandError(40066, "$switch could not find a matching branch for an input, and no default")
        return default(scope)

    return evaluate


def _let(argument: Any, env: Environment, compile_: Compile) -> Expression:
    named = _named("$let", argument, ("vars", "in"))
    bindings = {name: compile_(value, env) for name, value in named["vars"].items()}
    body = compile_(named["in"], env.binding(*bindings))
    return lambda scope: body({**scope, **{name: value(scope) for name, value in bindings.items()}})


def _input_array(operator: str, code: int, value: Any) -> list[Any] | None:
    if value is None or value is MISSING:
        return None
    if not isinstance(value, list):
        raise CommandError(code, f"input to {operator} must be an array")
    return value


def _map(argument: Any, env: Environment, compile_: Compile) -> Expression:
    named = _named("$map", argument, ("input", "in"), ("as",))
    name = named.get("as", "this")
    source = compile_(named["input"], env)
    body = compile_(named["in"], env.binding(name))

    def evaluate(scope: Scope) -> Any:
        array = _input_array("$map", 16883, source(scope))
        if array is None:
            return None
        made = [body({**scope, name: value}) for value in array]
        return [None if value is MISSING else value for value in made]

    return evaluate


def _filter(argument: Any, env: Environment, compile_: Compile) -> Expression:
    named = _named("$filter", argument, ("input", "cond"), ("as", "limit"))
    name = named.get("as", "this")
    source = compile_(named["input"], env)
    test = compile_(named["cond"], env.binding(name))
    limit = compile_(named.get("limit"), env)

    def evaluate(scope: Scope) -> Any:
        array = _input_array("$filter", 28651, source(scope))
        if array is None:
            return None
        kept = [value for value in array if truthy(test({**scope, name: value}))]
        most = limit(scope)
        return kept if most is None or most is MISSING else kept[:most]

    return evaluate


def _reduce(argument: Any, env: Environment, compile_: Compile) -> Expression:
    named = _named("$reduce", argument, ("input", "initialValue", "in"))
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


FORMS: Final[Mapping[str, Callable[[Any, Environment, Compile], Expression]]] = {
    "$literal": _literal,
    "$and": _and,
    "$or": _or,
    "$cond": _cond,
    "$ifNull": _if_null,
    "$switch": _switch,
    "$let": _let,
    "$map": _map,
    "$filter": _filter,
    "$reduce": _reduce,
}
"""Builders of the operators by name."""
