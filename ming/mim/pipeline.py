"""Aggregation pipelines: the table of stages, and where in a pipeline each may stand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from ming.mim.buckets import BUCKETS
from ming.mim.densify import DENSIFY
from ming.mim.errors import CommandError
from ming.mim.facets import FACETS
from ming.mim.fill import FILL
from ming.mim.filters import QueryContext
from ming.mim.geo_near import GEO_NEAR
from ming.mim.graph_lookup import GRAPH
from ming.mim.joins import JOINS
from ming.mim.output import OUTPUT
from ming.mim.sources import SOURCES
from ming.mim.stages import Builder, PipelineContext, Stage, chained, split_stage
from ming.mim.stages_basic import BASIC, PROJECTING
from ming.mim.stages_reshaping import REPLACING, RESHAPING
from ming.mim.text_search import asks_text_index
from ming.mim.windows import WINDOWS

__all__ = ["compile_pipeline", "compile_update_pipeline"]

_STAGES: Final[Mapping[str, Builder]] = {
    **BASIC,
    **RESHAPING,
    **JOINS,
    **GRAPH,
    **BUCKETS,
    **FACETS,
    **WINDOWS,
    **DENSIFY,
    **FILL,
    **SOURCES,
    **GEO_NEAR,
    **OUTPUT,
}
_UNBUILT: Final = frozenset(
    (
        "$changeStream",
        "$currentOp",
        "$indexStats",
        "$listLocalSessions",
        "$listSessions",
        "$search",
        "$searchMeta",
        "$vectorSearch",
    )
)
_FIRST: Final = frozenset(SOURCES) | GEO_NEAR.keys() | {"$changeStream"}
_LAST: Final = frozenset(OUTPUT)
_REFUSED: Final[Mapping[str | None, tuple[frozenset[str], int, str]]] = {
    "$facet": (_FIRST | _LAST | FACETS.keys(), 40600, "to be used within a $facet stage"),
    "$lookup": (_LAST, 51047, "within a $lookup's sub-pipeline"),
    "$unionWith": (_LAST, 31441, "within a $unionWith's sub-pipeline"),
}
"""Stages that must not stand in the pipelines some stages hold, with the code and the end of the message."""
_FORGETTING: Final = frozenset(("$group", "$bucket", "$bucketAuto", "$count", "$facet", "$sortByCount"))
"""Stages whose documents are not those that the query found out something about."""
_MOST_STAGES: Final = 1000
_UPDATING: Final = {**PROJECTING, **REPLACING}


def compile_pipeline(stages: Sequence[Any], context: PipelineContext) -> list[Stage]:
    """Compile a pipeline.

    Args:
        stages: The stage documents.
        context: The pipeline's surroundings.

    Returns:
        The stages, in order.

    Raises:
        CommandError: The server would refuse a stage, or the place it stands in.
        NotImplementedError: A stage is not built yet.
    """
    if len(stages) > _MOST_STAGES:
        raise CommandError(9, f"Pipeline length must be no longer than {_MOST_STAGES} stages")
    named = [split_stage(stage) for stage in stages]
    compiled: list[Stage] = []
    for name, operand in named:
        compiled.append(_builder(name)(operand, context))
        if name in _FORGETTING:
            context = replace(context, metadata=context.metadata.forgotten())
    _check_places([name for name, _ in named], context.within)
    later = named if context.within == "$facet" else named[1:]
    if any(name == "$match" and asks_text_index(operand) for name, operand in later):
        raise CommandError(17313, "$match with $text is only allowed as the first pipeline stage")
    return compiled


def _builder(name: str) -> Builder:
    if name in _STAGES:
        return _STAGES[name]
    if name in _UNBUILT:
        raise NotImplementedError(name)
    raise CommandError(40324, f"Unrecognized pipeline stage name: '{name}'")


def _check_places(names: list[str], within: str | None) -> None:
    refused, code, where = _REFUSED.get(within, (frozenset(), 0, ""))
    for at, name in enumerate(names):
        if name in refused:
            raise CommandError(code, f"{name} is not allowed {where}")
        if name in _FIRST and at > 0:
            where = "an optimized pipeline" if name in GEO_NEAR else "a pipeline"
            raise CommandError(
                40603 if name in GEO_NEAR else 40602, f"{name} is only valid as the first stage in {where}"
            )
        if name in _LAST and at < len(names) - 1:
            raise CommandError(40601, f"{name} can only be the final stage in the pipeline")


def compile_update_pipeline(stages: Sequence[Any], context: QueryContext) -> Stage:
    """Compile a pipeline that updates a document.

    Args:
        stages: The stage documents.
        context: The variables and the order of values in force.

    Returns:
        The stages as one.

    Raises:
        CommandError: The server would refuse a stage.
    """
    compiled: list[Stage] = []
    for name, operand in map(split_stage, stages):
        if name not in _UPDATING:
            _builder(name)
            raise CommandError(72, f"{name} is not allowed to be used within an update")
        compiled.append(_UPDATING[name](operand, context))
    return chained(compiled)
