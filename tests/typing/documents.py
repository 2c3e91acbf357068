"""What type checkers infer of document classes, managers, sessions and cursors.

Lines that end in ``# type: ignore[...]`` must be refused: both checkers complain about an ignore that is not
needed.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import bson

from ming import AsyncSession, Cursor, Document, Field, Session
from ming import schema as S

if TYPE_CHECKING:
    from typing_extensions import assert_type


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


def sessions(session: Session) -> None:
    assert_type(session.find(Page), Cursor[Page])
    assert_type(session.get(Page, title="a"), Page | None)


async def async_sessions(session: AsyncSession) -> None:
    assert_type(await session.get(Page, title="a"), Page | None)
    assert_type(await session.find(Page).first(), Page | None)
    assert_type(await session.find(Page).all(), list[Page])
    async for found in session.find(Page, {"title": "a"}):
        assert_type(found, Page)
    assert_type(await Page.m.with_session(session).get(title="a"), Page | None)
    (await session.get(Page, title="a")).title.upper()  # type: ignore[union-attr]
