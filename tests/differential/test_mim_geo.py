"""Geo queries against a server: selecting, measuring, refusing."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from typing import Any

import pytest
from differential.test_mim_core import Twins, thorough
from hypothesis import given
from hypothesis import strategies as st

from ming.mim.data.errors import CommandError
from ming.mim.geo.geojson import parse_geojson

pytestmark = pytest.mark.mongod

Document = dict[str, Any]


def point(longitude: float, latitude: float) -> Document:
    return {"type": "Point", "coordinates": [longitude, latitude]}


def line(*pairs: list[float]) -> Document:
    return {"type": "LineString", "coordinates": list(pairs)}


def rectangle(west: float, south: float, east: float, north: float) -> list[list[float]]:
    return [[west, south], [east, south], [east, north], [west, north], [west, south]]


def polygon(*loops: list[list[float]]) -> Document:
    return {"type": "Polygon", "coordinates": list(loops)}


@pytest.fixture(scope="module")
def twins(mongod_uri: str) -> Iterator[Twins]:
    made = Twins(mongod_uri)
    yield made
    made.close()


def find(twins: Twins, condition: Any, **options: Any) -> None:
    twins.agree({"find": "c", "filter": {"l": condition}, "sort": {"_id": 1}, **options})


# -- selecting ----------------------------------------------------------------------------------------

GRID = [[x / 2, y / 2] for x, y in itertools.product(range(-4, 5), repeat=2)]
REGIONS: list[Document] = [
    {"$geometry": polygon(rectangle(-1, -1, 1, 1))},
    {"$geometry": polygon(rectangle(0, 0, 2, 2)[::-1])},
    {"$geometry": polygon(rectangle(-2, -2, 2, 2), rectangle(-1, -1, 1, 1))},
    {
        "$geometry": {
            "type": "MultiPolygon",
            "coordinates": [[rectangle(-2, -2, -1, -1)], [rectangle(0, 0, 1, 1)]],
        }
    },
    {"$geometry": polygon([[-2, -2], [2, -1], [0, 0], [1, 2], [-2, -2]])},
    {"$box": [[-1, 1], [0.5, -1]]},
    {"$center": [[0.5, 0], 1.5]},
    {"$centerSphere": [[0, 0], 0.02]},
    {"$polygon": [[0, 0], [2, 2], [2, 0]]},
    {"$polygon": [[-2, 0], [0, 2], [2, 0], [0, 1]]},
]


@pytest.mark.parametrize("region", REGIONS, ids=str)
def test_places_on_borders(twins: Twins, region: Document) -> None:
    twins.start([{"_id": at, "l": pair if at % 2 else point(*pair)} for at, pair in enumerate(GRID)])
    find(twins, {"$geoWithin": region})
    find(twins, {"$not": {"$geoWithin": region}})
    if "$geometry" in region:
        find(twins, {"$geoIntersects": region})


class Geometries:
    """Makes geometries in general position: borders that coincide in part are simpler here than on a server."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def pair(self) -> list[float]:
        return [round(self._random.uniform(-9, 9), 3) for _ in range(2)]

    def polygon(self) -> Document:
        while True:
            pairs = [self.pair() for _ in range(self._random.randint(3, 5))]
            made = polygon([*pairs, pairs[0]])
            if is_valid(made):
                return made

    def any(self) -> Document:
        kind = self._random.choice(["Point", "LineString", "Polygon", "GeometryCollection"])
        if kind == "GeometryCollection":
            return {"type": kind, "geometries": [self.any_simple(), self.polygon()]}
        return self.any_simple()

    def any_simple(self) -> Document:
        pairs = [self.pair() for _ in range(self._random.randint(2, 4))]
        return self._random.choice([point(*pairs[0]), line(*pairs), self.polygon()])


def is_valid(geometry: Document) -> bool:
    try:
        parse_geojson(geometry)
    except CommandError:
        return False
    return True


@pytest.mark.parametrize("seed", range(12))
def test_any_geometries(twins: Twins, seed: int) -> None:
    make = Geometries(seed)
    twins.start([{"_id": at, "l": make.any()} for at in range(20)])
    for _ in range(5):
        find(twins, {"$geoIntersects": {"$geometry": make.any()}})
        find(twins, {"$geoWithin": {"$geometry": make.polygon()}})
        find(twins, {"$geoWithin": {"$centerSphere": [make.pair(), 0.1]}})


@pytest.mark.parametrize("seed", range(12))
def test_any_distances(twins: Twins, seed: int) -> None:
    make = Geometries(seed)
    twins.start([{"_id": at, "l": make.any()} for at in range(20)])
    twins.agree({"createIndexes": "c", "indexes": [{"key": {"l": "2dsphere"}, "name": "l"}]})
    centre = make.pair()
    for near in (point(*centre), centre):
        stage = {"$geoNear": {"near": near, "distanceField": "d", "spherical": True}}
        twins.agree({"aggregate": "c", "pipeline": [stage, {"$sort": {"_id": 1}}], "cursor": {}})


