"""Saving what was read: nobody else's change is lost, nor anything this program does not know."""

from __future__ import annotations

import copy
import datetime
import itertools
from contextlib import suppress
from typing import Any

import bson
import pytest
from harness.chains import declare, wiki_classes
from harness.faces import Face
from pymongo import WriteConcern
from pymongo.errors import OperationFailure

from ming import Document, Field
from ming import schema as S
from ming.exc import DocumentTooNew, HybridDocument, Invalid, MigrationError, StaleObject

pytestmark = pytest.mark.usefixtures("loader")

OLD = {
    "_id": 1,
    "title": "t",
    "text": "x",
    "metadata": {"tags": ["a"], "categories": ["c"]},
    "views": 2,
    "hits": 5,
}
NEW = {
    "_id": 1,
    "title": "t",
    "text": "x",
    "tags": ["a"],
    "categories": ["c"],
    "views": 2,
    "hits": 5,
    "version": 1,
}


async def put(face: Face, raw: dict[str, Any], name: str = "docs") -> None:
    await face.raw[name].insert_one(copy.deepcopy(raw))


async def stored(face: Face, name: str = "docs") -> Any:
    """The only document."""
    (raw,) = await face.raw[name].find({}).to_list()
    return raw


async def old_page(face: Face, **options: Any) -> Any:
    """A page read in the old version."""
    _, page = wiki_classes(face.sync_session, **options)
    await put(face, OLD, "pages")
    return await face.session.get(page, _id=1)


# --- unknown keys


async def test_unknown_keys_survive_at_every_depth(face: Face) -> None:
    old = {
        "v": 1,
        "address": {"street": str},
        "items": [{"n": int, "sub": {"x": int}}],
        "map": {str: {"k": int}},
    }

    def migrate(old: Any) -> Any:
        kept = sorted((item for item in old["items"] if item.n), key=lambda item: item.n)
        return {"home": {"address": old.address}, "rows": kept, "map": old.map}

    new = {
        "v": 2,
        "home": {"address": {"street": str}},
        "rows": [{"n": int, "sub": {"x": int}}],
        "map": {str: {"k": int}},
        "migrate": migrate,
    }
    cls = declare(face.sync_session, old, new)
    await put(
        face,
        {
            "_id": 1,
            "v": 1,
            "z": {"deep": [1]},
            "address": {"street": "s", "zip": 9},
            "items": [{"n": 3, "u": 3, "sub": {"x": 1, "w": 3}}, {"n": 0, "u": 0}, {"n": 1, "u": 1}],
            "map": {"key": {"k": 1, "y": 2}},
            "$dollar": 1,
            "dot.ted": 2,
            "": 3,
        },
    )
    found = await face.session.get(cls, _id=1)
    assert "z" not in found
    assert "u" not in found.rows[0]
    found.rows.reverse()
    found.rows.append({"n": 7})
    await face.session.save(found)
    assert await stored(face) == {
        "_id": 1,
        "v": 2,
        "z": {"deep": [1]},
        "home": {"address": {"street": "s", "zip": 9}},
        "rows": [
            {"n": 3, "u": 3, "sub": {"x": 1, "w": 3}},
            {"n": 1, "u": 1, "sub": {"x": None}},
            {"n": 7, "sub": {"x": None}},
        ],
        "map": {"key": {"k": 1, "y": 2}},
        "$dollar": 1,
        "dot.ted": 2,
        "": 3,
    }


async def test_they_are_gone_with_the_sub_document_that_held_them(face: Face) -> None:
    inner = {"n": int}
    cls = declare(
        face.sync_session,
        {"v": 1, "sub": inner, "items": [inner]},
        {
            "v": 2,
            "sub": inner,
            "items": [inner],
            "migrate": lambda old: {"sub": old.sub, "items": old["items"]},
        },
    )
    await put(
        face, {"_id": 1, "v": 1, "sub": {"n": 1, "u": 1}, "items": [{"n": 1, "u": 1}, {"n": 2, "u": 2}]}
    )
    found = await face.session.get(cls, _id=1)
    found.sub = {"n": 5}
    del found["items"][0]
    await face.session.save(found)
    assert await stored(face) == {"_id": 1, "v": 2, "sub": {"n": 5}, "items": [{"n": 2, "u": 2}]}


async def test_a_later_save_keeps_them_too(face: Face) -> None:
    page = await old_page(face)
    await face.session.save(page)
    page.title = "again"
    await face.session.save(page)
    assert await stored(face, "pages") == {**NEW, "title": "again"}


async def test_unknown_keys_in_sight_are_not_lost(face: Face) -> None:
    _, cls = wiki_classes(face.sync_session)
    await put(face, OLD, "pages")
    page = await face.session.find(cls, {}, strip_extra=False).one()
    await face.session.save(page)
    assert await stored(face, "pages") == NEW


async def test_unknown_keys_stripped_by_declaration(face: Face) -> None:
    page = await old_page(face, unknown="strip")
    await face.session.save(page)
    assert await stored(face, "pages") == {key: value for key, value in NEW.items() if key != "hits"}


