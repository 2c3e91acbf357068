"""Aggregation pipelines: each stage turns a stream of documents into another."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, Final

from bson import Int64

from ming.mim.accumulators import compile_group
from ming.mim.errors import CommandError
from ming.mim.expressions import compile_expression, field_value, root_scope
from ming.mim.filters import QueryContext, compile_filter
from ming.mim.path import parts_of
from ming.mim.projection import ProjectionTree, adder, excluder, projector
from ming.mim.sorting import compile_sort
from ming.mim.values import MISSING, as_integer, is_number, type_name

__all__ = ["Stage", "compile_pipeline"]

Document = dict[str, Any]
Stage = Callable[[Iterable[Document]], Iterable[Document]]


def compile_pipeline(stages: list[Any], context: QueryContext) -> Stage:
    """Compile a pipeline.

    Args:
        stages: The stage documents.
        context: The dialect and variables in force.

    Returns:
        The stages as one.

    Raises:
        CommandError: The server would refuse a stage.
        NotImplementedError: A stage is not built yet.
    """
    compiled = [_compile_stage(stage, context) for stage in stages]

    def run(documents: Iterable[Document]) -> Iterable[Document]:
        for stage in compiled:
            documents = stage(documents)
        return documents

    return run


def _compile_stage(stage: Any, context: QueryContext) -> Stage:
    if not isinstance(stage, dict):
        raise CommandError(14, "Each element of the 'pipeline' array must be an object")
    if len(stage) != 1:
        raise CommandError(40323, "A pipeline stage specification object must contain exactly one field.")
    ((name, operand),) = stage.items()
    if name in _STAGES:
        return _STAGES[name](operand, context)
    if name in _UNBUILT:
        raise NotImplementedError(name)
    raise CommandError(40324, f"Unrecognized pipeline stage name: '{name}'")


def _match(operand: Any, context: QueryContext) -> Stage:
    if not isinstance(operand, dict):
        raise CommandError(15959, "the match filter must be an expression in an object")
    matches = compile_filter(operand, context).matches
    return lambda documents: filter(matches, documents)


def _project(operand: Any, context: QueryContext) -> Stage:
    if not isinstance(operand, dict):
        raise CommandError(15969, "$project specification must be an object")
    if not operand:
        raise CommandError(
            51272, "Invalid $project :: caused by :: projection specification must have a field"
        )
    tree = ProjectionTree(context)
    tree.add(operand)
    project = projector(tree)
    return lambda documents: map(project, documents)


def _add_fields(operand: Any, context: QueryContext) -> Stage:
    if not isinstance(operand, dict):
        raise CommandError(40272, "$addFields specification stage must be an object")
    tree = ProjectionTree(context, adds=True)
    tree.add(operand)
    add = adder(tree)
    return lambda documents: map(add, documents)


def _unset(operand: Any, context: QueryContext) -> Stage:
    paths = operand if isinstance(operand, list) else [operand]
    if not paths:
        raise CommandError(31119, "$unset specification must be a string or an array with at least one field")
    if not all(isinstance(path, str) for path in paths):
        raise CommandError(
            31120 if paths is operand else 31002,
            "$unset specification must be a string or an array of strings",
        )
    tree = ProjectionTree()
    for path in paths:
        tree.flag(path, include=False)
    drop = excluder(tree.root)
    return lambda documents: map(drop, documents)


def _replace_root(operand: Any, context: QueryContext) -> Stage:
    if not isinstance(operand, dict):
        raise CommandError(40229, "expected an object as specification for $replaceRoot stage")
    for name in operand.keys() - {"newRoot"}:
        raise CommandError(40415, f"BSON field '$replaceRoot.{name}' is an unknown field.")
    if not operand:
        raise CommandError(40414, "BSON field '$replaceRoot.newRoot' is missing but a required field")
    return _replace_with(operand["newRoot"], context)


def _replace_with(operand: Any, context: QueryContext) -> Stage:
    evaluate = compile_expression(operand, context.environment)

    def replaced(document: Document) -> Document:
        root = evaluate(root_scope(document, context.variables))
        if not isinstance(root, dict):
            raise CommandError(
                40228,
                "PlanExecutor error during aggregation :: caused by :: 'newRoot' expression must evaluate to an"
                f" object, but resulting value was of type {type_name(root)}",
            )
        return root

    return lambda documents: map(replaced, documents)


def _sort(operand: Any, context: QueryContext) -> Stage:
    if not isinstance(operand, dict):
        raise CommandError(15973, "the $sort key specification must be an object")
    if not operand:
        raise CommandError(15976, "$sort stage must have at least one sort key")
    key = compile_sort(operand, code=15975)
    return lambda documents: sorted(documents, key=key)


def _whole(operand: Any, code: int, what: str) -> int:
    number = as_integer(operand) if is_number(operand) else None
    if number is None:
        raise CommandError(code, f"invalid argument to {what} stage: Expected an integer: {operand!r}")
    return number


def _limit(operand: Any, context: QueryContext) -> Stage:
    number = _whole(operand, 5107201, "$limit")
    if number <= 0:
        raise CommandError(15958, "the limit must be positive")
    return lambda documents: islice(documents, number)


def _skip(operand: Any, context: QueryContext) -> Stage:
    number = _whole(operand, 5107200, "$skip")
    if number < 0:
        raise CommandError(
            5107200, f"invalid argument to $skip stage: Expected a non-negative number: {number}"
        )
    return lambda documents: islice(documents, number, None)


def _count(operand: Any, context: QueryContext) -> Stage:
    if not isinstance(operand, str) or not operand:
        raise CommandError(40157 if operand == "" else 40156, "the count field must be a non-empty string")
    if operand.startswith("$"):
        raise CommandError(40158, "the count field cannot be a $-prefixed path")
    if "." in operand:
        raise CommandError(40160, "the count field cannot contain '.'")

    def run(documents: Iterable[Document]) -> list[Document]:
        count = sum(1 for _ in documents)
        return [{operand: count}] if count else []

    return run


def _sort_by_count(operand: Any, context: QueryContext) -> Stage:
    group = compile_group({"_id": operand, "count": {"$sum": 1}}, context)
    return lambda documents: sorted(group(documents), key=lambda document: -document["count"])


def _unwind(operand: Any, context: QueryContext) -> Stage:
    options = operand if isinstance(operand, dict) else {"path": operand}
    for name in options:
        if name not in ("path", "preserveNullAndEmptyArrays", "includeArrayIndex"):
            raise CommandError(28811, f"unrecognized option to $unwind stage: {name}")
    path = options.get("path")
    if not isinstance(path, str):
        raise CommandError(28808, f"expected a string as the path for $unwind stage, got {type_name(path)}")
    if not path.startswith("$"):
        raise CommandError(28818, f"path option to $unwind stage should be prefixed with a '$': {path}")
    parts = parts_of(path[1:])
    keep_empty = options.get("preserveNullAndEmptyArrays", False)
    index_parts = parts_of(options["includeArrayIndex"]) if "includeArrayIndex" in options else None

    def unwound(document: Document) -> Iterator[Document]:
        value = _nested_value(document, parts)
        if value.__class__ is list:
            for index, item in enumerate(value):
                yield _with_index(_with_value(document, parts, item), index_parts, Int64(index))
            if value or not keep_empty:
                return
            yield _with_index(_with_value(document, parts, MISSING), index_parts, None)
        elif (value is not None and value is not MISSING) or keep_empty:
            yield _with_index(document, index_parts, None)

    return lambda documents: (made for document in documents for made in unwound(document))


def _nested_value(document: Document, parts: tuple[str, ...]) -> Any:
    """Follow a path through documents only; unwinding does not look into arrays on the way."""
    value: Any = document
    for part in parts:
        if value.__class__ is not dict:
            return MISSING
        value = field_value(value, (part,))
    return value


def _with_value(document: Document, parts: tuple[str, ...], value: Any) -> Document:
    first, *rest = parts
    if rest:
        inner = document.get(first)
        value = _with_value(inner if isinstance(inner, dict) else {}, tuple(rest), value)
    if value is MISSING:
        return {name: inner for name, inner in document.items() if name != first}
    return {**document, first: value}


def _with_index(document: Document, parts: tuple[str, ...] | None, index: Int64 | None) -> Document:
    return document if parts is None else _with_value(document, parts, index)


_STAGES: Final[Mapping[str, Callable[[Any, QueryContext], Stage]]] = {
    "$match": _match,
    "$project": _project,
    "$addFields": _add_fields,
    "$set": _add_fields,
    "$unset": _unset,
    "$replaceRoot": _replace_root,
    "$replaceWith": _replace_with,
    "$sort": _sort,
    "$limit": _limit,
    "$skip": _skip,
    "$count": _count,
    "$sortByCount": _sort_by_count,
    "$unwind": _unwind,
    "$group": compile_group,
}
_UNBUILT: Final = frozenset(
    f"${name}"
    for name in (
        "bucket bucketAuto changeStream collStats currentOp densify documents facet fill geoNear graphLookup"
        " indexStats listLocalSessions listSessions lookup merge out planCacheStats redact sample search"
        " setWindowFields unionWith vectorSearch"
    ).split()
)
