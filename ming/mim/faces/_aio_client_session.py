"""`AsyncClientSession`: PyMongo's async client session on the embedded engine.

It is the twin of `ming.mim.faces.client_session.ClientSession`; nothing in it waits but for the pauses
between tries.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

import pymongo.asynchronous.client_session

from ming.mim.faces._sessions import Bound, Retries, SessionState

if TYPE_CHECKING:
    from pymongo.read_concern import ReadConcern
    from pymongo.write_concern import WriteConcern
    from typing_extensions import Self

__all__ = ["AsyncClientSession"]

T = TypeVar("T")


class AsyncClientSession(SessionState, pymongo.asynchronous.client_session.AsyncClientSession):  # type: ignore[misc]
    """A session for ordering operations and for transactions; made by
    `ming.mim.AsyncConnection.start_session`.

    It is to be used by one task at a time.
    """

    async def start_transaction(
        self,
        read_concern: ReadConcern | None = None,
        write_concern: WriteConcern | None = None,
        read_preference: Any = None,
        max_commit_time_ms: int | None = None,
    ) -> _AsyncTransaction:
        """Begin a transaction, as `ClientSession.start_transaction`."""
        self._start(read_concern, write_concern, read_preference, max_commit_time_ms)
        return _AsyncTransaction(self)

    async def commit_transaction(self) -> None:
        """Commit the transaction; again, if that has been done."""
        self._commit()

    async def abort_transaction(self) -> None:
        """Abort the transaction."""
        self._abort()

    async def with_transaction(
        self,
        callback: Callable[[AsyncClientSession], Awaitable[T]],
        read_concern: ReadConcern | None = None,
        write_concern: WriteConcern | None = None,
        read_preference: Any = None,
        max_commit_time_ms: int | None = None,
    ) -> T:
        """Run a coroutine function in a transaction, again as long as it fails with a transient error."""
        retries = Retries()
        while True:
            await asyncio.sleep(retries.pause())
            self._start(read_concern, write_concern, read_preference, max_commit_time_ms)
            try:
                result = await callback(self)
            except BaseException as error:
                if self.in_transaction:
                    self._abort()
                if retries.allow_transaction(error):
                    continue
                raise
            # A callback may have ended the transaction by its own hand.
            if not self.in_transaction or self._commit_again(retries):
                return result

    async def end_session(self) -> None:
        """Finish the session; a transaction still open is aborted."""
        self._end()

    def bind(self, end_session: bool = True) -> _AsyncBinding:  # type: ignore[override]
        """Let operations that name no session run in this one, inside the returned context."""
        return _AsyncBinding(self, end_session)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._end()


class _AsyncTransaction:
    """The block of a transaction."""

    def __init__(self, session: AsyncClientSession) -> None:
        self._session = session

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._session.in_transaction:
            if error is None:
                await self._session.commit_transaction()
            else:
                await self._session.abort_transaction()


class _AsyncBinding(Bound):
    """The block in which a session is bound."""

    def __init__(self, session: AsyncClientSession, end_session: bool) -> None:
        super().__init__(session)
        self._end_session = end_session

    async def __aenter__(self) -> AsyncClientSession:
        self.bind()
        session: AsyncClientSession = self._session
        return session

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.release()
        if self._end_session:
            await self._session.end_session()
