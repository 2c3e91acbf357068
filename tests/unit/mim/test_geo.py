"""Geo queries: what they select, measure and refuse; expected values are a server's."""

from __future__ import annotations

from typing import Any

import pytest
from bson import Decimal128

from ming.mim.commands.core import Engine
from ming.mim.data.errors import CommandError
from ming.mim.queries.filters import compile_filter

Document = dict[str, Any]


def point(longitude: float, latitude: float) -> Document:
    return {"type": "Point", "coordinates": [longitude, latitude]}


def line(*pairs: list[float]) -> Document:
    return {"type": "LineString", "coordinates": list(pairs)}


def rectangle(west: float, south: float, east: float, north: float) -> list[list[float]]:
    return [[west, south], [east, south], [east, north], [west, north], [west, south]]


def polygon(*loops: list[list[float]]) -> Document:
    return {"type": "Polygon", "coordinates": list(loops)}


def selects(condition: Document, place: Any) -> bool:
    return compile_filter({"l": condition}).matches({"l": place})


# -- selecting ----------------------------------------------------------------------------------------

WITH_HOLE = polygon(rectangle(-2, -2, 2, 2), rectangle(-1, -1, 1, 1))


@pytest.mark.parametrize(
    ("region", "inside", "outside"),
    [
        (
            {"$geometry": polygon(rectangle(0, 0, 2, 2))},
            [
                [1, 1],
                point(0, 0),
                point(2, 1),
                {"x": 1, "y": 1},
                line([0.5, 0.5], [1, 1.5]),
                [[9, 9], [1, 1]],
            ],
            [[3, 1], line([1, 1], [3, 1]), None, "a", {}, [], [1], {"type": "Other", "coordinates": [1, 1]}],
        ),
        ({"$geometry": polygon(rectangle(0, 0, 2, 2)[::-1])}, [[1, 1]], [[3, 1]]),
        (
            {"$geometry": WITH_HOLE},
            [[1.5, 0], polygon(rectangle(1.2, -1, 1.8, 1)), WITH_HOLE],
            [[0, 0], line([-1.5, 0], [1.5, 0]), polygon(rectangle(-1.5, -1.5, 1.5, 1.5))],
        ),
        (
            {
                "$geometry": {
                    "type": "MultiPolygon",
                    "coordinates": [[rectangle(0, 0, 1, 1)], [rectangle(2, 0, 3, 1)]],
                }
            },
            [[0.5, 0.5], {"type": "MultiPoint", "coordinates": [[0.5, 0.5], [2.5, 0.5]]}],
            [[1.5, 0.5], line([0.5, 0.5], [2.5, 0.5])],
        ),
        # The edge bends towards the pole, so that the middle of it is not at its latitude.
        ({"$geometry": polygon(rectangle(-60, 0, 60, 40))}, [[0, 45]], [[0, 60]]),
        (
            {"$box": [[1, 1], [0, 0]]},
            [[0, 1], point(0.5, 0.5), [Decimal128("0.5"), 0.5]],
            [[1.1, 0], line([0, 0], [1, 1])],
        ),
        ({"$center": [[0, 0], 5]}, [[3, 4], [0, -5]], [[4, 4]]),
        ({"$polygon": [[0, 0], [2, 2], [2, 0]]}, [[1, 0], [2, 1], [2, 2], [1.5, 1]], [[1, 1], [0, 1]]),
        ({"$centerSphere": [[0, 0], 0.02]}, [[1, 0.5], line([0, 0], [1, 0])], [[1, 1], line([0, 0], [2, 0])]),
        (
            {"$centerSphere": [[0, 0], 2]},
            [[90, 0], [100, 40]],
            [[120, 0], polygon(rectangle(170, -10, -170, 10))],
        ),
    ],
)
def test_geo_within(region: Document, inside: list[Any], outside: list[Any]) -> None:
    condition = {"$geoWithin": region}
    assert [place for place in inside if not selects(condition, place)] == []
    assert [place for place in outside if selects(condition, place)] == []
    assert selects({"$not": condition}, outside[0])


