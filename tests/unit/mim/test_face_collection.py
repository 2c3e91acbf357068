"""`mim.Collection` and `mim.AsyncCollection`: identity, reading and writing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pymongo
import pymongo.asynchronous.collection
import pymongo.collection
import pytest
from bson import ObjectId
from harness.awaited import Awaited
from pymongo import ReturnDocument
from pymongo.errors import DuplicateKeyError, OperationFailure, WriteError

from ming import mim


@pytest.fixture(params=["sync", "async"])
def coll(request: pytest.FixtureRequest) -> Any:
    return Awaited(mim.Connection().db.things) if request.param == "sync" else mim.AsyncConnection().db.things


def _plain(handle: Any) -> Any:
    return handle._target if isinstance(handle, Awaited) else handle


# -- identity


def test_is_pymongos() -> None:
    assert isinstance(mim.Connection().db.things, pymongo.collection.Collection)
    assert isinstance(mim.AsyncConnection().db.things, pymongo.asynchronous.collection.AsyncCollection)


def test_identity() -> None:
    for conn in mim.Connection(), mim.AsyncConnection():
        db: Any = conn.db
        coll = db.things
        assert coll.name == "things"
        assert coll.full_name == "db.things"
        assert coll.database is db
        assert coll.sub is db["things.sub"]
        assert coll["sub"] is db["things.sub"]
        assert coll == db["things"]
        assert coll != db.others
        assert coll != conn.other.things
        assert len({coll, db["things"]}) == 1
        with pytest.raises(NotImplementedError):
            bool(coll)
        with pytest.raises(AttributeError):
            _ = coll._private


def test_options_pass_to_sub_collections() -> None:
    concern = pymongo.WriteConcern(w=0)
    for conn in mim.Connection(), mim.AsyncConnection():
        coll: Any = conn.db.things
        handle = coll.with_options(write_concern=concern)
        assert handle == coll
        assert handle.write_concern == concern
        assert handle.sub.write_concern == concern
        assert coll.write_concern != concern


def test_methods_are_found_at_call_time(monkeypatch: pytest.MonkeyPatch) -> None:
    coll = mim.Connection().db.things
    monkeypatch.setattr(mim.Collection, "aggregate", lambda self, pipeline: ["replaced", pipeline])
    assert coll.aggregate([1]) == ["replaced", [1]]  # type: ignore[list-item, comparison-overlap]


@pytest.mark.parametrize("name", ["insert", "save", "update", "remove", "count", "group", "ensure_index"])
def test_methods_of_old_drivers_are_gone(name: str) -> None:
    with pytest.raises(TypeError):
        getattr(mim.Connection().db.things, name)({})


# -- reading


async def test_find_one(coll: Any) -> None:
    await coll.insert_many([{"_id": 1, "a": 1}, {"_id": 2, "a": 2}])
    assert await coll.find_one() == {"_id": 1, "a": 1}
    assert await coll.find_one(2) == {"_id": 2, "a": 2}
    assert await coll.find_one({"a": 2}, {"_id": 0}) == {"a": 2}
    assert await coll.find_one({"a": 2}, ["_id"]) == {"_id": 2}
    assert await coll.find_one(sort=[("a", -1)]) == {"_id": 2, "a": 2}
    assert await coll.find_one({}, None, 1) == {"_id": 2, "a": 2}
    assert await coll.find_one({"a": 3}) is None


async def test_projection_by_names(coll: Any) -> None:
    await coll.insert_one({"_id": 1, "a": 1, "b": {"c": 1, "d": 2}})
    assert await coll.find({}, ["b.c"]).to_list() == [{"_id": 1, "b": {"c": 1}}]
    assert await coll.find({}, ("a",)).to_list() == [{"_id": 1, "a": 1}]
    assert await coll.find({}, {}).to_list() == [{"_id": 1, "a": 1, "b": {"c": 1, "d": 2}}]
    assert await coll.find({}, []).to_list() == [{"_id": 1, "a": 1, "b": {"c": 1, "d": 2}}]


async def test_text_score_is_always_one(coll: Any) -> None:
    await coll.insert_one({"_id": 1, "a": 1})
    assert await coll.find_one({}, {"score": {"$meta": "textScore"}}) == {"_id": 1, "a": 1, "score": 1.0}


async def test_empty_all_matches_everything(coll: Any) -> None:
    await coll.insert_many([{"a": [1]}, {"b": 1}])
    assert await coll.count_documents({"a": {"$all": []}}) == 2


async def test_text_is_substring_search(coll: Any) -> None:
    await coll.create_index([("title", "text")])
    await coll.insert_many([{"_id": 1, "title": "Embedded engines"}, {"_id": 2, "title": "Servers"}])
    assert await coll.find({"$text": {"$search": "BEDD"}}).distinct("_id") == [1]


async def test_count(coll: Any) -> None:
    await coll.insert_many([{"a": number} for number in range(5)])
    assert await coll.count_documents() == 5
    assert await coll.count_documents(None) == 5
    assert await coll.count_documents({"a": {"$gt": 1}}) == 3
    assert await coll.count_documents({}, skip=1, limit=2, maxTimeMS=100) == 2
    assert await coll.estimated_document_count() == 5
    assert await coll.estimated_document_count(max_time_ms=100, comment="why") == 5


async def test_distinct(coll: Any) -> None:
    await coll.insert_many([{"a": {"b": 2}, "n": 1}, {"a": [{"b": 3}, {"b": 1}], "n": 1}, {"n": 2}])
    assert await coll.distinct("a.b") == [1, 2, 3]
    assert await coll.distinct("a.b", {"n": 2}) == []
    assert await coll.distinct("n", maxTimeMS=10, session=None) == [1, 2]
    with pytest.raises(TypeError):
        await coll.distinct(5)


async def test_distinct_mixed_types_in_bson_order(coll: Any) -> None:
    await coll.insert_many([{"a": "x"}, {"a": 2.5}, {"a": None}, {"a": [True, 1]}])
    assert await coll.distinct("a") == [None, 1, 2.5, "x", True]


async def test_aggregate(coll: Any) -> None:
    await coll.insert_many([{"_id": number, "even": number % 2 == 0} for number in range(6)])
    pipeline = [{"$match": {"even": True}}, {"$sort": {"_id": -1}}, {"$limit": 2}, {"$project": {"_id": 1}}]
    found = await coll.aggregate(pipeline, allowDiskUse=True, batchSize=2, comment="why", session=None)
    assert await found.to_list() == [{"_id": 4}, {"_id": 2}]
    with pytest.raises(TypeError):
        await coll.aggregate({"$match": {}})
    with pytest.raises(TypeError, match="nonsense"):
        await coll.aggregate([], nonsense=1)


# -- inserting


async def test_insert_one(coll: Any) -> None:
    document: dict[str, Any] = {"a": 1}
    result = await coll.insert_one(document, session=None)
    assert result.acknowledged
    assert isinstance(document["_id"], ObjectId)
    assert result.inserted_id == document["_id"]
    assert await coll.find_one() == document
    with pytest.raises(TypeError):
        await coll.insert_one([{}])


async def test_insert_is_a_copy(coll: Any) -> None:
    inner = [1]
    await coll.insert_one({"_id": 1, "a": inner})
    inner.append(2)
    assert await coll.find_one() == {"_id": 1, "a": [1]}


async def test_duplicate_id(coll: Any) -> None:
    await coll.insert_one({"_id": 1})
    with pytest.raises(DuplicateKeyError) as caught:
        await coll.insert_one({"_id": 1})
    assert caught.value.code == 11000
    assert caught.value.details is not None
    assert caught.value.details["keyPattern"] == {"_id": 1}
    assert "E11000" in str(caught.value)


async def test_unacknowledged(coll: Any) -> None:
    handle = coll.with_options(write_concern=pymongo.WriteConcern(w=0))
    assert not (await handle.insert_one({})).acknowledged


# -- updating


async def test_update_one(coll: Any) -> None:
    await coll.insert_many([{"_id": 1, "a": 1}, {"_id": 2, "a": 1}])
    result = await coll.update_one({"a": 1}, {"$set": {"a": 2}})
    assert (result.matched_count, result.modified_count, result.upserted_id) == (1, 1, None)
    assert result.raw_result["n"] == result.raw_result["nModified"] == 1
    result = await coll.update_one({"_id": 1}, {"$set": {"a": 2}})
    assert (result.matched_count, result.modified_count) == (1, 0)
    result = await coll.update_one({"a": 9}, {"$set": {"a": 2}})
    assert (result.matched_count, result.modified_count) == (0, 0)


async def test_update_many(coll: Any) -> None:
    await coll.insert_many([{"_id": 1, "a": 1}, {"_id": 2, "a": 1}, {"_id": 3}])
    result = await coll.update_many({"a": 1}, {"$inc": {"a": 1}}, comment="why", let={"x": 1})
    assert (result.matched_count, result.modified_count) == (2, 2)


async def test_upsert(coll: Any) -> None:
    result = await coll.update_one({"a": 1}, {"$set": {"_id": 5}}, upsert=True)
    assert (result.matched_count, result.modified_count, result.upserted_id) == (0, 0, 5)
    assert result.raw_result["upserted"] == 5
    assert await coll.find_one() == {"_id": 5, "a": 1}


async def test_replace_one(coll: Any) -> None:
    await coll.insert_one({"_id": 1, "a": 1})
    replacement = {"b": 1}
    result = await coll.replace_one({"a": 1}, replacement)
    assert (result.matched_count, result.modified_count) == (1, 1)
    assert replacement == {"b": 1}
    assert await coll.find_one() == {"_id": 1, "b": 1}


async def test_array_filters(coll: Any) -> None:
    await coll.insert_one({"_id": 1, "a": [1, 5]})
    await coll.update_one({}, {"$set": {"a.$[big]": 0}}, array_filters=[{"big": {"$gt": 2}}])
    assert await coll.find_one() == {"_id": 1, "a": [1, 0]}


@pytest.mark.parametrize("method", ["update_one", "update_many", "find_one_and_update"])
@pytest.mark.parametrize(("update", "error"), [({"a": 1}, ValueError), ({}, ValueError), (5, TypeError)])
async def test_updates_need_operators(coll: Any, method: str, update: Any, error: type[Exception]) -> None:
    await coll.insert_one({})
    with pytest.raises(error):
        await getattr(coll, method)({}, update)


@pytest.mark.parametrize("method", ["replace_one", "find_one_and_replace"])
async def test_replacements_have_no_operators(coll: Any, method: str) -> None:
    for replacement in {"$set": {"a": 1}}, {"a": 1, "$set": {}}:
        with pytest.raises(ValueError, match="replacement"):
            await getattr(coll, method)({}, replacement)


async def test_write_error(coll: Any) -> None:
    await coll.insert_one({"_id": 1, "a": "x"})
    with pytest.raises(WriteError) as caught:
        await coll.update_one({}, {"$inc": {"a": 1}})
    assert caught.value.code == 14
    with pytest.raises(OperationFailure):
        await coll.find_one_and_update({}, {"$inc": {"a": 1}})
    assert await coll.find_one() == {"_id": 1, "a": "x"}


# -- deleting


async def test_delete(coll: Any) -> None:
    await coll.insert_many([{"a": 1}, {"a": 1}, {"a": 2}])
    assert (await coll.delete_one({"a": 1}, session=None)).deleted_count == 1
    assert (await coll.delete_many({}, comment="why")).deleted_count == 2
    assert (await coll.delete_many({})).deleted_count == 0
    with pytest.raises(TypeError):
        await coll.delete_one(5)


async def test_clear_and_drop(coll: Any) -> None:
    await coll.create_index("a")
    await coll.insert_one({})
    await coll.clear()
    assert await coll.count_documents({}) == 0
    assert "a" in await coll.index_information()
    await coll.drop()
    await coll.drop()
    assert await coll.index_information() == {}


# -- finding and changing


async def test_find_one_and_update(coll: Any) -> None:
    await coll.insert_many([{"_id": 1, "a": 1}, {"_id": 2, "a": 1}])
    old = await coll.find_one_and_update({"a": 1}, {"$inc": {"a": 1}}, sort=[("_id", -1)])
    assert old == {"_id": 2, "a": 1}
    new = await coll.find_one_and_update(
        {"a": 1}, {"$set": {"a": 9}}, return_document=ReturnDocument.AFTER, projection=["a"]
    )
    assert new == {"_id": 1, "a": 9}
    assert await coll.find_one_and_update({"a": 1}, {"$set": {"a": 9}}) is None


async def test_find_one_and_update_upsert(coll: Any) -> None:
    assert await coll.find_one_and_update({"_id": 1}, {"$set": {"a": 1}}, upsert=True) is None
    new = await coll.find_one_and_update(
        {"_id": 2}, {"$set": {"a": 1}}, upsert=True, return_document=ReturnDocument.AFTER
    )
    assert new == {"_id": 2, "a": 1}


async def test_find_one_and_replace(coll: Any) -> None:
    await coll.insert_one({"_id": 1, "a": 1})
    replacement = {"b": 1}
    old = await coll.find_one_and_replace({"a": 1}, replacement, projection={"_id": 0})
    assert old == {"a": 1}
    assert replacement == {"b": 1}
    new = await coll.find_one_and_replace({}, {"c": 1}, return_document=True)
    assert new == {"_id": 1, "c": 1}


async def test_find_one_and_replace_keeps_the_stored_id(coll: Any) -> None:
    await coll.insert_one({"_id": 1, "a": 1})
    replacement = {"_id": 2, "a": 2}
    assert await coll.find_one_and_replace({"a": 1}, replacement, return_document=True) == {"_id": 1, "a": 2}
    assert replacement == {"_id": 2, "a": 2}
    assert await coll.find_one_and_replace({"a": 9}, {"_id": 3}, upsert=True, return_document=True) == {
        "_id": 3
    }


async def test_find_one_and_modify_options(coll: Any) -> None:
    options = {
        "bypassDocumentValidation": True,
        "collation": None,
        "comment": "why",
        "hint": "_id_",
        "let": {"x": 1},
        "maxTimeMS": 100,
        "session": None,
    }
    await coll.insert_one({"_id": 1})
    assert await coll.find_one_and_update({}, {"$set": {"a": 1}}, **options) == {"_id": 1}
    assert await coll.find_one_and_replace({}, {"b": 1}, **options) == {"_id": 1, "a": 1}
    assert await coll.find_one_and_delete({}, **options) == {"_id": 1, "b": 1}


@pytest.mark.parametrize(
    ("method", "arguments"),
    [
        ("update_one", ({}, {"$set": {"a": 1}})),
        ("update_many", ({}, {"$set": {"a": 1}})),
        ("replace_one", ({}, {"a": 1})),
        ("delete_one", ({},)),
        ("delete_many", ({},)),
        ("find_one_and_update", ({}, {"$set": {"a": 1}})),
        ("find_one_and_replace", ({}, {"a": 1})),
        ("find_one_and_delete", ({},)),
    ],
)
async def test_options_of_writes_reach_the_engine(coll: Any, method: str, arguments: Any) -> None:
    await coll.insert_one({})
    write = getattr(coll, method)
    await write(*arguments, collation={"locale": "simple"}, comment="why", let={"x": 1}, session=None)
    with pytest.raises(NotImplementedError, match="ja"):
        await write(*arguments, collation={"locale": "ja"})
    with pytest.raises(ValueError, match="'session' argument"):
        await write(*arguments, session=object())
    with pytest.raises(OperationFailure):
        await write(*arguments, hint="nope")
    with pytest.raises(TypeError, match="nonsense"):
        await write(*arguments, nonsense=1)


async def test_find_one_and_delete(coll: Any) -> None:
    await coll.insert_many([{"_id": 1, "a": 1}, {"_id": 2, "a": 1}])
    assert await coll.find_one_and_delete({"a": 1}, {"_id": 1}, [("_id", -1)]) == {"_id": 2}
    assert await coll.find_one_and_delete({"a": 2}) is None
    assert await coll.count_documents({}) == 1


async def test_new_is_deprecated(coll: Any) -> None:
    await coll.insert_one({"_id": 1, "a": 1})
    with pytest.warns(DeprecationWarning, match="return_document"):
        found = await coll.find_one_and_update({}, {"$set": {"a": 2}}, new=True)
    assert found == {"_id": 1, "a": 2}
    with pytest.warns(DeprecationWarning, match="return_document"):
        found = await coll.find_one_and_replace({}, {"a": 3}, new=True)
    assert found == {"_id": 1, "a": 3}
    with pytest.warns(DeprecationWarning, match="return_document"):
        found = await coll.find_one_and_delete({}, new=True)
    assert found == {"_id": 1, "a": 3}


async def test_return_document_must_be_a_bool(coll: Any) -> None:
    with pytest.raises(TypeError):
        await coll.find_one_and_update({}, {"$set": {"a": 1}}, return_document="after")


async def test_options_of_index_commands(coll: Any) -> None:
    assert await coll.create_index("a", name="a_1", maxTimeMS=5) == "a_1"
    assert await coll.create_indexes([pymongo.IndexModel("b")], commitQuorum=1, maxTimeMS=5) == ["b_1"]
    refused: list[Callable[[], Any]] = [
        lambda: coll.create_index("c", maxTimeMS=-1),
        lambda: coll.create_indexes([pymongo.IndexModel("c")], commitQuorum=7),
        lambda: coll.drop_index("a_1", maxTimeMS=-1),
        lambda: coll.drop_indexes(maxTimeMS=-1),
    ]
    for call in refused:
        with pytest.raises(OperationFailure):
            await call()
    assert sorted(await coll.index_information()) == ["a_1", "b_1"]
