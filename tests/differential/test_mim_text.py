"""Text search against a server: what is found, and the scores."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from differential.test_mim_core import Twins, thorough
from hypothesis import given
from hypothesis import strategies as st

pytestmark = pytest.mark.mongod

Document = dict[str, Any]

SCORE = {"$meta": "textScore"}
DOCUMENTS: list[Document] = [
    {"_id": 1, "t": "running dogs", "b": "cat", "n": 1},
    {"_id": 2, "t": "The quick brown fox jumps over the lazy dog dog", "n": 2},
    {"_id": 3, "t": "dog"},
    {"_id": 4, "t": ["Dog cat", "cat"], "b": ["a dog's life", "dog dog dog cats"]},
    {"_id": 5, "t": "café CAFE Café"},
    {"_id": 6, "t": 5},
    {"_id": 7, "t": {"x": "dog"}},
    {"_id": 8, "t": "don't stop the dogs' running, o'neil", "language": "none"},
    {"_id": 9, "s": [{"t": "dog"}, {"t": "cats running", "language": "none"}], "t": "x"},
    {"_id": 10},
    {"_id": 11, "t": ""},
    {"_id": 12, "t": "naïve Ünïcödé, 日本語 x_y 1,000"},
]
INDEXES: list[tuple[Document, Document]] = [
    ({"t": "text"}, {}),
    ({"t": "text", "b": "text"}, {"weights": {"b": 10}}),
    ({"$**": "text"}, {"weights": {"t": 3}}),
    ({"t": "text", "s.t": "text"}, {"default_language": "none"}),
    ({"t": "text", "n": 1}, {"language_override": "lang"}),
]
SEARCHES = [
    *("dog", "dogs cat", "quick", "café", '"quick brown"', '"cat dog"', "running", "-dog cat", "dog -quick"),
    *(
        "the",
        "",
        '"dog dog"',
        '-"lazy dog" dog cat',
        "o'neil",
        "UNICODE",
        "x_y",
        "日本語",
        "running -dogs",
        "000",
    ),
]


@pytest.fixture(scope="module")
def twins(mongod_uri: str) -> Iterator[Twins]:
    made = Twins(mongod_uri)
    yield made
    made.close()


def index(twins: Twins, key: Document, **options: Any) -> None:
    twins.agree({"createIndexes": "c", "indexes": [{"key": key, "name": "text", **options}]})


def find(twins: Twins, search: str, **options: Any) -> None:
    twins.agree(
        {
            "find": "c",
            "filter": {"$text": {"$search": search, **options}},
            "projection": {"_id": 1, "score": SCORE},
            "sort": {"_id": 1},
        }
    )


@pytest.mark.parametrize(("key", "options"), INDEXES)
@pytest.mark.parametrize(
    "flags", [{}, {"$caseSensitive": True}, {"$diacriticSensitive": True}, {"$language": "none"}]
)
def test_searches(twins: Twins, key: Document, options: Document, flags: Document) -> None:
    twins.start(DOCUMENTS)
    index(twins, key, **options)
    for search in SEARCHES:
        find(twins, search, **flags)


WORDS = st.sampled_from(["dog", "Cats", "the", "running", "é", "x", "don't", "generously", "skies"])
SEARCHED = st.lists(WORDS | st.sampled_from([" ", " ", "-", '"', ".", "\n", "\t", "'"]), max_size=8).map(
    "".join
)
TEXTS = st.lists(st.lists(WORDS, max_size=5).map(" ".join), min_size=1, max_size=4)


@thorough
@given(TEXTS, SEARCHED)
def test_any_texts(twins: Twins, texts: list[str], search: str) -> None:
    twins.start([{"_id": at, "t": text} for at, text in enumerate(texts)])
    index(twins, {"t": "text"})
    find(twins, search)


PIPELINES: list[list[Document]] = [
    [{"$sort": {"_id": 1}}, {"$project": {"s": SCORE}}],
    [{"$sort": {"s": SCORE, "_id": -1}}],
    [{"$addFields": {"s.t": SCORE}}, {"$sort": {"s.t": -1, "_id": 1}}],
    [{"$group": {"_id": None, "s": {"$sum": SCORE}}}],
    [{"$sort": {"_id": 1}}, {"$unwind": "$t"}, {"$project": {"t": 1, "s": {"$add": [SCORE, 1]}}}],
    [{"$project": {"s": {"$meta": "nothing"}}}],
    [{"$project": {"s": {"$meta": 1}}}],
    [{"$sort": {"s": {"$meta": "nothing"}}}],
    [{"$sort": {"s": {"$other": "textScore"}}}],
    [{"$sort": {"s": {"$meta": "textScore", "x": 1}}}],
    [{"$match": {"$text": {"$search": "cat"}}}],
]


@pytest.mark.parametrize("stages", PIPELINES)
def test_scores_in_pipelines(twins: Twins, stages: list[Document]) -> None:
    twins.start(DOCUMENTS)
    index(twins, {"t": "text"})
    first = {"$match": {"$text": {"$search": "dog cat"}}}
    twins.agree({"aggregate": "c", "pipeline": [first, *stages], "cursor": {}})


COMMANDS: list[Document] = [
    {"find": "c", "filter": {"$text": {"$search": "dog"}}, "sort": {"s": SCORE, "_id": 1}},
    {"find": "c", "filter": {}, "projection": {"s": SCORE}},
    {"find": "c", "filter": {}, "sort": {"s": SCORE}},
    {
        "find": "c",
        "filter": {"$text": {"$search": "dog"}},
        "projection": {"s.t": SCORE, "t": 0},
        "sort": {"_id": 1},
    },
    {"find": "none", "filter": {"$text": {"$search": "dog"}}},
    {"count": "c", "query": {"$text": {"$search": "dog"}, "_id": {"$gt": 2}}},
    {"aggregate": "c", "pipeline": [{"$match": {"$expr": {"$gt": [SCORE, 1]}}}], "cursor": {}},
    {"findAndModify": "c", "query": {"$text": {"$search": "dog"}}, "sort": {"s": SCORE}, "remove": True},
    *(
        {"find": "c", "filter": query}
        for query in (
            {"$text": 5},
            {"$text": {}},
            {"$text": {"$search": 5}},
            {"$text": {"$search": "a", "$other": 1}},
            {"$text": {"$search": "a", "$caseSensitive": 1}},
            {"$text": {"$search": "a", "$language": "klingon"}},
            {"$nor": [{"$text": {"$search": "dog"}}]},
            {"$and": [{"$text": {"$search": "dog"}}, {"$text": {"$search": "cat"}}]},
            {"t": {"$elemMatch": {"$text": {"$search": "dog"}}}},
            {"$text": {"$search": "dog"}, "t": {"$near": [0, 0]}},
        )
    ),
    *(
        {"insert": "c", "documents": [{"_id": 20, "t": "dogs", "language": language}]}
        for language in ("none", 5, "klingon", None, "")
    ),
]


@pytest.mark.parametrize("command", COMMANDS, ids=str)
def test_commands(twins: Twins, command: Document) -> None:
    twins.start(DOCUMENTS)
    index(twins, {"t": "text"})
    twins.agree(command)


def test_without_an_index(twins: Twins) -> None:
    twins.start(DOCUMENTS)
    find(twins, "dog")
