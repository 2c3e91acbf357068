"""The expression compiler: aggregation expressions to closures over a scope.

A scope maps variable names to values: ``ROOT``, ``CURRENT`` and those of ``$let``, ``$map`` and their like. A
field that is not there evaluates to `MISSING`, which is not null. This module owns literals, paths and the
operators that do not simply evaluate all their arguments; those that do are rows of
`expression_functions`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from ming.mim.errors import CommandError
from ming.mim.expression_functions import FUNCTIONS, UNBUILT
from ming.mim.path import parts_of
from ming.mim.values import MISSING, truthy

__all__ = ["Expression", "Scope", "compile_expression", "field_value", "root_scope"]

Scope = dict[str, Any]
Expression = Callable[[Scope], Any]

_SYSTEM_VARIABLES: Final = frozenset(("ROOT", "CURRENT", "REMOVE", "NOW"))


def root_scope(document: dict[str, Any], variables: Mapping[str, Any] | None = None) -> Scope:
    """Return the scope in which a document's expressions are evaluated."""
    scope: Scope = dict(variables) if variables else {}
    scope["ROOT"] = scope["CURRENT"] = document
    scope["REMOVE"] = MISSING
    return scope


def field_value(value: Any, parts: tuple[str, ...]) -> Any:
    """Follow a field path; over an array it gives the array of what its documents hold."""
    for at, name in enumerate(parts):
        if value.__class__ is dict:
            value = value.get(name, MISSING)
        elif value.__class__ is list:
            rest = parts[at:]
            reached = [field_value(inner, rest) for inner in value if inner.__class__ is dict]
            return [inner for inner in reached if inner is not MISSING]
        else:
            return MISSING
    return value


def compile_expression(expression: Any, variables: frozenset[str] = frozenset()) -> Expression:
    """Compile an expression.

    Args:
        expression: The expression, in stored form.
        variables: Names of the user's variables in scope.

    Returns:
        A function of a scope.

    Raises:
        CommandError: The server would refuse the expression.
        NotImplementedError: An operator is not built yet.
    """
    if isinstance(expression, str) and expression.startswith("$"):
        return _reference(expression, variables)
    if isinstance(expression, dict):
        first = next(iter(expression), "")
        if first.startswith("$"):
            return _operator(first, expression, variables)
        return _object(expression, variables)
    if isinstance(expression, list):
        items = [compile_expression(item, variables) for item in expression]
        return lambda scope: [None if (value := item(scope)) is MISSING else value for item in items]
    return lambda scope: expression


def _reference(expression: str, variables: frozenset[str]) -> Expression:
    if not expression.startswith("$$"):
        parts = parts_of(expression[1:])
        _check_field_path(parts, expression)
        if len(parts) == 1:
            name = parts[0]
            return lambda scope: field_value(scope["CURRENT"], (name,))
        return lambda scope: field_value(scope["CURRENT"], parts)
    name, *rest = parts_of(expression[2:])
    if name not in variables and name not in _SYSTEM_VARIABLES:
        raise CommandError(17276, f"Use of undefined variable: {name}")
    if name == "NOW":
        raise NotImplementedError("$$NOW")
    if rest:
        _check_field_path(tuple(rest), expression)
    inner = tuple(rest)
    return lambda scope: field_value(scope[name], inner)


def _check_field_path(parts: tuple[str, ...], expression: str) -> None:
    if parts == ("",):
        raise CommandError(16872, "'$' by itself is not a valid FieldPath")
    if "" in parts:
        raise CommandError(15998, f"FieldPath field names may not be empty strings: {expression}")
    if any(part.startswith("$") for part in parts):
        raise CommandError(16410, f"FieldPath field names may not start with '$': {expression}")


def _object(expression: dict[str, Any], variables: frozenset[str]) -> Expression:
    for name in expression:
        if name.startswith("$"):
            raise CommandError(
                15983, f"An object representing an expression must have exactly one field: {name}"
            )
        if "." in name:
            raise CommandError(16412, f"FieldPath field names may not contain '.': {name}")
    fields = [(name, compile_expression(value, variables)) for name, value in expression.items()]

    def evaluate(scope: Scope) -> dict[str, Any]:
        built = ((name, value(scope)) for name, value in fields)
        return {name: value for name, value in built if value is not MISSING}

    return evaluate


def _operator(name: str, expression: dict[str, Any], variables: frozenset[str]) -> Expression:
    if len(expression) != 1:
        raise CommandError(
            15983,
            "An object representing an expression must have exactly one field: " + ", ".join(expression),
        )
    argument = expression[name]
    if name in _FORMS:
        return _FORMS[name](argument, variables)
    if name in FUNCTIONS:
        return _call(name, argument, variables)
    if name in UNBUILT:
        raise NotImplementedError(name)
    raise CommandError(168, f"Unrecognized expression '{name}'", "InvalidPipelineOperator")


def _call(name: str, argument: Any, variables: frozenset[str]) -> Expression:
    function = FUNCTIONS[name]
    operands = argument if isinstance(argument, list) else [argument]
    if not function.fewest <= len(operands) <= function.most:
        raise CommandError(
            16020 if function.fewest == function.most else 28667,
            f"Expression {name} takes {function.arity()} arguments. {len(operands)} were passed in.",
        )
    arguments = [compile_expression(operand, variables) for operand in operands]
    apply = function.apply
    # An operator over one array takes it as its list of operands.
    if function.spreads and len(arguments) == 1:
        only = arguments[0]

        def spread(scope: Scope) -> Any:
            value = only(scope)
            return apply(*value) if isinstance(value, list) else apply(value)

        return spread
    if len(arguments) == 1:
        single = arguments[0]
        return lambda scope: apply(single(scope))
    return lambda scope: apply(*[each(scope) for each in arguments])


