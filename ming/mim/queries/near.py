"""``$near`` and ``$nearSphere``: the distance of documents from a point, which also orders them.

Distances are metres on a sphere with the radius the server uses, radians for legacy points on the sphere, and
plain numbers on the plane. The stage that reports them is in `geo_near`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from ming.mim.data.errors import CommandError
from ming.mim.data.metadata import Metadata
from ming.mim.data.path import Path
from ming.mim.data.rendering import shown, shown_field
from ming.mim.data.values import is_number
from ming.mim.geo.geojson import bad_geometry, is_geojson, parse_geojson, parse_pair, parse_stored
from ming.mim.geo.plane import Pair, flat_distance
from ming.mim.geo.sphere import vector_at
from ming.mim.queries.conditions import Filter, Order

__all__ = ["EARTH_RADIUS", "NEAR", "Near", "near_condition"]

EARTH_RADIUS: Final = 6378100.0
"""In metres."""
NEAR: Final = frozenset(("$near", "$nearSphere", "$geoNear"))
"""The names the operator has."""

Document = dict[str, Any]


class Found(NamedTuple):
    """The nearest place of a document."""

    distance: float
    place: Any


@dataclass(frozen=True, slots=True)
class Near:
    """A search for the documents nearest to a point."""

    measure: Callable[[Any], float | None]
    """Gives the distance of a stored value, None if it is no place."""
    index_kinds: frozenset[str]
    """The kinds of index, one of which the field must have."""
    least: float = 0.0
    most: float = math.inf

    def nearest(self, document: Document, path: Path) -> Found | None:
        """Return the nearest place that a document has at a path, None if all are too near or too far."""
        found = [
            Found(distance, value)
            for value in path.values(document, expand=True)
            if (distance := self.measure(value)) is not None
        ]
        best = min(found, key=lambda each: each.distance, default=None)
        return best if best is not None and self.least <= best.distance <= self.most else None


@dataclass(frozen=True, slots=True)
class NearCondition:
    """What ``$near`` asks of a field."""

    near: Near
    metadata: Metadata

    def on_path(self, path: Path) -> Filter:
        """Return the filter; it gives the order of documents, too."""
        metadata = self.metadata
        metadata.provide("geoNearDistance")
        metadata.provide("geoNearPoint")
        distance = metadata.reader("geoNearDistance")

        def matches(document: Document) -> bool:
            found = self.near.nearest(document, path)
            if found is None:
                return False
            metadata.note("geoNearDistance", document, found.distance)
            metadata.note("geoNearPoint", document, found.place)
            return True

        return Filter(matches, order=Order(distance, path.dotted, self.near.index_kinds))

    def on_value(self, value: Any) -> bool:
        """Refuse to be asked of an element of an array."""
        raise bad_geometry("geo $near must be top-level expr")


def near_condition(name: str, operand: Mapping[str, Any], metadata: Metadata) -> NearCondition:
    """Compile the operators beside a field, one of which is ``$near``.

    Args:
        name: ``$near`` or one of its other names.
        operand: The operators.
        metadata: Where to keep the distances.

    Raises:
        CommandError: The server would refuse the operand.
    """
    argument = operand[name]
    others = {other: value for other, value in operand.items() if other != name}
    if next(iter(operand)) != name or not isinstance(argument, dict | list):
        raise bad_geometry(f"near must be first in: {shown(operand, spaced=True)}")
    try:
        near = _legacy(name, argument, others)
    except _NoPoint:
        near = _modern(argument, others)
    return NearCondition(near, metadata)


class _NoPoint(Exception):
    """The operand is no point itself."""


# -- {$near: {$geometry: point, $maxDistance: 5}} -----------------------------------------------------


def _modern(argument: Any, others: Mapping[str, Any]) -> Near:
    given = argument if isinstance(argument, dict) else {str(at): item for at, item in enumerate(argument)}
    limits: dict[str, float] = {}
    point: Any = None
    for name, value in given.items():
        if name == "$geometry" and isinstance(value, dict | list):
            point = value
        elif name in _LIMITS:
            limits[name] = _limit(name, value, 2, 2)
        elif name != "$geometry":
            raise bad_geometry(f"invalid argument in geo near query: {name}")
    if point is None:
        raise bad_geometry("$geometry is required for geo near query")
    if not isinstance(point, dict) or not point.keys() & {"coordinates", "type"}:
        raise bad_geometry(f"$near requires geojson point, given {shown(point, spaced=True)}")
    try:
        pair = _pair_of_geojson({**point, "type": "Point"})
    except CommandError as error:
        raise bad_geometry(
            f"invalid point in geo near query $geometry argument: {shown(point, spaced=True)}  {error}"
        ) from error
    for name, value in others.items():
        if name not in _LIMITS:
            raise CommandError(34413, f"invalid argument in geo near query: {name}")
        raise bad_geometry(
            "geo near accepts just one argument when querying for a GeoJSON point. Extra field found:"
            f" {shown_field(name, value)}"
        )
    return _spherical(pair, 1.0, frozenset(("2dsphere",)), limits)


def _pair_of_geojson(value: Mapping[str, Any]) -> Pair:
    pair = parse_geojson(value).pair
    assert pair is not None
    return pair


# -- {$near: [x, y], $maxDistance: 5} -----------------------------------------------------------------


def _legacy(name: str, argument: Any, others: Mapping[str, Any]) -> Near:
    try:
        pair = _pair_of_geojson(argument) if _is_point(argument) else parse_pair(argument)
        limits = _third_coordinate(argument)
    except CommandError as error:
        if error.code != 2:
            raise
        raise _NoPoint from error
    for other, value in others.items():
        if other in _LIMITS:
            limits[other] = _limit(other, value, *_LIMITS[other])
        elif other != "$uniqueDocs":
            raise CommandError(34413, f"invalid argument in geo near query: {other}")
    if _is_point(argument):
        return _spherical(pair, 1.0, frozenset(("2dsphere",)), limits)
    if name == "$nearSphere":
        if abs(pair[0]) > 180 or abs(pair[1]) > 90:
            raise bad_geometry("Legacy point is out of bounds for spherical query")
        return _spherical(pair, EARTH_RADIUS, frozenset(("2d", "2dsphere")), limits)
    return _flat(pair, limits)


def _is_point(argument: Any) -> bool:
    return is_geojson(argument) and argument["type"] == "Point"


def _third_coordinate(argument: Any) -> dict[str, float]:
    """Return the distance that may stand behind the coordinates."""
    given = list(argument.values()) if isinstance(argument, dict) else argument
    if _is_point(argument) or len(given) < 3:
        return {}
    if not is_number(given[2]):
        raise bad_geometry("not a distance")
    most = float(str(given[2]))
    if not most >= 0:
        raise CommandError(18522, "max distance must be non-negative")
    return {"$maxDistance": most}


_LIMITS: Final = {"$minDistance": (16893, 16894), "$maxDistance": (16895, 16896)}


def _limit(name: str, value: Any, not_a_number: int, negative: int) -> float:
    if not is_number(value):
        raise CommandError(not_a_number, f"{name} must be a number")
    limit = float(str(value))
    if not 0 <= limit < math.inf:
        raise CommandError(negative, f"{name} must be non-negative")
    return limit


# -- measuring ----------------------------------------------------------------------------------------


def _spherical(pair: Pair, unit: float, kinds: frozenset[str], limits: Mapping[str, float]) -> Near:
    """Return a search on the sphere.

    Args:
        pair: Longitude and latitude of the point.
        unit: What a distance of 1 is in metres.
        kinds: The kinds of index that the server could use.
        limits: The least and the greatest distance.
    """
    centre = vector_at(*pair)

    def measure(value: Any) -> float | None:
        place = parse_stored(value)
        if place is None or place.geometry is None:
            return None
        return place.geometry.distance(centre) * EARTH_RADIUS / unit

    return Near(measure, kinds, limits.get("$minDistance", 0.0), limits.get("$maxDistance", math.inf))


def _flat(pair: Pair, limits: Mapping[str, float]) -> Near:
    def measure(value: Any) -> float | None:
        place = parse_stored(value)
        if place is None or place.pair is None or place.is_geojson:
            return None
        return flat_distance(pair, place.pair)

    return Near(
        measure, frozenset(("2d",)), limits.get("$minDistance", 0.0), limits.get("$maxDistance", math.inf)
    )
