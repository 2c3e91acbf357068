"""Expression operators on strings, with the values and codes that a server answered."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from bson import Decimal128, Int64, Regex
from unit.mim.evaluation import evaluated, refusal, value

DOCUMENT: dict[str, Any] = {"text": " xax\t", "null": None, "three": 3, "array": [3, 1, 2]}

STRINGS: list[tuple[Any, Any]] = [
    ({"$split": ["a-b", "-"]}, ["a", "b"]),
    ({"$split": ["a", "-"]}, ["a"]),
    ({"$split": ["", "-"]}, [""]),
    ({"$split": ["--", "-"]}, ["", "", ""]),
    ({"$split": ["$null", "-"]}, None),
    ({"$split": ["$none", 3]}, None),
    ({"$trim": {"input": "$text"}}, "xax"),
    ({"$trim": {"input": "xax", "chars": "x"}}, "a"),
    ({"$trim": {"input": "xax", "chars": ""}}, "xax"),
    ({"$trim": {"input": "$null", "chars": 3}}, None),
    ({"$trim": {"input": "x", "chars": "$none"}}, None),
    ({"$ltrim": {"input": "$text"}}, "xax\t"),
    ({"$ltrim": {"input": "xax", "chars": "x"}}, "ax"),
    ({"$ltrim": {"input": "xax", "chars": ""}}, "xax"),
    ({"$ltrim": {"input": "$null", "chars": 3}}, None),
    ({"$ltrim": {"input": "x", "chars": "$none"}}, None),
    ({"$rtrim": {"input": "$text"}}, " xax"),
    ({"$rtrim": {"input": "xax", "chars": "x"}}, "xa"),
    ({"$rtrim": {"input": "xax", "chars": ""}}, "xax"),
    ({"$rtrim": {"input": "$null", "chars": 3}}, None),
    ({"$rtrim": {"input": "x", "chars": "$none"}}, None),
    ({"$trim": {"input": "\u0000\u00a0\u1680\u2000x\u200a\u2028"}}, "x\u200a\u2028"),
    ({"$replaceOne": {"input": "aba", "find": "a", "replacement": "c"}}, "cba"),
    ({"$replaceOne": {"input": "aba", "find": "", "replacement": "-"}}, "-aba"),
    ({"$replaceOne": {"input": "$null", "find": "a", "replacement": "b"}}, None),
    ({"$replaceAll": {"input": "aba", "find": "a", "replacement": "c"}}, "cbc"),
    ({"$replaceAll": {"input": "aba", "find": "", "replacement": "-"}}, "-a-b-a-"),
    ({"$replaceAll": {"input": "$null", "find": "a", "replacement": "b"}}, None),
    ({"$strcasecmp": ["a", "B"]}, -1),
    ({"$strcasecmp": ["b", "A"]}, 1),
    ({"$strcasecmp": ["\u00c9", "\u00e9"]}, -1),
    ({"$strcasecmp": [None, "a"]}, -1),
    ({"$strcasecmp": [3, "3"]}, 0),
    ({"$strLenBytes": "a\u00e9"}, 3),
    ({"$strLenBytes": ""}, 0),
    ({"$strLenCP": "a\u00e9"}, 2),
    ({"$toUpper": 2.123456789}, "2.12346"),
    ({"$toUpper": 1e16}, "1E+16"),
    ({"$toUpper": Int64(5)}, "5"),
    ({"$toUpper": Decimal128("1E+3")}, "1E+3"),
    ({"$toUpper": datetime(2020, 1, 2)}, "2020-01-02T00:00:00.000Z"),
    ({"$toUpper": "a\u00e9"}, "A\u00e9"),
    ({"$toUpper": None}, ""),
]

STRINGS_REFUSED: list[tuple[Any, int]] = [
    ({"$split": ["a-b", ""]}, 40087),
    ({"$split": [3, "-"]}, 40085),
    ({"$split": ["a", 3]}, 40086),
    ({"$trim": {"input": 3}}, 50699),
    ({"$trim": {"input": "x", "chars": 3}}, 50700),
    ({"$trim": 3}, 50696),
    ({"$trim": {}}, 50695),
    ({"$trim": {"input": "x", "y": 1}}, 50694),
    ({"$replaceOne": {"input": 3, "find": "a", "replacement": "b"}}, 51746),
    ({"$replaceOne": {"input": "$null", "find": 3, "replacement": "b"}}, 51745),
    ({"$replaceOne": {"input": "a", "find": "a", "replacement": 3}}, 51744),
    ({"$replaceOne": 3}, 51751),
    ({"$replaceOne": {}}, 51749),
    ({"$replaceOne": {"input": "a"}}, 51748),
    ({"$replaceOne": {"input": "a", "find": "b"}}, 51747),
    ({"$replaceOne": {"input": "a", "find": "b", "replacement": "c", "x": 1}}, 51750),
    ({"$strcasecmp": ["$array", "x"]}, 16007),
    ({"$strLenBytes": 3}, 34473),
    ({"$strLenBytes": "$null"}, 34473),
    ({"$strLenCP": 3}, 34471),
    ({"$toUpper": True}, 16007),
]

SUBSTRINGS: list[tuple[Any, Any]] = [
    ({"$substrBytes": ["abc", 1, 1]}, "b"),
    ({"$substrBytes": ["abc", 1, -1]}, "bc"),
    ({"$substrBytes": ["a\u00e9", 1, 2]}, "\u00e9"),
    ({"$substrBytes": ["a\u00e9", 5, 1]}, ""),
    ({"$substrBytes": [3, 0, 1]}, "3"),
    ({"$substrBytes": ["$null", 0, 1]}, ""),
    ({"$substrBytes": ["abc", 1.7, 1.2]}, "b"),
    ({"$substr": ["abc", 0, 2]}, "ab"),
    ({"$substrCP": ["a\u00e9c", 1, 1]}, "\u00e9"),
    ({"$substrCP": ["abc", 1.0, 9]}, "bc"),
    ({"$substrCP": ["abc", 9, 1]}, ""),
    ({"$substrCP": ["$none", 0, 1]}, ""),
    ({"$indexOfBytes": ["\u00e9ab", "b"]}, 3),
    ({"$indexOfBytes": ["abc", "c", 3]}, -1),
    ({"$indexOfBytes": ["abc", "", 3]}, 3),
    ({"$indexOfBytes": ["abc", "", 4]}, -1),
    ({"$indexOfBytes": ["abc", "bc", 0, 2]}, -1),
    ({"$indexOfBytes": ["abc", "c", 0, 9]}, 2),
    ({"$indexOfBytes": ["abc", "b", 2, 1]}, -1),
    ({"$indexOfBytes": ["", "", 0]}, 0),
    ({"$indexOfBytes": ["", "a"]}, -1),
    ({"$indexOfBytes": ["$null", "c"]}, None),
    ({"$indexOfCP": ["\u00e9ab", "b"]}, 2),
    ({"$indexOfCP": ["abc", "c", 3]}, -1),
    ({"$indexOfCP": ["abc", "", 3]}, -1),
    ({"$indexOfCP": ["abc", "", 4]}, -1),
    ({"$indexOfCP": ["abc", "bc", 0, 2]}, 1),
    ({"$indexOfCP": ["abc", "c", 0, 9]}, 2),
    ({"$indexOfCP": ["abc", "b", 2, 1]}, -1),
    ({"$indexOfCP": ["", "", 0]}, 0),
    ({"$indexOfCP": ["", "a"]}, -1),
    ({"$indexOfCP": ["$null", "c"]}, None),
]

SUBSTRINGS_REFUSED: list[tuple[Any, int]] = [
    ({"$substrBytes": ["a\u00e9", 0, 2]}, 28657),
    ({"$substrBytes": ["a\u00e9", 2, 1]}, 28656),
    ({"$substrBytes": ["abc", -1, 1]}, 50752),
    ({"$substrBytes": ["abc", "x", 1]}, 16034),
    ({"$substrBytes": ["abc", 1, "x"]}, 16035),
    ({"$substrBytes": ["$array", 0, 1]}, 16007),
    ({"$substrBytes": ["abc", 1e30, 1]}, 31109),
    ({"$substrCP": ["abc", -1, 1]}, 34455),
    ({"$substrCP": ["abc", 1, -1]}, 34454),
    ({"$substrCP": ["abc", 1.5, 1]}, 34451),
    ({"$substrCP": ["abc", 1, 1099511627776]}, 34453),
    ({"$substrCP": ["abc", "x", 1]}, 34450),
    ({"$substrCP": ["abc", 0, "$null"]}, 34452),
    ({"$indexOfBytes": [3, "c"]}, 40091),
    ({"$indexOfBytes": ["abc", "$null"]}, 40092),
    ({"$indexOfBytes": ["abc", "c", "x"]}, 40096),
    ({"$indexOfBytes": ["abc", "c", -1]}, 40097),
    ({"$indexOfBytes": ["abc", "c", 0, 1.5]}, 40096),
    ({"$indexOfCP": [3, "c"]}, 40093),
    ({"$indexOfCP": ["abc", "$null"]}, 40094),
    ({"$indexOfCP": ["abc", "c", "x"]}, 40096),
    ({"$indexOfCP": ["abc", "c", -1]}, 40097),
    ({"$indexOfCP": ["abc", "c", 0, 1.5]}, 40096),
]

PATTERNS: list[tuple[Any, Any]] = [
    ({"$regexMatch": {"input": "\u00e9a\u00e9b", "regex": "\u00e9(.)(x)?"}}, True),
    ({"$regexMatch": {"input": "aaa", "regex": "a"}}, True),
    ({"$regexMatch": {"input": "abc", "regex": ""}}, True),
    ({"$regexMatch": {"input": "", "regex": ""}}, True),
    ({"$regexMatch": {"input": "Ab\ncd", "regex": "^[ac]", "options": "im"}}, True),
    ({"$regexMatch": {"input": "a", "regex": Regex("A", "i")}}, True),
    ({"$regexMatch": {"input": "b", "regex": "a"}}, False),
    ({"$regexMatch": {"input": "\u00e9", "regex": "\\w"}}, False),
    ({"$regexMatch": {"input": "$null", "regex": "a"}}, False),
    ({"$regexMatch": {"input": "a", "regex": "$none"}}, False),
    (
        {"$regexFind": {"input": "\u00e9a\u00e9b", "regex": "\u00e9(.)(x)?"}},
        {"match": "\u00e9a", "idx": 0, "captures": ["a", None]},
    ),
    ({"$regexFind": {"input": "aaa", "regex": "a"}}, {"match": "a", "idx": 0, "captures": []}),
    ({"$regexFind": {"input": "abc", "regex": ""}}, {"match": "", "idx": 0, "captures": []}),
    ({"$regexFind": {"input": "", "regex": ""}}, {"match": "", "idx": 0, "captures": []}),
    (
        {"$regexFind": {"input": "Ab\ncd", "regex": "^[ac]", "options": "im"}},
        {"match": "A", "idx": 0, "captures": []},
    ),
    ({"$regexFind": {"input": "a", "regex": Regex("A", "i")}}, {"match": "a", "idx": 0, "captures": []}),
    ({"$regexFind": {"input": "b", "regex": "a"}}, None),
    ({"$regexFind": {"input": "\u00e9", "regex": "\\w"}}, None),
    ({"$regexFind": {"input": "$null", "regex": "a"}}, None),
    ({"$regexFind": {"input": "a", "regex": "$none"}}, None),
    (
        {"$regexFindAll": {"input": "\u00e9a\u00e9b", "regex": "\u00e9(.)(x)?"}},
        [
            {"match": "\u00e9a", "idx": 0, "captures": ["a", None]},
            {"match": "\u00e9b", "idx": 2, "captures": ["b", None]},
        ],
    ),
    (
        {"$regexFindAll": {"input": "aaa", "regex": "a"}},
        [
            {"match": "a", "idx": 0, "captures": []},
            {"match": "a", "idx": 1, "captures": []},
            {"match": "a", "idx": 2, "captures": []},
        ],
    ),
    (
        {"$regexFindAll": {"input": "abc", "regex": ""}},
        [
            {"match": "", "idx": 0, "captures": []},
            {"match": "", "idx": 1, "captures": []},
            {"match": "", "idx": 2, "captures": []},
        ],
    ),
    ({"$regexFindAll": {"input": "", "regex": ""}}, [{"match": "", "idx": 0, "captures": []}]),
    (
        {"$regexFindAll": {"input": "Ab\ncd", "regex": "^[ac]", "options": "im"}},
        [{"match": "A", "idx": 0, "captures": []}, {"match": "c", "idx": 3, "captures": []}],
    ),
    ({"$regexFindAll": {"input": "a", "regex": Regex("A", "i")}}, [{"match": "a", "idx": 0, "captures": []}]),
    ({"$regexFindAll": {"input": "b", "regex": "a"}}, []),
    ({"$regexFindAll": {"input": "\u00e9", "regex": "\\w"}}, []),
    ({"$regexFindAll": {"input": "$null", "regex": "a"}}, []),
    ({"$regexFindAll": {"input": "a", "regex": "$none"}}, []),
    (
        {"$regexFind": {"input": "a", "regex": Regex("a", ""), "options": "i"}},
        {"match": "a", "idx": 0, "captures": []},
    ),
]

PATTERNS_REFUSED: list[tuple[Any, int]] = [
    ({"$regexFind": {"input": 3, "regex": "a"}}, 51104),
    ({"$regexFind": {"input": "a", "regex": 3}}, 51105),
    ({"$regexFind": {"input": "a", "regex": "a", "options": 3}}, 51106),
    ({"$regexFind": {"input": "a", "regex": "a", "options": "q"}}, 51108),
    ({"$regexFind": {"input": "a", "regex": "("}}, 51111),
    ({"$regexFind": {"input": "a", "regex": "a\u0000"}}, 51109),
    ({"$regexFind": {"input": "a", "regex": "a", "options": "i\u0000"}}, 51110),
    ({"$regexFind": 3}, 51103),
    ({"$regexFind": {}}, 31022),
    ({"$regexFind": {"input": "a"}}, 31023),
    ({"$regexFind": {"input": "a", "regex": "a", "x": 1}}, 31024),
]


@pytest.mark.parametrize(("expression", "expected"), [*STRINGS, *SUBSTRINGS, *PATTERNS], ids=str)
def test_values(expression: Any, expected: Any) -> None:
    assert evaluated(expression, DOCUMENT) == value(expected)


@pytest.mark.parametrize(
    ("expression", "code"), [*STRINGS_REFUSED, *SUBSTRINGS_REFUSED, *PATTERNS_REFUSED], ids=str
)
def test_refusals(expression: Any, code: int) -> None:
    assert refusal(expression, DOCUMENT) == code
