"""The cells that a server takes points for where it asks which geometries they touch.

These are the leaf cells of the S2 library: each face of a cube around the sphere is divided into a grid of
about a centimetre. A point on the border of a polygon lies in it if the point's cell reaches into it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from ming.mim.geo.sphere import Edge, Vector, edges_of, normalized

__all__ = ["Cell", "cell_at"]

_HALF: Final = 2**29
"""Half the number of cells along the edge of a face."""


class Cell(NamedTuple):
    """A square of about a centimetre."""

    place: tuple[int, int, int]
    """The face, and the column and row in it."""
    corners: Sequence[Vector]
    edges: Sequence[Edge]
    centre: Vector


@lru_cache(maxsize=1024)
def cell_at(point: Vector) -> Cell:
    """Return the cell that a point lies in."""
    axis = max(range(3), key=lambda each: abs(point[each]))
    face = axis if point[axis] > 0 else axis + 3
    u, v = _TO_FACE[face](*point)
    column, row = _index(u), _index(v)
    sides = ((0, 0), (1, 0), (1, 1), (0, 1))
    corners = [_from_grid(face, column + right, row + up) for right, up in sides]
    return Cell(
        (face, column, row),
        corners,
        edges_of(corners, closed=True),
        _from_grid(face, column + 0.5, row + 0.5),
    )


_TO_FACE: Final[Sequence[Callable[[float, float, float], tuple[float, float]]]] = (
    lambda x, y, z: (y / x, z / x),
    lambda x, y, z: (-x / y, z / y),
    lambda x, y, z: (-x / z, -y / z),
    lambda x, y, z: (z / x, y / x),
    lambda x, y, z: (z / y, -x / y),
    lambda x, y, z: (-y / z, -x / z),
)
_FROM_FACE: Final[Sequence[Callable[[float, float], Vector]]] = (
    lambda u, v: (1.0, u, v),
    lambda u, v: (-u, 1.0, v),
    lambda u, v: (-u, -v, 1.0),
    lambda u, v: (-1.0, -v, -u),
    lambda u, v: (v, -1.0, -u),
    lambda u, v: (v, u, -1.0),
)


def _index(u: float) -> int:
    """Return the column or row of a coordinate on a face, of which the middle is stretched."""
    s = math.sqrt(1 + 3 * u) - 1 if u >= 0 else 1 - math.sqrt(1 - 3 * u)
    return max(0, min(2 * _HALF - 1, round(_HALF * s + (_HALF - 0.5))))


def _coordinate(index: float) -> float:
    s = index / _HALF - 1
    return ((1 + s) * (1 + s) - 1) / 3 if s >= 0 else (1 - (1 - s) * (1 - s)) / 3


def _from_grid(face: int, column: float, row: float) -> Vector:
    return normalized(_FROM_FACE[face](_coordinate(column), _coordinate(row)))
