"""Chains of steps on both faces: read, save and migrate; the raw document is what steps work on."""

from __future__ import annotations

from typing import Any

import pytest
from harness.chains import declare, orders, pages, people
from harness.faces import Face
from harness.odm import OdmFace

from ming import evolve as E
from ming import schema as S
from ming.exc import Invalid
from ming.odm import FieldProperty, MappedClass

pytestmark = pytest.mark.usefixtures("loader")

PERSON = {
    "_id": 1,
    "_version": 1,
    "name": "Ann Mary Lee",
    "email": "a@b",
    "age": "44",
    "status": "A",
    "address": {"street": "s", "city": "c", "floor": 3},
    "nick": "Annie",
}

UPGRADED = {
    "_id": 1,
    "_version": 3,
    "name": "Ann Mary Lee",
    "contact": {"email": "a@b"},
    "login": "a@b",
    "age": 44,
    "status": "active",
    "address": {"street": "s", "city": {"name": "c"}},
    "languages": ["en"],
    "settings": {"news": False},
    "logins": None,
}

STORED = {**UPGRADED, "address": {**UPGRADED["address"], "floor": 3}, "nick": "Annie"}
"""Unknown keys stay where they are."""


async def test_read_and_save(face: Face) -> None:
    cls = people(face.sync_session)[-1]
    await face.raw.people.insert_one(dict(PERSON))
    person = await face.session.get(cls, _id=1)
    assert person == UPGRADED
    assert person._origin.version.__name__ == "PersonV1"
    person.name = "Ann Lee"
    await face.session.save(person)
    stored = await face.raw.people.find_one({"_id": 1})
    # What was missing may stay missing: reading fills it in.
    assert {"logins": None, **stored} == {**STORED, "name": "Ann Lee"}
    assert await face.session.get(cls, _id=1) == {**UPGRADED, "name": "Ann Lee"}


async def test_a_document_of_the_version_between_and_a_new_one(face: Face) -> None:
    _, between, newest = people(face.sync_session)
    await face.session.insert(between.make({"_id": 1, "_version": 2, "first": "Ann", "city": "c"}))
    await face.session.insert(newest.make({"_id": 2, "_version": 3, "name": "Bob"}))
    names = [person.name async for person in face.session.find(newest, {}).sort("_id")]
    assert names == ["Ann", "Bob"]


async def test_old_data_made_in_python(face: Face) -> None:
    cls = people(face.sync_session)[-1]
    known = {**PERSON, "address": {"street": "s", "city": "c"}}
    del known["nick"]
    assert cls.make(known) == UPGRADED


async def test_a_baseline_without_a_stamp(face: Face) -> None:
    cls = pages(face.sync_session)[-1]
    old = {"_id": 1, "title": None, "metadata": {"tags": ["x"], "categories": ["c"], "rating": 2.0, "hue": 1}}
    await face.raw.pages.insert_many([old, {"_id": 2, "version": None, "flag": 2}])
    first, second = await face.session.find(cls, {}).sort("_id").all()
    assert (first.title, first.tags, first.category, first.rating) == (None, ["x"], "c", 2)
    assert first._origin.unknown == {"metadata": {"hue": 1}}
    assert (second.title, second.flag, second.state.draft) == ("untitled", "old", True)


async def test_lists_keep_the_unknown_keys_of_their_items(face: Face) -> None:
    cls = orders(face.sync_session)[-1]
    lines = [{"sku": "a", "qty": "2", "price": "1.50", "colour": "red"}, {"sku": "b", "tags": "x"}]
    await face.raw.orders.insert_one({"_id": 1, "v": "one", "lines": lines, "customer": {"name": "n"}})
    order = await face.session.get(cls, _id=1)
    order.paid = True
    await face.session.save(order)
    stored = await face.raw.orders.find_one({"_id": 1})
    assert stored["v"] == "three"
    assert [line.get("colour") for line in stored["lines"]] == ["red", None]
    assert [line["item"]["sku"] for line in stored["lines"]] == ["a", "b"]
    assert (stored["customer"], stored["count"], stored["paid"]) == ({"name": "n"}, 2, True)


def split_name(old: Any) -> dict[str, Any]:
    first, _, last = old.name.partition(" ")
    return {"first": first, "last": last}


