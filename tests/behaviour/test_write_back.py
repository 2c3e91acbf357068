"""``on_load``: when a document read in an older version is stored in the newest."""

from __future__ import annotations

import copy
import logging
from typing import Any

import pytest
from harness.chains import declare, wiki_classes
from harness.faces import Face
from harness.odm import OdmFace
from pymongo.errors import OperationFailure

from ming import Field, collection
from ming import schema as S
from ming._flows.origins import is_upgraded
from ming.exc import Invalid, MigrationError, MingConfigError
from ming.odm import FieldProperty, MappedClass

pytestmark = pytest.mark.usefixtures("loader")


def old_page(number: int, **fields: Any) -> dict[str, Any]:
    page = {"_id": number, "title": "t", "text": "x", "metadata": {"tags": ["a"], "categories": ["c"]}}
    return {**page, "views": 2, **fields}


def new_page(number: int, **fields: Any) -> dict[str, Any]:
    page = {"_id": number, "title": "t", "text": "x", "tags": ["a"], "categories": ["c"]}
    return {**page, "views": 2, "version": 1, **fields}


def pages(face: Face, on_load: str, **options: Any) -> Any:
    return wiki_classes(face.sync_session, on_load=on_load, **options)[1]


async def put(face: Face, *raws: dict[str, Any], name: str = "pages") -> None:
    await face.raw[name].insert_many(copy.deepcopy(list(raws)))


async def stored(face: Face, name: str = "pages") -> list[Any]:
    found: list[Any] = await face.raw[name].find({}).sort("_id").to_list()
    return found


class Calls:
    """Records what a face's session calls the driver for."""

    def __init__(self, face: Face) -> None:
        self.verbs: list[str] = []
        session: Any = face.sync_session if face.kind == "sync" else face.session
        call = session.call

        def recorded(manager: Any, verb: str, *args: Any, **kwargs: Any) -> Any:
            self.verbs.append(verb)
            return call(manager, verb, *args, **kwargs)

        session.call = recorded


# -- declaring it


def test_a_policy_that_is_none_is_refused() -> None:
    with pytest.raises(MingConfigError, match="on_load='always', expected one of never, on_save, on_read"):
        declare(None, {"a": int}, on_load="always")
    with pytest.raises(MingConfigError, match="on_load='always'"):
        collection("docs", None, on_load="always")


def test_subclasses_inherit_it() -> None:
    base = declare(None, {"a": int}, on_load="never")
    assert type("Sub", (base,), {})._manager.declaration.on_load == "never"
    assert collection(base)._manager.declaration.on_load == "never"
    assert collection(base, on_load="on_read")._manager.declaration.on_load == "on_read"


async def test_by_default_a_save_stores_it_and_reading_does_not(face: Face) -> None:
    page = wiki_classes(face.sync_session)[1]
    await put(face, old_page(1))
    found = await face.session.get(page, _id=1)
    assert await stored(face) == [old_page(1)]
    await face.session.save(found)
    assert await stored(face) == [new_page(1)]


# -- never


async def test_what_is_never_stored_can_be_read(face: Face) -> None:
    page = pages(face, "never")
    await put(face, old_page(1), new_page(2))
    found = await face.session.find(page).sort("_id").all()
    assert [each.tags for each in found] == [["a"], ["a"]]
    found[1].title = "mine"
    await face.session.save(found[1])
    assert await stored(face) == [old_page(1), new_page(2, title="mine")]


@pytest.mark.parametrize(
    ("method", "arguments"),
    [
        ("save", ()),
        ("save", ("title",)),
        ("set", ({"title": "mine"},)),
        ("upsert", ("title",)),
    ],
)
async def test_never_refuses_every_write(face: Face, method: str, arguments: tuple[Any, ...]) -> None:
    seen: list[Any] = []
    page = pages(face, "never", before_save=seen.append)
    await put(face, old_page(1))
    found = await face.session.get(page, _id=1)
    with pytest.raises(MigrationError, match=r"'pages', _id 1: read as OldWikiPage, and on_load = 'never'"):
        await getattr(face.session, method)(found, *arguments)
    assert await stored(face) == [old_page(1)]
    assert found == await face.session.get(page, _id=1)
    assert seen == []


