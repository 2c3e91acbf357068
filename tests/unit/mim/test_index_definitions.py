"""What createIndexes takes, keeps and lists, and what it refuses; as a server answers."""

from __future__ import annotations

from typing import Any

import pytest
from bson import Decimal128, Int64, Regex

from ming.mim.commands.core import Engine
from ming.mim.data.dialect import Dialect
from ming.mim.data.errors import CommandError

Document = dict[str, Any]


@pytest.fixture
def engine() -> Engine:
    made = Engine()
    made.command("db", {"insert": "c", "documents": [{"_id": 1}]})
    return made


def create(engine: Engine, *definitions: Document, **options: Any) -> Document:
    return engine.command("db", {"createIndexes": "c", "indexes": list(definitions), **options})


def refused(engine: Engine, *definitions: Document, **options: Any) -> CommandError:
    with pytest.raises(CommandError) as caught:
        create(engine, *definitions, **options)
    return caught.value


def listed(engine: Engine) -> list[Document]:
    batch: list[Document] = engine.command("db", {"listIndexes": "c"})["cursor"]["firstBatch"]
    return batch[1:]


# -- keys ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ({}, "Index keys cannot be empty."),
        ({"a": 0}, "Values in the index key pattern cannot be 0."),
        ({"a": float("nan")}, "Values in the index key pattern cannot be NaN."),
        ({"a": "x"}, "Unknown index plugin 'x'"),
        ({"a": ""}, "Values in the index key pattern cannot be empty strings"),
        (
            {"a": True},
            "Values in v:2 index key pattern cannot be of type bool. Only numbers > 0, numbers < 0, and strings are"
            " allowed.",
        ),
        ({"": 1}, "Index keys cannot be an empty field."),
        ({"a..b": 1}, "Index keys cannot contain an empty field."),
        ({"$a": 1}, "Index key contains an illegal field name: field name starts with '$'."),
        ({"a.$**": -1}, "A numeric value in a $** index key pattern must be positive."),
        ({"$**": 1, "b": 1}, "wildcard indexes do not allow compounding"),
    ],
)
def test_refused_keys(engine: Engine, key: Document, message: str) -> None:
    error = refused(engine, {"key": key, "name": "i"})
    assert error.code == 67
    assert error.errmsg.endswith(f" :: caused by :: {message}")


@pytest.mark.parametrize(
    "key",
    [
        {"a": 2},
        {"a": -1.5},
        {"a": 0.1},
        {"a": Int64(-1)},
        {"a": Decimal128("1")},
        {"a.$ref": 1},
        {"$**": 1},
        {"a.$**": 1},
        {"_id": "hashed"},
        {"_id": 1, "a": 1},
    ],
)
def test_keys_are_listed_as_given(engine: Engine, key: Document) -> None:
    create(engine, {"key": key, "name": "i"})
    assert listed(engine) == [{"v": 2, "key": key, "name": "i"}]


# -- options ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"name": 5}, 14),
        ({"name": ""}, 67),
        ({"name": "a\0b"}, 67),
        ({"name": "*"}, 2),
        ({"name": "_id_"}, 2),
        ({"key": 5}, 14),
        ({"unique": "x"}, 14),
        ({"unique": None}, 14),
        ({"sparse": "x"}, 14),
        ({"background": "x"}, 14),
        ({"hidden": "x"}, 14),
        ({"foo": 1}, 197),
        ({"v": 0}, 67),
        ({"v": 3}, 67),
        ({"v": "x"}, 14),
        ({"expireAfterSeconds": -1}, 67),
        ({"expireAfterSeconds": 2**31}, 67),
        ({"expireAfterSeconds": "x"}, 67),
        ({"expireAfterSeconds": None}, 67),
        ({"expireAfterSeconds": True}, 67),
        ({"key": {"a": 1, "b": 1}, "expireAfterSeconds": 5}, 67),
        ({"key": {"$**": 1}, "expireAfterSeconds": 5}, 67),
        ({"key": {"$**": 1}, "unique": True}, 67),
        ({"collation": {}}, 2),
        ({"storageEngine": {}}, 67),
        ({"storageEngine": 5}, 67),
        ({"weights": {"a": 1}}, 67),
        ({"wildcardProjection": {"a": 1}}, 2),
        ({"key": {"$**": 1}, "wildcardProjection": {}}, 9),
        ({"key": {"a": "hashed"}, "unique": True}, 16764),
        ({"key": {"a": "hashed", "b": "hashed"}}, 31303),
        ({"clustered": True, "unique": True}, 6243700),
        ({"key": {"_id": -1}}, 2),
        ({"key": {"_id": 1}, "sparse": True}, 197),
        ({"key": {"_id": 1}, "unique": True}, 197),
    ],
)
def test_refused_options(engine: Engine, options: Document, code: int) -> None:
    assert refused(engine, {"key": {"a": 1}, "name": "i", **options}).code == code
    assert listed(engine) == []


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({"unique": 1}, {"unique": True}),
        ({"unique": 0}, {}),
        ({"sparse": 0.0}, {"sparse": False}),
        ({"background": 1}, {"background": True}),
        ({"hidden": False}, {}),
        ({"ns": "elsewhere", "dropDups": True}, {}),
        ({"expireAfterSeconds": 10.7}, {"expireAfterSeconds": 10}),
        ({"expireAfterSeconds": float("nan")}, {"expireAfterSeconds": 2**31 - 1}),
        ({"collation": {"locale": "simple"}}, {}),
        ({"bits": 5}, {"bits": 5}),
        ({"sparse": True, "unique": True, "hidden": True}, {"unique": True, "hidden": True, "sparse": True}),
    ],
)
def test_options_as_they_are_listed(engine: Engine, given: Document, kept: Document) -> None:
    create(engine, {"key": {"a": 1}, "name": "i", **given})
    (entry,) = listed(engine)
    assert list(entry.items()) == list({"v": 2, "key": {"a": 1}, "name": "i", **kept}.items())


