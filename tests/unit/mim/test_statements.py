"""Malformed write commands are refused as a whole, before anything is written; messages are a server's."""

from __future__ import annotations

from typing import Any

import pytest

from ming.mim.commands.core import Engine
from ming.mim.data.errors import CommandError

Document = dict[str, Any]

EMPTY = "Write batch sizes must be between 1 and 100000. Got 0 operations."
MODIFY = {"findAndModify": "c", "update": {"$set": {"a": 1}}}


def wrong(field: str, found: str, wanted: str) -> str:
    return f"BSON field '{field}' is the wrong type '{found}', expected {wanted}"


def missing(field: str) -> str:
    return f"BSON field '{field}' is missing but a required field"


@pytest.mark.parametrize(
    ("command", "code", "message"),
    [
        ({"insert": "c"}, 40414, missing("insert.documents")),
        ({"insert": "c", "documents": 5}, 14, wrong("insert.documents", "int", "type 'array'")),
        ({"insert": "c", "documents": []}, 16, EMPTY),
        ({"insert": "c", "documents": [{}, 5]}, 14, wrong("insert.documents.1", "int", "type 'object'")),
        ({"insert": "c", "documents": [{}], "ordered": 5}, 14, wrong("insert.ordered", "int", "type 'bool'")),
        ({"update": "c"}, 40414, missing("update.updates")),
        ({"update": "c", "updates": ["x"]}, 14, wrong("update.updates.0", "string", "type 'object'")),
        ({"update": "c", "updates": [{"u": {}}]}, 40414, missing("update.updates.q")),
        ({"update": "c", "updates": [{"q": None, "u": {}}]}, 40414, missing("update.updates.q")),
        ({"update": "c", "updates": [{"q": {}}]}, 40414, missing("update.updates.u")),
        (
            {"update": "c", "updates": [{"q": 5, "u": {}}]},
            14,
            wrong("update.updates.q", "int", "type 'object'"),
        ),
        (
            {"update": "c", "updates": [{"q": {}, "u": None}]},
            9,
            "Update argument must be either an object or an array",
        ),
        (
            {"update": "c", "updates": [{"q": {}, "u": [5]}]},
            14,
            "Each element of the 'pipeline' array must be an object",
        ),
        (
            {"update": "c", "updates": [{"q": {}, "u": {}, "multi": 1}]},
            14,
            wrong("update.updates.multi", "int", "type 'bool'"),
        ),
        (
            {"update": "c", "updates": [{"q": {}, "u": {}, "arrayFilters": [5]}]},
            14,
            wrong("update.updates.arrayFilters.0", "int", "type 'object'"),
        ),
        (
            {"update": "c", "updates": [{"q": {}, "u": {}, "x": 1}]},
            40415,
            "BSON field 'update.updates.x' is an unknown field.",
        ),
        (
            {"update": "c", "updates": [{"q": {}, "u": {}, "hint": 5}]},
            9,
            "Hint must be a string or an object",
        ),
        (
            {"update": "c", "updates": [{"q": {}, "u": {}}], "let": 5},
            14,
            wrong("update.let", "int", "type 'object'"),
        ),
        ({"delete": "c", "deletes": [{"q": {}}]}, 40414, missing("delete.deletes.limit")),
        ({"delete": "c", "deletes": [{"limit": 1}]}, 40414, missing("delete.deletes.q")),
        (
            {"delete": "c", "deletes": [{"q": {}, "limit": 2}]},
            9,
            "The limit field in delete objects must be 0 or 1. Got 2",
        ),
        (
            {"delete": "c", "deletes": [{"q": {}, "limit": 0.5}]},
            9,
            "The limit field in delete objects must be 0 or 1. Got 0.5",
        ),
        ({**MODIFY, "query": 5}, 14, wrong("findAndModify.query", "int", "type 'object'")),
        ({**MODIFY, "arrayFilters": 5}, 14, wrong("findAndModify.arrayFilters", "int", "type 'array'")),
        (
            {**MODIFY, "new": "x"},
            14,
            wrong("findAndModify.new", "string", "types '[bool, long, int, decimal, double']"),
        ),
        ({**MODIFY, "update": "x"}, 9, "Update argument must be either an object or an array"),
        ({"find": "c", "filter": None}, 14, "Expected field filterto be of type object"),
        ({"find": "c", "let": 5}, 14, wrong("FindCommandRequest.let", "int", "type 'object'")),
        ({"find": "c", "skip": -1}, 51024, "BSON field 'skip' value must be >= 0, actual value '-1'"),
        ({"distinct": "c"}, 40414, missing("distinct.key")),
        ({"count": "c", "limit": "x"}, 2, "limit value is not a valid number"),
    ],
)
def test_malformed_commands(command: Document, code: int, message: str) -> None:
    engine = Engine()
    with pytest.raises(CommandError) as caught:
        engine.command("db", command)
    assert (caught.value.code, caught.value.errmsg) == (code, message)
    assert engine.command("admin", {"listDatabases": 1})["databases"] == []


@pytest.mark.parametrize(("limit", "deleted"), [(0, 3), (1, 1), (1.0, 1), (True, 3), (None, 3), ("x", 3)])
def test_limits_of_deletes(limit: Any, deleted: int) -> None:
    engine = Engine()
    engine.command("db", {"insert": "c", "documents": [{}, {}, {}]})
    assert engine.command("db", {"delete": "c", "deletes": [{"q": {}, "limit": limit}]})["n"] == deleted
