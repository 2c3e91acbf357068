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

KEYS = [bson.ObjectId(f"{number:024x}") for number in range(4)]


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
    for write, names in [("save", ()), ("insert", ()), ("upsert", ("_id",))]:
        with pytest.raises(Invalid, match="title:3 is not a"):
            await getattr(face.session, write)(wrong, *names)
    assert await stored(face) == [{"_id": key, "title": "a"}]


async def test_a_refused_save_names_collection_id_and_path(face: Face, page: Any) -> None:
    wrong = page({"_id": (key := bson.ObjectId()), "meta": {"seen": [{"by": 3}]}})
    with pytest.raises(Invalid) as refused:
        await face.session.save(wrong)
    assert (refused.value.collection, refused.value.document_id) == ("pages", key)
    assert list(refused.value.flatten()) == [("meta.seen[0].by", "3 is not a <class 'str'>")]
    assert f"invalid document in 'pages', _id {key!r}" in str(refused.value)


async def test_unknown_keys_of_the_program_are_refused(face: Face, page: Any) -> None:
    new = page({"title": "a"})
    new.undeclared = 1
    with pytest.raises(Invalid, match="Extra keys: {'undeclared'}"):
        await face.session.save(new)
    with pytest.raises(Invalid, match="meta:Extra keys: {'x'}"):
        await face.session.save(page({"meta": {"x": 1}}))
    assert await stored(face) == []


async def test_unvalidated_saves_store_the_document_as_it_is(face: Face, page: Any) -> None:
    await face.session.save(page({"_id": 1, "title": 3, "extra": {"a": 1}}), validate=False)
    await face.session.insert(page({"_id": 2, "title": 4}), validate=False)
    await face.session.upsert(page({"_id": 3, "title": 5}), "_id", validate=False)
    assert await stored(face) == [
        {"_id": 1, "title": 3, "extra": {"a": 1}},
        {"_id": 2, "title": 4},
        {"_id": 3, "title": 5},
    ]


async def test_fields_are_stored_in_sorted_order(face: Face, page: Any) -> None:
    await face.session.save(page({"views": 1, "title": "a", "meta": {"seen": [], "author": "x"}}))
    (raw,) = await stored(face)
    assert [key for key in raw if key != "_id"] == ["meta", "tags", "title", "views"]
    assert list(raw["meta"]) == ["author", "seen"]


async def test_missing_values_inside_are_dropped(face: Face, declare: Declare) -> None:
    page = declare({"_id": Field(int), "meta": Field({"a": None, "old": S.Deprecated(), "b": int})})
    await face.session.save(page({"_id": 1}))
    assert await stored(face) == [{"_id": 1, "meta": {"b": None}}]


async def test_a_duplicate_key_leaves_the_stored_document(face: Face, page: Any) -> None:
    await store(face, {"_id": (key := bson.ObjectId()), "title": "a"})
    with pytest.raises(DuplicateKeyError):
        await face.session.insert(page({"_id": key, "title": "b"}))
    assert await stored(face) == [{"_id": key, "title": "a"}]


async def test_a_field_may_be_named_like_a_method_of_dict(face: Face, declare: Declare) -> None:
    order = declare(
        {"_id": Field(int), "items": Field([str]), "get": Field(int), "update": Field({"keys": int})}
    )
    await face.session.save(order({"_id": 1, "items": ["a"], "get": 2, "update": {"keys": 3}}))
    found = await face.session.get(order, _id=1)
    assert (found.items, found.get, found.update.keys) == (["a"], 2, found["update"].keys)
    assert found["update"]["keys"] == 3
    found.items.append("b")
    await face.session.save(found)
    assert await stored(face) == [{"_id": 1, "items": ["a", "b"], "get": 2, "update": {"keys": 3}}]


# --- saving some fields


async def test_named_fields_are_stored_alone(face: Face, page: Any) -> None:
    new = page({"title": "a"})
    await face.session.save(new)
    new.title, new.views, new.tags = "b", 5, ["x"]
    result = await face.session.save(new, "title", "tags")
    assert result.matched_count == 1
    (raw,) = await stored(face)
    assert (raw["title"], raw["views"], raw["tags"]) == ("b", 0, ["x"])


async def test_the_whole_document_is_validated_for_some_fields(face: Face, page: Any) -> None:
    new = page({"title": "a"})
    await face.session.save(new)
    new.title, new.views = "b", "many"
    with pytest.raises(Invalid, match="views:many is not a"):
        await face.session.save(new, "title")
    assert (await stored(face))[0]["title"] == "a"


