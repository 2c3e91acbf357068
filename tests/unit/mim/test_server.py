"""The embedded engine as a server of its own process, used by unmodified drivers, and by clients that do wrong."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import gridfs
import pymongo
import pytest
from bson import Int64
from gridfs.asynchronous import AsyncGridFSBucket
from pymongo.errors import DuplicateKeyError, ExecutionTimeout, OperationFailure
from unit.mim.wire_messages import broken_message, message, reply_of, section

import ming
from ming import mim
from ming.mim.__main__ import main
from ming.mim.commands.cursors import OpenCursor

LIBRARY = Path(ming.__file__ or "").parents[1]


class Program:
    """``python -m ming.mim`` in a process of its own, on a free port.

    Args:
        arguments: Those of its command line.
    """

    def __init__(self, *arguments: object) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-W", "error", "-m", "ming.mim", "--port", "0", *map(str, arguments)],
            env={**os.environ, "PYTHONPATH": str(LIBRARY)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        self.uri = self.process.stdout.readline().strip()

    @property
    def address(self) -> tuple[str, int]:
        """Host and port."""
        [(host, port)] = pymongo.uri_parser.parse_uri(self.uri)["nodelist"]
        return host, port

    def stop(self, number: int = signal.SIGTERM) -> tuple[int, str]:
        """Send a signal, and return the exit status and what was said about errors."""
        self.process.send_signal(number)
        _, errors = self.process.communicate(timeout=10)
        return self.process.returncode, errors


@pytest.fixture(scope="module")
def program() -> Iterator[Program]:
    """A server for all tests; in the end its event loop must not have anything to complain about."""
    running = Program()
    yield running
    status, errors = running.stop()
    assert status == 0
    for complaint in ("never retrieved", "Exception in callback", "Warning"):
        assert complaint not in errors


@pytest.fixture
def client(program: Program) -> Iterator[pymongo.MongoClient[dict[str, Any]]]:
    """The driver's client, and an empty server."""
    with pymongo.MongoClient[dict[str, Any]](program.uri) as connected:
        for name in connected.list_database_names():
            connected.drop_database(name)
        yield connected


# -- drivers ------------------------------------------------------------------------------------------


def test_the_driver_finds_a_replica_set(
    program: Program, client: pymongo.MongoClient[dict[str, Any]]
) -> None:
    host, port = program.address
    assert client.server_info()["version"].startswith("6.0.")
    for uri in (f"mongodb://{host}:{port}", f"mongodb://localhost:{port}/?replicaSet=mim"):
        with pymongo.MongoClient[dict[str, Any]](uri) as other:
            other.admin.command("ping")
            assert other.primary == (host, port)
            assert other.topology_description.topology_type_name == "ReplicaSetWithPrimary"
            assert other.topology_description.logical_session_timeout_minutes == 30


def test_the_sync_driver(client: pymongo.MongoClient[dict[str, Any]]) -> None:
    documents = client.db.c
    documents.insert_many([{"_id": at, "a": at % 7} for at in range(1000)])
    assert documents.count_documents({"a": 3}) == 143
    assert documents.update_many({"a": 3}, {"$set": {"b": 1}}).modified_count == 143
    assert documents.delete_one({"_id": 0}).deleted_count == 1
    assert [each["_id"] for each in documents.find(batch_size=10).sort("_id", -1)] == list(range(999, 0, -1))
    assert len(list(documents.aggregate([{"$match": {}}], batchSize=10))) == 999
    assert len(list(documents.find(cursor_type=pymongo.CursorType.EXHAUST))) == 999
    with documents.find(batch_size=2) as cursor:
        next(cursor)
    assert documents.find_one_and_update({"_id": 5}, {"$inc": {"a": 1}}, return_document=True) == {
        "_id": 5,
        "a": 6,
    }
    documents.create_index("a")
    assert client.db.list_collection_names() == ["c"]
    assert sorted(documents.index_information()) == ["_id_", "a_1"]
    with pytest.raises(DuplicateKeyError):
        documents.insert_one({"_id": 1})
    with pytest.raises(OperationFailure, match="not implemented: mapReduce"):
        client.db.command("mapReduce", "c")
    unacknowledged = documents.with_options(write_concern=pymongo.WriteConcern(w=0))
    unacknowledged.insert_one({"_id": "unacknowledged"})
    assert documents.find_one("unacknowledged") == {"_id": "unacknowledged"}
    with client.start_session() as session:
        assert documents.count_documents({}, session=session) == 1000


def test_large_messages(client: pymongo.MongoClient[dict[str, Any]]) -> None:
    client.db.c.insert_many([{"_id": at, "filler": bytes(1_000_000)} for at in range(40)])
    assert sum(len(each["filler"]) for each in client.db.c.find()) == 40_000_000


def test_gridfs(client: pymongo.MongoClient[dict[str, Any]]) -> None:
    bucket = gridfs.GridFSBucket(client.db)
    number = bucket.upload_from_stream("name", b"abc" * 500_000)
    assert bucket.open_download_stream(number).read() == b"abc" * 500_000


