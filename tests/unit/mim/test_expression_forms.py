"""Operators that choose, repeat or bind, and references, with the values and codes that a server answered."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from unit.mim.evaluation import evaluated, refusal, value

from ming.mim.commands.command_variables import command_variables
from ming.mim.data.errors import CommandError
from ming.mim.data.values import MISSING, order_key

DOCUMENT: dict[str, Any] = {"n": None, "i": 3, "a": [3, 1, 2], "o": {"a.b": 1, "$c": 2, "x": 3}}

FORMS: list[tuple[Any, Any]] = [
    ({"$cond": {"if": "$none", "then": 1, "else": 2}}, 2),
    ({"$ifNull": ["$n", 1]}, 1),
    ({"$ifNull": ["$n", "$none", 2]}, 2),
    ({"$ifNull": ["$n", "$none"]}, ...),
    ({"$switch": {"branches": [{"case": False, "then": 2}], "default": None}}, None),
    ({"$switch": {"branches": [{"case": "$n", "then": 2}], "default": "$none"}}, ...),
    ({"$let": {"vars": {"x": 1}, "in": "$$x"}}, 1),
    ({"$let": {"vars": {"CURRENT": "$o"}, "in": "$x"}}, 3),
    ({"$let": {"vars": {"\u00e9": 1}, "in": "$$\u00e9"}}, 1),
    ({"$let": {"vars": [], "in": 1}}, 1),
    ({"$map": {"input": "$a", "in": "$$this"}}, [3, 1, 2]),
    ({"$map": {"input": "$n", "in": 1}}, None),
    ({"$map": {"input": "$a", "as": "CURRENT", "in": "$x"}}, [None, None, None]),
    ({"$map": {"input": ["$none", 1], "in": "$$this"}}, [None, 1]),
    ({"$filter": {"input": "$a", "cond": {"$gt": ["$$this", 1]}}}, [3, 2]),
    ({"$filter": {"input": "$a", "as": "x", "cond": {"$gt": ["$$x", 1]}}}, [3, 2]),
    ({"$filter": {"input": "$n", "cond": 1}}, None),
    ({"$filter": {"input": "$a", "cond": 1, "limit": 2}}, [3, 1]),
    ({"$filter": {"input": "$a", "cond": 1, "limit": 2.0}}, [3, 1]),
    ({"$filter": {"input": "$a", "cond": 1, "limit": None}}, [3, 1, 2]),
    ({"$filter": {"input": "$a", "cond": 1, "limit": "$none"}}, [3, 1, 2]),
    ({"$filter": {"input": "$a", "cond": 1, "limit": "$i"}}, [3, 1, 2]),
    ({"$filter": {"input": "$n", "cond": 1, "limit": "x"}}, None),
    ({"$reduce": {"input": "$a", "initialValue": 0, "in": {"$add": ["$$value", "$$this"]}}}, 6),
    ({"$reduce": {"input": "$n", "initialValue": 0, "in": 1}}, None),
    ({"$reduce": {"input": [], "initialValue": "$none", "in": 1}}, ...),
    ({"$reduce": {"input": [1], "initialValue": 0, "in": "$none"}}, ...),
    ({"$reduce": {"input": "$a", "initialValue": "$none", "in": "$$value"}}, ...),
    ({"$and": 3}, True),
    ({"$and": []}, True),
    ({"$and": [1, "$n"]}, False),
    ({"$and": "$a"}, True),
    ({"$and": {"a": 1}}, True),
    ({"$and": ["$none"]}, False),
    ({"$or": 3}, True),
    ({"$or": []}, False),
    ({"$or": [0, "$n"]}, False),
    ({"$or": "$a"}, True),
    ({"$not": 3}, False),
    ({"$not": [1]}, False),
    ({"$not": "$a"}, False),
    ({"$literal": 1}, 1),
    ({"$literal": "$a"}, "$a"),
    ({"$literal": {"$add": [1]}}, {"$add": [1]}),
    ({"$literal": []}, []),
    ({"$cmp": [1, 2]}, -1),
    ({"$cmp": ["$n", "$none"]}, 1),
]

FORMS_REFUSED: list[tuple[Any, int]] = [
    ({"$cond": 3}, 16020),
    ({"$cond": []}, 16020),
    ({"$cond": [1, 2]}, 16020),
    ({"$cond": [1, 2, 3, 4]}, 16020),
    ({"$cond": {}}, 17080),
    ({"$cond": {"if": 1}}, 17081),
    ({"$cond": {"if": 1, "then": 2}}, 17082),
    ({"$cond": {"then": 1, "else": 2}}, 17080),
    ({"$cond": {"if": 1, "else": 2}}, 17081),
    ({"$cond": {"if": 1, "then": 2, "else": 3, "x": 4}}, 17083),
    ({"$cond": None}, 16020),
    ({"$cond": "x"}, 16020),
    ({"$ifNull": 3}, 1257300),
    ({"$ifNull": []}, 1257300),
    ({"$ifNull": [1]}, 1257300),
    ({"$ifNull": ["$n"]}, 1257300),
    ({"$ifNull": {"a": 1}}, 1257300),
    ({"$switch": 3}, 40060),
    ({"$switch": []}, 40060),
    ({"$switch": {}}, 40068),
    ({"$switch": {"branches": 3}}, 40061),
    ({"$switch": {"branches": []}}, 40068),
    ({"$switch": {"branches": [3]}}, 40062),
    ({"$switch": {"branches": [{}]}}, 40064),
    ({"$switch": {"branches": [{"case": 1}]}}, 40065),
    ({"$switch": {"branches": [{"then": 1}]}}, 40064),
    ({"$switch": {"branches": [{"case": 1, "then": 2, "x": 3}]}}, 40063),
    ({"$switch": {"default": 1}}, 40068),
    ({"$switch": {"branches": [{"case": 1, "then": 2}], "x": 1}}, 40067),
    ({"$switch": {"branches": [{"case": "$n", "then": 2}]}}, 40066),
    ({"$let": 3}, 16874),
    ({"$let": []}, 16874),
    ({"$let": {}}, 16876),
    ({"$let": {"vars": {}}}, 16877),
    ({"$let": {"in": 1}}, 16876),
    ({"$let": {"vars": 3, "in": 1}}, 10065),
    ({"$let": {"vars": {"X": 1}, "in": "$$X"}}, 9),
    ({"$let": {"vars": {"": 1}, "in": 1}}, 9),
    ({"$let": {"vars": {"$x": 1}, "in": 1}}, 9),
    ({"$let": {"vars": {"x.y": 1}, "in": 1}}, 9),
    ({"$let": {"vars": {"_x": 1}, "in": 1}}, 9),
    ({"$let": {"vars": {"x": 1}, "in": "$$y"}}, 17276),
    ({"$let": {"vars": {"ROOT": 1}, "in": 1}}, 9),
    ({"$let": {"vars": {"x": 1}, "in": 1, "y": 1}}, 16875),
    ({"$let": {"vars": {"x": 1, "y": "$$x"}, "in": "$$y"}}, 17276),
    ({"$let": {"vars": {"1x": 1}, "in": 1}}, 9),
    ({"$let": {"vars": {"x-y": 1}, "in": 1}}, 9),
    ({"$let": {"vars": {"REMOVE": 1}, "in": 1}}, 9),
    ({"$map": 3}, 16878),
    ({"$map": []}, 16878),
    ({"$map": {}}, 16880),
    ({"$map": {"input": "$a"}}, 16882),
    ({"$map": {"in": 1}}, 16880),
    ({"$map": {"input": "$a", "as": "X", "in": 1}}, 9),
    ({"$map": {"input": "$a", "as": 3, "in": 1}}, 9),
    ({"$map": {"input": "$a", "as": "$x", "in": 1}}, 9),
    ({"$map": {"input": "$a", "as": "", "in": 1}}, 9),
    ({"$map": {"input": "$a", "as": "x", "in": "$$this"}}, 17276),
    ({"$map": {"input": 3, "in": 1}}, 16883),
    ({"$map": {"input": "$i", "in": 1}}, 16883),
    ({"$map": {"input": "$a", "in": 1, "x": 1}}, 16879),
    ({"$map": {"input": "$a", "as": None, "in": 1}}, 9),
    ({"$filter": 3}, 28646),
    ({"$filter": []}, 28646),
    ({"$filter": {}}, 28648),
    ({"$filter": {"input": "$a"}}, 28650),
    ({"$filter": {"cond": 1}}, 28648),
    ({"$filter": {"input": "$a", "as": "X", "cond": 1}}, 9),
    ({"$filter": {"input": "$a", "as": 3, "cond": 1}}, 9),
    ({"$filter": {"input": "$i", "cond": 1}}, 28651),
    ({"$filter": {"input": "$a", "cond": 1, "x": 1}}, 28647),
    ({"$filter": {"input": "$a", "cond": 1, "limit": 0}}, 327392),
    ({"$filter": {"input": "$a", "cond": 1, "limit": -1}}, 327392),
    ({"$filter": {"input": "$a", "cond": 1, "limit": "x"}}, 327391),
    ({"$filter": {"input": "$a", "cond": 1, "limit": 1.5}}, 327391),
    ({"$filter": {"input": "$a", "cond": 1, "limit": 1099511627776}}, 327391),
    ({"$filter": {"input": "$i", "cond": 1, "limit": "x"}}, 28651),
    ({"$reduce": 3}, 40075),
    ({"$reduce": []}, 40075),
    ({"$reduce": {}}, 40077),
    ({"$reduce": {"input": "$a"}}, 40078),
    ({"$reduce": {"input": "$a", "initialValue": 0}}, 40079),
    ({"$reduce": {"input": "$a", "in": 1}}, 40078),
    ({"$reduce": {"initialValue": 0, "in": 1}}, 40077),
    ({"$reduce": {"input": "$i", "initialValue": 0, "in": 1}}, 40080),
    ({"$reduce": {"input": "$a", "initialValue": 0, "in": 1, "x": 1}}, 40076),
    ({"$not": []}, 16020),
    ({"$not": [1, 2]}, 16020),
    ({"$cmp": [1]}, 16020),
]

REFERENCES: list[tuple[Any, Any]] = [
    ({"$ifNull": [None, "$$ROOT.i"]}, 3),
    ({"$ifNull": [None, "$$REMOVE"]}, ...),
    ({"$ifNull": [None, {"a": "$none"}]}, {}),
    ({"$ifNull": [None, {"a": ["$none"]}]}, {"a": [None]}),
    ({"$ifNull": [None, [{"a": 1}]]}, [{"a": 1}]),
    ({"$ifNull": [None, ["$none", "$i"]]}, [None, 3]),
    ({"$ifNull": [None, {"a$b": 1}]}, {"a$b": 1}),
]

REFERENCES_REFUSED: list[tuple[Any, int]] = [
    ({"$ifNull": [None, "$$nope"]}, 17276),
    ({"$ifNull": [None, "$$"]}, 9),
    ({"$ifNull": [None, "$"]}, 16872),
    ({"$ifNull": [None, "$a."]}, 40353),
    ({"$ifNull": [None, "$.a"]}, 15998),
    ({"$ifNull": [None, "$a.$b"]}, 16410),
    ({"$ifNull": [None, "$$ROOT.a."]}, 40353),
    ({"$ifNull": [None, "$a..b"]}, 15998),
    ({"$ifNull": [None, "$$a.b"]}, 17276),
    ({"$ifNull": [None, "$$1"]}, 9),
    ({"$ifNull": [None, "$$ROOT."]}, 40353),
    ({"$ifNull": [None, "$a\u0000b"]}, 16411),
    ({"$ifNull": [None, "$o.$c"]}, 16410),
    ({"$ifNull": [None, "$$JS_SCOPE"]}, 51144),
    ({"$ifNull": [None, {"a.b": 1}]}, 16412),
    ({"$ifNull": [None, {"x": 1, "$add": [1]}]}, 16410),
    ({"$ifNull": [None, {"$add": [1], "x": 1}]}, 15983),
    ({"$ifNull": [None, {"a": {"b.c": 1}}]}, 16412),
    ({"$ifNull": [None, {"": 1}]}, 15998),
]


@pytest.mark.parametrize(("expression", "expected"), [*FORMS, *REFERENCES], ids=str)
def test_values(expression: Any, expected: Any) -> None:
    assert evaluated(expression, DOCUMENT) == value(expected)


@pytest.mark.parametrize(("expression", "code"), [*FORMS_REFUSED, *REFERENCES_REFUSED], ids=str)
def test_refusals(expression: Any, code: int) -> None:
    assert refusal(expression, DOCUMENT) == code


@pytest.mark.parametrize(
    ("let", "expected"),
    [
        ({"x": 1, "y": "$$x"}, {"x": 1, "y": 1}),
        ({"x": {"$literal": "$a"}}, {"x": "$a"}),
        ({"x": {"$map": {"input": [1, 2], "in": {"$add": ["$$this", 1]}}}}, {"x": [2, 3]}),
        ({"x": "$$REMOVE"}, {}),
        ({"x": {"$let": {"vars": {"CURRENT": {"a": 5}}, "in": "$a"}}}, {"x": 5}),
    ],
    ids=str,
)
def test_variables_of_a_command(let: dict[str, Any], expected: dict[str, Any]) -> None:
    variables = command_variables(let, datetime(2020, 1, 1), order_key)
    assert variables.pop("NOW") == datetime(2020, 1, 1)
    assert {name: bound for name, bound in variables.items() if bound is not MISSING} == expected


@pytest.mark.parametrize(
    ("let", "code"),
    [
        ({"X": 1}, 9),
        ({"": 1}, 9),
        ({"x.y": 1}, 9),
        ({"x": "$a"}, 4890500),
        ({"x": ["$$ROOT"]}, 4890500),
        ({"x": {"$map": {"input": [1], "in": "$a"}}}, 4890500),
        ({"x": {"$getField": "a"}}, 4890500),
        ({"x": "$$y"}, 17276),
    ],
    ids=str,
)
def test_refused_variables_of_a_command(let: dict[str, Any], code: int) -> None:
    with pytest.raises(CommandError) as caught:
        command_variables(let, datetime(2020, 1, 1), order_key)
    assert caught.value.code == code
