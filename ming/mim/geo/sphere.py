"""Geometry on the unit sphere: vectors, great-circle edges, loops.

The predicates are those of the S2 library, which the server uses: orientation by a determinant, computed
again with care where it is near zero, and with symbolic perturbation where it is zero. So points on an edge
or a corner of a polygon fall on the same side as on the server. `geometries` builds on this module.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import combinations, pairwise
from typing import Final

__all__ = [
    "Edge",
    "Loop",
    "Vector",
    "angle",
    "antipode",
    "beside",
    "crossing",
    "distance_to_edge",
    "edges_of",
    "normalized",
    "vector_at",
]

Vector = tuple[float, float, float]
Edge = tuple[Vector, Vector]

_CERTAIN: Final = 1.6e-15
"""A larger determinant has the right sign for certain."""


def vector_at(longitude: float, latitude: float) -> Vector:
    """Return the unit vector of a place given in degrees."""
    phi, theta = latitude * (math.pi / 180), longitude * (math.pi / 180)
    return (math.cos(theta) * math.cos(phi), math.sin(theta) * math.cos(phi), math.sin(phi))


def antipode(a: Vector) -> Vector:
    """Return the opposite point."""
    return (-a[0], -a[1], -a[2])


def _dot(a: Vector, b: Vector) -> float:
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


def _cross(a: Vector, b: Vector) -> Vector:
    return (a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0])


def _scaled_sum(a: Vector, factor: float, b: Vector) -> Vector:
    return (a[0] + factor * b[0], a[1] + factor * b[1], a[2] + factor * b[2])


def _norm(a: Vector) -> float:
    return math.sqrt(_dot(a, a))


def normalized(a: Vector) -> Vector:
    """Return a vector's direction."""
    scale = 1.0 / _norm(a)
    return (a[0] * scale, a[1] * scale, a[2] * scale)


def angle(a: Vector, b: Vector) -> float:
    """Return the angle between two vectors, the distance on the unit sphere."""
    return math.atan2(_norm(_cross(a, b)), _dot(a, b))


def distance_to_edge(x: Vector, edge: Edge) -> float:
    """Return the distance of a point from a great-circle edge."""
    a, b = edge
    # The normal of the edge's plane, computed so that it is precise for short edges.
    normal = _cross(_scaled_sum(b, 1.0, a), _scaled_sum(b, -1.0, a))
    projected = _scaled_sum(x, -_dot(x, normal) / _dot(normal, normal), normal)
    if _dot(_cross(normal, a), projected) > 0 and _dot(_cross(projected, b), normal) > 0:
        return angle(x, normalized(projected))
    return min(angle(x, a), angle(x, b))


def beside(edge: Edge, distance: float) -> Vector:
    """Return the place some angle to the left of the middle of an edge."""
    a, b = edge
    middle = normalized(_scaled_sum(a, 1.0, b))
    return normalized(_scaled_sum(middle, distance, normalized(_cross(a, b)))) if distance else middle


def edges_of(vertices: Sequence[Vector], closed: bool) -> list[Edge]:
    """Return the edges between successive vertices, and that back to the first if the line is closed."""
    edges = list(pairwise(vertices))
    return [*edges, (vertices[-1], vertices[0])] if closed else edges


# -- orientation --------------------------------------------------------------------------------------


def orientation(a: Vector, b: Vector, c: Vector) -> int:
    """Return 1 if three points are counterclockwise, -1 if clockwise, 0 only if two are the same."""
    determinant = _dot(_cross(a, b), c)
    if abs(determinant) > _CERTAIN:
        return 1 if determinant > 0 else -1
    return _careful_orientation(a, b, c)


def _toward(a: Vector, b: Vector) -> float:
    """Return the sign that makes ``a + sign * b`` the short one of sum and difference."""
    return -1.0 if _dot(a, b) > 0 else 1.0


def _careful_orientation(a: Vector, b: Vector, c: Vector) -> int:
    if a in (b, c) or b == c:
        return 0
    to_b, to_c, to_a = _toward(a, b), _toward(b, c), _toward(c, a)
    ab, bc, ca = _scaled_sum(a, to_b, b), _scaled_sum(b, to_c, c), _scaled_sum(c, to_a, a)
    long_ab, long_bc, long_ca = _dot(ab, ab), _dot(bc, bc), _dot(ca, ca)
    # The vertex opposite the longest edge is the origin of the computation.
    if long_ca < long_bc or (long_ca == long_bc and a < b):
        if long_ab < long_bc or (long_ab == long_bc and a < c):
            determinant = _dot(_cross(ab, ca), a) * to_b
        else:
            determinant = _dot(_cross(ca, bc), c) * to_a
    elif long_ab < long_ca or (long_ab == long_ca and b < c):
        determinant = _dot(_cross(bc, ab), b) * to_c
    else:
        determinant = _dot(_cross(ca, bc), c) * to_a
    if determinant:
        return 1 if determinant > 0 else -1
    return next((sign for first in (1, 2, 0) if (sign := _planar_orientation(first, a, b, c))), 0)


