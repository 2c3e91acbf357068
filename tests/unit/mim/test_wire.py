"""The wire protocol without a socket: what messages say, how they are answered, and what ends a connection.

Codes are a MongoDB 6.0 server's.
"""

from __future__ import annotations

import logging
import random
import struct
from collections.abc import Iterator
from typing import Any

import bson
import pytest
from bson import Binary, Int64
from unit.mim.wire_messages import (
    broken_message,
    framed,
    legacy,
    message,
    reply_of,
    section,
    sequence,
)

from ming.mim.commands.core import Engine
from ming.mim.front.serving import Conversation, Front
from ming.mim.front.wire import HEADER_SIZE, MAX_MESSAGE, ProtocolError, body_size, read_message

Document = dict[str, Any]

PING = {"ping": 1, "$db": "db"}
INSERT = {"insert": "c", "$db": "db"}


@pytest.fixture
def conversation() -> Conversation:
    return Front(Engine()).conversation("127.0.0.1:27017", "127.0.0.1:5555")


def answer(conversation: Conversation, data: bytes) -> bytes | None:
    """Return the answer to a message, whatever it is.

    Raises:
        ProtocolError: The connection is to be closed.
    """
    header, body = data[:HEADER_SIZE], data[HEADER_SIZE:]
    assert len(body) == body_size(header)
    exchange = conversation.exchange(read_message(header, body))
    exchange.perform()
    assert exchange.patience == 0.0
    return exchange.answer()


def reply(conversation: Conversation, data: bytes) -> Document:
    answered = answer(conversation, data)
    assert answered is not None
    return reply_of(answered)


def run(conversation: Conversation, command: Document) -> Document:
    return reply(conversation, message(section({"$db": "db"} if not command else {**command, "$db": "db"})))


# -- messages -----------------------------------------------------------------------------------------


def test_a_command_and_its_reply(conversation: Conversation) -> None:
    assert reply(conversation, message(section(PING))) == {"ok": 1.0}


@pytest.mark.parametrize(
    "sections",
    [
        (section(INSERT), sequence(b"documents", {"a": 1}, {"a": 2})),
        (sequence(b"documents", {"a": 1}, {"a": 2}), section(INSERT)),
    ],
)
def test_documents_beside_the_command(conversation: Conversation, sections: tuple[bytes, ...]) -> None:
    assert reply(conversation, message(*sections)) == {"n": 2, "ok": 1.0}
    assert run(conversation, {"count": "c"})["n"] == 2


def test_values_arrive_as_they_were_sent(conversation: Conversation) -> None:
    document = {"_id": 1, "uuid": Binary(b"1" * 16, 4), "old": Binary(b"1" * 16, 3), "long": Int64(1), "i": 1}
    reply(conversation, message(section(INSERT), sequence(b"documents", document)))
    batch = run(conversation, {"find": "c"})["cursor"]["firstBatch"]
    assert bson.encode(batch[0]) == bson.encode(document)


def test_a_client_may_want_no_reply(conversation: Conversation) -> None:
    data = message(section({**INSERT, "documents": [{}]}), flags=1 << 1)
    assert answer(conversation, data) is None
    assert run(conversation, {"count": "c"})["n"] == 1


@pytest.mark.parametrize("flag", [16, 17, 31])
def test_flags_that_may_be_ignored(conversation: Conversation, flag: int) -> None:
    assert reply(conversation, message(section(PING), flags=1 << flag)) == {"ok": 1.0}


