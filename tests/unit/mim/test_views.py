"""Views: their definitions, what can be read from them, and what they refuse. Errors as a server gives them."""

from __future__ import annotations

from typing import Any

import pytest
from pymongo.errors import BulkWriteError, CollectionInvalid, OperationFailure

from ming import mim
from ming.mim.commands.core import Engine
from ming.mim.data.errors import CommandError

Command = dict[str, Any]

POSITIVE = [{"$match": {"a": {"$gt": 0}}}]


@pytest.fixture
def engine() -> Engine:
    made = Engine()
    documents = [{"_id": number, "a": number % 3, "l": [number, number + 1]} for number in range(6)]
    made.command("db", {"insert": "c", "documents": documents})
    made.command("db", {"create": "v", "viewOn": "c", "pipeline": POSITIVE})
    return made


def batch(engine: Engine, command: Command) -> list[Any]:
    return list(engine.command("db", command)["cursor"]["firstBatch"])


def ids(engine: Engine, command: Command) -> list[Any]:
    return [document["_id"] for document in batch(engine, command)]


# -- definitions --------------------------------------------------------------------------------------


def test_listing(engine: Engine) -> None:
    described = {each["name"]: each for each in batch(engine, {"listCollections": 1})}
    assert sorted(described) == ["c", "system.views", "v"]
    assert described["v"] == {
        "name": "v",
        "type": "view",
        "options": {"viewOn": "c", "pipeline": POSITIVE},
        "info": {"readOnly": True},
    }
    assert batch(engine, {"find": "system.views"}) == [{"_id": "db.v", "viewOn": "c", "pipeline": POSITIVE}]
    assert engine.command("db", {"dbStats": 1})["views"] == 1


@pytest.mark.parametrize(
    ("command", "code", "message"),
    [
        ({"create": "w", "viewOn": ""}, 2, "'viewOn' cannot be empty"),
        ({"create": "w", "viewOn": "$x"}, 73, "invalid name for 'viewOn': $x"),
        ({"create": "w", "viewOn": ".x"}, 73, "Collection names cannot start with '.': .x"),
        (
            {"create": "w", "viewOn": 5},
            14,
            "BSON field 'create.viewOn' is the wrong type 'int', expected type 'string'",
        ),
        (
            {"create": "w", "viewOn": "c", "pipeline": 5},
            14,
            "BSON field 'create.pipeline' is the wrong type 'int', expected type 'array'",
        ),
        (
            {"create": "w", "viewOn": "c", "pipeline": [5]},
            14,
            "BSON field 'create.pipeline.0' is the wrong type 'int', expected type 'object'",
        ),
        (
            {"create": "w", "viewOn": "c", "pipeline": [{"$foo": 1}]},
            40324,
            "Unrecognized pipeline stage name: '$foo'",
        ),
        (
            {"create": "w", "viewOn": "c", "pipeline": [{"$match": {}}, {"$out": "x"}]},
            167,
            "Invalid pipeline for view db.w :: caused by :: The aggregation stage $out in location 1 of the pipeline"
            " cannot be used in the view definition of db.w because it writes to disk",
        ),
        (
            {"create": "w", "viewOn": "c", "pipeline": [{"$group": {}}]},
            15955,
            "Invalid pipeline for view db.w :: caused by :: a group specification must include an _id",
        ),
        (
            {"create": "w", "viewOn": "c", "pipeline": [{"$changeStream": {}}]},
            167,
            "Invalid pipeline for view db.w :: caused by :: $changeStream cannot be used in a view definition",
        ),
        ({"create": "w", "viewOn": "w"}, 5, "View cycle detected: db.w => db.w => db.w"),
        (
            {"create": "w", "viewOn": "c", "capped": True},
            72,
            "the 'size' field is required when 'capped' is true",
        ),
        (
            {"create": "w", "viewOn": "c", "idIndex": {"key": {"_id": 1}, "name": "_id_"}},
            72,
            "'idIndex' is not allowed with 'viewOn': { key: { _id: 1 }, name: \"_id_\" }",
        ),
        (
            {"create": "w", "viewOn": "c", "timeseries": {"timeField": "t"}},
            72,
            "db.w: 'timeseries' is not allowed with 'viewOn'",
        ),
        (
            {"create": "w", "viewOn": "v", "collation": {"locale": "en"}},
            167,
            "View db.w has conflicting collation with view db.v",
        ),
        ({"create": "v", "viewOn": "c"}, 48, "Namespace already exists"),
        ({"create": "v"}, 48, "A view already exists. NS: db.v"),
        ({"create": "c", "viewOn": "v"}, 48, "Cannot create collection db.c - collection already exists."),
        (
            {"create": "system.views", "viewOn": "c"},
            73,
            "Cannot create a view called 'system.views': this is a reserved system namespace",
        ),
        ({"create": "w", "pipeline": []}, 72, "'pipeline' requires 'viewOn' to also be specified"),
        ({"collMod": "v", "viewOn": "v"}, 5, "View cycle detected: db.v => db.v => db.v"),
        ({"collMod": "v", "validator": {}}, 72, "option not supported on a view: validator"),
        ({"collMod": "c", "viewOn": "v"}, 72, "option only supported on a view: viewOn"),
        ({"renameCollection": "db.v", "to": "db.w"}, 166, "cannot rename view: db.v"),
        (
            {"renameCollection": "db.c", "to": "db.v", "dropTarget": True},
            48,
            "a view already exists with that name: db.v",
        ),
        ({"validate": "v"}, 166, "Cannot validate a view"),
        ({"insert": "system.views", "documents": [{"_id": "db.x"}]}, 73, "cannot write to db.system.views"),
        (
            {"delete": "system.views", "deletes": [{"q": {}, "limit": 0}]},
            73,
            "cannot write to db.system.views",
        ),
    ],
    ids=str,
)
def test_refused_definitions(engine: Engine, command: Command, code: int, message: str) -> None:
    with pytest.raises(CommandError) as caught:
        engine.command("admin" if "renameCollection" in command else "db", command)
    assert (caught.value.code, caught.value.errmsg) == (code, message)