async def test_unknown_keys_forbidden_by_declaration(face: Face) -> None:
    _, cls = wiki_classes(face.sync_session, unknown="forbid")
    await put(face, OLD, "pages")
    with pytest.raises(Invalid, match="Extra keys: {'hits'}"):
        await face.session.get(cls, _id=1)
    await face.raw["pages"].update_one({}, {"$unset": {"hits": 1}})
    page = await face.session.get(cls, _id=1)
    await face.raw["pages"].update_one({}, {"$set": {"hits": 1}})
    page.title = "new"
    await face.session.save(page)
    assert await stored(face, "pages") == {**NEW, "title": "new", "hits": 1}


async def test_what_another_version_knows_is_kept_and_read(face: Face) -> None:
    """A newer program's partial writes to old documents: by name at the top, and below."""
    cls = declare(
        face.sync_session,
        {"v": 1, "profile": {"a": int}},
        {
            "v": 2,
            "profile": {"a": int, "b": int},
            "nick": str,
            "migrate": lambda old: {"profile": old.profile},
        },
    )
    await put(face, {"_id": 1, "v": 1, "profile": {"a": 1, "b": 2, "z": 3}, "nick": "ann"})
    found = await face.session.get(cls, _id=1)
    assert found == {"_id": 1, "v": 2, "profile": {"a": 1, "b": 2}, "nick": "ann"}
    await face.session.save(found)
    assert await stored(face) == {"_id": 1, "v": 2, "profile": {"a": 1, "b": 2, "z": 3}, "nick": "ann"}


@pytest.mark.parametrize("unknown", ["keep", "strip"])
@pytest.mark.parametrize(
    ("extra", "message"), [({"tags": ["mine"]}, "the stored tags"), ({"info": {"b": 7}}, "the stored info.b")]
)
async def test_an_upgrade_does_not_overwrite_what_no_function_was_shown(
    face: Face, unknown: str, extra: Any, message: str
) -> None:
    cls = declare(
        face.sync_session,
        {"labels": [str], "info": {"a": int}},
        {
            "v": 2,
            "tags": [str],
            "info": {"b": int},
            "migrate": lambda old: {"tags": old.labels, "info": {"b": old.info.a}},
        },
        unknown=unknown,
    )
    raw = {"_id": 1, "labels": ["a"], **extra}
    await put(face, raw)
    found = await face.session.get(cls, _id=1)
    assert found.tags == ["a"]
    with pytest.raises(
        HybridDocument, match=rf"'docs', _id 1(?s:.)*from V1 would overwrite {message} \[hybrid"
    ) as caught:
        await face.session.save(found)
    assert caught.value.document_id == 1
    assert await stored(face) == raw


async def test_an_upgrade_to_the_same_values_overwrites_nothing(face: Face) -> None:
    cls = declare(
        face.sync_session,
        {"labels": [str]},
        {"v": 2, "tags": [str], "migrate": lambda old: {"tags": old.labels}},
    )
    await put(face, {"_id": 1, "labels": ["a"], "tags": ["a"]})
    await face.session.save(await face.session.get(cls, _id=1))
    assert await stored(face) == {"_id": 1, "v": 2, "tags": ["a"]}


# --- another writer between reading and saving

OTHERS = {
    "declared counter": ({"$inc": {"views": 3}}, {"views": 5}),
    "undeclared counter": ({"$inc": {"hits": 3}}, {"hits": 8}),
    "both": ({"$inc": {"views": 1, "hits": 1}}, {"views": 3, "hits": 6}),
    "array": ({"$push": {"metadata.tags": "b"}}, {"tags": ["a", "b"]}),
    "undeclared array": ({"$push": {"log": "b"}}, {"log": ["b"]}),
    "key inside": ({"$set": {"metadata.note": 1}}, {}),
    "unset": ({"$unset": {"text": 1}}, {"text": None}),
    "undeclared unset": ({"$unset": {"hits": 1}}, {"hits": ...}),
    "null": ({"$set": {"text": None}}, {"text": None}),
    "type": ({"$set": {"views": 2.0}}, {"views": 2}),
    "renamed list": (
        {"$rename": {"metadata.tags": "tags", "metadata.categories": "categories"}, "$set": {"version": 1}},
        {"metadata": {}},
    ),
    "upgraded": ({"$set": {**NEW, "tags": ["z"]}, "$unset": {"metadata": 1}}, {"tags": ["z"]}),
    "nothing": ({"$set": {"views": 2}}, {}),
}


