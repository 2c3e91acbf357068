"""Text search: stems, the reading of searches, scores, indexes and refusals; expected values are a server's."""

from __future__ import annotations

from typing import Any

import pytest

from ming.mim.commands.core import Engine
from ming.mim.data.dialect import Dialect
from ming.mim.data.errors import CommandError
from ming.mim.queries.text_search import search_words
from ming.mim.text.analysis import Analysis, language_named
from ming.mim.text.stemming import stem

Document = dict[str, Any]

SCORE = {"$meta": "textScore"}


# -- stems --------------------------------------------------------------------------------------------

STEMS = {
    "running": "run",
    "runs": "run",
    "dogs": "dog",
    "happily": "happili",
    "generously": "generous",
    "generalization": "general",
    "skies": "sky",
    "dying": "die",
    "news": "news",
    "inning": "inning",
    "national": "nation",
    "nationalize": "nation",
    "conformably": "conform",
    "hopping": "hop",
    "hoping": "hope",
    "agreed": "agre",
    "bled": "bled",
    "flies": "fli",
    "toy": "toy",
    "say": "say",
    "by's": "by",
    "o'neil's": "o'neil",
    "relational": "relat",
    "fulness": "ful",
    "hopefulness": "hope",
    "replacement": "replac",
    "adoption": "adopt",
    "controlling": "control",
    "ugly": "ugli",
    "communism": "communism",
    "university": "univers",
    "vietnamization": "vietnam",
    "radically": "radic",
    "feed": "feed",
    "caresses": "caress",
    "ponies": "poni",
    "ties": "tie",
    "gas": "gas",
    "kiwis": "kiwi",
    "is": "is",
    "": "",
    "'tis": "tis",
    "succeed": "succeed",
}


@pytest.mark.parametrize("word", STEMS)
def test_stems(word: str) -> None:
    assert stem(word) == STEMS[word]


# -- searches -----------------------------------------------------------------------------------------


def terms(text: str, language: str = "english", *flags: bool) -> list[str]:
    named = language_named(language)
    assert named is not None
    return sorted(Analysis(*flags).terms(text, named))


@pytest.mark.parametrize(
    ("search", "wanted", "unwanted", "phrases", "unwanted_phrases"),
    [
        ("running dogs", ["dog", "run"], [], (), ()),
        ('"quick brown" -lazy', ["brown", "quick"], ["lazi"], ("quick brown",), ()),
        ("dog-cat", ["cat", "dog"], [], (), ()),
        ("dog -cat-x y", ["dog", "y"], ["cat", "x"], (), ()),
        ("- dog", ["dog"], [], (), ()),
        ("--dog fox", ["fox"], ["dog"], (), ()),
        ("dog\n-cat\t-fox", ["dog"], ["cat", "fox"], (), ()),
        ("dog\t-cat", ["cat", "dog"], [], (), ()),
        ('-"lazy dog" fox', ["fox"], [], (), ("lazy dog",)),
        ('-cat"dog" x', ["x"], ["cat"], (), ("dog",)),
        ('"a"b" c', ["b", "c"], [], ("a",), ()),
        ('-"a b', [], [], (), ()),
        ('"-dog"', ["dog"], [], ("-dog",), ()),
        ('""', [], [], ("",), ()),
    ],
)
def test_a_search_is_taken_apart(
    search: str,
    wanted: list[str],
    unwanted: list[str],
    phrases: tuple[str, ...],
    unwanted_phrases: tuple[str, ...],
) -> None:
    words = search_words(search)
    assert (terms(words.wanted), terms(words.unwanted)) == (wanted, unwanted)
    assert (words.phrases, words.unwanted_phrases) == (phrases, unwanted_phrases)


def test_words() -> None:
    assert terms("don't can't it's O'Neil the") == ["o'neil"]
    assert terms("l'eau foo_bar a.b x@y.com $1,000") == ["000", "1", "b", "com", "foo_bar", "l'eau", "x", "y"]
    assert terms("don't the Dogs", "none") == ["dogs", "don", "t", "the"]
    assert terms("ünïcödé ẞ İ naïve") == ["I", "naiv", "unicode", "ß"]
    assert terms("Café Dogs DOGS", "en", True, True) == ["Café", "DOGS", "Dog"]
    assert terms("Yoyo York Happy", "en", True) == ["Happi", "York", "yoyo"]


# -- scores -------------------------------------------------------------------------------------------


@pytest.fixture
def engine() -> Engine:
    return Engine()


