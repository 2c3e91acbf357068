"""Views of the embedded engine against a server: definitions, queries, refusals with their messages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from differential.test_mim_catalog import CatalogTwins

pytestmark = pytest.mark.mongod

Command = dict[str, Any]

LISTED = {"listCollections": 1, "filter": {"name": "w"}}
POSITIVE = [{"$match": {"a": {"$gt": 0}}}]
JOINED = {"localField": "a", "foreignField": "a", "as": "m"}


@pytest.fixture(scope="module")
def connected(mongod_uri: str) -> Iterator[CatalogTwins]:
    made = CatalogTwins(mongod_uri)
    yield made
    made.close()


@pytest.fixture
def twins(connected: CatalogTwins) -> CatalogTwins:
    connected.clear()
    letters = "abC"
    documents = [
        {"_id": number, "a": number % 3, "l": [number, number + 1], "s": letters[number % 3]}
        for number in range(6)
    ]
    connected.alike({"insert": "b", "documents": documents})
    return connected


DEFINITIONS: list[Command] = [
    {},
    {"pipeline": POSITIVE},
    {"pipeline": {}},
    {"pipeline": [5]},
    {"pipeline": [{}]},
    {"pipeline": [{"$foo": 1}]},
    {"pipeline": [{"$match": 1}]},
    {"pipeline": [{"$match": {}}, {"$out": "x"}]},
    {"pipeline": [{"$merge": "x"}]},
    {"pipeline": [{"$facet": {"a": [{"$match": {}}]}}]},
    {"pipeline": [{"$lookup": {"from": "b", "pipeline": [{"$out": "x"}], "as": "x"}}]},
    {"pipeline": [{"$lookup": {"from": "w", **JOINED}}]},
    {"pipeline": [{"$facet": {"a": [{"$unionWith": {"coll": "b", "pipeline": [{"$unionWith": "w"}]}}]}}]},
    {"pipeline": [{"$changeStream": {}}]},
    {"pipeline": [{"$documents": [{"a": 1}]}]},
    {"pipeline": [{"$project": {"a": "$$x"}}]},
    {"pipeline": [{"$match": {"$expr": "$$NOW"}}]},
    {"pipeline": [{"$match": {"$text": {"$search": "x"}}}]},
    {"viewOn": ""},
    {"viewOn": "$x"},
    {"viewOn": ".x"},
    {"viewOn": "system.x"},
    {"viewOn": 5},
    {"viewOn": None},
    {"viewOn": "w"},
    {"viewOn": "missing", "pipeline": []},
    {"capped": True},
    {"capped": True, "size": 100},
    {"size": 100},
    {"validator": {"a": 1}, "validationLevel": "off"},
    {"idIndex": {"key": {"_id": 1}, "name": "_id_"}},
    {"autoIndexId": True},
    {"temp": True},
    {"expireAfterSeconds": 1},
    {"timeseries": {"timeField": "t"}},
    {"clusteredIndex": {"key": {"_id": 1}, "unique": True}},
    {"changeStreamPreAndPostImages": {"enabled": True}},
    {"collation": {"locale": "en"}},
    {"collation": {"locale": "simple"}},
    {"storageEngine": {}},
    {"foo": 1},
]


def test_definitions(twins: CatalogTwins) -> None:
    for definition in DEFINITIONS:
        twins.alike({"create": "w", "viewOn": "b", **definition})
        twins.alike({"find": "w"})
        twins.alike(LISTED)
        twins.alike({"drop": "w"})


def test_names_and_changes(twins: CatalogTwins) -> None:
    twins.alike({"create": "w", "viewOn": "b", "pipeline": POSITIVE})
    for name in "w", "b", "$w", "system.q", "", "system.views", "x" * 300:
        twins.alike({"create": name, "viewOn": "b"})
    twins.alike({"create": "w", "viewOn": "b", "pipeline": [{"$foo": 1}]})
    for options in {}, {"capped": True, "size": 100}, {"validator": {"$foo": 1}}:
        twins.alike({"create": "w", **options})
    twins.alike({"create": "w2", "viewOn": "w", "pipeline": [{"$set": {"x": "$a"}}]})
    changes: list[Command] = [
        {"viewOn": "w2", "pipeline": []},
        {"viewOn": "w"},
        {"viewOn": ""},
        {"viewOn": 5},
        {"pipeline": 5},
        {"pipeline": [{"$out": "b"}]},
        {"validator": {}},
        {"validationLevel": "off"},
        {"index": {"name": "x", "hidden": True}},
        {},
        {"pipeline": [{"$match": {"a": 2}}]},
        {"viewOn": "other"},
    ]
    for change in changes:
        twins.alike({"collMod": "w", **change})
        twins.alike(LISTED)
        twins.alike({"find": "w2"})
    twins.alike({"collMod": "b", "viewOn": "c"})
    twins.alike({"renameCollection": "%.w", "to": "%.z"}, admin=True)
    twins.alike({"renameCollection": "%.b", "to": "%.w", "dropTarget": True}, admin=True)
    twins.alike({"renameCollection": "%.system.views", "to": "%.y"}, admin=True)
    twins.alike({"drop": "w"})
    twins.alike({"find": "w2"})
    twins.alike({"drop": "system.views"})
    twins.alike({"find": "w2"})


def test_views_upon_views(twins: CatalogTwins) -> None:
    for number in range(1, 22):
        twins.alike({"create": f"a{number}", "viewOn": f"a{number - 1}" if number > 1 else "b"})
    twins.alike({"find": "a19"})
    twins.alike({"find": "a20"})
    twins.alike({"create": "one", "viewOn": "two"})
    twins.alike({"create": "two", "viewOn": "one"})
    twins.alike({"create": "two", "viewOn": "b", "collation": {"locale": "fr"}})
    twins.alike({"create": "two", "viewOn": "b"})
    twins.alike({"collMod": "two", "pipeline": [{"$unionWith": "one"}]})
    twins.alike({"create": "three", "viewOn": "two", "collation": {"locale": "fr"}})
    twins.alike({"create": "en", "viewOn": "b", "collation": {"locale": "en", "strength": 2}})
    for command in (
        {"find": "en", "filter": {"s": "c"}},
        {"find": "en", "filter": {"s": "c"}, "collation": {"locale": "simple"}},
        {"find": "en", "filter": {"s": "c"}, "collation": {"locale": "en", "strength": 2}},
        {"count": "en", "query": {"s": "c"}},
        {"aggregate": "en", "pipeline": [{"$match": {"s": "c"}}], "cursor": {}},
        {"aggregate": "b", "pipeline": [{"$unionWith": "en"}], "cursor": {}},
    ):
        twins.alike(command)


FINDING: list[Command] = [
    {},
    {"filter": {"a": 2}},
    {"sort": {"_id": -1}, "skip": 1, "limit": 1},
    {"limit": -2},
    {"limit": 0},
    {"skip": -1},
    {"batchSize": 0},
    {"batchSize": -1},
    {"singleBatch": True},
    {"singleBatch": True, "limit": 1},
    {"singleBatch": True, "limit": 2},
    {"projection": {"a": 1}},
    {"projection": {"l": {"$slice": 1}}},
    {"projection": {"x": {"$literal": 1}}},
    {"projection": 5},
    {"filter": 5},
    {"returnKey": True},
    {"returnKey": False, "min": {}},
    {"showRecordId": True},
    {"hint": "_id_"},
    {"hint": "nope"},
    {"hint": 5},
    {"hint": {"$natural": -1}},
    {"sort": {"$natural": -1}},
    {"sort": {"$natural": 1, "a": 1}},
    {"hint": {"_id": 1}, "sort": {"$natural": 1}},
    {"min": {"_id": 1}, "hint": "_id_"},
    {"tailable": True},
    {"tailable": True, "singleBatch": True},
    {"awaitData": True},
    {"noCursorTimeout": True},
    {"allowPartialResults": True},
    {"comment": "x", "maxTimeMS": 1000, "allowDiskUse": True},
    {"maxTimeMS": -1},
    {"let": {"x": 2}, "filter": {"$expr": {"$eq": ["$a", "$$x"]}}},
    {"collation": {"locale": "en"}},
    {"collation": {"locale": "simple"}},
    {"filter": {"$foo": 1}},
    {"filter": {"a": {"$foo": 1}}},
    {"sort": {"a": 5}},
    {"sort": {"a": 1, "_id": -1}},
    {"foo": 1},
]
COUNTING: list[Command] = [
    {},
    {"query": {"a": 2}},
    {"query": {"z": 2}},
    {"query": 5},
    {"query": None},
    {"limit": 2},
    {"limit": -1},
    {"limit": 0},
    {"limit": "x"},
    {"skip": 1},
    {"skip": -1},
    {"skip": 10},
    {"skip": 1, "limit": 1},
    {"hint": "_id_"},
    {"collation": {"locale": "en"}},
    {"foo": 1},
]
# The server gives different values in no order.
DISTINGUISHING: list[Command] = [
    {"key": "a", "query": {"_id": 1}},
    {"key": "zz"},
    {"key": ""},
    {"key": 5},
    {"key": "$a"},
    {},
    {"key": "a", "query": 5},
    {"key": "a", "collation": {"locale": "en"}},
]


def test_queries(twins: CatalogTwins) -> None:
    twins.alike({"create": "w", "viewOn": "b", "pipeline": POSITIVE})
    for options in FINDING:
        twins.alike({"find": "w", **options})
    for options in COUNTING:
        twins.alike({"count": "w", **options})
    for options in DISTINGUISHING:
        twins.alike({"distinct": "w", **options})


def test_pipelines(twins: CatalogTwins) -> None:
    twins.alike({"create": "w", "viewOn": "b", "pipeline": POSITIVE})
    twins.alike({"create": "w2", "viewOn": "w", "pipeline": [{"$set": {"x": "$a"}}]})
    of_collection: list[list[Command]] = [
        [{"$out": "w"}],
        [{"$merge": "w"}],
        [{"$lookup": {"from": "w", **JOINED}}, {"$project": {"m._id": 1}}],
        [{"$unionWith": "w2"}, {"$count": "n"}],
        [{"$unionWith": {"coll": "w2", "pipeline": [{"$match": {"x": 1}}]}}],
    ]
    for pipeline in of_collection:
        twins.alike({"aggregate": "b", "pipeline": pipeline, "cursor": {}})
    of_view: list[list[Command]] = [
        [],
        [{"$count": "n"}],
        [{"$collStats": {"count": {}}}],
        [{"$changeStream": {}}],
        [{"$foo": 1}],
        [{"$out": "q"}],
    ]
    for pipeline in of_view:
        twins.alike({"aggregate": "w", "pipeline": pipeline, "cursor": {}})
    twins.alike({"find": "q"})
    twins.alike({"aggregate": "w", "pipeline": []})
    twins.alike({"aggregate": "w", "pipeline": [], "cursor": {}, "collation": {"locale": "fr"}})


def test_refusals(twins: CatalogTwins) -> None:
    twins.alike({"create": "w", "viewOn": "b", "pipeline": POSITIVE})
    commands: list[Command] = [
        {"insert": "w", "documents": [{"_id": 1}, {"_id": 2}], "ordered": False},
        {"update": "w", "updates": [{"q": {}, "u": {"$set": {"a": 1}}}]},
        {"update": "w", "updates": [{"q": {}, "u": {"$set": {"a": 1}}, "upsert": True}]},
        {"delete": "w", "deletes": [{"q": {}, "limit": 0}]},
        {"findAndModify": "w", "query": {}, "update": {"$set": {"a": 1}}},
        {"findAndModify": "w", "query": {}, "remove": True},
        {"createIndexes": "w", "indexes": [{"key": {"a": 1}, "name": "a"}]},
        {"listIndexes": "w"},
        {"dropIndexes": "w", "index": "*"},
        {"collStats": "w"},
        {"validate": "w"},
        {"dataSize": "%.w"},
        {"convertToCapped": "w", "size": 100},
        {"cloneCollectionAsCapped": "w", "toCollection": "q", "size": 100},
        {"cloneCollectionAsCapped": "b", "toCollection": "w", "size": 100},
        {"insert": "system.views", "documents": [{"_id": "%.k", "viewOn": "b", "pipeline": []}]},
        {"update": "system.views", "updates": [{"q": {}, "u": {"$set": {"a": 1}}}]},
        {"delete": "system.views", "deletes": [{"q": {}, "limit": 0}]},
        {"createIndexes": "system.views", "indexes": [{"key": {"a": 1}, "name": "a"}]},
        {"explain": {"update": "w", "updates": [{"q": {}, "u": {"$set": {"a": 1}}}]}},
    ]
    for command in commands:
        twins.alike(command)
    twins.alike({"dbStats": 1}, parts=("collections", "views", "objects", "dataSize"))
    twins.alike({"explain": {"find": "w", "filter": {"_id": 1}}}, parts=("command",))
