"""Flows of the ODM: what a flush sends, step by step, and what becomes of the objects' states.

A flush is a plan (`ming.odm.unit_of_work`) that is performed here. Neighbouring steps on one collection go out
as one ordered bulk write, unless somebody wants to be called around each of them; either way a state changes
only after its step succeeded, and everything after a failed step stays as it was.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import pymongo
from pymongo.errors import BulkWriteError, DuplicateKeyError, OperationFailure, WriteError

from ming._flows.changes import changed_fields, storable, unnamable, update_of
from ming._flows.failures import annotate_doc_failure
from ming._flows.operations import BulkWrite, CallHook, DeleteOne, InsertOne, Operation, UpdateOne
from ming._flows.rebase import is_upgraded, store_changes
from ming._values import Missing, Origin, set_origin
from ming.exc import IllegalStateChange, StaleObject
from ming.odm.base import ObjectState, call_hook, detached, hooks, state
from ming.odm.relations import RelationProperty, load
from ming.odm.unit_of_work import Step, plan
from ming.utils import fix_write_concern

if TYPE_CHECKING:
    from pymongo.results import DeleteResult, InsertOneResult, UpdateResult

    from ming._types import Flow
    from ming.odm.mapper import Mapper

__all__ = ["delete", "flush", "insert", "remove", "update"]

_VANISHED: Final = 66
"""The server's code where an update that must not insert finds nothing: it would change the ``_id``."""
_NO_SHARD_KEY: Final = 61
_BAD_VALUE: Final = 2
_DUPLICATE_KEY: Final = 11000

Fields = dict[str, Any]


class _Enlist(Operation[None]):
    """Have the session's objects go back to what they are if the running transaction is aborted."""

    __slots__ = ()

    def perform(self, session: Any) -> None:
        """Tell a synchronous session."""
        session.enlist()

    async def aperform(self, session: Any) -> None:
        """Tell an asynchronous session."""
        session.enlist()


# -- one object ---------------------------------------------------------------------------------------


def insert(session: Any, obj: Any, kwargs: Fields) -> Flow[InsertOneResult]:
    """Insert an object's document, hooks included; nothing is validated."""
    own = state(obj)
    result: InsertOneResult = yield from _around(session, own, "insert", _insert(session, own, kwargs))
    return result


def update(session: Any, obj: Any, kwargs: Fields) -> Flow[UpdateResult | None]:
    """Store what changed in an object, hooks included.

    Returns:
        The driver's result; None if there was nothing to store.

    Raises:
        StaleObject: The document has been deleted, or somebody else changed what must not change.
        IllegalStateChange: The ``_id`` was changed.
    """
    own = state(obj)
    result: UpdateResult | None = yield from _around(session, own, "update", _update(session, own, kwargs))
    return result


def delete(session: Any, obj: Any, kwargs: Fields) -> Flow[DeleteResult]:
    """Delete an object's document, hooks included."""
    own = state(obj)
    result: DeleteResult = yield from _around(session, own, "delete", _delete(session, own, kwargs))
    return result


def remove(session: Any, mapper: Mapper[Any], args: tuple[Any, ...], kwargs: Fields) -> Flow[DeleteResult]:
    """Delete documents by a query, hooks included; memory stays as it is."""
    call = CallHook(partial(session.impl.remove, mapper.collection, *args, **kwargs))
    hooked = _with_keywords(mapper.extensions, "remove", iter(call), (session, *args), kwargs)
    cls = mapper.mapped_class
    around = _with_keywords(session.extensions, "remove", hooked, (cls, *args), kwargs)
    result: DeleteResult = yield from around
    return result


def _with_keywords(
    extensions: Iterable[Any], event: str, step: Flow[Any], args: tuple[Any, ...], kwargs: Fields
) -> Flow[Any]:
    """As `call_hook`, for hooks that also get keywords."""
    found = list(extensions)
    for hook in hooks(found, f"before_{event}"):
        yield from CallHook(partial(hook, *args, **kwargs))
    result = yield from step
    for hook in hooks(found, f"after_{event}"):
        yield from CallHook(partial(hook, *args, **kwargs))
    return result


