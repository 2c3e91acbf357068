"""What each scalar item accepts, what becomes of it, and how it words a refusal."""

from __future__ import annotations

import decimal
import math
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import bson
import pytest

from ming import schema as S

NOW = datetime(2020, 1, 2, 3, 4, 5, 678912)
EAST = timezone(timedelta(hours=2))
OID = bson.ObjectId("5e0f3a4b1c9d440000a1b2c3")


class Text(str):
    pass


# --- accepted --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("item", "value"),
    [
        (S.FancySchemaItem(), {"a": 1}),
        (S.Anything(), [1]),
        (S.Anything(), None),
        (S.Value(1), True),
        (S.Value(1), 1.0),
        (S.Value(1), None),
        (S.Scalar(), {1, 2}),
        (S.Scalar(), None),
        (S.OneOf("a", [1]), "a"),
        (S.OneOf("a", [1]), [1]),
        (S.OneOf("a"), None),
        (S.OneOf("a", None, required=True), None),
        (S.String(), "x"),
        (S.String(), Text("x")),
        (S.Int(), 5),
        (S.Int(), True),
        (S.Int(), bson.Int64(5)),
        (S.Int(), 10**30),
        (S.Float(), 1.5),
        (S.Float(), 2),
        (S.Float(), True),
        (S.Bool(), False),
        (S.Binary(), b"x"),
        (S.Binary(), bson.Binary(b"x", 4)),
        (S.DateTimeTZ(), NOW),
        (S.DateTimeTZ(), NOW.replace(tzinfo=EAST)),
        (S.ObjectId(), OID),
        (S.ObjectId(), None),
        (S.NumberDecimal(), bson.Decimal128("1.50")),
    ],
)
def test_accepted_unchanged(item: S.SchemaItem[Any], value: Any) -> None:
    assert item.validate(value) is value


@pytest.mark.parametrize(
    ("item", "value", "result"),
    [
        (S.Int(), 3.0, 3),
        (S.Int(), -1e20, -(10**20)),
        (S.DateTime(), NOW, NOW.replace(microsecond=678000)),
        (S.DateTime(), NOW.replace(tzinfo=EAST), NOW.replace(hour=1, microsecond=678000)),
        (S.DateTime(), date(2020, 1, 2), datetime(2020, 1, 2)),
        (S.ObjectId(), str(OID), OID),
        (S.NumberDecimal(), 1, bson.Decimal128("1")),
        (S.NumberDecimal(), True, bson.Decimal128("1")),
        (S.NumberDecimal(), 0.1, bson.Decimal128("0.1000000000000000055511151231257827")),
        (S.NumberDecimal(), Decimal("1.50"), bson.Decimal128("1.50")),
        (S.NumberDecimal(), Decimal("Infinity"), bson.Decimal128("Infinity")),
        (S.NumberDecimal(0), Decimal("1.50"), bson.Decimal128("1.50")),
        (S.NumberDecimal(2), 1, bson.Decimal128("1.00")),
        (S.NumberDecimal(2), 0.125, bson.Decimal128("0.12")),
        (S.NumberDecimal(2), 0.125432109, bson.Decimal128("0.13")),
        (S.NumberDecimal(2), bson.Decimal128("0.129"), bson.Decimal128("0.13")),
        (S.NumberDecimal(2, decimal.ROUND_HALF_UP), 0.125, bson.Decimal128("0.13")),
        (S.NumberDecimal(2), math.inf, bson.Decimal128("Infinity")),
    ],
)
def test_converted(item: S.SchemaItem[Any], value: Any, result: Any) -> None:
    made = item.validate(value)
    assert made == result
    assert type(made) is type(result)
    assert not isinstance(made, datetime) or made.tzinfo is None


# --- refused ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("item", "value", "message"),
    [
        (S.Value(1), 2, "2 != 1"),
        (S.Value("a", required=True), None, "None != 'a'"),
        (S.Scalar(), [1], "[1] is not a scalar"),
        (S.Scalar(), (1, 2), "(1, 2) is not a scalar"),
        (S.Scalar(), {"a": 1}, "{'a': 1} is not a scalar"),
        (S.OneOf("a", "b"), "c", "c is not in ('a', 'b')"),
        (S.OneOf("a", required=True), None, "None is not in ('a',)"),
        (S.OneOf("a", allow_none=False), None, "None is not in ('a',)"),
        (S.String(), 5, "5 is not a <class 'str'>"),
        (S.String(), b"x", "b'x' is not a <class 'str'>"),
        (S.String(), (1, 2), "(1, 2) is not a <class 'str'>"),
        (S.String(allow_none=False), None, "None is not a <class 'str'>"),
        (S.Int(), "x", "x is not a (<class 'int'>,)"),
        (S.Int(), 1.5, "1.5 is not a (<class 'int'>,)"),
        (S.Int(), math.nan, "nan is not a (<class 'int'>,)"),
        (S.Int(), -math.inf, "-inf is not a (<class 'int'>,)"),
        (S.Int(), Decimal(1), "1 is not a (<class 'int'>,)"),
        (S.Float(), "1", "1 is not a (<class 'float'>, <class 'int'>)"),
        (S.Float(), bson.Decimal128("1"), "1 is not a (<class 'float'>, <class 'int'>)"),
        (S.Bool(), 0, "0 is not a <class 'bool'>"),
        (S.Bool(), 1, "1 is not a <class 'bool'>"),
        (S.DateTimeTZ(), date(2020, 1, 2), "2020-01-02 is not a <class 'datetime.datetime'>"),
        (S.DateTime(), "now", "now is not a <class 'datetime.datetime'>"),
        (S.ObjectId(), [OID], f"[{OID!r}] is not a scalar"),
        (S.ObjectId(), 5, "5 is not a bson.ObjectId"),
        (S.ObjectId(), b"x" * 12, "b'xxxxxxxxxxxx' is not a bson.ObjectId"),
    ],
)
def test_refused(item: S.SchemaItem[Any], value: Any, message: str) -> None:
    with pytest.raises(S.Invalid) as caught:
        item.validate(value)
    assert str(caught.value) == message
    assert caught.value.value is value


