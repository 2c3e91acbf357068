"""Generated documents are valid, different, the same for the same seed, and edge values come first."""

from __future__ import annotations

from datetime import datetime
from itertools import islice
from typing import Any

import bson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import documents as schemas
from strategies import items as schema_items

from ming import Document, Field
from ming import schema as S
from ming._base_manager import manager_of
from ming.base import Missing
from ming.evolve.generate import UNKNOWN, documents, values


class Shouting(S.String):
    """An item with a rule of its own."""

    def _validate(self, value: Any, **options: Any) -> Any:
        value = super()._validate(value, **options)
        if value is not None and value.upper() != value:
            raise S.Invalid("too quiet", value)
        return value


def telling_schema() -> S.Document:
    return S.Document(
        {
            "_id": S.ObjectId(),
            "_version": S.Value(2, required=True),
            "name": S.String(required=True),
            "status": S.OneOf("A", "I", allow_none=False),
            "age": S.Int(),
            "score": S.Float(),
            "born": S.DateTime(),
            "price": S.NumberDecimal(),
            "loud": Shouting(),
            "tags": S.Array(S.String()),
            "lines": S.Array(S.Object({"sku": S.String(), "count": S.Int()})),
            "address": S.Object({"city": S.String(), "geo": S.Object({"x": S.Float()})}),
            "counts": S.Object({str: S.Int()}),
            "extra": S.Anything(),
        }
    )


def first(schema: S.Object, count: int, **options: Any) -> list[dict[str, Any]]:
    return list(islice(documents(schema, 1, **options), count))


@pytest.fixture(scope="module")
def edges() -> list[dict[str, Any]]:
    return first(telling_schema(), 900)


def test_every_document_is_valid_and_storable(edges: list[dict[str, Any]]) -> None:
    schema = telling_schema()
    for document in edges:
        schema.validate(document, allow_extra=True)
        bson.encode(document)


def test_ids_differ(edges: list[dict[str, Any]]) -> None:
    assert len({document["_id"] for document in edges}) == len(edges)


def test_the_seed_determines_the_documents() -> None:
    schema = telling_schema()
    assert repr(first(schema, 700)) == repr(first(schema, 700))
    assert repr(list(islice(documents(schema, 2), 9))) != repr(first(schema, 9))


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("status", [Missing, "A", "I"]),
        ("age", [Missing, None, 2**31 - 1, bson.Int64(2**63 - 1), 3.0, True]),
        ("score", [Missing, None, 0.1, -0.0, 1e300, float("nan"), float("inf"), 5]),
        ("name", ["", " 5", "1_0", "+5", "1e3", "\uff15"]),
        ("born", [Missing, None, datetime(1, 1, 1), datetime(9999, 12, 31, 23, 59, 59, 999000)]),
        ("price", [bson.Decimal128("NaN"), bson.Decimal128("9E+6144"), 5, 0.1]),
        ("loud", [Missing, None, "ABC", "42"]),
        ("tags", [Missing, None, [], [None], [""]]),
        ("lines", [Missing, None, [], [{}], [{"count": None, "sku": None}]]),
        ("address", [Missing, {}]),
        ("counts", [Missing, {}]),
        ("extra", [Missing, None, [], {}, [{"a": None}]]),
        ("_version", [2, bson.Int64(2), 2.0]),
        (UNKNOWN, [1, None, {"a": [1, {"b": None}]}]),
    ],
)
def test_edge_values_come_first(edges: list[dict[str, Any]], field: str, expected: list[Any]) -> None:
    found = {typed(document.get(field, Missing)) for document in edges}
    assert [value for value in expected if typed(value) not in found] == []


def typed(value: Any) -> str:
    return f"{type(value).__name__} {value!r}"


def test_options() -> None:
    schema = S.Document({"_id": S.Int(), "v": S.Value(1)})
    assert {typed(document.get("v", Missing)) for document in first(schema, 50)} == {
        *("int 1", "Int64 1", "float 1.0")
    }
    assert any("v" not in document for document in first(schema, 50, stamped=False))
    assert not any(UNKNOWN in document for document in first(schema, 50, unknown=False))


def test_documents_end_where_ids_do() -> None:
    schema = S.Document({"_id": S.OneOf("a", "b", allow_none=False), "n": S.Int()})
    assert sorted(document["_id"] for document in documents(schema)) == ["a", "b"]


def test_each_class_of_a_polymorphic_collection() -> None:
    class Base(Document):
        class __mongometa__:
            name, polymorphic_on, polymorphic_identity = "shapes", "kind", "base"

        _id = Field(S.ObjectId)
        kind = Field(str)

    class Circle(Base):
        class __mongometa__:
            polymorphic_identity = "circle"

        radius = Field(float, required=True)

    made = first(manager_of(Base).own_schema, 200)
    assert {document["kind"] for document in made} == {"base", "circle"}
    assert all(document["kind"] != "circle" or "radius" in document for document in made)
    assert all(type(manager_of(Base).loader()(document)) in (Base, Circle) for document in made)


@settings(max_examples=60, deadline=None)
@given(schemas(), st.integers(0, 9))
def test_any_schema(schema: S.Document, seed: int) -> None:
    for document in islice(documents(schema, seed), 20):
        schema.validate(document, allow_extra=True)


@settings(max_examples=60, deadline=None)
@given(schema_items)
def test_any_item(item: S.SchemaItem[Any]) -> None:
    for value in islice(values(item), 30):
        item.validate(value, allow_extra=True)
