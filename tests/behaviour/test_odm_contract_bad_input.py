"""Mapped objects under attack: whatever hooks, other tasks and other writers do around a flush, nothing gets lost."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from harness.odm import OdmFace
from pymongo.errors import DuplicateKeyError, PyMongoError

from ming.exc import AmbiguousJoin, IllegalStateChange, NoJoin, StaleObject
from ming.odm import FieldProperty, ForeignIdProperty, MappedClass, MapperExtension, RelationProperty, state
from ming.odm.registry import REGISTRY


@pytest.fixture
def registry() -> Iterator[None]:
    """Forget the mappers that the test makes."""
    with REGISTRY.preserved():
        yield


class EachAlone(MapperExtension):
    """Wants to be called for each object, so that nothing is stored in bulk."""

    def after_update(self, obj: Any, state: Any, session: Any) -> None:
        """Need not do anything."""


class Abandoned(Exception):
    """Ends a transaction whose work is not wanted."""


def page_class(odm: OdmFace, **options: Any) -> Any:
    class Page(MappedClass):
        __mongometa__ = type("__mongometa__", (), {"name": "page", "session": odm.declared, **options})

        _id = FieldProperty(int)
        title = FieldProperty(str)
        slug = FieldProperty(str)
        tags = FieldProperty([str])
        version = FieldProperty(int)

    return Page


@pytest.fixture(params=["bulk", "singly"])
def how(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Options of a class whose objects are stored in bulk, and of one whose objects are stored one by one."""
    return {"extensions": [EachAlone] if request.param == "singly" else []}


async def stored(odm: OdmFace, *names: str) -> list[Any]:
    """What is stored at a field, or at several, by ``_id``."""
    found = [raw async for raw in odm.raw.page.find({}).sort("_id")]
    return [raw[names[0]] if len(names) == 1 else tuple(raw[name] for name in names) for raw in found]


def statuses(objects: Any) -> list[str]:
    return [state(each).status for each in objects]


# -- what changes while it is being stored