def test_text_and_geo_indexes_are_listed_in_full(engine: Engine) -> None:
    create(engine, {"key": {"z": 1, "b": "text", "a": "text"}, "name": "t", "weights": {"c": 3}})
    create(engine, {"key": {"g": "2dsphere"}, "name": "g"})
    assert listed(engine) == [
        {
            "v": 2,
            "key": {"z": 1, "_fts": "text", "_ftsx": 1},
            "name": "t",
            "weights": {"a": 1, "b": 1, "c": 3},
            "default_language": "english",
            "language_override": "language",
            "textIndexVersion": 3,
        },
        {"v": 2, "key": {"g": "2dsphere"}, "name": "g", "2dsphereIndexVersion": 3},
    ]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"b": {"$ne": 1}}, 67),
        ({"b": {"$exists": False}}, 67),
        ({"b": Regex("x")}, 67),
        ({"b": {"$not": {"$gt": 1}}}, 67),
        ({"b": {"$size": 1}}, 67),
        ({"$nor": [{"b": 1}]}, 67),
        ({"$and": [{"$or": [{"b": {"$mod": [2, 0]}}]}]}, 67),
        ({"b": {"$foo": 1}}, 2),
        ({"$expr": 1}, 224),
        ({"$jsonSchema": {}}, 224),
        ({"$where": "1"}, 2),
        (5, 14),
        ({"b": 1}, None),
        ({}, None),
        ({"$or": [{"b": 1}, {"c": {"$in": [1, 2]}}]}, None),
        ({"b": {"$all": [1]}}, None),
        ({"b": {"$type": "string"}, "c": {"$exists": 1}}, None),
    ],
)
def test_filters_of_partial_indexes(engine: Engine, query: Any, code: int | None) -> None:
    definition = {"key": {"a": 1}, "name": "i", "partialFilterExpression": query}
    if code is not None:
        assert refused(engine, definition).code == code
        return
    create(engine, definition)
    assert listed(engine)[0]["partialFilterExpression"] == query


def test_partial_and_sparse_do_not_go_together(engine: Engine) -> None:
    definition = {"key": {"a": 1}, "name": "i", "partialFilterExpression": {"b": 1}, "sparse": True}
    assert refused(engine, definition).code == 67


def test_lenient_connections_keep_unknown_options() -> None:
    engine = Engine(Dialect(lenient=True))
    create(engine, {"key": {"a": "text"}, "name": "i", "cache": 5})
    assert listed(engine) == [{"v": 2, "key": {"a": "text"}, "name": "i", "cache": 5}]


