"""Expressions on dates, with the values and codes that a server answered."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from bson import Decimal128, Int64, ObjectId, Timestamp
from bson.datetime_ms import DatetimeMS
from unit.mim.evaluation import Document, evaluated, refusal, value

MOMENT = datetime(2021, 3, 4, 5, 6, 7, 89000)
DOCUMENT: Document = {
    "a": MOMENT,
    "w": datetime(2021, 1, 3),
    "x": 5,
    "s": "x",
    "zero": 0,
    "t": Timestamp(1600000000, 7),
    "o": ObjectId("5f" * 12),
    "far": DatetimeMS(10**15),
    "early": DatetimeMS(-(10**15)),
    "old": datetime(1960, 2, 29, 1, 2, 3, 4000),
    "bad": "nope",
}
JANUARY, MARCH = datetime(2020, 1, 31, 12, 30, 15, 123000), datetime(2021, 3, 7, 1, 2, 3, 4000)
EARLIER = datetime(1993, 2, 3, 4, 5, 6, 7000)


def plus(start: Any, unit: Any, amount: Any, **others: Any) -> Document:
    return {"$dateAdd": {"startDate": start, "unit": unit, "amount": amount, **others}}


def minus(start: Any, unit: Any, amount: Any, **others: Any) -> Document:
    return {"$dateSubtract": {"startDate": start, "unit": unit, "amount": amount, **others}}


def between(start: Any, end: Any, unit: Any, **others: Any) -> Document:
    return {"$dateDiff": {"startDate": start, "endDate": end, "unit": unit, **others}}


def cut(date: Any, unit: Any, **others: Any) -> Document:
    return {"$dateTrunc": {"date": date, "unit": unit, **others}}


def parts(date: Any, **others: Any) -> Document:
    return {"$dateToParts": {"date": date, **others}}


def made(**given: Any) -> Document:
    return {"$dateFromParts": given}


# The operands below, in this order, for every operator.
OPERANDS: list[Any] = [
    *("$a", "$w", "$o", "$t", "$far", "$early"),
    {"date": "$a", "timezone": "America/New_York"},
    {"date": "$w", "timezone": "-00:30"},
]
FIELDS: dict[str, list[Any]] = {
    "$year": [2021, 2021, 2020, 2020, 33658, -29719, 2021, 2021],
    "$month": [3, 1, 9, 9, 9, 4, 3, 1],
    "$dayOfMonth": [4, 3, 14, 13, 27, 5, 4, 2],
    "$dayOfWeek": [5, 1, 2, 1, 6, 3, 5, 7],
    "$dayOfYear": [63, 3, 258, 257, 270, 95, 63, 2],
    "$week": [9, 1, 37, 37, 38, 14, 9, 0],
    "$isoWeek": [9, 53, 38, 37, 39, 14, 9, 53],
    "$isoWeekYear": [*map(Int64, (2021, 2020, 2020, 2020, 33658, -29719, 2021, 2020))],
    "$isoDayOfWeek": [4, 7, 1, 7, 5, 2, 4, 6],
    "$hour": [5, 0, 12, 12, 1, 22, 0, 23],
    "$minute": [6, 0, 17, 26, 46, 13, 6, 30],
    "$second": [7, 0, 35, 40, 40, 20, 7, 0],
    "$millisecond": [89, 0, 0, 0, 0, 0, 89, 0],
}


@pytest.mark.parametrize("operator", FIELDS)
def test_fields(operator: str) -> None:
    for operand, expected in zip(OPERANDS, FIELDS[operator], strict=True):
        assert evaluated({operator: operand}, DOCUMENT) == value(expected), operand


TAKEN_APART: list[tuple[Any, Any]] = [
    ({"$year": ["$a"]}, 2021),
    ({"$year": None}, None),
    ({"$year": {"date": "$none", "timezone": "bad"}}, None),
    ({"$year": {"date": "$a", "timezone": "$none"}}, None),
    ({"$hour": {"$add": ["$a", 3600000]}}, 6),
    ({"$tsSecond": "$t"}, Int64(1600000000)),
    ({"$tsIncrement": "$t"}, Int64(7)),
    ({"$tsSecond": "$none"}, None),
    ({"$tsIncrement": Timestamp(4294967295, 4294967295)}, Int64(4294967295)),
    (
        parts("$a"),
        {"year": 2021, "month": 3, "day": 4, "hour": 5, "minute": 6, "second": 7, "millisecond": 89},
    ),
    (
        parts("$a", timezone="Asia/Kathmandu"),
        {"year": 2021, "month": 3, "day": 4, "hour": 10, "minute": 51, "second": 7, "millisecond": 89},
    ),
    (
        parts("$w", iso8601=True),
        {
            "isoWeekYear": 2020,
            "isoWeek": 53,
            "isoDayOfWeek": 7,
            "hour": 0,
            "minute": 0,
            "second": 0,
            "millisecond": 0,
        },
    ),
    (
        parts("$early", timezone="America/New_York"),
        {"year": -29719, "month": 4, "day": 5, "hour": 17, "minute": 17, "second": 18, "millisecond": 0},
    ),
    (parts("$a", iso8601=None), None),
    (parts("$x", timezone="$none"), None),
]
"""Operators on fields, and what they make of the document."""

PUT_TOGETHER: list[tuple[Any, Any]] = [
    (made(year=2020), datetime(2020, 1, 1)),
    (made(year=1, month=2.0, day=Decimal128("3")), datetime(1, 2, 3)),
    (
        made(year=2020, month=14, day=-1, hour=25, minute=-1, second=61, millisecond=1001),
        datetime(2021, 1, 31, 1, 0, 2, 1000),
    ),
    (made(year=2020, month=-32768), DatetimeMS(-84596313600000)),
    (made(isoWeekYear=2020), datetime(2019, 12, 30)),
    (made(isoWeekYear=2020, isoWeek=53, isoDayOfWeek=9, hour=1), datetime(2021, 1, 5, 1)),
    (made(year=2021, month=7, day=4, hour=12, timezone="America/New_York"), datetime(2021, 7, 4, 16)),
    (made(year=2021, timezone="+05:30"), datetime(2020, 12, 31, 18, 30)),
    (made(year=9999, month=12, day=31, hour=23, timezone="-05"), DatetimeMS(253402315200000)),
    (made(year=2020, second=Int64(9007199254740992)), DatetimeMS(9007200832577792000)),
    (made(year=2020, month=None, day=99999), None),
    (made(year=None), None),
    (made(year=20000, month="$none"), None),
    (made(year=2020, timezone=None), None),
]
"""Dates from parts."""

CLOCKS_CHANGED: list[tuple[Any, Any]] = [
    (
        made(year=2021, month=3, day=14, hour=2, minute=30, timezone="America/New_York"),
        datetime(2021, 3, 14, 7, 30),
    ),
    (
        made(year=2021, month=11, day=7, hour=1, minute=30, timezone="America/New_York"),
        datetime(2021, 11, 7, 6, 30),
    ),
    (
        made(year=2021, month=3, day=28, hour=1, minute=30, timezone="Europe/London"),
        datetime(2021, 3, 28, 1, 30),
    ),
    (
        made(year=2021, month=10, day=31, hour=1, minute=30, timezone="Europe/London"),
        datetime(2021, 10, 31, 1, 30),
    ),
    (
        made(year=2021, month=4, day=4, hour=2, minute=30, timezone="Australia/Sydney"),
        datetime(2021, 4, 3, 16, 30),
    ),
    (
        made(year=2021, month=4, day=4, hour=1, minute=30, timezone="Australia/Lord_Howe"),
        datetime(2021, 4, 3, 15),
    ),
    (
        made(year=2011, month=12, day=30, hour=12, minute=30, timezone="Pacific/Apia"),
        datetime(2011, 12, 30, 22, 30),
    ),
    (
        made(year=2045, month=10, day=29, hour=2, minute=30, timezone="Europe/Berlin"),
        datetime(2045, 10, 29, 1, 30),
    ),
    (plus(datetime(2021, 11, 6, 5, 30), "day", 1, timezone="America/New_York"), datetime(2021, 11, 7, 5, 30)),
    (
        plus(datetime(2021, 11, 8, 6, 30), "day", -1, timezone="America/New_York"),
        datetime(2021, 11, 7, 6, 30),
    ),
    (plus(datetime(2021, 3, 13, 7, 30), "day", 1, timezone="America/New_York"), datetime(2021, 3, 14, 7, 30)),
    (plus(datetime(2021, 10, 30, 0, 30), "day", 1, timezone="Europe/Dublin"), datetime(2021, 10, 31, 1, 30)),
    (cut(datetime(2021, 11, 7, 4, 30), "day", timezone="America/Havana"), datetime(2021, 11, 7, 5)),
]
"""Local times that come twice, or not at all."""

ADDED: list[tuple[Any, Any]] = [
    (plus(datetime(2020, 1, 31, 12), "year", 1), datetime(2021, 1, 31, 12)),
    (plus(datetime(2020, 1, 31, 12), "quarter", 1), datetime(2020, 4, 30, 12)),
    (plus(datetime(2020, 1, 31, 12), "month", 1), datetime(2020, 2, 29, 12)),
    (plus(datetime(2020, 1, 31, 12), "week", 1), datetime(2020, 2, 7, 12)),
    (plus(datetime(2020, 1, 31, 12), "day", 1), datetime(2020, 2, 1, 12)),
    (plus(datetime(2020, 1, 31, 12), "hour", 1), datetime(2020, 1, 31, 13)),
    (plus(datetime(2020, 1, 31, 12), "minute", 1), datetime(2020, 1, 31, 12, 1)),
    (plus(datetime(2020, 1, 31, 12), "second", 1), datetime(2020, 1, 31, 12, 0, 1)),
    (plus(datetime(2020, 1, 31, 12), "millisecond", 1), datetime(2020, 1, 31, 12, 0, 0, 1000)),
    (minus(datetime(2020, 3, 31, 12), "month", 1), datetime(2020, 2, 29, 12)),
    (minus(datetime(2020, 3, 31, 12), "month", 13), datetime(2019, 2, 28, 12)),
    (minus(datetime(2020, 3, 31, 12), "month", -1), datetime(2020, 4, 30, 12)),
    (plus("$o", "day", 2.0), datetime(2020, 9, 16, 12, 17, 35)),
    (plus("$t", "week", Decimal128("-1")), datetime(2020, 9, 6, 12, 26, 40)),
    (plus("$old", "year", 1), datetime(1961, 2, 28, 1, 2, 2, 4000)),
    (plus("$old", "hour", 0), datetime(1960, 2, 29, 1, 2, 2, 4000)),
    (plus("$old", "millisecond", 1), datetime(1960, 2, 29, 1, 2, 3, 5000)),
    (plus("$far", "month", Int64(1)), DatetimeMS(1000002592000000)),
    (plus(datetime(2021, 3, 14, 6), "hour", 2, timezone="America/New_York"), datetime(2021, 3, 14, 8)),
    (plus(datetime(2021, 1, 31, 3), "month", 1, timezone="America/New_York"), datetime(2021, 3, 1, 3)),
    (plus("$a", "day", 2147483648), DatetimeMS(185544202021567089)),
    (plus("$none", "bad", "x"), None),
    (plus("$x", "day", None), None),
    (plus("$a", "day", 1, timezone="$none"), None),
]
"""Amounts of time added and taken away."""

COUNTED: list[tuple[Any, Any]] = [
    (between(JANUARY, MARCH, "year"), Int64(1)),
    (between(JANUARY, MARCH, "quarter"), Int64(4)),
    (between(JANUARY, MARCH, "month"), Int64(14)),
    (between(JANUARY, MARCH, "week"), Int64(58)),
    (between(JANUARY, MARCH, "day"), Int64(401)),
    (between(JANUARY, MARCH, "hour"), Int64(9613)),
    (between(JANUARY, MARCH, "minute"), Int64(576752)),
    (between(JANUARY, MARCH, "second"), Int64(34605108)),
    (between(JANUARY, MARCH, "millisecond"), Int64(34605107881)),
    (between(MARCH, JANUARY, "year", startOfWeek="Mon"), Int64(-1)),
    (between(MARCH, JANUARY, "week", startOfWeek="Mon"), Int64(-57)),
    (between(MARCH, JANUARY, "second", startOfWeek="Mon"), Int64(-34605108)),
    (between("$t", "$o", "week", startOfWeek="FRIDAY"), Int64(0)),
    (
        between(
            datetime(2021, 11, 7, 5, 59, 59), datetime(2021, 11, 7, 6), "hour", timezone="America/New_York"
        ),
        Int64(1),
    ),
    (
        between(
            datetime(2021, 4, 3, 14, 31), datetime(2021, 4, 3, 15, 31), "hour", timezone="Australia/Lord_Howe"
        ),
        Int64(1),
    ),
    (
        between(
            datetime(2021, 4, 3, 14), datetime(2021, 4, 3, 15, 10), "minute", timezone="Australia/Lord_Howe"
        ),
        Int64(70),
    ),
    (between(datetime(2021, 1, 1, 4, 59), datetime(2021, 1, 1, 5), "year", timezone="-05"), Int64(1)),
    (between("$a", "$far", "year"), Int64(31637)),
    (between("$a", "$a", "day", startOfWeek="bad"), Int64(0)),
    (between("$none", "$x", "bad"), None),
    (between("$a", "$a", "week", startOfWeek="$none"), None),
]
"""Beginnings of units between dates."""

TRUNCATED: list[tuple[Any, Any]] = [
    (cut(MARCH, "year"), datetime(2021, 1, 1)),
    (cut(MARCH, "quarter"), datetime(2021, 1, 1)),
    (cut(MARCH, "month"), datetime(2021, 3, 1)),
    (cut(MARCH, "week"), datetime(2021, 3, 7)),
    (cut(MARCH, "day"), datetime(2021, 3, 7)),
    (cut(MARCH, "hour"), datetime(2021, 3, 7, 1)),
    (cut(MARCH, "minute"), datetime(2021, 3, 7, 1, 2)),
    (cut(MARCH, "second"), datetime(2021, 3, 7, 1, 2, 3)),
    (cut(MARCH, "millisecond"), MARCH),
    (cut(EARLIER, "year", binSize=7), datetime(1993, 1, 1)),
    (cut(EARLIER, "quarter", binSize=7), datetime(1993, 1, 1)),
    (cut(EARLIER, "month", binSize=7), datetime(1993, 1, 1)),
    (cut(EARLIER, "week", binSize=7), datetime(1993, 1, 10)),
    (cut(EARLIER, "day", binSize=7), datetime(1993, 1, 30)),
    (cut(EARLIER, "hour", binSize=7), datetime(1993, 2, 3, 2)),
    (cut(EARLIER, "minute", binSize=7), datetime(1993, 2, 3, 3, 59)),
    (cut(EARLIER, "second", binSize=7), datetime(1993, 2, 3, 4, 5, 4)),
    (cut(EARLIER, "millisecond", binSize=7), datetime(1993, 2, 3, 4, 5, 6, 2000)),
    (cut(MARCH, "week", startOfWeek="monday", binSize=2), datetime(2021, 3, 1)),
    (cut(MARCH, "month", binSize=5, timezone="America/New_York"), datetime(2020, 11, 1, 4)),
    (cut(datetime(2021, 7, 1, 5, 40), "hour", timezone="Asia/Kathmandu"), datetime(2021, 7, 1, 5, 15)),
    (cut(datetime(2021, 7, 1, 5, 40), "hour", timezone="Australia/Lord_Howe"), datetime(2021, 7, 1, 5)),
    (cut("$o", "day", binSize=2.0), datetime(2020, 9, 14)),
    (cut("$t", "hour"), datetime(2020, 9, 13, 12)),
    (cut("$far", "year", binSize=4), DatetimeMS(999913593600000)),
    (cut(MARCH, "year", binSize=2147483648), datetime(2000, 1, 1)),
    (cut(MARCH, "hour", binSize=1099511627776), datetime(2000, 1, 1)),
    (cut(MARCH, "day", binSize="$none"), None),
    (cut("$none", "bad"), None),
    (cut(MARCH, "day", startOfWeek=None), datetime(2021, 3, 7)),
]
"""Beginnings of bins."""


@pytest.mark.parametrize(
    ("expression", "expected"),
    [*TAKEN_APART, *PUT_TOGETHER, *CLOCKS_CHANGED, *ADDED, *COUNTED, *TRUNCATED],
    ids=str,
)
def test_values(expression: Any, expected: Any) -> None:
    assert evaluated(expression, DOCUMENT) == value(expected)


REFUSED: list[tuple[Any, int]] = [
    ({"$year": "$x"}, 16006),
    ({"$year": "$s"}, 16006),
    ({"$year": ["$a", "$a"]}, 40536),
    ({"$year": []}, 40536),
    ({"$year": {}}, 40539),
    ({"$year": {"date": "$a", "x": 1}}, 40535),
    ({"$year": [{"date": "$a"}]}, 16006),
    ({"$hour": {"date": "$a", "timezone": 3}}, 40533),
    ({"$hour": {"date": "$a", "timezone": "utc"}}, 40485),
    ({"$hour": {"date": "$a", "timezone": "posix/UTC"}}, 40485),
    ({"$hour": {"date": "$a", "timezone": "Asia"}}, 40485),
    ({"$hour": {"date": "$a", "timezone": "+5"}}, 40485),
    ({"$hour": {"date": "$a", "timezone": ""}}, 40485),
    ({"$hour": {"date": "$a", "timezone": "../UTC"}}, 40485),
    ({"$tsSecond": "$a"}, 5687301),
    ({"$tsIncrement": "$x"}, 5687302),
    ({"$tsSecond": []}, 16020),
    (parts("$x"), 16006),
    (parts("$none", iso8601=1), 40521),
    (parts("$none", timezone="bad"), 40485),
    (parts("$a", timezone=5), 40517),
    ({"$dateToParts": {}}, 40522),
    ({"$dateToParts": "$a"}, 40524),
    (parts("$a", x=1), 40520),
    (made(), 40516),
    ({"$dateFromParts": []}, 40519),
    (made(month=1), 40516),
    (made(year=2020, isoWeek=1), 40489),
    (made(isoWeekYear=2020, day=1), 40525),
    (made(year=2020, x=1), 40518),
    (made(year="$s"), 40515),
    (made(year=2020.5), 40515),
    (made(year=True), 40515),
    (made(year=0), 40523),
    (made(year=10000), 40523),
    (made(isoWeekYear=0), 31095),
    (made(year=2020, month=32768), 31034),
    (made(year=2020, hour=-32769, timezone=5), 31034),
    (made(year="$s", timezone="bad"), 40485),
    (made(year=2020, second=Int64(4611686018427387904)), 159),
    (made(year=2020, millisecond=Int64(9223372036854776)), 159),
    (plus("$x", "bad", "x"), 5166403),
    (plus("$a", "bad", "x"), 9),
    (plus("$a", "Day", 1), 9),
    (plus("$a", 5, 1), 5166404),
    (minus("$a", "day", 1.5), 5166405),
    (minus("$a", "day", True), 5166405),
    (plus("$x", "day", 1, timezone="bad"), 40485),
    (plus("$a", "year", 584942418), 5976500),
    (plus("$a", "day", 213503982335), 5976500),
    (plus("$a", "year", 584942417), 5166406),
    (plus("$a", "millisecond", Int64(9223372036854775807)), 159),
    (minus("$a", "day", Int64(-9223372036854775808)), 6045000),
    ({"$dateAdd": {"startDate": "$a", "unit": "day"}}, 5166402),
    ({"$dateAdd": []}, 5166400),
    (plus("$a", "day", 1, x=1), 5166401),
    (between("$x", "$a", "bad"), 5166307),
    (between("$a", "$s", "day"), 5166307),
    (between("$a", "$a", "bad"), 5439014),
    (between("$a", "$a", 5), 5439013),
    (between("$a", "$a", "week", startOfWeek="thurs"), 5439016),
    (between("$a", "$a", "week", startOfWeek=5), 5439015),
    (between("$x", "$a", "day", timezone="bad"), 40485),
    (between("$x", "$a", "day", timezone=5), 40517),
    (between(DatetimeMS(-9223372036854775808), "$a", "millisecond"), 5166308),
    ({"$dateDiff": {}}, 5166303),
    ({"$dateDiff": {"startDate": "$a"}}, 5166304),
    ({"$dateDiff": {"startDate": "$a", "endDate": "$a"}}, 5166305),
    ({"$dateDiff": 5}, 5166301),
    ({"$dateDiff": {"x": 1}}, 5166302),
    (cut("$x", "bad"), 5439012),
    (cut("$a", "bad"), 5439014),
    (cut("$a", 5), 5439013),
    (cut("$a", "day", binSize=0), 5439018),
    (cut("$a", "day", binSize="x"), 5439017),
    (cut("$a", "week", binSize=1.5, startOfWeek="bad"), 5439017),
    (cut("$a", "week", startOfWeek=5), 5439015),
    (cut("$a", "day", binSize=Int64(100000000001)), 5439006),
    (cut("$a", "hour", binSize=Int64(4611686018427387904)), 5439002),
    (cut("$old", "month", binSize=Int64(100000000000)), 5976500),
    (cut("$x", "day", timezone="bad"), 40485),
    (cut(DatetimeMS(-9223372036854775808), "hour"), 5439000),
    (cut(DatetimeMS(-9223372036854775808), "day"), 5166406),
    ({"$dateTrunc": {}}, 5439009),
    ({"$dateTrunc": {"date": "$a"}}, 5439010),
    ({"$dateTrunc": []}, 5439007),
    ({"$dateTrunc": {"x": 1}}, 5439008),
]
"""What the server does not accept, with its codes."""


@pytest.mark.parametrize(("expression", "code"), REFUSED, ids=str)
def test_refusals(expression: Any, code: int) -> None:
    assert refusal(expression, DOCUMENT) == code
