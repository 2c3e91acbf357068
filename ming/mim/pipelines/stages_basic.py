"""The stages that treat documents one by one, or count, order and cut their stream.

$unwind and its like are in `stages_reshaping`; a pipeline that updates may use the stages of `PROJECTING`
only.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from typing import Any, Final

from ming.mim.data.errors import CommandError, error_context
from ming.mim.data.sorting import compile_sort
from ming.mim.data.values import as_integer, is_number, type_name
from ming.mim.pipelines.accumulators import compile_group
from ming.mim.pipelines.stages import Builder, Document, Stage, expect_whole, field_path
from ming.mim.queries.filters import QueryContext, compile_filter
from ming.mim.queries.projection import ProjectionTree, adder, excluder, projector

__all__ = ["BASIC", "PROJECTING"]


def _match(operand: Any, context: QueryContext) -> Stage:
    if not isinstance(operand, dict):
        raise CommandError(15959, "the match filter must be an expression in an object")
    query = compile_filter(operand, context)
    if query.order is not None:
        raise CommandError(5626500, "$geoNear, $near, and $nearSphere are not allowed in this context")
    return lambda documents: filter(query.matches, documents)


# -- projections --------------------------------------------------------------------------------------


def _project(operand: Any, context: QueryContext) -> Stage:
    if not isinstance(operand, dict):
        raise CommandError(15969, "$project specification must be an object")
    with error_context("Invalid $project"):
        if not operand:
            raise CommandError(51272, "projection specification must have at least one field")
        tree = ProjectionTree(context)
        tree.add(operand)
        project = projector(tree)
    return lambda documents: map(project, documents)


def _adding(name: str) -> Callable[[Any, QueryContext], Stage]:
    def build(operand: Any, context: QueryContext) -> Stage:
        if not isinstance(operand, dict):
            raise CommandError(
                40272, f"{name} specification stage must be an object, got {type_name(operand)}"
            )
        with error_context(f"Invalid {name}"):
            tree = ProjectionTree(context, adds=True)
            tree.add(operand)
            add = adder(tree)
        return lambda documents: map(add, documents)

    return build


def _unset(operand: Any, context: QueryContext) -> Stage:
    if not isinstance(operand, str | list):
        raise CommandError(31002, "$unset specification must be a string or an array")
    paths = operand if isinstance(operand, list) else [operand]
    if not paths:
        raise CommandError(31119, "$unset specification must be a string or an array with at least one field")
    if not all(isinstance(path, str) for path in paths):
        raise CommandError(
            31120, "$unset specification must be a string or an array containing only string values"
        )
    with error_context("Invalid $unset"):
        tree = ProjectionTree(context)
        for path in paths:
            field_path(path)
            tree.flag(path, include=False)
    drop = excluder(tree.root)
    return lambda documents: map(drop, documents)


# -- order and number ---------------------------------------------------------------------------------


def _sort(operand: Any, context: QueryContext) -> Stage:
    if not isinstance(operand, dict):
        raise CommandError(15973, "the $sort key specification must be an object")
    if not operand:
        raise CommandError(15976, "$sort stage must have at least one sort key")
    for path in operand:
        field_path(path)
    key = compile_sort(operand, context.key, 15975, context.metadata)
    return lambda documents: sorted(documents, key=key)


def _limit(operand: Any, context: QueryContext) -> Stage:
    number = expect_whole(operand, 5107201, "$limit")
    if number == 0:
        raise CommandError(15958, "the limit must be positive")
    return lambda documents: islice(documents, number)


def _skip(operand: Any, context: QueryContext) -> Stage:
    number = expect_whole(operand, 5107200, "$skip")
    return lambda documents: islice(documents, number, None)


def _sample(operand: Any, context: QueryContext) -> Stage:
    if not isinstance(operand, dict):
        raise CommandError(28745, "the $sample stage specification must be an object")
    for name, size in operand.items():
        if name != "size":
            raise CommandError(28748, f"unrecognized option to $sample: {name}")
        if not is_number(size):
            raise CommandError(28746, "size argument to $sample must be a number")
        if size <= -1:
            raise CommandError(28747, "size argument to $sample must not be negative")
    if "size" not in operand:
        raise CommandError(28749, "$sample stage must specify a size")
    wanted = as_integer(operand["size"]) or 0

    def run(documents: Iterable[Document]) -> list[Document]:
        everything = list(documents)
        return random.sample(everything, min(wanted, len(everything)))

    return run


def _count(operand: Any, context: QueryContext) -> Stage:
    if not isinstance(operand, str):
        raise CommandError(40156, "the count field must be a non-empty string")
    if not operand:
        raise CommandError(40157, "the count field must be a non-empty string")
    if operand.startswith("$"):
        raise CommandError(40158, "the count field cannot be a $-prefixed path")
    if "\0" in operand:
        raise CommandError(40159, "the count field cannot contain a null byte")
    if "." in operand:
        raise CommandError(40160, "the count field cannot contain '.'")
    if operand == "_id":
        raise CommandError(15948, "a group's _id may only be specified once")

    def run(documents: Iterable[Document]) -> list[Document]:
        count = sum(1 for _ in documents)
        return [{operand: count}] if count else []

    return run


def _sort_by_count(operand: Any, context: QueryContext) -> Stage:
    if isinstance(operand, dict):
        if not next(iter(operand), "").startswith("$"):
            raise CommandError(
                40147,
                "the sortByCount field must be defined as a $-prefixed path or an expression inside an object",
            )
    elif not isinstance(operand, str):
        raise CommandError(40149, "the sortByCount field must be specified as a string or as an object")
    elif not operand.startswith("$"):
        raise CommandError(
            40148,
            "the sortByCount field must be defined as a $-prefixed path or an expression inside an object",
        )
    group = compile_group({"_id": operand, "count": {"$sum": 1}}, context)
    return lambda documents: sorted(group(documents), key=lambda document: -document["count"])


PROJECTING: Final[Mapping[str, Callable[[Any, QueryContext], Stage]]] = {
    "$project": _project,
    "$addFields": _adding("$addFields"),
    "$set": _adding("$set"),
    "$unset": _unset,
}
"""The stages that change the fields of documents, by name."""

BASIC: Final[Mapping[str, Builder]] = {
    **PROJECTING,
    "$match": _match,
    "$sort": _sort,
    "$limit": _limit,
    "$skip": _skip,
    "$sample": _sample,
    "$count": _count,
    "$sortByCount": _sort_by_count,
    "$group": compile_group,
}
"""Builders of all stages of this module, by name."""
