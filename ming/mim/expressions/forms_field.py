"""Expression operators on fields that paths cannot name, because there are dots or dollars in their names."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, Final, NamedTuple

from ming.mim.data.environment import Compile, Environment, Expression, Form, Scope
from ming.mim.data.errors import CommandError
from ming.mim.data.values import MISSING, type_name
from ming.mim.expressions.functions import absent
from ming.mim.expressions.named_arguments import NamedArguments

__all__ = ["FIELD_FORMS"]


_GET: Final = NamedArguments("$getField", {"field": 3041702, "input": 3041703}, unknown=3041701)


def _get_field(argument: Any, env: Environment, compile_: Compile) -> Expression:
    if not isinstance(argument, dict) or next(iter(argument), "").startswith("$"):
        argument = {"field": argument, "input": "$$CURRENT"}
    named = _GET.checked(argument)
    name = _constant_name("$getField", named["field"], _NameCodes(5654600, 5654601, 5654602))
    source = compile_(named["input"], env)

    def evaluate(scope: Scope) -> Any:
        value = source(scope)
        if isinstance(value, dict):
            return value.get(name, MISSING)
        return None if value is None else MISSING

    return evaluate


_SET: Final = NamedArguments(
    "$setField",
    {"field": 4161102, "value": 4161103, "input": 4161109},
    unknown=4161101,
    not_an_object=4161100,
)
_UNSET: Final = NamedArguments(
    "$unsetField", {"field": 4161102, "input": 4161109}, unknown=4161101, not_an_object=4161100
)


def _set_field(arguments: NamedArguments, argument: Any, env: Environment, compile_: Compile) -> Expression:
    named = arguments.checked(argument)
    name = _constant_name(arguments.operator, named["field"], _NameCodes(4161108, 4161106, 4161107))
    source = compile_(named["input"], env)
    value_of = compile_(named.get("value", "$$REMOVE"), env)

    def evaluate(scope: Scope) -> Any:
        document = source(scope)
        if absent(document):
            return None
        if not isinstance(document, dict):
            raise CommandError(4161105, "$setField requires 'input' to evaluate to type Object")
        value = value_of(scope)
        if value is MISSING:
            return {other: inner for other, inner in document.items() if other != name}
        return {**document, name: value}

    return evaluate


class _NameCodes(NamedTuple):
    """The codes of the errors for the name of a field."""

    is_path: int
    is_expression: int
    is_no_string: int


def _constant_name(operator: str, field: Any, codes: _NameCodes) -> str:
    """Return the name that a ``field`` gives; of all expressions it may only be a literal."""
    literal = field
    if isinstance(field, dict) and len(field) == 1 and field.keys() <= {"$literal", "$const"}:
        (literal,) = field.values()
    elif isinstance(field, str) and field.startswith("$"):
        path = field[1:] if field.startswith("$$") else f"$CURRENT.{field[1:]}"
        raise CommandError(
            codes.is_path,
            f"'{path}' is a field path reference which is not allowed in this context."
            f" Did you mean {{$literal: '{path}'}}?",
        )
    elif isinstance(field, dict | list):
        raise CommandError(
            codes.is_expression,
            f"{operator} requires 'field' to evaluate to a constant, but got a non-constant argument",
        )
    if not isinstance(literal, str):
        raise CommandError(
            codes.is_no_string,
            f"{operator} requires 'field' to evaluate to type String, but got {type_name(literal)}",
        )
    return literal


FIELD_FORMS: Final[Mapping[str, Form]] = {
    "$getField": _get_field,
    "$setField": partial(_set_field, _SET),
    "$unsetField": partial(_set_field, _UNSET),
}
"""Builders of the operators by name."""
