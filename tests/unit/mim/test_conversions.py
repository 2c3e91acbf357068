"""Conversions of values, with the values and codes that a server answered."""

from __future__ import annotations

import math
from datetime import datetime
from typing import Any

import bson
import pytest
from bson import Decimal128, Int64, MinKey, ObjectId, Timestamp
from bson.datetime_ms import DatetimeMS
from unit.mim.evaluation import Document, evaluated, refusal, value

from ming.mim.commands.core import Engine
from ming.mim.data.errors import CommandError

MISSING = bson.encode({})
MOMENT = datetime(2021, 3, 4, 5, 6, 7, 89000)


CONVERTED: dict[str, list[tuple[Any, Any]]] = {
    "$toBool": [
        (0, False),
        (-5, True),
        (0.0, False),
        (math.nan, True),
        (Decimal128("-0"), False),
        ("", True),
        ("false", True),
        (ObjectId("5f" * 12), True),
        (MOMENT, True),
        (Timestamp(5, 6), True),
        (b"", True),
        ({}, True),
        ([], True),
        (MinKey(), True),
        (None, None),
    ],
    "$toInt": [
        (True, 1),
        (Int64(5), 5),
        (-2.5, -2),
        (2147483647.0, 2147483647),
        (Decimal128("2147483647.9"), 2147483647),
        (Decimal128("-2.5"), -2),
        ("12", 12),
        ("-5", -5),
        ("+5", 5),
        ("010", 10),
        (None, None),
    ],
    "$toLong": [
        (False, Int64(0)),
        (5, Int64(5)),
        (1e16, Int64(10000000000000000)),
        (-2147483648.9, Int64(-2147483648)),
        (9.223372036854775e18, Int64(9223372036854774784)),
        (Decimal128("9223372036854775807.9"), Int64(9223372036854775807)),
        ("9223372036854775807", Int64(9223372036854775807)),
        (MOMENT, Int64(1614834367089)),
        (DatetimeMS(1000000000000000), Int64(1000000000000000)),
        (None, None),
    ],
    "$toDouble": [
        (True, 1.0),
        (5, 5.0),
        (Int64(4611686018427387904), 4.611686018427388e18),
        (Decimal128("0.1"), 0.1),
        (Decimal128("NaN"), math.nan),
        (Decimal128("-Infinity"), -math.inf),
        ("5.5", 5.5),
        (".5", 0.5),
        ("1.", 1.0),
        ("1e3", 1000.0),
        ("-0x10", -16.0),
        ("0X1p3", 8.0),
        ("inf", math.inf),
        ("-Infinity", -math.inf),
        ("nan(abc)", math.nan),
        ("00.5", 0.5),
        ("1e0001", 10.0),
        ("2.2250738585072014e-308", 2.2250738585072014e-308),
        ("0e-400", 0.0),
        (MOMENT, 1614834367089.0),
        (None, None),
    ],
    "$toDecimal": [
        (True, Decimal128("1")),
        (-5, Decimal128("-5")),
        (Int64(4611686018427387904), Decimal128("4611686018427387904")),
        (0.1, Decimal128("0.100000000000000")),
        (2.5, Decimal128("2.50000000000000")),
        (1e16, Decimal128("1.00000000000000E+16")),
        (0.3333333333333333, Decimal128("0.333333333333333")),
        (0.0, Decimal128("0")),
        (-0.0, Decimal128("-0")),
        (math.inf, Decimal128("Infinity")),
        (math.nan, Decimal128("NaN")),
        ("5.50", Decimal128("5.50")),
        ("1e3", Decimal128("1E+3")),
        (".5", Decimal128("0.5")),
        ("5.", Decimal128("5")),
        ("-inf", Decimal128("-Infinity")),
        ("NaN", Decimal128("NaN")),
        ("1E-6176", Decimal128("1E-6176")),
        ("0E7000", Decimal128("0E+6111")),
        ("12345678901234567890123456789012349", Decimal128("1.234567890123456789012345678901234E+34")),
        ("1E6144", Decimal128("1.000000000000000000000000000000000E+6144")),
        (MOMENT, Decimal128("1614834367089")),
        (None, None),
    ],
    "$toString": [
        (True, "true"),
        (5, "5"),
        (Int64(1099511627776), "1099511627776"),
        (2.0, "2"),
        (0.1, "0.1"),
        (0.3333333333333333, "0.333333"),
        (10000000000.0, "1e+10"),
        (123456.789, "123457"),
        (1e-05, "1e-05"),
        (-0.0, "-0"),
        (math.nan, "NaN"),
        (-math.inf, "-Infinity"),
        (Decimal128("1E+3"), "1E+3"),
        (Decimal128("0.0"), "0.0"),
        ("x", "x"),
        (ObjectId("5f" * 12), "5f" * 12),
        (MOMENT, "2021-03-04T05:06:07.089Z"),
        (datetime(1, 1, 1), "0001-01-01T00:00:00.000Z"),
        (DatetimeMS(-62167219200000), "0000-01-01T00:00:00.000Z"),
        (None, None),
    ],
    "$toDate": [
        (Int64(5), datetime(1970, 1, 1, 0, 0, 0, 5000)),
        (2.9, datetime(1970, 1, 1, 0, 0, 0, 2000)),
        (-2.9, datetime(1969, 12, 31, 23, 59, 59, 998000)),
        (Decimal128("3.5"), datetime(1970, 1, 1, 0, 0, 0, 3000)),
        (1e16, DatetimeMS(10000000000000000)),
        ("2020-01-02T03:04:05.678Z", datetime(2020, 1, 2, 3, 4, 5, 678000)),
        ("2020-01-02", datetime(2020, 1, 2)),
        (ObjectId("5f" * 12), datetime(2020, 9, 14, 12, 17, 35)),
        (Timestamp(5, 6), datetime(1970, 1, 1, 0, 0, 5)),
        (MOMENT, MOMENT),
        (DatetimeMS(1000000000000000), DatetimeMS(1000000000000000)),
        (None, None),
    ],
    "$toObjectId": [
        ("5f" * 12, ObjectId("5f" * 12)),
        ("5F" * 12, ObjectId("5f" * 12)),
        (ObjectId("5f" * 12), ObjectId("5f" * 12)),
        (None, None),
    ],
}
"""Values and what the server makes of them."""


