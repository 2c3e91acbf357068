"""The ``$group`` stage and its accumulators."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from ming.mim.environment import Environment, Expression, KeyOf
from ming.mim.errors import CommandError
from ming.mim.expression_functions import FUNCTIONS
from ming.mim.expressions import compile_expression, root_scope
from ming.mim.filters import QueryContext
from ming.mim.functions_numeric import average, summed
from ming.mim.values import MISSING

__all__ = ["compile_group"]

Document = dict[str, Any]
Finish = Callable[[list[Any], KeyOf], Any]
"""Makes an accumulator's result from the values of one group, in order, under an order of values."""


def _at(index: int) -> Finish:
    return lambda values, key: None if values[index] is MISSING else values[index]


def _present(values: list[Any]) -> list[Any]:
    return [value for value in values if value is not MISSING]


def _distinct(values: list[Any], key: KeyOf) -> list[Any]:
    return list({key(value): value for value in reversed(_present(values))}.values())[::-1]


def _last_of(name: str) -> Finish:
    # Among equal numbers of different types, grouping keeps the last, unlike the expression.
    return lambda values, key: FUNCTIONS[name].apply(key, *reversed(values))


_FINISH: Final[Mapping[str, Finish]] = {
    "$sum": lambda values, key: summed(values),
    "$avg": lambda values, key: average(values),
    "$min": _last_of("$min"),
    "$max": _last_of("$max"),
    "$first": _at(0),
    "$last": _at(-1),
    "$push": lambda values, key: _present(values),
    "$addToSet": _distinct,
    "$count": lambda values, key: len(values),
    "$mergeObjects": lambda values, key: FUNCTIONS["$mergeObjects"].apply(*values),
}
_UNBUILT: Final = frozenset(
    f"${name}"
    for name in (
        "accumulator bottom bottomN covariancePop covarianceSamp firstN lastN maxN minN stdDevPop stdDevSamp top topN"
    ).split()
)


def compile_group(operand: Any, context: QueryContext) -> Callable[[Iterable[Document]], Iterable[Document]]:
    """Compile a ``$group`` stage.

    Raises:
        CommandError: The server would refuse the stage.
        NotImplementedError: An accumulator is not built yet.
    """
    if not isinstance(operand, dict):
        raise CommandError(15947, "a group's fields must be specified in an object")
    if "_id" not in operand:
        raise CommandError(15955, "a group specification must include an _id")
    env = context.environment
    key = compile_expression(operand["_id"], env)
    fields = [(name, *_accumulator(name, value, env)) for name, value in operand.items() if name != "_id"]

    def run(documents: Iterable[Document]) -> list[Document]:
        groups: dict[Any, tuple[Any, list[list[Any]]]] = {}
        for document in documents:
            scope = root_scope(document, context.variables)
            of_key = key(scope)
            of_key = None if of_key is MISSING else of_key
            _, collected = groups.setdefault(env.key(of_key), (of_key, [[] for _ in fields]))
            for values, (_, expression, _) in zip(collected, fields, strict=True):
                values.append(expression(scope))
        return [
            {"_id": of_key}
            | {
                name: finish(values, env.key)
                for values, (name, _, finish) in zip(collected, fields, strict=True)
            }
            for of_key, collected in groups.values()
        ]

    return run


def _accumulator(name: str, value: Any, env: Environment) -> tuple[Expression, Finish]:
    if "." in name:
        raise CommandError(40235, f"The field name '{name}' cannot contain '.'")
    if name.startswith("$"):
        raise CommandError(40236, f"The field name '{name}' cannot be an operator name")
    if not isinstance(value, dict) or not next(iter(value), "").startswith("$"):
        raise CommandError(40234, f"The field '{name}' must be an accumulator object")
    if len(value) != 1:
        raise CommandError(40238, f"The field '{name}' must specify one accumulator")
    ((operator, operand),) = value.items()
    if operator in _UNBUILT:
        raise NotImplementedError(operator)
    if operator not in _FINISH:
        raise CommandError(15952, f"unknown group operator '{operator}'")
    if operator == "$count" and operand != {}:
        raise CommandError(14, "$count takes no arguments, i.e. $count:{}")
    if isinstance(operand, list) and operator != "$count":
        raise CommandError(40237, f"The {operator} accumulator is a unary operator")
    return compile_expression(operand, env), _FINISH[operator]
