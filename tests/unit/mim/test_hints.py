"""Hints, bounds and what find tells of how it found documents; as a server answers."""

from __future__ import annotations

from typing import Any

import pytest

from ming.mim.commands.core import Engine
from ming.mim.data.errors import CommandError

Document = dict[str, Any]


@pytest.fixture
def engine() -> Engine:
    made = Engine()
    documents: list[Document] = [
        {
            "_id": number,
            "a": None if number == 3 else 5 - number,
            "b": number,
            "l": [number, number + 1],
            "p": number,
        }
        for number in range(6)
    ]
    made.command("db", {"insert": "c", "documents": [*documents, {"_id": 9}]})
    indexes = [
        {"key": {"a": 1}, "name": "a_1"},
        {"key": {"a": 1, "b": -1}, "name": "ab"},
        {"key": {"b": 1}, "name": "b_1", "sparse": True},
        {"key": {"l": 1}, "name": "l_1"},
        {"key": {"p": 1}, "name": "p_1", "partialFilterExpression": {"p": {"$gt": 2}}},
        {"key": {"h": 1}, "name": "h_1", "hidden": True},
    ]
    made.command("db", {"createIndexes": "c", "indexes": indexes})
    return made


def find(engine: Engine, **options: Any) -> list[Document]:
    batch: list[Document] = engine.command("db", {"find": "c", **options})["cursor"]["firstBatch"]
    return batch


def ids(engine: Engine, **options: Any) -> list[int]:
    return [document["_id"] for document in find(engine, **options)]


def refusal(engine: Engine, command: Document) -> int:
    with pytest.raises(CommandError) as caught:
        engine.command("db", command)
    return caught.value.code


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"hint": "a_1"}, [3, 9, 5, 4, 2, 1, 0]),
        ({"hint": {"a": 1.0}}, [3, 9, 5, 4, 2, 1, 0]),
        ({"hint": "b_1"}, [0, 1, 2, 3, 4, 5]),
        ({"hint": "l_1"}, [9, 0, 1, 2, 3, 4, 5]),
        ({"hint": "p_1"}, [3, 4, 5]),
        ({"hint": {"p": 1}, "filter": {"p": 1}}, []),
        ({"hint": "b_1", "filter": {"b": None}}, []),
        ({"hint": "_id_"}, [0, 1, 2, 3, 4, 5, 9]),
        ({"hint": {}}, [0, 1, 2, 3, 4, 5, 9]),
        ({"hint": {"$natural": -1}}, [9, 5, 4, 3, 2, 1, 0]),
        ({"hint": {"$natural": 2}}, [0, 1, 2, 3, 4, 5, 9]),
        ({"hint": "a_1", "filter": {"a": {"$gt": 1}}}, [2, 1, 0]),
        ({"hint": {"$natural": 1}, "sort": {"a": 1}}, [3, 9, 5, 4, 2, 1, 0]),
        ({"sort": {"$natural": -1}, "limit": 2, "skip": 1}, [5, 4]),
        ({"sort": {"$natural": "x"}}, [0, 1, 2, 3, 4, 5, 9]),
        ({"min": {"a": 2}, "hint": "a_1"}, [2, 1, 0]),
        ({"max": {"a": 4}, "hint": {"a": 1}}, [3, 9, 5, 4, 2]),
        ({"min": {"a": 2}, "max": {"a": 4}, "hint": {"a": 1}}, [2]),
        ({"min": {"a": 2, "b": 100}, "max": {"a": 4, "b": 0}, "hint": {"a": 1, "b": -1}}, [2, 1]),
        ({"min": {"_id": 2}, "max": {"_id": 4}, "hint": {"_id": 1}, "filter": {"_id": 3}}, [3]),
        ({"min": {"l": 2}, "hint": {"l": 1}}, [1, 2, 3, 4, 5]),
        ({"min": {}, "hint": {"a": 1}}, [3, 9, 5, 4, 2, 1, 0]),
        ({"min": {"p": 1}, "hint": {"p": 1}}, [3, 4, 5]),
    ],
)
def test_what_is_found_and_in_which_order(engine: Engine, options: Document, expected: list[int]) -> None:
    assert ids(engine, **options) == expected


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"hint": "nope"}, 2),
        ({"hint": {"a": -1}}, 2),
        ({"hint": ""}, 2),
        ({"hint": "h_1"}, 2),
        ({"hint": {"h": 1}}, 2),
        ({"hint": 5}, 9),
        ({"hint": None}, 9),
        ({"hint": {"$natural": 1, "a": 1}}, 2),
        ({"hint": {"$natural": 1}, "sort": {"$natural": -1}}, 2),
        ({"hint": {"a": 1}, "sort": {"$natural": 1}}, 2),
        ({"sort": {"$natural": 1, "a": 1}}, 2),
        ({"min": {"a": 2}}, 51173),
        ({"min": {"a": 4}, "max": {"a": 2}, "hint": {"a": 1}}, 51175),
        ({"min": {"a": 2}, "max": {"a": 2}, "hint": {"a": 1}}, 51175),
        ({"min": {"b": 2}, "hint": {"a": 1}}, 51174),
        ({"min": {"a": 2}, "hint": {"a": 1, "b": -1}}, 51174),
        ({"min": {"a": 2}, "max": {"b": 4}, "hint": {"a": 1}}, 51176),
        ({"min": {"a": 2}, "hint": {"$natural": 1}}, 291),
        ({"min": 5}, 14),
        ({"returnKey": "x"}, 14),
        ({"showRecordId": 5}, 14),
    ],
)
def test_refused(engine: Engine, options: Document, code: int) -> None:
    assert refusal(engine, {"find": "c", **options}) == code


