"""Plans of queries and writes; as a server answers."""

from __future__ import annotations

from typing import Any

import pytest
from bson import MinKey, ObjectId, Regex

from ming.mim.commands.core import Engine
from ming.mim.data.errors import CommandError

Document = dict[str, Any]


@pytest.fixture
def engine() -> Engine:
    made = Engine()
    documents = [
        {"_id": number, "a": number % 3, "b": number, "l": [number, number + 1], "s": f"k{number}"}
        for number in range(10)
    ]
    made.command("db", {"insert": "c", "documents": documents})
    indexes = [
        {"key": {"a": 1}, "name": "a_1"},
        {"key": {"a": 1, "b": -1}, "name": "ab"},
        {"key": {"b": 1}, "name": "b_1", "sparse": True},
        {"key": {"l": 1}, "name": "l_1"},
        {"key": {"s": 1}, "name": "s_1"},
        {"key": {"p": 1}, "name": "p_1", "partialFilterExpression": {"p": {"$gt": 2}}},
        {"key": {"h": 1}, "name": "h_1", "hidden": True},
    ]
    made.command("db", {"createIndexes": "c", "indexes": indexes})
    return made


def explain(engine: Engine, command: Document, verbosity: str = "queryPlanner") -> Document:
    return engine.command("db", {"explain": command, "verbosity": verbosity})


def stages(tree: Document) -> list[Any]:
    """Return a plan as the names of its stages, an index scan with its index."""
    found: list[Any] = []
    while tree:
        found.append((tree["stage"], tree["indexName"]) if "indexName" in tree else tree["stage"])
        tree = tree.get("inputStage", {})
    return found


def plan(engine: Engine, command: Document) -> list[Any]:
    return stages(explain(engine, command)["queryPlanner"]["winningPlan"])


A, AB, B, S, L, P, ID = (("IXSCAN", name) for name in ("a_1", "ab", "b_1", "s_1", "l_1", "p_1", "_id_"))


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, ["COLLSCAN"]),
        ({"filter": {"z": 1}}, ["COLLSCAN"]),
        ({"filter": {"h": 1}}, ["COLLSCAN"]),
        ({"filter": {"_id": 3}}, ["IDHACK"]),
        ({"filter": {"_id": {"x": 1}}}, ["IDHACK"]),
        ({"filter": {"_id": 3, "z": 1}}, ["FETCH", ID]),
        ({"filter": {"_id": {"$gt": 3}}}, ["FETCH", ID]),
        ({"filter": {"a": 1}}, ["FETCH", A]),
        ({"filter": {"a": 1, "b": {"$lt": 5}}}, ["FETCH", AB]),
        ({"filter": {"a": {"$ne": 1}}}, ["FETCH", A]),
        ({"filter": {"l": {"$size": 2}}}, ["COLLSCAN"]),
        ({"filter": {"b": None}}, ["COLLSCAN"]),
        ({"filter": {"p": {"$gt": 5}}}, ["FETCH", P]),
        ({"filter": {"p": 5}}, ["FETCH", P]),
        ({"filter": {"p": 1}}, ["COLLSCAN"]),
        ({"sort": {"a": -1}}, ["FETCH", A]),
        ({"filter": {"a": 1}, "sort": {"b": 1}}, ["FETCH", AB]),
        ({"filter": {"a": 1}, "sort": {"z": 1}}, ["SORT", "FETCH", A]),
        ({"filter": {"z": 1}, "limit": 2, "skip": 1}, ["LIMIT", "SKIP", "COLLSCAN"]),
        (
            {"filter": {"a": 1}, "sort": {"z": 1}, "skip": 1, "limit": 2, "projection": {"a": 1}},
            ["PROJECTION_SIMPLE", "SKIP", "SORT", "FETCH", A],
        ),
        ({"filter": {"a": 1}, "projection": {"a": 1, "_id": 0}}, ["PROJECTION_COVERED", A]),
        ({"projection": {"a": {"$add": [1, 2]}}}, ["PROJECTION_DEFAULT", "COLLSCAN"]),
        ({"hint": {"b": 1}}, ["FETCH", B]),
        ({"hint": {"$natural": -1}}, ["COLLSCAN"]),
        ({"min": {"a": 1}, "hint": "a_1"}, ["FETCH", A]),
    ],
)
def test_winning_plan(engine: Engine, options: Document, expected: list[Any]) -> None:
    assert plan(engine, {"find": "c", **options}) == expected


