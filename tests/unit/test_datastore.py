"""`ming.datastore`: URIs, engines, datastores; nothing here needs a server."""

from __future__ import annotations

import asyncio
import copy
import gc
import logging
import subprocess
import sys
from typing import Any
from unittest import mock

import pymongo
import pytest
from pymongo.errors import AutoReconnect, ConfigurationError, ConnectionFailure, ServerSelectionTimeoutError

from ming import mim
from ming.datastore import (
    AsyncDataStore,
    AsyncEngine,
    DataStore,
    Engine,
    create_async_datastore,
    create_async_engine,
    create_datastore,
    create_engine,
)
from ming.exc import MingConfigError

MAKERS: Any = [create_datastore, create_async_datastore]
both = pytest.mark.parametrize("create", MAKERS)


# --- URIs


@both
@pytest.mark.parametrize(
    ("uri", "database", "client_args"),
    [
        ("mongodb://host/db", "db", ("mongodb://host/db",)),
        ("mongodb://host:27018/db", "db", ("mongodb://host:27018/db",)),
        ("mongodb://u:p%40@a,b:27018/db?w=1", "db", ("mongodb://u:p%40@a,b:27018/db?w=1",)),
        ("mongodb://host/db.collection", "db", ("mongodb://host/db.collection",)),
        ("db", "db", ()),
        ("/db", "db", ()),
        ("a.b", "a.b", ()),
        ("mim:///db", "db", ()),
        ("mim://host/db", "db", ()),
        ("mim://host:27017/db?x=1", "db", ()),
        ("mim:db", "db", ()),
        ("mim://db", "db", ()),
        ("mim://db?x=1", "db", ()),
        ("mim://", "test", ()),
        ("mim:", "test", ()),
        ("mim:///", "test", ()),
        ("host:27017/db", "db", ("mongodb://host:27017/db",)),
        ("a:1,b:2/db", "db", ("mongodb://a:1,b:2/db",)),
        ("mongo://localhost:27017/tutorial", "tutorial", ("mongodb://localhost:27017/tutorial",)),
        ("other://host/db", "db", ("other://host/db",)),
    ],
)
def test_uri_names_database_and_client(create: Any, uri: str, database: str, client_args: Any) -> None:
    datastore = create(uri)
    assert datastore.name == database
    assert datastore.bind._conn_args == client_args


@both
@pytest.mark.parametrize(
    "uri", ["mongodb://host", "mongodb://host/", "mongodb://host/?w=1", "", "/", "host:27017", "host:27017/"]
)
def test_a_uri_without_database_is_refused(create: Any, uri: str) -> None:
    with pytest.raises(MingConfigError, match="names no database"):
        create(uri)


@both
def test_a_uri_that_is_no_text_is_refused(create: Any) -> None:
    with pytest.raises(TypeError, match="expected a URI or the name of a database, got None"):
        create(None)


def test_the_refusal_keeps_the_password_to_itself() -> None:
    with pytest.raises(MingConfigError) as caught:
        create_datastore("mongodb://me:secret@host/")
    assert "secret" not in str(caught.value)
    assert "host" in str(caught.value)


def test_a_wrong_uri_is_the_drivers_error() -> None:
    with pytest.raises(pymongo.errors.InvalidURI):
        create_datastore("mongodb://a@b@c/db")


def test_srv_uri_is_resolved_at_creation_on_the_sync_face() -> None:
    with mock.patch("ming._uri.parse_uri", return_value={"database": "db"}) as parse:
        assert create_datastore("mongodb+srv://host.example/db?tls=true").name == "db"
    parse.assert_called_once_with("mongodb+srv://host.example/db?tls=true")


def test_srv_uri_waits_for_no_dns_on_the_async_face() -> None:
    uri = "mongodb+srv://host.example/db?srvServiceName=x"
    with mock.patch("ming._uri.parse_uri", return_value={"database": "db"}) as parse:
        datastore: Any = create_async_datastore(uri)
    parse.assert_called_once_with("mongodb://host.example/db")
    assert (datastore.name, datastore.bind._conn_args) == ("db", (uri,))


@both
def test_keywords_go_to_the_client(create: Any) -> None:
    datastore = create("mongodb://host/db", tz_aware=True, database="other")
    assert datastore.bind._conn_kwargs == {"tz_aware": True, "database": "other"}
    assert datastore.name == "db"


def test_three_ways_to_the_default_host_are_equal() -> None:
    ways = [
        create_datastore("foo"),
        create_datastore("foo", bind=create_engine()),
        create_datastore("mongodb://localhost:27017/foo"),
    ]
    assert {each.db for each in ways} == {ways[0].db}
    for each in ways:
        each.conn.close()


