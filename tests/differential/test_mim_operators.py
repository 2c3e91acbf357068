"""Expression operators, stages and accumulators of the embedded engine against a server, one by one."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

import pytest
from bson import Decimal128, Int64
from differential.test_mim_core import Twins

from ming.mim.expressions.all_functions import FUNCTIONS
from ming.mim.expressions.functions_trigonometry import TRIGONOMETRY

pytestmark = pytest.mark.mongod

LONGEST, MOMENT = Int64(2**63 - 1), datetime(2020, 1, 1)
VALUES: list[Any] = [
    *(0, -1, 7, 2**31 - 1, Int64(5), LONGEST, 2.5, -0.5, 0.0, 0.1, 1e16, math.inf, math.nan),
    *(Decimal128("2.50"), Decimal128("-7"), None, ..., True, "", "aé", MOMENT, b"x"),
    *({}, {"k": "a", "v": 1}, {"a": None}, [], [1], [0.1] * 10, [3, None, "b", [1]]),
    *([{"a": 1}, {"a": 2}], [["a", 1], ["b", 2]], [["a"]], [[1, 2]], [[1], 4], [["a", 1], 4]),
    *([{"k": "a", "v": 1}], [{"k": 1, "v": 1}], [{"k": "a", "w": 1}], [{"k": "a", "v": 1}, 4]),
]
"""``...`` stands for a field that is not there."""
DOCUMENTS: list[dict[str, Any]] = [
    {"a": 1, "b": {"c": [1, 2, 3]}, "d": {"x": 1}},
    {"a": 1.0, "b": {"c": []}, "d": {"x": 2, "y": 1}},
    {"a": "x", "b": [{"c": 4}], "d": None},
    {"b": {"c": None}},
]


INEXACT = frozenset((*TRIGONOMETRY, "$exp", "$ln", "$log", "$log10", "$pow"))
"""Operators for which the last digit of the server's decimals may be off by one."""


def comparable(name: str, *operands: Any) -> bool:
    """Whether the outcome for the operands is the same on every machine, and can be held by Python."""
    if name in INEXACT and any(isinstance(operand, Decimal128) for operand in operands):
        return False
    # The sign of the server's NaN is the processor's, and Python has no dates so far away.
    signed = name == "$mod" and operands[0] == math.inf
    return not signed and not (MOMENT in operands and LONGEST in operands)


@pytest.fixture(scope="module")
def twins(mongod_uri: str) -> Iterator[Twins]:
    made = Twins(mongod_uri)
    yield made
    made.close()


def agree_on(twins: Twins, *stages: dict[str, Any], ordered: bool = True, codes: bool = True) -> None:
    twins.agree({"aggregate": "c", "pipeline": list(stages), "cursor": {}}, ordered, codes)


def agree_for_each(twins: Twins, expression: Any, operands: Iterable[tuple[Any, ...]]) -> None:
    """Evaluate an expression of the fields a, b and c for each tuple of their values."""
    documents = [
        {"_id": at, **{name: value for name, value in zip("abc", values, strict=False) if value is not ...}}
        for at, values in enumerate(operands)
    ]
    twins.start(documents)
    for at in range(len(documents)):
        agree_on(twins, {"$match": {"_id": at}}, {"$project": {"_id": 0, "v": expression}})


@pytest.mark.parametrize("name", [name for name, function in FUNCTIONS.items() if function.fewest <= 1])
def test_operators_of_one_operand(twins: Twins, name: str) -> None:
    agree_for_each(twins, {name: ["$a"]}, ((value,) for value in VALUES if comparable(name, value)))


@pytest.mark.parametrize("name", [name for name, function in FUNCTIONS.items() if function.most >= 2])
def test_operators_of_two_operands(twins: Twins, name: str) -> None:
    pairs = itertools.product(VALUES[::3], VALUES[1::3])
    agree_for_each(twins, {name: ["$a", "$b"]}, (pair for pair in pairs if comparable(name, *pair)))


@pytest.mark.parametrize("count", [1, 5, 0, -1, 2.5, "x", None, 2**40])
def test_slices_of_three_operands(twins: Twins, count: Any) -> None:
    starts = (0, 1, -2, -9, 9, 1.5, "x", None)
    agree_for_each(twins, {"$slice": ["$a", "$b", "$c"]}, (([1, 2, 3], start, count) for start in starts))


@pytest.mark.parametrize("name", ["$substr", "$substrBytes", "$substrCP"])
def test_substrings(twins: Twins, name: str) -> None:
    texts, bounds = ("abc", "aéb", 7, None, ["a"]), (0, 1, 2, 9, -1, 1.5, "x")
    agree_for_each(twins, {name: ["$a", "$b", "$c"]}, itertools.product(texts, bounds, bounds))


@pytest.mark.parametrize("name", ["$indexOfArray", "$indexOfBytes", "$indexOfCP"])
@pytest.mark.parametrize("start", [0, 2, 3, 9, -1, 1.0, 1.5, None])
def test_places(twins: Twins, name: str, start: Any) -> None:
    searched = (["a", "b"], "éab", "") if name != "$indexOfArray" else ([1, "b", 2.0, "b"],)
    operands = itertools.product(searched, ("b", "", "éa", 2), (0, 1, 3, 9, "x"))
    agree_for_each(twins, {name: ["$a", "$b", start, "$c"]}, operands)
    agree_for_each(twins, {name: ["$a", "$b", start]}, itertools.product(searched, ("b", "", 2)))


