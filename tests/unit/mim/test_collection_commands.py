"""The commands about collections, databases and the server; as a server answers."""

from __future__ import annotations

from typing import Any

import pytest
from bson import Binary

from ming.mim.commands.core import Engine
from ming.mim.data.errors import CommandError

Document = dict[str, Any]


@pytest.fixture
def engine() -> Engine:
    made = Engine()
    made.command("db", {"insert": "c", "documents": [{"_id": number, "a": number} for number in range(4)]})
    made.command("db", {"createIndexes": "c", "indexes": [{"key": {"a": 1}, "name": "a_1"}]})
    return made


def refusal(engine: Engine, command: Document, database: str = "db") -> int:
    with pytest.raises(CommandError) as caught:
        engine.command(database, command)
    return caught.value.code


def names(engine: Engine, database: str = "db") -> list[str]:
    listed = engine.command(database, {"listCollections": 1, "nameOnly": True})["cursor"]["firstBatch"]
    return [entry["name"] for entry in listed]


# -- names --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("", 73),
        ("$x", 73),
        ("a$b", 73),
        (".x", 73),
        ("a\0b", 73),
        ("a" * 253, 73),
        ("system.x", 73),
        ("system.indexes", 73),
        ("a.system.b", 2),
        (5, 2),
        (None, 2),
        ("a" * 252, None),
        ("x.", None),
        ("x..y", None),
        ("x y", None),
        ("system.js", None),
    ],
)
def test_names_of_collections(engine: Engine, name: Any, code: int | None) -> None:
    if code is None:
        engine.command("db", {"create": name})
        assert name in names(engine)
        return
    assert refusal(engine, {"create": name}) == code
    assert refusal(engine, {"insert": name, "documents": [{}]}) == code


@pytest.mark.parametrize(
    "command",
    [
        {"count": 5},
        {"distinct": 5, "key": "a"},
        {"collStats": 5},
        {"validate": 5},
        {"convertToCapped": 5, "size": 5},
    ],
)
def test_old_commands_have_another_code_for_no_name(engine: Engine, command: Document) -> None:
    assert refusal(engine, command) == 73


# -- create -------------------------------------------------------------------------------------------


def test_a_collection_as_it_is_listed(engine: Engine) -> None:
    engine.command(
        "db", {"create": "d", "changeStreamPreAndPostImages": {"enabled": True}, "capped": True, "size": 5}
    )
    command = {"listCollections": 1, "filter": {"name": "d"}}
    (entry,) = engine.command("db", command)["cursor"]["firstBatch"]
    assert isinstance(entry["info"].pop("uuid"), Binary)
    assert entry == {
        "name": "d",
        "type": "collection",
        "options": {"capped": True, "size": 256, "changeStreamPreAndPostImages": {"enabled": True}},
        "info": {"readOnly": False},
        "idIndex": {"v": 2, "key": {"_id": 1}, "name": "_id_"},
    }


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"foo": 1}, 40415),
        ({"temp": True}, 72),
        ({"pipeline": []}, 72),
        ({"expireAfterSeconds": 10}, 72),
        ({"autoIndexId": False}, 50001),
        ({"storageEngine": {"x": {}}}, 72),
        ({"indexOptionDefaults": {"a": 1}}, 40415),
        ({"idIndex": {"key": {"a": 1}, "name": "_id_"}}, 2),
        ({"collation": {}}, 40414),
        ({"changeStreamPreAndPostImages": True}, 14),
    ],
)
def test_refused_options_of_create(engine: Engine, options: Document, code: int) -> None:
    assert refusal(engine, {"create": "d", **options}) == code
    assert names(engine) == ["c"]


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({"flags": 1}, {}),
        ({"autoIndexId": True}, {"autoIndexId": True}),
        ({"collation": {"locale": "simple"}}, {}),
        ({"changeStreamPreAndPostImages": {"enabled": False}}, {}),
        ({"storageEngine": {"wiredTiger": {}}}, {"storageEngine": {"wiredTiger": {}}}),
        ({"comment": "why", "writeConcern": {"w": 1}, "maxTimeMS": 500}, {}),
        ({"recordPreImages": True}, {"recordPreImages": True}),
    ],
)
def test_options_of_create(engine: Engine, given: Document, kept: Document) -> None:
    engine.command("db", {"create": "d", **given})
    listed = engine.command("db", {"listCollections": 1, "filter": {"name": "d"}})["cursor"]["firstBatch"]
    assert listed[0]["options"] == kept
    assert refusal(engine, {"create": "d"}) == 48


