"""Raw batches, bulk writes over several collections, explain: the driver's rarer methods on both faces."""

from __future__ import annotations

from typing import Any

import bson
import pytest
from harness.awaited import Awaited
from pymongo import DeleteMany, DeleteOne, InsertOne, ReplaceOne, UpdateMany, UpdateOne, WriteConcern
from pymongo.errors import (
    ClientBulkWriteException,
    DocumentTooLarge,
    InvalidOperation,
    OperationFailure,
    WriteError,
)
from pymongo.results import ClientBulkWriteResult

from ming import mim


@pytest.fixture(params=["sync", "async"])
def conn(request: pytest.FixtureRequest) -> Any:
    return Awaited(mim.Connection()) if request.param == "sync" else mim.AsyncConnection()


# -- raw batches --------------------------------------------------------------------------------------


async def _sizes(cursor: Any) -> list[int]:
    return [len(bson.decode_all(batch)) async for batch in cursor]


async def test_find_raw_batches(conn: Any) -> None:
    await conn.db.c.insert_many([{"_id": number} for number in range(250)])
    # The sizes are those of a server.
    assert await _sizes(conn.db.c.find_raw_batches()) == [101, 149]
    assert await _sizes(conn.db.c.find_raw_batches(batch_size=100)) == [100, 100, 50]
    assert await _sizes(conn.db.c.find_raw_batches({"_id": {"$lt": 0}})) == []
    batch = await conn.db.c.find_raw_batches({"_id": 7}, {"_id": 1}).next()
    assert batch == bson.encode({"_id": 7})
    cursor = conn.db.c.find_raw_batches().limit(2)
    assert await _sizes(cursor) == [2]
    await cursor.rewind()
    assert await _sizes(cursor) == [2]
    with pytest.raises(InvalidOperation, match="__getitem__"):
        cursor[0]


async def test_aggregate_raw_batches(conn: Any) -> None:
    await conn.db.c.insert_many([{"_id": number} for number in range(250)])
    assert await _sizes(await conn.db.c.aggregate_raw_batches([])) == [250]
    assert await _sizes(await conn.db.c.aggregate_raw_batches([], batchSize=60)) == [60, 60, 60, 60, 10]


# -- bulk writes --------------------------------------------------------------------------------------


async def test_bulk_write_over_several_collections(conn: Any) -> None:
    result = await conn.bulk_write(
        [
            InsertOne({"_id": 1, "a": 1}, namespace="one.c"),
            InsertOne({"_id": 2, "a": 1}, namespace="one.c"),
            UpdateMany({"a": 1}, {"$inc": {"a": 1}}, namespace="one.c"),
            UpdateOne({"_id": 5}, {"$set": {"a": 1}}, upsert=True, namespace="two.c.d"),
            ReplaceOne({"_id": 1}, {"b": 1}, namespace="one.c"),
            DeleteOne({"_id": 2}, namespace="one.c"),
            DeleteMany({}, namespace="two.unknown"),
        ],
        verbose_results=True,
    )
    assert isinstance(result, ClientBulkWriteResult)
    assert (result.inserted_count, result.matched_count, result.modified_count) == (2, 3, 3)
    assert (result.upserted_count, result.deleted_count) == (1, 1)
    assert {index: each.inserted_id for index, each in result.insert_results.items()} == {0: 1, 1: 2}
    # An upsert counts as a match in the result of the request, as the server has it there.
    assert {index: each.matched_count for index, each in result.update_results.items()} == {2: 2, 3: 1, 4: 1}
    assert result.update_results[3].upserted_id == 5
    assert {index: each.deleted_count for index, each in result.delete_results.items()} == {5: 1, 6: 0}
    assert await conn.one.c.find().to_list() == [{"_id": 1, "b": 1}]
    assert await conn.two["c.d"].find().to_list() == [{"_id": 5, "a": 1}]


async def test_results_are_counts_unless_verbose(conn: Any) -> None:
    result = await conn.bulk_write([InsertOne({"_id": 1}, namespace="db.c")])
    assert result.inserted_count == 1
    with pytest.raises(InvalidOperation):
        _ = result.insert_results


@pytest.mark.parametrize(("ordered", "left"), [(True, [1]), (False, [1, 2])])
async def test_failing_bulk_write(conn: Any, ordered: bool, left: list[int]) -> None:
    models = [
        InsertOne({"_id": 1}, namespace="db.c"),
        InsertOne({"_id": 1}, namespace="db.c"),
        InsertOne({"_id": 2}, namespace="db.c"),
    ]
    with pytest.raises(ClientBulkWriteException) as caught:
        await conn.bulk_write(models, ordered=ordered)
    (error,) = caught.value.write_errors or ()
    assert (error["idx"], error["code"], error["op"]) == (1, 11000, {"_id": 1})
    assert caught.value.partial_result is not None
    assert caught.value.partial_result.inserted_count == len(left)
    assert await conn.db.c.distinct("_id") == left


