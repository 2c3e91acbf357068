"""``$jsonSchema``: what it selects and refuses, and how failures are explained; expected values are a server's."""

from __future__ import annotations

from typing import Any

import bson
import pytest
from bson import Decimal128, Int64, Regex

from ming.mim.data.errors import CommandError
from ming.mim.queries.filters import compile_filter
from ming.mim.queries.json_schema import compile_schema
from ming.mim.storage.validation_errors import explain_failure

Document = dict[str, Any]


def of_a(schema: Document) -> Document:
    return {"$jsonSchema": {"properties": {"a": schema}}}


# -- what it selects ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("schema", "passing", "failing"),
    [
        ({"bsonType": "int"}, [1], [1.0, Int64(1), "1", None]),
        ({"bsonType": ["long", "number"]}, [1, 1.0, Int64(1), Decimal128("1")], ["1", True]),
        ({"type": "number"}, [1, 1.5], ["1"]),
        ({"type": ["string", "null"]}, ["", None], [0, []]),
        ({"minimum": 2}, [2, 2.5, "a", None, Decimal128("2")], [1, -5.5, float("nan")]),
        ({"minimum": 2, "exclusiveMinimum": True}, [2.1], [2, 2.0]),
        ({"maximum": 2, "exclusiveMaximum": False}, [2], [2.1]),
        ({"multipleOf": 0.1}, [0.3, 7, Decimal128("2.5"), "a"], [0.05, float("inf")]),
        ({"multipleOf": 3}, [0, -9, 1e17 * 3], [1, 2.5]),
        ({"minLength": 2}, ["ab", "éé", 5], ["a", "é"]),
        ({"maxLength": 1}, ["", "é", [1, 2]], ["ab"]),
        ({"pattern": "^a.$"}, ["ab", 5], ["abc", "b"]),
        ({"enum": [1, {"x": 1, "y": [2]}, None]}, [1.0, {"y": [2], "x": 1}, None], [2, {"x": 1}, [1]]),
        ({"minItems": 1, "maxItems": 2}, [[1], [1, 2], "abc"], [[], [1, 2, 3]]),
        ({"uniqueItems": True}, [[1, "1", None], "aa"], [[1, 1.0], [{"x": 1, "y": 2}, {"y": 2, "x": 1}]]),
        ({"items": {"bsonType": "int"}}, [[], [1, 2], "a"], [[1, "a"]]),
        ({"items": [{"bsonType": "int"}]}, [[], [1, "a"]], [["a"]]),
        ({"items": [{}], "additionalItems": False}, [[1]], [[1, 2]]),
        ({"items": [{}], "additionalItems": {"bsonType": "int"}}, [["a", 1]], [["a", "b"]]),
        ({"items": {}, "additionalItems": False}, [[1, 2]], []),
        ({"minProperties": 1, "maxProperties": 1}, [{"x": 1}, [1, 2]], [{}, {"x": 1, "y": 2}]),
        ({"required": ["x", "y"]}, [{"x": 1, "y": None}, 5], [{"x": 1}]),
        ({"properties": {"x": {"bsonType": "int"}}}, [{"x": 1}, {}, [{"x": "a"}]], [{"x": "a"}]),
        ({"properties": {"x": {}}, "additionalProperties": False}, [{"x": 1}, {}], [{"y": 1}]),
        ({"additionalProperties": {"bsonType": "int"}}, [{"x": 1}], [{"x": "a"}]),
        ({"patternProperties": {"^x": {"bsonType": "int"}}}, [{"x": 1, "y": "a"}], [{"xy": "a"}]),
        ({"patternProperties": {"^x": {}}, "additionalProperties": False}, [{"xy": 1}], [{"y": 1}]),
        ({"dependencies": {"x": ["y"]}}, [{}, {"x": 1, "y": 1}, {"y": 1}], [{"x": 1}]),
        ({"dependencies": {"x": {"maxProperties": 1}}}, [{"x": 1}, {"y": 1, "z": 1}], [{"x": 1, "y": 1}]),
        ({"allOf": [{"minimum": 1}, {"maximum": 2}]}, [1, 2, "a"], [0, 3]),
        ({"anyOf": [{"minimum": 2}, {"bsonType": "int"}]}, [2.5, 1], [1.5]),
        ({"oneOf": [{"minimum": 2}, {"bsonType": "int"}]}, [2.5, 1], [1.5, 2]),
        ({"not": {"bsonType": "int"}}, [1.5, "a"], [1]),
        ({"title": "T", "description": "D"}, [1, "a", None], []),
    ],
)
def test_what_a_schema_selects(schema: Document, passing: list[Any], failing: list[Any]) -> None:
    matches = compile_filter(of_a(schema)).matches
    assert [value for value in passing if not matches({"a": value})] == []
    assert [value for value in failing if matches({"a": value})] == []
    assert matches({})


