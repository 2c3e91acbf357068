"""The matching helpers: `match`, wrapped documents and lists, the order of BSON values."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from bson import Decimal128, MaxKey, MinKey, ObjectId, Timestamp

from ming.mim import _lookup
from ming.mim.faces.matching import BsonArith, MatchDoc, MatchList, match


def test_match_wraps_or_gives_none() -> None:
    document: dict[str, Any] = {"a": {"b": [1, 5]}, "c": 1}
    found = match({"a.b": {"$gt": 3}}, document)
    assert found is not None
    assert found.getvalue("a.b.$") == 5
    assert found.getvalue("a.b.0") == 1
    assert match({"c": 2}, document) is None


def test_an_empty_match_is_true() -> None:
    assert match({}, {})


def test_all_of_nothing_matches() -> None:
    assert match({"x": {"$all": []}}, {}) is not None


def test_position_within_documents() -> None:
    found = match({"$and": [{"l.x": 2}, {"n": 1}]}, {"l": [{"x": 1}, {"x": 2}], "n": 1})
    assert found is not None
    assert found.getvalue("l.$.x") == 2


def test_position_is_first_where_the_query_does_not_say() -> None:
    assert MatchDoc({"l": [7, 8]}).getvalue("l.$") == 7


@pytest.mark.parametrize("path", ["x", "a.x", "l.5", "a.b.c"])
def test_absent_value(path: str) -> None:
    with pytest.raises(KeyError):
        MatchDoc({"a": {"b": 1}, "l": [1]}).getvalue(path)


@pytest.mark.parametrize(("path", "value"), [("a", {"b": None}), ("a.b", None), ("l.1", 2), ("l.2.x", 3)])
def test_lookup(path: str, value: Any) -> None:
    document = {"a": {"b": None}, "l": [1, 2, {"x": 3}]}
    assert _lookup(document, path) == value
    assert _lookup(document, path, "default") == value


@pytest.mark.parametrize("path", ["x", "a.x", "a.b.c", "l.5", "l.x", "s.0"])
def test_lookup_of_an_absent_value(path: str) -> None:
    document = {"a": {"b": None}, "l": [1], "s": "text"}
    with pytest.raises(KeyError, match=path):
        _lookup(document, path)
    assert _lookup(document, path, None) is None


def test_wrapped_dict_is_like_a_mapping() -> None:
    document = MatchDoc({"a": {"b": 1}})
    assert document["a"] == MatchDoc({"b": 1})
    assert document.get("x", 5) == 5
    assert list(document.keys()) == ["a"]
    assert list(document.items()) == [("a", MatchDoc({"b": 1}))]
    assert document != {"a": {"b": 1}}
    assert repr(MatchDoc({"a": 1})) == "M{'a': 1}"


def test_wrapped_values_are_taken_as_they_are() -> None:
    inner = MatchDoc({"b": 1})
    assert MatchDoc({"a": inner})["a"] is inner


def test_wrapped_lists_compare_without_position() -> None:
    assert MatchList([1, 2], pos=1) == MatchList([1, 2])
    assert MatchList([1, 2]) != MatchList([1])
    assert repr(MatchList([1, 2], pos=1)) == "M<1>[1, 2]"


def test_update_changes_the_original_in_place() -> None:
    untouched = {"deep": 1}
    original: dict[str, Any] = {"a": 1, "b": 2, "c": untouched}
    document = MatchDoc(original)
    document.update({"$set": {"a": 5}, "$unset": {"b": ""}})
    assert original == {"a": 5, "c": {"deep": 1}}
    assert original["c"] is untouched
    assert document["a"] == 5


ASCENDING = [
    MinKey(),
    None,
    -1.5,
    0,
    Decimal128("0.5"),
    1,
    "a",
    "b",
    {"x": 1},
    [1],
    b"a",
    ObjectId(),
    False,
    True,
    datetime(2020, 1, 1),
    Timestamp(1, 1),
    MaxKey(),
]


def test_order_of_values() -> None:
    for place, left in enumerate(ASCENDING):
        for other, right in enumerate(ASCENDING):
            assert BsonArith.cmp(left, right) == (place > other) - (place < other)