async def test_never_refuses_to_raise_a_field(face: Face) -> None:
    await put(face, old_page(1))
    found = await face.session.get(pages(face, "never"), _id=1)
    with pytest.raises(MigrationError, match="on_load = 'never'"):
        await face.session.increase_field(found, views=10)
    assert await stored(face) == [old_page(1)]


async def test_never_refuses_what_became_old_since_it_was_read(face: Face) -> None:
    page = pages(face, "never", save="changes")
    await put(face, new_page(1))
    found = await face.session.get(page, _id=1)
    found.title = "mine"
    # Somebody restores a backup.
    await face.raw["pages"].replace_one({"_id": 1}, old_page(1))
    with pytest.raises(MigrationError, match="on_load = 'never'"):
        await face.session.save(found)
    assert await stored(face) == [old_page(1)]


async def test_never_refuses_runs(face: Face) -> None:
    await put(face, old_page(1))
    with pytest.raises(MigrationError, match=r"^'pages': WikiPage says on_load = 'never'"):
        await face.session.migrate(pages(face, "never"))
    assert await stored(face) == [old_page(1)]


async def test_never_means_nothing_to_a_class_without_older_versions(face: Face) -> None:
    cls = declare(face.sync_session, {"n": S.Int(if_missing=5)}, on_load="never")
    await put(face, {"_id": 1}, name="docs")
    await face.session.migrate(cls)
    assert await stored(face, "docs") == [{"_id": 1, "n": 5}]


# -- on_read


async def test_what_is_got_is_written_back(face: Face) -> None:
    await put(face, old_page(1, hits=3), old_page(2))
    found = await face.session.get(pages(face, "on_read"), _id=1)
    assert await stored(face) == [new_page(1, hits=3), old_page(2)]
    assert (found.tags, is_upgraded(found)) == (["a"], False)


async def test_from_then_on_saves_send_changes(face: Face) -> None:
    await put(face, old_page(1, hits=3))
    found = await face.session.get(pages(face, "on_read"), _id=1)
    await face.raw["pages"].update_one({"_id": 1}, {"$inc": {"views": 1, "hits": 1}})
    found.title = "mine"
    calls = Calls(face)
    await face.session.save(found)
    assert calls.verbs == ["update_one"]
    assert await stored(face) == [new_page(1, title="mine", views=3, hits=4)]


@pytest.mark.parametrize("on_invalid", ["raise", "skip", "report"])
async def test_a_batch_is_one_bulk_write(face: Face, on_invalid: Any) -> None:
    page = pages(face, "on_read")
    await put(face, *(old_page(number) if number % 2 else new_page(number) for number in range(9)))
    calls = Calls(face)
    cursor = face.session.find(page, {}, on_invalid=on_invalid).sort("_id")
    found = []
    async for each in cursor:
        # Before the first is handed out, all are stored.
        assert await stored(face) == [new_page(number) for number in range(9)]
        found.append(each._id)
    assert found == list(range(9))
    assert calls.verbs == ["bulk_write"]


async def test_every_batch_is_written_back(face: Face) -> None:
    page = pages(face, "on_read")
    await put(face, *map(old_page, range(7)))
    found = await face.session.find(page).sort("_id").batch_size(3).all()
    assert [each._id for each in found] == list(range(7))
    assert not any(map(is_upgraded, found))
    assert await stored(face) == [new_page(number) for number in range(7)]


async def test_all_is_new_and_nothing_is_sent(face: Face) -> None:
    page = pages(face, "on_read")
    await put(face, *map(new_page, range(5)))
    calls = Calls(face)
    assert len(await face.session.find(page).all()) == 5
    await face.session.get(page, _id=1)
    assert calls.verbs == ["find_one"]


async def test_no_more_is_written_back_than_is_wanted(face: Face) -> None:
    page = pages(face, "on_read")
    await put(face, *map(old_page, range(5)))
    cursor = face.session.find(page).sort("_id")
    assert (await cursor.first())._id == 0
    assert await stored(face) == [new_page(0), *map(old_page, range(1, 5))]
    # The rest comes as a batch again.
    assert [each._id for each in await cursor.all()] == [1, 2, 3, 4]
    assert await stored(face) == [new_page(number) for number in range(5)]


