"""The stage $setWindowFields, with results and codes of a server."""

from __future__ import annotations

import math
from datetime import datetime
from typing import Any

import pytest
from bson import Int64
from unit.mim.aggregation import aggregated, as_bson, engine_with, refusal

ROWS: list[dict[str, Any]] = [
    {"_id": 1, "p": "a", "n": 1, "d": datetime(2020, 1, 1), "v": 10, "w": 0.1},
    {"_id": 2, "p": "b", "n": 2, "d": datetime(2020, 1, 2), "v": None, "w": 0.7},
    {"_id": 3, "p": "a", "n": 2, "d": datetime(2020, 1, 5), "v": 30, "w": 0.2},
    {"_id": 4, "n": 5, "d": datetime(2020, 2, 1), "w": 5.3},
    {"_id": 5, "p": None, "n": 3.5, "d": datetime(2020, 2, 2), "v": Int64(7), "w": 0.3},
]

BY_NUMBER: list[tuple[Any, Any]] = [
    ({"$sum": "$v"}, [Int64(47), Int64(47), Int64(47), Int64(47), Int64(47)]),
    ({"$sum": "$v", "window": {"documents": ["unbounded", "current"]}}, [10, 10, 40, Int64(47), Int64(47)]),
    ({"$sum": "$v", "window": {"documents": [-1, 0]}}, [10, 10, 30, 37, 7]),
    (
        {"$avg": "$w"},
        [1.3199999999999998, 1.3199999999999998, 1.3199999999999998, 1.3199999999999998, 1.3199999999999998],
    ),
    (
        {"$avg": "$w", "window": {"documents": ["unbounded", "current"]}},
        [0.1, 0.39999999999999997, 0.3333333333333333, 0.32499999999999996, 1.3199999999999998],
    ),
    (
        {"$avg": "$w", "window": {"documents": [-1, 0]}},
        [0.1, 0.39999999999999997, 0.44999999999999996, 0.25, 2.8],
    ),
    ({"$min": "$v"}, [Int64(7), Int64(7), Int64(7), Int64(7), Int64(7)]),
    ({"$min": "$v", "window": {"documents": ["unbounded", "current"]}}, [10, 10, 10, Int64(7), Int64(7)]),
    ({"$min": "$v", "window": {"documents": [-1, 0]}}, [10, 10, 30, Int64(7), Int64(7)]),
    ({"$max": "$n"}, [5, 5, 5, 5, 5]),
    ({"$max": "$n", "window": {"documents": ["unbounded", "current"]}}, [1, 2, 2, 3.5, 5]),
    ({"$max": "$n", "window": {"documents": [-1, 0]}}, [1, 2, 2, 3.5, 5]),
    (
        {"$push": "$v"},
        [
            [10, None, 30, Int64(7)],
            [10, None, 30, Int64(7)],
            [10, None, 30, Int64(7)],
            [10, None, 30, Int64(7)],
            [10, None, 30, Int64(7)],
        ],
    ),
    (
        {"$push": "$v", "window": {"documents": ["unbounded", "current"]}},
        [[10], [10, None], [10, None, 30], [10, None, 30, Int64(7)], [10, None, 30, Int64(7)]],
    ),
    (
        {"$push": "$v", "window": {"documents": [-1, 0]}},
        [[10], [10, None], [None, 30], [30, Int64(7)], [Int64(7)]],
    ),
    ({"$first": "$v"}, [10, 10, 10, 10, 10]),
    ({"$first": "$v", "window": {"documents": ["unbounded", "current"]}}, [10, 10, 10, 10, 10]),
    ({"$first": "$v", "window": {"documents": [-1, 0]}}, [10, 10, None, 30, Int64(7)]),
    ({"$last": "$v"}, [..., ..., ..., ..., ...]),
    ({"$last": "$v", "window": {"documents": ["unbounded", "current"]}}, [10, None, 30, Int64(7), ...]),
    ({"$last": "$v", "window": {"documents": [-1, 0]}}, [10, None, 30, Int64(7), ...]),
    ({"$count": {}}, [5, 5, 5, 5, 5]),
    ({"$count": {}, "window": {"documents": ["unbounded", "current"]}}, [1, 2, 3, 4, 5]),
    ({"$count": {}, "window": {"documents": [-1, 0]}}, [1, 2, 2, 2, 2]),
    (
        {"$stdDevPop": "$w"},
        [2.000399960007998, 2.000399960007998, 2.000399960007998, 2.000399960007998, 2.000399960007998],
    ),
    (
        {"$stdDevPop": "$w", "window": {"documents": ["unbounded", "current"]}},
        [0.0, 0.3, 0.262466929133727, 0.22776083947860745, 2.000399960007998],
    ),
    ({"$stdDevPop": "$w", "window": {"documents": [-1, 0]}}, [0, 0.3, 0.25, 0.05000000000000044, 2.5]),
    (
        {"$stdDevSamp": "$w"},
        [2.2365151463828723, 2.2365151463828723, 2.2365151463828723, 2.2365151463828723, 2.2365151463828723],
    ),
    (
        {"$stdDevSamp": "$w", "window": {"documents": ["unbounded", "current"]}},
        [None, 0.42426406871192845, 0.32145502536643183, 0.26299556396765833, 2.2365151463828723],
    ),
    (
        {"$stdDevSamp": "$w", "window": {"documents": [-1, 0]}},
        [None, 0.4242640687119285, 0.3535533905932738, 0.07071067811865538, 3.5355339059327378],
    ),
    ({"$covariancePop": ["$n", "$w"]}, [2.326, 2.326, 2.326, 2.326, 2.326]),
    (
        {"$covariancePop": ["$n", "$w"], "window": {"documents": ["unbounded", "current"]}},
        [0.0, 0.15, 0.07777777777777778, 0.046875000000000014, 2.326],
    ),
    (
        {"$covariancePop": ["$n", "$w"], "window": {"documents": [-1, 0]}},
        [0.0, 0.15, 1.3877787807814457e-17, 0.03750000000000002, 1.8749999999999996],
    ),
    ({"$covarianceSamp": ["$n", "$w"]}, [2.9075, 2.9075, 2.9075, 2.9075, 2.9075]),
    (
        {"$covarianceSamp": ["$n", "$w"], "window": {"documents": ["unbounded", "current"]}},
        [None, 0.3, 0.11666666666666667, 0.06250000000000001, 2.9075],
    ),
    (
        {"$covarianceSamp": ["$n", "$w"], "window": {"documents": [-1, 0]}},
        [None, 0.3, 2.7755575615628914e-17, 0.07500000000000004, 3.749999999999999],
    ),
    ({"$firstN": {"input": "$_id", "n": 2}}, [[1, 2], [1, 2], [1, 2], [1, 2], [1, 2]]),
    (
        {"$firstN": {"input": "$_id", "n": 2}, "window": {"documents": ["unbounded", "current"]}},
        [[1], [1, 2], [1, 2], [1, 2], [1, 2]],
    ),
    (
        {"$firstN": {"input": "$_id", "n": 2}, "window": {"documents": [-1, 0]}},
        [[1], [1, 2], [2, 3], [3, 5], [5, 4]],
    ),
    ({"$topN": {"sortBy": {"w": -1}, "output": "$_id", "n": 1}}, [[4], [4], [4], [4], [4]]),
    (
        {
            "$topN": {"sortBy": {"w": -1}, "output": "$_id", "n": 1},
            "window": {"documents": ["unbounded", "current"]},
        },
        [[1], [2], [2], [2], [4]],
    ),
    (
        {"$topN": {"sortBy": {"w": -1}, "output": "$_id", "n": 1}, "window": {"documents": [-1, 0]}},
        [[1], [2], [2], [5], [4]],
    ),
    ({"$bottom": {"sortBy": {"n": 1}, "output": "$_id"}}, [4, 4, 4, 4, 4]),
    (
        {
            "$bottom": {"sortBy": {"n": 1}, "output": "$_id"},
            "window": {"documents": ["unbounded", "current"]},
        },
        [1, 2, 2, 5, 4],
    ),
    ({"$bottom": {"sortBy": {"n": 1}, "output": "$_id"}, "window": {"documents": [-1, 0]}}, [1, 2, 3, 5, 4]),
    ({"$addToSet": "$n", "window": {"documents": [-1, 0]}}, [[1], [1, 2], [2], [2, 3.5], [3.5, 5]]),
    ({"$sum": "$w", "window": {"documents": [1, 2]}}, [0.8999999999999999, 0.5, 5.6, 5.3, 0]),
    (
        {"$push": "$_id", "window": {"documents": ["current", "unbounded"]}},
        [[1, 2, 3, 5, 4], [2, 3, 5, 4], [3, 5, 4], [5, 4], [4]],
    ),
    ({"$push": "$_id", "window": {"range": [-1, 0.5]}}, [[1], [1, 2, 3], [1, 2, 3], [5], [4]]),
    ({"$push": "$_id", "window": {"range": ["current", 0]}}, [[1], [2, 3], [3], [5], [4]]),
    (
        {"$push": "$_id", "window": {"range": ["unbounded", "current"]}},
        [[1], [1, 2], [1, 2, 3], [1, 2, 3, 5], [1, 2, 3, 5, 4]],
    ),
    ({"$rank": {}}, [1, 2, 2, 4, 5]),
    ({"$denseRank": {}}, [1, 2, 2, 3, 4]),
    ({"$documentNumber": {}}, [1, 2, 3, 4, 5]),
    ({"$shift": {"output": "$v", "by": 1}}, [None, 30, Int64(7), ..., None]),
    ({"$shift": {"output": "$v", "by": -2, "default": {"$add": [1, 2]}}}, [3, 3, 10, None, 30]),
    ({"$expMovingAvg": {"input": "$w", "N": 2}}, [0.1, 0.5, 0.3, 0.3, 3.6333333333333333]),
    ({"$expMovingAvg": {"input": "$v", "alpha": 0.3}}, [10.0, 10.0, 16.0, 13.3, 13.3]),
    ({"$locf": "$v"}, [10, 10, 30, Int64(7), Int64(7)]),
    (
        {"$derivative": {"input": "$w"}, "window": {"documents": [-1, 0]}},
        [None, 0.6, None, 0.06666666666666665, 3.3333333333333335],
    ),
    ({"$integral": {"input": "$w"}}, [4.975, 4.975, 4.975, 4.975, 4.975]),
    (
        {"$integral": {"input": "$w"}, "window": {"documents": [-1, 0]}},
        [0, 0.39999999999999997, 0.0, 0.375, 4.199999999999999],
    ),
]
"""Functions with their values in the order of ``n``; ``...`` stands for none."""
BY_DATE: list[tuple[Any, Any]] = [
    ({"$push": "$_id", "window": {"range": [-1, 0], "unit": "day"}}, [[1], [1, 2], [3], [4], [4, 5]]),
    ({"$push": "$_id", "window": {"range": ["unbounded", -1], "unit": "month"}}, [[], [], [], [1], [1, 2]]),
    (
        {"$derivative": {"input": "$w", "unit": "hour"}, "window": {"documents": [-1, 0]}},
        [None, 0.024999999999999998, -0.006944444444444443, 0.00787037037037037, -0.20833333333333334],
    ),
    (
        {"$integral": {"input": "$w", "unit": "week"}, "window": {"documents": [-1, 0]}},
        [0.0, 0.05714285714285714, 0.19285714285714284, 10.607142857142858, 0.4],
    ),
    ({"$linearFill": "$v"}, [10, 15.0, 30, 7.821428571428573, Int64(7)]),
]
RESULTS: list[tuple[Any, Any]] = [
    (
        {"partitionBy": "$p", "sortBy": {"_id": -1}, "output": {"o": {"$documentNumber": {}}}},
        [
            {"_id": 5, "p": None, "v": Int64(7), "o": 1},
            {"_id": 4, "o": 2},
            {"_id": 3, "p": "a", "v": 30, "o": 1},
            {"_id": 1, "p": "a", "v": 10, "o": 2},
            {"_id": 2, "p": "b", "v": None, "o": 1},
        ],
    ),
    (
        {"partitionBy": {"$toUpper": "$p"}, "output": {"o.q": {"$sum": 1}}},
        [
            {"_id": 4, "o": {"q": 2}},
            {"_id": 5, "p": None, "v": Int64(7), "o": {"q": 2}},
            {"_id": 1, "p": "a", "v": 10, "o": {"q": 2}},
            {"_id": 3, "p": "a", "v": 30, "o": {"q": 2}},
            {"_id": 2, "p": "b", "v": None, "o": {"q": 1}},
        ],
    ),
    (
        {"output": {"v": {"$shift": {"output": "$none", "by": 1}}}, "sortBy": {"_id": 1}},
        [
            {"_id": 1, "p": "a"},
            {"_id": 2, "p": "b"},
            {"_id": 3, "p": "a"},
            {"_id": 4},
            {"_id": 5, "p": None, "v": None},
        ],
    ),
    (
        {"output": {"p": {"$first": "$none"}}},
        [
            {"_id": 1, "v": 10},
            {"_id": 2, "v": None},
            {"_id": 3, "v": 30},
            {"_id": 4},
            {"_id": 5, "v": Int64(7)},
        ],
    ),
    (
        {"output": {}},
        [
            {"_id": 1, "p": "a", "v": 10},
            {"_id": 2, "p": "b", "v": None},
            {"_id": 3, "p": "a", "v": 30},
            {"_id": 4},
            {"_id": 5, "p": None, "v": Int64(7)},
        ],
    ),
]
REFUSED: list[tuple[Any, Any]] = [
    (None, 9),
    ({}, 40414),
    ({"output": 1}, 14),
    ({"output": {}, "x": 1}, 40415),
    ({"output": {}, "sortBy": {"n": 2}}, 15975),
    ({"output": {}, "partitionBy": ["$p"]}, 14),
    ({"output": {"a": {"$sum": 1}, "a.b": {"$sum": 1}}}, 6307900),
    ({"output": {"$a": {"$sum": 1}}}, 16410),
    ({"output": {"o": {"$rank": {}}}}, 5371602),
    ({"output": {"o": {"$sum": 1, "window": {"documents": [0, 1]}}}}, 5339901),
    ({"output": {"o": {"$sum": 1, "window": {"range": [0, 1]}}}}, 5339902),
    ({"output": {"o": {"$sum": 1, "window": {"range": [0, 1]}}}, "sortBy": {"n": -1}}, 5429404),
    ({"output": {"o": {"$sum": 1, "window": {"range": [0, 1]}}}, "sortBy": {"p": 1}}, 5429414),
    ({"output": {"o": {"$sum": 1, "window": {"range": [0, 1]}}}, "sortBy": {"d": 1}}, 5429413),
    (
        {
            "output": {"o": {"$derivative": {"input": "$w"}, "window": {"documents": [-1, 0]}}},
            "sortBy": {"d": 1},
        },
        5624901,
    ),
    ({"output": {"o": {"$integral": {"input": "$w"}}}, "sortBy": {"d": 1}}, 5423902),
]
REFUSED_FUNCTIONS: list[tuple[Any, Any]] = [
    (1, 9),
    ({}, 9),
    ({"x": 1}, 9),
    ({"$nonsense": 1}, 9),
    ({"$mergeObjects": "$v"}, 9),
    ({"$sum": 1, "$avg": 1}, 9),
    ({"$sum": 1, "x": 1}, 9),
    ({"$count": 1}, 9),
    ({"$sum": 1, "window": 1}, 9),
    ({"$sum": 1, "window": {"x": 1}}, 9),
    ({"$sum": 1, "window": {"documents": 1}}, 9),
    ({"$sum": 1, "window": {"documents": ["x", 1]}}, 9),
    ({"$sum": 1, "window": {"documents": [1, 0]}}, 5339900),
    ({"$sum": 1, "window": {"documents": [0.5, 1]}}, 9),
    ({"$sum": 1, "window": {"documents": [0, 1], "range": [0, 1]}}, 9),
    ({"$sum": 1, "window": {"range": [0, 1], "unit": "x"}}, 9),
    ({"$sum": 1, "window": {"range": [0.5, 1], "unit": "day"}}, 9),
    ({"$sum": 1, "window": {"range": [0, 1], "unit": "day"}}, 5429513),
    ({"$rank": 1}, 5371603),
    ({"$rank": {}, "window": {}}, 5371601),
    ({"$shift": 1}, 9),
    ({"$shift": {"output": "$n"}}, 9),
    ({"$shift": {"output": "$n", "by": 1.5}}, 9),
    ({"$shift": {"output": "$n", "by": 1, "default": "$n"}}, 9),
    ({"$expMovingAvg": 1}, 9),
    ({"$expMovingAvg": {"input": "$n"}}, 9),
    ({"$expMovingAvg": {"input": "$n", "N": 0}}, 9),
    ({"$expMovingAvg": {"input": "$n", "alpha": 1}}, 9),
    ({"$derivative": {"input": "$n"}}, 9),
    ({"$derivative": {"input": "$v"}, "window": {"documents": [-1, 0]}}, 5624903),
    ({"$derivative": {"input": "$n", "unit": "month"}, "window": {"documents": [-1, 0]}}, 5490710),
    ({"$derivative": {"input": "$n", "unit": "day"}, "window": {"documents": [-1, 0]}}, 5624900),
    ({"$integral": {"input": "$v"}}, 5423900),
    ({"$linearFill": "$w"}, 6050106),
    ({"$linearFill": "$v", "window": {}}, 9),
    ({"$locf": "$v", "window": {}}, 9),
]


