"""Dates written as text and read from it, with the values and codes that a server answered."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from bson import ObjectId, Timestamp
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


def written(date: Any, **others: Any) -> Document:
    return {"$dateToString": {"date": date, **others}}


def read(text: Any, **others: Any) -> Document:
    return {"$dateFromString": {"dateString": text, **others}}


WRITTEN: list[tuple[Any, Any]] = [
    (written("$a"), "2021-03-04T05:06:07.089Z"),
    (written("$a", timezone="-03:30"), "2021-03-04T01:36:07.089Z"),
    (
        written("$a", format="%Y-%m-%d %H:%M:%S.%L %z %Z %% é", timezone="Asia/Kolkata"),
        "2021-03-04 10:36:07.089 +0530 330 % é",
    ),
    (written("$w", format="%G %V %u %w %U %j"), "2020 53 7 1 01 003"),
    (written("$a", format="%z/%Z", timezone="+99:99"), "+10039/6039"),
    (written(datetime(1880, 1, 1), format="%z/%Z", timezone="America/New_York"), "-0456/-296"),
    (written("$far", format="%m"), "09"),
    (written("$o"), "2020-09-14T12:17:35.000Z"),
    (written(datetime(1, 1, 1)), "0001-01-01T00:00:00.000Z"),
    (written(datetime(9999, 12, 31, 23), format=""), ""),
    (written("$none", onNull="$x"), 5),
    (written("$none", format="$none", onNull="N"), "N"),
    (written("$x", format="$none"), None),
    (written("$x", timezone="$none", onNull="N"), None),
    (written("$a", onNull={"$divide": [1, "$zero"]}), "2021-03-04T05:06:07.089Z"),
    (written(datetime(2050, 7, 1), format="%H%z", timezone="Europe/Paris"), "02+0200"),
    (written(DatetimeMS(400000000000000), format="%m-%d %H%z", timezone="Europe/Paris"), "06-30 17+0200"),
]
"""Dates as text."""

READ: list[tuple[Any, Any]] = [
    (read("2021-03-04", timezone="America/New_York"), datetime(2021, 3, 4, 5)),
    (read("2021-03-04", timezone="+05"), datetime(2021, 3, 3, 19)),
    (read("1969-12-31T23:59:59.9991Z"), datetime(1970, 1, 1)),
    (read("1960-01-01T00:00:00.12345"), datetime(1960, 1, 1, 0, 0, 0, 124000)),
    (read("1970-01-01T00:00:00.9999Z"), datetime(1970, 1, 1, 0, 0, 0, 999000)),
    (read("2021-03-04", timezone=None), None),
    (read("2021-03-04", format=None), None),
    (read("$none"), None),
    (read("$none", onNull="N", timezone="$none"), "N"),
    (read("$x", onError="E", timezone="$none"), "E"),
    (read("$bad", timezone="$none", onError="E"), None),
    (read("$bad", onError={"$add": ["$x", 1]}), 6),
    (read("2021-03-04Z", timezone="UTC", onError="E"), "E"),
    (
        read("2021-03-04", onError={"$divide": [1, "$zero"]}, onNull={"$divide": [1, "$zero"]}),
        datetime(2021, 3, 4),
    ),
]
"""Dates from text, beside the text itself."""


@pytest.mark.parametrize(("expression", "expected"), [*WRITTEN, *READ], ids=str)
def test_values(expression: Any, expected: Any) -> None:
    assert evaluated(expression, DOCUMENT) == value(expected)


TEXTS: dict[str, Any] = {
    "2020-02-03": datetime(2020, 2, 3),
    "2020-02-03T04:05:06Z": datetime(2020, 2, 3, 4, 5, 6),
    "2020-02-03T04:05:06.7891239Z": datetime(2020, 2, 3, 4, 5, 6, 789000),
    "2020-02-03T04:05:06+05:30": datetime(2020, 2, 2, 22, 35, 6),
    "2020-02-03T04:05:06-05": datetime(2020, 2, 3, 9, 5, 6),
    "2020-02-03 04:05:06 EST": datetime(2020, 2, 3, 9, 5, 6),
    "2020-02-03 04:05 PM": datetime(2020, 2, 3, 16, 5),
    "2020-02-03 12am": datetime(2020, 2, 3),
    "2020-02-03 noon": datetime(2020, 2, 3, 12),
    "20200203T040506": datetime(2020, 2, 3, 4, 5, 6),
    "20200203040506": datetime(2020, 2, 3, 4, 5, 6),
    "20200203 1020": datetime(2020, 2, 3, 10, 19, 59, 900000),
    "2020-2-3": datetime(2020, 2, 3),
    "2020/2/3": datetime(2020, 2, 3),
    "02/03/2020": datetime(2020, 2, 3),
    "02-03-2020": datetime(2020, 3, 2),
    "3.2.2020": datetime(2020, 2, 3),
    "20-02-03": datetime(2020, 2, 3),
    "22.12.78": datetime(1978, 12, 22),
    "3 February 2020": datetime(2020, 2, 3),
    "22DEC78": datetime(1978, 12, 22),
    "14 III 1879": datetime(1879, 3, 14),
    "3-Feb-2020": datetime(2020, 2, 3),
    "Feb 3rd, 2020": datetime(2020, 2, 3),
    "2020-Feb-03": datetime(2020, 2, 3),
    "Feb 2020": datetime(2020, 2, 1),
    "2020 Feb": datetime(2020, 2, 1),
    "2020-02": datetime(2020, 2, 1),
    "Mon, 03 Feb 2020 04:05:06 GMT": datetime(2020, 2, 3, 4, 5, 6),
    "Mon Feb  3 04:05:06 2020": datetime(2020, 2, 3, 4, 5, 6),
    "Monday 2017-07-04": datetime(2017, 7, 10),
    "10/Oct/2000:13:55:36 -0700": datetime(2000, 10, 10, 20, 55, 36),
    "2008:08:07 18:11:31": datetime(2008, 8, 7, 18, 11, 31),
    "2020-W06": datetime(2020, 2, 3),
    "2020-W06-7": datetime(2020, 2, 9),
    "2020W067": datetime(2020, 2, 9),
    "2020-031": datetime(2020, 1, 31),
    "@1580702706": datetime(2020, 2, 3, 4, 5, 6),
    "@-1.5": datetime(1969, 12, 31, 23, 59, 58, 500000),
    "2020-02-03 +1 day -2 hours": datetime(2020, 2, 3, 22),
    "2020-01-31 +1 month": datetime(2020, 3, 2),
    "2020-02-03 2 weeks ago": datetime(2020, 1, 20),
    "2020-02-03 tomorrow": datetime(2020, 2, 4),
    "2020-02-03 10:00 today": datetime(2020, 2, 3),
    "2020-02-03 now": datetime(2020, 2, 3),
    "  2020-02-03 , 04:05  ": datetime(2020, 2, 3, 4, 5),
    "-2020-02-03": DatetimeMS(-125909424000000),
    "2020-02-03x": datetime(2020, 2, 3, 11),
    "Fri 2020-02-03 04:05:06": datetime(2020, 2, 7, 4, 5, 6),
    "2020-02-03T04:05:06.5-08:00": datetime(2020, 2, 3, 12, 5, 6, 500000),
    "2020-02-03 10:20:30:500PM": datetime(2020, 2, 3, 22, 20, 30, 500000),
    "2020-02-03 (UTC)": datetime(2020, 2, 3),
    "2020-02-03 GMT-3": datetime(2020, 2, 3, 3),
    "2020-02-03 +053": datetime(2020, 2, 2, 23, 7),
}
"""Texts of no given format, and the dates that they are."""


@pytest.mark.parametrize("text", TEXTS)
def test_dates_of_no_given_format(text: str) -> None:
    assert evaluated(read("$text"), {"text": text}) == value(TEXTS[text])
    assert evaluated({"$toDate": "$text"}, {"text": text}) == value(TEXTS[text])


NO_DATES: list[str] = [
    "",
    "x",
    "2020",
    "202002",
    "2/3",
    "Feb 3",
    "04:05",
    "now",
    "tomorrow",
    "2020-02-03T04:05:06,789Z",
    "2020-02-03 04",
    "2020-02-30",
    "2019-02-29",
    "2020-13-01",
    "2020-00-01",
    "2020-01-00",
    "2020-034",
    "2020-02-03T24:00:00Z",
    "2020-02-03T25:00:00Z",
    "2020-02-03T04:05:60Z",
    "2020-02-03 America/New_York",
    "2020-02-03 XYZ",
    "2020-02-03 EST EST",
    "2020-02-03 2020-02-03",
    "2020-02-03 1:00 2:00",
    "2020-02-03[UTC]",
    "2020-02-03;",
    "25/12/1995",
    "Mon Feb 03 2020 04:05:06 GMT+0100 (CET)",
    "2020-02-03 +25:99",
    "2020-02-03 12345",
    "@1Z",
]


@pytest.mark.parametrize("text", NO_DATES)
def test_texts_that_are_no_dates(text: str) -> None:
    assert refusal(read("$text"), {"text": text}) == 241


BY_FORMAT: list[tuple[str, str, Any]] = [
    ("2020-2-3", "%Y-%m-%d", datetime(2020, 2, 3)),
    ("20-02-03", "%Y-%m-%d", datetime(20, 2, 3)),
    ("20200203", "%Y%m%d", datetime(2020, 2, 3)),
    ("2020-02-03T04:05:06.78", "%Y-%m-%dT%H:%M:%S.%L", datetime(2020, 2, 3, 4, 5, 6, 780000)),
    ("2020-06-1", "%G-%V-%u", datetime(2020, 2, 3)),
    ("2019-53", "%G-%V", datetime(2019, 12, 30)),
    ("2020", "%G", datetime(2019, 12, 30)),
    ("100% é 2020-02-03", "100%% é %Y-%m-%d", datetime(2020, 2, 3)),
    ("2020-02-03 +0530", "%Y-%m-%d %z", datetime(2020, 2, 2, 18, 30)),
    ("2020-02-03 +5:30", "%Y-%m-%d %z", datetime(2020, 2, 2, 18, 30)),
    ("2020-02-03 +123456", "%Y-%m-%d %z", datetime(2020, 2, 2, 11, 25, 4)),
    ("2020-02-03 ((EST))", "%Y-%m-%d %z", datetime(2020, 2, 3, 5)),
    ("2020-02-03 GMT-3", "%Y-%m-%d %z", datetime(2020, 2, 3, 3)),
    ("2020-02-03 -330", "%Y-%m-%d %Z", datetime(2020, 2, 3, 5, 30)),
    ("2020-02-03 +", "%Y-%m-%d %Z", datetime(2020, 2, 3)),
    ("2020-02-03 2021", "%Y-%m-%d %Y", datetime(2021, 2, 3)),
    ("2020-02-03 05", "%Y-%m-%d %M", datetime(2020, 2, 3, 0, 5)),
]


@pytest.mark.parametrize(("text", "format_", "expected"), BY_FORMAT)
def test_dates_of_a_format(text: str, format_: str, expected: Any) -> None:
    assert evaluated(read("$text", format=format_), {"text": text}) == value(expected)


NOT_OF_FORMAT: list[tuple[str, str]] = [
    ("2020-02-03x", "%Y-%m-%d"),
    (" 2020-02-03", "%Y-%m-%d"),
    ("02020-02-03", "%Y-%m-%d"),
    ("2020-02-30", "%Y-%m-%d"),
    ("2020-02", "%Y-%m-%d"),
    ("2020-02", "%Y-%m"),
    ("2020", "%Y"),
    ("", "%Y"),
    ("2020-02-03 4", "%Y-%m-%d %M"),
    ("2020-02-03 24", "%Y-%m-%d %H"),
    ("2020-54", "%G-%V"),
    ("2020-1-8", "%G-%V-%u"),
    ("06-1", "%V-%u"),
    ("2020-02-03 1", "%Y-%m-%d %u"),
    ("2020/02", "%Y-%m"),
    ("2020-02-03 330", "%Y-%m-%d %Z"),
    ("2020-02-03 gmt+3", "%Y-%m-%d %z"),
    ("2020-02-03 +12345", "%Y-%m-%d %z"),
    ("2020-02-03 X", "%Y-%m-%d x"),
]


@pytest.mark.parametrize(("text", "format_"), NOT_OF_FORMAT)
def test_texts_not_of_a_format(text: str, format_: str) -> None:
    assert refusal(read("$text", format=format_), {"text": text}) == 241


REFUSED: list[tuple[Any, int]] = [
    (written("$x"), 16006),
    (written("$none", format=3, timezone=4), 18533),
    (written("$none", format="%Y", timezone=4), 40517),
    (written("$none", format="%q"), 18536),
    (written("$a", format="x%"), 18535),
    (written("$a", timezone="x"), 40485),
    (written("$far"), 18537),
    (written(DatetimeMS(-62167219200000), format="%G"), 18537),
    ({"$dateToString": {"format": "%Y"}}, 18628),
    (written("$a", x=1), 18534),
    ({"$dateToString": "$a"}, 18629),
    (read("$x"), 241),
    (read("$bad"), 241),
    (read("$none", timezone="bad"), 40485),
    (read("$none", format="%j", onNull="N"), 18536),
    (read("$bad", format="%", onError="E"), 18535),
    (read("$bad", format=5, onError="E"), 40684),
    (read("2021-03-04Z", timezone="UTC"), 241),
    (read("2021-03-04+01", timezone="UTC"), 241),
    (read("@5", timezone="UTC"), 241),
    (read("2021-03-04", timezone=5), 40517),
    (read("$bad", onError={"$divide": [1, "$zero"]}), 2),
    ({"$dateFromString": {}}, 40542),
    ({"$dateFromString": "$s"}, 40540),
    (read("x", x=1), 40541),
]
"""What the server does not accept, with its codes."""


@pytest.mark.parametrize(("expression", "code"), REFUSED, ids=str)
def test_refusals(expression: Any, code: int) -> None:
    assert refusal(expression, DOCUMENT) == code


@pytest.mark.parametrize("text", ["first day of May 2020", "2020-02-03 next friday", "2020-02-03 3 weekdays"])
def test_unbuilt_ways_to_count_from_a_date_say_so(text: str) -> None:
    with pytest.raises(NotImplementedError, match="dates relative to others"):
        evaluated({"$toDate": "$text"}, {"text": text})