def after(changes: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {key: value for key, value in {**NEW, **changes, **more}.items() if value is not ...}


@pytest.mark.parametrize("case", OTHERS)
async def test_the_other_change_and_mine_are_both_stored(face: Face, case: str) -> None:
    update, changes = OTHERS[case]
    page = await old_page(face)
    await face.raw["pages"].update_one({"_id": 1}, update)
    page.title = "mine"
    await face.session.save(page)
    assert await stored(face, "pages") == after(changes, title="mine")
    # The document shows it all, but for what its class does not declare.
    visible = {key: value for key, value in after(changes, title="mine").items() if key in {*NEW} - {"hits"}}
    assert page == visible
    page.text = "more"
    await face.session.save(page)
    assert await stored(face, "pages") == after(changes, title="mine", text="more")


async def test_an_upgrade_without_changes_loses_nothing_either(face: Face) -> None:
    _, cls = wiki_classes(face.sync_session)
    for update, changes in OTHERS.values():
        await put(face, OLD, "pages")
        page = await face.session.get(cls, _id=1)
        await face.raw["pages"].update_one({"_id": 1}, update)
        await face.session.save(page)
        assert await stored(face, "pages") == after(changes)
        await face.raw["pages"].delete_many({})


@pytest.mark.parametrize(
    ("field", "value", "update", "others"),
    [
        ("tags", ["a", "mine"], {"$push": {"metadata.tags": "b"}}, {"metadata.tags": ["a", "b"]}),
        ("tags", [], {"$push": {"metadata.tags": "b"}}, {"metadata.tags": ["a", "b"]}),
        ("title", "mine", {"$set": {"title": "theirs"}}, {"title": "theirs"}),
        # Both counted one more: the number is what both want, and one of them would not have counted.
        ("views", 3, {"$inc": {"views": 1}}, {"views": 3}),
        ("text", "mine", {"$unset": {"text": 1}}, {}),
    ],
)
async def test_the_same_field_changed_twice_is_stale(
    face: Face, field: str, value: Any, update: Any, others: dict[str, Any]
) -> None:
    page = await old_page(face)
    await face.raw["pages"].update_one({"_id": 1}, update)
    raw = await stored(face, "pages")
    page[field] = value
    page.categories.append("mine too")
    with pytest.raises(StaleObject) as caught:
        await face.session.save(page)
    assert (caught.value.collection, caught.value.document_id, caught.value.fields) == ("pages", 1, (field,))
    assert await stored(face, "pages") == raw
    assert page[field] == value
    # Read again, the change can be made.
    page = await face.session.get(type(page), _id=1)
    page[field] = value
    await face.session.save(page)
    assert (await stored(face, "pages"))[field] == value


async def test_a_deleted_document_is_not_brought_back(face: Face) -> None:
    page = await old_page(face)
    await face.raw["pages"].delete_one({"_id": 1})
    page.title = "mine"
    with pytest.raises(StaleObject, match=r"'pages', _id 1: deleted since it was read \[stale-object\]"):
        await face.session.save(page)
    assert await face.raw["pages"].count_documents({}) == 0


async def test_a_document_deleted_and_inserted_anew(face: Face) -> None:
    page = await old_page(face)
    await face.raw["pages"].delete_one({"_id": 1})
    await put(face, {"_id": 1, "title": "t", "metadata": {"tags": ["theirs"]}, "other": 1}, "pages")
    page.title = "mine"
    await face.session.save(page)
    raw = await stored(face, "pages")
    assert (raw["title"], raw["tags"], raw["other"], "hits" in raw) == ("mine", ["theirs"], 1, False)


@pytest.mark.parametrize(
    ("update", "error"),
    [
        ({"$set": {"version": 2}}, DocumentTooNew),
        ({"$set": {"title": 5}}, Invalid),
        ({"$set": {"metadata": 5}}, Invalid),
        ({"$set": {"tags": ["theirs"]}}, HybridDocument),
    ],
)
async def test_a_document_that_cannot_be_read_any_more_is_left_alone(
    face: Face, update: Any, error: Any
) -> None:
    page = await old_page(face)
    await face.raw["pages"].update_one({"_id": 1}, update)
    raw = await stored(face, "pages")
    page.text = "mine"
    with pytest.raises(error, match="'pages', _id 1"):
        await face.session.save(page)
    assert await stored(face, "pages") == raw


@pytest.mark.parametrize(
    "first_and_then",
    [
        (1, True),
        (True, 1),
        (0, False),
        ([1], 1),
        (["a"], [["a"]]),
        ("1", 1),
        (None, ...),
        (..., None),
        (0, -1),
        ({"a": 1, "b": 2}, {"a": 1}),
        ({"a": 1}, [{"a": 1}]),
        ([], ...),
        ({}, None),
        (b"a", "a"),
    ],
)
async def test_a_guard_sees_every_difference(face: Face, first_and_then: Any) -> None:
    """The value is read by ``migrate`` alone: what it made of it must not be stored once it is another one."""
    first, then = first_and_then
    cls = declare(
        face.sync_session,
        {"v": 1, "a": None},
        {"v": 2, "text": str, "migrate": lambda old: {"text": repr(old.get("a", "absent"))}},
    )
    await put(face, {"_id": 1, "v": 1} if first is ... else {"_id": 1, "v": 1, "a": first})
    found = await face.session.get(cls, _id=1)
    await face.raw["docs"].update_one({}, {"$unset": {"a": 1}} if then is ... else {"$set": {"a": then}})
    await face.session.save(found)
    assert await stored(face) == {"_id": 1, "v": 2, "text": repr("absent" if then is ... else then)}


VALUES = [
    None, True, 1, 1.5, float("nan"), float("inf"), -0.0, 2**62, bson.Int64(1), bson.Decimal128("1.00"),
    bson.Decimal128("NaN"), "", "$a", "$$ROOT", b"x", bson.Binary(b"x", 5), bson.Regex("^a", "i"), bson.Code("f()"),
    bson.MinKey(), bson.MaxKey(), bson.Timestamp(1, 2), bson.ObjectId(), bson.DBRef("c", 1),
    datetime.datetime(1, 1, 1), datetime.datetime(9999, 12, 31, 23, 59, 59),
    datetime.datetime(1960, 2, 3, 4, 5, 6, 7000), [], {}, [[]], {"b": 1, "a": 2},
    {"$a": 1, "b.c": {"$literal": 2}, "": 3},
    ["$a", {"$expr": 1}],
    [None, [1, {"a": []}]],
]  # fmt: skip


async def test_values_of_every_kind_pass_guards_and_stay_what_they_are(face: Face) -> None:
    cls = declare(
        face.sync_session,
        {"v": 1, "a": None, "b": None},
        {"v": 2, "a": None, "c": None, "n": int, "migrate": lambda old: {"a": old.a, "c": old.b}},
    )
    for number, value in enumerate(VALUES):
        await put(face, {"_id": number, "v": 1, "a": value, "b": value, "unknown": value})
        found = await face.session.get(cls, _id=number)
        found.n = 5
        await face.session.save(found)
        raw = await face.raw["docs"].find_one({"_id": number})
        encoded = {bson.encode({"": raw[key]}) for key in ("a", "c", "unknown")}
        assert encoded == {bson.encode({"": value})}
        assert (raw["n"], raw["v"]) == (5, 2)


@pytest.mark.parametrize("document_id", [None, {"b": 1, "a": 2}, "a", 1.5, "", b"x", {}])
async def test_ids_of_every_kind(face: Face, document_id: Any) -> None:
    cls = declare(
        face.sync_session, {"v": 1, "a": int}, {"v": 2, "b": int, "migrate": lambda old: {"b": old.a}}
    )
    await put(face, {"_id": document_id, "v": 1, "a": 3})
    found = await face.session.find(cls, {}).one()
    await face.raw["docs"].update_one({}, {"$inc": {"a": 1}})
    await face.session.save(found)
    assert await stored(face) == {"_id": document_id, "v": 2, "b": 4}


async def test_an_undeclared_id(face: Face) -> None:
    for unknown in ("keep", "strip"):
        old = _class(face, "docs", v=1, a=int)
        cls = _class(
            face, "docs", version_of=old, migrate=lambda old: {"b": old.a}, unknown=unknown, v=2, b=int
        )
        await put(face, {"_id": 5, "v": 1, "a": 3})
        found = await face.session.find(cls, {}).one()
        found.b = 7
        await face.session.save(found)
        assert await stored(face) == {"_id": 5, "v": 2, "b": 7}
        await face.raw["docs"].delete_many({})


def _class(face: Face, name: str, **body: Any) -> Any:
    """A class without ``_id``."""
    options = {option: body.pop(option) for option in ("version_of", "migrate", "unknown") if option in body}
    if "migrate" in options:
        options["migrate"] = staticmethod(options["migrate"])
    meta = {"name": name, "session": face.sync_session, **options}
    fields = {field: Field(field, spec) for field, spec in body.items()}
    return type("Page", (Document,), {"__mongometa__": type("__mongometa__", (), meta), **fields})


async def test_an_id_that_the_schema_converts(face: Face) -> None:
    ids = {"_id": S.ObjectId()}
    cls = declare(
        face.sync_session,
        {**ids, "v": 1, "a": int},
        {**ids, "v": 2, "a": int, "migrate": lambda old: {"a": old.a}},
    )
    await put(face, {"_id": "5" * 24, "v": 1, "a": 3})
    found = await face.session.find(cls, {}).one()
    await face.session.save(found)
    assert await stored(face) == {"_id": "5" * 24, "v": 2, "a": 3}


async def test_a_new_id_is_not_silently_ignored(face: Face) -> None:
    page = await old_page(face)
    page._id = 2
    with pytest.raises(OperationFailure, match="_id"):
        await face.session.save(page)
    assert await stored(face, "pages") == OLD


async def test_a_document_read_in_part(face: Face) -> None:
    _, cls = wiki_classes(face.sync_session)
    await put(face, OLD, "pages")
    page = await face.session.find(cls, {}, projection=["title", "metadata.tags"]).one()
    page.title = "mine"
    await face.session.save(page)
    assert await stored(face, "pages") == {**NEW, "title": "mine"}
    assert page.categories == ["c"]


async def test_a_document_read_without_its_id(face: Face) -> None:
    _, cls = wiki_classes(face.sync_session)
    await put(face, OLD, "pages")
    page = await face.session.find(cls, {}, projection={"_id": 0}).one()
    with pytest.raises(MigrationError, match="'pages'.*read without its _id"):
        await face.session.save(page)
    assert await stored(face, "pages") == OLD


async def test_keys_that_an_update_cannot_name(face: Face) -> None:
    cls = declare(
        face.sync_session, {"v": 1, "a.b": int}, {"v": 2, "a": int, "migrate": lambda old: {"a": old["a.b"]}}
    )
    raw = {"_id": 1, "v": 1, "a.b": 3}
    await put(face, raw)
    found = await face.session.get(cls, _id=1)
    assert found.a == 3
    with pytest.raises(MigrationError, match=r"'docs', _id 1: .*cannot be updated \(fields: a.b\)"):
        await face.session.save(found)
    assert await stored(face) == raw


async def test_saves_that_nobody_waits_for(face: Face) -> None:
    page = await old_page(face, write_concern=WriteConcern(w=0))
    page.title = "mine"
    result = await face.session.save(page)
    assert not result.acknowledged
    # A read on the same connection comes after the write.
    for _ in range(100):
        if (await stored(face, "pages"))["title"] == "mine":
            break
    assert await stored(face, "pages") == {**NEW, "title": "mine"}


async def test_an_invalid_change_is_not_stored(face: Face) -> None:
    page = await old_page(face)
    page.tags = "text"
    with pytest.raises(Invalid, match="'pages', _id 1"):
        await face.session.save(page)
    assert await stored(face, "pages") == OLD


async def test_a_hook_is_heard(face: Face) -> None:
    page = await old_page(face, before_save=lambda doc: doc.update(text="hooked"))
    await face.raw["pages"].update_one({}, {"$inc": {"views": 1}})
    await face.session.save(page)
    assert await stored(face, "pages") == {**NEW, "text": "hooked", "views": 3}


async def test_defaults_that_are_made_anew_each_time_are_no_conflict(face: Face) -> None:
    numbers = itertools.count()
    cls = declare(
        face.sync_session,
        {"v": 1, "n": int},
        {
            "v": 2,
            "n": int,
            "created": S.Int(if_missing=lambda: next(numbers)),
            "migrate": lambda old: {"n": old.n},
        },
    )
    await put(face, {"_id": 1, "v": 1, "n": 1})
    found = await face.session.get(cls, _id=1)
    created = found.created
    await face.raw["docs"].update_one({}, {"$inc": {"n": 1}})
    await face.session.save(found)
    assert await stored(face) == {"_id": 1, "v": 2, "n": 2, "created": created}


async def test_once_stored_by_somebody_else_such_a_default_is_one(face: Face) -> None:
    numbers = itertools.count()
    cls = declare(
        face.sync_session,
        {"v": 1, "n": int},
        {
            "v": 2,
            "n": int,
            "created": S.Int(if_missing=lambda: next(numbers)),
            "migrate": lambda old: {"n": old.n},
        },
    )
    await put(face, {"_id": 1, "v": 1, "n": 1})
    found = await face.session.get(cls, _id=1)
    await face.raw["docs"].update_one({}, {"$set": {"v": 2, "created": 99}})
    with pytest.raises(StaleObject, match=r"\(fields: created\)"):
        await face.session.save(found)
    assert await stored(face) == {"_id": 1, "v": 2, "n": 1, "created": 99}


async def test_what_a_make_of_its_own_adds_is_stored(face: Face) -> None:
    _, base = wiki_classes(face.sync_session)

    class Page(base):  # type: ignore[misc]
        lower = Field(str)

        @classmethod
        def make(cls, data: Any, allow_extra: bool = False, strip_extra: bool = True) -> Any:
            data = {**data, "lower": (data["title"] or "").lower()}
            return super().make(data, allow_extra=allow_extra, strip_extra=strip_extra)

    await put(face, {**OLD, "title": "Title"}, "pages")
    page = await face.session.get(Page, _id=1)
    await face.raw["pages"].update_one({}, {"$push": {"metadata.tags": "b"}})
    page.text = "mine"
    await face.session.save(page)
    expected = {**NEW, "title": "Title", "text": "mine", "tags": ["a", "b"], "lower": "title"}
    assert await stored(face, "pages") == expected


# --- partial writes to a document of an older version


async def test_saving_named_fields_stores_the_upgrade_and_them(face: Face) -> None:
    page = await old_page(face)
    await face.raw["pages"].update_one({}, {"$push": {"metadata.tags": "b"}, "$inc": {"hits": 1}})
    page.title, page.text = "mine", "not stored yet"
    await face.session.save(page, "title", "tags")
    assert await stored(face, "pages") == {**NEW, "title": "mine", "tags": ["a", "b"], "hits": 6}
    assert (page.tags, page.text) == (["a", "b"], "not stored yet")
    await face.session.save(page)
    assert await stored(face, "pages") == {
        **NEW,
        "title": "mine",
        "tags": ["a", "b"],
        "hits": 6,
        "text": "not stored yet",
    }


async def test_saving_a_named_field_that_somebody_else_changed(face: Face) -> None:
    page = await old_page(face)
    await face.raw["pages"].update_one({}, {"$push": {"metadata.tags": "b"}})
    page.tags.append("mine")
    with pytest.raises(StaleObject, match=r"\(fields: tags\)"):
        await face.session.save(page, "tags")
    assert (await stored(face, "pages"))["metadata"]["tags"] == ["a", "b"]


@pytest.mark.parametrize("write", ["set", "increase_field", "upsert"])
async def test_partial_writes_store_the_upgrade_first(face: Face, write: str) -> None:
    page = await old_page(face)
    await face.raw["pages"].update_one({}, {"$push": {"metadata.tags": "b"}, "$inc": {"hits": 1}})
    expected = {**NEW, "tags": ["a", "b"], "hits": 6}
    if write == "set":
        await face.session.set(page, {"title": "mine"})
        assert await stored(face, "pages") == {**expected, "title": "mine"}
    elif write == "increase_field":
        await face.session.increase_field(page, views=9)
        assert await stored(face, "pages") == {**expected, "views": 9}
    else:
        page.title = "mine"
        await face.session.upsert(page, ["_id"])
        assert await stored(face, "pages") == {**expected, "title": "mine"}


@pytest.mark.parametrize("write", ["set", "increase_field", "upsert"])
async def test_partial_writes_do_not_forget_that_another_change_waits(face: Face, write: str) -> None:
    """A change of mine and one of somebody else to the same field, and a write that concerns neither."""
    page = await old_page(face)
    await face.raw["pages"].update_one({}, {"$push": {"metadata.tags": "b"}})
    raw = await stored(face, "pages")
    page.tags.append("mine")
    session = face.session
    writes = {
        "set": lambda: session.set(page, {"title": "mine"}),
        "increase_field": lambda: session.increase_field(page, views=9),
        "upsert": lambda: session.upsert(page, ["_id"]),
    }
    with pytest.raises(StaleObject, match=r"\(fields: tags\)"):
        await writes[write]()
    assert await stored(face, "pages") == raw


async def test_partial_writes_to_a_deleted_document(face: Face) -> None:
    page = await old_page(face)
    await face.raw["pages"].delete_one({})
    with pytest.raises(StaleObject):
        await face.session.save(page, "title")
    with pytest.raises(StaleObject):
        await face.session.set(page, {"title": "x"})
    assert await face.raw["pages"].count_documents({}) == 0


async def test_deleting_a_document_of_an_older_version(face: Face) -> None:
    page = await old_page(face)
    await face.session.delete(page)
    assert await face.raw["pages"].count_documents({}) == 0


async def test_after_its_upgrade_a_document_goes_on_saving_changes(face: Face) -> None:
    page = await old_page(face)
    await face.session.save(page)
    await face.raw["pages"].update_one({}, {"$inc": {"hits": 1, "views": 1}})
    page.title = "mine"
    await face.session.save(page)
    assert await stored(face, "pages") == {**NEW, "title": "mine", "hits": 6, "views": 3}
    await face.raw["pages"].delete_one({})
    page.text = "mine"
    # As with every document that was read in its newest version.
    await face.session.save(page)
    assert (await stored(face, "pages"))["text"] == "mine"


# --- classes that save their changes only

FIELDS = {"title": str, "tags": [str], "n": int, "sub": {"x": int}}
DOCUMENT = {"_id": 1, "v": 2, "title": "t", "tags": ["a"], "n": 1, "sub": {"x": 1, "u": 1}, "hits": 5}


async def changing(face: Face, raw: dict[str, Any] = DOCUMENT, **options: Any) -> Any:
    """A document of the newest version, whose class sends what changed."""
    cls = declare(face.sync_session, {"v": 1, "title": str}, {"v": 2, **FIELDS}, save="changes", **options)
    await put(face, raw)
    return await face.session.find(cls, {}).one()


async def test_only_changes_are_sent(face: Face) -> None:
    document = await changing(face)
    await face.raw["docs"].update_one(
        {}, {"$inc": {"n": 1, "hits": 1, "sub.u": 1}, "$push": {"tags": "b"}, "$set": {"new": 1}}
    )
    document.title = "mine"
    await face.session.save(document)
    assert await stored(face) == {
        **DOCUMENT, "title": "mine", "n": 2, "hits": 6, "sub": {"x": 1, "u": 2}, "tags": ["a", "b"], "new": 1,
    }  # fmt: skip


async def test_nothing_changed_is_nothing_sent(face: Face) -> None:
    document = await changing(face)
    await face.raw["docs"].update_one({}, {"$set": {"title": "theirs"}})
    result = await face.session.save(document)
    assert (result.matched_count, result.modified_count) == (1, 0)
    assert await stored(face) == {**DOCUMENT, "title": "theirs"}


async def test_the_same_field_is_stale(face: Face) -> None:
    document = await changing(face)
    await face.raw["docs"].update_one({}, {"$push": {"tags": "theirs"}, "$inc": {"n": 1}})
    document.tags.append("mine")
    document.n += 1
    with pytest.raises(StaleObject) as caught:
        await face.session.save(document)
    assert set(caught.value.fields) == {"tags", "n"}
    assert await stored(face) == {**DOCUMENT, "tags": ["a", "theirs"], "n": 2}


async def test_each_save_starts_from_the_one_before(face: Face) -> None:
    document = await changing(face)
    for number in range(3):
        document.n += 10
        document.tags.append(str(number))
        await face.session.save(document)
        await face.raw["docs"].update_one({}, {"$inc": {"hits": 1}})
    document.sub = {"x": 2}
    await face.session.save(document)
    assert await stored(face) == {
        **DOCUMENT,
        "n": 31,
        "tags": ["a", "0", "1", "2"],
        "hits": 8,
        "sub": {"x": 2},
    }


async def test_a_conflict_elsewhere_shows_what_is_stored(face: Face) -> None:
    """After a conflict, fields left alone show the others' values, and the next save starts from these."""
    document = await changing(face)
    await face.raw["docs"].update_one({}, {"$set": {"v": 2, "title": "theirs"}})
    document.n = 7
    await face.session.save(document)
    await face.raw["docs"].update_one({}, {"$set": {"n": 8}})
    document.tags.append("b")
    await face.session.save(document)
    assert await stored(face) == {**DOCUMENT, "title": "theirs", "n": 8, "tags": ["a", "b"]}


async def test_a_deleted_document_is_inserted_again(face: Face) -> None:
    document = await changing(face)
    await face.raw["docs"].delete_one({})
    document.title = "mine"
    await face.session.save(document)
    assert await stored(face) == {**DOCUMENT, "title": "mine"}
    document.n = 5
    await face.session.save(document)
    assert await stored(face) == {**DOCUMENT, "title": "mine", "n": 5}


async def test_keys_that_cannot_be_inserted_again_are_not_bent(face: Face) -> None:
    document = await changing(face, {**DOCUMENT, "dot.ted": 1})
    await face.raw["docs"].delete_one({})
    with pytest.raises(MigrationError, match=r"'docs', _id 1: .*\(fields: dot.ted\)"):
        await face.session.save(document)
    assert await face.raw["docs"].count_documents({}) == 0


async def test_a_document_that_a_newer_program_upgraded_is_left_alone(face: Face) -> None:
    document = await changing(face)
    await face.raw["docs"].update_one({}, {"$set": {"v": 3}})
    document.n = 5
    with pytest.raises(DocumentTooNew):
        await face.session.save(document)
    assert await stored(face) == {**DOCUMENT, "v": 3}


async def test_a_missing_stamp_is_stored_with_the_changes(face: Face) -> None:
    document = await changing(face, {"_id": 1, "title": "t", "n": 1})
    document.n = 2
    await face.session.save(document)
    assert await stored(face) == {"_id": 1, "v": 2, "title": "t", "n": 2}


async def test_an_upgrade_and_then_changes(face: Face) -> None:
    document = await changing(face, {"_id": 1, "v": 1, "title": "t", "hits": 1})
    document.title, document.n = "waits", 5
    await face.session.set(document, {"tags": ["a"]})
    raw = await stored(face)
    assert (raw["v"], raw["tags"], raw["title"], raw["n"]) == (2, ["a"], None, None)
    await face.raw["docs"].update_one({}, {"$inc": {"hits": 1}})
    await face.session.save(document)
    raw = await stored(face)
    assert (raw["title"], raw["n"], raw["tags"], raw["hits"]) == ("waits", 5, ["a"], 2)


@pytest.mark.parametrize("write", ["set", "names", "upsert", "deep set"])
async def test_partial_writes_and_saves_follow_each_other(face: Face, write: str) -> None:
    document = await changing(face)
    document.n = 7
    if write == "set":
        await face.session.set(document, {"title": "mine"})
    elif write == "deep set":
        await face.session.set(document, {"sub.x": 3, "title": "mine"})
    elif write == "names":
        document.title = "mine"
        await face.session.save(document, "title")
    else:
        document.title = "mine"
        await face.session.upsert(document, "_id")
    await face.raw["docs"].update_one({}, {"$set": {"title": "theirs"}, "$inc": {"sub.u": 1}})
    await face.session.save(document)
    raw = await stored(face)
    assert (raw["title"], raw["n"], raw["sub"]["x"]) == ("theirs", 7, 3 if write == "deep set" else 1)


async def test_documents_made_by_the_program_are_stored_whole(face: Face) -> None:
    cls = declare(face.sync_session, {"v": 1}, {"v": 2, **FIELDS}, save="changes")
    await put(face, DOCUMENT)
    document = cls.make({"_id": 1, "title": "mine"})
    await face.session.save(document)
    whole = {"_id": 1, "v": 2, "title": "mine", "tags": [], "n": None, "sub": {"x": None}}
    assert await stored(face) == whole
    document.n = 1
    await face.raw["docs"].update_one({}, {"$set": {"hits": 1}})
    await face.session.save(document)
    assert await stored(face) == {**whole, "n": 1, "hits": 1}


async def test_a_snapshot_is_not_changed_with_the_document(face: Face) -> None:
    cls = declare(face.sync_session, {"any": None, "rows": [[int]], "map": {str: [int]}}, save="changes")
    await put(face, {"_id": 1, "any": {"list": [1]}, "rows": [[1]], "map": {"k": [1]}})
    document = await face.session.get(cls, _id=1)
    document.any["list"].append(2)
    document.rows[0].append(2)
    document.map["k"].append(2)
    await face.session.save(document)
    assert await stored(face) == {"_id": 1, "any": {"list": [1, 2]}, "rows": [[1, 2]], "map": {"k": [1, 2]}}
    document.any["list"].append(3)
    await face.session.save(document)
    assert (await stored(face))["any"] == {"list": [1, 2, 3]}


# --- collections with options for queries


async def test_a_collation_for_queries_does_not_find_another_document(face: Face) -> None:
    cls = declare(
        face.sync_session,
        {"v": 1, "a": int},
        {"v": 2, "b": int, "migrate": lambda old: {"b": old.a}},
        collation={"locale": "en", "strength": 2},
    )
    await put(face, {"_id": "A", "v": 1, "a": 1})
    await put(face, {"_id": "a", "v": 1, "a": 2})
    found = await face.session.find(cls, {"a": 2}).one()
    await face.raw["docs"].update_one({"_id": "a"}, {"$inc": {"a": 5}})
    await face.session.save(found)
    assert await face.raw["docs"].find({}).sort("_id").to_list() == [
        {"_id": "A", "v": 1, "a": 1},
        {"_id": "a", "v": 2, "b": 7},
    ]


@pytest.mark.parametrize("version", [1, 2], ids=["upgrade", "changes"])
async def test_a_case_that_a_collation_ignores_is_a_change(face: Face, version: int) -> None:
    cls = declare(
        face.sync_session,
        {"v": 1, "a": str},
        {"v": 2, "a": str, "migrate": lambda old: {"a": old.a}},
        save="changes",
    )
    await face.raw.create_collection("docs", collation={"locale": "en", "strength": 2})
    await put(face, {"_id": 1, "v": version, "a": "Ann"})
    found = await face.session.get(cls, _id=1)
    found.a = "mine"
    await face.raw["docs"].update_one({"_id": 1}, {"$set": {"a": "ann"}})
    with pytest.raises(StaleObject):
        await face.session.save(found)


# --- transactions


class Abandoned(Exception):
    """Ends a block whose work is not wanted."""


async def test_after_an_abort_a_document_is_an_old_one_again(face: Face) -> None:
    page = await old_page(face)
    page.title = "mine"
    with suppress(Abandoned):
        async with face.session.transaction():
            await face.session.save(page)
            raise Abandoned
    assert await stored(face, "pages") == OLD
    await face.raw["pages"].update_one({}, {"$push": {"metadata.tags": "b"}, "$inc": {"hits": 1}})
    await face.session.save(page)
    assert await stored(face, "pages") == {**NEW, "title": "mine", "tags": ["a", "b"], "hits": 6}


async def test_saves_within_one_transaction_follow_each_other(face: Face) -> None:
    page = await old_page(face)
    async with face.session.transaction():
        page.title = "first"
        await face.session.save(page)
        page.title = "second"
        await face.session.save(page)
    assert await stored(face, "pages") == {**NEW, "title": "second"}


@pytest.mark.parametrize("write", ["save", "names", "set"])
async def test_changes_of_an_aborted_transaction_are_sent_again(face: Face, write: str) -> None:
    document = await changing(face)
    with suppress(Abandoned):
        async with face.session.transaction():
            document.title = "mine"
            if write == "save":
                await face.session.save(document)
            elif write == "names":
                await face.session.save(document, "title")
            else:
                await face.session.set(document, {"title": "mine"})
            raise Abandoned
    assert await stored(face) == DOCUMENT
    await face.session.save(document)
    assert await stored(face) == {**DOCUMENT, "title": "mine"}


async def test_a_document_made_anew_in_an_aborted_transaction(face: Face) -> None:
    cls = declare(face.sync_session, {"v": 1}, {"v": 2, **FIELDS}, save="changes")
    await put(face, DOCUMENT)
    document = cls.make({"_id": 1, "title": "mine"})
    with suppress(Abandoned):
        async with face.session.transaction():
            await face.session.save(document)
            raise Abandoned
    await face.session.save(document)
    assert (await stored(face))["title"] == "mine"


async def test_a_transaction_that_is_tried_again_stores_the_changes(face: Face) -> None:
    document = await changing(face)
    tries = []

    async def work() -> None:
        tries.append(1)
        document.title = f"try {len(tries)}"
        document.n = 9
        await face.session.save(document)
        if len(tries) == 1:
            error = OperationFailure("once more", 112)
            error._add_error_label("TransientTransactionError")
            raise error

    await face.session.run_transaction(work)
    assert await stored(face) == {**DOCUMENT, "title": "try 2", "n": 9}
