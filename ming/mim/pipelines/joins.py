"""The stages that bring in other collections: $lookup and $unionWith.

What they hold are pipelines over a collection, a view or documents of their own. Stages that follow links
from document to document are in `graph_lookup`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from ming.mim.data.errors import CommandError
from ming.mim.data.rendering import shown_field
from ming.mim.data.values import MISSING, type_name
from ming.mim.expressions.compiler import compile_expression, root_scope
from ming.mim.expressions.variable_names import check_bound_name
from ming.mim.pipelines.equality_join import (
    Finder,
    compared_with_variable,
    finder_of_compared,
    joining_values,
)
from ming.mim.pipelines.stages import Builder, Document, PipelineContext, Source, Stage, chained, field_path
from ming.mim.pipelines.stages_reshaping import with_last_value, with_value
from ming.mim.pipelines.subpipelines import (
    cached,
    compile_reader,
    mentions,
    open_reader,
    starts_with_documents,
)

__all__ = ["JOINS"]

_Find = Callable[[Document], Iterable[Document]]
"""Gives the documents joined to one."""


# -- $lookup ------------------------------------------------------------------------------------------


def _lookup(operand: Any, context: PipelineContext) -> Stage:
    options = _lookup_options(operand, context)
    find = _finding(options, context)
    as_path = field_path(options["as"])
    put = with_last_value if context.in_slots and not _source(options, context).stages else with_value
    return lambda documents: (put(document, as_path, list(find(document))) for document in documents)


def _lookup_options(operand: Any, context: PipelineContext) -> dict[str, Any]:
    if not isinstance(operand, dict):
        raise CommandError(
            9, f"the $lookup stage specification must be an object, but found {type_name(operand)}"
        )
    for name, value in operand.items():
        _check_lookup_option(name, value)
    if "from" in operand:
        context.namespaces.check(
            context.database,
            operand["from"],
            f"invalid $lookup namespace: {context.database}.{operand['from']}",
        )
    stages = operand.get("pipeline")
    if "from" not in operand and not starts_with_documents(stages):
        raise CommandError(
            9,
            "must specify 'pipeline' when 'from' is empty"
            if stages is None
            else "$lookup stage without explicit collection must have a pipeline with $documents as first stage",
        )
    if not operand.get("as"):
        raise CommandError(9, "must specify 'as' field for a $lookup")
    sides = [bool(operand.get(side)) for side in ("localField", "foreignField")]
    if stages is None and not all(sides):
        raise CommandError(
            9,
            "$lookup requires either 'pipeline' or both 'localField' and 'foreignField' to be specified",
        )
    if any(sides) and not all(sides):
        raise CommandError(
            9, "$lookup requires both or neither of 'localField' and 'foreignField' to be specified"
        )
    if stages is None and "let" in operand:
        raise CommandError(9, "$lookup with a 'let' argument must also specify 'pipeline'")
    return operand


def _check_lookup_option(name: str, value: Any) -> None:
    if name == "pipeline":
        if not isinstance(value, list):
            raise CommandError(14, "'pipeline' option must be specified as an array")
    elif name == "let":
        if not isinstance(value, dict):
            raise CommandError(
                9,
                f"$lookup argument '{shown_field('let', value)}' must be an object, is type {type_name(value)}",
            )
    elif name == "from" and isinstance(value, dict):
        raise CommandError(
            9,
            "$lookup with syntax {from: {db:<>, coll:<>},..} is not supported for db:"
            f" {value.get('db', '')} and coll: {value.get('coll', '')}",
        )
    elif name == "from" and not isinstance(value, str):
        raise CommandError(9, f"$lookup 'from' field must be a string, but found {type_name(value)}")
    elif not isinstance(value, str):
        raise CommandError(
            9,
            f"$lookup argument '{name}' must be a string, found {shown_field(name, value)}: {type_name(value)}",
        )
    elif name not in ("from", "as", "localField", "foreignField"):
        raise CommandError(9, f"unknown argument to $lookup: {name}")


def _finding(options: Mapping[str, Any], context: PipelineContext) -> _Find:
    """Compile the pipeline that a $lookup runs for each document.

    Its closures hold on to one mapping of variables, which is filled anew for each document. What comes
    before the first mention of a variable that changes is computed once.
    """
    bindings = {}
    for name, value in options.get("let", {}).items():
        check_bound_name(name)
        bindings[name] = compile_expression(value, context.environment)
    variables: dict[str, Any] = {**context.variables, **dict.fromkeys(bindings, MISSING)}
    inner = context.inside("$lookup", options.get("from"), variables, bindings)
    find = _finding_equal(options, inner) if options.get("localField") else _finding_any(options, inner)

    def bound(document: Document) -> Iterable[Document]:
        scope = root_scope(document, context.variables)
        variables.update(context.variables)
        variables.update({name: value(scope) for name, value in bindings.items()})
        return find(document)

    return bound


def _finding_any(options: Mapping[str, Any], context: PipelineContext) -> _Find:
    records, stages = _source(options, context)
    stages = [*stages, *options["pipeline"]]
    compiled = context.compile(stages, context)
    fixed = next((at for at, stage in enumerate(stages) if mentions(stage, context.changing)), len(stages))
    compared = compared_with_variable(stages[0], context.changing) if stages and fixed == 0 else None
    if compared is not None:
        field, variable = compared
        find = finder_of_compared(open_reader(records, [], [], context), field, context.key)
        wanted = compile_expression(variable, context.environment)
        run = chained(compiled)
        return lambda document: run(find(wanted(root_scope({}, context.variables))))
    if fixed == 0:
        read = open_reader(records, stages, compiled, context)
        return lambda document: read()
    read_fixed = cached(open_reader(records, stages[:fixed], compiled[:fixed], context))
    run = chained(compiled[fixed:])
    return lambda document: run(read_fixed())


def _finding_equal(options: Mapping[str, Any], context: PipelineContext) -> _Find:
    records, below = _source(options, context)
    own = options.get("pipeline", [])
    if starts_with_documents(own):
        below, own = own[:1], own[1:]
    compiled = context.compile([*below, *own], context)
    read = open_reader(records, below, compiled[: len(below)], context)
    run = chained(compiled[len(below) :])
    local, foreign = field_path(options["localField"]), ".".join(field_path(options["foreignField"]))

    def finder() -> Finder:
        return Finder(read, None if below else records, foreign, context.key)

    lasting = None if mentions(below, context.changing) else finder()
    return lambda document: run((lasting or finder()).find(joining_values(document, local)))


def _source(options: Mapping[str, Any], context: PipelineContext) -> Source:
    name = options.get("from")
    return Source(None) if name is None else context.namespaces.source(context.database, name)


# -- $unionWith ---------------------------------------------------------------------------------------


def _union_with(operand: Any, context: PipelineContext) -> Stage:
    name, stages = _union_options(operand)
    inner = context.inside("$unionWith", name, context.variables)
    if name is not None:
        context.namespaces.check(
            context.database, name, f"Namespace {context.database}.{name} is not a valid collection name"
        )
    source = Source(None) if name is None else context.namespaces.source(context.database, name)
    read = compile_reader(source, stages, inner)

    def run(documents: Iterable[Document]) -> Iterable[Document]:
        yield from documents
        yield from read()

    return run


def _union_options(operand: Any) -> tuple[str | None, list[Any]]:
    if isinstance(operand, str):
        return operand, []
    if not isinstance(operand, dict):
        raise CommandError(
            9,
            f"the $unionWith stage specification must be an object or string, but found {type_name(operand)}",
        )
    for name, value in operand.items():
        if name not in _UNION_OPTIONS:
            raise CommandError(40415, f"BSON field '$unionWith.{name}' is an unknown field.")
        kind, expected = _UNION_OPTIONS[name]
        if value is not None and not isinstance(value, kind):
            raise CommandError(
                14,
                f"BSON field '$unionWith.{name}' is the wrong type '{type_name(value)}', expected type '{expected}'",
            )
    if operand.get("pipeline", ()) is None:
        raise CommandError(10065, "invalid parameter: expected an object (pipeline)")
    collection, stages = operand.get("coll"), operand.get("pipeline", [])
    if collection is None and not starts_with_documents(stages):
        raise CommandError(
            9,
            "$unionWith stage without explicit collection must have a pipeline with $documents as first stage",
        )
    return collection, stages


_UNION_OPTIONS: Final[Mapping[str, tuple[type, str]]] = {"coll": (str, "string"), "pipeline": (list, "array")}

JOINS: Final[Mapping[str, Builder]] = {"$lookup": _lookup, "$unionWith": _union_with}
"""Builders of the stages of this module, by name."""
