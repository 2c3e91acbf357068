"""Schemas written down for others: MongoDB's dialect, and JSON Schema."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import bson
import pytest
from bson import json_util
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from strategies import Picky, Shouting, documents, objects, stored_scalars

from ming import Document, Field
from ming import schema as S
from ming._values import KEEP_ASIDE
from ming.exc import Invalid
from ming.mim import match
from ming.schema.export import json_schema, mongo_schema

TEXT = ["string", "javascript", "javascriptWithScope", "null"]
NUMBER = ["int", "long", "double", "bool", "null"]


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        (str, {"bsonType": TEXT}),
        (S.String(required=True, allow_none=False), {"bsonType": TEXT[:-1]}),
        (int, {"bsonType": NUMBER, "multipleOf": 1}),
        (float, {"bsonType": NUMBER}),
        (bool, {"bsonType": ["bool", "null"]}),
        (
            S.Bool(if_missing=False),
            {
                "anyOf": [
                    {"bsonType": ["bool", "null"]},
                    {"bsonType": ["int", "long", "double"], "enum": [0]},
                ]
            },
        ),
        (datetime, {"bsonType": ["date", "null"]}),
        (S.OneOf("a", "b"), {"enum": ["a", "b", None]}),
        (S.OneOf("a", "b", required=True), {"enum": ["a", "b"]}),
        (S.Value(1, required=True), {"bsonType": ["int", "long", "double", "bool"], "enum": [1, True]}),
        (
            S.Value(bson.Decimal128("1.0"), required=True),
            {"bsonType": "decimal", "enum": [bson.Decimal128("1.0")]},
        ),
        (S.OneOf(required=True), {"not": {}}),
        (S.Value(float("nan"), required=True), {"not": {}}),
        (S.OneOf(2**64, required=True), {"bsonType": ["int", "long", "double"], "enum": [2.0**64]}),
        (S.OneOf(2**64 + 1, required=True), {"not": {}}),
        ([str], {"bsonType": ["array", "null"], "items": {"bsonType": TEXT}}),
        (list, {"bsonType": ["array", "null"]}),
        (dict, {"bsonType": ["object", "null"]}),
        (
            S.Object({"a": S.Int(required=True), "b": None}),
            {
                "bsonType": "object",
                "required": ["a"],
                "properties": {"a": {"bsonType": NUMBER, "multipleOf": 1}},
            },
        ),
        ({str: bool}, {"bsonType": "object", "additionalProperties": {"bsonType": ["bool", "null"]}}),
        (
            S.Scalar,
            {
                "anyOf": [
                    {"bsonType": "object", "required": ["$id", "$ref"]},
                    {"not": {"bsonType": ["object", "array"]}},
                ]
            },
        ),
        (
            S.Value(["a", {"b": None}], required=True),
            {
                "bsonType": "array",
                "items": [
                    {"enum": ["a"]},
                    {
                        "bsonType": "object",
                        "required": ["b"],
                        "properties": {"b": {"bsonType": "null"}},
                        "additionalProperties": False,
                    },
                ],
                "minItems": 2,
                "maxItems": 2,
            },
        ),
        (S.Anything, {}),
        (S.Deprecated, {}),
        (Picky(), {}),
        (Shouting(), {}),
        (S.Migrate(int, str, str), {"bsonType": ["string", *NUMBER[:-1], *TEXT[1:]], "multipleOf": 1}),
        (
            S.Array(bool, validate_ranges=[slice(0, 1)], required=True),
            {"bsonType": ["array", "null"], "items": [{"bsonType": ["bool", "null"]}]},
        ),
        (S.Array(bool, validate_ranges=[slice(-1, None)], required=True), {"bsonType": ["array", "null"]}),
    ],
    ids=repr,
)
def test_the_dialect_of_the_server(item: Any, expected: dict[str, Any]) -> None:
    assert mongo_schema(item) == expected


def test_a_nested_object_may_be_absent_if_its_fields_may() -> None:
    optional, required = {"b": S.Int}, {"b": S.Int(required=True)}
    assert "required" not in mongo_schema({"a": optional})
    assert mongo_schema({"a": required})["required"] == ["a"]
    assert "required" not in mongo_schema({"a": S.Object(required, if_missing=None)})


def test_an_item_with_rules_of_its_own_is_required_if_it_says_so() -> None:
    assert mongo_schema({"a": Shouting(required=True)}) == {"bsonType": "object", "required": ["a"]}
    assert mongo_schema({"a": Picky()}) == {"bsonType": "object"}


def test_a_name_that_the_server_takes_for_a_path_is_left_out() -> None:
    assert mongo_schema({"a.b": S.Int(required=True), "": int}) == {"bsonType": "object"}


def test_forbidden_keys() -> None:
    inner = {"bsonType": "object", "properties": {"b": {}}, "additionalProperties": False}
    assert mongo_schema({"a": {"b": None}}, closed=True) == {
        "bsonType": "object",
        "properties": {"a": inner},
        "additionalProperties": False,
    }


def tree() -> S.Object:
    """An object that holds objects like itself."""
    node = S.Object({"name": S.String(required=True)})
    node.fields["kids"] = S.Array(node)
    return node


def test_recursion_ends_in_the_dialect_of_the_server() -> None:
    kids = mongo_schema(tree())["properties"]["kids"]
    assert kids == {"bsonType": ["array", "null"], "items": {"bsonType": "object"}}


def matches(query: dict[str, Any], raw: dict[str, Any]) -> bool:
    return match(query, raw) is not None


# -- families -----------------------------------------------------------------------------------------


def family(**options: Any) -> tuple[Any, Any]:
    class Shape(Document):
        class __mongometa__:
            name = "shapes"
            polymorphic_on = "kind"
            polymorphic_identity = "shape"

        _id = Field(S.Anything)
        kind = Field(str, if_missing="shape")
        size = Field(S.Int(required=True))

    class Circle(Shape):
        __mongometa__ = type("__mongometa__", (), {"polymorphic_identity": "circle", **options})
        radius = Field(S.Float(required=True))

    return Shape, Circle


@pytest.mark.parametrize(
    "raw",
    [
        {"_id": 1, "kind": "shape", "size": 1},
        {"_id": 1, "size": 1},
        {"_id": 1, "kind": "shape", "size": "x"},
        {"_id": 1, "kind": "circle", "size": 1},
        {"_id": 1, "kind": "circle", "size": 1, "radius": 2.5},
        {"_id": 1, "kind": "circle", "radius": 2.5},
        {"_id": 1, "kind": "square", "size": 1, "radius": 2.5},
        {"_id": 1, "kind": None, "size": 1},
    ],
    ids=str,
)
@pytest.mark.parametrize("member", [0, 1], ids=["base", "subclass"])
def test_documents_of_a_family(raw: dict[str, Any], member: int) -> None:
    cls = family()[member]
    try:
        cls._manager.loader()(dict(raw))
    except Invalid:
        is_read = False
    else:
        is_read = True
    validator = cls._manager.validator()
    assert matches(validator, raw) is is_read
    assert matches({"$jsonSchema": mongo_schema(cls._manager.own_schema)}, raw) is is_read


def test_every_class_of_a_family_forbids_unknown_keys_for_itself() -> None:
    shape, _ = family(unknown="forbid")
    validator = shape._manager.validator()
    assert matches(validator, {"_id": 1, "kind": "shape", "size": 1, "more": 1})
    assert not matches(validator, {"_id": 1, "kind": "circle", "size": 1, "radius": 1, "more": 1})


# -- JSON Schema --------------------------------------------------------------------------------------


def as_json(raw: Any) -> Any:
    return json.loads(json_util.dumps(raw, json_options=json_util.RELAXED_JSON_OPTIONS))


@settings(max_examples=150)
@given(data=st.data())
def test_every_document_that_is_read_matches_the_json_schema(data: st.DataObject) -> None:
    schema = data.draw(documents())
    raw = bson.decode(bson.encode(data.draw(objects(schema, stored_scalars))))
    exported = json_schema(schema)
    Draft202012Validator.check_schema(exported)
    json.dumps(exported)
    try:
        schema.validate(raw, allow_extra=True, strip_extra=KEEP_ASIDE)
    except Invalid:
        return
    assert Draft202012Validator(exported).is_valid(as_json(raw))


@pytest.mark.parametrize(
    ("item", "value"),
    [
        (str, 1),
        (int, 1.5),
        (int, "1"),
        (bool, 1),
        (float, bson.Decimal128("1")),
        (S.NumberDecimal, "1"),
        (datetime, "2020-01-01"),
        (S.ObjectId, "2020"),
        (S.Binary, "x"),
        (S.OneOf("a"), "b"),
        ([int], ["x"]),
        (S.Value([1]), [1, 1]),
        ({"a": {"b": int}}, {"a": {"b": "x"}}),
        ({str: int}, {"a": "x"}),
        (S.Scalar, [1]),
    ],
    ids=repr,
)
def test_what_is_refused_by_the_json_schema(item: Any, value: Any) -> None:
    assert not Draft202012Validator(json_schema(item)).is_valid(as_json(value))


def test_values_without_a_json_number() -> None:
    validator = Draft202012Validator(json_schema(float))
    assert all(validator.is_valid(as_json(number)) for number in (float("nan"), float("-inf"), 1e300, 1))


def test_recursion_refers_to_a_definition() -> None:
    schema = json_schema(tree())
    assert schema["$ref"] == "#/$defs/Object"
    validator = Draft202012Validator(schema)
    assert validator.is_valid({"name": "a", "kids": [{"name": "b", "kids": [{"name": "c"}]}]})
    assert not validator.is_valid({"name": "a", "kids": [{"name": "b", "kids": [{}]}]})


def test_the_json_schema_of_a_class() -> None:
    class Page(Document):
        class __mongometa__:
            name = "wiki pages"
            unknown = "forbid"

        _id = Field(S.ObjectId)
        title = Field(S.String(required=True))

    schema = Page._manager.json_schema()
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert (schema["$id"], schema["title"]) == ("urn:ming:wiki%20pages:Page", "Page")
    assert (schema["required"], schema["additionalProperties"]) == (["title"], False)
    assert Page._manager.json_schema("https://example.org/page")["$id"] == "https://example.org/page"
    assert "<" not in type("Document<Page>", (Page,), {})._manager.json_schema()["$id"]
    Draft202012Validator.check_schema(schema)