# -- operators that choose, repeat or bind ------------------------------------------------------------


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


def _literal(argument: Any, variables: frozenset[str]) -> Expression:
    return lambda scope: argument


def _and(argument: Any, variables: frozenset[str]) -> Expression:
    operands = argument if isinstance(argument, list) else [argument]
    tests = [compile_expression(operand, variables) for operand in operands]
    return lambda scope: all(truthy(test(scope)) for test in tests)


def _or(argument: Any, variables: frozenset[str]) -> Expression:
    operands = argument if isinstance(argument, list) else [argument]
    tests = [compile_expression(operand, variables) for operand in operands]
    return lambda scope: any(truthy(test(scope)) for test in tests)


def _cond(argument: Any, variables: frozenset[str]) -> Expression:
    if isinstance(argument, list):
        if len(argument) != 3:
            raise CommandError(
                16020, f"Expression $cond takes exactly 3 arguments. {len(argument)} were passed in."
            )
        branches = argument
    else:
        named = _named("$cond", argument, ("if", "then", "else"))
        branches = [named["if"], named["then"], named["else"]]
    test, then, otherwise = [compile_expression(branch, variables) for branch in branches]
    return lambda scope: then(scope) if truthy(test(scope)) else otherwise(scope)


def _if_null(argument: Any, variables: frozenset[str]) -> Expression:
    if not isinstance(argument, list) or len(argument) < 2:
        raise CommandError(1257300, "$ifNull needs at least two arguments")
    *candidates, fallback = [compile_expression(operand, variables) for operand in argument]

    def evaluate(scope: Scope) -> Any:
        for candidate in candidates:
            value = candidate(scope)
            if value is not None and value is not MISSING:
                return value
        return fallback(scope)

    return evaluate


def _switch(argument: Any, variables: frozenset[str]) -> Expression:
    named = _named("$switch", argument, ("branches",), ("default",))
    if not isinstance(named["branches"], list):
        raise CommandError(40061, "$switch expected an array for 'branches'")
    if not named["branches"]:
        raise CommandError(40068, "$switch requires at least one branch.")
    branches = [
        (compile_expression(branch["case"], variables), compile_expression(branch["then"], variables))
        for branch in (_named("$switch", branch, ("case", "then")) for branch in named["branches"])
    ]
    default = compile_expression(named["default"], variables) if "default" in named else None

    def evaluate(scope: Scope) -> Any:
        for case, then in branches:
            if truthy(case(scope)):
                return then(scope)
        if default is None:
            raise CommandError(40066, "$switch could not find a matching branch for an input, and no default")
        return default(scope)

    return evaluate


def _let(argument: Any, variables: frozenset[str]) -> Expression:
    named = _named("$let", argument, ("vars", "in"))
    bindings = {name: compile_expression(value, variables) for name, value in named["vars"].items()}
    body = compile_expression(named["in"], variables | bindings.keys())
    return lambda scope: body({**scope, **{name: value(scope) for name, value in bindings.items()}})


def _input_array(operator: str, code: int, value: Any) -> list[Any] | None:
    if value is None or value is MISSING:
        return None
    if not isinstance(value, list):
        raise CommandError(code, f"input to {operator} must be an array")
    return value


def _map(argument: Any, variables: frozenset[str]) -> Expression:
    named = _named("$map", argument, ("input", "in"), ("as",))
    name = named.get("as", "this")
    source = compile_expression(named["input"], variables)
    body = compile_expression(named["in"], variables | {name})

    def evaluate(scope: Scope) -> Any:
        array = _input_array("$map", 16883, source(scope))
        if array is None:
            return None
        made = [body({**scope, name: value}) for value in array]
        return [None if value is MISSING else value for value in made]

    return evaluate


def _filter(argument: Any, variables: frozenset[str]) -> Expression:
    named = _named("$filter", argument, ("input", "cond"), ("as", "limit"))
    name = named.get("as", "this")
    source = compile_expression(named["input"], variables)
    test = compile_expression(named["cond"], variables | {name})
    limit = compile_expression(named.get("limit"), variables)

    def evaluate(scope: Scope) -> Any:
        array = _input_array("$filter", 28651, source(scope))
        if array is None:
            return None
        kept = [value for value in array if truthy(test({**scope, name: value}))]
        most = limit(scope)
        return kept if most is None or most is MISSING else kept[:most]

    return evaluate


def _reduce(argument: Any, variables: frozenset[str]) -> Expression:
    named = _named("$reduce", argument, ("input", "initialValue", "in"))
    source = compile_expression(named["input"], variables)
    initial = compile_expression(named["initialValue"], variables)
    body = compile_expression(named["in"], variables | {"this", "value"})

    def evaluate(scope: Scope) -> Any:
        array = _input_array("$reduce", 40080, source(scope))
        if array is None:
            return None
        result = initial(scope)
        for value in array:
            result = body({**scope, "this": value, "value": result})
        return result

    return evaluate


_FORMS: Final[Mapping[str, Callable[[Any, frozenset[str]], Expression]]] = {
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
