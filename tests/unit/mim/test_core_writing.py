"""The engine's writing commands, against what a server answers."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from bson import Decimal128, Int64, ObjectId, Timestamp

from ming.mim.commands.core import Engine
from ming.mim.data.errors import CommandError

Document = dict[str, Any]

NOW = datetime(2024, 5, 6, 7, 8, 9)
FRESH_ID = ObjectId("5f" * 12)


@pytest.fixture
def engine() -> Engine:
    return Engine(now=lambda: NOW, new_id=lambda: FRESH_ID)


def insert(engine: Engine, *documents: Document) -> None:
    numbered = [{"_id": at, **document} for at, document in enumerate(documents)]
    assert engine.command("db", {"insert": "c", "documents": numbered})["n"] == len(documents)


def contents(engine: Engine) -> list[Document]:
    batch = engine.command("db", {"find": "c"})["cursor"]["firstBatch"]
    assert isinstance(batch, list)
    return batch


def update(engine: Engine, query: Document, change: Any, **options: Any) -> Document:
    return engine.command("db", {"update": "c", "updates": [{"q": query, "u": change, **options}]})


def updated(
    engine: Engine, before: Document, change: Any, query: Document | None = None, **options: Any
) -> Document:
    insert(engine, before)
    reply = update(engine, query or {}, change, **options)
    assert "writeErrors" not in reply, reply
    (document,) = contents(engine)
    assert document.pop("_id") == 0
    return document


def refused(
    engine: Engine, before: Document, change: Any, query: Document | None = None, **options: Any
) -> int:
    """Return the code of the error, having checked that the document did not change."""
    insert(engine, before)
    reply = update(engine, query or {}, change, **options)
    assert contents(engine) == [{"_id": 0, **before}]
    assert (reply["n"], reply["nModified"]) == (0, 0)
    (error,) = reply["writeErrors"]
    code = error["code"]
    assert isinstance(code, int)
    return code


# -- insert -------------------------------------------------------------------------------------------


def test_insert_makes_an_id_and_puts_it_first(engine: Engine) -> None:
    engine.command("db", {"insert": "c", "documents": [{"a": 1}, {"a": 2, "_id": 5}]})
    assert [list(document.items()) for document in contents(engine)] == [
        [("_id", FRESH_ID), ("a", 1)],
        [("_id", 5), ("a", 2)],
    ]


@pytest.mark.parametrize(("ordered", "inserted"), [(True, [1]), (False, [1, 2])])
def test_duplicate_id(engine: Engine, ordered: bool, inserted: list[int]) -> None:
    documents = [{"_id": 1}, {"_id": 1.0}, {"_id": 2}]
    reply = engine.command("db", {"insert": "c", "documents": documents, "ordered": ordered})
    assert reply["n"] == len(inserted)
    assert reply["writeErrors"] == [
        {
            "index": 1,
            "code": 11000,
            "keyPattern": {"_id": 1},
            "keyValue": {"_id": 1.0},
            "errmsg": "E11000 duplicate key error collection: db.c index: _id_ dup key: { _id: 1.0 }",
        }
    ]
    assert [document["_id"] for document in contents(engine)] == inserted


@pytest.mark.parametrize(("own_id", "code"), [([1], 53), ({"$x": 1}, 52)])
def test_impossible_id(engine: Engine, own_id: Any, code: int) -> None:
    reply = engine.command("db", {"insert": "c", "documents": [{"_id": own_id}]})
    assert reply["writeErrors"][0]["code"] == code


# -- update operators ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "change", "after"),
    [
        ({}, {"$set": {"b.c": 1, "a": 2}}, {"a": 2, "b": {"c": 1}}),
        ({"a": [1]}, {"$set": {"a.3": 4}}, {"a": [1, None, None, 4]}),
        ({"a": [1, 2]}, {"$unset": {"a.0": "", "none.x": ""}}, {"a": [None, 2]}),
        ({"a": {"b": 1}}, {"$unset": {"a.b": ""}}, {"a": {}}),
        ({"a": 1}, {"$inc": {"a": 2, "b.c": 5}}, {"a": 3, "b": {"c": 5}}),
        ({"a": 2**31 - 1}, {"$inc": {"a": 1}}, {"a": Int64(2**31)}),
        ({"a": 1}, {"$inc": {"a": 0.5}}, {"a": 1.5}),
        ({"a": 1}, {"$inc": {"a": Decimal128("0.5")}}, {"a": Decimal128("1.5")}),
        ({"a": 3}, {"$mul": {"a": 2, "b": 5}}, {"a": 6, "b": 0}),
        ({"a": 3}, {"$min": {"a": 2, "b": 1}}, {"a": 2, "b": 1}),
        ({"a": 3}, {"$max": {"a": 2, "b": 1}}, {"a": 3, "b": 1}),
        ({"a": 5}, {"$bit": {"a": {"and": 4, "or": 2}}}, {"a": 6}),
        ({}, {"$currentDate": {"a": True, "b": {"$type": "timestamp"}}}, {"a": NOW, "b": Timestamp(NOW, 1)}),
        ({"a": 1}, {"$rename": {"a": "x.y"}}, {"x": {"y": 1}}),
        ({"a": 1}, {"$rename": {"none": "x"}}, {"a": 1}),
        ({"a": 1}, {"$setOnInsert": {"b": 1}, "$set": {"c": 1}}, {"a": 1, "c": 1}),
        ({"a": 1}, {"$set": {}}, {"a": 1}),
    ],
)
def test_modifier(engine: Engine, before: Document, change: Document, after: Document) -> None:
    document = updated(engine, before, change)
    assert document == after
    assert list(document) == list(after)


@pytest.mark.parametrize(
    ("before", "change", "after"),
    [
        ([1], {"$push": {"a": 2}}, [1, 2]),
        ([1], {"$push": {"a": {"$each": [3, 2], "$sort": 1}}}, [1, 2, 3]),
        ([1, 2], {"$push": {"a": {"$each": [9], "$position": 1}}}, [1, 9, 2]),
        ([1, 2], {"$push": {"a": {"$each": [9], "$position": -1, "$slice": 2}}}, [1, 9]),
        ([1, 2], {"$push": {"a": {"$each": [], "$slice": -1}}}, [2]),
        ([{"x": 2}, {"x": 1}], {"$push": {"a": {"$each": [], "$sort": {"x": 1}}}}, [{"x": 1}, {"x": 2}]),
        ([1], {"$addToSet": {"a": {"$each": [1.0, 2, 2]}}}, [1, 2]),
        ([1, 2, 3], {"$pull": {"a": {"$gt": 1}}}, [1]),
        ([1, 2, 1.0], {"$pull": {"a": 1}}, [2]),
        ([{"x": 1, "y": 1}, {"x": 2}], {"$pull": {"a": {"x": 1}}}, [{"x": 2}]),
        ([1, 2, 3], {"$pullAll": {"a": [1, 3]}}, [2]),
        ([1, 2, 3], {"$pop": {"a": 1}}, [1, 2]),
        ([1, 2, 3], {"$pop": {"a": -1}}, [2, 3]),
        ([], {"$pop": {"a": 1}}, []),
    ],
)
def test_array_modifier(engine: Engine, before: list[Any], change: Document, after: list[Any]) -> None:
    assert updated(engine, {"a": before}, change) == {"a": after}


def test_array_modifiers_create_or_leave_missing_arrays(engine: Engine) -> None:
    change = {"$push": {"a": 1}, "$addToSet": {"b.c": 1}, "$pull": {"d": 1}, "$pop": {"e": 1}}
    assert updated(engine, {}, change) == {"a": [1], "b": {"c": [1]}}


@pytest.mark.parametrize(
    ("query", "change", "options", "after"),
    [
        ({"a.x": 2}, {"$set": {"a.$.y": 9}}, {}, [{"x": 1}, {"x": 2, "y": 9}]),
        ({"a": {"$elemMatch": {"x": 2}}}, {"$set": {"a.$": 0}}, {}, [{"x": 1}, 0]),
        ({}, {"$inc": {"a.$[].x": 10}}, {}, [{"x": 11}, {"x": 12}]),
        ({}, {"$set": {"a.$[e].x": 0}}, {"arrayFilters": [{"e.x": {"$gt": 1}}]}, [{"x": 1}, {"x": 0}]),
    ],
)
def test_positions(
    engine: Engine, query: Document, change: Document, options: Document, after: list[Any]
) -> None:
    assert updated(engine, {"a": [{"x": 1}, {"x": 2}]}, change, query, **options) == {"a": after}


@pytest.mark.parametrize(
    ("before", "change", "code"),
    [
        ({}, {"$foo": {"a": 1}}, 9),
        ({}, {"$set": 5}, 9),
        ({"a": 1}, {"$set": {"a.b": 1}}, 28),
        ({"a": [1]}, {"$set": {"a.b": 1}}, 28),
        ({}, {"$set": {"a": 1}, "$inc": {"a.b": 1}}, 40),
        ({}, {"$set": {"a": 1, "a.b": 1}}, 40),
        ({}, {"$set": {"_id": 1}}, 66),
        ({}, {"$unset": {"_id": ""}}, 66),
        ({}, {"$set": {"a..b": 1}}, 56),
        ({"a": "x"}, {"$inc": {"a": 1}}, 14),
        ({}, {"$inc": {"a": "x"}}, 14),
        ({"a": Int64(2**63 - 1)}, {"$inc": {"a": 1}}, 2),
        ({"a": 1.5}, {"$bit": {"a": {"or": 1}}}, 2),
        ({"a": 1}, {"$push": {"a": 1}}, 2),
        ({"a": 1}, {"$addToSet": {"a": 1}}, 2),
        ({"a": 1}, {"$pull": {"a": 1}}, 2),
        ({"a": 1}, {"$pop": {"a": 1}}, 14),
        ({"a": []}, {"$pop": {"a": 2}}, 9),
        ({"a": []}, {"$push": {"a": {"$each": 1}}}, 2),
        ({"a": [1]}, {"$set": {"a.$": 1}}, 2),
        ({}, {"$set": {"a.$[]": 1}}, 2),
        ({}, {"$set": {"a.$[e]": 1}}, 2),
        ({"a": 1}, {"$rename": {"a": "a"}}, 2),
        ({"a": [1]}, {"$rename": {"a.0": "b"}}, 2),
        ({}, {"a": 1, "$set": {"b": 1}}, 52),
    ],
)
def test_wrong_update_is_refused(engine: Engine, before: Document, change: Document, code: int) -> None:
    assert refused(engine, before, change) == code


def test_unused_array_filter(engine: Engine) -> None:
    assert refused(engine, {}, {"$set": {"b": 1}}, arrayFilters=[{"e": 1}]) == 9


# -- update statements --------------------------------------------------------------------------------


def test_only_real_changes_count_as_modified(engine: Engine) -> None:
    insert(engine, {"a": 1}, {"a": 1.0}, {"a": 2})
    reply = update(engine, {}, {"$set": {"a": 1}}, multi=True)
    assert (reply["n"], reply["nModified"]) == (3, 2)


def test_one_or_many(engine: Engine) -> None:
    insert(engine, {}, {})
    assert update(engine, {}, {"$set": {"a": 1}})["n"] == 1
    assert [document.get("a") for document in contents(engine)] == [1, None]
    assert update(engine, {}, {"$set": {"a": 2}}, multi=True)["n"] == 2


def test_replacement_keeps_the_id(engine: Engine) -> None:
    assert updated(engine, {"a": 1, "b": 2}, {"c": 3}) == {"c": 3}
    assert update(engine, {}, {"_id": 9})["writeErrors"][0]["code"] == 66
    assert update(engine, {}, {"a": 1}, multi=True)["writeErrors"][0]["code"] == 9


def test_pipeline_update(engine: Engine) -> None:
    stages = [{"$set": {"b": {"$add": ["$a", 1]}}}, {"$unset": "a"}]
    assert updated(engine, {"a": 1}, stages) == {"b": 2}


@pytest.mark.parametrize(
    ("query", "change", "made"),
    [
        ({"_id": 5, "k": 1}, {"$set": {"v": 1}}, {"_id": 5, "k": 1, "v": 1}),
        (
            {"k": {"$eq": 1}, "m.n": 2, "o": {"$gt": 3}},
            {"$inc": {"v": 1}},
            {"_id": FRESH_ID, "k": 1, "m": {"n": 2}, "v": 1},
        ),
        (
            {"$and": [{"k": 1}, {"m": 2}]},
            {"$setOnInsert": {"v": 1}},
            {"_id": FRESH_ID, "k": 1, "m": 2, "v": 1},
        ),
        ({"k": 1}, {"$set": {"_id": 7, "k": 2}}, {"_id": 7, "k": 2}),
        ({"_id": 5, "k": 1}, {"v": 1}, {"_id": 5, "v": 1}),
        ({"k": 1}, [{"$set": {"v": "$k"}}], {"_id": FRESH_ID, "k": 1, "v": 1}),
    ],
)
def test_upsert(engine: Engine, query: Document, change: Any, made: Document) -> None:
    reply = update(engine, query, change, upsert=True)
    assert reply == {"n": 1, "nModified": 0, "upserted": [{"index": 0, "_id": made["_id"]}], "ok": 1.0}
    assert contents(engine) == [made]


def test_upsert_refuses_another_id(engine: Engine) -> None:
    assert update(engine, {"_id": 5}, {"$set": {"_id": 6}}, upsert=True)["writeErrors"][0]["code"] == 66
    assert contents(engine) == []


def test_statements_stop_at_the_first_error_unless_unordered(engine: Engine) -> None:
    insert(engine, {"a": "x"}, {"a": 1})
    statements = [{"q": {"_id": at}, "u": {"$inc": {"a": 1}}} for at in (0, 1)]
    assert engine.command("db", {"update": "c", "updates": statements})["n"] == 0
    assert engine.command("db", {"update": "c", "updates": statements, "ordered": False})["n"] == 1


# -- delete and findAndModify -------------------------------------------------------------------------


def test_delete(engine: Engine) -> None:
    insert(engine, {"a": 1}, {"a": 1}, {"a": 1})
    assert engine.command("db", {"delete": "c", "deletes": [{"q": {"a": 1}, "limit": 1}]})["n"] == 1
    assert [document["_id"] for document in contents(engine)] == [1, 2]
    assert engine.command("db", {"delete": "c", "deletes": [{"q": {}, "limit": 0}]})["n"] == 2


@pytest.mark.parametrize(
    ("options", "value"),
    [
        ({"update": {"$set": {"a": 9}}}, {"_id": 1, "a": 1}),
        ({"update": {"$set": {"a": 9}}, "new": True}, {"_id": 1, "a": 9}),
        ({"update": {"a": 9}, "new": True, "fields": {"_id": 0}}, {"a": 9}),
        ({"remove": True}, {"_id": 1, "a": 1}),
        ({"update": {"$set": {"a": 9}}, "query": {"a": 7}}, None),
        ({"update": {"$set": {"b": 9}}, "query": {"_id": 7}, "upsert": True}, None),
        (
            {"update": {"$set": {"b": 9}}, "query": {"_id": 7}, "upsert": True, "new": True},
            {"_id": 7, "b": 9},
        ),
    ],
)
def test_find_and_modify(engine: Engine, options: Document, value: Document | None) -> None:
    insert(engine, {"a": 2}, {"a": 1})
    reply = engine.command("db", {"findAndModify": "c", "sort": {"a": 1}, **options})
    assert reply["value"] == value


@pytest.mark.parametrize("options", [{}, {"remove": True, "update": {"a": 1}}, {"remove": True, "new": True}])
def test_find_and_modify_refuses_contradictions(engine: Engine, options: Document) -> None:
    with pytest.raises(CommandError) as caught:
        engine.command("db", {"findAndModify": "c", **options})
    assert caught.value.code == 9


def test_replacing_upsert_takes_only_the_id_from_the_filter(engine: Engine) -> None:
    assert update(engine, {"_id": 5, "a": 1, "a.b": 2}, {"v": 1}, upsert=True)["n"] == 1
    assert contents(engine) == [{"_id": 5, "v": 1}]


def test_sorting_an_array_counts_as_a_change(engine: Engine) -> None:
    insert(engine, {"a": [1, 2]}, {"a": []})
    change = {"$push": {"a": {"$each": [], "$sort": 1}}}
    assert update(engine, {}, change, multi=True)["nModified"] == 1


@pytest.mark.parametrize(
    ("array", "path", "modified"),
    [
        ([None, 1], "a.0", 1),
        ([[None]], "a.0.0", 1),
        ([None], "a.$[]", 1),
        ([1], "a.5", 0),
        ([{"b": None}], "a.0.c", 0),
    ],
)
def test_emptying_an_element_counts_as_a_change_even_if_it_is_null(
    engine: Engine, array: list[Any], path: str, modified: int
) -> None:
    insert(engine, {"_id": 1, "a": array})
    assert update(engine, {}, {"$unset": {path: 1}})["nModified"] == modified
