"""The driver's arguments as MongoDB's commands.

Faces describe what they want with these functions and send the result through `ming.mim._access`.
`FindQuery` is the description a cursor is built on. Options without effect in one process (batch sizes,
cursor timeouts, disk use) are checked and then left out of the command.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pymongo import CursorType
from pymongo.collation import Collation

from ming.mim import _arguments as arguments
from ming.mim._arguments import IndexKeys, Pipeline, Projection

__all__ = [
    "FindQuery",
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

_CURSOR_TYPES = (
    CursorType.NON_TAILABLE,
    CursorType.TAILABLE,
    CursorType.TAILABLE_AWAIT,
    CursorType.EXHAUST,
)
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


@dataclass(frozen=True)
class FindQuery:
    """Everything ``find`` takes, in the driver's order."""

    filter: Mapping[str, Any] | None = None
    projection: Projection | None = None
    skip: int = 0
    limit: int = 0
    no_cursor_timeout: bool = False
    cursor_type: int = CursorType.NON_TAILABLE
    sort: IndexKeys | None = None
    allow_partial_results: bool = False
    oplog_replay: bool = False
    batch_size: int = 0
    collation: Mapping[str, Any] | Collation | None = None
    hint: IndexKeys | None = None
    max_scan: int | None = None
    max_time_ms: int | None = None
    max: IndexKeys | None = None
    min: IndexKeys | None = None
    return_key: bool | None = None
    show_record_id: bool | None = None
    snapshot: bool | None = None
    comment: Any = None
    session: Any = None
    allow_disk_use: bool | None = None
    let: Mapping[str, Any] | None = None

    def __post_init__(self) -> None:
        if self.filter is not None:
            arguments.checked_mapping("filter", self.filter)
        if self.let is not None:
            arguments.checked_mapping("let", self.let)
        arguments.checked_int("skip", self.skip)
        arguments.checked_int("limit", self.limit)
        arguments.checked_int("batch_size", self.batch_size, 0)
        if self.max_time_ms is not None:
            arguments.checked_int("max_time_ms", self.max_time_ms)
        for name in ("no_cursor_timeout", "allow_partial_results", "oplog_replay"):
            arguments.checked_bool(name, getattr(self, name))
        if self.allow_disk_use is not None:
            arguments.checked_bool("allow_disk_use", self.allow_disk_use)
        if self.cursor_type not in _CURSOR_TYPES:
            raise ValueError("not a valid value for cursor_type")
        if self.sort:
            arguments.key_document(self.sort)
        arguments.hint_value(self.hint)
        arguments.projection_document(self.projection)
        arguments.collation_document(self.collation)

    def command(self, collection: str) -> dict[str, Any]:
        """Return the ``find`` command on a collection."""
        return {
            "find": collection,
            "filter": self._filter(),
            **_given(
                projection=arguments.projection_document(self.projection),
                sort=arguments.key_document(self.sort) if self.sort else None,
                skip=self.skip or None,
                limit=abs(self.limit) or None,
                singleBatch=True if self.limit < 0 else None,
                max=arguments.key_document(self.max) if self.max else None,
                min=arguments.key_document(self.min) if self.min else None,
                returnKey=self.return_key or None,
                showRecordId=self.show_record_id or None,
                let=self.let,
                **self._shared(),
            ),
        }

    def count_command(self, collection: str) -> dict[str, Any]:
        """Return the ``count`` command on a collection, for the same documents."""
        return {
            "count": collection,
            "query": self._filter(),
            **_given(skip=self.skip or None, limit=abs(self.limit) or None, **self._shared()),
        }

    def count_pipeline(self) -> list[dict[str, Any]]:
        """Return the stages that count the same documents; transactions and snapshots know no ``count``."""
        stages: list[dict[str, Any]] = [{"$match": self._filter()}]
        if self.skip:
            stages.append({"$skip": self.skip})
        if self.limit:
            stages.append({"$limit": abs(self.limit)})
        return [*stages, {"$group": {"_id": 1, "n": {"$sum": 1}}}]

    def count_by_aggregate(self, collection: str) -> dict[str, Any]:
        """Return the ``aggregate`` command that counts the same documents."""
        return {
            "aggregate": collection,
            "pipeline": self.count_pipeline(),
            "cursor": {},
            **_given(**self._shared()),
        }

    def _filter(self) -> Mapping[str, Any]:
        return {} if self.filter is None else self.filter

    def _shared(self) -> dict[str, Any]:
        return {
            "hint": arguments.hint_value(self.hint),
            "collation": arguments.collation_document(self.collation),
            "comment": self.comment,
            "maxTimeMS": self.max_time_ms,
        }


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
    return {
        "q": arguments.checked_mapping("filter", filter),
        "u": update,
        "multi": multi,
        "upsert": arguments.checked_bool("upsert", upsert),
        **_given(
            collation=arguments.collation_document(collation),
            arrayFilters=None if array_filters is None else list(array_filters),
            hint=arguments.hint_value(hint),
            sort=arguments.key_document(sort) if sort else None,
        ),
    }


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
