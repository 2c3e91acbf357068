"""What type checkers infer of mapped classes and their sessions; see ``documents.py`` for lines to be refused."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import bson
from pymongo.results import DeleteResult, UpdateResult

from ming import field
from ming import schema as S
from ming.base import Object
from ming.encryption import DecryptedField, EncryptedListWrapper
from ming.odm import (
    AsyncODMSession,
    DecryptedListProperty,
    DecryptedProperty,
    FieldProperty,
    FieldPropertyWithMissingNone,
    ForeignIdProperty,
    MappedClass,
    Mapper,
    ODMSession,
    RelationProperty,
    ThreadLocalODMSession,
    TypedMappedClass,
    mapper,
    state,
)
from ming.odm.aio_cursor import AsyncODMCursor
from ming.odm.base import ObjectState
from ming.odm.odmsession import ODMCursor

if TYPE_CHECKING:
    from typing_extensions import assert_type

    from ming.odm.mapper import Query, _ClassQuery, _InstQuery


class Page(MappedClass):
    class __mongometa__:
        session = ThreadLocalODMSession()
        name = "page"

    _id = FieldProperty(S.ObjectId)
    title = FieldProperty(str)
    views = FieldProperty(S.Int(required=True))
    created = FieldProperty(datetime)
    tags = FieldProperty([str])
    history = FieldProperty([{"by": str}])
    data = FieldProperty({"a": int})
    anything = FieldProperty(None)
    renamed = FieldProperty("stored_name", str)
    rated = FieldProperty("rating", S.Float)
    note = FieldPropertyWithMissingNone(str)
    author_id = ForeignIdProperty("Author")
    author = RelationProperty("Author")
    ssn_encrypted = FieldProperty(S.Binary)
    ssn = DecryptedProperty(str, "ssn_encrypted")
    nicks_encrypted = FieldProperty([S.Binary])
    nicks = DecryptedListProperty[str]("nicks_encrypted")


def properties(page: Page) -> None:
    assert_type(page._id, bson.ObjectId)
    assert_type(page.title, str)
    assert_type(page.views, int)
    assert_type(page.created, datetime)
    assert_type(page.tags, list[str])
    assert_type(page.history, list[Object])
    assert_type(page.data, Object)
    assert_type(page.anything, Any)
    assert_type(page.renamed, str)
    assert_type(page.rated, float)
    assert_type(page.note, str)
    assert_type(page.author_id, Any)
    assert_type(page.author, Any)
    assert_type(Page.title, FieldProperty[str])
    assert_type(Page.note, FieldPropertyWithMissingNone[str])
    page["title"] = page["title"]
    del page["title"]
    page.delete()
    page.title = 3  # type: ignore[assignment]
    Page("positional")  # type: ignore[call-arg]


def encrypted(page: Page) -> None:
    assert_type(Page.ssn, DecryptedField[str])
    assert_type(page.ssn, str)
    assert_type(page.nicks, EncryptedListWrapper[str])
    assert_type(Page.encrypted_field_names(), list[str])
    page.ssn = 5  # type: ignore[assignment]


def queries(page: Page) -> None:
    assert_type(Page.query, _ClassQuery[Page])
    assert_type(page.query, _InstQuery[Page])
    assert_type(Page.query.find(), ODMCursor[Page])
    assert_type(Page.query.find({"title": "a"}).sort("title").limit(3).first(), Page | None)
    assert_type(Page.query.find_by(title="a").one(), Page)
    assert_type(Page.query.find().all(), list[Page])
    assert_type(Page.query.get(title="a"), Page | None)
    assert_type(Page.query.count({"title": "a"}), int)
    assert_type(Page.query.find_one_and_update({}, {}), Page | None)
    assert_type(Page.query.find_one_and_replace({}, {}), Page | None)
    assert_type(Page.query.find_one_and_delete({}), Page | None)
    assert_type(Page.query.update({}, {}), UpdateResult)
    assert_type(Page.query.remove({}), DeleteResult)
    assert_type(Page.query.distinct("title"), list[Any])
    assert_type(Page.query.mapped_class, type[Page])
    assert_type(page.query.update({}), UpdateResult)
    assert_type(page.query.update_if_not_modified({}), bool)
    assert_type(page.query.get("id"), Page | None)
    for found in Page.query.find():
        assert_type(found, Page)
    Page.query.get("id").title.upper()  # type: ignore[union-attr]
    Page.query.update_if_not_modified({})  # type: ignore[attr-defined]
    page.query.remove({})  # type: ignore[attr-defined]


class Article(Page):
    words = FieldProperty(int)


class Note(MappedClass):
    # The way to narrow the query that programs for Ming 0.17 know.
    query: Query[Note]

    text = FieldProperty(str)


def subclasses(article: Article, note: Note) -> None:
    assert_type(article.title, str)
    assert_type(article.words, int)
    assert_type(Article.query.get(), Article | None)
    assert_type(Article.query.find().first(), Article | None)
    assert_type(Note.query.find().first(), Note | None)
    assert_type(note.query.update({}), UpdateResult)
    Note.query.get("id").text.upper()  # type: ignore[union-attr]


def sessions(session: ODMSession) -> None:
    assert_type(session.find(Page), ODMCursor[Page])
    assert_type(session.get(Page, "id"), Page | None)
    assert_type(session.refresh(Page()), Page | None)
    assert_type(session.find_one_and_update(Page, {}, {}), Page | None)
    assert_type(session.remove(Page), DeleteResult)
    assert_type(session.count(Page), int)
    with session.begin() as begun:
        assert_type(begun, ODMSession)


async def async_sessions(session: AsyncODMSession) -> None:
    assert_type(session.find(Page), AsyncODMCursor[Page])
    assert_type(await session.get(Page, "id"), Page | None)
    assert_type(await session.find(Page).first(), Page | None)
    assert_type(await session.find(Page).all(), list[Page])
    assert_type(await session.refresh(Page()), Page | None)
    async for found in session.find(Page, {"title": "a"}):
        assert_type(found, Page)
    (await session.get(Page, "id")).title.upper()  # type: ignore[union-attr]


def mappers(page: Page) -> None:
    assert_type(mapper(Page), Mapper[Page])
    assert_type(mapper("Page"), Mapper[Any])
    assert_type(mapper(page), Mapper[Any])
    assert_type(Mapper.by_class(Page), Mapper[Page])
    assert_type(Mapper.by_class(Page).mapped_class, type[Page])
    assert_type(Page.query.mapper, Mapper[Page])
    assert_type(state(page), ObjectState)


class Letter(TypedMappedClass):
    class __mongometa__:
        session = ThreadLocalODMSession()
        name = "letter"

    _id: bson.ObjectId = field(default_factory=bson.ObjectId)
    text: str = field(required=True)
    copies: int = 1
    remark: str | None = None
    author_id: Any = ForeignIdProperty("Author")


def made_by_keywords() -> None:
    letter = Letter(text="Dear ...", copies=2, author_id=bson.ObjectId())
    assert_type(letter.text, str)
    assert_type(letter.remark, str | None)
    assert_type(Letter.query.find().first(), Letter | None)
    Letter(text=3)  # type: ignore[arg-type]
    Letter(text="Dear ...", pages=3)  # type: ignore[call-arg]
