"""The stages $lookup, $unionWith, $graphLookup and $facet, with results and codes of a server."""

from __future__ import annotations

from typing import Any

import pytest
from unit.mim.aggregation import aggregated, as_bson, engine_with, refusal

from ming.mim.store import Collection

ROWS = [
    {"_id": 1, "a": 1, "b": [1, 2], "z": 1},
    {"_id": 2, "a": None, "b": [], "z": 3},
    {"_id": 3, "b": [{"y": 1}, {"y": [1, 2]}]},
]
OTHERS = [
    {"_id": 1, "f": 1},
    {"_id": 2, "f": None},
    {"_id": 3},
    {"_id": 4, "f": [1, None]},
    {"_id": 5, "f": [[1, 2]]},
    {"_id": 6, "f": {"x": 1}},
]

RESULTS: list[tuple[Any, Any]] = [
    (
        {"$lookup": {"from": "o", "localField": "a", "foreignField": "f", "as": "j"}},
        [
            {"_id": 1, "a": 1, "b": [1, 2], "z": 1, "j": [{"_id": 1, "f": 1}, {"_id": 4, "f": [1, None]}]},
            {
                "_id": 2,
                "a": None,
                "b": [],
                "z": 3,
                "j": [{"_id": 2, "f": None}, {"_id": 3}, {"_id": 4, "f": [1, None]}],
            },
            {
                "_id": 3,
                "b": [{"y": 1}, {"y": [1, 2]}],
                "j": [{"_id": 2, "f": None}, {"_id": 3}, {"_id": 4, "f": [1, None]}],
            },
        ],
    ),
    (
        {"$lookup": {"from": "o", "localField": "b", "foreignField": "f", "as": "j"}},
        [
            {"_id": 1, "a": 1, "b": [1, 2], "z": 1, "j": [{"_id": 1, "f": 1}, {"_id": 4, "f": [1, None]}]},
            {
                "_id": 2,
                "a": None,
                "b": [],
                "z": 3,
                "j": [{"_id": 2, "f": None}, {"_id": 3}, {"_id": 4, "f": [1, None]}],
            },
            {"_id": 3, "b": [{"y": 1}, {"y": [1, 2]}], "j": []},
        ],
    ),
    (
        {"$lookup": {"from": "o", "localField": "b.y", "foreignField": "f", "as": "j"}},
        [
            {
                "_id": 1,
                "a": 1,
                "b": [1, 2],
                "z": 1,
                "j": [{"_id": 2, "f": None}, {"_id": 3}, {"_id": 4, "f": [1, None]}],
            },
            {
                "_id": 2,
                "a": None,
                "b": [],
                "z": 3,
                "j": [{"_id": 2, "f": None}, {"_id": 3}, {"_id": 4, "f": [1, None]}],
            },
            {"_id": 3, "b": [{"y": 1}, {"y": [1, 2]}], "j": [{"_id": 1, "f": 1}, {"_id": 4, "f": [1, None]}]},
        ],
    ),
    (
        {"$lookup": {"from": "o", "localField": "a", "foreignField": "f", "as": "b"}},
        [
            {"_id": 1, "a": 1, "z": 1, "b": [{"_id": 1, "f": 1}, {"_id": 4, "f": [1, None]}]},
            {
                "_id": 2,
                "a": None,
                "z": 3,
                "b": [{"_id": 2, "f": None}, {"_id": 3}, {"_id": 4, "f": [1, None]}],
            },
            {"_id": 3, "b": [{"_id": 2, "f": None}, {"_id": 3}, {"_id": 4, "f": [1, None]}]},
        ],
    ),
    (
        {"$lookup": {"from": "o", "localField": "a", "foreignField": "f", "as": "a.j"}},
        [
            {"_id": 1, "b": [1, 2], "z": 1, "a": {"j": [{"_id": 1, "f": 1}, {"_id": 4, "f": [1, None]}]}},
            {
                "_id": 2,
                "b": [],
                "z": 3,
                "a": {"j": [{"_id": 2, "f": None}, {"_id": 3}, {"_id": 4, "f": [1, None]}]},
            },
            {
                "_id": 3,
                "b": [{"y": 1}, {"y": [1, 2]}],
                "a": {"j": [{"_id": 2, "f": None}, {"_id": 3}, {"_id": 4, "f": [1, None]}]},
            },
        ],
    ),
    (
        {"$lookup": {"from": "none", "localField": "a", "foreignField": "f", "as": "j"}},
        [
            {"_id": 1, "a": 1, "b": [1, 2], "z": 1, "j": []},
            {"_id": 2, "a": None, "b": [], "z": 3, "j": []},
            {"_id": 3, "b": [{"y": 1}, {"y": [1, 2]}], "j": []},
        ],
    ),
    (
        {"$lookup": {"from": "o", "localField": "a", "foreignField": "f.x", "as": "j"}},
        [
            {"_id": 1, "a": 1, "b": [1, 2], "z": 1, "j": [{"_id": 6, "f": {"x": 1}}]},
            {
                "_id": 2,
                "a": None,
                "b": [],
                "z": 3,
                "j": [{"_id": 1, "f": 1}, {"_id": 2, "f": None}, {"_id": 3}],
            },
            {
                "_id": 3,
                "b": [{"y": 1}, {"y": [1, 2]}],
                "j": [{"_id": 1, "f": 1}, {"_id": 2, "f": None}, {"_id": 3}],
            },
        ],
    ),
    (
        {"$lookup": {"from": "o", "localField": "a", "foreignField": "f.0", "as": "j"}},
        [
            {"_id": 1, "a": 1, "b": [1, 2], "z": 1, "j": [{"_id": 4, "f": [1, None]}]},
            {
                "_id": 2,
                "a": None,
                "b": [],
                "z": 3,
                "j": [{"_id": 1, "f": 1}, {"_id": 2, "f": None}, {"_id": 3}, {"_id": 6, "f": {"x": 1}}],
            },
            {
                "_id": 3,
                "b": [{"y": 1}, {"y": [1, 2]}],
                "j": [{"_id": 1, "f": 1}, {"_id": 2, "f": None}, {"_id": 3}, {"_id": 6, "f": {"x": 1}}],
            },
        ],
    ),
    (
        {
            "$lookup": {
                "from": "o",
                "localField": "a",
                "foreignField": "f",
                "as": "j",
                "let": {"v": "$z"},
                "pipeline": [{"$match": {"_id": {"$gt": 1}}}, {"$project": {"q": "$$v"}}],
            }
        },
        [
            {"_id": 1, "a": 1, "b": [1, 2], "z": 1, "j": [{"_id": 4, "q": 1}]},
            {
                "_id": 2,
                "a": None,
                "b": [],
                "z": 3,
                "j": [{"_id": 2, "q": 3}, {"_id": 3, "q": 3}, {"_id": 4, "q": 3}],
            },
            {"_id": 3, "b": [{"y": 1}, {"y": [1, 2]}], "j": [{"_id": 2}, {"_id": 3}, {"_id": 4}]},
        ],
    ),
    (
        {"$lookup": {"from": "o", "as": "j", "pipeline": [{"$limit": 1}]}},
        [
            {"_id": 1, "a": 1, "b": [1, 2], "z": 1, "j": [{"_id": 1, "f": 1}]},
            {"_id": 2, "a": None, "b": [], "z": 3, "j": [{"_id": 1, "f": 1}]},
            {"_id": 3, "b": [{"y": 1}, {"y": [1, 2]}], "j": [{"_id": 1, "f": 1}]},
        ],
    ),
    (
        {
            "$lookup": {
                "from": "o",
                "as": "j",
                "let": {"v": "$a"},
                "pipeline": [{"$match": {"$expr": {"$eq": ["$f", "$$v"]}}}],
            }
        },
        [
            {"_id": 1, "a": 1, "b": [1, 2], "z": 1, "j": [{"_id": 1, "f": 1}]},
            {"_id": 2, "a": None, "b": [], "z": 3, "j": [{"_id": 2, "f": None}]},
            {"_id": 3, "b": [{"y": 1}, {"y": [1, 2]}], "j": [{"_id": 3}]},
        ],
    ),
    (
        {
            "$lookup": {
                "from": "o",
                "as": "j",
                "let": {"v": "$z"},
                "pipeline": [
                    {"$match": {"$expr": {"$and": [{"$gt": ["$_id", "$$v"]}, {"$eq": ["$$v", "$f"]}]}}}
                ],
            }
        },
        [
            {"_id": 1, "a": 1, "b": [1, 2], "z": 1, "j": []},
            {"_id": 2, "a": None, "b": [], "z": 3, "j": []},
            {"_id": 3, "b": [{"y": 1}, {"y": [1, 2]}], "j": [{"_id": 3}]},
        ],
    ),
    (
        {
            "$lookup": {
                "from": "o",
                "as": "j",
                "let": {"v": "$zz"},
                "pipeline": [{"$limit": 1}, {"$project": {"t": {"$type": "$$v"}}}],
            }
        },
        [
            {"_id": 1, "a": 1, "b": [1, 2], "z": 1, "j": [{"_id": 1, "t": "missing"}]},
            {"_id": 2, "a": None, "b": [], "z": 3, "j": [{"_id": 1, "t": "missing"}]},
            {"_id": 3, "b": [{"y": 1}, {"y": [1, 2]}], "j": [{"_id": 1, "t": "missing"}]},
        ],
    ),
    (
        {
            "$lookup": {
                "as": "j",
                "let": {"v": "$z"},
                "localField": "z",
                "foreignField": "f",
                "pipeline": [{"$documents": [{"f": "$$v"}, {"f": 3}]}],
            }
        },
        [
            {"_id": 1, "a": 1, "b": [1, 2], "z": 1, "j": [{"f": 1}]},
            {"_id": 2, "a": None, "b": [], "z": 3, "j": [{"f": 3}, {"f": 3}]},
            {"_id": 3, "b": [{"y": 1}, {"y": [1, 2]}], "j": [{}]},
        ],
    ),
    (
        {
            "$lookup": {
                "from": "o",
                "as": "j",
                "let": {"v": "$z"},
                "pipeline": [
                    {"$limit": 2},
                    {
                        "$lookup": {
                            "from": "c",
                            "as": "k",
                            "let": {"w": "$f"},
                            "pipeline": [
                                {"$match": {"_id": 1}},
                                {"$project": {"_id": 0, "x": ["$$v", "$$w"]}},
                            ],
                        }
                    },
                ],
            }
        },
        [
            {
                "_id": 1,
                "a": 1,
                "b": [1, 2],
                "z": 1,
                "j": [
                    {"_id": 1, "f": 1, "k": [{"x": [1, 1]}]},
                    {"_id": 2, "f": None, "k": [{"x": [1, None]}]},
                ],
            },
            {
                "_id": 2,
                "a": None,
                "b": [],
                "z": 3,
                "j": [
                    {"_id": 1, "f": 1, "k": [{"x": [3, 1]}]},
                    {"_id": 2, "f": None, "k": [{"x": [3, None]}]},
                ],
            },
            {
                "_id": 3,
                "b": [{"y": 1}, {"y": [1, 2]}],
                "j": [
                    {"_id": 1, "f": 1, "k": [{"x": [None, 1]}]},
                    {"_id": 2, "f": None, "k": [{"x": [None, None]}]},
                ],
            },
        ],
    ),
    (
        {"$unionWith": "o"},
        [
            {"_id": 1, "a": 1, "b": [1, 2], "z": 1},
            {"_id": 2, "a": None, "b": [], "z": 3},
            {"_id": 3, "b": [{"y": 1}, {"y": [1, 2]}]},
            {"_id": 1, "f": 1},
            {"_id": 2, "f": None},
            {"_id": 3},
            {"_id": 4, "f": [1, None]},
            {"_id": 5, "f": [[1, 2]]},
            {"_id": 6, "f": {"x": 1}},
        ],
    ),
    (
        {
            "$unionWith": {
                "coll": "o",
                "pipeline": [
                    {"$match": {"_id": 1}},
                    {"$lookup": {"from": "c", "localField": "f", "foreignField": "a", "as": "f"}},
                ],
            }
        },
        [
            {"_id": 1, "a": 1, "b": [1, 2], "z": 1},
            {"_id": 2, "a": None, "b": [], "z": 3},
            {"_id": 3, "b": [{"y": 1}, {"y": [1, 2]}]},
            {"_id": 1, "f": [{"_id": 1, "a": 1, "b": [1, 2], "z": 1}]},
        ],
    ),
    (
        {"$unionWith": {"pipeline": [{"$documents": [{"q": 1}]}]}},
        [
            {"_id": 1, "a": 1, "b": [1, 2], "z": 1},
            {"_id": 2, "a": None, "b": [], "z": 3},
            {"_id": 3, "b": [{"y": 1}, {"y": [1, 2]}]},
            {"q": 1},
        ],
    ),
    (
        {"$unionWith": "none"},
        [
            {"_id": 1, "a": 1, "b": [1, 2], "z": 1},
            {"_id": 2, "a": None, "b": [], "z": 3},
            {"_id": 3, "b": [{"y": 1}, {"y": [1, 2]}]},
        ],
    ),
]
REFUSED: list[tuple[Any, Any]] = [
    ({"$lookup": None}, 9),
    ({"$lookup": {}}, 9),
    ({"$lookup": {"from": "o"}}, 9),
    ({"$lookup": {"from": 1}}, 9),
    ({"$lookup": {"from": ""}}, 73),
    ({"$lookup": {"from": ".a", "as": "j", "pipeline": []}}, 73),
    ({"$lookup": {"from": "o", "localField": "a", "foreignField": "f", "as": "j", "x": 1}}, 9),
    ({"$lookup": {"from": "o", "localField": "a", "foreignField": "f", "as": "j", "x": "1"}}, 9),
    ({"$lookup": {"from": "o", "localField": "a", "foreignField": "f", "as": ""}}, 9),
    ({"$lookup": {"from": "o", "localField": "a", "foreignField": "f", "as": "$a"}}, 16410),
    ({"$lookup": {"from": "o", "localField": "a", "foreignField": "f", "as": "a."}}, 40353),
    ({"$lookup": {"from": "o", "localField": "a", "as": "j"}}, 9),
    ({"$lookup": {"from": "o", "localField": "a", "foreignField": "f", "as": "j", "let": {}}}, 9),
    ({"$lookup": {"from": "o", "localField": "a", "foreignField": "f", "as": "j", "let": 1}}, 9),
    ({"$lookup": {"from": "o", "localField": "a", "foreignField": "f", "as": "j", "pipeline": 1}}, 14),
    ({"$lookup": {"from": "o", "localField": "a", "foreignField": "f", "as": "j", "pipeline": [1]}}, 14),
    (
        {
            "$lookup": {
                "from": "o",
                "localField": "a",
                "foreignField": "f",
                "as": "j",
                "pipeline": [{"$foo": 1}],
            }
        },
        40324,
    ),
    ({"$lookup": {"from": "o", "localField": "$a", "foreignField": "f", "as": "j"}}, 16410),
    ({"$lookup": {"from": "o", "localField": "a", "foreignField": "", "as": "j"}}, 9),
    ({"$lookup": {"from": "o", "let": {"X": 1}, "pipeline": [], "as": "j"}}, 9),
    ({"$lookup": {"from": "o", "let": {"x.y": 1}, "pipeline": [], "as": "j"}}, 9),
    ({"$lookup": {"from": "o", "let": {"x": "$$u"}, "pipeline": [], "as": "j"}}, 17276),
    ({"$lookup": {"pipeline": [], "as": "j"}}, 9),
    ({"$lookup": {"from": "o", "localField": "a", "pipeline": [], "as": "j"}}, 9),
    ({"$unionWith": None}, 9),
    ({"$unionWith": 1}, 9),
    ({"$unionWith": {}}, 9),
    ({"$unionWith": ""}, 73),
    ({"$unionWith": {"coll": 1}}, 14),
    ({"$unionWith": {"pipeline": []}}, 9),
    ({"$unionWith": {"coll": "o", "pipeline": 1}}, 14),
    ({"$unionWith": {"coll": "o", "pipeline": None}}, 10065),
    ({"$unionWith": {"coll": "o", "x": 1}}, 40415),
    ({"$graphLookup": None}, 9),
    ({"$graphLookup": {}}, 9),
    (
        {
            "$graphLookup": {
                "from": "o",
                "startWith": "$a",
                "connectFromField": "f",
                "connectToField": "_id",
                "as": "j",
                "x": 1,
            }
        },
        40104,
    ),
    (
        {
            "$graphLookup": {
                "from": 1,
                "startWith": "$a",
                "connectFromField": "f",
                "connectToField": "_id",
                "as": "j",
            }
        },
        9,
    ),
    (
        {
            "$graphLookup": {
                "from": "",
                "startWith": "$a",
                "connectFromField": "f",
                "connectToField": "_id",
                "as": "j",
            }
        },
        73,
    ),
    (
        {
            "$graphLookup": {
                "from": "o",
                "startWith": "$a",
                "connectFromField": "f",
                "connectToField": "_id",
                "as": 1,
            }
        },
        40103,
    ),
    (
        {
            "$graphLookup": {
                "from": "o",
                "startWith": "$a",
                "connectFromField": "f",
                "connectToField": "_id",
                "as": "$j",
            }
        },
        16410,
    ),
    (
        {
            "$graphLookup": {
                "from": "o",
                "startWith": "$a",
                "connectFromField": "$f",
                "connectToField": "_id",
                "as": "j",
            }
        },
        16410,
    ),
    (
        {
            "$graphLookup": {
                "from": "o",
                "startWith": "$a",
                "connectFromField": "f",
                "connectToField": "",
                "as": "j",
            }
        },
        40105,
    ),
    ({"$graphLookup": {"from": "o", "connectFromField": "f", "connectToField": "_id", "as": "j"}}, 40105),
    (
        {
            "$graphLookup": {
                "from": "o",
                "startWith": "$a",
                "connectFromField": "f",
                "connectToField": "_id",
                "as": "j",
                "maxDepth": -1,
            }
        },
        40101,
    ),
    (
        {
            "$graphLookup": {
                "from": "o",
                "startWith": "$a",
                "connectFromField": "f",
                "connectToField": "_id",
                "as": "j",
                "maxDepth": "x",
            }
        },
        40100,
    ),
    (
        {
            "$graphLookup": {
                "from": "o",
                "startWith": "$a",
                "connectFromField": "f",
                "connectToField": "_id",
                "as": "j",
                "maxDepth": 1.5,
            }
        },
        40102,
    ),
    (
        {
            "$graphLookup": {
                "from": "o",
                "startWith": "$a",
                "connectFromField": "f",
                "connectToField": "_id",
                "as": "j",
                "depthField": 1,
            }
        },
        40103,
    ),
    (
        {
            "$graphLookup": {
                "from": "o",
                "startWith": "$a",
                "connectFromField": "f",
                "connectToField": "_id",
                "as": "j",
                "restrictSearchWithMatch": 1,
            }
        },
        40185,
    ),
    (
        {
            "$graphLookup": {
                "from": "o",
                "startWith": "$a",
                "connectFromField": "f",
                "connectToField": "_id",
                "as": "j",
                "restrictSearchWithMatch": {"$foo": 1},
            }
        },
        2,
    ),
    ({"$facet": None}, 40169),
    ({"$facet": {}}, 40169),
    ({"$facet": {"a": 1}}, 40170),
    ({"$facet": {"a": [1]}}, 40171),
    ({"$facet": {"": []}}, 15998),
    ({"$facet": {"$a": []}}, 16410),
    ({"$facet": {"a.b": []}}, 16412),
    ({"$facet": {"a": [{}]}}, 40323),
]