def test_a_dotted_name_is_a_path() -> None:
    matches = compile_schema({"properties": {"a.b": {"bsonType": "int"}}, "required": ["a.b"]}).matches
    assert matches({"a": {"b": 1}})
    assert not matches({"a": {"b": "x"}})
    assert not matches({"a.b": 1})


def test_rules_about_other_types_do_not_concern_whole_documents() -> None:
    schema = {"minimum": 5, "minLength": 5, "minItems": 5, "pattern": "[", "minProperties": 1}
    assert compile_schema(schema).matches({"a": 1})
    assert not compile_schema({"bsonType": "int"}).matches({"a": 1})


# -- what it refuses ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("schema", "code", "message"),
    [
        (5, 14, "$jsonSchema must be an object"),
        ({"x": 1}, 9, "Unknown $jsonSchema keyword: x"),
        ({"$ref": "a"}, 9, "$jsonSchema keyword '$ref' is not currently supported"),
        ({"format": "date"}, 9, "$jsonSchema keyword 'format' is not currently supported"),
        ({"type": "integer"}, 9, "$jsonSchema type 'integer' is not currently supported."),
        ({"type": "int"}, 2, "Unknown type name alias: int"),
        ({"type": []}, 9, "$jsonSchema keyword 'type' must name at least one type"),
        ({"bsonType": ["int", "int"]}, 9, "$jsonSchema keyword 'bsonType' has duplicate value: int"),
        (
            {"bsonType": 16},
            14,
            "$jsonSchema keyword 'bsonType' must be either a string or an array of strings",
        ),
        ({"bsonType": [16]}, 14, "$jsonSchema keyword 'bsonType' array elements must be strings"),
        (
            {"type": "string", "bsonType": "int"},
            9,
            "Cannot specify both $jsonSchema keywords 'type' and 'bsonType'",
        ),
        ({"title": 1}, 14, "$jsonSchema keyword 'title' must be of type string"),
        ({"minimum": "a"}, 14, "$jsonSchema keyword 'minimum' must be a number"),
        (
            {"maximum": 1, "exclusiveMaximum": 1},
            14,
            "$jsonSchema keyword 'exclusiveMaximum' must be a boolean",
        ),
        (
            {"exclusiveMinimum": True},
            9,
            "$jsonSchema keyword 'minimum' must be a present if exclusiveMinimum is present",
        ),
        ({"multipleOf": 0}, 9, "$jsonSchema keyword 'multipleOf' must have a positive value"),
        ({"properties": {"a": {"multipleOf": float("inf")}}}, 2, "divisor cannot be infinite"),
        ({"minLength": -1}, 9, "Expected a non-negative number in: minLength: -1"),
        ({"maxItems": 1.5}, 9, "Expected an integer: maxItems: 1.5"),
        ({"maxItems": None}, 9, "Expected a number in: maxItems: null"),
        ({"pattern": Regex("a")}, 14, "$jsonSchema keyword 'pattern' must be a string"),
        ({"enum": []}, 9, "$jsonSchema keyword 'enum' cannot be an empty array"),
        ({"enum": [1, 1.0]}, 9, "$jsonSchema keyword 'enum' array cannot contain duplicate values."),
        ({"uniqueItems": 1}, 14, "$jsonSchema keyword 'uniqueItems' must be a boolean"),
        ({"items": True}, 14, "$jsonSchema keyword 'items' must be an array or an object, not bool"),
        (
            {"items": [1]},
            14,
            "$jsonSchema keyword 'items' requires that each element of the array is an object, but found a int",
        ),
        (
            {"additionalItems": 1},
            14,
            "$jsonSchema keyword 'additionalItems' must be either an object or a boolean, but got a int",
        ),
        ({"required": []}, 9, "$jsonSchema keyword 'required' cannot be an empty array"),
        ({"required": ["a", "a"]}, 9, "$jsonSchema keyword 'required' array cannot contain duplicate values"),
        ({"properties": {"a": 1}}, 14, "Nested schema for $jsonSchema property 'a' must be an object"),
        ({"properties": {"a": {"x": 1}}}, 9, "Unknown $jsonSchema keyword: x"),
        (
            {"patternProperties": {"a": 1}},
            14,
            "$jsonSchema keyword 'patternProperties' has property 'a' which is not an object",
        ),
        (
            {"additionalProperties": 1},
            14,
            "$jsonSchema keyword 'additionalProperties' must be an object or a boolean",
        ),
        (
            {"dependencies": {"a": 1}},
            14,
            "property 'a' in $jsonSchema keyword 'dependencies' must be either an object or an array",
        ),
        (
            {"dependencies": {"a": []}},
            9,
            "property 'a' in $jsonSchema keyword 'dependencies' cannot be an empty array",
        ),
        ({"allOf": []}, 2, "$jsonSchema keyword 'allOf' must be a non-empty array"),
        (
            {"anyOf": [1]},
            14,
            "$jsonSchema keyword 'anyOf' must be an array of objects, but found an element of type int",
        ),
        ({"not": 1}, 14, "$jsonSchema keyword 'not' must be an object, but found an element of type int"),
    ],
)
def test_what_is_no_schema(schema: Any, code: int, message: str) -> None:
    with pytest.raises(CommandError) as caught:
        compile_filter({"$jsonSchema": schema})
    assert (caught.value.code, caught.value.errmsg) == (code, message)


