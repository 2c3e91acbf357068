"""``m.migrate()``: every document in its newest version, what cannot be upgraded reported and left alone."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from harness.chains import declare, wiki_classes
from harness.faces import Face

from ming import schema as S
from ming.evolve import MigrationReport
from ming.exc import DocumentTooNew, HybridDocument, Invalid, MigrationError

pytestmark = pytest.mark.usefixtures("loader")


def old_page(number: int, **fields: Any) -> dict[str, Any]:
    return {"_id": number, "title": "t", "text": "x", "metadata": {"tags": ["a"], "categories": []}, **fields}


def new_page(number: int, **fields: Any) -> dict[str, Any]:
    page = {
        "_id": number,
        "title": "t",
        "text": "x",
        "tags": ["a"],
        "categories": [],
        "views": 0,
        "version": 1,
    }
    return {**page, **fields}


async def stored(face: Face, name: str = "docs") -> list[Any]:
    found: list[Any] = await face.raw[name].find({}).sort("_id").to_list()
    return found


async def test_every_document_becomes_new(face: Face) -> None:
    _, page = wiki_classes(face.sync_session)
    await face.raw["pages"].insert_many(
        [old_page(number, hits=number) for number in range(5)] + [new_page(9)]
    )
    report = await face.session.migrate(page)
    assert isinstance(report, MigrationReport)
    assert (report.collection, report.changed, report.conflicts, report.refused) == ("pages", 5, 0, [])
    assert report.seen in (5, 6)
    assert await stored(face, "pages") == [new_page(number, hits=number) for number in range(5)] + [
        new_page(9)
    ]


async def test_a_second_run_has_nothing_to_do(face: Face) -> None:
    _, page = wiki_classes(face.sync_session)
    await face.raw["pages"].insert_many([old_page(number) for number in range(3)])
    assert (await face.session.migrate(page)).changed == 3
    before = await stored(face, "pages")
    report = await face.session.migrate(page)
    assert (report.changed, report.conflicts, report.refused) == (0, 0, [])
    assert await stored(face, "pages") == before


async def test_more_documents_than_a_batch(face: Face) -> None:
    _, page = wiki_classes(face.sync_session)
    await face.raw["pages"].insert_many([old_page(number) for number in range(1203)])
    report = await face.session.migrate(page)
    assert (report.seen, report.changed) == (1203, 1203)
    assert await face.raw["pages"].count_documents({"version": 1, "tags": ["a"]}) == 1203


async def test_an_empty_collection(face: Face) -> None:
    report = await face.session.migrate(wiki_classes(face.sync_session)[1])
    assert (report.seen, report.changed, report.conflicts, report.refused) == (0, 0, 0, [])


async def test_without_stamps(face: Face) -> None:
    cls = declare(face.sync_session, {"a": int}, {"b": int, "migrate": lambda old: {"b": old.a}})
    await face.raw["docs"].insert_many([{"_id": 1, "a": 1}, {"_id": 2, "b": 2}, {"_id": 3}])
    report = await face.session.migrate(cls)
    assert (report.seen, report.changed) == (3, 1)
    # What is new already is not touched, not even to fill in defaults.
    assert await stored(face) == [{"_id": 1, "b": 1}, {"_id": 2, "b": 2}, {"_id": 3}]


async def test_versions_that_share_the_newest_stamp(face: Face) -> None:
    cls = declare(
        face.sync_session,
        {"v": 1, "a": int},
        {"v": 2, "b": int, "migrate": lambda old: {"b": old.a}},
        {"v": 2, "c": int, "migrate": lambda old: {"c": old.b}},
    )
    await face.raw["docs"].insert_many(
        [{"_id": 1, "v": 1, "a": 1}, {"_id": 2, "v": 2, "b": 2}, {"_id": 3, "v": 2, "c": 3}]
    )
    assert (await face.session.migrate(cls)).changed == 2
    assert await stored(face) == [{"_id": number, "v": 2, "c": number} for number in (1, 2, 3)]


async def test_several_stamps(face: Face) -> None:
    cls = declare(
        face.sync_session,
        {"v": 1, "w": 1, "n": int},
        {"v": 2, "w": 2, "n": int, "migrate": lambda old: {"n": old.n}},
    )
    await face.raw["docs"].insert_many(
        [{"_id": 1, "v": 1, "w": 1, "n": 1}, {"_id": 2, "w": 1, "n": 2}, {"_id": 3, "v": 2}]
    )
    assert (await face.session.migrate(cls)).changed == 2
    assert [raw["v"] for raw in await stored(face)] == [2, 2, 2]


async def test_refused_documents_are_reported_and_left_alone(
    face: Face, caplog: pytest.LogCaptureFixture
) -> None:
    def migrate(old: Any) -> Any:
        answers = {
            "raise": None,
            "nonsense": 5,
            "wrong": {"n": "x"},
            "id": {"_id": 99},
            "tag": {"tags": ["mine"]},
        }
        if old.how == "raise":
            raise ZeroDivisionError("mine")
        return answers.get(old.how, {"n": 1})

    cls = declare(face.sync_session, {"how": str}, {"v": 2, "n": int, "tags": [str], "migrate": migrate})
    bad = [
        {"_id": 1, "how": "raise"},
        {"_id": 2, "how": "nonsense"},
        {"_id": 3, "how": "wrong"},
        {"_id": 4, "how": "id"},
        {"_id": 5, "how": "tag", "tags": ["theirs"]},
        {"_id": 6, "v": 3},
        {"_id": 7, "v": "x"},
        {"_id": 8, "how": 5},
    ]
    await face.raw["docs"].insert_many([*bad, {"_id": 20, "how": "fine", "z": 1}])
    with caplog.at_level(logging.WARNING):
        report = await face.session.migrate(cls)
    assert (report.seen, report.changed) == (9, 1)
    assert [(document_id, type(error)) for document_id, error in report.refused] == [
        (1, ZeroDivisionError),
        (2, Invalid),
        (3, Invalid),
        (4, MigrationError),
        (5, HybridDocument),
        (6, DocumentTooNew),
        (7, Invalid),
        (8, Invalid),
    ]
    assert await stored(face) == [*bad, {"_id": 20, "v": 2, "n": 1, "tags": [], "z": 1}]
    (record,) = caplog.records
    assert record.levelname == "WARNING"
    assert "8 refused" in record.getMessage()
    assert "_id 1" in record.getMessage()


async def test_hybrids_are_refused(face: Face) -> None:
    cls = declare(face.sync_session, {"a": int}, {"b": int})
    await face.raw["docs"].insert_one({"_id": 1, "a": 1, "b": 2})
    report = await face.session.migrate(cls)
    assert [type(error) for _, error in report.refused] == [HybridDocument]
    assert await stored(face) == [{"_id": 1, "a": 1, "b": 2}]


async def test_a_write_that_the_server_refuses_is_one_documents_matter(face: Face) -> None:
    cls = declare(
        face.sync_session, {"v": 1, "a": int}, {"v": 2, "b": int, "migrate": lambda old: {"b": old.a // 2}}
    )
    await face.raw["docs"].create_index("b", unique=True, partialFilterExpression={"v": 2})
    await face.raw["docs"].insert_many([{"_id": number, "v": 1, "a": number} for number in range(4)])
    report = await face.session.migrate(cls)
    assert report.changed == 2
    assert [(document_id, type(error).__name__) for document_id, error in report.refused] == [
        (1, "DuplicateKeyError"),
        (3, "DuplicateKeyError"),
    ]
    assert (await stored(face))[1] == {"_id": 1, "v": 1, "a": 1}


async def test_another_writer_comes_first(face: Face) -> None:
    """A hook stands in for the writer: it runs between reading and storing."""
    raws = {
        "push": {"$push": {"metadata.tags": "b"}},
        "count": {"$inc": {"hits": 1}},
        "delete": None,
        "upgrade": None,
    }
    collection = face.sync_session.db["pages"]
    pending = dict.fromkeys(raws)

    def intrude(page: Any) -> None:
        if page._id not in pending:
            return
        del pending[page._id]
        if page._id == "delete":
            collection.delete_one({"_id": "delete"})
        elif page._id == "upgrade":
            collection.replace_one({"_id": "upgrade"}, {**new_page(0), "_id": "upgrade", "tags": ["z"]})
        else:
            collection.update_one({"_id": page._id}, raws[page._id])

    _, cls = wiki_classes(face.sync_session, before_save=intrude)
    await face.raw["pages"].insert_many([{**old_page(0), "_id": name} for name in raws])
    report = await face.session.migrate(cls)
    assert pending == {}
    assert (report.seen, report.refused) == (4, [])
    # Counting what nobody declares is no conflict.
    assert report.conflicts == 3
    assert {raw["_id"]: raw for raw in await stored(face, "pages")} == {
        "count": {**new_page(0), "_id": "count", "hits": 1},
        "push": {**new_page(0), "_id": "push", "tags": ["a", "b"]},
        "upgrade": {**new_page(0), "_id": "upgrade", "tags": ["z"]},
    }


async def test_a_hook_that_changes_what_somebody_else_changed_runs_again(face: Face) -> None:
    collection = face.sync_session.db["pages"]
    runs = []

    def add_a_tag(page: Any) -> None:
        runs.append(list(page.tags))
        if len(runs) == 1:
            collection.update_one({}, {"$push": {"metadata.tags": "theirs"}})
        page.tags.append("hook")

    _, cls = wiki_classes(face.sync_session, before_save=add_a_tag)
    await face.raw["pages"].insert_one(old_page(1))
    report = await face.session.migrate(cls)
    assert (report.changed, report.refused) == (1, [])
    assert runs == [["a"], ["a", "theirs"]]
    assert (await stored(face, "pages"))[0]["tags"] == ["a", "theirs", "hook"]


async def test_a_hook_that_always_loses_is_a_refusal(face: Face) -> None:
    collection = face.sync_session.db["pages"]

    def never_first(page: Any) -> None:
        collection.update_one({}, {"$push": {"metadata.tags": "theirs"}})
        page.tags.append("hook")

    _, cls = wiki_classes(face.sync_session, before_save=never_first)
    await face.raw["pages"].insert_one(old_page(1))
    report = await face.session.migrate(cls)
    assert report.changed == 0
    assert [type(error).__name__ for _, error in report.refused] == ["StaleObject"]
    (raw,) = await stored(face, "pages")
    assert "hook" not in raw["metadata"]["tags"]
    assert set(raw["metadata"]["tags"]) == {"a", "theirs"}


async def test_errors_of_the_connection_are_not_refusals(face: Face) -> None:
    from pymongo.errors import AutoReconnect

    def lose_connection(page: Any) -> None:
        raise AutoReconnect("gone")

    _, cls = wiki_classes(face.sync_session, before_save=lose_connection)
    await face.raw["pages"].insert_one(old_page(1))
    with pytest.raises(AutoReconnect):
        await face.session.migrate(cls)


async def test_a_class_without_older_versions_has_its_documents_normalised(face: Face) -> None:
    cls = declare(face.sync_session, {"n": S.Int(if_missing=7), "tags": [str]})
    await face.raw["docs"].insert_many(
        [{"_id": 1, "z": 1}, {"_id": 2, "n": 1, "tags": []}, {"_id": 3, "n": "x"}]
    )
    report = await face.session.migrate(cls)
    assert (report.seen, report.changed) == (3, 1)
    assert [document_id for document_id, _ in report.refused] == [3]
    assert await stored(face) == [
        {"_id": 1, "n": 7, "tags": [], "z": 1},
        {"_id": 2, "n": 1, "tags": []},
        {"_id": 3, "n": "x"},
    ]


async def test_a_report_reads_well(face: Face) -> None:
    _, cls = wiki_classes(face.sync_session)
    await face.raw["pages"].insert_many([old_page(1), {"_id": 2, "version": 2}])
    report = await face.session.migrate(cls)
    assert str(report) == "pages: 2 seen, 1 changed, 0 conflicts, 1 refused"


async def test_documents_without_a_declared_id_are_known_by_it_all_the_same(face: Face) -> None:
    from ming import Field, collection

    old = collection("docs", face.sync_session, Field("v", 1), Field("a", int))
    cls = collection(
        "docs",
        face.sync_session,
        Field("v", 2),
        Field("b", int),
        version_of=old,
        migrate=lambda old: {"b": 1 // old.a},
    )
    await face.raw["docs"].insert_many([{"_id": "x", "v": 1, "a": 0}, {"_id": "y", "v": 1, "a": 1}])
    report = await face.session.migrate(cls)
    assert [document_id for document_id, _ in report.refused] == ["x"]
    assert await stored(face) == [{"_id": "x", "v": 1, "a": 0}, {"_id": "y", "v": 2, "b": 1}]
