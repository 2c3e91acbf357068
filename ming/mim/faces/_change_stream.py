"""`ChangeStream`: follows changes through a handle; `AsyncChangeStream` is its awaitable twin.

Both ask the engine's cursor for more and, while there is nothing, wait for the engine to tell of a change.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final

from bson import Int64, Timestamp
from pymongo.collation import Collation
from pymongo.errors import InvalidOperation

from ming.mim.faces import _arguments as arguments
from ming.mim.faces._access import Channel
from ming.mim.faces._arguments import Pipeline
from ming.mim.faces._codec import Codec
from ming.mim.storage.journal import Change

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["AsyncChangeStream", "ChangeStream"]

_PATIENCE: Final = 1.0
"""Seconds that `ChangeStream.try_next` waits by default, as on a server."""


class _Stream:
    """What both twins share: the cursor on the engine, and what it gave.

    Args:
        channel: The database.
        target: The collection's name, or 1 for the whole database.
        codec: How to read events.
        pipeline: Stages for the events.
        full_document: Which documents updates come with: ``updateLookup``, ``whenAvailable`` or ``required``.
        resume_after: A resume token to go on after.
        max_await_time_ms: How long to wait for an event; by default a second.
        batch_size: Events per batch.
        collation: How the stages compare strings.
        start_at_operation_time: The time to begin at.
        session: The client session.
        start_after: A resume token to go on after, also that of an ``invalidate`` event.
        comment: As PyMongo.
        full_document_before_change: Whether events come with documents as they were: ``off``, ``whenAvailable``
            or ``required``.
        show_expanded_events: Whether to show what changes collections and indexes, too.
        cluster: Whether to follow every database.
    """

    def __init__(
        self,
        channel: Channel,
        target: str | int,
        codec: Codec,
        pipeline: Pipeline | None = None,
        full_document: str | None = None,
        resume_after: Mapping[str, Any] | None = None,
        max_await_time_ms: int | None = None,
        batch_size: int | None = None,
        collation: Mapping[str, Any] | Collation | None = None,
        start_at_operation_time: Timestamp | None = None,
        session: Any = None,
        start_after: Mapping[str, Any] | None = None,
        comment: Any = None,
        full_document_before_change: str | None = None,
        show_expanded_events: bool | None = None,
        *,
        cluster: bool = False,
    ) -> None:
        options = {
            "fullDocument": full_document,
            "resumeAfter": resume_after,
            "startAtOperationTime": start_at_operation_time,
            "startAfter": start_after,
            "fullDocumentBeforeChange": full_document_before_change,
            "showExpandedEvents": show_expanded_events,
            "allChangesForCluster": cluster or None,
        }
        stages = arguments.pipeline_stages([] if pipeline is None else pipeline)
        command: dict[str, Any] = {
            "aggregate": target,
            "pipeline": [{"$changeStream": _given(options)}, *stages],
            "cursor": _given({"batchSize": batch_size}),
            **_given({"collation": arguments.collation_document(collation), "comment": comment}),
        }
        self._channel = channel
        self._codec = codec
        self._session = session
        self._patience = _PATIENCE if max_await_time_ms is None else max_await_time_ms / 1000
        self._sized = command["cursor"]
        self._events: deque[dict[str, Any]] = deque()
        self._token: Mapping[str, Any] | None = resume_after or start_after
        self._closed = False
        self._unfollow = channel.engine.follow(self._changed)
        try:
            reply = channel.command(codec.command(command), session)["cursor"]
        except BaseException:
            self._unfollow()
            raise
        self._take(reply, reply["firstBatch"])

    def _changed(self, changes: Sequence[Change]) -> None:
        raise NotImplementedError("_changed")

    def _take(self, cursor: Mapping[str, Any], batch: Sequence[dict[str, Any]]) -> None:
        self._number = cursor["id"]
        self._namespace = cursor["ns"].partition(".")[2]
        self._events.extend(batch)
        self._batch_token = cursor["postBatchResumeToken"]
        if not batch:
            self._token = self._batch_token

    @property
    def resume_token(self) -> dict[str, Any] | None:
        """Where another stream can go on from: after the event handed out last."""
        return None if self._token is None else dict(self._token)

    @property
    def alive(self) -> bool:
        """Whether there may be events to come."""
        return not self._closed and (bool(self._number) or bool(self._events))

    def _more(self) -> None:
        """Ask for more events, unless there are some left."""
        if self._events or not self._number:
            return
        command = {"getMore": Int64(self._number), "collection": self._namespace, **self._sized}
        cursor = self._channel.command(command, self._session)["cursor"]
        self._take(cursor, cursor["nextBatch"])

    def _event(self) -> dict[str, Any] | None:
        """The next event that was fetched."""
        if not self._events:
            return None
        event = self._events.popleft()
        if "_id" not in event:
            self._end()
            raise InvalidOperation("Cannot provide resume functionality when the resume token is missing.")
        self._token = event["_id"] if self._events else self._batch_token
        decoded: dict[str, Any] = self._codec.document(event)
        return decoded

    def _end(self) -> None:
        if self._closed:
            return
        self._closed = True
        self._unfollow()
        if self._number:
            command = {"killCursors": self._namespace, "cursors": [Int64(self._number)]}
            self._channel.command(command, self._session)


def _given(options: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}


class ChangeStream(_Stream):
    """Iterates over changes; arguments as `_Stream`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._wake = threading.Event()
        super().__init__(*args, **kwargs)

    def _changed(self, changes: Sequence[Change]) -> None:
        self._wake.set()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> dict[str, Any]:
        return self.next()

    def next(self) -> dict[str, Any]:
        """Wait for the next event and return it.

        Raises:
            StopIteration: The stream has ended.
        """
        while self.alive:
            event = self.try_next()
            if event is not None:
                return event
        raise StopIteration

    def try_next(self) -> dict[str, Any] | None:
        """Return the next event, or None if there is none within the time to wait."""
        deadline = time.monotonic() + self._patience
        while self.alive:
            self._wake.clear()
            self._more()
            event = self._event()
            if event is not None:
                return event
            left = deadline - time.monotonic()
            if not self._number or left <= 0 or not self._wake.wait(left):
                return None
        return None

    def close(self) -> None:
        """End the stream."""
        self._end()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


class AsyncChangeStream(_Stream):
    """Iterates over changes, to be awaited; arguments as `_Stream`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._loop = asyncio.get_running_loop()
        self._wake = asyncio.Event()
        super().__init__(*args, **kwargs)

    def _changed(self, changes: Sequence[Change]) -> None:
        # The change may have been made in another thread.
        self._loop.call_soon_threadsafe(self._wake.set)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> dict[str, Any]:
        return await self.next()

    async def next(self) -> dict[str, Any]:
        """Wait for the next event and return it.

        Raises:
            StopAsyncIteration: The stream has ended.
        """
        while self.alive:
            event = await self.try_next()
            if event is not None:
                return event
        raise StopAsyncIteration

    async def try_next(self) -> dict[str, Any] | None:
        """Return the next event, or None if there is none within the time to wait."""
        deadline = time.monotonic() + self._patience
        while self.alive:
            self._wake.clear()
            self._more()
            event = self._event()
            if event is not None:
                return event
            left = deadline - time.monotonic()
            if not self._number or left <= 0:
                return None
            try:
                await asyncio.wait_for(self._wake.wait(), left)
            except asyncio.TimeoutError:
                return None
        return None

    async def close(self) -> None:
        """End the stream."""
        self._end()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()