@pytest.mark.parametrize(
    ("operator", "operand", "expected"),
    [(operator, *row) for operator, rows in CONVERTED.items() for row in rows],
)
def test_conversions(operator: str, operand: Any, expected: Any) -> None:
    assert evaluated({operator: "$a"}, {"a": operand}) == value(expected)


REFUSED: list[tuple[str, int, list[Any]]] = [
    (
        "$toInt",
        241,
        [
            Int64(2147483648),
            2147483647.5,
            -2147483648.5,
            math.nan,
            math.inf,
            Decimal128("2147483648"),
            Decimal128("NaN"),
            "",
            "+",
            "5.0",
            " 5",
            "1_0",
            "0x10",
            "٣",
            "9" * 5000,
            "2147483648",
            MOMENT,
            b"5",
            ObjectId("5f" * 12),
            {},
        ],
    ),
    (
        "$toLong",
        241,
        [
            9.3e18,
            9.223372036854776e18,
            Decimal128("9223372036854775808"),
            Decimal128("Infinity"),
            "9223372036854775808",
            "1e3",
            [],
            Timestamp(1, 1),
        ],
    ),
    (
        "$toDouble",
        241,
        [
            "",
            " 5",
            "5 ",
            "0x10",
            "1e",
            "1_0",
            "1e400",
            "5e-324",
            "infinit",
            "--5",
            "nan(1",
            Decimal128("1E+400"),
            Decimal128("1E-320"),
            ObjectId("5f" * 12),
            [],
        ],
    ),
    (
        "$toDecimal",
        241,
        [
            "",
            " 5",
            "0x10",
            "-0x10",
            "1e",
            "1E6145",
            "1E-6177",
            "1.5E-6176",
            "sNaN",
            "1.2.3",
            ObjectId("5f" * 12),
            {},
        ],
    ),
    ("$toString", 241, [Timestamp(1, 1), b"x", [], {}, MinKey()]),
    ("$toString", 18537, [DatetimeMS(1000000000000000)]),
    ("$toDate", 241, [5, True, 1e20, math.nan, "", "x", "2020", "2020-02-30", []]),
    ("$toObjectId", 241, ["", "5f", "g" * 24, "é" * 12, 5, MOMENT]),
]


