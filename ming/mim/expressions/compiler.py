"""The expression compiler: aggregation expressions to closures over a scope.

A field that is not there evaluates to `MISSING`, which is not null. This module owns literals, paths and
calls; the operators are in `forms` and, if they just evaluate their arguments, in
`all_functions`.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from ming.mim.data.environment import Environment, Expression, Scope
from ming.mim.data.errors import CommandError
from ming.mim.data.path import parts_of
from ming.mim.data.values import MISSING
from ming.mim.expressions.all_functions import FUNCTIONS, NAMED_FUNCTIONS, UNBUILT
from ming.mim.expressions.constants import NEVER_CONSTANT, is_constant
from ming.mim.expressions.forms import FORMS
from ming.mim.expressions.functions import Function, NamedFunction, absent
from ming.mim.expressions.variable_names import check_read_name

__all__ = ["compile_expression", "field_value", "root_scope"]

_SYSTEM_VARIABLES: Final = frozenset(("ROOT", "CURRENT", "REMOVE"))
_UNAVAILABLE_VARIABLES: Final = frozenset(("CLUSTER_TIME", "IS_MR", "JS_SCOPE"))
_PLAIN: Final = Environment()


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


def compile_expression(expression: Any, env: Environment = _PLAIN) -> Expression:
    """Compile an expression.

    Args:
        expression: The expression, in stored form.
        env: The variables in scope and the order of values.

    Returns:
        A function of a scope.

    Raises:
        CommandError: The server would refuse the expression.
        NotImplementedError: An operator is not built yet.
    """
    if isinstance(expression, str) and expression.startswith("$"):
        return _reference(expression, env)
    if isinstance(expression, dict):
        first = next(iter(expression), "")
        if first.startswith("$"):
            return _operator(first, expression, env)
        return _object(expression, env)
    if isinstance(expression, list):
        items = [compile_expression(item, env) for item in expression]
        return lambda scope: [None if (value := item(scope)) is MISSING else value for item in items]
    return lambda scope: expression


def _reference(expression: str, env: Environment) -> Expression:
    if not expression.startswith("$$"):
        parts = parts_of(expression[1:])
        if parts == ("",):
            raise CommandError(16872, "'$' by itself is not a valid FieldPath")
        _check_field_path(parts)
        _check_readable("CURRENT", env)
        if len(parts) == 1:
            name = parts[0]
            return lambda scope: field_value(scope["CURRENT"], (name,))
        return lambda scope: field_value(scope["CURRENT"], parts)
    name, *rest = parts_of(expression[2:])
    check_read_name(name)
    if name not in env.variables and name not in _SYSTEM_VARIABLES:
        if name in _UNAVAILABLE_VARIABLES:
            raise CommandError(51144, f"Builtin variable '$${name}' is not available")
        raise CommandError(17276, f"Use of undefined variable: {name}")
    inner = tuple(rest)
    _check_field_path(("CURRENT", *inner))
    _check_readable(name, env)
    return lambda scope: field_value(scope[name], inner)


def _check_readable(name: str, env: Environment) -> None:
    if name in ("CURRENT", "ROOT") and name not in env.variables and not env.has_document:
        raise CommandError(
            4890500,
            "Command let Expression tried to access a field, but this is not allowed because Command let"
            " Expressions run before the query examines any documents.",
        )


def _check_field_path(parts: tuple[str, ...]) -> None:
    if len(parts) > 1 and not parts[-1]:
        raise CommandError(40353, "FieldPath must not end with a '.'.")
    for part in parts:
        _check_field_name(part)


def _check_field_name(name: str) -> None:
    if not name:
        raise CommandError(15998, "FieldPath field names may not be empty strings.")
    if name.startswith("$"):
        raise CommandError(
            16410, "FieldPath field names may not start with '$'. Consider using $getField or $setField."
        )
    if "\0" in name:
        raise CommandError(16411, "FieldPath field names may not contain '\\0'.")
    if "." in name:
        raise CommandError(
            16412, "FieldPath field names may not contain '.'. Consider using $getField or $setField."
        )


def _object(expression: dict[str, Any], env: Environment) -> Expression:
    for name in expression:
        _check_field_name(name)
    fields = [(name, compile_expression(value, env)) for name, value in expression.items()]

    def evaluate(scope: Scope) -> dict[str, Any]:
        built = ((name, value(scope)) for name, value in fields)
        return {name: value for name, value in built if value is not MISSING}

    return evaluate


def _operator(name: str, expression: dict[str, Any], env: Environment) -> Expression:
    if len(expression) != 1:
        raise CommandError(
            15983,
            "An object representing an expression must have exactly one field: " + ", ".join(expression),
        )
    argument = expression[name]
    if name in FORMS:
        compiled = FORMS[name](argument, env, compile_expression)
    elif name in FUNCTIONS:
        compiled = _call(name, FUNCTIONS[name], argument, env)
    elif name in NAMED_FUNCTIONS:
        compiled = _call_named(name, NAMED_FUNCTIONS[name], argument, env)
    elif name in UNBUILT:
        raise NotImplementedError(name)
    else:
        raise CommandError(168, f"Unrecognized expression '{name}'", "InvalidPipelineOperator")
    if name in NEVER_CONSTANT or not is_constant(argument):
        return compiled
    # As on the server, an expression without fields is computed, and fails, before anything is read.
    value = compiled(root_scope({}))
    return lambda scope: value


def _call(name: str, function: Function, argument: Any, env: Environment) -> Expression:
    operands = argument if isinstance(argument, list) else [argument]
    function.check_count(name, len(operands))
    if function.commutes:
        operands = sorted(operands, key=is_constant)
    arguments = [compile_expression(operand, env) for operand in operands]
    apply = partial(function.apply, env.key) if function.compares else function.apply
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
    if function.null_first:
        first, *others = arguments

        def unless_null(scope: Scope) -> Any:
            value = first(scope)
            return None if absent(value) else apply(value, *[each(scope) for each in others])

        return unless_null
    return lambda scope: apply(*[each(scope) for each in arguments])


def _call_named(name: str, function: NamedFunction, argument: Any, env: Environment) -> Expression:
    given = _named_arguments(name, function, argument)
    arguments = {each: compile_expression(value, env) for each, value in given.items()}
    apply = partial(function.apply, env.key) if function.compares else function.apply
    lazy = {each: arguments.pop(each) for each in function.lazy if each in arguments}
    if not lazy:
        return lambda scope: apply(**{each: value(scope) for each, value in arguments.items()})

    def evaluate(scope: Scope) -> Any:
        values = {each: value(scope) for each, value in arguments.items()}
        return apply(**values, **{each: partial(value, scope) for each, value in lazy.items()})

    return evaluate


def _named_arguments(name: str, function: NamedFunction, argument: Any) -> dict[str, Any]:
    if function.shorthand is not None and not _has_names(argument):
        operands = argument if isinstance(argument, list) else [argument]
        if len(operands) != 1:
            raise CommandError(
                function.wrong_count,
                f"{name} accepts exactly one argument if given an array, but was given {len(operands)}",
            )
        return {function.shorthand: operands[0]}
    if not isinstance(argument, dict):
        raise CommandError(function.not_an_object, f"{name} only supports an object as its argument")
    for given in argument:
        if given not in function.required and given not in function.optional:
            raise CommandError(function.unknown, f"{name} found an unknown argument: {given}")
    for required in function.required:
        if required not in argument:
            code = function.missing if isinstance(function.missing, int) else function.missing[required]
            raise CommandError(code, f"{name} requires '{required}' to be specified")
    if function.check is not None:
        function.check(argument)
    return argument


def _has_names(argument: Any) -> bool:
    """Whether this is an object of named arguments, and not an operator."""
    return isinstance(argument, dict) and not next(iter(argument), "").startswith("$")