def test_a_checksum_is_checked(conversation: Conversation) -> None:
    # A server accepts this.
    right = bytes.fromhex(
        "330000000100000000000000dd07000001000000001a0000001070696e670001"
        "00000002246462000200000078000019158605"
    )
    assert reply(conversation, right) == {"ok": 1.0}
    with pytest.raises(ProtocolError, match="checksum"):
        reply(conversation, right[:-1] + b"\0")


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (message(), 40587),
        (message(section(PING), section(PING)), 40430),
        (message(section(INSERT), sequence(b"documents", {}), sequence(b"documents", {})), 40431),
        (message(section({**INSERT, "documents": [{}]}), sequence(b"documents", {})), 40433),
        (message(section(INSERT), sequence(b"documents")), 16),
        (message(section(INSERT), sequence(b"a.b", {})), 40415),
        (message(b"\7" + bson.encode(PING)), 40432),
        (message(section(PING), b"extra"), 40432),
        (message(section(PING)[:-3]), 22),
        (message(section(PING)[:-1] + b"x"), 22),
        (message(b"\0\xff\xff\xff\x7f" + bson.encode(PING)[4:]), 22),
        (message(b"\0\0\0\0\x81" + bson.encode(PING)[4:]), 22),
        (message(section({**PING, "s": "abc"}).replace(b"\2s\0", b"\x42s\0")), 22),
        (message(section({**PING, "s": "abc"}).replace(b"abc", b"\xff\xfe\xfd")), 22),
        (message(section(INSERT), b"\1" + struct.pack("<i", 100) + b"documents\0"), 15),
        (message(section(INSERT), b"\1" + struct.pack("<i", 2) + b"documents\0"), 15),
        (message(section(INSERT), b"\1\1"), 15),
        (message(section(INSERT), b"\1" + struct.pack("<i", 8) + b"abcd"), 15),
        (message(section(INSERT), b"\1" + struct.pack("<i", 7) + b"\xff\xfe\0"), 22),
        (message(b"\0"), 15),
        (message(section({"ping": 1})), 40571),
        (message(section({})), 40571),
        (message(section({"$db": "db"})), 59),
        (message(section({"ping": 1, "$db": 5})), 13111),
        (message(section({"atlasVersion": 1, "$db": "admin"})), 59),
        (message(section({"mapReduce": "c", "$db": "db"})), 238),
        (legacy({"ping": 1}), 352),
        (legacy({"a": 1}, b"db.c"), 5739101),
        (framed(b"\0\0\0\0no end", 2004), 15),
        (framed(b"\0\0\0\0admin.$cmd\0\0\0", 2004), 15),
    ],
)
def test_commands_that_are_refused(conversation: Conversation, data: bytes, code: int) -> None:
    answered = reply(conversation, data)
    assert (answered["ok"], answered["code"]) == (0.0, code)
    assert answered["errmsg"]
    assert answered["codeName"]
    assert reply(conversation, message(section(PING))) == {"ok": 1.0}


@pytest.mark.parametrize("name", ["a.b", "", "a b", "x" * 64, "é" * 32, "a/b", "a\\b", 'a"b', "a\0b"])
def test_names_no_database_has(conversation: Conversation, name: str) -> None:
    assert reply(conversation, message(section({"ping": 1, "$db": name})))["code"] == 73


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (framed(b"junk", 2012), "compression"),
        (framed(b"junk", 2002), "unknown operation 2002"),
        (framed(b"junk", 1), "unknown operation 1"),
        (framed(b""), "impossible message length 16"),
        (framed(b"\0\0"), "impossible message length 18"),
        (struct.pack("<iiii", 15, 1, 0, 2013), "impossible message length 15"),
        (struct.pack("<iiii", -1, 1, 0, 2013), "impossible message length -1"),
        (struct.pack("<iiii", MAX_MESSAGE + 1, 1, 0, 2013), "impossible message length 48000001"),
        (message(section(PING), flags=1 << 3), "unknown flags 0x8"),
        (message(flags=1), "checksum"),
        (message(section(PING), b"abcd", flags=1), "checksum"),
    ],
)
def test_what_ends_a_connection(conversation: Conversation, data: bytes, words: str) -> None:
    with pytest.raises(ProtocolError, match=words):
        answer(conversation, data)


def test_commands_and_documents_have_a_limit(conversation: Conversation) -> None:
    huge = {"_id": 1, "a": "x" * (17 * 1024 * 1024)}
    for data in (
        message(section({**INSERT, "documents": [huge]})),
        message(section(INSERT), sequence(b"documents", huge)),
    ):
        assert reply(conversation, data)["code"] == 10334


def test_replies_have_a_limit(conversation: Conversation) -> None:
    for name in ("x", "y"):
        run(conversation, {"insert": "c", "documents": [{"_id": name, "a": name * (9 * 1024 * 1024)}]})
    grown = {"aggregate": "c", "pipeline": [{"$addFields": {"b": "$a"}}], "cursor": {}}
    assert run(conversation, grown)["code"] == 10334
    assert run(conversation, {"count": "c"})["n"] == 2


def test_documents_nest_only_so_deep(conversation: Conversation) -> None:
    deep = b""
    for _ in range(20_000):
        content = b"\3a\0" + deep if deep else b""
        deep = struct.pack("<i", len(content) + 5) + content + b"\0"
    body = bson.encode({"insert": "c", "$db": "db"})[4:-1] + b"\3d\0" + deep + b"\0"
    data = message(b"\0" + struct.pack("<i", len(body) + 4) + body)
    assert reply(conversation, data)["code"] in (15, 22)


def test_an_unexpected_error_is_answered_and_logged(
    conversation: Conversation, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*args: object) -> None:
        raise ZeroDivisionError("of no use")

    monkeypatch.setattr(Engine, "perform", fail)
    answered = run(conversation, {"find": "c"})
    assert (answered["code"], answered["codeName"]) == (8, "UnknownError")
    assert answered["errmsg"] == "ZeroDivisionError: of no use"
    assert "error in command 'find'" in caplog.text


