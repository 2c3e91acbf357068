"""Which keys a schema declares, and what a document's keys say about the versions."""

from __future__ import annotations

from typing import Any

import pytest

from ming import schema as S
from ming.evolve.keys import OPAQUE, SCALAR, Shape, contested, gather, shape_of, values_at


def shape(spec: Any) -> Shape:
    return shape_of(S.SchemaItem.make(spec))


def lacking(raw: dict[str, Any], *specs: Any) -> list[set[str]]:
    """For each version, the keys it has no place for."""
    evidence = gather(raw, [shape(spec) for spec in specs])
    return [{".".join(path) for path in evidence.lacking(number)} for number in range(len(specs))]


# --- shapes


@pytest.mark.parametrize("spec", [str, int, S.ObjectId, S.OneOf("a", "b"), S.Value(1), S.NumberDecimal()])
def test_single_values_declare_nothing(spec: Any) -> None:
    assert shape(spec) is SCALAR


class Custom(S.SchemaItem[Any]):
    """An item of a program's own."""


@pytest.mark.parametrize("spec", [None, S.Anything(), Custom(), S.FancySchemaItem()])
def test_what_takes_anything_is_opaque(spec: Any) -> None:
    assert shape(spec) is OPAQUE


def test_names_at_every_depth() -> None:
    made = shape({"a": int, "b": {"c": [{"d": int}]}})
    assert set(made.names) == {"a", "b"}
    below = made.names["b"].names["c"].items
    assert below is not None
    assert set(below.names) == {"d"}


def test_homogeneous_objects_welcome_every_key() -> None:
    made = shape({str: {"x": int}})
    assert not made.names
    inner = made.below("whatever")
    assert inner is not None
    assert set(inner.names) == {"x"}


def test_nested_migrations_declare_both_shapes() -> None:
    made = shape(S.Migrate({"a": int, "c": {"x": int}}, {"b": int, "c": {"y": int}}, dict))
    assert set(made.names) == {"a", "b", "c"}
    assert set(made.names["c"].names) == {"x", "y"}


# --- evidence


def test_unknown_keys_are_no_evidence() -> None:
    assert lacking({"_id": 1, "x": 1, "sub": {"y": 2}}, {"sub": {"a": int}}, {"sub": {"b": int}}) == [
        set(),
        set(),
    ]


def test_the_id_is_no_evidence() -> None:
    assert lacking({"_id": {"a": 1}}, {"_id": {"a": int}}, {"b": int}) == [set(), set()]


def test_keys_of_sub_documents_and_list_items_count() -> None:
    old, new = {"items": [{"a": int}], "sub": {"c": int}}, {"items": [{"b": int}], "sub": {"c": int}}
    raw = {"items": [{"a": 1}, {"b": 1}, {"z": 1}], "sub": {"c": 1, "z": 1}}
    assert lacking(raw, old, new) == [{"items.b"}, {"items.a"}]


def test_lists_in_lists() -> None:
    assert lacking({"rows": [[{"a": 1}]]}, {"rows": [[{"a": int}]]}, {"rows": [[{"b": int}]]}) == [
        set(),
        {"rows.a"},
    ]


def test_a_list_where_a_document_is_declared_says_nothing_below() -> None:
    assert lacking({"sub": [{"a": 1}]}, {"sub": {"a": int}}, {"sub": {"b": int}}) == [set(), set()]


@pytest.mark.parametrize("welcoming", [None, dict, {str: int}, {str: None}])
def test_who_welcomes_every_key_has_a_place_for_it_without_declaring_it(welcoming: Any) -> None:
    assert lacking({"sub": {"a": 1}}, {"sub": {"a": int}}, {"sub": welcoming}) == [set(), set()]
    assert lacking({"sub": {"z": 1}}, {"sub": {"a": int}}, {"sub": welcoming}) == [set(), set()]


def test_anything_and_its_depths() -> None:
    raw = {"any": {"a": [{"b": {"c": 1}}]}}
    assert lacking(raw, {"any": None}, {"any": {"a": [{"b": {"c": int}}]}}, {"other": int}) == [
        set(),
        set(),
        {"any", "any.a", "any.a.b", "any.a.b.c"},
    ]


def test_dropping_a_key_is_no_place_for_it_while_others_keep_it() -> None:
    assert lacking({"a": 1}, {"a": int}, {"a": S.Deprecated()}) == [set(), {"a"}]
    assert lacking({"a": 1}, {"b": int}, {"a": S.Deprecated()}) == [{"a"}, set()]


def test_what_only_one_version_knows() -> None:
    evidence = gather({"a": 1, "b": 2, "z": 3}, [shape({"a": int, "b": int}), shape({"b": int})])
    assert evidence.only(0) == [("a",)]
    assert evidence.only(1) == []
    assert evidence.covering == 0b01


def test_versions_that_are_not_asked_know_nothing() -> None:
    evidence = gather({"a": 1, "b": 2}, [shape({"a": int}), None])
    assert list(evidence.declaring) == [("a",)]


def test_keys_with_dots_are_not_paths() -> None:
    assert lacking({"a.b": 1}, {"a.b": int}, {"a": {"b": int}}) == [set(), {"a.b"}]
    assert lacking({"a": {"b": 1}}, {"a.b": int}, {"a": {"b": int}}) == [{"a", "a.b"}, set()]


# --- contested keys


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ({"a": int}, {"a": int, "b": int}, False),
        ({"a": int}, {"a": S.Deprecated()}, True),
        ({"a": S.Deprecated()}, {"a": int}, True),
        ({"a": S.Deprecated()}, {"a": S.Deprecated(), "b": int}, False),
        ({"sub": {"a": int}}, {"sub": {"a": S.Deprecated()}}, True),
        ({"items": [{"a": int}]}, {"items": [{"a": S.Deprecated()}]}, True),
        ({str: {"a": int}}, {str: {"a": S.Deprecated()}}, True),
        ({"a": None}, {"a": {"b": S.Deprecated()}}, False),
    ],
)
def test_contested(old: Any, new: Any, expected: bool) -> None:
    assert contested([shape(old), shape(new)]) is expected


# --- values under a path


@pytest.mark.parametrize(
    ("value", "path", "found"),
    [
        ({"a": 1}, ("a",), [1]),
        ({"a": {"b": 2}}, ("a", "b"), [2]),
        ({"a": [{"b": 1}, {"b": [2, 3]}, {}, 4]}, ("a", "b"), [1, 2, 3]),
        ({"a": None}, ("a",), []),
        ({"a": {"b": 1}}, ("a",), []),
        ({"a": 1}, ("a", "b"), []),
        ({"a.b": 1}, ("a.b",), [1]),
        ({}, ("a",), []),
    ],
)
def test_values_at(value: Any, path: tuple[str, ...], found: list[Any]) -> None:
    assert list(values_at(value, path)) == found
