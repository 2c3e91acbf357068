"""Version chains: stamps, and what versions declare."""

from __future__ import annotations

from typing import Any

import bson
import pytest
from harness.chains import chain_of, declare

from ming import Field
from ming import schema as S
from ming.evolve.chain import ordered_after, same_constant
from ming.exc import MingConfigError


def stamps(*bodies: dict[str, Any]) -> dict[str, dict[int, Any]]:
    return {stamp.name: dict(stamp.constants) for stamp in chain_of(declare(None, *bodies)).stamps}


def test_versions_are_oldest_first() -> None:
    chain = chain_of(declare(None, {"a": int}, {"b": int}, {"c": int}))
    assert [version.name for version in chain.versions] == ["V1", "V2", "V3"]
    assert chain.newest.name == "V3"
    assert chain.versions[0].migrate is None


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ({"v": 1}, {"v": 2}, {"v": {0: 1, 1: 2}}),
        ({"v": S.Value("a", required=True)}, {"v": S.Value("b", required=True)}, {"v": {0: "a", 1: "b"}}),
        ({}, {"v": 1}, {"v": {1: 1}}),
        ({"v": 1}, {}, {"v": {0: 1}}),
        ({"v": 1}, {"v": 1}, {}),
        ({"v": 1}, {"v": 1.0}, {}),
        ({"v": 1}, {"v": True}, {"v": {0: 1, 1: True}}),
        (
            {"kind": Field("kind", "page"), "v": 1},
            {"kind": Field("kind", "page"), "v": 2},
            {"v": {0: 1, 1: 2}},
        ),
        ({"v": 1, "w": 1}, {"v": 2, "w": 2}, {"v": {0: 1, 1: 2}, "w": {0: 1, 1: 2}}),
        ({"v": S.OneOf(1)}, {"v": S.OneOf(2)}, {}),
    ],
)
def test_a_stamp_is_a_constant_that_differs(old: Any, new: Any, expected: Any) -> None:
    assert stamps(old, new) == expected


def test_versions_may_share_a_constant() -> None:
    chain = chain_of(declare(None, {"v": 1}, {"v": 2, "b": int}, {"v": 2, "c": int}))
    (stamp,) = chain.stamps
    assert stamp.matching(2) == [1, 2]


def test_versions_that_declare_the_field_otherwise_are_free() -> None:
    (stamp,) = chain_of(declare(None, {"v": int}, {"v": 2}, {"a": int})).stamps
    assert stamp.free == {0}


@pytest.mark.parametrize(
    ("constant", "value", "expected"),
    [
        (1, 1.0, True),
        (1, bson.Int64(1), True),
        (1, True, False),
        (True, True, True),
        ("1", 1, False),
        (0, False, False),
    ],
)
def test_same_constant(constant: Any, value: Any, expected: bool) -> None:
    assert same_constant(constant, value) is expected


@pytest.mark.parametrize(
    ("value", "constant", "expected"),
    [
        *((3, 2, True), (2.5, 2, True), ("b", "a", True)),
        *((1, 2, False), ("a", "b", False), ("3", 2, False), (3, "a", False), (True, 0, False)),
        *((float("nan"), 2, False), (None, 2, False), ([3], 2, False)),
    ],
)
def test_ordered_after(value: Any, constant: Any, expected: bool) -> None:
    assert ordered_after(value, constant) is expected


def test_required_stamps() -> None:
    chain = chain_of(
        declare(None, {"v": 1}, {"v": S.Value(2, required=True), "kind": S.Value("x", required=True)})
    )
    assert [chain.required_stamps(version) for version in chain.versions] == [False, True]
    # A constant that is no stamp tells no versions apart.
    chain = chain_of(declare(None, {"k": S.Value("x", required=True)}, {"k": S.Value("x", required=True)}))
    assert not any(chain.required_stamps(version) for version in chain.versions)


def test_fields_since_a_version() -> None:
    chain = chain_of(declare(None, {"a": int}, {"b": int}, {"c": int}))
    assert chain.fields_since(chain.versions[1].cls) == {"_id", "b", "c"}


def test_unstamped_needs_a_stamp_somewhere() -> None:
    old = declare(None, {"a": int})
    new = declare(None, {"b": int}, version_of=old, unstamped=old)
    with pytest.raises(MingConfigError, match=r"unstamped=V1, but no version has a stamp"):
        chain_of(new)


@pytest.mark.parametrize("answer", ["skip", 5])
def test_on_hybrid_is_raise_or_a_function(answer: Any) -> None:
    with pytest.raises(MingConfigError, match="on_hybrid="):
        chain_of(declare(None, {"a": int}, {"b": int}, on_hybrid=answer))
