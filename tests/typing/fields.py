"""What type checkers infer of every way to declare a field; see ``documents.py`` for lines to be refused."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import bson

from ming import Document, Field
from ming import schema as S
from ming.base import Object

if TYPE_CHECKING:
    from typing_extensions import assert_type


class Shorthand(Document):
    text = Field(str)
    number = Field(int)
    real = Field(float)
    flag = Field(bool, if_missing=False)
    data = Field(bytes)
    moment = Field(datetime)
    decimal = Field(bson.Decimal128)
    literal = Field(3)
    anything = Field(None)
    some_list = Field(list)
    some_dict = Field(dict)
    texts = Field([str])
    untyped = Field([])
    nested = Field([[str]])
    objects = Field([{"a": int}])
    object_ = Field({"a": int})


class Items(Document):
    text = Field(S.String)
    number = Field(S.Int(required=True))
    real = Field(S.Float)
    moment = Field(S.DateTime)
    data = Field(S.Binary)
    key = Field(S.ObjectId)
    decimal = Field(S.NumberDecimal(precision=2))
    choice = Field(S.OneOf("a", "b"))
    anything = Field(S.Anything)
    constant = Field(S.Value(3))
    gone = Field(S.Deprecated)
    numbers = Field([S.Int])
    more_numbers = Field([S.Int(required=True)])
    array = Field(S.Array(str))
    array_of_items = Field(S.Array(S.Int))
    object_ = Field(S.Object({"a": int}))
    migrated = Field(S.Migrate(int, str, str))


class Named(Document):
    text = Field("a", str)
    number = Field("b", S.Int, required=True)
    item = Field("c", S.Int(if_missing=0))
    texts = Field("d", [str])
    numbers = Field("e", [S.Int])
    objects = Field("f", [{"a": int}])
    object_ = Field("g", {"a": int})
    anything = Field("h", None)
    literal = Field("i", "page")


def shorthand(document: Shorthand) -> None:
    assert_type(document.text, str)
    assert_type(document.number, int)
    assert_type(document.real, float)
    assert_type(document.flag, bool)
    assert_type(document.data, bytes)
    assert_type(document.moment, datetime)
    assert_type(document.decimal, bson.Decimal128)
    assert_type(document.literal, int)
    assert_type(document.anything, Any)
    assert_type(document.some_list, list[Any])
    assert_type(document.some_dict, Object)
    assert_type(document.texts, list[str])
    assert_type(document.untyped, list[Any])
    assert_type(document.nested, list[Any])
    assert_type(document.objects, list[Object])
    assert_type(document.object_, Object)


def items(document: Items) -> None:
    assert_type(document.text, str)
    assert_type(document.number, int)
    assert_type(document.real, float)
    assert_type(document.moment, datetime)
    assert_type(document.data, bytes)
    assert_type(document.key, bson.ObjectId)
    assert_type(document.decimal, bson.Decimal128)
    assert_type(document.choice, Any)
    assert_type(document.anything, Any)
    assert_type(document.constant, int)
    assert_type(document.numbers, list[int])
    assert_type(document.more_numbers, list[int])
    assert_type(document.array, list[str])
    assert_type(document.array_of_items, list[int])
    assert_type(document.object_, Object)
    assert_type(document.migrated, Any)
    document.gone = "anything"  # type: ignore[assignment]


def named(document: Named) -> None:
    assert_type(document.text, str)
    assert_type(document.number, int)
    assert_type(document.item, int)
    assert_type(document.texts, list[str])
    assert_type(document.numbers, list[int])
    assert_type(document.objects, list[Object])
    assert_type(document.object_, Object)
    assert_type(document.anything, Any)
    assert_type(document.literal, str)


def on_the_class() -> None:
    assert_type(Shorthand.text, Field[str])
    assert_type(Named.number, Field[int])
    assert_type(Shorthand.text.name, str | None)


def refused(document: Shorthand) -> None:
    Field()  # type: ignore[call-overload]
    Field("a", str, str)  # type: ignore[call-overload]
    document.number = "three"  # type: ignore[assignment]
    document.texts = [1]  # type: ignore[list-item]
    document.text.real  # type: ignore[attr-defined]  # noqa: B018