def test_the_async_driver(program: Program, client: pymongo.MongoClient[dict[str, Any]]) -> None:
    async def use() -> None:
        async with pymongo.AsyncMongoClient[dict[str, Any]](program.uri) as other:
            await other.db.c.insert_many([{"_id": at} for at in range(300)])
            assert len(await other.db.c.find().to_list()) == 300
            bucket = AsyncGridFSBucket(other.db)
            number = await bucket.upload_from_stream("name", b"abc" * 200_000)
            stream = await bucket.open_download_stream(number)
            assert await stream.read() == b"abc" * 200_000
            results = await asyncio.gather(*(other.db.c.find_one(at) for at in range(300)))
            assert results == [{"_id": at} for at in range(300)]

    asyncio.run(use())
    assert client.db.c.count_documents({}) == 300


def test_transactions(client: pymongo.MongoClient[dict[str, Any]]) -> None:
    documents = client.db.c
    documents.insert_many([{"_id": at, "n": 0} for at in range(10)])
    with client.start_session() as session:
        with session.start_transaction():
            documents.update_one({"_id": 1}, {"$set": {"n": 1}}, session=session)
            assert [each["n"] for each in documents.find(batch_size=1, session=session)][:2] == [0, 1]
            assert documents.find_one(1) == {"_id": 1, "n": 0}
        assert documents.find_one(1) == {"_id": 1, "n": 1}
        session.start_transaction()
        documents.delete_many({}, session=session)
        session.abort_transaction()
    assert documents.count_documents({}) == 10
    with client.start_session() as session, client.start_session() as rival, session.start_transaction():
        documents.update_one({"_id": 1}, {"$inc": {"n": 1}}, session=session)
        rival.start_transaction()
        with pytest.raises(OperationFailure) as caught:
            documents.update_one({"_id": 1}, {"$inc": {"n": 1}}, session=rival)
        assert caught.value.has_error_label("TransientTransactionError")
    assert documents.find_one(1) == {"_id": 1, "n": 2}


def test_a_write_waits_for_a_transaction(client: pymongo.MongoClient[dict[str, Any]]) -> None:
    documents = client.db.c
    documents.insert_one({"_id": 1, "n": 0})
    for end in ("commit_transaction", "abort_transaction"):
        with client.start_session() as session:
            session.start_transaction()
            documents.update_one({"_id": 1}, {"$inc": {"n": 1}}, session=session)
            with pytest.raises(ExecutionTimeout):
                client.db.command("update", "c", updates=[{"q": {}, "u": {"$set": {"n": 5}}}], maxTimeMS=50)
            ending = threading.Timer(0.1, getattr(session, end))
            ending.start()
            assert documents.update_one({"_id": 1}, {"$inc": {"n": 10}}).modified_count == 1
            ending.join()
    assert documents.find_one() == {"_id": 1, "n": 21}


def test_a_user_is_refused_by_name(program: Program) -> None:
    host, port = program.address
    with (
        pymongo.MongoClient[dict[str, Any]](f"mongodb://user:word@{host}:{port}") as other,
        pytest.raises(OperationFailure, match="there are no users here"),
    ):
        other.db.c.find_one()


def test_ming_itself(program: Program, client: pymongo.MongoClient[dict[str, Any]]) -> None:
    host, port = program.address
    datastore = ming.create_datastore(f"mongodb://{host}:{port}/db?directConnection=true")
    session = ming.Session(datastore)
    page = ming.collection("page", session, ming.Field("_id", int), ming.Field("title", str))
    page.m.collection.insert_one({"_id": 1, "title": "t"})
    assert page.m.find().one().title == "t"
    datastore.conn.close()


# -- wrong clients ------------------------------------------------------------------------------------


@contextmanager
def connected(program: Program) -> Iterator[socket.socket]:
    with socket.create_connection(program.address, timeout=10) as made:
        yield made


def received(connection: socket.socket) -> bytes | None:
    """Return the next message, None if the server has hung up."""
    try:
        head = _exactly(connection, 4)
        return head + _exactly(connection, struct.unpack("<i", head)[0] - 4)
    except ConnectionError:
        return None


def _exactly(connection: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        part = connection.recv(size - len(data))
        if not part:
            raise ConnectionError
        data += part
    return data


PING = message(section({"ping": 1, "$db": "db"}))


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        struct.pack("<iiii", 48_000_001, 1, 0, 2013),
        struct.pack("<iiii", 20, 1, 0, 2012) + b"abcd",
        message(section({"ping": 1, "$db": "db"}), flags=1 << 5),
    ],
)
def test_who_does_not_speak_the_protocol_is_hung_up_on(program: Program, data: bytes) -> None:
    with connected(program) as connection:
        connection.sendall(data)
        assert received(connection) is None


def test_messages_may_come_in_pieces_or_together(program: Program) -> None:
    with connected(program) as connection:
        for at in range(len(PING)):
            connection.sendall(PING[at : at + 1])
        assert reply_of(received(connection) or b"") == {"ok": 1.0}
        connection.sendall(PING * 100)
        for _ in range(100):
            assert reply_of(received(connection) or b"") == {"ok": 1.0}


