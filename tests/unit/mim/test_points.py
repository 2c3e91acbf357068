"""Point queries are answered as they would be by the general way of commands, which they avoid."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import Any

import pytest
from bson import Decimal128, Int64, ObjectId, Regex
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ming.mim.commands import reading, writing
from ming.mim.commands.core import Engine
from ming.mim.data.errors import CommandError

Document = dict[str, Any]

SCALARS = st.sampled_from(
    [
        *(0, 1, 2, Int64(1), 1.0, 0.5, float("nan"), Decimal128("1"), Decimal128("NaN"), True, False, None),
        *("", "a", "A", "b", datetime(2020, 1, 1), ObjectId("5f" * 12), b"a", Regex("a")),
    ]
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
)
DOCUMENTS = st.lists(st.dictionaries(st.sampled_from(["a", "b"]), VALUES, max_size=2), min_size=1, max_size=5)
QUERIES = st.dictionaries(
    st.sampled_from(["_id", "a", "b", "a.b", "a.0", "$comment", ""]), VALUES, min_size=1, max_size=2
)
INDEXES = st.lists(
    st.sampled_from(
        [
            {"key": {"a": 1}},
            {"key": {"b": -1}},
            {"key": {"a.b": 1}},
            {"key": {"a": 1, "b": 1}},
            {"key": {"b": 1}, "sparse": True},
            {"key": {"a": 1}, "collation": {"locale": "en", "strength": 2}},
            {"key": {"a": 1}, "partialFilterExpression": {"a": {"$gt": 0}}},
            {"key": {"a": "hashed"}},
        ]
    ),
    max_size=3,
)
COLLATIONS = st.sampled_from([None, {"locale": "en", "strength": 2}])
UPDATES = st.sampled_from(
    [{"$inc": {"n": 1}}, {"$set": {"a": 1}}, {"$set": {"a.$": 7}}, {"$unset": {"a": 1}}, {"b": 2}]
)


def engine_with(documents: list[Document], indexes: list[Document], collation: Document | None) -> Engine:
    engine = Engine()
    engine.command("db", {"create": "c", **({"collation": collation} if collation else {})})
    engine.command(
        "db",
        {
            "insert": "c",
            "documents": [{"_id": at, **document} for at, document in enumerate(documents)],
            "ordered": False,
        },
    )
    for at, index in enumerate(indexes):
        # Some do not go together, and arrays do not go into every index.
        with suppress(CommandError):
            engine.command("db", {"createIndexes": "c", "indexes": [{**index, "name": str(at)}]})
    return engine


def outcome(act: Callable[[], Any]) -> str:
    # NaN is not equal to itself, but looks the same.
    try:
        return repr(act())
    except CommandError as error:
        return repr(error)


@settings(max_examples=100)
@given(DOCUMENTS, INDEXES, COLLATIONS, QUERIES)
@example([{"a": "A"}, {"a": "a"}], [{"key": {"a": 1}}], {"locale": "en", "strength": 2}, {"a": "a"})
@example([{"a": [1, 2]}, {"a": 1}], [{"key": {"a": 1}}], None, {"a": 1})
def test_reads(documents: list[Document], indexes: list[Document], collation: Any, query: Document) -> None:
    engine = engine_with(documents, indexes, collation)
    point = {"find": "c", "filter": query, "limit": 1, "singleBatch": True}
    assert outcome(lambda: engine.command("db", point)) == outcome(
        lambda: engine.command("db", {**point, "skip": 0})
    )


def written(
    command: Document, documents: list[Document], indexes: list[Document], collation: Any
) -> tuple[str, str]:
    """Return the reply of a command and what is in the collection then."""
    engine = engine_with(documents, indexes, collation)
    reply = outcome(lambda: engine.command("db", command))
    return reply, repr(engine.command("db", {"find": "c", "filter": {}}))


@settings(max_examples=60)
@given(DOCUMENTS, INDEXES, COLLATIONS, QUERIES, UPDATES, st.booleans())
@example([{"a": [1, 2, 1]}], [{"key": {"a": 1}}], None, {"a": 1}, {"$set": {"a.$": 7}}, True)
def test_updates(
    documents: list[Document],
    indexes: list[Document],
    collation: Any,
    query: Document,
    update: Document,
    multi: bool,
) -> None:
    statement = {"q": query, "u": update, "multi": multi}
    point = {"update": "c", "updates": [statement]}
    general = {"update": "c", "updates": [{**statement, "sort": {}}]}
    assert written(point, documents, indexes, collation) == written(general, documents, indexes, collation)


@settings(max_examples=60)
@given(DOCUMENTS, INDEXES, COLLATIONS, QUERIES, st.integers(0, 1))
def test_deletes(
    documents: list[Document], indexes: list[Document], collation: Any, query: Document, limit: int
) -> None:
    statement = {"q": query, "limit": limit}
    point = {"delete": "c", "deletes": [statement]}
    general = {"delete": "c", "deletes": [{**statement, "collation": {}}]}
    assert written(point, documents, indexes, collation) == written(general, documents, indexes, collation)


@pytest.mark.parametrize("query", [{"_id": 1}, {"a": "x"}])
def test_nothing_is_compiled(monkeypatch: pytest.MonkeyPatch, query: Document) -> None:
    engine = engine_with([{"a": "y"}, {"a": "x"}], [{"key": {"a": 1}}], None)

    def refuse(*args: Any) -> None:
        raise AssertionError("compiled")

    monkeypatch.setattr(reading, "compile_filter", refuse)
    monkeypatch.setattr(writing, "compile_filter", refuse)
    found = engine.command("db", {"find": "c", "filter": query, "limit": 1, "singleBatch": True})
    assert found["cursor"]["firstBatch"] == [{"_id": 1, "a": "x"}]
    update = {"q": query, "u": {"$set": {"b": 1}}}
    assert engine.command("db", {"update": "c", "updates": [update]})["nModified"] == 1
    assert engine.command("db", {"delete": "c", "deletes": [{"q": query, "limit": 1}]})["n"] == 1
