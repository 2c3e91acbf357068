"""Neighbouring steps of a flush as one ordered bulk write, with the states and errors of single writes.

A bulk write stops at its first error, so the steps before are settled, the others stay as they were. Updates
are made to fail where their document has vanished.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import bson
import pymongo
from bson.errors import BSONError
from pymongo.errors import (
    BulkWriteError,
    DuplicateKeyError,
    OperationFailure,
    WriteConcernError,
    WriteError,
    WTimeoutError,
)

from ming._flows.operations import BulkWrite, CallHook
from ming._flows.rebase import FindAgain
from ming.odm.flows import annotated, deleted, inserted, noted, update_lists, updated
from ming.odm.unit_of_work import Step
from ming.odm.writes import Change, change_of, is_unstored, refuse_without_id, stale, to_insert

if TYPE_CHECKING:
    from pymongo.results import BulkWriteResult

    from ming._types import Flow

__all__ = ["SIZE", "one_by_one", "perform"]

SIZE: Final = 1000
"""Steps in a bulk write; the driver sends as many in one message, unless they are very large."""

_MESSAGE: Final = 40_000_000
"""Bytes that the driver sends in one message for sure; its limit is 48 MB."""

_VANISHED: Final = 66
"""The server's code where an update that must not insert finds nothing: it would change the ``_id``."""
_NO_SHARD_KEY: Final = 61
_DUPLICATE_KEY: Final = 11000
_TIMED_OUT: Final = 64

_UNENCODABLE: Final = (BSONError, OverflowError, UnicodeEncodeError)


class _Request(NamedTuple):
    """One write of a bulk; None where there is nothing to send."""

    step: Step
    write: Any
    change: Change | None = None


def one_by_one(session: Any, steps: Iterable[Step]) -> Flow[None]:
    """Perform steps by way of the session's methods, which programs override and replace."""
    for step in steps:
        yield from CallHook(getattr(session, f"{step.kind}_now"), step.state.instance, step.state)


def perform(session: Any, steps: Sequence[Step]) -> Flow[None]:
    """Perform steps on one collection in a bulk write.

    Raises:
        StaleObject: A document has vanished; see `ming.odm.flush`.
    """
    if len(steps) == 1:
        yield from one_by_one(session, steps)
        return
    requests: list[_Request] = []
    failure: Exception | None = None
    with session.uow.performing(step.state for step in steps):
        for step in steps:
            try:
                with noted(step.kind, step.state):
                    requests.append((yield from _request(session, step)))
            except Exception as error:  # noqa: BLE001 - a hook may raise anything
                failure = error
                break
        yield from _send(session, requests)
    if failure is not None:
        # What comes before the step that cannot be made is stored all the same.
        raise failure


def _request(session: Any, step: Step) -> Flow[_Request]:
    own = step.state
    if step.kind == "delete":
        if is_unstored(own):
            return _Request(step, None)
        refuse_without_id(own)
        return _Request(step, pymongo.DeleteOne({"_id": own.document_id}))
    if step.kind == "insert":
        return _Request(step, pymongo.InsertOne((yield from to_insert(own))))
    change = yield from change_of(own)
    if not change.update:
        return _Request(step, None, change)
    if session.in_transaction:
        # There an error would be the end of the transaction.
        return _Request(step, pymongo.UpdateOne(change.query, change.update), change)
    # Where the document has vanished, this insert is refused, and the bulk write stops there.
    forbidden = {"$setOnInsert": {"_id": "vanished" if own.document_id != "vanished" else ""}}
    write = pymongo.UpdateOne(change.query, {**change.update, **forbidden}, upsert=True)
    return _Request(step, write, change)


def _send(session: Any, requests: Sequence[_Request]) -> Flow[None]:
    sent = [request for request in requests if request.write is not None]
    if not sent:
        _settle_all(session, requests)
        return
    try:
        result = yield from BulkWrite(sent[0].step.state.mapper.manager, [each.write for each in sent])
    except BulkWriteError as error:
        yield from _after_failure(session, requests, sent, error.details)
    except _UNENCODABLE:
        if not _is_one_message(sent):
            raise
        # Nothing has been sent.
        yield from _singly(session, requests)
    else:
        if session.in_transaction:
            yield from _find_vanished(session, sent, result)
        _settle_all(session, requests)


def _is_one_message(requests: Iterable[_Request]) -> bool:
    size = 0
    for request in requests:
        try:
            size += len(bson.encode({"": request.write._doc if request.step.kind != "delete" else 0}))
        except _UNENCODABLE:
            break
    return size < _MESSAGE


def _settle_all(session: Any, requests: Iterable[_Request]) -> None:
    for step, write, change in requests:
        if step.kind == "insert":
            inserted(session, step.state, write._doc)
        elif change is not None:
            updated(step.state, change)
        else:
            deleted(session, step.state)


def _singly(session: Any, requests: Iterable[_Request]) -> Flow[None]:
    yield from one_by_one(session, [request.step for request in requests])


def _after_failure(
    session: Any, requests: Sequence[_Request], sent: Sequence[_Request], details: Mapping[str, Any]
) -> Flow[None]:
    """Raise what a single write would have raised, unless single writes can do what the bulk could not."""
    if not details.get("writeErrors"):
        # Everything is written, though not by as many members as was asked for.
        _settle_all(session, requests)
        raise _concern_error(details["writeConcernErrors"][-1])
    failure = details["writeErrors"][0]
    failed = sent[failure["index"]]
    position = requests.index(failed)
    _settle_all(session, requests[:position])
    own, change, code = failed.step.state, failed.change, failure.get("code")
    if change is not None and (code == _NO_SHARD_KEY or (code == _VANISHED and change.once_empty)):
        yield from _singly(session, requests[position:])
        return
    if change is not None and code == _VANISHED:
        raise stale(own)
    kind = DuplicateKeyError if code == _DUPLICATE_KEY else WriteError
    yield from annotated(session, own, _raised(kind(failure["errmsg"], code, dict(failure))))


def _concern_error(details: Mapping[str, Any]) -> WriteConcernError:
    kind = WTimeoutError if details.get("code") == _TIMED_OUT else WriteConcernError
    return kind(details.get("errmsg") or "", details.get("code"), dict(details))


def _raised(error: OperationFailure) -> Flow[None]:
    raise error
    yield


def _find_vanished(session: Any, requests: Sequence[_Request], result: BulkWriteResult) -> Flow[None]:
    """Find the update that matched nothing, if there is one; see `ming.odm.writes.Change.once_empty`."""
    updates = [(each.step.state, each.change) for each in requests if each.change is not None]
    missed = len(updates) - result.matched_count
    for own, change in updates:
        if missed <= 0:
            return
        raw = yield from FindAgain(own.mapper.manager, {"_id": own.document_id})
        if raw is None:
            raise stale(own)
        if any(name in raw and raw[name] is None for name in change.once_empty):
            yield from update_lists(session, own, change, {})
            missed -= 1