def test_a_client_that_breaks_off_harms_nobody(program: Program) -> None:
    with connected(program) as waiting:
        for cut in (1, 16, 20, len(PING) - 1):
            with connected(program) as connection:
                connection.sendall(PING[:cut])
        with connected(program) as connection:
            # It does not even read the answers.
            connection.sendall(PING * 10_000)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        waiting.sendall(PING)
        assert reply_of(received(waiting) or b"") == {"ok": 1.0}


def test_no_message_over_a_socket_does_harm(program: Program) -> None:
    rng = random.Random(2)
    sent = answered = 0
    while sent < 2000:
        with connected(program) as connection:
            try:
                for _ in range(20):
                    connection.sendall(broken_message(rng))
                    sent += 1
                connection.shutdown(socket.SHUT_WR)
                while received(connection) is not None:
                    answered += 1
            except OSError:
                # The server has hung up already.
                continue
    assert answered > 100
    with connected(program) as connection:
        connection.sendall(PING)
        assert reply_of(received(connection) or b"") == {"ok": 1.0}


# -- the program --------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_program(tmp_path: Path, number: int) -> None:
    path = tmp_path / "app.ming"
    running = Program("--file", path)
    with pymongo.MongoClient[dict[str, Any]](running.uri) as client:
        client.db.c.insert_one({"_id": 1})
        assert running.stop(number) == (0, "")
    assert os.listdir(tmp_path) == ["app.ming"]
    with mim.Connection(file=path) as connection:
        assert connection.db.c.find_one() == {"_id": 1}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--file", "."], "cannot be"),
        (["--port", "99999"], "port must be 0-65535"),
        (["--host", "192.0.2.1"], "192.0.2.1"),
    ],
)
def test_what_the_program_cannot_use(arguments: Sequence[str], words: str) -> None:
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        with pytest.raises(SystemExit, match=words):
            main(arguments)
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)


# -- in this process ----------------------------------------------------------------------------------


def _address(server: mim.Server) -> tuple[str, int]:
    host, port = server.address.split(":")
    return host, int(port)


def test_serve_shares_a_connection() -> None:
    connection = mim.Connection(strict=True)
    with mim.serve(connection) as server, pymongo.MongoClient[dict[str, Any]](server.uri) as client:
        client.db.c.insert_one({"_id": 1})
        connection.db.c.insert_one({"_id": 2})
        assert client.db.c.count_documents({}) == connection.db.c.count_documents({}) == 2
    server.close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(_address(server), timeout=10)


class Tail:
    """A cursor over what is added to a list."""

    exhausted = False
    awaits = True
    resume_token = None

    def __init__(self) -> None:
        self.waiting: list[dict[str, Any]] = []

    def next_batch(self, size: int | None, limit: int | None) -> list[dict[str, Any]]:
        batch, self.waiting = self.waiting, []
        return batch


def test_a_get_more_waits_for_a_change() -> None:
    connection, tail = mim.Connection(strict=True), Tail()
    opened = OpenCursor(tail, "db.c", None, None, None, True, datetime(2024, 1, 1))
    number = Int64(connection._engine._cursors.open(opened))
    get_more = message(section({"getMore": number, "collection": "c", "maxTimeMS": 20_000, "$db": "db"}))

    def change() -> None:
        connection.db.other.insert_one({})
        tail.waiting.append({"_id": 1})
        connection.db.c.insert_one({"_id": 1})

    with mim.serve(connection) as server, socket.create_connection(_address(server), timeout=10) as client:
        began = time.monotonic()
        changing = threading.Timer(0.2, change)
        changing.start()
        client.sendall(get_more)
        reply = reply_of(received(client) or b"")
        changing.join()
        assert reply["cursor"] == {"nextBatch": [{"_id": 1}], "id": number, "ns": "db.c"}
        assert 0.1 < time.monotonic() - began < 5
        client.sendall(get_more.replace(struct.pack("<i", 20_000), struct.pack("<i", 200)))
        assert reply_of(received(client) or b"")["cursor"]["nextBatch"] == []
        client.sendall(get_more)
        time.sleep(0.1)
    assert time.monotonic() - began < 5, "closing does not wait, either"


def test_serve_refuses_a_port_in_use() -> None:
    with mim.serve() as server:
        _, port = _address(server)
        with pytest.raises(OSError, match="in use"):
            mim.serve(port=port)


def test_close_does_not_wait_for_clients() -> None:
    server = mim.serve()
    with socket.create_connection(_address(server), timeout=10) as connection:
        connection.sendall(PING + PING[:20])
        assert received(connection)
        server.close()
        assert received(connection) is None


@pytest.mark.skipif(not socket.has_ipv6, reason="needs IPv6")
def test_serve_on_ipv6() -> None:
    with mim.serve(host="::1") as server, pymongo.MongoClient[dict[str, Any]](server.uri) as client:
        assert server.uri.startswith("mongodb://[::1]:")
        assert client.admin.command("hello")["me"] == server.address
