"""The geo operators that select: ``$geoWithin`` and ``$geoIntersects``. Those that measure are in `near`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from ming.mim.data.errors import CommandError
from ming.mim.data.rendering import shown, shown_field
from ming.mim.data.values import is_number
from ming.mim.geo.geojson import Place, bad_geometry, legacy_place, parse_geojson, parse_pair, parse_stored
from ming.mim.geo.geometries import Cap, Geometry
from ming.mim.geo.plane import Box, Circle, FlatPolygon, FlatRegion, Pair
from ming.mim.geo.sphere import vector_at
from ming.mim.queries.conditions import Condition, Leaf

__all__ = ["GEO"]

_Shape = FlatRegion | Cap | Place


def _within(operand: Any) -> Condition:
    shape = _shape(operand)
    if isinstance(shape, Place):
        if shape.geometry is None or not shape.geometry.polygons:
            raise _unsupported("$within", "$geoWithin", operand)
        return _on_sphere(shape.geometry.contains)
    if isinstance(shape, Cap):
        return _on_sphere(shape.contains)
    return _on_plane(shape.contains)


def _intersects(operand: Any) -> Condition:
    shape = _shape(operand)
    if not isinstance(shape, Place) or shape.geometry is None:
        raise _unsupported("$geoIntersect", "$geoIntersects", operand)
    return _on_sphere(shape.geometry.intersects)


def _unsupported(what: str, operator: str, operand: Any) -> CommandError:
    return bad_geometry(
        f"{what} not supported with provided geometry: {shown({operator: operand}, spaced=True)}"
    )


def _on_sphere(decide: Callable[[Geometry], bool]) -> Condition:
    def test(value: Any) -> bool:
        place = parse_stored(value)
        return place is not None and place.geometry is not None and decide(place.geometry)

    return Leaf(test)


def _on_plane(decide: Callable[[Pair], bool]) -> Condition:
    def test(value: Any) -> bool:
        place = parse_stored(value)
        return place is not None and place.pair is not None and decide(place.pair)

    return Leaf(test)


# -- shapes -------------------------------------------------------------------------------------------


def _shape(operand: Any) -> _Shape:
    if not isinstance(operand, dict):
        raise bad_geometry("geometry must be an object")
    shape: _Shape | None = None
    for name, value in operand.items():
        if name == "$uniqueDocs":
            continue
        if name not in _SHAPES or not isinstance(value, dict | list):
            raise bad_geometry(f"unknown geo specifier: {shown_field(name, value)}")
        shape = _SHAPES[name](value)
    if shape is None:
        raise bad_geometry("geo query doesn't have any geometry")
    return shape


def _geometry(value: Any) -> Place:
    if isinstance(value, dict) and ("type" in value or not value or "coordinates" in value):
        return parse_geojson(value)
    return legacy_place(parse_pair(value))


def _items(value: Any) -> list[Any]:
    return list(value.values()) if isinstance(value, dict) else value


def _box(value: Any) -> Box:
    corners = [*_items(value), None, None]
    return Box(parse_pair(corners[0]), parse_pair(corners[1]))


def _circle(value: Any) -> tuple[Pair, float]:
    centre, radius, *more = [*_items(value), None, None][: max(2, len(value))]
    pair = parse_pair(centre)
    number = float(str(radius)) if is_number(radius) else -1.0
    if not number >= 0:
        raise bad_geometry("radius must be a non-negative number")
    if more:
        raise bad_geometry("Only 2 fields allowed for circular region")
    return pair, number


def _centre(value: Any) -> Circle:
    return Circle(*_circle(value))


def _centre_sphere(value: Any) -> Cap:
    (longitude, latitude), radius = _circle(value)
    if abs(longitude) > 180 or abs(latitude) > 90:
        raise bad_geometry(f"longitude/latitude is out of bounds, lng: {longitude:g} lat: {latitude:g}")
    return Cap(vector_at(longitude, latitude), radius)


def _flat_polygon(value: Any) -> FlatPolygon:
    corners = [parse_pair(each) for each in _items(value)]
    if len(corners) < 3:
        raise bad_geometry("Polygon must have at least 3 points")
    return FlatPolygon(corners)


_SHAPES: Final[Mapping[str, Callable[[Any], _Shape]]] = {
    "$geometry": _geometry,
    "$box": _box,
    "$center": _centre,
    "$centerSphere": _centre_sphere,
    "$polygon": _flat_polygon,
}

GEO: Final[Mapping[str, Callable[[Any], Condition]]] = {
    "$geoWithin": _within,
    "$within": _within,
    "$geoIntersects": _intersects,
}
"""Builders of the operators."""