def test_changing_and_dropping(engine: Engine) -> None:
    engine.command("db", {"collMod": "v", "pipeline": [{"$match": {"a": 0}}]})
    assert ids(engine, {"find": "v"}) == [0, 3]
    engine.command("db", {"insert": "d", "documents": [{"_id": "d", "a": 0}]})
    engine.command("db", {"collMod": "v", "viewOn": "d"})
    assert ids(engine, {"find": "v"}) == ["d"]
    assert engine.command("db", {"drop": "v"}) == {"ns": "db.v", "ok": 1.0}
    assert ids(engine, {"find": "v"}) == []
    engine.command("db", {"create": "v"})
    engine.command("db", {"drop": "system.views"})
    assert sorted(each["name"] for each in batch(engine, {"listCollections": 1})) == ["c", "d", "v"]


def test_cycles_and_depth(engine: Engine) -> None:
    engine.command("db", {"create": "one", "viewOn": "two"})
    joined = {"from": "one", "localField": "a", "foreignField": "a", "as": "x"}
    for pipeline in (
        [{"$unionWith": "one"}],
        [{"$facet": {"f": [{"$lookup": joined}]}}],
        [{"$unionWith": {"coll": "c", "pipeline": [{"$lookup": joined}]}}],
    ):
        with pytest.raises(CommandError, match="db.two => db.two => db.one => db.two") as caught:
            engine.command("db", {"create": "two", "viewOn": "c", "pipeline": pipeline})
        assert caught.value.code == 5
    for number in range(2, 21):
        engine.command("db", {"create": f"v{number}", "viewOn": f"v{number - 1}" if number > 2 else "v"})
    assert ids(engine, {"find": "v19", "filter": {"a": 1}}) == [1, 4]
    for command in {"find": "v20"}, {"create": "v21", "viewOn": "v20"}:
        with pytest.raises(CommandError) as caught:
            engine.command("db", command)
        assert caught.value.code == 165


# -- reading ------------------------------------------------------------------------------------------


