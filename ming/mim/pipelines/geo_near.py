"""The stage ``$geoNear``: all documents near a point, nearest first, with their distances."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from ming.mim.data.errors import INDEX_NOT_FOUND, NAMESPACE_NOT_FOUND, CommandError
from ming.mim.data.values import is_number, type_name
from ming.mim.pipelines.stages import Builder, Document, PipelineContext, Stage, field_path
from ming.mim.pipelines.stages_reshaping import with_value
from ming.mim.queries.conditions import all_of
from ming.mim.queries.filters import compile_filter

__all__ = ["GEO_NEAR"]

_REMOVED: Final[Mapping[str, tuple[int, str]]] = {
    "limit": (50858, "$geoNear no longer supports the 'limit' parameter. Use a $limit stage instead."),
    "num": (50857, "$geoNear no longer supports the 'num' parameter. Use a $limit stage instead."),
    "start": (50856, "$geoNear no longer supports the 'start' argument."),
}


def _geo_near(operand: Any, context: PipelineContext) -> Stage:
    if not isinstance(operand, dict):
        raise CommandError(10065, "invalid parameter: expected an object ($geoNear)")
    for name, (code, message) in _REMOVED.items():
        if name in operand:
            raise CommandError(code, message)
    search = _near_query(operand, context)
    path = field_path(
        _text(operand, "distanceField", 16606, "$geoNear requires a 'distanceField' option as a String")
    )
    places = None
    if "includeLocs" in operand:
        message = "$geoNear requires that 'includeLocs' option is a String"
        places = field_path(_text(operand, "includeLocs", 16607, message))
    factor = _amount(operand, "distanceMultiplier", 1.0)
    query = all_of([compile_filter(search, context), compile_filter(_query(operand), context)])
    order = query.order
    assert order is not None
    distance, place = map(context.metadata.reader, ("geoNearDistance", "geoNearPoint"))

    def reported(document: Document) -> Document:
        made = with_value(document, path, distance(document) * factor)
        return made if places is None else with_value(made, places, place(document))

    def run(documents: Iterable[Document]) -> Iterator[Document]:
        if context.search.exists:
            order.check(context.search.geo)
        return map(reported, sorted(filter(query.matches, documents), key=order.distance))

    return run


def _near_query(operand: Mapping[str, Any], context: PipelineContext) -> Document:
    """Return the stage's search as a filter."""
    if "near" not in operand:
        raise CommandError(5860400, "$geoNear requires a 'near' argument")
    point = operand["near"]
    if isinstance(point, str) and point.startswith("$"):
        raise CommandError(5860402, "$geoNear requires a constant near argument")
    if not isinstance(point, dict | list):
        raise CommandError(
            5860401, "$geoNear requires near argument to be a GeoJSON object or a legacy point(array)"
        )
    search: Document = {"$nearSphere" if operand.get("spherical") else "$near": point}
    for name in ("minDistance", "maxDistance"):
        if name in operand:
            search[f"${name}"] = _amount(operand, name, math.inf)
    return {_key(operand, context): search}


def _query(operand: Mapping[str, Any]) -> Document:
    query = operand.get("query", {})
    if not isinstance(query, dict):
        raise CommandError(14, "query must be an object")
    return query


def _text(operand: Mapping[str, Any], name: str, code: int, message: str) -> str:
    value = operand.get(name)
    if not isinstance(value, str):
        raise CommandError(code, message)
    return value


def _amount(operand: Mapping[str, Any], name: str, default: float) -> float:
    value = operand.get(name, default)
    if not is_number(value):
        raise CommandError(14, f"{name} must be a number")
    if not float(str(value)) >= 0:
        raise CommandError(2, f"{name} must be nonnegative")
    return float(str(value))


def _key(operand: Mapping[str, Any], context: PipelineContext) -> str:
    """Return the field to search, which is that of the only geo index if none is named."""
    if "key" in operand:
        key = operand["key"]
        if not isinstance(key, str):
            raise CommandError(
                14, f"$geoNear parameter 'key' must be of type string but found type: {type_name(key)}"
            )
        if not key:
            raise CommandError(2, "$geoNear parameter 'key' cannot be the empty string")
        return key
    if not context.search.exists:
        raise CommandError(
            NAMESPACE_NOT_FOUND,
            f"$geoNear requires a geo index to run, but {context.database}.{context.collection} does not exist",
        )
    for kind in ("2d", "2dsphere"):
        fields = [field for field, kinds in context.search.geo.items() if kind in kinds]
        if len(fields) > 1:
            raise CommandError(
                INDEX_NOT_FOUND,
                f"There is more than one {kind} index on {context.database}.{context.collection}; unsure which to"
                " use for $geoNear",
            )
        if fields:
            return fields[0]
    raise CommandError(INDEX_NOT_FOUND, "$geoNear requires a 2d or 2dsphere index, but none were found")


GEO_NEAR: Final[Mapping[str, Builder]] = {"$geoNear": _geo_near}
"""The stage."""
