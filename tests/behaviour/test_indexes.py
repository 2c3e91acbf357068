"""Indexes that document classes declare: created at the first use, of every kind the store has."""

from __future__ import annotations

from typing import Any

import pymongo
import pytest
from harness.faces import Face
from harness.stores import Store
from pymongo.collation import Collation
from pymongo.errors import DuplicateKeyError, OperationFailure

from ming import Document, Field, Index, Session, collection, create_datastore


def declared(session: Any, *indexes: Index, fields: Any = ()) -> Any:
    return collection("pages", session, Field("_id", int), *fields, *indexes)


async def ensure(face: Face, cls: Any) -> None:
    """Create the indexes the way of the face: at the first access of ``m``, or by an explicit call."""
    if face.kind == "async":
        await face.session.ensure_indexes(cls)
    else:
        assert cls.m is cls.m


def by_keys(information: dict[str, Any]) -> dict[str, Any]:
    """Index information but for ``_id``, by the keys in a server's way of naming: mim has names of its own."""
    named = {"_".join(f"{key}_{kind}" for key, kind in index["key"]): index for index in information.values()}
    return {name: index for name, index in named.items() if name != "_id_1"}


async def created(face: Face) -> dict[str, Any]:
    """The indexes there are, but for ``_id``."""
    return by_keys(await face.raw["pages"].index_information())


# --- at the first use


async def test_the_first_access_of_m_creates_the_indexes(store: Store) -> None:
    datastore = create_datastore(store.uri())

    class Page(Document):
        class __mongometa__:
            name = "pages"
            session = Session(datastore)
            indexes = ("title", ("author", "title"))
            unique_indexes = (("slug",),)

        title = Field(str)

    assert by_keys(datastore.db["pages"].index_information()) == {}
    Page({"title": "a"}).m  # noqa: B018
    information = by_keys(datastore.db["pages"].index_information())
    assert set(information) == {"title_1", "author_1_title_1", "slug_1"}
    assert information["slug_1"]["unique"] is True
    datastore.conn.close()


def test_declaring_a_subclass_does_not_connect() -> None:
    session_ = Session(create_datastore("mongodb://127.0.0.1:1/nowhere?serverSelectionTimeoutMS=1"))

    class Old(Document):
        class __mongometa__:
            name = "pages"
            session = session_
            indexes = ("title",)

    class New(Old):
        class __mongometa__:
            version_of = Old

    assert session_.bind.bind._conn is None


def test_indexes_are_not_created_where_the_engine_says_so(store: Store) -> None:
    datastore = create_datastore(store.uri(), auto_ensure_indexes=False)
    page = declared(Session(datastore), Index("a"))
    page.m.remove({})
    assert by_keys(page.m.index_information()) == {}
    page.m.ensure_indexes()
    assert set(by_keys(page.m.index_information())) == {"a_1"}
    datastore.conn.close()


async def test_indexes_are_created_once(face: Face) -> None:
    page = declared(face.sync_session, Index("a"))
    assert set(by_keys(page.m.index_information())) == {"a_1"}
    page.m.drop_indexes()
    page.m.indexes.append(Index("b"))
    assert by_keys(page.m.index_information()) == {}


async def test_conflicting_options_come_out_of_every_access(face: Face) -> None:
    await face.raw["pages"].create_index([("a", 1)])
    page = declared(face.sync_session, Index("a", unique=True))
    for _ in range(2):
        with pytest.raises(OperationFailure):
            page.m  # noqa: B018


async def test_a_unique_index_refuses_duplicates(face: Face) -> None:
    page = declared(face.sync_session, fields=[Field("slug", str, unique=True)])
    await ensure(face, page)
    await face.session.save(page({"_id": 1, "slug": "a"}))
    with pytest.raises(DuplicateKeyError) as refused:
        await face.session.save(page({"_id": 2, "slug": "a"}))
    assert refused.value.args[-1].startswith("doc:  {")
    assert await face.session.count(page) == 1


# --- kinds

EVERYWHERE = {
    "ascending": (Index("a"), {"key": [("a", 1)]}),
    "descending": (Index("a", direction=pymongo.DESCENDING), {"key": [("a", -1)]}),
    "compound": (Index("a", ("b", -1)), {"key": [("a", 1), ("b", -1)]}),
    "unique": (Index("a", unique=True), {"key": [("a", 1)], "unique": True}),
    "sparse": (Index("a", sparse=True), {"key": [("a", 1)], "sparse": True}),
    "nested": (Index("a.b.c"), {"key": [("a.b.c", 1)]}),
    "partial": (
        Index("a", partialFilterExpression={"b": {"$gt": 5}}),
        {"key": [("a", 1)], "partialFilterExpression": {"b": {"$gt": 5}}},
    ),
}

