"""Arrays and objects: what they build, how they nest errors, and what failing costs."""

from __future__ import annotations

import copy
from typing import Any

import bson
import pytest

from ming import schema as S
from ming._values import KEEP_ASIDE, Origin

KEEP = {"allow_extra": True, "strip_extra": False}
STRIP = {"allow_extra": True, "strip_extra": True}
ASIDE = {"allow_extra": True, "strip_extra": KEEP_ASIDE}
MODES = [{}, KEEP, STRIP, ASIDE]


def make(spec: Any, **kwargs: Any) -> S.SchemaItem[Any]:
    return S.SchemaItem.make(spec, **kwargs)


def refusal(item: S.SchemaItem[Any], value: Any, **options: Any) -> S.Invalid:
    with pytest.raises(S.Invalid) as caught:
        item.validate(value, **options)
    return caught.value


class Dropping(S.SchemaItem[Any]):
    """Drops the value "drop"."""

    def validate(self, value: Any, **options: Any) -> Any:
        return S.Missing if value == "drop" else value


class Counting(S.SchemaItem[Any]):
    """Refuses everything and counts how often it was asked."""

    def __init__(self) -> None:
        self.calls = 0

    def validate(self, value: Any, **options: Any) -> Any:
        self.calls += 1
        raise S.Invalid("refused", value)


# --- Array -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("required", [False, True])
@pytest.mark.parametrize(
    ("value", "result"), [([1, 2.0], [1, 2]), ((1, 2), [1, 2]), ([], []), (None, [])], ids=repr
)
def test_array(required: bool, value: Any, result: list[int]) -> None:
    made = S.Array(int, required=required).validate(value)
    assert made == result
    assert made is not value


@pytest.mark.parametrize("value", [{}, "ab", {1, 2}, 5])
def test_array_refuses_other_things(value: Any) -> None:
    assert str(refusal(S.Array(None), value)) == "Not a list or tuple"


def test_an_absent_array_is_a_fresh_list() -> None:
    item = S.Array(int)
    made = item.validate(S.Missing)
    made.append("x")
    assert item.validate(S.Missing) == []
    assert item.if_missing == []
    assert S.Array(int, if_missing=None).validate(S.Missing) is None


def test_array_errors() -> None:
    error = refusal(make([int]), [1, "x", 2, "y"])
    assert str(error) == "[1]:x is not a (<class 'int'>,)\n[3]:y is not a (<class 'int'>,)"
    assert [inner and inner.value for inner in error.error_list or ()] == [None, "x", None, "y"]
    assert error.error_dict is None
    assert list(error.flatten())[1] == ("[3]", "y is not a (<class 'int'>,)")


def test_array_drops_missing_items() -> None:
    assert S.Array(Dropping).validate(["a", "drop", "b"]) == ["a", "b"]
    assert S.Array(S.Deprecated).validate([1, 2]) == []


def test_array_field_type_is_the_converted_item() -> None:
    item = S.Array({"a": int})
    assert isinstance(item.field_type, S.Object)
    assert item.field_type is item.field_type


@pytest.mark.parametrize(
    ("ranges", "value", "result"),
    [
        ([slice(1)], [1.0, "x"], [1, "x"]),
        ([slice(0, 1), slice(-1, None)], [1.0, "x", 2.0], [1, "x", 2]),
        ([slice(0, 2), slice(1, 3)], [1.0, 2.0, 3.0, "x"], [1, 2, 3, "x"]),
        ([slice(10, 20)], ["x"], ["x"]),
        ([slice(1)], (1.0, "x"), [1, "x"]),
        ([slice(1)], None, []),
        ([], [1.0], [1]),
    ],
)
def test_validate_ranges(ranges: list[slice], value: Any, result: list[Any]) -> None:
    made = S.Array(int, validate_ranges=ranges).validate(value)
    assert made == result
    assert [type(element) for element in made] == [type(element) for element in result]
    assert made is not value


