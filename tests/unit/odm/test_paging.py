"""Orders, tokens and filters of pages, without a database."""

from __future__ import annotations

import uuid
from datetime import datetime, timezone
from typing import Any

import pytest
from bson import Decimal128, ObjectId
from bson.binary import UuidRepresentation
from bson.codec_options import DEFAULT_CODEC_OPTIONS, CodecOptions
from bson.datetime_ms import DatetimeMS

from ming.odm.paging import after, narrowed, order_of, position_of, token_of
from ming.odm.sort_order import SortedField


@pytest.mark.parametrize(
    ("arguments", "order"),
    [
        ((), (("_id", 1),)),
        ((None,), (("_id", 1),)),
        (("a",), (("a", 1), ("_id", 1))),
        (("a", -1), (("a", -1), ("_id", -1))),
        (([("a", 1), ("b", -1)],), (("a", 1), ("b", -1), ("_id", -1))),
        ((["a", ("b", -1)],), (("a", 1), ("b", -1), ("_id", -1))),
        (({"a": -1, "b": 1},), (("a", -1), ("b", 1), ("_id", 1))),
        (([("_id", -1), ("a", 1)],), (("_id", -1),)),
        (([("a", 1), ("a", -1)],), (("a", 1), ("_id", 1))),
    ],
)
def test_orders_are_total(arguments: Any, order: Any) -> None:
    assert order_of(*arguments) == order


@pytest.mark.parametrize(
    ("raw", "path", "values"),
    [
        ({}, "a", [None]),
        ({"a": []}, "a", [[]]),
        ({"a": [3, 1]}, "a", [3, 1]),
        ({"a": 5}, "a.b", [None]),
        ({"a": []}, "a.b", [None]),
        ({"a": [{"b": 1}, 5, {}]}, "a.b", [1, None, None]),
        ({"a": [{"b": []}, {"b": [7, 8]}]}, "a.b", [[], 7, 8]),
        ({"a": {"b": {"c": 1}}}, "a.b.c", [1]),
    ],
)
def test_where_a_document_stands(raw: Any, path: str, values: Any) -> None:
    assert position_of(raw, ((path, 1),)) == (values,)


def test_tokens_keep_values_as_the_collection_has_them() -> None:
    codec: Any = CodecOptions(tz_aware=True, uuid_representation=UuidRepresentation.STANDARD)
    moment = datetime(2020, 1, 2, tzinfo=timezone.utc)
    order = order_of([("at", 1), ("key", -1)])
    raw = {"_id": ObjectId(b"1" * 12), "at": moment, "key": uuid.UUID(int=5)}
    query = after(token_of(position_of(raw, order), order, codec), order, codec)
    last = query["$or"][-1]["$and"]
    assert {"at": {"$eq": moment}} in last
    assert {"key": {"$eq": uuid.UUID(int=5)}} in last
    assert {"_id": {"$not": {"$lte": raw["_id"]}}} not in last, "the last direction holds for the _id"
    assert {"_id": {"$not": {"$gte": raw["_id"]}}} in last


def test_a_filter_is_narrowed_and_not_replaced() -> None:
    condition = {"a": 1}
    assert narrowed({}, condition) == narrowed(None, condition) == condition
    assert narrowed({"a": 2}, condition) == {"$and": [{"a": 2}, {"a": 1}]}


def test_values_of_unknown_classes_are_refused() -> None:
    with pytest.raises(ValueError, match="a: pages cannot go on after"):
        SortedField("a", 1).check([object()])
    SortedField("a", 1).check([DatetimeMS(1), Decimal128("1"), True, "x"])


@pytest.mark.parametrize("token", ["é", "====", "AAAA", "!"])
def test_strings_that_are_no_tokens(token: str) -> None:
    with pytest.raises(ValueError, match="is not the token of a page"):
        after(token, order_of("a"), DEFAULT_CODEC_OPTIONS)
