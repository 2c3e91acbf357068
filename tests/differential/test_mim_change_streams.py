"""Change streams of the embedded engine and of a server: the same writes must give the same events."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pymongo
import pytest
from bson import Timestamp
from pymongo.errors import OperationFailure

from ming import mim

pytestmark = pytest.mark.mongod

OF_THE_MOMENT = ("_id", "clusterTime", "wallTime", "collectionUUID", "lsid", "txnNumber")


@pytest.fixture(params=["mim", "mongod"])
def database(request: pytest.FixtureRequest, mongod_uri: str) -> Iterator[Any]:
    """A database with an empty collection ``c``, on the engine and on a server: what holds there must hold here."""
    client: Any = mim.Connection(strict=True) if request.param == "mim" else pymongo.MongoClient(mongod_uri)
    name = f"streams_{uuid.uuid4().hex[:12]}"
    client[name].create_collection("c")
    yield client[name]
    client.drop_database(name)
    client.close()


def events(stream: Any) -> list[dict[str, Any]]:
    """The events there are, without what differs every time."""
    return [
        {name: value for name, value in event.items() if name not in OF_THE_MOMENT}
        for event in iter(stream.try_next, None)
    ]


def operations(stream: Any) -> list[str]:
    return [event["operationType"] for event in events(stream)]


def watch(source: Any, *args: Any, **kwargs: Any) -> Any:
    return closing(source.watch(*args, max_await_time_ms=100, **kwargs))


def test_writes_are_told_in_order(database: Any) -> None:
    where = {"ns": {"db": database.name, "coll": "c"}, "documentKey": {"_id": 1}}
    with watch(database.c) as stream:
        database.c.insert_one({"_id": 1, "a": 1, "list": [1]})
        database.c.update_one({"_id": 1}, {"$set": {"a": 2, "sub.x": 1}, "$push": {"list": 2}})
        database.c.update_one({"_id": 1}, {"$unset": {"a": ""}, "$pop": {"list": -1}})
        database.c.update_one({"_id": 1}, {"$set": {"sub.x": 1}})
        database.c.replace_one({"_id": 1}, {"b": 1})
        database.c.delete_one({"_id": 1})
        found = events(stream)
    described = [event.pop("updateDescription", None) for event in found]
    assert found == [
        {"operationType": "insert", "fullDocument": {"_id": 1, "a": 1, "list": [1]}, **where},
        {"operationType": "update", **where},
        {"operationType": "update", **where},
        {"operationType": "replace", "fullDocument": {"_id": 1, "b": 1}, **where},
        {"operationType": "delete", **where},
    ]
    assert described[1:3] == [
        {"updatedFields": {"a": 2, "list.1": 2, "sub": {"x": 1}}, "removedFields": [], "truncatedArrays": []},
        {"updatedFields": {"list": [2]}, "removedFields": ["a"], "truncatedArrays": []},
    ]


def test_full_documents(database: Any) -> None:
    with watch(database.c, full_document="updateLookup") as stream:
        database.c.insert_one({"_id": 1})
        database.c.update_one({"_id": 1}, {"$set": {"a": 1}})
        database.c.update_one({"_id": 1}, {"$set": {"a": 2}})
        assert [event.get("fullDocument") for event in events(stream)] == [
            {"_id": 1},
            *[{"_id": 1, "a": 2}] * 2,
        ]
        database.c.update_one({"_id": 1}, {"$set": {"a": 3}})
        database.c.delete_one({"_id": 1})
        assert [event.get("fullDocument", "none") for event in events(stream)] == [None, "none"]


def test_documents_as_they_were(database: Any) -> None:
    database.command("collMod", "c", changeStreamPreAndPostImages={"enabled": True})
    options = {"full_document": "required", "full_document_before_change": "required"}
    with watch(database.c, **options) as stream:
        database.c.insert_one({"_id": 1, "a": 1})
        database.c.update_one({"_id": 1}, {"$inc": {"a": 1}})
        database.c.delete_one({"_id": 1})
        shown = [
            (event.get("fullDocumentBeforeChange"), event.get("fullDocument")) for event in events(stream)
        ]
    assert shown == [
        (None, {"_id": 1, "a": 1}),
        ({"_id": 1, "a": 1}, {"_id": 1, "a": 2}),
        ({"_id": 1, "a": 2}, None),
    ]


def test_what_is_required_and_not_kept_is_an_error(database: Any) -> None:
    with watch(database.c, full_document="required") as stream:
        database.c.insert_one({"_id": 1})
        database.c.update_one({"_id": 1}, {"$set": {"a": 1}})
        with pytest.raises(OperationFailure) as caught:
            events(stream)
    assert caught.value.code == 47


def test_stages_choose_and_shape_events(database: Any) -> None:
    pipeline = [{"$match": {"operationType": "insert"}}, {"$project": {"fullDocument.a": 1}}]
    with watch(database.c, pipeline) as stream:
        database.c.insert_many([{"_id": 1, "a": 1, "b": 1}, {"_id": 2, "a": 2}])
        database.c.delete_many({})
        assert events(stream) == [{"fullDocument": {"a": 1}}, {"fullDocument": {"a": 2}}]


def test_a_stream_goes_on_where_another_ended(database: Any) -> None:
    with watch(database.c) as stream:
        database.c.insert_many([{"_id": number} for number in range(3)])
        stream.try_next()
        token = stream.resume_token
    database.c.insert_one({"_id": 3})
    for option in ("resume_after", "start_after"):
        with watch(database.c, **{option: token}) as stream:
            assert [event["documentKey"]["_id"] for event in events(stream)] == [1, 2, 3]


def test_a_stream_can_begin_at_a_time(database: Any) -> None:
    with watch(database.c) as stream:
        database.c.insert_many([{"_id": number} for number in range(3)])
        time = [stream.try_next() for _ in range(2)][1]["clusterTime"]
    with watch(database.c, start_at_operation_time=time) as stream:
        assert [event["documentKey"]["_id"] for event in events(stream)] == [1, 2]


def test_a_dropped_collection_ends_its_stream(database: Any) -> None:
    with watch(database.c) as stream, watch(database) as whole:
        database.c.insert_one({"_id": 1})
        database.c.drop()
        database.d.insert_one({"_id": 1})
        assert operations(stream) == ["insert", "drop", "invalidate"]
        assert not stream.alive
        assert operations(whole) == ["insert", "drop", "insert"]
        token = stream.resume_token
    with pytest.raises(OperationFailure) as caught, watch(database.c, resume_after=token):
        pass
    assert caught.value.code == 260
    with watch(database.c, start_after=token) as stream:
        database.c.insert_one({"_id": 2})
        # On a server, a collection that comes into being while it is watched is not told either.
        assert operations(stream) == ["insert"]


def test_a_renamed_collection_ends_its_stream(database: Any) -> None:
    with watch(database.c) as stream:
        database.c.rename("other")
        found = events(stream)
    assert [event["operationType"] for event in found] == ["rename", "invalidate"]
    assert found[0]["to"] == {"db": database.name, "coll": "other"}


def test_a_transaction_is_told_when_it_commits(database: Any) -> None:
    with watch(database.c) as stream, database.client.start_session() as session:
        with session.start_transaction():
            database.c.insert_one({"_id": 1}, session=session)
            database.c.update_one({"_id": 1}, {"$set": {"a": 1}}, session=session)
            assert operations(stream) == []
        assert operations(stream) == ["insert", "update"]
        session.start_transaction()
        database.c.insert_one({"_id": 2}, session=session)
        session.abort_transaction()
        assert operations(stream) == []


def test_changes_of_catalog_are_told_to_who_asks(database: Any) -> None:
    with watch(database.c, show_expanded_events=True) as stream:
        database.c.create_index("a")
        database.c.drop_index("a_1")
        found = events(stream)
    index = {"indexes": [{"v": 2, "key": {"a": 1}, "name": "a_1"}]}
    assert [(event["operationType"], event["operationDescription"]) for event in found] == [
        ("createIndexes", index),
        ("dropIndexes", index),
    ]


@pytest.mark.parametrize(
    "options",
    [
        {"full_document": "nope"},
        {"resume_after": {"_data": "xyz"}},
        {"resume_after": {"x": 1}},
        {"resume_after": {"_data": "00"}},
        {"pipeline": [{"$group": {"_id": 1}}]},
        {"pipeline": [{"$sort": {"a": 1}}]},
    ],
)
def test_what_a_server_refuses(mongod_uri: str, options: dict[str, Any]) -> None:
    codes = []
    server: Any = pymongo.MongoClient(mongod_uri)
    for client in (server, mim.Connection(strict=True)):
        with pytest.raises(OperationFailure) as caught, watch(client.streams.c, **options):
            pass
        codes.append(caught.value.code)
    server.close()
    assert codes[0] == codes[1]


def test_lost_history_is_an_error() -> None:
    client = mim.Connection(strict=True)
    with (
        pytest.raises(OperationFailure) as caught,
        watch(client.a.c, start_at_operation_time=Timestamp(1, 1)),
    ):
        pass
    assert caught.value.code == 286
