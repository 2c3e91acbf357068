"""The embedded engine's server against MongoDB's, message by message over sockets.

Replies are compared by what clients act on: the code of an error, the documents of a batch, whether a cursor
stays open, and whether the server hangs up.
"""

from __future__ import annotations

import itertools
import socket
import struct
from collections.abc import Callable, Iterator
from typing import Any

import bson
import pymongo
import pytest
from bson import Binary, Int64
from unit.mim.wire_messages import framed, legacy, message, section, sequence

from ming import mim

pytestmark = pytest.mark.mongod

Document = dict[str, Any]
Outcome = tuple[Any, ...]

_numbers = itertools.count()
DATABASE = "mim_wire"
HERE = {"id": Binary(b"1" * 16, 4)}
ELSEWHERE = {"id": Binary(b"2" * 16, 4)}
PING = section({"ping": 1, "$db": DATABASE})
INSERT = section({"insert": "w", "$db": DATABASE})


class Peer:
    """A connection to one of the servers.

    Args:
        host: Its address.
        port: Its port.
    """

    def __init__(self, host: str, port: int) -> None:
        self._socket = socket.create_connection((host, port), timeout=10)

    def close(self) -> None:
        self._socket.close()

    def send(self, data: bytes) -> Document | None:
        """Send a message and return the reply, None if the server hangs up."""
        try:
            self._socket.sendall(data)
            head = self._exactly(16)
            length, _, _, operation = struct.unpack("<iiii", head)
            body = self._exactly(length - 16)
        except ConnectionError:
            return None
        return bson.decode(body[5:] if operation == 2013 else body[20:])

    def _exactly(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            part = self._socket.recv(size - len(data))
            if not part:
                raise ConnectionError
            data += part
        return data


class Pair:
    """Connections to both servers that get the same messages."""

    def __init__(self, *addresses: tuple[str, int]) -> None:
        self._addresses = addresses
        self._peers = [Peer(*address) for address in addresses]
        self._cursors: list[int] = []

    def close(self) -> None:
        for peer in self._peers:
            peer.close()

    def agree_on_bytes(self, data: bytes) -> None:
        """Send a message over new connections, and another one after it."""
        outcomes = []
        for address in self._addresses:
            peer = Peer(*address)
            outcomes.append([_outcome(peer.send(data)), _outcome(peer.send(message(PING)))])
            peer.close()
        assert outcomes[0] == outcomes[1]

    def agree(self, command: Document | Callable[[Int64], Document]) -> bool:
        """Run a command, or one that needs the number of the last cursor.

        Returns:
            Whether a cursor is open.
        """
        replies = []
        for at, peer in enumerate(self._peers):
            document = command(Int64(self._cursors[at])) if callable(command) else command
            replies.append(
                peer.send(message(section({**document, "$db": document.get("$db", DATABASE)}))) or {}
            )
        shown = command(Int64(7)) if callable(command) else command
        assert _outcome(replies[0]) == _outcome(replies[1]), shown
        if "cursor" in replies[0]:
            self._cursors = [reply["cursor"]["id"] for reply in replies]
        return bool(self._cursors and self._cursors[0])


def _outcome(reply: Document | None) -> Outcome:
    if reply is None:
        return ("hung up",)
    if not reply["ok"]:
        return ("error", reply.get("code"), reply.get("codeName"))
    if "cursor" in reply:
        cursor = dict(reply["cursor"])
        cursor["id"] = (type(cursor["id"]), bool(cursor["id"]))
        return ("cursor", sorted(cursor.items()))
    return ("reply", {name: value for name, value in reply.items() if name in _COMPARED})


_COMPARED = frozenset(
    ("n", "nModified", "ok", "helloOk", "isWritablePrimary", "ismaster", "maxWireVersion", "readOnly")
)


@pytest.fixture(scope="module")
def pair(mongod_uri: str) -> Iterator[Pair]:
    with mim.serve() as server, pymongo.MongoClient[Document](mongod_uri) as client:
        client.drop_database(DATABASE)
        host, port = server.address.split(":")
        assert client.address is not None
        made = Pair(client.address, (host, int(port)))
        made.agree({"insert": "c", "documents": [{"_id": at, "a": at % 3} for at in range(10)]})
        yield made
        made.close()
        client.drop_database(DATABASE)


# -- messages -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data",
    [
        message(PING),
        *(message(PING, flags=1 << flag) for flag in (3, 15, 16, 20, 31)),
        message(PING, PING),
        message(),
        message(b"\7" + PING[1:]),
        message(PING, b"extra"),
        message(PING[:-3]),
        message(PING[:-1] + b"x"),
        message(b"\0\xff\xff\xff\x7f" + PING[5:]),
        message(b"\0\0\0\0\x81" + PING[5:]),
        message(PING, b"abcd", flags=1),
        message(INSERT, sequence(b"documents", {"a": 1}, {"a": 2})),
        message(sequence(b"documents", {"a": 1}), INSERT),
        message(INSERT, sequence(b"documents", {}), sequence(b"documents", {})),
        message(section({"insert": "w", "documents": [{}], "$db": DATABASE}), sequence(b"documents", {})),
        message(INSERT, sequence(b"documents")),
        message(INSERT, sequence(b"a.b", {})),
        message(INSERT, b"\1" + struct.pack("<i", 100) + b"documents\0"),
        message(INSERT, b"\1" + struct.pack("<i", 2) + b"documents\0"),
        message(INSERT, sequence(b"documents", {"a": "x" * (17 * 1024 * 1024)})),
        message(INSERT, sequence(b"documents", {"a": "x" * (16 * 1024 * 1024)})),
        *(
            message(section(each))
            for each in ({}, {"ping": 1}, {"$db": "x"}, {"ping": 1, "$db": 5}, {"foo": 1, "$db": "a.b"})
        ),
        *(
            message(section({"ping": 1, "$db": name}))
            for name in ("a b", "", "a/b", 'a"b', "x" * 63, "x" * 64, "*")
        ),
        legacy({"isMaster": 1, "helloOk": True}),
        legacy({"hello": 1}),
        legacy({"ping": 1}),
        framed(b"junk", 2012),
        framed(b"junk", 2002),
        framed(b"junk", 9999),
        framed(b"junk", 1),
        framed(b""),
        framed(b"\0\0"),
        *(struct.pack("<iiii", length, 1, 0, 2013) for length in (15, 0, -1, 48_000_001, 2**31 - 1)),
    ],
)
def test_messages(pair: Pair, data: bytes) -> None:
    pair.agree_on_bytes(data)