SERVER = {
    "hashed": (Index(("a", "hashed")), {"key": [("a", "hashed")]}),
    "compound hashed": (Index("a", ("b", "hashed")), {"key": [("a", 1), ("b", "hashed")]}),
    "2d": (Index(("place", "2d"), min=-10, max=10), {"key": [("place", "2d")], "min": -10, "max": 10}),
    "2dsphere": (Index(("place", "2dsphere"), "kind"), {"key": [("place", "2dsphere"), ("kind", 1)]}),
    "text": (
        Index(("title", "text"), ("body", "text"), weights={"title": 5}, default_language="none"),
        {"weights": {"title": 5, "body": 1}, "default_language": "none"},
    ),
    "wildcard": (Index("$**"), {"key": [("$**", 1)]}),
    "wildcard below": (Index("meta.$**"), {"key": [("meta.$**", 1)]}),
    "wildcard projection": (
        Index("$**", wildcardProjection={"meta": 1}),
        {"key": [("$**", 1)], "wildcardProjection": {"meta": 1}},
    ),
    "unique partial": (
        Index("a", unique=True, partialFilterExpression={"a": {"$exists": True}}),
        {"unique": True, "partialFilterExpression": {"a": {"$exists": True}}},
    ),
    "TTL": (Index("seen", expireAfterSeconds=3600), {"key": [("seen", 1)], "expireAfterSeconds": 3600}),
    "collation": (Index("a", collation=Collation("en", strength=2)), {"key": [("a", 1)]}),
    "hidden": (Index("a", hidden=True), {"key": [("a", 1)], "hidden": True}),
}


async def check_kind(face: Face, index: Index, expected: dict[str, Any]) -> None:
    await ensure(face, declared(face.sync_session, index))
    (information,) = (await created(face)).values()
    assert {option: information[option] for option in expected} == expected


@pytest.mark.parametrize(("index", "expected"), EVERYWHERE.values(), ids=EVERYWHERE)
async def test_kinds_of_every_store(face: Face, index: Index, expected: dict[str, Any]) -> None:
    await check_kind(face, index, expected)


@pytest.mark.parametrize("store", [pytest.param("mongod", marks=pytest.mark.mongod)], indirect=True)
@pytest.mark.parametrize(("index", "expected"), SERVER.values(), ids=SERVER)
async def test_kinds_of_a_server(face: Face, index: Index, expected: dict[str, Any]) -> None:
    await check_kind(face, index, expected)


async def test_a_given_name_is_the_name_of_the_index(face: Face) -> None:
    page = declared(face.sync_session, Index("a", name="by_a"))
    await ensure(face, page)
    assert "by_a" in await face.session.index_information(page)


async def test_an_index_with_a_collation_compares_with_it(face: Face) -> None:
    page = declared(face.sync_session, Index("slug", unique=True, collation=Collation("en", strength=2)))
    await ensure(face, page)
    assert (await created(face))["slug_1"]["collation"]["strength"] == 2
    await face.raw["pages"].insert_one({"_id": 1, "slug": "a"})
    with pytest.raises(DuplicateKeyError):
        await face.raw["pages"].insert_one({"_id": 2, "slug": "A"})


# --- explicit calls


async def test_indexes_by_explicit_calls(face: Face) -> None:
    page = declared(face.sync_session)
    names = [
        await face.session.create_index(page, "a"),
        await face.session.ensure_index(page, [("b", -1)], unique=True),
    ]
    information = await face.session.index_information(page)
    assert set(by_keys(information)) == {"a_1", "b_-1"}
    assert set(names) <= set(information)
    await face.session.drop_indexes(page)
    assert by_keys(await face.session.index_information(page)) == {}


async def test_an_index_can_be_added_later(face: Face) -> None:
    page = declared(face.sync_session)
    index = Index("a", sparse=True)
    if face.kind == "sync":
        page.m.add_index(index)
    else:
        await page.m.with_session(face.session).add_index(index)
    assert page.m.indexes == [index]
    assert (await created(face))["a_1"]["sparse"] is True