@pytest.mark.parametrize("name", ["$round", "$trunc"])
def test_rounding(twins: Twins, name: str) -> None:
    numbers = (
        1255,
        -1250,
        Int64(1350),
        2**31 - 1,
        LONGEST,
        1234.5678,
        2.675,
        -0.05,
        1e20,
        Decimal128("1.255"),
    )
    places = (0, 1, 2, -1, -2, -20, 30, 101, 1.0, 1.5, "x", None)
    agree_for_each(twins, {name: ["$a", "$b"]}, itertools.product(numbers, places))


SWITCH = {"branches": [{"case": {"$gt": ["$a", 1]}, "then": "more"}, {"case": "$b.c", "then": "c"}]}


@pytest.mark.parametrize(
    "expression",
    [
        {"$switch": SWITCH},
        {"$switch": {**SWITCH, "default": "$d"}},
        {"$switch": {"branches": []}},
        {"$cond": {"if": "$d", "then": "$a", "else": "$none"}},
        {"$cond": {"if": "$d", "then": "$a"}},
        {"$let": {"vars": {"n": {"$ifNull": ["$d.x", 5]}}, "in": {"$add": ["$$n", 1]}}},
        {"$let": {"vars": {"d": "$d.x"}, "in": ["$$d", "$d", "$$none"]}},
        {"$reduce": {"input": "$b.c", "initialValue": 0, "in": {"$add": ["$$value", "$$this"]}}},
        {"$filter": {"input": "$b.c", "cond": {"$gt": ["$$this", 1]}, "limit": 1}},
        {"$map": {"input": "$b.c", "as": "n", "in": {"$multiply": ["$$n", "$d.x"]}}},
        {"$map": {"input": "$b.c", "inn": 1}},
        "$$ROOT.d.x",
        "$$REMOVE",
        "$",
        "$a..b",
    ],
    ids=str,
)
def test_forms(twins: Twins, expression: Any) -> None:
    for document in DOCUMENTS:
        twins.start([{"_id": 1, **document}])
        agree_on(twins, {"$addFields": {"v": expression}})


@pytest.mark.parametrize(
    "stage",
    [
        {"$unwind": "$b.c"},
        {"$unwind": "$none"},
        {"$unwind": "b"},
        {"$unwind": {"path": "$b.c", "preserveNullAndEmptyArrays": True}},
        {"$unwind": {"path": "$b.c", "includeArrayIndex": "at"}},
        {"$unwind": {"path": "$b.c", "includeArrayIndex": "at", "preserveNullAndEmptyArrays": True}},
        {"$unwind": {"path": "$b", "sparse": True}},
        {"$unset": ["a", "b.c"]},
        *({"$unset": wrong} for wrong in ([], 3, [3])),
        {"$replaceRoot": {"newRoot": {"x": "$d"}}},
        {"$replaceRoot": {"newRoot": "$d"}},
        *({"$replaceRoot": wrong} for wrong in ({}, 3, {"root": "$d"}, {"newRoot": "$d", "x": 1})),
        {"$project": {"n": {"$size": {"$ifNull": ["$b.c", []]}}, "d.x": 1}},
        {"$project": {}},
        {"$limit": 2},
        {"$limit": 0},
        {"$skip": 3},
        {"$skip": -1},
        {"$count": "n"},
        *({"$count": wrong} for wrong in (3, "", "$n", "a.b")),
        {"$sort": {}},
        {"$nonsense": 1},
        {"$limit": 1, "$skip": 1},
    ],
    ids=str,
)
def test_stages(twins: Twins, stage: dict[str, Any]) -> None:
    twins.start([{"_id": at, **document} for at, document in enumerate(DOCUMENTS)])
    agree_on(twins, {"$sort": {"_id": 1}}, stage)


@pytest.mark.parametrize(
    "fields",
    [
        {"v": {"$mergeObjects": "$d"}},
        {"v": {"$mergeObjects": "$a"}},
        {"v": {"$count": {}}},
        {"v": {"$count": 1}},
        {"v": {"$max": "$b"}, "w": {"$min": "$a"}},
        {"v": {"$push": ["$a"]}},
        {"v": {"$sum": ["$a", "$b"]}},
        {"v": {"$sum": "$a", "$avg": "$a"}},
        {"v": {"$nonsense": 1}},
        {"v": 1},
        {"v.w": {"$sum": 1}},
        {"$v": {"$sum": 1}},
    ],
    ids=str,
)
@pytest.mark.parametrize("key", [None, "$a"])
def test_accumulators(twins: Twins, key: Any, fields: dict[str, Any]) -> None:
    twins.start([{"_id": at, **document} for at, document in enumerate(DOCUMENTS)])
    agree_on(twins, {"$sort": {"_id": 1}}, {"$group": {"_id": key, **fields}}, ordered=False, codes=False)


def test_distinct_values_of_groups(twins: Twins) -> None:
    twins.start([{"_id": at, **document} for at, document in enumerate(DOCUMENTS)])
    each = {"$group": {"_id": None, "v": {"$addToSet": "$a"}}}
    agree_on(twins, {"$sort": {"_id": 1}}, each, {"$unwind": "$v"}, {"$project": {"_id": 0}}, ordered=False)
    agree_on(twins, {"$sortByCount": "$a"}, {"$project": {"count": 1, "_id": 0}})
