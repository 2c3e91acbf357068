"""Window functions that choose some of the values they look at: $first, $last, $min, $max, $addToSet."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from ming.mim.data.environment import KeyOf
from ming.mim.data.values import MISSING, OrderKey
from ming.mim.expressions.compiler import compile_expression
from ming.mim.pipelines.window_bounds import (
    FunctionBuilder,
    Partition,
    SortBy,
    Specification,
    WindowFunction,
    bounds_of,
)
from ming.mim.pipelines.window_states import by_frame, sliding
from ming.mim.queries.filters import QueryContext

__all__ = ["CHOICES"]


def _end(at_start: bool) -> FunctionBuilder:
    """Return the builder of $first or $last."""

    def build(specification: Specification, sort_by: SortBy, context: QueryContext) -> WindowFunction:
        frames = bounds_of(specification, sort_by).frames
        expression = compile_expression(specification[next(iter(specification))], context.environment)

        def function(partition: Partition) -> list[Any]:
            values = list(map(expression, partition.scopes))
            return [
                values[start if at_start else end - 1] if start < end else None
                for start, end in frames(partition)
            ]

        return function

    return build


# -- $min and $max ------------------------------------------------------------------------------------


class _Extreme:
    """The least or greatest value in a frame that moves on.

    Only values that no later one outdoes are kept, so the one sought is always the first kept.

    Args:
        key: The order of values.
        greatest: Whether the greatest is sought.
        takes_last: Whether the last of several that are equal is, rather than the first.
    """

    def __init__(self, key: KeyOf, greatest: bool, takes_last: bool) -> None:
        self._key = key
        self._greatest = greatest
        self._takes_last = takes_last
        self._kept: deque[tuple[int, OrderKey, Any]] = deque()
        self._added = self._removed = 0

    def add(self, value: Any) -> None:
        """Let a value count."""
        if value is not None and value is not MISSING:
            key = self._key(value)
            while self._kept and self._gives_way(self._kept[-1][1], key):
                self._kept.pop()
            self._kept.append((self._added, key, value))
        self._added += 1

    def _gives_way(self, kept: OrderKey, new: OrderKey) -> bool:
        if kept == new:
            return self._takes_last
        return kept < new if self._greatest else new < kept

    def remove(self, value: Any) -> None:
        """Let the value that was added first count no more."""
        if self._kept and self._kept[0][0] == self._removed:
            self._kept.popleft()
        self._removed += 1

    @property
    def result(self) -> Any:
        """The value sought, None if there is none."""
        return self._kept[0][2] if self._kept else None


def _extreme(greatest: bool) -> FunctionBuilder:
    def build(specification: Specification, sort_by: SortBy, context: QueryContext) -> WindowFunction:
        frames, slides = bounds_of(specification, sort_by)
        expression = compile_expression(specification[next(iter(specification))], context.environment)
        # The server keeps what slides in order, equal values as they came, so the last of them is at the end.
        make = partial(_Extreme, context.key, greatest, takes_last=greatest and slides)
        return lambda partition: sliding(make, frames(partition), list(map(expression, partition.scopes)))

    return build


# -- $addToSet ----------------------------------------------------------------------------------------


def _add_to_set(specification: Specification, sort_by: SortBy, context: QueryContext) -> WindowFunction:
    frames, slides = bounds_of(specification, sort_by)
    expression = compile_expression(specification["$addToSet"], context.environment)

    def finish(values: list[Any]) -> list[Any]:
        found: dict[OrderKey, Any] = {}
        for value in values:
            if value is not MISSING:
                found.setdefault(context.key(value), value)
        return [found[each] for each in sorted(found)] if slides else list(found.values())

    return lambda partition: by_frame(frames(partition), list(map(expression, partition.scopes)), finish)


CHOICES: Final[Mapping[str, FunctionBuilder]] = {
    "$first": _end(at_start=True),
    "$last": _end(at_start=False),
    "$min": _extreme(greatest=False),
    "$max": _extreme(greatest=True),
    "$addToSet": _add_to_set,
}
"""Builders of the functions of this module, by name."""
