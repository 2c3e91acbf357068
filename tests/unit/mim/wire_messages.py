"""Messages of the wire protocol, right ones and wrong ones, for the tests of the embedded engine's server."""

from __future__ import annotations

import copy
import random
import struct
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

import bson
from bson import Binary, Code, Decimal128, Int64, ObjectId, Regex, Timestamp

__all__ = ["broken_message", "framed", "legacy", "message", "reply_of", "section", "sequence"]

Document = dict[str, Any]

HEADER: Final = struct.Struct("<iiii")
OP_QUERY, OP_MSG = 2004, 2013


def framed(body: bytes, operation: int = OP_MSG, number: int = 1) -> bytes:
    """Return a message with a body."""
    return HEADER.pack(HEADER.size + len(body), number, 0, operation) + body


def section(document: Document) -> bytes:
    """Return the section that holds a command."""
    return b"\0" + bson.encode(document)


def sequence(name: bytes, *documents: Document) -> bytes:
    """Return a section that holds documents."""
    content = name + b"\0" + b"".join(map(bson.encode, documents))
    return b"\1" + struct.pack("<i", len(content) + 4) + content


def message(*sections: bytes, flags: int = 0) -> bytes:
    """Return an OP_MSG."""
    return framed(struct.pack("<I", flags) + b"".join(sections))


def legacy(command: Document, namespace: bytes = b"admin.$cmd") -> bytes:
    """Return an OP_QUERY."""
    return framed(
        struct.pack("<i", 0) + namespace + b"\0" + struct.pack("<ii", 0, -1) + bson.encode(command), OP_QUERY
    )


def reply_of(data: bytes) -> Document:
    """Return the document in a reply to either, after a look at its frame."""
    length, _, answered, operation = HEADER.unpack_from(data)
    assert length == len(data)
    assert answered == 1
    assert operation in (1, OP_MSG)
    return bson.decode(data[21:] if operation == OP_MSG else data[36:])


# -- wrong messages -----------------------------------------------------------------------------------

_SESSION: Final = {"id": Binary(b"1" * 16, 4)}
_DOCUMENTS: Final[list[Document]] = [
    {"_id": 1, "a": [1, 2, {"b": 3}], "s": "text", "d": datetime(2020, 1, 1)},
    {
        "_id": ObjectId("5f" * 12),
        "n": Int64(5),
        "x": Decimal128("1.5"),
        "r": Regex("a", "i"),
        "t": Timestamp(1, 1),
    },
    {"bin": b"abc", "u": Binary(b"1" * 16, 4), "c": Code("x"), "z": None, "f": 1.5, "o": {"p": {"q": []}}},
]
_COMMANDS: Final[list[Document]] = [
    {"ping": 1},
    {"hello": 1, "client": {"driver": {"name": "x"}}, "compression": []},
    {"insert": "c", "documents": _DOCUMENTS, "ordered": False},
    {
        "find": "c",
        "filter": {"a": {"$gt": 1}, "s": {"$regex": "te"}, "$or": [{"n": 5}, {"f": {"$exists": True}}]},
        "projection": {"a": 1},
        "sort": {"n": -1},
        "limit": 5,
        "batchSize": 1,
    },
    {
        "update": "c",
        "updates": [{"q": {"_id": 1}, "u": {"$set": {"z.y": 1}, "$push": {"a": 1}}, "upsert": True}],
    },
    {"delete": "c", "deletes": [{"q": {"a": 9}, "limit": 1}]},
    {"findAndModify": "c", "query": {"_id": 1}, "update": {"$inc": {"k": 1}}, "new": True, "upsert": True},
    {"aggregate": "c", "pipeline": [{"$match": {"a": 1}}, {"$group": {"_id": "$s"}}], "cursor": {}},
    {"getMore": Int64(5), "collection": "c"},
    {"killCursors": "c", "cursors": [Int64(5)]},
    {"createIndexes": "c", "indexes": [{"key": {"a": 1}, "name": "a_1"}]},
    {"dropIndexes": "c", "index": "*"},
    {"listIndexes": "c", "cursor": {}},
    {"listCollections": 1, "cursor": {}},
    {"listDatabases": 1},
    {"create": "d"},
    {"drop": "d"},
    {"count": "c", "query": {}},
    {"distinct": "c", "key": "a"},
    {"getParameter": 1, "featureCompatibilityVersion": 1},
    {"getLog": "startupWarnings"},
    {"endSessions": [_SESSION]},
    {"insert": "c", "documents": [{}], "lsid": _SESSION, "txnNumber": Int64(1)},
]
_MESSAGES: Final = [
    *(message(section({**command, "$db": "db"})) for command in _COMMANDS),
    message(section({"insert": "c", "$db": "db"}), sequence(b"documents", *_DOCUMENTS)),
    legacy({"isMaster": 1, "helloOk": True}),
]
_NUMBERS: Final = [
    struct.pack("<i", number)
    for number in (0, 1, -1, 4, 5, 15, 16, 255, 2**31 - 1, -(2**31), 48_000_000, 16_793_600)
]
_VALUES: Final[list[Any]] = [
    *(None, True, 0, -1, 2**31, Int64(2**62), 1.5, float("nan"), Decimal128("NaN")),
    *("", "a", "$a", "a.b", "$where", "c", b"x", Code("x"), Code("x", {}), Regex("("), ObjectId("00" * 12)),
    *(datetime(2020, 1, 1), Timestamp(1, 1), [], {}, [1], [[]], {"a": 1}, {"$gt": 1}, {"": 1}, {"$x": 1}),
]
_NAMES: Final = [
    "a",
    "",
    "$set",
    "$gt",
    "a.b",
    "$",
    "batchSize",
    "limit",
    "x€",
    "filter",
    "_id",
    "$db",
    "lsid",
]