@pytest.mark.parametrize(
    ("asked", "meeting", "apart"),
    [
        (
            point(1, 1),
            [[1, 1], point(1, 1), line([1, 0], [1, 2]), polygon(rectangle(1, 0, 2, 2))],
            [[1, 1.1]],
        ),
        (
            line([0, 0], [2, 2]),
            [line([0, 2], [2, 0]), line([0, 0], [0, 5]), WITH_HOLE],
            [line([3, 0], [3, 5])],
        ),
        (
            polygon(rectangle(-0.5, -0.5, 0.5, 0.5)),
            [
                [0.5, 0],
                line([0, 0], [5, 5]),
                polygon(rectangle(0, 0, 9, 9)),
                polygon(rectangle(-9, -9, 9, 9)),
            ],
            [WITH_HOLE, [0.6, 0], polygon(rectangle(0.5, -0.5, 1, 0.5))],
        ),
        (
            {"type": "GeometryCollection", "geometries": [point(5, 5), line([0, 0], [1, 0])]},
            [[5, 5], line([0.5, -1], [0.5, 1])],
            [[6, 6]],
        ),
    ],
)
def test_geo_intersects(asked: Document, meeting: list[Any], apart: list[Any]) -> None:
    condition = {"$geoIntersects": {"$geometry": asked}}
    assert [place for place in meeting if not selects(condition, place)] == []
    assert [place for place in apart if selects(condition, place)] == []


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        (5, "geometry must be an object"),
        ({}, "geo query doesn't have any geometry"),
        ({"$other": 1}, "unknown geo specifier: $other: 1"),
        ({"$geometry": {"type": "Other"}}, 'unknown GeoJSON type: { type: "Other" }'),
        ({"$geometry": {"type": "Point"}}, "Point must be an array or object"),
        ({"$geometry": point(0, 91)}, "longitude/latitude is out of bounds, lng: 0 lat: 91"),
        ({"$geometry": point(float("nan"), 0)}, "Point coordinates must be finite numbers"),
        ({"$geometry": line([0, 0])}, "GeoJSON LineString must have at least 2 vertices: [ [ 0, 0 ] ]"),
        ({"$geometry": polygon()}, "Polygon has no loops."),
        (
            {"$geometry": polygon([[0, 0], [1, 0], [1, 1]])},
            "Loop is not closed: [ [ 0, 0 ], [ 1, 0 ], [ 1, 1 ] ]",
        ),
        (
            {"$geometry": polygon([[0, 0], [1, 1], [0, 0]])},
            "Loop must have at least 3 different vertices: [ [ 0, 0 ], [ 1, 1 ], [ 0, 0 ] ]",
        ),
        ({"$geometry": {**point(0, 0), "crs": 5}}, "GeoJSON CRS must be an object"),
        (
            {"$geometry": {"type": "MultiPoint", "coordinates": []}},
            "MultiPoint coordinates must have at least 1 element",
        ),
        (
            {"$geometry": {"type": "GeometryCollection", "geometries": [5]}},
            'Element 0 of "geometries" is not an object',
        ),
    ],
)
def test_malformed_shapes(shape: Any, message: str) -> None:
    with pytest.raises(CommandError) as caught:
        compile_filter({"l": {"$geoIntersects": shape}})
    assert (caught.value.code, caught.value.errmsg) == (2, message)


@pytest.mark.parametrize(
    ("operator", "shape"),
    [
        ("$geoWithin", {"$geometry": point(0, 0)}),
        ("$geoWithin", {"$geometry": polygon([[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]])}),
        ("$geoWithin", {"$geometry": polygon(rectangle(0, 0, 4, 4), rectangle(1, 1, 5, 2))}),
        ("$geoWithin", {"$center": [[0, 0], -1]}),
        ("$geoWithin", {"$polygon": [[0, 0], [1, 1]]}),
        ("$geoIntersects", {"$box": [[0, 0], [1, 1]]}),
    ],
)
def test_shapes_of_no_use(operator: str, shape: Document) -> None:
    with pytest.raises(CommandError) as caught:
        compile_filter({"l": {operator: shape}})
    assert caught.value.code == 2


def test_the_winding_of_big_polygons_is_not_built() -> None:
    name = "urn:x-mongodb:crs:strictwinding:EPSG:4326"
    shape = {**polygon(rectangle(0, 0, 1, 1)), "crs": {"type": "name", "properties": {"name": name}}}
    with pytest.raises(NotImplementedError, match="strictwinding"):
        compile_filter({"l": {"$geoWithin": {"$geometry": shape}}})


# -- measuring ----------------------------------------------------------------------------------------

