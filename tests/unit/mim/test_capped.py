"""Capped collections: what goes when there is more than fits; as a server answers."""

from __future__ import annotations

from typing import Any

import pytest

from ming.mim.commands.core import Engine
from ming.mim.data.errors import CommandError
from ming.mim.storage.journal import Change

Document = dict[str, Any]


@pytest.fixture
def engine() -> Engine:
    return Engine()


def create(engine: Engine, **options: Any) -> None:
    engine.command("db", {"create": "c", "capped": True, **options})


def insert(engine: Engine, *documents: Document) -> None:
    assert "writeErrors" not in engine.command("db", {"insert": "c", "documents": list(documents)})


def ids(engine: Engine) -> list[int]:
    return [document["_id"] for document in engine.command("db", {"find": "c"})["cursor"]["firstBatch"]]


def options(engine: Engine) -> Document:
    (listed,) = engine.command("db", {"listCollections": 1})["cursor"]["firstBatch"]
    return dict(listed["options"])


def test_the_oldest_go_by_number(engine: Engine) -> None:
    create(engine, size=4096, max=3)
    insert(engine, *({"_id": number} for number in range(5)))
    assert ids(engine) == [2, 3, 4]


def test_the_oldest_go_by_size(engine: Engine) -> None:
    create(engine, size=512)
    for number in range(30):
        insert(engine, {"_id": number, "a": "y" * number})
    assert ids(engine) == list(range(19, 30))


def test_a_document_that_is_too_large_alone_stays_alone(engine: Engine) -> None:
    create(engine, size=256)
    insert(engine, {"_id": 1}, {"_id": 2, "a": "x" * 1000})
    assert ids(engine) == [2]
    insert(engine, {"_id": 3})
    assert ids(engine) == [3]


def test_deletes_make_room_and_updates_count(engine: Engine) -> None:
    create(engine, size=256, max=3)
    insert(engine, {"_id": 0}, {"_id": 1}, {"_id": 2})
    engine.command("db", {"delete": "c", "deletes": [{"q": {"_id": 1}, "limit": 1}]})
    insert(engine, {"_id": 3})
    assert ids(engine) == [0, 2, 3]
    engine.command("db", {"update": "c", "updates": [{"q": {"_id": 0}, "u": {"$set": {"a": "x" * 300}}}]})
    assert ids(engine) == [0, 2, 3]
    insert(engine, {"_id": 4})
    assert ids(engine) == [2, 3, 4]


def test_upserts_push_out(engine: Engine) -> None:
    create(engine, size=256, max=2)
    insert(engine, {"_id": 0}, {"_id": 1})
    engine.command(
        "db", {"update": "c", "updates": [{"q": {"_id": 7}, "u": {"$set": {"a": 1}}, "upsert": True}]}
    )
    assert ids(engine) == [1, 7]


def test_who_follows_the_store_sees_the_oldest_go(engine: Engine) -> None:
    seen: list[Change] = []
    create(engine, size=256, max=1)
    insert(engine, {"_id": 0})
    engine._store.followers.append(seen.extend)
    insert(engine, {"_id": 1})
    assert [(change.kind, (change.after or change.before)["_id"]) for change in seen] == [
        ("insert", 1),
        ("delete", 0),
    ]


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({"size": 1}, {"size": 256}),
        ({"size": 5000}, {"size": 5120}),
        ({"size": 4097.7}, {"size": 4352}),
        ({"size": 4096, "max": 2.5}, {"size": 4096, "max": 2}),
        ({"size": 4096, "max": 0}, {"size": 4096, "max": 2**31 - 1}),
        ({"size": 4096, "max": -1}, {"size": 4096, "max": 2**31 - 1}),
    ],
)
def test_sizes_are_rounded(engine: Engine, given: Document, kept: Document) -> None:
    create(engine, **given)
    assert options(engine) == {"capped": True, **kept}


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"capped": True}, 72),
        ({"capped": True, "max": 5}, 72),
        ({"size": 4096}, 72),
        ({"max": 5}, 72),
        ({"capped": False, "size": 4096}, 72),
        ({"capped": True, "size": 0}, 51024),
        ({"capped": True, "size": -1}, 51024),
        ({"capped": True, "size": 2**51}, 51024),
        ({"capped": True, "size": 4096, "max": 2**31}, 51024),
        ({"capped": True, "size": "a"}, 14),
        ({"capped": "x", "size": 5}, 14),
    ],
)
def test_sizes_are_checked(engine: Engine, given: Document, code: int) -> None:
    with pytest.raises(CommandError) as caught:
        engine.command("db", {"create": "c", **given})
    assert caught.value.code == code


def test_converting(engine: Engine) -> None:
    insert(engine, *({"_id": number, "a": number} for number in range(20)))
    engine.command("db", {"createIndexes": "c", "indexes": [{"key": {"a": 1}, "name": "a"}]})
    engine.command("db", {"convertToCapped": "c", "size": 100})
    assert options(engine) == {"capped": True, "size": 256}
    # One document too many, as on a server: it goes at the next insert.
    assert ids(engine) == list(range(8, 20))
    insert(engine, {"_id": 50})
    assert ids(engine) == [*range(9, 20), 50]
    (own,) = engine.command("db", {"listIndexes": "c"})["cursor"]["firstBatch"]
    assert own["name"] == "_id_"
    with pytest.raises(CommandError) as caught:
        engine.command("db", {"convertToCapped": "unknown", "size": 100})
    assert caught.value.code == 26


def test_cloning(engine: Engine) -> None:
    insert(engine, {"_id": 1}, {"_id": 2})
    clone = {"cloneCollectionAsCapped": "c", "toCollection": "d", "size": 1000}
    engine.command("db", clone)
    assert len(engine.command("db", {"find": "d"})["cursor"]["firstBatch"]) == 2
    with pytest.raises(CommandError) as caught:
        engine.command("db", clone)
    assert caught.value.code == 48


def test_changing_the_size(engine: Engine) -> None:
    create(engine, size=256, max=2)
    insert(engine, {"_id": 1}, {"_id": 2})
    engine.command("db", {"collMod": "c", "cappedSize": 2000, "cappedMax": 1})
    assert options(engine) == {"capped": True, "size": 2048, "max": 1}
    insert(engine, {"_id": 3})
    assert ids(engine) == [3]
    engine.command("db", {"create": "plain"})
    with pytest.raises(CommandError) as caught:
        engine.command("db", {"collMod": "plain", "cappedMax": 5})
    assert caught.value.code == 72


def test_no_ttl_index_and_no_out(engine: Engine) -> None:
    create(engine, size=256)
    index = {"key": {"a": 1}, "name": "a", "expireAfterSeconds": 5}
    engine.command("db", {"insert": "d", "documents": [{}]})
    for command, code in (
        ({"createIndexes": "c", "indexes": [index]}, 67),
        ({"aggregate": "d", "pipeline": [{"$out": "c"}], "cursor": {}}, 17152),
    ):
        with pytest.raises(CommandError) as caught:
            engine.command("db", command)
        assert caught.value.code == code


def test_statistics_tell_of_the_cap(engine: Engine) -> None:
    create(engine, size=256, max=3)
    insert(engine, {"_id": 56, "a": "x", "k": 1}, {"_id": 57, "a": "x"})
    stats = engine.command("db", {"collStats": "c"})
    assert (stats["capped"], stats["max"], stats["maxSize"], stats["size"]) == (True, 3, 256, 53)