def test_validate_ranges_errors_count_from_the_start() -> None:
    item = S.Array(int, validate_ranges=[slice(2, 4)])
    error = refusal(item, ["a", "b", "c", 1, "e"])
    assert str(error) == "[2]:c is not a (<class 'int'>,)"
    assert [inner is not None for inner in error.error_list or ()] == [False, False, True, False, False]
    assert str(refusal(item, {"a": 1})) == "Not a list or tuple"


def test_an_empty_list_of_ranges_validates_everything() -> None:
    assert str(refusal(S.Array(int, validate_ranges=[]), ["x"])) == "[0]:x is not a (<class 'int'>,)"


# --- Object with named fields ----------------------------------------------------------------------


def test_object_builds_a_new_object_in_sorted_order() -> None:
    value = {"b": 1.0, "a": {"d": "x", "c": [1]}}
    untouched = copy.deepcopy(value)
    made = make({"b": int, "a": {"d": str, "c": [int]}, "z": None, "e": int}).validate(value)
    assert list(made.items()) == [("a", {"c": [1], "d": "x"}), ("b", 1), ("e", None)]
    assert list(made.a) == ["c", "d"]
    assert type(made) is type(made.a) is S.BaseObject
    assert value == untouched


@pytest.mark.parametrize("value", [None, 5, "x", [], (1, 2)])
def test_object_refuses_other_things(value: Any) -> None:
    error = refusal(make({"a": int}), value)
    assert str(error) == f"notdict: {value}"
    assert error.value is value


def test_none_is_an_object_only_by_default() -> None:
    assert S.Object({"a": int}, if_missing=None).validate(None) is None


def test_object_errors() -> None:
    value = {"c": [1, "x"], "a": {"b": "x"}, "ok": 1}
    error = refusal(make({"c": [int], "a": {"b": int, "d": S.Int(required=True)}, "ok": int}), value)
    assert str(error) == (
        "a:b:x is not a (<class 'int'>,)\nd:Missing field\nc:[1]:x is not a (<class 'int'>,)"
    )
    assert error.value is value
    assert list(error.error_dict or ()) == ["a", "c"]
    assert list(error.flatten()) == [
        ("a.b", "x is not a (<class 'int'>,)"),
        ("a.d", "Missing field"),
        ("c[1]", "x is not a (<class 'int'>,)"),
    ]
    assert error.path == "a.b"


def test_child_errors_come_before_extra_keys() -> None:
    item = make({"a": int})
    assert str(refusal(item, {"a": "x", "b": 1})) == "a:x is not a (<class 'int'>,)"
    error = refusal(item, {"a": 1, "b": 1})
    assert str(error) == "Extra keys: {'b'}"
    assert error.error_dict is None


@pytest.mark.parametrize(
    ("options", "result"),
    [
        (KEEP, {"x": {"y": 1}, "o": {"a": 1, "z": [2]}}),
        (STRIP, {"o": {"a": 1}}),
        (ASIDE, {"o": {"a": 1}}),
    ],
)
def test_extra_keys(options: dict[str, Any], result: dict[str, Any]) -> None:
    item = make({"o": {"a": int}, "gone": S.Deprecated})
    made = item.validate({"x": {"y": 1}, "gone": 5, "o": {"z": [2], "a": 1.0}}, **options)
    assert made == result
    assert "x" not in made or type(made["x"]) is dict


def test_extra_keys_are_refused_unless_allowed() -> None:
    assert str(refusal(make({"o": {"a": int}}), {"o": {"b": 1}}, strip_extra=True)) == "o:Extra keys: {'b'}"


def test_kept_extra_keys_leave_the_order_of_the_input() -> None:
    made = make({"a": int, "b": int, "c": int}).validate({"x": 1, "b": 2, "a": 3}, **KEEP)
    assert list(made) == ["x", "b", "a", "c"]


@pytest.mark.parametrize("options", MODES)
def test_deprecated_keys_are_known_and_dropped(options: dict[str, Any]) -> None:
    made = make({"a": int, "b": S.Deprecated}).validate({"a": 1, "b": 2}, **options)
    assert made == {"a": 1}
    assert made._origin is None


