"""How large and how deep a stored document may be."""

from __future__ import annotations

from typing import Any, Final

import bson

from ming.mim.data.errors import TOO_LARGE, CommandError
from ming.mim.data.rendering import shown_field

__all__ = [
    "LARGEST",
    "SENDABLE",
    "are_small",
    "check_insertable",
    "check_sendable",
    "check_updated",
    "document_size",
    "too_large",
]

LARGEST: Final = 16 * 1024 * 1024
"""The most bytes of a stored document."""
_DEEPEST: Final = 180
"""The most levels of a stored document, itself included."""
SENDABLE: Final = LARGEST + 16 * 1024
"""The most bytes of a document in a message."""
_BATCHES: Final = ("documents", "updates", "deletes")
_FEW: Final = 32
"""How many documents are taken together at most."""
_DOCUMENT: Final = b"\x03"
_ARRAY: Final = b"\x04"
"""The type bytes of documents and arrays in BSON."""


def document_size(document: dict[str, Any]) -> int:
    """Return the number of bytes of a document in BSON."""
    return len(bson.encode(document))


def are_small(documents: list[dict[str, Any]]) -> bool:
    """Whether documents are certainly neither too large nor too deep; of a few, it is told at once."""
    if len(documents) > _FEW:
        return False
    data = bson.encode({"": documents})
    return len(data) <= LARGEST // 2 and data.count(_DOCUMENT) + data.count(_ARRAY) <= _DEEPEST


def check_insertable(document: dict[str, Any]) -> None:
    """Refuse a document that is too large or too deep to be inserted.

    Raises:
        CommandError: It is.
    """
    data = bson.encode(document)
    if len(data) > LARGEST:
        raise CommandError(2, f"object to insert too large. size in bytes: {len(data)}, max size: {LARGEST}")
    if _is_too_deep(document, data):
        raise CommandError(15, f"cannot insert document because it exceeds {_DEEPEST} levels of nesting")


def check_updated(document: dict[str, Any], upserted: bool = False) -> None:
    """Refuse a document that an update made too large or too deep.

    Args:
        document: The document as it would be.
        upserted: Whether it would be a new one.

    Raises:
        CommandError: It is too large or too deep.
    """
    data = bson.encode(document)
    if len(data) > LARGEST:
        if upserted:
            raise CommandError(17420, f"Document to upsert is larger than {LARGEST}")
        raise CommandError(17419, f"Resulting document after update is larger than {LARGEST}")
    if _is_too_deep(document, data):
        raise CommandError(15, f"Document exceeds maximum nesting depth of {_DEEPEST}")


def check_sendable(command: dict[str, Any]) -> None:
    """Refuse a command that no message could hold: it, or one of its writes, is too large.

    Raises:
        CommandError: It is.
    """
    batches = [command[name] for name in _BATCHES if isinstance(command.get(name), list)]
    for document in filter(_is_document, batches[0] if batches else [command]):
        size = document_size(document)
        if size > SENDABLE:
            name, value = next(iter(document.items()))
            raise too_large(size, f" First element: {shown_field(name, value)}")


def _is_document(value: Any) -> bool:
    return value.__class__ is dict


def too_large(size: int, hint: str = "") -> CommandError:
    """Return the error about a document that no message can hold.

    Args:
        size: Its size.
        hint: What tells which it is.
    """
    return CommandError(
        TOO_LARGE,
        f"BSONObj size: {size} (0x{size:X}) is invalid. Size must be between 0 and {SENDABLE}(16MB){hint}",
    )


def _is_too_deep(document: dict[str, Any], data: bytes) -> bool:
    # Every level has its type byte, so most documents need not be walked.
    return data.count(_DOCUMENT) + data.count(_ARRAY) >= _DEEPEST and _levels(document) > _DEEPEST


def _levels(document: dict[str, Any]) -> int:
    """Count the levels, one by one: the document may be too deep for recursion."""
    levels = 0
    inner: list[Any] = [document]
    while inner:
        levels += 1
        inner = [
            value
            for container in inner
            for value in (container.values() if container.__class__ is dict else container)
            if value.__class__ in (dict, list)
        ]
    return levels
