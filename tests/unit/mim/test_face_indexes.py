"""Indexes as the faces name, describe and enforce them."""

from __future__ import annotations

from typing import Any

import pytest
from bson import SON
from harness.awaited import Awaited
from pymongo import IndexModel
from pymongo.errors import BulkWriteError, DuplicateKeyError, OperationFailure

from ming import mim


@pytest.fixture(params=["sync", "async"])
def coll(request: pytest.FixtureRequest) -> Any:
    return Awaited(mim.Connection().db.things) if request.param == "sync" else mim.AsyncConnection().db.things


@pytest.mark.parametrize(
    ("keys", "name"),
    [
        ("a", "a"),
        ([("a", 1)], "a"),
        ([("a", 1), ("b", -1)], "a_b"),
        (["a", "b.c"], "a_b.c"),
        ({"a": -1}, "a"),
        (SON([("files_id", 1), ("n", 1)]).items(), "files_id_n"),
        ({"files_id": 1, "n": 1}.items(), "files_id_n"),
    ],
)
async def test_automatic_name(coll: Any, keys: Any, name: str) -> None:
    assert await coll.create_index(keys) == name
    assert list(await coll.index_information()) == [name]
    assert await coll.create_index(keys) == name


async def test_automatic_name_taken_by_other_keys(coll: Any) -> None:
    assert await coll.create_index([("a", 1)]) == "a"
    assert await coll.create_index([("a", -1)]) == "a_-1"
    assert await coll.create_index([("a", -1)]) == "a_-1"


async def test_own_name(coll: Any) -> None:
    assert await coll.create_index("a", name="mine") == "mine"
    assert list(await coll.index_information()) == ["mine"]


async def test_fresh_collection_has_no_indexes(coll: Any) -> None:
    assert await coll.index_information() == {}
    await coll.insert_one({})
    assert await coll.index_information() == {}
    assert await (await coll.list_indexes()).to_list() == []


async def test_information_is_what_was_given(coll: Any) -> None:
    await coll.create_index([("a", 1)], background=True, unique=False, sparse=False)
    await coll.create_index([("b", -1)], unique=True, expireAfterSeconds=60)
    partial = {"c": {"$exists": True}}
    await coll.create_index("c", partialFilterExpression=partial, cache_for=300, session=None)
    assert await coll.index_information() == {
        "a": {"key": [("a", 1)], "background": True, "sparse": False},
        "b": {"key": [("b", -1)], "unique": True, "expireAfterSeconds": 60},
        "c": {"key": [("c", 1)], "partialFilterExpression": partial},
    }


async def test_list_indexes(coll: Any) -> None:
    await coll.create_index([("a", 1), ("b", -1)], unique=True)
    (entry,) = await (await coll.list_indexes(session=None)).to_list()
    assert entry == {"key": {"a": 1, "b": -1}, "unique": True}
    assert SON([("a", 1), ("b", -1)]) == entry["key"]


async def test_create_indexes(coll: Any) -> None:
    names = await coll.create_indexes([IndexModel("a"), IndexModel([("b", -1)], name="mine", unique=True)])
    assert names == ["a_1", "mine"]
    assert (await coll.index_information())["mine"] == {"key": [("b", -1)], "unique": True}
    with pytest.raises(TypeError):
        await coll.create_indexes(["a"])


async def test_drop_index(coll: Any) -> None:
    await coll.create_index("a")
    await coll.create_index("b")
    await coll.drop_index("a")
    await coll.drop_index("unknown")
    assert list(await coll.index_information()) == ["b"]
    await coll.drop_index([("b", 1)])
    assert await coll.index_information() == {}


async def test_drop_indexes(coll: Any) -> None:
    await coll.drop_indexes()
    await coll.create_index("a")
    await coll.create_index("b", unique=True)
    await coll.drop_indexes()
    assert await coll.index_information() == {}


async def test_unique(coll: Any) -> None:
    await coll.create_index([("a", 1), ("b.c", 1)], unique=True)
    await coll.insert_one({"a": 1, "b": {"c": 1}})
    await coll.insert_one({"a": 1, "b": {"c": 2}})
    with pytest.raises(DuplicateKeyError) as caught:
        await coll.insert_one({"a": 1, "b": {"c": 1}})
    assert caught.value.code == 11000
    assert caught.value.details is not None
    assert caught.value.details["keyValue"] == {"a": 1, "b.c": 1}
    with pytest.raises(DuplicateKeyError):
        await coll.update_one({"b.c": 2}, {"$set": {"b.c": 1}})
    assert await coll.count_documents({"b.c": 2}) == 1
    with pytest.raises(DuplicateKeyError):
        await coll.replace_one({"_id": 5}, {"a": 1, "b": {"c": 1}}, upsert=True)
    with pytest.raises(DuplicateKeyError):
        await coll.find_one_and_update({"b.c": 2}, {"$set": {"b.c": 1}})


async def test_unique_counts_missing_as_null(coll: Any) -> None:
    await coll.create_index("a", unique=True)
    await coll.insert_one({"b": 1})
    with pytest.raises(DuplicateKeyError):
        await coll.insert_one({"b": 2})


async def test_sparse_unique_takes_null_for_missing(coll: Any) -> None:
    await coll.create_index("a", unique=True, sparse=True)
    await coll.insert_many([{"a": None}, {"a": None}, {}, {}, {"a": 1}])
    with pytest.raises(DuplicateKeyError):
        await coll.insert_one({"a": 1})


async def test_strict_sparse_unique_keeps_nulls_apart() -> None:
    coll = mim.Connection(strict=True).db.things
    coll.create_index("a", unique=True, sparse=True)
    with pytest.raises(BulkWriteError):
        coll.insert_many([{"a": None}, {"a": None}])


async def test_drop_index_by_keys_of_a_named_one(coll: Any) -> None:
    await coll.create_index("n", name="own")
    await coll.drop_index([("n", 1)])
    assert await coll.index_information() == {}


def test_strict_drop_index_by_keys_sends_the_generated_name() -> None:
    coll = mim.Connection(strict=True).db.things
    coll.create_index([("n", 1)], name="own")
    with pytest.raises(OperationFailure, match=r"n_1") as caught:
        coll.drop_index([("n", 1)])
    assert caught.value.code == 27
    coll.create_index([("a", 1), ("b", -1)])
    coll.drop_index([("a", 1), ("b", -1)])
    assert list(coll.index_information()) == ["_id_", "own"]


def test_strict_names_and_information_are_the_servers() -> None:
    coll = mim.Connection(strict=True).db.things
    assert coll.create_index([("a", 1), ("b", -1)]) == "a_1_b_-1"
    information = coll.index_information()
    assert list(information) == ["_id_", "a_1_b_-1"]
    assert information["_id_"] == {"v": 2, "key": [("_id", 1)]}
    assert [entry["name"] for entry in coll.list_indexes()] == ["_id_", "a_1_b_-1"]
    with pytest.raises(OperationFailure) as caught:
        coll.drop_index("unknown")
    assert caught.value.code == 27