@pytest.mark.parametrize(("stage", "expected"), RESULTS, ids=str)
def test_results(stage: Any, expected: Any) -> None:
    assert as_bson(aggregated(engine_with({"c": ROWS, "o": OTHERS}), [stage])) == as_bson(expected)


@pytest.mark.parametrize(("stage", "code"), REFUSED, ids=str)
def test_refused_operands(stage: Any, code: int) -> None:
    assert refusal(engine_with({"c": ROWS, "o": OTHERS}), [stage]) == code


@pytest.mark.parametrize("path", ["_id", "f"])
def test_an_index_finds_the_same(path: str) -> None:
    stages = [{"$lookup": {"from": "o", "localField": "b", "foreignField": path, "as": "j"}}]
    stages += [{"$lookup": {"from": "o", "localField": "a", "foreignField": path, "as": "k"}}]
    engine = engine_with({"c": ROWS, "o": OTHERS})
    scanned = aggregated(engine, stages)
    engine.command("db", {"createIndexes": "o", "indexes": [{"key": {"f": 1}, "name": "f_1"}]})
    assert as_bson(aggregated(engine, stages)) == as_bson(scanned)


@pytest.mark.parametrize(
    "options",
    [
        {"localField": "k", "foreignField": "k"},
        {"let": {"v": "$k"}, "pipeline": [{"$match": {"$expr": {"$eq": ["$$v", "$k"]}}}]},
    ],
    ids=["fields", "expression"],
)
def test_a_join_reads_the_other_collection_once(monkeypatch: pytest.MonkeyPatch, options: Any) -> None:
    engine = engine_with({"c": [{"_id": at, "k": at} for at in range(50)]})
    reads: list[str] = []
    select = Collection.select

    def noted(collection: Collection, *arguments: Any) -> Any:
        reads.append(collection.name)
        return select(collection, *arguments)

    monkeypatch.setattr(Collection, "select", noted)
    found = aggregated(engine, [{"$lookup": {"from": "c", **options, "as": "j"}}])
    assert all([each["_id"] for each in document["j"]] == [document["_id"]] for document in found)
    assert len(reads) == 2


