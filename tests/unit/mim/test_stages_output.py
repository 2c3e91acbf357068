"""The stages $out and $merge, with results and codes of a server."""

from __future__ import annotations

from typing import Any

import pytest
from bson import ObjectId
from unit.mim.aggregation import aggregated, as_bson, engine_with, held, refusal

from ming.mim.commands.core import Engine

ROWS: list[dict[str, Any]] = [{"_id": 0, "a": 0}, {"_id": 1, "a": 1}, {"_id": 2, "a": 4}, {"_id": 3, "a": 9}]
TARGET: list[dict[str, Any]] = [{"_id": 1, "k": "x", "v": 1}, {"_id": 7, "k": "y"}]

WRITTEN: list[tuple[Any, int, Any]] = [
    (
        [{"$out": "t"}],
        0,
        {"t": [{"_id": 0, "a": 0}, {"_id": 1, "a": 1}, {"_id": 2, "a": 4}, {"_id": 3, "a": 9}]},
    ),
    (
        [{"$out": "new"}],
        0,
        {
            "new": [{"_id": 0, "a": 0}, {"_id": 1, "a": 1}, {"_id": 2, "a": 4}, {"_id": 3, "a": 9}],
            "t": [{"_id": 1, "k": "x", "v": 1}, {"_id": 7, "k": "y"}],
        },
    ),
    ([{"$out": "c"}], 0, {"t": [{"_id": 1, "k": "x", "v": 1}, {"_id": 7, "k": "y"}]}),
    (
        [{"$out": {"db": "db", "coll": "t"}}],
        0,
        {"t": [{"_id": 0, "a": 0}, {"_id": 1, "a": 1}, {"_id": 2, "a": 4}, {"_id": 3, "a": 9}]},
    ),
    ([{"$match": {"_id": 9}}, {"$out": "t"}], 0, {"t": []}),
    (
        [{"$addFields": {"k": "$_id"}}, {"$out": "t"}],
        0,
        {
            "t": [
                {"_id": 0, "a": 0, "k": 0},
                {"_id": 1, "a": 1, "k": 1},
                {"_id": 2, "a": 4, "k": 2},
                {"_id": 3, "a": 9, "k": 3},
            ]
        },
    ),
    (
        [{"$addFields": {"k": 1}}, {"$out": "t"}],
        11000,
        {"t": [{"_id": 1, "k": "x", "v": 1}, {"_id": 7, "k": "y"}]},
    ),
    (
        [{"$project": {"_id": "x"}}, {"$out": "t"}],
        11000,
        {"t": [{"_id": 1, "k": "x", "v": 1}, {"_id": 7, "k": "y"}]},
    ),
    (
        [{"$project": {"_id": ["x"]}}, {"$out": "t"}],
        53,
        {"t": [{"_id": 1, "k": "x", "v": 1}, {"_id": 7, "k": "y"}]},
    ),
    (
        [{"$merge": "t"}],
        0,
        {
            "t": [
                {"_id": 1, "k": "x", "v": 1, "a": 1},
                {"_id": 7, "k": "y"},
                {"_id": 0, "a": 0},
                {"_id": 2, "a": 4},
                {"_id": 3, "a": 9},
            ]
        },
    ),
    (
        [{"$merge": {"into": {"coll": "new"}}}],
        0,
        {
            "new": [{"_id": 0, "a": 0}, {"_id": 1, "a": 1}, {"_id": 2, "a": 4}, {"_id": 3, "a": 9}],
            "t": [{"_id": 1, "k": "x", "v": 1}, {"_id": 7, "k": "y"}],
        },
    ),
    ([{"$merge": {"into": "c"}}], 0, {"t": [{"_id": 1, "k": "x", "v": 1}, {"_id": 7, "k": "y"}]}),
    (
        [{"$merge": {"into": "t", "whenMatched": "replace"}}],
        0,
        {
            "t": [
                {"_id": 1, "a": 1},
                {"_id": 7, "k": "y"},
                {"_id": 0, "a": 0},
                {"_id": 2, "a": 4},
                {"_id": 3, "a": 9},
            ]
        },
    ),
    (
        [{"$merge": {"into": "t", "whenMatched": "keepExisting"}}],
        0,
        {
            "t": [
                {"_id": 1, "k": "x", "v": 1},
                {"_id": 7, "k": "y"},
                {"_id": 0, "a": 0},
                {"_id": 2, "a": 4},
                {"_id": 3, "a": 9},
            ]
        },
    ),
    (
        [{"$merge": {"into": "t", "whenMatched": "fail"}}],
        11000,
        {
            "t": [
                {"_id": 1, "k": "x", "v": 1},
                {"_id": 7, "k": "y"},
                {"_id": 0, "a": 0},
                {"_id": 2, "a": 4},
                {"_id": 3, "a": 9},
            ]
        },
    ),
    (
        [{"$merge": {"into": "t", "whenMatched": [{"$set": {"w": "$$new.a", "old": "$v"}}]}}],
        0,
        {
            "t": [
                {"_id": 1, "k": "x", "v": 1, "w": 1, "old": 1},
                {"_id": 7, "k": "y"},
                {"_id": 0, "a": 0},
                {"_id": 2, "a": 4},
                {"_id": 3, "a": 9},
            ]
        },
    ),
    (
        [
            {
                "$merge": {
                    "into": "t",
                    "let": {"n": {"$add": ["$a", 5]}},
                    "whenMatched": [{"$set": {"w": "$$n"}}],
                }
            }
        ],
        0,
        {
            "t": [
                {"_id": 1, "k": "x", "v": 1, "w": 6},
                {"_id": 7, "k": "y"},
                {"_id": 0, "a": 0},
                {"_id": 2, "a": 4},
                {"_id": 3, "a": 9},
            ]
        },
    ),
    (
        [{"$merge": {"into": "t", "whenNotMatched": "discard"}}],
        0,
        {"t": [{"_id": 1, "k": "x", "v": 1, "a": 1}, {"_id": 7, "k": "y"}]},
    ),
    (
        [{"$merge": {"into": "t", "whenMatched": "replace", "whenNotMatched": "fail"}}],
        13113,
        {"t": [{"_id": 1, "a": 1}, {"_id": 7, "k": "y"}]},
    ),
    (
        [{"$merge": {"into": "t", "whenMatched": [{"$unset": "v"}], "whenNotMatched": "discard"}}],
        0,
        {"t": [{"_id": 1, "k": "x"}, {"_id": 7, "k": "y"}]},
    ),
    (
        [{"$merge": {"into": "t", "whenMatched": [{"$set": {"_id": 5}}]}}],
        66,
        {
            "t": [
                {"_id": 1, "k": "x", "v": 1},
                {"_id": 7, "k": "y"},
                {"_id": 0, "a": 0},
                {"_id": 2, "a": 4},
                {"_id": 3, "a": 9},
            ]
        },
    ),
    (
        [{"$project": {"_id": 0, "k": "x", "a": 1}}, {"$merge": {"into": "t", "on": "k"}}],
        0,
        {"t": [{"_id": 1, "k": "x", "v": 1, "a": 9}, {"_id": 7, "k": "y"}]},
    ),
    (
        [
            {"$limit": 1},
            {"$project": {"k": "x", "a": 1}},
            {"$merge": {"into": "t", "on": "k", "whenMatched": "replace"}},
        ],
        66,
        {"t": [{"_id": 1, "k": "x", "v": 1}, {"_id": 7, "k": "y"}]},
    ),
    (
        [{"$limit": 2}, {"$addFields": {"k": "$_id"}}, {"$merge": {"into": "t", "on": "k"}}],
        11000,
        {"t": [{"_id": 1, "k": "x", "v": 1}, {"_id": 7, "k": "y"}, {"_id": 0, "k": 0, "a": 0}]},
    ),
    (
        [{"$limit": 1}, {"$merge": {"into": "t", "on": "k"}}],
        51132,
        {"t": [{"_id": 1, "k": "x", "v": 1}, {"_id": 7, "k": "y"}]},
    ),
    (
        [{"$project": {"k": ["x"]}}, {"$merge": {"into": "t", "on": "k"}}],
        51185,
        {"t": [{"_id": 1, "k": "x", "v": 1}, {"_id": 7, "k": "y"}]},
    ),
]
"""Pipelines with the code of the error, or 0, and the collections they leave behind; others stay as they are."""
REFUSED: list[tuple[Any, Any]] = [
    ({"$out": None}, 16990),
    ({"$out": {}}, 16994),
    ({"$out": ""}, 73),
    ({"$out": "system.x"}, 17385),
    ({"$out": "a$b"}, 20),
    ({"$out": {"db": "db"}}, 16994),
    ({"$out": {"db": 1, "coll": "x"}}, 13111),
    ({"$out": {"db": "a b", "coll": "x"}}, 73),
    ({"$out": {"db": "admin", "coll": "x"}}, 31321),
    ({"$merge": None}, 14),
    ({"$merge": {}}, 40414),
    ({"$merge": ""}, 73),
    ({"$merge": "system.x"}, 31319),
    ({"$merge": {"into": 1}}, 51178),
    ({"$merge": {"into": {"db": "db"}}}, 5786801),
    ({"$merge": {"into": {"coll": "t", "z": 1}}}, 40415),
    ({"$merge": {"into": {"db": "admin", "coll": "x"}}}, 31320),
    ({"$merge": {"into": "t", "x": 1}}, 40415),
    ({"$merge": {"into": "t", "on": 1}}, 51186),
    ({"$merge": {"into": "t", "on": []}}, 51187),
    ({"$merge": {"into": "t", "on": "a"}}, 51183),
    ({"$merge": {"into": "t", "on": ["k", "k"]}}, 31465),
    ({"$merge": {"into": "t", "on": ["k", 1]}}, 51134),
    ({"$merge": {"into": "t", "on": ["k", "_id"]}}, 51183),
    ({"$merge": {"into": "new", "on": "a"}}, 51183),
    ({"$merge": {"into": "t", "let": {}}}, 51199),
    ({"$merge": {"into": "t", "let": {"new": "$a"}, "whenMatched": []}}, 51273),
    ({"$merge": {"into": "t", "let": {"X": 1}, "whenMatched": []}}, 9),
    ({"$merge": {"into": "t", "whenMatched": "x"}}, 2),
    ({"$merge": {"into": "t", "whenMatched": 1}}, 51191),
    ({"$merge": {"into": "t", "whenMatched": [{"$match": {}}]}}, 72),
    ({"$merge": {"into": "t", "whenMatched": [{"$set": {"w": "$$none"}}]}}, 17276),
    ({"$merge": {"into": "t", "whenNotMatched": "x"}}, 2),
    ({"$merge": {"into": "t", "whenNotMatched": 1}}, 14),
    ({"$merge": {"into": "t", "whenMatched": "fail", "whenNotMatched": "discard"}}, 51181),
]