@pytest.mark.parametrize(
    ("item", "value"),
    [
        (S.Float(), Decimal(1)),
        (S.Binary(), "x"),
        (S.Binary(), bytearray(b"x")),
        (S.Binary(), memoryview(b"x")),
        (S.NumberDecimal(), "1"),
        (S.NumberDecimal(allow_none=False), None),
    ],
)
def test_refused_naming_the_type(item: Any, value: Any) -> None:
    with pytest.raises(S.Invalid) as caught:
        item.validate(value)
    assert str(caught.value) == f"{value} is not a {item.type!r}"


def test_an_invalid_object_id_is_worded_by_bson() -> None:
    with pytest.raises(bson.errors.InvalidId) as expected:
        bson.ObjectId("xyz")
    with pytest.raises(S.Invalid) as caught:
        S.ObjectId().validate("xyz")
    assert str(caught.value) == str(expected.value)


def test_a_time_outside_utc_range_is_refused() -> None:
    with pytest.raises(S.Invalid, match=r"is not a <class 'datetime\.datetime'>"):
        S.DateTime().validate(datetime.min.replace(tzinfo=EAST))


@pytest.mark.parametrize(
    ("item", "value"),
    [(S.NumberDecimal(2), Decimal("1e40")), (S.NumberDecimal(), Decimal("1e7000"))],
)
def test_a_decimal_that_does_not_fit_is_refused(item: Any, value: Any) -> None:
    with pytest.raises(S.Invalid, match="does not fit into 34 decimal digits"):
        item.validate(value)


# --- None and absent -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "item_class",
    [S.Scalar, S.String, S.Int, S.Float, S.Bool, S.Binary, S.DateTimeTZ, S.DateTime, S.NumberDecimal],
)
def test_an_absent_scalar_is_none(item_class: Any) -> None:
    assert item_class().validate(S.Missing) is None


def test_absent_values_of_the_others() -> None:
    assert S.Value(1).validate(S.Missing) is None
    assert S.OneOf(1).validate(S.Missing) is None
    assert S.Anything().validate(S.Missing) is S.Missing
    assert S.FancySchemaItem().validate(S.Missing) is S.Missing


def test_an_absent_object_id_is_a_new_one() -> None:
    first, second = S.ObjectId().validate(S.Missing), S.ObjectId().validate(S.Missing)
    assert isinstance(first, bson.ObjectId)
    assert first != second
    assert S.ObjectId(if_missing=None).validate(S.Missing) is None


PARTICULAR = [S.String, S.Int, S.Float, S.Bool, S.Binary, S.DateTimeTZ, S.DateTime, S.NumberDecimal]


@pytest.mark.parametrize("item_class", PARTICULAR)
def test_without_allow_none_an_absent_key_stays_absent(item_class: Any) -> None:
    item = item_class(allow_none=False)
    assert item.validate(S.Missing) is S.Missing
    with pytest.raises(S.Invalid, match="None is not a"):
        item.validate(None)
    with pytest.raises(S.Invalid, match="None is not a"):
        item_class(allow_none=False, required=True).validate(None)


def test_allow_none_leaves_a_given_default_alone() -> None:
    item = S.Int(allow_none=False, if_missing=5)
    assert item.validate(S.Missing) == 5
    with pytest.raises(S.Invalid):
        item.validate(None)
    assert S.Int(allow_none=False, if_missing=None).validate(None) is None


@pytest.mark.parametrize("kwargs", [{"required": True}, {"if_missing": S.Missing}, {"precision": 2}])
def test_a_decimal_may_be_none(kwargs: dict[str, Any]) -> None:
    assert S.NumberDecimal(**kwargs).validate(None) is None


# --- what programs look at -------------------------------------------------------------------------


def test_relations_among_item_classes() -> None:
    assert issubclass(S.DateTime, S.DateTimeTZ)
    assert issubclass(S.DateTimeTZ, S.ParticularScalar)
    assert issubclass(S.ParticularScalar, S.Scalar)
    assert issubclass(S.ObjectId, S.Scalar)
    assert not issubclass(S.ObjectId, S.ParticularScalar)
    assert issubclass(S.Scalar, S.FancySchemaItem)


def test_attributes() -> None:
    assert S.OneOf("a", "b").options == ("a", "b")
    item = S.NumberDecimal(3, decimal.ROUND_UP)
    assert (item.precision, item.rounding) == (3, decimal.ROUND_UP)
    assert (S.NumberDecimal().precision, S.NumberDecimal().rounding) == (None, decimal.ROUND_HALF_DOWN)


def test_a_subclass_names_its_type() -> None:
    class Path(S.ParticularScalar[Any]):
        type = (str, bytes)

    assert Path().validate(b"x") == b"x"
    with pytest.raises(S.Invalid, match=r"^5 is not a \(<class 'str'>, <class 'bytes'>\)$"):
        Path().validate(5)