# -- renameCollection ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ({"renameCollection": "db.c", "to": "db.c"}, 20),
        ({"renameCollection": "db.x", "to": "db.y"}, 26),
        ({"renameCollection": "db.c", "to": "db.d"}, 48),
        ({"renameCollection": "c", "to": "db.d"}, 73),
        ({"renameCollection": "db.c", "to": "d"}, 73),
        ({"renameCollection": "db.c", "to": "a b.d"}, 73),
        ({"renameCollection": "db.c", "to": "db.$d"}, 20),
        ({"renameCollection": "db.c", "to": "db.system.d"}, 20),
        ({"renameCollection": "db.c"}, 40414),
        ({"renameCollection": "db.c", "to": 5}, 14),
        ({"renameCollection": 5, "to": "db.d"}, 2),
        ({"renameCollection": "db.c", "to": "db.x", "dropTarget": 5}, 14),
        ({"renameCollection": "db.c", "to": "db.x", "foo": 1}, 40415),
    ],
)
def test_refused_renames(engine: Engine, command: Document, code: int) -> None:
    engine.command("db", {"create": "d"})
    assert refusal(engine, command, "admin") == code
    assert names(engine) == ["c", "d"]


def test_renaming_is_for_admins(engine: Engine) -> None:
    assert refusal(engine, {"renameCollection": "db.c", "to": "db.d"}) == 13


def test_a_renamed_collection_is_the_same(engine: Engine) -> None:
    engine.command("db", {"insert": "d", "documents": [{"_id": 9}]})
    engine.command("admin", {"renameCollection": "db.c", "to": "db.d", "dropTarget": True})
    assert names(engine) == ["d"]
    assert engine.command("db", {"count": "d"})["n"] == 4
    assert len(engine.command("db", {"listIndexes": "d"})["cursor"]["firstBatch"]) == 2
    errors = engine.command("db", {"insert": "d", "documents": [{"_id": 1}]})["writeErrors"]
    assert "collection: db.d " in errors[0]["errmsg"]


def test_renaming_into_another_database(engine: Engine) -> None:
    engine.command("admin", {"renameCollection": "db.c", "to": "other.d"})
    assert (names(engine), names(engine, "other")) == ([], ["d"])


def test_followers_see_a_rename(engine: Engine) -> None:
    seen: list[Any] = []
    engine._store.followers.append(seen.extend)
    engine.command("admin", {"renameCollection": "db.c", "to": "other.d"})
    assert [(change.kind, change.before, change.after) for change in seen] == [("rename", "db.c", "other.d")]


# -- drop, dropDatabase, listDatabases ----------------------------------------------------------------


def test_dropping(engine: Engine) -> None:
    assert engine.command("db", {"drop": "c"}) == {"nIndexesWas": 2, "ns": "db.c", "ok": 1.0}
    assert refusal(engine, {"drop": "c"}) == 26
    assert refusal(engine, {"drop": "c", "foo": 1}) == 40415


def test_dropping_databases(engine: Engine) -> None:
    assert refusal(engine, {"dropDatabase": 2}) == 5255100
    assert refusal(engine, {"dropDatabase": 1}, "admin") == 20
    assert engine.command("db", {"dropDatabase": 1}) == {"ok": 1.0}
    assert engine.command("db", {"dropDatabase": 1}) == {"ok": 1.0}
    assert names(engine) == []


def test_listing_databases(engine: Engine) -> None:
    assert refusal(engine, {"listDatabases": 1}) == 13
    (entry,) = engine.command("admin", {"listDatabases": 1})["databases"]
    assert (entry["name"], entry["empty"]) == ("db", False)
    assert entry["sizeOnDisk"] > 0
    assert engine.command("admin", {"listDatabases": 1, "nameOnly": True})["databases"] == [{"name": "db"}]
    # With the names only, a filter sees nothing else.
    filtered = {"listDatabases": 1, "nameOnly": True, "filter": {"empty": False}}
    assert engine.command("admin", filtered)["databases"] == []


# -- statistics ---------------------------------------------------------------------------------------


def test_collection_statistics(engine: Engine) -> None:
    stats = engine.command("db", {"collStats": "c"})
    wanted = {"ns": "db.c", "size": 84, "count": 4, "avgObjSize": 21, "capped": False, "nindexes": 2}
    assert {name: stats[name] for name in wanted} == wanted
    assert list(stats["indexSizes"]) == ["_id_", "a_1"]
    assert engine.command("db", {"collStats": "c", "scale": 1024})["size"] == 0
    assert engine.command("db", {"collStats": "nope"})["count"] == 0
    assert refusal(engine, {"collStats": "c", "scale": 0}) == 51024
    assert refusal(engine, {"collStats": "c", "scale": "x"}) == 14


