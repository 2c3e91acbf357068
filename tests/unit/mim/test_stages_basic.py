"""The stages that take documents one by one or cut their stream, with results and codes of a server."""

from __future__ import annotations

import re
from typing import Any

import pytest
from bson import Int64
from unit.mim.aggregation import aggregated, as_bson, engine_with, refusal

DOCUMENTS: list[dict[str, Any]] = [
    {"_id": 1, "a": 1, "b": [1, 2], "s": {"x": 1}},
    {"_id": 2, "a": None, "b": []},
    {"_id": 3, "b": [{"y": 1}, {"y": [1, 2]}]},
    {"_id": 4, "b": 7},
]

RESULTS: list[tuple[Any, Any]] = [
    (
        {"$unwind": "$b"},
        [
            {"_id": 1, "a": 1, "b": 1, "s": {"x": 1}},
            {"_id": 1, "a": 1, "b": 2, "s": {"x": 1}},
            {"_id": 3, "b": {"y": 1}},
            {"_id": 3, "b": {"y": [1, 2]}},
            {"_id": 4, "b": 7},
        ],
    ),
    (
        {"$unwind": {"path": "$b", "preserveNullAndEmptyArrays": True, "includeArrayIndex": "at"}},
        [
            {"_id": 1, "a": 1, "b": 1, "s": {"x": 1}, "at": Int64(0)},
            {"_id": 1, "a": 1, "b": 2, "s": {"x": 1}, "at": Int64(1)},
            {"_id": 2, "a": None, "at": None},
            {"_id": 3, "b": {"y": 1}, "at": Int64(0)},
            {"_id": 3, "b": {"y": [1, 2]}, "at": Int64(1)},
            {"_id": 4, "b": 7, "at": None},
        ],
    ),
    (
        {"$unwind": {"path": "$s.x", "includeArrayIndex": "s.at"}},
        [{"_id": 1, "a": 1, "b": [1, 2], "s": {"x": 1, "at": None}}],
    ),
    ({"$unwind": "$b.y"}, []),
    (
        {"$unset": ["a", "b.y"]},
        [
            {"_id": 1, "b": [1, 2], "s": {"x": 1}},
            {"_id": 2, "b": []},
            {"_id": 3, "b": [{}, {}]},
            {"_id": 4, "b": 7},
        ],
    ),
    (
        {"$unset": "s.x"},
        [
            {"_id": 1, "a": 1, "b": [1, 2], "s": {}},
            {"_id": 2, "a": None, "b": []},
            {"_id": 3, "b": [{"y": 1}, {"y": [1, 2]}]},
            {"_id": 4, "b": 7},
        ],
    ),
    ({"$replaceRoot": {"newRoot": {"n": "$a", "m": "$s"}}}, [{"n": 1, "m": {"x": 1}}, {"n": None}, {}, {}]),
    (
        {"$replaceWith": {"$ifNull": ["$s", "$$ROOT"]}},
        [
            {"x": 1},
            {"_id": 2, "a": None, "b": []},
            {"_id": 3, "b": [{"y": 1}, {"y": [1, 2]}]},
            {"_id": 4, "b": 7},
        ],
    ),
    (
        {"$redact": {"$cond": [{"$gt": ["$y", 0]}, "$$PRUNE", "$$DESCEND"]}},
        [
            {"_id": 1, "a": 1, "b": [1, 2], "s": {"x": 1}},
            {"_id": 2, "a": None, "b": []},
            {"_id": 3, "b": []},
            {"_id": 4, "b": 7},
        ],
    ),
    (
        {"$redact": {"$cond": [{"$isArray": "$b"}, "$$KEEP", "$$PRUNE"]}},
        [
            {"_id": 1, "a": 1, "b": [1, 2], "s": {"x": 1}},
            {"_id": 2, "a": None, "b": []},
            {"_id": 3, "b": [{"y": 1}, {"y": [1, 2]}]},
        ],
    ),
    (
        {"$redact": {"$cond": [{"$eq": ["$x", 1]}, "$$PRUNE", "$$DESCEND"]}},
        [
            {"_id": 1, "a": 1, "b": [1, 2]},
            {"_id": 2, "a": None, "b": []},
            {"_id": 3, "b": [{"y": 1}, {"y": [1, 2]}]},
            {"_id": 4, "b": 7},
        ],
    ),
    (
        {"$sort": {"b": -1, "_id": 1}},
        [
            {"_id": 3, "b": [{"y": 1}, {"y": [1, 2]}]},
            {"_id": 4, "b": 7},
            {"_id": 1, "a": 1, "b": [1, 2], "s": {"x": 1}},
            {"_id": 2, "a": None, "b": []},
        ],
    ),
    ({"$limit": 2}, [{"_id": 1, "a": 1, "b": [1, 2], "s": {"x": 1}}, {"_id": 2, "a": None, "b": []}]),
    ({"$limit": Int64(1)}, [{"_id": 1, "a": 1, "b": [1, 2], "s": {"x": 1}}]),
    ({"$skip": 3}, [{"_id": 4, "b": 7}]),
    (
        {"$skip": 0.0},
        [
            {"_id": 1, "a": 1, "b": [1, 2], "s": {"x": 1}},
            {"_id": 2, "a": None, "b": []},
            {"_id": 3, "b": [{"y": 1}, {"y": [1, 2]}]},
            {"_id": 4, "b": 7},
        ],
    ),
    ({"$count": "n"}, [{"n": 4}]),
    (
        {"$sortByCount": {"$type": "$a"}},
        [{"_id": "missing", "count": 2}, {"_id": "int", "count": 1}, {"_id": "null", "count": 1}],
    ),
    ({"$sample": {"size": 0}}, []),
]
REFUSED: list[tuple[Any, Any]] = [
    ({"$unwind": None}, 15981),
    ({"$unwind": "b"}, 28818),
    ({"$unwind": "$"}, 40352),
    ({"$unwind": {}}, 28812),
    ({"$unwind": {"path": 1}}, 28808),
    ({"$unwind": {"path": "$b", "x": 1}}, 28811),
    ({"$unwind": {"path": "$b", "preserveNullAndEmptyArrays": 1}}, 28809),
    ({"$unwind": {"path": "$b", "includeArrayIndex": ""}}, 28810),
    ({"$unwind": {"path": "$b", "includeArrayIndex": "$x"}}, 28822),
    ({"$unwind": "$b..c"}, 15998),
    ({"$unwind": "$b."}, 40353),
    ({"$unset": []}, 31119),
    ({"$unset": 3}, 31002),
    ({"$unset": [3]}, 31120),
    ({"$unset": ""}, 40352),
    ({"$unset": "$a"}, 16410),
    ({"$unset": ["a", "a.b"]}, 31249),
    ({"$replaceRoot": 1}, 40229),
    ({"$replaceRoot": {}}, 40414),
    ({"$replaceRoot": {"x": 1}}, 40415),
    ({"$replaceRoot": {"newRoot": "$a"}}, 40228),
    ({"$replaceRoot": {"newRoot": "$s", "x": 1}}, 40415),
    ({"$replaceWith": "$b"}, 40228),
    ({"$redact": "keep "}, 17053),
    ({"$redact": "$a"}, 17053),
    ({"$redact": "$$FOO"}, 17276),
    ({"$sort": 1}, 15973),
    ({"$sort": {}}, 15976),
    ({"$sort": {"a": 2}}, 15975),
    ({"$sort": {"a": "x"}}, 15974),
    ({"$sort": {"": 1}}, 40352),
    ({"$sort": {"$a": 1}}, 16410),
    ({"$limit": 0}, 15958),
    ({"$limit": -1}, 5107201),
    ({"$limit": 1.5}, 5107201),
    ({"$limit": "x"}, 5107201),
    ({"$limit": 1e30}, 5107201),
    ({"$skip": -1}, 5107200),
    ({"$skip": "x"}, 5107200),
    ({"$count": 3}, 40156),
    ({"$count": ""}, 40157),
    ({"$count": "$n"}, 40158),
    ({"$count": "a.b"}, 40160),
    ({"$count": "_id"}, 15948),
    ({"$sortByCount": 1}, 40149),
    ({"$sortByCount": "a"}, 40148),
    ({"$sortByCount": {}}, 40147),
    ({"$sortByCount": {"a": 1}}, 40147),
    ({"$sample": 1}, 28745),
    ({"$sample": {}}, 28749),
    ({"$sample": {"size": "x"}}, 28746),
    ({"$sample": {"size": -1}}, 28747),
    ({"$sample": {"x": 1}}, 28748),
    ({"$match": 1}, 15959),
    ({"$project": 1}, 15969),
    ({"$project": {}}, 51272),
    ({"$addFields": 1}, 40272),
    ({"$set": {"$a": 1}}, 16410),
    ({"$nonsense": 1}, 40324),
]