def _around(session: Any, own: ObjectState, event: str, step: Flow[Any]) -> Flow[Any]:
    """A step between the hooks of the session's extensions and, within, those of the mapper's."""
    hooked = call_hook(own.mapper.extensions, event, step, own.instance, own, session)
    return (yield from call_hook(session.extensions, event, hooked, own.instance, own))


def _insert(session: Any, own: ObjectState, kwargs: Fields) -> Flow[InsertOneResult]:
    stored = yield from _to_insert(own)
    operation = InsertOne(own.mapper.manager, stored, **fix_write_concern(kwargs))
    result = yield from annotate_doc_failure(iter(operation), own.document)
    _inserted(session, own, result.inserted_id)
    return result


def _update(session: Any, own: ObjectState, kwargs: Fields) -> Flow[UpdateResult | None]:
    options = fix_write_concern(kwargs)
    if is_upgraded(own.document):
        return (yield from _update_upgraded(session, own, options))
    change = yield from _change(own)
    if change is None:
        own.settle()
        return None
    result = yield from _send(own, change, options)
    _updated(own, change)
    return result


def _send(own: ObjectState, change: _Change, options: Fields) -> Flow[UpdateResult]:
    manager = own.mapper.manager
    try:
        operation = UpdateOne(manager, change.query, change.update, **options)
        result = yield from annotate_doc_failure(iter(operation), own.document)
    except WriteError as error:
        if error.code != _BAD_VALUE or "$push" not in change.update:
            raise
        # What reads as an empty list may be stored as null, to which nothing can be added.
        operation = UpdateOne(manager, change.query, _without_push(own, change.update), **options)
        result = yield from annotate_doc_failure(iter(operation), own.document)
    if result.acknowledged and not result.matched_count:
        raise _stale(own)
    return result


def _update_upgraded(session: Any, own: ObjectState, options: Fields) -> Flow[UpdateResult]:
    """Store a document that was read in an older version, guarded against everybody who came first."""
    document = own.document
    shown = yield from _as_saved(own)
    result = yield from store_changes(own.mapper.manager, document, shown, options)
    own.settle()
    return result


def _delete(session: Any, own: ObjectState, kwargs: Fields) -> Flow[DeleteResult]:
    operation = DeleteOne(own.mapper.manager, {"_id": own.document_id}, **fix_write_concern(kwargs))
    result = yield from annotate_doc_failure(iter(operation), own.document)
    _deleted(session, own)
    return result


# -- what is sent -------------------------------------------------------------------------------------


class _Change(NamedTuple):
    """An update of one stored document."""

    query: Fields
    update: Fields
    version: Any = Missing
    """What the document's version field is going to be."""


def _as_saved(own: ObjectState) -> Flow[Any]:
    """A document like the object's, after the hook that runs before a document is saved."""
    shown = own.mapper.collection._wrap(detached(dict(own.document)), skip_from_bson=True)
    set_origin(shown, own.document._origin)
    before_save = own.mapper.manager.before_save
    if before_save is not None:
        yield from CallHook(before_save, shown)
    return shown


def _to_insert(own: ObjectState) -> Flow[Fields]:
    if own.mapper.manager.before_save is None:
        return dict(storable(dict(own.document), own.document._origin))
    shown = yield from _as_saved(own)
    return dict(storable(dict(shown), shown._origin))


def _change(own: ObjectState) -> Flow[_Change | None]:
    """What to send for a changed object; None if nothing has to be."""
    changes = own.changes()
    if own.mapper.manager.before_save is not None:
        shown = yield from _as_saved(own)
        changes |= storable(changed_fields(own.document, shown))
    _refuse_changed_id(own, changes)
    fields = own.options.get("fields")
    if fields is not None:
        changes = {name: value for name, value in changes.items() if name in fields}
    if not changes:
        return None
    keys = unnamable(changes)
    if keys:
        raise IllegalStateChange(f"{_named(own)}: {', '.join(map(repr, keys))} cannot be updated by name")
    query = {"_id": own.document_id}
    updating = _update_of(own, changes)
    version_field = own.mapper.version_field
    if version_field is None:
        return _Change(query, updating)
    version = dict.get(own.document, version_field)
    updating.get("$set", {}).pop(version_field, None)
    updating = {operator: named for operator, named in updating.items() if named}
    updating["$inc"] = {version_field: 1}
    return _Change({**query, version_field: version}, updating, (version or 0) + 1)


