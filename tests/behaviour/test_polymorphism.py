"""Several classes in one collection, told apart by a discriminator."""

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple

import pytest
from harness.faces import Face

from ming import Document, Field, collection
from ming import schema as S
from ming.exc import Invalid

pytestmark = pytest.mark.usefixtures("loader")


class Family(NamedTuple):
    page: Any
    article: Any
    review: Any


def declarative(session_: Any) -> Family:
    class Page(Document):
        class __mongometa__:
            name = "pages"
            session = session_
            polymorphic_on = "kind"
            polymorphic_identity = "page"

        _id = Field(int)
        kind = Field(str, if_missing="page")
        title = Field(str)

    class Article(Page):
        class __mongometa__:
            polymorphic_identity = "article"

        kind = Field(str, if_missing="article")
        words = Field(int)

    class Review(Article):
        class __mongometa__:
            polymorphic_identity = "review"

        kind = Field(str, if_missing="review")
        stars = Field(S.Int(required=True))

    return Family(Page, Article, Review)


def imperative(session: Any) -> Family:
    page = collection(
        "pages",
        session,
        Field("_id", int),
        Field("kind", str, if_missing="page"),
        Field("title", str),
        polymorphic_on="kind",
        polymorphic_identity="page",
    )
    article = collection(
        page, Field("kind", str, if_missing="article"), Field("words", int), polymorphic_identity="article"
    )
    review = collection(
        article,
        Field("kind", str, if_missing="review"),
        Field("stars", int, required=True),
        polymorphic_identity="review",
    )
    return Family(page, article, review)


@pytest.fixture(params=[declarative, imperative])
def family(request: pytest.FixtureRequest, face: Face) -> Family:
    made: Family = request.param(face.sync_session)
    return made


STORED = [
    {"_id": 1, "kind": "page", "title": "a"},
    {"_id": 2, "kind": "article", "title": "b", "words": 10},
    {"_id": 3, "kind": "review", "title": "c", "words": 20, "stars": 4},
]


async def test_every_class_finds_all_documents_as_their_own_classes(face: Face, family: Family) -> None:
    await face.raw["pages"].insert_many([dict(raw) for raw in STORED])
    for cls in family:
        found = await face.session.find(cls).sort("_id", 1).all()
        assert [type(document) for document in found] == list(family)
        assert found == STORED
        assert type(await face.session.get(cls, _id=3)) is family.review


async def test_a_document_without_the_key_is_of_the_class_asked(face: Face, family: Family) -> None:
    await face.raw["pages"].insert_one({"_id": 1, "title": "a"})
    for cls in (family.page, family.article):
        found = await face.session.get(cls, _id=1)
        assert type(found) is cls
        assert found.kind == cls.m.polymorphic_identity


async def test_the_identity_is_stored_by_its_default(face: Face, family: Family) -> None:
    await face.session.save(family.article({"_id": 1, "words": 5}))
    raw = await face.raw["pages"].find_one({})
    assert raw == {"_id": 1, "kind": "article", "title": None, "words": 5}


async def test_a_family_is_made_saved_and_kept(face: Face, family: Family) -> None:
    made = family.page.make({"_id": 1, "kind": "review", "stars": 3})
    assert type(made) is family.review
    await face.session.save(made)
    await face.raw["pages"].update_one({}, {"$set": {"unknown": {"x": 1}}})
    found = await face.session.get(family.page, _id=1)
    found.stars = 4
    await face.session.save(found)
    raw = await face.raw["pages"].find_one({})
    assert raw == {"_id": 1, "kind": "review", "title": None, "words": None, "stars": 4, "unknown": {"x": 1}}


async def test_each_class_applies_its_own_schema(face: Face, family: Family) -> None:
    await face.raw["pages"].insert_one({"_id": 1, "kind": "review", "title": "c"})
    with pytest.raises(Invalid, match="stars:Missing field"):
        await face.session.get(family.page, _id=1)
    with pytest.raises(Invalid, match="Extra keys: {'stars'}"):
        family.page.make({"_id": 1, "kind": "article", "stars": 4})


async def test_an_unknown_identity_cannot_be_read(face: Face, family: Family) -> None:
    await face.raw["pages"].insert_many([{"_id": 1, "kind": "poem"}, {"_id": 2, "kind": ["page"]}])
    for key in (1, 2):
        with pytest.raises(Invalid, match="is not among the known identities") as refused:
            await face.session.get(family.article, _id=key)
        assert (refused.value.collection, refused.value.document_id) == ("pages", key)
    assert await face.session.find(family.page, {}, on_invalid="skip").all() == []


async def test_a_class_declared_later_is_known_at_once(face: Face, family: Family) -> None:
    await face.raw["pages"].insert_many([dict(raw) for raw in STORED[:1]])
    await face.session.get(family.page, _id=1)
    poem = collection(family.page, Field("lines", [str]), polymorphic_identity="poem")
    await face.raw["pages"].insert_one({"_id": 9, "kind": "poem", "lines": ["x"]})
    found = await face.session.get(family.article, _id=9)
    assert type(found) is poem
    assert found.lines == ["x"]


async def test_a_subclass_without_an_identity_reads_the_family_as_its_own(face: Face) -> None:
    family = declarative(face.sync_session)

    class Shown(family.article):  # type: ignore[misc,name-defined]
        @property
        def line(self) -> str:
            return f"{self.title} ({self.words})"

    await face.raw["pages"].insert_many([dict(raw) for raw in STORED])
    found = await face.session.get(Shown, _id=2)
    assert type(found) is Shown
    assert found.line == "b (10)"
    assert type(await face.session.get(Shown, _id=3)) is family.review
    assert type(await face.session.get(family.page, _id=2)) is family.article


async def test_reading_a_family_creates_no_index_of_a_class_that_was_not_asked_for(face: Face) -> None:
    family = declarative(face.sync_session)

    class Poem(family.page):  # type: ignore[misc,name-defined]
        class __mongometa__:
            polymorphic_identity = "poem"
            indexes: ClassVar[list[Any]] = ["lines"]

        lines = Field([str])

    await face.raw["pages"].insert_one({"_id": 1, "kind": "poem", "lines": ["x"]})
    assert type(await face.session.get(family.page, _id=1)) is Poem
    assert type(Poem.make({"_id": 2})) is Poem
    keys = [index["key"] for index in (await face.raw["pages"].index_information()).values()]
    assert [("lines", 1)] not in keys
