"""What type checkers infer of document classes, managers, sessions and cursors.

Lines that end in ``# type: ignore[...]`` must be refused: both checkers complain about an ignore that is not
needed.
"""

from __future__ import annotations

from collections.abc import Generator
from datetime import datetime
from typing import TYPE_CHECKING, Any

import bson
from pymongo.results import DeleteResult, InsertOneResult, UpdateResult

from ming import AsyncSession, Cursor, Document, Field, Session
from ming import schema as S
from ming.aio.cursor import AsyncCursor
from ming.evolve.report import MigrationReport
from ming.metadata import Manager
from ming.utils import ThreadLocalProxy

if TYPE_CHECKING:
    from typing_extensions import assert_type

    from ming._managers import AsyncClassManager, ClassManager, InstanceManager


class Page(Document):
    class __mongometa__:
        session = Session()
        name = "pages"

    _id = Field(S.ObjectId)
    title = Field(str)
    renamed = Field("stored_name", str)
    views = Field(S.Int(required=True))
    rating = Field("rating", float)
    created = Field(datetime)
    hidden = Field(bool)
    tags = Field([str])
    anything = Field(None)


def fields(page: Page) -> None:
    assert_type(page._id, bson.ObjectId)
    assert_type(page.title, str)
    assert_type(page.renamed, str)
    assert_type(page.views, int)
    assert_type(page.rating, float)
    assert_type(page.created, datetime)
    assert_type(page.hidden, bool)
    assert_type(page.tags, list[str])
    assert_type(page.anything, Any)
    assert_type(Page.title, Field[str])
    page.title = "other"
    page.title = 3  # type: ignore[assignment]


def managers(page: Page) -> None:
    assert_type(Page.m.find(), Cursor[Page])
    assert_type(Page.m.find({"title": "a"}).sort("title").limit(3).first(), Page | None)
    assert_type(Page.m.find().one(), Page)
    assert_type(Page.m.find().all(), list[Page])
    assert_type(Page.m.get(title="a"), Page | None)
    assert_type(Page.m.find().count(), int)
    assert_type(Page.make({}), Page)
    for found in Page.m.find():
        assert_type(found, Page)
    page.m.save()
    Page.m.find().first().title.upper()  # type: ignore[union-attr]


class Article(Page):
    words = Field(int)

    # The way to narrow the manager that programs for Ming 0.17 know.
    if TYPE_CHECKING:
        m: Manager[Article]


def subclasses(article: Article) -> None:
    assert_type(article.title, str)
    assert_type(article.words, int)
    assert_type(Article.m.get(), Article | None)
    assert_type(Article.m.find().first(), Article | None)
    assert_type(article.m.save(), UpdateResult | InsertOneResult)


def operations_of_managers(
    page: Page, other: Session, asession: AsyncSession, proxy: ThreadLocalProxy[Session]
) -> None:
    assert_type(Page.m, ClassManager[Page])
    assert_type(page.m, InstanceManager[Page])
    assert_type(Page.m.make({}), Page)
    assert_type(Page.m.find_by(title="a"), Cursor[Page])
    assert_type(Page.m.find({}, validate=False), Generator[Page, None, None])
    assert_type(Page.m.find_one_and_update({}, {}), dict[str, Any] | None)
    assert_type(Page.m.remove({}), DeleteResult)
    assert_type(Page.m.update_partial({}, {}), UpdateResult)
    assert_type(Page.m.count(), int)
    assert_type(Page.m.migrate(), MigrationReport)
    assert_type(Page.m.migrate(workers=2, duty=0.5, to=1, dry_run=True), MigrationReport)
    Page.m.migrate(worker=2)  # type: ignore[call-arg]
    assert_type(Page.m.with_session(other), ClassManager[Page])
    assert_type(Page.m.with_session(proxy), ClassManager[Page])
    assert_type(Page.m.with_session(asession), AsyncClassManager[Page])
    assert_type(Page.m.with_options(comment="x"), ClassManager[Page])
    assert_type(page.m.insert(), InsertOneResult)
    assert_type(page.m.delete(), DeleteResult)
    Page.m.save()  # type: ignore[attr-defined]
    page.m.find()  # type: ignore[attr-defined]
    Page.make()  # type: ignore[call-arg]
    Page(title="a")  # type: ignore[call-arg]


def sessions(session: Session) -> None:
    assert_type(session.find(Page), Cursor[Page])
    assert_type(session.get(Page, title="a"), Page | None)


async def async_sessions(session: AsyncSession) -> None:
    assert_type(await session.get(Page, title="a"), Page | None)
    assert_type(await session.find(Page).first(), Page | None)
    assert_type(await session.find(Page).all(), list[Page])
    async for found in session.find(Page, {"title": "a"}):
        assert_type(found, Page)
    manager = Page.m.with_session(session)
    assert_type(await manager.get(title="a"), Page | None)
    assert_type(manager.find({}), AsyncCursor[Page])
    assert_type(await manager.find({}).one(), Page)
    assert_type(await manager.remove({}), DeleteResult)
    assert_type(await manager.count(), int)
    assert_type(await manager.migrate(), MigrationReport)
    (await session.get(Page, title="a")).title.upper()  # type: ignore[union-attr]
