"""Collations of the embedded engine against a server."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from differential.test_mim_core import Command, Twins
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ming.mim.commands.core import Engine

pytestmark = pytest.mark.mongod
agreeing = settings(
    max_examples=40,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

CHARACTERS = [
    *"aAbBzZ019 -_.,;'\"$+#@~ßéÉèüÜæÆøØåñÑłŁčçÇąńśșйиЯёαΩςσά½²①·٣€ﬁǅ\t\0",
    *"\u0301 \u0308 \u0327 \u0323 \u0306 \uff21 10 07 ss ae".split(),
]
TEXTS = st.lists(st.sampled_from(CHARACTERS), max_size=4).map("".join)
WORDS = st.sampled_from(["a", "A", "á", "Á", "ab", "a-b", "A b", "b", "B", "z", "2", "10", "", "ß", "SS"])
VALUES = st.one_of(
    WORDS,
    st.sampled_from([1, 2.5, None, True]),
    st.lists(WORDS | st.just(1), max_size=3),
    st.dictionaries(st.sampled_from("xy"), WORDS | st.lists(WORDS, max_size=2), max_size=2),
)
SIMPLE_VALUES = WORDS | st.sampled_from([1, None])
"""Without documents, of which a server's error messages cannot be decoded if their strings are collated."""
OPTIONS: dict[str, st.SearchStrategy[Any]] = {
    "strength": st.integers(1, 5),
    "caseLevel": st.booleans(),
    "caseFirst": st.sampled_from(["off", "upper", "lower"]),
    "numericOrdering": st.booleans(),
    "alternate": st.sampled_from(["shifted", "non-ignorable"]),
    "maxVariable": st.sampled_from(["punct", "space"]),
    "normalization": st.booleans(),
    "backwards": st.booleans(),
}
LOCALES = st.sampled_from("en de es fr fr_CA it nl pl pt ro ru simple".split())
COLLATIONS = st.fixed_dictionaries({"locale": LOCALES}, optional=OPTIONS)
"""Collations, a few of them contradictory."""
FEW = st.sampled_from(
    [
        {"locale": "en", "strength": 1},
        {"locale": "en", "strength": 2},
        {"locale": "en", "strength": 1, "caseLevel": True},
        {"locale": "de", "alternate": "shifted"},
        {"locale": "fr", "numericOrdering": True},
        {"locale": "simple"},
    ]
)


def documents(values: st.SearchStrategy[Any]) -> st.SearchStrategy[list[dict[str, Any]]]:
    """Up to six documents with ``_id`` 0, 1, ..."""
    fields = st.dictionaries(st.sampled_from("ab"), values, min_size=1)
    return st.lists(fields, min_size=1, max_size=6).map(
        lambda made: [{"_id": at, **document} for at, document in enumerate(made)]
    )


class CollatedTwins(Twins):
    """Twins that can have a collection with a collation."""

    def start_collated(self, collation: Any, stored: Sequence[dict[str, Any]] = ()) -> None:
        """Put the same documents into both, in a new collection with a collation."""
        self._database.drop_collection("c")
        self._engine = Engine()
        self.agree({"create": "c", "collation": collation})
        if stored:
            self.agree({"insert": "c", "documents": stored, "ordered": False})


@pytest.fixture(scope="module")
def twins(mongod_uri: str) -> Iterator[CollatedTwins]:
    made = CollatedTwins(mongod_uri)
    yield made
    made.close()


# -- order and equality of strings --------------------------------------------------------------------


@settings(agreeing, max_examples=80)
@given(st.lists(TEXTS, min_size=2, max_size=30, unique=True), COLLATIONS)
def test_order(twins: Twins, texts: list[str], collation: Command) -> None:
    twins.start([{"_id": at, "a": text} for at, text in enumerate(texts)])
    twins.agree({"find": "c", "sort": {"a": 1, "_id": 1}, "projection": {"a": 1}, "collation": collation})


@agreeing
@given(st.lists(TEXTS, min_size=2, max_size=20), COLLATIONS)
def test_equality(twins: Twins, texts: list[str], collation: Command) -> None:
    twins.start([{"_id": at, "a": text} for at, text in enumerate(texts)])
    group: Command = {"$group": {"_id": "$a", "all": {"$push": "$_id"}}}
    twins.agree(
        {"aggregate": "c", "pipeline": [{"$sort": {"_id": 1}}, group], "cursor": {}, "collation": collation},
        ordered=False,
    )


