"""Sentinels, and the dict with attribute access."""

from __future__ import annotations

import copy
import pickle
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import bson
import pytest

from ming._values import KEEP_ASIDE, Missing, NoDefault, NoneType, Object, Origin, _safe_bson

COPIES = [
    copy.copy,
    copy.deepcopy,
    *(lambda value, protocol=protocol: pickle.loads(pickle.dumps(value, protocol)) for protocol in range(6)),
]


class Special(Object):
    note = "class"

    @property
    def loud(self) -> str:
        return "loud"

    @loud.setter
    def loud(self, value: str) -> None:
        self["said"] = value


class Inheriting(Special):
    pass


# --- sentinels -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("sentinel", "text"), [(Missing, "<Missing>"), (NoDefault, "<NoDefault>")])
def test_sentinels(sentinel: Any, text: str) -> None:
    assert repr(sentinel) == text
    assert not sentinel
    assert not callable(sentinel)
    for make_copy in COPIES:
        assert make_copy(sentinel) is sentinel


def test_sentinels_differ() -> None:
    assert Missing != NoDefault
    assert Missing != ()


def test_none_type() -> None:
    assert NoneType is type(None)


def test_keep_aside_is_a_true_flag() -> None:
    assert KEEP_ASIDE == True  # noqa: E712 - equality is what flags in programs may ask for
    assert repr(KEEP_ASIDE) == "KEEP_ASIDE"
    assert pickle.loads(pickle.dumps(KEEP_ASIDE)) is KEEP_ASIDE


# --- attributes ------------------------------------------------------------------------------------


def test_keys_are_attributes() -> None:
    made = Object(a=1, b={"c": 2})
    assert made.a == 1
    made.d = 5
    assert made == {"a": 1, "b": {"c": 2}, "d": 5}
    assert type(made.b) is dict


def test_an_absent_key_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError) as caught:
        _ = Object().x
    assert caught.value.args == ("x",)
    assert not hasattr(Object(), "x")


def test_real_attributes_win_on_reading() -> None:
    made = Object(items=1, keys=2)
    assert callable(made.items)
    assert (made["items"], made["keys"]) == (1, 2)


@pytest.mark.parametrize("name", ["items", "copy", "__class__", "x"])
def test_assignment_makes_a_key(name: str) -> None:
    made = Object()
    setattr(made, name, 5)
    assert made == {name: 5}
    assert type(made) is Object


@pytest.mark.parametrize("name", ["make_safe", "from_bson", "__getattr__", "__setattr__"])
def test_own_attributes_are_read_only(name: str) -> None:
    with pytest.raises(AttributeError):
        setattr(Object(), name, 5)


def test_attributes_cannot_be_deleted() -> None:
    made = Object(a=1)
    with pytest.raises(AttributeError):
        del made.a
    assert made == {"a": 1}


@pytest.mark.parametrize("cls", [Special, Inheriting])
def test_a_setter_is_called_also_when_inherited(cls: type[Special]) -> None:
    made = cls()
    made.loud = "x"
    assert made == {"said": "x"}


def test_an_attribute_of_the_own_class_is_set_on_the_instance() -> None:
    made = Special()
    made.note = "mine"
    assert (made, made.note, Special.note) == ({}, "mine", "class")


def test_dict_behaviour() -> None:
    made = Object(a=1)
    assert made == {"a": 1}
    assert repr(made) == "{'a': 1}"
    assert type(made.copy()) is type(made | {"b": 2}) is dict
    assert not hasattr(made, "__dict__")
    assert Object([("a", 1)]) == made


