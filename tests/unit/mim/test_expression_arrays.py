"""Expression operators on arrays, sets and fields, with the values and codes that a server answered."""

from __future__ import annotations

from typing import Any

import pytest
from bson import Int64
from unit.mim.evaluation import evaluated, refusal, value

DOCUMENT: dict[str, Any] = {
    "null": None,
    "three": 3,
    "array": [3, 1, 2],
    "odd": {"a.b": 1, "$c": 2, "x": 3},
    "documents": [{"x": [2, 5]}, {"x": [3, 1]}, {"x": None}, 3, {"x": {"y": 7}}],
}

SETS: list[tuple[Any, Any]] = [
    ({"$setUnion": [[2, 1.0, 1], [1, Int64(3)]]}, [1.0, 2, Int64(3)]),
    ({"$setUnion": ["$array", [2, 1]]}, [1, 2, 3]),
    ({"$setUnion": [["b", "a", None], ["B", "a"]]}, [None, "B", "a", "b"]),
    ({"$setUnion": [[1, [1]], [[1], 2]]}, [1, 2, [1]]),
    ({"$setUnion": ["$null", [1]]}, None),
    ({"$setUnion": [[1], "$none"]}, None),
    ({"$setIntersection": [[2, 1.0, 1], [1, Int64(3)]]}, [1.0]),
    ({"$setIntersection": ["$array", [2, 1]]}, [1, 2]),
    ({"$setIntersection": [["b", "a", None], ["B", "a"]]}, ["a"]),
    ({"$setIntersection": [[1, [1]], [[1], 2]]}, [[1]]),
    ({"$setIntersection": ["$null", [1]]}, None),
    ({"$setIntersection": [[1], "$none"]}, None),
    ({"$setDifference": [[2, 1.0, 1], [1, Int64(3)]]}, [2]),
    ({"$setDifference": ["$array", [2, 1]]}, [3]),
    ({"$setDifference": [["b", "a", None], ["B", "a"]]}, ["b", None]),
    ({"$setDifference": [[1, [1]], [[1], 2]]}, [1]),
    ({"$setDifference": ["$null", [1]]}, None),
    ({"$setDifference": [[1], "$none"]}, None),
    ({"$setUnion": []}, []),
    ({"$setUnion": ["$array"]}, [1, 2, 3]),
    ({"$setEquals": [[1, 2, 1], [2, 1.0]]}, True),
    ({"$setEquals": [[1], [2]]}, False),
    ({"$setEquals": [[1], [1], [2]]}, False),
    ({"$setIsSubset": [[1, 1], "$array"]}, True),
    ({"$setIsSubset": ["$array", [1]]}, False),
    ({"$setIsSubset": [[], []]}, True),
    ({"$allElementsTrue": ["$array"]}, True),
    ({"$allElementsTrue": [[]]}, True),
    ({"$allElementsTrue": [[1, 0]]}, False),
    ({"$anyElementTrue": ["$array"]}, True),
    ({"$anyElementTrue": [[]]}, False),
    ({"$anyElementTrue": [[None, 0]]}, False),
]

SETS_REFUSED: list[tuple[Any, int]] = [
    ({"$setUnion": ["$three", [1]]}, 17043),
    ({"$setUnion": [[1], "$three"]}, 17043),
    ({"$setIntersection": ["$three", [1]]}, 17047),
    ({"$setIntersection": [[1], "$three"]}, 17047),
    ({"$setDifference": ["$three", [1]]}, 17048),
    ({"$setDifference": [[1], "$three"]}, 17049),
    ({"$setEquals": ["$null", [1]]}, 17044),
    ({"$setEquals": [[1]]}, 17045),
    ({"$setIsSubset": ["$three", "$array"]}, 17046),
    ({"$setIsSubset": ["$array", "$three"]}, 17042),
    ({"$allElementsTrue": ["$null"]}, 17040),
    ({"$allElementsTrue": "$three"}, 17040),
    ({"$anyElementTrue": ["$three"]}, 17041),
]

