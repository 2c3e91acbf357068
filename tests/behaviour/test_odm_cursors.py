"""Cursors over mapped objects."""

from __future__ import annotations

from typing import Any

import pytest
from harness.odm import OdmFace

from ming import schema as S
from ming.base import Object
from ming.exc import Invalid, MingException
from ming.odm import FieldProperty, MappedClass, SessionExtension, state
from ming.odm.aio_cursor import AsyncODMCursor
from ming.odm.odmsession import ODMCursor


def page_class(odm: OdmFace) -> Any:
    class Page(MappedClass):
        class __mongometa__:
            name = "page"
            session = odm.declared

        _id = FieldProperty(S.Int)
        title = FieldProperty(str)
        tags = FieldProperty([str])
        info = FieldProperty(S.Object({"a": S.Int}))

    return Page


@pytest.fixture
def page(odm: OdmFace) -> Any:
    return page_class(odm)


async def store(odm: OdmFace, number: int = 3) -> None:
    await odm.raw.page.insert_many(
        [{"_id": n, "title": str(n), "tags": ["x"], "info": {"a": n}, "unknown": n} for n in range(number)]
    )


async def test_results(odm: OdmFace, page: Any) -> None:
    await store(odm)
    found = await odm.session.find(page, {}).sort("_id", -1).all()
    assert [each._id for each in found] == [2, 1, 0]
    assert [each async for each in odm.session.find(page).sort("_id")] == found[::-1]
    cursor = odm.session.find(page).sort("_id").skip(1).limit(1)
    assert await cursor.count() == 3
    assert await odm.session.find(page).distinct("title") == ["0", "1", "2"]
    assert await cursor.first() is found[1]
    assert await cursor.first() is None
    assert await odm.session.find(page, {"_id": 1}).one() is found[1]
    with pytest.raises(ValueError, match=r"Less than one result from \.one\(\)"):
        await odm.session.find(page, {"_id": 9}).one()
    with pytest.raises(ValueError, match=r"More than one result from \.one\(\)"):
        await odm.session.find(page).one()
    assert await odm.session.count(page, {"_id": {"$gt": 0}}) == 2


async def test_a_cursor_rewinds(odm: OdmFace, page: Any) -> None:
    await store(odm)
    cursor = odm.session.find(page).sort("_id")
    first = await cursor.next()
    again = await cursor.rewind()
    assert [each._id for each in await again.all()] == [0, 1, 2]
    assert (await again.rewind()).__class__ is again.__class__
    assert await again.first() is first


async def test_a_cursor_says_neither_yes_nor_no(odm: OdmFace, page: Any) -> None:
    with pytest.raises(MingException, match="Cannot evaluate ODMCursor to a boolean"):
        bool(ODMCursor(None, page, None))
    with pytest.raises(MingException, match="to a boolean"):
        bool(AsyncODMCursor(None, page, None))


async def test_options_before_a_query(odm: OdmFace, page: Any) -> None:
    with pytest.raises(ValueError, match=r"^A query dict is typically the first param to find\(\)"):
        odm.declared.find(page, limit=3)
    assert await odm.session.find(page, refresh=True, decorate=str).all() == []


async def test_chaining_keeps_the_options(odm: OdmFace, page: Any) -> None:
    await store(odm, 1)
    one = await odm.session.get(page, 0)
    await odm.raw.page.update_one({}, {"$set": {"title": "new"}})
    cursor = odm.session.find(page, {}, refresh=True, decorate=lambda obj: {"title": obj.title})
    assert await cursor.sort("_id").limit(1).options(instrument=True).all() == [{"title": "new"}]
    assert one.title == "new"
    assert await odm.session.find(page, {}, decorate=str).options(decorate=None).hint("_id_").first() is one


async def test_values_that_are_not_instrumented(odm: OdmFace, page: Any) -> None:
    await store(odm, 1)
    one = await odm.session.find(page).options(instrument=False).first()
    assert (type(one.tags), type(one.info)) == (list, Object)


async def test_an_object_there_is_not_refreshed_unless_asked(odm: OdmFace, page: Any) -> None:
    await store(odm, 1)
    one = await odm.session.get(page, 0)
    one.title = "mine"
    await odm.raw.page.update_one({}, {"$set": {"title": "theirs"}, "$unset": {"tags": 1}})
    assert await odm.session.find(page).first() is one
    assert one.title == "mine"
    assert await odm.session.find(page, {}, refresh=True).first() is one
    assert (one.title, one.tags, state(one).status) == ("theirs", [], "clean")
    one.title = "mine"
    assert await odm.session.refresh(one) is one
    assert one.title == "theirs"


async def test_refreshing_what_is_not_stored(odm: OdmFace, page: Any) -> None:
    new = page(_id=1)
    assert await odm.session.refresh(new) is None
    assert new in odm.declared.uow
    await odm.session.flush()
    await odm.raw.page.delete_many({})
    assert await odm.session.refresh(new) is None
    assert new not in odm.declared.uow


async def test_unknown_keys(odm: OdmFace, page: Any) -> None:
    await store(odm, 1)
    with pytest.raises(Invalid, match="Extra keys"):
        await odm.session.find(page, {}, allow_extra=False).first()
    one = await odm.session.find(page, {}, strip_extra=False).first()
    assert state(one).document["unknown"] == 0
    assert not hasattr(one, "unknown")


