"""Imperative document classes: arguments, inheritance, indexes, polymorphism."""

from __future__ import annotations

from typing import Any

import pytest

from ming import Document, Field, Index, Session, collection
from ming import schema as S
from ming.exc import MingConfigError
from ming.metadata import _Document, _FieldDescriptor

SESSION = Session()
OTHER = Session()


# --- arguments


def test_a_name_a_session_and_fields_make_a_document_class() -> None:
    page = collection("pages", SESSION, Field("title", str), Field("tags", [str]))
    assert issubclass(page, _Document)
    assert page.__name__ == "Document<pages>"
    assert (page.m.collection_name, page.m.session, page.m.cls) == ("pages", SESSION, page)
    assert list(page.m.field_index) == ["title", "tags"]
    assert isinstance(page.title, _FieldDescriptor)
    assert page.make({"title": "a"}) == {"title": "a", "tags": []}


def test_name_and_session_may_be_none() -> None:
    page = collection(None, None, Field("a", int))
    assert (page.m.collection_name, page.m.session) == (None, None)
    assert page.make({"a": 1}) == {"a": 1}


def test_name_and_session_can_be_options() -> None:
    page = collection("pages", SESSION, collection_name="other", session=OTHER)
    assert (page.m.collection_name, page.m.session) == ("other", OTHER)


@pytest.mark.parametrize("arguments", [(), ("pages",), (None,), (5, SESSION), (int,), ([],), ([int],)])
def test_unsuitable_arguments_are_refused(arguments: tuple[Any, ...]) -> None:
    with pytest.raises(TypeError, match="takes a name and a session, or document classes"):
        collection(*arguments)


def test_an_item_that_is_neither_field_nor_index_is_refused() -> None:
    with pytest.raises(TypeError, match="^don't know what to do with 5$"):
        collection("pages", SESSION, 5)


def test_a_nameless_field_is_refused() -> None:
    with pytest.raises(ValueError, match="needs a name"):
        collection("pages", SESSION, Field(str))


def test_an_unknown_option_is_refused() -> None:
    with pytest.raises(TypeError, match="colection_name"):
        collection("pages", SESSION, colection_name="other")


def test_an_unknown_choice_is_refused() -> None:
    with pytest.raises(MingConfigError, match="unknown='drop', expected one of keep, strip, forbid"):
        collection("pages", SESSION, unknown="drop")


# --- indexes


def test_index_flags_of_fields_and_indexes_count_in_their_order() -> None:
    page = collection(
        "pages",
        SESSION,
        Field("plain", str),
        Field("a", str, index=True),
        Index("b", ("c", -1)),
        Field("d", str, unique=True),
        Field("e", str, sparse=True, unique=True),
    )
    expected = [
        Index("a"),
        Index("b", ("c", -1)),
        Index("d", unique=True),
        Index("e", unique=True, sparse=True),
    ]
    assert page.m.indexes == expected


def test_inherited_indexes_come_first_the_last_base_before_the_first() -> None:
    left = collection("left", SESSION, Index("l"))
    right = collection("right", SESSION, Index("r"))
    both = collection([left, right], Index("own"))
    assert both.m.indexes == [Index("r"), Index("l"), Index("own")]


# --- inheritance


def test_a_base_gives_name_session_and_fields() -> None:
    base = collection("pages", SESSION, Field("a", int), Field("b", int))
    child = collection(base, Field("b", str), Field("c", int))
    assert issubclass(child, base)
    assert (child.m.collection_name, child.m.session) == ("pages", SESSION)
    assert child.m.bases == (base.m,)
    assert child.make({"a": 1, "b": "x", "c": 2}) == {"a": 1, "b": "x", "c": 2}
    assert set(base.m.field_index) == {"a", "b"}


def test_name_and_session_come_from_the_last_base_unless_given() -> None:
    first = collection("first", SESSION)
    last = collection("last", OTHER)
    both = collection([first, last])
    assert (both.m.collection_name, both.m.session) == ("last", OTHER)
    moved = collection([first, last], collection_name="moved", session=SESSION)
    assert (moved.m.collection_name, moved.m.session) == ("moved", SESSION)


def test_the_first_base_wins_where_fields_collide() -> None:
    first = collection("first", SESSION, Field("a", int))
    last = collection("last", SESSION, Field("a", str))
    both = collection([first, last])
    assert both.m.field_index["a"] is first.a
    assert both.a is first.a


def test_a_declarative_base_is_inherited_from() -> None:
    class Page(Document):
        class __mongometa__:
            name = "pages"
            session = SESSION

        title = Field(str)

    child = collection(Page, Field("words", int))
    assert child.m.collection_name == "pages"
    assert child.make({"title": "a", "words": 1}) == {"title": "a", "words": 1}
    assert child.words is child.m.field_index["words"]
    assert type(child.make({})) is child


def test_the_hook_is_inherited_and_the_chain_of_versions_is_not() -> None:
    def hook(document: Any) -> None:
        pass

    old = collection("pages", SESSION, Field("name", S.String(required=True)))
    base = collection(
        "pages",
        SESSION,
        Field("title", S.String(required=True)),
        before_save=hook,
        version_of=old,
        migrate=lambda old: {"title": old.name},
    )
    child = collection(base)
    assert child.m.before_save is hook
    assert base.m.older is not None
    assert child.m.older is None


def test_choices_and_driver_options_are_inherited() -> None:
    base = collection("pages", SESSION, unknown="forbid", save="changes", comment="from pages")
    child = collection(base, max_time_ms=5)
    assert (child.m.declaration.unknown, child.m.declaration.save) == ("forbid", "changes")
    assert child.m.driver_options == {"comment": "from pages", "max_time_ms": 5}


# --- polymorphism


def test_children_join_the_registry_that_was_made_for_the_base() -> None:
    base = collection(
        "pages", SESSION, Field("kind", str), polymorphic_on="kind", polymorphic_identity="base"
    )
    child = collection(base, Field("extra", int), polymorphic_identity="child")
    assert base.m.polymorphic_registry == {"base": base, "child": child}
    assert child.m.polymorphic_registry is base.m.polymorphic_registry
    assert child.__name__ == "Document<pages:child>"
    made = base.make({"kind": "child", "extra": 1})
    assert type(made) is child
    assert made == {"kind": "child", "extra": 1}


def test_a_child_without_identity_registers_under_none() -> None:
    base = collection(
        "pages", SESSION, Field("kind", str), polymorphic_on="kind", polymorphic_identity="base"
    )
    child = collection(base)
    assert base.m.polymorphic_registry == {"base": base, None: child}


def test_a_given_registry_is_used() -> None:
    registry: dict[Any, Any] = {}
    base = collection(
        "pages", SESSION, Field("kind", str), polymorphic_on="kind", polymorphic_registry=registry
    )
    assert registry == {None: base}