ARRAYS: list[tuple[Any, Any]] = [
    ({"$range": [0, 3]}, [0, 1, 2]),
    ({"$range": [0, 10, 3]}, [0, 3, 6, 9]),
    ({"$range": [5, 0, -2]}, [5, 3, 1]),
    ({"$range": [0, 0]}, []),
    ({"$range": [1.0, 3.0]}, [1, 2]),
    ({"$range": [0, 3, -1]}, []),
    ({"$indexOfArray": ["$array", 1]}, 1),
    ({"$indexOfArray": ["$array", 2.0]}, 2),
    ({"$indexOfArray": ["$array", 1, 2]}, -1),
    ({"$indexOfArray": ["$array", 2, 0, 2]}, -1),
    ({"$indexOfArray": ["$array", "$none"]}, -1),
    ({"$indexOfArray": ["$null", 1]}, None),
    ({"$zip": {"inputs": [[1, 2], [3]]}}, [[1, 3]]),
    ({"$zip": {"inputs": [[1, 2], [3]], "useLongestLength": True}}, [[1, 3], [2, None]]),
    ({"$zip": {"inputs": [[1, 2], [3]], "useLongestLength": True, "defaults": [7, 8]}}, [[1, 3], [2, 8]]),
    ({"$zip": {"inputs": [[1], "$null"]}}, None),
    ({"$sortArray": {"input": "$array", "sortBy": 1}}, [1, 2, 3]),
    ({"$sortArray": {"input": "$array", "sortBy": -1}}, [3, 2, 1]),
    (
        {"$sortArray": {"input": "$documents", "sortBy": {"x": 1}}},
        [{"x": None}, 3, {"x": {"y": 7}}, {"x": [2, 5]}, {"x": [3, 1]}],
    ),
    (
        {"$sortArray": {"input": "$documents", "sortBy": {"x.y": -1}}},
        [{"x": {"y": 7}}, {"x": [2, 5]}, {"x": [3, 1]}, {"x": None}, 3],
    ),
    (
        {"$sortArray": {"input": "$documents", "sortBy": {"x.0": -1}}},
        [{"x": [3, 1]}, {"x": [2, 5]}, {"x": None}, 3, {"x": {"y": 7}}],
    ),
    ({"$sortArray": {"input": "$null", "sortBy": 1}}, None),
    ({"$firstN": {"n": 2, "input": [2, None, 1, 1.0, 2.0]}}, [2, None]),
    ({"$firstN": {"n": 2.0, "input": "$array"}}, [3, 1]),
    ({"$lastN": {"n": 2, "input": [2, None, 1, 1.0, 2.0]}}, [1.0, 2.0]),
    ({"$lastN": {"n": 2.0, "input": "$array"}}, [1, 2]),
    ({"$minN": {"n": 2, "input": [2, None, 1, 1.0, 2.0]}}, [1, 1.0]),
    ({"$minN": {"n": 2.0, "input": "$array"}}, [1, 2]),
    ({"$maxN": {"n": 2, "input": [2, None, 1, 1.0, 2.0]}}, [2.0, 2]),
    ({"$maxN": {"n": 2.0, "input": "$array"}}, [3, 2]),
]

ARRAYS_REFUSED: list[tuple[Any, int]] = [
    ({"$range": [0, 3, 0]}, 34449),
    ({"$range": ["x", 3]}, 34443),
    ({"$range": [0, "x"]}, 34445),
    ({"$range": [0, 3, "x"]}, 34447),
    ({"$range": [0.5, 3]}, 34444),
    ({"$range": [0, 3.5]}, 34446),
    ({"$range": [0, 3, 1.5]}, 34448),
    ({"$range": [0, 2147483647]}, 146),
    ({"$indexOfArray": ["$three", 1]}, 40090),
    ({"$indexOfArray": ["$array", 1, "x"]}, 40096),
    ({"$indexOfArray": ["$array", 1, -1]}, 40097),
    ({"$indexOfArray": ["$array", 1, 0, 1.5]}, 40096),
    ({"$zip": {"inputs": [[1], "$three"]}}, 34468),
    ({"$zip": 3}, 34460),
    ({"$zip": {}}, 34465),
    ({"$zip": {"inputs": "$array"}}, 34461),
    ({"$zip": {"inputs": [[1]], "defaults": 3, "useLongestLength": True}}, 34462),
    ({"$zip": {"inputs": [[1]], "useLongestLength": 1}}, 34463),
    ({"$zip": {"inputs": [[1]], "x": 1}}, 34464),
    ({"$zip": {"inputs": [[1]], "defaults": [1]}}, 34466),
    ({"$zip": {"inputs": [[1]], "defaults": [1, 2], "useLongestLength": True}}, 34467),
    ({"$sortArray": {"input": "$three", "sortBy": 1}}, 2942504),
    ({"$sortArray": 3}, 2942500),
    ({"$sortArray": {}}, 2942502),
    ({"$sortArray": {"input": "$array"}}, 2942503),
    ({"$sortArray": {"input": "$array", "sortBy": 1, "y": 1}}, 2942501),
    ({"$sortArray": {"input": "$array", "sortBy": 2}}, 2942506),
    ({"$sortArray": {"input": "$array", "sortBy": "x"}}, 2942507),
    ({"$sortArray": {"input": "$array", "sortBy": {}}}, 2942505),
    ({"$firstN": {"n": 1, "input": "$three"}}, 5788200),
    ({"$firstN": {"n": "x", "input": "$array"}}, 5787902),
    ({"$firstN": {"n": 1.5, "input": "$array"}}, 5787903),
    ({"$firstN": {"n": 0, "input": "$array"}}, 5787908),
    ({"$firstN": {"n": 1e30, "input": "$array"}}, 31109),
    ({"$firstN": 3}, 5787801),
    ({"$firstN": {"n": 1}}, 5787907),
    ({"$firstN": {"input": "$array"}}, 5787906),
    ({"$firstN": {"n": 1, "input": "$array", "x": 1}}, 5787901),
    ({"$minN": 3}, 5787900),
]

