"""The engine's indexes and its commands about what there is."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from ming.mim.commands.core import Engine
from ming.mim.data.dialect import Dialect
from ming.mim.data.errors import CommandError

Document = dict[str, Any]


@pytest.fixture
def engine() -> Engine:
    return Engine()


def create(engine: Engine, key: Document, name: str = "i", **options: Any) -> Document:
    return engine.command("db", {"createIndexes": "c", "indexes": [{"key": key, "name": name, **options}]})


def insert(engine: Engine, *documents: Document) -> list[int]:
    """Insert documents and return the positions of those a unique index refused."""
    numbered = [{"_id": at, **document} for at, document in enumerate(documents)]
    reply = engine.command("db", {"insert": "c", "documents": numbered, "ordered": False})
    errors = reply.get("writeErrors", [])
    assert {error["code"] for error in errors} <= {11000}
    return [error["index"] for error in errors]


def refusal(engine: Engine, command: Document) -> int:
    with pytest.raises(CommandError) as caught:
        engine.command("db", command)
    return caught.value.code


def count(engine: Engine, query: Document) -> int:
    number = engine.command("db", {"count": "c", "query": query})["n"]
    assert isinstance(number, int)
    return number


# -- uniqueness ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "options", "documents", "refused"),
    [
        ({"a": 1}, {}, [{"a": 1}, {"a": 1.0}, {"a": True}, {}, {"a": None}], [1, 4]),
        ({"a": 1}, {}, [{"a": [1, 2]}, {"a": 2}, {"a": [2, 2, 3]}, {"a": [3, 3]}], [1, 2]),
        ({"a": 1}, {}, [{"a": []}, {"a": []}, {"a": None}], [1]),
        ({"a": 1}, {}, [{"a": {"x": 1}}, {"a": {"x": 1}}], [1]),
        ({"a": 1, "b": -1}, {}, [{"a": 1}, {"a": 1, "b": 1}, {"a": 1, "b": None}], [2]),
        ({"a.b": 1}, {}, [{"a": [{"b": 1}, {"b": 2}]}, {"a": {"b": 2}}], [1]),
        ({"a": 1}, {"sparse": True}, [{}, {}, {"a": None}, {"a": None}], [3]),
        ({"a": 1, "b": 1}, {"sparse": True}, [{}, {}, {"a": 1}, {"a": 1}], [3]),
        (
            {"a": 1},
            {"partialFilterExpression": {"on": True}},
            [{"a": 1}, {"a": 1, "on": True}, {"a": 1, "on": True}],
            [2],
        ),
        ({"a": "text"}, {}, [{"a": 1}, {"a": 1}], []),
    ],
)
def test_unique(
    engine: Engine, key: Document, options: Document, documents: list[Document], refused: list[int]
) -> None:
    create(engine, key, unique=True, **options)
    assert insert(engine, *documents) == refused


def test_lenient_sparse_unique_takes_null_for_missing() -> None:
    engine = Engine(Dialect(lenient=True))
    create(engine, {"a": 1}, unique=True, sparse=True)
    assert insert(engine, {"a": None}, {"a": None}, {}, {"a": 1}, {"a": 1}) == [4]


def test_details_of_a_duplicate_key(engine: Engine) -> None:
    create(engine, {"a": 1, "b": 1}, unique=True)
    insert(engine, {"a": "x"})
    (error,) = engine.command("db", {"insert": "c", "documents": [{"a": "x"}]})["writeErrors"]
    assert error["keyPattern"] == {"a": 1, "b": 1}
    assert error["keyValue"] == {"a": "x", "b": None}
    assert "index: i dup key" in error["errmsg"]


def test_refused_update_changes_nothing(engine: Engine) -> None:
    create(engine, {"a": 1}, unique=True)
    insert(engine, {"a": 1}, {"a": 2})
    reply = engine.command("db", {"update": "c", "updates": [{"q": {"_id": 1}, "u": {"$set": {"a": 1}}}]})
    assert reply["writeErrors"][0]["code"] == 11000
    assert (count(engine, {"a": 1}), count(engine, {"a": 2})) == (1, 1)


def test_keys_are_free_again_after_update_and_delete(engine: Engine) -> None:
    create(engine, {"a": 1}, unique=True)
    insert(engine, {"a": 1}, {"a": 2})
    engine.command("db", {"update": "c", "updates": [{"q": {"a": 1}, "u": {"$set": {"a": 3}}}]})
    engine.command("db", {"delete": "c", "deletes": [{"q": {"a": 2}, "limit": 1}]})
    reply = engine.command("db", {"insert": "c", "documents": [{"a": 1}, {"a": 2}]})
    assert "writeErrors" not in reply


def test_existing_duplicates_prevent_a_unique_index(engine: Engine) -> None:
    insert(engine, {"a": 1}, {"a": 1})
    assert (
        refusal(engine, {"createIndexes": "c", "indexes": [{"key": {"a": 1}, "name": "i", "unique": True}]})
        == 11000
    )
    assert len(engine.command("db", {"listIndexes": "c"})["cursor"]["firstBatch"]) == 1


def test_parallel_arrays(engine: Engine) -> None:
    create(engine, {"a": 1, "b": 1})
    reply = engine.command("db", {"insert": "c", "documents": [{"a": [1], "b": [1]}]})
    assert reply["writeErrors"][0]["code"] == 171


@pytest.mark.parametrize("options", [{}, {"sparse": True}, {"partialFilterExpression": {"a": {"$gt": 1}}}])
def test_look_ups_by_an_index_give_the_same_as_without(options: Document) -> None:
    documents = [{"a": value} for value in (1, 1.0, [1, 2], [[1]], {"x": 1}, "x", None, [], {"x": [1]})] + [
        {}
    ]
    queries: list[Document] = [
        {"a": value}
        for value in (1, 2, "x", {"x": 1}, None, [], [1, 2], [1], {"$in": [1, "x"]}, {"$in": [None, 2]})
    ]
    plain, indexed = Engine(), Engine()
    create(indexed, {"a": 1}, **options)
    for engine in (plain, indexed):
        insert(engine, *documents)
    for query in queries:
        reply = plain.command("db", {"find": "c", "filter": query})
        assert indexed.command("db", {"find": "c", "filter": query}) == reply


# -- definitions --------------------------------------------------------------------------------------


def test_create_list_and_drop(engine: Engine) -> None:
    assert create(engine, {"a": 1}, "by_a", expireAfterSeconds=5)["createdCollectionAutomatically"] is True
    assert create(engine, {"a": 1}, "by_a", expireAfterSeconds=5)["note"] == "all indexes already exist"
    create(engine, {"b": -1}, "by_b", sparse=True)
    assert engine.command("db", {"listIndexes": "c"})["cursor"]["firstBatch"] == [
        {"v": 2, "key": {"_id": 1}, "name": "_id_"},
        {"v": 2, "key": {"a": 1}, "name": "by_a", "expireAfterSeconds": 5},
        {"v": 2, "key": {"b": -1}, "name": "by_b", "sparse": True},
    ]
    assert engine.command("db", {"dropIndexes": "c", "index": "by_a"})["nIndexesWas"] == 3
    assert engine.command("db", {"dropIndexes": "c", "index": {"b": -1}})["nIndexesWas"] == 2
    assert engine.command("db", {"dropIndexes": "c", "index": "*"})["nIndexesWas"] == 1


@pytest.mark.parametrize(
    ("definition", "code"),
    [
        ({"key": {"b": 1}, "name": "i"}, 86),
        ({"key": {"a": 1}, "name": "i", "unique": True}, 86),
        ({"key": {"a": 1}, "name": "other"}, 85),
        ({"key": {}, "name": "j"}, 67),
        ({"key": {"b": 0}, "name": "j"}, 67),
        ({"key": {"b": "nonsense"}, "name": "j"}, 67),
        ({"key": {"b": 1}, "name": "j", "nonsense": 1}, 197),
        ({"key": {"b": 1}, "name": "j", "sparse": True, "partialFilterExpression": {"c": 1}}, 67),
        ({"key": {"b": 1}, "name": "j", "partialFilterExpression": {"c": {"$ne": 1}}}, 67),
    ],
)
def test_wrong_definition_is_refused(engine: Engine, definition: Document, code: int) -> None:
    create(engine, {"a": 1})
    assert refusal(engine, {"createIndexes": "c", "indexes": [definition]}) == code


def test_dropping_what_is_not_there(engine: Engine) -> None:
    assert refusal(engine, {"dropIndexes": "c", "index": "*"}) == 26
    insert(engine, {})
    assert refusal(engine, {"dropIndexes": "c", "index": "nothing"}) == 27
    assert refusal(engine, {"dropIndexes": "c", "index": "_id_"}) == 72
    assert refusal(engine, {"drop": "nothing"}) == 26


# -- collections and databases ------------------------------------------------------------------------


def names(engine: Engine, database: str = "db") -> list[str]:
    reply = engine.command(database, {"listCollections": 1, "nameOnly": True})
    return [entry["name"] for entry in reply["cursor"]["firstBatch"]]


def test_collections(engine: Engine) -> None:
    engine.command("db", {"create": "made"})
    insert(engine, {})
    assert names(engine) == ["made", "c"]
    assert refusal(engine, {"create": "made"}) == 48
    assert refusal(engine, {"create": "a$b"}) == 73
    engine.command("db", {"drop": "made"})
    assert names(engine) == ["c"]


def test_databases(engine: Engine) -> None:
    engine.command("one", {"create": "x"})
    engine.command("two", {"create": "x"})
    engine.command("three", {"find": "x"})
    listed = engine.command("admin", {"listDatabases": 1})["databases"]
    assert [entry["name"] for entry in listed] == ["one", "two"]
    engine.command("one", {"dropDatabase": 1})
    assert names(engine, "one") == []
    assert names(engine, "two") == ["x"]


def test_statistics(engine: Engine) -> None:
    insert(engine, {"a": "x" * 100}, {"a": "x" * 100})
    stats = engine.command("db", {"collStats": "c"})
    assert stats["count"] == 2
    assert stats["size"] == 2 * stats["avgObjSize"] > 200
    assert engine.command("db", {"dbStats": 1})["objects"] == 2


def test_engines_share_nothing() -> None:
    one, other = Engine(), Engine()
    insert(one, {})
    assert names(other) == []


def test_threads_lose_no_update(engine: Engine) -> None:
    insert(engine, {"n": 0})
    statement = {"q": {"_id": 0}, "u": {"$inc": {"n": 1}}}

    def work() -> None:
        for _ in range(200):
            engine.command("db", {"update": "c", "updates": [statement]})

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert count(engine, {"n": 800}) == 1