def prepared(engine: Engine, key: Document, *texts: Any, **options: Any) -> Engine:
    documents = [
        {"_id": at, **(text if isinstance(text, dict) else {"t": text})} for at, text in enumerate(texts)
    ]
    engine.command("db", {"insert": "c", "documents": documents})
    engine.command("db", {"createIndexes": "c", "indexes": [{"key": key, "name": "text", **options}]})
    return engine


def find(engine: Engine, search: str, flags: Document | None = None, **options: Any) -> list[Document]:
    query = {"$text": {"$search": search, **(flags or {})}}
    batch = engine.command("db", {"find": "c", "filter": query, **options})["cursor"]["firstBatch"]
    assert isinstance(batch, list)
    return batch


def scores(engine: Engine, search: str, flags: Document | None = None) -> dict[int, float]:
    found = find(engine, search, flags, projection={"score": SCORE, "_id": 1})
    return {document["_id"]: document["score"] for document in found}


TEXTS = (
    "running dogs",
    "The quick brown fox jumps over the lazy dog dog",
    "dog",
    ["Dog cat", "cat"],
    5,
    {"t": {"x": "dog"}},
)


@pytest.mark.parametrize(
    ("search", "expected"),
    [
        ("dog", {0: 0.75, 1: 0.9642857142857142, 2: 1.1, 3: 0.75}),
        ("dogs the", {0: 0.75, 1: 0.9642857142857142, 2: 1.1, 3: 0.75}),
        ("cat", {3: 1.85}),
        ("fox dog", {0: 0.75, 1: 1.5357142857142856, 2: 1.1, 3: 0.75}),
        ('"quick brown"', {1: 1.1428571428571428}),
        ('"unning do" run', {0: 0.75}),
        ("dog -cat -quick", {0: 0.75, 2: 1.1}),
        ('dog -"lazy dog"', {0: 0.75, 2: 1.1, 3: 0.75}),
        ("-dog", {}),
        ("the", {}),
    ],
)
def test_scores(engine: Engine, search: str, expected: dict[int, float]) -> None:
    assert scores(prepared(engine, {"t": "text"}, *TEXTS), search) == expected


def test_what_counts_as_the_same_word(engine: Engine) -> None:
    prepared(engine, {"t": "text"}, "Dog", "dog", "café", "cafe")
    assert scores(engine, "Dog", {"$caseSensitive": True}) == {0: 1.1}
    assert scores(engine, "café") == {2: 1.0, 3: 1.1}
    assert scores(engine, "café", {"$diacriticSensitive": True}) == {2: 1.0}
    assert scores(engine, "dogs", {"$language": "none"}) == {}


def test_weights_and_wildcards(engine: Engine) -> None:
    texts = [{"a": "dog", "b": "cats", "s": {"n": ["bird", {"x": "frog"}]}}, {"a": "cat", "b": "dog"}]
    prepared(engine, {"a": "text", "b": "text"}, *texts, weights={"a": 10})
    assert scores(engine, "dog cat") == {0: 12.0, 1: 12.1}
    everything = prepared(Engine(), {"$**": "text"}, *texts, weights={"a": 5})
    assert scores(everything, "dog") == {0: 5.5, 1: 1.1}
    assert scores(everything, "frogs") == {0: 1.1}


def test_documents_name_their_language(engine: Engine) -> None:
    prepared(
        engine, {"t": "text"}, {"t": "running", "language": "none"}, "running", {"t": "running", "l": "x"}
    )
    assert scores(engine, "runs") == {1: 1.0, 2: 1.0}
    assert scores(engine, "running", {"$language": "none"}) == {0: 1.1}


def test_scores_order_and_join(engine: Engine) -> None:
    prepared(engine, {"t": "text"}, *TEXTS)
    assert [document["_id"] for document in find(engine, "dog", sort={"s": SCORE, "_id": 1})] == [2, 1, 0, 3]
    match = {"$match": {"$text": {"$search": "dog"}}}
    total = [match, {"$group": {"_id": None, "sum": {"$sum": SCORE}}}]
    reply = engine.command("db", {"aggregate": "c", "pipeline": total, "cursor": {}})
    assert reply["cursor"]["firstBatch"] == [{"_id": None, "sum": 3.564285714285714}]
    assert find(engine, "quick", projection={"a.s": SCORE, "t": 0}) == [
        {"_id": 1, "a": {"s": 0.5714285714285714}}
    ]


