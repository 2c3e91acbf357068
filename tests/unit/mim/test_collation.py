# ruff: noqa: RUF001
"""Collations of the embedded engine; expected values are a server's."""

from __future__ import annotations

import random
from typing import Any

import pytest

from ming.mim.commands.core import Engine
from ming.mim.data.collation import SIMPLE, read_collation
from ming.mim.data.errors import CommandError

Document = dict[str, Any]

EN: Document = {"locale": "en", "strength": 2}
COMPLETE: Document = {
    "locale": "en",
    "caseLevel": False,
    "caseFirst": "off",
    "strength": 2,
    "numericOrdering": False,
    "alternate": "non-ignorable",
    "maxVariable": "punct",
    "normalization": False,
    "backwards": False,
    "version": "57.1",
}

# -- strings ------------------------------------------------------------------------------------------

ORDER = (
    " _-–—,;:!¡?¿.…·'‘’\"“”«»()[]{}§¶@*/\\&#%`´^¯¨¸°©®+±÷×<=>¬|¦~¤¢"
    "$£¥€01¹½¼2²3³¾456789aAªáÁàÀâÂåÅäÄãÃąĄāĀæÆbBcCćĆčČçÇdDĎđĐðÐǅe"
    "EéÉèÈêÊëËėfFƒgGğĞhHħĦiIíÍìÌîÎïÏİıjJkKlLłŁmMnNńŇñÑŋoOºóÓòÒôÔö"
    "ÖõÕøØœŒpPqQrRřsSšŠſßtT™ŧuUúÚùÙûÛüÜvVwWxXyYýÝÿzZžŽþÞαΑάβµσςωΩ"
    "абвгґдеёжийЙкляЯ"
)
PAIRS = [
    ("a", "A"),
    ("a", "á"),
    ("á", "Á"),
    ("ab", "aB"),
    ("cote", "coté"),
    ("coté", "côte"),
    ("côte", "coté"),
    ("a-b", "ab"),
    ("a b", "a-b"),
    ("a-c", "ab"),
    ("-", "a"),
    ("10", "9"),
    ("a10", "a9"),
    ("a010", "a10"),
    ("ß", "ss"),
    ("æ", "ae"),
    ("ø", "o"),
    ("ø", "oz"),
    ("đ", "d"),
    ("ñ", "n"),
    ("ñ", "o"),
    ("e\u0301", "é"),
    ("a\u0323\u0307", "a\u0307\u0323"),
    ("\xad", ""),
    ("Ａ", "A"),
    ("①", "1"),
    ("²", "2"),
    ("½", "1⁄2"),
    ("ﬁ", "fi"),
    ("й", "и"),
    ("и\u0306", "й"),
    ("я", "а"),
    ("α", "я"),
    ("z", "α"),
    ("9", "a"),
    ("$", "1"),
    ("_", "-"),
    (" ", "_"),
    ("", "a"),
    ("a\x00", "a"),
    ("col·legi", "collegi"),
    ("٣", "3"),
    ("É", "e"),
    ("ſ", "s"),
    ("中", "я"),
    ("中", "丁"),
    ("😀", "a"),
    ("😀", "+"),
]


