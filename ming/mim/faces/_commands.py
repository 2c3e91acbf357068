"""The driver's arguments as MongoDB's commands.

Faces describe what they want with these functions and send the result through `ming.mim.faces._access`.
What ``find`` and ``count`` take is in `ming.mim.faces._find_query`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pymongo.collation import Collation

from ming.mim.faces import _arguments as arguments
from ming.mim.faces._arguments import IndexKeys, Pipeline, Projection

__all__ = [
    "aggregate",
    "create_indexes",
    "delete_statement",
    "distinct",
    "drop_indexes",
    "find_and_modify",
    "find_first",
    "insert",
    "list_collections",
    "update_statement",
    "write",
]

_AGGREGATE_OPTIONS = frozenset(
    (
        "allowDiskUse",
        "batchSize",
        "bypassDocumentValidation",
        "collation",
        "comment",
        "cursor",
        "explain",
        "hint",
        "let",
        "maxTimeMS",
        "readConcern",
    )
)


def _given(**options: Any) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}


def find_first(collection: str, filter: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the ``find`` command for the first document that a filter selects."""
    return {
        "find": collection,
        "filter": {} if filter is None else filter,
        "limit": 1,
        "singleBatch": True,
    }


def insert(collection: str, documents: list[Any], ordered: bool = True, **options: Any) -> dict[str, Any]:
    """Return an ``insert`` command."""
    return {"insert": collection, "documents": documents, "ordered": ordered, **_given(**options)}


def update_statement(
    filter: Mapping[str, Any],
    update: Mapping[str, Any] | Pipeline,
    *,
    multi: bool = False,
    upsert: bool = False,
    collation: Mapping[str, Any] | Collation | None = None,
    array_filters: Sequence[Mapping[str, Any]] | None = None,
    hint: IndexKeys | None = None,
    sort: IndexKeys | None = None,
) -> dict[str, Any]:
    """Return one statement of an ``update`` command; also for replacements."""
    statement: dict[str, Any] = {
        "q": arguments.checked_mapping("filter", filter),
        "u": update,
        "multi": multi,
        "upsert": arguments.checked_bool("upsert", upsert),
    }
    if collation is not None:
        statement["collation"] = arguments.collation_document(collation)
    if array_filters is not None:
        statement["arrayFilters"] = list(array_filters)
    if hint is not None:
        statement["hint"] = arguments.hint_value(hint)
    if sort:
        statement["sort"] = arguments.key_document(sort)
    return statement


def delete_statement(
    filter: Mapping[str, Any],
    *,
    limit: int,
    collation: Mapping[str, Any] | Collation | None = None,
    hint: IndexKeys | None = None,
) -> dict[str, Any]:
    """Return one statement of a ``delete`` command; limit 1 deletes one document, 0 all."""
    return {
        "q": arguments.checked_mapping("filter", filter),
        "limit": limit,
        **_given(collation=arguments.collation_document(collation), hint=arguments.hint_value(hint)),
    }


def write(
    verb: str, collection: str, statements: list[dict[str, Any]], ordered: bool = True, **options: Any
) -> dict[str, Any]:
    """Return an ``update`` or ``delete`` command over statements."""
    return {verb: collection, f"{verb}s": statements, "ordered": ordered, **_given(**options)}


def find_and_modify(
    collection: str,
    filter: Mapping[str, Any],
    change: Mapping[str, Any],
    *,
    projection: Projection | None,
    sort: IndexKeys | None,
    hint: IndexKeys | None,
    array_filters: Sequence[Mapping[str, Any]] | None = None,
    collation: Mapping[str, Any] | Collation | None = None,
    **options: Any,
) -> dict[str, Any]:
    """Return a ``findAndModify`` command.

    Args:
        collection: Its name.
        filter: Which document.
        change: ``{"remove": True}``, or ``{"update": ..., "new": ..., "upsert": ...}``.
        projection: Fields to return.
        sort: Which document if several match.
        hint: The index to use.
        array_filters: Conditions on array elements.
        collation: The collation.
        options: Further fields of the command; None means absent.
    """
    return {
        "findAndModify": collection,
        "query": arguments.checked_mapping("filter", filter),
        **change,
        **_given(
            fields=arguments.projection_document(projection),
            sort=arguments.key_document(sort) if sort else None,
            hint=arguments.hint_value(hint),
            arrayFilters=None if array_filters is None else list(array_filters),
            collation=arguments.collation_document(collation),
            **options,
        ),
    }


def aggregate(target: str | int, pipeline: Any, **options: Any) -> dict[str, Any]:
    """Return an ``aggregate`` command on a collection, or on the database if the target is 1."""
    arguments.known_options("aggregate", options, _AGGREGATE_OPTIONS)
    options.pop("batchSize", None)
    options["hint"] = arguments.hint_value(options.get("hint"))
    options["collation"] = arguments.collation_document(options.get("collation"))
    command: dict[str, Any] = {
        "aggregate": target,
        "pipeline": arguments.pipeline_stages(pipeline),
        "cursor": {},
    }
    return {**command, **_given(**options)}


def distinct(
    collection: str,
    key: str,
    filter: Mapping[str, Any] | None,
    *,
    hint: IndexKeys | None = None,
    collation: Mapping[str, Any] | Collation | None = None,
    **options: Any,
) -> dict[str, Any]:
    """Return a ``distinct`` command."""
    if not isinstance(key, str):
        raise TypeError(f"key must be an instance of str, not {type(key)}")
    return {
        "distinct": collection,
        "key": key,
        "query": {} if filter is None else arguments.checked_mapping("filter", filter),
        **_given(
            hint=arguments.hint_value(hint), collation=arguments.collation_document(collation), **options
        ),
    }


def create_indexes(collection: str, specs: list[dict[str, Any]], **options: Any) -> dict[str, Any]:
    """Return a ``createIndexes`` command."""
    return {"createIndexes": collection, "indexes": specs, **_given(**options)}


def drop_indexes(collection: str, index: Any, **options: Any) -> dict[str, Any]:
    """Return a ``dropIndexes`` command; the index is a name, a key document, or ``*``."""
    return {"dropIndexes": collection, "index": index, **_given(**options)}


def list_collections(filter: Mapping[str, Any], **options: Any) -> dict[str, Any]:
    """Return a ``listCollections`` command."""
    return {"listCollections": 1, "filter": filter, **_given(**options)}