def _refuse_changed_id(own: ObjectState, changes: Fields) -> None:
    if "_id" not in changes:
        return
    stored_id = own.original_document.get("_id")
    if changes.pop("_id") != stored_id:
        raise IllegalStateChange(f"{_named(own)}: the _id was {stored_id!r}; a stored document keeps its _id")


def _update_of(own: ObjectState, changes: Fields) -> Fields:
    """The update that makes the changes; items added to a list are pushed, whatever others add meanwhile."""
    pushed = {name: items for name in changes if (items := own.appended(name)) is not None}
    rest = {name: value for name, value in changes.items() if name not in pushed}
    updating = update_of(rest) if rest else {}
    if pushed:
        updating["$push"] = {name: {"$each": items} for name, items in pushed.items()}
    return updating


def _without_push(own: ObjectState, updating: Fields) -> Fields:
    whole = storable({name: own.document[name] for name in updating["$push"]})
    rest = {operator: fields for operator, fields in updating.items() if operator != "$push"}
    return {**rest, "$set": {**rest.get("$set", {}), **whole}}


# -- what becomes of states ---------------------------------------------------------------------------


def _inserted(session: Any, own: ObjectState, document_id: Any) -> None:
    if own.document_id is Missing:
        if "_id" in own.mapper.manager.field_index:
            own.set("_id", document_id)
        else:
            set_origin(own.document, Origin({"_id": document_id}))
    own.settle()
    if own.session is session:
        session.imap.save(own.instance)


def _updated(own: ObjectState, change: _Change) -> None:
    if change.version is not Missing:
        own.set(str(own.mapper.version_field), change.version)
    own.settle()


def _deleted(session: Any, own: ObjectState) -> None:
    own.settle_deleted()
    session.uow.expunge(own.instance)
    session.imap.expunge(own.instance)
    session.uow.note_foreign_ids(own.mapper)


def _named(own: ObjectState) -> str:
    return f"{type(own.instance).__name__} {own.document_id!r}"


def _stale(own: ObjectState) -> StaleObject:
    what = "deleted" if own.mapper.version_field is None else "deleted or changed by somebody else"
    message = f"{type(own.instance).__name__}: {what} since it was read"
    return StaleObject(message, own.mapper.manager.collection_name, own.document_id)


# -- flush --------------------------------------------------------------------------------------------


def flush(session: Any, obj: Any = None) -> Flow[None]:
    """Store everything that changed, or one object.

    Args:
        session: The session.
        obj: The object; by default all that the session tracks.

    Raises:
        StaleObject: A document has been deleted, or somebody else changed what must not change. What came
            before the object is stored, the object and what comes after it are as they were; and so for
            errors of the driver and of hooks.
    """
    flushed: list[ObjectState] = []
    args = () if obj is None else (obj,)
    yield from _Enlist()
    try:
        yield from call_hook(session.extensions, "flush", _flush(session, obj, flushed), *args)
    finally:
        for own in flushed:
            own.forget_original()


def _flush(session: Any, obj: Any, flushed: list[ObjectState]) -> Flow[None]:
    seen: set[ObjectState] = set()
    while True:
        own = session.uow.states() if obj is None else [state(obj)]
        yield from _cascade(session, own)
        if obj is None:
            own = session.uow.states()
        # Hooks may track new objects; each object is stored once.
        steps = [step for step in plan(own) if step.state not in seen and not step.state.gone]
        if not steps:
            return
        seen.update(step.state for step in steps)
        flushed += [step.state for step in steps]
        for together, run in groupby(steps, key=lambda step: _bulk_key(session, step)):
            if together is None:
                yield from _one_by_one(session, run)
            else:
                yield from _bulk(session, list(run))


def _bulk_key(session: Any, step: Step) -> Any:
    """What the steps of one bulk write share; None for a step that has to be a write of its own."""
    own = step.state
    if is_upgraded(own.document) or not session.is_bulkable(own.mapper):
        return None
    return own.mapper.manager.collection_name, tuple(own.mapper.manager.driver_options)


def _one_by_one(session: Any, steps: Iterable[Step]) -> Flow[None]:
    for step in steps:
        # By way of the session's methods, which programs override and replace.
        yield from CallHook(getattr(session, f"{step.kind}_now"), step.state.instance, step.state)


