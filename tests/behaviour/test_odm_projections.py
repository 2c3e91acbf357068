"""Objects read in part: what they store, and how they become whole."""

from __future__ import annotations

from typing import Any

import pytest
from harness.odm import OdmFace

from ming import schema as S
from ming.exc import IllegalStateChange
from ming.odm import FieldProperty, MappedClass, state

STORED = {"_id": 1, "a": 1, "b": 2, "tags": ["x"], "info": {"m": 1, "n": 2}, "unknown": 9}


@pytest.fixture
def page(odm: OdmFace) -> Any:
    class Page(MappedClass):
        class __mongometa__:
            name = "page"
            session = odm.declared

        _id = FieldProperty(S.Int)
        a = FieldProperty(int, if_missing=0)
        b = FieldProperty(int, if_missing=0)
        tags = FieldProperty([str])
        info = FieldProperty(S.Object({"m": S.Int, "n": S.Int}))

    return Page


async def store(odm: OdmFace) -> None:
    await odm.raw.page.insert_one(dict(STORED))


async def stored(odm: OdmFace) -> Any:
    return await odm.raw.page.find_one({"_id": 1})


FINDS = {
    "keyword": lambda session, page: session.find(page, {}, projection=["a"]),
    "fields": lambda session, page: session.find(page, {}, fields=["a"], projection=["b"]),
    "positional": lambda session, page: session.find(page, {}, ["a"]),
    "mapping": lambda session, page: session.find(page, {}, {"a": 1}),
    "chained": lambda session, page: (
        session.find(page, {}, projection=["a"]).sort("a").limit(1).skip(0).hint("_id_")
    ),
    "options": lambda session, page: session.find(page, {}, projection=["a"]).options(instrument=True),
}


@pytest.mark.parametrize("name", FINDS)
async def test_other_fields_stay_intact(odm: OdmFace, page: Any, name: str) -> None:
    await store(odm)
    one = await FINDS[name](odm.session, page).first()
    assert (one.a, one.b, one.tags) == (1, 0, [])
    one.a = 5
    await odm.session.flush()
    assert await stored(odm) == {**STORED, "a": 5}
    assert state(one).status == "clean"


@pytest.mark.parametrize("projection", [{"a": 0}, {"a": False, "info.m": 0}, {"tags": {"$slice": 1}, "a": 0}])
async def test_a_projection_may_leave_out(odm: OdmFace, page: Any, projection: Any) -> None:
    await store(odm)
    one = await odm.session.find(page, {}, projection=projection).first()
    assert (one.a, one.b) == (0, 2)
    one.a, one.b = 7, 8
    await odm.session.flush()
    assert await stored(odm) == {**STORED, "b": 8}
    assert state(one).status == "dirty"


@pytest.mark.parametrize("projection", [[], {}, None])
async def test_an_empty_projection_lets_everything_through(odm: OdmFace, page: Any, projection: Any) -> None:
    await store(odm)
    one = await odm.session.find(page, {}, projection=projection).first()
    assert (one.a, one.b) == (1, 2)
    one.b = 3
    await odm.session.flush()
    assert (await stored(odm))["b"] == 3


async def test_the_id_may_be_let_through_alone(odm: OdmFace, page: Any) -> None:
    await store(odm)
    one = await odm.session.find(page, {}, projection={"_id": 1}).first()
    assert (one._id, one.a) == (1, 0)
    state(one).soil()
    await odm.session.flush()
    assert await stored(odm) == STORED


async def test_part_of_a_field_is_not_stored_for_the_whole(odm: OdmFace, page: Any) -> None:
    await store(odm)
    one = await odm.session.find(page, {}, projection=["a", "info.m"]).first()
    one.info.m = 5
    one.a = 2
    await odm.session.flush()
    assert await stored(odm) == {**STORED, "a": 2}


async def test_an_absent_field_is_no_error(odm: OdmFace, page: Any) -> None:
    await odm.raw.page.insert_one({"_id": 1, "b": 1})
    one = await odm.session.find(page, {}, projection=["a", "b"]).first()
    state(one).soil()
    one.b = 2
    await odm.session.flush()
    assert (await stored(odm))["b"] == 2