@pytest.mark.parametrize("name", ["other", "meta.author", "gone"])
async def test_names_must_be_fields_of_the_document(face: Face, page: Any, name: str) -> None:
    new = page({"title": "a"})
    await face.session.save(new)
    with pytest.raises(KeyError, match=name):
        await face.session.save(new, name)


async def test_some_fields_need_an_id(face: Face, declare: Declare) -> None:
    page = declare({"title": Field(str)})
    with pytest.raises(ValueError, match="^Cannot save a subset without an _id$"):
        await face.session.save(page({"title": "a"}), "title")
    assert await stored(face) == []


# --- insert, upsert, delete


async def test_insert_puts_the_id_on_the_document(face: Face, declare: Declare) -> None:
    page = declare({"_id": Field(S.ObjectId, if_missing=S.Missing), "title": Field(str)})
    new = page({"title": "a"})
    result = await face.session.insert(new)
    assert isinstance(result, InsertOneResult)
    assert new._id == result.inserted_id
    assert await stored(face) == [{"_id": new._id, "title": "a"}]


async def test_upsert_inserts_then_updates(face: Face, page: Any) -> None:
    first = page({"title": "a", "views": 1})
    result = await face.session.upsert(first, ["title"])
    assert first._id == result.upserted_id
    second = page({"title": "a", "views": 2})
    result = await face.session.upsert(second, ("title",))
    assert (result.matched_count, result.upserted_id) == (1, None)
    assert "_id" not in second
    assert await stored(face) == [{"_id": first._id, **DEFAULTS, "title": "a", "views": 2}]


async def test_upsert_by_one_name_sends_an_explicit_id(face: Face, declare: Declare) -> None:
    page = declare({"_id": Field(int), "title": Field(str)})
    await face.session.upsert(page({"_id": 7, "title": "a"}), "title")
    await face.session.upsert(page({"_id": 7, "title": "b"}), "_id")
    assert await stored(face) == [{"_id": 7, "title": "b"}]


async def test_upsert_keeps_stored_keys_it_does_not_know(face: Face, page: Any) -> None:
    await store(face, {"_id": KEYS[1], "title": "a", "other": "x"})
    await face.session.upsert(page({"title": "a", "views": 9}), "title")
    (raw,) = await stored(face)
    assert (raw["_id"], raw["views"], raw["other"]) == (KEYS[1], 9, "x")


async def test_delete_removes_one_document(face: Face, page: Any) -> None:
    first, second = page({"title": "a"}), page({"title": "a"})
    await face.session.save(first)
    await face.session.save(second)
    result = await face.session.delete(first)
    assert isinstance(result, DeleteResult)
    assert [raw["_id"] for raw in await stored(face)] == [second._id]


async def test_documents_without_an_id_cannot_be_deleted_or_set(face: Face, page: Any) -> None:
    await face.session.save(page({"title": "a"}))
    loose = page({"title": "a"})
    with pytest.raises(AttributeError, match="_id"):
        await face.session.delete(loose)
    with pytest.raises(AttributeError, match="_id"):
        await face.session.set(loose, {"title": "b"})
    with pytest.raises(AttributeError, match="_id"):
        await face.session.increase_field(loose, views=3)
    assert loose == {"title": "a"}
    assert len(await stored(face)) == 1


# --- set, increase_field


async def test_set_changes_the_document_and_what_is_stored(face: Face, page: Any) -> None:
    new = page({"title": "a"})
    await face.session.save(new)
    result = await face.session.set(new, {"title": "b", "meta.author": "x", "extra": {"a": 1}})
    assert result.matched_count == 1
    assert (new.title, new.meta.author, new.extra.a) == ("b", "x", 1)
    (raw,) = await stored(face)
    assert (raw["title"], raw["meta"]["author"], raw["extra"]) == ("b", "x", {"a": 1})


@pytest.mark.parametrize(("name", "error"), [("nowhere.author", KeyError), ("meta.seen.0", TypeError)])
async def test_set_descends_through_present_sub_documents_only(
    face: Face, page: Any, name: str, error: type[Exception]
) -> None:
    new = page({"title": "a", "meta": {"seen": [{"by": "x"}]}})
    await face.session.save(new)
    before = await stored(face)
    with pytest.raises(error):
        await face.session.set(new, {name: 1})
    assert await stored(face) == before


async def test_increase_field_raises_the_stored_value_only(face: Face, page: Any) -> None:
    new = page({"views": 5})
    await face.session.save(new)
    assert await face.session.increase_field(new, views=3) is None
    assert (await stored(face))[0]["views"] == 5
    await face.session.increase_field(new, views=8, other=1)
    (raw,) = await stored(face)
    assert (raw["views"], raw["other"]) == (8, 1)
    assert new.views == 5