def test_order_of_characters() -> None:
    shuffled = list(ORDER)
    random.Random(1).shuffle(shuffled)
    assert "".join(sorted(shuffled, key=read_collation({"locale": "en"}).key)) == ORDER


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"strength": 1}, "=======<<<<<<<===<==<========>=><<<<<<<=====>><>"),
        ({"strength": 2}, "=<==<<><<<<<<<>>><>><=>======>=><<<<<<<=>=>>>><>"),
        ({"strength": 3}, "<<<<<<><<<<<<<>>><>><=>=>>>>>>=><<<<<<<=>=>>>><>"),
        ({"strength": 5}, "<<<<<<><<<<<<<>>><>><=>>>>>>>>=><<<<<<<>>>>>>><>"),
        ({"strength": 1, "caseLevel": True}, "<=<<===<<<<<<<===<==<========>=><<<<<<<===>=>><>"),
        ({"caseFirst": "upper"}, "><>><<><<<<<<<>>><>><=>=>>>>>>=><<<<<<<=>=>>>><>"),
        ({"numericOrdering": True}, "<<<<<<><<<<>>=>>><>><=>=>>>>>>=><<<<<<<=>=>>>><>"),
        ({"alternate": "shifted"}, "<<<<<<>==><<<<>>><>><=>=>>>>>>=><<<<==<=>=>>>><>"),
        ({"alternate": "shifted", "strength": 4}, "<<<<<<><<><<<<>>><>><=>=>>>>>>=><<<<<<<=>=>>>><>"),
        (
            {"alternate": "shifted", "maxVariable": "space"},
            "<<<<<<><><<<<<>>><>><=>=>>>>>>=><<<<<<<=>=>>>><>",
        ),
        ({"backwards": True}, "<<<<<><<<<<<<<>>><>><=<=>>>>>>=><<<<<<<=>=>>>><>"),
        ({"normalization": True}, "<<<<<<><<<<<<<>>><>><===>>>>>>=><<<<<<<=>=>>>><>"),
    ],
)
def test_comparison(options: Document, expected: str) -> None:
    """The characters of ``expected`` say how the strings of each pair compare."""
    key = read_collation({"locale": "en", **options}).key
    found = [
        "<" if key(left) < key(right) else ">" if key(left) > key(right) else "=" for left, right in PAIRS
    ]
    assert "".join(found) == expected


@pytest.mark.parametrize("locale", ["ca", "de", "de_AT", "fr", "id", "it", "nl", "pt", "sw"])
def test_other_locales_of_the_root_order(locale: str) -> None:
    shuffled = list(ORDER)
    random.Random(2).shuffle(shuffled)
    assert "".join(sorted(shuffled, key=read_collation({"locale": locale}).key)) == ORDER


@pytest.mark.parametrize(
    ("locale", "ordered"),
    [
        ("es", "n N nz ñ Ñ o"),
        ("gl", "n nz ñ o"),
        ("pl", "a ă az ą Ą b c cz ć d l lz ł Ł m s š sz ś z zz ź Ź ż"),
        ("ro", "a az ă Ă â b i iz î s sz ș t tz ț u"),
        ("eo", "c cz ĉ d u ü uz ŭ Ŭ v"),
        ("ru", "1 а е Ё и й я a z α"),
        ("uk", "1 г гя ґ Ґ д і іа ї Ї й a z"),
        ("be", "е ея ё Ё ж у уя ў ф a"),
        ("bg", "я a"),
        ("ky", "е ея ё ж a"),
        ("mn", "о ө у ү я a"),
    ],
)
def test_locales_with_letters_of_their_own(locale: str, ordered: str) -> None:
    words = ordered.split()
    shuffled = random.Random(3).sample(words, len(words))
    assert sorted(shuffled, key=read_collation({"locale": locale}).key) == words


def test_a_letter_is_the_same_with_its_mark_apart() -> None:
    key = read_collation({"locale": "es", "strength": 1}).key
    assert key("n\u0303") == key("Ñ") != key("n")


def test_what_is_no_string_compares_as_ever() -> None:
    key = read_collation(EN).key
    assert key({"a": ["X", 1]}) == key({"a": ["x", 1.0]})
    assert key({"A": 1}) != key({"a": 1})
    assert key(None) < key(2) < key("") < key({}) < key([])


def test_collations_that_compare_alike_share_their_key() -> None:
    assert read_collation(EN).key is read_collation({"locale": "de", "strength": 2.0}).key
    assert read_collation({"locale": "fr"}).key is not read_collation({"locale": "fr_CA"}).key


# -- documents ----------------------------------------------------------------------------------------


