"""Bulk writes through both faces."""

from __future__ import annotations

from typing import Any

import pytest
from harness.awaited import Awaited
from pymongo import DeleteMany, DeleteOne, InsertOne, ReplaceOne, UpdateMany, UpdateOne
from pymongo.errors import BulkWriteError, InvalidOperation

from ming import mim


@pytest.fixture(params=["sync", "async"])
def coll(request: pytest.FixtureRequest) -> Any:
    return Awaited(mim.Connection().db.things) if request.param == "sync" else mim.AsyncConnection().db.things


async def test_every_operation(coll: Any) -> None:
    document: dict[str, Any] = {"a": 0}
    result = await coll.bulk_write(
        [
            InsertOne(document),
            InsertOne({"_id": 1, "a": 1}),
            InsertOne({"_id": 2, "a": 1}),
            UpdateOne({"_id": 1}, {"$set": {"a": 2}}),
            UpdateMany({"a": {"$gt": 0}}, {"$inc": {"n": 1}}),
            ReplaceOne({"_id": 3}, {"b": 1}, upsert=True),
            DeleteOne({"_id": 2}),
            DeleteMany({"b": 1}),
        ],
        comment="why",
        let={"x": 1},
    )
    assert "_id" in document
    assert result.acknowledged
    assert result.inserted_count == 3
    assert result.matched_count == 3
    assert result.modified_count == 3
    assert result.upserted_count == 1
    assert result.upserted_ids == {5: 3}
    assert result.deleted_count == 2
    assert await coll.find({}, {"_id": 0}).to_list() == [{"a": 0}, {"a": 2, "n": 1}]


async def test_ordered_stops_at_the_first_error(coll: Any) -> None:
    with pytest.raises(BulkWriteError) as caught:
        await coll.bulk_write(
            [InsertOne({"_id": 1}), DeleteOne({"_id": 9}), InsertOne({"_id": 1}), InsertOne({"_id": 2})]
        )
    details = caught.value.details
    assert details["nInserted"] == 1
    (error,) = details["writeErrors"]
    assert (error["index"], error["code"], error["op"]) == (2, 11000, {"_id": 1})
    assert await coll.distinct("_id") == [1]


async def test_unordered_goes_on(coll: Any) -> None:
    with pytest.raises(BulkWriteError) as caught:
        await coll.bulk_write(
            [InsertOne({"_id": 1}), InsertOne({"_id": 1}), DeleteOne({"_id": 9}), InsertOne({"_id": 2})],
            ordered=False,
        )
    assert [error["index"] for error in caught.value.details["writeErrors"]] == [1]
    assert await coll.distinct("_id") == [1, 2]


async def test_unordered_inserts_first(coll: Any) -> None:
    requests = [
        DeleteMany({}),
        UpdateMany({}, {"$set": {"a": 1}}),
        InsertOne({"_id": 1}),
        InsertOne({"_id": 1}),
    ]
    with pytest.raises(BulkWriteError) as caught:
        await coll.bulk_write(requests, ordered=False)
    details = caught.value.details
    assert (details["nInserted"], details["nModified"], details["nRemoved"]) == (1, 1, 1)
    assert details["writeErrors"][0]["index"] == 3


async def test_insert_many(coll: Any) -> None:
    documents = [{"a": 1}, {"_id": 2}]
    result = await coll.insert_many(iter(documents), session=None, comment="why")
    assert result.inserted_ids == [documents[0]["_id"], 2]
    assert result.acknowledged
    assert await coll.count_documents({}) == 2


async def test_insert_many_stops_at_the_first_duplicate(coll: Any) -> None:
    documents = [{"_id": 1}, {"_id": 1}, {"_id": 2}]
    with pytest.raises(BulkWriteError) as caught:
        await coll.insert_many(documents)
    assert caught.value.details["nInserted"] == 1
    assert caught.value.details["writeErrors"][0]["keyValue"] == {"_id": 1}
    assert await coll.distinct("_id") == [1]
    with pytest.raises(BulkWriteError):
        await coll.insert_many(documents, ordered=False)
    assert await coll.distinct("_id") == [1, 2]


@pytest.mark.parametrize("documents", [{}, [], 5, "ab", [5]])
async def test_insert_many_wants_documents(coll: Any, documents: Any) -> None:
    with pytest.raises(TypeError):
        await coll.insert_many(documents)


async def test_requests_are_checked(coll: Any) -> None:
    with pytest.raises(InvalidOperation):
        await coll.bulk_write([])
    with pytest.raises(TypeError):
        await coll.bulk_write([{"insert": 1}])
    with pytest.raises(TypeError):
        await coll.bulk_write(InsertOne({}))
    with pytest.raises(ValueError, match="operators"):
        await coll.bulk_write([UpdateOne({}, {"a": 1})])


async def test_options_of_requests_reach_the_engine(coll: Any) -> None:
    await coll.insert_one({"_id": 1, "a": [1, 5]})
    await coll.bulk_write([UpdateOne({}, {"$set": {"a.$[x]": 0}}, array_filters=[{"x": 5}])])
    assert await coll.find_one() == {"_id": 1, "a": [1, 0]}
    with pytest.raises(NotImplementedError, match="ja"):
        await coll.bulk_write([DeleteOne({}, collation={"locale": "ja"})])