# -- what is there already ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("definition", "code"),
    [
        ({"name": "i"}, None),
        ({"name": "i", "hidden": True}, None),
        ({"name": "i", "background": True}, None),
        ({"name": "i", "sparse": False, "unique": False}, None),
        ({"name": "i", "key": {"a": 1.0}}, None),
        ({"name": "i", "v": 1}, None),
        ({"name": "other"}, 85),
        ({"name": "other", "background": True}, 85),
        ({"name": "other", "expireAfterSeconds": 5}, 85),
        ({"name": "i", "expireAfterSeconds": 5}, 85),
        ({"name": "i", "prepareUnique": True}, 85),
        ({"name": "i", "key": {"a": -1}}, 86),
        ({"name": "i", "unique": True}, 86),
        ({"name": "i", "sparse": True}, 86),
        ({"name": "i", "partialFilterExpression": {"b": 1}}, 86),
    ],
)
def test_beside_an_index_of_the_same_key(engine: Engine, definition: Document, code: int | None) -> None:
    create(engine, {"key": {"a": 1}, "name": "i"})
    if code is not None:
        assert refused(engine, {"key": {"a": 1}, **definition}).code == code
        return
    reply = create(engine, {"key": {"a": 1}, **definition})
    assert reply == {
        "numIndexesBefore": 2,
        "numIndexesAfter": 2,
        "note": "all indexes already exist",
        "ok": 1.0,
    }


def test_other_options_make_another_index(engine: Engine) -> None:
    create(engine, {"key": {"a": 1}, "name": "i"})
    for options in {"unique": True}, {"sparse": True}, {"partialFilterExpression": {"b": 1}}:
        create(engine, {"key": {"a": 1}, "name": str(options), **options})
    assert len(listed(engine)) == 4


@pytest.mark.parametrize(
    ("definitions", "code"),
    [
        ([{"key": {"a": 1}, "name": "i"}, {"key": {"a": 1}, "name": "i"}], 96),
        ([{"key": {"a": 1}, "name": "i"}, {"key": {"a": 1}, "name": "j"}], 85),
        ([{"key": {"a": 1}, "name": "i"}, {"key": {"b": 1}, "name": "i"}], 86),
        ([{"key": {"a": 1}, "name": "i"}, {"key": {"b": "x"}, "name": "j"}], 67),
        ([{"key": {"a": 1}, "name": "i"}, {"key": {"u": 1}, "name": "j", "unique": True}], 11000),
    ],
)
def test_all_or_none(engine: Engine, definitions: list[Document], code: int) -> None:
    engine.command("db", {"insert": "c", "documents": [{"u": 1}, {"u": 1}]})
    assert refused(engine, *definitions).code == code
    assert listed(engine) == []


def test_a_refused_index_makes_no_collection() -> None:
    engine = Engine()
    many = [{"key": {f"a{number}": 1}, "name": f"a{number}"} for number in range(64)]
    assert refused(engine, *many).errmsg == "add index fails, too many indexes for db.c key:{ a63: 1 }"
    assert engine.command("db", {"listCollections": 1})["cursor"]["firstBatch"] == []
    assert create(engine, *many[:63])["numIndexesAfter"] == 64
    assert refused(engine, many[63]).code == 67


def test_too_many_fields(engine: Engine) -> None:
    assert refused(engine, {"key": {f"a{number}": 1 for number in range(33)}, "name": "i"}).code == 13103


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"indexes": []}, 2),
        ({"indexes": {}}, 14),
        ({"indexes": [5]}, 14),
        ({"indexes": None}, 40414),
        ({"commitQuorum": "foo"}, 79),
        ({"commitQuorum": 2}, 278),
        ({"commitQuorum": 100}, 9),
        ({"commitQuorum": []}, 14),
        ({"foo": 1}, 40415),
    ],
)
def test_options_of_the_command(engine: Engine, options: Document, code: int) -> None:
    assert refused(engine, {"key": {"a": 1}, "name": "i"}, **options).code == code


def test_unknown_options_can_be_ignored(engine: Engine) -> None:
    create(engine, {"key": {"a": 1}, "name": "i", "foo": 1}, ignoreUnknownIndexOptions=True)
    assert listed(engine) == [{"v": 2, "key": {"a": 1}, "name": "i"}]


