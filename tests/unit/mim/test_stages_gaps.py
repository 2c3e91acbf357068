"""The stages $densify and $fill, with results and codes of a server."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from unit.mim.aggregation import aggregated, as_bson, engine_with, refusal

from ming.mim.pipelines import densify

ROWS: list[dict[str, Any]] = [
    {"_id": 1, "p": "a", "v": 1},
    {"_id": 2, "p": "b", "v": 4},
    {"_id": 3, "p": "a", "v": 6.5},
    {"_id": 4, "v": 3},
    {"_id": 5, "p": "a"},
    {"_id": 6, "p": "b", "v": None, "s": {"x": 1}},
]
DATES: list[dict[str, Any]] = [
    {"_id": 1, "p": "a", "t": datetime(2020, 3, 31)},
    {"_id": 2, "p": "a", "t": datetime(2020, 7, 31)},
    {"_id": 3, "p": "b", "t": datetime(2020, 5, 1)},
]
RANGE: dict[str, Any] = {"step": 1, "bounds": [2, 5]}

DENSE: list[tuple[Any, Any]] = [
    ({"field": "v", "range": {"step": 1, "bounds": [2, 5]}}, [{"v": 2}]),
    ({"field": "v", "range": {"step": 2, "bounds": [0, 10]}}, [{"v": 0}, {"v": 2}, {"v": 6}, {"v": 8}]),
    ({"field": "v", "range": {"step": 2, "bounds": "full"}}, [{"v": 5}]),
    ({"field": "v", "range": {"step": 1.5, "bounds": "full"}}, [{"v": 2.5}, {"v": 5.5}]),
    (
        {"field": "v", "partitionByFields": ["p"], "range": {"step": 2, "bounds": "full"}},
        [
            {"p": "a", "v": 3},
            {"p": "a", "v": 5},
            {"p": "b", "v": 1},
            {"p": "b", "v": 3},
            {"p": "b", "v": 5},
            {"v": 1},
            {"v": 5},
        ],
    ),
    (
        {"field": "v", "partitionByFields": ["p"], "range": {"step": 2, "bounds": "partition"}},
        [{"p": "a", "v": 3}, {"p": "a", "v": 5}],
    ),
    (
        {"field": "v", "partitionByFields": ["p"], "range": {"step": 2, "bounds": [0, 6]}},
        [
            {"p": "a", "v": 0},
            {"p": "a", "v": 2},
            {"p": "a", "v": 4},
            {"p": "b", "v": 0},
            {"p": "b", "v": 2},
            {"v": 0},
            {"v": 2},
            {"v": 4},
        ],
    ),
    ({"field": "s.x", "range": {"step": 1, "bounds": [0, 3]}}, [{"s": {"x": 0}}, {"s": {"x": 2}}]),
    (
        {"field": "v", "partitionByFields": ["s.x"], "range": {"step": 3, "bounds": [0, 6]}},
        [{"s": {}, "v": 0}],
    ),
]
DENSE_DATES: list[tuple[Any, Any]] = [
    (
        {"field": "t", "range": {"step": 1, "unit": "month", "bounds": "full"}},
        [
            {"t": datetime(2020, 4, 30)},
            {"t": datetime(2020, 5, 30)},
            {"t": datetime(2020, 6, 30)},
            {"t": datetime(2020, 7, 30)},
        ],
    ),
    (
        {
            "field": "t",
            "range": {"step": 60, "unit": "day", "bounds": [datetime(2020, 3, 1), datetime(2020, 9, 1)]},
        },
        [
            {"t": datetime(2020, 3, 1)},
            {"t": datetime(2020, 4, 30)},
            {"t": datetime(2020, 6, 29)},
            {"t": datetime(2020, 8, 28)},
        ],
    ),
    (
        {"field": "t", "partitionByFields": ["p"], "range": {"step": 1, "unit": "quarter", "bounds": "full"}},
        [
            {"p": "a", "t": datetime(2020, 6, 30)},
            {"p": "b", "t": datetime(2020, 3, 31)},
            {"p": "b", "t": datetime(2020, 6, 30)},
        ],
    ),
    (
        {
            "field": "t",
            "partitionByFields": ["p"],
            "range": {"step": 6, "unit": "week", "bounds": "partition"},
        },
        [{"p": "a", "t": datetime(2020, 5, 12)}, {"p": "a", "t": datetime(2020, 6, 23)}],
    ),
]
FILLED: list[tuple[Any, Any]] = [
    (
        {"output": {"v": {"value": 0}}},
        [
            {"_id": 1, "p": "a", "v": 1},
            {"_id": 2, "p": "b", "v": 4},
            {"_id": 3, "p": "a", "v": 6.5},
            {"_id": 4, "v": 3},
            {"_id": 5, "p": "a", "v": 0},
            {"_id": 6, "p": "b", "v": 0, "s": {"x": 1}},
        ],
    ),
    (
        {"output": {"v": {"value": "$_id"}, "s.y": {"value": 7}}},
        [
            {"_id": 1, "p": "a", "v": 1, "s": {"y": 7}},
            {"_id": 2, "p": "b", "v": 4, "s": {"y": 7}},
            {"_id": 3, "p": "a", "v": 6.5, "s": {"y": 7}},
            {"_id": 4, "v": 3, "s": {"y": 7}},
            {"_id": 5, "p": "a", "v": 5, "s": {"y": 7}},
            {"_id": 6, "p": "b", "v": 6, "s": {"x": 1, "y": 7}},
        ],
    ),
    (
        {"output": {"v": {}}},
        [
            {"_id": 1, "p": "a", "v": 1},
            {"_id": 2, "p": "b", "v": 4},
            {"_id": 3, "p": "a", "v": 6.5},
            {"_id": 4, "v": 3},
            {"_id": 5, "p": "a"},
            {"_id": 6, "p": "b", "v": None, "s": {"x": 1}},
        ],
    ),
    (
        {"output": {"v": {"method": "locf"}}},
        [
            {"_id": 1, "p": "a", "v": 1},
            {"_id": 2, "p": "b", "v": 4},
            {"_id": 3, "p": "a", "v": 6.5},
            {"_id": 4, "v": 3},
            {"_id": 5, "p": "a", "v": 3},
            {"_id": 6, "p": "b", "v": 3, "s": {"x": 1}},
        ],
    ),
    (
        {"sortBy": {"_id": -1}, "output": {"v": {"method": "locf"}}},
        [
            {"_id": 6, "p": "b", "v": None, "s": {"x": 1}},
            {"_id": 5, "p": "a", "v": None},
            {"_id": 4, "v": 3},
            {"_id": 3, "p": "a", "v": 6.5},
            {"_id": 2, "p": "b", "v": 4},
            {"_id": 1, "p": "a", "v": 1},
        ],
    ),
    (
        {"sortBy": {"_id": 1}, "output": {"v": {"method": "linear"}}},
        [
            {"_id": 1, "p": "a", "v": 1},
            {"_id": 2, "p": "b", "v": 4},
            {"_id": 3, "p": "a", "v": 6.5},
            {"_id": 4, "v": 3},
            {"_id": 5, "p": "a", "v": None},
            {"_id": 6, "p": "b", "v": None, "s": {"x": 1}},
        ],
    ),
    (
        {"sortBy": {"_id": 1}, "partitionByFields": ["p"], "output": {"v": {"method": "linear"}}},
        [
            {"_id": 4, "v": 3},
            {"_id": 1, "p": "a", "v": 1},
            {"_id": 3, "p": "a", "v": 6.5},
            {"_id": 5, "p": "a", "v": None},
            {"_id": 2, "p": "b", "v": 4},
            {"_id": 6, "p": "b", "v": None, "s": {"x": 1}},
        ],
    ),
    (
        {
            "sortBy": {"_id": 1},
            "partitionBy": {"q": "$p"},
            "output": {"v": {"method": "locf"}, "w": {"value": "$v"}},
        },
        [
            {"_id": 4, "v": 3, "w": 3},
            {"_id": 1, "p": "a", "v": 1, "w": 1},
            {"_id": 3, "p": "a", "v": 6.5, "w": 6.5},
            {"_id": 5, "p": "a", "v": 6.5, "w": 6.5},
            {"_id": 2, "p": "b", "v": 4, "w": 4},
            {"_id": 6, "p": "b", "v": 4, "s": {"x": 1}, "w": 4},
        ],
    ),
]
REFUSED: list[tuple[Any, Any]] = [
    ({"$densify": None}, 9),
    ({"$densify": {}}, 40414),
    ({"$densify": {"field": "v"}}, 40414),
    ({"$densify": {"field": 1, "range": RANGE}}, 14),
    ({"$densify": {"field": "$v", "range": RANGE}}, 16410),
    ({"$densify": {"field": "v", "range": 1}}, 14),
    ({"$densify": {"field": "v", "range": {"step": 1}}}, 40414),
    ({"$densify": {"field": "v", "range": {**RANGE, "x": 1}}}, 40415),
    ({"$densify": {"field": "v", "range": RANGE, "x": 1}}, 40415),
    ({"$densify": {"field": "v", "range": {**RANGE, "step": 0}}}, 5733401),
    ({"$densify": {"field": "v", "range": {**RANGE, "step": "x"}}}, 14),
    ({"$densify": {"field": "v", "range": {**RANGE, "bounds": "x"}}}, 5946802),
    ({"$densify": {"field": "v", "range": {**RANGE, "bounds": 1}}}, 5733404),
    ({"$densify": {"field": "v", "range": {**RANGE, "bounds": [1]}}}, 5733403),
    ({"$densify": {"field": "v", "range": {**RANGE, "bounds": [5, 2]}}}, 5733402),
    ({"$densify": {"field": "v", "range": {**RANGE, "bounds": ["a", "b"]}}}, 5946800),
    ({"$densify": {"field": "v", "range": {**RANGE, "bounds": [1, "b"]}}}, 5733406),
    ({"$densify": {"field": "v", "range": {**RANGE, "bounds": [2, 5.5]}}}, 5876900),
    (
        {
            "$densify": {
                "field": "v",
                "range": {**RANGE, "bounds": [datetime(2020, 1, 1), datetime(2020, 1, 2)]},
            }
        },
        5733410,
    ),
    ({"$densify": {"field": "v", "range": {**RANGE, "unit": "day"}}}, 5733409),
    ({"$densify": {"field": "v", "range": {"step": 1, "unit": "x", "bounds": "full"}}}, 9),
    ({"$densify": {"field": "v", "range": {"step": 1.5, "unit": "day", "bounds": "full"}}}, 6586400),
    ({"$densify": {"field": "v", "range": {"step": 1, "bounds": "partition"}}}, 5733408),
    ({"$densify": {"field": "v", "range": {"step": 1, "unit": "day", "bounds": "full"}}}, 6053600),
    ({"$densify": {"field": "p", "range": RANGE}}, 5733201),
    ({"$densify": {"field": "v", "partitionByFields": ["v"], "range": RANGE}}, 5733306),
    ({"$densify": {"field": "v", "partitionByFields": ["$p"], "range": RANGE}}, 16410),
    ({"$densify": {"field": "v", "partitionByFields": [1], "range": RANGE}}, 14),
    ({"$fill": None}, 9),
    ({"$fill": {}}, 40414),
    ({"$fill": {"output": 1}}, 14),
    ({"$fill": {"output": {}}}, 6050203),
    ({"$fill": {"output": {"v": 1}}}, 6050200),
    ({"$fill": {"output": {"v": {"x": 1}}}}, 40415),
    ({"$fill": {"output": {"v": {"method": "x"}}}}, 6050202),
    ({"$fill": {"output": {"v": {"method": 1}}}}, 14),
    ({"$fill": {"output": {"v": {"method": "linear"}}}}, 605001),
    ({"$fill": {"output": {"v": {"value": 1, "method": "locf"}}}}, 6050201),
    ({"$fill": {"output": {"v": {"value": 1}, "v.x": {"value": 2}}}}, 40176),
    ({"$fill": {"output": {"$v": {"value": 1}}}}, 16410),
    ({"$fill": {"output": {"v": {"value": {"$foo": 1}}}}}, 168),
    ({"$fill": {"output": {"v": {"value": 1}}, "x": 1}}, 40415),
    ({"$fill": {"output": {"v": {"value": 1}}, "partitionBy": "$p"}}, 14),
    ({"$fill": {"output": {"v": {"value": 1}}, "partitionByFields": "p"}}, 14),
    (
        {"$fill": {"output": {"v": {"value": 1}}, "partitionByFields": ["p"], "partitionBy": {"q": "$p"}}},
        6050204,
    ),
    ({"$fill": {"output": {"v": {"method": "locf"}}, "partitionByFields": ["$p"]}}, 168),
    ({"$fill": {"sortBy": {"p": 1}, "output": {"v": {"method": "linear"}}}}, 14),
    ({"$fill": {"sortBy": {"_id": 1}, "output": {"p": {"method": "linear"}}}}, 14),
]


def in_any_order(documents: list[Any]) -> list[bytes]:
    return sorted(map(as_bson, documents))


@pytest.mark.parametrize(("options", "made"), DENSE, ids=str)
def test_dense_numbers(options: Any, made: Any) -> None:
    stages = [{"$densify": options}, {"$project": {"p": 1, "v": 1, "s": 1}}]
    assert in_any_order(aggregated(engine_with({"c": ROWS}), stages)) == in_any_order(ROWS + made)


@pytest.mark.parametrize(("options", "made"), DENSE_DATES, ids=str)
def test_dense_dates(options: Any, made: Any) -> None:
    found = aggregated(engine_with({"c": DATES}), [{"$densify": options}])
    assert in_any_order(found) == in_any_order(DATES + made)


@pytest.mark.parametrize(("options", "expected"), FILLED, ids=str)
def test_filled_values(options: Any, expected: Any) -> None:
    assert as_bson(aggregated(engine_with({"c": ROWS}), [{"$fill": options}])) == as_bson(expected)


@pytest.mark.parametrize(("stage", "code"), REFUSED, ids=str)
def test_refused_operands(stage: Any, code: int) -> None:
    assert refusal(engine_with({"c": ROWS}), [stage]) == code


def test_bounds_without_documents() -> None:
    stages = [{"$densify": {"field": "v", "range": RANGE}}]
    assert aggregated(engine_with({"c": []}), stages) == [{"v": 2}, {"v": 3}, {"v": 4}]
    stages = [{"$densify": {"field": "v", "range": {"step": 1, "bounds": "full"}}}]
    assert aggregated(engine_with({"c": []}), stages) == []


def test_too_many_documents_are_not_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(densify, "_MOST_GENERATED", 50)
    stages = [{"$densify": {"field": "v", "range": {"step": 1, "bounds": [0, 50]}}}, {"$count": "n"}]
    assert aggregated(engine_with({"c": []}), stages) == [{"n": 50}]
    stages = [{"$densify": {"field": "v", "range": {"step": 1, "bounds": [0, 51]}}}, {"$count": "n"}]
    assert refusal(engine_with({"c": []}), stages) == 5897900
