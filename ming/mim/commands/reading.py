"""The commands that read: find, count, distinct, aggregate."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields
from itertools import islice
from typing import Any, Final

from bson import Regex

from ming.mim.commands.cursors import BATCH_BYTES, Results
from ming.mim.commands.locations import located
from ming.mim.commands.namespaces import StoreNamespaces
from ming.mim.commands.paging import batch_size, cursor_batch_size, cursor_reply
from ming.mim.commands.points import point_read
from ming.mim.commands.requests import Handler, Reply, Request, check_options
from ming.mim.commands.transaction_rules import compile_in_transaction
from ming.mim.data.errors import CommandError, error_context
from ming.mim.data.options import document, required, whole, wrong_type
from ming.mim.data.path import parts_of
from ming.mim.data.sorting import sort_documents
from ming.mim.data.values import as_integer, is_number, type_name
from ming.mim.pipelines.pipeline import compile_pipeline
from ming.mim.pipelines.stages import PipelineContext, Source
from ming.mim.pipelines.subpipelines import Reader, compile_reader
from ming.mim.plans.hints import Source as RecordSource
from ming.mim.plans.hints import check_natural, follow_hint, is_backward, read_bounds
from ming.mim.queries.conditions import Filter
from ming.mim.queries.distinct import distinct_values
from ming.mim.queries.filters import QueryContext, compile_filter
from ming.mim.queries.find_projection import compile_find_projection
from ming.mim.storage.records import Collection

__all__ = ["COUNT", "DISTINCT", "FIND", "READING", "aggregate", "aggregated", "pipeline_context"]

Document = dict[str, Any]

FIND: Final = frozenset(
    (
        "allowPartialResults awaitData batchSize collation filter hint let limit noCursorTimeout oplogReplay projection"
        " max min returnKey showRecordId singleBatch skip sort tailable find"
    ).split()
)
COUNT: Final = frozenset(("query", "fields", "skip", "limit", "hint", "collation"))
DISTINCT: Final = frozenset(("key", "query", "collation"))
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
    if isinstance(source, Collection):
        return source.matching(query)
    return () if source is None else (document for _, document in source.select(query))


def _sorted(
    documents: Iterable[Document], specification: Mapping[str, Any], context: QueryContext, most: int | None
) -> Iterable[Document]:
    if not specification:
        return documents
    if "$natural" not in specification:
        return sort_documents(documents, specification, context.key, context.metadata, most)
    return list(documents)[::-1] if is_backward(specification["$natural"]) else documents


def _find(request: Request) -> Reply:
    answered = point_read(request)
    if answered is not None:
        return answered
    check_options(request.command, FIND, "FindCommandRequest")
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
    end = skip + limit if limit else None
    found = list(islice(_sorted(_selected(source, query), sort, context, end), skip, end))
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
    check_options(request.command, COUNT, request.name)
    skip, limit = whole(request.command, "count", "skip", least=0) or 0, _count_limit(request.command)
    collection = request.collection()
    source = follow_hint(collection, request.command, request.dialect)
    query = compile_filter(_document(request, "query"), request.query_context(collection))
    number = max(sum(1 for _ in _selected(source, query)) - skip, 0)
    return {"n": min(number, limit) if limit else number, "ok": 1.0}


def _distinct(request: Request) -> Reply:
    check_options(request.command, DISTINCT, request.name)
    key = required(request.command, "distinct", "key")
    if not isinstance(key, str):
        raise wrong_type("distinct.key", key, "string")
    collection = request.collection()
    context = request.query_context(collection)
    query = compile_filter(_document(request, "query"), context)
    return {"values": distinct_values(_selected(collection, query), parts_of(key), context.key), "ok": 1.0}


def aggregate(request: Request, view: str | None = None) -> Reply:
    """Perform the command ``aggregate``.

    Args:
        request: The command.
        view: The full name of the view that the command is in place of, if it is.
    """
    check_options(request.command, _AGGREGATE, request.name)
    if "pipeline" not in request.command:
        raise CommandError(40414, "BSON field 'aggregate.pipeline' is missing but a required field")
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
    documents = aggregated(request, stages)
    return cursor_reply(request, view or _aggregated_namespace(request), Results(documents), size)


def aggregated(request: Request, stages: list[Any]) -> list[Document]:
    """Return what a pipeline makes of the collection that a command names."""
    read = _pipeline_reader(request, stages)
    with error_context("PlanExecutor error during aggregation"):
        return list(read())


def _pipeline_reader(request: Request, stages: list[Any]) -> Reader:
    """Compile everything before anything is read: a wrong stage is an error on an empty collection, too."""
    if _is_on_database(request):
        name, collection = None, None
    else:
        name, collection = request.collection_name, request.collection()
    source = Source(follow_hint(collection, request.command, request.dialect))
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
    return f"{request.database.name}.$cmd.aggregate" if _is_on_database(request) else request.namespace


def _is_on_database(request: Request) -> bool:
    """Whether a pipeline begins with documents of its own rather than those of a collection."""
    target = request.command[request.name]
    if isinstance(target, str):
        return False
    if not is_number(target):
        raise CommandError(14, f"collection name has invalid type: {type_name(target)}")
    if target != 1:
        raise CommandError(
            9, "Invalid command format: the 'aggregate' field must specify a collection name or 1"
        )
    return True


READING: Final[Mapping[str, Handler]] = {
    "find": _find,
    "count": _count,
    "distinct": _distinct,
    "aggregate": aggregate,
}
"""Handlers of the reading commands."""