async def test_increase_field_fills_null_and_absent_fields(face: Face, page: Any) -> None:
    await store(face, {"_id": KEYS[1], "views": None}, {"_id": KEYS[2]})
    for key in KEYS[1:3]:
        await face.session.increase_field(page({"_id": key}), views=3)
    assert [raw["views"] for raw in await stored(face)] == [3, 3]


async def test_increase_field_refuses_none(face: Face, page: Any) -> None:
    new = page({"views": 5})
    await face.session.save(new)
    with pytest.raises(ValueError, match="^views=None$"):
        await face.session.increase_field(new, views=None)
    with pytest.raises(ValueError, match="needs a field"):
        await face.session.increase_field(new)


# --- hooks


async def test_the_hook_runs_before_validation_of_whole_documents(face: Face, declare: Declare) -> None:
    seen: list[Any] = []

    def hook(document: Any) -> None:
        seen.append(document)
        document.title = f"{document.get('title')}!"

    page = declare(before_save=hook)
    new = page({"title": "a"})
    await face.session.save(new)
    await face.session.save(new, "title", validate=False)
    await face.session.insert(page({"title": "b"}))
    await face.session.upsert(page({"title": "c"}), "title")
    assert sorted(raw["title"] for raw in await stored(face)) == ["a!!", "b!", "c!"]
    assert len(seen) == 4
    assert seen[0] is new


async def test_partial_writes_run_no_hook(face: Face, declare: Declare) -> None:
    def hook(document: Any) -> None:
        raise AssertionError("the hook ran")

    page = declare(before_save=hook)
    await store(face, {"_id": KEYS[1], "title": "a", "views": 1})
    found = await face.session.get(page, _id=KEYS[1])
    await face.session.set(found, {"title": 3})
    await face.session.increase_field(found, views=2)
    await face.session.update_partial(page, {"_id": KEYS[1]}, {"$inc": {"views": 1}})
    assert await stored(face) == [{"_id": KEYS[1], "title": 3, "views": 3}]
    await face.session.delete(found)


async def test_a_raising_hook_stores_nothing(face: Face, declare: Declare) -> None:
    def hook(document: Any) -> None:
        raise RuntimeError("not today")

    page = declare(before_save=hook)
    with pytest.raises(RuntimeError, match="not today"):
        await face.session.save(page({"title": "a"}))
    assert await stored(face) == []


async def test_the_hook_may_be_a_coroutine_on_the_async_face_alone(face: Face, declare: Declare) -> None:
    async def hook(document: Any) -> None:
        await asyncio.sleep(0)
        document.title = "hooked"

    page = declare(before_save=hook)
    if face.kind == "async":
        await face.session.save(page({"title": "a"}))
        assert (await stored(face))[0]["title"] == "hooked"
    else:
        with pytest.raises(TypeError, match="only an asynchronous session runs it"):
            await face.session.save(page({"title": "a"}))
        assert await stored(face) == []


# --- reading


async def test_reading_validates_and_fills_in_defaults(face: Face, page: Any) -> None:
    await store(face, {"_id": (key := bson.ObjectId()), "title": "a", "meta": {"seen": [{}]}})
    found = await face.session.get(page, title="a")
    assert type(found) is page
    assert found == {"_id": key, **DEFAULTS, "title": "a", "meta": {"author": None, "seen": [{"by": None}]}}
    assert type(found.meta) is Object
    assert found.meta.seen[0].by is None
    assert await face.session.find(page).all() == [found]


async def test_what_cannot_be_read_names_collection_id_and_path(face: Face, page: Any) -> None:
    await store(face, {"_id": (key := bson.ObjectId()), "meta": {"seen": [{"by": 3}]}})
    for attempt in (face.session.get, lambda cls: face.session.find(cls).all()):
        with pytest.raises(Invalid) as refused:
            await attempt(page)
        assert (refused.value.collection, refused.value.document_id) == ("pages", key)
        assert list(refused.value.flatten()) == [("meta.seen[0].by", "3 is not a <class 'str'>")]


async def test_an_error_of_the_programs_own_names_collection_and_id(face: Face, declare: Declare) -> None:
    def number(text: str) -> int:
        raise LookupError("no such thing")

    page = declare({"_id": Field(int), "count": Field(S.Migrate(str, int, number))})
    await store(face, {"_id": 1, "count": "five"})
    with pytest.raises(LookupError, match="no such thing") as caught:
        await face.session.get(page, _id=1)
    assert caught.value.__notes__ == ["while reading 'pages', _id 1"]