async def test_the_first_two_are_enough_to_miss_the_only_one(face: Face) -> None:
    page = pages(face, "on_read")
    await put(face, *map(old_page, range(5)))
    with pytest.raises(ValueError, match="More than one"):
        await face.session.find(page).sort("_id").one()
    assert await stored(face) == [new_page(0), new_page(1), *map(old_page, range(2, 5))]


async def test_a_cursor_may_start_anew(face: Face) -> None:
    page = pages(face, "on_read")
    await put(face, *map(old_page, range(3)))
    cursor = face.session.find(page).sort("_id")
    assert (await cursor.first())._id == 0
    await cursor.rewind()
    assert [each._id for each in await cursor.all()] == [0, 1, 2]
    assert await stored(face) == [new_page(number) for number in range(3)]


async def test_parts_of_documents_are_left_alone(face: Face) -> None:
    page = pages(face, "on_read")
    await put(face, old_page(1))
    await face.session.find(page, {}, projection=["metadata"]).all()
    await face.session.find(page, {}, {"metadata": 1}).all()
    assert [each async for each in face.session.find(page, {}, validate=False)]
    assert await stored(face) == [old_page(1)]
    await face.session.find(page, {}, projection=None).all()
    assert await stored(face) == [new_page(1)]


async def test_in_a_transaction_nothing_is_written_back(face: Face) -> None:
    page = pages(face, "on_read")
    await put(face, old_page(1), old_page(2))
    async with face.session.transaction():
        found = await face.session.get(page, _id=1)
        await face.session.find(page).all()
        found.title = "mine"
        await face.session.save(found)
    assert await stored(face) == [new_page(1, title="mine"), old_page(2)]


async def test_in_a_snapshot_nothing_is_written_back(face: Face, caplog: pytest.LogCaptureFixture) -> None:
    page = pages(face, "on_read")
    await put(face, old_page(1))
    client = face.raw.client if face.kind == "async" else face.sync_session.db.client
    client_session = client.start_session(snapshot=True)
    assert [each.tags for each in await face.session.find(page, {}, session=client_session).all()] == [["a"]]
    reader = face.session.with_options(session=client_session)
    assert (await reader.get(page, _id=1)).tags == ["a"]
    ended = client_session.end_session()
    await ended if ended is not None else None
    assert await stored(face) == [old_page(1)]
    assert caplog.messages == []


async def test_a_document_changed_meanwhile_is_left_to_its_next_reader(face: Face) -> None:
    def migrate(old: Any) -> dict[str, Any]:
        if old._id == 1 and old.n == 1:
            # Somebody else is quicker.
            face.sync_session.db["docs"].update_one({"_id": 1}, {"$inc": {"n": 1}})
        return {"k": old.n}

    cls = declare(
        face.sync_session, {"v": 1, "n": int}, {"v": 2, "k": int, "migrate": migrate}, on_load="on_read"
    )
    await put(face, {"_id": 1, "v": 1, "n": 1}, {"_id": 2, "v": 1, "n": 1}, name="docs")
    found = await face.session.find(cls).sort("_id").all()
    assert [each.k for each in found] == [1, 1]
    assert await stored(face, "docs") == [{"_id": 1, "v": 1, "n": 2}, {"_id": 2, "v": 2, "k": 1}]
    assert is_upgraded(found[0])
    assert (await face.session.get(cls, _id=1)).k == 2
    assert await stored(face, "docs") == [{"_id": 1, "v": 2, "k": 2}, {"_id": 2, "v": 2, "k": 1}]


