"""Where in a pipeline each stage may stand, and in which pipelines it may not stand at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from ming.mim.data.errors import CommandError
from ming.mim.pipelines.facets import FACETS
from ming.mim.pipelines.geo_near import GEO_NEAR
from ming.mim.pipelines.output import OUTPUT
from ming.mim.pipelines.sources import OF_DATABASES, SOURCES
from ming.mim.pipelines.stages import PipelineContext, split_stage

__all__ = ["check_places"]

_FIRST: Final = frozenset(SOURCES) | GEO_NEAR.keys() | {"$changeStream"}
_LAST: Final = frozenset(OUTPUT)
_NOT_IN_FACETS: Final = _FIRST | _LAST | FACETS.keys()
_REFUSED: Final[Mapping[str | None, tuple[frozenset[str], int, str]]] = {
    "$facet": (_NOT_IN_FACETS, 40600, "to be used within a $facet stage"),
    "$lookup": (_LAST, 51047, "within a $lookup's sub-pipeline"),
    "$unionWith": (_LAST, 31441, "within a $unionWith's sub-pipeline"),
}
"""Stages that must not stand in the pipelines some stages hold, with the code and the end of the message."""


def check_places(stages: Sequence[tuple[str, Any]], context: PipelineContext) -> None:
    """Refuse a pipeline with a stage in the wrong place.

    Args:
        stages: The names of the stages with their operands.
        context: The pipeline's surroundings.

    Raises:
        CommandError: The server would refuse it.
    """
    for at, (name, operand) in enumerate(stages):
        _check_refused(name, operand, context.within)
        if name in _FIRST and at > 0:
            code, where = (40603, "an optimized pipeline") if name in GEO_NEAR else (40602, "a pipeline")
            raise CommandError(code, f"{name} is only valid as the first stage in {where}")
        if name in _LAST and at < len(stages) - 1:
            raise CommandError(40601, f"{name} can only be the final stage in the pipeline")
    if context.within is None:
        _check_first(stages[0][0] if stages else None, context)


def _check_refused(name: str, operand: Any, within: str | None) -> None:
    refused, code, where = _REFUSED.get(within, (frozenset(), 0, ""))
    if name in refused or (within == "$facet" and _holds_refused(operand)):
        raise CommandError(code, f"{name} is not allowed {where}")


def _holds_refused(operand: Any) -> bool:
    """Whether a pipeline within a stage of $facet holds what $facet must not hold."""
    inner = operand.get("pipeline") if isinstance(operand, dict) else None
    if not isinstance(inner, list):
        return False
    return any(
        name in _NOT_IN_FACETS or _holds_refused(inner_operand)
        for name, inner_operand in map(split_stage, inner)
    )


def _check_first(name: str | None, context: PipelineContext) -> None:
    if context.collection is not None:
        if name in OF_DATABASES:
            raise CommandError(73, f"'{name}' can only be run with {{aggregate: 1}}")
    elif name is None:
        raise CommandError(73, "{aggregate: 1} is not valid for an empty pipeline.")
    elif name not in OF_DATABASES:
        raise CommandError(73, f"{{aggregate: 1}} is not valid for '{name}'; a collection is required.")
