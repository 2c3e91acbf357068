"""Field declarations: arguments, attributes, and what they are on classes and documents."""

from __future__ import annotations

from typing import Any

import pytest

from ming import Document, Field, collection
from ming import schema as S
from ming.metadata import _FieldDescriptor


class Page(Document):
    title = Field(str)
    _words = Field("words", int)


# --- declaring


def test_a_field_takes_its_type_alone_or_after_its_name() -> None:
    unnamed, named = Field(str), Field("title", str)
    assert (unnamed.name, unnamed.type) == (None, str)
    assert (named.name, named.type) == ("title", str)
    assert isinstance(named.schema, S.String)


def test_a_second_positional_argument_may_be_a_literal() -> None:
    field = Field("kind", "page")
    assert isinstance(field.schema, S.Value)
    assert field.schema.value == "page"


def test_options_of_the_schema_item_are_handed_on() -> None:
    item: Any = Field(str, required=True, if_missing="x", allow_none=False).schema
    assert (item.required, item.if_missing, item.allow_none) == (True, "x", False)


def test_a_schema_item_is_taken_as_it_is() -> None:
    item = S.String(required=True)
    field = Field(item, required=False)
    assert field.schema is item
    assert item.required is True


def test_index_flags_are_booleans_and_default_to_false() -> None:
    plain = Field("a", str)
    assert (plain.index, plain.unique, plain.sparse) == (False, False, False)
    flagged = Field("a", str, index=1, unique=True, sparse=True)
    assert (flagged.index, flagged.unique, flagged.sparse) == (True, True, True)


def test_a_name_alone_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^When called with only one argument Field\(\) parameter should"):
        Field("title")


@pytest.mark.parametrize("arguments", [(), ("a", str, str)])
def test_other_numbers_of_arguments_are_refused(arguments: tuple[Any, ...]) -> None:
    message = f"Field\\(\\) takes 1 or 2 argments, not {len(arguments)}"
    with pytest.raises(TypeError, match=message):
        Field(*arguments)


def test_an_unknown_option_is_refused_when_declared() -> None:
    with pytest.raises(TypeError, match="requird"):
        Field(str, requird=True)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, ""),
        ({"index": True}, "index"),
        ({"unique": True}, "index unique"),
        ({"unique": True, "sparse": True}, "index unique sparse"),
    ],
)
def test_repr(options: dict[str, bool], words: str) -> None:
    assert repr(Field("a", int, **options)) == f"<Field a(<Int required=False if_missing=...>){words}>"


# --- on classes and documents


def test_on_the_class_a_field_is_itself() -> None:
    assert isinstance(Page.title, _FieldDescriptor)
    assert Page.title.field is Page.title
    assert Page.title.name == "title"
    assert Page._words.name == "words"
    assert Page.m.field_index["words"] is Page._words


def test_on_a_document_a_field_is_the_value_under_its_key() -> None:
    page = Page({"title": "a", "words": 3})
    assert (page.title, page._words) == ("a", 3)
    page._words = 4
    assert page == {"title": "a", "words": 4}
    del page._words
    assert page == {"title": "a"}


def test_an_absent_key_cannot_be_read_or_deleted() -> None:
    page = Page({})
    with pytest.raises(AttributeError, match="title"):
        _ = page.title
    assert not hasattr(page, "_words")
    with pytest.raises(KeyError, match="title"):
        del page.title


def test_reading_may_fall_back_on_a_key_without_a_field() -> None:
    assert Page({"_words": 5})._words == 5


def test_a_field_of_two_classes_is_copied_and_named_by_each() -> None:
    shared = Field(S.String(required=True))

    class Left(Document):
        left = shared

    class Right(Document):
        right = shared

    assert (Left.left.name, Right.right.name) == ("left", "right")
    assert Left({"left": "a"}).left == "a"
    assert Right({"right": "b"}).right == "b"
    assert Left.left.schema is Right.right.schema


def test_a_field_of_a_class_can_be_used_in_a_collection() -> None:
    made = collection("pages", None, Page.title)
    assert list(made.m.field_index) == ["title"]
    assert made.title is not Page.title


def test_a_field_may_hide_a_method_of_dict() -> None:
    class Order(Document):
        items = Field([str])
        keys = Field(int)

    order = Order.make({"items": ["a"], "keys": 2})
    assert (order.items, order.keys) == (["a"], 2)
    assert order == {"items": ["a"], "keys": 2}
    assert Order.make(order) == order


@pytest.mark.parametrize("name", ["m", "make"])
def test_a_field_may_be_named_like_what_documents_need_themselves(name: str) -> None:
    imperative = collection("cars", None, Field(name, str))
    declarative = type(Page)("Car", (Document,), {name: Field(str)})
    for cls in (imperative, declarative):
        car = cls.make({name: "a"})
        assert car == {name: "a"}
        assert list(cls.m.field_index) == [name]
        assert getattr(car, name) != "a"