def test_a_reply_that_is_no_bson_is_answered(
    conversation: Conversation, monkeypatch: pytest.MonkeyPatch, quiet: None
) -> None:
    monkeypatch.setattr(Engine, "perform", lambda *args: {"huge": 2**70})
    assert run(conversation, {"find": "c"})["code"] == 8


# -- what servers do beyond the engine ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "role"), [("hello", "isWritablePrimary"), ("isMaster", "ismaster"), ("ismaster", "ismaster")]
)
def test_hello(conversation: Conversation, command: str, role: str) -> None:
    for answered in (
        reply(conversation, legacy({command: 1, "helloOk": True})),
        run(conversation, {command: 1, "helloOk": True, "saslSupportedMechs": "admin.u"}),
    ):
        assert answered[role] is answered["helloOk"] is True
        assert answered["hosts"] == ["127.0.0.1:27017"]
        assert answered["me"] == answered["primary"] == "127.0.0.1:27017"
        assert answered["setName"] == "mim"
        assert answered["maxWireVersion"] == 17
        assert answered["logicalSessionTimeoutMinutes"] == 30
        # Without it, drivers ask now and then instead of waiting for news.
        assert "topologyVersion" not in answered


def test_legacy_wrapping(conversation: Conversation) -> None:
    assert reply(conversation, legacy({"$query": {"isMaster": 1}, "$readPreference": {}}))["ismaster"] is True


@pytest.mark.parametrize("command", ["saslStart", "saslContinue", "authenticate", "logout"])
def test_there_are_no_users(conversation: Conversation, command: str) -> None:
    answered = run(conversation, {command: 1})
    assert answered["code"] == 18
    assert command in answered["errmsg"]


def test_what_shells_ask(conversation: Conversation) -> None:
    assert run(conversation, {"whatsmyuri": 1})["you"] == "127.0.0.1:5555"
    assert run(conversation, {"connectionStatus": 1, "showPrivileges": True})["authInfo"] == {
        "authenticatedUsers": [],
        "authenticatedUserRoles": [],
        "authenticatedUserPrivileges": [],
    }
    assert run(conversation, {"getLog": "*"})["names"] == ["global", "startupWarnings"]
    assert run(conversation, {"getLog": "startupWarnings"})["log"] == []
    assert run(conversation, {"getLog": "x"})["code"] == 96
    assert run(conversation, {"getParameter": "*"})["featureCompatibilityVersion"] == {"version": "6.0"}
    assert run(conversation, {"getParameter": 1, "foo": 1}) == {"ok": 0.0, "errmsg": "no option found to get"}
    assert run(conversation, {"serverStatus": 1})["version"] == run(conversation, {"buildInfo": 1})["version"]
    for command in ("getCmdLineOpts", "hostInfo", "buildInfo"):
        assert run(conversation, {command: 1})["ok"] == 1.0


def test_batches_are_as_large_as_a_servers(conversation: Conversation) -> None:
    documents = [{"_id": at} for at in range(250)]
    reply(conversation, message(section(INSERT), sequence(b"documents", *documents)))
    for command in (
        {"find": "c"},
        {"find": "c", "batchSize": None},
        {"aggregate": "c", "pipeline": [], "cursor": {}},
    ):
        cursor = run(conversation, command)["cursor"]
        assert len(cursor["firstBatch"]) == 101
        cursor = run(conversation, {"getMore": Int64(cursor["id"]), "collection": "c"})["cursor"]
        assert (len(cursor["nextBatch"]), cursor["id"]) == (149, 0)
    assert len(run(conversation, {"find": "c", "batchSize": 7})["cursor"]["firstBatch"]) == 7
    assert len(run(conversation, {"find": "c", "singleBatch": True})["cursor"]["firstBatch"]) == 101
    assert len(run(conversation, {"listIndexes": "c", "cursor": {}})["cursor"]["firstBatch"]) == 1
    assert run(conversation, {"aggregate": "c", "pipeline": []})["code"] == 9


# -- anything at all ----------------------------------------------------------------------------------


@pytest.fixture
def quiet() -> Iterator[None]:
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.usefixtures("quiet")
def test_no_message_does_harm(conversation: Conversation) -> None:
    rng = random.Random(1)
    answered = closed = incomplete = 0
    for _ in range(100_000):
        data = broken_message(rng)
        header = data[:HEADER_SIZE]
        try:
            if len(header) < HEADER_SIZE or len(data) < HEADER_SIZE + body_size(header):
                incomplete += 1
                continue
            found = read_message(header, data[HEADER_SIZE : HEADER_SIZE + body_size(header)])
        except ProtocolError:
            closed += 1
            continue
        exchange = conversation.exchange(found)
        exchange.perform()
        data = exchange.answer() or b""
        assert data or not found.wants_reply
        answered += 1
    assert min(answered, closed, incomplete) > 1000
    assert reply(conversation, message(section(PING))) == {"ok": 1.0}