async def test_a_request_that_fails_as_a_whole(conn: Any) -> None:
    with pytest.raises(ClientBulkWriteException) as caught:
        await conn.bulk_write([InsertOne({}, namespace="db.system.c")])
    assert isinstance(caught.value.error, OperationFailure)
    assert caught.value.partial_result is None


async def test_requests_are_checked(conn: Any) -> None:
    for models, error in (
        ([InsertOne({})], InvalidOperation),
        ([], InvalidOperation),
        ([5], TypeError),
        ({}, TypeError),
    ):
        with pytest.raises(error):
            await conn.bulk_write(models)
    models = [InsertOne({"_id": 1}, namespace="db.c")]
    unacknowledged = WriteConcern(w=0)
    for options in {"verbose_results": True, "ordered": False}, {"ordered": True}:
        with pytest.raises(InvalidOperation, match="unacknowledged"):
            await conn.bulk_write(models, write_concern=unacknowledged, **options)
    assert not (await conn.bulk_write(models, write_concern=unacknowledged, ordered=False)).acknowledged


async def test_options_of_bulk_writes_reach_the_engine(conn: Any) -> None:
    await conn.db.create_collection("c", validator={"a": 1})
    models = [InsertOne({"_id": 1}, namespace="db.c")]
    with pytest.raises(ClientBulkWriteException):
        await conn.bulk_write(models)
    await conn.bulk_write(models, bypass_document_validation=True, comment="why", let={"x": 1})
    assert await conn.db.c.count_documents({}) == 1


# -- others -------------------------------------------------------------------------------------------


async def test_explain(conn: Any) -> None:
    await conn.db.c.insert_one({"_id": 1})
    told = await conn.db.c.find({"_id": 1}).explain()
    assert told["queryPlanner"]["winningPlan"] == {"stage": "IDHACK"}
    assert told["executionStats"]["nReturned"] == 1


async def test_rename(conn: Any) -> None:
    await conn.db.c.insert_one({"_id": 1})
    await conn.db.d.insert_one({"_id": 2})
    with pytest.raises(OperationFailure):
        await conn.db.c.rename("d")
    assert (await conn.db.c.rename("d", dropTarget=True))["ok"] == 1.0
    assert await conn.db.d.find().to_list() == [{"_id": 1}]
    assert await conn.db.list_collection_names() == ["d"]


async def test_options_and_validation(conn: Any) -> None:
    await conn.db.create_collection("c", capped=True, size=4096, max=2)
    assert await conn.db.c.options() == {"capped": True, "size": 4096, "max": 2}
    assert await conn.db.d.options() == {}
    assert (await conn.db.validate_collection("c", full=True))["valid"]
    with pytest.raises(OperationFailure):
        await conn.db.validate_collection("d")


async def test_validators_on_the_face(conn: Any) -> None:
    await conn.db.create_collection("c", validator={"a": {"$gt": 0}})
    with pytest.raises(WriteError) as caught:
        await conn.db.c.insert_one({"_id": 1, "a": 0})
    assert caught.value.code == 121
    assert caught.value.details is not None
    assert caught.value.details["errInfo"]["failingDocumentId"] == 1
    await conn.db.c.insert_one({"_id": 1, "a": 0}, bypass_document_validation=True)


async def test_documents_no_server_takes(conn: Any) -> None:
    large = "x" * (17 * 1024 * 1024)
    writes = [
        ("insert_one", {"a": large}),
        ("update_one", {}, {"$set": {"a": large}}),
        ("replace_one", {}, {"a": large}),
        ("delete_one", {"a": large}),
        ("find_one_and_update", {}, {"$set": {"a": large}}),
    ]
    for method, *arguments in writes:
        with pytest.raises(DocumentTooLarge):
            await getattr(conn.db.c, str(method))(*arguments)
    with pytest.raises(OperationFailure) as caught:
        await conn.db.c.insert_many([{"_id": 1}, {"a": large}])
    assert caught.value.code == 10334
    assert await conn.db.c.count_documents({}) == 0
    with pytest.raises(WriteError) as caught:
        await conn.db.c.insert_one({"a": "x" * (16 * 1024 * 1024)})
    assert caught.value.code == 2


@pytest.mark.parametrize(
    "method",
    [
        "list_search_indexes",
        "create_search_index",
        "create_search_indexes",
        "drop_search_index",
        "update_search_index",
    ],
)
async def test_search_indexes_are_not_built(conn: Any, method: str) -> None:
    with pytest.raises(NotImplementedError, match=method):
        await getattr(conn.db.c, method)()
