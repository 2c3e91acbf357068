"""Expression operators that add to dates, and count and truncate units of time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from bson import Int64

from ming.mim.data.errors import CommandError, error_context
from ming.mim.data.values import as_integer, type_name
from ming.mim.dates.arithmetic import UNITS, WEEKDAYS, added, difference, truncated
from ming.mim.dates.parts import LONGEST, date_from
from ming.mim.dates.zones import TimeZone
from ming.mim.expressions.date_values import moment_in, zone_of
from ming.mim.expressions.functions import NamedFunction, absent

__all__ = ["DATE_ARITHMETIC"]


def _long(value: Any) -> int | None:
    number = as_integer(value)
    return number if number is not None and -LONGEST - 1 <= number <= LONGEST else None


# -- adding -------------------------------------------------------------------------------------------


def _adding(name: str, sign: int) -> Callable[..., Any]:
    def apply(startDate: Any, unit: Any, amount: Any, timezone: Any = "UTC") -> Any:
        if absent(startDate, unit, amount, timezone):
            return None
        zone = zone_of(timezone)
        start = moment_in(startDate)
        if start is None:
            raise CommandError(5166403, f"{name} requires startDate to be convertible to a date")
        if not isinstance(unit, str):
            raise CommandError(5166404, f"{name} expects string defining the time unit")
        if unit not in UNITS:
            raise CommandError(9, f"unknown time unit value: {unit}")
        number = _long(amount)
        if number is None:
            raise CommandError(5166405, f"{name} expects integer amount of time units")
        if sign * number > LONGEST:
            raise CommandError(6045000, f"invalid {name} 'amount' parameter value: {number}")
        return date_from(added(start, unit, sign * number, zone))

    return apply


# -- counting and truncating --------------------------------------------------------------------------


def _zone(name: str, value: Any) -> TimeZone:
    with error_context(f"{name} parameter 'timezone' value parsing failed"):
        return zone_of(value)


def _date(name: str, parameter: str, code: int, value: Any) -> int:
    moment = moment_in(value)
    if moment is None:
        raise CommandError(code, f"{name} requires '{parameter}' to be a date, but got {type_name(value)}")
    return moment


def _unit(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise CommandError(5439013, f"{name} requires 'unit' to be a string, but got {type_name(value)}")
    if value not in UNITS:
        raise CommandError(
            5439014, f"{name} parameter 'unit' value cannot be recognized as a time unit: {value}"
        )
    return value


def _first_weekday(name: str, unit: str, value: Any) -> int:
    if unit != "week":
        return 0
    if not isinstance(value, str):
        raise CommandError(
            5439015, f"{name} requires 'startOfWeek' to be a string, but got {type_name(value)}"
        )
    if value.lower() not in WEEKDAYS:
        raise CommandError(
            5439016, f"{name} parameter 'startOfWeek' value cannot be recognized as a day of a week: {value}"
        )
    return WEEKDAYS[value.lower()]


def _difference(
    startDate: Any, endDate: Any, unit: Any, timezone: Any = "UTC", startOfWeek: Any = "sunday"
) -> Any:
    if absent(startDate, endDate, unit, timezone) or (unit == "week" and absent(startOfWeek)):
        return None
    zone = _zone("$dateDiff", timezone)
    start = _date("$dateDiff", "startDate", 5166307, startDate)
    end = _date("$dateDiff", "endDate", 5166307, endDate)
    unit = _unit("$dateDiff", unit)
    return Int64(difference(start, end, unit, zone, _first_weekday("$dateDiff", unit, startOfWeek)))


def _bin_size(value: Any) -> int:
    size = _long(value)
    if size is None:
        raise CommandError(
            5439017,
            f"$dateTrunc requires 'binSize' to be a 64-bit integer, but got a value of type {type_name(value)}",
        )
    if size <= 0:
        raise CommandError(
            5439018, f"$dateTrunc requires 'binSize' to be greater than 0, but got value {size}"
        )
    return size


def _truncated(
    date: Any, unit: Any, binSize: Any = 1, timezone: Any = "UTC", startOfWeek: Any = "sunday"
) -> Any:
    if absent(date, unit, binSize, timezone) or (unit == "week" and absent(startOfWeek)):
        return None
    zone = _zone("$dateTrunc", timezone)
    moment = _date("$dateTrunc", "date", 5439012, date)
    unit = _unit("$dateTrunc", unit)
    size = _bin_size(binSize)
    return date_from(truncated(moment, unit, size, zone, _first_weekday("$dateTrunc", unit, startOfWeek)))


def _named_adding(name: str, sign: int) -> NamedFunction:
    return NamedFunction(
        _adding(name, sign),
        required=("startDate", "unit", "amount"),
        optional=("timezone",),
        not_an_object=5166400,
        unknown=5166401,
        missing=5166402,
    )


DATE_ARITHMETIC: Final[Mapping[str, NamedFunction]] = {
    "$dateAdd": _named_adding("$dateAdd", 1),
    "$dateSubtract": _named_adding("$dateSubtract", -1),
    "$dateDiff": NamedFunction(
        _difference,
        required=("startDate", "endDate", "unit"),
        optional=("timezone", "startOfWeek"),
        not_an_object=5166301,
        unknown=5166302,
        missing={"startDate": 5166303, "endDate": 5166304, "unit": 5166305},
    ),
    "$dateTrunc": NamedFunction(
        _truncated,
        required=("date", "unit"),
        optional=("binSize", "timezone", "startOfWeek"),
        not_an_object=5439007,
        unknown=5439008,
        missing={"date": 5439009, "unit": 5439010},
    ),
}
"""The operators by name."""
