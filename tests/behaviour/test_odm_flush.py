"""What a flush of mapped objects stores, and what becomes of their states."""

from __future__ import annotations

from typing import Any

import pytest
from harness.odm import OdmFace
from pymongo.errors import DuplicateKeyError

from ming import schema as S
from ming.exc import StaleObject
from ming.odm import FieldProperty, MappedClass, state


@pytest.fixture
def page(odm: OdmFace) -> Any:
    class Page(MappedClass):
        class __mongometa__:
            name = "page"
            session = odm.declared

        _id = FieldProperty(S.ObjectId)
        title = FieldProperty(str)
        tags = FieldProperty([str])
        views = FieldProperty(int, if_missing=0)

    return Page


async def test_changed_fields_alone_are_stored(odm: OdmFace, page: Any) -> None:
    one = page(title="one", tags=["a"])
    await odm.session.flush()
    await odm.raw.page.update_one({}, {"$set": {"views": 7, "tags": ["a", "other"]}})
    one.title = "two"
    one.tags.append("b")
    await odm.session.flush()
    stored = await odm.raw.page.find_one()
    assert stored == {"_id": one._id, "title": "two", "views": 7, "tags": ["a", "other", "b"]}


async def test_a_deleted_document_is_not_brought_back(odm: OdmFace, page: Any) -> None:
    pages = [page(title=title) for title in "abc"]
    await odm.session.flush()
    await odm.raw.page.delete_one({"title": "b"})
    for each in pages:
        each.title += "!"
    with pytest.raises(StaleObject) as caught:
        await odm.session.flush()
    assert caught.value.document_id == pages[1]._id
    assert [state(each).status for each in pages] == ["clean", "dirty", "dirty"]
    odm.declared.expunge(pages[1])
    await odm.session.flush()
    assert sorted([each["title"] async for each in odm.raw.page.find()]) == ["a!", "c!"]


async def test_a_duplicate_key_stops_where_it_is(odm: OdmFace, page: Any) -> None:
    await odm.raw.page.create_index("title", unique=True)
    pages = [page(title=title) for title in ["a", "b", "a", "c"]]
    with pytest.raises(DuplicateKeyError, match="doc:"):
        await odm.session.flush()
    assert [state(each).status for each in pages] == ["clean", "clean", "new", "new"]
    pages[2].title = "d"
    await odm.session.flush()
    assert await odm.raw.page.count_documents({}) == 4
