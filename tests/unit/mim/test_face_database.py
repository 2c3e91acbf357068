"""`mim.Database` and `mim.AsyncDatabase`: identity, collections, commands."""

from __future__ import annotations

import hashlib
from typing import Any

import pymongo.asynchronous.database
import pymongo.database
import pytest
from bson import DBRef, ObjectId
from bson.codec_options import CodecOptions
from bson.raw_bson import RawBSONDocument
from harness.awaited import Awaited
from pymongo.errors import CollectionInvalid, OperationFailure

from ming import mim


@pytest.fixture(params=["sync", "async"])
def db(request: pytest.FixtureRequest) -> Any:
    return Awaited(mim.Connection().db) if request.param == "sync" else mim.AsyncConnection().db


def _plain(handle: Any) -> Any:
    return handle._target if isinstance(handle, Awaited) else handle


def test_is_pymongos() -> None:
    assert isinstance(mim.Connection().db, pymongo.database.Database)
    assert isinstance(mim.AsyncConnection().db, pymongo.asynchronous.database.AsyncDatabase)


def test_identity() -> None:
    for conn in mim.Connection(), mim.AsyncConnection():
        db: Any = conn.db
        assert db.name == "db"
        assert db.client is conn
        assert db.connection is conn
        assert db.things is db["things"]
        assert db.things is db.get_collection("things")
        assert db == conn["db"]
        assert db != conn.other
        with pytest.raises(NotImplementedError):
            bool(db)
        with pytest.raises(AttributeError):
            _ = db._private


def test_exact_classes() -> None:
    db = mim.Connection().db
    assert type(db) is mim.Database
    assert type(db.things) is mim.Collection
    assert type(db.things.find()) is mim.Cursor


def test_reprs() -> None:
    assert repr(mim.Connection().pages) == "mim.Database(pages)"
    assert repr(mim.Connection().pages.old) == "mim.Collection(mim.Database(pages), old)"


async def test_with_options(db: Any) -> None:
    await db.things.insert_one({"_id": 1})
    raw = db.with_options(codec_options=CodecOptions(document_class=RawBSONDocument))
    found = await raw.things.find_one()
    assert found.raw


async def test_collection_names(db: Any) -> None:
    await db.things.insert_one({})
    await db.others.create_index("a")
    names = await db.list_collection_names()
    assert isinstance(names, list)
    assert sorted(names) == ["others", "things"]
    assert await db.list_collection_names(filter={"name": "things"}) == ["things"]
    found = await (await db.list_collections()).to_list()
    assert {entry["name"] for entry in found} == {"others", "things"}


async def test_drop_collection(db: Any) -> None:
    await db.things.insert_one({})
    await db.others.insert_one({})
    await db.drop_collection("things")
    await db.drop_collection(_plain(db.others))
    await db.drop_collection("unknown")
    assert await db.list_collection_names() == []
    with pytest.raises(TypeError):
        await db.drop_collection(5)


async def test_clear_keeps_indexes(db: Any) -> None:
    await db.things.create_index("a")
    await db.things.insert_one({})
    await db.clear()
    assert await db.things.find_one() is None
    assert "a" in await db.things.index_information()


async def test_create_collection(db: Any) -> None:
    made = await db.create_collection("things")
    assert _plain(made) is _plain(db.things)
    assert await db.list_collection_names() == ["things"]
    with pytest.raises(CollectionInvalid):
        await db.create_collection("things")


async def test_dereference(db: Any) -> None:
    await db.things.insert_one({"_id": 1, "a": 2})
    assert await db.dereference(DBRef("things", 1)) == {"_id": 1, "a": 2}


# -- command


async def test_command_by_name_and_by_mapping(db: Any) -> None:
    assert (await db.command("ping"))["ok"] == 1.0
    assert (await db.command({"ping": 1}))["ok"] == 1.0


async def test_find_and_modify(db: Any) -> None:
    await db.things.insert_one({"_id": 1, "n": 1})
    reply = await db.command("findandmodify", "things", query={"_id": 1}, update={"$inc": {"n": 1}})
    assert reply["value"] == {"_id": 1, "n": 1}
    reply = await db.command("findandmodify", "things", query={"_id": 1}, update={"$inc": {"n": 1}}, new=True)
    assert reply["value"] == {"_id": 1, "n": 3}


async def test_filemd5_is_the_digest_alone(db: Any) -> None:
    assert await db.command("filemd5") == {"md5": "d41d8cd98f00b204e9800998ecf8427e"}
    file_id = ObjectId()
    await db.fs.chunks.insert_many(
        [{"files_id": file_id, "n": 1, "data": b"lo"}, {"files_id": file_id, "n": 0, "data": b"hel"}]
    )
    digest = hashlib.md5(b"hello", usedforsecurity=False).hexdigest()
    assert await db.command("filemd5", file_id, root="fs") == {"md5": digest}


async def test_distinct_answers_with_the_values(db: Any) -> None:
    await db.things.insert_many([{"a": 2, "b": 1}, {"a": 1, "b": 1}, {"a": 3, "b": 2}])
    assert await db.command("distinct", "things", key="a", filter={"b": 1}) == [1, 2]


async def test_getlasterror(db: Any) -> None:
    assert await db.command("getlasterror") == {"connectionId": None, "err": None, "n": 0, "ok": 1.0}


async def test_collstats(db: Any) -> None:
    await db.things.insert_many([{"a": 1}, {"a": 2}])
    stats = await db.command("collstats", "things")
    assert stats["ns"] == "db.things"
    assert stats["count"] == 2
    assert {"size", "avgObjSize", "storageSize"} <= set(stats)


async def test_failing_command(db: Any) -> None:
    command = {"update": "things", "updates": [{"q": {}, "u": {}}], "nonsense": 1}
    with pytest.raises((OperationFailure, NotImplementedError)):
        await db.command(command)


async def test_check_false_returns_the_failure(db: Any) -> None:
    reply = await db.command("drop", "unknown", check=False)
    assert reply["ok"] == 0.0
    assert reply["code"] == 26
    with pytest.raises(OperationFailure):
        await db.command("drop", "unknown")
    assert (await db.command("drop", "unknown", allowable_errors=[26]))["code"] == 26


async def test_cursor_command(db: Any) -> None:
    await db.things.insert_one({"_id": 1})
    assert await (await db.cursor_command("find", "things")).to_list() == [{"_id": 1}]
