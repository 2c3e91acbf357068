"""The policy for present and absent values, shorthand, and how a subclass gets its say."""

from __future__ import annotations

import collections
import copy
import functools
from datetime import date, datetime
from decimal import Decimal
from types import GenericAlias
from typing import Any

import bson
import pytest

from ming import schema as S


def make(spec: Any, *args: Any, **kwargs: Any) -> S.SchemaItem[Any]:
    return S.SchemaItem.make(spec, *args, **kwargs)


# --- shorthand -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spec", "item_class"),
    [
        (None, S.Anything),
        (int, S.Int),
        (str, S.String),
        (bytes, S.Binary),
        (float, S.Float),
        (bool, S.Bool),
        (datetime, S.DateTime),
        (S.datetime, S.DateTime),
        (bson.Decimal128, S.NumberDecimal),
        ({"a": int}, S.Object),
        ([int], S.Array),
        ([], S.Array),
        (S.String, S.String),
        (1, S.Value),
        ("x", S.Value),
        ((1, 2), S.Value),
        (len, S.Value),
    ],
)
def test_shorthand(spec: Any, item_class: type[S.SchemaItem[Any]]) -> None:
    assert type(make(spec)) is item_class


@pytest.mark.parametrize("python_type", [int, str, bytes, float, bool, datetime, bson.Decimal128])
def test_shorthand_is_public(python_type: type) -> None:
    assert type(make(python_type)) is S.SHORTHAND[python_type]


@pytest.mark.parametrize(
    ("spec", "value"),
    [
        (bson.ObjectId, bson.ObjectId()),
        (bson.Int64, bson.Int64(5)),
        (bson.Binary, bson.Binary(b"x", 5)),
        (date, datetime(2020, 1, 2)),
        (Decimal, bson.Decimal128("1.5")),
        (dict, {"a": [1], "b": {"c": 2}}),
        (list, [1, "x", {}]),
        ([], [1, "x", {}]),
    ],
)
def test_a_python_type_stands_for_its_values(spec: Any, value: Any) -> None:
    item = make(spec)
    assert item.validate(value) == value
    assert item.validate(None) in (None, [])


def test_an_unknown_class_is_its_empty_value() -> None:
    item = make(collections.Counter)
    assert isinstance(item, S.Value)
    assert item.value == collections.Counter()


def test_a_generic_alias_is_a_literal() -> None:
    alias = GenericAlias(list, (str,))
    assert make(alias).validate(alias) is alias


