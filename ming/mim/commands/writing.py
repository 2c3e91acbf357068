"""The commands that write: insert, update, delete, findAndModify."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final, NamedTuple

from ming.mim.commands.points import point_records
from ming.mim.commands.requests import Handler, Reply, Request, check_options
from ming.mim.commands.retries import Outcome
from ming.mim.commands.statements import check_types, check_update, statements
from ming.mim.data.errors import CommandError, WriteConflict, error_context
from ming.mim.data.limits import are_small
from ming.mim.data.options import flag
from ming.mim.data.sorting import compile_sort
from ming.mim.data.values import MISSING, as_integer, copied, identical
from ming.mim.plans.hints import Source, follow_hint
from ming.mim.queries.conditions import Filter
from ming.mim.queries.filters import QueryContext, compile_filter
from ming.mim.queries.find_projection import compile_find_projection
from ming.mim.storage.records import Collection
from ming.mim.storage.storing import Storing
from ming.mim.updates.compiler import Update, check_id_unchanged, compile_update
from ming.mim.updates.upsert import seed

__all__ = ["WRITING"]

Document = dict[str, Any]
Position = Callable[[Document], int | None]

_INSERT: Final = frozenset(("documents", "ordered"))
_UPDATE: Final = frozenset(("updates", "ordered", "let"))
_DELETE: Final = frozenset(("deletes", "ordered", "let"))
_FIND_AND_MODIFY: Final = frozenset(
    (
        "query",
        "update",
        "remove",
        "new",
        "upsert",
        "sort",
        "fields",
        "arrayFilters",
        "hint",
        "let",
        "collation",
    )
)
_FIND_AND_MODIFY_TYPES: Final = {
    "query": "object",
    "fields": "object",
    "sort": "object",
    "arrayFilters": "array",
    "let": "object",
    "collation": "object",
}


class _Batch(NamedTuple):
    """What became of the writes of a batch, by their places in it."""

    outcomes: dict[int, Outcome]
    errors: list[dict[str, Any]]
    retried: list[int]
    """The numbers of statements that had been done before."""

    @property
    def n(self) -> int:
        """How many documents were inserted, matched or deleted."""
        return sum([outcome.n for outcome in self.outcomes.values()])

    def reply(self, **fields: Any) -> Reply:
        """Return the command's reply."""
        return {
            **fields,
            **({"writeErrors": self.errors} if self.errors else {}),
            **({"retriedStmtIds": self.retried} if self.retried else {}),
            "ok": 1.0,
        }


def _batch(request: Request, writes: list[Document], perform: Callable[[Any], Outcome]) -> _Batch:
    """Perform the writes of a batch one by one; an ordered batch stops at the first error."""
    attempt = request.attempt
    request.check_name()
    done = _Batch({}, [], [] if attempt is None else attempt.retried)
    for index, write in enumerate(writes):
        try:
            # A statement that fails halfway keeps its changes, but counts none of them.
            done.outcomes[index] = perform(write) if attempt is None else attempt.once(index, write, perform)
        except WriteConflict:
            raise
        except CommandError as error:
            done.errors.append(error.write_error(index))
            if request.transaction is not None or request.option("ordered", True):
                break
    return done


# -- insert -------------------------------------------------------------------------------------------


def _insert(request: Request) -> Reply:
    check_options(request.command, _INSERT, request.name)
    writes = statements(request.command, request.name)
    storing = request.storing
    collection: Collection | None = None
    small = are_small(writes)

    def perform(document: Document) -> Outcome:
        nonlocal collection
        if collection is None:
            collection = request.home()
        storing.insert(collection, document, small=small)
        return _ONE

    done = _batch(request, writes, perform)
    return done.reply(n=done.n)


_ONE: Final = Outcome(1)


# -- update -------------------------------------------------------------------------------------------


def _update(request: Request) -> Reply:
    check_options(request.command, _UPDATE, request.name)
    writes = statements(request.command, request.name)
    storing = request.storing
    done = _batch(request, writes, lambda statement: _update_by(request, storing, statement))
    counts = {"n": done.n, "nModified": sum(outcome.modified for outcome in done.outcomes.values())}
    upserted = [
        {"index": index, "_id": outcome.upserted_id}
        for index, outcome in done.outcomes.items()
        if outcome.upserted_id is not MISSING
    ]
    return done.reply(**counts, **({"upserted": upserted} if upserted else {}))


def _update_by(request: Request, storing: Storing, statement: Document) -> Outcome:
    collection = request.collection()
    source = follow_hint(collection, statement, request.dialect)
    context = request.query_context(collection, statement)
    update = _compiled_update(request, statement, context)
    multi = bool(statement.get("multi"))
    if multi and update.is_replacement:
        raise CommandError(9, "multi update is not supported for replacement-style update")
    records, position = _selected(source, statement, context, everything=multi)
    if not records and statement.get("upsert"):
        if statement.get("upsertSupplied"):
            home = request.database.require(request.collection_name)
            made = storing.insert(home, statement["c"]["new"], upserted=True)
        else:
            made = _upsert(request, storing, statement["q"], update)
        return Outcome(1, upserted_id=copied(made["_id"]))
    modified = 0
    for record, document in records:
        assert collection is not None
        changed = _change(storing, collection, record, document, update, position)
        modified += changed is not document
    return Outcome(len(records), modified, changed=bool(modified))


def _compiled_update(request: Request, statement: Mapping[str, Any], context: QueryContext) -> Update:
    document = statement["u"] if "u" in statement else statement["update"]
    if "c" in statement:
        context = replace(context, variables={**context.variables, **statement["c"]})
    return compile_update(document, statement.get("arrayFilters") or (), context, request.now)


