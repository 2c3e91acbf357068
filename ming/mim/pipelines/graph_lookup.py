"""The stage that follows links from document to document: $graphLookup."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from bson import Int64

from ming.mim.data.errors import CommandError, error_context
from ming.mim.data.path import values_along
from ming.mim.data.rendering import shown
from ming.mim.data.values import MISSING, OrderKey, as_integer, is_number, type_name
from ming.mim.expressions.compiler import compile_expression, root_scope
from ming.mim.pipelines.equality_join import Finder
from ming.mim.pipelines.stages import Builder, Document, PipelineContext, Stage, field_path
from ming.mim.pipelines.stages_reshaping import with_value
from ming.mim.pipelines.subpipelines import compile_reader
from ming.mim.queries.filters import compile_filter

__all__ = ["GRAPH"]

_NAMES: Final = ("from", "as", "connectFromField", "connectToField", "depthField")


def _graph_lookup(operand: Any, context: PipelineContext) -> Stage:
    _check(operand, context)
    start = compile_expression(operand["startWith"], context.environment)
    source = context.namespaces.source(context.database, operand["from"])
    inner = context.inside("$graphLookup", operand["from"], context.variables)
    connect_from = field_path(operand["connectFromField"])
    connect_to = ".".join(field_path(operand["connectToField"]))
    as_path = field_path(operand["as"])
    depth_path = field_path(operand["depthField"]) if "depthField" in operand else None
    most = as_integer(operand["maxDepth"]) if "maxDepth" in operand else None
    with error_context("Failed to parse 'restrictSearchWithMatch' option to $graphLookup"):
        admits = compile_filter(operand.get("restrictSearchWithMatch", {}), context).matches
    finder = Finder(
        compile_reader(source, [], inner),
        None if source.stages else source.records,
        connect_to,
        context.key,
        null_is_missing=False,
    )

    def reached(first: Any) -> Iterator[Document]:
        frontier = _each(first)
        visited: set[OrderKey] = set()
        depth = 0
        while frontier and (most is None or depth <= most):
            linked: dict[OrderKey, Any] = {}
            for found in finder.find(frontier):
                own_key = context.key(found["_id"])
                if own_key in visited or not admits(found):
                    continue
                visited.add(own_key)
                document = found if depth_path is None else with_value(found, depth_path, Int64(depth))
                yield document
                for value in values_along(document, connect_from):
                    linked.update((context.key(each), each) for each in _each(value))
            frontier = list(linked.values())
            depth += 1

    def run(document: Document) -> Document:
        first = start(root_scope(document, context.variables))
        return with_value(document, as_path, list(reached(first)))

    return lambda documents: map(run, documents)


def _each(value: Any) -> list[Any]:
    if value.__class__ is list:
        return value
    return [] if value is MISSING else [value]


def _check(operand: Any, context: PipelineContext) -> None:
    if not isinstance(operand, dict):
        raise CommandError(
            9, f"the $graphLookup stage specification must be an object, but found {type_name(operand)}"
        )
    source = operand.get("from")
    if source is None:
        raise CommandError(
            9, f"missing 'from' option to $graphLookup stage specification: {shown(operand, spaced=True)}"
        )
    if not isinstance(source, str):
        raise CommandError(9, f"$graphLookup 'from' field must be a string, but found {type_name(source)}")
    namespace = f"{context.database}.{source}"
    context.namespaces.check(context.database, source, f"invalid $graphLookup namespace: {namespace}")
    for name, value in operand.items():
        if name == "maxDepth":
            _check_depth(value)
        elif name == "restrictSearchWithMatch":
            if not isinstance(value, dict):
                raise CommandError(
                    40185,
                    f"restrictSearchWithMatch must be an object, found {type_name(value)}",
                )
        elif name in _NAMES:
            if not isinstance(value, str):
                raise CommandError(
                    40103,
                    f"expected string as argument for {name}, found: {type_name(value)}",
                )
        elif name != "startWith":
            raise CommandError(40104, f"Unknown argument to $graphLookup: {name}")
    for name in ("from", "as", "startWith", "connectFromField", "connectToField"):
        if operand.get(name, "") == "":
            raise CommandError(
                40105,
                "$graphLookup requires 'from', 'as', 'startWith', 'connectFromField', and 'connectToField' to be"
                " specified.",
            )


def _check_depth(value: Any) -> None:
    if not is_number(value):
        raise CommandError(40100, f"maxDepth must be numeric, found type: {type_name(value)}")
    number = as_integer(value)
    if (number is not None and number < 0) or (number is None and shown(value).startswith("-")):
        raise CommandError(40101, f"maxDepth requires a nonnegative argument, found: {shown(value)}")
    if number is None or number >= 2**63:
        raise CommandError(40102, f"maxDepth could not be represented as a long long: {shown(value)}")


GRAPH: Final[Mapping[str, Builder]] = {"$graphLookup": _graph_lookup}
"""The builder of the stage, by name."""