def test_complete_document() -> None:
    assert list(read_collation(EN).document.items()) == list(COMPLETE.items())
    assert read_collation({"locale": "fr_CA"}).document["backwards"] is True


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"strength": 1}, 40414),
        ({"locale": None}, 40414),
        ({"locale": "en", "x": 1}, 40415),
        ({"locale": 1}, 14),
        ({"locale": ""}, 2),
        ({"locale": "xx"}, 2),
        ({"locale": "EN"}, 2),
        ({"locale": "en\0"}, 2),
        ({"locale": "en-US"}, 2),
        ({"locale": "en", "strength": 0}, 2),
        ({"locale": "en", "strength": 6}, 51024),
        ({"locale": "en", "strength": -1}, 51024),
        ({"locale": "en", "strength": "2"}, 14),
        ({"locale": "en", "strength": True}, 14),
        ({"locale": "en", "caseLevel": 1}, 14),
        ({"locale": "en", "backwards": None}, 14),
        ({"locale": "en", "caseFirst": "x"}, 2),
        ({"locale": "en", "alternate": 1}, 14),
        ({"locale": "en", "maxVariable": "symbol"}, 2),
        ({"locale": "en", "version": "57.2"}, 161),
        ({"locale": "en", "strength": 1, "backwards": True}, 2),
        ({"locale": "en", "strength": 2, "caseFirst": "upper"}, 2),
        ({"locale": "simple", "x": 1}, 40415),
    ],
)
def test_malformed_documents(given: Document, code: int) -> None:
    with pytest.raises(CommandError) as caught:
        read_collation(given)
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("locale", "hint"),
    [("en_GB", "en"), ("EN", "en"), ("en-us", "en_US"), ("xx", None), ("e", None)],
)
def test_hint_at_the_locale_meant(locale: str, hint: str | None) -> None:
    with pytest.raises(CommandError, match="Field 'locale' is invalid") as caught:
        read_collation({"locale": locale})
    assert str(caught.value).endswith(f"Did you mean '{hint}'?" if hint else "}")


@pytest.mark.parametrize(
    "given",
    [
        {"locale": "en", "strength": 2, "caseFirst": "upper", "caseLevel": True},
        {"locale": "en", "strength": 2.9},
        {"locale": "en", "caseLevel": None, "version": "57.1"},
        {"locale": "en_US", "strength": 5},
    ],
)
def test_documents_that_are_fine(given: Document) -> None:
    assert read_collation(given).document["locale"] == given["locale"]


def test_the_simple_collation_needs_no_sense() -> None:
    given = {"locale": "simple", "strength": 1, "backwards": True, "version": "1"}
    assert read_collation(given) is SIMPLE
    assert SIMPLE.is_simple


@pytest.mark.parametrize("locale", ["da", "zh_Hant", "de@collation=phonebook"])
def test_locales_that_are_not_built_are_named(locale: str) -> None:
    with pytest.raises(NotImplementedError, match=f"^collation of the locale {locale}$"):
        read_collation({"locale": locale})


# -- commands -----------------------------------------------------------------------------------------


@pytest.fixture
def engine() -> Engine:
    made = Engine()
    names = ["b", "A", "a", "é", "E"]
    made.command(
        "db", {"insert": "c", "documents": [{"_id": at, "a": name} for at, name in enumerate(names)]}
    )
    return made


def found(engine: Engine, command: Document) -> list[Any]:
    documents: list[Document] = engine.command("db", command)["cursor"]["firstBatch"]
    return [document["_id"] for document in documents]


def test_find(engine: Engine) -> None:
    find = {"find": "c", "collation": {"locale": "en", "strength": 1}}
    assert found(engine, {**find, "filter": {"a": "A"}}) == [1, 2]
    assert found(engine, {**find, "filter": {"a": {"$gte": "e"}}}) == [3, 4]
    assert found(engine, {**find, "filter": {"a": {"$regex": "A"}}}) == [1]
    assert found(engine, {**find, "filter": {"$expr": {"$eq": ["$a", "e"]}}}) == [3, 4]
    assert found(engine, {"find": "c", "sort": {"a": 1}, "collation": {"locale": "en"}}) == [2, 1, 0, 4, 3]
    assert found(engine, {"find": "c", "sort": {"a": 1}, "collation": {}}) == [1, 4, 2, 0, 3]


