"""What type checkers infer of annotations-first documents; see ``documents.py`` for lines to be refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import bson

from ming import Cursor, Session, TypedDocument, field

if TYPE_CHECKING:
    from typing_extensions import assert_type


class Page(TypedDocument):
    class __mongometa__:
        session = Session()
        name = "pages"

    _id: bson.ObjectId = field(default_factory=bson.ObjectId)
    title: str = field(required=True)
    views: int = 0
    subtitle: str | None = None


def made_by_keywords() -> None:
    page = Page(title="Bookbinding", views=3)
    assert_type(page.title, str)
    assert_type(page.views, int)
    assert_type(page.subtitle, str | None)
    assert_type(Page.m.find(), Cursor[Page])
    Page(title=3)  # type: ignore[arg-type]
    Page(title="Bookbinding", pages=3)  # type: ignore[call-arg]
