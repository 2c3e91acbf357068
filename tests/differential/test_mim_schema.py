"""``$jsonSchema`` and the explanation of validation failures, against a server."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import bson
import pymongo
import pytest
from differential.mim_cases import ANY_VALUES, NUMBERS, SCALARS, VALUES, documents, filters
from differential.test_mim_core import Twins, thorough
from hypothesis import given
from hypothesis import strategies as st
from pymongo.errors import OperationFailure, WriteError

from ming.mim.data.values import from_wire
from ming.mim.queries.filters import compile_filter
from ming.mim.storage.validation_errors import explain_failure

pytestmark = pytest.mark.mongod

Document = dict[str, Any]

TYPES = st.sampled_from(["int", "double", "string", "object", "array", "bool", "null", "number", "long"])
JSON_TYPES = st.sampled_from(["string", "number", "object", "array", "boolean", "null", "integer"])
NAMES = st.sampled_from(["a", "b", "x"])
SIZES = st.integers(-1, 3)
LEAVES: dict[str, st.SearchStrategy[Any]] = {
    "bsonType": TYPES | st.lists(TYPES, max_size=2),
    "type": JSON_TYPES | st.lists(JSON_TYPES, max_size=2),
    "minimum": NUMBERS,
    "maximum": NUMBERS | st.just("a"),
    "exclusiveMinimum": st.booleans(),
    "exclusiveMaximum": st.booleans(),
    "multipleOf": st.sampled_from([1, 2, 0.5, 0, 1e10, float("inf")]),
    **dict.fromkeys(
        ("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"), SIZES
    ),
    "pattern": st.sampled_from(["^a", "b$", "."]),
    "enum": st.lists(VALUES, max_size=3),
    "uniqueItems": st.booleans(),
    "required": st.lists(NAMES, max_size=2),
    "additionalProperties": st.booleans(),
    "title": st.sampled_from(["T", 1]),
    "description": st.just("D"),
    "format": st.just("date"),
}


def _nested(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    several = st.lists(inner, max_size=2)
    return st.fixed_dictionaries(
        {},
        optional={
            "properties": st.dictionaries(NAMES, inner, max_size=2),
            "patternProperties": st.dictionaries(st.sampled_from(["^a", "[bx]"]), inner, max_size=2),
            "additionalProperties": inner,
            "items": inner | several,
            "additionalItems": inner | st.booleans(),
            "dependencies": st.dictionaries(NAMES, inner | st.lists(NAMES, max_size=2), max_size=1),
            "allOf": several,
            "anyOf": several,
            "oneOf": several,
            "not": inner,
            **LEAVES,
        },
    ).map(_thinned)


def _thinned(schema: Document) -> Document:
    # With all the keywords at once nothing would ever match.
    return dict(list(schema.items())[:3])


SCHEMAS = st.recursive(
    st.dictionaries(st.sampled_from(sorted(LEAVES)), st.none(), max_size=2).flatmap(
        lambda chosen: st.fixed_dictionaries({name: LEAVES[name] for name in chosen})
    ),
    _nested,
    max_leaves=4,
)


@pytest.fixture(scope="module")
def twins(mongod_uri: str) -> Iterator[Twins]:
    made = Twins(mongod_uri)
    yield made
    made.close()


@thorough
@given(documents(ANY_VALUES), st.lists(SCHEMAS, min_size=3, max_size=3))
def test_schemas_select_alike(twins: Twins, stored: list[Document], schemas: list[Document]) -> None:
    twins.start(stored)
    for schema in schemas:
        twins.agree({"find": "c", "filter": {"$jsonSchema": schema}, "sort": {"_id": 1}})
        twins.agree(
            {"find": "c", "filter": {"$jsonSchema": {"properties": {"a": schema}}}, "sort": {"_id": 1}}
        )


# -- explanations -------------------------------------------------------------------------------------


class Guarded:
    """A collection of a server whose validator can be exchanged."""

    def __init__(self, uri: str) -> None:
        self._client: pymongo.MongoClient[Document] = pymongo.MongoClient(uri)
        self._database = self._client[f"mim_{uuid.uuid4().hex[:12]}"]
        self._database.create_collection("c")

    def set_validator(self, query: Document) -> bool:
        """Exchange the validator; return whether the server takes it."""
        try:
            self._database.command("collMod", "c", validator=query)
        except OperationFailure:
            return False
        return True

    def explanation(self, document: Document) -> Document | None:
        """Return why a document is refused, None if it is not."""
        try:
            self._database.c.insert_one(dict(document))
        except WriteError as error:
            return dict((error.details or {})["errInfo"]["details"])
        return None

    def close(self) -> None:
        self._client.drop_database(self._database.name)
        self._client.close()


@pytest.fixture(scope="module")
def guarded(mongod_uri: str) -> Iterator[Guarded]:
    made = Guarded(mongod_uri)
    yield made
    made.close()


def check_explanations(guarded: Guarded, query: Document, stored: list[Document]) -> None:
    if not guarded.set_validator(query):
        return
    kept = from_wire({"query": query})["query"]
    matches = compile_filter(kept).matches
    for document in stored:
        named = from_wire({**document, "_id": uuid.uuid4().hex})
        wanted = guarded.explanation(named)
        made = None if matches(named) else explain_failure(kept, named)
        assert (made and bson.encode(made)) == (wanted and bson.encode(wanted)), (query, document)


@thorough
@given(documents(SCALARS), SCHEMAS)
def test_failed_schemas_are_explained_alike(
    guarded: Guarded, stored: list[Document], schema: Document
) -> None:
    check_explanations(guarded, {"$jsonSchema": {"properties": {"a": schema}, "required": ["_id"]}}, stored)
    if "required" not in schema:
        check_explanations(guarded, {"$jsonSchema": schema}, stored)


@thorough
@given(documents(), filters())
def test_failed_filters_are_explained_alike(
    guarded: Guarded, stored: list[Document], query: Document
) -> None:
    check_explanations(guarded, query, stored)
