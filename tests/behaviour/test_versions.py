"""Reading collections that hold several versions of a class: what is recognised, upgraded, refused."""

from __future__ import annotations

import copy
import logging
import pickle
from typing import Any

import pytest
from harness.chains import declare, wiki_classes
from harness.faces import Face

from ming import Document, Field
from ming import schema as S
from ming.exc import DocumentTooNew, HybridDocument, Invalid, MigrationError, StaleObject

pytestmark = pytest.mark.usefixtures("loader")

OLD = {"_id": 1, "title": "t", "text": "x", "metadata": {"tags": ["a", "b"], "categories": ["c"]}, "views": 2}
NEW = {"_id": 1, "title": "t", "text": "x", "tags": ["a", "b"], "categories": ["c"], "views": 2, "version": 1}


async def put(face: Face, *raws: dict[str, Any], name: str = "docs") -> None:
    await face.raw[name].insert_many([copy.deepcopy(raw) for raw in raws])


async def stored(face: Face, name: str = "docs") -> list[Any]:
    found: list[Any] = await face.raw[name].find({}).sort("_id").to_list()
    return found


# --- the classic example


async def test_an_old_page_is_read_with_its_tags(face: Face) -> None:
    _, page = wiki_classes(face.sync_session)
    await put(face, OLD, name="pages")
    assert await face.session.get(page, _id=1) == NEW
    assert await face.session.find(page, {"title": "t"}).one() == NEW
    assert [found async for found in face.session.find(page, {})] == [NEW]
    assert await stored(face, "pages") == [OLD]


async def test_an_old_page_is_saved_with_its_tags(face: Face) -> None:
    _, page = wiki_classes(face.sync_session)
    await put(face, OLD, name="pages")
    found = await face.session.get(page, _id=1)
    found.title = "new"
    await face.session.save(found)
    assert await stored(face, "pages") == [{**NEW, "title": "new"}]
    assert await face.session.get(page, _id=1) == {**NEW, "title": "new"}


async def test_an_old_page_is_made_a_new_one(face: Face) -> None:
    _, page = wiki_classes(face.sync_session)
    made = page.make(copy.deepcopy(OLD))
    assert made == NEW
    await face.session.save(made)
    assert await stored(face, "pages") == [NEW]


async def test_pages_of_both_versions_are_queried_together(face: Face) -> None:
    _, page = wiki_classes(face.sync_session)
    await put(face, OLD, {**NEW, "_id": 2}, {**OLD, "_id": 3, "title": "other"}, name="pages")
    found = await face.session.find(page, {"title": "t"}).sort("_id").all()
    assert found == [NEW, {**NEW, "_id": 2}]
    assert await face.session.find(page, {"title": "t"}).count() == 2


async def test_no_document_of_a_chain_is_stored_without_a_stamp(face: Face) -> None:
    _, page = wiki_classes(face.sync_session)
    await face.session.insert(page.make({"_id": 1}))
    await face.session.save(page({"_id": 2, "title": "x"}))
    await face.session.save(page({"_id": 3, "version": None}))
    await face.session.upsert(page({"_id": 4}), "_id")
    assert [raw["version"] for raw in await stored(face, "pages")] == [1, 1, 1, 1]


# --- recognition at work


async def test_stamps_of_three_versions(face: Face) -> None:
    cls = declare(
        face.sync_session,
        {"v": "a", "n": int},
        {"v": S.Value("b", required=True), "p": int, "migrate": lambda old: {"v": "b", "p": old.n + 1}},
        {"v": "c", "o": int, "migrate": lambda old: {"o": old.p * 2}},
    )
    await put(face, {"_id": 1, "v": "a", "n": 1}, {"_id": 2, "v": "b", "p": 5}, {"_id": 3, "v": "c", "o": 7})
    assert [doc.o async for doc in face.session.find(cls, {}).sort("_id")] == [4, 10, 7]


async def test_chains_without_stamps_go_by_shape(face: Face) -> None:
    cls = declare(face.sync_session, {"a": int}, {"b": int, "migrate": lambda old: {"b": old.a}})
    await put(face, {"_id": 1, "a": 1}, {"_id": 2, "b": 2}, {"_id": 3}, {"_id": 4, "a": 4, "z": 1})
    found = await face.session.find(cls, {}).sort("_id").all()
    assert [doc.b for doc in found] == [1, 2, None, 4]


async def test_a_key_is_not_dropped_where_an_older_version_keeps_it(face: Face) -> None:
    cls = declare(
        face.sync_session, {"a": int}, {"a": S.Deprecated(), "b": int, "migrate": lambda old: {"b": old.a}}
    )
    await put(face, {"_id": 1, "a": 5})
    found = await face.session.get(cls, _id=1)
    assert found == {"_id": 1, "b": 5}
    await face.session.save(found)
    assert await stored(face) == [{"_id": 1, "b": 5}]