PAIRS = st.tuples(st.integers(-30, 30), st.integers(-30, 30)).map(lambda pair: [pair[0] / 10, pair[1] / 10])


@thorough
@given(st.lists(PAIRS, min_size=2, max_size=4), st.lists(PAIRS, min_size=3, max_size=5), st.integers(1, 20))
def test_any_flat_shapes(
    twins: Twins, stored: list[list[float]], corners: list[list[float]], radius: int
) -> None:
    twins.start([{"_id": at, "l": pair} for at, pair in enumerate([*stored, corners[0]])])
    find(twins, {"$geoWithin": {"$polygon": corners}})
    find(twins, {"$geoWithin": {"$box": corners[:2]}})
    find(twins, {"$geoWithin": {"$center": [corners[0], radius / 10]}})


# -- measuring ----------------------------------------------------------------------------------------

ORIGIN = point(0, 0)
ON_SPHERE: list[Document] = [
    {"_id": 1, "l": ORIGIN},
    {"_id": 2, "l": point(1, 1)},
    {"_id": 3, "l": [2, 2]},
    {"_id": 4},
    {"_id": 5, "l": line([3, 0], [3, 5])},
    {"_id": 6, "l": polygon(rectangle(4, 0, 6, 2))},
    {"_id": 7, "l": None},
    {"_id": 8, "l": {"x": 0.2, "y": 0.2}},
]
ON_PLANE: list[Document] = [
    {"_id": 1, "l": [2, 2]},
    {"_id": 2},
    {"_id": 3, "l": {"x": 0.2, "y": 0.2}},
    {"_id": 4, "l": [[7, 7], [1, 0]]},
    {"_id": 5, "l": [1.5, 0]},
]
NEAR: list[Document] = [
    {"$near": {"$geometry": ORIGIN}},
    {"$near": {"$geometry": ORIGIN, "$minDistance": 100000, "$maxDistance": 400000}},
    {"$near": [0, 0]},
    {"$near": [0, 0], "$maxDistance": 2},
    {"$near": [0, 0, 2]},
    {"$nearSphere": [0, 0], "$maxDistance": 0.03},
    {"$nearSphere": ORIGIN, "$maxDistance": 200000},
    {"$near": ORIGIN, "$minDistance": 1},
    {"$geoNear": {"x": 0, "y": 0}},
    {"$near": 5},
    {"$near": []},
    {"$near": {"$geometry": [0, 0]}},
    {"$near": {"$geometry": polygon(rectangle(0, 0, 1, 1))}},
    {"$near": {"$geometry": point(200, 0)}},
    {"$near": {"$geometry": ORIGIN, "$maxDistance": -1}},
    {"$near": {"$geometry": ORIGIN, "$other": 1}},
    {"$near": {"$geometry": ORIGIN}, "$maxDistance": 1},
    {"$near": [0, 0], "$maxDistance": "a"},
    {"$near": [0, 0], "$minDistance": -1},
    {"$near": [0, 0], "$other": 1},
    {"$gt": 5, "$near": [0, 0]},
    {"$nearSphere": [200, 0]},
    {"$maxDistance": 5},
    {"$not": {"$near": [0, 0]}},
]


@pytest.mark.parametrize(("kind", "stored"), [("2dsphere", ON_SPHERE), ("2d", ON_PLANE)])
@pytest.mark.parametrize("condition", NEAR, ids=str)
def test_near(twins: Twins, kind: str, stored: list[Document], condition: Document) -> None:
    twins.start(stored)
    twins.agree({"createIndexes": "c", "indexes": [{"key": {"l": kind}, "name": "l"}]})
    distance = {"d": {"$meta": "geoNearDistance"}, "p": {"$meta": "geoNearPoint"}}
    twins.agree({"find": "c", "filter": {"l": condition}})
    twins.agree({"find": "c", "filter": {"l": condition}, "sort": {"_id": -1}, "limit": 2})
    twins.agree({"find": "c", "filter": {"l": condition, "_id": {"$gt": 1}}, "projection": distance})
    twins.agree({"count": "c", "query": {"l": condition}})


def test_distances_have_no_place_in_pipelines(twins: Twins) -> None:
    twins.start(ON_SPHERE)
    twins.agree({"createIndexes": "c", "indexes": [{"key": {"l": "2dsphere"}, "name": "l"}]})
    match = {"$match": {"l": {"$near": {"$geometry": ORIGIN}}}}
    for stages in ([match], [{"$limit": 1}, match], [{"$facet": {"x": [match]}}]):
        twins.agree({"aggregate": "c", "pipeline": stages, "cursor": {}})


