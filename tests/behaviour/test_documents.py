"""What a document class reads and writes: save, insert, upsert, delete, set, increase_field, get and find."""

from __future__ import annotations

import asyncio
import copy
import pickle
from collections.abc import Callable
from datetime import datetime
from typing import Any

import bson
import pytest
from harness.faces import Face
from pymongo.errors import DuplicateKeyError
from pymongo.results import DeleteResult, InsertOneResult, UpdateResult

from ming import Document, Field, collection
from ming import schema as S
from ming.base import Object
from ming.exc import Invalid

pytestmark = pytest.mark.usefixtures("loader")

Declare = Callable[..., Any]


@pytest.fixture
def declare(face: Face) -> Declare:
    """Makes a document class with the given fields and options in ``__mongometa__``, on the collection pages."""

    def made(fields: dict[str, Any] | None = None, **options: Any) -> Any:
        meta = type("__mongometa__", (), {"name": "pages", "session": face.sync_session, **options})
        body = page_fields() if fields is None else fields
        return type("Page", (Document,), {"__mongometa__": meta, **body})

    return made


def page_fields() -> dict[str, Any]:
    return {
        "_id": Field(S.ObjectId),
        "title": Field(str),
        "views": Field(int, if_missing=0),
        "tags": Field([str]),
        "meta": Field({"author": str, "seen": [{"by": str}]}),
        "gone": Field(S.Deprecated()),
    }


@pytest.fixture
def page(declare: Declare) -> Any:
    return declare()


async def stored(face: Face) -> list[dict[str, Any]]:
    """Everything in the collection, as the driver reads it."""
    return list(await face.raw["pages"].find({}).sort("_id", 1).to_list())


async def store(face: Face, *documents: dict[str, Any]) -> None:
    for document in documents:
        await face.raw["pages"].insert_one(document)


DEFAULTS = {"title": None, "views": 0, "tags": [], "meta": {"author": None, "seen": []}}


# --- save


async def test_saving_a_new_document_fills_in_defaults_and_stores_it(face: Face, page: Any) -> None:
    new = page({"title": "a"})
    result = await face.session.save(new)
    assert isinstance(result, UpdateResult)
    assert isinstance(new._id, bson.ObjectId)
    expected = {"_id": new._id, **DEFAULTS, "title": "a"}
    assert new == expected
    assert await stored(face) == [expected]


async def test_a_saved_document_shows_converted_values(face: Face, declare: Declare) -> None:
    page = declare({"_id": Field(int), "when": Field(datetime), "inner": Field({"a": int})})
    new = page({"_id": 1, "when": datetime(2020, 1, 1, microsecond=123456), "inner": {}})
    await face.session.save(new)
    assert new.when == datetime(2020, 1, 1, microsecond=123000)
    assert new.inner.a is None


async def test_saving_replaces_the_whole_stored_document(face: Face, page: Any) -> None:
    await store(face, {"_id": 1, "title": "a", "other": "x"})
    replacement = page({"_id": bson.ObjectId(), "title": "b"})
    await face.session.save(replacement)
    replacement.title = "c"
    del replacement["views"]
    await face.session.save(replacement)
    assert [document["title"] for document in await stored(face)] == ["a", "c"]
    assert replacement.views == 0


async def test_saving_without_an_id_inserts_and_puts_the_id_on_the_document(
    face: Face, declare: Declare
) -> None:
    page = declare({"_id": Field(S.ObjectId, if_missing=S.Missing), "title": Field(str)})
    new = page({"title": "a"})
    result = await face.session.save(new)
    assert isinstance(result, InsertOneResult)
    assert new._id == result.inserted_id
    new.title = "b"
    await face.session.save(new)
    assert await stored(face) == [{"_id": new._id, "title": "b"}]


async def test_a_class_need_not_declare_the_id(face: Face, declare: Declare) -> None:
    page = declare({"title": Field(str)})
    new = page({"title": "a"})
    await face.session.save(new)
    new.title = "b"
    await face.session.save(new)
    found = await face.session.get(page)
    assert found == {"title": "b"}
    found.title = "c"
    await face.session.save(found)
    await face.session.save(found, "title")
    await face.session.set(found, {"title": "d"})
    assert await stored(face) == [{"_id": new._id, "title": "d"}]
    await face.session.delete(found)
    assert await stored(face) == []


async def test_none_is_an_id(face: Face, declare: Declare) -> None:
    page = declare({"_id": Field(int), "title": Field(str)})
    await face.session.save(page({"title": "a"}))
    await face.session.save(page({"_id": None, "title": "b"}))
    assert await stored(face) == [{"_id": None, "title": "b"}]


async def test_an_invalid_document_is_not_stored(face: Face, page: Any) -> None:
    await store(face, {"_id": (key := bson.ObjectId()), "title": "a"})
    wrong = page({"_id": key, "title": 3})
    for attempt in (face.session.save(wrong), face.session.insert(wrong), face.session.upsert(wrong, "_id")):
        with pytest.raises(Invalid, match="title:3 is not a"):
            await attempt
    assert await stored(face) == [{"_id": key, "title": "a"}]
