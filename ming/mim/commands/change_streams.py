"""Change streams: the ``$changeStream`` stage, resume tokens, and the cursor that follows the log.

Like every cursor it never waits: a batch may be empty, and who wants to wait listens to the store.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, NamedTuple

import bson
from bson import Timestamp

from ming.mim.commands.change_events import Event, event_of, token
from ming.mim.commands.cursors import BATCH_BYTES
from ming.mim.data.errors import CommandError
from ming.mim.data.values import type_name
from ming.mim.storage.change_log import ChangeLog, LoggedChange
from ming.mim.storage.store import Store

__all__ = ["ChangeStreamCursor", "Scope", "Stages", "open_change_stream"]

Document = dict[str, Any]
Stages = Callable[[Iterable[Document]], Iterable[Document]]

_OPTIONS: Final = frozenset(
    (
        "allChangesForCluster fullDocument fullDocumentBeforeChange resumeAfter startAfter startAtOperationTime"
        " showExpandedEvents"
    ).split()
)
_FULL_DOCUMENT: Final = ("default", "updateLookup", "whenAvailable", "required")
_BEFORE_CHANGE: Final = ("off", "whenAvailable", "required")
_TOKEN: Final = re.compile("82([0-9A-Fa-f]{8})([0-9A-Fa-f]{8})2B02(2C01)?.*?(6E|6F)04")
_PERMITTED: Final = frozenset(
    ("$changeStream $match $project $addFields $set $unset $replaceRoot $replaceWith $redact").split()
)


class Scope(NamedTuple):
    """What a stream follows: a collection, a database, or everything."""

    database: str | None = None
    collection: str | None = None

    def covers(self, logged: LoggedChange) -> bool:
        """Whether a change concerns the stream."""
        database, collection = logged.namespace
        if collection.startswith("system."):
            # Such as the definitions of views.
            return False
        if self.database is None:
            return database not in ("admin", "config", "local")
        if database != self.database:
            return False
        return self.collection in (None, collection) or logged.change.kind == "dropDatabase"

    def ends_with(self, event: Event) -> bool:
        """Whether an event ends the stream."""
        operation = event["operationType"]
        if self.collection is not None:
            return operation in ("drop", "rename", "dropDatabase")
        return self.database is not None and operation == "dropDatabase"


class ChangeStreamCursor:
    """Follows the log of changes.

    Args:
        store: The documents, for looking up current ones.
        log: The log.
        scope: What to follow.
        options: The operand of ``$changeStream``.
        start: The number of the first change.
        stages: The stages after ``$changeStream``, as one.
    """

    awaits: bool = True

    def __init__(
        self, store: Store, log: ChangeLog, scope: Scope, options: Document, start: int, stages: Stages
    ) -> None:
        self._store = store
        self._log = log
        self._scope = scope
        self._options = options
        self._next = start
        self._stages = stages
        self._pending: list[Event] = []
        self._token = token(log.time, "mark")
        self._invalidated = False

    @property
    def exhausted(self) -> bool:
        """Whether the stream has ended and everything has been handed out."""
        return self._invalidated and not self._pending

    @property
    def resume_token(self) -> Document:
        """Where to go on from after the batch handed out last."""
        return self._token

    def next_batch(self, size: int | None, limit: int | None) -> list[Document]:
        """Return the events that there are, as `ming.mim.commands.cursors.Cursor.next_batch`.

        Raises:
            CommandError: Changes are lost, a document asked for is not there, or a stage drops the token.
        """
        self._read()
        batch: list[Document] = []
        room = BATCH_BYTES if limit is None else limit
        while self._pending and (size is None or len(batch) < size):
            room -= len(bson.encode(self._pending[0]))
            if batch and room < 0:
                break
            batch.append(self._pending.pop(0))
        self._token = self._pending_token(batch)
        return batch

    def _pending_token(self, batch: list[Document]) -> Document:
        if not self._pending and not self._invalidated:
            return token(self._log.time, "mark")
        last: Document = batch[-1]["_id"] if batch else self._token
        return last

    def _read(self) -> None:
        """Take over what was logged since the last time."""
        if self._invalidated:
            return
        changes = self._log.since(self._next)
        if changes is None:
            raise _history_lost()
        for logged in changes:
            if self._scope.covers(logged):
                self._take(logged)
            self._next += 1
            if self._invalidated:
                return

    def _take(self, logged: LoggedChange) -> None:
        event = event_of(logged, bool(self._options.get("showExpandedEvents")))
        if event is None:
            return
        self._pending += self._passed(self._completed(event, logged))
        if self._scope.ends_with(event):
            end = {
                "_id": token(logged.time, "invalidate"),
                "operationType": "invalidate",
                "clusterTime": logged.time,
                "wallTime": logged.wall_time,
            }
            self._pending += self._passed(end)
            self._invalidated = True

    def _passed(self, event: Event) -> list[Event]:
        own = event["_id"]
        passed = list(self._stages([event]))
        if any(each.get("_id") != own for each in passed):
            raise CommandError(
                280,
                "Encountered an event whose _id field, which contains the resume token, was modified by the"
                " pipeline. Modifying the _id field of an event makes it impossible to resume the stream from"
                " that point. Only transformations that retain the unmodified _id field are allowed.",
            )
        return passed

    def _completed(self, event: Event, logged: LoggedChange) -> Event:
        """Add the documents that the options ask for."""
        change, operation = logged.change, event["operationType"]
        full = self._options.get("fullDocument", "default")
        before = self._options.get("fullDocumentBeforeChange", "off")
        keeps_images = bool(_enabled_images(change.target))
        if operation == "update" and full != "default":
            document = (
                self._current(logged) if full == "updateLookup" else change.after if keeps_images else None
            )
            if full == "required" and document is None:
                raise _no_image("post", event)
            event = _inserted_before(event, "ns", "fullDocument", document)
        if operation in ("update", "replace", "delete") and before != "off":
            if before == "required" and not keeps_images:
                raise _no_image("pre", event)
            event = {**event, "fullDocumentBeforeChange": change.before if keeps_images else None}
        return event

    def _current(self, logged: LoggedChange) -> Document | None:
        database, name = logged.namespace
        collection = self._store.database(database).get(name)
        return None if collection is None else collection.by_id(logged.change.after["_id"])


def _enabled_images(collection: Any) -> Any:
    return getattr(collection, "options", {}).get("changeStreamPreAndPostImages", {}).get("enabled")


def _no_image(kind: str, event: Event) -> CommandError:
    return CommandError(
        47,
        f"Change stream was configured to require a {kind}-image for all update"
        f"{' events' if kind == 'post' else ', delete and replace events'}, but the {kind}-image was not found for"
        f" event: {event!r}",
    )


def _inserted_before(event: Event, place: str, name: str, value: Any) -> Event:
    made: Event = {}
    for key, inner in event.items():
        if key == place:
            made[name] = value
        made[key] = inner
    return made


def _history_lost() -> CommandError:
    return CommandError(
        286, "Resume of change stream was not possible, as the resume point may no longer be in the oplog."
    )


# -- opening ------------------------------------------------------------------------------------------


def open_change_stream(
    store: Store,
    log: ChangeLog,
    scope: Scope,
    pipeline: list[Document],
    compile_stages: Callable[[list[Document]], Stages],
) -> ChangeStreamCursor:
    """Open a change stream.

    Args:
        store: The documents.
        log: The log of changes.
        scope: The database, and the collection, that the command names.
        pipeline: The pipeline, which begins with ``$changeStream``.
        compile_stages: Compiles the other stages.

    Raises:
        CommandError: The server would refuse the stream, or its history is lost.
    """
    options = pipeline[0]["$changeStream"]
    _check_options(options)
    for stage in pipeline[1:]:
        name = next(iter(stage), "") if isinstance(stage, dict) else ""
        if name.startswith("$") and name not in _PERMITTED:
            raise CommandError(20, f"{name} is not permitted in a $changeStream pipeline")
    if options.get("allChangesForCluster"):
        if scope.database != "admin" or scope.collection is not None:
            raise CommandError(
                72,
                "A $changeStream with 'allChangesForCluster:true' may only be opened on the 'admin' database, and"
                f" with no collection name; found {'.'.join(filter(None, scope))}",
            )
        scope = Scope()
    elif scope.database == "admin" and scope.collection is None:
        raise CommandError(73, "$changeStream may not be opened on the internal admin database")
    stages = compile_stages(pipeline[1:])
    start = _start(log, options)
    return ChangeStreamCursor(store, log, scope, options, start, stages)


def _check_options(options: Any) -> None:
    if not isinstance(options, dict):
        raise CommandError(50808, "$changeStream stage expects a document as argument")
    for name in options:
        if name not in _OPTIONS:
            raise CommandError(40415, f"BSON field '$changeStream.{name}' is an unknown field.")
    for name, choices in (("fullDocument", _FULL_DOCUMENT), ("fullDocumentBeforeChange", _BEFORE_CHANGE)):
        if options.get(name, choices[0]) not in choices:
            raise CommandError(
                2,
                f"Enumeration value '{options[name]}' for field '$changeStream.{name}' is not a valid value.",
            )


def _start(log: ChangeLog, options: Mapping[str, Any]) -> int:
    """The number of the first change that a stream gives."""
    given = [name for name in ("resumeAfter", "startAfter", "startAtOperationTime") if name in options]
    if len(given) > 1:
        raise CommandError(
            40674 if "startAtOperationTime" in given else 50865,
            f"Only one type of resume option is allowed, but multiple were found: {', '.join(given)}",
        )
    if not given:
        return log.end
    (name,) = given
    if name == "startAtOperationTime":
        time = options[name]
        if not isinstance(time, Timestamp):
            raise CommandError(
                14,
                f"BSON field '$changeStream.startAtOperationTime' is the wrong type '{type_name(time)}',"
                " expected type 'timestamp'",
            )
        start = log.after(_just_before(time))
        if start is None:
            raise _history_lost()
        return start
    return _resumed(log, options[name], may_be_invalidated=name == "startAfter")


def _just_before(time: Timestamp) -> Timestamp:
    if time.inc:
        return Timestamp(time.time, time.inc - 1)
    return Timestamp(max(time.time - 1, 0), 2**32 - 1)


def _resumed(log: ChangeLog, resume_token: Any, may_be_invalidated: bool) -> int:
    data = resume_token.get("_data") if isinstance(resume_token, dict) else None
    if not isinstance(data, str):
        raise CommandError(
            40647,
            f"Bad resume token: _data of missing or of wrong type. Expected string, got {resume_token!r}",
        )
    if re.fullmatch("(?:[0-9A-Fa-f]{2})*", data) is None:
        raise CommandError(9, "resume token string was not a valid hex string")
    found = _TOKEN.fullmatch(data)
    if found is None:
        raise CommandError(50811, "KeyString format error: Unknown type")
    seconds, increment, _, kind = found.groups()
    if kind == "6F" and not may_be_invalidated:
        raise CommandError(
            260,
            "Attempting to resume a change stream using 'resumeAfter' is not allowed from an invalidate"
            " notification",
        )
    start = log.after(Timestamp(int(seconds, 16), int(increment, 16)))
    if start is None:
        raise _history_lost()
    return start