# -- dropping -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("index", "code", "left"),
    [
        ("a", None, ["c", "bs"]),
        (["c"], None, ["a", "bs"]),
        ([], None, ["a", "c", "bs"]),
        ({"a": 1, "c": 1}, None, ["a", "bs"]),
        ("*", None, []),
        ("zz", 27, ["a", "c", "bs"]),
        (["a", "zz"], 27, ["a", "c", "bs"]),
        ({"a": -1}, 27, ["a", "c", "bs"]),
        ({"a": 1}, 181, ["a", "c", "bs"]),
        ("_id_", 72, ["a", "c", "bs"]),
        ({"_id": 1}, 72, ["a", "c", "bs"]),
        (5, 14, ["a", "c", "bs"]),
        ([5], 14, ["a", "c", "bs"]),
    ],
)
def test_dropping(engine: Engine, index: Any, code: int | None, left: list[str]) -> None:
    create(
        engine,
        {"key": {"a": 1}, "name": "a"},
        {"key": {"a": 1, "c": 1}, "name": "c"},
        {"key": {"a": 1}, "name": "bs", "sparse": True},
    )
    command = {"dropIndexes": "c", "index": index}
    if code is None:
        assert engine.command("db", command)["nIndexesWas"] == 4
    else:
        with pytest.raises(CommandError) as caught:
            engine.command("db", command)
        assert caught.value.code == code
    assert [entry["name"] for entry in listed(engine)] == left


# -- collMod ------------------------------------------------------------------------------------------


def modify(engine: Engine, index: Any, **options: Any) -> Document:
    return engine.command("db", {"collMod": "c", "index": index, **options})


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (5, 14),
        ({}, 72),
        ({"name": "i"}, 72),
        ({"name": "i", "keyPattern": {"a": 1}, "hidden": True}, 72),
        ({"name": "i", "foo": 1}, 40415),
        ({"name": "i", "expireAfterSeconds": "x"}, 14),
        ({"name": "i", "expireAfterSeconds": -1}, 72),
        ({"name": "nope", "hidden": True}, 27),
        ({"keyPattern": {"b": 1}, "hidden": True}, 27),
        ({"name": "_id_", "expireAfterSeconds": 1}, 72),
        ({"name": "_id_", "hidden": True}, 2),
        ({"name": "i", "unique": True}, 72),
        ({"name": "i", "unique": False}, 2),
        ({"name": "i", "unique": True, "forceNonUnique": True}, 72),
    ],
)
def test_refused_changes(engine: Engine, change: Any, code: int) -> None:
    create(engine, {"key": {"a": 1}, "name": "i"})
    with pytest.raises(CommandError) as caught:
        modify(engine, change)
    assert caught.value.code == code


def test_changes_tell_what_was(engine: Engine) -> None:
    create(engine, {"key": {"a": 1}, "name": "i"}, {"key": {"b": 1}, "name": "last"})
    assert modify(engine, {"name": "i", "expireAfterSeconds": 10}) == {
        "expireAfterSeconds_new": 10,
        "ok": 1.0,
    }
    assert modify(engine, {"keyPattern": {"a": 1}, "expireAfterSeconds": 2**40, "hidden": True}) == {
        "expireAfterSeconds_old": 10,
        "expireAfterSeconds_new": 2**31 - 1,
        "hidden_old": False,
        "hidden_new": True,
        "ok": 1.0,
    }
    assert modify(engine, {"name": "i", "hidden": True}) == {"ok": 1.0}
    assert [entry["name"] for entry in listed(engine)] == ["i", "last"]
    assert listed(engine)[0]["hidden"]


def test_making_an_index_unique(engine: Engine) -> None:
    engine.command("db", {"delete": "c", "deletes": [{"q": {}, "limit": 0}]})
    engine.command("db", {"insert": "c", "documents": [{"_id": number, "a": 1} for number in range(3)]})
    create(engine, {"key": {"a": 1}, "name": "i"})
    assert modify(engine, {"name": "i", "prepareUnique": True})["prepareUnique_new"] is True
    refusal = engine.command("db", {"insert": "c", "documents": [{"_id": 9, "a": 1}]})["writeErrors"]
    assert refusal[0]["code"] == 11000
    with pytest.raises(CommandError) as caught:
        modify(engine, {"name": "i", "unique": True})
    assert caught.value.code == 359
    assert caught.value.details == {"violations": [{"ids": [0, 1, 2]}]}
    engine.command(
        "db", {"update": "c", "updates": [{"q": {}, "u": [{"$set": {"a": "$_id"}}], "multi": True}]}
    )
    assert modify(engine, {"name": "i", "unique": True}, dryRun=True) == {"ok": 1.0}
    assert modify(engine, {"name": "i", "unique": True}) == {"unique_new": True, "ok": 1.0}
    assert listed(engine) == [{"v": 2, "key": {"a": 1}, "name": "i", "unique": True}]
    assert modify(engine, {"name": "i", "forceNonUnique": True}) == {"forceNonUnique_new": True, "ok": 1.0}