ORIGIN = point(0, 0)
ON_SPHERE = [
    {"_id": 1, "l": point(1, 1)},
    {"_id": 2, "l": ORIGIN},
    {"_id": 3, "l": [2, 2]},
    {"_id": 4},
    {"_id": 5, "l": line([3, 0], [3, 5])},
    {"_id": 6, "l": polygon(rectangle(4, 0, 6, 2))},
    {"_id": 8, "l": {"x": 0.2, "y": 0.2}},
]
DISTANCES = {
    2: 0.0,
    8: 31485.69210500715,
    1: 157424.6238723255,
    3: 314825.2636028646,
    5: 333956.535064351,
    6: 445275.38008580136,
}
"""In metres from the origin, nearest first."""
ON_PLANE = [{"_id": 1, "l": [2, 2]}, {"_id": 2}, {"_id": 3, "l": [[7, 7], [1, 0]]}, {"_id": 4, "l": [1.5, 0]}]


@pytest.fixture
def sphere() -> Engine:
    return prepared("2dsphere", ON_SPHERE)


@pytest.fixture
def plane() -> Engine:
    return prepared("2d", ON_PLANE)


def prepared(kind: str, documents: list[Document]) -> Engine:
    engine = Engine()
    engine.command("db", {"insert": "c", "documents": documents})
    engine.command("db", {"createIndexes": "c", "indexes": [{"key": {"l": kind}, "name": "l"}]})
    return engine


def found(engine: Engine, condition: Document, **options: Any) -> list[Any]:
    reply = engine.command("db", {"find": "c", "filter": {"l": condition}, **options})
    return [document["_id"] for document in reply["cursor"]["firstBatch"]]


def aggregated(engine: Engine, *stages: Document) -> list[Document]:
    reply = engine.command("db", {"aggregate": "c", "pipeline": list(stages), "cursor": {}})
    batch = reply["cursor"]["firstBatch"]
    assert isinstance(batch, list)
    return batch


def test_the_nearest_come_first(sphere: Engine) -> None:
    near = {"$near": {"$geometry": ORIGIN}}
    assert found(sphere, near) == list(DISTANCES)
    assert found(sphere, near, skip=1, limit=2) == [8, 1]
    assert found(sphere, near, sort={"_id": -1}) == [8, 6, 5, 3, 2, 1]
    assert found(sphere, {"$near": {"$geometry": ORIGIN, "$minDistance": 1, "$maxDistance": 2e5}}) == [8, 1]
    assert found(sphere, {"$nearSphere": [0, 0], "$maxDistance": 0.03}) == [2, 8, 1]
    assert found(sphere, {"$nearSphere": ORIGIN, "$maxDistance": 0.03}) == [2]
    assert sphere.command("db", {"count": "c", "query": {"l": near}})["n"] == 6


def test_the_nearest_of_several_places_counts(plane: Engine) -> None:
    assert found(plane, {"$near": [0, 0]}) == [3, 4, 1]
    assert found(plane, {"$near": [0, 0], "$minDistance": 1.2}) == [4, 1]
    assert found(plane, {"$near": [0, 0, 2]}) == [3, 4]
    assert found(plane, {"$nearSphere": [0, 0], "$maxDistance": 0.02}) == [3]


def test_distances(sphere: Engine) -> None:
    stage = {"near": ORIGIN, "distanceField": "d.m", "includeLocs": "d.at", "query": {"_id": {"$lt": 7}}}
    made = aggregated(sphere, {"$geoNear": stage})
    assert {document["_id"]: document["d"]["m"] for document in made} == {
        number: distance for number, distance in DISTANCES.items() if number < 7
    }
    assert made[1]["d"]["at"] == point(1, 1)
    radians = {"near": [0, 0], "distanceField": "d", "spherical": True, "distanceMultiplier": 2}
    assert aggregated(sphere, {"$geoNear": radians})[2]["d"] == 2 * 0.024682056391766433
    meta = {"$project": {"d": {"$meta": "geoNearDistance"}}}
    assert aggregated(sphere, {"$geoNear": {**stage, "key": "l"}}, meta)[0] == {"_id": 2, "d": 0.0}


def test_a_projection_tells_distances(plane: Engine) -> None:
    projection = {"d": {"$meta": "geoNearDistance"}, "p": {"$meta": "geoNearPoint"}, "l": 0}
    command = {"find": "c", "filter": {"l": {"$near": [0, 0]}}, "projection": projection, "limit": 2}
    assert plane.command("db", command)["cursor"]["firstBatch"] == [
        {"_id": 3, "d": 1.0, "p": [1, 0]},
        {"_id": 4, "d": 1.5, "p": [1.5, 0]},
    ]


def refusal(engine: Engine, command: Document) -> int:
    with pytest.raises(CommandError) as caught:
        engine.command("db", command)
    return caught.value.code