@agreeing
@given(COLLATIONS | st.dictionaries(st.sampled_from(["x", "locale", *OPTIONS]), VALUES | st.integers(-1, 7)))
def test_documents_of_collations(twins: Twins, collation: Command) -> None:
    twins.start([{"_id": 0}])
    for command in (
        {"find": "c", "collation": collation},
        {"count": "c", "collation": collation},
        {"findAndModify": "c", "update": {"$set": {"a": 1}}, "collation": collation},
    ):
        twins.agree(command)


# -- commands -----------------------------------------------------------------------------------------

CONDITIONS = st.one_of(
    VALUES,
    st.tuples(st.sampled_from(["$eq", "$ne", "$gt", "$gte", "$lt", "$lte"]), VALUES).map(
        lambda pair: dict([pair])
    ),
    st.tuples(st.sampled_from(["$in", "$nin", "$all"]), st.lists(VALUES, max_size=3)).map(
        lambda pair: dict([pair])
    ),
    WORDS.map(lambda word: {"$elemMatch": {"$gte": word}}),
    WORDS.map(lambda word: {"$not": {"$gte": word}}),
    st.sampled_from([{"$regex": "a"}, {"$exists": True}]),
)
FILTERS = st.dictionaries(st.sampled_from(["a", "b", "a.x", "_id"]), CONDITIONS, max_size=2) | st.tuples(
    st.sampled_from(["$eq", "$gt", "$lte", "$in"]), VALUES
).map(lambda pair: {"$expr": {pair[0]: ["$a", {"$literal": pair[1]}]}})


@settings(agreeing, max_examples=100)
@given(documents(VALUES), FILTERS, FEW)
def test_find(twins: Twins, stored: list[dict[str, Any]], query: Command, collation: Command) -> None:
    twins.start(stored)
    twins.agree({"find": "c", "filter": query, "sort": {"_id": 1}, "collation": collation})
    twins.agree({"count": "c", "query": query, "collation": collation})
    twins.agree({"distinct": "c", "key": "a", "query": query, "collation": collation})


MODIFIERS = st.one_of(
    st.dictionaries(
        st.sampled_from(["$min", "$max", "$set"]), WORDS.map(lambda word: {"a": word}), min_size=1, max_size=1
    ),
    VALUES.map(lambda value: {"$addToSet": {"a": value}}),
    CONDITIONS.map(lambda condition: {"$pull": {"a": condition}}),
    st.lists(VALUES, max_size=2).map(lambda values: {"$pullAll": {"a": values}}),
    st.lists(VALUES, max_size=3).map(lambda values: {"$push": {"a": {"$each": values, "$sort": 1}}}),
    st.just({"$set": {"a.$": "new"}}),
    st.just({"$set": {"a.$[e]": "new"}}),
    WORDS.map(
        lambda word: [{"$set": {"b": {"$max": ["$a", word]}, "c": {"$setUnion": [["a", "B"], [word]]}}}]
    ),
)


@settings(agreeing, max_examples=100)
@given(documents(VALUES), FILTERS, MODIFIERS, WORDS, st.booleans(), FEW)
def test_update(
    twins: Twins,
    stored: list[dict[str, Any]],
    query: Command,
    update: Any,
    word: str,
    multi: bool,
    collation: Command,
) -> None:
    twins.start(stored)
    statement = {"q": query, "u": update, "multi": multi, "collation": collation}
    if "a.$[e]" in str(update):
        statement["arrayFilters"] = [{"e": word}]
    twins.agree({"update": "c", "updates": [statement]})
    twins.agree_on_contents()


@agreeing
@given(documents(VALUES), FILTERS, st.sampled_from([0, 1]), FEW)
def test_delete(
    twins: Twins, stored: list[dict[str, Any]], query: Command, limit: int, collation: Command
) -> None:
    twins.start(stored)
    twins.agree({"delete": "c", "deletes": [{"q": query, "limit": limit, "collation": collation}]})
    twins.agree_on_contents()


@agreeing
@given(documents(VALUES), FILTERS, WORDS, FEW)
def test_find_and_modify(
    twins: Twins, stored: list[dict[str, Any]], query: Command, word: str, collation: Command
) -> None:
    twins.start(stored)
    command: Command = {
        "findAndModify": "c",
        "query": query,
        "sort": {"a": 1, "_id": -1},
        "collation": collation,
    }
    twins.agree({**command, "update": {"$max": {"a": word}}, "new": True})
    twins.agree({**command, "remove": True})
    twins.agree_on_contents()


