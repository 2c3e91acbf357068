"""Where the embedded engine departs from the server on purpose.

Programs written for Ming's in-memory engine rely on a few answers no server gives. The engine asks its
`Dialect` at those places and nowhere else.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Dialect"]


@dataclass(frozen=True)
class Dialect:
    """Which answers the engine gives where Ming's in-memory engine and the server differ."""

    lenient: bool = False
    """``{$all: []}`` matches everything, null counts as missing in single-field sparse unique indexes,
    ``$text`` is a substring search, and ``{$meta: 'textScore'}`` is 1.0 in any projection."""
