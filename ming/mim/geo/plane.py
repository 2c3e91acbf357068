"""Regions of the plane, for the legacy shapes of geo queries: boxes, circles, polygons of coordinate
pairs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

__all__ = ["Box", "Circle", "FlatPolygon", "FlatRegion", "Pair", "flat_distance"]

Pair = tuple[float, float]


def flat_distance(a: Pair, b: Pair) -> float:
    """Return the distance of two points of the plane."""
    x, y = a[0] - b[0], a[1] - b[1]
    return math.sqrt(x * x + y * y)


class FlatRegion(Protocol):
    """A part of the plane."""

    def contains(self, point: Pair) -> bool:
        """Whether a point lies in the region."""
        ...


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle, given by two opposite corners."""

    one: Pair
    other: Pair

    def contains(self, point: Pair) -> bool:
        """Whether a point lies in the box or on its border."""
        return all(
            min(first, second) <= own <= max(first, second)
            for first, second, own in zip(self.one, self.other, point, strict=True)
        )


@dataclass(frozen=True, slots=True)
class Circle:
    """A disc with its border."""

    centre: Pair
    radius: float

    def contains(self, point: Pair) -> bool:
        """Whether a point lies in the disc."""
        for axis in (0, 1):
            if point[axis] == self.centre[axis]:
                # Right beside or above the centre, the sum is more precise than the difference.
                lower, upper = sorted((point[1 - axis], self.centre[1 - axis]))
                return upper <= lower + self.radius
        return flat_distance(point, self.centre) <= self.radius


@dataclass(frozen=True, slots=True)
class FlatPolygon:
    """A polygon; as on the server, corners and level and upright edges belong to it, others only in part."""

    corners: Sequence[Pair]

    def contains(self, point: Pair) -> bool:
        """Whether a point lies in the polygon."""
        x, y = point
        inside = False
        for one, other in zip(self.corners, [*self.corners[1:], self.corners[0]], strict=True):
            (x1, y1), (x2, y2) = one, other
            upright_or_level = x1 == x2 or y1 == y2
            if point == one or (upright_or_level and Box(one, other).contains(point)):
                return True
            if min(y1, y2) < y <= max(y1, y2) and x <= (y - y1) * (x2 - x1) / (y2 - y1) + x1:
                inside = not inside
        return inside