SIZE: Command = {"$project": {"v": {"$size": "$v"}}}
"""For what comes in no particular order."""
STAGES: list[list[Command]] = [
    [{"$group": {"_id": "$a", "least": {"$min": "$b"}, "most": {"$max": "$b"}}}],
    [{"$group": {"_id": 0, "v": {"$addToSet": "$b"}}}, SIZE],
    [{"$sortByCount": "$a"}],
    [{"$sort": {"b": -1, "_id": 1}}],
    [{"$match": {"a": {"$lte": "B"}}}],
    [{"$match": {"$expr": {"$eq": ["$a", "$b"]}}}],
    [
        {
            "$project": {
                "v": {"$cmp": ["$a", "$b"]},
                "w": {"$in": ["A", ["a", "b"]]},
                "x": {"$max": ["$a", "$b"]},
            }
        }
    ],
    [
        {
            "$project": {
                "v": {"$switch": {"branches": [{"case": {"$gte": ["$a", "b"]}, "then": 1}], "default": 0}}
            }
        }
    ],
    [{"$project": {"v": {"$indexOfArray": [["b", "A"], "$a"]}, "w": {"$strcasecmp": ["a", "B"]}}}],
    [{"$project": {"v": {"$setIsSubset": [["A"], ["a"]]}, "w": {"$setDifference": [["A", "b"], ["a"]]}}}],
    [{"$bucket": {"groupBy": "$b", "boundaries": ["a", "b", "z"], "default": "other"}}],
    [{"$lookup": {"from": "c", "localField": "a", "foreignField": "b", "as": "v"}}],
    [
        {
            "$lookup": {
                "from": "c",
                "let": {"a": "$a"},
                "pipeline": [{"$match": {"$expr": {"$eq": ["$b", "$$a"]}}}],
                "as": "v",
            }
        }
    ],
    [
        {"$match": {"a": {"$ne": None}}},
        {
            "$graphLookup": {
                "from": "c",
                "startWith": "$a",
                "connectFromField": "b",
                "connectToField": "a",
                "as": "v",
            }
        },
        SIZE,
    ],
    [{"$facet": {"v": [{"$match": {"a": "A"}}]}}],
    [{"$setWindowFields": {"partitionBy": "$a", "sortBy": {"_id": 1}, "output": {"v": {"$sum": 1}}}}],
    [
        {
            "$group": {
                "_id": 0,
                "v": {"$maxN": {"input": "$a", "n": 2}},
                "w": {"$minN": {"input": "$a", "n": 2}},
            }
        }
    ],
    [{"$project": {"v": {"$sortArray": {"input": ["b", "A", "a", "B"], "sortBy": 1}}}}],
]


@pytest.mark.parametrize(
    "stages", STAGES, ids=[next(iter(stages[0])) + str(at) for at, stages in enumerate(STAGES)]
)
@settings(agreeing, max_examples=5)
@given(documents(VALUES), FEW)
def test_stages(
    twins: Twins, stages: list[Command], stored: list[dict[str, Any]], collation: Command
) -> None:
    twins.start(stored)
    pipeline = [{"$sort": {"_id": 1}}, *stages]
    twins.agree({"aggregate": "c", "pipeline": pipeline, "cursor": {}, "collation": collation}, ordered=False)


# -- collections and indexes --------------------------------------------------------------------------


@agreeing
@given(FEW, st.lists(SIMPLE_VALUES, max_size=6), FILTERS, st.none() | FEW)
def test_a_collection_with_a_collation(
    twins: CollatedTwins, collation: Command, ids: list[Any], query: Command, own: Command | None
) -> None:
    twins.start_collated(collation, [{"_id": each, "a": each, "n": at} for at, each in enumerate(ids)])
    options = {} if own is None else {"collation": own}
    twins.agree({"find": "c", "filter": query, "sort": {"n": 1}, **options})
    for each in ids:
        twins.agree({"find": "c", "filter": {"_id": each}, "sort": {"n": 1}, **options})
    twins.agree({"listIndexes": "c"})


@agreeing
@given(
    FEW,
    st.none() | FEW,
    st.lists(SIMPLE_VALUES | st.lists(WORDS, max_size=2), max_size=6),
    st.lists(SIMPLE_VALUES, max_size=2),
    st.none() | FEW,
    st.booleans(),
)
def test_an_index_with_a_collation(
    twins: CollatedTwins,
    collation: Command,
    of_index: Command | None,
    values: list[Any],
    wanted: list[Any],
    own: Command | None,
    unique: bool,
) -> None:
    twins.start_collated(collation)
    options = {} if of_index is None else {"collation": of_index}
    index = {"key": {"a": 1}, "name": "i", "unique": unique, **options}
    twins.agree({"createIndexes": "c", "indexes": [index]})
    twins.agree({"listIndexes": "c"})
    stored = [{"_id": at, "a": each} for at, each in enumerate(values)]
    if stored:
        twins.agree({"insert": "c", "documents": stored, "ordered": False})
    for query in ({"a": {"$in": wanted}}, *({"a": each} for each in wanted)):
        twins.agree({"find": "c", "filter": query, "sort": {"_id": 1}, **({"collation": own} if own else {})})