def _selected(
    source: Source | None, statement: Mapping[str, Any], context: QueryContext, everything: bool
) -> tuple[list[tuple[int, Document]], Position]:
    """Return the records to write, and what tells the position at which one matched."""
    query = statement["q"]
    if isinstance(source, Collection) and _PLANNED.isdisjoint(statement):
        found = point_records(source, query)
        if found is not None:
            return (
                found if everything else found[:1],
                lambda document: compile_filter(query, context).position(document),
            )
    compiled = compile_filter(query, context)
    return _records(source, compiled, statement.get("sort"), context, everything), compiled.position


_PLANNED: Final = frozenset(("sort", "hint", "collation"))
"""Options of statements that matter for which records are found."""


def _records(
    source: Source | None, query: Filter, sort: Document | None, context: QueryContext, everything: bool
) -> list[tuple[int, Document]]:
    """Return the records to write, all of them known before the first is written."""
    if source is None:
        return []
    selected = source.select(query)
    if sort:
        key = compile_sort(sort, context.key, metadata=context.metadata)
        ordered = sorted(selected, key=lambda pair: key(pair[1]))
        return ordered if everything else ordered[:1]
    if everything:
        return list(selected)
    first = next(selected, None)
    return [] if first is None else [first]


def _change(
    storing: Storing,
    collection: Collection,
    record: int,
    document: Document,
    update: Update,
    position: Position,
) -> Document:
    """Update one record and return the document it holds then: the same object if nothing changed."""
    matched = position(document) if update.uses_position else None
    changed = update.apply(document, matched, False)
    if changed.get("_id", MISSING) is not document["_id"]:
        check_id_unchanged(document, changed)
    if identical(document, changed) and not update.counts_as_change(changed, matched):
        return document
    storing.replace(collection, record, document, changed, update.is_replacement)
    return changed


def _upsert(request: Request, storing: Storing, query: Document, update: Update) -> Document:
    start = seed(query, only_id=update.is_replacement)
    made = update.apply(start, None, True)
    if "_id" in start:
        check_id_unchanged(start, made)
    return storing.insert(request.database.require(request.collection_name), made, upserted=True)


# -- delete -------------------------------------------------------------------------------------------


def _delete(request: Request) -> Reply:
    check_options(request.command, _DELETE, request.name)
    writes = statements(request.command, request.name)

    def perform(statement: Document) -> Outcome:
        single = as_integer(statement["limit"]) == 1
        collection = request.collection()
        source = follow_hint(collection, statement, request.dialect)
        context = request.query_context(collection, statement)
        records, _ = _selected(source, statement, context, everything=not single)
        for record, _ in records:
            assert collection is not None
            collection.remove(record)
        return Outcome(len(records), changed=bool(records))

    done = _batch(request, writes, perform)
    return done.reply(n=done.n)


# -- findAndModify ------------------------------------------------------------------------------------


def _find_and_modify(request: Request) -> Reply:
    attempt = request.attempt
    if attempt is None:
        return _found_and_modified(request)
    known = attempt.recalled()
    if known is None:
        reply = _found_and_modified(request)
        outcome = reply["lastErrorObject"]
        attempt.keep(0, Outcome(outcome["n"], reply=copied(reply), changed=bool(outcome["n"])))
        return reply
    if known.reply is None:
        raise CommandError(40607, "No pre-image available for findAndModify retry request")
    if bool(request.option("remove")) is ("updatedExisting" in known.reply["lastErrorObject"]):
        raise CommandError(40606, "findAndModify retry request is not compatible with previous write")
    return {**known.reply, "retriedStmtId": attempt.retried[0], "ok": 1.0}


def _found_and_modified(request: Request) -> Reply:
    check_options(request.command, _FIND_AND_MODIFY, request.name)
    check_types(request.command, _FIND_AND_MODIFY_TYPES, request.name)
    storing = request.storing
    removing = bool(flag(request.command, request.name, "remove"))
    _check_find_and_modify(request, removing)
    collection = request.collection()
    source = follow_hint(collection, request.command, request.dialect)
    context = request.query_context(collection)
    selector = request.option("query", {})
    update = None if removing else _compiled_update(request, request.command, context)
    query = compile_filter(selector, context)
    project = compile_find_projection(request.option("fields", {}), context, query)
    records = _records(source, query, request.option("sort"), context, everything=False)
    outcome: dict[str, Any] = {"n": len(records)}
    before: Document | None = None
    after: Document | None = None
    with error_context("Plan executor error during findAndModify"):
        if records:
            ((record, before),) = records
            assert collection is not None
            if update is None:
                collection.remove(record)
            else:
                after = _change(storing, collection, record, before, update, query.position)
        elif update is not None and request.option("upsert"):
            after = _upsert(request, storing, selector, update)
            outcome = {"n": 1, "updatedExisting": False, "upserted": copied(after["_id"])}
    if update is not None:
        outcome["updatedExisting"] = bool(records)
    shown = after if request.option("new") else before
    if shown is not None:
        shown = copied(project(shown) if project is not None else shown)
    return {"lastErrorObject": outcome, "value": shown, "ok": 1.0}


def _check_find_and_modify(request: Request, removing: bool) -> None:
    for option in ("new", "upsert"):
        flag(request.command, request.name, option)
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
    else:
        check_update(request.command["update"])


WRITING: Final[Mapping[str, Handler]] = {
    "insert": _insert,
    "update": _update,
    "delete": _delete,
    "findAndModify": _find_and_modify,
    "findandmodify": _find_and_modify,
}
"""Handlers of the writing commands."""
