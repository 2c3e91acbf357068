"""The public functions: from a schema item to a schema in another language."""

from __future__ import annotations

from typing import Any, Final

from ming.schema.export import mongo
from ming.schema.export.accepts import Reader
from ming.schema.export.draft2020 import Writer
from ming.schema.items import SchemaItem

__all__ = ["json_schema", "mongo_schema"]

_DRAFT: Final = "https://json-schema.org/draft/2020-12/schema"


def mongo_schema(item: Any, closed: bool = False) -> dict[str, Any]:
    """Return what an item accepts of stored values, in MongoDB's dialect of JSON Schema.

    The result is as lenient as reading is, and more where the dialect, or an item with rules of its own, leaves
    something open.

    Args:
        item: The item, or shorthand for one.
        closed: Whether keys that no field declares are refused, as with ``unknown = "forbid"``.
    """
    return mongo.written(Reader(closed).domain(SchemaItem.make(item)))


def json_schema(
    item: Any, closed: bool = False, identifier: str | None = None, title: str | None = None
) -> dict[str, Any]:
    """Return what an item accepts of stored values as a JSON Schema, draft 2020-12, of their relaxed Extended JSON.

    Args:
        item: The item, or shorthand for one.
        closed: Whether keys that no field declares are refused, as with ``unknown = "forbid"``.
        identifier: The ``$id``, a URI.
        title: The title.
    """
    writer = Writer()
    body = writer.written(Reader(closed).domain(SchemaItem.make(item)))
    head = {"$schema": _DRAFT, "$id": identifier, "title": title}
    schema = {key: value for key, value in head.items() if value is not None} | body
    return {**schema, "$defs": writer.definitions} if writer.definitions else schema
