"""The commands that read: find, count, distinct, aggregate."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any, Final

from bson import Regex

from ming.mim.conditions import Filter
from ming.mim.cursors import BATCH_BYTES, Results
from ming.mim.errors import CommandError, error_context
from ming.mim.filters import QueryContext, compile_filter
from ming.mim.find_projection import compile_find_projection
from ming.mim.hints import Source as RecordSource
from ming.mim.hints import check_natural, follow_hint, is_backward, read_bounds
from ming.mim.locations import located
from ming.mim.namespaces import StoreNamespaces
from ming.mim.options import document, required, whole, wrong_type
from ming.mim.paging import batch_size, cursor_batch_size, cursor_reply
from ming.mim.path import parts_of, values_along
from ming.mim.pipeline import compile_pipeline
from ming.mim.requests import Handler, Reply, Request, check_options
from ming.mim.sorting import sort_documents
from ming.mim.stages import PipelineContext, Source
from ming.mim.store import Collection
from ming.mim.subpipelines import Reader, compile_reader
from ming.mim.transaction_rules import compile_in_transaction
from ming.mim.values import OrderKey, as_integer, is_number, order_key
from ming.mim.views import resolve

__all__ = ["READING", "pipeline_context"]

Document = dict[str, Any]

_FIND: Final = frozenset(
    (
        "allowPartialResults awaitData batchSize collation filter hint let limit noCursorTimeout oplogReplay projection"
        " max min returnKey showRecordId singleBatch skip sort tailable"
    ).split()
)
_COUNT: Final = frozenset(("query", "fields", "skip", "limit", "hint", "collation"))
_DISTINCT: Final = frozenset(("key", "query", "collation"))
_AGGREGATE: Final = frozenset(("pipeline", "cursor", "hint", "let", "collation", "explain"))


def _document(request: Request, option: str) -> Document:
    if request.name != "find":
        return document(request.command, request.name, option) or {}
    # Here, null is not the same as nothing.
    value = request.command.get(option, {})
    if not isinstance(value, dict):
        raise CommandError(14, f"Expected field {option}to be of type object")
    return value


def _count_limit(command: Document) -> int:
    limit = command.get("limit", 0)
    if not is_number(limit):
        raise CommandError(2, "limit value is not a valid number")
    number = as_integer(limit)
    if number is None:
        raise CommandError(9, f"Expected an integer: limit: {limit}")
    return abs(number)


def _selected(source: RecordSource | None, query: Filter) -> Iterable[Document]:
    return () if source is None else (document for _, document in source.select(query))


def _window(documents: Iterable[Document], skip: int, limit: int) -> list[Document]:
    kept = list(documents)
    return kept[skip : skip + limit if limit else None]


def _sorted(
    documents: Iterable[Document], specification: Mapping[str, Any], context: QueryContext
) -> list[Document]:
    if "$natural" not in specification:
        return sort_documents(documents, specification, context.key, context.metadata)
    kept = list(documents)
    return kept[::-1] if is_backward(specification["$natural"]) else kept


def _find(request: Request) -> Reply:
    check_options(request.command, _FIND, request.name)
    skip = whole(request.command, "FindCommandRequest", "skip", least=0) or 0
    limit = whole(request.command, "FindCommandRequest", "limit", least=0) or 0
    size = batch_size(request.command, "FindCommandRequest")
    _refuse_tailable(request)
    collection = request.collection()
    sort = _document(request, "sort")
    check_natural(request.command.get("hint"), sort)
    source = follow_hint(collection, request.command, request.dialect, read_bounds(request.command))
    context = request.query_context(collection)
    query = compile_filter(_document(request, "filter"), context)
    project = compile_find_projection(_document(request, "projection"), context, query)
    found = _window(_sorted(_selected(source, query), sort, context), skip, limit)
    documents = located(request, collection, found, found if project is None else list(map(project, found)))
    results = Results(documents, ends_known=len(documents) == (limit or _at_most(request.command)))
    if request.option("singleBatch"):
        # What does not fit into the batch is not kept.
        results = Results(results.next_batch(size, BATCH_BYTES), ends_known=True)
        size = None
    return cursor_reply(request, request.namespace, results, size)


def _refuse_tailable(request: Request) -> None:
    if request.option("tailable"):
        raise CommandError(2, "error processing query: tailable cursor requested on non capped collection")
    if request.option("awaitData"):
        raise CommandError(9, "Cannot set 'awaitData' without also setting 'tailable'")


def _at_most(command: Document) -> int | None:
    """Return 1 if a ``find`` looks up one ``_id`` and nothing else, so that it ends with what it finds."""
    query = command.get("filter") or {}
    if list(query) != ["_id"] or command.get("hint"):
        return None
    wanted = query["_id"]
    if isinstance(wanted, dict):
        plain = not next(iter(wanted), "").startswith("$")
    else:
        plain = wanted is not None and not isinstance(wanted, list | Regex)
    return 1 if plain else None


def _count(request: Request) -> Reply:
    check_options(request.command, _COUNT, request.name)
    skip, limit = whole(request.command, "count", "skip", least=0) or 0, _count_limit(request.command)
    collection = request.collection()
    source = follow_hint(collection, request.command, request.dialect)
    query = compile_filter(_document(request, "query"), request.query_context(collection))
    number = max(sum(1 for _ in _selected(source, query)) - skip, 0)
    return {"n": min(number, limit) if limit else number, "ok": 1.0}


def _distinct(request: Request) -> Reply:
    check_options(request.command, _DISTINCT, request.name)
    key = required(request.command, "distinct", "key")
    if not isinstance(key, str):
        raise wrong_type("distinct.key", key, "string")
    collection = request.collection()
    context = request.query_context(collection)
    query = compile_filter(_document(request, "query"), context)
    parts = parts_of(key)
    found: dict[OrderKey, Any] = {}
    for each in _selected(collection, query):
        for value in _values_of(each, parts):
            found.setdefault(context.key(value), value)
    return {"values": [found[key] for key in sorted(found)], "ok": 1.0}


def _values_of(document: Document, parts: tuple[str, ...]) -> list[Any]:
    """Return the values at a path and the elements of arrays there, in the order in which ``distinct`` takes them."""
    values: list[Any] = []
    for reached in values_along(document, parts):
        if isinstance(reached, list):
            values.extend(reached)
        else:
            values.append(reached)
    return values if len(values) < 2 else sorted(values, key=order_key)


def _aggregate(request: Request) -> Reply:
    check_options(request.command, _AGGREGATE, request.name)
    stages = request.option("pipeline")
    if not isinstance(stages, list):
        raise CommandError(14, "'pipeline' option must be specified as an array")
    if "cursor" not in request.command:
        raise CommandError(
            9, "The 'cursor' option is required, except for aggregate with the explain argument"
        )
    if not isinstance(request.command["cursor"], dict):
        raise CommandError(14, "cursor field must be missing or an object")
    size = cursor_batch_size(request, "cursor")
    read = _pipeline_reader(request, stages)
    with error_context("PlanExecutor error during aggregation"):
        results = Results(list(read()))
    return cursor_reply(request, _aggregated_namespace(request), results, size)


def _pipeline_reader(request: Request, stages: list[Any]) -> Reader:
    """Compile everything before anything is read: a wrong stage is an error on an empty collection, too."""
    if isinstance(request.command[request.name], str):
        name, collection = request.collection_name, request.collection()
        source = resolve(request.database, name)
    else:
        name, collection, source = None, None, Source(None)
    hinted = follow_hint(collection, request.command, request.dialect)
    if collection is not None:
        source = source._replace(records=hinted)
    return compile_reader(source, stages, pipeline_context(request, collection, name))


def pipeline_context(request: Request, collection: Collection | None, name: str | None) -> PipelineContext:
    """Return what the stages of a command's pipeline depend on.

    Args:
        request: The command.
        collection: The collection that is read.
        name: Its name; None for a pipeline on a database.
    """
    context = request.query_context(collection)
    return PipelineContext(
        **{field.name: getattr(context, field.name) for field in fields(context)},
        namespaces=StoreNamespaces(request),
        database=request.database.name,
        collection=name,
        compile=compile_pipeline if request.transaction is None else compile_in_transaction,
    )


def _aggregated_namespace(request: Request) -> str:
    if isinstance(request.command[request.name], str):
        return request.namespace
    return f"{request.database.name}.$cmd.aggregate"


READING: Final[Mapping[str, Handler]] = {
    "find": _find,
    "count": _count,
    "distinct": _distinct,
    "aggregate": _aggregate,
}
"""Handlers of the reading commands."""