def test_sub_pipelines_lie_in_each_other_up_to_a_depth() -> None:
    engine = engine_with({"c": [{"_id": 1}]})
    stages: list[Any] = []
    for _ in range(20):
        stages = [{"$lookup": {"from": "c", "pipeline": stages, "as": "j"}}]
    assert aggregated(engine, stages)
    assert refusal(engine, [{"$lookup": {"from": "c", "pipeline": stages, "as": "j"}}]) == 232


LINKED = [{"_id": 1, "a": 1}, {"_id": 2, "a": [2, 3]}, {"_id": 3}, {"_id": 4, "a": None}, {"_id": 5, "a": 99}]
LINKS = [
    {"_id": 1, "f": 2},
    {"_id": 2, "f": [3, 4]},
    {"_id": 3, "f": 1},
    {"_id": 4, "f": None},
    {"_id": 5, "f": {"x": 1}, "g": 1},
    {"_id": None, "f": 5},
]
REACHED: list[tuple[Any, list[list[str]]]] = [
    (
        {"from": "o", "startWith": "$a", "connectFromField": "f", "connectToField": "_id", "as": "j"},
        [["1", "2", "3", "4", "5", "None"], ["1", "2", "3", "4", "5", "None"], [], ["5", "None"], []],
    ),
    (
        {
            "from": "o",
            "startWith": "$a",
            "connectFromField": "f",
            "connectToField": "_id",
            "as": "j",
            "maxDepth": 0,
        },
        [["1"], ["2", "3"], [], ["None"], []],
    ),
    (
        {
            "from": "o",
            "startWith": "$a",
            "connectFromField": "f",
            "connectToField": "_id",
            "as": "j",
            "maxDepth": 2.0,
            "depthField": "d",
        },
        [["1@0", "2@1", "3@2", "4@2"], ["1@1", "2@0", "3@0", "4@1", "None@2"], [], ["5@1", "None@0"], []],
    ),
    (
        {
            "from": "o",
            "startWith": "$a",
            "connectFromField": "f",
            "connectToField": "_id",
            "as": "j",
            "restrictSearchWithMatch": {"f": {"$ne": 1}},
        },
        [["1", "2", "4", "5", "None"], ["2", "4", "5", "None"], [], ["5", "None"], []],
    ),
    (
        {
            "from": "o",
            "startWith": {"$literal": [1, 4]},
            "connectFromField": "f",
            "connectToField": "_id",
            "as": "j",
        },
        [
            ["1", "2", "3", "4", "5", "None"],
            ["1", "2", "3", "4", "5", "None"],
            ["1", "2", "3", "4", "5", "None"],
            ["1", "2", "3", "4", "5", "None"],
            ["1", "2", "3", "4", "5", "None"],
        ],
    ),
    (
        {"from": "o", "startWith": "$a", "connectFromField": "_id", "connectToField": "f", "as": "j"},
        [["1", "2", "3"], ["1", "2", "3"], [], ["1", "2", "3", "4"], []],
    ),
    (
        {"from": "o", "startWith": "$a", "connectFromField": "f", "connectToField": "g", "as": "j"},
        [["5"], [], [], [], []],
    ),
    (
        {"from": "o", "startWith": "$a", "connectFromField": "f.x", "connectToField": "_id", "as": "j"},
        [["1"], ["2", "3"], [], ["None"], []],
    ),
    (
        {
            "from": "o",
            "startWith": "$a",
            "connectFromField": "f",
            "connectToField": "_id",
            "as": "j",
            "depthField": "f",
        },
        [["1"], ["2", "3"], [], ["None"], []],
    ),
    (
        {"from": "none", "startWith": "$a", "connectFromField": "f", "connectToField": "_id", "as": "j"},
        [[], [], [], [], []],
    ),
]
"""The ``_id`` of what each document leads to, with its depth where there is one, in any order."""


@pytest.mark.parametrize(("options", "expected"), REACHED, ids=str)
def test_links(options: Any, expected: list[list[str]]) -> None:
    found = aggregated(engine_with({"c": LINKED, "o": LINKS}), [{"$graphLookup": options}])

    def shown(document: Any) -> str:
        depth = f"@{document['d']}" if "d" in document else ""
        return f"{document['_id']!r}{depth}"

    assert [sorted(map(shown, document["j"])) for document in found] == expected


def test_facets() -> None:
    stages = [
        {
            "$facet": {
                "n": [{"$count": "n"}],
                "none": [{"$match": {"_id": 9}}],
                "last": [{"$sort": {"_id": -1}}, {"$limit": 1}, {"$project": {"z": 1}}],
                "_id": [{"$unionWith": "o"}, {"$match": {"_id": 1}}, {"$project": {"f": 1}}],
            }
        }
    ]
    expected = {"n": [{"n": 3}], "none": [], "last": [{"_id": 3}], "_id": [{"_id": 1}, {"_id": 1, "f": 1}]}
    assert as_bson(aggregated(engine_with({"c": ROWS, "o": OTHERS}), stages)) == as_bson([expected])