@pytest.mark.parametrize("options", MODES)
def test_no_sentinel_stays_in_a_result(options: dict[str, Any]) -> None:
    item = make(
        {
            "a": None,
            "b": S.Deprecated,
            "c": S.Int(if_missing=S.Missing),
            "d": S.Int(allow_none=False),
            "e": {"f": None, "g": {"h": S.Deprecated, "i": int}},
        }
    )
    assert item.validate({}, **options) == {"e": {"g": {"i": None}}}
    assert item.validate(S.Missing) == {"e": {"g": {"i": None}}}


def test_options_reach_every_depth_and_no_others_exist() -> None:
    item = make({"a": [{"b": {"c": int}}]})
    made = item.validate({"a": [{"x": 1, "b": {"y": 1}}]}, **STRIP)
    assert made == {"a": [{"b": {"c": None}}]}
    with pytest.raises(TypeError, match="allow_extras"):
        item.validate({}, allow_extras=True)


def test_fields_named_like_dict_methods() -> None:
    made = make({"items": int, "get": int, "copy": {"keys": int}}).validate({"items": 1, "get": 2})
    assert made == {"items": 1, "get": 2, "copy": {"keys": None}}


def test_a_required_child_is_missed_in_an_absent_object() -> None:
    error = refusal(make({"a": {"b": S.Int(required=True), "c": {"d": S.Int(required=True)}}}), {})
    assert str(error) == "a:Missing field"
    assert list(error.flatten()) == [("a.b", "Missing field"), ("a.c.d", "Missing field")]


def test_an_explicit_default_is_copied_as_it_is() -> None:
    default = {"b": [1], "a": "bad"}
    made = S.Object({"a": int}, if_missing=default).validate(S.Missing)
    assert made == default
    assert type(made) is dict
    assert made["b"] is not default["b"]


def test_a_required_object() -> None:
    assert str(refusal(S.Object({}, required=True), S.Missing)) == "Missing field"
    assert S.Object({"a": int}, required=True).validate({}) == {"a": None}


def test_an_object_without_fields() -> None:
    assert S.Object().validate({}) == {}
    assert str(refusal(S.Object(), {"a": 1})) == "Extra keys: {'a'}"


def test_field_names_must_sort_together() -> None:
    item = make({str: int, "a": int})
    with pytest.raises(TypeError, match="field names of different kinds"):
        item.validate({})
    assert make({1: int, 2: str}).validate({1: 5}) == {1: 5, 2: None}


# --- extend and order ------------------------------------------------------------------------------


def test_extend_is_noticed_after_the_first_validation() -> None:
    item = S.Object({"b": int})
    item.validate({})
    before = item.ordered_items()
    item.extend(S.Object({"a": str}))
    item.extend(None)
    assert item.validate({"a": "x"}) == {"a": "x", "b": None}
    assert item.ordered_items() is item.field_items is not before
    assert item.ordered_items() == (("a", item.fields["a"]), ("b", item.fields["b"]))


def test_extend_ends_the_homogeneous_form() -> None:
    item = S.Object()
    item.extend(S.Object({str: int}))
    assert item.is_homogeneous
    assert item.validate({"a": 1}) == {"a": 1}


def test_a_subclass_takes_fields() -> None:
    class Address(S.Object):
        def __init__(self, fields: Any = None, **kw: Any) -> None:
            super().__init__({"city": str, **(fields or {})}, **kw)

        def _validate(self, value: Any, **kw: Any) -> Any:
            return super()._validate({"city": value} if isinstance(value, str) else value, **kw)

    assert make({"home": Address}).validate({"home": "Rome"}) == {"home": {"city": "Rome"}}


# --- homogeneous objects ---------------------------------------------------------------------------

OID = bson.ObjectId()


