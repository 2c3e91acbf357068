"""Index declarations: specifications, names, options, equality."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest

from ming import ASCENDING, DESCENDING, Index


@pytest.mark.parametrize(
    ("fields", "spec"),
    [
        (("a",), [("a", 1)]),
        (("a", "b"), [("a", 1), ("b", 1)]),
        ((("a", -1), "b"), [("a", -1), ("b", 1)]),
        (((("a", -1), ("b", 1)),), [("a", -1), ("b", 1)]),
        (([("a", 1), "b"],), [("a", 1), ("b", 1)]),
        ((["a", -1],), [("a", -1)]),
        (({"a": 1, "b": -1},), [("a", 1), ("b", -1)]),
        ((("a", "hashed"),), [("a", "hashed")]),
        ((("place", "2dsphere"), "kind"), [("place", "2dsphere"), ("kind", 1)]),
        ((("title", "text"), ("body", "text")), [("title", "text"), ("body", "text")]),
        (("$**",), [("$**", 1)]),
    ],
)
def test_keys_and_directions(fields: tuple[Any, ...], spec: list[tuple[str, Any]]) -> None:
    assert Index(*fields).index_spec == spec
    assert Index(*fields).fields == fields


def test_the_direction_applies_to_bare_keys() -> None:
    assert Index("a", ("b", ASCENDING), direction=DESCENDING).index_spec == [("a", -1), ("b", 1)]


def test_the_keyword_fields_replaces_the_positional_form() -> None:
    index = Index("a", fields=[("b", -1), "c"])
    assert index.fields == [("b", -1), "c"]
    assert index.index_spec == [("b", -1), ("c", 1)]


def test_options_always_hold_unique_and_sparse() -> None:
    assert Index("a").index_options == {"unique": False, "sparse": False}
    index = Index("a", unique=True, expireAfterSeconds=10)
    assert index.index_options == {"unique": True, "sparse": False, "expireAfterSeconds": 10}


def test_background_is_accepted_and_dropped() -> None:
    assert Index("a", background=False) == Index("a")


def test_a_generated_name_is_not_sent() -> None:
    index = Index("a", ("b", -1))
    assert index.name == "idx_a_1_b_-1"
    assert "name" not in index.index_options


def test_a_given_name_is_sent() -> None:
    index = Index("a", name="by_a")
    assert index.name == "by_a"
    assert index.index_options["name"] == "by_a"


def test_options_are_attributes() -> None:
    index = Index("a", sparse=True, expireAfterSeconds=10)
    assert (index.unique, index.sparse, index.expireAfterSeconds) == (False, True, 10)
    with pytest.raises(AttributeError, match=r"^Index \[\('a', 1\)\] has no option hidden$"):
        _ = index.hidden


def test_equal_specifications_and_options_make_equal_indexes() -> None:
    assert Index("a", "b", unique=True) == Index(("a", 1), ("b", 1), unique=True)
    assert Index("a") != Index(("a", -1))
    assert Index("a") != Index("a", unique=True)
    assert Index("a") != [("a", 1)]


@pytest.mark.parametrize(
    "duplicate", [copy.copy, copy.deepcopy, lambda index: pickle.loads(pickle.dumps(index))]
)
def test_indexes_can_be_copied_and_pickled(duplicate: Any) -> None:
    index = Index("a", unique=True, name="by_a")
    assert duplicate(index) == index
    assert duplicate(index).name == "by_a"


def test_repr() -> None:
    assert repr(Index("a", ("b", -1))) == "<Index (a:1,b:-1) options={'unique': False, 'sparse': False}>"


def test_a_specification_that_cannot_be_understood_is_refused_when_declared() -> None:
    with pytest.raises(TypeError, match="neither a key nor a direction"):
        Index(("a", 2))


@pytest.mark.parametrize("arguments", [(), ((),)])
def test_an_index_needs_a_key(arguments: tuple[Any, ...]) -> None:
    with pytest.raises(ValueError, match="^an index needs a key$"):
        Index(*arguments)