@pytest.mark.parametrize("keyword", ["encrypt", "encryptMetadata"])
def test_keywords_of_client_side_encryption_are_not_built(keyword: str) -> None:
    with pytest.raises(NotImplementedError, match=keyword):
        compile_schema({"properties": {"a": {keyword: {}}}})


# -- how failures are explained -----------------------------------------------------------------------


def mistyped(value: Any, actual: str, wanted: str = "int") -> Document:
    return {
        "operatorName": "bsonType",
        "specifiedAs": {"bsonType": wanted},
        "reason": "type did not match",
        "consideredValue": value,
        "consideredType": actual,
    }


@pytest.mark.parametrize(
    ("schema", "value", "details"),
    [
        ({"bsonType": "int"}, "x", [mistyped("x", "string")]),
        (
            {"minimum": 3, "exclusiveMinimum": True, "maximum": 1},
            3,
            [
                {
                    "operatorName": "maximum",
                    "specifiedAs": {"maximum": 1},
                    "reason": "comparison failed",
                    "consideredValue": 3,
                },
                {
                    "operatorName": "minimum",
                    "specifiedAs": {"minimum": 3, "exclusiveMinimum": True},
                    "reason": "comparison failed",
                    "consideredValue": 3,
                },
            ],
        ),
        (
            {"minItems": 3, "uniqueItems": True},
            [1, 1],
            [
                {
                    "operatorName": "minItems",
                    "specifiedAs": {"minItems": 3},
                    "reason": "array did not match specified length",
                    "consideredValue": [1, 1],
                    "numberOfItems": 2,
                },
                {
                    "operatorName": "uniqueItems",
                    "specifiedAs": {"uniqueItems": True},
                    "reason": "found a duplicate item",
                    "consideredValue": [1, 1],
                    "duplicatedValue": 1,
                },
            ],
        ),
        (
            {"items": {"bsonType": "int", "title": "T"}},
            [1, "x"],
            [
                {
                    "operatorName": "items",
                    "title": "T",
                    "reason": "At least one item did not match the sub-schema",
                    "itemIndex": 1,
                    "details": [mistyped("x", "string")],
                }
            ],
        ),
        (
            {"items": [{"bsonType": "int"}], "additionalItems": False},
            ["x", 2],
            [
                {
                    "operatorName": "items",
                    "details": [{"itemIndex": Int64(0), "details": [mistyped("x", "string")]}],
                },
                {
                    "operatorName": "additionalItems",
                    "specifiedAs": {"additionalItems": False},
                    "reason": "found additional items",
                    "additionalItems": [2],
                },
            ],
        ),
        (
            {"required": ["z", "y"], "additionalProperties": {"bsonType": "int"}, "minProperties": 2},
            {"b": "x"},
            [
                {
                    "operatorName": "additionalProperties",
                    "reason": "at least one additional property did not match the subschema",
                    "failingProperty": "b",
                    "details": [mistyped("x", "string")],
                },
                {
                    "operatorName": "required",
                    "specifiedAs": {"required": ["z", "y"]},
                    "missingProperties": ["y", "z"],
                },
                {
                    "operatorName": "minProperties",
                    "specifiedAs": {"minProperties": 2},
                    "reason": "specified number of properties was not satisfied",
                    "numberOfProperties": 1,
                },
            ],
        ),
        (
            {"patternProperties": {"^b": {"bsonType": "int"}}, "dependencies": {"b": ["c"]}},
            {"b": "x"},
            [
                {
                    "operatorName": "patternProperties",
                    "details": [
                        {"propertyName": "b", "regexMatched": "^b", "details": [mistyped("x", "string")]}
                    ],
                },
                {
                    "operatorName": "dependencies",
                    "failingDependencies": [{"conditionalProperty": "b", "missingProperties": ["c"]}],
                },
            ],
        ),
        (
            {"anyOf": [{"bsonType": "string"}, {"not": {}}]},
            3,
            [
                {
                    "operatorName": "anyOf",
                    "schemasNotSatisfied": [
                        {"index": 0, "details": [mistyped(3, "int", "string")]},
                        {
                            "index": 1,
                            "details": [{"operatorName": "not", "reason": "child expression matched"}],
                        },
                    ],
                }
            ],
        ),
        (
            {"oneOf": [{}, {}]},
            3,
            [
                {
                    "operatorName": "oneOf",
                    "reason": "more than one subschema matched",
                    "matchingSchemaIndexes": [0, 1],
                }
            ],
        ),
        # A single type makes the rules about other types superfluous, several do not.
        ({"bsonType": "int", "minItems": 5}, [], [mistyped([], "array")]),
    ],
)
def test_a_failed_schema(schema: Document, value: Any, details: list[Document]) -> None:
    made = explain_failure(of_a({**schema, "description": "D"}), {"_id": 1, "a": value})
    failed = {"propertyName": "a", "description": "D", "details": details}
    rules = [{"operatorName": "properties", "propertiesNotSatisfied": [failed]}]
    assert bson.encode(made) == bson.encode({"operatorName": "$jsonSchema", "schemaRulesNotSatisfied": rules})


