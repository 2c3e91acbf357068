"""The functions of $setWindowFields: each gives one value per document of a partition.

Accumulators look at the documents within bounds. The others, which are built here, know the order of the
documents and mostly have no bounds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from ming.mim.accumulators import compile_accumulator
from ming.mim.environment import KeyOf
from ming.mim.errors import CommandError
from ming.mim.expressions import compile_expression, root_scope
from ming.mim.filters import QueryContext
from ming.mim.values import MISSING, OrderKey
from ming.mim.window_bounds import (
    Frame,
    FunctionBuilder,
    Partition,
    SortBy,
    Specification,
    WindowFunction,
    bounds_of,
)
from ming.mim.window_calculus import CALCULUS
from ming.mim.window_order import ORDERED
from ming.mim.window_states import GROWING, SLIDING, sliding

__all__ = ["compile_window_function"]


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
    if name in _BUILDERS:
        return _BUILDERS[name](specification, sort_by, context)
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
        return sliding(make, frames, values) if make is not None else _of_frames(frames, values, finish)

    return function


def _of_frames(frames: list[Frame], values: list[Any], finish: Callable[[list[Any]], Any]) -> list[Any]:
    results: list[Any] = []
    before = None
    for frame in frames:
        results.append(results[-1] if frame == before else finish(values[frame[0] : frame[1]]))
        before = frame
    return results


_AT_BOTTOM: Final = frozenset(("$bottom", "$bottomN"))


def _choosing(choose: Callable[[list[Any], KeyOf, bool], Any]) -> FunctionBuilder:
    """Return the builder of a function that chooses some of the values."""

    def build(specification: Specification, sort_by: SortBy, context: QueryContext) -> WindowFunction:
        bounds = bounds_of(specification, sort_by)
        expression = compile_expression(specification[next(iter(specification))], context.environment)

        def finish(values: list[Any]) -> Any:
            return choose(values, context.key, bounds.slides)

        def function(partition: Partition) -> list[Any]:
            return _of_frames(bounds.frames(partition), list(map(expression, partition.scopes)), finish)

        return function

    return build


def _first(values: list[Any], key: KeyOf, slides: bool) -> Any:
    return values[0] if values else None


def _last(values: list[Any], key: KeyOf, slides: bool) -> Any:
    return values[-1] if values else None


def _least(values: list[Any], key: KeyOf, slides: bool) -> Any:
    return min(_given(values), key=key, default=None)


def _greatest(values: list[Any], key: KeyOf, slides: bool) -> Any:
    given = _given(values)
    # What slides is kept in order, equal values as they came, so the last of them is at the end.
    return max(reversed(given) if slides else given, key=key, default=None)


def _distinct(values: list[Any], key: KeyOf, slides: bool) -> list[Any]:
    found: dict[OrderKey, Any] = {}
    for value in values:
        if value is not MISSING:
            found.setdefault(key(value), value)
    return [found[each] for each in sorted(found)] if slides else list(found.values())


def _given(values: list[Any]) -> list[Any]:
    return [value for value in values if value is not None and value is not MISSING]


_BUILDERS: Final[Mapping[str, FunctionBuilder]] = {
    **dict.fromkeys(
        (
            *("$avg", "$bottom", "$bottomN", "$count", "$firstN", "$lastN", "$maxN", "$minN", "$push"),
            *("$stdDevPop", "$stdDevSamp", "$sum", "$top", "$topN"),
        ),
        _accumulated,
    ),
    "$first": _choosing(_first),
    "$last": _choosing(_last),
    "$min": _choosing(_least),
    "$max": _choosing(_greatest),
    "$addToSet": _choosing(_distinct),
    **ORDERED,
    **CALCULUS,
}