@pytest.mark.parametrize(
    ("create", "engine"), [(create_datastore, create_engine), (create_async_datastore, create_async_engine)]
)
class TestBind:
    def test_a_bare_name_on_an_engine(self, create: Any, engine: Any) -> None:
        made = engine()
        datastore = create("/db", bind=made)
        assert (datastore.bind, datastore.name) == (made, "db")

    @pytest.mark.parametrize("uri", ["mongodb://host/db", "mim:///db", "mim:db", "host:27017/db"])
    def test_no_full_uri(self, create: Any, engine: Any, uri: str) -> None:
        with pytest.raises(MingConfigError, match="bind not allowed with full URI"):
            create(uri, bind=engine())

    @pytest.mark.parametrize("extra", [{"tz_aware": True}, {"encryption": object()}])
    def test_no_other_keyword(self, create: Any, engine: Any, extra: dict[str, Any]) -> None:
        with pytest.raises(MingConfigError, match=f"when supplying bind: {next(iter(extra))}"):
            create("db", bind=engine(), **extra)


def test_a_datastore_of_a_uri_alone() -> None:
    datastore = DataStore("mongo://localhost:27017/tutorial")
    assert datastore.name == "tutorial"
    assert isinstance(datastore.bind, Engine)
    assert datastore.bind._conn_args == ("mongodb://localhost:27017/tutorial",)
    assert AsyncDataStore("mim:///db").name == "db"


# --- engines


def test_options_that_are_not_the_clients() -> None:
    made: list[Any] = []

    def client(*args: Any, **kwargs: Any) -> Any:
        made.append((args, kwargs))
        return mock.Mock()

    engine = create_engine("host", 27018, use_class=client, connect_retry=5, auto_ensure_indexes=False, w=2)
    assert (engine._connect_retry, engine._auto_ensure_indexes) == (5, False)
    assert (engine._conn_args, engine._conn_kwargs) == (("host", 27018), {"w": 2})
    assert made == []
    assert engine.conn is engine.conn
    assert made == [(("host", 27018), {"w": 2})]


def test_defaults() -> None:
    engine = create_engine()
    assert (engine._conn, engine._conn_args, engine._conn_kwargs) == (None, (), {})
    assert (engine._connect_retry, engine._auto_ensure_indexes) == (3, True)
    assert repr(engine) == "<Engine None>"


def test_the_client_class_is_looked_up_at_call_time() -> None:
    with mock.patch("ming.datastore.MongoClient") as client:
        datastore = create_datastore("mongodb://host/db", w=1)
        assert datastore.conn is client.return_value
    client.assert_called_once_with("mongodb://host/db", w=1)


def test_the_async_client_class_is_looked_up_at_call_time() -> None:
    async def main() -> None:
        assert create_async_datastore("mongodb://host/db").conn is client.return_value

    with mock.patch("ming.datastore.AsyncMongoClient") as client:
        client.return_value.close = mock.AsyncMock()
        asyncio.run(main())
    client.assert_called_once_with("mongodb://host/db")
    client.return_value.close.assert_awaited_once_with()


def test_the_embedded_engine_is_looked_up_at_call_time() -> None:
    engine = create_engine("mim:///", 27017, w=1)
    with mock.patch("ming.datastore.mim.Connection") as connection:
        assert engine.conn is connection.get.return_value
    with mock.patch("ming.datastore.mim") as module:
        assert create_engine("mim:///").conn is module.Connection.get.return_value


def test_mim_uris_share_one_store_on_both_faces() -> None:
    first, second = create_datastore("mim:///ming_shared"), create_datastore("mim://host/ming_shared")
    assert first.conn is second.conn is mim.Connection.get()
    first.db.pages.insert_one({"_id": 1})

    async def read() -> Any:
        return await create_async_datastore("mim:ming_shared").db.pages.find_one()

    try:
        assert second.db.pages.find_one() == {"_id": 1}
        assert asyncio.run(read()) == {"_id": 1}
    finally:
        first.conn.drop_database("ming_shared")


class Flaky:
    """A client class that fails some times before it connects."""

    def __init__(self, *failures: Exception) -> None:
        self.failures = list(failures)
        self.calls = 0
        self.client = mock.Mock()

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        self.calls += 1
        if self.failures:
            raise self.failures.pop(0)
        return self.client


FAILURES = (ConnectionFailure("1"), AutoReconnect("2"), ServerSelectionTimeoutError("3"))