@pytest.mark.parametrize(
    ("condition", "code"),
    [
        ({"$near": [0, 0]}, 291),
        ({"$near": 5}, 2),
        ({"$near": {"$geometry": [0, 0]}}, 2),
        ({"$near": {"$geometry": ORIGIN, "$maxDistance": -1}}, 2),
        ({"$near": {"$geometry": ORIGIN}, "$maxDistance": 1}, 2),
        ({"$near": {"$geometry": ORIGIN}, "$other": 1}, 34413),
        ({"$near": [0, 0], "$minDistance": "a"}, 16893),
        ({"$near": [0, 0], "$minDistance": -1}, 16894),
        ({"$near": [0, 0], "$maxDistance": "a"}, 16895),
        ({"$near": [0, 0], "$maxDistance": -1}, 16896),
        ({"$near": [0, 0, -1]}, 18522),
        ({"$gt": 1, "$near": [0, 0]}, 2),
        ({"$not": {"$near": [0, 0]}}, 2),
        ({"$elemMatch": {"$near": [0, 0]}}, 2),
        ({"$maxDistance": 1}, 2),
    ],
)
def test_malformed_searches(sphere: Engine, condition: Document, code: int) -> None:
    assert refusal(sphere, {"find": "c", "filter": {"l": condition}}) == code


def test_where_a_search_has_no_place(sphere: Engine, plane: Engine) -> None:
    near = {"l": {"$near": {"$geometry": ORIGIN}}}
    assert refusal(plane, {"find": "c", "filter": near}) == 291
    assert refusal(sphere, {"find": "c", "filter": {"$or": [near, {"a": 1}]}}) == 2
    assert refusal(sphere, {"find": "c", "filter": {"$and": [near, near]}}) == 2
    assert refusal(sphere, {"aggregate": "c", "pipeline": [{"$match": near}], "cursor": {}}) == 5626500
    assert found(Engine(), near["l"]) == []


@pytest.mark.parametrize(
    ("stage", "code"),
    [
        (5, 10065),
        ({}, 5860400),
        ({"near": 5, "distanceField": "d"}, 5860401),
        ({"near": "$l", "distanceField": "d"}, 5860402),
        ({"near": ORIGIN}, 16606),
        ({"near": ORIGIN, "distanceField": "d", "includeLocs": 5}, 16607),
        ({"near": ORIGIN, "distanceField": "d", "maxDistance": -1}, 2),
        ({"near": ORIGIN, "distanceField": "d", "maxDistance": "a"}, 14),
        ({"near": ORIGIN, "distanceField": "d", "query": 5}, 14),
        ({"near": ORIGIN, "distanceField": "d", "limit": 5}, 50858),
        ({"near": ORIGIN, "distanceField": "d", "key": "other"}, 291),
    ],
)
def test_malformed_stages(sphere: Engine, stage: Any, code: int) -> None:
    assert refusal(sphere, {"aggregate": "c", "pipeline": [{"$geoNear": stage}], "cursor": {}}) == code


def test_the_stage_needs_one_index(sphere: Engine) -> None:
    command = {
        "aggregate": "c",
        "pipeline": [{"$geoNear": {"near": ORIGIN, "distanceField": "d"}}],
        "cursor": {},
    }
    sphere.command("db", {"createIndexes": "c", "indexes": [{"key": {"m": "2dsphere"}, "name": "m"}]})
    assert refusal(sphere, command) == 27
    sphere.command("db", {"dropIndexes": "c", "index": "*"})
    assert refusal(sphere, command) == 27
    assert refusal(Engine(), command) == 26


@pytest.mark.parametrize(
    ("kind", "place", "code"),
    [
        ("2dsphere", "a", 16755),
        ("2dsphere", [1], 16755),
        ("2dsphere", [[1, 2], [3, 4]], 16755),
        ("2dsphere", point(200, 0), 16755),
        ("2dsphere", [200, 0], 16755),
        ("2d", [1], 13068),
        ("2d", [1, "a"], 13026),
        ("2d", [200, 0], 13027),
        ("2d", ORIGIN, 16804),
    ],
)
def test_an_index_refuses_what_is_no_place(kind: str, place: Any, code: int) -> None:
    engine = prepared(kind, [{"_id": 1}])
    reply = engine.command("db", {"insert": "c", "documents": [{"_id": 2, "l": place}]})
    assert [error["code"] for error in reply["writeErrors"]] == [code]
    assert engine.command("db", {"count": "c"})["n"] == 1
