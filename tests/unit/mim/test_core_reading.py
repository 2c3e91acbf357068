"""The engine's reading commands, against what a server answers."""

from __future__ import annotations

import re
import uuid
from datetime import datetime, timedelta, timezone
from typing import Any

import bson
import pytest
from bson import SON, Binary, Decimal128, Int64, MaxKey, MinKey, ObjectId, Regex

from ming.mim.commands.core import Engine
from ming.mim.data.dialect import Dialect
from ming.mim.data.errors import CommandError

Document = dict[str, Any]


@pytest.fixture
def engine() -> Engine:
    return Engine()


def insert(engine: Engine, *documents: Document) -> None:
    numbered = [{"_id": at, **document} for at, document in enumerate(documents)]
    assert engine.command("db", {"insert": "c", "documents": numbered})["n"] == len(documents)


def find(engine: Engine, query: Document | None = None, **options: Any) -> list[Document]:
    batch = engine.command("db", {"find": "c", "filter": query or {}, **options})["cursor"]["firstBatch"]
    assert isinstance(batch, list)
    return batch


def found(engine: Engine, query: Document, **options: Any) -> list[Any]:
    return [document["_id"] for document in find(engine, query, **options)]


def refusal(engine: Engine, command: Document) -> int:
    with pytest.raises(CommandError) as caught:
        engine.command("db", command)
    return caught.value.code


# -- equality and order -------------------------------------------------------------------------------


def test_numbers_compare_across_types(engine: Engine) -> None:
    insert(engine, {"a": 1}, {"a": 1.0}, {"a": Int64(1)}, {"a": Decimal128("1.0")}, {"a": True}, {"a": "1"})
    assert found(engine, {"a": 1}) == found(engine, {"a": Decimal128("1")}) == [0, 1, 2, 3]
    assert found(engine, {"a": True}) == [4]


def test_null_is_also_missing(engine: Engine) -> None:
    insert(engine, {}, {"a": None}, {"a": 0}, {"a": []}, {"a": [None]})
    assert found(engine, {"a": None}) == [0, 1, 4]
    assert found(engine, {"a": {"$ne": None}}) == [2, 3]
    assert found(engine, {"a": {"$exists": False}}) == [0]
    assert found(engine, {"a": {"$type": "null"}}) == [1, 4]


def test_documents_compare_in_key_order(engine: Engine) -> None:
    insert(engine, {"a": SON([("x", 1), ("y", 2)])}, {"a": SON([("y", 2), ("x", 1)])})
    assert found(engine, {"a": SON([("x", 1), ("y", 2)])}) == [0]
    assert found(engine, {"a": {"x": 1}}) == []


def test_comparison_stays_within_a_type(engine: Engine) -> None:
    insert(engine, {"a": 5}, {"a": "5"}, {"a": None}, {"a": [7]}, {})
    assert found(engine, {"a": {"$gt": 4}}) == [0, 3]
    assert found(engine, {"a": {"$lt": MaxKey()}}) == [0, 1, 2, 3, 4]
    assert found(engine, {"a": {"$gt": MinKey()}}) == [0, 1, 2, 3, 4]


def test_sort_orders_types_and_looks_into_arrays(engine: Engine) -> None:
    insert(engine, {"a": "x"}, {"a": [5, -1]}, {"a": 2}, {}, {"a": []}, {"a": {"b": 1}}, {"a": True})
    assert found(engine, {}, sort={"a": 1}) == [4, 3, 1, 2, 0, 5, 6]
    assert found(engine, {}, sort={"a": -1}) == [6, 5, 0, 1, 2, 3, 4]


def test_sort_by_two_arrays_is_refused(engine: Engine) -> None:
    insert(engine, {"a": [1], "b": [1]})
    assert refusal(engine, {"find": "c", "sort": {"a": 1, "b": 1}}) == 2


def test_nan_equals_itself_and_nothing_is_less(engine: Engine) -> None:
    insert(engine, {"a": float("nan")}, {"a": Decimal128("NaN")}, {"a": 0})
    assert found(engine, {"a": float("nan")}) == [0, 1]
    assert found(engine, {"a": {"$lte": 1}}) == [2]
    assert found(engine, {}, sort={"a": 1}) == [0, 1, 2]