@pytest.mark.parametrize(("stage", "expected"), RESULTS, ids=str)
def test_results(stage: Any, expected: Any) -> None:
    assert as_bson(aggregated(engine_with({"c": DOCUMENTS}), [stage])) == as_bson(expected)


@pytest.mark.parametrize(("stage", "code"), REFUSED, ids=str)
def test_refused_operands(stage: Any, code: int) -> None:
    assert refusal(engine_with({"c": DOCUMENTS}), [stage]) == code


REFUSED_PLACES: list[tuple[Any, Any]] = [
    ([{"$out": "x"}, {"$match": {}}], 40601),
    ([{"$merge": "x"}, {"$out": "y"}], 40601),
    ([{"$match": {}}, {"$collStats": {}}], 40602),
    ([{"$limit": 1}, {"$documents": []}], 40602),
    ([{"$documents": []}], 73),
    ([{"$facet": {"a": [{"$facet": {"b": []}}]}}], 40600),
    ([{"$facet": {"a": [{"$out": "x"}]}}], 40600),
    ([{"$facet": {"a": [{"$collStats": {}}]}}], 40600),
    (
        [{"$facet": {"a": [{"$lookup": {"from": "c", "pipeline": [{"$facet": {"x": []}}], "as": "j"}}]}}],
        40600,
    ),
    ([{"$lookup": {"from": "c", "pipeline": [{"$merge": "x"}], "as": "j"}}], 51047),
    ([{"$unionWith": {"coll": "c", "pipeline": [{"$out": "x"}]}}], 31441),
    ([{"$unionWith": {"coll": "c", "pipeline": [{"$match": {}}, {"$planCacheStats": {}}]}}], 40602),
]


