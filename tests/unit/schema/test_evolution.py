"""Deprecated keys, and migrations at any depth."""

from __future__ import annotations

from typing import Any

import pytest

from ming import schema as S
from ming._values import KEEP_ASIDE

OLD = {"name": S.String(required=True)}
NEW = {"first": S.String(required=True), "last": str}


def split(old: Any) -> dict[str, str]:
    first, last = old.name.split(" ")
    return {"first": first, "last": last}


NAME = S.Migrate(OLD, NEW, split)


def refusal(item: S.SchemaItem[Any], value: Any) -> S.Invalid:
    with pytest.raises(S.Invalid) as caught:
        item.validate(value)
    return caught.value


@pytest.mark.parametrize("value", [1, None, S.Missing, {"a": 1}])
def test_deprecated_drops_whatever_it_gets(value: Any) -> None:
    assert S.Deprecated().validate(value) is S.Missing


def test_deprecated_takes_no_arguments() -> None:
    with pytest.raises(TypeError):
        S.SchemaItem.make(S.Deprecated, required=True)


def test_a_new_value_is_left_alone() -> None:
    assert NAME.validate({"first": "Ann", "last": "B"}) == {"first": "Ann", "last": "B"}


def test_an_old_value_is_migrated_and_validated() -> None:
    made = NAME.validate({"name": "Ann B"})
    assert made == {"first": "Ann", "last": "B"}
    assert type(made) is S.BaseObject


def test_migration_at_depth() -> None:
    item = S.SchemaItem.make({"people": [NAME]})
    assert item.validate({"people": [{"name": "Ann B"}, {"first": "C", "last": None}]}) == {
        "people": [{"first": "Ann", "last": "B"}, {"first": "C", "last": None}]
    }


def test_chains() -> None:
    item = S.Migrate(NAME, {"full": S.String(required=True)}, lambda old: {"full": f"{old.first}-{old.last}"})
    assert item.validate({"name": "Ann B"}) == {"full": "Ann-B"}


def test_where_both_fail_the_error_is_the_new_ones() -> None:
    assert str(refusal(NAME, {"first": 1, "last": "B"})) == "first:1 is not a <class 'str'>"


def test_what_the_function_returns_must_be_new() -> None:
    item = S.Migrate(int, {"a": int}, lambda old: "nonsense")
    assert str(refusal(item, 5)) == "notdict: nonsense"


@pytest.mark.parametrize("error", [ValueError("no"), S.Invalid("no", None)])
def test_errors_of_the_function_pass(error: Exception) -> None:
    def fail(old: Any) -> Any:
        raise error

    with pytest.raises(type(error)) as caught:
        S.Migrate(int, {"a": int}, fail).validate(5)
    assert caught.value is error
    assert caught.value.__context__ is None


def test_an_absent_value_goes_to_the_new_shape_first() -> None:
    assert S.Migrate(int, {"a": int}, split).validate(S.Missing) == {"a": None}
    assert S.Migrate(S.Int(if_missing=3), S.Int(required=True), lambda old: old + 1).validate(S.Missing) == 4


def test_options_reach_all_three_validations() -> None:
    extra = {"name": "Ann B", "x": 1}
    assert refusal(NAME, extra).path == "first"
    assert NAME.validate(extra, allow_extra=True, strip_extra=True) == {"first": "Ann", "last": "B"}
    made = S.Migrate(
        OLD, {"name": S.String(), "v": S.Value(2, required=True)}, lambda old: {**old, "v": 2, "y": 3}
    )
    assert made.validate(extra, allow_extra=True, strip_extra=KEEP_ASIDE)._origin.unknown == {"y": 3}


def test_attributes() -> None:
    item = S.Migrate(int, [str], split)
    assert isinstance(item.old, S.Int)
    assert isinstance(item.new, S.Array)
    assert item.migration_function is split


def test_obj_to_list() -> None:
    with_value = S.Migrate.obj_to_list("key", "value")({"a": 1, "b": {"c": 2}})
    assert with_value == [{"key": "a", "value": 1}, {"key": "b", "value": {"c": 2}}]
    without = S.Migrate.obj_to_list("key")({"a": {"x": 1}, "b": {"key": "lost"}})
    assert without == [{"x": 1, "key": "a"}, {"key": "b"}]
    assert all(type(entry) is S.BaseObject for entry in with_value + without)


def test_obj_to_list_as_migration() -> None:
    item = S.Migrate({str: {"n": int}}, [{"key": str, "n": int}], S.Migrate.obj_to_list("key"))
    assert item.validate({"a": {"n": 1}}) == [{"key": "a", "n": 1}]