async def test_what_cannot_be_written_back_is_logged_and_read_all_the_same(
    face: Face, caplog: pytest.LogCaptureFixture
) -> None:
    cls = declare(
        face.sync_session,
        {"v": 1, "n": int},
        {"v": 2, "k": int, "migrate": lambda old: {"k": old.n // 2}},
        on_load="on_read",
    )
    await face.raw["docs"].create_index("k", unique=True, sparse=True)
    await put(face, *({"_id": number, "v": 1, "n": number} for number in range(3)), name="docs")
    with caplog.at_level(logging.WARNING, "ming.migration"):
        found = await face.session.find(cls).sort("_id").all()
    assert [each.k for each in found] == [0, 0, 1]
    assert [raw["v"] for raw in await stored(face, "docs")] == [2, 1, 2]
    (message,) = caplog.messages
    assert "'docs': 1 of 3 documents" in message
    assert "the first _id 1" in message
    # It can still be stored by a save that changes what is in the way.
    found[1].k = 5
    await face.session.save(found[1])
    assert (await stored(face, "docs"))[1] == {"_id": 1, "v": 2, "k": 5}


async def test_a_server_that_refuses_does_not_fail_the_read(
    face: Face, caplog: pytest.LogCaptureFixture
) -> None:
    page = pages(face, "on_read")
    await put(face, old_page(1))
    session: Any = face.sync_session if face.kind == "sync" else face.session
    call = session.call

    def refusing(manager: Any, verb: str, *args: Any, **kwargs: Any) -> Any:
        if verb == "bulk_write":
            raise OperationFailure("not authorized", 13)
        return call(manager, verb, *args, **kwargs)

    session.call = refusing
    assert (await face.session.get(page, _id=1)).tags == ["a"]
    assert "not authorized" in caplog.text


async def test_one_that_is_too_large_is_in_nobodys_way(face: Face, caplog: pytest.LogCaptureFixture) -> None:
    cls = declare(
        face.sync_session,
        {"v": 1, "n": int},
        {"v": 2, "text": str, "migrate": lambda old: {"text": "x" * old.n}},
        on_load="on_read",
    )
    await put(face, *({"_id": n, "v": 1, "n": n} for n in (1, 17_000_000, 2)), name="docs")
    assert len(await face.session.find(cls).all()) == 3
    assert [raw["v"] for raw in await stored(face, "docs")] == [2, 2, 1]
    assert "_id 17000000" in caplog.text


async def test_hybrids_are_never_written_back(face: Face) -> None:
    cls = declare(
        face.sync_session,
        {"n": int},
        {"k": int, "migrate": lambda old: {"k": old.n}},
        on_load="on_read",
        on_hybrid=lambda raw, candidates: candidates[0],
    )
    hybrid = {"_id": 1, "n": 1, "k": 9}
    await put(face, hybrid, {"_id": 2, "n": 2}, name="docs")
    assert [each.k for each in await face.session.find(cls).sort("_id").all()] == [1, 2]
    assert await stored(face, "docs") == [hybrid, {"_id": 2, "k": 2}]


async def test_what_cannot_be_read_is_not_written(face: Face) -> None:
    page = pages(face, "on_read")
    unreadable = [old_page(1, version=2), old_page(2, title=5)]
    await put(face, *unreadable, old_page(3))
    found = face.session.find(page, {}, on_invalid="report").sort("_id")
    assert [each._id for each in await found.all()] == [3]
    assert [error.document_id for error in found.rejected] == [1, 2]
    assert await stored(face) == [*unreadable, new_page(3)]


async def test_an_error_comes_in_its_turn(face: Face) -> None:
    page = pages(face, "on_read")
    await put(face, old_page(1), old_page(2, title=5), old_page(3))
    cursor = face.session.find(page).sort("_id")
    assert (await anext(aiter(cursor)))._id == 1
    assert await stored(face) == [new_page(1), old_page(2, title=5), new_page(3)]
    with pytest.raises(Invalid, match="_id 2"):
        await anext(aiter(cursor))
    assert (await anext(aiter(cursor)))._id == 3


async def test_an_upgrade_that_would_overwrite_is_refused(
    face: Face, caplog: pytest.LogCaptureFixture
) -> None:
    cls = declare(
        face.sync_session,
        {"v": 1, "n": int},
        {"v": 2, "k": int, "migrate": lambda old: {"k": old.n}},
        on_load="on_read",
    )
    await put(face, {"_id": 1, "v": 1, "n": 1, "k": 9}, {"_id": 2, "v": 1, "n": 1}, name="docs")
    assert [each.k for each in await face.session.find(cls).sort("_id").all()] == [1, 1]
    assert await stored(face, "docs") == [{"_id": 1, "v": 1, "n": 1, "k": 9}, {"_id": 2, "v": 2, "k": 1}]
    assert "would overwrite the stored k" in caplog.text


async def test_each_class_of_a_family_has_its_own_policy(face: Face) -> None:
    old = collection(
        "docs", face.sync_session, Field("_id", int), Field("v", 1), Field("kind", str), Field("n", int)
    )

    def made(identity: str, *bases: Any, **options: Any) -> Any:
        given = bases or ("docs", face.sync_session)
        fields = (Field("_id", int), Field("v", 2), Field("kind", str), Field("k", int))
        return collection(
            *given,
            *fields,
            polymorphic_on="kind",
            polymorphic_identity=identity,
            version_of=old,
            migrate=lambda data: {"kind": data.kind, "k": data.n},
            **options,
        )

    base = made("base", on_load="on_read")
    made("kept", base, on_load="on_save")
    made("sub", base)
    kinds = ("base", "kept", "sub")
    raws = [{"_id": n, "v": 1, "kind": each, "n": n} for n, each in enumerate(kinds)]
    await put(face, *raws, name="docs")
    assert [each.k for each in await face.session.find(base).sort("_id").all()] == [0, 1, 2]
    assert [raw["v"] for raw in await stored(face, "docs")] == [2, 1, 2]


# -- mapped classes


def mapped(odm: OdmFace, policy: str) -> Any:
    old = collection("pages", None, Field("_id", int), Field("v", S.Value(1)), Field("labels", [str]))

    class Page(MappedClass):
        class __mongometa__:
            name = "pages"
            session = odm.declared
            version_of = old
            on_load = policy

            @staticmethod
            def migrate(data: Any) -> Any:
                return {"v": 2, "tags": data["labels"]}

        _id = FieldProperty(int)
        v = FieldProperty(S.Value(2, required=True))
        tags = FieldProperty([str])

    return Page


def old_object(number: int) -> dict[str, Any]:
    return {"_id": number, "v": 1, "labels": ["a"]}


def new_object(number: int, *tags: str) -> dict[str, Any]:
    return {"_id": number, "v": 2, "tags": ["a", *tags]}


async def test_never_refuses_to_flush_objects(odm: OdmFace) -> None:
    page = mapped(odm, "never")
    await put(odm.face, old_object(1), new_object(2))
    found = await odm.session.find(page).sort("_id").all()
    found[1].tags.append("mine")
    await odm.session.flush()
    found[0].tags.append("mine")
    with pytest.raises(MigrationError, match="on_load = 'never'"):
        await odm.session.flush()
    with pytest.raises(MigrationError, match="on_load = 'never'"):
        await odm.session.update_if_not_modified(found[0], {"$set": {"x": 1}})
    assert await stored(odm.face) == [old_object(1), new_object(2, "mine")]


@pytest.mark.parametrize("way", ["get", "all", "loop", "load"])
async def test_objects_are_written_back(odm: OdmFace, way: str) -> None:
    page = mapped(odm, "on_read")
    await put(odm.face, old_object(1))
    if way == "get":
        found = await odm.session.get(page, 1)
    elif way == "all":
        (found,) = await odm.session.find(page).all()
    elif way == "loop":
        (found,) = [each async for each in odm.session.find(page)]
    else:
        found = await odm.session.find(page, {}, decorate=lambda each: each).first()
    assert await stored(odm.face) == [new_object(1)]
    found.tags.append("mine")
    await odm.session.flush()
    assert await stored(odm.face) == [new_object(1, "mine")]


async def test_refreshed_objects_are_written_back(odm: OdmFace) -> None:
    page = mapped(odm, "on_read")
    await put(odm.face, new_object(1))
    found = await odm.session.get(page, 1)
    await odm.raw["pages"].replace_one({"_id": 1}, old_object(1))
    await odm.session.refresh(found)
    assert await stored(odm.face) == [new_object(1)]


async def test_objects_forgotten_in_a_loop_are_tracked_in_their_turn(odm: OdmFace) -> None:
    page = mapped(odm, "on_read")
    await put(odm.face, *map(old_object, range(3)))
    async for each in odm.session.find(page).sort("_id"):
        each.tags.append("mine")
        await odm.session.flush()
        cleared = odm.session.clear()
        await cleared if cleared is not None else None
    assert await stored(odm.face) == [new_object(number, "mine") for number in range(3)]


async def test_objects_read_in_part_are_left_alone(odm: OdmFace) -> None:
    page = mapped(odm, "on_read")
    await put(odm.face, old_object(1))
    await odm.session.find(page, {}, fields=["labels", "v"]).all()
    assert await stored(odm.face) == [old_object(1)]