def test_encoding_asks_no_instance_for_its_attributes(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(Object, "__getattr__", lambda self, name: asked.append(name))
    bson.encode({"a": [Object(b=1)] * 3})
    assert asked == []


# --- copies ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("make_copy", COPIES)
@pytest.mark.parametrize("cls", [Object, Special, Inheriting])
def test_copies_keep_class_and_data(make_copy: Any, cls: type[Object]) -> None:
    made = cls(a=1, b=[1], items=2)
    copied = make_copy(made)
    assert type(copied) is cls
    assert copied == made
    assert copied is not made
    assert copied._origin is None
    assert (copied.b is made.b) == (make_copy is copy.copy)


@pytest.mark.parametrize("make_copy", COPIES)
def test_copies_keep_instance_attributes(make_copy: Any) -> None:
    made = Special()
    made.note = "mine"
    assert make_copy(made).note == "mine"


@pytest.mark.parametrize("make_copy", COPIES)
@pytest.mark.parametrize("cls", [Object, Special])
def test_copies_keep_the_origin(make_copy: Any, cls: type[Object]) -> None:
    made = cls(a=1)
    made._origin = Origin({"x": [1]}, snapshot={"a": [1]}, version=Special)
    copied = make_copy(made)
    assert copied._origin is not made._origin
    assert copied._origin.unknown == {"x": [1]}
    assert copied._origin.snapshot == {"a": [1]}
    assert copied._origin.version is Special
    copied._origin.unknown["y"] = 2
    assert made._origin.unknown == {"x": [1]}


@pytest.mark.parametrize("make_copy", COPIES[1:])
def test_copies_keep_the_origin_of_inner_objects(make_copy: Any) -> None:
    inner = Object(a=1)
    inner._origin = Origin({"x": 1})
    copied = make_copy(Object(inner=[inner]))
    assert copied.inner[0]._origin.unknown == {"x": 1}
    assert copied.inner[0] is not inner


def test_a_deep_copy_keeps_circles() -> None:
    made = Object()
    made.self = made
    copied = copy.deepcopy(made)
    assert copied.self is copied is not made


def test_the_origin_is_out_of_sight() -> None:
    made = Object(a=1)
    assert made._origin is None
    made._origin = Origin({"x": 1})
    assert dict(made) == {"a": 1} == made
    assert repr(made) == "{'a': 1}"
    assert bson.decode(bson.encode(made)) == {"a": 1}


# --- from_bson, make_safe --------------------------------------------------------------------------


def test_from_bson() -> None:
    elements: list[Any] = [{"b": 1}, [{"c": 2}], ({"d": 3},)]
    made = Object.from_bson(bson.SON(a=elements))
    assert made == {"a": elements}
    assert type(made) is type(made.a[0]) is type(made.a[1][0]) is Object
    assert type(made.a[2][0]) is dict
    assert made.a is not elements
    assert type(Special.from_bson({"a": {}}).a) is Special
    assert Object.from_bson(5) == 5


def test_from_bson_keeps_the_origin() -> None:
    inner = Object(a=1)
    inner._origin = Origin({"x": 1})
    assert Object.from_bson({"o": [inner]}).o[0]._origin.unknown == {"x": 1}


OID = bson.ObjectId()
NOW = datetime(2020, 1, 1)


@pytest.mark.parametrize("value", ["x", 1, 1.5, True, NOW, None, OID])
def test_safe_values_pass(value: Any) -> None:
    with pytest.warns(DeprecationWarning, match="_safe_bson is deprecated"):
        assert _safe_bson(value) is value


@pytest.mark.parametrize("value", [(1,), b"x", {1}, date(2020, 1, 1), bson.Decimal128("1")])
def test_unsafe_values_are_refused(value: Any) -> None:
    with (
        pytest.warns(DeprecationWarning, match="_safe_bson is deprecated"),
        pytest.raises(AssertionError) as caught,
    ):
        _safe_bson([value])
    assert str(caught.value) == f"{type(value)} is not safe for bsonification: {value!r}"


def test_make_safe_converts_in_place() -> None:
    made = Object(a=[{"b": Decimal("1.5")}])
    with pytest.warns(DeprecationWarning, match="make_safe is deprecated") as warned:
        assert made.make_safe() is None
    assert warned[0].filename == __file__
    assert made == {"a": [{"b": bson.Decimal128("1.5")}]}
    assert type(made.a[0]) is Object
