"""Cursors: results that are handed out in batches, and the ones that are open.

`Results` is a finished list; a cursor that follows changes is another `Cursor`. Nothing here ever waits:
who wants to wait for a cursor that `Cursor.awaits` listens to the store and asks again. The commands around
cursors are in `ming.mim.commands.requests` (first batch) and `ming.mim.commands.paging` (the others).
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

import bson

from ming.mim.data.errors import CURSOR_NOT_FOUND, CommandError
from ming.mim.storage.records import Collection

__all__ = ["BATCH_BYTES", "Cursor", "Cursors", "OpenCursor", "Results"]

Document = dict[str, Any]

BATCH_BYTES: Final = 16 * 1024 * 1024
"""What the documents of one batch may take together, unless it is a single one."""

_IDLE_LIMIT: Final = timedelta(minutes=10)
_SESSION_LIMIT: Final = timedelta(minutes=30)


class Cursor(Protocol):
    """What is left of a command's results."""

    @property
    def exhausted(self) -> bool:
        """Whether it is known that nothing more will come."""
        ...

    @property
    def awaits(self) -> bool:
        """Whether a batch may be worth waiting for when there is none now."""
        ...

    @property
    def resume_token(self) -> Document | None:
        """Where another cursor can go on from, after what was handed out; None where none can."""
        ...

    def next_batch(self, size: int | None, limit: int | None) -> list[Document]:
        """Return the next documents and move on.

        Args:
            size: How many at most; None for all.
            limit: How many bytes of BSON at most, though always one document; None for any number.
        """
        ...


class Results:
    """A cursor over documents that are all there.

    Args:
        documents: The results. They are shared, not copied.
        ends_known: Whether the end shows with the last document; else only when asked for one more.
    """

    awaits: bool = False
    resume_token: Document | None = None

    def __init__(self, documents: Sequence[Document], ends_known: bool = False) -> None:
        self._documents = documents
        self._ends_known = ends_known
        self._next = 0
        self.exhausted = False

    def next_batch(self, size: int | None, limit: int | None) -> list[Document]:
        """Return the next documents, as `Cursor.next_batch`."""
        start, end = self._next, len(self._documents)
        stop = end if size is None else min(start + size, end)
        if limit is not None:
            stop = self._fitting(start, stop, limit)
        self._next = stop
        asked_for_more = size is None or stop - start < size
        self.exhausted = stop == end and (asked_for_more or self._ends_known)
        return list(self._documents[start:stop])

    def _fitting(self, start: int, stop: int, limit: int) -> int:
        """Return where a batch must stop so as not to exceed the limit."""
        for at in range(start, stop):
            # In the reply, an element of an array has a type, its place in decimal and a terminator.
            limit -= len(bson.encode(self._documents[at])) + len(str(at - start)) + 2
            if limit < 0:
                return max(at, start + 1)
        return stop


@dataclass(slots=True)
class OpenCursor:
    """A cursor that can be asked for more.

    Args:
        cursor: What is left.
        namespace: The one its commands must name.
        source: The collection read, None if there is none.
        session: The ``lsid.id`` it was opened in, None outside sessions.
        transaction: The number of the transaction it was opened in, None outside transactions.
        never_idle: Whether it stays open however long nobody asks.
        used: When it was last asked.
    """

    cursor: Cursor
    namespace: str
    source: Collection | None
    session: bytes | None
    transaction: int | None
    never_idle: bool
    used: datetime
    source_name: str = field(init=False)
    """What the collection was called when the cursor was opened; of a view the cursor has another name."""

    def __post_init__(self) -> None:
        self.source_name = "" if self.source is None else self.source.namespace

    def expired(self, now: datetime) -> bool:
        """Whether nobody has asked for too long; inside a session, the session's limit counts."""
        if self.session is not None:
            return now - self.used > _SESSION_LIMIT
        return not self.never_idle and now - self.used > _IDLE_LIMIT


class Cursors:
    """The open cursors of an engine, by number."""

    def __init__(self) -> None:
        self._open: dict[int, OpenCursor] = {}

    def __len__(self) -> int:
        return len(self._open)

    def open(self, opened: OpenCursor) -> int:
        """Keep a cursor and return its number."""
        self._drop_expired(opened.used)
        number = random.getrandbits(63)
        while not number or number in self._open:
            number = random.getrandbits(63)
        self._open[number] = opened
        return number

    def get(self, number: int, now: datetime) -> OpenCursor:
        """Return an open cursor.

        Raises:
            CommandError: There is none of that number.
        """
        self._drop_expired(now)
        found = self._open.get(number)
        if found is None:
            raise CommandError(CURSOR_NOT_FOUND, f"cursor id {number} not found")
        return found

    def awaits(self, number: int) -> bool:
        """Whether a cursor is open and may be worth waiting for."""
        found = self._open.get(number)
        return found is not None and found.cursor.awaits

    def close(self, number: int) -> bool:
        """Forget a cursor and return whether there was one."""
        return self._open.pop(number, None) is not None

    def close_session(self, session: bytes) -> None:
        """Forget the cursors of a session."""
        self._open = {number: kept for number, kept in self._open.items() if kept.session != session}

    def _drop_expired(self, now: datetime) -> None:
        expired = [number for number, kept in self._open.items() if kept.expired(now)]
        for number in expired:
            del self._open[number]