def test_binary_subtypes(engine: Engine) -> None:
    value = uuid.UUID(int=5)
    insert(engine, {"a": b"x"}, {"a": Binary(b"x", 128)}, {"a": value})
    assert found(engine, {"a": Binary(b"x", 0)}) == [0]
    assert found(engine, {"a": Binary(b"x", 128)}) == [1]
    assert found(engine, {"a": value}) == found(engine, {"a": Binary(value.bytes, 3)}) == [2]


# -- paths --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"a.b": 1}, [0, 1]),
        ({"a.0.b": 1}, [0]),
        ({"a.0": {"b": 1}}, [0]),
        ({"a.b": None}, [2, 3]),
        ({"a.b": {"$exists": True}}, [0, 1]),
        ({"a.b": {"$ne": 1}}, [2, 3, 4, 5]),
        ({"a.0": 1}, [5]),
        ({"a.1.b": 1}, []),
    ],
)
def test_paths_fan_out_over_arrays(engine: Engine, query: Document, expected: list[int]) -> None:
    insert(engine, {"a": [{"b": 1}]}, {"a": {"b": 1}}, {"a": 7}, {}, {"a": []}, {"a": [1, 2]})
    assert found(engine, query) == expected


def test_element_named_by_position_is_not_expanded(engine: Engine) -> None:
    insert(engine, {"a": [[1, 2]]})
    assert found(engine, {"a.0": 1}) == []
    assert found(engine, {"a.0": [1, 2]}) == found(engine, {"a.0.0": 1}) == [0]


# -- operators ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({"$in": [1, "x"]}, [0, 1, 3]),
        ({"$in": [None]}, [4]),
        ({"$in": [re.compile("^X", re.IGNORECASE)]}, [1]),
        ({"$nin": [1, None]}, [1, 2]),
        ({"$all": [1, 2]}, [3]),
        ({"$all": []}, []),
        ({"$size": 2}, [3]),
        ({"$mod": [2, 1]}, [0, 3]),
        ({"$mod": [2, 0]}, [2, 3]),
        ({"$not": {"$gt": 1}}, [0, 1, 4]),
        ({"$not": re.compile("x")}, [0, 2, 3, 4]),
        ({"$elemMatch": {"$gt": 1, "$lt": 3}}, [3]),
        ({"$type": "array"}, [3]),
        ({"$type": ["string", 16]}, [0, 1, 3]),
        ({"$type": "number"}, [0, 2, 3]),
        ({"$bitsAllSet": [1]}, [2, 3]),
        ({"$regex": "X", "$options": "i"}, [1]),
    ],
)
def test_operator(engine: Engine, condition: Document, expected: list[int]) -> None:
    insert(engine, {"a": 1}, {"a": "x"}, {"a": 2.0}, {"a": [1, 2]}, {})
    assert found(engine, {"a": condition}) == expected


def test_elem_match_asks_one_element_for_everything(engine: Engine) -> None:
    insert(engine, {"a": [{"x": 1, "y": 2}]}, {"a": [{"x": 1}, {"y": 2}]})
    assert found(engine, {"a": {"$elemMatch": {"x": 1, "y": 2}}}) == [0]
    assert found(engine, {"a.x": 1, "a.y": 2}) == [0, 1]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"$or": [{"a": 1}, {"b": 2}]}, [0, 1]),
        ({"$or": [{"a": 1}, {"b": 2}], "b": 2}, [1]),
        ({"$nor": [{"a": 1}, {"b": 2}]}, [2]),
        ({"$and": [{"b": 2}, {"a": {"$exists": False}}]}, [1]),
        ({"$comment": "why", "a": 1}, [0]),
    ],
)
def test_logic(engine: Engine, query: Document, expected: list[int]) -> None:
    insert(engine, {"a": 1}, {"b": 2}, {"c": 3})
    assert found(engine, query) == expected


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ({"$eq": ["$a", {"$literal": "$b"}]}, [2]),
        ({"$eq": [{"$type": "$a"}, "missing"]}, [0]),
        ({"$eq": ["$a", None]}, [1]),
        ({"$gt": ["$a", "$b"]}, [1, 2, 3, 4]),
        ({"$and": [{"$isArray": "$a"}, {"$eq": [{"$size": "$a"}, 0]}]}, [4]),
        ({"$eq": [{"$ifNull": ["$a", "none"]}, "none"]}, [0, 1]),
        ({"$eq": [{"$cond": [{"$isNumber": "$a"}, {"$add": ["$a", 1.5]}, 0]}, 6.5]}, [3]),
    ],
)
def test_expr(engine: Engine, expression: Document, expected: list[int]) -> None:
    insert(engine, {}, {"a": None}, {"a": "$b"}, {"a": 5, "b": 4}, {"a": []})
    assert found(engine, {"$expr": expression}) == expected