@pytest.mark.parametrize("options", MODES)
@pytest.mark.parametrize(
    ("spec", "value", "result"),
    [
        ({str: int}, {"b": 1.0, "a": 2}, {"b": 1, "a": 2}),
        ({str: int}, {}, {}),
        ({None: None}, {"a": {"b": 1}, 5: 2}, {"a": {"b": 1}, 5: 2}),
        ({5: str}, {5: "x"}, {5: "x"}),
        ({S.ObjectId: {"a": int}}, {str(OID): {}}, {OID: {"a": None}}),
        ({str: Dropping}, {"a": "drop", "b": "x"}, {"b": "x"}),
    ],
)
def test_homogeneous(options: dict[str, Any], spec: Any, value: Any, result: Any) -> None:
    made = make(spec).validate(value, **options)
    assert made == result
    assert type(made) is S.BaseObject
    assert list(made) == list(result)


def test_an_absent_homogeneous_object_is_empty() -> None:
    assert make({"a": {str: int}}).validate({}) == {"a": {}}


def test_homogeneous_errors() -> None:
    error = refusal(make({str: int}), {"a": "x", "b": 1, "c": "y"})
    assert str(error) == (
        "<class 'str'>:x is not a (<class 'int'>,)\n<class 'str'>:y is not a (<class 'int'>,)"
    )
    assert {key: inner.value for key, inner in (error.error_dict or {}).items()} == {"a": "x", "c": "y"}
    assert str(refusal(make({str: int}), {5: 1})) == "<class 'str'>:5 is not a <class 'str'>"
    assert str(refusal(make({str: int}), [])) == "notdict: []"


# --- what travels out of sight ---------------------------------------------------------------------


def test_unknown_keys_are_kept_aside_where_they_were() -> None:
    item = make({"a": int, "o": {"b": int}, "l": [{"c": int}], "h": {str: {"d": int}}, "clean": {}})
    made = item.validate(
        {"x": 1, "o": {"y": 2}, "l": [{"c": 1}, {"c": 2, "z": 3}], "h": {"k": {"w": 4}}, "clean": {}}, **ASIDE
    )
    assert made == {
        "a": None,
        "o": {"b": None},
        "l": [{"c": 1}, {"c": 2}],
        "h": {"k": {"d": None}},
        "clean": {},
    }
    assert made._origin.unknown == {"x": 1}
    assert made.o._origin.unknown == {"y": 2}
    assert made.l[1]._origin.unknown == {"z": 3}
    assert made.h.k._origin.unknown == {"w": 4}
    assert made.l[0]._origin is made.clean._origin is made.h._origin is None


@pytest.mark.parametrize("options", MODES)
@pytest.mark.parametrize("spec", [{"a": int}, {str: int}])
def test_an_origin_travels_with_its_object(spec: Any, options: dict[str, Any]) -> None:
    value = S.BaseObject(a=1)
    value._origin = Origin({"x": 1})
    made = make({"o": spec}).validate({"o": value}, **options)
    assert made.o._origin is value._origin


def test_an_origin_takes_in_further_unknown_keys() -> None:
    value = S.BaseObject(a=1, y=2)
    value._origin = Origin({"x": 1}, snapshot={"s": 1}, version=int)
    made = make({"a": int}).validate(value, **ASIDE)
    assert (made._origin.unknown, made._origin.snapshot, made._origin.version) == (
        {"x": 1, "y": 2},
        {"s": 1},
        int,
    )
    assert value._origin.unknown == {"x": 1}


# --- cost ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("nest", [lambda spec: [spec], lambda spec: {"a": spec}, lambda spec: {str: spec}])
def test_failing_costs_one_check_per_value(nest: Any) -> None:
    leaf = Counting()
    spec: Any = leaf
    value: Any = "x"
    for _ in range(12):
        spec = nest(spec)
        value = [value] if isinstance(spec, list) else {"a": value}
    refusal(make(spec), value)
    assert leaf.calls == 1


def test_failing_costs_one_check_per_migration_step() -> None:
    leaf = Counting()
    spec: Any = leaf
    for _ in range(12):
        spec = S.Migrate(int, {"a": spec}, dict)
    value: Any = "x"
    for _ in range(12):
        value = {"a": value}
    refusal(make(spec), value)
    assert leaf.calls == 1