async def test_a_key_is_not_dropped_where_a_newer_version_keeps_it(face: Face) -> None:
    cls = declare(face.sync_session, {"a": S.Deprecated(), "n": int}, {"a": int, "n": int, "v": 1})
    await put(face, {"_id": 1, "a": 5})
    assert (await face.session.get(cls, _id=1)).a == 5


async def test_polymorphic_classes_have_versions_of_their_own(face: Face) -> None:
    session = face.sync_session
    registry: dict[Any, Any] = {}
    family = {"name": "docs", "session": session, "polymorphic_on": "kind", "polymorphic_registry": registry}

    class Base(Document):
        __mongometa__ = type("__mongometa__", (), {**family, "polymorphic_identity": "base"})
        _id = Field(int)
        kind = Field(str, if_missing="base")

    class OldCat(Document):
        __mongometa__ = type("__mongometa__", (), {"name": "docs", "session": session})
        _id = Field(int)
        kind = Field(str)
        lives = Field(str)

    class Cat(Base):
        __mongometa__ = type(
            "__mongometa__",
            (),
            {"polymorphic_identity": "cat", "version_of": OldCat, "migrate": staticmethod(_count_lives)},
        )
        v = Field(2)
        kind = Field(str, if_missing="cat")
        count = Field(int)

    await put(face, {"_id": 1, "kind": "cat", "lives": "nine", "z": 1}, {"_id": 2, "kind": "base"})
    cat, base = await face.session.find(Base, {}).sort("_id").all()
    assert (type(cat), cat.count, type(base)) == (Cat, 4, Base)
    await face.raw["docs"].update_one({"_id": 1}, {"$inc": {"z": 1}})
    await face.session.save(cat)
    assert (await stored(face))[0] == {"_id": 1, "kind": "cat", "count": 4, "v": 2, "z": 2}


def _count_lives(old: Any) -> Any:
    return {"kind": old.kind, "count": len(old.lives)}


# --- documents that cannot be read


def bad_class(session: Any, **options: Any) -> Any:
    """Documents with v=1 fail in their own ways."""

    def migrate(old: Any) -> Any:
        if old.how == "raise":
            raise ZeroDivisionError("mine")
        if old.how == "change":
            return {"_id": 99}
        return {"none": None, "list": [], "wrong": {"n": "x"}}.get(old.how, {"n": 1})

    return declare(
        session,
        {"v": 1, "how": str},
        {"v": S.Value(2, required=True), "n": int, "migrate": _stamped(migrate)},
        **options,
    )


def _stamped(migrate: Any) -> Any:
    def stamp(old: Any) -> Any:
        made = migrate(old)
        return {"v": 2, **made} if isinstance(made, dict) else made

    return stamp


BAD = {
    "too new": ({"v": 3, "n": 1}, DocumentTooNew, r"newer than this program \[document-too-new\]"),
    "no version": ({"v": 0, "n": 1}, Invalid, "0 is the stamp of no version of V2"),
    "invalid": ({"v": 2, "n": "x"}, Invalid, "(?s)n:x is not"),
    "invalid old": ({"v": 1, "how": 5}, Invalid, "how:5 is not"),
    "unstamped": ({"z": 1, "n": 5}, Invalid, "v:Missing field"),
    "raise": ({"v": 1, "how": "raise"}, ZeroDivisionError, "mine"),
    "none": ({"v": 1, "how": "none"}, Invalid, "migrate of V2 returned None, expected a dict"),
    "list": ({"v": 1, "how": "list"}, Invalid, r"migrate of V2 returned \[\], expected a dict"),
    "wrong": ({"v": 1, "how": "wrong"}, Invalid, "after migrating from V1 to V2:\nn:x is not"),
    "change": ({"v": 1, "how": "change"}, MigrationError, "migrate of V2 changed the _id to 99"),
}


@pytest.mark.parametrize("case", BAD)
async def test_one_clear_error(face: Face, case: str) -> None:
    fields, error, message = BAD[case]
    raw = {"_id": 7, **fields}
    cls = bad_class(face.sync_session)
    await put(face, raw)
    with pytest.raises(error, match=message) as caught:
        await face.session.get(cls, _id=7)
    assert type(caught.value) is error
    if isinstance(caught.value, Invalid):
        assert (caught.value.collection, caught.value.document_id) == ("docs", 7)
        assert "'docs', _id 7" in str(caught.value)
    with pytest.raises(error):
        await face.session.find(cls, {}).all()
    assert await stored(face) == [raw]


async def test_a_hybrid(face: Face) -> None:
    cls = declare(face.sync_session, {"a": int}, {"b": {"x": int}})
    await put(face, {"_id": 7, "a": 1, "b": {"x": 1}})
    with pytest.raises(
        HybridDocument, match=r"'docs', _id 7(?s:.)*V1 has no place for b, b.x; V2 has no place for a"
    ):
        await face.session.get(cls, _id=7)