@pytest.mark.parametrize(("stages", "code"), REFUSED_PLACES, ids=str)
def test_refused_places(stages: Any, code: int) -> None:
    assert refusal(engine_with({"c": DOCUMENTS}), stages) == code


@pytest.mark.parametrize(
    ("stages", "code"),
    [([1], 14), ([{}], 40323), ([{"$limit": 1, "$skip": 1}], 40323), ([{"$match": {}}] * 1001, 9)],
    ids=["no document", "empty", "two stages", "too long"],
)
def test_refused_shapes(stages: Any, code: int) -> None:
    assert refusal(engine_with({"c": DOCUMENTS}), stages) == code


def test_a_sample_is_of_the_documents() -> None:
    engine = engine_with({"c": DOCUMENTS})
    for size in range(6):
        sample = [document["_id"] for document in aggregated(engine, [{"$sample": {"size": size}}])]
        assert len(sample) == min(size, 4) == len(set(sample))
        assert set(sample) <= {1, 2, 3, 4}


def test_documents_of_its_own() -> None:
    engine = engine_with({"c": DOCUMENTS})
    own = [{"$documents": {"$map": {"input": [1, 2], "in": {"x": "$$this"}}}}]
    assert aggregated(engine, own, 1) == [{"x": 1}, {"x": 2}]
    for stages, code in (([{"$documents": 1}], 5858203), ([{"$documents": [1]}], 40228), ([], 73)):
        assert refusal(engine, stages, 1) == code
    assert refusal(engine, [{"$match": {}}], 1) == 73
    assert refusal(engine, own, 2) == 9


def test_statistics() -> None:
    engine = engine_with({"c": DOCUMENTS})
    (found,) = aggregated(engine, [{"$collStats": {"count": {}, "storageStats": {}}}])
    assert (found["ns"], found["count"], found["storageStats"]["count"]) == ("db.c", 4, 4)
    assert aggregated(engine, [{"$planCacheStats": {}}]) == []
    for stage, code in (({"$collStats": {"count": {}}}, 26), ({"$planCacheStats": {}}, 50933)):
        assert refusal(engine, [stage], "none") == code
    for operand, code in ((1, 5447000), ({"x": {}}, 40415), ({"count": 1}, 14), ({"count": {"x": 1}}, 31170)):
        assert refusal(engine, [{"$collStats": operand}]) == code


@pytest.mark.parametrize(
    "stage",
    [
        {"$indexStats": {}},
        {"$currentOp": {}},
        {"$listSessions": {}},
        {"$collStats": {"latencyStats": {}}},
        {"$search": {}},
    ],
    ids=str,
)
def test_what_is_not_built_is_named(stage: Any) -> None:
    (name,) = stage
    with pytest.raises(NotImplementedError, match=re.escape(name)):
        aggregated(engine_with({"c": DOCUMENTS}), [stage])
