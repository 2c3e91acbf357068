"""Expression operators on arrays that take part of their arguments as they are written."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import zip_longest
from typing import Any, Final

from ming.mim.data.element_order import BadOrder, compile_element_order
from ming.mim.data.environment import Compile, Environment, Expression, Form, Scope
from ming.mim.data.errors import CommandError
from ming.mim.data.rendering import shown
from ming.mim.data.values import MISSING, type_name
from ming.mim.expressions.functions import absent
from ming.mim.expressions.named_arguments import NamedArguments

__all__ = ["ARRAY_FORMS"]


def _zip(argument: Any, env: Environment, compile_: Compile) -> Expression:
    if not isinstance(argument, dict):
        raise CommandError(34460, f"$zip only supports an object as an argument, found {type_name(argument)}")
    for name, value in argument.items():
        if name not in _ZIP_ARGUMENTS:
            raise CommandError(34464, f"$zip found an unknown argument: {name}")
        code, wanted, kind = _ZIP_ARGUMENTS[name]
        if not isinstance(value, wanted):
            raise CommandError(code, f"{name} must be {kind}, found {type_name(value)}")
    inputs = [compile_(each, env) for each in argument.get("inputs", ())]
    defaults = [compile_(each, env) for each in argument.get("defaults", ())]
    longest = argument.get("useLongestLength", False)
    if not inputs:
        raise CommandError(34465, "$zip requires at least one input array")
    if defaults and not longest:
        raise CommandError(34466, "cannot specify defaults unless useLongestLength is true")
    if defaults and len(defaults) != len(inputs):
        raise CommandError(34467, "defaults and inputs must have the same length")

    def evaluate(scope: Scope) -> Any:
        arrays = []
        for each in inputs:
            array = each(scope)
            if absent(array):
                return None
            if not isinstance(array, list):
                raise CommandError(34468, f"$zip found a non-array expression in input: {shown(array)}")
            arrays.append(array)
        if not longest:
            return [list(row) for row in zip(*arrays, strict=False)]
        fillers = [each(scope) for each in defaults] or [None] * len(arrays)
        return [_filled(row, fillers) for row in zip_longest(*arrays, fillvalue=_NOTHING)]

    return evaluate


_NOTHING: Final = object()
_ZIP_ARGUMENTS: Final[Mapping[str, tuple[int, type, str]]] = {
    "inputs": (34461, list, "an array of expressions"),
    "defaults": (34462, list, "an array of expressions"),
    "useLongestLength": (34463, bool, "a bool"),
}


def _filled(row: tuple[Any, ...], fillers: list[Any]) -> list[Any]:
    values = (filler if value is _NOTHING else value for value, filler in zip(row, fillers, strict=True))
    return [value for value in values if value is not MISSING]


_SORT_ARRAY: Final = NamedArguments(
    "$sortArray", {"input": 2942502, "sortBy": 2942503}, unknown=2942501, not_an_object=2942500
)


def _sort_array(argument: Any, env: Environment, compile_: Compile) -> Expression:
    named = _SORT_ARRAY.checked(argument)
    source = compile_(named["input"], env)
    try:
        in_order = compile_element_order(named["sortBy"], env.key)
    except BadOrder as error:
        raise CommandError(_BAD_ORDER[error.of], str(error)) from None

    def evaluate(scope: Scope) -> Any:
        array = source(scope)
        if absent(array):
            return None
        if not isinstance(array, list):
            raise CommandError(
                2942504,
                f"The input argument to $sortArray must be an array, but was of type: {type_name(array)}",
            )
        return in_order(array)

    return evaluate


_BAD_ORDER: Final = {dict: 2942505, int: 2942506, object: 2942507}

ARRAY_FORMS: Final[Mapping[str, Form]] = {"$zip": _zip, "$sortArray": _sort_array}
"""Builders of the operators by name."""