async def test_on_invalid_report(face: Face) -> None:
    cls = bad_class(face.sync_session)
    raws = [{"_id": number, **BAD[case][0]} for number, case in enumerate(BAD)]
    await put(face, *raws, {"_id": 50, "v": 2, "n": 5}, {"_id": 51, "v": 1, "how": "fine"})
    cursor = face.session.find(cls, {}, on_invalid="report").sort("_id")
    assert [doc.n for doc in await cursor.all()] == [5, 1]
    assert [error.document_id for error in cursor.rejected] == [raw["_id"] for raw in raws]
    assert {error.collection for error in cursor.rejected} == {"docs"}
    causes = {case: error.__cause__ for case, error in zip(BAD, cursor.rejected, strict=True)}
    assert isinstance(causes["raise"], ZeroDivisionError)
    assert isinstance(cursor.rejected[0], DocumentTooNew)
    assert await stored(face) == [*raws, {"_id": 50, "v": 2, "n": 5}, {"_id": 51, "v": 1, "how": "fine"}]


async def test_on_invalid_skip(face: Face, caplog: pytest.LogCaptureFixture) -> None:
    cls = declare(face.sync_session, {"a": int, "v": 1}, {"b": int, "v": 2, "migrate": lambda old: 1 / old.a})
    hybrids = declare(face.sync_session, {"a": int}, {"b": int})
    await put(face, {"_id": 1, "v": 1, "a": 0}, {"_id": 2, "v": 3}, {"_id": 3, "v": 2, "b": 1})
    with caplog.at_level(logging.WARNING):
        assert [doc._id async for doc in face.session.find(cls, {}, on_invalid="skip").sort("_id")] == [3]
    assert [record.levelname for record in caplog.records] == ["WARNING", "WARNING"]
    assert "_id 1" in caplog.text
    assert "ZeroDivisionError" in caplog.text
    assert "_id 2, at 'v'" in caplog.text
    await face.raw["docs"].insert_one({"_id": 4, "a": 1, "b": 2})
    assert await face.session.find(hybrids, {"_id": 4}, on_invalid="skip").all() == []


async def test_on_invalid_raise_is_the_default_and_leaves_the_rest_readable(face: Face) -> None:
    cls = bad_class(face.sync_session)
    await put(face, {"_id": 1, "v": 3}, {"_id": 2, "v": 2, "n": 2})
    cursor = face.session.find(cls, {}).sort("_id")
    with pytest.raises(DocumentTooNew):
        await cursor.next()
    assert (await cursor.next()).n == 2


# --- hybrids that the program knows how to read


async def test_on_hybrid_repairs_and_the_repair_is_stored(face: Face) -> None:
    def repair(raw: Any, candidates: Any) -> Any:
        tags = raw.pop("tags")
        raw["labels"] = [*raw["labels"], *tags]
        return raw

    cls = declare(
        face.sync_session,
        {"labels": [str]},
        {"tags": [str], "migrate": lambda old: {"tags": old.labels}},
        on_hybrid=repair,
    )
    await put(face, {"_id": 1, "labels": ["a"], "tags": ["b"], "z": 1})
    found = await face.session.get(cls, _id=1)
    assert found == {"_id": 1, "tags": ["a", "b"]}
    await face.raw["docs"].update_one({"_id": 1}, {"$push": {"labels": "c"}})
    await face.session.save(found)
    assert await stored(face) == [{"_id": 1, "tags": ["a", "c", "b"], "z": 1}]


# --- copies


class OldNote(Document):
    class __mongometa__:
        name = "notes"

    _id = Field(int)
    subject = Field(str)
    sub = Field({"n": int})


class Note(Document):
    class __mongometa__:
        name = "notes"
        version_of = OldNote

        @staticmethod
        def migrate(old: Any) -> Any:
            return {"title": old.subject, "sub": old.sub}

    _id = Field(int)
    version = Field(2)
    title = Field(str)
    sub = Field({"n": int})


@pytest.mark.parametrize(
    "duplicate",
    [copy.copy, copy.deepcopy, lambda doc: pickle.loads(pickle.dumps(doc))],
    ids=["copy", "deepcopy", "pickle"],
)
async def test_copies_of_an_upgraded_document_are_saved_like_it(face: Face, duplicate: Any) -> None:
    await put(
        face, {"_id": 1, "subject": "s", "sub": {"n": 1, "u": 2}, "z": 3, "f": float("nan")}, name="notes"
    )
    note = await face.session.get(Note, _id=1)
    twin = duplicate(note)
    assert (type(twin), twin) == (Note, {"_id": 1, "title": "s", "sub": {"n": 1}, "version": 2})
    await face.raw["notes"].update_one({"_id": 1}, {"$inc": {"z": 1, "sub.u": 1}})
    twin.title = "new"
    await face.session.save(twin)
    (raw,) = await stored(face, "notes")
    assert raw.pop("f") != 0
    assert raw == {"_id": 1, "title": "new", "sub": {"n": 1, "u": 3}, "z": 4, "version": 2}
    # The original knows as well what it was read from.
    note.title = "other"
    with pytest.raises(StaleObject, match="title"):
        await face.session.save(note)