def test_count_and_distinct(engine: Engine) -> None:
    assert engine.command("db", {"count": "c", "query": {"a": "A"}, "collation": EN})["n"] == 2
    collation = {"locale": "en", "strength": 1}
    assert engine.command("db", {"distinct": "c", "key": "a", "collation": collation})["values"] == [
        "A",
        "b",
        "é",
    ]


def test_aggregate(engine: Engine) -> None:
    stages = [{"$group": {"_id": "$a", "n": {"$sum": 1}}}, {"$sort": {"_id": -1}}]
    command = {"aggregate": "c", "pipeline": stages, "cursor": {}, "collation": EN}
    assert found(engine, command) == ["é", "E", "b", "A"]


def test_writes_have_a_collation_each(engine: Engine) -> None:
    plain = {"q": {"a": "a"}, "u": {"$set": {"v": 1}}, "multi": True}
    assert engine.command("db", {"update": "c", "updates": [plain, {**plain, "collation": EN}]})["n"] == 3
    delete = {"q": {"a": "A"}, "limit": 0}
    assert engine.command("db", {"delete": "c", "deletes": [delete, {**delete, "collation": EN}]})["n"] == 2


def test_find_and_modify(engine: Engine) -> None:
    command = {"findAndModify": "c", "query": {"a": "e"}, "remove": True, "collation": EN}
    assert engine.command("db", command)["value"] == {"_id": 4, "a": "E"}


@pytest.mark.parametrize(
    ("before", "update", "after"),
    [
        (["x"], {"$addToSet": {"a": "X"}}, ["x"]),
        (["x", "X", "y"], {"$pull": {"a": "X"}}, ["y"]),
        (["x", "X", "y"], {"$pull": {"a": {"$in": ["X"]}}}, ["y"]),
        ([{"b": "x"}, {"b": "y"}], {"$pull": {"a": {"b": "X"}}}, [{"b": "y"}]),
        (["x", "X", "y"], {"$pullAll": {"a": ["X"]}}, ["y"]),
        (["b"], {"$push": {"a": {"$each": ["A", "a", "B"], "$sort": 1}}}, ["A", "a", "b", "B"]),
        ("x", {"$min": {"a": "X"}}, "x"),
        ("b", {"$min": {"a": "A"}}, "A"),
        ("b", {"$max": {"a": "B"}}, "b"),
        ("x", {"$set": {"a": "X"}}, "X"),
        (["x", "X", "y"], {"$set": {"a.$[e]": "z"}}, ["z", "z", "y"]),
        (["w", "x", "y"], {"$set": {"a.$": "z"}}, ["w", "z", "y"]),
        ("x", [{"$set": {"a": {"$eq": ["$a", "X"]}}}], True),
    ],
)
def test_update(before: Any, update: Any, after: Any) -> None:
    engine = Engine()
    engine.command("db", {"insert": "c", "documents": [{"_id": 1, "a": before}]})
    statement: Document = {"q": {"_id": 1}, "u": update, "collation": EN}
    if "a.$" in update["$set"] if "$set" in update else False:
        statement["q"] = {"a": "X"}
    if "a.$[e]" in str(update):
        statement["arrayFilters"] = [{"e": "X"}]
    engine.command("db", {"update": "c", "updates": [statement]})
    assert engine.command("db", {"find": "c"})["cursor"]["firstBatch"] == [{"_id": 1, "a": after}]


def test_errors_of_one_statement(engine: Engine) -> None:
    statement = {"q": {}, "u": {"$set": {"b": 1}}}
    reply = engine.command(
        "db", {"update": "c", "updates": [statement, {**statement, "collation": {"locale": "x"}}]}
    )
    assert (reply["n"], [error["code"] for error in reply["writeErrors"]]) == (1, [2])