BASE: Document = {"near": ORIGIN, "distanceField": "d"}
GEO_NEAR: list[Any] = [
    BASE,
    {**BASE, "distanceField": "a.b", "includeLocs": "a.c", "distanceMultiplier": 0.001},
    {**BASE, "minDistance": 100000, "maxDistance": 400000, "query": {"_id": {"$ne": 3}}},
    {"near": [0, 0], "distanceField": "d", "spherical": True, "key": "l"},
    {"near": [0, 0], "distanceField": "d"},
    {**BASE, "key": "other"},
    {**BASE, "query": {"l": {"$near": [0, 0]}}},
    {**BASE, "limit": 1},
    {"near": ORIGIN},
    {"distanceField": "d"},
    {**BASE, "near": 5},
    {**BASE, "near": "$l"},
    {**BASE, "maxDistance": "a"},
    {**BASE, "maxDistance": -1},
    {**BASE, "query": 5},
    {**BASE, "includeLocs": 5},
    {**BASE, "key": ""},
    {**BASE, "distanceField": ""},
    5,
]


@pytest.mark.parametrize(("kind", "stored"), [("2dsphere", ON_SPHERE), ("2d", ON_PLANE)])
def test_geo_near(twins: Twins, kind: str, stored: list[Document]) -> None:
    twins.start(stored)
    twins.agree({"aggregate": "c", "pipeline": [{"$geoNear": BASE}], "cursor": {}})
    twins.agree({"createIndexes": "c", "indexes": [{"key": {"l": kind}, "name": "l"}]})
    for options in GEO_NEAR:
        twins.agree({"aggregate": "c", "pipeline": [{"$geoNear": options}], "cursor": {}})
    project = {"$project": {"d": {"$meta": "geoNearDistance"}}}
    twins.agree({"aggregate": "c", "pipeline": [{"$geoNear": BASE}, project], "cursor": {}})
    twins.agree({"aggregate": "c", "pipeline": [{"$limit": 1}, {"$geoNear": BASE}], "cursor": {}})


# -- refusing -----------------------------------------------------------------------------------------

PLACES: list[Any] = [
    *(
        "a",
        5,
        True,
        None,
        [],
        {},
        [1],
        [1, "a"],
        [1, 2, 3],
        [200, 0],
        [180, 90],
        [[1, 2], [3, 4]],
        [[1, 2], "a"],
    ),
    *({"a": 1}, {"a": 1, "b": 2}, {"a": 1, "b": "x"}, point(200, 0), {"type": "Other"}, {"type": "Point"}),
    polygon([[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]),
]


@pytest.mark.parametrize("kind", ["2dsphere", "2d"])
def test_stored_places(twins: Twins, kind: str) -> None:
    twins.start([{"_id": -1}])
    twins.agree({"createIndexes": "c", "indexes": [{"key": {"l": kind}, "name": "l"}]})
    for at, place in enumerate(PLACES):
        twins.agree({"insert": "c", "documents": [{"_id": at, "l": place}]})
    twins.agree_on_contents()


SHAPES: list[Any] = [
    *(5, {}, {"$other": 1}, {"$geometry": 5}, {"$geometry": ORIGIN, "x": 1}, {"$box": 5}, {"$box": [[0, 0]]}),
    *({"$center": [[0, 0], -1]}, {"$center": [[0, 0], 1, 2]}, {"$polygon": [[0, 0], [1, 1]]}),
    *(
        {"$geometry": geometry}
        for geometry in (
            {},
            [0, 0],
            ORIGIN,
            {"type": "Other", "coordinates": []},
            {"type": "Point"},
            {"type": "MultiPoint", "coordinates": []},
            {"type": "GeometryCollection", "geometries": [5]},
            line([0, 0]),
            line([0, 0], [0, 0]),
            polygon(),
            polygon([]),
            polygon([[0, 0], [1, 0], [1, 1]]),
            polygon([[0, 0], [1, 1], [0, 0]]),
            polygon([[0, 0], [200, 0], [1, 1], [0, 0]]),
            polygon(rectangle(0, 0, 4, 4), rectangle(1, 1, 5, 2)),
            polygon(rectangle(0, 0, 4, 4), rectangle(1, 1, 2, 2), rectangle(1.5, 1.5, 3, 3)),
            {**ORIGIN, "crs": 5},
            {**ORIGIN, "crs": {"type": "name", "properties": {"name": "EPSG:4326"}}},
            {**ORIGIN, "crs": {"type": "name", "properties": {"name": "other"}}},
        )
    ),
]


def test_malformed_shapes(twins: Twins) -> None:
    twins.start([{"_id": 1, "l": ORIGIN}])
    for shape in SHAPES:
        find(twins, {"$geoWithin": shape})
        find(twins, {"$geoIntersects": shape})