async def test_what_was_read_without_its_id_cannot_be_stored(odm: OdmFace) -> None:
    class Page(MappedClass):
        class __mongometa__:
            name = "page"
            session = odm.declared

        _id = FieldProperty(S.ObjectId)
        a = FieldProperty(int)

    await odm.raw.page.insert_many([{"a": 1}, {"a": 2}])
    one, _ = await odm.session.find(Page, {}, projection={"_id": 0, "a": 1}).sort("a").all()
    assert len(odm.declared.imap) == 0
    assert "_id" not in state(one).document
    one.a = 3
    with pytest.raises(IllegalStateChange, match="Page: read without its _id"):
        await odm.session.flush()
    found = await odm.session.find_one_and_update(Page, {"a": 1}, {"$set": {"a": 5}}, projection={"_id": 0})
    assert found.a == 1


async def test_a_later_read_completes_the_object(odm: OdmFace, page: Any) -> None:
    await store(odm)
    one = await odm.session.find(page, {}, projection=["a"]).first()
    one.b = 7
    one.a = 3
    assert await odm.session.find(page, {}, projection=["tags"]).first() is one
    assert (one.a, one.tags, one.info) == (3, ["x"], {"m": None, "n": None})
    assert await odm.session.find(page).first() is one
    assert (one.a, one.b, one.info) == (3, 7, {"m": 1, "n": 2})
    await odm.session.flush()
    assert await stored(odm) == {**STORED, "a": 3, "b": 7}


async def test_a_refresh_of_a_part(odm: OdmFace, page: Any) -> None:
    await store(odm)
    one = await odm.session.get(page, 1)
    one.a, one.b = 5, 6
    await odm.raw.page.update_one({}, {"$set": {"a": 10, "b": 20}})
    assert await odm.session.find(page, {}, projection=["a"], refresh=True).first() is one
    assert (one.a, one.b, one.tags) == (10, 6, ["x"])
    assert state(one).status == "dirty"
    await odm.session.flush()
    assert await stored(odm) == {**STORED, "a": 10, "b": 6}


async def test_a_refresh_makes_a_part_whole(odm: OdmFace, page: Any) -> None:
    await store(odm)
    one = await odm.session.find(page, {}, projection=["a"]).first()
    assert await odm.session.refresh(one) is one
    one.b = 5
    await odm.session.flush()
    assert (await stored(odm))["b"] == 5


async def test_the_hook_before_saving_stores_no_other_field(odm: OdmFace) -> None:
    def change(document: Any) -> None:
        document.a, document.b = document.a + 1, 100

    class Page(MappedClass):
        class __mongometa__:
            name = "page"
            session = odm.declared
            before_save = change

        _id = FieldProperty(int)
        a = FieldProperty(int)
        b = FieldProperty(int)

    await store(odm)
    one = await odm.session.find(Page, {}, projection=["a"]).first()
    one.a = 5
    await odm.session.flush()
    assert await stored(odm) == {**STORED, "a": 6}


async def test_a_part_of_a_locked_object(odm: OdmFace) -> None:
    class Page(MappedClass):
        class __mongometa__:
            name = "page"
            session = odm.declared
            version_field = "b"

        _id = FieldProperty(int)
        a = FieldProperty(int)
        b = FieldProperty(int)

    await store(odm)
    one = await odm.session.find(Page, {}, projection=["a"]).first()
    one.a = 5
    with pytest.raises(IllegalStateChange, match="Page 1: read without 'b'"):
        await odm.session.flush()
    await odm.session.find(Page, {}, projection=["b"]).first()
    await odm.session.flush()
    assert await stored(odm) == {**STORED, "a": 5, "b": 3}


async def test_update_if_not_modified_compares_what_was_read(odm: OdmFace, page: Any) -> None:
    await store(odm)
    one = await odm.session.find(page, {}, projection=["a"]).first()
    assert await odm.session.update_if_not_modified(one, {"$set": {"b": 7}}) is True
    assert await odm.session.update_if_not_modified(one, {"$set": {"a": 7}}) is True
    assert await odm.session.update_if_not_modified(one, {"$set": {"a": 8}}) is False
