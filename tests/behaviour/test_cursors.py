"""What cursors promise, on every store and face."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any
from unittest import mock

import bson
import pytest
from harness.faces import Face
from harness.stores import MongodStore
from pymongo.errors import InvalidOperation
from pymongo.monitoring import CommandFailedEvent, CommandListener, CommandStartedEvent, CommandSucceededEvent

from ming import Document, Field, Session, create_datastore
from ming import schema as S
from ming._cursor import Cursor
from ming.exc import Invalid, MingException


class Page(Document):
    class __mongometa__:
        name = "pages"

    _id = Field(S.Int())
    n = Field(S.Int())


EVERYTHING = {"_id": {"$gte": 0}}


async def fill(face: Face, count: int = 5) -> None:
    await face.raw["pages"].insert_many([{"_id": n, "n": n % 2} for n in range(count)])


def ids(documents: Any) -> list[int]:
    return [document._id for document in documents]


# --- reading


async def test_iterating(face: Face) -> None:
    await fill(face)
    found = [document async for document in face.session.find(Page, EVERYTHING).sort("_id")]
    assert ids(found) == [0, 1, 2, 3, 4]
    assert {type(document) for document in found} == {Page}


async def test_all_first_one(face: Face) -> None:
    await fill(face)
    find = face.session.find
    assert ids(await find(Page, {}).sort("_id").all()) == [0, 1, 2, 3, 4]
    assert (await find(Page, {}).sort("_id", -1).first())._id == 4
    assert await find(Page, {"_id": 9}).first() is None
    assert (await find(Page, {"_id": 3}).one())._id == 3
    with pytest.raises(ValueError, match="Less than one result from .one()"):
        await find(Page, {"_id": 9}).one()
    with pytest.raises(ValueError, match="More than one result from .one()"):
        await find(Page, {}).one()


async def test_first_and_next_consume(face: Face) -> None:
    await fill(face)
    cursor = face.session.find(Page).sort("_id")
    assert (await cursor.first())._id == 0
    assert (await cursor.next())._id == 1
    assert (await cursor.first())._id == 2
    assert ids(await cursor.all()) == [3, 4]
    assert await cursor.first() is None


async def test_limit_skip_sort_hint_chain(face: Face) -> None:
    await fill(face)
    await face.session.create_index(Page, "n")
    cursor = face.session.find(Page, {"n": 0}).sort([("_id", -1)]).skip(1).limit(1)
    assert ids(await cursor.hint([("n", 1)]).all()) == [2]
    cursor = face.session.find(Page).batch_size(2).comment("c").max_time_ms(9999).allow_disk_use(True)
    assert ids(await cursor.sort("_id").all()) == list(range(5))


async def test_a_collation_counts_in_finding_and_counting(face: Face) -> None:
    class Named(Document):
        __mongometa__ = type("__mongometa__", (), {"name": "named"})
        _id = Field(str)

    await face.raw["named"].insert_many([{"_id": letter} for letter in "aAb"])
    cursor = face.session.find(Named, {"_id": "A"}).collation({"locale": "en", "strength": 2})
    assert await cursor.count() == 2
    assert {document._id for document in await cursor.all()} == {"a", "A"}


async def test_options_come_before_iteration(face: Face) -> None:
    await fill(face)
    cursor = face.session.find(Page)
    await cursor.first()
    with pytest.raises(InvalidOperation):
        cursor.limit(1)


async def test_count_ignores_limit_and_skip(face: Face) -> None:
    await fill(face)
    assert await face.session.find(Page, {"n": 0}).limit(1).skip(1).count() == 3
    assert await face.session.find(Page, None).count() == 5
    assert await face.session.find(Page).count() == 5


async def test_distinct(face: Face) -> None:
    await fill(face)
    assert sorted(await face.session.find(Page, {"_id": {"$lt": 3}}).distinct("n")) == [0, 1]


async def test_rewinding(face: Face) -> None:
    await fill(face)
    cursor = face.session.find(Page).sort("_id")
    assert (await cursor.first())._id == 0
    cursor = await cursor.rewind()
    assert ids(await cursor.all()) == [0, 1, 2, 3, 4]


async def test_closing(face: Face) -> None:
    await fill(face)
    async with face.session.find(Page) as cursor:
        assert await cursor.first() is not None
    other = face.session.find(Page)
    await other.close()
    assert await other.first() is None


async def test_a_cursor_has_no_truth(face: Face) -> None:
    cursor = face.session.find(Page)
    with pytest.raises(MingException, match="Cannot evaluate Cursor to a boolean"):
        bool(getattr(cursor, "_target", cursor))


async def test_long_results_come_whole_and_in_order(face: Face) -> None:
    await fill(face, 700)
    assert ids(await face.session.find(Page).sort("_id").all()) == list(range(700))
    assert ids([document async for document in face.session.find(Page).sort("_id")]) == list(range(700))
    limited = face.session.find(Page).sort("_id").batch_size(50).limit(333)
    assert ids(await limited.all()) == list(range(333))


class GetMores(CommandListener):
    """Remembers the batch sizes asked for."""

    def __init__(self) -> None:
        self.sizes: list[int | None] = []

    def started(self, event: CommandStartedEvent) -> None:
        if event.command_name == "getMore":
            self.sizes.append(event.command.get("batchSize"))

    def succeeded(self, event: CommandSucceededEvent) -> None: ...
    def failed(self, event: CommandFailedEvent) -> None: ...


@pytest.mark.mongod
@pytest.mark.parametrize("given", [None, 400])
def test_long_results_come_in_batches_by_bytes(mongod_uri: str, given: int | None) -> None:
    """A batch of the server's own would be up to 16 MB, which is slower; a size that was given stays."""
    store, listener = MongodStore(mongod_uri), GetMores()
    datastore = create_datastore(store.uri(), event_listeners=[listener])
    datastore.db.pages.insert_many([{"_id": n, "text": "x" * 20} for n in range(700)])
    cursor = Session(datastore).find(Page, {}, **({} if given is None else {"batch_size": given}))
    assert len(cursor.all()) == 700
    size = len(bson.encode({"_id": 1, "text": "x" * 20}))
    assert listener.sizes == ([given] if given else [1_000_000 // size])
    datastore.conn.close()
    store.drop()


# --- documents that cannot be read


async def spoil(face: Face) -> None:
    await face.raw["pages"].insert_many(
        [{"_id": 0, "n": 0}, {"_id": 1, "n": "one"}, {"_id": 2, "n": 2}, {"_id": 3, "n": {}}, {"_id": 4}]
    )


async def test_an_invalid_document_stops_the_loop_once(face: Face) -> None:
    await spoil(face)
    cursor = face.session.find(Page).sort("_id")
    assert (await cursor.next())._id == 0
    with pytest.raises(Invalid, match="'pages', _id 1"):
        await cursor.next()
    # The bad one is behind us: the next call goes on.
    assert (await cursor.next())._id == 2
    with pytest.raises(Invalid):
        await cursor.all()
    assert ids(await cursor.all()) == [4]


async def test_skipping_invalid_documents(face: Face, caplog: pytest.LogCaptureFixture) -> None:
    await spoil(face)
    with caplog.at_level(logging.WARNING, "ming"):
        assert ids(await face.session.find(Page, {}, on_invalid="skip").sort("_id").all()) == [0, 2, 4]
    first, second = caplog.messages
    assert "'pages', _id 1" in first
    assert "'n'" in first
    assert "_id 3" in second


async def test_reporting_invalid_documents(face: Face) -> None:
    await spoil(face)
    cursor = face.session.find(Page, {}, on_invalid="report").sort("_id")
    assert ids([document async for document in cursor]) == [0, 2, 4]
    assert [(error.document_id, error.path) for error in cursor.rejected] == [(1, "n"), (3, "n")]
    assert {error.collection for error in cursor.rejected} == {"pages"}


@pytest.mark.parametrize("mode", ["skip", "report"])
async def test_a_raising_migrate_is_covered(face: Face, mode: str, caplog: pytest.LogCaptureFixture) -> None:
    class Old(Document):
        __mongometa__ = type("__mongometa__", (), {"name": "pages"})
        _id = Field(int)
        text = Field(str, required=True)

    class New(Document):
        class __mongometa__:
            name = "pages"
            version_of = Old

            @staticmethod
            def migrate(old: Any) -> Any:
                if old._id == 1:
                    raise LookupError("no such thing")
                return {"_id": old._id, "body": old.text}

        _id = Field(int)
        body = Field(str, required=True)

    await face.raw["pages"].insert_many([{"_id": n, "text": "x"} for n in range(3)])
    with pytest.raises(LookupError, match="no such thing"):
        await face.session.find(New).all()
    cursor = face.session.find(New, {}, on_invalid=mode)
    assert sorted(ids(await cursor.all())) == [0, 2]
    if mode == "report":
        (error,) = cursor.rejected
        assert (error.document_id, error.collection) == (1, "pages")
        assert isinstance(error.__cause__, LookupError)
        text = str(error)
    else:
        text = caplog.text
    assert "LookupError: no such thing" in text
    assert "from Old to New" in text


async def test_an_unknown_mode_is_refused(face: Face) -> None:
    with pytest.raises(ValueError, match="on_invalid='ignore'"):
        face.session.find(Page, {}, on_invalid="ignore")


async def test_unknown_keys(face: Face) -> None:
    await face.raw["pages"].insert_one({"_id": 1, "n": 1, "x": 2})
    assert await face.session.find(Page).one() == {"_id": 1, "n": 1}
    assert await face.session.find(Page, {}, strip_extra=False).one() == {"_id": 1, "n": 1, "x": 2}
    with pytest.raises(Invalid):
        await face.session.find(Page, {}, allow_extra=False).all()


async def test_documents_as_stored(face: Face) -> None:
    await face.raw["pages"].insert_one({"_id": 1, "n": "one", "x": {"y": 2}})
    (found,) = [document async for document in face.session.find(Page, {}, validate=False)]
    assert type(found) is Page
    assert found == {"_id": 1, "n": "one", "x": {"y": 2}}
    assert type(found["x"]) is dict


# --- any iterator, any subclass


def raws() -> Iterator[Any]:
    yield {"_id": 1, "n": 1}
    yield None
    yield {"_id": 2, "n": 2}


def test_any_iterator_will_do() -> None:
    cursor = Cursor(Page, raws())
    assert iter(cursor) is cursor
    assert list(cursor) == [{"_id": 1, "n": 1}, None, {"_id": 2, "n": 2}]


def test_the_class_is_asked_for_each_document() -> None:
    cls: Any = mock.Mock()
    documents = list(Cursor(cls, iter([{"a": 1}, {"a": 2}]), allow_extra=False, strip_extra=False))
    assert documents == [cls.make.return_value] * 2
    options = {"allow_extra": False, "strip_extra": False}
    assert cls.make.call_args_list == [mock.call({"a": 1}, **options), mock.call({"a": 2}, **options)]


def test_chaining_keeps_what_the_driver_returns() -> None:
    driver = mock.Mock()
    cursor = Cursor(Page, driver)
    assert cursor.sort("a", key=1).limit(2).skip(3).hint("x") is cursor
    assert cursor.cursor is driver.sort().limit().skip().hint()
    driver.sort.assert_any_call("a", key=1)


def test_counting_calls_the_driver_exactly() -> None:
    driver = mock.Mock()
    assert Cursor(Page, driver, find_spec={"a": 1}).count() is driver.collection.count_documents.return_value
    driver.collection.count_documents.assert_called_once_with({"a": 1})


async def test_next_can_be_overridden(face: Face) -> None:
    await fill(face)
    session = face.sync_session

    class Doubling(Cursor[Any]):
        def next(self) -> Any:
            document = super().next()
            document.n *= 2
            return document

    cursor = Doubling(Page, session.find(Page).sort("_id").cursor)
    assert [document.n for document in cursor] == [0, 2, 0, 2, 0]


async def test_next_can_be_patched(face: Face) -> None:
    await fill(face)
    with mock.patch.object(Cursor, "next", side_effect=[1, 2, StopIteration]):
        assert list(face.sync_session.find(Page)) == [1, 2]
