"""How BSON types look in JSON: the relaxed form of MongoDB's Extended JSON, as ``bson.json_util`` writes it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from bson import json_util

__all__ = ["EXTENDED", "NATIVE", "NON_FINITE", "as_json"]

Schema = dict[str, Any]

NATIVE: Final[Mapping[str, str]] = {
    "string": "string",
    "int": "integer",
    "long": "integer",
    "double": "number",
    "bool": "boolean",
    "object": "object",
    "array": "array",
    "null": "null",
}
"""BSON types that JSON has, too, with JSON's names."""


def _form(required: Mapping[str, Schema], optional: Mapping[str, Schema] | None = None) -> Schema:
    return {
        "type": "object",
        "properties": {**required, **(optional or {})},
        "required": list(required),
        "additionalProperties": False,
    }


_TEXT: Final[Schema] = {"type": "string"}
_COUNT: Final[Schema] = {"type": "integer", "minimum": 0}
_MILLISECONDS: Final = _form({"$numberLong": {"type": "string", "pattern": "^-?[0-9]+$"}})

NON_FINITE: Final = "nonFinite"
"""Name of the form of doubles that JSON has no numbers for."""

EXTENDED: Final[Mapping[str, Schema]] = {
    NON_FINITE: _form({"$numberDouble": {"enum": ["Infinity", "-Infinity", "NaN"]}}),
    "decimal": _form({"$numberDecimal": _TEXT}),
    "date": _form({"$date": {"anyOf": [{"type": "string", "format": "date-time"}, _MILLISECONDS]}}),
    "objectId": _form({"$oid": {"type": "string", "pattern": "^[0-9a-f]{24}$"}}),
    "binData": _form(
        {"$binary": _form({"base64": _TEXT, "subType": {"type": "string", "pattern": "^[0-9a-f]{1,2}$"}})}
    ),
    "reference": {"type": "object", "properties": {"$ref": _TEXT}, "required": ["$ref", "$id"]},
    "timestamp": _form({"$timestamp": _form({"t": _COUNT, "i": _COUNT})}),
    "regex": _form({"$regularExpression": _form({"pattern": _TEXT, "options": _TEXT})}),
    "javascript": _form({"$code": _TEXT}),
    "javascriptWithScope": _form({"$code": _TEXT, "$scope": {"type": "object"}}),
    "minKey": _form({"$minKey": {"const": 1}}),
    "maxKey": _form({"$maxKey": {"const": 1}}),
}
"""Schemas of the objects that stand for the other BSON types."""


def as_json(value: Any) -> Any:
    """A BSON value as JSON holds it."""
    return json.loads(json_util.dumps(value, json_options=json_util.RELAXED_JSON_OPTIONS))