def test_queries(engine: Engine) -> None:
    engine.command("db", {"create": "w", "viewOn": "v", "pipeline": [{"$set": {"b": {"$add": ["$a", 1]}}}]})
    found = {"find": "w", "filter": {"b": 3}, "sort": {"_id": -1}, "projection": {"b": 1}, "limit": 1}
    assert batch(engine, found) == [{"_id": 5, "b": 3}]
    assert ids(engine, {"find": "w", "skip": 1, "hint": {"$natural": -1}}) == [4, 2, 1]
    assert ids(engine, {"find": "w", "sort": {"$natural": -1}}) == [5, 4, 2, 1]
    assert ids(engine, {"find": "w", "filter": {"$expr": {"$eq": ["$a", "$$x"]}}, "let": {"x": 1}}) == [1, 4]
    assert engine.command("db", {"count": "w", "query": {"b": 2}}) == {"n": 2, "ok": 1}
    assert engine.command("db", {"count": "w", "skip": 1, "limit": 2}) == {"n": 2, "ok": 1.0}
    assert engine.command("db", {"count": "w", "query": {"b": 7}}) == {"n": 0, "ok": 1.0}
    assert engine.command("db", {"distinct": "w", "key": "l.0", "query": {"b": 3}})["values"] == [2, 5]
    summed = {"aggregate": "w", "pipeline": [{"$group": {"_id": 1, "n": {"$sum": "$b"}}}], "cursor": {}}
    assert batch(engine, summed) == [{"_id": 1, "n": 10}]
    joined = [{"$lookup": {"from": "v", "localField": "a", "foreignField": "a", "as": "m"}}]
    matched = batch(engine, {"aggregate": "c", "pipeline": joined, "cursor": {}})
    assert [len(document["m"]) for document in matched] == [0, 2, 2, 0, 2, 2]


def test_cursors_are_named_after_the_view(engine: Engine) -> None:
    cursor = engine.command("db", {"find": "v", "batchSize": 1})["cursor"]
    assert cursor["ns"] == "db.v"
    rest = engine.command("db", {"getMore": cursor["id"], "collection": "v"})["cursor"]
    assert [document["_id"] for document in rest["nextBatch"]] == [2, 4, 5]
    assert rest["ns"] == "db.v"


def test_explaining(engine: Engine) -> None:
    told = engine.command("db", {"explain": {"find": "v", "filter": {"_id": 1}}, "verbosity": "queryPlanner"})
    assert told["command"] == {
        "aggregate": "c",
        "pipeline": [*POSITIVE, {"$match": {"_id": 1}}],
        "cursor": {},
        "collation": {"locale": "simple"},
    }


@pytest.mark.parametrize(
    ("command", "code", "message"),
    [
        ({"find": "v", "returnKey": True}, 168, "Option returnKey not supported in aggregation."),
        ({"find": "v", "min": {"_id": 1}, "hint": "_id_"}, 168, "Option min not supported in aggregation."),
        ({"find": "v", "tailable": True}, 168, "Tailable cursors are not supported in aggregation."),
        ({"find": "v", "singleBatch": True}, 168, "Option singleBatch not supported in aggregation."),
        ({"find": "v", "awaitData": True}, 9, "Cannot set 'awaitData' without also setting 'tailable'"),
        ({"find": "v", "foo": 1}, 40415, "BSON field 'FindCommandRequest.foo' is an unknown field."),
        ({"find": "v", "collation": {"locale": "en"}}, 167, "Cannot override a view's default collation"),
        ({"count": "v", "limit": 0}, 15958, "the limit must be positive"),
        ({"distinct": "v", "key": ""}, 40352, "FieldPath cannot be constructed with empty string"),
        (
            {"aggregate": "v", "pipeline": [{"$changeStream": {}}], "cursor": {}},
            166,
            "Namespace db.v is a view, not a collection",
        ),
        (
            {"aggregate": "c", "pipeline": [{"$merge": "v"}], "cursor": {}},
            166,
            "PlanExecutor error during aggregation :: caused by :: Namespace db.v is a view, not a collection",
        ),
        (
            {"aggregate": "c", "pipeline": [{"$out": "v"}], "cursor": {}},
            166,
            "PlanExecutor error during aggregation :: caused by :: Namespace db.v is a view, not a collection",
        ),
    ],
    ids=str,
)
def test_refused_queries(engine: Engine, command: Command, code: int, message: str) -> None:
    with pytest.raises(CommandError) as caught:
        engine.command("db", command)
    assert (caught.value.code, caught.value.errmsg) == (code, message)