@pytest.fixture
def engine() -> Engine:
    made = engine_with({"c": ROWS, "t": TARGET})
    index = {"key": {"k": 1}, "name": "k_1", "unique": True, "sparse": True}
    made.command("db", {"createIndexes": "t", "indexes": [index]})
    return made


def indexes(engine: Engine, name: str) -> list[str]:
    listed = engine.command("db", {"listIndexes": name})["cursor"]["firstBatch"]
    return [index["name"] for index in listed]


@pytest.mark.parametrize(("stages", "code", "expected"), WRITTEN, ids=str)
def test_what_is_written(engine: Engine, stages: Any, code: int, expected: Any) -> None:
    if code:
        assert refusal(engine, stages) == code
    else:
        assert aggregated(engine, stages) == []
    names = engine.command("db", {"listCollections": 1, "nameOnly": True})["cursor"]["firstBatch"]
    assert {each["name"] for each in names} == {"c", *expected}
    for name, documents in {"c": ROWS, **expected}.items():
        assert as_bson(held(engine, name)) == as_bson(documents)
    assert indexes(engine, "t") == ["_id_", "k_1"]


@pytest.mark.parametrize(("stage", "code"), REFUSED, ids=str)
def test_refused_operands(engine: Engine, stage: Any, code: int) -> None:
    assert refusal(engine, [stage]) == code
    assert held(engine, "t") == TARGET


