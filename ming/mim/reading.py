"""The commands that read: find, count, distinct, aggregate."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from ming.mim.conditions import Filter
from ming.mim.errors import CommandError
from ming.mim.filters import QueryContext, compile_filter
from ming.mim.find_projection import compile_find_projection
from ming.mim.path import parts_of, values_along
from ming.mim.pipeline import compile_pipeline
from ming.mim.requests import Handler, Reply, Request, check_hint, check_options, cursor_reply
from ming.mim.sorting import sort_documents
from ming.mim.store import Collection
from ming.mim.values import OrderKey, as_integer, copied, is_number, order_key, type_name

__all__ = ["READING"]

Document = dict[str, Any]

_FIND: Final = frozenset(("filter", "projection", "sort", "skip", "limit", "hint", "singleBatch", "let"))
_COUNT: Final = frozenset(("query", "fields", "skip", "limit", "hint"))
_DISTINCT: Final = frozenset(("key", "query", "hint"))
_AGGREGATE: Final = frozenset(("pipeline", "cursor", "hint", "let"))


def _whole(request: Request, option: str) -> int:
    value = request.option(option, 0)
    number = as_integer(value) if is_number(value) else None
    if number is None:
        raise CommandError(
            14,
            f"BSON field '{request.name}.{option}' is the wrong type '{type_name(value)}', expected a number",
        )
    return number


def _document(request: Request, option: str) -> Document:
    value = request.option(option, {})
    if not isinstance(value, dict):
        raise CommandError(
            14,
            f"BSON field '{request.name}.{option}' is the wrong type '{type_name(value)}', expected type 'object'",
        )
    return value


def _selected(collection: Collection | None, query: Filter) -> Iterable[Document]:
    return () if collection is None else (document for _, document in collection.select(query))


def _window(documents: Iterable[Document], skip: int, limit: int) -> list[Document]:
    kept = list(documents)
    return kept[skip : skip + limit if limit else None]


def _sorted(documents: Iterable[Document], specification: Mapping[str, Any]) -> list[Document]:
    natural = specification.get("$natural")
    if natural is None:
        return sort_documents(documents, specification)
    kept = list(documents)
    return kept if natural == 1 else kept[::-1]


def _find(request: Request) -> Reply:
    check_options(request.command, _FIND, request.name)
    skip, limit = _whole(request, "skip"), _whole(request, "limit")
    if skip < 0 or limit < 0:
        raise CommandError(51024, f"BSON field '{'skip' if skip < 0 else 'limit'}' value must be >= 0")
    if request.option("singleBatch", False):
        limit = min(filter(None, (limit, _whole(request, "batchSize"))), default=0)
    collection = request.collection()
    check_hint(request.option("hint"), collection)
    context = request.query_context(collection)
    query = compile_filter(_document(request, "filter"), context)
    project = compile_find_projection(_document(request, "projection"), context, query)
    documents = _window(_sorted(_selected(collection, query), _document(request, "sort")), skip, limit)
    if project is not None:
        documents = list(map(project, documents))
    return cursor_reply(request.namespace, [copied(document) for document in documents])


def _count(request: Request) -> Reply:
    check_options(request.command, _COUNT, request.name)
    skip, limit = _whole(request, "skip"), abs(_whole(request, "limit"))
    if skip < 0:
        raise CommandError(51024, "BSON field 'skip' value must be >= 0")
    collection = request.collection()
    check_hint(request.option("hint"), collection)
    query = compile_filter(_document(request, "query"), request.query_context(collection))
    number = max(sum(1 for _ in _selected(collection, query)) - skip, 0)
    return {"n": min(number, limit) if limit else number, "ok": 1.0}


def _distinct(request: Request) -> Reply:
    check_options(request.command, _DISTINCT, request.name)
    key = request.option("key")
    if not isinstance(key, str):
        raise CommandError(
            14, f"BSON field 'distinct.key' is the wrong type '{type_name(key)}', expected 'string'"
        )
    collection = request.collection()
    check_hint(request.option("hint"), collection)
    query = compile_filter(_document(request, "query"), request.query_context(collection))
    parts = parts_of(key)
    found: dict[OrderKey, Any] = {}
    for document in _selected(collection, query):
        for reached in values_along(document, parts):
            for value in reached if isinstance(reached, list) else (reached,):
                found.setdefault(order_key(value), value)
    return {"values": [copied(value) for value in found.values()], "ok": 1.0}


def _aggregate(request: Request) -> Reply:
    check_options(request.command, _AGGREGATE, request.name)
    stages = request.option("pipeline")
    if not isinstance(stages, list):
        raise CommandError(14, "'pipeline' option must be specified as an array")
    if not isinstance(request.command[request.name], str):
        raise NotImplementedError("aggregate on a database")
    collection = request.collection()
    check_hint(request.option("hint"), collection)
    context = request.query_context(collection)
    query, rest = _leading_match(stages, context)
    # Everything is compiled before anything is read, so a wrong stage is an error on an empty collection, too.
    run = compile_pipeline(rest, context)
    documents = run(_selected(collection, query))
    return cursor_reply(request.namespace, [copied(document) for document in documents])


def _leading_match(stages: list[Any], context: QueryContext) -> tuple[Filter, list[Any]]:
    """Split off a first ``$match``, which can use an index."""
    first = stages[0] if stages else None
    if isinstance(first, dict) and list(first) == ["$match"] and isinstance(first["$match"], dict):
        return compile_filter(first["$match"], context), stages[1:]
    return compile_filter({}, context), stages


READING: Final[Mapping[str, Handler]] = {
    "find": _find,
    "count": _count,
    "distinct": _distinct,
    "aggregate": _aggregate,
}
"""Handlers of the reading commands."""
