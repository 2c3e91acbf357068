"""Collections, indexes, validators, hints and plans of the embedded engine against a server.

Scenarios run the same commands on both, one after the other. Of refusals the messages count, too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import bson
import pytest
from bson import Int64, Regex
from bson.codec_options import CodecOptions
from differential.test_mim_core import OF_REPLICATION, Twins
from pymongo.errors import OperationFailure

from ming.mim.commands.core import Engine
from ming.mim.data.errors import CommandError

pytestmark = pytest.mark.mongod

Command = dict[str, Any]

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
# Servers put the query they plan into the message.
PLANNING = re.compile(r"(?<=error processing query: )ns=.*?\n (?=planner)", re.DOTALL)
DIFFERENT = OF_REPLICATION | {"uuid", "id", "millis"}


class CatalogTwins(Twins):
    """Twins whose whole database is compared."""

    def clear(self) -> None:
        """Drop everything on both."""
        self._client.drop_database(self._name)
        self._engine = Engine()

    def alike(self, command: Command, parts: tuple[str, ...] = (), admin: bool = False) -> None:
        """Run a command on both and check that replies, or refusals with their messages, are the same.

        Args:
            command: The command; ``%`` in its strings stands for the database.
            parts: The fields of the reply that count; by default all.
            admin: Whether it is for the admin database.
        """
        written = _named(command, self._name)
        database = "admin" if admin else self._name
        server = _told(lambda: self._client[database].command(written, codec_options=CodecOptions()), parts)
        engine = _told(lambda: self._engine.command(database, written), parts)
        assert engine == server, command


def _named(value: Any, name: str) -> Any:
    if isinstance(value, dict):
        return {key: _named(inner, name) for key, inner in value.items()}
    if isinstance(value, list):
        return [_named(inner, name) for inner in value]
    return value.replace("%", name) if type(value) is str else value


def _told(run: Callable[[], dict[str, Any]], parts: tuple[str, ...]) -> Any:
    try:
        reply = run()
    except OperationFailure as error:
        return "refused", error.code, _message(str((error.details or {})["errmsg"]))
    except CommandError as error:
        return "refused", error.code, _message(error.errmsg)
    kept = {name: reply[name] for name in parts or reply if name in reply and name not in DIFFERENT}
    return {name: _comparable(kept[name]) for name in sorted(kept)}


def _message(text: str) -> str:
    return UUID.sub("UUID", PLANNING.sub("", text))


def _comparable(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _comparable(inner) for name, inner in value.items() if name not in DIFFERENT}
    if isinstance(value, list):
        return [_comparable(inner) for inner in value]
    return _message(value) if isinstance(value, str) else bson.encode({"": value})


@pytest.fixture(scope="module")
def connected(mongod_uri: str) -> Iterator[CatalogTwins]:
    made = CatalogTwins(mongod_uri)
    yield made
    made.close()


@pytest.fixture
def twins(connected: CatalogTwins) -> CatalogTwins:
    connected.clear()
    return connected


def create(*definitions: Command) -> Command:
    return {"createIndexes": "c", "indexes": list(definitions)}


def index(key: Command, name: str = "i", **options: Any) -> Command:
    return {"key": key, "name": name, **options}


INSERT = {"insert": "c", "documents": [{"_id": 1, "a": 1}, {"_id": 2, "a": -1}, {"_id": 3, "a": 2}]}
LIST = {"listIndexes": "c"}
FIND = {"find": "c"}

DEFINITIONS = [
    index({"a": 1}),
    index({"a": -1.5, "b": Int64(1)}),
    index({}),
    index({"a": 0}),
    index({"a": "x"}),
    index({"a": True}),
    index({"a": None}),
    index({"a.": 1}),
    index({"$a": 1}),
    index({"$**": 1}),
    index({"$**": 1}, unique=True),
    index({"$**": 1, "b": 1}),
    index({"_id": -1}),
    index({"_id": 1}, sparse=True),
    index({"_id": 1}),
    index({"a": 1}, "_id_"),
    index({"a": 1}, ""),
    index({"a": 1}, "*"),
    index({"a": 1}, unique="x"),
    index({"a": 1}, foo=1),
    index({"a": 1}, hidden=True, sparse=True, unique=True, background=False, bits=3),
    index({"a": 1}, v=3),
    index({"a": 1}, expireAfterSeconds=10.7),
    index({"a": 1}, expireAfterSeconds=-1),
    index({"a": 1}, expireAfterSeconds="x"),
    index({"a": 1, "b": 1}, expireAfterSeconds=1),
    index({"a": 1}, partialFilterExpression={"b": {"$gt": 1}}, sparse=False),
    index({"a": 1}, partialFilterExpression={"b": 1}, sparse=True),
    index({"a": 1}, partialFilterExpression={"b": {"$foo": 1}}),
    index({"a": 1}, partialFilterExpression={"$expr": 1}),
    index({"a": "text", "b": "text"}, weights={"b": 5}, default_language="none"),
    index({"a": "2dsphere"}),
    index({"a": "2d"}, min=-10, max=10),
    index({"a": "hashed"}),
    index({"a": 1}, prepareUnique=True),
    index({"a": 1}, wildcardProjection={"b": 1}),
]


@pytest.mark.parametrize("definition", DEFINITIONS, ids=str)
def test_index_definitions(twins: CatalogTwins, definition: Command) -> None:
    twins.alike(INSERT)
    twins.alike(create(definition))
    twins.alike(LIST)


BESIDE = [
    index({"a": 1}),
    index({"a": 1}, "j"),
    index({"a": -1}),
    index({"a": 1}, unique=True),
    index({"a": 1}, "j", unique=True),
    index({"a": 1}, "j", sparse=True),
    index({"a": 1}, expireAfterSeconds=5),
    index({"a": 1}, "j", expireAfterSeconds=5),
    index({"a": 1}, partialFilterExpression={"b": 1}),
    index({"a": 1}, hidden=True),
    index({"a": 1}, "j", background=True),
    index({"a": 1.0}, "j"),
    index({"a": 1}, prepareUnique=True),
]


@pytest.mark.parametrize("definition", BESIDE, ids=str)
def test_indexes_beside_each_other(twins: CatalogTwins, definition: Command) -> None:
    twins.alike(INSERT)
    twins.alike(create(index({"a": 1})))
    twins.alike(create(definition))
    twins.alike(create(index({"z": 1}, "z"), definition))
    twins.alike({"dropIndexes": "c", "index": {"a": 1}})
    twins.alike(LIST)


def test_duplicates_and_limits(twins: CatalogTwins) -> None:
    twins.alike({"insert": "c", "documents": [{"_id": 1, "u": "x"}, {"_id": 2, "u": "x"}]})
    twins.alike(create(index({"d": 1}, "d"), index({"u": 1}, "u", unique=True)))
    twins.alike(create(index({"d": 1}, "d"), index({"d": 1}, "d")))
    twins.alike(LIST)
    many = [index({f"a{number}": 1}, f"a{number}") for number in range(64)]
    twins.alike(create(*many))
    twins.alike(create(*many[:63]))
    twins.alike(create(many[63]))


CREATIONS: list[Command] = [
    {},
    {"capped": True},
    {"capped": True, "size": 5000, "max": 0},
    {"capped": True, "size": 1},
    {"capped": True, "size": "a"},
    {"size": 5},
    {"max": 5},
    {"validator": {"a": {"$gt": 0}}, "validationLevel": "moderate"},
    {"validator": {}},
    {"validator": 5},
    {"validator": {"$where": "1"}},
    {"validator": {"a": {"$foo": 1}}},
    {"validationLevel": "x"},
    {"validationAction": 5},
    {"autoIndexId": False},
    {"autoIndexId": True},
    {"temp": True},
    {"foo": 1},
    {"expireAfterSeconds": 5},
    {"pipeline": []},
    {"idIndex": {"key": {"a": 1}, "name": "_id_"}},
    {"changeStreamPreAndPostImages": {"enabled": True}},
    {"storageEngine": {"x": {}}},
    {"collation": {"locale": "simple"}},
]


@pytest.mark.parametrize("options", CREATIONS, ids=str)
def test_creating(twins: CatalogTwins, options: Command) -> None:
    twins.alike({"create": "c", **options})
    twins.alike({"listCollections": 1})
    twins.alike({"create": "c"})


@pytest.mark.parametrize("name", ["", "$x", "a$b", ".x", "system.x", "a.system.b", 5, None, "a\0b"])
def test_names(twins: CatalogTwins, name: Any) -> None:
    twins.alike({"create": name})
    twins.alike({"insert": name, "documents": [{"_id": 1}]})
    twins.alike({"drop": name})
    twins.alike({"collStats": name}, parts=("count",))


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"validationLevel": "moderate"},
        {"validationLevel": "off"},
        {"validationAction": "warn"},
    ],
    ids=str,
)
@pytest.mark.parametrize(
    "validator",
    [
        {"a": {"$gt": 0}},
        {"$jsonSchema": {"required": ["b"], "properties": {"a": {"minimum": 0}}}},
        {"$expr": {"$lt": ["$a", 2]}},
    ],
    ids=str,
)
def test_validators(twins: CatalogTwins, validator: Command, options: Command) -> None:
    twins.alike({"create": "c", "validator": validator, **options})
    twins.alike({**INSERT, "ordered": False})
    twins.alike({**INSERT, "bypassDocumentValidation": True, "ordered": False})
    for change in {"$set": {"a": -5}}, {"$set": {"a": 1, "b": 1}}, {"a": 7}, [{"$set": {"a": "x"}}]:
        twins.alike({"update": "c", "updates": [{"q": {"_id": 2}, "u": change}]})
        twins.alike({"findAndModify": "c", "query": {"_id": 3}, "update": change, "new": True})
        twins.alike({"update": "c", "updates": [{"q": {"_id": 9}, "u": change, "upsert": True}]})
    twins.alike({"aggregate": "c", "pipeline": [{"$match": {"_id": 2}}, {"$merge": "c"}], "cursor": {}})
    twins.alike({**FIND, "sort": {"_id": 1}})
    parts = "valid", "nNonCompliantDocuments", "errors", "warnings", "keysPerIndex", "nIndexes"
    twins.alike({"validate": "c"}, parts)
    twins.alike({"collMod": "c", "validator": {}})
    twins.alike({"listCollections": 1})


def test_capped_collections(twins: CatalogTwins) -> None:
    twins.alike({"create": "c", "capped": True, "size": 512, "max": 10})
    for number in range(25):
        twins.alike({"insert": "c", "documents": [{"_id": number, "a": "y" * number}]})
        twins.alike(FIND)
    twins.alike({"update": "c", "updates": [{"q": {"_id": 24}, "u": {"$set": {"a": "x" * 400}}}]})
    twins.alike({"insert": "c", "documents": [{"_id": 99}]})
    twins.alike({**FIND, "sort": {"$natural": -1}})
    twins.alike({"delete": "c", "deletes": [{"q": {}, "limit": 1}]})
    twins.alike({"collMod": "c", "cappedSize": 5000, "cappedMax": 3})
    twins.alike({"insert": "c", "documents": [{"_id": number} for number in range(5)]})
    twins.alike(FIND)
    twins.alike({"collStats": "c"}, parts=("ns", "size", "count", "avgObjSize", "capped", "max", "maxSize"))
    twins.alike({"convertToCapped": "c", "size": 100})
    twins.alike({"listCollections": 1})


MODIFICATIONS: list[Any] = [
    5,
    {},
    {"name": "i"},
    {"name": "i", "hidden": True},
    {"name": "i", "hidden": False},
    {"name": "i", "expireAfterSeconds": 5},
    {"keyPattern": {"a": 1}, "expireAfterSeconds": 2**40, "hidden": 1},
    {"name": "i", "expireAfterSeconds": -1},
    {"name": "nope", "hidden": True},
    {"keyPattern": {"b": 1}, "hidden": True},
    {"name": "_id_", "hidden": True},
    {"name": "i", "unique": True},
    {"name": "i", "prepareUnique": True},
    {"name": "i", "foo": 1},
]


@pytest.mark.parametrize("change", MODIFICATIONS, ids=str)
def test_modifying_an_index(twins: CatalogTwins, change: Any) -> None:
    twins.alike(INSERT)
    twins.alike(create(index({"a": 1})))
    for _ in range(2):
        twins.alike({"collMod": "c", "index": change})
    twins.alike({"insert": "c", "documents": [{"_id": 7, "a": 1}]})
    twins.alike({"collMod": "c", "index": {"name": "i", "unique": True}})
    twins.alike(LIST)


@pytest.mark.parametrize(
    "command",
    [
        {"renameCollection": "%.c", "to": "%.d"},
        {"renameCollection": "%.c", "to": "%.e"},
        {"renameCollection": "%.c", "to": "%.e", "dropTarget": True},
        {"renameCollection": "%.c", "to": "%.c"},
        {"renameCollection": "%.x", "to": "%.d"},
        {"renameCollection": "c", "to": "d"},
        {"renameCollection": "%.c", "to": "d"},
        {"renameCollection": "%.c", "to": "%.$d"},
        {"renameCollection": "%.c", "to": "%.d", "dropTarget": 5},
        {"renameCollection": "%.c"},
    ],
    ids=str,
)
def test_renaming(twins: CatalogTwins, command: Command) -> None:
    twins.alike(INSERT)
    twins.alike(create(index({"a": 1})))
    twins.alike({"insert": "e", "documents": [{"_id": 1}]})
    twins.alike(command, admin=True)
    for name in "c", "d", "e":
        twins.alike({"find": name})
        twins.alike({"listIndexes": name})


HINTED: list[Command] = [
    {"hint": "ab"},
    {"hint": {"b": 1}},
    {"hint": "p", "filter": {"a": 1}},
    {"hint": "h"},
    {"hint": "nope"},
    {"hint": 5},
    {"hint": {"$natural": -1}},
    {"hint": {"$natural": 1, "a": 1}},
    {"hint": {"a": 1}, "sort": {"$natural": 1}},
    {"sort": {"$natural": -1}, "skip": 1, "limit": 2},
    {"min": {"b": 2}, "max": {"b": 4}, "hint": "b"},
    {"min": {"a": 1, "b": 3}, "hint": "ab"},
    {"min": {"b": 2}},
    {"min": {"b": 4}, "max": {"b": 2}, "hint": "b"},
    {"min": {"a": 2}, "hint": "b"},
    {"returnKey": True, "hint": "ab"},
    {"returnKey": True, "filter": {"b": {"$gt": 2}}, "sort": {"b": 1}},
    {"returnKey": True, "filter": {"_id": 2}},
    {"returnKey": 5},
    {"showRecordId": True, "sort": {"_id": -1}, "projection": {"a": 1}},
    {"maxTimeMS": -1},
    {"maxTimeMS": "x"},
]


@pytest.fixture
def indexed(twins: CatalogTwins) -> CatalogTwins:
    documents = [{"_id": number, "a": number % 3, "b": 5 - number, "l": [number, 7]} for number in range(6)]
    twins.alike({"insert": "c", "documents": [*documents, {"_id": 9}]})
    twins.alike(
        create(
            index({"a": 1, "b": -1}, "ab"),
            index({"b": 1}, "b", sparse=True),
            index({"a": 1}, "p", partialFilterExpression={"a": {"$gt": 1}}),
            index({"h": 1}, "h", hidden=True),
            index({"l": 1}, "l"),
        )
    )
    return twins


def test_hints(indexed: CatalogTwins) -> None:
    for options in HINTED:
        indexed.alike({**FIND, **options})
        if options.keys() <= {"hint", "filter"}:
            hint = {name: value for name, value in options.items() if name == "hint"}
            indexed.alike({"count": "c", "query": options.get("filter", {}), **hint})


PLANNED: list[Command] = [
    {},
    {"filter": {"_id": 3}},
    {"filter": {"a": 2}},
    {"filter": {"a": 1, "b": {"$lt": 5}}},
    {"filter": {"a": {"$in": [0, 2]}}, "sort": {"z": 1}, "limit": 2},
    {"filter": {"b": {"$gte": 1, "$lt": 4}}},
    {"filter": {"b": None}},
    {"filter": {"l": {"$gt": 3}}},
    {"filter": {"l": Regex("^x")}},
    {"filter": {"h": 1}},
    {"filter": {"z": {"$gt": 1}, "y": 2}, "skip": 1, "projection": {"a": 1}},
    {"filter": {"a": 1}, "sort": {"b": 1}},
    {"filter": {"a": 1}, "projection": {"a": 1, "_id": 0}},
    {"hint": {"$natural": -1}},
]


def test_plans(indexed: CatalogTwins) -> None:
    for options in PLANNED:
        command = {"explain": {**FIND, **options}, "verbosity": "queryPlanner"}
        server = indexed._database.command(command)["queryPlanner"]
        engine = indexed._engine.command(indexed._name, command)["queryPlanner"]
        assert _stages(engine["winningPlan"]) == _stages(server["winningPlan"]), options
        assert engine["parsedQuery"] == server["parsedQuery"], options


def _stages(plan: Command) -> list[Any]:
    told = [plan["stage"], *(plan.get(name) for name in ("filter", "indexName", "indexBounds", "direction"))]
    return [told, *(_stages(plan["inputStage"]) if "inputStage" in plan else ())]
