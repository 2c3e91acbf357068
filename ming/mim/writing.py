"""The commands that write: insert, update, delete, findAndModify."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final, NamedTuple

from ming.mim.conditions import Filter
from ming.mim.errors import CommandError
from ming.mim.filters import QueryContext, compile_filter
from ming.mim.find_projection import compile_find_projection
from ming.mim.requests import Handler, Reply, Request, check_hint, check_options
from ming.mim.sorting import compile_sort
from ming.mim.store import Collection
from ming.mim.update import Update, check_id_unchanged, compile_update
from ming.mim.upsert import seed
from ming.mim.values import MISSING, copied, identical, type_name

__all__ = ["WRITING"]

Document = dict[str, Any]

_INSERT: Final = frozenset(("documents", "ordered"))
_UPDATE: Final = frozenset(("updates", "ordered", "let"))
_UPDATE_STATEMENT: Final = frozenset(("q", "u", "c", "multi", "upsert", "arrayFilters", "hint", "sort"))
_DELETE: Final = frozenset(("deletes", "ordered", "let"))
_DELETE_STATEMENT: Final = frozenset(("q", "limit", "hint"))
_FIND_AND_MODIFY: Final = frozenset(
    ("query", "update", "remove", "new", "upsert", "sort", "fields", "arrayFilters", "hint", "let")
)


def _batch(request: Request, option: str, perform: Callable[[int, Any], None]) -> list[dict[str, Any]]:
    """Perform the writes of a batch one by one and return the errors; an ordered batch stops at the first."""
    writes = request.option(option)
    if not isinstance(writes, list):
        raise CommandError(40414, f"BSON field '{request.name}.{option}' is missing but a required field")
    if not writes:
        raise CommandError(16, "Write batch sizes must be between 1 and 100000. Got 0 operations.")
    errors: list[dict[str, Any]] = []
    for index, write in enumerate(writes):
        try:
            perform(index, write)
        except CommandError as error:
            errors.append(error.write_error(index))
            if request.option("ordered", True):
                break
    return errors


def _reply(errors: list[dict[str, Any]], **fields: Any) -> Reply:
    return {**fields, **({"writeErrors": errors} if errors else {}), "ok": 1.0}


# -- insert -------------------------------------------------------------------------------------------


def _insert(request: Request) -> Reply:
    check_options(request.command, _INSERT, request.name)
    collection = request.database.require(request.collection_name)
    inserted = 0

    def perform(index: int, document: Document) -> None:
        nonlocal inserted
        _store(request, collection, document)
        inserted += 1

    errors = _batch(request, "documents", perform)
    return _reply(errors, n=inserted)


def _store(request: Request, collection: Collection, document: Document) -> Document:
    """Insert a document, its ``_id`` made if missing and put first."""
    if next(iter(document), None) != "_id":
        own_id = document["_id"] if "_id" in document else request.new_id()
        document = {"_id": own_id, **{name: value for name, value in document.items() if name != "_id"}}
    kind = type_name(document["_id"])
    if kind in ("array", "regex"):
        raise CommandError(53, f"The '_id' value cannot be of type {kind}")
    if isinstance(document["_id"], dict):
        for name in document["_id"]:
            if name.startswith("$") and name not in ("$ref", "$id", "$db"):
                raise CommandError(
                    52, f"_id fields may not contain '$'-prefixed fields: {name} is not valid for storage."
                )
    collection.insert(document)
    return document


# -- update -------------------------------------------------------------------------------------------


def _update(request: Request) -> Reply:
    check_options(request.command, _UPDATE, request.name)
    outcomes: dict[int, _Updated] = {}

    def perform(index: int, statement: Document) -> None:
        # A statement that fails halfway keeps its changes, but counts none of them.
        outcomes[index] = _update_by(request, statement)

    errors = _batch(request, "updates", perform)
    counts = {
        "n": sum(done.matched for done in outcomes.values()),
        "nModified": sum(done.modified for done in outcomes.values()),
    }
    upserted = [
        {"index": index, "_id": done.upserted_id}
        for index, done in outcomes.items()
        if done.upserted_id is not MISSING
    ]
    return _reply(errors, **counts, **({"upserted": upserted} if upserted else {}))


class _Updated(NamedTuple):
    """What one statement did."""

    matched: int
    modified: int = 0
    upserted_id: Any = MISSING


def _update_by(request: Request, statement: Document) -> _Updated:
    check_options(statement, _UPDATE_STATEMENT, "updates")
    collection = request.collection()
    check_hint(statement.get("hint"), collection)
    context = request.query_context(collection)
    update = _compiled_update(request, statement, context)
    multi = bool(statement.get("multi"))
    if multi and update.is_replacement:
        raise CommandError(9, "multi update is not supported for replacement-style update")
    query = compile_filter(statement["q"], context)
    records = _records(collection, query, statement.get("sort"), everything=multi)
    if not records and statement.get("upsert"):
        return _Updated(1, upserted_id=copied(_upsert(request, statement["q"], update)["_id"]))
    modified = 0
    for record, document in records:
        assert collection is not None
        changed = _change(collection, record, document, query, update)
        modified += changed is not document or update.counts_as_change(changed)
    return _Updated(len(records), modified)


def _compiled_update(request: Request, statement: Mapping[str, Any], context: QueryContext) -> Update:
    document = statement["u"] if "u" in statement else statement["update"]
    if "c" in statement:
        context = replace(context, variables={**context.variables, **statement["c"]})
    return compile_update(document, statement.get("arrayFilters") or (), context, request.now)


def _records(
    collection: Collection | None, query: Filter, sort: Document | None, everything: bool
) -> list[tuple[int, Document]]:
    """Return the records to write, all of them known before the first is written."""
    if collection is None:
        return []
    selected = collection.select(query)
    if sort:
        key = compile_sort(sort)
        ordered = sorted(selected, key=lambda pair: key(pair[1]))
        return ordered if everything else ordered[:1]
    if everything:
        return list(selected)
    first = next(selected, None)
    return [] if first is None else [first]


def _change(
    collection: Collection, record: int, document: Document, query: Filter, update: Update
) -> Document:
    """Update one record and return the document it holds then: the same object if nothing changed."""
    changed = update.apply(
        copied(document), query.position(document) if update.uses_position else None, False
    )
    check_id_unchanged(document, changed)
    if identical(document, changed):
        return document
    collection.replace(record, changed, update.is_replacement)
    return changed


def _upsert(request: Request, query: Document, update: Update) -> Document:
    start = seed(query, only_id=update.is_replacement)
    made = update.apply(copied(start), None, True)
    if "_id" in start:
        check_id_unchanged(start, made)
    return _store(request, request.database.require(request.collection_name), made)


# -- delete -------------------------------------------------------------------------------------------


def _delete(request: Request) -> Reply:
    check_options(request.command, _DELETE, request.name)
    deleted = 0

    def perform(index: int, statement: Document) -> None:
        nonlocal deleted
        check_options(statement, _DELETE_STATEMENT, "deletes")
        limit = statement.get("limit", 0)
        if limit not in (0, 1):
            raise CommandError(9, f"The limit field in delete objects must be 0 or 1. Got {limit}")
        collection = request.collection()
        check_hint(statement.get("hint"), collection)
        query = compile_filter(statement["q"], request.query_context(collection))
        for record, _ in _records(collection, query, None, everything=not limit):
            assert collection is not None
            collection.remove(record)
            deleted += 1

    errors = _batch(request, "deletes", perform)
    return _reply(errors, n=deleted)


# -- findAndModify ------------------------------------------------------------------------------------


def _find_and_modify(request: Request) -> Reply:
    check_options(request.command, _FIND_AND_MODIFY, request.name)
    removing = bool(request.option("remove"))
    _check_find_and_modify(request, removing)
    collection = request.collection()
    check_hint(request.option("hint"), collection)
    context = request.query_context(collection)
    selector = request.option("query", {})
    update = None if removing else _compiled_update(request, request.command, context)
    query = compile_filter(selector, context)
    project = compile_find_projection(request.option("fields", {}), context, query)
    records = _records(collection, query, request.option("sort"), everything=False)
    outcome: dict[str, Any] = {"n": len(records)}
    before: Document | None = None
    after: Document | None = None
    if records:
        ((record, before),) = records
        assert collection is not None
        if update is None:
            collection.remove(record)
        else:
            after = _change(collection, record, before, query, update)
    elif update is not None and request.option("upsert"):
        after = _upsert(request, selector, update)
        outcome = {"n": 1, "upserted": copied(after["_id"])}
    if update is not None:
        outcome["updatedExisting"] = bool(records)
    shown = after if request.option("new") else before
    if shown is not None:
        shown = copied(project(shown) if project is not None else shown)
    return {"lastErrorObject": outcome, "value": shown, "ok": 1.0}


def _check_find_and_modify(request: Request, removing: bool) -> None:
    if removing:
        for option in ("update", "upsert"):
            if request.option(option):
                raise CommandError(9, f"Cannot specify both {option} and remove=true")
        if request.option("new"):
            raise CommandError(
                9, "Cannot specify both new=true and remove=true; 'remove' always returns the old document"
            )
    elif request.option("update") is None:
        raise CommandError(9, "Either an update or remove=true must be specified")


WRITING: Final[Mapping[str, Handler]] = {
    "insert": _insert,
    "update": _update,
    "delete": _delete,
    "findAndModify": _find_and_modify,
    "findandmodify": _find_and_modify,
}
"""Handlers of the writing commands."""
