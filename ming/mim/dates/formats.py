"""Dates to text and back by a format: ``$dateToString``, and ``$dateFromString`` with a format."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from functools import lru_cache
from typing import Final

from ming.mim.data.errors import CommandError
from ming.mim.dates.parsed import ParsedDate
from ming.mim.dates.parts import MINUTE, LocalTime

__all__ = [
    "ISO_FORMAT",
    "READ_SPECIFIERS",
    "WRITE_SPECIFIERS",
    "check_format",
    "format_date",
    "parse_by_format",
]

ISO_FORMAT: Final = "%Y-%m-%dT%H:%M:%S.%LZ"
"""How a date is written if nothing is said."""


def check_format(text: str, specifiers: Collection[str]) -> None:
    """Check a format.

    Raises:
        CommandError: It has other specifiers than these, or ends in half a one.
    """
    for specifier in re.findall(r"%(.?)", text, re.DOTALL):
        if not specifier:
            raise CommandError(18535, "Unmatched '%' at end of format string")
        if specifier not in specifiers:
            raise CommandError(18536, f"Invalid format character '%{specifier}' in format string")


# -- writing ------------------------------------------------------------------------------------------


def _four_digits(year: int) -> str:
    if not 0 <= year <= 9999:
        raise CommandError(
            18537,
            "Could not convert date to string: date component was outside the supported range of 0-9999:"
            f" {year}",
        )
    return f"{year:04}"


def _minutes_of_offset(time: LocalTime) -> int:
    return abs(time.offset) // MINUTE * (-1 if time.offset < 0 else 1)


def _offset(time: LocalTime) -> str:
    minutes = _minutes_of_offset(time)
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}{abs(minutes) % 60:02}"


WRITE_SPECIFIERS: Final[Mapping[str, Callable[[LocalTime], str]]] = {
    "d": lambda time: f"{time.day:02}",
    "G": lambda time: _four_digits(time.iso_year),
    "H": lambda time: f"{time.hour:02}",
    "j": lambda time: f"{time.day_of_year:03}",
    "L": lambda time: f"{time.millisecond:03}",
    "m": lambda time: f"{time.month:02}",
    "M": lambda time: f"{time.minute:02}",
    "S": lambda time: f"{time.second:02}",
    "u": lambda time: str(time.iso_day),
    "U": lambda time: f"{time.week:02}",
    "V": lambda time: f"{time.iso_week:02}",
    "w": lambda time: str(time.day_of_week),
    "Y": lambda time: _four_digits(time.year),
    "z": _offset,
    "Z": lambda time: str(_minutes_of_offset(time)),
    "%": lambda time: "%",
}
"""What the specifiers of a format write."""


def format_date(time: LocalTime, text: str) -> str:
    """Write a date in a checked format.

    Raises:
        CommandError: The format asks for the year, and it has not one to four digits.
    """
    return re.sub("%(.)", lambda found: WRITE_SPECIFIERS[found[1]](time), text, flags=re.DOTALL)


# -- reading ------------------------------------------------------------------------------------------

_Read = Callable[[ParsedDate, "re.Match[str]"], None]


def _number(field: str) -> _Read:
    return lambda parsed, found: setattr(parsed, field, int(found[0]))


def _thousandths(parsed: ParsedDate, found: re.Match[str]) -> None:
    parsed.millisecond = int(found[0].ljust(3, "0"))


def _offset_in_minutes(parsed: ParsedDate, found: re.Match[str]) -> None:
    parsed.offset = int(found[1] + (found[2] or "0")) * MINUTE


READ_SPECIFIERS: Final[Mapping[str, tuple[str, str, _Read]]] = {
    "d": (r"\d\d?", "A two digit day could not be found", _number("day")),
    "G": (r"\d{1,4}", "A four digit ISO year could not be found", _number("iso_year")),
    "H": (r"\d\d?", "A two digit hour could not be found", _number("hour")),
    "L": (r"\d{1,3}", "A three digit millisecond could not be found", _thousandths),
    "m": (r"\d\d?", "A two digit month could not be found", _number("month")),
    "M": (r"\d\d", "A two digit minute could not be found", _number("minute")),
    "S": (r"\d\d", "A two digit second could not be found", _number("second")),
    "u": (r"[1-7]", "Day of week must be between 1 and 7", _number("iso_day")),
    "V": (r"5[0-3]|[1-4]\d|0?[1-9]", "ISO Week must be between 1 and 53", _number("iso_week")),
    "Y": (r"\d{1,4}", "A four digit year could not be found", _number("year")),
    "z": (r"", "", lambda parsed, found: None),
    "Z": (r"([+-])(\d*)", "Invalid timezone offset in minutes", _offset_in_minutes),
    "%": (r"%", "Format literal not found", lambda parsed, found: None),
}
"""What the specifiers of a format read: the pattern, the complaint if it is not there, and what to do with
it."""


_NUMBERS: Final = frozenset("dGHLmMSuVY")


@lru_cache(maxsize=256)
def _pieces(text: str) -> tuple[tuple[str, re.Pattern[str], str, _Read], ...]:
    def piece(found: re.Match[str]) -> tuple[str, re.Pattern[str], str, _Read]:
        pattern, complaint, read = (
            READ_SPECIFIERS[found[1]]
            if found[1]
            else (re.escape(found[0]), "Format literal not found", lambda parsed, found: None)
        )
        return found[0], re.compile(pattern, re.ASCII), complaint, read

    return tuple(map(piece, re.finditer("%(.)|.", text, re.DOTALL)))


def parse_by_format(text: str, format_: str) -> ParsedDate:
    """Read a date in a checked format.

    Raises:
        CommandError: The text has not that format, or is no date.
    """
    parsed = ParsedDate(text)
    at = 0
    for specifier, pattern, complaint, read in _pieces(format_):
        if at == len(text):
            raise parsed.refused(at, "Not enough data available to satisfy format")
        if specifier == "%z":
            at = parsed.take_zone(at)
            continue
        found = pattern.match(text, at)
        if found is None:
            number = specifier[1:] in _NUMBERS and not text[at].isdigit()
            raise parsed.refused(at, "Unexpected data found." if number else complaint)
        read(parsed, found)
        at = found.end()
    if at < len(text):
        raise parsed.refused(at, "Trailing data")
    parsed.check(at)
    return parsed