def test_let_variables(engine: Engine) -> None:
    insert(engine, {"a": 1}, {"a": 2})
    assert found(engine, {"$expr": {"$eq": ["$a", "$$wanted"]}}, let={"wanted": 2}) == [1]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"$foo": 1}, 2),
        ({"a": {"$foo": 1}}, 2),
        ({"a": {"$gt": 1, "b": 2}}, 2),
        ({"$and": []}, 2),
        ({"$or": [1]}, 2),
        ({"a": {"$in": 1}}, 2),
        ({"a": {"$in": [{"$gt": 1}]}}, 2),
        ({"a": {"$not": 5}}, 2),
        ({"a": {"$not": {}}}, 2),
        ({"a": {"$mod": [0, 1]}}, 2),
        ({"a": {"$size": -1}}, 2),
        ({"a": {"$type": "nonsense"}}, 2),
        ({"a": {"$elemMatch": 1}}, 2),
        ({"a": {"$options": "i"}}, 2),
        ({"a": {"$regex": "("}}, 51091),
        ({"$expr": {"$foo": 1}}, 168),
        ({"$expr": "$$nobody"}, 17276),
    ],
)
def test_wrong_query_is_refused(engine: Engine, query: Document, code: int) -> None:
    assert refusal(engine, {"find": "c", "filter": query}) == code


@pytest.mark.parametrize(
    ("command", "named"),
    [
        ({"find": "c", "filter": {"$where": "1"}}, "$where"),
        ({"find": "c", "filter": {"$expr": {"$function": {}}}}, "$function"),
        ({"find": "c", "projection": {"s": {"$meta": "indexKey"}}}, "$meta: indexKey"),
        ({"find": "c", "collation": {"locale": "ja"}}, "collation of the locale ja"),
        (
            {"aggregate": "c", "pipeline": [{"$group": {"_id": 1, "n": {"$accumulator": {}}}}], "cursor": {}},
            "$accumulator",
        ),
        ({"create": "c", "timeseries": {"timeField": "t"}}, "create: timeseries"),
        ({"create": "c", "clusteredIndex": {"key": {"_id": 1}, "unique": True}}, "create: clusteredIndex"),
        ({"create": "c", "encryptedFields": {"fields": []}}, "create: encryptedFields"),
        ({"mapReduce": "c"}, "mapReduce"),
    ],
)
def test_what_is_not_built_is_named(engine: Engine, command: Document, named: str) -> None:
    with pytest.raises(NotImplementedError) as caught:
        engine.command("db", command)
    assert str(caught.value) == named


def test_unknown_option_is_refused(engine: Engine) -> None:
    assert refusal(engine, {"find": "c", "filtre": {}}) == 40415


# -- the window and the projection --------------------------------------------------------------------


def test_skip_limit_and_single_batch(engine: Engine) -> None:
    insert(engine, *({} for _ in range(5)))
    assert found(engine, {}, skip=1, limit=2) == [1, 2]
    assert found(engine, {}, singleBatch=True, batchSize=3) == [0, 1, 2]
    assert found(engine, {}, sort={"$natural": -1}, limit=1) == [4]


def test_hint_must_name_an_index(engine: Engine) -> None:
    insert(engine, {"a": 1})
    engine.command("db", {"createIndexes": "c", "indexes": [{"key": {"a": 1}, "name": "by_a"}]})
    assert (
        found(engine, {}, hint="by_a")
        == found(engine, {}, hint={"a": 1})
        == found(engine, {}, hint="_id_")
        == [0]
    )
    assert refusal(engine, {"find": "c", "hint": "by_b"}) == 2


