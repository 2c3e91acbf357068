"""Accumulators and the keys of groups, with the values and codes that a server answered."""

from __future__ import annotations

from typing import Any

import bson
import pytest
from bson import Decimal128, Int64

from ming.mim.commands.core import Engine
from ming.mim.data.errors import CommandError

NUMBERS = [1, 1.0, Int64(2), 0, 2.5, Decimal128("0.5"), ..., None, "x"]
"""``...`` stands for a field that is not there."""


def grouped(*stages: dict[str, Any]) -> list[dict[str, Any]]:
    engine = Engine()
    documents = [
        {"_id": at, "k": at % 2, **({} if number is ... else {"a": number})}
        for at, number in enumerate(NUMBERS)
    ]
    engine.command("db", {"insert": "c", "documents": documents})
    reply = engine.command("db", {"aggregate": "c", "pipeline": list(stages), "cursor": {}})
    found: list[dict[str, Any]] = reply["cursor"]["firstBatch"]
    return found


RESULTS: list[tuple[Any, Any]] = [
    ({"$sum": "$a"}, Decimal128("7.0")),
    ({"$sum": 1}, 9),
    ({"$avg": "$a"}, Decimal128("1.166666666666666666666666666666667")),
    ({"$min": "$a"}, 0),
    ({"$max": "$a"}, "x"),
    ({"$first": "$a"}, 1),
    ({"$last": "$a"}, "x"),
    ({"$first": "$none"}, None),
    ({"$push": "$a"}, [1, 1.0, Int64(2), 0, 2.5, Decimal128("0.5"), None, "x"]),
    ({"$count": {}}, 9),
    ({"$stdDevPop": "$a"}, 0.8498365855987975),
    ({"$stdDevSamp": "$a"}, 0.9309493362512627),
    ({"$stdDevSamp": "$none"}, None),
    ({"$mergeObjects": "$none"}, {}),
    ({"$firstN": {"n": 2, "input": "$a"}}, [1, 1.0]),
    ({"$lastN": {"n": 2, "input": "$a"}}, [None, "x"]),
    ({"$minN": {"n": 3, "input": "$a"}}, [0, Decimal128("0.5"), 1]),
    ({"$maxN": {"n": 3, "input": "$a"}}, ["x", 2.5, Int64(2)]),
    ({"$minN": {"n": 20, "input": "$a"}}, [0, Decimal128("0.5"), 1, 1.0, Int64(2), 2.5, "x"]),
    ({"$top": {"output": ["$_id", "$a"], "sortBy": {"a": 1}}}, [6, None]),
    ({"$bottom": {"output": "$_id", "sortBy": {"a": 1}}}, 8),
    ({"$topN": {"n": 3, "output": "$_id", "sortBy": {"a": -1, "_id": 1}}}, [8, 4, 2]),
    ({"$bottomN": {"n": 3, "output": "$_id", "sortBy": {"a": 1}}}, [2, 4, 8]),
    ({"$bottomN": {"n": 2, "output": "$_id", "sortBy": {"k": 1}}}, [1, 3]),
    ({"$top": {"output": "$none", "sortBy": {"a": 1}}}, None),
    ({"$topN": {"n": 2, "output": "$_id", "sortBy": {}}}, [0, 1]),
]


@pytest.mark.parametrize(("accumulator", "expected"), RESULTS, ids=str)
def test_results(accumulator: Any, expected: Any) -> None:
    (group,) = grouped({"$group": {"_id": None, "v": accumulator}})
    assert bson.encode(group) == bson.encode({"_id": None, "v": expected})


