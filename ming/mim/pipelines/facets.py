"""The stage that runs several pipelines over the same documents: $facet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from ming.mim.data.errors import CommandError
from ming.mim.data.rendering import shown_field
from ming.mim.data.values import type_name
from ming.mim.pipelines.stages import Builder, Document, PipelineContext, Stage, chained, field_name

__all__ = ["FACETS"]


def _facet(operand: Any, context: PipelineContext) -> Stage:
    if not isinstance(operand, dict) or not operand:
        raise CommandError(
            40169,
            f"the $facet specification must be a non-empty object, but found: {shown_field('$facet', operand)}",
        )
    facets = {name: chained(_compiled(name, stages, context)) for name, stages in operand.items()}

    def run(documents: Iterable[Document]) -> list[Document]:
        everything = list(documents)
        return [{name: list(of_facet(everything)) for name, of_facet in facets.items()}]

    return run


def _compiled(name: str, stages: Any, context: PipelineContext) -> list[Stage]:
    field_name(name)
    if not isinstance(stages, list):
        raise CommandError(40170, f"arguments to $facet must be arrays, {name} is type {type_name(stages)}")
    for at, stage in enumerate(stages):
        if not isinstance(stage, dict):
            raise CommandError(
                40171,
                f"elements of arrays in $facet spec must be non-empty objects, {name} argument contained an element"
                f" of type {type_name(stage)}: {shown_field(str(at), stage)}",
            )
    return context.compile(stages, context.inside("$facet", context.collection, context.variables))


FACETS: Final[Mapping[str, Builder]] = {"$facet": _facet}
"""The builder of the stage, by name."""
