"""The stages that group by ranges of a value: $bucket and $bucketAuto."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, Final, NamedTuple

from ming.mim.data.environment import Environment, Scope
from ming.mim.data.errors import CommandError
from ming.mim.data.rendering import shown
from ming.mim.data.values import INT32_MAX, MISSING, OrderKey, as_integer, is_number, order_key, type_name
from ming.mim.expressions.compiler import compile_expression, root_scope
from ming.mim.expressions.constants import is_constant
from ming.mim.expressions.slots import runs_in_slots
from ming.mim.pipelines.accumulators import compile_fields, group_by
from ming.mim.pipelines.granularity import Rounder, check_roundable, rounder
from ming.mim.pipelines.stages import Builder, Document, Stage
from ming.mim.queries.filters import QueryContext

__all__ = ["BUCKETS"]

_COUNT: Final[Mapping[str, Any]] = {"count": {"$sum": 1}}


def _is_grouping(operand: Any) -> bool:
    """Whether an expression is accepted to group by: a path or an operator, as constants make no sense."""
    if isinstance(operand, str):
        return operand.startswith("$")
    return isinstance(operand, dict) and next(iter(operand), "").startswith("$")


# -- $bucket ------------------------------------------------------------------------------------------


def _bucket(operand: Any, context: QueryContext) -> Stage:
    _check_bucket(operand)
    env = context.environment
    value = compile_expression(operand["groupBy"], env)
    bounds = [_constant(each, "boundaries", env) for each in operand["boundaries"]]
    keys = [env.key(bound) for bound in bounds]
    _check_bounds(bounds, keys)
    default = _constant(operand["default"], "default", env) if "default" in operand else MISSING
    if default is not MISSING and keys[0] <= env.key(default) < keys[-1]:
        raise CommandError(
            40199,
            "The $bucket 'default' field must be less than the lowest boundary or greater than or equal to the"
            " highest boundary.",
        )
    output = operand.get("output", _COUNT)
    if "_id" in output:
        raise CommandError(15948, "a group's _id may only be specified once")

    def lower_bound(scope: Scope) -> Any:
        at = bisect_right(keys, env.key(value(scope))) - 1
        if 0 <= at < len(bounds) - 1:
            return bounds[at]
        if default is MISSING:
            raise CommandError(
                4934200,
                "$switch could not find a matching branch for an input, and no default was specified.",
            )
        return default

    fields = compile_fields(output, env, runs_in_slots(operand["groupBy"], output))
    group = group_by(lower_bound, fields, context)
    return lambda documents: sorted(group(documents), key=lambda document: env.key(document["_id"]))


def _check_bucket(operand: Any) -> None:
    if not isinstance(operand, dict):
        raise CommandError(
            40201, f"Argument to $bucket stage must be an object, but found type: {type_name(operand)}."
        )
    for name, value in operand.items():
        if name == "groupBy" and not _is_grouping(value):
            raise CommandError(
                40202,
                "The $bucket 'groupBy' field must be defined as a $-prefixed path or an expression, but found:"
                f" {shown(value, spaced=True)}.",
            )
        if name == "boundaries" and not isinstance(value, list):
            raise CommandError(
                40200, f"The $bucket 'boundaries' field must be an array, but found type: {type_name(value)}."
            )
        if name == "output" and not isinstance(value, dict):
            raise CommandError(
                40196, f"The $bucket 'output' field must be an object, but found type: {type_name(value)}."
            )
        if name not in ("groupBy", "boundaries", "default", "output"):
            raise CommandError(40197, f"Unrecognized option to $bucket: {name}.")
    if "groupBy" not in operand or "boundaries" not in operand:
        raise CommandError(40198, "$bucket requires 'groupBy' and 'boundaries' to be specified.")
    if len(operand["boundaries"]) < 2:
        raise CommandError(
            40192,
            "The $bucket 'boundaries' field must have at least 2 values, but found"
            f" {len(operand['boundaries'])} value(s).",
        )


def _constant(expression: Any, option: str, env: Environment) -> Any:
    compiled = compile_expression(expression, env)
    if not is_constant(expression):
        what, found = (
            ("an array of constant values", "found value")
            if option == "boundaries"
            else ("a constant expression", "found")
        )
        raise CommandError(
            40191 if option == "boundaries" else 40195,
            f"The $bucket '{option}' field must be {what}, but {found}: {shown(expression, spaced=True)}.",
        )
    return compiled(root_scope({}))


def _check_bounds(bounds: Sequence[Any], keys: Sequence[OrderKey]) -> None:
    for at, (lower, upper) in enumerate(pairwise(keys)):
        left, right = bounds[at], bounds[at + 1]
        if lower[0] != upper[0]:
            raise CommandError(
                40193,
                "All values in the the 'boundaries' option to $bucket must have the same type. Found conflicting"
                f" types {type_name(left)} and {type_name(right)}.",
            )
        if not lower < upper:
            raise CommandError(
                40194,
                f"The 'boundaries' option to $bucket must be sorted, but elements {at} and {at + 1} are not in"
                f" ascending order ({shown(left)} is not less than {shown(right)}).",
            )


# -- $bucketAuto --------------------------------------------------------------------------------------


def _bucket_auto(operand: Any, context: QueryContext) -> Stage:
    _check_bucket_auto(operand)
    env = context.environment
    value = compile_expression(operand["groupBy"], env)
    fields = compile_fields(operand.get("output") or _COUNT, env)
    number = as_integer(operand["buckets"])
    assert number is not None
    rounding = rounder(operand["granularity"]) if "granularity" in operand else None

    def run(documents: Iterable[Document]) -> Iterator[Document]:
        items = []
        for document in documents:
            scope = root_scope(document, context.variables)
            item = value(scope)
            if rounding is not None:
                check_roundable(item)
            item = None if item is MISSING else item
            items.append(_Item(item, env.key(item), scope))
        items.sort(key=lambda item: item.key)
        for least, most, inside in _filled(items, number, rounding):
            collected = [[accumulator.expression(item.scope) for item in inside] for _, accumulator in fields]
            results = {
                name: accumulator.finish(values, root_scope({}, context.variables))
                for (name, accumulator), values in zip(fields, collected, strict=True)
            }
            yield {"_id": {"min": least, "max": most}, **results}

    return run


def _check_bucket_auto(operand: Any) -> None:
    if not isinstance(operand, dict):
        raise CommandError(
            40240, f"The argument to $bucketAuto must be an object, but found type: {type_name(operand)}"
        )
    for name, value in operand.items():
        if name == "groupBy" and not _is_grouping(value):
            raise CommandError(
                40239,
                "The $bucketAuto 'groupBy' field must be defined as a $-prefixed path or an expression object, but"
                f" found: {shown(value, spaced=True)}",
            )
        if name == "buckets":
            _check_number_of_buckets(value)
        if name == "output" and not isinstance(value, dict):
            raise CommandError(
                40244, f"The $bucketAuto 'output' field must be an object, but found type: {type_name(value)}"
            )
        if name == "granularity" and not isinstance(value, str):
            raise CommandError(
                40261,
                f"The $bucketAuto 'granularity' field must be a string, but found type: {type_name(value)}",
            )
        if name not in ("groupBy", "buckets", "output", "granularity"):
            raise CommandError(40245, f"Unrecognized option to $bucketAuto: {name}")
    if "groupBy" not in operand or "buckets" not in operand:
        raise CommandError(40246, "$bucketAuto requires 'groupBy' and 'buckets' to be specified")


def _check_number_of_buckets(value: Any) -> None:
    what = "The $bucketAuto 'buckets' field must be"
    if not is_number(value):
        raise CommandError(40241, f"{what} a numeric value, but found type: {type_name(value)}")
    number = as_integer(value)
    if number is None or abs(number) > INT32_MAX:
        raise CommandError(40242, f"{what} representable as a 32-bit integer, but found {shown(value)}")
    if number <= 0:
        raise CommandError(40243, f"{what} greater than 0, but found: {number}")


class _Item(NamedTuple):
    """A document with the value it is grouped by."""

    value: Any
    key: OrderKey
    scope: Scope


def _filled(
    items: Sequence[_Item], number: int, rounding: Rounder | None
) -> Iterator[tuple[Any, Any, Sequence[_Item]]]:
    """Spread ordered items over buckets and yield the least and the greatest value of each with its items.

    Equal values share a bucket. With rounding, the greatest is not in the bucket, but in the next.
    """
    size = max(int(len(items) / number + 0.5), 1)
    start, count = 0, 0
    previous: Any = MISSING
    while start < len(items):
        count += 1
        end = len(items) if count == number else min(start + size, len(items))
        least, most = items[start].value, items[end - 1].value
        if rounding is None:
            while end < len(items) and items[end].key == items[end - 1].key:
                end += 1
            if end < len(items):
                most = items[end].value
        else:
            least = rounding.down(least) if previous is MISSING else previous
            most = rounding.up(most)
            while end < len(items) and items[end].key < order_key(most):
                end += 1
            if end < len(items) and order_key(most) == order_key(0):
                most = rounding.down(items[end].value)
        yield least, most, items[start:end]
        start, previous = end, most


BUCKETS: Final[Mapping[str, Builder]] = {"$bucket": _bucket, "$bucketAuto": _bucket_auto}
"""Builders of the stages of this module, by name."""