REFUSED: list[tuple[Any, int]] = [
    ({"$push": ["$a", "$none"]}, 40237),
    ({"$sum": ["$a"]}, 40237),
    ({"$count": 1}, 14),
    ({"$nonsense": 1}, 15952),
    ({"$covariancePop": "$a"}, 15952),
    (3, 40234),
    ({}, 40234),
    ({"$sum": 1, "$avg": 1}, 40238),
    ({"$firstN": 3}, 5787801),
    ({"$minN": 3}, 5787900),
    ({"$firstN": {"n": 2}}, 5787907),
    ({"$firstN": {"input": "$a"}}, 5787906),
    ({"$firstN": {"n": 2, "input": "$a", "x": 1}}, 5787901),
    ({"$firstN": {"n": "x", "input": "$a"}}, 5787902),
    ({"$firstN": {"n": 2.5, "input": "$a"}}, 5787903),
    ({"$firstN": {"n": 0, "input": "$a"}}, 5787908),
    ({"$firstN": {"n": 1e30, "input": "$a"}}, 31109),
    ({"$firstN": {"n": "$k", "input": "$a"}}, 5787902),
    ({"$top": 3}, 5788001),
    ({"$top": {"n": 1, "output": "$a", "sortBy": {"a": 1}}}, 5788002),
    ({"$topN": {"output": "$a", "sortBy": {"a": 1}}}, 5788003),
    ({"$top": {"sortBy": {"a": 1}}}, 5788004),
    ({"$top": {"output": "$a"}}, 5788005),
    ({"$top": {"output": "$a", "sortBy": 3}}, 10065),
    ({"$top": {"output": "$a", "sortBy": {"a": 2}}}, 15975),
    ({"$top": {"output": "$a", "sortBy": {"a": "x"}}}, 15974),
]


@pytest.mark.parametrize(("accumulator", "code"), REFUSED, ids=str)
def test_refusals(accumulator: Any, code: int) -> None:
    with pytest.raises(CommandError) as caught:
        grouped({"$group": {"_id": None, "v": accumulator}})
    assert caught.value.code == code


@pytest.mark.parametrize("name", ["$accumulator"])
def test_javascript_is_refused_by_name(name: str) -> None:
    with pytest.raises(NotImplementedError) as caught:
        grouped({"$group": {"_id": None, "v": {name: {}}}})
    assert caught.value.args == (name,)


@pytest.mark.parametrize(("name", "code"), [("v.w", 40235), ("$v", 40236)])
def test_names_of_fields(name: str, code: int) -> None:
    with pytest.raises(CommandError) as caught:
        grouped({"$group": {"_id": None, name: {"$sum": 1}}})
    assert caught.value.code == code


KEYS: list[tuple[Any, Any]] = [
    ("$k", [0, 1]),
    ("$none", [None]),
    (None, [None]),
    ({"k": "$none"}, [{"k": None}]),
    ({"k": "$k", "n": "$none"}, [{"k": 0}, {"k": 1}]),
    ({"n": {"x": "$none"}, "k": "$none"}, [{"n": {}}]),
    (["$none"], [[None]]),
    ({}, [{}]),
]


@pytest.mark.parametrize(("key", "expected"), KEYS, ids=str)
def test_keys(key: Any, expected: list[Any]) -> None:
    assert [group["_id"] for group in grouped({"$group": {"_id": key}}, {"$sort": {"_id": 1}})] == expected


REFUSED_KEYS: list[tuple[Any, int]] = [
    ({"k": 1}, 17390),
    ({"k": True}, 17390),
    ({"a.b": "$k"}, 16412),
    ({"$nonsense": 1}, 168),
]


@pytest.mark.parametrize(("key", "code"), REFUSED_KEYS, ids=str)
def test_refused_keys(key: Any, code: int) -> None:
    with pytest.raises(CommandError) as caught:
        grouped({"$group": {"_id": key}})
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("key", "further", "kept"),
    [(None, {}, float), (None, {"f": {"$firstN": {"n": 1, "input": "$a"}}}, int), (["x"], {}, int)],
)
def test_which_of_equal_numbers_is_kept(key: Any, further: dict[str, Any], kept: type) -> None:
    stages: list[dict[str, Any]] = [
        {"$match": {"a": 1}},
        {"$group": {"_id": key, "v": {"$max": "$a"}, **further}},
    ]
    (group,) = grouped(*stages)
    assert type(group["v"]) is kept


@pytest.mark.parametrize(
    ("count", "expected"),
    [({"$add": ["$k", 1]}, [[0], [1, 3]]), ({"$cond": [{"$eq": ["$$ROOT", {"k": 0}]}, 1, 2]}, [[0], [1, 3]])],
)
def test_counts_may_depend_on_the_key(count: Any, expected: list[list[int]]) -> None:
    field = {"$firstN": {"n": count, "input": "$_id"}}
    groups = grouped({"$group": {"_id": {"k": "$k"}, "v": field}}, {"$sort": {"_id": 1}})
    assert [group["v"] for group in groups] == expected