@pytest.mark.parametrize(
    ("projection", "expected"),
    [
        ({"a": 1}, {"_id": 0, "a": 1}),
        ({"a": 1, "_id": 0}, {"a": 1}),
        ({"a": 0, "sub": False}, {"_id": 0, "list": [1, 2, 3], "docs": [{"x": 1, "y": 2}, {"x": 3}, 4]}),
        ({"_id": 0, "docs.x": 1}, {"docs": [{"x": 1}, {"x": 3}]}),
        ({"docs.x": 0, "a": 0, "sub": 0, "list": 0}, {"_id": 0, "docs": [{"y": 2}, {}, 4]}),
        ({"sub.p": 1}, {"_id": 0, "sub": {"p": 1}}),
        ({"sub": {"p": 1}}, {"_id": 0, "sub": {"p": 1}}),
        ({"none.x": 1}, {"_id": 0}),
        ({"list": {"$slice": -1}, "a": 1}, {"_id": 0, "a": 1, "list": [3]}),
        ({"list": {"$slice": [1, 1]}, "a": 0, "sub": 0, "docs": 0}, {"_id": 0, "list": [2]}),
        ({"docs": {"$elemMatch": {"x": 3}}}, {"_id": 0, "docs": [{"x": 3}]}),
        ({"_id": 0, "double": {"$multiply": ["$a", 2]}, "copy": "$sub.p"}, {"double": 2, "copy": 1}),
    ],
)
def test_projection(engine: Engine, projection: Document, expected: Document) -> None:
    insert(
        engine,
        {"a": 1, "sub": {"p": 1, "q": 2}, "list": [1, 2, 3], "docs": [{"x": 1, "y": 2}, {"x": 3}, 4]},
    )
    assert find(engine, {}, projection=projection) == [expected]


def test_positional_projection(engine: Engine) -> None:
    insert(engine, {"a": [1, 5, 9]})
    assert find(engine, {"a": {"$gt": 3}}, projection={"a.$": 1}) == [{"_id": 0, "a": [5]}]


@pytest.mark.parametrize(
    ("projection", "code"),
    [({"a": 1, "b": 0}, 31254), ({"a": 0, "b": 1}, 31253), ({"a": 1, "a.b": 1}, 31249), ({"a": {}}, 51270)],
)
def test_wrong_projection_is_refused(engine: Engine, projection: Document, code: int) -> None:
    assert refusal(engine, {"find": "c", "projection": projection}) == code


# -- documents in store -------------------------------------------------------------------------------


def test_documents_are_copies_through_bson(engine: Engine) -> None:
    east = timezone(timedelta(hours=2))
    given = {
        "t": (1, 2),
        "d": datetime(2020, 1, 1, 2, 0, 0, 1999, tzinfo=east),
        "n": 2**40,
        "b": Binary(b"x", 0),
    }
    insert(engine, {**given, "u": uuid.UUID(int=1), "r": bson.DBRef("c", 1)})
    (stored,) = find(engine)
    assert stored["t"] == [1, 2]
    assert stored["d"] == datetime(2020, 1, 1, 0, 0, 0, 1000)
    assert type(stored["n"]) is Int64
    assert type(stored["b"]) is bytes
    assert stored["u"] == Binary(uuid.UUID(int=1).bytes, 3)
    assert found(engine, {"r.$id": 1}) == [0]


def test_replies_share_nothing_with_the_store(engine: Engine) -> None:
    insert(engine, {"a": {"b": [1]}})
    find(engine)[0]["a"]["b"].append(2)
    find(engine, projection={"a": 1})[0]["a"].clear()
    assert find(engine) == [{"_id": 0, "a": {"b": [1]}}]


def test_values_bson_cannot_hold(engine: Engine) -> None:
    with pytest.raises(bson.errors.InvalidDocument):
        engine.command("db", {"insert": "c", "documents": [{"a": {1, 2}}]})
    with pytest.raises(bson.errors.InvalidDocument):
        engine.command("db", {"find": "c", "filter": {"a": object()}})


# -- count, distinct, aggregate -----------------------------------------------------------------------


def test_count(engine: Engine) -> None:
    insert(engine, {"a": 1}, {"a": 1}, {"a": 2})
    assert engine.command("db", {"count": "c", "query": {"a": 1}})["n"] == 2
    assert engine.command("db", {"count": "c", "skip": 1, "limit": 1})["n"] == 1
    assert engine.command("db", {"count": "nothing"})["n"] == 0


