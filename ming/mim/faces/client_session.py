"""`ClientSession`: PyMongo's client session on the embedded engine.

Its async twin is in `ming.mim.faces._aio_client_session`, what both share in `ming.mim.faces._sessions`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

import pymongo.client_session

from ming.mim.faces._sessions import Bound, Retries, SessionState

if TYPE_CHECKING:
    from pymongo.read_concern import ReadConcern
    from pymongo.write_concern import WriteConcern
    from typing_extensions import Self

__all__ = ["ClientSession"]

T = TypeVar("T")


class ClientSession(SessionState, pymongo.client_session.ClientSession):  # type: ignore[misc]
    """A session for ordering operations and for transactions; made by `ming.mim.Connection.start_session`.

    It is to be used by one thread at a time.
    """

    def start_transaction(
        self,
        read_concern: ReadConcern | None = None,
        write_concern: WriteConcern | None = None,
        read_preference: Any = None,
        max_commit_time_ms: int | None = None,
    ) -> _Transaction:
        """Begin a transaction.

        Args:
            read_concern: As PyMongo; a transaction always sees the store as of its first command.
            write_concern: As PyMongo; without effect.
            read_preference: As PyMongo; must be primary where something is read.
            max_commit_time_ms: As PyMongo; without effect.

        Returns:
            A context manager that commits at its end, or aborts if the block fails.

        Raises:
            pymongo.errors.InvalidOperation: One is open, or the session has ended.
        """
        self._start(read_concern, write_concern, read_preference, max_commit_time_ms)
        return _Transaction(self)

    def commit_transaction(self) -> None:
        """Commit the transaction; again, if that has been done.

        Raises:
            pymongo.errors.OperationFailure: It cannot be committed, or has been aborted.
            pymongo.errors.InvalidOperation: There is none.
        """
        self._commit()

    def abort_transaction(self) -> None:
        """Abort the transaction.

        Raises:
            pymongo.errors.InvalidOperation: There is none.
        """
        self._abort()

    def with_transaction(
        self,
        callback: Callable[[ClientSession], T],
        read_concern: ReadConcern | None = None,
        write_concern: WriteConcern | None = None,
        read_preference: Any = None,
        max_commit_time_ms: int | None = None,
    ) -> T:
        """Run a function in a transaction, again as long as it fails with a transient error.

        Args:
            callback: The function; it gets the session.
            read_concern: As `start_transaction`, and so for the others.
            write_concern: As PyMongo.
            read_preference: As PyMongo.
            max_commit_time_ms: As PyMongo.
        """
        retries = Retries()
        while True:
            time.sleep(retries.pause())
            self._start(read_concern, write_concern, read_preference, max_commit_time_ms)
            try:
                result = callback(self)
            except BaseException as error:
                if self.in_transaction:
                    self._abort()
                if retries.allow_transaction(error):
                    continue
                raise
            # A callback may have ended the transaction by its own hand.
            if not self.in_transaction or self._commit_again(retries):
                return result

    def end_session(self) -> None:
        """Finish the session; a transaction still open is aborted."""
        self._end()

    def bind(self, end_session: bool = True) -> _Binding:  # type: ignore[override]
        """Let operations that name no session run in this one, inside the returned context.

        Args:
            end_session: Whether to end the session afterwards.
        """
        return _Binding(self, end_session)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._end()


class _Transaction:
    """The block of a transaction."""

    def __init__(self, session: ClientSession) -> None:
        self._session = session

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._session.in_transaction:
            if error is None:
                self._session.commit_transaction()
            else:
                self._session.abort_transaction()


class _Binding(Bound):
    """The block in which a session is bound."""

    def __init__(self, session: ClientSession, end_session: bool) -> None:
        super().__init__(session)
        self._end_session = end_session

    def __enter__(self) -> ClientSession:
        self.bind()
        session: ClientSession = self._session
        return session

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.release()
        if self._end_session:
            self._session.end_session()
