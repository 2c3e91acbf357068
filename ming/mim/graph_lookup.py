"""The stage that follows links from document to document: $graphLookup."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from bson import Int64

from ming.mim.equality_join import Finder
from ming.mim.errors import CommandError
from ming.mim.expressions import compile_expression, root_scope
from ming.mim.filters import compile_filter
from ming.mim.path import values_along
from ming.mim.rendering import shown, shown_field
from ming.mim.stages import Builder, Document, PipelineContext, Stage, field_path
from ming.mim.stages_reshaping import with_value
from ming.mim.subpipelines import compile_reader
from ming.mim.values import MISSING, OrderKey, as_integer, is_number, type_name

__all__ = ["GRAPH"]

_NAMES: Final = ("from", "as", "connectFromField", "connectToField", "depthField")


def _graph_lookup(operand: Any, context: PipelineContext) -> Stage:
    _check(operand)
    start = compile_expression(operand["startWith"], context.environment)
    source = context.namespaces.source(context.database, operand["from"])
    inner = context.inside("$graphLookup", operand["from"], context.variables)
    connect_from = field_path(operand["connectFromField"])
    connect_to = ".".join(field_path(operand["connectToField"]))
    as_path = field_path(operand["as"])
    depth_path = field_path(operand["depthField"]) if "depthField" in operand else None
    most = as_integer(operand["maxDepth"]) if "maxDepth" in operand else None
    admits = compile_filter(operand.get("restrictSearchWithMatch", {}), context).matches
    finder = Finder(
        compile_reader(source, [], inner),
        None if source.stages else source.records,
        connect_to,
        context.key,
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
                yield found if depth_path is None else with_value(found, depth_path, Int64(depth))
                for value in values_along(found, connect_from):
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


def _check(operand: Any) -> None:
    if not isinstance(operand, dict):
        raise CommandError(
            9, f"the $graphLookup stage specification must be an object, but found {type_name(operand)}"
        )
    for name, value in operand.items():
        if name == "maxDepth":
            _check_depth(value)
        elif name == "restrictSearchWithMatch":
            if not isinstance(value, dict):
                raise CommandError(
                    40185,
                    f"restrictSearchWithMatch must be an object, found: {type_name(value)}",
                )
        elif name in _NAMES:
            if not isinstance(value, str):
                raise CommandError(
                    40103,
                    f"expected string as argument for {name}, found: {shown_field(name, value)}",
                )
        elif name != "startWith":
            raise CommandError(40104, f"Unknown argument to $graphLookup: {name}")
    for name in ("from", "as", "startWith", "connectFromField", "connectToField"):
        if name not in operand:
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
    if number is None:
        raise CommandError(40102, f"maxDepth could not be represented as a long long: {shown(value)}")


GRAPH: Final[Mapping[str, Builder]] = {"$graphLookup": _graph_lookup}
"""The builder of the stage, by name."""
