"""Aggregation pipelines: the table of stages. Where each may stand is in `stage_places`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from ming.mim.data.errors import CommandError
from ming.mim.expressions.slots import lookups_in_slots
from ming.mim.pipelines.buckets import BUCKETS
from ming.mim.pipelines.densify import DENSIFY
from ming.mim.pipelines.facets import FACETS
from ming.mim.pipelines.fill import FILL
from ming.mim.pipelines.geo_near import GEO_NEAR
from ming.mim.pipelines.graph_lookup import GRAPH
from ming.mim.pipelines.joins import JOINS
from ming.mim.pipelines.output import OUTPUT
from ming.mim.pipelines.sources import SOURCES
from ming.mim.pipelines.stage_places import check_places
from ming.mim.pipelines.stages import Builder, PipelineContext, Stage, chained, split_stage
from ming.mim.pipelines.stages_basic import BASIC, PROJECTING
from ming.mim.pipelines.stages_reshaping import REPLACING, RESHAPING
from ming.mim.pipelines.windows import WINDOWS
from ming.mim.queries.filters import QueryContext
from ming.mim.queries.text_search import asks_text_index

__all__ = ["STAGES", "UNBUILT_STAGES", "compile_pipeline", "compile_update_pipeline"]

STAGES: Final[Mapping[str, Builder]] = {
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
UNBUILT_STAGES: Final = frozenset(
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
    in_slots = lookups_in_slots(named) if context.within in (None, "$unionWith") else frozenset[int]()
    for at, (name, operand) in enumerate(named):
        compiled.append(_builder(name)(operand, replace(context, in_slots=at in in_slots)))
        if name in _FORGETTING:
            context = replace(context, metadata=context.metadata.forgotten())
    check_places(named, context)
    later = named if context.within == "$facet" else named[1:]
    if any(name == "$match" and asks_text_index(operand) for name, operand in later):
        raise CommandError(17313, "$match with $text is only allowed as the first pipeline stage")
    return compiled


def _builder(name: str) -> Builder:
    if name in STAGES:
        return STAGES[name]
    if name in UNBUILT_STAGES:
        raise NotImplementedError(name)
    raise CommandError(40324, f"Unrecognized pipeline stage name: '{name}'")


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