class _Request(NamedTuple):
    """One write of a bulk."""

    step: Step
    write: Any
    change: _Change | None = None


def _bulk(session: Any, steps: Sequence[Step]) -> Flow[None]:
    if len(steps) == 1:
        yield from _one_by_one(session, steps)
        return
    requests: list[_Request] = []
    for step in steps:
        request = yield from _request(step)
        if request is None:
            step.state.settle()
        else:
            requests.append(request)
    if not requests:
        return
    manager = requests[0].step.state.mapper.manager
    try:
        yield from BulkWrite(manager, [request.write for request in requests])
    except BulkWriteError as error:
        failures = error.details.get("writeErrors") or ()
        if not failures:
            raise
        failed = failures[0]["index"]
        _settle_all(session, requests[:failed])
        yield from _after_failure(session, requests[failed:], failures[0])
    else:
        _settle_all(session, requests)


def _request(step: Step) -> Flow[_Request | None]:
    own = step.state
    query = {"_id": own.document_id}
    if step.kind == "delete":
        return _Request(step, pymongo.DeleteOne(query))
    if step.kind == "insert":
        return _Request(step, pymongo.InsertOne((yield from _to_insert(own))))
    change = yield from _change(own)
    if change is None:
        return None
    # Where the document has vanished, this insert is refused, and the bulk write stops there.
    forbidden = {"$setOnInsert": {"_id": "vanished" if own.document_id != "vanished" else ""}}
    return _Request(
        step, pymongo.UpdateOne(change.query, {**change.update, **forbidden}, upsert=True), change
    )


def _settle_all(session: Any, requests: Iterable[_Request]) -> None:
    for step, write, change in requests:
        if step.kind == "insert":
            _inserted(session, step.state, write._doc["_id"])
        elif change is not None:
            _updated(step.state, change)
        else:
            _deleted(session, step.state)


def _after_failure(session: Any, requests: Sequence[_Request], failure: Mapping[str, Any]) -> Flow[None]:
    """Raise what a single write would have raised, unless single writes can do what the bulk could not."""
    own, code = requests[0].step.state, failure.get("code")
    change = requests[0].change
    if change is not None and code == _VANISHED:
        raise _stale(own)
    if change is not None and (code == _NO_SHARD_KEY or (code == _BAD_VALUE and "$push" in change.update)):
        yield from _one_by_one(session, [request.step for request in requests])
        return
    kind = DuplicateKeyError if code == _DUPLICATE_KEY else WriteError
    error: OperationFailure = kind(failure["errmsg"], code, dict(failure))
    yield from annotate_doc_failure(_raised(error), own.document)


def _raised(error: OperationFailure) -> Flow[None]:
    raise error
    yield


def _cascade(session: Any, states: Iterable[ObjectState]) -> Flow[None]:
    """Delete or detach what belongs to objects about to be deleted."""
    waiting = [own for own in states if own.status == ObjectState.deleted and not own.gone]
    seen: set[ObjectState] = set()
    while waiting:
        seen.update(waiting)
        found: list[ObjectState] = []
        for prop, own in _by_cascade(waiting):
            yield from load(session, prop, own)
            related = [obj for each in own for obj in prop.related_to(each)]
            for obj in related:
                _let_go(prop, obj, [each.document_id for each in own])
            found += map(state, related)
        waiting = [own for own in found if own.status == ObjectState.deleted and own not in seen]


def _by_cascade(states: Iterable[ObjectState]) -> Iterator[tuple[RelationProperty, list[ObjectState]]]:
    rules: dict[RelationProperty, list[ObjectState]] = {}
    for own in states:
        for prop in own.mapper.cascades:
            rules.setdefault(prop, []).append(own)
    return iter(rules.items())


def _let_go(prop: RelationProperty, obj: Any, owners: Sequence[Any]) -> None:
    if prop.cascade == "delete":
        state(obj).status = ObjectState.deleted
    elif prop.join.prop.uselist:
        setattr(
            obj, prop.join.foreign, [each for each in getattr(obj, prop.join.foreign) if each not in owners]
        )
    else:
        setattr(obj, prop.join.foreign, None)
