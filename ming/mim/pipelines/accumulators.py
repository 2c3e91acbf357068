"""The ``$group`` stage and the accumulators, which make one value of many documents.

An accumulator collects a value of each document and is finished once all are there; those that rank
documents are in `accumulators_ranked`. Window functions use them too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from ming.mim.data.environment import Environment, Expression, KeyOf
from ming.mim.data.errors import CommandError
from ming.mim.data.values import MISSING, is_number
from ming.mim.expressions.all_functions import FUNCTIONS
from ming.mim.expressions.compiler import compile_expression, root_scope
from ming.mim.expressions.functions_numeric import average, deviation, summed
from ming.mim.expressions.slots import runs_in_slots
from ming.mim.pipelines.accumulators_ranked import RANKED, Accumulator
from ming.mim.queries.filters import QueryContext

__all__ = [
    "PLAIN_ACCUMULATORS",
    "Accumulator",
    "Fields",
    "compile_accumulator",
    "compile_fields",
    "compile_group",
    "group_by",
]

Document = dict[str, Any]
Fields = Sequence[tuple[str, Accumulator]]
"""Compiled accumulators by the names of the fields they make."""


def _end(index: int) -> Callable[[list[Any], KeyOf], Any]:
    return lambda values, key: _or_null(values[index]) if values else None


def _present(values: list[Any]) -> list[Any]:
    return [value for value in values if value is not MISSING]


def _distinct(values: list[Any], key: KeyOf) -> list[Any]:
    return list({key(value): value for value in reversed(_present(values))}.values())[::-1]


def _extreme(name: str, backwards: bool = False) -> Callable[[list[Any], KeyOf], Any]:
    return lambda values, key: FUNCTIONS[name].apply(key, *(reversed(values) if backwards else values))


PLAIN_ACCUMULATORS: Final[Mapping[str, Callable[[list[Any], KeyOf], Any]]] = {
    "$sum": lambda values, key: summed(values),
    "$avg": lambda values, key: average(values),
    "$min": _extreme("$min"),
    "$max": _extreme("$max"),
    "$first": _end(0),
    "$last": _end(-1),
    "$push": lambda values, key: _present(values),
    "$addToSet": _distinct,
    "$count": lambda values, key: len(values),
    "$mergeObjects": lambda values, key: FUNCTIONS["$mergeObjects"].apply(*values),
    "$stdDevPop": lambda values, key: deviation(values, sample=False),
    "$stdDevSamp": lambda values, key: deviation(values, sample=True),
}
_FINISH_IN_SLOTS: Final = {
    **PLAIN_ACCUMULATORS,
    "$min": _extreme("$min", backwards=True),
    "$max": _extreme("$max", backwards=True),
}


def compile_accumulator(operator: str, operand: Any, env: Environment, in_slots: bool = False) -> Accumulator:
    """Compile an accumulator.

    Args:
        operator: Its name, such as ``$sum``.
        operand: What stands beside the name.
        env: The variables in scope and the order of values.
        in_slots: Whether the server computes it in its slot-based engine.

    Raises:
        CommandError: The server would refuse the accumulator.
        NotImplementedError: It needs JavaScript.
    """
    if operator == "$accumulator":
        raise NotImplementedError(operator)
    if operator not in RANKED and operator not in PLAIN_ACCUMULATORS:
        raise CommandError(15952, f"unknown group operator '{operator}'")
    if operator == "$count" and operand != {}:
        raise CommandError(14, "$count takes no arguments, i.e. $count:{}")
    if operator in RANKED:
        return RANKED[operator](operand, env)
    finish = (_FINISH_IN_SLOTS if in_slots else PLAIN_ACCUMULATORS)[operator]
    return Accumulator(compile_expression(operand, env), lambda values, scope: finish(values, env.key))


def compile_group(operand: Any, context: QueryContext) -> Callable[[Iterable[Document]], Iterable[Document]]:
    """Compile a ``$group`` stage.

    Raises:
        CommandError: The server would refuse the stage.
        NotImplementedError: An accumulator needs JavaScript.
    """
    if not isinstance(operand, dict):
        raise CommandError(15947, "a group's fields must be specified in an object")
    if "_id" not in operand:
        raise CommandError(15955, "a group specification must include an _id")
    env = context.environment
    fields = {name: value for name, value in operand.items() if name != "_id"}
    in_slots = runs_in_slots(operand["_id"], fields)
    return group_by(_group_key(operand["_id"], env), compile_fields(fields, env, in_slots), context)


def compile_fields(fields: Mapping[str, Any], env: Environment, in_slots: bool = False) -> Fields:
    """Compile the fields that groups get beside their ``_id``.

    Args:
        fields: The accumulators by field.
        env: The variables in scope and the order of values.
        in_slots: Whether the server computes the groups in its slot-based engine.

    Raises:
        CommandError: The server would refuse one.
        NotImplementedError: An accumulator needs JavaScript.
    """
    return [(name, _field(name, value, env, in_slots)) for name, value in fields.items()]


def group_by(
    key: Expression, fields: Fields, context: QueryContext
) -> Callable[[Iterable[Document]], Iterable[Document]]:
    """Return the stage that makes one document of all that share a key."""

    def run(documents: Iterable[Document]) -> list[Document]:
        groups: dict[Any, tuple[Any, list[list[Any]]]] = {}
        for document in documents:
            scope = root_scope(document, context.variables)
            of_key = key(scope)
            _, collected = groups.setdefault(context.key(of_key), (of_key, [[] for _ in fields]))
            for values, (_, accumulator) in zip(collected, fields, strict=True):
                values.append(accumulator.expression(scope))
        return [finished(of_key, collected) for of_key, collected in groups.values()]

    def finished(of_key: Any, collected: list[list[Any]]) -> Document:
        scope = root_scope(of_key if isinstance(of_key, dict) else {}, context.variables)
        results = {
            name: accumulator.finish(values, scope)
            for values, (name, accumulator) in zip(collected, fields, strict=True)
        }
        return {"_id": of_key, **results}

    return run


def _group_key(operand: Any, env: Environment) -> Expression:
    """Compile the ``_id`` of a group: what is not there counts as null, unless it is one of several
    fields."""
    if isinstance(operand, dict) and not next(iter(operand), "").startswith("$"):
        if any(is_number(value) or isinstance(value, bool) for value in operand.values()):
            raise CommandError(17390, "$group does not support inclusion-style expressions")
        fields = compile_expression(operand, env)
        if len(operand) != 1:
            return fields
        (name,) = operand
        return lambda scope: fields(scope) or {name: None}
    value = compile_expression(operand, env)
    return lambda scope: _or_null(value(scope))


def _or_null(value: Any) -> Any:
    return None if value is MISSING else value


def _field(name: str, value: Any, env: Environment, in_slots: bool) -> Accumulator:
    if not isinstance(value, dict) or not next(iter(value), "").startswith("$"):
        raise CommandError(40234, f"The field '{name}' must be an accumulator object")
    if "." in name:
        raise CommandError(40235, f"The field name '{name}' cannot contain '.'")
    if name.startswith("$"):
        raise CommandError(40236, f"The field name '{name}' cannot be an operator name")
    if len(value) != 1:
        raise CommandError(40238, f"The field '{name}' must specify one accumulator")
    ((operator, operand),) = value.items()
    if isinstance(operand, list):
        raise CommandError(40237, f"The {operator} accumulator is a unary operator")
    return compile_accumulator(operator, operand, env, in_slots)