async def test_documents_as_they_are(odm: OdmFace, page: Any) -> None:
    await odm.raw.page.insert_one({"_id": 0, "title": 5})
    with pytest.raises(Invalid):
        await odm.session.find(page).first()
    cursor = odm.session.find(page, {}, validate=False)
    one = await cursor.next()
    assert (type(one), one.title) == (page, 5)
    with pytest.raises(AttributeError):
        odm.declared.find(page, {}, validate=False).sort("_id")
    with pytest.raises(AttributeError):
        await odm.session.find(page, {}, validate=False).count()
    await odm.raw.page.update_one({}, {"$set": {"title": 6}})
    found = odm.session.find(page, {}, validate=False, refresh=True, decorate=lambda obj: obj.title)
    assert await found.next() == 6


# -- find_one_and_...


async def test_finding_and_updating(odm: OdmFace, page: Any) -> None:
    await store(odm, 1)
    old = await odm.session.find_one_and_update(page, {"_id": 0}, {"$set": {"title": "new"}})
    assert (old.title, state(old).status) == ("0", "clean")
    new = await odm.session.find_one_and_update(
        page, {"_id": 0}, {"$set": {"title": "newer"}}, return_document=True
    )
    assert (new is old, new.title) == (True, "newer")
    assert await odm.session.find_one_and_update(page, {"_id": 9}, {"$set": {"title": "x"}}) is None
    title = await odm.session.find_one_and_replace(
        page, {"_id": 0}, {"title": "replaced"}, return_document=True, decorate=lambda obj: obj.title
    )
    assert (title, old.tags) == ("replaced", [])


async def test_finding_and_updating_keeps_pending_changes(odm: OdmFace, page: Any) -> None:
    await store(odm, 1)
    one = await odm.session.get(page, 0)
    one.tags.append("mine")
    update = {"$set": {"title": "new"}, "$push": {"tags": "theirs"}}
    assert await odm.session.find_one_and_update(page, {"_id": 0}, update, return_document=True) is one
    assert (one.title, one.tags, state(one).status) == ("new", ["x", "mine"], "dirty")
    await odm.session.flush()
    assert (await odm.raw.page.find_one())["tags"] == ["x", "mine"]


async def test_finding_and_deleting(odm: OdmFace, page: Any) -> None:
    await store(odm, 2)
    held = await odm.session.get(page, 0)
    assert await odm.session.find_one_and_delete(page, {"_id": 0}) is held
    assert await odm.session.find_one_and_delete(page, {"_id": 1}, decorate=lambda obj: obj.title) == "1"
    assert list(odm.declared.uow) == []
    assert await odm.session.get(page, 0) is None


# -- hooks


class Noted(SessionExtension):
    """Notes what happens to cursors."""

    def __init__(self, session: Any) -> None:
        super().__init__(session)
        session.noted = self.noted = []

    def cursor_created(self, cursor: Any, action: Any, *args: Any, **kwargs: Any) -> None:
        cursor.number = len(self.noted)
        self.noted.append((action, args, kwargs))

    def before_cursor_next(self, cursor: Any) -> None:
        self.noted.append("before")

    def after_cursor_next(self, cursor: Any) -> None:
        self.noted.append("after")


async def test_hooks_hear_of_cursors(odm: OdmFace) -> None:
    beside = odm.another(extensions=[Noted])
    page = page_class(beside)
    await store(odm, 1)
    session = beside.declared
    first = session.find(page, {"_id": 0}, fields=["title"], refresh=True, batch_size=5)
    second = first.sort("_id").limit(3)
    second.options(instrument=False)
    assert session.noted == [
        ("find", (page, {"_id": 0}), {"projection": ["title"], "batch_size": 5}),
        ("sort", (first, "_id"), {}),
        ("limit", (session.noted[2][1][0], 3), {}),
        ("options", (second,), {"instrument": False}),
    ]
    session.noted.clear()
    assert len(await beside.session.find(page).all()) == 1
    assert session.noted[1:] == ["before", "after"] * 2
    session.noted.clear()
    await beside.session.find_one_and_update(page, {}, {"$set": {"title": "x"}})
    assert session.noted == ["before", "after"]
    session.noted.clear()
    await beside.session.get(page, 0)
    await beside.session.update(page, {}, {"$set": {"title": "y"}})
    assert await beside.session.distinct(page, "title") == ["y"]
    await (await beside.session.aggregate(page, [])).to_list()
    assert session.noted == []


async def test_a_subclass_may_do_without_the_initializer(odm: OdmFace, page: Any) -> None:
    class Own(ODMCursor[Any]):
        def __init__(self) -> None:
            self.left = [1, 2]

        def _next_impl(self) -> Any:
            if not self.left:
                raise StopIteration
            return self.left.pop(0)

    assert list(Own()) == [1, 2]
    assert Own().first() == 1
    assert Own().all() == [1, 2]


async def test_timers_may_patch_next(odm: OdmFace, page: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    await store(odm)
    cls = ODMCursor if odm.kind == "sync" else AsyncODMCursor
    original, calls = cls.next, []

    def timed(self: Any) -> Any:
        calls.append(self)
        return original(self)

    monkeypatch.setattr(cls, "next", timed)
    assert len(await odm.session.find(page).all()) == 3
    assert len(calls) == 4
