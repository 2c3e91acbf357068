"""The log of changes that change streams read: everything that happened lately, each change with its time.

The log begins with the first stream and is bounded; a stream that wants to go on from before its beginning is
told so. Times are BSON timestamps, one for each change, in growing order. What streams make of changes is in
`ming.mim.commands.change_events`.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from datetime import datetime, timezone
from typing import Final, NamedTuple

from bson import Timestamp

from ming.mim.storage.journal import Change

__all__ = ["ChangeLog", "LoggedChange"]

_KEPT: Final = 10_000
"""Changes that are kept at least; documents in them are shared with the store where they are current."""


class LoggedChange(NamedTuple):
    """A change and when it happened."""

    time: Timestamp
    wall_time: datetime
    change: Change
    namespace: tuple[str, str]
    """Database and collection at that time."""


class ChangeLog:
    """The latest changes of a store, in order.

    Args:
        now: The clock.
    """

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._changes: list[LoggedChange] = []
        self._dropped = 0
        self._last = Timestamp(0, 0)
        self._complete_since = self._tick(now())

    def note(self, changes: Sequence[Change]) -> None:
        """Add the changes of one command, or of a committed transaction."""
        wall_time = self._now()
        self._changes += [
            LoggedChange(
                self._tick(wall_time),
                wall_time,
                change,
                _namespace(change),
            )
            for change in changes
        ]
        if len(self._changes) > 2 * _KEPT:
            self._dropped += len(self._changes) - _KEPT
            self._complete_since = self._changes[-_KEPT - 1].time
            del self._changes[:-_KEPT]

    def _tick(self, wall_time: datetime) -> Timestamp:
        """Return the next time, which is after every earlier one."""
        seconds = int(wall_time.replace(tzinfo=timezone.utc).timestamp())
        last = self._last
        self._last = Timestamp(seconds, 1) if seconds > last.time else Timestamp(last.time, last.inc + 1)
        return self._last

    @property
    def time(self) -> Timestamp:
        """The time of the latest change."""
        return self._last

    @property
    def end(self) -> int:
        """The number that the next change will have."""
        return self._dropped + len(self._changes)

    def after(self, time: Timestamp) -> int | None:
        """Return the number of the first change after a time; None if it may be lost already."""
        if time < self._complete_since:
            return None
        return self._dropped + bisect_right(self._changes, time, key=lambda logged: logged.time)

    def since(self, number: int) -> Sequence[LoggedChange] | None:
        """Return the changes from a number on; None if some are lost."""
        return None if number < self._dropped else self._changes[number - self._dropped :]


def _namespace(change: Change) -> tuple[str, str]:
    if change.kind == "rename":
        database, _, collection = change.before.partition(".")
        return database, collection
    if change.kind == "dropDatabase":
        return change.target.name, ""
    return change.target.database, change.target.name
