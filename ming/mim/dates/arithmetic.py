"""Adding, counting and truncating units of time: ``$dateAdd``, ``$dateDiff`` and ``$dateTrunc``.

Dates are milliseconds since 1970. Years to days are counted on the calendar of a time zone; shorter units are
elapsed time.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ming.mim.data.errors import CommandError
from ming.mim.dates.parts import DAY, HOUR, LONGEST, MINUTE, SECOND, LocalTime, day_number
from ming.mim.dates.zones import TimeZone

__all__ = ["UNITS", "WEEKDAYS", "added", "difference", "truncated"]

_MONTHS: Final[Mapping[str, int]] = {"year": 12, "quarter": 3, "month": 1}
_DAYS: Final[Mapping[str, int]] = {"week": 7, "day": 1}
_ELAPSED: Final[Mapping[str, int]] = {"hour": HOUR, "minute": MINUTE, "second": SECOND, "millisecond": 1}
UNITS: Final = frozenset((*_MONTHS, *_DAYS, *_ELAPSED))
"""The units by name."""

_NAMES: Final = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
WEEKDAYS: Final[Mapping[str, int]] = {
    spelling: number for number, name in enumerate(_NAMES) for spelling in (name, name[:3])
}
"""The days of the week by name and abbreviation, in lower case; 0 is Sunday."""

# No two dates are further apart than this.
_MOST_DAYS: Final = 213_503_982_335
_MOST_YEARS: Final = 584_942_418
_MOST: Final[Mapping[str, int]] = {
    "year": _MOST_YEARS,
    "quarter": _MOST_YEARS * 4,
    "month": _MOST_YEARS * 12,
    "week": _MOST_DAYS // 7,
    **{unit: _MOST_DAYS * (DAY // length) for unit, length in {"day": DAY, **_ELAPSED}.items() if length > 1},
}
_WIDEST_BIN: Final = 100_000_000_000


def _is_date(milliseconds: int) -> bool:
    return -LONGEST - 1 <= milliseconds <= LONGEST


# -- adding -------------------------------------------------------------------------------------------


def added(start: int, unit: str, amount: int, zone: TimeZone) -> int:
    """Return the date that is an amount of units later.

    A day that the month reached has not becomes the month's last.

    Raises:
        CommandError: There is no such date.
    """
    _check_amount(unit, amount)
    if unit in _ELAPSED or amount == 0:
        end = start + amount * _ELAPSED.get(unit, 0)
    else:
        local = zone.local_time(start)
        if unit in _MONTHS:
            day = _months_later(local, amount * _MONTHS[unit])
        else:
            day = local.day_number + amount * _DAYS[unit]
        end = zone.to_utc(day * DAY + local.clock, daylight=zone.is_daylight(start))
    # The server's result is a second early for dates before 1970 that are not on the second.
    if start < 0 and start % SECOND and unit != "millisecond":
        end -= SECOND
    if not _is_date(end):
        if unit == "millisecond":
            raise CommandError(159, f"Overflow while adding {amount}ms to {start}ms", "DurationOverflow")
        raise CommandError(5166406, "dateAdd overflowed")
    return end


def _check_amount(unit: str, amount: int) -> None:
    if abs(amount) >= _MOST.get(unit, LONGEST + 2):
        raise CommandError(5976500, f"invalid dateAdd 'amount' parameter value: {amount} {unit}")


def _months_later(local: LocalTime, months: int) -> int:
    first = day_number(local.year, local.month + months, 1)
    after = day_number(local.year, local.month + months + 1, 1)
    return min(first + local.day, after) - 1


# -- counting -----------------------------------------------------------------------------------------


def difference(start: int, end: int, unit: str, zone: TimeZone, first_weekday: int) -> int:
    """Return how many beginnings of a unit lie between two dates.

    Raises:
        CommandError: It needs more than 64 bits.
    """
    if unit in ("second", "millisecond"):
        length = _ELAPSED[unit]
        count = end // length - start // length
        if not _is_date(count):
            raise CommandError(5166308, "dateDiff overflowed")
        return count
    left, right = zone.local_time(start), zone.local_time(end)
    if unit in _ELAPSED:
        return _clock_difference(left, right, _ELAPSED[unit])
    return _calendar_index(right, unit, first_weekday) - _calendar_index(left, unit, first_weekday)


def _clock_difference(left: LocalTime, right: LocalTime, length: int) -> int:
    shown = (right.day_number - left.day_number) * (DAY // length) + right.clock // length
    # Clocks set back or forward in between count too, as far as they were by whole units.
    change = left.offset - right.offset
    return shown - left.clock // length + (abs(change) // length) * (1 if change > 0 else -1)


def _calendar_index(local: LocalTime, unit: str, first_weekday: int) -> int:
    """Number the years, quarters and so on in a row."""
    if unit in _MONTHS:
        return (12 * local.year + local.month - 1) // _MONTHS[unit]
    # Day 0 was a Thursday.
    return local.day_number if unit == "day" else (local.day_number + 4 - first_weekday) // 7


# -- truncating ---------------------------------------------------------------------------------------

_REFERENCE_YEAR: Final = 2000
_REFERENCE_DAY: Final = day_number(_REFERENCE_YEAR, 1, 1)


def truncated(moment: int, unit: str, bin_size: int, zone: TimeZone, first_weekday: int) -> int:
    """Return the beginning of the bin that a date is in; bins are counted from the year 2000.

    Args:
        moment: The date.
        unit: The unit of the bins' size.
        bin_size: How many units a bin has.
        zone: The time zone of the calendar.
        first_weekday: The day on which weeks begin.

    Raises:
        CommandError: A bin can have no such size, or begins before all dates.
    """
    if unit in _ELAPSED:
        return _truncated_elapsed(moment, bin_size * _ELAPSED[unit], zone)
    if bin_size > _WIDEST_BIN:
        raise CommandError(5439006, "dateTrunc unsupported binSize value")
    local = zone.local_time(moment)
    if unit in _MONTHS:
        months = 12 * (local.year - _REFERENCE_YEAR) + local.month - 1
        amount = months // _MONTHS[unit] // bin_size * bin_size
        day = day_number(_REFERENCE_YEAR, 1 + amount * _MONTHS[unit], 1)
    else:
        # 2000 began on a Saturday.
        reference = _REFERENCE_DAY + ((first_weekday - 6) % 7 if unit == "week" else 0)
        amount = (local.day_number - reference) // _DAYS[unit] // bin_size * bin_size
        day = reference + amount * _DAYS[unit]
    _check_amount(unit, amount)
    begin = zone.to_utc(day * DAY)
    if not _is_date(begin):
        raise CommandError(5166406, "dateAdd overflowed")
    return begin


def _truncated_elapsed(moment: int, size: int, zone: TimeZone) -> int:
    if size > LONGEST:
        raise CommandError(5439002, "dateTrunc overflowed")
    elapsed = moment - zone.to_utc(_REFERENCE_DAY * DAY)
    begin = moment - elapsed % size
    if not _is_date(elapsed) or not _is_date(begin):
        raise CommandError(5439000, "dateTrunc overflowed")
    return begin