def test_distinct(engine: Engine) -> None:
    insert(engine, {"a": [1, 2]}, {"a": 2.0}, {"a": {"b": 3}}, {}, {"a": [{"b": 4}]})
    assert engine.command("db", {"distinct": "c", "key": "a"})["values"] == [1, 2, {"b": 3}, {"b": 4}]
    assert engine.command("db", {"distinct": "c", "key": "a.b", "query": {"a.b": 4}})["values"] == [4]


def aggregate(engine: Engine, *stages: Document) -> list[Document]:
    reply = engine.command("db", {"aggregate": "c", "pipeline": list(stages), "cursor": {}})
    batch = reply["cursor"]["firstBatch"]
    assert isinstance(batch, list)
    return batch


def test_group(engine: Engine) -> None:
    insert(engine, {"k": "x", "n": 1}, {"k": "y", "n": 2.5}, {"k": "x", "n": 3}, {"n": "text"})
    totals: Document = {
        "$group": {"_id": "$k", "sum": {"$sum": "$n"}, "all": {"$push": "$n"}, "mean": {"$avg": "$n"}}
    }
    assert aggregate(engine, totals, {"$sort": {"_id": 1}}) == [
        {"_id": None, "sum": 0, "all": ["text"], "mean": None},
        {"_id": "x", "sum": 4, "all": [1, 3], "mean": 2.0},
        {"_id": "y", "sum": 2.5, "all": [2.5], "mean": 2.5},
    ]


def test_pipeline(engine: Engine) -> None:
    insert(engine, {"a": [1, 2]}, {"a": [3]}, {"a": []})
    stages: list[Document] = [
        {"$match": {"a": {"$ne": []}}},
        {"$unwind": "$a"},
        {"$addFields": {"square": {"$multiply": ["$a", "$a"]}}},
        {"$sort": {"a": -1}},
        {"$skip": 1},
        {"$limit": 1},
        {"$project": {"_id": 0, "square": 1}},
    ]
    assert aggregate(engine, *stages) == [{"square": 4}]
    assert aggregate(engine, {"$match": {}}, {"$count": "n"}) == [{"n": 3}]


def test_wrong_stage_is_refused_on_an_empty_collection(engine: Engine) -> None:
    assert refusal(engine, {"aggregate": "c", "pipeline": [{"$foo": 1}], "cursor": {}}) == 40324
    assert refusal(engine, {"aggregate": "c", "pipeline": [{"$limit": 0}], "cursor": {}}) == 15958


# -- the lenient dialect ------------------------------------------------------------------------------


def test_lenient_answers() -> None:
    engine = Engine(Dialect(lenient=True))
    insert(engine, {"a": "Running dogs"}, {"a": "cat"}, {})
    engine.command("db", {"createIndexes": "c", "indexes": [{"key": {"a": "text"}, "name": "a_text"}]})
    assert found(engine, {"b": {"$all": []}}) == [0, 1, 2]
    assert found(engine, {"$text": {"$search": "ING d"}}) == [0]
    assert find(engine, {"_id": 1}, projection={"score": {"$meta": "textScore"}}) == [
        {"_id": 1, "a": "cat", "score": 1.0}
    ]


def test_regex_flags_and_spellings(engine: Engine) -> None:
    insert(engine, {"a": "one\nTwo"}, {"a": Regex("^two")})
    assert found(engine, {"a": {"$regex": "^two", "$options": "im"}}) == [0]
    assert found(engine, {"a": Regex("^two")}) == [1]
    assert found(engine, {"a": {"$regex": r"(?<first>o)ne\n.*\z"}}) == [0]


def test_object_ids_and_dates_as_ids(engine: Engine) -> None:
    ids: list[Any] = [ObjectId(), datetime(2020, 1, 1), "x", {"k": 1}, 5, 5.5]
    engine.command("db", {"insert": "c", "documents": [{"_id": own_id} for own_id in ids]})
    for own_id in ids:
        assert found(engine, {"_id": own_id}) == [own_id]
    assert found(engine, {"_id": {"$in": [5.0, "x"]}}) == [5, "x"]
