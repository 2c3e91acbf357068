"""`mim.Connection` and `mim.AsyncConnection`: shared stores, databases, what a default client shows."""

from __future__ import annotations

from typing import Any

import pymongo
import pytest
from bson.binary import UuidRepresentation
from harness.awaited import Awaited
from pymongo.errors import ConfigurationError, InvalidName

from ming import mim


@pytest.fixture(params=["sync", "async"])
def conn(request: pytest.FixtureRequest) -> Any:
    return Awaited(mim.Connection()) if request.param == "sync" else mim.AsyncConnection()


def test_connections_are_independent() -> None:
    mim.Connection().db.things.insert_one({"a": 1})
    assert mim.Connection().db.things.count_documents({}) == 0


def test_get_is_one_for_the_process() -> None:
    assert mim.Connection.get() is mim.Connection.get()
    assert mim.Connection().get() is mim.Connection.get()
    assert mim.AsyncConnection.get() is mim.AsyncConnection().get()


async def test_faces_share_the_process_store() -> None:
    name = "mim_shared_by_faces"
    try:
        mim.Connection.get()[name].things.insert_one({"_id": 1})
        assert await mim.AsyncConnection.get()[name].things.find_one() == {"_id": 1}
    finally:
        mim.Connection.get().drop_database(name)


def test_databases_are_cached() -> None:
    for conn in mim.Connection(), mim.AsyncConnection():
        assert conn.things is conn["things"]
        assert conn.things is conn.get_database("things")
        assert conn.get_default_database("things") is conn.things


def test_options_ask_for_another_handle() -> None:
    concern = pymongo.WriteConcern(w=0)
    for conn in mim.Connection(), mim.AsyncConnection():
        handle = conn.get_database("things", write_concern=concern)
        assert handle is not conn.things
        assert handle == conn.things
        assert handle.pages.write_concern == concern


def test_no_default_database() -> None:
    for conn in mim.Connection(), mim.AsyncConnection():
        with pytest.raises(ConfigurationError):
            conn.get_default_database()


def test_bad_database_names() -> None:
    for conn in mim.Connection(), mim.AsyncConnection():
        with pytest.raises(InvalidName):
            conn["a.b"]
        with pytest.raises(AttributeError):
            _ = conn._private


async def test_database_names(conn: Any) -> None:
    await conn.first.things.insert_one({})
    await conn.second.things.insert_one({})
    names = await conn.list_database_names()
    assert isinstance(names, list)
    assert sorted(names) == ["first", "second"]
    assert sorted([found["name"] for found in await (await conn.list_databases()).to_list()]) == names


async def test_drop_database(conn: Any) -> None:
    await conn.first.things.insert_one({})
    await conn.second.things.insert_one({})
    handle = conn.first.things
    await conn.drop_database("first")
    await conn.drop_database(conn.second._target if isinstance(conn, Awaited) else conn.second)
    await conn.drop_database("unknown")
    assert await conn.list_database_names() == []
    assert await handle.count_documents({}) == 0


async def test_drop_all_forgets_indexes(conn: Any) -> None:
    await conn.db.things.create_index("a", unique=True)
    await conn.db.things.insert_one({"a": 1})
    await conn.drop_all()
    assert await conn.list_database_names() == []
    assert await conn.db.things.index_information() == {}


async def test_clear_all_keeps_indexes(conn: Any) -> None:
    await conn.db.things.create_index("a", unique=True)
    await conn.db.things.insert_one({"a": 1})
    await conn.clear_all()
    assert await conn.db.things.count_documents({}) == 0
    assert list(await conn.db.things.index_information()) == ["a"]


async def test_close_has_no_effect(conn: Any) -> None:
    await conn.db.things.insert_one({"_id": 1})
    async with conn as entered:
        assert await entered.db.things.find_one(1)
    await conn.close()
    assert await conn.db.things.find_one(1) == {"_id": 1}


def test_with_yields_the_connection() -> None:
    conn = mim.Connection()
    with conn as entered:
        assert entered is conn


def test_looks_like_a_default_client() -> None:
    with pymongo.MongoClient[dict[str, Any]](connect=False) as client:
        for conn in mim.Connection(), mim.AsyncConnection():
            assert conn.read_preference == client.read_preference
            assert conn.write_concern == client.write_concern
            assert conn.read_concern == client.read_concern
            assert conn.options.timeout == client.options.timeout
            assert conn.is_mongos is False
            expected = client.codec_options.with_options(uuid_representation=UuidRepresentation.PYTHON_LEGACY)
            assert conn.codec_options == expected


def test_strict_connection_has_the_drivers_codec() -> None:
    assert mim.Connection(strict=True).codec_options.uuid_representation == UuidRepresentation.UNSPECIFIED


def test_bases_have_the_names_pymongo_looks_for() -> None:
    assert "MongoClient" in [base.__name__ for base in mim.Connection.__mro__]
    assert "AsyncMongoClient" in [base.__name__ for base in mim.AsyncConnection.__mro__]
    assert not issubclass(mim.Connection, pymongo.MongoClient)


def test_reprs() -> None:
    assert repr(mim.Connection()) == "mim.Connection()"
    assert repr(mim.AsyncConnection()) == "mim.AsyncConnection()"


async def test_server_info(conn: Any) -> None:
    assert (await conn.server_info())["version"]


async def test_unknown_options_are_refused(conn: Any) -> None:
    with pytest.raises(TypeError, match="nonsense"):
        await conn.list_databases(nonsense=1)
