"""Three-way comparisons."""

from __future__ import annotations

from typing import Any

import pytest

from ming.compat import base_cmp, dict_cmp, smallest_diff_key


@pytest.mark.parametrize(("a", "b", "result"), [(1, 2, -1), (2, 2, 0), (3, 2, 1), ("a", "b", -1)])
def test_base_cmp(a: Any, b: Any, result: int) -> None:
    made = base_cmp(a, b)
    assert made == result
    assert type(made) is int


@pytest.mark.parametrize(
    ("a", "b", "result"),
    [
        ({}, {}, 0),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, 0),
        ({"z": 9}, {"a": 1, "b": 2}, -1),
        ({"a": 1, "b": 2}, {"z": 9}, 1),
        ({"a": 1}, {"b": 1}, -1),
        ({"b": 1}, {"a": 1}, 1),
        ({"a": 1, "b": 5}, {"a": 1, "b": 3}, 1),
        ({"a": 1, "b": 3}, {"a": 2, "b": 1}, -1),
    ],
)
def test_dict_cmp(a: Any, b: Any, result: int) -> None:
    assert dict_cmp(a, b) == result


@pytest.mark.parametrize(
    ("a", "b", "key"),
    [
        ({}, {"a": 1}, None),
        ({"a": 1}, {"a": 1}, None),
        ({"b": 1, "a": 1}, {}, "a"),
        ({"a": 1, "b": 1}, {"a": 1}, "b"),
    ],
)
def test_smallest_diff_key(a: Any, b: Any, key: Any) -> None:
    assert smallest_diff_key(a, b) == key