def test_a_hint_of_an_unknown_collection_is_not_looked_up(engine: Engine) -> None:
    assert engine.command("db", {"find": "nope", "hint": "zz"})["cursor"]["firstBatch"] == []
    assert refusal(engine, {"find": "nope", "hint": 5}) == 9


def test_other_commands_follow_hints(engine: Engine) -> None:
    assert engine.command("db", {"count": "c", "hint": "b_1"})["n"] == 6
    project = [{"$project": {"_id": 1}}]
    command = {"aggregate": "c", "pipeline": project, "cursor": {}, "hint": "p_1"}
    assert engine.command("db", command)["cursor"]["firstBatch"] == [{"_id": 3}, {"_id": 4}, {"_id": 5}]
    change = {"q": {}, "u": {"$set": {"z": 1}}, "hint": "p_1", "multi": True}
    assert engine.command("db", {"update": "c", "updates": [change]})["n"] == 3
    found = engine.command("db", {"findAndModify": "c", "update": {"$set": {"z": 1}}, "hint": "a_1"})
    assert found["value"]["_id"] == 3
    gone = engine.command("db", {"delete": "c", "deletes": [{"q": {}, "limit": 0, "hint": "p_1"}]})
    assert gone["n"] == 3
    assert refusal(engine, {"distinct": "c", "key": "a", "hint": "a_1"}) == 40415


@pytest.mark.parametrize(
    ("options", "keys"),
    [
        ({}, [{}] * 7),
        ({"hint": {"a": 1}, "filter": {"a": {"$gt": 1}}}, [{"a": 3}, {"a": 4}, {"a": 5}]),
        ({"filter": {"a": {"$gt": 1}}, "sort": {"a": 1}}, [{"a": 3}, {"a": 4}, {"a": 5}]),
        (
            {"hint": "ab", "filter": {"a": {"$gt": 3}}, "projection": {"l": 1}},
            [{"a": 4, "b": 1}, {"a": 5, "b": 0}],
        ),
        ({"filter": {"_id": 1}}, [{"_id": 1}]),
        ({"hint": {"l": 1}, "filter": {"l": {"$gt": 4}}}, [{"l": 5}, {"l": 5}]),
        (
            {"hint": {"a": 1}, "filter": {"_id": {"$in": [3, 9]}}, "showRecordId": True},
            [{"a": None}, {"a": None}],
        ),
    ],
)
def test_return_key(engine: Engine, options: Document, keys: list[Document]) -> None:
    assert find(engine, returnKey=True, **options) == keys


def test_record_numbers(engine: Engine) -> None:
    engine.command("db", {"delete": "c", "deletes": [{"q": {"_id": 0}, "limit": 1}]})
    engine.command("db", {"insert": "c", "documents": [{"_id": 0}]})
    found = find(engine, showRecordId=True, projection={"_id": 1}, sort={"_id": 1}, limit=2)
    assert found == [{"_id": 0, "$recordId": 8}, {"_id": 1, "$recordId": 2}]
