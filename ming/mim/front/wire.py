"""The wire protocol: messages as bytes, and the commands in them.

Nothing here does I/O or knows commands. `ming.mim.front.serving` answers messages, `ming.mim.front.server`
carries them.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import bson
from bson.errors import BSONError

from ming.mim.data.errors import CommandError
from ming.mim.data.limits import SENDABLE, too_large
from ming.mim.data.values import from_bytes

__all__ = [
    "HEADER_SIZE",
    "MAX_MESSAGE",
    "Message",
    "ProtocolError",
    "body_size",
    "command_of",
    "encoded_reply",
    "read_message",
]

HEADER_SIZE: Final = 16
MAX_MESSAGE: Final = 48_000_000

_OP_REPLY: Final = 1
_OP_QUERY: Final = 2004
_OP_COMPRESSED: Final = 2012
_OP_MSG: Final = 2013

_CHECKSUM: Final = 1 << 0
_MORE_TO_COME: Final = 1 << 1
_REQUIRED_FLAGS: Final = 0xFFFF
"""Flags among these must be understood, the others may be ignored."""

_AWAIT_CAPABLE: Final = 8
_HEADER: Final = struct.Struct("<iiii")
_INT: Final = struct.Struct("<i")
_UNSIGNED: Final = struct.Struct("<I")
_REPLY_HEADER: Final = struct.Struct("<iqii")

Document = dict[str, Any]


class ProtocolError(Exception):
    """What came is not the protocol; the connection is of no use any more."""


class Message(NamedTuple):
    """A message whose frame is in order.

    Args:
        number: What the reply answers.
        is_legacy: Whether it is an OP_QUERY, and the reply an OP_REPLY.
        wants_reply: Whether the client waits for a reply.
        content: The sections of an OP_MSG, or what follows the flags of an OP_QUERY.
    """

    number: int
    is_legacy: bool
    wants_reply: bool
    content: bytes


def body_size(header: bytes) -> int:
    """Return how many bytes follow the first 16 of a message.

    Raises:
        ProtocolError: No message that will be read starts like this.
    """
    length, _, _, operation = _HEADER.unpack(header)
    if operation == _OP_COMPRESSED:
        raise ProtocolError("compression was not agreed on")
    if operation not in (_OP_MSG, _OP_QUERY):
        raise ProtocolError(f"unknown operation {operation}")
    if not HEADER_SIZE + _UNSIGNED.size <= length <= MAX_MESSAGE:
        raise ProtocolError(f"impossible message length {length}")
    return int(length) - HEADER_SIZE


def read_message(header: bytes, body: bytes) -> Message:
    """Put a message together.

    Raises:
        ProtocolError: The flags or the checksum are wrong.
    """
    _, number, _, operation = _HEADER.unpack(header)
    (flags,) = _UNSIGNED.unpack_from(body)
    if operation == _OP_QUERY:
        return Message(number, True, True, body[_UNSIGNED.size :])
    unknown = flags & _REQUIRED_FLAGS & ~(_CHECKSUM | _MORE_TO_COME)
    if unknown:
        raise ProtocolError(f"unknown flags {unknown:#x}")
    if flags & _CHECKSUM:
        body = _checked(header, body)
    return Message(number, False, not flags & _MORE_TO_COME, body[_UNSIGNED.size :])


def _checked(header: bytes, body: bytes) -> bytes:
    """Return a body without its checksum."""
    covered, checksum = body[: -_UNSIGNED.size], body[-_UNSIGNED.size :]
    if len(covered) < _UNSIGNED.size or _UNSIGNED.pack(_crc32c(header + covered)) != checksum:
        raise ProtocolError("wrong checksum")
    return covered


# -- commands -----------------------------------------------------------------------------------------


def command_of(message: Message) -> Document:
    """Return the command in a message, with the name of its database as ``$db``.

    Raises:
        CommandError: There is none, or it is not put together well.
    """
    return _queried(message.content) if message.is_legacy else _joined(message.content)


def _joined(content: bytes) -> Document:
    """Join the sections of an OP_MSG: a command, and lists of documents that belong into it."""
    body: Document | None = None
    sequences: dict[str, list[Document]] = {}
    at = 0
    while at < len(content):
        kind = content[at]
        if kind == 0:
            if body is not None:
                raise CommandError(40430, "Multiple body sections in message")
            body, at = _document(content, at + 1, len(content))
        elif kind == 1:
            name, documents, at = _sequence(content, at + 1)
            if name in sequences:
                raise CommandError(40431, f"Duplicate document sequence: {name}")
            sequences[name] = documents
        else:
            raise CommandError(40432, f"Unknown section kind {kind}")
    if body is None:
        raise CommandError(40587, "OP_MSG messages must have a body")
    for name, documents in sequences.items():
        if name in body:
            raise CommandError(40433, f"Duplicate field between body and document sequence {name}")
        body[name] = documents
    return body


def _sequence(content: bytes, at: int) -> tuple[str, list[Document], int]:
    end = at + _length(content, at)
    if not at + _INT.size < end <= len(content):
        raise CommandError(15, f"Invalid length of a document sequence at offset {at}")
    name, at = _name(content, at + _INT.size, end)
    documents = []
    while at < end:
        document, at = _document(content, at, end)
        documents.append(document)
    return name, documents, end


def _document(content: bytes, at: int, end: int) -> tuple[Document, int]:
    """Read a document that ends before ``end``, and return it with its own end."""
    size = _length(content, at)
    if not 5 <= size <= end - at:
        raise CommandError(22, f"Incorrect BSON length {size}")
    if size > SENDABLE:
        raise too_large(size)
    try:
        return from_bytes(content[at : at + size]), at + size
    except BSONError as error:
        raise CommandError(22, str(error)) from error


def _queried(content: bytes) -> Document:
    """Return the command of an OP_QUERY."""
    namespace, at = _name(content, 0, len(content))
    # Between the name and the document are the numbers to skip and to return.
    command, _ = _document(content, at + 2 * _INT.size, len(content))
    database, _, collection = namespace.partition(".")
    if collection != "$cmd":
        raise CommandError(
            5739101, "OP_QUERY is no longer supported. The client driver may require an upgrade."
        )
    wrapped = command.get("$query")
    return {**(wrapped if isinstance(wrapped, dict) else command), "$db": database}


def _length(content: bytes, at: int) -> int:
    if len(content) - at < _INT.size:
        raise CommandError(15, f"Message ends at offset {len(content)}, in a number")
    number: int
    (number,) = _INT.unpack_from(content, at)
    return number


def _name(content: bytes, at: int, end: int) -> tuple[str, int]:
    stop = content.find(b"\0", at, end)
    if stop < 0:
        raise CommandError(15, "Message ends in a name")
    try:
        return content[at:stop].decode(), stop + 1
    except UnicodeDecodeError as error:
        raise CommandError(22, str(error)) from error


# -- replies ------------------------------------------------------------------------------------------


def encoded_reply(message: Message, reply: Mapping[str, Any]) -> bytes:
    """Return the message that answers another.

    Raises:
        CommandError: The reply is too large for a message.
    """
    data = bson.encode(reply)
    if len(data) > SENDABLE:
        raise too_large(len(data))
    if message.is_legacy:
        operation, content = _OP_REPLY, _REPLY_HEADER.pack(_AWAIT_CAPABLE, 0, 0, 1) + data
    else:
        operation, content = _OP_MSG, b"\0\0\0\0\0" + data
    # The numbers of replies are of no use to anybody.
    return _HEADER.pack(HEADER_SIZE + len(content), 0, message.number, operation) + content


# -- checksums ----------------------------------------------------------------------------------------


def _crc_table() -> tuple[int, ...]:
    table = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
        table.append(value)
    return tuple(table)


_CRC_TABLE: Final = _crc_table()


def _crc32c(data: bytes) -> int:
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ _CRC_TABLE[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF
