"""Flows of the ODM that store one object: insert, update, delete; and deletion by query.

An object's state changes only after its step succeeded. What is sent is made by `ming.odm.writes`; many
objects are stored by `ming.odm.flush`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from bson.errors import BSONError
from pymongo.errors import OperationFailure, WriteConcernError
from pymongo.results import DeleteResult, UpdateResult

from ming._flows.changes import changed_fields, same
from ming._flows.failures import annotate_doc_failure
from ming._flows.operations import CallHook, DeleteOne, DriverCall, InsertOne, UpdateOne
from ming._flows.origins import is_upgraded, refuse_if_never
from ming._flows.rebase import store_changes
from ming._values import Missing, Origin, set_origin
from ming.exc import MingException
from ming.odm.base import ObjectState, call_hook, detached, hooks, state
from ming.odm.writes import (
    Change,
    as_saved,
    change_of,
    is_unstored,
    named,
    refuse_partial_upgrade,
    refuse_without_id,
    stale,
    to_insert,
    whole_lists,
)
from ming.utils import add_note, fix_write_concern

if TYPE_CHECKING:
    from pymongo.results import InsertOneResult

    from ming._types import Flow
    from ming.odm.mapper import Mapper

__all__ = [
    "annotated",
    "delete",
    "deleted",
    "insert",
    "inserted",
    "noted",
    "remove",
    "update",
    "update_lists",
    "updated",
]

R = TypeVar("R")
T = TypeVar("T")

Fields = dict[str, Any]


def insert(session: Any, obj: Any, kwargs: Fields) -> Flow[InsertOneResult]:
    """Insert an object's document, hooks included; nothing is validated."""
    own = state(obj)
    result: InsertOneResult = yield from _around(session, own, "insert", _insert(session, own, kwargs))
    return result


def update(session: Any, obj: Any, kwargs: Fields) -> Flow[UpdateResult]:
    """Store what changed in an object, hooks included.

    Returns:
        The driver's result; where there was nothing to store, one that counts nothing.

    Raises:
        StaleObject: The document has been deleted, or somebody else changed what must not change.
        IllegalStateChange: The ``_id`` was changed.
    """
    own = state(obj)
    step = _update(session, own, kwargs)
    if hooks((*session.extensions, *own.mapper.extensions), "before_update"):
        step = _heeding_hooks(own, detached(dict(own.document)), step)
    result: UpdateResult = yield from _around(session, own, "update", step)
    return result


def _heeding_hooks(own: ObjectState, before: Fields, step: Flow[T]) -> Flow[T]:
    """A step that stores what the hooks before it have written into the document past the properties, too."""
    for name in changed_fields(before, own.document).keys() - set(own.touched()):
        own.distrust(name)
    return (yield from step)


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


def _around(session: Any, own: ObjectState, event: str, step: Flow[T]) -> Flow[T]:
    """A step between the hooks of the session's extensions and, within, those of the mapper's."""
    session.enlist(own)
    hooked = call_hook(own.mapper.extensions, event, step, own.instance, own, session)
    around = call_hook(session.extensions, event, hooked, own.instance, own)
    with session.uow.performing([own]), noted(event, own):
        result = yield from around
    if not session.uow.is_flushing:
        own.forget_original()
    return result


@contextmanager
def noted(event: str, own: ObjectState) -> Iterator[None]:
    """Have errors, such as those of hooks, say which object they are about."""
    try:
        yield
    except MingException:
        # Ours do.
        raise
    except Exception as error:
        add_note(error, f"in the {event} of {named(own)}")
        raise


def annotated(session: Any, own: ObjectState, flow: Flow[T]) -> Flow[T]:
    """Have errors of the driver say which object they are about, and show its document."""
    try:
        return (yield from annotate_doc_failure(flow, own.document, session.impl.redact_errors))
    except (OperationFailure, BSONError) as error:
        *args, document = error.args
        error.args = (*args, named(own), document)
        raise


def _sent(session: Any, own: ObjectState, operation: DriverCall[R], settle: Callable[[], object]) -> Flow[R]:
    """Perform a write, and settle the state; also where only the write concern was not met."""
    try:
        result = yield from annotated(session, own, iter(operation))
    except WriteConcernError:
        settle()
        raise
    settle()
    return result


def _insert(session: Any, own: ObjectState, kwargs: Fields) -> Flow[InsertOneResult]:
    stored = yield from to_insert(own)
    operation = InsertOne(own.mapper.manager, stored, **fix_write_concern(kwargs))
    return (yield from _sent(session, own, operation, partial(inserted, session, own, stored)))


def _update(session: Any, own: ObjectState, kwargs: Fields) -> Flow[UpdateResult]:
    options = fix_write_concern(kwargs)
    if is_upgraded(own.document):
        return (yield from _update_upgraded(session, own, options))
    change = yield from change_of(own)
    if not change.update:
        updated(own, change)
        return UpdateResult({"n": 0, "nModified": 0}, acknowledged=True)
    return (yield from _send(session, own, change, options))


def _send(session: Any, own: ObjectState, change: Change, options: Fields) -> Flow[UpdateResult]:
    operation = UpdateOne(own.mapper.manager, change.query, change.update, **options)
    try:
        result = yield from annotated(session, own, iter(operation))
    except WriteConcernError:
        updated(own, change)
        raise
    if result.acknowledged and not result.matched_count:
        if not change.once_empty:
            raise stale(own)
        return (yield from update_lists(session, own, change, options))
    updated(own, change)
    return result


def update_lists(session: Any, own: ObjectState, change: Change, options: Fields) -> Flow[UpdateResult]:
    """Store a change to lists that read as empty, but are stored as null: nothing can be added to that.

    Raises:
        StaleObject: They are not; or the document is not there as it was read.
    """
    return (yield from _send(session, own, whole_lists(own, change), options))


def _update_upgraded(session: Any, own: ObjectState, options: Fields) -> Flow[UpdateResult]:
    """Store a document that was read in an older version, guarded against everybody who came first."""
    refuse_partial_upgrade(own)
    refuse_if_never(own.mapper.manager, own.document)
    own.dispatch()
    shown = yield from as_saved(own)
    storing = store_changes(own.mapper.manager, own.document, shown, options)
    result = yield from annotated(session, own, storing)
    own.settle()
    return result


def _delete(session: Any, own: ObjectState, kwargs: Fields) -> Flow[DeleteResult]:
    if is_unstored(own):
        deleted(session, own)
        return DeleteResult({"n": 0}, acknowledged=True)
    refuse_without_id(own)
    operation = DeleteOne(own.mapper.manager, {"_id": own.document_id}, **fix_write_concern(kwargs))
    return (yield from _sent(session, own, operation, partial(deleted, session, own)))


# -- what becomes of states ---------------------------------------------------------------------------


def inserted(session: Any, own: ObjectState, stored: Fields) -> None:
    """Note that an object's document has been inserted, under an ``_id`` that the driver or a hook may have made."""
    if not same(own.document_id, stored["_id"]):
        session.imap.expunge(own.instance)
        if "_id" in own.mapper.manager.field_index:
            own.set("_id", stored["_id"])
        else:
            set_origin(own.document, Origin({"_id": stored["_id"]}))
    own.settle()
    if own.session is session:
        session.imap.save(own.instance)


def updated(own: ObjectState, change: Change) -> None:
    """Note that a change has been stored."""
    if change.version is not Missing:
        own.set(str(own.mapper.version_field), change.version)
    own.settle(change.left)


def deleted(session: Any, own: ObjectState) -> None:
    """Note that an object's document has been deleted."""
    own.settle_deleted()
    session.uow.expunge(own.instance)
    session.imap.expunge(own.instance)
    session.uow.note_fields(own)
