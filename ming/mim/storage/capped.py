"""Capped collections: how much they hold, and what goes when there is more.

A `Cap` is built from the options of a collection and kept by it. The collection tells it of every document
that comes or goes; `ming.mim.storage.storing` lets the oldest go after an insert.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ming.mim.data.limits import document_size

__all__ = ["UNLIMITED", "Cap", "cap_of", "rounded_size"]

UNLIMITED: Final = 2**31 - 1
"""The number of documents that means any."""
_UNIT: Final = 256

Document = dict[str, Any]


class Cap:
    """The bounds of one capped collection, and how full it is.

    Args:
        size: The most bytes of its documents.
        most: The most documents.
    """

    def __init__(self, size: int, most: int = UNLIMITED) -> None:
        self._size = size
        self._most = most
        self._bytes = 0

    def count(self, before: Document | None, after: Document | None) -> None:
        """Take note of a document that came, went or took another's place."""
        if before is not None:
            self._bytes -= document_size(before)
        if after is not None:
            self._bytes += document_size(after)

    def is_exceeded(self, documents: int) -> bool:
        """Whether a collection of that many documents holds too much."""
        return self._bytes > self._size or documents > self._most


def cap_of(options: Mapping[str, Any]) -> Cap | None:
    """Return the cap that a collection's options describe, if it is capped."""
    if not options.get("capped"):
        return None
    return Cap(options["size"], options.get("max", UNLIMITED))


def rounded_size(size: int) -> int:
    """Return the size of a capped collection for which that many bytes were asked."""
    return -(-size // _UNIT) * _UNIT