async def test_deprecated_keys_are_dropped_by_the_next_save(face: Face, page: Any) -> None:
    await store(face, {"_id": (key := bson.ObjectId()), "title": "a", "gone": [1, 2]})
    found = await face.session.get(page, _id=key)
    assert "gone" not in found
    found.gone = 3
    await face.session.save(found)
    assert "gone" not in found
    assert await stored(face) == [{"_id": key, **DEFAULTS, "title": "a"}]


async def test_a_class_without_fields_reads_and_writes_everything(face: Face, declare: Declare) -> None:
    page = declare({})
    await face.session.save(page({"_id": 1, "a": {"b": [{"c": 1}]}}))
    found = await face.session.get(page, _id=1)
    assert type(found) is page
    assert found.a.b[0].c == 1
    found.d = 2
    await face.session.save(found)
    assert await stored(face) == [{"_id": 1, "a": {"b": [{"c": 1}]}, "d": 2}]


async def test_imperative_classes_read_and_write(face: Face) -> None:
    page = collection("pages", face.sync_session, Field("_id", int), Field("title", str, index=True))
    await face.session.save(page({"_id": 1, "title": "a"}))
    found = await face.session.find_by(page, title="a").one()
    assert type(found) is page
    assert found == {"_id": 1, "title": "a"}


async def test_the_managers_of_the_class_work_through_their_session(face: Face, page: Any) -> None:
    new = page({"title": "a"})
    if face.kind == "sync":
        new.m.save()
        assert page.m.get(title="a") == new
        assert page.m.find({"title": "a"}).one().m.delete().deleted_count == 1
        assert page.m.count() == 0
    else:
        manager = page.m.with_session(face.session)
        await face.session.save(new)
        assert await manager.get(title="a") == new
        assert await manager.find({"title": "a"}).one() == new
        assert (await manager.remove({"title": "a"})).deleted_count == 1
        assert await manager.count() == 0


# --- unknown keys


UNKNOWN = {
    "_id": KEYS[1],
    "title": "a",
    "other": {"deep": [1, {"x": 2}]},
    "meta": {"author": "x", "mood": "good", "seen": [{"by": "y", "at": 1}, {"by": "z", "at": 2}]},
}


async def test_unknown_keys_are_out_of_sight(face: Face, page: Any) -> None:
    await store(face, UNKNOWN)
    found = await face.session.get(page, _id=KEYS[1])
    visible = {"author": "x", "seen": [{"by": "y"}, {"by": "z"}]}
    assert found == {"_id": KEYS[1], **DEFAULTS, "title": "a", "meta": visible}
    assert not hasattr(found, "other")
    assert "mood" not in repr(found)
    assert "_origin" not in dict(found)


async def test_unknown_keys_survive_at_every_depth(face: Face, page: Any) -> None:
    await store(face, UNKNOWN)
    found = await face.session.get(page, _id=KEYS[1])
    found.title = "b"
    await face.session.save(found)
    assert await stored(face) == [{**UNKNOWN, "title": "b", "tags": [], "views": 0}]
    await face.session.save(found)
    assert await stored(face) == [{**UNKNOWN, "title": "b", "tags": [], "views": 0}]


async def test_unknown_keys_travel_with_their_sub_document(face: Face, page: Any) -> None:
    await store(face, UNKNOWN)
    found = await face.session.get(page, _id=KEYS[1])
    found.meta.seen.reverse()
    found.meta.seen.append({"by": "new"})
    await face.session.save(found)
    (raw,) = await stored(face)
    assert raw["meta"]["seen"] == [{"by": "z", "at": 2}, {"by": "y", "at": 1}, {"by": "new"}]
    del found.meta.seen[0]
    found.meta = {"author": "w", "seen": found.meta.seen}
    await face.session.save(found)
    (raw,) = await stored(face)
    assert raw["meta"] == {"author": "w", "seen": [{"by": "y", "at": 1}, {"by": "new"}]}
    assert raw["other"] == UNKNOWN["other"]


async def test_unknown_keys_follow_when_a_dict_becomes_a_list(face: Face, declare: Declare) -> None:
    tags = S.Migrate({str: {"count": int}}, [{"name": str, "count": int}], S.Migrate.obj_to_list("name"))
    page = declare({"_id": Field(int), "tags": Field(tags)})
    await store(face, {"_id": 1, "tags": {"a": {"count": 1, "unknown": 2, "name": 3}, "b": {"count": 2}}})
    document = await face.session.get(page, _id=1)
    assert document.tags == [{"name": "a", "count": 1}, {"name": "b", "count": 2}]
    await face.session.save(document)
    (found,) = await stored(face)
    assert found["tags"] == [{"name": "a", "count": 1, "unknown": 2}, {"name": "b", "count": 2}]


