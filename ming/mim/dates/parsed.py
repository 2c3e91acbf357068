"""What was read of a date's text, and the date that it makes.

`formats` and `texts` read the text.
"""

from __future__ import annotations

from dataclasses import dataclass

from ming.mim.data.errors import CONVERSION_FAILURE, CommandError
from ming.mim.dates.parts import DAY, HOUR, LONGEST, MINUTE, SECOND, day_number, iso_day_number
from ming.mim.dates.zone_texts import read_zone
from ming.mim.dates.zones import UTC, TimeZone

__all__ = ["ParsedDate"]


@dataclass(slots=True)
class ParsedDate:
    """The fields found in a text so far."""

    text: str
    year: int | None = None
    month: int | None = None
    day: int | None = None
    iso_year: int | None = None
    iso_week: int | None = None
    iso_day: int | None = None
    hour: int = 0
    minute: int = 0
    second: int = 0
    millisecond: int = 0
    is_cut: bool = False
    """Whether there were microseconds, too."""
    offset: int | None = None
    """What the text's time zone adds to UTC, in milliseconds."""
    zone_name: str | None = None
    """The abbreviation of the text's time zone."""
    weekday: int | None = None
    """The day of the week to go on to; 0 is Sunday."""
    months_later: int = 0
    days_later: int = 0
    milliseconds_later: int = 0

    def refused(self, at: int, complaint: str) -> CommandError:
        """Return the error of a text that is no date: a complaint about the character at a place."""
        # At the end the server shows the byte that closes its strings.
        character = self.text[at : at + 1] or "\0"
        return CommandError(
            CONVERSION_FAILURE, f"Error parsing date string '{self.text}'; {at}: {complaint} '{character}'"
        )

    def take_zone(self, at: int, until: int | None = None) -> int:
        """Read the time zone at a place in the text.

        Args:
            at: Where it begins.
            until: Where it ends at the latest.

        Returns:
            Where it ends.

        Raises:
            CommandError: There is none, or not one that is known.
        """
        zone = read_zone(self.text[:until], at)
        if zone is None:
            raise self.refused(at, "passing a time zone identifier as part of the string is not allowed")
        self.offset, self.zone_name = zone.offset, zone.name
        return zone.end

    def check(self, at: int) -> None:
        """Check the fields against the calendar and the clock.

        Args:
            at: Where the text was at its end.

        Raises:
            CommandError: There is no such day or time, or days are given in two ways.
        """
        natural = (self.year, self.month, self.day) != (None, None, None)
        by_week = (self.iso_year, self.iso_week, self.iso_day) != (None, None, None)
        if natural and by_week:
            raise self.refused(at, "Mixing of ISO dates with natural dates is not allowed")
        if by_week and self.iso_year is None:
            raise self.refused(at, "The parsed date was invalid")
        if not self._is_time():
            raise self.refused(at, "The parsed time was invalid")
        if self.year is not None and self.month is not None and self.day is not None:
            if not self._is_day(self.year, self.month, self.day):
                raise self.refused(at, "The parsed date was invalid")

    def _is_time(self) -> bool:
        return self.hour < 24 and self.minute < 60 and self.second < 60

    @staticmethod
    def _is_day(year: int, month: int, day: int) -> bool:
        length = day_number(year, month + 1, 1) - day_number(year, month, 1)
        return 1 <= month <= 12 and 1 <= day <= length

    def milliseconds(self, zone: TimeZone | None) -> int:
        """Return the date, as milliseconds since 1970.

        Args:
            zone: The time zone of a text that has none itself; None is that of UTC.

        Raises:
            CommandError: The text has no whole date, has a zone although one is given, or is beyond all
            dates.
        """
        local = self._day() * DAY + self.hour * HOUR + self.minute * MINUTE + self.second * SECOND
        local += self.millisecond
        if self.offset is None:
            moment = (zone or UTC).to_utc(local)
        elif zone is None:
            moment = local - self.offset
        else:
            found = f"time zone information ('{self.zone_name}')" if self.zone_name else "GMT offset"
            raise CommandError(
                CONVERSION_FAILURE,
                f"you cannot pass in a date/time string with {found} together with a timezone argument",
            )
        moment += self.milliseconds_later
        if self.is_cut and moment < 0:
            # The server cuts microseconds off towards 1970.
            moment += 1
        if not -LONGEST - 1 <= moment <= LONGEST:
            raise CommandError(159, "Overflow casting a duration", "DurationOverflow")
        return moment

    def _day(self) -> int:
        if self.iso_year is not None:
            return iso_day_number(self.iso_year, self.iso_week or 1, self.iso_day or 1)
        if self.year is None or self.month is None or self.day is None:
            raise CommandError(
                CONVERSION_FAILURE,
                f'an incomplete date/time string has been found, with elements missing: "{self.text}"',
            )
        day = day_number(self.year, self.month + self.months_later, self.day)
        if self.weekday is not None:
            # Day 0 was a Thursday.
            day += (self.weekday - day - 4) % 7
        return day + self.days_later
