"""Accumulators of the embedded engine against a server."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from bson import Decimal128, Int64
from differential.test_mim_core import Twins
from differential.test_mim_operators import agree_on

pytestmark = pytest.mark.mongod

NUMBERS = [1, 1.0, Int64(1), 0, 0.0, Int64(0), 2, 2.0, Int64(2), ..., None, "x", Decimal128("0.5"), [1, 3]]
"""``...`` stands for a field that is not there."""


@pytest.fixture(scope="module")
def twins(mongod_uri: str) -> Iterator[Twins]:
    made = Twins(mongod_uri)
    made.start(
        [
            {"_id": at, "k": at % 2, "d": datetime(2020, 1, 1), **({} if number is ... else {"a": number})}
            for at, number in enumerate(NUMBERS)
        ]
    )
    yield made
    made.close()


def agree_on_group(twins: Twins, fields: dict[str, Any], key: Any = None) -> None:
    agree_on(twins, {"$sort": {"_id": 1}}, {"$group": {"_id": key, **fields}}, ordered=False)


@pytest.mark.parametrize(
    "name",
    ["$sum", "$avg", "$min", "$max", "$first", "$last", "$push", "$stdDevPop", "$stdDevSamp", "$count"],
)
@pytest.mark.parametrize(
    "operand", ["$a", "$none", 1, {}, [], ["$a"], {"v": "$a"}, {"$nonsense": 1}], ids=str
)
def test_of_one_operand(twins: Twins, name: str, operand: Any) -> None:
    for key in (None, "$k"):
        agree_on_group(twins, {"v": {name: operand}}, key)


@pytest.mark.parametrize("name", ["$firstN", "$lastN", "$minN", "$maxN"])
def test_the_first_few(twins: Twins, name: str) -> None:
    for count in (1, 2, 3, 5, 20, 2.0, 2.5, 0, -1, 1e30, "x", None, "$none", "$k", {"$add": ["$k", 1]}):
        agree_on_group(twins, {"v": {name: {"n": count, "input": "$a"}}})
        agree_on_group(twins, {"v": {name: {"n": count, "input": "$a"}}}, {"k": "$k"})
    for wrong in (3, [], {}, {"n": 1}, {"input": "$a"}, {"n": 1, "input": "$a", "x": 1}):
        agree_on_group(twins, {"v": {name: wrong}})


@pytest.mark.parametrize("name", ["$top", "$topN", "$bottom", "$bottomN"])
def test_by_a_sort_key(twins: Twins, name: str) -> None:
    counts: list[dict[str, Any]] = (
        [{"n": count} for count in (1, 3, 5, 20, 0, "x")] if name.endswith("N") else [{}]
    )
    orders: list[Any] = [{"a": 1}, {"a": -1}, {"k": 1, "a": -1}, {"none": 1}, {}, {"a": 2}, {"a": "x"}, 3]
    for count in counts:
        for order in orders:
            for output in ("$a", "$_id", ["$a", "$none"], "$none"):
                agree_on_group(twins, {"v": {name: {**count, "output": output, "sortBy": order}}}, "$k")
    for wrong in (
        3,
        [],
        {},
        {"sortBy": {"a": 1}},
        {"output": "$a"},
        {"n": 1, "output": "$a", "sortBy": {"a": 1}, "x": 1},
    ):
        agree_on_group(twins, {"v": {name: wrong}})


@pytest.mark.parametrize(
    "key",
    [
        *("$k", "$none", None, {"k": "$k"}, {"k": "$none"}, {"k": "$k", "n": "$none"}, {"k": {"n": "$none"}}),
        *(["$none"], {}, {"k": 1}, {"k": True}, {"a.b": "$k"}, {"$nonsense": 1}, {"$year": "$d"}, "$$REMOVE"),
        {"$cond": ["$k", 1, 2]},
    ],
    ids=str,
)
@pytest.mark.parametrize("further", [{}, {"f": {"$firstN": {"n": 1, "input": "$_id"}}}], ids=["", "ranked"])
def test_keys(twins: Twins, key: Any, further: dict[str, Any]) -> None:
    agree_on_group(twins, {"least": {"$min": "$a"}, "most": {"$max": "$k"}, **further}, key)


@pytest.mark.parametrize(
    "fields",
    [
        *({"v": wrong} for wrong in (1, {}, [], {"a": 1}, {"$sum": 1, "$avg": 1}, {"$nonsense": []})),
        *({name: {"$sum": 1}} for name in ("v.w", "$v", "")),
        {"$v": 1},
        {"v.w": 1},
    ],
    ids=str,
)
def test_malformed_fields(twins: Twins, fields: dict[str, Any]) -> None:
    agree_on_group(twins, fields)
