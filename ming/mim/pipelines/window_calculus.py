"""Window functions over the sort field as an axis: $derivative, $integral, $linearFill; and covariances."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from itertools import pairwise
from typing import Any, Final

from bson import Int64

from ming.mim.data.arithmetic import add, divide, multiply, subtract
from ming.mim.data.errors import CommandError
from ming.mim.data.rendering import shown_field
from ming.mim.data.values import MISSING, is_number, truthy, type_name
from ming.mim.dates.arithmetic import added
from ming.mim.dates.parts import milliseconds_of
from ming.mim.dates.zones import UTC
from ming.mim.expressions.all_functions import FUNCTIONS
from ming.mim.expressions.compiler import compile_expression
from ming.mim.pipelines.window_bounds import (
    FunctionBuilder,
    Partition,
    SortBy,
    Specification,
    WindowFunction,
    bounds_of,
    expect_unit,
)
from ming.mim.pipelines.window_states import Covariance, Integral, sliding
from ming.mim.queries.filters import QueryContext

__all__ = ["CALCULUS"]

_LONG_UNITS: Final = frozenset(("year", "quarter", "month"))


def _unit_length(operand: Mapping[str, Any]) -> int | None:
    """Return how many milliseconds the unit has in which a function measures time, None without one."""
    if "unit" not in operand:
        return None
    unit = expect_unit(operand["unit"])
    if unit in _LONG_UNITS:
        raise CommandError(5490710, "unit must be 'week' or smaller")
    return added(0, unit, 1, UTC)


def _operand(specification: Specification, sort_by: SortBy) -> Mapping[str, Any]:
    name = next(iter(specification))
    operand = specification[name]
    if not isinstance(operand, dict):
        raise CommandError(
            9, f"{name} expects an object, but got a {type_name(operand)}: {shown_field(name, operand)}"
        )
    for option in operand:
        if option not in ("input", "unit"):
            raise CommandError(9, f"{name} got unexpected argument: {option}")
    if "input" not in operand:
        raise CommandError(9, f"{name} requires an 'input' expression")
    if sort_by is None:
        raise CommandError(9, f"{name} requires a sortBy")
    if len(sort_by) != 1:
        raise CommandError(9, f"{name} requires a non-compound sortBy")
    return operand


def _is_date(value: Any) -> bool:
    return type_name(value) == "date"


def _on_axis(value: Any) -> Any:
    return Int64(milliseconds_of(value)) if _is_date(value) else value


# -- $derivative --------------------------------------------------------------------------------------


def _derivative(specification: Specification, sort_by: SortBy, context: QueryContext) -> WindowFunction:
    operand = _operand(specification, sort_by)
    length = _unit_length(operand)
    if "window" not in specification:
        raise CommandError(9, "$derivative requires explicit window bounds")
    frames = bounds_of(specification, sort_by).frames
    expression = compile_expression(operand["input"], context.environment)

    def function(partition: Partition) -> list[Any]:
        times = partition.sort_values
        values = list(map(expression, partition.scopes))
        return [_slope(times, values, start, end - 1, length) for start, end in frames(partition)]

    return function


def _slope(times: Sequence[Any], values: Sequence[Any], first: int, last: int, length: int | None) -> Any:
    if last < first:
        return None
    for time in (times[first], times[last]):
        if length is not None and not _is_date(time):
            raise CommandError(5624900, "$derivative with 'unit' expects the sortBy field to be a Date")
        if length is None and _is_date(time):
            raise CommandError(5624901, "$derivative where the sortBy is a Date requires an 'unit'")
        if length is None and not is_number(time):
            raise CommandError(5624902, "$derivative (with no 'unit') expects the sortBy field to be numeric")
    for value in (values[first], values[last]):
        if value is None or value is MISSING:
            raise CommandError(5624903, "$derivative input must not be null or missing")
    rise = FUNCTIONS["$subtract"].apply(values[last], values[first])
    run = subtract(_on_axis(times[last]), _on_axis(times[first]))
    if not truthy(run):
        return None
    slope = divide(rise, run)
    return slope if length is None else multiply(slope, length)


# -- $integral ----------------------------------------------------------------------------------------


def _integral(specification: Specification, sort_by: SortBy, context: QueryContext) -> WindowFunction:
    operand = _operand(specification, sort_by)
    length = _unit_length(operand)
    frames = bounds_of(specification, sort_by).frames
    expression = compile_expression(operand["input"], context.environment)

    def point(pair: tuple[Any, Any]) -> tuple[Any, Any]:
        _check_point(*pair, length)
        return _on_axis(pair[0]), pair[1]

    def function(partition: Partition) -> list[Any]:
        pairs = list(zip(partition.sort_values, map(expression, partition.scopes), strict=True))
        areas = sliding(partial(Integral, point), frames(partition), pairs)
        return areas if length is None else [area if area is None else divide(area, length) for area in areas]

    return function


def _check_point(time: Any, value: Any, length: int | None) -> None:
    if not (is_number(time) or _is_date(time)) or not is_number(value):
        raise CommandError(
            5423900,
            "The input value of $integral window function must be a vector of 2 value, the first value must be"
            " numeric or date type and the second must be numeric.",
        )
    if length is not None and not _is_date(time):
        raise CommandError(5423901, "$integral with 'unit' expects the sortBy field to be a Date")
    if length is None and not is_number(time):
        raise CommandError(5423902, "$integral (with no 'unit') expects the sortBy field to be numeric")


# -- $linearFill --------------------------------------------------------------------------------------


def _linear_fill(specification: Specification, sort_by: SortBy, context: QueryContext) -> WindowFunction:
    if len(specification) > 1:
        raise CommandError(9, "'window' field is not allowed in $linearFill")
    if sort_by is None or len(sort_by) != 1:
        raise CommandError(
            605001,
            "$linearFill must be specified with a top level sortBy expression with exactly one element",
        )
    expression = compile_expression(specification["$linearFill"], context.environment)

    def function(partition: Partition) -> list[Any]:
        values = [None if value is MISSING else value for value in map(expression, partition.scopes)]
        _check_points(partition.sort_values, values)
        times = list(map(_on_axis, partition.sort_values))
        known = [at for at, value in enumerate(values) if value is not None]
        for left, right in pairwise(known):
            slope = divide(subtract(values[right], values[left]), subtract(times[right], times[left]))
            for at in range(left + 1, right):
                values[at] = add(values[left], multiply(subtract(times[at], times[left]), slope))
        return values

    return function


def _check_points(times: Sequence[Any], values: Sequence[Any]) -> None:
    for at, (time, value) in enumerate(zip(times, values, strict=True)):
        if not is_number(time) and not _is_date(time):
            raise CommandError(
                14, f"Value of the sortBy field must be numeric or a date, but found {type_name(time)}"
            )
        if value is not None and not is_number(value):
            raise CommandError(
                14, f"Value to be filled must be numeric or nullish, but found {type_name(value)}"
            )
        if at and _on_axis(times[at - 1]) == _on_axis(time):
            raise CommandError(6050106, "There can be no repeated values in the sort field")


# -- covariance ---------------------------------------------------------------------------------------


def _covariance(sample: bool) -> FunctionBuilder:
    def build(specification: Specification, sort_by: SortBy, context: QueryContext) -> WindowFunction:
        frames = bounds_of(specification, sort_by).frames
        expression = compile_expression(specification[next(iter(specification))], context.environment)

        def function(partition: Partition) -> list[Any]:
            pairs = list(map(expression, partition.scopes))
            return sliding(partial(Covariance, sample=sample), frames(partition), pairs)

        return function

    return build


CALCULUS: Final[Mapping[str, FunctionBuilder]] = {
    "$derivative": _derivative,
    "$integral": _integral,
    "$linearFill": _linear_fill,
    "$covariancePop": _covariance(sample=False),
    "$covarianceSamp": _covariance(sample=True),
}
"""Builders of the functions of this module, by name."""