def test_a_class_that_makes_an_item_is_called() -> None:
    class Name:
        def __new__(cls) -> Any:
            return S.String(required=True)

    assert isinstance(make(Name), S.String)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({1, 2}, r"cannot make a schema item of \{1, 2\}"),
        (bytearray(b"x"), "cannot make a schema item of bytearray"),
        (range, "cannot make a schema item of <class 'range'>"),
        (S.Array, "field_type"),
        (S.Value, "value"),
        (S.Migrate, "migration_function"),
    ],
)
def test_what_cannot_become_an_item_is_a_type_error(spec: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        make(spec)


def test_a_list_of_two_is_no_schema() -> None:
    with pytest.raises(ValueError, match=r"^Array must have 0-1 elements$"):
        make([int, str])


def test_a_nested_list_of_two_surfaces_at_first_use() -> None:
    item = make([[int, str]])
    with pytest.raises(ValueError, match=r"^Array must have 0-1 elements$"):
        item.validate([])


def test_arguments_go_to_the_item_that_is_built() -> None:
    assert make(int, if_missing=7).validate(S.Missing) == 7
    assert make({"a": int}, required=True).required is True
    assert make("x", required=True).required is True
    assert make([int], validate_ranges=[slice(1)]).validate_ranges == [slice(1)]


def test_arguments_beside_an_item_are_not_needed() -> None:
    item = S.Int(if_missing=1)
    assert make(item, if_missing=7) is item
    assert item.if_missing == 1


def test_the_base_item_has_no_rule() -> None:
    with pytest.raises(NotImplementedError, match=r"^validate$"):
        S.SchemaItem().validate(1)


# --- policy ----------------------------------------------------------------------------------------

ITEMS = {
    "anything": S.Anything,
    "value": lambda **kw: S.Value(1, **kw),
    "string": S.String,
    "object": lambda **kw: S.Object({}, **kw),
    "array": lambda **kw: S.Array(int, **kw),
    "one_of": lambda **kw: S.OneOf(1, 2, **kw),
    "object_id": S.ObjectId,
    "decimal": S.NumberDecimal,
}


@pytest.mark.parametrize("make_item", ITEMS.values(), ids=ITEMS)
def test_a_required_value_may_not_be_absent(make_item: Any) -> None:
    item = make_item(required=True, if_missing=5)
    with pytest.raises(S.Invalid, match=r"^Missing field$") as caught:
        item.validate(S.Missing)
    assert caught.value.value is S.Missing


@pytest.mark.parametrize("make_item", ITEMS.values(), ids=ITEMS)
def test_none_is_fine_where_it_is_the_default(make_item: Any) -> None:
    assert make_item(if_missing=None).validate(None) is None


@pytest.mark.parametrize("item_class", [S.String, S.Int, S.Float, S.Bool, S.DateTime, S.NumberDecimal])
def test_none_counts_as_present(item_class: Any) -> None:
    assert item_class(required=True).validate(None) is None


@pytest.mark.parametrize(
    ("default", "value"),
    [
        (None, None),
        ("bad", "bad"),
        (S.Missing, S.Missing),
        (lambda: 5, 5),
        (list, []),
        (functools.partial(int, "7"), 7),
        ({"a": 1}, {"a": 1}),
    ],
)
def test_the_default_of_an_absent_value(default: Any, value: Any) -> None:
    assert S.Int(if_missing=default).validate(S.Missing) == value


@pytest.mark.parametrize("default", [[], [[1]], {"a": [1]}])
def test_a_default_is_copied_deeply(default: Any) -> None:
    original = copy.deepcopy(default)
    made = S.Anything(if_missing=default).validate(S.Missing)
    made.clear()
    assert default == original


def test_a_default_is_never_normalised() -> None:
    moment = datetime(2020, 1, 1, microsecond=1234)
    assert S.DateTime(if_missing=moment).validate(S.Missing) == moment


def test_a_callable_default_is_called_once_per_absent_value() -> None:
    calls: list[int] = []
    item = S.Object({"a": S.Int(if_missing=lambda: calls.append(1) or len(calls)), "b": int})
    with pytest.raises(S.Invalid):
        make({"o": item}).validate({"o": {"b": "no"}})
    assert calls == [1]


@pytest.mark.parametrize(
    ("item", "value", "result"),
    [
        (S.Bool(if_missing=False), 0, False),
        (S.OneOf("a", if_missing="z"), "z", "z"),
        (S.Int(if_missing="bad"), "bad", "bad"),
        (S.Float(if_missing=1.5), Decimal("1.5"), 1.5),
        (S.String(if_missing=["x"]), ["x"], ["x"]),
        (S.Object({"a": int}, if_missing={"a": "x"}), {"a": "x"}, {"a": "x"}),
    ],
)
def test_a_stored_default_stays_readable(item: Any, value: Any, result: Any) -> None:
    made = item.validate(value)
    assert made == result
    assert type(made) is type(result)


def test_a_valid_value_equal_to_the_default_is_validated() -> None:
    given: list[int] = []
    assert S.Array(int).validate(given) is not given
    assert type(S.Object({}, if_missing={}).validate({})) is S.BaseObject


def test_a_required_value_is_not_measured_by_the_default() -> None:
    with pytest.raises(S.Invalid):
        S.Int(required=True, if_missing="bad").validate("bad")


@pytest.mark.parametrize("item_class", [S.Anything, S.Scalar, S.ObjectId, S.Object, S.FancySchemaItem])
def test_only_particular_scalars_know_allow_none(item_class: Any) -> None:
    with pytest.raises(TypeError, match="allow_none"):
        item_class(allow_none=False)


@pytest.mark.parametrize("make_item", ITEMS.values(), ids=ITEMS)
def test_an_unknown_keyword_is_refused(make_item: Any) -> None:
    with pytest.raises(TypeError, match="requird"):
        make_item(requird=True)


def test_policy_arguments_are_kept_only_when_given() -> None:
    assert vars(S.Anything()) == {}
    assert vars(S.Anything(True, 5)) == {"required": True, "if_missing": 5}


@pytest.mark.parametrize(
    ("item", "text"),
    [
        (S.Int(), "<Int required=False if_missing=...>"),
        (S.Value(1, required=True), "<Value required=True if_missing=...>"),
        (S.Deprecated(), "<Deprecated>"),
        (S.Array(S.Int), "<Array required=False if_missing=...>\n  <Int required=False if_missing=...>"),
        (
            S.Object({"b": {"c": None}, "a": S.Deprecated}),
            "<Object required=False if_missing=...>\n"
            "  a: <Deprecated>\n"
            "  b: <Object required=False if_missing=...>\n"
            "    c: <Anything required=False if_missing=...>",
        ),
    ],
)
def test_repr(item: Any, text: str) -> None:
    assert repr(item) == text


# --- subclasses ------------------------------------------------------------------------------------


class Shouted(S.String):
    required = True

    def _validate(self, value: Any, **kw: Any) -> Any:
        return super()._validate(value, **kw).upper()


class Counted(S.Int):
    if_missing = 3


class Made(S.Int):
    def if_missing(self) -> int:
        return 4


class Whole(S.FancySchemaItem[Any]):
    def validate(self, value: Any, **kw: Any) -> Any:
        return ("validate", value, kw)


class Bare(S.SchemaItem[Any]):
    def validate(self, value: Any, **kw: Any) -> Any:
        return S.Missing if value == "drop" else value


def test_a_subclass_overrides_validation() -> None:
    assert Shouted().validate("a") == "A"
    with pytest.raises(S.Invalid, match="Missing field"):
        Shouted().validate(S.Missing)
    assert Shouted(required=False).validate(S.Missing) is None


def test_a_subclass_redefines_the_default() -> None:
    assert Counted().validate(S.Missing) == 3
    assert Counted(if_missing=5).validate(S.Missing) == 5
    assert Made().validate(S.Missing) == 4


def test_a_subclass_overrides_validate_itself() -> None:
    made = make({"a": Whole}).validate({"a": 1}, allow_extra=True, strip_extra=True)
    assert made == {"a": ("validate", 1, {"allow_extra": True, "strip_extra": True})}


def test_a_bare_item_sees_absent_keys_and_may_drop_keys() -> None:
    seen: list[Any] = []

    class Seeing(Bare):
        def validate(self, value: Any, **kw: Any) -> Any:
            seen.append(value)
            return super().validate(value, **kw)

    item = make({"a": Seeing, "b": Bare})
    assert item.validate({"b": "drop"}) == {}
    assert seen == [S.Missing]


def test_policy_may_change_after_construction() -> None:
    item = S.Int()
    item.required = True
    with pytest.raises(S.Invalid):
        item.validate(S.Missing)