# -- refusals -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"$text": 5}, 2),
        ({"$text": {}}, 4),
        ({"$text": {"$search": 5}}, 14),
        ({"$text": {"$search": "a", "$caseSensitive": 1}}, 14),
        ({"$text": {"$search": "a", "$other": 1}}, 2),
        ({"$text": {"$search": "a", "$language": "klingon"}}, 2),
        ({"$nor": [{"$text": {"$search": "a"}}]}, 2),
        ({"$and": [{"$text": {"$search": "a"}}, {"$text": {"$search": "b"}}]}, 2),
        ({"a": {"$elemMatch": {"$text": {"$search": "a"}}}}, 2),
    ],
)
def test_malformed_searches(engine: Engine, query: Document, code: int) -> None:
    prepared(engine, {"t": "text"}, "a")
    with pytest.raises(CommandError) as caught:
        engine.command("db", {"find": "c", "filter": query})
    assert caught.value.code == code


def test_a_search_needs_an_index(engine: Engine) -> None:
    engine.command("db", {"insert": "c", "documents": [{"t": "dog"}]})
    with pytest.raises(CommandError, match="text index required") as caught:
        find(engine, "dog")
    assert caught.value.code == 27


@pytest.mark.parametrize(("language", "code"), [(5, 17261), (None, 17261), ("klingon", 17262), ("", 17262)])
def test_unknown_languages_of_documents(engine: Engine, language: Any, code: int) -> None:
    prepared(engine, {"t": "text"}, "a")
    reply = engine.command("db", {"insert": "c", "documents": [{"_id": 9, "t": "a", "language": language}]})
    assert [error["code"] for error in reply["writeErrors"]] == [code]


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"weights": 5}, 14),
        ({"weights": {"t": "x"}}, 67),
        ({"weights": {"t": 0}}, 67),
        ({"weights": {"t": 100000}}, 67),
        ({"default_language": 5}, 14),
        ({"default_language": "klingon"}, 67),
        ({"language_override": "a.b"}, 67),
    ],
)
def test_malformed_indexes(engine: Engine, options: Document, code: int) -> None:
    with pytest.raises(CommandError) as caught:
        prepared(engine, {"t": "text"}, "a", **options)
    assert caught.value.code == code


def test_other_languages_are_not_built(engine: Engine) -> None:
    prepared(engine, {"t": "text"}, "a")
    with pytest.raises(NotImplementedError, match="spanish"):
        find(engine, "perro", {"$language": "spanish"})
    with pytest.raises(NotImplementedError, match="french"):
        prepared(Engine(), {"t": "text"}, "chien", default_language="french")
    with pytest.raises(NotImplementedError, match="es"):
        engine.command("db", {"insert": "c", "documents": [{"t": "perro", "language": "es"}]})


@pytest.mark.parametrize(
    ("stages", "code"),
    [
        ([{"$limit": 1}, {"$match": {"$text": {"$search": "a"}}}], 17313),
        ([{"$limit": 1}, {"$match": {"$and": [{"$text": {"$search": "a"}}]}}], 17313),
        ([{"$project": {"s": SCORE}}], 40218),
        ([{"$project": {"s": {"$meta": "other"}}}], 17308),
        ([{"$sort": {"s": {"$meta": "other"}}}], 31138),
        ([{"$sort": {"s": {"$other": 1}}}], 17312),
        ([{"$sort": {"s": {**SCORE, "x": 1}}}], 9),
    ],
)
def test_malformed_pipelines(engine: Engine, stages: list[Document], code: int) -> None:
    prepared(engine, {"t": "text"}, "a")
    with pytest.raises(CommandError) as caught:
        engine.command("db", {"aggregate": "c", "pipeline": stages, "cursor": {}})
    assert caught.value.code == code


def test_scores_of_documents_that_lost_their_id_are_not_built(engine: Engine) -> None:
    prepared(engine, {"t": "text"}, "a dog")
    stages = [{"$match": {"$text": {"$search": "dog"}}}, {"$project": {"_id": 0}}, {"$project": {"s": SCORE}}]
    with pytest.raises(NotImplementedError, match="textScore"):
        engine.command("db", {"aggregate": "c", "pipeline": stages, "cursor": {}})


# -- the lenient dialect ------------------------------------------------------------------------------


def test_the_lenient_dialect_searches_for_a_substring() -> None:
    engine = Engine(dialect=Dialect(lenient=True))
    prepared(engine, {"t": "text"}, "Hot dogs", {"t": "dog", "language": "es"}, {"u": "dog"}, ["a", "dogma"])
    assert [document["_id"] for document in find(engine, "DOG")] == [0, 1, 3]
    assert find(engine, "t do", projection={"s": SCORE}) == [{"_id": 0, "t": "Hot dogs", "s": 1.0}]
    engine.command("db", {"dropIndexes": "c", "index": "*"})
    assert find(engine, "dog") == []
