"""What is stored, how stored forms differ, how writes are guarded."""

from __future__ import annotations

import copy
import datetime
import pickle
import re
from typing import Any

import bson
import pytest

from ming._flows.changes import applied, changed_fields, guarded, same, storable, unnamable, update_of
from ming._values import Missing, Object, Origin


def known(data: dict[str, Any], **unknown: Any) -> Object:
    """A sub-document with unknown keys."""
    made = Object(data)
    made._origin = Origin(unknown)
    return made


# --- the stored form


def test_unknown_keys_are_put_back_at_every_depth() -> None:
    data = {
        "sub": known({"a": 1, "deep": {"more": known({}, z=1)}}, u=2),
        "items": [known({"n": 1}, v=3), {"n": 2}],
    }
    assert storable(data, Origin({"top": 4})) == {
        "sub": {"a": 1, "deep": {"more": {"z": 1}}, "u": 2},
        "items": [{"n": 1, "v": 3}, {"n": 2}],
        "top": 4,
    }


def test_lists_in_lists() -> None:
    assert storable({"rows": [[known({"n": 1}, u=2)], []]}) == {"rows": [[{"n": 1, "u": 2}], []]}


def test_a_key_in_sight_goes_before_an_unknown_one() -> None:
    assert storable({"a": 1, "sub": known({"b": 1}, b=2)}, Origin({"a": 2})) == {"a": 1, "sub": {"b": 1}}


def test_nothing_is_copied_where_nothing_is_unknown() -> None:
    data = {"sub": Object(a=[{"b": 1}])}
    assert storable(data) is data
    assert storable(data, Origin()) is data


def test_the_document_itself_is_not_changed() -> None:
    inner = known({"n": 1}, u=2)
    data = {"items": [inner]}
    storable(data, Origin({"z": 1}))
    assert data == {"items": [{"n": 1}]}
    assert data["items"][0] is inner


# --- comparing


MOMENT = datetime.datetime(2020, 1, 2, 3, 4, 5)
VALUES = [
    None, True, False, 0, 1, 2, -1, 0.0, 1.0, float("inf"), float("nan"), 2**62, "", "1", "a", b"a",
    bson.Binary(b"a", 5), bson.Decimal128("1"), bson.Decimal128("1.0"), bson.Decimal128("NaN"), MOMENT,
    MOMENT.replace(tzinfo=datetime.timezone.utc), bson.Timestamp(1, 1), bson.Regex("a"), bson.Regex("a", "i"),
    bson.Code("a"), bson.Code("a", {}), bson.Code("a", {"b": 1}), bson.MinKey(), bson.MaxKey(),
    bson.DBRef("c", 1), bson.ObjectId("5" * 24), [], [1], [True], [1.0], [[1]], {}, {"a": 1}, {"a": 1.0},
    {"a": None}, {"b": 1}, {"a": 1, "b": 2}, Missing,
]  # fmt: skip


@pytest.mark.parametrize("index", range(len(VALUES)))
def test_a_value_is_the_same_as_its_copy_and_as_nothing_else(index: int) -> None:
    value = VALUES[index]
    for twin in (value, copy.deepcopy(value), pickle.loads(pickle.dumps(value))):
        assert [same(twin, other) for other in VALUES] == [number == index for number in range(len(VALUES))]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"a": 1, "b": {"c": 1, "d": 2}}, {"b": {"d": 2, "c": 1}, "a": 1}),
        ({"a": 1}, Object(a=1)),
        ([1, 2], (1, 2)),
        (5, bson.Int64(5)),
        ("a", type("Text", (str,), {})("a")),
    ],
)
def test_what_is_stored_alike_is_the_same(one: Any, other: Any) -> None:
    assert same(one, other)
    assert same(other, one)


@pytest.mark.parametrize(
    ("one", "other"), [([1, 2], [2, 1]), (0.0, -0.0), ({"a": 1}, [("a", 1)]), (re.compile("a"), "a")]
)
def test_what_is_stored_otherwise_is_not(one: Any, other: Any) -> None:
    assert not same(one, other)


def test_changed_fields() -> None:
    before = {"a": 1, "b": [1], "c": {"x": 1, "y": 2}, "gone": None}
    after = {"a": 1.0, "b": [1], "c": {"y": 2, "x": 1}, "new": None}
    assert changed_fields(before, after) == {"a": 1.0, "gone": Missing, "new": None}
    assert applied(changed_fields(before, after), before) == after


# --- updates


def test_an_update_sets_and_unsets() -> None:
    assert update_of({"a": 1, "b": Missing, "c": None}) == {"$set": {"a": 1, "c": None}, "$unset": {"b": ""}}
    assert update_of({"b": Missing}) == {"$unset": {"b": ""}}


def test_an_update_of_nothing_changes_nothing() -> None:
    assert update_of({}) == {"$setOnInsert": {"_": 0}}


def test_keys_that_an_update_would_take_for_paths() -> None:
    assert unnamable(["a", "a.b", "$a", "", "a$", "_id", "0"]) == ["a.b", "$a", ""]


# --- guards


def test_a_guard_compares_values_and_absences() -> None:
    raw = {"_id": 5, "a": [1], "b": None, "other": 1}
    assert guarded(raw, ["b", "c", "a", "_id"]) == {
        "_id": 5,
        "$expr": {
            "$and": [
                {"$eq": ["$a", {"$literal": [1]}]},
                {"$eq": ["$b", {"$literal": None}]},
                {"$eq": [{"$type": "$c"}, "missing"]},
            ]
        },
    }


def test_nothing_to_guard() -> None:
    assert guarded({"_id": 5, "a": 1}, ["_id"]) == {"_id": 5}


@pytest.mark.parametrize("key", ["a.b", "$a", "$$ROOT"])
def test_keys_that_look_like_expressions(key: str) -> None:
    got = {"$getField": {"$literal": key}}
    assert guarded({"_id": 5, key: 1}, [key])["$expr"] == {"$and": [{"$eq": [got, {"$literal": 1}]}]}
    assert guarded({"_id": 5}, [key])["$expr"] == {"$and": [{"$eq": [{"$type": got}, "missing"]}]}