def test_database_statistics(engine: Engine) -> None:
    stats = engine.command("db", {"dbStats": 1, "scale": 2})
    wanted = {"db": "db", "collections": 1, "objects": 4, "avgObjSize": 21.0, "dataSize": 42.0, "indexes": 2}
    assert {name: stats[name] for name in wanted} == wanted
    assert engine.command("nope", {"dbStats": 1})["objects"] == 0


@pytest.mark.parametrize(
    ("options", "size", "objects", "reached"),
    [
        ({}, 84, 4, None),
        ({"keyPattern": {"_id": 1}, "min": {"_id": 1}, "max": {"_id": 3}}, 42, 2, None),
        ({"maxObjects": 1}, 42, 2, True),
        ({"maxSize": 30}, 42, 2, True),
    ],
)
def test_data_size(engine: Engine, options: Document, size: int, objects: int, reached: bool | None) -> None:
    reply = engine.command("db", {"dataSize": "db.c", **options})
    assert (reply["size"], reply["numObjects"], reply.get("maxReached")) == (size, objects, reached)
    assert refusal(engine, {"dataSize": "db.c", "min": {"_id": 1}}) == 2
    assert refusal(engine, {"dataSize": "c"}) == 73


def test_validate(engine: Engine) -> None:
    reply = engine.command("db", {"validate": "c"})
    assert reply["valid"]
    assert reply["keysPerIndex"] == {"_id_": 4, "a_1": 4}
    assert refusal(engine, {"validate": "nope"}) == 26
    assert refusal(engine, {"validate": "c", "full": True, "background": True}) == 72
    engine.command("db", {"collMod": "c", "validator": {"a": {"$gt": 0}}})
    reply = engine.command("db", {"validate": "c"})
    assert (reply["valid"], reply["nNonCompliantDocuments"]) == (False, 1)
    assert reply["errors"]


# -- the server ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "part"),
    [
        ({"connectionStatus": 1}, {"authInfo": {"authenticatedUsers": [], "authenticatedUserRoles": []}}),
        (
            {"getParameter": 1, "featureCompatibilityVersion": 1},
            {"featureCompatibilityVersion": {"version": "6.0"}},
        ),
        ({"currentOp": 1}, {"inprog": []}),
        ({"killOp": 1, "op": 5}, {"info": "attempting to kill op"}),
        ({"usersInfo": 1}, {"users": []}),
        ({"profile": -1}, {"was": 0, "slowms": 100, "sampleRate": 1.0}),
        ({"planCacheClear": "c"}, {}),
        ({"lockInfo": 1}, {"lockInfo": []}),
    ],
)
def test_administration(engine: Engine, command: Document, part: Document) -> None:
    assert engine.command("admin", command) == {**part, "ok": 1.0}


@pytest.mark.parametrize("command", ["serverStatus", "hostInfo", "top", "getDefaultRWConcern", "buildInfo"])
def test_what_monitors_ask(engine: Engine, command: str) -> None:
    assert engine.command("admin", {command: 1})["ok"] == 1.0


@pytest.mark.parametrize("command", ["currentOp", "getParameter", "top", "killOp", "listDatabases"])
def test_what_only_admins_ask(engine: Engine, command: str) -> None:
    assert refusal(engine, {command: 1}) == 13


def test_unknown_parameter(engine: Engine) -> None:
    assert refusal(engine, {"getParameter": 1, "nope": 1}, "admin") == 72


def test_commands_are_listed(engine: Engine) -> None:
    commands = engine.command("db", {"listCommands": 1})["commands"]
    assert {"find", "insert", "explain", "collMod", "renameCollection"} <= commands.keys()
    assert commands["renameCollection"]["adminOnly"]


@pytest.mark.parametrize(
    ("limit", "refused"),
    [
        (0, False),
        (100, False),
        (2**31 - 1, False),
        (-1, True),
        (2**31, True),
        (1.5, True),
        ("x", True),
        (None, True),
    ],
)
def test_time_limits(engine: Engine, limit: Any, refused: bool) -> None:
    command = {"ping": 1, "maxTimeMS": limit}
    if refused:
        assert refusal(engine, command) == 2
    else:
        assert engine.command("db", command)["ok"] == 1.0
