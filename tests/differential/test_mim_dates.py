"""Date and conversion operators of the embedded engine against a server: values times operators."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from bson import Decimal128, Int64, ObjectId, Regex, Timestamp
from bson.datetime_ms import DatetimeMS
from differential.test_mim_core import Twins
from differential.test_mim_operators import agree_for_each

from ming.mim.dates.arithmetic import UNITS
from ming.mim.expressions.conversions import CONVERSION
from ming.mim.expressions.functions_date import DATE_PARTS

pytestmark = pytest.mark.mongod

MOMENTS: list[Any] = [
    datetime(2021, 3, 14, 6, 59, 59, 999000),
    datetime(2021, 11, 7, 5, 30),
    datetime(2021, 4, 3, 15, 10),
    datetime(2020, 12, 31, 23, 59),
    datetime(1969, 12, 31, 23, 59, 58, 1000),
    datetime(1883, 11, 18, 16, 50),
    datetime(1, 1, 1),
    datetime(9999, 12, 31, 23),
    DatetimeMS(10**15),
    DatetimeMS(-(2**63)),
    Timestamp(2**32 - 1, 1),
    ObjectId("5f" * 12),
]
OTHERS: list[Any] = [None, ..., 5, "2021-01-01", True, []]
"""``...`` stands for a field that is not there."""
ZONES: list[Any] = [
    *("America/New_York", "Australia/Lord_Howe", "Europe/Dublin", "Asia/Kathmandu", "Pacific/Apia"),
    *("+05:30", "-0330", "+99", "Nowhere", "utc", 5, None, ...),
]


@pytest.fixture(scope="module")
def twins(mongod_uri: str) -> Iterator[Twins]:
    made = Twins(mongod_uri)
    yield made
    made.close()


@pytest.mark.parametrize("name", [name for name in DATE_PARTS if name != "$dateFromParts"])
def test_fields_in_time_zones(twins: Twins, name: str) -> None:
    pairs = itertools.product([*MOMENTS, *OTHERS], ZONES[::3])
    agree_for_each(twins, {name: {"date": "$a", "timezone": "$b"}}, pairs)


def test_time_zones(twins: Twins) -> None:
    written = {"$dateToString": {"date": "$a", "timezone": "$b", "format": "%Y-%m-%dT%H:%M:%S%z %Z"}}
    agree_for_each(twins, written, itertools.product(MOMENTS[:8], ZONES))


def moment(random: random.Random) -> Any:
    if random.random() < 0.2:
        return random.choice([*MOMENTS, *OTHERS])
    # Around the days on which clocks change.
    day = random.choice(
        [datetime(2021, 3, 13), datetime(2021, 11, 6), datetime(2021, 4, 3), datetime(1970, 1, 1)]
    )
    return day + timedelta(milliseconds=random.randrange(3 * 86_400_000))


AMOUNTS = [*(0, 1, -1, 13, 100, 2.0, 2.5, Int64(2**33), 2**62, Decimal128("3"), "x"), None, ...]


@pytest.mark.parametrize("unit", [*sorted(UNITS), "Day", 5])
@pytest.mark.parametrize(
    "expression",
    [
        {"$dateAdd": {"startDate": "$a", "amount": "$b", "timezone": "$c"}},
        {"$dateSubtract": {"startDate": "$a", "amount": "$b"}},
        {"$dateDiff": {"startDate": "$a", "endDate": "$b", "timezone": "$c"}},
        {"$dateDiff": {"startDate": "$a", "endDate": "$b", "startOfWeek": "$c"}},
        {"$dateTrunc": {"date": "$a", "binSize": "$b", "timezone": "$c"}},
        {"$dateTrunc": {"date": "$a", "startOfWeek": "$c"}},
    ],
    ids=str,
)
def test_arithmetic(twins: Twins, expression: dict[str, dict[str, Any]], unit: Any) -> None:
    [(name, arguments)] = expression.items()
    chosen = random.Random(f"{name}{unit}")

    def operands() -> Iterator[tuple[Any, ...]]:
        for _ in range(12):
            second = moment(chosen) if name == "$dateDiff" else chosen.choice(AMOUNTS)
            weekday = chosen.choice(["mon", "SATURDAY", "bad", 5, ...])
            third = weekday if "startOfWeek" in arguments else chosen.choice(ZONES)
            yield moment(chosen), second, third

    agree_for_each(twins, {name: {**arguments, "unit": {"$literal": unit}}}, operands())


PARTS = [0, 1, -1, 13, 60, 2021, 2.0, 2.5, 32768, -32769, "x", None, ...]


@pytest.mark.parametrize(
    "names",
    [("year", "month", "day"), ("year", "hour", "timezone"), ("isoWeekYear", "isoWeek", "isoDayOfWeek")],
)
def test_dates_from_parts(twins: Twins, names: tuple[str, ...]) -> None:
    arguments = {name: f"${field}" for name, field in zip(names, "abc", strict=True)}
    chosen = random.Random(str(names))
    years, zones = [2021, 2021, 1, 9999, 0, 10000, "x"], [*ZONES[:6], "Nowhere"]
    operands = (
        (chosen.choice(years), chosen.choice(PARTS), chosen.choice(zones if "timezone" in names else PARTS))
        for _ in range(60)
    )
    agree_for_each(twins, {"$dateFromParts": arguments}, operands)


NUMBERS: list[Any] = [
    *(0, -1, 2**31 - 1, Int64(5), 2**31, 2**62, 0.0, -0.0, 2.5, -2.5, 2147483647.5, 1e16, 1e20, 0.1, 1 / 3),
    *(1e-5, 123456.789, float("nan"), float("inf"), 1e300, 5e-324),
    *map(Decimal128, ("2.5", "-2.5", "NaN", "-Infinity", "1E+400", "1E-320", "9223372036854775807.9", "0.0")),
]
STRINGS = [
    *("", "a", "1", "-5", "+5", " 5", "5 ", "5.5", "1e3", "0x10", "-0x10", "1_0", "nan", "-inf", ".5", "1."),
    *(
        "1e400",
        "1e-310",
        "1E7000",
        "2147483648",
        "9223372036854775808",
        "12345678901234567890123456789012349",
    ),
    *("true", "2020-01-02T03:04:05.678Z", "2020-01-02", "5f" * 12, "5F" * 12, "z" * 24, "٣", "1E-6177"),
]
REST: list[Any] = [True, False, b"x", {}, {"a": 1}, Regex("a")]


@pytest.mark.parametrize("name", [*CONVERSION, "$isNumber"])
def test_conversions(twins: Twins, name: str) -> None:
    agree_for_each(twins, {name: ["$a"]}, zip([*MOMENTS, *OTHERS, *NUMBERS, *STRINGS, *REST]))


TARGETS = [
    *("int", "string", "objectId", "minKey", "missing", "number", "bad"),
    1,
    8.0,
    8.5,
    20,
    -1,
    True,
    None,
    ...,
]


def test_convert(twins: Twins) -> None:
    convert = {"input": "$a", "to": "$b", "onError": "$c", "onNull": "null"}
    for arguments in (convert, {"input": "$a", "to": "$b"}):
        operands = itertools.product([5, "x", None, datetime(2020, 1, 1)], TARGETS, ["error"])
        agree_for_each(twins, {"$convert": arguments}, operands)


WHOLE = [
    *("2020-02-03T04:05:06.789Z", "2020-02-03 04:05:06", "20200203T040506+05:30", "3 Feb 2020 4:05 PM"),
    *("Mon, 03 Feb 2020 04:05:06 GMT", "02/03/2020", "2020-W06-1", "2020-02-03 +1 day", "@1580702706"),
]


def test_dates_from_text(twins: Twins) -> None:
    chosen = random.Random(1)

    def damaged(text: str) -> str:
        at = chosen.randrange(len(text))
        return (
            text[:at]
            + chosen.choice(["", "0", "9", "-", ":", " ", "Z", "+"])
            + text[at + chosen.randrange(2) :]
        )

    texts = [*WHOLE, *(damaged(text) for text in WHOLE for _ in range(25))]
    agree_for_each(twins, {"$dateFromString": {"dateString": "$a"}}, zip(texts))
    zoned = {"$dateFromString": {"dateString": "$a", "timezone": "$b", "onError": "error", "onNull": "null"}}
    agree_for_each(twins, zoned, itertools.product([*WHOLE, *OTHERS], ZONES[::4]))


FORMATS = [
    "%Y-%m-%d",
    "%Y-%m-%d %H:%M:%S.%L",
    "%G-W%V-%u",
    "%Y%m%d %z",
    "%d.%m.%Y %Z%%",
    "%q",
    "%",
    "",
    5,
    None,
]


def test_dates_by_format(twins: Twins) -> None:
    texts = ["2020-02-03", "2020-2-30", "2020-W06-1", "20200203 +0530", "3.2.2020 -90%", "", "x"]
    read = {"$dateFromString": {"dateString": "$a", "format": "$b"}}
    agree_for_each(twins, read, itertools.product([*texts, *OTHERS[:3]], FORMATS))
    written = {"$dateToString": {"date": "$a", "format": "$b", "onNull": "null"}}
    agree_for_each(twins, written, itertools.product([*MOMENTS, *OTHERS], FORMATS))


@pytest.mark.parametrize(
    "expression",
    [
        {"$year": 5},
        {"$toInt": "x"},
        {"$hour": {"date": datetime(2020, 1, 1), "timezone": "Nowhere"}},
        {"$hour": {"date": "$a", "timezone": "Nowhere"}},
        {"$dateToString": {"date": "$a", "format": "%q"}},
        {"$dateTrunc": {"date": "$a", "unit": "day", "binSize": 0}},
        {"$convert": {"input": "$a", "to": "bad"}},
        {"$convert": {"input": "5", "to": "int", "onError": {"$toInt": "x"}}},
    ],
    ids=str,
)
def test_what_is_refused_before_anything_is_read(twins: Twins, expression: Any) -> None:
    twins.start([{"_id": 1}])
    stages = [{"$match": {"_id": 2}}, {"$project": {"v": expression}}]
    twins.agree({"aggregate": "c", "pipeline": stages, "cursor": {}})
