"""What programs written for Ming's in-memory engine rely on, rule by rule, on both faces."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

import pytest
from bson import Binary, Code, Decimal128, Int64, MaxKey, MinKey, ObjectId, Regex, Timestamp, encode
from bson.raw_bson import RawBSONDocument
from harness.awaited import Awaited
from pymongo.errors import DuplicateKeyError

from ming import mim

Document = dict[str, Any]


@pytest.fixture(params=["sync", "async"])
def coll(request: pytest.FixtureRequest) -> Any:
    return Awaited(mim.Connection().db.things) if request.param == "sync" else mim.AsyncConnection().db.things


async def _stored(coll: Any, *documents: Document) -> None:
    await coll.insert_many([{"_id": number, **document} for number, document in enumerate(documents)])


# -- queries ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"a.b": 1}, [0, 1]),
        ({"a.b": {"$gt": 1}}, [1]),
        ({"a": 5}, [3]),
        ({"a": [5, 6]}, [3]),
        ({"a.b.c": 1}, []),
        ({"a.b": {"$exists": True}}, [0, 1]),
        ({"$or": [{"a.b": 2}, {"a": None}], "_id": {"$gt": 0}}, [1, 2, 4]),
        ({"a": {"$in": (5, None)}}, [2, 3, 4]),
    ],
)
async def test_paths(coll: Any, query: Document, found: list[int]) -> None:
    await _stored(coll, {"a": {"b": 1}}, {"a": [{"b": 1}, {"b": 2}]}, {"a": None}, {"a": [5, 6]}, {})
    assert await coll.find(query).distinct("_id") == found


OF_EACH_TYPE: list[tuple[str, int, Any]] = [
    ("double", 1, 1.5),
    ("string", 2, "text"),
    ("object", 3, {"x": 1}),
    ("binData", 5, Binary(b"x", 128)),
    ("objectId", 7, ObjectId("5f" * 12)),
    ("bool", 8, True),
    ("date", 9, datetime(2020, 1, 1)),
    ("null", 10, None),
    ("regex", 11, Regex("x")),
    ("javascript", 13, Code("x")),
    ("int", 16, 1),
    ("timestamp", 17, Timestamp(1, 1)),
    ("long", 18, Int64(2**40)),
    ("decimal", 19, Decimal128("1")),
    ("minKey", -1, MinKey()),
    ("maxKey", 127, MaxKey()),
]


async def test_types(coll: Any) -> None:
    await _stored(coll, *({"v": value} for _, _, value in OF_EACH_TYPE), {"w": 1})
    for place, (alias, number, _) in enumerate(OF_EACH_TYPE):
        assert await coll.find({"v": {"$type": alias}}).distinct("_id") == [place], alias
        assert await coll.find({"v": {"$type": number}}).distinct("_id") == [place], alias
        assert await coll.find({"v": {"$type": [alias]}}).distinct("_id") == [place], alias
    numbers = await coll.find({"v": {"$type": "number"}}).distinct("_id")
    assert [OF_EACH_TYPE[place][0] for place in numbers] == ["double", "int", "long", "decimal"]


async def test_types_of_arrays(coll: Any) -> None:
    await _stored(coll, {"v": ["text", 1]}, {"v": []})
    assert await coll.find({"v": {"$type": "array"}}).distinct("_id") == [0, 1]
    assert await coll.find({"v": {"$type": "string"}}).distinct("_id") == [0]
    assert await coll.find({"v": {"$type": "double"}}).distinct("_id") == []


@pytest.mark.parametrize(
    "pattern",
    [
        re.compile("b"),
        Regex("b"),
        {"$regex": "b"},
        {"$regex": re.compile("b")},
        {"$regex": "B", "$options": "i"},
    ],
)
async def test_patterns_are_searched_for(coll: Any, pattern: Any) -> None:
    await _stored(coll, {"s": "abc"}, {"s": ["x", "ab"]}, {"s": None}, {}, {"s": 5}, {"s": "xyz"})
    assert await coll.find({"s": pattern}).distinct("_id") == [0, 1]


@pytest.mark.parametrize(("bounds", "left"), [(2, [1, 2]), (-1, [3]), ([1, 1], [2])])
async def test_slices_keep_the_other_fields(coll: Any, bounds: Any, left: list[int]) -> None:
    await _stored(coll, {"l": [1, 2, 3], "n": 1})
    assert await coll.find_one({}, {"l": {"$slice": bounds}}) == {"_id": 0, "l": left, "n": 1}


async def test_text_score_beside_a_search(coll: Any) -> None:
    await coll.create_index([("title", "text")])
    await _stored(coll, {"title": "Embedded", "n": 1})
    query = {"$text": {"$search": "bedd"}}
    found = await coll.find_one(query, {"score": {"$meta": "textScore"}})
    assert found == {"_id": 0, "title": "Embedded", "n": 1, "score": 1.0}


async def test_raw_filters_hold_raw_parts(coll: Any) -> None:
    await _stored(coll, {"a": {"b": [1, 2]}}, {"a": {"b": []}})
    query = RawBSONDocument(encode({"$or": [{"a.b": {"$in": [2]}}, {"z": 1}]}))
    assert await coll.find(query).distinct("_id") == [0]


# -- updates ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stored", "query", "change", "left"),
    [
        ({"a": {"b": 1, "c": 2}}, {}, {"$unset": {"a.b": ""}}, {"a": {"c": 2}}),
        ({"a": 1}, {}, {"$unset": {"x.y": ""}}, {"a": 1}),
        ({"a": 1}, {}, {"$unset": {"x": ""}}, {"a": 1}),
        ({}, {}, {"$addToSet": {"y.z": 1}}, {"y": {"z": [1]}}),
        ({"y": {"z": [1]}}, {}, {"$addToSet": {"y.z": {"$each": [1, 2]}}}, {"y": {"z": [1, 2]}}),
        ({"b": {"e": [1, 2, 3]}}, {"b.e": 2}, {"$set": {"b.e.$": 9}}, {"b": {"e": [1, 9, 3]}}),
        (
            {"b": {"f": [{"g": 1}, {"g": 2}]}},
            {"b.f.g": 2},
            {"$set": {"b.f.$.g": 9}},
            {"b": {"f": [{"g": 1}, {"g": 9}]}},
        ),
        ({"l": [{"g": 1}, {"g": 3}]}, {}, {"$pull": {"l": {"g": {"$gt": 1}}}}, {"l": [{"g": 1}]}),
        ({"l": [1]}, {}, {"$push": {"l": {"$each": [2, 3]}}}, {"l": [1, 2, 3]}),
        ({"a": {}}, {}, {"$inc": {"a.n": 2}}, {"a": {"n": 2}}),
    ],
)
async def test_updates(
    coll: Any, stored: Document, query: Document, change: Document, left: Document
) -> None:
    await _stored(coll, stored)
    await coll.update_one(query, change)
    assert await coll.find_one({}, {"_id": 0}) == left


async def test_a_changed_document_is_found_again(coll: Any) -> None:
    await _stored(coll, {"a": 1}, {"a": 1})
    found = await coll.find_one_and_update({"a": 1}, {"$set": {"a": 2}}, return_document=True)
    assert found == {"_id": 0, "a": 2}


async def test_find_and_modify_command(coll: Any) -> None:
    await _stored(coll, {"n": 1}, {"n": 2})
    run = coll.database.command
    reply = await run(
        "findandmodify", "things", query={}, update={"$set": {"n": 5}}, sort={"n": -1}, new=True
    )
    assert reply["value"] == {"_id": 1, "n": 5}


# -- unique indexes -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("keys", "stored", "taken"),
    [
        ("a", {"a": 1}, {"a": 1}),
        ([("a", 1), ("b", -1)], {"a": 1, "b": 2}, {"a": 1, "b": 2}),
        ("a.b", {"a": {"b": 1}}, {"a": {"b": 1, "c": 2}}),
        ("a", {"a": {"b": 1}}, {"a": {"b": 1}}),
        ("a", {}, {"x": 1}),
        ("a", {"a": None}, {"x": 1}),
    ],
)
async def test_unique_over_every_write(coll: Any, keys: Any, stored: Document, taken: Document) -> None:
    await coll.create_index(keys, unique=True)
    await coll.insert_many([{"_id": 0, **stored}, {"_id": 1, "a": "free"}])
    for refused in (
        lambda: coll.insert_one({"_id": 2, **taken}),
        lambda: coll.replace_one({"_id": 1}, taken),
        lambda: coll.replace_one({"_id": 2}, taken, upsert=True),
        lambda: coll.find_one_and_replace({"_id": 1}, taken),
    ):
        with pytest.raises(DuplicateKeyError):
            await refused()
    # Nothing was changed, and checking added no field.
    assert await coll.find().to_list() == [{"_id": 0, **stored}, {"_id": 1, "a": "free"}]


async def test_sparse_unique_takes_any_number_of_nulls(coll: Any) -> None:
    await coll.create_index("a", unique=True, sparse=True)
    await _stored(coll, {}, {"a": None}, {}, {"a": None}, {"a": 1})
    with pytest.raises(DuplicateKeyError):
        await coll.insert_one({"a": 1})
    await coll.update_one({"_id": 4}, {"$set": {"a": None}})
    assert await coll.count_documents({"a": None}) == 5


async def test_creating_an_index_again_is_fine(coll: Any) -> None:
    for _ in range(2):
        assert await coll.create_index([("a", 1), ("b", -1)], unique=True, background=True) == "a_b"
    assert await coll.find().hint("a_b").to_list() == []


# -- handles ------------------------------------------------------------------------------------------


def test_replaced_methods_are_used(monkeypatch: pytest.MonkeyPatch) -> None:
    things = mim.Connection().db.things
    monkeypatch.setattr(mim.Collection, "distinct", lambda self, key: ["replaced", key])
    monkeypatch.setattr(mim.Cursor, "distinct", lambda self, key: ["cursor", key])
    assert things.distinct("a") == ["replaced", "a"]
    assert things.find().distinct("a") == ["cursor", "a"]


def test_the_shared_connection_survives_its_users() -> None:
    conn = mim.Connection.get()
    try:
        conn.mim_survivors.things.insert_one({"_id": 1})
        with conn:
            pass
        conn.close()
        del conn
        assert mim.Connection.get().mim_survivors.things.find_one(1)
    finally:
        mim.Connection.get().drop_database("mim_survivors")


@pytest.mark.parametrize("name", ["drop_all", "clear_all"])
async def test_resets_reach_every_database(name: str) -> None:
    for conn in Awaited(mim.Connection()), mim.AsyncConnection():
        each: Any = conn
        for database in "one", "two", "admin":
            await each[database].things.create_index("a")
            await each[database].things.insert_one({})
        await getattr(each, name)()
        for database in "one", "two", "admin":
            assert await each[database].things.count_documents({}) == 0
            assert bool(await each[database].things.index_information()) is (name == "clear_all")
        await each.one.things.insert_one({"_id": 1})
        assert await each.one.things.find_one(1) == {"_id": 1}