def test_a_schema_that_no_document_passes() -> None:
    never = {"bsonType": "int", "required": ["z"]}
    assert explain_failure({"$jsonSchema": never}, {"_id": 1}) == {
        "operatorName": "$jsonSchema",
        "specifiedAs": {"$jsonSchema": never},
        "reason": "expression always evaluates to false",
    }
    assert explain_failure({"$jsonSchema": {"enum": [1], "title": "T"}}, {"_id": 1}) == {
        "operatorName": "$jsonSchema",
        "title": "T",
        "schemaRulesNotSatisfied": [
            {
                "operatorName": "enum",
                "specifiedAs": {"enum": [1]},
                "reason": "expression always evaluates to false",
            }
        ],
    }


MISSING = {"reason": "field was missing"}


@pytest.mark.parametrize(
    ("condition", "document", "reason"),
    [
        ({"$gt": 5}, {"a": 1}, {"reason": "comparison failed", "consideredValue": 1}),
        ({"$gt": 5}, {"a": [1, 2]}, {"reason": "comparison failed", "consideredValues": [1, 2]}),
        ({"$gt": 5}, {"a": ["x"]}, {"reason": "comparison failed", "consideredValue": "x"}),
        ({"$gt": 5}, {}, MISSING),
        ({"$ne": 1}, {"a": 1}, {"reason": "comparison succeeded", "consideredValue": 1}),
        ({"$in": [1]}, {"a": 2}, {"reason": "no matching value found in array", "consideredValue": 2}),
        ({"$nin": [1]}, {"a": 1}, {"reason": "matching value found in array", "consideredValue": 1}),
        ({"$exists": True}, {}, {"reason": "path does not exist"}),
        ({"$exists": False}, {"a": 1}, {"reason": "path does exist"}),
        (
            {"$type": "int"},
            {"a": "x"},
            {"reason": "type did not match", "consideredValue": "x", "consideredType": "string"},
        ),
        (
            {"$size": 2},
            {"a": [1]},
            {"reason": "array length was not equal to given size", "consideredValue": [1]},
        ),
        (
            {"$size": 2},
            {"a": 1},
            {
                "reason": "type did not match",
                "consideredType": "int",
                "expectedType": "array",
                "consideredValue": 1,
            },
        ),
        (
            {"$mod": [2, 1]},
            {"a": ["x", None]},
            {
                "reason": "type did not match",
                "consideredTypes": ["null", "string"],
                "expectedTypes": ["decimal", "double", "int", "long"],
                "consideredValues": ["x", None],
            },
        ),
        (
            {"$regex": "^a"},
            {"a": "b"},
            {"reason": "regular expression did not match", "consideredValue": "b"},
        ),
        (
            {"$all": [1, 2]},
            {"a": [1]},
            {"reason": "array did not contain all specified values", "consideredValue": [1]},
        ),
        ({"$all": []}, {"a": [1]}, {"reason": "expression always evaluates to false"}),
        (
            {"$elemMatch": {"b": 5}},
            {"a": [{"b": 1}]},
            {"reason": "array did not satisfy the child predicate", "consideredValue": [{"b": 1}]},
        ),
        (
            {"$bitsAllSet": 3},
            {"a": 1},
            {"reason": "bitwise operator failed to match", "consideredValue": 1},
        ),
        (
            {"$eq": -1},
            {"a": list(range(12))},
            {
                "reason": "comparison failed",
                "consideredValues": list(range(10)),
                "consideredValuesTruncated": True,
            },
        ),
    ],
)
def test_a_failed_operator(condition: Document, document: Document, reason: Document) -> None:
    (operator,) = condition
    expected = {"operatorName": operator, "specifiedAs": {"a": condition}, **reason}
    assert explain_failure({"a": condition}, document) == expected


