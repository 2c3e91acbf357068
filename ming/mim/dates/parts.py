"""Dates as milliseconds since 1970, and their fields in the Gregorian calendar.

BSON's dates reach further than `datetime`: this module has the arithmetic for all of them. `zones` adds
the zones.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any, Final, TypeGuard

from bson.datetime_ms import DatetimeMS

__all__ = [
    "CYCLE",
    "DAY",
    "EPOCH",
    "HOUR",
    "LONGEST",
    "MILLISECOND",
    "MINUTE",
    "SECOND",
    "LocalTime",
    "date_from",
    "day_number",
    "is_date",
    "iso_day_number",
    "milliseconds_of",
]

SECOND: Final = 1000
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR
EPOCH: Final = datetime(1970, 1, 1)
MILLISECOND: Final = timedelta(milliseconds=1)
LONGEST: Final = 2**63 - 1
"""The last date there is."""

_FIRST: Final = (datetime.min - EPOCH) // MILLISECOND
_LAST: Final = (datetime.max - EPOCH) // MILLISECOND
_EPOCH_ORDINAL: Final = EPOCH.toordinal()
# The calendar repeats every 400 years, weekdays included, so `date` can stand in for any year.
_CYCLE_YEARS: Final = 400
_CYCLE_DAYS: Final = 146_097
CYCLE: Final = _CYCLE_DAYS * DAY
"""400 years, after which the calendar repeats."""


def is_date(value: Any) -> TypeGuard[datetime | DatetimeMS]:
    """Whether a value is a stored date."""
    return isinstance(value, (datetime, DatetimeMS))


def milliseconds_of(value: Any) -> int:
    """Return a stored date, a `datetime` or a `DatetimeMS`, as milliseconds since 1970."""
    return int(value) if isinstance(value, DatetimeMS) else (value - EPOCH) // MILLISECOND


def date_from(milliseconds: int) -> datetime | DatetimeMS:
    """Return milliseconds since 1970 as a stored date."""
    if _FIRST <= milliseconds <= _LAST:
        return EPOCH + milliseconds * MILLISECOND
    return DatetimeMS(milliseconds)


def day_number(year: int, month: int, day: int) -> int:
    """Return the days from 1970 to a date; months and days beyond the calendar's carry over."""
    year += (month - 1) // 12
    cycles, within = divmod(year - 1, _CYCLE_YEARS)
    first = date(within + 1, (month - 1) % 12 + 1, 1).toordinal()
    return cycles * _CYCLE_DAYS + first - _EPOCH_ORDINAL + day - 1


def iso_day_number(year: int, week: int, day: int) -> int:
    """Return the days from 1970 to a date given by week; weeks and days beyond the calendar's carry over."""
    cycles, within = divmod(year - 1, _CYCLE_YEARS)
    first = date.fromisocalendar(within + 1, 1, 1).toordinal()
    return cycles * _CYCLE_DAYS + first - _EPOCH_ORDINAL + 7 * (week - 1) + day - 1


class LocalTime:
    """The fields that a moment has in a time zone.

    Args:
        milliseconds: The moment, since 1970 in UTC.
        offset: What the zone adds to UTC, in milliseconds.
    """

    __slots__ = ("_calendar", "_years", "clock", "day_number", "offset")

    def __init__(self, milliseconds: int, offset: int = 0) -> None:
        self.offset = offset
        self.day_number, self.clock = divmod(milliseconds + offset, DAY)
        cycles, within = divmod(self.day_number, _CYCLE_DAYS)
        self._years = cycles * _CYCLE_YEARS
        self._calendar = date.fromordinal(_EPOCH_ORDINAL + within)

    @property
    def year(self) -> int:
        """The year; 0 and negative before the common era."""
        return self._calendar.year + self._years

    @property
    def month(self) -> int:
        """1 to 12."""
        return self._calendar.month

    @property
    def day(self) -> int:
        """1 to 31."""
        return self._calendar.day

    @property
    def day_of_year(self) -> int:
        """1 to 366."""
        return self._calendar.timetuple().tm_yday

    @property
    def day_of_week(self) -> int:
        """1, Sunday, to 7."""
        return self._calendar.isoweekday() % 7 + 1

    @property
    def week(self) -> int:
        """0 to 53; week 1 begins with the year's first Sunday."""
        return (self.day_of_year + 7 - self.day_of_week) // 7

    @property
    def iso_year(self) -> int:
        """The year that the week belongs to."""
        return self._calendar.isocalendar().year + self._years

    @property
    def iso_week(self) -> int:
        """1 to 53."""
        return self._calendar.isocalendar().week

    @property
    def iso_day(self) -> int:
        """1, Monday, to 7."""
        return self._calendar.isoweekday()

    @property
    def hour(self) -> int:
        """0 to 23."""
        return self.clock // HOUR

    @property
    def minute(self) -> int:
        """0 to 59."""
        return self.clock // MINUTE % 60

    @property
    def second(self) -> int:
        """0 to 59."""
        return self.clock // SECOND % 60

    @property
    def millisecond(self) -> int:
        """0 to 999."""
        return self.clock % SECOND
