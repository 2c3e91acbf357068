"""The embedded engine against a server: the same commands over the same documents must give the same replies.

Replies are compared as BSON: value types and the order of keys count. Errors are compared by code.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import bson
import pymongo
import pytest
from bson.codec_options import CodecOptions, DatetimeConversion
from differential.mim_cases import (
    ANY_VALUES,
    EXPRESSIONS,
    FIELDS,
    PATHS,
    PROJECTIONS,
    SORTS,
    UPDATES,
    VALUES,
    documents,
    filters,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pymongo.errors import OperationFailure

from ming.mim.commands.core import Engine
from ming.mim.data.errors import CommandError

pytestmark = pytest.mark.mongod
# The same cases in every run: a disagreement in a corner is found by raising the number, not by a failing build.
thorough = settings(
    max_examples=150,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

Command = dict[str, Any]
Outcome = tuple[Any, ...]


ANYTHING = CodecOptions[dict[str, Any]](
    datetime_conversion=DatetimeConversion.DATETIME_AUTO, unicode_decode_error_handler="replace"
)
"""Decodes dates that `datetime` cannot hold, too, and messages that quote half a character."""


class Twins:
    """An engine and a server's database that get the same commands."""

    def __init__(self, uri: str) -> None:
        self._client: pymongo.MongoClient[dict[str, Any]] = pymongo.MongoClient(uri)
        self._name = f"mim_{uuid.uuid4().hex[:12]}"
        self._database = self._client[self._name]
        self._engine = Engine()

    def start(self, stored: list[dict[str, Any]]) -> None:
        """Put the same documents into both, in an otherwise empty collection."""
        self._database.c.delete_many({})
        self._database.c.drop_indexes()
        self._engine = Engine()
        self.agree({"insert": "c", "documents": stored})

    def agree(self, command: Command, ordered: bool = True, codes: bool = True) -> None:
        """Run a command on both and check that the outcomes are the same.

        Args:
            command: The command document.
            ordered: Whether the order of results counts.
            codes: Whether the codes of errors count.
        """
        server = _outcome(lambda: self._database.command(command, codec_options=ANYTHING), ordered)
        engine = _outcome(lambda: self._engine.command(self._name, command), ordered)
        if codes or (server[0], engine[0]) != ("error", "error"):
            assert engine == server, command

    def agree_on_contents(self) -> None:
        """Check that both hold the same documents."""
        self.agree({"find": "c", "sort": {"_id": 1}})

    def close(self) -> None:
        self._client.drop_database(self._name)
        self._client.close()


OF_REPLICATION = frozenset(("$clusterTime", "operationTime", "electionId", "opTime", "commitQuorum"))


def _outcome(run: Callable[[], dict[str, Any]], ordered: bool) -> Outcome:
    try:
        reply = run()
    except (OperationFailure, CommandError) as error:
        return ("error", error.code)
    return (
        "reply",
        [_comparable(name, reply[name], ordered) for name in sorted(reply) if name not in OF_REPLICATION],
    )


def _comparable(name: str, value: Any, ordered: bool) -> Any:
    if name == "writeErrors":
        return name, [(error["index"], error["code"]) for error in value]
    if name == "cursor":
        value = value["firstBatch"]
    if isinstance(value, list) and not ordered:
        value = sorted(value, key=repr)
    return name, bson.encode({"": value})


@pytest.fixture(scope="module")
def twins(mongod_uri: str) -> Iterator[Twins]:
    made = Twins(mongod_uri)
    yield made
    made.close()


@thorough
@given(documents(), filters(), SORTS)
def test_find(twins: Twins, stored: list[dict[str, Any]], query: Command, sort: Command) -> None:
    twins.start(stored)
    twins.agree({"find": "c", "filter": query, "sort": sort})
    twins.agree({"count": "c", "query": query})


@thorough
@given(documents(ANY_VALUES), filters(ANY_VALUES), SORTS)
def test_find_exotic_values(
    twins: Twins, stored: list[dict[str, Any]], query: Command, sort: Command
) -> None:
    twins.start(stored)
    twins.agree({"find": "c", "filter": query, "sort": sort})


@thorough
@given(documents(), filters(), PROJECTIONS)
def test_projection(twins: Twins, stored: list[dict[str, Any]], query: Command, projection: Command) -> None:
    twins.start(stored)
    twins.agree({"find": "c", "projection": projection, "sort": {"_id": 1}})


@thorough
@given(documents(), st.sampled_from(["a", "a.b", "a.0", "b.x"]))
def test_distinct(twins: Twins, stored: list[dict[str, Any]], key: str) -> None:
    twins.start(stored)
    twins.agree({"distinct": "c", "key": key}, ordered=False)