async def test_what_a_hook_changes_in_other_objects_is_stored(odm: OdmFace, how: Any) -> None:
    made: list[Any] = []
    waiting: list[bool] = []

    def before_save(document: Any) -> None:
        if document._id == 1 and waiting:
            waiting.pop()
            for each in made[:3]:
                each.title += " by the hook"
                each.tags.append("hook")

    page = page_class(odm, before_save=before_save, **how)
    made += [page(_id=number, title="made", tags=["a"]) for number in range(4)]
    for title in ("made", "changed"):
        waiting.append(True)
        for each in made:
            each.title = title
        await odm.session.flush()
        await odm.session.flush()
        assert statuses(made) == ["clean"] * 4
        assert await stored(odm, "title") == [each.title for each in made]
        assert await stored(odm, "tags") == [each.tags for each in made]
    assert [each.title for each in made] == ["changed by the hook"] * 3 + ["changed"]


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("kind", ["insert", "update"])
async def test_what_another_task_changes_meanwhile_is_stored_later(
    odm: OdmFace, how: Any, kind: str, moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if odm.kind == "sync":
        pytest.skip("nobody comes in between")
    page = page_class(odm, **how)
    made = [page(_id=number, title="first", tags=["a"]) for number in range(4)]
    if kind == "update":
        await odm.session.flush()
        for each in made:
            each.title = "second"
            each.tags.append("b")
        made[3].tags.reverse()
    waiting = [True]
    send = odm.declared.impl.call

    def change() -> None:
        while waiting:
            waiting.pop()
            made[0].title = "meanwhile"
            made[0].tags.append("c")
            made[1].delete()
            state(made[2]).document["slug"] = "raw"
            state(made[2]).soil()
            made[3].tags.append("c")

    async def call(*args: Any, **kwargs: Any) -> Any:
        if moment == "before":
            change()
        result = await send(*args, **kwargs)
        change()
        return result

    monkeypatch.setattr(odm.declared.impl, "call", call)
    await odm.session.flush()
    assert waiting == []
    await odm.session.flush()
    title, tags = ("first", ["a"]) if kind == "insert" else ("second", ["a", "b"])
    assert await stored(odm, "title", "tags", "slug") == [
        ("meanwhile", [*tags, "c"], None),
        (title, tags, "raw"),
        (title, [*reversed(tags), "c"], None),
    ]
    assert statuses([made[0], *made[2:]]) == ["clean"] * 3


async def test_a_flush_ends_with_the_tasks_own_changes_stored(
    odm: OdmFace, how: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also of objects that another task is just storing."""
    if odm.kind == "sync":
        pytest.skip("for tasks")
    made = [page_class(odm, **how)(_id=number, title="first") for number in range(2)]
    send = odm.declared.impl.call
    tasks = []

    async def another(each: Any) -> Any:
        each.title = "second"
        await odm.session.flush()
        return state(each).status

    async def call(*args: Any, **kwargs: Any) -> Any:
        monkeypatch.undo()
        # In the hands of a hook they would be part of this flush.
        tasks.extend([outside.run(asyncio.ensure_future, another(each)) for each in made])
        await asyncio.sleep(0)
        return await send(*args, **kwargs)

    outside = contextvars.copy_context()
    monkeypatch.setattr(odm.declared.impl, "call", call)
    await odm.session.flush()
    assert await asyncio.gather(*tasks) == ["clean"] * 2
    assert await stored(odm, "title") == ["second"] * 2


async def test_what_is_refreshed_meanwhile_is_as_it_was_read(
    odm: OdmFace, how: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    if odm.kind == "sync":
        pytest.skip("nobody comes in between")
    one = page_class(odm, **how)(_id=1, title="first", tags=["a"])
    await odm.session.flush()
    one.title = "second"
    send = odm.declared.impl.call

    async def call(*args: Any, **kwargs: Any) -> Any:
        monkeypatch.undo()
        result = await send(*args, **kwargs)
        one.title = "lost by the refresh"
        await odm.session.refresh(one)
        one.slug = "kept"
        return result

    monkeypatch.setattr(odm.declared.impl, "call", call)
    await odm.session.flush()
    assert state(one).changes() == {"slug": "kept"}
    await odm.session.flush()
    assert await stored(odm, "title", "slug") == [("second", "kept")]


async def test_what_a_hook_writes_into_the_document_is_stored(odm: OdmFace) -> None:
    """Programs do so past the properties, and used to have the whole document stored."""

    class Writing(MapperExtension):
        def before_insert(self, obj: Any, state: Any, session: Any) -> None:
            state.document["slug"] = "made"

        def before_update(self, obj: Any, state: Any, session: Any) -> None:
            state.document["slug"] = "changed"
            state.document["tags"].append("a")
            state.document.pop("version")
            obj.title += "!"

    one = page_class(odm, extensions=[Writing])(_id=1, title="one", version=1)
    await odm.session.flush()
    assert await stored(odm, "slug") == ["made"]
    await odm.raw.page.update_one({}, {"$set": {"theirs": 1}})
    one.title = "two"
    await odm.session.flush()
    assert await odm.raw.page.find_one() == {
        "_id": 1,
        "slug": "changed",
        "tags": ["a"],
        "theirs": 1,
        "title": "two!",
    }


async def test_a_hook_may_delete_what_is_being_stored(odm: OdmFace) -> None:
    class Deleting(MapperExtension):
        def before_insert(self, obj: Any, state: Any, session: Any) -> None:
            if obj._id:
                obj.delete()

        def before_update(self, obj: Any, state: Any, session: Any) -> None:
            obj.delete()

    page = page_class(odm, extensions=[Deleting])
    kept, gone = page(_id=0, title="a"), page(_id=1, title="b")
    await odm.session.flush()
    assert statuses([kept, gone]) == ["clean", "deleted"]
    kept.title = "new"
    await odm.session.flush()
    await odm.session.flush()
    assert await stored(odm, "title") == []


# -- ids


async def test_an_id_made_before_saving_is_learned(odm: OdmFace, how: Any) -> None:
    def before_save(document: Any) -> None:
        document._id = ord(document.title)

    page = page_class(odm, before_save=before_save, **how)
    made = [page(_id=number, title=title) for number, title in enumerate("ab")]
    await odm.session.flush()
    assert [each._id for each in made] == [97, 98]
    assert await odm.session.get(page, 97) is made[0]
    assert await odm.session.get(page, 0) is None
    for each in made:
        each.slug = "new"
    await odm.session.flush()
    assert await stored(odm, "_id", "slug") == [(97, "new"), (98, "new")]


async def test_what_was_read_without_its_id_cannot_be_deleted(odm: OdmFace, how: Any) -> None:
    await odm.raw.page.insert_many([{"_id": number} for number in range(2)])
    found = await odm.session.find(page_class(odm, **how), {}, projection={"_id": 0, "title": 1}).all()
    for each in found:
        each.delete()
    with pytest.raises(IllegalStateChange, match="Page: read without its _id"):
        await odm.session.flush()
    assert statuses(found) == ["deleted"] * 2
    assert await stored(odm, "_id") == [0, 1]


# -- transactions


@pytest.mark.parametrize("moment", ["before_save", "before_update", "after_update"])
async def test_a_hook_that_raises_inside_stores_nothing(odm: OdmFace, moment: str) -> None:
    refused = [True]

    def refuse(*args: Any) -> None:
        if args[-3:][0]._id == 1 and refused:
            raise RuntimeError("not this one")

    extension = type("Refusing", (MapperExtension,), {} if moment == "before_save" else {moment: refuse})
    options = (
        {"before_save": staticmethod(refuse)} if moment == "before_save" else {"extensions": [extension]}
    )
    page = page_class(odm, **options)
    refused.clear()
    made = [page(_id=number, title="old", tags=["a"]) for number in range(4)]
    await odm.session.flush()
    refused.append(True)
    for each in made[:3]:
        each.title = "new"
        each.tags.append("b")
    made[3].delete()
    for _ in range(2):
        with pytest.raises(RuntimeError) as caught:
            async with odm.session.begin(transaction=True):
                pass
        assert caught.value.__notes__ == ["in the update of Page 1"]
        assert statuses(made) == ["dirty"] * 3 + ["deleted"]
        assert await stored(odm, "title") == ["old"] * 4
    refused.clear()
    async with odm.session.begin(transaction=True):
        pass
    assert await stored(odm, "title", "tags") == [("new", ["a", "b"])] * 3


async def test_an_error_that_is_caught_inside_stores_nothing(odm: OdmFace, how: Any) -> None:
    await odm.raw.page.insert_one({"_id": 1, "title": "theirs"})
    made = [page_class(odm, **how)(_id=number, title="mine") for number in range(3)]

    async def go_on() -> None:
        async with odm.session.begin(transaction=True):
            with suppress(DuplicateKeyError):
                await odm.session.flush()

    # The server has given up the transaction by then.
    with pytest.raises(PyMongoError):
        await go_on()
    assert statuses(made) == ["new"] * 3
    made[1]._id = 5
    await odm.session.flush()
    assert await stored(odm, "title") == ["mine", "theirs", "mine", "mine"]


async def test_a_vanished_document_may_be_let_go_inside(odm: OdmFace, how: Any) -> None:
    made = [page_class(odm, **how)(_id=number, title="old") for number in range(4)]
    await odm.session.flush()
    await odm.raw.page.delete_one({"_id": 1})
    for each in made:
        each.title = "new"
    async with odm.session.begin(transaction=True):
        with pytest.raises(StaleObject):
            await odm.session.flush()
        odm.declared.expunge(made[1])
    assert await stored(odm, "title") == ["new"] * 3


async def test_who_comes_second_is_refused_inside(odm: OdmFace, how: Any) -> None:
    """The number that the loser would have written is there by then, written by the winner."""
    page = page_class(odm, version_field="version", **how)
    made = [page(_id=number, title="old") for number in range(3)]
    await odm.session.flush()
    await odm.raw.page.update_one({"_id": 1}, {"$inc": {"version": 1}, "$set": {"title": "theirs"}})
    for each in made:
        each.title = "mine"
    with pytest.raises(StaleObject, match="changed by somebody else") as caught:
        async with odm.session.begin(transaction=True):
            pass
    assert caught.value.document_id == 1
    assert statuses(made) == ["dirty"] * 3
    assert await stored(odm, "title") == ["old", "theirs", "old"]
    await odm.session.refresh(made[1])
    async with odm.session.begin(transaction=True):
        pass
    assert await stored(odm, "title", "version") == [("mine", 1), ("theirs", 1), ("mine", 1)]


async def test_what_was_read_in_part_is_so_again_after_an_abort(odm: OdmFace, how: Any) -> None:
    """What it had not read before, it must not store over what is there."""
    page = page_class(odm, **how)
    await odm.raw.page.insert_one({"_id": 1, "title": "a", "tags": ["theirs"]})
    one = await odm.session.find(page, {}, projection=["title"]).first()
    with suppress(Abandoned):
        async with odm.session.transaction():
            assert await odm.session.find(page).first() is one
            assert one.tags == ["theirs"]
            raise Abandoned
    one.tags.append("mine")
    one.title = "b"
    await odm.session.flush()
    assert await stored(odm, "title", "tags") == [("b", ["theirs"])]


# -- names of what is wrong


@pytest.mark.usefixtures("registry")
def test_messages_name_the_property() -> None:
    class Other(MappedClass):
        _id = FieldProperty(int)

    class Own(MappedClass):
        _id = FieldProperty(int)
        first_id = ForeignIdProperty(Other)
        second_id = ForeignIdProperty(Other)
        lost = RelationProperty("Nowhere")
        either = RelationProperty(Other)
        neither = RelationProperty(Other, via="third_id")

    class Child(MappedClass):
        lost_id = ForeignIdProperty("Nowhere")

    with pytest.raises(KeyError, match=r"Child\.lost_id: there is no mapped class 'Nowhere'"):
        Child()
    with pytest.raises(KeyError, match=r"Own\.lost: there is no mapped class 'Nowhere'"):
        _ = Own.lost.join
    with pytest.raises(AmbiguousJoin, match=r"via= of Own\.either"):
        _ = Own.either.join
    with pytest.raises(NoJoin, match=r"for Own\.neither"):
        _ = Own.neither.join
