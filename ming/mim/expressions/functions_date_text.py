"""Expression operators that write dates as text and read them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, Final

from ming.mim.data.errors import CONVERSION_FAILURE, CommandError
from ming.mim.data.values import type_name
from ming.mim.dates.formats import (
    ISO_FORMAT,
    READ_SPECIFIERS,
    WRITE_SPECIFIERS,
    check_format,
    format_date,
    parse_by_format,
)
from ming.mim.dates.parts import date_from
from ming.mim.dates.texts import parse_text
from ming.mim.expressions.date_values import given_zone, moment_of
from ming.mim.expressions.functions import NamedFunction, absent

__all__ = ["DATE_TEXT"]

_NOT_GIVEN: Final = object()
"""Stands for an argument that, unlike a missing one, does not make the result null."""


def _null() -> None:
    return None


def _checked_format(name: str, code: int, text: Any, specifiers: Collection[str]) -> None:
    if absent(text):
        return
    if not isinstance(text, str):
        raise CommandError(code, f"{name} requires that 'format' be a string, found: {type_name(text)}")
    check_format(text, specifiers)


def _to_string(
    date: Any, format: Any = ISO_FORMAT, timezone: Any = "UTC", onNull: Callable[[], Any] = _null
) -> Any:
    _checked_format("$dateToString", 18533, format, WRITE_SPECIFIERS)
    zone = given_zone(timezone)
    if absent(date):
        return onNull()
    if zone is None or absent(format):
        return None
    return format_date(zone.local_time(moment_of(date)), format)


def _from_string(
    dateString: Any,
    format: Any = _NOT_GIVEN,
    timezone: Any = _NOT_GIVEN,
    onNull: Callable[[], Any] = _null,
    onError: Callable[[], Any] | None = None,
) -> Any:
    if format is not _NOT_GIVEN:
        _checked_format("$dateFromString", 40684, format, READ_SPECIFIERS)
    zone = None if timezone is _NOT_GIVEN else given_zone(timezone)
    if absent(dateString):
        return onNull()
    try:
        if not isinstance(dateString, str):
            raise CommandError(
                CONVERSION_FAILURE,
                f"$dateFromString requires that 'dateString' be a string, found: {type_name(dateString)}",
            )
        if absent(format, timezone):
            return None
        parsed = parse_text(dateString) if format is _NOT_GIVEN else parse_by_format(dateString, format)
        return date_from(parsed.milliseconds(zone))
    except CommandError as error:
        if onError is None or error.code != CONVERSION_FAILURE:
            raise
        return onError()


DATE_TEXT: Final[Mapping[str, NamedFunction]] = {
    "$dateToString": NamedFunction(
        _to_string,
        required=("date",),
        optional=("format", "timezone", "onNull"),
        lazy=("onNull",),
        not_an_object=18629,
        unknown=18534,
        missing=18628,
    ),
    "$dateFromString": NamedFunction(
        _from_string,
        required=("dateString",),
        optional=("format", "timezone", "onNull", "onError"),
        lazy=("onNull", "onError"),
        not_an_object=40540,
        unknown=40541,
        missing=40542,
    ),
}
"""The operators by name."""
