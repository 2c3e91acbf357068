"""The functions of $setWindowFields: each gives one value per document of a partition.

Accumulators look at the documents within bounds. The others, which are built here, know the order of the
documents and mostly have no bounds.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ming.mim.data.errors import CommandError
from ming.mim.expressions.compiler import root_scope
from ming.mim.pipelines.accumulators import compile_accumulator
from ming.mim.pipelines.window_bounds import (
    FunctionBuilder,
    Partition,
    SortBy,
    Specification,
    WindowFunction,
    bounds_of,
)
from ming.mim.pipelines.window_calculus import CALCULUS
from ming.mim.pipelines.window_choices import CHOICES
from ming.mim.pipelines.window_order import ORDERED
from ming.mim.pipelines.window_states import GROWING, SLIDING, by_frame, sliding
from ming.mim.queries.filters import QueryContext

__all__ = ["WINDOW_FUNCTIONS", "compile_window_function"]


def compile_window_function(
    path: str, specification: Any, sort_by: SortBy, context: QueryContext
) -> WindowFunction:
    """Compile one field of the stage's ``output``.

    Args:
        path: The field.
        specification: A function with its operand, and maybe ``window``.
        sort_by: The sort specification of the stage.
        context: The variables and the order of values in force.

    Raises:
        CommandError: The server would refuse the function.
    """
    if not isinstance(specification, dict):
        raise CommandError(9, f"The field '{path}' must be an object")
    name = next(iter(specification), None)
    if name is None:
        raise CommandError(9, "Expected a $-prefixed window function")
    if not name.startswith("$"):
        raise CommandError(9, f"Expected a $-prefixed window function, {name}")
    if name in WINDOW_FUNCTIONS:
        return WINDOW_FUNCTIONS[name](specification, sort_by, context)
    raise CommandError(9, f"Unrecognized window function, {name}")


# -- accumulators -------------------------------------------------------------------------------------


def _accumulated(specification: Specification, sort_by: SortBy, context: QueryContext) -> WindowFunction:
    name = next(iter(specification))
    bounds = bounds_of(specification, sort_by)
    if name == "$count" and specification[name] != {}:
        raise CommandError(9, "$count only accepts an empty object as input")
    accumulator = compile_accumulator(name, specification[name], context.environment)
    make = (SLIDING if bounds.slides else GROWING).get(name)

    def finish(values: list[Any]) -> Any:
        return accumulator.finish(values, root_scope({}, context.variables))

    def function(partition: Partition) -> list[Any]:
        values = list(map(accumulator.expression, partition.scopes))
        if bounds.slides and name in _AT_BOTTOM:
            # What slides is kept in order, equal values as they came, so the last of them is at the end.
            values = [((key, at), value) for at, (key, value) in enumerate(values)]
        frames = bounds.frames(partition)
        return sliding(make, frames, values) if make is not None else by_frame(frames, values, finish)

    return function


_AT_BOTTOM: Final = frozenset(("$bottom", "$bottomN"))


WINDOW_FUNCTIONS: Final[Mapping[str, FunctionBuilder]] = {
    **dict.fromkeys(
        (
            *("$avg", "$bottom", "$bottomN", "$count", "$firstN", "$lastN", "$maxN", "$minN", "$push"),
            *("$stdDevPop", "$stdDevSamp", "$sum", "$top", "$topN"),
        ),
        _accumulated,
    ),
    **CHOICES,
    **ORDERED,
    **CALCULUS,
}