DEFINITIONS: list[Command] = [
    {"key": {"a": 1}, "name": "a_1"},
    {"key": {"a": 1}, "name": "a_1", "collation": {"locale": "en"}},
    {"key": {"a": 1}, "name": "other", "collation": {"locale": "en"}},
    {"key": {"a": 1}, "name": "other", "collation": {"locale": "simple"}},
    {"key": {"a": 1}, "name": "a_1", "collation": {"locale": "en", "strength": 3, "backwards": False}},
    {"key": {"_id": 1}, "name": "_id_", "collation": {"locale": "en"}},
    {"key": {"_id": 1}, "name": "_id_", "collation": {"locale": "simple"}},
    {"key": {"a": "text"}, "name": "t"},
    {"key": {"a": "text"}, "name": "t", "collation": {"locale": "en"}},
    {"key": {"a": "2d"}, "name": "t", "collation": {"locale": "en"}},
    {"key": {"a": "hashed"}, "name": "t", "collation": {"locale": "en"}},
    {"key": {"b": 1}, "name": "b", "collation": {"locale": "xx"}},
    {"key": {"b": 1}, "name": "b", "collation": {"x": 1}},
    {"key": {"b": 1}, "name": "b", "collation": {}},
    {"key": {"b": 1}, "name": "b", "collation": None},
    {"key": {"b": 1}, "name": "b", "collation": {"locale": "en", "strength": 1, "backwards": True}},
    {"key": {"b": 1}, "name": "b", "v": 1, "collation": {"locale": "en"}},
    {"key": {"b": 1}, "name": "b", "unique": True, "collation": {"locale": "en"}, "sparse": True},
]


@pytest.mark.parametrize("first", DEFINITIONS)
@pytest.mark.parametrize(
    "collation", [{"locale": "simple"}, {"locale": "en"}, {"locale": "en", "strength": 2}]
)
def test_definitions(twins: CollatedTwins, collation: Command, first: Command) -> None:
    twins.start_collated(collation)
    twins.agree({"createIndexes": "c", "indexes": [first]})
    for second in DEFINITIONS[:5]:
        twins.agree({"createIndexes": "c", "indexes": [second]})
    twins.agree({"listIndexes": "c"})
    twins.agree({"find": "c", "hint": {"a": 1}})
    twins.agree({"dropIndexes": "c", "index": {"a": 1}})


@pytest.mark.parametrize(
    "collation",
    [{}, None, 1, {"locale": "xx"}, {"locale": "simple"}, {"strength": 1}, {"locale": "en", "x": 1}],
)
def test_creating_a_collection(twins: CollatedTwins, collation: Any) -> None:
    twins.start_collated(collation)
    twins.agree({"listIndexes": "c"})


@pytest.mark.parametrize("key", ["listCollections", "validator", "partial"])
def test_what_else_a_collation_is_for(twins: CollatedTwins, key: str) -> None:
    collation = {"locale": "en", "strength": 2}
    twins.start_collated(collation)
    if key == "validator":
        twins.agree({"collMod": "c", "validator": {"a": {"$in": ["x"]}}})
    elif key == "partial":
        index = {
            "key": {"a": 1},
            "name": "i",
            "unique": True,
            "partialFilterExpression": {"a": {"$gte": "X"}},
        }
        twins.agree({"createIndexes": "c", "indexes": [index]})
    stored = [{"_id": at, "a": each} for at, each in enumerate(["x", "X", "y", "w", "W", "Y"])]
    twins.agree({"insert": "c", "documents": stored, "ordered": False})


@pytest.mark.parametrize("collation", [{"locale": "simple"}, {"locale": "en", "strength": 2}])
@pytest.mark.parametrize("options", [{}, {"on": "_id"}, {"on": "k"}])
def test_merging(twins: CollatedTwins, collation: Command, options: Command) -> None:
    twins.start_collated(collation, [{"_id": 1, "k": "a"}])
    index = {"key": {"k": 1}, "name": "k", "unique": True, "collation": {"locale": "simple"}}
    twins.agree({"createIndexes": "c", "indexes": [index]})
    stages = [{"$project": {"_id": 2, "k": "b"}}, {"$merge": {"into": "c", **options}}]
    for own in ({}, {"collation": {"locale": "en", "strength": 2}}, {"collation": {"locale": "simple"}}):
        twins.agree({"aggregate": "c", "pipeline": stages, "cursor": {}, **own})
    twins.agree({"find": "c", "sort": {"k": 1}})