async def test_unknown_keys_survive_partial_saves(face: Face, page: Any) -> None:
    await store(face, UNKNOWN)
    found = await face.session.get(page, _id=KEYS[1])
    found.meta.author = "w"
    await face.session.save(found, "meta")
    (raw,) = await stored(face)
    assert raw == {**UNKNOWN, "meta": {**UNKNOWN["meta"], "author": "w"}}  # type: ignore[dict-item]
    await face.session.set(found, {"meta": found.meta})
    assert await stored(face) == [raw]


@pytest.mark.parametrize(
    "duplicate", [copy.copy, copy.deepcopy, lambda found: pickle.loads(pickle.dumps(found))]
)
async def test_unknown_keys_survive_copies(face: Face, page: Any, duplicate: Any, monkeypatch: Any) -> None:
    # Pickle finds classes by name.
    monkeypatch.setattr(f"{__name__}.Page", page, raising=False)
    page.__module__ = __name__
    await store(face, UNKNOWN)
    found = duplicate(await face.session.get(page, _id=KEYS[1]))
    assert type(found) is page
    await face.session.save(found)
    assert await stored(face) == [{**UNKNOWN, "tags": [], "views": 0}]


async def test_a_document_made_by_the_program_replaces_everything(face: Face, page: Any) -> None:
    await store(face, {"_id": (key := bson.ObjectId()), "other": 1})
    found = await face.session.get(page, _id=key)
    await face.session.save(page(dict(found)))
    assert "other" not in (await stored(face))[0]


async def test_unknown_keys_can_be_stripped(face: Face, declare: Declare) -> None:
    page = declare(unknown="strip")
    await store(face, UNKNOWN)
    await face.session.save(await face.session.get(page, _id=KEYS[1]))
    visible = {"author": "x", "seen": [{"by": "y"}, {"by": "z"}]}
    assert await stored(face) == [{"_id": KEYS[1], **DEFAULTS, "title": "a", "meta": visible}]


async def test_unknown_keys_can_be_forbidden(face: Face, declare: Declare) -> None:
    page = declare(unknown="forbid")
    await store(
        face,
        {"_id": KEYS[1], "meta": {"mood": 1}},
        {"_id": KEYS[2], "mood": 1},
        {"_id": KEYS[3], "title": "fine"},
    )
    with pytest.raises(Invalid, match="meta:Extra keys: {'mood'}"):
        await face.session.get(page, _id=KEYS[1])
    with pytest.raises(Invalid, match="Extra keys: {'mood'}"):
        await face.session.find(page, {"_id": KEYS[2]}).first()
    assert (await face.session.get(page, _id=KEYS[3])).title == "fine"


async def test_finding_may_show_or_refuse_unknown_keys(face: Face, page: Any) -> None:
    await store(face, UNKNOWN)
    shown = await face.session.find(page, {}, strip_extra=False).one()
    assert shown.other == UNKNOWN["other"]
    assert shown.meta.mood == "good"
    with pytest.raises(Invalid, match="Extra keys"):
        await face.session.find(page, {}, allow_extra=False).first()


# --- classes that store changes


async def test_partial_writes_are_known_to_a_later_save_of_changes(face: Face, declare: Declare) -> None:
    page = declare(save="changes")
    await store(face, {"_id": KEYS[1], "title": "a", "views": 1, "meta": {"author": "x"}})
    found = await face.session.get(page, _id=KEYS[1])
    found.title = "b"
    await face.session.save(found, "title")
    await face.session.set(found, {"views": 2, "meta.author": "y"})
    await face.raw["pages"].update_one({"_id": KEYS[1]}, {"$set": {"title": "elsewhere", "views": 3}})
    found.tags = ["new"]
    await face.session.save(found)
    (raw,) = await stored(face)
    assert (raw["title"], raw["views"], raw["tags"], raw["meta"]["author"]) == ("elsewhere", 3, ["new"], "y")


async def test_a_copy_keeps_its_own_idea_of_what_is_stored(face: Face, declare: Declare) -> None:
    page = declare(save="changes")
    await store(face, {"_id": KEYS[1], "title": "a", "views": 1})
    found = await face.session.get(page, _id=KEYS[1])
    duplicate = copy.copy(found)
    await face.session.set(found, {"title": "b"})
    duplicate.views = 2
    await face.session.save(duplicate)
    (raw,) = await stored(face)
    assert (raw["title"], raw["views"]) == ("b", 2)
