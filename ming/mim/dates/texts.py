"""Dates out of text of no given format, as ``$dateFromString`` and ``$toDate`` read it.

The text is a row of tokens: days, times of day, time zones, keywords and amounts of time.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

from ming.mim.dates.parsed import ParsedDate
from ming.mim.dates.parts import SECOND, day_number, iso_day_number
from ming.mim.dates.tokens import MONTHS, TOKENS, UNITS, WEEKDAYS

__all__ = ["parse_text"]


class _Reader:
    """Takes token by token."""

    def __init__(self, text: str) -> None:
        self.parsed = ParsedDate(text)
        self._has_day = self._has_time = self._has_zone = False

    def read(self, at: int) -> int:
        """Take the token at a place in the text, and return where it ends."""
        found = [token for pattern in TOKENS if (token := pattern.match(self.parsed.text, at))]
        if not found:
            raise self.parsed.refused(at, "Unexpected character")
        token = max(found, key=lambda each: each.end())
        groups = {name: group for name, group in token.groupdict().items() if group is not None}
        for name, take in _TAKERS.items():
            if name in groups:
                take(self, token, groups)
                break
        return token.end()

    def take_terse_time(self, token: re.Match[str], groups: dict[str, str]) -> None:
        if self._has_time:
            self.parsed.year = int(token[0].lstrip("Tt"))
        else:
            self.take_time(token, groups)
            # The server has such times a tenth of a second early.
            self.parsed.millisecond = -100

    def take_year(self, token: re.Match[str], groups: dict[str, str]) -> None:
        self.parsed.year = int(groups["lone_year"])

    def take_day(self, token: re.Match[str], groups: dict[str, str]) -> None:
        if self._has_day:
            raise self.parsed.refused(token.start(), "Double date specification")
        self._has_day = True
        parsed = self.parsed
        if "year" in groups:
            parsed.year, parsed.month, parsed.day = _year(groups["year"]), 1, 1
        if "spelt" in groups:
            parsed.month = MONTHS[groups["spelt"].lower()]
        if "month" in groups:
            parsed.month = int(groups["month"])
        if "day" in groups:
            parsed.day = int(groups["day"])
        self.take_time(token, groups)

    def take_week(self, token: re.Match[str], groups: dict[str, str]) -> None:
        year = int(groups["iso_year"])
        day = iso_day_number(year, int(groups["iso_week"]), int(groups.get("iso_day", 1)))
        self.parsed.days_later += day - day_number(year, 1, 1)
        self.take_day(token, {"year": groups["iso_year"]})

    def take_time(self, token: re.Match[str], groups: dict[str, str]) -> None:
        if "hour" in groups:
            if self._has_time:
                raise self.parsed.refused(token.start(), "Double time specification")
            self._set_time(_hour(groups), int(groups.get("minute", 0)), int(groups.get("second", 0)))
            fraction = groups.get("fraction", "")
            self.parsed.millisecond = _thousandths(fraction)
            self.parsed.is_cut = bool(fraction[3:6].strip("0"))
        if "zone" in groups:
            self.parsed.take_zone(token.start("zone"), token.end("zone"))

    def _set_time(self, hour: int, minute: int = 0, second: int = 0) -> None:
        parsed = self.parsed
        parsed.hour, parsed.minute, parsed.second, parsed.millisecond = hour, minute, second, 0
        parsed.is_cut = False
        self._has_time = True

    def _clear_time(self) -> None:
        self._set_time(0)
        self._has_time = False

    def _need_no_zone(self, token: re.Match[str]) -> None:
        if self._has_zone:
            raise self.parsed.refused(token.start(), "Double timezone specification")
        self._has_zone = True

    def take_zone(self, token: re.Match[str], groups: dict[str, str]) -> None:
        # One that is part of another token does not count.
        self._need_no_zone(token)
        self.parsed.take_zone(token.start(), token.end())

    def take_timestamp(self, token: re.Match[str], groups: dict[str, str]) -> None:
        parsed = self.parsed
        self._need_no_zone(token)
        parsed.year, parsed.month, parsed.day, parsed.offset = 1970, 1, 1, 0
        fraction = _thousandths(groups.get("fraction", ""))
        sign = -1 if groups["epoch"].startswith("-") else 1
        parsed.milliseconds_later += int(groups["epoch"]) * SECOND + sign * fraction
        self._clear_time()

    def take_keyword(self, token: re.Match[str], groups: dict[str, str]) -> None:
        parsed, keyword = self.parsed, groups["keyword"].lower()
        if keyword == "noon":
            self._set_time(12)
        elif keyword == "ago":
            parsed.months_later *= -1
            parsed.days_later *= -1
            parsed.milliseconds_later *= -1
        elif keyword != "now":
            self._clear_time()
            parsed.days_later += {"tomorrow": 1, "yesterday": -1}.get(keyword, 0)

    def take_weekday(self, token: re.Match[str], groups: dict[str, str]) -> None:
        self.parsed.weekday = WEEKDAYS.index(groups["weekday"][:3].lower())
        self._clear_time()

    def take_amount(self, token: re.Match[str], groups: dict[str, str]) -> None:
        field, factor = UNITS[groups["unit"].lower()]
        number = groups["amount"]
        # The first sign counts.
        amount = int(number.lstrip("+- \t")) * (-1 if number.startswith("-") else 1)
        setattr(self.parsed, field, getattr(self.parsed, field) + amount * factor)

    def refuse(self, token: re.Match[str], groups: dict[str, str]) -> None:
        raise NotImplementedError(f"dates relative to others: '{token[0]}'")


_TAKERS: Final[Mapping[str, Callable[[_Reader, re.Match[str], dict[str, str]], None]]] = {
    "unbuilt": _Reader.refuse,
    "terse": _Reader.take_terse_time,
    "lone_year": _Reader.take_year,
    "iso_week": _Reader.take_week,
    "epoch": _Reader.take_timestamp,
    "keyword": _Reader.take_keyword,
    "weekday": _Reader.take_weekday,
    "amount": _Reader.take_amount,
    "year": _Reader.take_day,
    "spelt": _Reader.take_day,
    "month": _Reader.take_day,
    "hour": _Reader.take_time,
    "zone": _Reader.take_zone,
}
"""What takes a token, by a group that it has; the first one counts."""


def _year(digits: str) -> int:
    year = int(digits)
    if len(digits) < 4 and year < 100:
        return year + (2000 if year < 70 else 1900)
    return year


def _hour(groups: Mapping[str, str]) -> int:
    hour = int(groups["hour"])
    if half := groups.get("half"):
        return hour % 12 + (12 if half in "pP" else 0)
    return hour


def _thousandths(digits: str) -> int:
    return int(digits[:3].ljust(3, "0"))


def parse_text(text: str) -> ParsedDate:
    """Read a date of any form.

    Raises:
        CommandError: The text is no date.
        NotImplementedError: It counts from a date in a way that is not built.
    """
    reader = _Reader(text)
    if not text:
        raise reader.parsed.refused(0, "Empty string")
    at = 0
    while at < len(text):
        at = reader.read(at)
    reader.parsed.check(at + 1)
    return reader.parsed
