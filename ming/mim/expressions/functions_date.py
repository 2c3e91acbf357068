"""Expression operators that take dates apart and put them together."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from operator import attrgetter
from typing import Any, Final

from bson import Int64, Timestamp

from ming.mim.data.errors import CommandError
from ming.mim.data.values import as_integer, type_name
from ming.mim.dates.parts import (
    DAY,
    HOUR,
    LONGEST,
    MINUTE,
    SECOND,
    LocalTime,
    date_from,
    day_number,
    iso_day_number,
)
from ming.mim.dates.zones import TimeZone, time_zone
from ming.mim.expressions.date_values import given_zone, moment_of
from ming.mim.expressions.functions import Function, NamedFunction, absent

__all__ = ["DATE_PARTS", "TIMESTAMP"]

# -- one field ----------------------------------------------------------------------------------------


def _field(name: str, field: Callable[[LocalTime], Any]) -> NamedFunction:
    def apply(date: Any, timezone: Any = "UTC") -> Any:
        if absent(date):
            return None
        moment = moment_of(date)
        if absent(timezone):
            return None
        if not isinstance(timezone, str):
            raise CommandError(
                40533,
                f"{name} requires a string for the timezone argument, but was given a {type_name(timezone)}",
            )
        return field(time_zone(timezone).local_time(moment))

    return NamedFunction(
        apply,
        required=("date",),
        optional=("timezone",),
        shorthand="date",
        wrong_count=40536,
        unknown=40535,
        missing=40539,
    )


_FIELDS: Final[Mapping[str, Callable[[LocalTime], Any]]] = {
    "$year": attrgetter("year"),
    "$month": attrgetter("month"),
    "$dayOfMonth": attrgetter("day"),
    "$dayOfWeek": attrgetter("day_of_week"),
    "$dayOfYear": attrgetter("day_of_year"),
    "$week": attrgetter("week"),
    "$isoWeek": attrgetter("iso_week"),
    "$isoWeekYear": lambda time: Int64(time.iso_year),
    "$isoDayOfWeek": attrgetter("iso_day"),
    "$hour": attrgetter("hour"),
    "$minute": attrgetter("minute"),
    "$second": attrgetter("second"),
    "$millisecond": attrgetter("millisecond"),
}


def _of_timestamp(name: str, code: int, field: Callable[[Timestamp], int]) -> Function:
    def apply(value: Any) -> Any:
        if absent(value):
            return None
        if not isinstance(value, Timestamp):
            raise CommandError(code, f"Argument to {name} must be a timestamp, but is {type_name(value)}")
        return Int64(field(value))

    return Function(apply, 1, 1)


# -- all fields ---------------------------------------------------------------------------------------


def _to_parts(date: Any, timezone: Any = "UTC", iso8601: Any = False) -> Any:
    zone = given_zone(timezone)
    if zone is None or absent(iso8601):
        return None
    if not isinstance(iso8601, bool):
        raise CommandError(40521, f"iso8601 must evaluate to a bool, found {type_name(iso8601)}")
    if absent(date):
        return None
    time = zone.local_time(moment_of(date))
    if iso8601:
        day = {"isoWeekYear": time.iso_year, "isoWeek": time.iso_week, "isoDayOfWeek": time.iso_day}
    else:
        day = {"year": time.year, "month": time.month, "day": time.day}
    clock = {"hour": time.hour, "minute": time.minute, "second": time.second}
    return {**day, **clock, "millisecond": time.millisecond}


_NATURAL: Final = ("year", "month", "day")
_BY_WEEK: Final = ("isoWeekYear", "isoWeek", "isoDayOfWeek")
_CLOCK: Final = ("hour", "minute", "second", "millisecond")
# These must fit into 16 bits; years have a narrower range, seconds and milliseconds a wider.
_NARROW: Final = frozenset(("month", "day", "isoWeek", "isoDayOfWeek", "hour", "minute"))


def _check_parts(given: Collection[str]) -> None:
    if "year" not in given and "isoWeekYear" not in given:
        raise CommandError(40516, "$dateFromParts requires either 'year' or 'isoWeekYear' to be present")
    if "year" in given and any(name in given for name in _BY_WEEK):
        raise CommandError(40489, "$dateFromParts does not allow mixing natural dates with ISO dates")
    if "isoWeekYear" in given and any(name in given for name in _NATURAL):
        raise CommandError(40525, "$dateFromParts does not allow mixing ISO dates with natural dates")


def _part(name: str, value: Any) -> int | None:
    if absent(value):
        return None
    number = as_integer(value)
    if number is None or not -LONGEST - 1 <= number <= LONGEST:
        raise CommandError(40515, f"'{name}' must evaluate to an integer, found {type_name(value)}")
    if name in _NARROW and not -(2**15) <= number < 2**15:
        raise CommandError(
            31034,
            f"'{name}' must evaluate to a value in the range [-32768, 32767]; value {number} is not in range",
        )
    return number


def _from_parts(timezone: Any = "UTC", **given: Any) -> Any:
    # Errors show the order.
    clock = _given_parts(_CLOCK, given, 0)
    zone = None if clock is None else given_zone(timezone)
    calendar = None if zone is None else _given_parts(_NATURAL if "year" in given else _BY_WEEK, given, 1)
    if clock is None or zone is None or calendar is None:
        return None
    return date_from(_moment(calendar, clock, zone, "isoWeekYear" in given))


def _given_parts(names: Iterable[str], given: Mapping[str, Any], default: int) -> list[int] | None:
    parts: list[int] = []
    for name in names:
        part = _part(name, given.get(name, default))
        if part is None:
            return None
        parts.append(part)
    return parts


def _moment(calendar: list[int], clock: list[int], zone: TimeZone, by_week: bool) -> int:
    year, month_or_week, day_of_it = calendar
    hour, minute, second, millisecond = clock
    if not 1 <= year <= 9999:
        code, name = (31095, "isoWeekYear") if by_week else (40523, "year")
        raise CommandError(code, f"'{name}' must evaluate to an integer in the range 1 to 9999, found {year}")
    day = (iso_day_number if by_week else day_number)(year, month_or_week, day_of_it)
    local = day * DAY + hour * HOUR + minute * MINUTE + second * SECOND + millisecond
    # The server keeps this one in microseconds.
    if abs(millisecond) > LONGEST // 1000 or abs(local) > LONGEST:
        raise CommandError(
            159, "Overflow casting from a lower-precision duration to a higher-precision duration"
        )
    return zone.to_utc(local)


DATE_PARTS: Final[Mapping[str, NamedFunction]] = {
    **{name: _field(name, field) for name, field in _FIELDS.items()},
    "$dateToParts": NamedFunction(
        _to_parts,
        required=("date",),
        optional=("timezone", "iso8601"),
        not_an_object=40524,
        unknown=40520,
        missing=40522,
    ),
    "$dateFromParts": NamedFunction(
        _from_parts,
        required=(),
        optional=(*_NATURAL, *_BY_WEEK, *_CLOCK, "timezone"),
        not_an_object=40519,
        unknown=40518,
        check=_check_parts,
    ),
}
"""The operators on the fields of dates, by name."""

TIMESTAMP: Final[Mapping[str, Function]] = {
    "$tsSecond": _of_timestamp("$tsSecond", 5687301, attrgetter("time")),
    "$tsIncrement": _of_timestamp("$tsIncrement", 5687302, attrgetter("inc")),
}
"""The operators on the fields of timestamps, by name."""
