"""Annotations first: what a typed document's schema is, and how it is constructed."""

from __future__ import annotations

import copy
import pickle
from datetime import datetime
from typing import Annotated, Any, ClassVar, Literal

import pytest
from bson import ObjectId

from ming import Document, Field, TypedDocument, field
from ming import schema as S
from ming.base import Object
from ming.exc import MingConfigError


class Folder(TypedDocument):
    files: list[File]


class File(TypedDocument):
    folder: Folder | None = None


class Author(TypedDocument):
    name: str
    email: str | None = None


class Page(TypedDocument):
    class __mongometa__:
        name = "pages"

    limit: ClassVar[int] = 3

    _id: ObjectId = field(default_factory=ObjectId)
    title: str = field(required=True)
    kind: Literal["draft", "final"] = "draft"
    version: Literal[1] = 1
    tags: list[str] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    author: Author | None = None
    readers: list[Author] = field(default_factory=list)
    created: datetime | None = field(default=None, name="at")
    score: Annotated[int, S.Int(if_missing=5)] = 7
    rank: Annotated[int, S.Int(if_missing=5)]
    anything: Any = None
    reviews: list[Review] = field(default_factory=list)


class Review(TypedDocument):
    stars: int


FULL = {
    "title": "x",
    "author": {"name": "Ann"},
    "readers": [{"name": "Bob", "email": "b@c"}],
    "created": datetime(2020, 1, 1),
    "reviews": [{"stars": 5}],
}


def test_defaults_come_from_the_class_body() -> None:
    page = Page(title="x")
    assert isinstance(page._id, ObjectId)
    del page["_id"]
    assert page == {
        "anything": None,
        "at": None,
        "author": None,
        "counts": {},
        "kind": "draft",
        "rank": 5,
        "readers": [],
        "reviews": [],
        "score": 7,
        "tags": [],
        "title": "x",
        "version": 1,
    }


def test_defaults_are_fresh_each_time() -> None:
    Page(title="x").tags.append("mine")
    assert Page(title="x").tags == []


def test_sub_documents_are_of_their_classes() -> None:
    page = Page(**FULL)
    assert type(page.author) is Author
    assert [type(reader) for reader in page.readers] == [Author]
    assert page.reviews[0].stars == 5
    assert page["at"] == page.created == datetime(2020, 1, 1)


@pytest.mark.parametrize(
    ("values", "refused"),
    [
        ({}, "title"),
        ({"title": None}, "title"),
        ({"title": "x", "kind": "other"}, "kind"),
        ({"title": "x", "version": 2}, "version"),
        ({"title": "x", "tags": [3]}, "tags[0]"),
        ({"title": "x", "tags": [None]}, "tags[0]"),
        ({"title": "x", "author": {"email": "a@b"}}, "author.name"),
        ({"title": "x", "counts": {"a": "b"}}, "counts.a"),
    ],
)
def test_wrong_values_are_refused(values: dict[str, Any], refused: str) -> None:
    with pytest.raises(S.Invalid) as caught:
        Page(**values)
    assert caught.value.path == refused


def test_an_unknown_keyword_is_a_type_error() -> None:
    with pytest.raises(TypeError, match="unexpected keyword argument 'at'"):
        Page(title="x", at=None)
    with pytest.raises(TypeError):
        Page({"title": "x"})  # type: ignore[misc]


def test_loading_never_calls_the_constructor(loader: str) -> None:
    class Strict(TypedDocument):
        title: str

        def __init__(self, **values: Any) -> None:
            raise AssertionError("called")

    load = Strict.m.loader()
    assert load({"title": "x", "other": 1}).title == "x"


def test_a_default_and_a_factory_exclude_each_other() -> None:
    with pytest.raises(TypeError, match="not both"):
        field(default=1, default_factory=int)


@pytest.mark.parametrize("annotation", [int | str, "Unheard"])
def test_an_annotation_without_a_schema_is_named(annotation: Any) -> None:
    body = {"__annotations__": {"it": annotation}, "__module__": __name__}
    odd = type(TypedDocument)("Odd", (TypedDocument,), body)
    with pytest.raises(MingConfigError, match=r"schema=|Odd\.it"):
        odd.m.schema  # type: ignore[attr-defined]  # noqa: B018


def test_annotations_of_other_kinds() -> None:
    class Mixed(TypedDocument):
        plain: int = Field(int, if_missing=3)
        free: Object
        sizes: list[Annotated[int, S.Value(1)]]
        notes: list[Annotated[str, "a note for readers"]]

    mixed = Mixed(free={"a": {"b": 1}}, sizes=[1], notes=["x"])
    assert mixed == {"plain": 3, "free": {"a": {"b": 1}}, "sizes": [1], "notes": ["x"]}
    assert mixed.free.a == {"b": 1}
    with pytest.raises(S.Invalid, match=r"sizes:\[0\]"):
        Mixed(free={}, sizes=[2], notes=[])


def test_a_class_without_annotations_takes_what_is_stored() -> None:
    class Anything(TypedDocument):
        pass

    made = Anything.m.loader()({"a": {"b": 1}})
    assert type(made) is Anything
    assert made.a.b == 1


def test_field_belongs_into_the_body_of_a_class() -> None:
    with pytest.raises(MingConfigError, match="body of a TypedDocument"):
        _ = field(default=1).schema


def test_fields_are_inherited() -> None:
    class Signed(Page):
        signature: bytes | None = None

    assert Signed(title="x").signature is None
    assert set(Signed.m.field_index) == {*Page.m.field_index, "signature"}


def test_documents_can_be_copied_and_pickled() -> None:
    page = Page(**FULL)
    for twin in (copy.copy(page), copy.deepcopy(page), pickle.loads(pickle.dumps(page))):
        assert twin == page
        assert type(twin) is Page
        assert type(twin.author) is Author


def test_a_document_class_is_a_field_type(loader: str) -> None:
    class Line(Document):
        text = Field(str, required=True)

    class Poem(Document):
        lines = Field([Line])
        motto = Field(Line, if_missing=None)

    poem = Poem.m.loader()({"lines": [{"text": "a", "rhyme": "b"}], "motto": None})
    assert type(poem.lines[0]) is Line
    assert poem == {"lines": [{"text": "a"}], "motto": None}
    assert poem.lines[0]._origin.unknown == {"rhyme": "b"}
    with pytest.raises(S.Invalid, match=r"lines:\[0\]:text:Missing field"):
        Poem.make({"lines": [{}]})


def test_options_of_the_schema_item_count() -> None:
    class Made(TypedDocument):
        size: int = field(if_missing=3)
        anything: list[int] = field(schema=[], default_factory=list)

    assert Made() == {"size": 3, "anything": []}
    assert Made(anything=["x"]) == {"size": 3, "anything": ["x"]}


def test_a_class_that_is_part_of_itself_is_refused() -> None:
    message = r"File is part of itself \(File in Folder in File\)"
    with pytest.raises(MingConfigError, match=message):
        Folder.make({"files": []})