def values_of(function: Any, sort_by: str) -> list[Any]:
    stages = [{"$setWindowFields": {"sortBy": {sort_by: 1}, "output": {"o": function}}}]
    return [document.get("o", "none") for document in aggregated(engine_with({"c": ROWS}), stages)]


@pytest.mark.parametrize(("function", "expected"), BY_NUMBER, ids=str)
def test_functions(function: Any, expected: list[Any]) -> None:
    shown = ["none" if value is ... else value for value in expected]
    assert as_bson(values_of(function, "n")) == as_bson(shown)


@pytest.mark.parametrize(("function", "expected"), BY_DATE, ids=str)
def test_functions_of_dates(function: Any, expected: list[Any]) -> None:
    assert as_bson(values_of(function, "d")) == as_bson(expected)


@pytest.mark.parametrize(("options", "expected"), RESULTS, ids=str)
def test_results(options: Any, expected: Any) -> None:
    stages = [{"$setWindowFields": options}, {"$project": {"d": 0, "w": 0, "n": 0}}]
    assert as_bson(aggregated(engine_with({"c": ROWS}), stages)) == as_bson(expected)


@pytest.mark.parametrize(("options", "code"), REFUSED, ids=str)
def test_refused_options(options: Any, code: int) -> None:
    assert refusal(engine_with({"c": ROWS}), [{"$setWindowFields": options}]) == code