def broken_message(rng: random.Random) -> bytes:
    """Return a message that is not quite right, if it is one at all."""
    kind = rng.random()
    if kind < 0.03:
        return rng.randbytes(rng.randrange(200))
    if kind < 0.5:
        return _with_broken_bytes(rng, rng.choice(_MESSAGES))
    command = {**rng.choice(_COMMANDS), "$db": "db"}
    return message(section(_with_broken_values(rng, command)))


def _with_broken_bytes(rng: random.Random, right: bytes) -> bytes:
    data = bytearray(right)
    for _ in range(rng.choice((1, 1, 1, 2, 3, 8))):
        at = rng.randrange(len(data) + 1)
        other = rng.choice(_MESSAGES)
        start = rng.randrange(len(other))
        change = rng.randrange(6)
        if change == 0 and at < len(data):
            data[at] ^= 1 << rng.randrange(8)
        elif change == 1:
            del data[at : at + rng.randrange(1, 9)]
        elif change == 2:
            data[at:at] = rng.randbytes(rng.randrange(1, 9))
        elif change == 3:
            data[at : at + 4] = rng.choice(_NUMBERS)
        elif change == 4:
            data[at : at + rng.randrange(20)] = other[start : start + rng.randrange(20)]
        elif rng.random() < 0.3:
            del data[at:]
    if rng.random() < 0.8:
        # What is inside is reached only if the frame is right.
        data[:4] = struct.pack("<i", len(data))
    return bytes(data)


def _with_broken_values(rng: random.Random, right: Document) -> Document:
    command = copy.deepcopy(right)
    for _ in range(rng.choice((1, 1, 2, 3))):
        parent, key = rng.choice(list(_places(command)) or [(command, "a")])
        value, name = copy.deepcopy(rng.choice(_VALUES)), rng.choice(_NAMES)
        change = rng.randrange(4)
        if change == 0:
            parent[key] = value
        elif change == 1:
            parent.pop(key, None) if isinstance(parent, dict) else parent.pop(key)
        elif isinstance(parent, list):
            parent.append(value)
        else:
            parent[name] = parent.pop(key, value) if change == 2 else value
    return command


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Yield every container inside a value with every key or position it has."""
    keys = value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        yield value, key
        yield from _places(value[key])
