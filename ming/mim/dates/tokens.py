"""The tokens of dates written in no given format, as regular expressions.

The groups of a token say what it holds: ``year``, ``spelt`` (a month's name), ``hour`` and so on. `texts`
reads them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from ming.mim.dates.parts import HOUR, MINUTE, SECOND

__all__ = ["MONTHS", "TOKENS", "UNITS", "WEEKDAYS"]

MONTHS: Final[Mapping[str, int]] = {
    name: number + 1
    for number, names in enumerate(
        (
            *("january jan i", "february feb ii", "march mar iii", "april apr iv", "may v", "june jun vi"),
            *("july jul vii", "august aug viii", "september sept sep ix", "october oct x", "november nov xi"),
            "december dec xii",
        )
    )
    for name in names.split()
}
"""The months by their names, abbreviations and Roman numerals."""
WEEKDAYS: Final = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
"""The abbreviations of the days of the week."""
UNITS: Final[Mapping[str, tuple[str, int]]] = {
    **dict.fromkeys(("ms", "msec", "millisecond"), ("milliseconds_later", 1)),
    **dict.fromkeys(("sec", "second"), ("milliseconds_later", SECOND)),
    **dict.fromkeys(("min", "minute"), ("milliseconds_later", MINUTE)),
    "hour": ("milliseconds_later", HOUR),
    "day": ("days_later", 1),
    "week": ("days_later", 7),
    "fortnight": ("days_later", 14),
    "month": ("months_later", 1),
    "year": ("months_later", 12),
}
"""The units of amounts of time: the field of `ParsedDate` that takes them, and how many of its own they
are."""

_ROMAN: Final = "(?-i:VIII|VII|VI|V|IV|IX|III|II|I|XII|XI|X)"
_ABBREVIATED: Final = "jan|feb|mar|apr|may|jun|jul|aug|sept|sep|oct|nov|dec"
_SPELT: Final = (
    "january|february|march|april|june|july|august|september|october|november|december"
    f"|{_ABBREVIATED}|{_ROMAN}"
)
_UNIT: Final = "|".join(sorted(UNITS, key=len, reverse=True))
_WEEKDAY: Final = (
    "sun(?:day)?|mon(?:day)?|tue(?:sday)?|wed(?:nesday)?|thu(?:rsday)?|fri(?:day)?|sat(?:urday)?"
)
# What patterns have in angle brackets; a digit says how many there must be.
_FRAGMENTS: Final[Mapping[str, str]] = {
    "Y4": r"(?P<year>\d{4})",
    "Y2": r"(?P<year>\d{2})",
    "Y": r"(?P<year>\d{1,4})",
    "SIGNED": r"(?P<year>[+-]?\d{4}|[+-]\d{5,19})",
    "M2": r"(?P<month>0\d|1[0-2])",
    "M": r"(?P<month>1[0-2]|0?\d)",
    "NAME": f"(?P<spelt>{_SPELT})",
    "ABBR": f"(?P<spelt>{_ABBREVIATED})",
    "D2": r"(?P<day>0\d|[12]\d|3[01])",
    "D": r"(?P<day>3[01]|[0-2]?\d)(?:st|nd|rd|th)?",
    "OF_YEAR": r"(?P<day>00[1-9]|0[1-9]\d|[12]\d\d|3[0-5]\d|36[0-6])",
    "WEEK": r"(?P<iso_year>\d{4})-?(?-i:W)(?P<iso_week>0[1-9]|[1-4]\d|5[0-3])",
    "h2": r"(?P<hour>[01]\d|2[0-4])",
    "h": r"(?P<hour>2[0-4]|[01]?\d)",
    "m2": r"(?P<minute>[0-5]\d)",
    "m": r"(?P<minute>[0-5]?\d)",
    "s2": r"(?P<second>[0-5]\d|60)",
    "s": r"(?P<second>60|[0-5]?\d)",
    "FRACTION": r"\.(?P<fraction>\d+)",
    "AM": r"[ \t]*<AM_NEXT>",
    "h12": r"(?P<hour>1[0-2]|0?[1-9])",
    "AM_NEXT": r"(?P<half>[ap])\.?m\.?(?=[\0\t ]|$)",
    "DISTANCE": (
        r"(?-i:GMT)?[+-](?:(?:[01]\d|2[0-4])(?:[0-5]\d(?:[0-5]\d|60)|:[0-5]\d:(?:[0-5]\d|60))"
        r"|(?:2[0-4]|[01]?\d)(?::?[0-5]?\d)?)"
    ),
    "ZONE": r"(?P<zone><DISTANCE>|(?-i:[A-Z][a-z]+(?:[_/-][A-Za-z]+)+)|\(?[a-z]{1,6}\)?)",
}
_PATTERNS: Final = (
    # Times of day.
    "<h12><AM>",
    "<h12>[:.]<m2>(?:[:.]<s2>)?<AM>",
    r"<h12>[:.]<m2>[:.]<s2>[:.](?P<fraction>\d+)<AM_NEXT>",
    "t<h>",
    "t?<h>[:.]<m>(?:[:.]<s>(?:<FRACTION>)?)?",
    "(?P<terse>t?<h2><m2>)",
    "t?<h2><m2><s2>",
    # Days, and days with times where one would be read otherwise alone.
    "<M>/<D>(?:/<Y>)?",
    "<SIGNED>-<M2>-<D2>",
    "<Y4>/<M>/<D>/?",
    "<Y2>-<M2>-<D2>",
    "<Y4>-<M>",
    "<Y>-<M>-<D>",
    r"<D>[.\t-]<M>[.-]<Y4>",
    r"<D>[.\t]<M>\.<Y2>",
    r"<D>[ \t.-]*<NAME>[ \t.-]*<Y>",
    r"<NAME>[ .\t-]*<Y4>",
    r"<Y4>[ .\t-]*<NAME>",
    r"<NAME>[ .\t-]*<D>[,.stndrh\t ]+<Y>",
    r"<NAME>[ .\t-]*<D>[,.stndrh\t ]*",
    r"<NAME>[ .\t-]*<D>[,.stndrh\t ]+<h12>[:.]<m2>(?:[:.]<s2>)?<AM>",
    r"<NAME>[ .\t-]*<D>[,.stndrh\t ]+t?<h>[:.]<m>(?:[:.]<s>)?",
    r"<D>[ .\t-]*<NAME>",
    "<Y4><M2><D2>",
    "<Y4><M2><D2>t?<h2><m2><s2>",
    # Five digits are read two by two, whatever was meant.
    r"<Y4><M2><D2>t(?P<hour>\d[0-5])(?P<minute>\d[0-5])(?P<second>\d)",
    "<Y4><M2><D2>T<h>:<m2>:<s2>",
    "<Y4>-<M>-<D>T<h>:<m>:<s>",
    "<Y4>-<M2>-<D2>T<h2>:<m2>:<s2><FRACTION>(?P<zone><DISTANCE>)?",
    "<Y4>[.-]?<OF_YEAR>",
    "<ABBR>-<D2>-<Y>",
    "<Y>-<ABBR>-<D2>",
    "<WEEK>(?:-?(?P<iso_day>[0-7]))?",
    "<Y4>:<M2>:<D2> <h2>:<m2>:<s2>",
    r"<D>/<ABBR>/<Y4>:<h2>:<m2>:<s2>[ \t]+(?P<zone><DISTANCE>)",
    r"@(?P<epoch>-?\d{1,30})(?:\.(?P<fraction>\d{0,6}))?",
    # Words and amounts.
    "(?P<keyword>yesterday|now|noon|midnight|today|tomorrow|ago)",
    f"(?P<weekday>{_WEEKDAY})",
    rf"(?P<amount>[+-]*[ \t]*\d{{1,13}})[ \t]*(?P<unit>{_UNIT})s?",
    f"(?P<unbuilt>(?:first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|eleventh|twelfth|next|last"
    rf"|previous|this)[ \t]+(?:{_UNIT}|weekday|{_WEEKDAY})s?|(?:first|last) day of|(?:back|front) of"
    rf"|[+-]*[ \t]*\d+[ \t]*(?:weekdays?|{_WEEKDAY})|weekdays?)",
    "<NAME>",
    r"(?P<lone_year>\d{4})",
    "<ZONE>",
    r"[ .,\t\n\0]+",
)


# The name of a fragment, unlike that of a group, does not follow "(?P".
_REFERENCE: Final = re.compile(r"(?<!\(\?P)<(\w+)>")


def _expanded(pattern: str) -> str:
    return _REFERENCE.sub(lambda found: _expanded(_FRAGMENTS[found[1]]), pattern)


TOKENS: Final = tuple(re.compile(_expanded(each), re.IGNORECASE | re.ASCII) for each in _PATTERNS)
"""What a text may consist of; the longest one counts, then the first."""
