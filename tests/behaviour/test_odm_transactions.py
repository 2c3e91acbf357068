"""Objects in transactions: what they are when one is aborted, or run again."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from harness.odm import OdmFace
from pymongo.errors import DuplicateKeyError, OperationFailure

from ming import schema as S
from ming.exc import StaleObject
from ming.odm import FieldProperty, ForeignIdProperty, MappedClass, RelationProperty, state


class Abandoned(Exception):
    """Ends a block whose work is not wanted."""


@pytest.fixture
def page(odm: OdmFace) -> Any:
    class Page(MappedClass):
        class __mongometa__:
            name = "page"
            session = odm.declared

        _id = FieldProperty(S.Int)
        title = FieldProperty(str)
        tags = FieldProperty([str])
        parent_id = ForeignIdProperty("Page")
        parent = RelationProperty("Page", via=("parent_id", True))

    return Page


async def prepared(odm: OdmFace, page: Any, number: int = 3) -> list[Any]:
    made = [page(_id=n, title=str(n), tags=["a"]) for n in range(number)]
    await odm.session.flush()
    return made


def statuses(objects: Any) -> list[str]:
    return [state(each).status for each in objects]


async def titles(odm: OdmFace) -> list[str]:
    return [raw["title"] async for raw in odm.raw.page.find({}).sort("_id")]


async def test_a_block_commits(odm: OdmFace, page: Any) -> None:
    one, two, three = await prepared(odm, page)
    async with odm.session.begin(transaction=True):
        one.title = "new"
        two.delete()
        four = page(_id=4, title="four")
        await odm.session.flush()
        three.tags.append("b")
        assert await titles(odm) == ["0", "1", "2"]
    assert await titles(odm) == ["new", "2", "four"]
    assert statuses([one, three, four]) == ["clean"] * 3
    assert list(odm.declared.uow) == [one, three, four]
    assert state(one).original_document["title"] == "new"
    one.title = "newer"
    await odm.session.flush()
    assert await titles(odm) == ["newer", "2", "four"]


@pytest.mark.parametrize("how", ["begin", "transaction", "foundation"])
async def test_an_abort_restores_everything(odm: OdmFace, page: Any, how: str) -> None:
    one, two, three = await prepared(odm, page)
    pending = page(_id=10, title="pending")
    three.title = "changed before"
    blocks = {
        "begin": lambda: odm.session.begin(transaction=True),
        "transaction": odm.session.transaction,
        "foundation": odm.face.session.transaction,
    }
    with suppress(Abandoned):
        async with blocks[how]():
            one.title = "new"
            one.tags.append("b")
            two.delete()
            inside = page(_id=4, title="inside")
            three.title = "changed inside"
            await odm.session.flush()
            assert statuses([one, three, pending, inside]) == ["clean"] * 4
            one.title = "newer"
            raise Abandoned
    assert await titles(odm) == ["0", "1", "2"]
    assert statuses([one, two, three, pending]) == ["clean", "clean", "dirty", "new"]
    assert (one.title, one.tags, three.title) == ("0", ["a"], "changed before")
    assert state(one).original_document["title"] == "0"
    assert state(three).original_document["title"] == "2"
    assert list(odm.declared.uow) == [one, two, three, pending]
    assert await odm.session.get(page, 1) is two
    assert (state(inside).session, state(inside).status) == (None, "new")
    assert await odm.session.get(page, 4) is None
    await odm.session.flush()
    assert await titles(odm) == ["0", "1", "changed before", "pending"]
    odm.declared.save(inside)
    two.delete()
    await odm.session.flush()
    assert await titles(odm) == ["0", "changed before", "inside", "pending"]


async def test_what_was_loaded_inside_is_forgotten(odm: OdmFace, page: Any) -> None:
    await odm.raw.page.insert_one({"_id": 1, "title": "stored"})
    with suppress(Abandoned):
        async with odm.session.transaction():
            found = await odm.session.get(page, 1)
            found.title = "changed"
            await odm.session.flush()
            found.delete()
            await odm.session.flush()
            raise Abandoned
    assert list(odm.declared.uow) == []
    assert (found.title, state(found).status, state(found).session) == ("stored", "clean", None)
    again = await odm.session.get(page, 1)
    assert again is not found
    assert again.title == "stored"


async def test_a_rerun_starts_from_where_the_first_did(odm: OdmFace, page: Any) -> None:
    (one,) = await prepared(odm, page, 1)
    seen = []

    async def work() -> str:
        seen.append((one.title, one.tags[:], state(one).status, len(list(odm.declared.uow))))
        one.title += "!"
        one.tags.append("b")
        page(_id=len(seen) + 5, title="inside")
        await odm.session.flush()
        if len(seen) < 3:
            raise OperationFailure("again", 112, {"errorLabels": ["TransientTransactionError"]})
        return "done"

    assert await odm.session.run_transaction(work) == "done"
    assert seen == [("0", ["a"], "clean", 1)] * 3
    assert await titles(odm) == ["0!", "inside"]
    assert (await odm.raw.page.find_one({"_id": 0}))["tags"] == ["a", "b"]
    assert statuses(odm.declared.uow) == ["clean", "clean"]


async def test_begin_without_a_transaction(odm: OdmFace, page: Any) -> None:
    async with odm.session.begin():
        page(_id=1, title="one")
    assert await titles(odm) == ["one"]
    with suppress(Abandoned):
        async with odm.session.begin():
            page(_id=2, title="two")
            raise Abandoned
    assert list(odm.declared.uow) == []
    assert await titles(odm) == ["one"]
    with pytest.raises(TypeError, match="read_concern"):
        async with odm.session.begin(read_concern=None):
            pass


async def test_an_error_inside_leaves_everything_pending(odm: OdmFace, page: Any) -> None:
    await odm.raw.page.insert_one({"_id": 1, "title": "theirs"})
    made = [page(_id=n, title=str(n)) for n in range(3)]
    with pytest.raises(DuplicateKeyError, match="Page 1"):
        async with odm.session.begin(transaction=True):
            pass
    assert statuses(made) == ["new"] * 3
    assert await titles(odm) == ["theirs"]
    made[1]._id = 7
    async with odm.session.begin(transaction=True):
        pass
    assert await titles(odm) == ["0", "theirs", "2", "1"]


async def test_a_vanished_document_is_found_inside(odm: OdmFace, page: Any) -> None:
    made = await prepared(odm, page)
    await odm.raw.page.delete_one({"_id": 1})
    for each in made:
        each.title += "!"
    with pytest.raises(StaleObject) as caught:
        async with odm.session.begin(transaction=True):
            pass
    assert caught.value.document_id == 1
    assert statuses(made) == ["dirty"] * 3
    assert await titles(odm) == ["0", "2"]


async def test_items_are_added_to_a_null_inside(odm: OdmFace, page: Any) -> None:
    await odm.raw.page.insert_many([{"_id": n, "title": str(n), "tags": None if n else []} for n in range(3)])
    for each in await odm.session.find(page).all():
        each.tags.append("a")
    async with odm.session.begin(transaction=True):
        pass
    assert [raw["tags"] async for raw in odm.raw.page.find()] == [["a"]] * 3


async def test_relations_go_back(odm: OdmFace, page: Any) -> None:
    one, two, three = await prepared(odm, page)
    three.parent = one
    await odm.session.flush()
    with suppress(Abandoned):
        async with odm.session.transaction():
            three.parent = two
            await odm.session.flush()
            raise Abandoned
    await odm.session.load([three] if odm.kind == "sync" else three, "parent")
    assert three.parent is one


async def test_an_object_moved_inside_goes_back(odm: OdmFace, page: Any) -> None:
    (one,) = await prepared(odm, page, 1)
    other = odm.another()
    with suppress(Abandoned):
        async with odm.session.transaction():
            other.declared.save(one)
            one.title = "new"
            await other.session.flush()
            raise Abandoned
    assert state(one).session is odm.declared
    assert list(odm.declared.uow) == [one]
    assert list(other.declared.uow) == []
    assert (one.title, state(one).status) == ("0", "clean")


async def test_what_a_transaction_remembers_goes_with_it(odm: OdmFace, page: Any) -> None:
    import gc

    await prepared(odm, page)
    async with odm.session.begin(transaction=True):
        assert odm.declared.uow.memory() is not None
    gc.collect()
    assert odm.declared.uow.memory() is None