# -- cursors ------------------------------------------------------------------------------------------

SIZES = (0, 1, 2, 3, 5, 9, 10, 11, None)


def _walk(pair: Pair, command: Document, size: int | None) -> None:
    is_open = pair.agree(command)
    while is_open:
        is_open = pair.agree(
            lambda number: {"getMore": number, "collection": "c", "batchSize": max(size or 1, 1)}
        )


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"limit": 3},
        {"limit": 10},
        {"limit": 11},
        {"skip": 5},
        {"sort": {"x": 1}},
        {"filter": {"_id": 1}},
        {"filter": {"_id": {"$eq": 1}}},
        {"filter": {"_id": 1}, "hint": "_id_"},
        {"filter": {"_id": [1]}},
        {"filter": {"a": 1}},
        {"singleBatch": True},
        {"singleBatch": True, "limit": 2},
    ],
)
def test_find(pair: Pair, options: Document) -> None:
    for size in SIZES:
        _walk(pair, {"find": "c", **options, **({} if size is None else {"batchSize": size})}, size)


@pytest.mark.parametrize(
    "stages", [[], [{"$sort": {"a": 1, "_id": 1}}], [{"$count": "n"}], [{"$match": {"a": 1}}]]
)
def test_aggregate(pair: Pair, stages: list[Document]) -> None:
    for size in SIZES:
        cursor = {} if size is None else {"batchSize": size}
        _walk(pair, {"aggregate": "c", "pipeline": stages, "cursor": cursor}, size)


@pytest.mark.parametrize("size", ["x", True, 2.7, -1, -0.5, 1e300, float("nan"), None, 2**40])
def test_batch_sizes(pair: Pair, size: Any) -> None:
    pair.agree({"find": "c", "batchSize": size})
    pair.agree({"aggregate": "c", "pipeline": [], "cursor": {"batchSize": size}})
    pair.agree({"listIndexes": "c", "cursor": {"batchSize": size}})


@pytest.mark.parametrize(
    "options",
    [
        {"collection": "d"},
        {"collection": 5},
        {"collection": ""},
        {"collection": None},
        {"batchSize": -1},
        {"batchSize": "x"},
        {"maxTimeMS": 100},
        {"foo": 1},
        {"awaitData": True},
        {"getMore": 5},
        {"getMore": "x"},
        {"getMore": Int64(0)},
        {"comment": 1},
        {"lsid": HERE},
        {"$db": "other"},
    ],
)
def test_get_more(pair: Pair, options: Document) -> None:
    pair.agree({"find": "c", "batchSize": 2})
    pair.agree(lambda number: {"getMore": number, "collection": "c", **options})


@pytest.mark.parametrize("asking", [HERE, ELSEWHERE, None])
def test_sessions_of_cursors(pair: Pair, asking: Document | None) -> None:
    pair.agree({"find": "c", "batchSize": 2, "lsid": HERE})
    pair.agree(
        lambda number: {
            "getMore": number,
            "collection": "c",
            **({"lsid": asking} if asking is not None else {}),
        }
    )


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"cursors": []},
        {"cursors": 5},
        {"cursors": [5]},
        {"killCursors": ""},
        {"foo": 1},
    ],
)
def test_kill_cursors(pair: Pair, options: Document) -> None:
    pair.agree({"find": "c", "batchSize": 2})
    pair.agree(lambda number: {"killCursors": "c", "cursors": [number, Int64(5)], **options})
    pair.agree(lambda number: {"getMore": number, "collection": "c"})


@pytest.mark.parametrize(
    "end",
    [
        {"drop": "e"},
        {"renameCollection": f"{DATABASE}.e", "to": f"{DATABASE}.f", "dropTarget": True, "$db": "admin"},
    ],
)
def test_cursors_of_what_is_gone(pair: Pair, end: Document) -> None:
    pair.agree({"insert": "e", "documents": [{"_id": f"{next(_numbers)}"} for _ in range(5)]})
    pair.agree({"find": "e", "batchSize": 2})
    pair.agree(end)
    for _ in range(2):
        pair.agree(lambda number: {"getMore": number, "collection": "e"})
