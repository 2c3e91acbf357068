"""The stage that looks beyond each document at its neighbours: $setWindowFields.

It orders documents in partitions; the functions are in `window_functions`, what they look at in
`window_bounds`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import groupby
from typing import Any, Final

from ming.mim.data.errors import CommandError
from ming.mim.data.path import parts_of
from ming.mim.data.sorting import compile_sort
from ming.mim.data.values import MISSING, type_name
from ming.mim.expressions.compiler import compile_expression, field_value, root_scope
from ming.mim.pipelines.stages import Builder, Document, Stage, field_path
from ming.mim.pipelines.stages_reshaping import with_added
from ming.mim.pipelines.window_bounds import Partition
from ming.mim.pipelines.window_functions import compile_window_function
from ming.mim.queries.filters import QueryContext

__all__ = ["WINDOWS", "partitions"]

_OPTIONS: Final[Mapping[str, type]] = {"partitionBy": object, "sortBy": dict, "output": dict}


def _set_window_fields(operand: Any, context: QueryContext) -> Stage:
    _check(operand)
    sort_by = operand.get("sortBy")
    output = [
        (field_path(path), compile_window_function(path, function, sort_by, context))
        for path, function in operand["output"].items()
    ]
    _check_conflicts([path for path, _ in output])
    split = partitions(operand.get("partitionBy"), sort_by, context)
    sort_path = parts_of(next(iter(sort_by))) if sort_by and len(sort_by) == 1 else None

    def run(documents: Iterable[Document]) -> Iterator[Document]:
        for part in split(documents):
            values = [] if sort_path is None else [field_value(document, sort_path) for document in part]
            partition = Partition([root_scope(document, context.variables) for document in part], values)
            columns = [(path, function(partition)) for path, function in output]
            for at, document in enumerate(part):
                for path, column in columns:
                    document = with_added(document, path, column[at])
                yield document

    return run


def _check(operand: Any) -> None:
    if not isinstance(operand, dict):
        raise CommandError(
            9, f"the $setWindowFields stage specification must be an object, found {type_name(operand)}"
        )
    for name, value in operand.items():
        if name not in _OPTIONS:
            raise CommandError(40415, f"BSON field '$setWindowFields.{name}' is an unknown field.")
        if value is not None and not isinstance(value, _OPTIONS[name]):
            raise CommandError(
                14,
                f"BSON field '$setWindowFields.{name}' is the wrong type '{type_name(value)}', expected type 'object'",
            )
    if operand.get("output") is None:
        raise CommandError(40414, "BSON field '$setWindowFields.output' is missing but a required field")


def _check_conflicts(paths: list[tuple[str, ...]]) -> None:
    for path in paths:
        if any(other is not path and other == path[: len(other)] for other in paths):
            raise CommandError(
                6307900, "$setWindowFields 'output' specification contains two conflicting paths"
            )


def partitions(
    expression: Any, sort_by: Mapping[str, Any] | None, context: QueryContext
) -> Callable[[Iterable[Document]], Iterator[list[Document]]]:
    """Return a function that orders documents and splits them into partitions.

    Args:
        expression: What the documents of a partition have in common, or None to keep all together.
        sort_by: The order within a partition, None to keep that of the input.
        context: The variables and the order of values in force.
    """
    evaluate = compile_expression(expression, context.environment)
    sort_key = compile_sort(sort_by, context.key, code=15975) if sort_by else None

    def key(document: Document) -> Any:
        value = evaluate(root_scope(document, context.variables))
        if value.__class__ is list:
            raise CommandError(14, "An expression used to partition cannot evaluate to value of type array")
        return context.key(None if value is MISSING else value)

    def split(documents: Iterable[Document]) -> Iterator[list[Document]]:
        ordered = list(documents) if sort_key is None else sorted(documents, key=sort_key)
        if expression is None:
            if ordered:
                yield ordered
            return
        keyed = sorted(((key(document), document) for document in ordered), key=lambda pair: pair[0])
        for _, pairs in groupby(keyed, key=lambda pair: pair[0]):
            yield [document for _, document in pairs]

    return split


WINDOWS: Final[Mapping[str, Builder]] = {"$setWindowFields": _set_window_fields}
"""The builder of the stage, by name."""
