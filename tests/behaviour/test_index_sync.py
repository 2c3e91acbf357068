"""Declared indexes against those a collection has: compared, created, changed, and dropped only if allowed."""

from __future__ import annotations

from typing import Any

import pytest
from harness.faces import Face
from pymongo.collation import Collation
from pymongo.errors import OperationFailure

from ming import Field, Index, collection
from ming.odm import FieldProperty, MappedClass

KINDS = {
    "plain": Index("a"),
    "downwards": Index("a", ("b", -1)),
    "unique": Index("a", unique=True),
    "sparse": Index("a", sparse=True),
    "expiring": Index("a", expireAfterSeconds=60),
    "hidden": Index("a", hidden=True),
    "partial": Index("a", partialFilterExpression={"b": {"$gt": 1}, "c": {"$gt": 2}}),
    "collation": Index("a", collation={"locale": "fr", "strength": 2}),
    "collation with defaults of its locale": Index("a", collation=Collation("fr_CA")),
    "simple collation": Index("a", collation={"locale": "simple"}),
    "text": Index("a", "b", direction="text", weights={"c": 3}),
    "text between keys": Index(("x", 1), ("b", "text"), ("a", "text"), ("y", 1)),
    "text of everything": Index("$**", direction="text"),
    "hashed": Index("a", direction="hashed"),
    "sphere": Index("a", direction="2dsphere"),
    "plane": Index("a", direction="2d"),
    "wildcard": Index("$**", wildcardProjection={"a": 1}),
    "named": Index("a", name="by_a"),
    "of _id": Index("_id"),
}
"""One index of each kind that declarations can hold."""

DIFFERENT = {
    "unique": ({}, {"unique": True}),
    "sparse": ({"sparse": True}, {}),
    "partial": ({"partialFilterExpression": {"b": 1}}, {"partialFilterExpression": {"b": 2}}),
    "collation": ({"collation": {"locale": "fr"}}, {"collation": {"locale": "fr", "strength": 1}}),
    "collation as by default": (
        {"collation": {"locale": "fr", "strength": 1}},
        {"collation": {"locale": "fr"}},
    ),
    "name": ({"name": "one"}, {"name": "other"}),
    "expiry begins": ({}, {"expireAfterSeconds": 60}),
}
"""Options of an index that is there, and of the one that is declared; the server cannot turn one into the other."""


def pages(face: Face, *indexes: Index) -> Any:
    return collection("pages", face.sync_session, Field("_id", int), *indexes)


async def names(face: Face) -> set[str]:
    return set(await face.raw["pages"].index_information()) - {"_id_"}


@pytest.mark.parametrize("kind", KINDS)
async def test_what_was_created_as_declared_is_no_difference(face: Face, kind: str) -> None:
    cls = pages(face, KINDS[kind])
    assert bool(await face.session.index_diff(cls)) is (kind != "of _id")
    await face.session.sync_indexes(cls)
    assert str(await face.session.index_diff(cls)) == ""


async def test_the_default_collation_of_a_collection_is_that_of_its_indexes(face: Face) -> None:
    await face.raw.create_collection("pages", collation={"locale": "de"})
    cls = pages(face, Index("a"), Index("b", collation={"locale": "simple"}))
    await face.session.sync_indexes(cls)
    assert not await face.session.index_diff(cls)
    assert await face.session.index_diff(pages(face, Index("a", collation={"locale": "en"}), Index("b")))


async def test_indexes_made_at_the_first_use_are_as_declared(face: Face) -> None:
    cls = pages(face, Index("a", sparse=True))
    await face.session.ensure_indexes(cls)
    assert not await face.session.index_diff(cls)


@pytest.mark.parametrize("option", DIFFERENT)
async def test_an_index_with_other_options_is_left_unless_dropping_is_allowed(
    face: Face, option: str
) -> None:
    there, declared = DIFFERENT[option]
    await face.session.sync_indexes(pages(face, Index("a", **there)))
    before = await names(face)
    cls = pages(face, Index("a", **declared))
    (changed,) = (await face.session.index_diff(cls)).changed
    assert not changed.is_modifiable
    synced = await face.session.sync_indexes(cls)
    assert (list(synced.created), list(synced.dropped), set(synced.left)) == ([], [], before)
    assert await names(face) == before
    synced = await face.session.sync_indexes(cls, drop=True)
    assert set(synced.dropped) == before
    assert not await face.session.index_diff(cls)


