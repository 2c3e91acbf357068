"""Expression operators with named arguments, against a server: what they answer and what they refuse."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from bson import Decimal128, Int64, Regex
from differential.test_mim_core import Twins
from differential.test_mim_operators import agree_on

pytestmark = pytest.mark.mongod

DOCUMENT: dict[str, Any] = {
    "text": " xax\t",
    "null": None,
    "three": 3,
    "array": [3, 1, None, 2.0, 1.0, "b", Int64(1)],
    "odd": {"a.b": 1, "$c": 2, "x": 3},
    "documents": [{"x": [2, 5]}, {"x": [3, 1]}, {"x": {"y": 7}}, {"x": None, "y": 1}, 3, [1], {"y": 2}],
}


@pytest.fixture(scope="module")
def twins(mongod_uri: str) -> Iterator[Twins]:
    made = Twins(mongod_uri)
    made.start([{"_id": 0, **DOCUMENT}])
    yield made
    made.close()


def agree_on_each(twins: Twins, operator: str, *arguments: Any) -> None:
    for argument in arguments:
        agree_on(twins, {"$project": {"_id": 0, "v": {operator: argument}}})


@pytest.mark.parametrize("operator", ["$trim", "$ltrim", "$rtrim"])
def test_trimming(twins: Twins, operator: str) -> None:
    texts = ("$text", "xax", "  é ", "\0\u00a0\u1680\u2000x\u200a\u2028", "", 3, "$null", "$none")
    characters = ("x", " x\t", "é", "", 3, "$null", "$none")
    agree_on_each(twins, operator, *({"input": text} for text in texts))
    agree_on_each(
        twins, operator, *({"input": text, "chars": chars} for text in texts for chars in characters)
    )
    agree_on_each(twins, operator, 3, [], {}, {"chars": "x"}, {"input": "x", "y": 1})


@pytest.mark.parametrize("operator", ["$replaceOne", "$replaceAll"])
def test_replacing(twins: Twins, operator: str) -> None:
    operands = ("aba", "a", "", 3, "$null", "$none")
    agree_on_each(
        twins,
        operator,
        *(
            {"input": text, "find": find, "replacement": replacement}
            for text in operands
            for find in operands
            for replacement in operands
        ),
        *(3, [], {}, {"input": "a"}, {"input": "a", "find": "b"}, {"find": "b", "replacement": "c"}),
        {"input": "aba", "find": "a", "replacement": "c", "x": 1},
    )


@pytest.mark.parametrize("operator", ["$regexMatch", "$regexFind", "$regexFindAll"])
def test_regular_expressions(twins: Twins, operator: str) -> None:
    texts = ("éaéb", "aaa", "", "Ab\ncd", "$null", 3)
    patterns = (
        "é(.)(x)?",
        "a",
        "",
        "x*",
        "^.",
        "(?<n>a)|b",
        "B$",
        "(",
        "a\0",
        Regex("A", "i"),
        "$null",
    )
    options = ("i", "m", "xs", "q", "", "i\0", "$null", 3)
    agree_on_each(twins, operator, *({"input": text, "regex": regex} for text in texts for regex in patterns))
    agree_on_each(
        twins,
        operator,
        *({"input": "aB\nc", "regex": regex, "options": given} for regex in patterns for given in options),
        *(3, {}, {"input": "a"}, {"regex": "a"}, {"input": "a", "regex": "a", "x": 1}),
        {"input": "a", "regex": "$three"},
    )


@pytest.mark.parametrize("operator", ["$firstN", "$lastN", "$minN", "$maxN"])
def test_the_first_few(twins: Twins, operator: str) -> None:
    counts = (1, 2, 3, 4, 20, 2.0, Int64(2), Decimal128("2"), 2.5, 0, -1, 1e30, "x", "$null", "$none")
    agree_on_each(
        twins,
        operator,
        *({"n": count, "input": "$array"} for count in counts),
        *({"n": 2, "input": wrong} for wrong in ([], "$three", "$null", "$none")),
        *(3, [], {"n": 2}, {"input": "$array"}, {"n": 2, "input": "$array", "x": 1}),
    )


def test_sorting(twins: Twins) -> None:
    orders = (1, -1, 1.0, Decimal128("-1"), 2, 0, 1.5, "x", True, None, [1], {}, {"x": 2}, {"": 1}, {"x.": 1})
    fields: tuple[Any, ...] = ({"x": 1}, {"x": -1}, {"x.y": 1}, {"x.0": 1}, {"y": -1, "x": 1}, {"$z": 1})
    agree_on_each(
        twins,
        "$sortArray",
        *({"input": "$array", "sortBy": order} for order in orders),
        *({"input": "$documents", "sortBy": order} for order in fields),
        *({"input": wrong, "sortBy": 1} for wrong in ("$three", "$null", "$none")),
        *(3, [], {}, {"input": "$array"}, {"sortBy": 1}, {"input": "$array", "sortBy": 1, "x": 1}),
    )


def test_sorting_while_pushing(twins: Twins) -> None:
    for order in (
        1,
        -1,
        {"x": 1},
        {"x": -1},
        {"x.y": -1},
        {"x.0": 1},
        {"y": 1, "x": -1},
        {},
        2,
        {"x": 2},
        "x",
    ):
        push = {"$push": {"pushed": {"$each": DOCUMENT["documents"], "$sort": order}}}
        for update in ({"$set": {"pushed": []}}, push):
            twins.agree({"update": "c", "updates": [{"q": {}, "u": update}]})
        agree_on(twins, {"$project": {"pushed": 1}})
        twins.agree({"update": "c", "updates": [{"q": {}, "u": {"$unset": {"pushed": 1}}}]})


def test_zipping(twins: Twins) -> None:
    pairs = (
        [[1, 2], [3]],
        [[], [3]],
        [[1]],
        ["$array", [1, "$none"]],
        [[1], "$null"],
        ["$three"],
        "$array",
        [],
        3,
    )
    fillers: tuple[Any, ...] = ([7, 8], ["$none", "$three"], [7], [], 3)
    agree_on_each(
        twins,
        "$zip",
        *({"inputs": inputs} for inputs in pairs),
        *({"inputs": inputs, "useLongestLength": True} for inputs in pairs),
        *({"inputs": pairs[0], "useLongestLength": True, "defaults": defaults} for defaults in fillers),
        *({"inputs": pairs[0], "defaults": defaults} for defaults in fillers),
        *({"inputs": pairs[0], "useLongestLength": wrong} for wrong in (1, "$three")),
        *(3, [], {}, {"defaults": [1]}, {"inputs": [[1]], "x": 1}),
    )


def test_getting_a_field(twins: Twins) -> None:
    names = (
        "x",
        "a.b",
        "",
        "$c",
        "$$ROOT",
        3,
        None,
        ["x"],
        {},
        {"$literal": "$c"},
        {"$const": "x"},
        {"$literal": 3},
    )
    inputs = ("$odd", "$null", "$none", "$three", "$documents", {"x": 1})
    agree_on_each(
        twins,
        "$getField",
        *names,
        *("three", {"$literal": "three"}, {"$concat": ["x"]}, {"a": 1}, 3, []),
        *({"field": name, "input": "$odd"} for name in names),
        *({"field": "x", "input": source} for source in inputs),
        *({"field": "x"}, {"input": "$odd"}, {"field": "x", "input": "$odd", "y": 1}),
    )


def test_setting_a_field(twins: Twins) -> None:
    names = ("x", "a.b", "", "new", "$c", "$$ROOT", 3, ["x"], {}, {"$literal": "$c"}, {"$concat": ["x"]})
    inputs = ("$odd", "$null", "$none", "$three", "$array", {"x": 1, "y": 2})
    values: tuple[Any, ...] = (1, None, "$none", "$$REMOVE", "$array", {"a": 1})
    agree_on_each(
        twins,
        "$setField",
        *({"field": name, "input": "$odd", "value": 1} for name in names),
        *({"field": "x", "input": source, "value": value} for source in inputs for value in values),
        *(
            3,
            [],
            {},
            {"field": "x", "input": "$odd"},
            {"field": "x", "value": 1},
            {"input": "$odd", "value": 1},
        ),
        {"field": "x", "input": "$odd", "value": 1, "y": 1},
    )
    agree_on_each(
        twins,
        "$unsetField",
        *({"field": name, "input": "$odd"} for name in names),
        *({"field": "x", "input": source} for source in inputs),
        *(3, {}, {"field": "x"}, {"input": "$odd"}, {"field": "x", "input": "$odd", "value": 1}),
    )


@pytest.mark.parametrize("wrong", [3, None, "x", {"a": 1}, [1]])
def test_random_numbers_take_no_arguments(twins: Twins, wrong: Any) -> None:
    agree_on_each(twins, "$rand", wrong)


@pytest.mark.parametrize("rate", [0, 1, 1.0, Decimal128("0"), 1.5, -0.1, float("nan"), "x", {}])
def test_sample_rate(twins: Twins, rate: Any) -> None:
    twins.agree({"find": "c", "filter": {"$sampleRate": rate}})