@pytest.mark.parametrize(
    ("condition", "bounds"),
    [
        ({"a": {"$gt": 1}}, ["(1, inf.0]"]),
        ({"a": {"$gte": 1, "$lt": 2}}, ["[1, 2)"]),
        ({"a": {"$in": [2, 1]}}, ["[1, 1]", "[2, 2]"]),
        ({"a": None}, ["[undefined, undefined]", "[null, null]"]),
        ({"a": {"$ne": 1}}, ["[MinKey, 1)", "(1, MaxKey]"]),
        ({"a": {"$not": {"$gt": 1}}}, ["[MinKey, 1]", "(inf.0, MaxKey]"]),
        ({"a": {"$exists": True}}, ["[MinKey, MaxKey]"]),
        ({"a": {"$lt": True}}, ["[false, true)"]),
        ({"a": {"$gt": MinKey()}}, ["(MinKey, MaxKey]"]),
        ({"a": {"$lt": {"x": 1}}}, ["[{}, { x: 1 })"]),
        ({"a": {"$mod": [2, 0]}}, ["[nan.0, inf.0]"]),
        ({"a": [1, 2]}, ["[1, 1]", "[[ 1, 2 ], [ 1, 2 ]]"]),
        (
            {"a": {"$gt": ObjectId("5f" * 12)}},
            [f"(ObjectId('{'5f' * 12}'), ObjectId('{'f' * 24}')]"],
        ),
        ({"s": {"$gt": "k2"}}, ['("k2", {})']),
        ({"s": Regex("^k1")}, ['["k1", "k2")', "[/^k1/, /^k1/]"]),
        ({"s": Regex("1")}, ['["", {})', "[/1/, /1/]"]),
        ({"l": {"$elemMatch": {"$gt": 3, "$lt": 5}}}, ["(3, 5)"]),
    ],
)
def test_index_bounds(engine: Engine, condition: Document, bounds: list[str]) -> None:
    tree = explain(engine, {"find": "c", "filter": condition})["queryPlanner"]["winningPlan"]
    ((field, _),) = condition.items()
    assert tree["inputStage"]["indexBounds"] == {field: bounds}


@pytest.mark.parametrize(
    ("query", "parsed"),
    [
        ({}, {}),
        ({"z": {"$gt": 1}, "y": 2}, {"$and": [{"y": {"$eq": 2}}, {"z": {"$gt": 1}}]}),
        ({"a": {"$in": [2, 1]}}, {"a": {"$in": [1, 2]}}),
        ({"a": {"$in": [1]}}, {"a": {"$eq": 1}}),
        ({"a": {"$ne": 1}}, {"a": {"$not": {"$eq": 1}}}),
        ({"$nor": [{"a": 1}]}, {"a": {"$not": {"$eq": 1}}}),
        ({"$and": [{"a": 1}, {"b": {"$gt": 0}}]}, {"$and": [{"a": {"$eq": 1}}, {"b": {"$gt": 0}}]}),
        ({"$or": [{"z": 1}, {"y": 2}]}, {"$or": [{"y": {"$eq": 2}}, {"z": {"$eq": 1}}]}),
        ({"l": {"$all": [1, 2]}}, {"$and": [{"l": {"$eq": 1}}, {"l": {"$eq": 2}}]}),
        ({"s": Regex("x", 2)}, {"s": {"$regex": "x", "$options": "i"}}),
    ],
)
def test_parsed_query(engine: Engine, query: Document, parsed: Document) -> None:
    assert explain(engine, {"find": "c", "filter": query})["queryPlanner"]["parsedQuery"] == parsed


def test_an_index_scan_in_full(engine: Engine) -> None:
    tree = explain(engine, {"find": "c", "filter": {"a": 1, "b": {"$lt": 5}}})["queryPlanner"]["winningPlan"]
    assert tree == {
        "stage": "FETCH",
        "inputStage": {
            "stage": "IXSCAN",
            "keyPattern": {"a": 1, "b": -1},
            "indexName": "ab",
            "isMultiKey": False,
            "multiKeyPaths": {"a": [], "b": []},
            "isUnique": False,
            "isSparse": False,
            "isPartial": False,
            "indexVersion": 2,
            "direction": "forward",
            "indexBounds": {"a": ["[1, 1]"], "b": ["(5, -inf.0]"]},
        },
    }


def test_a_multikey_index(engine: Engine) -> None:
    tree = explain(engine, {"find": "c", "filter": {"l": {"$gt": 3, "$lt": 5}}})["queryPlanner"][
        "winningPlan"
    ]
    assert tree["filter"] == {"l": {"$gt": 3}}
    assert tree["inputStage"]["isMultiKey"]
    assert tree["inputStage"]["multiKeyPaths"] == {"l": ["l"]}
    assert tree["inputStage"]["indexBounds"] == {"l": ["[-inf.0, 5)"]}


def test_an_unknown_collection(engine: Engine) -> None:
    assert plan(engine, {"find": "nope", "filter": {"a": 1}}) == ["EOF"]