def test_other_databases(engine: Engine) -> None:
    for stage in ({"$out": {"db": "other", "coll": "x"}}, {"$merge": {"into": {"db": "other", "coll": "y"}}}):
        assert aggregated(engine, [stage]) == []
    for name in ("x", "y"):
        found = engine.command("other", {"find": name})["cursor"]["firstBatch"]
        assert found == ROWS


def test_missing_ids_are_made(engine: Engine) -> None:
    for stage in ({"$out": "x"}, {"$merge": {"into": "y"}}):
        assert aggregated(engine, [{"$project": {"_id": 0, "a": 1}}, stage]) == []
    for name in ("x", "y"):
        assert [list(document) for document in held(engine, name)] == [["_id", "a"]] * 4
        assert all(isinstance(document["_id"], ObjectId) for document in held(engine, name))


def test_a_validator_holds_for_what_is_written(engine: Engine) -> None:
    engine.command("db", {"create": "v", "validator": {"a": {"$gt": 0}}})
    for stage in ({"$out": "v"}, {"$merge": {"into": "v"}}):
        assert refusal(engine, [stage]) == 121
    command = {"aggregate": "c", "pipeline": [{"$out": "v"}], "cursor": {}}
    engine.command("db", {**command, "bypassDocumentValidation": True})
    assert held(engine, "v") == ROWS
    assert (
        refusal(engine, [{"$limit": 1}, {"$project": {"_id": {"$literal": 9}}}, {"$merge": {"into": "v"}}])
        == 121
    )


def test_variables_of_the_command_reach_the_update(engine: Engine) -> None:
    stages = [{"$merge": {"into": "t", "whenMatched": [{"$set": {"w": "$$v"}}], "whenNotMatched": "discard"}}]
    engine.command("db", {"aggregate": "c", "pipeline": stages, "cursor": {}, "let": {"v": 3}})
    assert held(engine, "t")[0] == {"_id": 1, "k": "x", "v": 1, "w": 3}