def _planar_orientation(first: int, *points: Vector) -> int:
    """Return the orientation of points around the origin in the plane of an axis and the next one."""
    flat = [(point[first], point[(first + 1) % 3]) for point in points]
    turns = sum(_planar_turn(flat[at], flat[(at + 1) % 3]) for at in range(3))
    return (turns > 0) - (turns < 0)


def _planar_turn(a: tuple[float, float], b: tuple[float, float]) -> int:
    toward = -1.0 if a[0] * b[0] + a[1] * b[1] > 0 else 1.0
    between = (a[0] + toward * b[0], a[1] + toward * b[1])
    long_a, long_b = a[0] * a[0] + a[1] * a[1], b[0] * b[0] + b[1] * b[1]
    if long_a < long_b or (long_a == long_b and a < b):
        turn = (a[0] * between[1] - a[1] * between[0]) * toward
    else:
        turn = between[0] * b[1] - between[1] * b[0]
    return (turn > 0) - (turn < 0)


def _ordered(a: Vector, b: Vector, c: Vector, around: Vector) -> bool:
    """Whether one meets ``a``, ``b`` and ``c`` in this order when going round a point counterclockwise."""
    return (
        (orientation(b, around, a) >= 0) + (orientation(c, around, b) >= 0) + (orientation(a, around, c) > 0)
    ) >= 2


# -- edges --------------------------------------------------------------------------------------------


def crossing(ab: Edge, cd: Edge) -> int:
    """Return 1 if two edges cross at inner points, 0 if they share a vertex, -1 otherwise."""
    (a, b), (c, d) = ab, cd
    acb = -orientation(a, b, c)
    bda = orientation(a, b, d)
    if bda == -acb and bda != 0:
        return -1
    if bda == 0 or acb == 0:
        return 0
    return 1 if -orientation(c, d, b) == acb == orientation(c, d, a) else -1


def _perpendicular(a: Vector) -> Vector:
    largest = max(range(3), key=lambda axis: abs(a[axis]))
    other = [0.012, 0.0053, 0.00457]
    other[(largest - 1) % 3] = 1.0
    return normalized(_cross(a, (other[0], other[1], other[2])))


def _crosses_at_vertex(ab: Edge, cd: Edge) -> bool:
    """Whether two edges that share a vertex count as crossing there; exactly one of two neighbours does."""
    (a, b), (c, d) = ab, cd
    if a == b or c == d:
        return False
    if a == c:
        return _ordered(_perpendicular(a), d, b, a)
    if b == d:
        return _ordered(_perpendicular(b), c, a, b)
    if a == d:
        return _ordered(_perpendicular(a), c, b, a)
    return b == c and _ordered(_perpendicular(b), d, a, b)


def _passes(ab: Edge, cd: Edge) -> bool:
    found = crossing(ab, cd)
    return found > 0 or (found == 0 and _crosses_at_vertex(ab, cd))


# -- loops --------------------------------------------------------------------------------------------


_ORIGIN: Final = normalized((0.00457, 1.0, 0.0321))
"""A point that no usual geometry touches; whether a loop contains it is found out first."""


class Loop:
    """A closed line of great-circle edges; of the two regions it separates, the smaller one is inside.

    Args:
        vertices: Its corners, the first not repeated.
    """

    def __init__(self, vertices: Sequence[Vector]) -> None:
        self.vertices = list(vertices)
        if self._turning() < -1e-14:
            self.vertices.reverse()
        self.edges = edges_of(self.vertices, closed=True)
        self._origin_inside = False
        before, corner, after = self.vertices[:3]
        if _ordered(_perpendicular(corner), before, after, corner) != self.contains(corner):
            self._origin_inside = True

    def _turning(self) -> float:
        """Return the sum of the angles turned at the corners: positive if the region on the left is the
        smaller."""
        total = 0.0
        count = len(self.vertices)
        for at, corner in enumerate(self.vertices):
            before, after = self.vertices[at - 1], self.vertices[(at + 1) % count]
            turned = angle(_cross(before, corner), _cross(corner, after))
            total += turned if orientation(before, corner, after) > 0 else -turned
        return total

    def contains(self, point: Vector) -> bool:
        """Whether a point is inside. Of the points on edges, some are: neighbouring loops share them out."""
        ray = (_ORIGIN, point)
        passed = sum(_passes(ray, edge) for edge in self.edges)
        return self._origin_inside ^ (passed % 2 == 1)

    def crossing_edges(self) -> tuple[int, int] | None:
        """Return the positions of two edges that cross each other, None if there are none."""
        pairs = combinations(enumerate(self.edges), 2)
        return next(((one, two) for (one, edge), (two, other) in pairs if crossing(edge, other) > 0), None)