@pytest.mark.parametrize("command", [{"update": "c", "updates": []}, {"insert": "c", "documents": []}])
def test_commands_without_a_collation(engine: Engine, command: Document) -> None:
    with pytest.raises(CommandError) as caught:
        engine.command("db", {**command, "collation": EN})
    assert caught.value.code == 40415


# -- collections --------------------------------------------------------------------------------------


@pytest.fixture
def collated() -> Engine:
    made = Engine()
    made.command("db", {"create": "c", "collation": EN})
    made.command("db", {"insert": "c", "documents": [{"_id": "a", "v": "x"}, {"_id": "b", "v": "X"}]})
    return made


def test_a_collection_lists_its_collation(collated: Engine) -> None:
    (listed,) = collated.command("db", {"listCollections": 1})["cursor"]["firstBatch"]
    assert listed["options"] == {"collation": COMPLETE}
    assert listed["idIndex"] == {"v": 2, "key": {"_id": 1}, "name": "_id_", "collation": COMPLETE}
    listed = collated.command("db", {"listIndexes": "c"})["cursor"]["firstBatch"]
    assert listed == [{"v": 2, "key": {"_id": 1}, "name": "_id_", "collation": COMPLETE}]


def test_the_simple_collation_is_not_listed() -> None:
    engine = Engine()
    engine.command("db", {"create": "c", "collation": {"locale": "simple"}})
    assert engine.command("db", {"listCollections": 1})["cursor"]["firstBatch"][0]["options"] == {}


def test_queries_inherit_the_collation_of_the_collection(collated: Engine) -> None:
    assert found(collated, {"find": "c", "filter": {"_id": "A"}}) == ["a"]
    assert found(collated, {"find": "c", "filter": {"v": "x"}}) == ["a", "b"]
    simple = {"collation": {"locale": "simple"}}
    assert found(collated, {"find": "c", "filter": {"_id": "A"}, **simple}) == []
    assert found(collated, {"find": "c", "filter": {"_id": "a"}, **simple}) == ["a"]
    assert found(collated, {"find": "c", "filter": {"v": "x"}, **simple}) == ["a"]


def test_ids_are_unique_by_the_collation(collated: Engine) -> None:
    (error,) = collated.command("db", {"insert": "c", "documents": [{"_id": "A"}]})["writeErrors"]
    assert (error["code"], error["keyPattern"], error["collation"]) == (11000, {"_id": 1}, COMPLETE)
    replace = {"q": {"_id": "A"}, "u": {"_id": "A", "v": 2}}
    (error,) = collated.command("db", {"update": "c", "updates": [replace]})["writeErrors"]
    assert error["code"] == 66
    collated.command("db", {"delete": "c", "deletes": [{"q": {"_id": "A"}, "limit": 1}]})
    assert collated.command("db", {"insert": "c", "documents": [{"_id": "A"}]})["n"] == 1


def test_a_validator_compares_by_the_collation(collated: Engine) -> None:
    collated.command("db", {"collMod": "c", "validator": {"v": {"$in": ["x", None]}}})
    reply = collated.command("db", {"insert": "c", "documents": [{"_id": 1, "v": "X"}, {"_id": 2, "v": "y"}]})
    assert [error["index"] for error in reply["writeErrors"]] == [1]


# -- indexes ------------------------------------------------------------------------------------------


def create_index(engine: Engine, key: Document, **options: Any) -> Document:
    name = "_".join(f"{field}_{kind}" for field, kind in key.items())
    definition = {"key": key, "name": name, **options}
    return engine.command("db", {"createIndexes": "c", "indexes": [definition]})


def listed_index(engine: Engine) -> Document:
    indexes: list[Document] = engine.command("db", {"listIndexes": "c"})["cursor"]["firstBatch"]
    return indexes[1]


def test_indexes_inherit_the_collation_of_the_collection(collated: Engine) -> None:
    create_index(collated, {"v": 1}, sparse=True)
    expected = {"v": 2, "key": {"v": 1}, "name": "v_1", "sparse": True, "collation": COMPLETE}
    assert list(listed_index(collated).items()) == list(expected.items())


