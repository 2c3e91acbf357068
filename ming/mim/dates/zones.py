"""Time zones by the names that commands give them."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from datetime import datetime, timezone
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ming.mim.data.errors import CommandError
from ming.mim.dates.parts import CYCLE, DAY, EPOCH, HOUR, MILLISECOND, MINUTE, LocalTime, day_number

__all__ = ["UTC", "TimeZone", "time_zone"]


class TimeZone(ABC):
    """What clocks show at a moment."""

    @abstractmethod
    def offset_at(self, milliseconds: int) -> int:
        """Return what is added to UTC at a moment, in milliseconds."""

    @abstractmethod
    def is_daylight(self, milliseconds: int) -> bool:
        """Whether daylight saving time is in force at a moment."""

    @abstractmethod
    def to_utc(self, local: int, daylight: bool = False) -> int:
        """Return the moment at which clocks show a local time.

        Args:
            local: The local time, as milliseconds since 1970.
            daylight: Which of two such moments is meant, when clocks are set back: that with daylight saving
                time. A time that is left out when they are set forward counts from before.
        """

    def local_time(self, milliseconds: int) -> LocalTime:
        """Return the fields of a moment."""
        return LocalTime(milliseconds, self.offset_at(milliseconds))


class _Fixed(TimeZone):
    """A distance from UTC; unlike those of `datetime` it can be more than a day."""

    def __init__(self, offset: int) -> None:
        self._offset = offset

    def offset_at(self, milliseconds: int) -> int:
        return self._offset

    def is_daylight(self, milliseconds: int) -> bool:
        return False

    def to_utc(self, local: int, daylight: bool = False) -> int:
        return local - self._offset


_SECOND_YEAR: Final = day_number(2, 1, 1) * DAY
_YEAR_9000: Final = day_number(9000, 1, 1) * DAY


def _datetime_like(milliseconds: int) -> datetime:
    """Return the moment, or one that `datetime` can hold and that has the same offset."""
    if milliseconds > _YEAR_9000:
        milliseconds = _YEAR_9000 + (milliseconds - _YEAR_9000) % CYCLE
    return EPOCH + max(milliseconds, _SECOND_YEAR) * MILLISECOND


class _Ruled(TimeZone):
    """A zone of the Olson database."""

    def __init__(self, rules: ZoneInfo) -> None:
        self._rules = rules

    def _at(self, milliseconds: int) -> datetime:
        return _datetime_like(milliseconds).replace(tzinfo=timezone.utc).astimezone(self._rules)

    def _offset_of(self, local: datetime) -> int:
        offset = self._rules.utcoffset(local)
        assert offset is not None, "only a time of no zone has none"
        return offset // MILLISECOND

    def offset_at(self, milliseconds: int) -> int:
        return self._offset_of(self._at(milliseconds))

    def is_daylight(self, milliseconds: int) -> bool:
        return bool(self._at(milliseconds).dst())

    def to_utc(self, local: int, daylight: bool = False) -> int:
        shown = _datetime_like(local).replace(tzinfo=self._rules)
        earlier, later = self._offset_of(shown), self._offset_of(shown.replace(fold=1))
        if daylight and earlier > later and shown.dst():
            return local - earlier
        return local - min(earlier, later)


UTC: Final[TimeZone] = _Fixed(0)

_OFFSET: Final = re.compile(r"([+-])(\d\d)(?::?(\d\d))?", re.ASCII)
# Names of the database, and not the other files beside it nor its variants.
_NAME: Final = re.compile(r"(?!posix|right/|localtime)[A-Z][\w+-]*(/[\w+-]+)*", re.ASCII)


@lru_cache(maxsize=1024)
def time_zone(identifier: str) -> TimeZone:
    """Return the zone of an Olson name or of an offset such as ``+05:30``.

    Raises:
        CommandError: There is no such zone, or this machine's database has it not.
    """
    if offset := _OFFSET.fullmatch(identifier):
        sign, hours, minutes = offset.groups("0")
        return _Fixed((-1 if sign == "-" else 1) * (int(hours) * HOUR + int(minutes) * MINUTE))
    if _NAME.fullmatch(identifier):
        try:
            return _Ruled(ZoneInfo(identifier))
        except (ZoneInfoNotFoundError, ValueError, OSError):
            # The folders and other files of the database raise all of these.
            raise _unknown(identifier) from None
    raise _unknown(identifier)


def _unknown(identifier: str) -> CommandError:
    return CommandError(40485, f'unrecognized time zone identifier: "{identifier}"')