def test_failed_clauses_have_their_positions() -> None:
    query = {"a": {"$gt": 5, "$lt": 9}, "$or": [{"b": 1}], "c": 1, "$comment": "x"}
    failed = {"reason": "comparison failed", "consideredValue": 1}
    assert explain_failure(query, {"a": 1, "b": 2, "c": 1}) == {
        "operatorName": "$and",
        "clausesNotSatisfied": [
            {"index": 0, "details": {"operatorName": "$gt", "specifiedAs": {"a": {"$gt": 5}}, **failed}},
            {
                "index": 2,
                "details": {
                    "operatorName": "$or",
                    "clausesNotSatisfied": [
                        {
                            "index": 0,
                            "details": {
                                "operatorName": "$eq",
                                "specifiedAs": {"b": 1},
                                "reason": "comparison failed",
                                "consideredValue": 2,
                            },
                        }
                    ],
                },
            },
        ],
    }


def test_negations_are_explained_by_what_matched() -> None:
    matched = {"specifiedAs": {"a": {"$gt": 5}}, "reason": "comparison succeeded", "consideredValue": 7}
    assert explain_failure({"a": {"$not": {"$gt": 5}}}, {"a": 7}) == {
        "operatorName": "$not",
        "details": {"operatorName": "$gt", **matched},
    }
    assert explain_failure({"$nor": [{"b": 1}, {"a": {"$gt": 5}}]}, {"a": 7}) == {
        "operatorName": "$nor",
        "clausesSatisfied": [{"index": 1, "details": {"operatorName": "$gt", **matched}}],
    }
    assert explain_failure({"$nor": [of_a({})]}, {"a": 7}) == {
        "operatorName": "$nor",
        "clausesSatisfied": [
            {"index": 0, "details": {"operatorName": "$jsonSchema", "reason": "schema matched"}}
        ],
    }


def test_expressions_are_explained_by_their_result() -> None:
    query = {"$expr": {"$gt": ["$a", 5]}}
    shown = {"operatorName": "$expr", "specifiedAs": query}
    assert explain_failure(query, {"a": 1}) == {
        **shown,
        "reason": "expression did not match",
        "expressionResult": False,
    }
    query = {"$expr": {"$divide": [1, "$a"]}}
    assert explain_failure(query, {"a": 0}) == {
        "operatorName": "$expr",
        "specifiedAs": query,
        "reason": "failed to evaluate aggregation expression",
        "details": {"code": 2, "codeName": "BadValue", "errmsg": "can't $divide by zero"},
    }