@pytest.mark.parametrize(
    ("operator", "code", "operand"),
    [(operator, code, operand) for operator, code, operands in REFUSED for operand in operands],
)
def test_refused_conversions(operator: str, code: int, operand: Any) -> None:
    assert refusal({operator: "$a"}, {"a": operand}) == code


FIELDS: Document = {"a": 5, "s": "x", "zero": 0, "far": DatetimeMS(10**15)}
CONVERT: list[tuple[Document, Any]] = [
    ({"input": "$a", "to": "double"}, 5.0),
    ({"input": "$a", "to": 2}, "5"),
    ({"input": "$a", "to": 8.0}, True),
    ({"input": "$a", "to": Decimal128("18")}, Int64(5)),
    ({"input": "$a", "to": None, "onNull": "N"}, None),
    ({"input": "$none", "to": "int"}, None),
    ({"input": "$none", "to": "int", "onNull": "N"}, "N"),
    ({"input": "$none", "to": "$none", "onNull": "N"}, "N"),
    ({"input": "$s", "to": "int", "onError": "E"}, "E"),
    ({"input": "$a", "to": "minKey", "onError": "E"}, "E"),
    ({"input": "$a", "to": "missing", "onError": "E"}, "E"),
    ({"input": "$s", "to": "int", "onError": {"$add": ["$a", 1]}}, 6),
    (
        {
            "input": "$a",
            "to": "int",
            "onError": {"$divide": [1, "$zero"]},
            "onNull": {"$divide": [1, "$zero"]},
        },
        5,
    ),
]


@pytest.mark.parametrize(("argument", "expected"), CONVERT, ids=str)
def test_convert(argument: Document, expected: Any) -> None:
    assert evaluated({"$convert": argument}, FIELDS) == value(expected)


def test_replacements_can_be_missing() -> None:
    assert evaluated({"$convert": {"input": "$s", "to": "int", "onError": "$none"}}, FIELDS) == bson.encode(
        {}
    )
    assert evaluated({"$convert": {"input": None, "to": "int", "onNull": "$none"}}, FIELDS) == MISSING


CONVERT_REFUSED: list[tuple[Any, int]] = [
    ({"input": "$s", "to": "int"}, 241),
    ({"input": "$a", "to": "minKey"}, 241),
    ({"input": "$a", "to": 0}, 241),
    ({"input": "$s", "to": "bad", "onError": "E"}, 2),
    ({"input": "$none", "to": "bad", "onNull": "N"}, 2),
    ({"input": "$none", "to": "number"}, 2),
    ({"input": "$a", "to": 5.5}, 9),
    ({"input": "$a", "to": 20}, 9),
    ({"input": "$a", "to": True}, 9),
    ({"input": "$far", "to": "string", "onError": "E"}, 18537),
    ({"input": {"$divide": [1, "$zero"]}, "to": "int", "onError": "E"}, 2),
    ({"input": "$s", "to": "int", "onError": {"$divide": [1, "$zero"]}}, 2),
    ({"input": "$a"}, 9),
    ({"to": "int"}, 9),
    ({"input": "$a", "to": "int", "foo": 1}, 9),
    ([], 9),
    ("$a", 9),
]


@pytest.mark.parametrize(("argument", "code"), CONVERT_REFUSED, ids=str)
def test_refused_arguments_of_convert(argument: Any, code: int) -> None:
    assert refusal({"$convert": argument}, FIELDS) == code


@pytest.mark.parametrize("operator", ["$toInt", "$toDate", "$toObjectId"])
def test_short_forms_take_one_operand(operator: str) -> None:
    assert refusal({operator: []}, FIELDS) == 50723
    assert refusal({operator: ["$a", "$a"]}, FIELDS) == 50723
    assert evaluated({operator: [None]}, FIELDS) == value(None)


def test_constants_are_converted_before_anything_is_read() -> None:
    stages = [{"$project": {"v": {"$toInt": "x"}}}]
    with pytest.raises(CommandError, match="Failed to parse number 'x'"):
        Engine().command("db", {"aggregate": "none", "pipeline": stages, "cursor": {}})
