"""Geometries on the sphere, and how they lie to each other: within, intersecting, how far from a point.

A geometry is points, lines and polygons; the types of GeoJSON differ only in how many of each there are.
Edges are great circles. As on the server, points are as large as their cells, so they lie in the polygons and
on the lines they touch, whereas lines and polygons that merely touch a polygon do not intersect it. Where
borders coincide in part, this module looks at the corners and the middles of edges only, which is less than
the server does.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ming.mim.geo.cells import cell_at
from ming.mim.geo.sphere import (
    Edge,
    Loop,
    Vector,
    angle,
    antipode,
    beside,
    crossing,
    distance_to_edge,
    edges_of,
)

__all__ = ["Cap", "Geometry", "Polygon"]

_TOUCHING: Final = 1e-9
"""The angle below which two places are the same: 6 mm on the earth."""
_BESIDE: Final = 1e-8
"""How far from the middle of an edge a place is looked at to know on which side a polygon is."""


class Polygon:
    """A region with holes.

    Args:
        loops: Its border, and those of the holes.
    """

    def __init__(self, loops: Sequence[Loop]) -> None:
        self.loops = list(loops)
        self.edges = [edge for loop in loops for edge in loop.edges]

    def contains_point(self, point: Vector) -> bool:
        """Whether a point is inside or touches the inside."""
        return self._inside(point) or self.meets_point(point)

    def contains_line(self, vertices: Sequence[Vector]) -> bool:
        """Whether a line lies inside, the border included."""
        edges = edges_of(vertices, closed=False)
        return not self._crossed_by(edges) and all(map(self._covers, _places_on(vertices, edges)))

    def contains_polygon(self, other: Polygon) -> bool:
        """Whether another polygon lies inside, the border included."""
        if not all(self.contains_line([*loop.vertices, loop.vertices[0]]) for loop in other.loops):
            return False
        # A hole may only lie where the other polygon has a hole, too.
        return not any(other._has_within(place) for hole in self.loops[1:] for place in hole.vertices)

    def meets_point(self, point: Vector) -> bool:
        """Whether the cell of a point reaches into the polygon."""
        cell = cell_at(point)
        return self._inside(cell.centre) or self._crossed_by(cell.edges)

    def meets_line(self, vertices: Sequence[Vector]) -> bool:
        """Whether a part of a line lies inside."""
        edges = edges_of(vertices, closed=False)
        return self._crossed_by(edges) or any(map(self._has_within, _places_on(vertices, edges)))

    def meets_polygon(self, other: Polygon) -> bool:
        """Whether another polygon has a part in common with this one."""
        return (
            self._crossed_by(other.edges)
            or any(map(self._has_within, other._inner_places()))
            or any(map(other._has_within, self._inner_places()))
        )

    def distance(self, point: Vector) -> float:
        """Return the distance from a point, zero if it is inside."""
        return 0.0 if self._inside(point) else self._from_border(point)

    def _inside(self, point: Vector) -> bool:
        return sum(loop.contains(point) for loop in self.loops) % 2 == 1

    def _from_border(self, point: Vector) -> float:
        return min(distance_to_edge(point, edge) for edge in self.edges)

    def _covers(self, point: Vector) -> bool:
        """Whether a point is inside or on the border."""
        return self._inside(point) or self._from_border(point) < _TOUCHING

    def _has_within(self, point: Vector) -> bool:
        """Whether a point is inside and not on the border."""
        return self._inside(point) and self._from_border(point) > _TOUCHING

    def _crossed_by(self, edges: Sequence[Edge]) -> bool:
        return any(crossing(own, edge) > 0 for own in self.edges for edge in edges)

    def _inner_places(self) -> list[Vector]:
        """Return a place inside near each edge of the outer border."""
        return [beside(edge, _BESIDE) for edge in self.loops[0].edges]


def _places_on(vertices: Sequence[Vector], edges: Sequence[Edge]) -> list[Vector]:
    return [*vertices, *(beside(edge, 0.0) for edge in edges)]


def _line_distance(vertices: Sequence[Vector], point: Vector) -> float:
    return min(distance_to_edge(point, edge) for edge in edges_of(vertices, closed=False))


def _line_meets_point(vertices: Sequence[Vector], point: Vector) -> bool:
    cell = cell_at(point)
    return any(cell_at(vertex).place == cell.place for vertex in vertices) or any(
        crossing(edge, side) >= 0 for edge in edges_of(vertices, closed=False) for side in cell.edges
    )


def _lines_meet(one: Sequence[Vector], other: Sequence[Vector]) -> bool:
    others = edges_of(other, closed=False)
    return any(crossing(edge, each) >= 0 for edge in edges_of(one, closed=False) for each in others)


@dataclass(frozen=True, slots=True)
class Geometry:
    """Points, lines and polygons."""

    points: Sequence[Vector] = ()
    lines: Sequence[Sequence[Vector]] = ()
    polygons: Sequence[Polygon] = ()

    def distance(self, point: Vector) -> float:
        """Return the angle between a point and the nearest place of the geometry."""
        return min(
            [angle(point, own) for own in self.points]
            + [_line_distance(line, point) for line in self.lines]
            + [polygon.distance(point) for polygon in self.polygons],
            default=math.inf,
        )

    def contains(self, other: Geometry) -> bool:
        """Whether each part of another geometry lies in one of the polygons."""
        return (
            all(any(own.contains_point(point) for own in self.polygons) for point in other.points)
            and all(any(own.contains_line(line) for own in self.polygons) for line in other.lines)
            and all(any(own.contains_polygon(part) for own in self.polygons) for part in other.polygons)
        )

    def intersects(self, other: Geometry) -> bool:
        """Whether another geometry has a part in common with this one."""
        return (
            any(map(other._touches, self.points))
            or any(map(self._touches, other.points))
            or any(_lines_meet(own, line) for own in self.lines for line in other.lines)
            or any(polygon.meets_line(line) for polygon in self.polygons for line in other.lines)
            or any(polygon.meets_line(line) for polygon in other.polygons for line in self.lines)
            or any(own.meets_polygon(each) for own in self.polygons for each in other.polygons)
        )

    def _touches(self, point: Vector) -> bool:
        return (
            any(cell_at(own).place == cell_at(point).place for own in self.points)
            or any(_line_meets_point(line, point) for line in self.lines)
            or any(polygon.meets_point(point) for polygon in self.polygons)
        )


@dataclass(frozen=True, slots=True)
class Cap:
    """All places within some angle of a centre."""

    centre: Vector
    radius: float

    def contains(self, other: Geometry) -> bool:
        """Whether a geometry lies in the cap as a whole, that is, far enough from the opposite point."""
        if any(angle(self.centre, point) > self.radius for point in other.points):
            return False
        return other.distance(antipode(self.centre)) >= math.pi - self.radius