@thorough
@given(documents(), filters(), UPDATES, st.booleans())
def test_update(twins: Twins, stored: list[dict[str, Any]], query: Command, update: Any, multi: bool) -> None:
    twins.start(stored)
    twins.agree({"update": "c", "updates": [{"q": query, "u": update, "multi": multi}]})
    twins.agree_on_contents()


@thorough
@given(st.dictionaries(PATHS, VALUES | VALUES.map(lambda value: {"$eq": value}), max_size=2), UPDATES)
def test_upsert(twins: Twins, query: Command, update: Any) -> None:
    twins.start([{"_id": 0}])
    twins.agree({"update": "c", "updates": [{"q": {**query, "_id": 50}, "u": update, "upsert": True}]})
    twins.agree_on_contents()


@thorough
@given(documents(), UPDATES, st.booleans())
def test_update_everything(twins: Twins, stored: list[dict[str, Any]], update: Any, multi: bool) -> None:
    twins.start(stored)
    twins.agree({"update": "c", "updates": [{"q": {}, "u": update, "multi": multi}]})
    twins.agree_on_contents()


@thorough
@given(documents(), filters(), SORTS, UPDATES, PROJECTIONS, st.booleans())
def test_find_and_modify(
    twins: Twins,
    stored: list[dict[str, Any]],
    query: Command,
    sort: Command,
    update: Any,
    fields: Command,
    new: bool,
) -> None:
    twins.start(stored)
    twins.agree(
        {"findAndModify": "c", "query": query, "sort": sort, "update": update, "fields": fields, "new": new}
    )
    twins.agree_on_contents()


@thorough
@given(documents(), filters(), st.sampled_from([0, 1]))
def test_delete(twins: Twins, stored: list[dict[str, Any]], query: Command, limit: int) -> None:
    twins.start(stored)
    twins.agree({"delete": "c", "deletes": [{"q": query, "limit": limit}]})
    twins.agree_on_contents()


@thorough
@given(documents(), EXPRESSIONS)
def test_expressions(twins: Twins, stored: list[dict[str, Any]], expression: Any) -> None:
    twins.start(stored)
    twins.agree(
        {
            "aggregate": "c",
            "pipeline": [{"$sort": {"_id": 1}}, {"$addFields": {"v": expression}}],
            "cursor": {},
        },
        codes=False,
    )
    twins.agree({"find": "c", "filter": {"$expr": expression}, "sort": {"_id": 1}}, codes=False)


@thorough
@given(
    documents(),
    st.sampled_from(["$a", "$b", "$a.b", "$none", {"p": "$a", "q": "$b"}, None]),
    st.lists(
        st.sampled_from(["$sum", "$avg", "$min", "$max", "$first", "$last", "$push"]), min_size=1, max_size=3
    ),
)
def test_group(twins: Twins, stored: list[dict[str, Any]], key: Any, accumulators: list[str]) -> None:
    twins.start(stored)
    fields = {f"f{at}": {name: "$x"} for at, name in enumerate(accumulators)}
    stages = [{"$sort": {"_id": 1}}, {"$group": {"_id": key, **fields}}]
    twins.agree({"aggregate": "c", "pipeline": stages, "cursor": {}}, ordered=False)


@thorough
@given(
    st.lists(st.dictionaries(st.sampled_from(["a", "b"]), VALUES, max_size=2), max_size=4),
    st.sampled_from([{"a": 1}, {"a": 1, "b": -1}, {"a.b": 1}, {"a.0": 1}, {"a.x": 1, "a.b": 1}]),
    st.sampled_from([{}, {"sparse": True}, {"partialFilterExpression": {"b": {"$exists": True}}}]),
    st.dictionaries(FIELDS, VALUES, max_size=1),
)
def test_unique_index(
    twins: Twins, inserted: list[dict[str, Any]], key: Command, options: Command, changes: Command
) -> None:
    twins.start([{"_id": "first"}])
    twins.agree({"delete": "c", "deletes": [{"q": {}, "limit": 0}]})
    twins.agree({"createIndexes": "c", "indexes": [{"key": key, "name": "i", "unique": True, **options}]})
    twins.agree({"insert": "c", "documents": [{"_id": -1}, *inserted_with_ids(inserted)], "ordered": False})
    twins.agree({"update": "c", "updates": [{"q": {"_id": 0}, "u": {"$set": {"a": changes}}}]})
    twins.agree_on_contents()
    twins.agree({"dropIndexes": "c", "index": "*"})


def inserted_with_ids(inserted: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"_id": at, **document} for at, document in enumerate(inserted)]