FIELDS: list[tuple[Any, Any]] = [
    ({"$getField": "three"}, 3),
    ({"$getField": {"field": "a.b", "input": "$odd"}}, 1),
    ({"$getField": {"field": {"$literal": "$c"}, "input": "$odd"}}, 2),
    ({"$getField": {"field": "x", "input": "$null"}}, None),
    ({"$getField": {"field": "x", "input": "$documents"}}, ...),
    ({"$setField": {"field": "a.b", "input": "$odd", "value": 5}}, {"a.b": 5, "$c": 2, "x": 3}),
    (
        {"$setField": {"field": "new", "input": "$odd", "value": "$three"}},
        {"a.b": 1, "$c": 2, "x": 3, "new": 3},
    ),
    ({"$setField": {"field": "x", "input": "$odd", "value": "$none"}}, {"a.b": 1, "$c": 2}),
    ({"$setField": {"field": "x", "input": "$null", "value": 1}}, None),
    ({"$unsetField": {"field": "a.b", "input": "$odd"}}, {"$c": 2, "x": 3}),
    ({"$unsetField": {"field": "x", "input": "$none"}}, None),
    ({"$binarySize": "a\u00e9"}, 3),
    ({"$binarySize": b"abc"}, 3),
    ({"$binarySize": "$null"}, None),
    ({"$bsonSize": "$odd"}, 29),
    ({"$bsonSize": {}}, 5),
    ({"$bsonSize": "$none"}, None),
]

FIELDS_REFUSED: list[tuple[Any, int]] = [
    ({"$getField": "$three"}, 5654600),
    ({"$getField": 3}, 5654602),
    ({"$getField": ["x"]}, 5654601),
    ({"$getField": {"field": "x"}}, 3041703),
    ({"$getField": {"input": "$odd"}}, 3041702),
    ({"$getField": {"field": "x", "input": "$odd", "y": 1}}, 3041701),
    ({"$setField": {"field": "x", "input": "$three", "value": 1}}, 4161105),
    ({"$setField": 3}, 4161100),
    ({"$setField": {"field": "x", "input": "$odd"}}, 4161103),
    ({"$setField": {"field": "x", "value": 1}}, 4161109),
    ({"$setField": {"input": "$odd", "value": 1}}, 4161102),
    ({"$setField": {"field": "x", "input": "$odd", "value": 1, "y": 1}}, 4161101),
    ({"$setField": {"field": "$c", "input": "$odd", "value": 1}}, 4161108),
    ({"$setField": {"field": 3, "input": "$odd", "value": 1}}, 4161107),
    ({"$setField": {"field": {"$concat": ["x"]}, "input": "$odd", "value": 1}}, 4161106),
    ({"$unsetField": {"field": "x", "input": "$odd", "value": 1}}, 4161101),
    ({"$binarySize": "$three"}, 51276),
    ({"$bsonSize": "$array"}, 31393),
    ({"$rand": {"a": 1}}, 3040501),
    ({"$rand": 3}, 10065),
]


@pytest.mark.parametrize(("expression", "expected"), [*SETS, *ARRAYS, *FIELDS], ids=str)
def test_values(expression: Any, expected: Any) -> None:
    assert evaluated(expression, DOCUMENT) == value(expected)


@pytest.mark.parametrize(("expression", "code"), [*SETS_REFUSED, *ARRAYS_REFUSED, *FIELDS_REFUSED], ids=str)
def test_refusals(expression: Any, code: int) -> None:
    assert refusal(expression, DOCUMENT) == code