def test_collations(engine: Engine) -> None:
    engine.command("db", {"insert": "t", "documents": [{"_id": 1, "s": "A"}, {"_id": 2, "s": "b"}]})
    engine.command("db", {"create": "w", "viewOn": "t", "collation": {"locale": "en", "strength": 2}})
    assert ids(engine, {"find": "w", "filter": {"s": "a"}}) == [1]
    assert ids(engine, {"find": "w", "filter": {"s": "a"}, "collation": {"locale": "en", "strength": 2}}) == [
        1
    ]
    with pytest.raises(CommandError) as caught:
        engine.command("db", {"aggregate": "c", "pipeline": [{"$unionWith": "w"}], "cursor": {}})
    assert caught.value.code == 167


# -- writing ------------------------------------------------------------------------------------------

NO_COLLECTION = "Namespace db.v is a view, not a collection"


@pytest.mark.parametrize(
    "command",
    [
        {"insert": "v", "documents": [{}, {}], "ordered": False},
        {"update": "v", "updates": [{"q": {}, "u": {"$set": {"a": 1}}, "upsert": True}]},
        {"delete": "v", "deletes": [{"q": {}, "limit": 0}]},
    ],
    ids=lambda command: next(iter(command)),
)
def test_batches_of_writes_are_refused(engine: Engine, command: Command) -> None:
    errors = engine.command("db", command)["writeErrors"]
    assert len(errors) == len(command.get("documents", [1]))
    assert all((error["code"], error["errmsg"]) == (166, NO_COLLECTION) for error in errors)


@pytest.mark.parametrize(
    "command",
    [
        {"findAndModify": "v", "remove": True},
        {"createIndexes": "v", "indexes": [{"key": {"a": 1}, "name": "a"}]},
        {"listIndexes": "v"},
        {"dropIndexes": "v", "index": "*"},
        {"collStats": "v"},
        {"dataSize": "db.v"},
        {"convertToCapped": "v", "size": 100},
    ],
    ids=lambda command: next(iter(command)),
)
def test_commands_about_collections_are_refused(engine: Engine, command: Command) -> None:
    with pytest.raises(CommandError) as caught:
        engine.command("db", command)
    assert (caught.value.code, caught.value.errmsg) == (166, NO_COLLECTION)


# -- faces --------------------------------------------------------------------------------------------


def test_a_face_with_views() -> None:
    connection = mim.Connection(strict=True)
    database = connection.db
    database.c.insert_many([{"_id": number} for number in range(4)])
    view = database.create_collection("v", viewOn="c", pipeline=[{"$match": {"_id": {"$gt": 1}}}])
    assert [each["_id"] for each in view.find()] == [2, 3]
    assert view.find_one({"_id": 3}) == {"_id": 3}
    assert view.count_documents({}) == view.estimated_document_count() == 2
    assert view.options() == {"viewOn": "c", "pipeline": [{"$match": {"_id": {"$gt": 1}}}]}
    with pytest.raises(CollectionInvalid):
        database.create_collection("v")
    with pytest.raises(BulkWriteError):
        view.insert_many([{}])
    with pytest.raises(OperationFailure, match="is a view"):
        view.find_one_and_delete({})
    database.clear()
    assert view.find_one() is None
    assert "v" in database.list_collection_names()
    view.drop()
    assert database.list_collection_names(filter={"type": "view"}) == []


def test_streams_do_not_show_definitions() -> None:
    database = mim.Connection(strict=True).db
    database.create_collection("c")
    with database.watch() as stream:
        database.create_collection("v", viewOn="c", pipeline=[])
        database.c.insert_one({"_id": 1})
        event = stream.next()
    assert event["operationType"] == "insert"
    assert event["ns"] == {"db": "db", "coll": "c"}


def test_a_file_keeps_views(tmp_path: Any) -> None:
    path = tmp_path / "store.db"
    with mim.Connection(strict=True, file=path) as connection:
        connection.db.c.insert_one({"_id": 1})
        connection.db.create_collection("v", viewOn="c")
    with mim.Connection(strict=True, file=path) as connection:
        assert connection.db.v.find_one() == {"_id": 1}
