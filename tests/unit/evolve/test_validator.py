"""The validator of a chain: each document is held to the version it is read as."""

from __future__ import annotations

from typing import Any

import pytest
from harness.chains import declare

from ming import schema as S
from ming.evolve.validator import is_own
from ming.mim import match


def accepts(cls: Any, raw: dict[str, Any]) -> bool:
    """Whether the validator of a class matches a document."""
    return match(cls._manager.validator(), {"_id": 1, **raw}) is not None


STAMPED = [{"v": 1, "a": int}, {"v": 2, "b": int}]
REQUIRED = [{"v": S.Value(1, required=True), "a": int}, {"v": S.Value(2, required=True), "b": int}]
BASELINE = [{"a": int}, {"v": 2, "b": int}]
BY_KEYS = [{"a": int}, {"b": int}]
DEPRECATED = [{"a": int}, {"a": S.Deprecated(), "b": int}]
NESTED = [{"m": {"a": int}, "l": [{"x": int}]}, {"m": {"b": int}, "l": [{"y": int}]}]
MAPS = [{"m": {str: {"a": int}}}, {"m": {str: {"b": int}}}]


@pytest.mark.parametrize(
    ("bodies", "raw", "accepted"),
    [
        (STAMPED, {"v": 1, "a": 1}, True),
        (STAMPED, {"v": 1.0, "a": 1}, True),
        (STAMPED, {"v": True, "a": 1}, False),
        (STAMPED, {"v": 1, "a": "x"}, False),
        (STAMPED, {"v": 2, "a": "x"}, True),
        (STAMPED, {"v": 3}, False),
        (STAMPED, {"a": "x"}, False),
        (STAMPED, {"v": None, "b": 1}, True),
        (STAMPED, {"a": 1, "b": 1}, False),
        (STAMPED, {"unknown": 1}, True),
        (REQUIRED, {"a": 1}, False),
        (BASELINE, {"a": 1}, True),
        (BASELINE, {"a": "x"}, False),
        (BASELINE, {"v": 2, "a": "x"}, True),
        (BASELINE, {"v": 7, "a": 1}, False),
        (BY_KEYS, {"a": 1}, True),
        (BY_KEYS, {"a": "x"}, False),
        (BY_KEYS, {"a": 1, "b": 1}, False),
        (DEPRECATED, {"a": 1}, True),
        (DEPRECATED, {"a": "x"}, False),
        (NESTED, {"m": {"a": 1}, "l": [{"x": 1}]}, True),
        (NESTED, {"m": {"a": "x"}}, False),
        (NESTED, {"l": [{"x": "x"}]}, False),
        (NESTED, {"m": {"b": 1}, "l": [{"x": 1}]}, False),
        (MAPS, {"m": {"k": {"b": 1}}}, True),
        (MAPS, {"m": {"k": {"a": 1}, "l": {"b": 1}}}, False),
    ],
    ids=str,
)
def test_a_document_is_held_to_its_version(
    bodies: list[dict[str, Any]], raw: dict[str, Any], accepted: bool
) -> None:
    assert accepts(declare(None, *bodies), raw) is accepted


def test_a_class_alone_is_held_to_its_schema() -> None:
    validator = declare(None, *STAMPED[:1])._manager.validator()["$jsonSchema"]
    assert validator["title"] == "V1"
    assert validator["properties"]["v"] == {
        "bsonType": ["int", "long", "double", "bool", "null"],
        "enum": [1, True, None],
    }


def test_a_function_for_hybrids_may_read_what_keys_speak_against() -> None:
    hybrid = {"a": 1, "b": 1}
    assert accepts(declare(None, *BY_KEYS, on_hybrid=lambda raw, candidates: candidates[-1]), hybrid)


def test_the_parts_are_named_by_their_classes() -> None:
    schema = declare(None, *STAMPED)._manager.validator()["$jsonSchema"]
    titles = [part["title"] for part in schema["anyOf"]]
    assert titles == ["V1", "V1 without v", "V2", "V2 without v"]
    assert schema["description"].startswith(
        "What V1, V1 without v, V2, V2 without v can read; kept by ming: "
    )


def test_a_change_is_noticed() -> None:
    validator = declare(None, *STAMPED)._manager.validator()
    schema = validator["$jsonSchema"]
    assert is_own(validator)
    assert not is_own({**validator, "a": 1})
    assert not is_own({"$jsonSchema": {**schema, "required": ["a"]}})
    assert not is_own({"$jsonSchema": {"description": schema["description"]}})
    assert not is_own({})