@pytest.mark.parametrize(("function", "code"), REFUSED_FUNCTIONS, ids=str)
def test_refused_functions(function: Any, code: int) -> None:
    options = {"sortBy": {"n": 1}, "output": {"o": function}}
    assert refusal(engine_with({"c": ROWS}), [{"$setWindowFields": options}]) == code


def test_sums_have_the_rounding_errors_of_a_server() -> None:
    numbers = [-14.19, 43.04, -41.6]
    engine = engine_with({"c": [{"_id": at, "x": number} for at, number in enumerate(numbers)]})
    for stage in ({"$group": {"_id": 0, "s": {"$sum": "$x"}}}, {"$project": {"s": {"$add": numbers}}}):
        assert aggregated(engine, [stage])[-1]["s"] == -12.75
    assert math.fsum(numbers) == -12.750000000000002


def test_results_are_kept_over_a_long_partition() -> None:
    engine = engine_with({"c": [{"_id": at, "x": at % 7} for at in range(3000)]})
    window = {"window": {"documents": ["unbounded", "current"]}}
    output = {name: {f"${name}": "$x", **window} for name in ("sum", "avg", "min", "max", "stdDevPop")}
    stages = [{"$setWindowFields": {"sortBy": {"_id": 1}, "output": output}}, {"$match": {"_id": 2999}}]
    (last,) = aggregated(engine, stages)
    assert (last["sum"], last["min"], last["max"]) == (sum(at % 7 for at in range(3000)), 0, 6)
