"""GeoJSON objects and legacy coordinate pairs: parsing, and the server's complaints about malformed ones."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeGuard

from ming.mim.data.errors import CommandError
from ming.mim.data.rendering import shown
from ming.mim.data.values import is_number
from ming.mim.geo.geometries import Geometry, Polygon
from ming.mim.geo.sphere import Loop, Vector, crossing, vector_at

__all__ = [
    "Place",
    "bad_geometry",
    "is_geojson",
    "legacy_place",
    "parse_geojson",
    "parse_pair",
    "parse_stored",
]

Pair = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Place:
    """A parsed geometry, on the plane as well as on the sphere where it has a meaning there."""

    pair: Pair | None
    """The coordinates of a single point."""
    geometry: Geometry | None
    """What it is on the sphere: None for coordinates that are no longitude and latitude."""
    is_geojson: bool = True


def bad_geometry(message: str) -> CommandError:
    """Return the error for a geometry the server does not accept."""
    return CommandError(2, message)


def _on_sphere(pair: Pair) -> bool:
    return abs(pair[0]) <= 180 and abs(pair[1]) <= 90


def parse_pair(value: Any) -> Pair:
    """Parse legacy coordinates: the first two elements of an array, or fields of an object.

    Raises:
        CommandError: These are not numbers.
    """
    if not isinstance(value, dict | list):
        raise bad_geometry("Point must be an array or object")
    given = list(value.values() if isinstance(value, dict) else value)[:2]
    if len(given) < 2 or not all(map(is_number, given)):
        raise bad_geometry("Point must only contain numeric elements")
    x, y = (float(str(number)) for number in given)
    if not (math.isfinite(x) and math.isfinite(y)):
        raise bad_geometry("Point coordinates must be finite numbers")
    return x, y


def parse_stored(value: Any) -> Place | None:
    """Parse a value of a document: GeoJSON or a legacy pair.

    Returns:
        The place, or None if it is neither.
    """
    try:
        return parse_geojson(value) if is_geojson(value) else legacy_place(parse_pair(value))
    except CommandError:
        return None


def is_geojson(value: Any) -> TypeGuard[dict[str, Any]]:
    """Whether a value is meant to be GeoJSON."""
    return isinstance(value, dict) and isinstance(value.get("type"), str)


def legacy_place(pair: Pair) -> Place:
    """Return the place of a legacy pair."""
    geometry = Geometry(points=[vector_at(*pair)]) if _on_sphere(pair) else None
    return Place(pair, geometry, is_geojson=False)


def parse_geojson(value: Mapping[str, Any]) -> Place:
    """Parse a GeoJSON object.

    Raises:
        CommandError: It is malformed.
    """
    kind = value.get("type")
    if kind == "GeometryCollection":
        return Place(None, _collection(value))
    if not isinstance(kind, str) or kind not in _PARSERS:
        raise bad_geometry(f"unknown GeoJSON type: {shown(value, spaced=True)}")
    _check_crs(value)
    pair = parse_pair(value.get("coordinates")) if kind == "Point" else None
    return Place(pair, _PARSERS[kind](value.get("coordinates")))


_SYSTEMS: Final = frozenset(("EPSG:4326", "urn:ogc:def:crs:OGC:1.3:CRS84"))
_STRICT_WINDING: Final = "urn:x-mongodb:crs:strictwinding:EPSG:4326"


def _check_crs(value: Mapping[str, Any]) -> None:
    if "crs" not in value:
        return
    crs = value["crs"]
    if not isinstance(crs, dict):
        raise bad_geometry("GeoJSON CRS must be an object")
    if crs.get("type") != "name":
        raise bad_geometry('GeoJSON CRS must have field "type": "name"')
    properties = crs.get("properties")
    if not isinstance(properties, dict):
        raise bad_geometry('CRS must have field "properties" which is an object')
    name = properties.get("name")
    if not isinstance(name, str):
        raise bad_geometry('In CRS, "properties.name" must be a string')
    if name == _STRICT_WINDING:
        if value["type"] != "Polygon":
            raise bad_geometry("Strict winding order is only supported by polygon")
        raise NotImplementedError(_STRICT_WINDING)
    if name not in _SYSTEMS:
        raise bad_geometry(f"Unknown CRS name: {name}")


def _collection(value: Mapping[str, Any]) -> Geometry:
    members = value.get("geometries")
    if not isinstance(members, list):
        raise bad_geometry("GeometryCollection geometries must be an array")
    parsed = []
    for at, member in enumerate(_some(members, "GeometryCollection geometries")):
        if not isinstance(member, dict):
            raise bad_geometry(f'Element {at} of "geometries" is not an object')
        if member.get("type") == "GeometryCollection":
            raise bad_geometry(f"GeometryCollections cannot be nested: {shown(member, spaced=True)}")
        parsed.append(parse_geojson(member).geometry)
    return _joined([geometry for geometry in parsed if geometry is not None])


def _joined(parts: list[Geometry]) -> Geometry:
    return Geometry(
        [point for part in parts for point in part.points],
        [line for part in parts for line in part.lines],
        [polygon for part in parts for polygon in part.polygons],
    )


# -- coordinates --------------------------------------------------------------------------------------


def _some(values: list[Any], what: str) -> list[Any]:
    if not values:
        raise bad_geometry(f"{what} must have at least 1 element")
    return values


def _vector(value: Any) -> Vector:
    pair = parse_pair(value)
    if not _on_sphere(pair):
        raise bad_geometry(f"longitude/latitude is out of bounds, lng: {pair[0]:g} lat: {pair[1]:g}")
    return vector_at(*pair)


def _vectors(value: Any) -> list[Vector]:
    if not isinstance(value, list):
        raise bad_geometry("GeoJSON coordinates must be an array of coordinates")
    return [_vector(item) for item in value]


def _distinct(vectors: list[Vector]) -> list[Vector]:
    """Return points without those that repeat the one before."""
    return [vector for at, vector in enumerate(vectors) if at == 0 or vector != vectors[at - 1]]


def _point(coordinates: Any) -> Geometry:
    return Geometry(points=[_vector(coordinates)])


def _line(coordinates: Any) -> Geometry:
    vertices = _distinct(_vectors(coordinates))
    if len(vertices) < 2:
        raise bad_geometry(
            f"GeoJSON LineString must have at least 2 vertices: {shown(coordinates, spaced=True)}"
        )
    return Geometry(lines=[vertices])


def _polygon(coordinates: Any) -> Geometry:
    if not isinstance(coordinates, list):
        raise bad_geometry("Polygon coordinates must be an array")
    if not coordinates:
        raise bad_geometry("Polygon has no loops.")
    loops = [_loop(each) for each in coordinates]
    border = Polygon(loops[:1])
    for at, hole in enumerate(loops[1:], 1):
        if not _is_hole(hole, border):
            raise bad_geometry(
                "Secondary loops not contained by first exterior loop - secondary loops must be holes:"
                f" {shown(coordinates[at], spaced=True)} first loop: {shown(coordinates[0], spaced=True)}"
            )
        for other, loop in enumerate(loops[:at]):
            _check_apart(at, hole, other, loop)
    return Geometry(polygons=[Polygon(loops)])


def _loop(coordinates: Any) -> Loop:
    if not isinstance(coordinates, list):
        raise bad_geometry("GeoJSON coordinates must be an array of coordinates")
    vertices = _vectors(coordinates)
    if not vertices:
        raise bad_geometry("Loop has no vertices: []")
    if vertices[0] != vertices[-1]:
        raise bad_geometry(f"Loop is not closed: {shown(coordinates, spaced=True)}")
    vertices = _distinct(vertices)[:-1]
    if len(set(vertices)) < 3:
        raise bad_geometry(f"Loop must have at least 3 different vertices: {shown(coordinates, spaced=True)}")
    if len(set(vertices)) < len(vertices):
        raise bad_geometry(f"Loop is not valid: {shown(coordinates, spaced=True)} Duplicate vertices")
    loop = Loop(vertices)
    crossed = loop.crossing_edges()
    if crossed is not None:
        raise bad_geometry(
            f"Loop is not valid: {shown(coordinates, spaced=True)} Edges {crossed[0]} and {crossed[1]} cross."
        )
    return loop


def _is_hole(hole: Loop, border: Polygon) -> bool:
    return border.contains_polygon(Polygon([hole]))


def _check_apart(at: int, hole: Loop, other: int, loop: Loop) -> None:
    """Refuse two loops of a polygon that cross or share an edge."""
    if any(crossing(own, edge) > 0 for own in hole.edges for edge in loop.edges):
        raise bad_geometry(f"Polygon isn't valid: Loop {at} crosses loop {other}")
    if {frozenset(edge) for edge in hole.edges} & {frozenset(edge) for edge in loop.edges}:
        raise bad_geometry(f"Polygon isn't valid: Duplicate edge: loop {at} and loop {other}")


def _many(kind: str, parse: Callable[[Any], Geometry]) -> Callable[[Any], Geometry]:
    """Return the parser of an array of what another parser reads."""

    def parse_all(coordinates: Any) -> Geometry:
        if not isinstance(coordinates, list):
            raise bad_geometry(f"{kind} coordinates must be an array")
        return _joined([parse(each) for each in _some(coordinates, f"{kind} coordinates")])

    return parse_all


_PARSERS: Final[Mapping[str, Callable[[Any], Geometry]]] = {
    "Point": _point,
    "LineString": _line,
    "Polygon": _polygon,
    "MultiPoint": _many("MultiPoint", _point),
    "MultiLineString": _many("MultiLineString", _line),
    "MultiPolygon": _many("MultiPolygon", _polygon),
}