async def test_what_the_server_can_change_in_place_is_changed_without_dropping(face: Face) -> None:
    await face.session.sync_indexes(pages(face, Index("a", expireAfterSeconds=60), Index("b")))
    cls = pages(face, Index("a", expireAfterSeconds=90), Index("b", hidden=True))
    diff = await face.session.index_diff(cls)
    assert [dict(changed.differences) for changed in diff.changed] == [
        {"expireAfterSeconds": (60, 90)},
        {"hidden": (False, True)},
    ]
    synced = await face.session.sync_indexes(cls)
    assert (len(synced.modified), list(synced.created), list(synced.left)) == (2, [], [])
    assert not await face.session.index_diff(cls)


async def test_the_text_index_is_replaced_as_a_collection_has_but_one(face: Face) -> None:
    await face.session.sync_indexes(pages(face, Index("a", direction="text")))
    cls = pages(face, Index("b", direction="text"))
    assert len((await face.session.index_diff(cls)).changed) == 1
    await face.session.sync_indexes(cls, drop=True)
    assert not await face.session.index_diff(cls)


async def test_indexes_that_nobody_declares_are_dropped_only_if_allowed(face: Face) -> None:
    old = collection("pages", face.sync_session, Field("_id", int), Index("heading"))
    new = collection(
        "pages",
        face.sync_session,
        Field("_id", int),
        Index("title"),
        version_of=old,
        migrate=lambda page: page,
    )
    await face.session.sync_indexes(old)
    await face.raw["pages"].create_index("by_hand")
    diff = await face.session.index_diff(new)
    assert [missing.form.keys for missing in diff.missing] == [(("title", 1),)]
    assert {index.form.keys[0][0]: index.declared_by for index in diff.obsolete} == {
        "heading": old.__name__,
        "by_hand": None,
    }
    synced = await face.session.sync_indexes(new)
    assert (len(synced.created), len(synced.left)) == (1, 2)
    synced = await face.session.sync_indexes(new, drop=True)
    assert len(synced.dropped) == 2
    assert not await face.session.index_diff(new)


async def test_nothing_is_dropped_if_creating_fails(face: Face) -> None:
    await face.raw["pages"].insert_many([{"_id": 1, "a": 1}, {"_id": 2, "a": 1}])
    await face.session.sync_indexes(pages(face, Index("a"), Index("b")))
    before = await names(face)
    with pytest.raises(OperationFailure, match="E11000"):
        await face.session.sync_indexes(pages(face, Index("a", unique=True)), drop=True)
    assert await names(face) == before
    assert not await face.session.index_diff(pages(face, Index("a"), Index("b")))


async def test_the_whole_family_declares_the_indexes_of_its_collection(face: Face) -> None:
    kinds: dict[str, Any] = {}
    options: dict[str, Any] = {"polymorphic_on": "kind", "polymorphic_registry": kinds}
    fields = [Field("_id", int), Field("kind", str)]
    base = collection("pages", face.sync_session, *fields, Index("a"), polymorphic_identity="page", **options)
    collection("pages", face.sync_session, *fields, Index("b"), polymorphic_identity="talk", **options)
    diff = await face.session.index_diff(base)
    assert [missing.form.keys[0][0] for missing in diff.missing] == ["a", "b"]


async def test_through_the_manager_of_a_class(face: Face) -> None:
    manager = pages(face, Index("a")).m.with_session(
        face.sync_session if face.kind == "sync" else face.session
    )
    # The synchronous face has created them on the way.
    await face.raw["pages"].drop_indexes()
    diff = manager.index_diff()
    assert bool(diff if face.kind == "sync" else await diff)
    synced = manager.sync_indexes()
    assert len((synced if face.kind == "sync" else await synced).created) == 1


async def test_of_a_mapped_class(odm: Any) -> None:
    class Page(MappedClass):
        class __mongometa__:
            name = "pages"
            session = None
            indexes = ("title",)

        _id = FieldProperty(int)
        title = FieldProperty(str)
        slug = FieldProperty(str, unique=True)

    diff = await odm.face.session.index_diff(Page.query.mapper.collection)
    assert sorted(missing.form.keys[0][0] for missing in diff.missing) == ["slug", "title"]