def test_an_index_may_have_another_collation(collated: Engine) -> None:
    create_index(collated, {"v": 1}, unique=True, collation={"locale": "simple"})
    assert "collation" not in listed_index(collated)
    with pytest.raises(CommandError) as caught:
        create_index(collated, {"v": 1}, unique=True, name="collated")
    assert caught.value.code == 11000


def test_uniqueness_follows_the_collation(engine: Engine) -> None:
    engine.command("db", {"delete": "c", "deletes": [{"q": {"_id": 1}, "limit": 1}]})
    create_index(engine, {"a": 1}, unique=True, collation=EN)
    inserted = [{"_id": at, "a": each} for at, each in enumerate(["B", "É", ["x", "A"], "á", 1], 10)]
    reply = engine.command("db", {"insert": "c", "documents": inserted, "ordered": False})
    assert [(error["index"], error["code"]) for error in reply["writeErrors"]] == [
        (at, 11000) for at in range(3)
    ]
    assert reply["writeErrors"][0]["collation"] == COMPLETE


@pytest.mark.parametrize("index", [EN, {"locale": "en", "strength": 1}, {"locale": "simple"}])
@pytest.mark.parametrize("query", [EN, {"locale": "en", "strength": 1}, {"locale": "simple"}])
@pytest.mark.parametrize("wanted", ["A", {"$in": ["e", 3]}, 3, {"x": "A"}])
def test_an_index_does_not_change_what_is_found(
    engine: Engine, index: Document, query: Document, wanted: Any
) -> None:
    engine.command("db", {"insert": "c", "documents": [{"_id": 8, "a": 3}, {"_id": 9, "a": {"x": "a"}}]})
    command = {"find": "c", "filter": {"a": wanted}, "collation": query}
    expected = found(engine, command)
    create_index(engine, {"a": 1}, collation=index)
    assert found(engine, command) == expected


def test_a_partial_index_compares_by_its_collation(engine: Engine) -> None:
    with pytest.raises(CommandError) as caught:
        create_index(engine, {"a": 1}, unique=True, collation=EN, partialFilterExpression={"a": {"$lt": "b"}})
    assert caught.value.code == 11000
    create_index(engine, {"a": 1}, unique=True, collation=EN, partialFilterExpression={"a": {"$gt": "d"}})


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"collation": None}, 14),
        ({"collation": {}}, 2),
        ({"collation": {"locale": "xx"}}, 2),
        ({"collation": {"locale": "en", "x": 1}}, 40415),
        ({"collation": {"strength": 1}}, 40414),
        ({"key": {"a": "text"}, "collation": EN}, 67),
        ({"key": {"a": "2d"}, "collation": EN}, 67),
        ({"key": {"_id": 1}, "name": "_id_", "collation": EN}, 2),
        ({"v": 1, "collation": EN}, 67),
    ],
)
def test_refused_indexes(engine: Engine, options: Document, code: int) -> None:
    with pytest.raises(CommandError) as caught:
        engine.command("db", {"createIndexes": "c", "indexes": [{"key": {"a": 1}, "name": "i", **options}]})
    assert caught.value.code == code


def test_indexes_that_differ_in_the_collation_only(engine: Engine) -> None:
    create_index(engine, {"a": 1}, name="plain")
    create_index(engine, {"a": 1}, name="collated", collation=EN)
    assert create_index(engine, {"a": 1}, name="collated", collation=COMPLETE)["note"]
    for options, code in [({"name": "plain", "collation": EN}, 86), ({"name": "other", "collation": EN}, 85)]:
        with pytest.raises(CommandError) as caught:
            create_index(engine, {"a": 1}, **options)
        assert caught.value.code == code
    with pytest.raises(CommandError) as caught:
        engine.command("db", {"find": "c", "hint": {"a": 1}})
    assert caught.value.code == 27
    with pytest.raises(CommandError) as caught:
        engine.command("db", {"dropIndexes": "c", "index": {"a": 1}})
    assert caught.value.code == 181
