"""Window functions that number documents or look along their order: ranks, $shift, $expMovingAvg, $locf."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from bson import Decimal128
from bson.decimal128 import create_decimal128_context

from ming.mim.data.arithmetic import as_decimal
from ming.mim.data.errors import CommandError
from ming.mim.data.rendering import shown_field
from ming.mim.data.values import INT32_MAX, INT32_MIN, MISSING, as_integer, is_number, type_name
from ming.mim.expressions.compiler import compile_expression, root_scope
from ming.mim.expressions.constants import is_constant
from ming.mim.pipelines.window_bounds import (
    FunctionBuilder,
    Partition,
    SortBy,
    Specification,
    WindowFunction,
)
from ming.mim.queries.filters import QueryContext

__all__ = ["ORDERED"]

_DECIMAL: Final = create_decimal128_context()


# -- ranks --------------------------------------------------------------------------------------------


def _ranking(rank: Callable[[Sequence[int], int, bool], int]) -> FunctionBuilder:
    """Return the builder of a function that ranks.

    Args:
        rank: Gives the rank after some others, the position, and whether the value is that of the one before.
    """

    def build(specification: Specification, sort_by: SortBy, context: QueryContext) -> WindowFunction:
        name, *others = specification
        if others:
            raise CommandError(5371601, "Rank style window functions take no other arguments")
        if specification[name] != {}:
            raise CommandError(5371603, "(None) must be specified with '{}' as the value")
        if sort_by is None or len(sort_by) != 1:
            raise CommandError(
                5371602,
                f"{name} must be specified with a top level sortBy expression with exactly one element",
            )

        def function(partition: Partition) -> list[Any]:
            keys = [context.key(None if value is MISSING else value) for value in partition.sort_values]
            ranks: list[int] = []
            for at, key in enumerate(keys):
                tied = at > 0 and keys[at - 1] == key
                ranks.append(rank(ranks, at, tied))
            return ranks

        return function

    return build


def _rank(ranks: Sequence[int], at: int, tied: bool) -> int:
    return ranks[-1] if tied else at + 1


def _dense_rank(ranks: Sequence[int], at: int, tied: bool) -> int:
    return (ranks[-1] if ranks else 0) + (not tied)


def _document_number(ranks: Sequence[int], at: int, tied: bool) -> int:
    return at + 1


# -- $shift -------------------------------------------------------------------------------------------


def _shift(specification: Specification, sort_by: SortBy, context: QueryContext) -> WindowFunction:
    operand = specification["$shift"]
    if len(specification) > 1:
        raise CommandError(9, "$shift does not accept a 'window' field")
    if sort_by is None:
        raise CommandError(9, "'$shift' requires a sortBy")
    distance = _shift_distance(operand)
    output = compile_expression(operand["output"], context.environment)
    default = None
    if "default" in operand:
        compiled = compile_expression(operand["default"], context.environment)
        if not is_constant(operand["default"]):
            raise CommandError(9, "'$shift:default' expression must yield a constant value.")
        default = compiled(root_scope({}))

    def function(partition: Partition) -> list[Any]:
        values = list(map(output, partition.scopes))
        return [
            values[at + distance] if 0 <= at + distance < len(values) else default
            for at in range(len(values))
        ]

    return function


def _shift_distance(operand: Any) -> int:
    if not isinstance(operand, dict):
        raise CommandError(9, "Argument to $shift must be an object")
    if operand.keys() - {"output", "by", "default"}:
        raise CommandError(9, "Unknown argument in $shift")
    if "output" not in operand:
        raise CommandError(9, "$shift requires an 'output' expression.")
    if "by" not in operand:
        raise CommandError(9, "$shift requires 'by' as an integer value.")
    distance = as_integer(operand["by"])
    if distance is None or not INT32_MIN <= distance <= INT32_MAX:
        raise CommandError(
            9, f"'$shift:by' field must be an integer, but found  {shown_field('by', operand['by'])}"
        )
    return distance


# -- $expMovingAvg ------------------------------------------------------------------------------------


def _moving_average(specification: Specification, sort_by: SortBy, context: QueryContext) -> WindowFunction:
    if sort_by is None:
        raise CommandError(9, "$expMovingAvg requires an explicit 'sortBy'")
    operand = specification["$expMovingAvg"]
    if not isinstance(operand, dict) or len(specification) > 1:
        raise CommandError(9, "$expMovingAvg must have exactly one argument that is an object")
    if operand.keys() not in ({"input", "N"}, {"input", "alpha"}):
        raise CommandError(
            9,
            "$expMovingAvg sub object must have exactly two fields: An 'input' field, and either an 'N' field or an"
            " 'alpha' field",
        )
    alpha = _alpha_of_count(operand["N"]) if "N" in operand else _alpha(operand["alpha"])
    expression = compile_expression(operand["input"], context.environment)

    def function(partition: Partition) -> list[Any]:
        averages: list[Any] = []
        average: Decimal | None = None
        is_decimal = False
        for value in map(expression, partition.scopes):
            if is_number(value):
                is_decimal |= isinstance(value, Decimal128)
                average = _averaged(average, as_decimal(value), alpha)
            averages.append(average if average is None else _number(average, is_decimal))
        return averages

    return function


def _alpha_of_count(count: Any) -> Decimal:
    if not is_number(count):
        raise CommandError(9, f"'N' field must be an integer, but found type {type_name(count)}")
    number = as_integer(count)
    if number is None:
        raise CommandError(
            9,
            f"'N' field must be an integer, but found  {shown_field('N', count)}. To use a non-integer, use the"
            " 'alpha' argument instead",
        )
    if number <= 0:
        raise CommandError(9, f"'N' must be greater than zero. Got {number}")
    return _DECIMAL.divide(Decimal(2), Decimal(number + 1))


def _alpha(given: Any) -> Decimal:
    if not is_number(given):
        raise CommandError(9, "'alpha' must be a number")
    alpha = as_decimal(given)
    if not 0 < alpha < 1:
        raise CommandError(
            9, f"'alpha' must be between 0 and 1 (exclusive), found {shown_field('alpha', given)}"
        )
    return alpha


def _averaged(average: Decimal | None, value: Decimal, alpha: Decimal) -> Decimal:
    if average is None:
        return value
    rest = _DECIMAL.multiply(average, _DECIMAL.subtract(Decimal(1), alpha))
    return _DECIMAL.add(_DECIMAL.multiply(value, alpha), rest)


def _number(average: Decimal, is_decimal: bool) -> Any:
    return Decimal128(average) if is_decimal else float(average)


# -- $locf --------------------------------------------------------------------------------------------


def _carried_forward(specification: Specification, sort_by: SortBy, context: QueryContext) -> WindowFunction:
    if len(specification) > 1:
        raise CommandError(9, "'window' field is not allowed in $locf")
    expression = compile_expression(specification["$locf"], context.environment)

    def function(partition: Partition) -> list[Any]:
        carried: list[Any] = []
        for value in map(expression, partition.scopes):
            if value is None or value is MISSING:
                value = carried[-1] if carried else None
            carried.append(value)
        return carried

    return function


ORDERED: Final[Mapping[str, FunctionBuilder]] = {
    "$rank": _ranking(_rank),
    "$denseRank": _ranking(_dense_rank),
    "$documentNumber": _ranking(_document_number),
    "$shift": _shift,
    "$expMovingAvg": _moving_average,
    "$locf": _carried_forward,
}
"""Builders of the functions of this module, by name."""
