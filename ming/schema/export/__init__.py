"""Schemas in the schema languages of others: MongoDB's ``$jsonSchema``, and JSON Schema. A door."""

from __future__ import annotations

from ming.schema.export.schemas import json_schema, mongo_schema

__all__ = ["json_schema", "mongo_schema"]
