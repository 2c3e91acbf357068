"""Objects that nobody has looked at yet: everything about them is as if their documents were made at once."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from harness.odm import OdmFace

from ming import schema as S
from ming.odm import FieldProperty, MappedClass, state
from ming.odm import session as session_of
from ming.odm.latent import is_latent

PAGES = 250
"""More than the server sends at first."""


def stored_page(number: int) -> dict[str, Any]:
    return {
        "_id": number,
        "info": {"a": number},
        "links": [{"to": number}],
        "tags": ["x"],
        "title": str(number),
    }


@pytest.fixture
def page(odm: OdmFace) -> Any:
    class Page(MappedClass):
        class __mongometa__:
            name = "page"
            session = odm.declared

        _id = FieldProperty(int)
        info = FieldProperty({"a": int})
        links = FieldProperty([{"to": int}])
        tags = FieldProperty([str])
        title = FieldProperty(str)

    return Page


async def found(odm: OdmFace, cls: Any) -> list[Any]:
    await odm.raw.page.insert_many([stored_page(number) for number in range(PAGES)])
    objects: list[Any] = await odm.session.find(cls, {}).sort("_id").all()
    return objects


async def test_reading_scalars_makes_no_state(odm: OdmFace, page: Any) -> None:
    objects = await found(odm, page)
    assert [(each._id, each.title) for each in objects] == [(n, str(n)) for n in range(PAGES)]
    assert all(map(is_latent, objects))
    assert [each for each in objects if "__ming__" in vars(each)] == []
    assert (len(odm.declared.uow), len(odm.declared.imap)) == (PAGES, PAGES)
    assert list(odm.declared.uow.clean) == objects
    assert all(map(is_latent, objects))


async def test_the_first_look_makes_the_state(odm: OdmFace, page: Any) -> None:
    objects = await found(odm, page)
    for each in objects:
        assert (each.tags, each.info.a, each.links[0].to) == (["x"], each._id, each._id)
        assert list(vars(each)) == ["__ming__"]
        own = state(each)
        assert (own.instance, own.status, own.session) == (each, "clean", odm.declared)
        assert type(own.document) is type(state(objects[0]).document)
        assert own.document == own.original_document == stored_page(each._id)
        assert type(own.document.info).__name__ == "Object"
    assert not any(map(is_latent, objects))
    assert state(objects[0]).group is state(objects[-1]).group


async def test_what_is_changed_is_stored_in_the_order_of_the_objects(odm: OdmFace, page: Any) -> None:
    objects = await found(odm, page)
    for number in (201, 3, 102):
        objects[number].title = "new"
        objects[number].links[0].to = -1
    assert [each._id for each in odm.declared.uow.dirty] == [3, 102, 201]
    assert [step.state.instance._id for step in odm.declared.plan()] == [3, 102, 201]
    await odm.session.flush()
    changed = await odm.raw.page.find({"title": "new"}).sort("_id").to_list(None)
    assert changed == [{**stored_page(n), "title": "new", "links": [{"to": -1}]} for n in (3, 102, 201)]
    assert await odm.raw.page.count_documents({"title": {"$ne": "new"}}) == PAGES - 3
    assert len(odm.declared.plan()) == 0


async def test_a_cleared_session_has_nothing_to_do_with_them(odm: OdmFace, page: Any) -> None:
    objects = await found(odm, page)
    odm.declared.clear()
    assert (len(odm.declared.uow), list(odm.declared.uow)) == (0, [])
    assert session_of(objects[0]) is None
    objects[0].title = "unstored"
    objects[1].tags.append("unstored")
    assert len(odm.declared.plan()) == 0
    again = await odm.session.find(page, {}).sort("_id").all()
    assert not {*map(id, again)} & {*map(id, objects)}
    assert (again[0].title, again[1].tags) == ("0", ["x"])


async def test_a_session_cleared_between_objects_of_a_cursor(odm: OdmFace, page: Any) -> None:
    await found(odm, page)
    odm.declared.clear()
    seen = []
    async for each in odm.session.find(page, {}).sort("_id"):
        seen.append(each)
        if len(seen) in (1, 120):
            odm.declared.clear()
    assert list(odm.declared.uow) == seen[120:]
    assert [session_of(each) for each in (seen[0], seen[119], seen[120])] == [None, None, odm.declared]


async def test_they_are_the_identity_maps_objects(odm: OdmFace, page: Any) -> None:
    objects = await found(odm, page)
    assert await odm.session.get(page, 7) is objects[7]
    assert is_latent(objects[7])
    assert await odm.session.find(page, {}).sort("_id").all() == objects
    await odm.raw.page.update_many({}, {"$set": {"title": "elsewhere"}})
    assert {each.title for each in await odm.session.find(page, {}).all()} == {str(n) for n in range(PAGES)}
    await odm.session.find(page, {}, refresh=True).all()
    assert {each.title for each in objects} == {"elsewhere"}


async def test_they_can_be_let_go_deleted_and_copied(odm: OdmFace, page: Any) -> None:
    objects = await found(odm, page)
    odm.declared.expunge(objects[0])
    assert (session_of(objects[0]), objects[0] in odm.declared.uow) == (None, False)
    objects[1].delete()
    assert copy.copy(objects[2]).title == "2"
    await odm.session.flush()
    assert await odm.raw.page.count_documents({"_id": {"$lt": 2}}) == 1
    assert len(odm.declared.uow) == PAGES - 2


async def test_documents_that_are_not_as_usual_are_made_at_once(odm: OdmFace, page: Any) -> None:
    await odm.raw.page.insert_many(
        [stored_page(1), {"_id": 2}, {**stored_page(3), "unknown": [1]}, {**stored_page(4), "tags": None}]
    )
    objects = await odm.session.find(page, {}).sort("_id").all()
    assert [(each.title, each.tags) for each in objects] == [
        ("1", ["x"]),
        (None, []),
        ("3", ["x"]),
        ("4", []),
    ]
    assert state(objects[2]).document._origin.unknown == {"unknown": [1]}
    objects[2].title = "new"
    await odm.session.flush()
    assert await odm.raw.page.find_one({"_id": 3}) == {**stored_page(3), "title": "new", "unknown": [1]}


async def test_an_invalid_document_is_refused_where_it_is_read(odm: OdmFace, page: Any) -> None:
    await odm.raw.page.insert_many([*(stored_page(n) for n in range(5)), {**stored_page(5), "title": 5}])
    with pytest.raises(S.Invalid, match="title"):
        await odm.session.find(page, {}).sort("_id").all()
    assert [each._id for each in odm.declared.uow] == [0, 1, 2, 3, 4]


async def test_a_class_with_attributes_of_its_own_making(odm: OdmFace) -> None:
    class Page(MappedClass):
        class __mongometa__:
            name = "page"
            session = odm.declared

        _id = FieldProperty(int)
        title = FieldProperty(str)

        def __setattr__(self, name: str, value: Any) -> None:
            super().__setattr__(name, value.upper() if name == "title" else value)

        def __getattr__(self, name: str) -> Any:
            return f"no {name}"

    await odm.raw.page.insert_many([{"_id": n, "title": str(n)} for n in range(PAGES)])
    objects = await odm.session.find(Page, {}).sort("_id").all()
    objects[0].title = "x"
    assert (objects[0].title, objects[1].title, objects[1].other) == ("X", "1", "no other")
    assert [each._id for each in odm.declared.uow.dirty] == [0]