def flaky_engine(client: Flaky, retries: int) -> tuple[Engine, list[float]]:
    naps: list[float] = []
    return Engine(client, (), {}, retries, True, _sleep=naps.append), naps


def test_connecting_is_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    client = Flaky(*FAILURES)
    engine, naps = flaky_engine(client, 3)
    assert engine.connect() is client.client
    assert naps == [1, 1, 1]
    assert [record.getMessage() for record in caplog.records] == [
        f"Error connecting (#{n})" for n in range(3)
    ]
    assert {(record.name, record.levelno) for record in caplog.records} == {("ming.datastore", logging.ERROR)}
    assert all(record.exc_info for record in caplog.records)


@pytest.mark.parametrize("retries", [0, 1, 2])
def test_the_last_failure_propagates_unlogged(retries: int, caplog: pytest.LogCaptureFixture) -> None:
    client = Flaky(*FAILURES)
    engine, naps = flaky_engine(client, retries)
    with pytest.raises(ConnectionFailure, match=str(retries + 1)):
        engine.connect()
    assert (client.calls, len(naps), len(caplog.records)) == (retries + 1, retries, retries)


@pytest.mark.parametrize("retries", [0, 3])
def test_success_on_the_last_attempt_returns_the_client(retries: int) -> None:
    client = Flaky(*FAILURES[:retries])
    assert flaky_engine(client, retries)[0].connect() is client.client


def test_other_errors_propagate_at_once() -> None:
    client = Flaky(ConfigurationError("wrong"))
    engine, naps = flaky_engine(client, 3)
    with pytest.raises(ConfigurationError):
        engine.connect()
    assert (client.calls, naps) == (1, [])


def test_the_async_engine_tries_again_too(caplog: pytest.LogCaptureFixture) -> None:
    client, naps = Flaky(*FAILURES), []
    client.client.close = mock.AsyncMock()

    async def nap(seconds: float) -> None:
        naps.append(seconds)

    async def main() -> None:
        engine = AsyncEngine(client, (), {}, 3, _sleep=nap)
        assert await engine.connect() is client.client
        assert await engine.connect() is client.client

    asyncio.run(main())
    assert (client.calls, naps, len(caplog.records)) == (4, [1, 1, 1], 3)


def test_attributes_and_items_of_an_engine_are_the_clients() -> None:
    engine = create_engine("mim:///")
    assert engine["db"] is engine.conn["db"]
    assert engine.read_preference == engine.conn.read_preference
    assert engine.some_database is engine.conn["some_database"]


def test_attributes_and_items_of_an_async_engine_are_those_of_the_loops_client() -> None:
    engine = create_async_engine("mim:///")

    async def main() -> None:
        assert engine["db"] == engine.conn["db"]
        assert engine.some_database == engine.conn["some_database"]
        assert repr(engine) == f"<AsyncEngine [{engine.conn!r}]>"

    asyncio.run(main())


def test_the_client_is_closed_with_its_engine() -> None:
    client = Flaky().client
    engine = create_engine(use_class=lambda: client)
    assert engine.conn is client
    client.close.assert_not_called()
    del engine
    gc.collect()
    client.close.assert_called_once_with()


def test_an_async_engine_needs_a_running_loop() -> None:
    with pytest.raises(RuntimeError, match="no running event loop"):
        _ = create_async_engine("mim:///").conn


# --- datastores


def test_an_unconnected_datastore_says_so() -> None:
    for datastore in (DataStore(None, "db"), AsyncDataStore(None, "db")):
        with pytest.raises(ValueError, match="Trying to access db of an unconnected DataStore"):
            _ = datastore.db


def test_attributes_of_a_datastore_are_collections() -> None:
    datastore = create_datastore("mim:///db")
    assert datastore.pages.full_name == "db.pages"
    assert datastore.db is datastore.db
    assert bool(datastore)
    with pytest.raises(TypeError):
        datastore["pages"]  # type: ignore[index]


def test_repr_before_and_after_the_first_use() -> None:
    datastore = create_datastore("mim:///db")
    assert repr(datastore) == "<DataStore None>"
    _ = datastore.db
    assert repr(datastore) == f"<DataStore {datastore.db!r}>"


@both
def test_a_datastore_can_be_copied(create: Any) -> None:
    datastore = create("mim:///db")
    other = copy.copy(datastore)
    assert (type(other), other.bind, other.name) == (type(datastore), datastore.bind, "db")


def test_importing_ming_leaves_field_encryption_alone() -> None:
    program = "import sys, ming; sys.exit('pymongo.encryption' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