@pytest.mark.parametrize(
    ("options", "returned", "keys", "documents"),
    [
        ({"filter": {"z": 1}}, 0, 0, 10),
        ({"limit": 3}, 3, 0, 3),
        ({"skip": 2, "limit": 3}, 3, 0, 5),
        ({"filter": {"_id": 1}}, 1, 1, 1),
        ({"filter": {"_id": 100}}, 0, 0, 0),
        ({"filter": {"a": 1}}, 3, 3, 3),
        ({"filter": {"l": {"$gt": 3}}}, 7, 13, 7),
        ({"filter": {"a": 1}, "sort": {"z": 1}, "skip": 1, "limit": 2}, 2, 3, 3),
    ],
)
def test_statistics(engine: Engine, options: Document, returned: int, keys: int, documents: int) -> None:
    told = explain(engine, {"find": "c", **options}, "executionStats")["executionStats"]
    assert told["executionSuccess"]
    assert (told["nReturned"], told["totalKeysExamined"], told["totalDocsExamined"]) == (
        returned,
        keys,
        documents,
    )
    assert told["executionStages"]["nReturned"] == returned


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ({"count": "c"}, ["RECORD_STORE_FAST_COUNT"]),
        ({"count": "c", "query": {"a": 1}}, ["COUNT", ("COUNT_SCAN", "a_1")]),
        ({"count": "c", "query": {"z": 1}}, ["COUNT", "COLLSCAN"]),
        ({"distinct": "c", "key": "z"}, ["COLLSCAN"]),
        ({"distinct": "c", "key": "a"}, ["PROJECTION_COVERED", ("DISTINCT_SCAN", "a_1")]),
        ({"update": "c", "updates": [{"q": {"a": 1}, "u": {"$set": {"z": 1}}}]}, ["UPDATE", "FETCH", A]),
        ({"delete": "c", "deletes": [{"q": {"_id": 1}, "limit": 1}]}, ["DELETE", "IDHACK"]),
        (
            {"findAndModify": "c", "query": {"a": 1}, "remove": True, "sort": {"z": 1}},
            ["DELETE", "SORT", "FETCH", A],
        ),
        ({"aggregate": "c", "pipeline": [{"$match": {"a": 1}}], "cursor": {}}, ["FETCH", A]),
        ({"aggregate": "c", "pipeline": [{"$limit": 1}], "cursor": {}}, ["LIMIT", "COLLSCAN"]),
    ],
)
def test_other_commands(engine: Engine, command: Document, expected: list[Any]) -> None:
    assert plan(engine, command) == expected


@pytest.mark.parametrize(
    ("command", "counts"),
    [
        (
            {"update": "c", "updates": [{"q": {"a": 1}, "u": {"$set": {"z": 1}}, "multi": True}]},
            {"nMatched": 3, "nWouldModify": 3, "nWouldUpsert": 0},
        ),
        (
            {"update": "c", "updates": [{"q": {"a": 9}, "u": {"$set": {"z": 1}}, "upsert": True}]},
            {"nMatched": 0, "nWouldModify": 0, "nWouldUpsert": 1},
        ),
        ({"delete": "c", "deletes": [{"q": {"a": 1}, "limit": 0}]}, {"nWouldDelete": 3}),
        ({"findAndModify": "c", "query": {"a": 1}, "remove": True}, {"nWouldDelete": 1}),
    ],
)
def test_writes_are_not_performed(engine: Engine, command: Document, counts: Document) -> None:
    before = engine.command("db", {"find": "c"})
    stage = explain(engine, command, "executionStats")["executionStats"]["executionStages"]
    assert {name: stage[name] for name in counts} == counts
    assert engine.command("db", {"find": "c"}) == before


def test_pipelines_that_go_on(engine: Engine) -> None:
    pipeline = [{"$match": {"a": 1}}, {"$unwind": "$l"}, {"$out": "d"}]
    cursor, unwind, _ = explain(engine, {"aggregate": "c", "pipeline": pipeline, "cursor": {}})["stages"]
    assert stages(cursor["$cursor"]["queryPlanner"]["winningPlan"]) == ["FETCH", A]
    assert unwind == {"$unwind": "$l"}
    names = engine.command("db", {"listCollections": 1, "nameOnly": True})["cursor"]["firstBatch"]
    assert [entry["name"] for entry in names] == ["c"]


def test_aggregate_with_explain(engine: Engine) -> None:
    reply = engine.command("db", {"aggregate": "c", "pipeline": [{"$match": {"a": 1}}], "explain": True})
    assert stages(reply["queryPlanner"]["winningPlan"]) == ["FETCH", A]


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ({"explain": {}}, 59),
        ({"explain": {"nope": 1}}, 59),
        ({"explain": 5}, 14),
        ({"explain": {"find": "c"}, "verbosity": "foo"}, 2),
        ({"explain": {"find": "c"}, "foo": 1}, 40415),
        ({"explain": {"insert": "c", "documents": [{}]}}, 20),
        ({"explain": {"explain": {"find": "c"}}}, 20),
        ({"explain": {"find": "c", "filter": {"$foo": 1}}}, 2),
        ({"explain": {"aggregate": "c", "pipeline": [{"$foo": 1}], "cursor": {}}}, 40324),
        ({"explain": {"delete": "c", "deletes": [{"q": {}, "limit": 0}] * 2}}, 16),
        ({"explain": {"find": "c", "hint": "nope"}}, 2),
    ],
)
def test_refused(engine: Engine, command: Document, code: int) -> None:
    with pytest.raises(CommandError) as caught:
        engine.command("db", command)
    assert caught.value.code == code