async def test_functions_and_steps_in_one_chain(face: Face) -> None:
    cls = declare(
        face.sync_session,
        {"v": 1, "name": str},
        {"v": 2, "first": str, "last": str, "migrate": split_name},
        {"v": 3, "sub": {"first": str}, "last": str, "migrate": E.steps(E.move("first", "sub.first"))},
        {"v": 4, "full": str, "migrate": lambda old: {"full": f"{old.sub.first}+{old.last}"}},
        {"v": 5, "texts": [str], "migrate": E.steps(E.wrap("full"), E.move("full", "texts"))},
    )
    docs = [
        {"_id": 1, "v": 1, "name": "a b", "extra": [1]},
        {"_id": 2, "v": 2, "first": "a", "last": "b", "extra": {"x": 1}},
        {"_id": 3, "v": 3, "sub": {"first": "a", "hidden": 1}, "last": "b"},
        {"_id": 4, "v": 4, "full": "a+b", "extra": 1},
    ]
    await face.raw.docs.insert_many(docs)
    found = await face.session.find(cls, {}).sort("_id").all()
    assert [document.texts for document in found] == [["a+b"]] * 4
    assert [document._origin.unknown.get("extra") for document in found] == [[1], {"x": 1}, None, 1]


async def test_an_invalid_result_says_from_where_to_where(face: Face) -> None:
    cls = declare(
        face.sync_session,
        {"v": 1, "a": str},
        {"v": 2, "b": S.Int(required=True), "migrate": E.steps(E.convert("a", int), E.move("a", "b"))},
    )
    await face.raw.docs.insert_many([{"_id": 1, "v": 1, "a": "5"}, {"_id": 2, "v": 1, "a": "five"}])
    assert (await face.session.get(cls, _id=1)).b == 5
    with pytest.raises(Invalid) as caught:
        await face.session.get(cls, _id=2)
    assert "'docs', _id 2" in str(caught.value)
    assert "after migrating from V1 to V2" in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "step"),
    [
        (S.Int(required=True), S.Anything(), E.default("b", 1)),
        (S.OneOf("a", "b"), S.OneOf("a", "five"), E.default("b", 1)),
        ({"x": S.OneOf(1)}, S.Anything(), E.default("b", 1)),
        (S.Int(), S.Int(), E.const("a", 1)),
        (S.Int(), S.Int(), E.map("a", {"five": 5})),
    ],
)
async def test_an_old_document_that_is_invalid_is_not_upgraded(
    face: Face, old: Any, new: Any, step: E.Step
) -> None:
    cls = declare(
        face.sync_session,
        {"v": 1, "a": old, "b": int},
        {"v": 2, "a": new, "b": int, "migrate": E.steps(step)},
    )
    await face.raw.docs.insert_one({"_id": 1, "v": 1, "a": "five", "b": 1})
    with pytest.raises(Invalid, match="a:"):
        await face.session.get(cls, _id=1)


async def test_a_failing_function_says_which_document(face: Face) -> None:
    def fail(raw: dict[str, Any]) -> dict[str, Any]:
        raise ZeroDivisionError("no")

    cls = declare(face.sync_session, {"v": 1}, {"v": 2, "migrate": E.steps(E.python(fail))})
    await face.raw.docs.insert_one({"_id": 1, "v": 1})
    with pytest.raises(ZeroDivisionError) as caught:
        await face.session.get(cls, _id=1)
    assert any("'docs', _id 1" in note for note in caught.value.__notes__)


async def test_the_classic_example_with_steps(face: Face) -> None:
    cls = declare(
        face.sync_session,
        {"title": str, "metadata": {"tags": [str]}},
        {
            "title": str,
            "version": 1,
            "tags": [str],
            "migrate": E.steps(E.move("metadata.tags", "tags", prune=True)),
        },
    )
    await face.raw.docs.insert_one({"_id": 1, "title": "t", "metadata": {"tags": ["a"]}})
    page = await face.session.get(cls, _id=1)
    assert page == {"_id": 1, "title": "t", "version": 1, "tags": ["a"]}
    await face.session.save(page)
    assert await face.raw.docs.find_one({}) == page


async def test_mapped_objects(odm: OdmFace) -> None:
    class OldPage(MappedClass):
        __mongometa__ = type("__mongometa__", (), {"name": "docs", "session": odm.declared})
        _id = FieldProperty(int)
        v = FieldProperty(S.Value(1), required=True)
        name = FieldProperty(str)

    class Page(MappedClass):
        class __mongometa__:
            name = "docs"
            session = odm.declared
            version_of = OldPage
            migrate = E.steps(E.move("name", "names.first"), E.default("lang", "en"))

        _id = FieldProperty(int)
        v = FieldProperty(S.Value(2), required=True)
        names = FieldProperty({"first": str})
        lang = FieldProperty(str)

    await odm.raw.docs.insert_one({"_id": 1, "v": 1, "name": "a", "unknown": {"x": 1}})
    page = await odm.session.get(Page, 1)
    assert (page.names, page.lang) == ({"first": "a"}, "en")
    page.names.first = "b"
    await odm.session.flush()
    stored = await odm.raw.docs.find_one()
    assert stored == {"_id": 1, "v": 2, "names": {"first": "b"}, "lang": "en", "unknown": {"x": 1}}
