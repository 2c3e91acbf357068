"""Logical sessions: what the numbers of a client's transactions and retryable writes stand for.

A session has one number at a time, ``txnNumber``, which grows: that of a transaction
(`ming.mim.storage.transaction`) or of a retryable write (`ming.mim.commands.retries`). Commands are performed
in sessions by `ming.mim.commands.session_commands`.
"""

from __future__ import annotations

import itertools
import time
import uuid
from typing import Final

from bson import Timestamp

from ming.mim.commands.retries import Statements
from ming.mim.data.errors import CommandError
from ming.mim.storage.snapshot import Snapshot
from ming.mim.storage.store import Store
from ming.mim.storage.transaction import Transaction

__all__ = ["SESSION_MINUTES", "Session", "Sessions"]

SESSION_MINUTES: Final = 30
"""How long a session that nobody uses is remembered."""
SNAPSHOT_SECONDS: Final = 300.0
"""After which time a snapshot for reading can be let go."""
_moments: Final = itertools.count(1)


class Session:
    """One session of a client.

    Args:
        own_id: The number in its ``lsid``.
        store: The store, locked; and so for every method.
    """

    def __init__(self, own_id: bytes, store: Store) -> None:
        self.used = time.monotonic()
        self.number = -1
        self._id = own_id
        self._store = store
        self._transaction: Transaction | None = None
        self._committed = False
        self._statements: Statements = {}
        self._snapshot: tuple[Timestamp, Snapshot] | None = None

    def start(self, number: int) -> Transaction:
        """Begin a transaction; one that is still open is aborted.

        Raises:
            CommandError: The number has been used.
        """
        self._check_transaction(number)
        if number == self.number:
            raise CommandError(
                117,
                "Only servers in a sharded cluster can start a new transaction at the active transaction number",
            )
        self.abort()
        self.number, self._committed = number, False
        self._transaction = Transaction(self._store)
        return self._transaction

    def transaction(self, number: int) -> Transaction:
        """Return the open transaction of a number.

        Raises:
            CommandError: There is none.
        """
        transaction = self._known_transaction(number)
        if self._committed:
            raise CommandError(256, f"Transaction with {{ txnNumber: {number} }} has been committed.")
        if transaction.expires <= time.monotonic():
            transaction.end()
        if transaction.ended.is_set():
            raise _no_such(f"Transaction with {{ txnNumber: {number} }} has been aborted.")
        return transaction

    def commit(self, number: int) -> None:
        """Commit the transaction of a number; again, if it has been committed.

        Raises:
            CommandError: There is none, or it cannot be committed.
        """
        self._known_transaction(number)
        if not self._committed:
            self.transaction(number).commit()
            self._committed = True

    def abort(self) -> None:
        """Abort the transaction if one is open."""
        if self._transaction is not None:
            self._transaction.end()

    def snapshot(self, moment: Timestamp | None) -> tuple[Timestamp, Snapshot]:
        """Return a snapshot for reading, and the moment it is of; a session has one at a time.

        Args:
            moment: That of the snapshot, None for a new one.

        Raises:
            CommandError: The session has no snapshot of the moment any more.
        """
        if moment is None:
            self._forget_snapshot()
            # The driver takes moments for what they are called; here they need only differ.
            moment = Timestamp(int(time.time()), next(_moments) % 2**32)
            self._snapshot = moment, Snapshot(self._store, SNAPSHOT_SECONDS)
        known = self._snapshot
        if known is None or known[0] != moment or known[1].ended.is_set():
            raise CommandError(
                239,
                f"Read timestamp Timestamp({moment.time}, {moment.inc}) is older than the oldest available timestamp.",
            )
        return known

    def end(self) -> None:
        """Let go of everything."""
        self.abort()
        self._forget_snapshot()

    def _forget_snapshot(self) -> None:
        if self._snapshot is not None:
            self._snapshot[1].end()
            self._snapshot = None

    def statements(self, number: int) -> Statements:
        """Return what was done under the number of a retryable write.

        Raises:
            CommandError: It is not the session's number any more, or that of a transaction.
        """
        if number < self.number:
            raise CommandError(
                225,
                f"Retryable write with txnNumber {number} is prohibited on session {self._shown()} because a newer"
                f" {self._kind} with txnNumber {self.number} has already started on this session.",
            )
        if number > self.number:
            self.abort()
            self.number, self._transaction, self._statements = number, None, {}
        elif self._transaction is not None:
            raise CommandError(
                217, "Cannot retry a retryable write that has been converted into a transaction"
            )
        return self._statements

    def _known_transaction(self, number: int) -> Transaction:
        self._check_transaction(number)
        if number != self.number or self._transaction is None:
            raise _no_such(
                f"Given transaction number {number} does not match any in-progress transactions. The active transaction"
                f" number is {self.number}"
            )
        return self._transaction

    def _check_transaction(self, number: int) -> None:
        if number < self.number:
            counter = -1 if self._transaction is None else 0
            raise CommandError(
                225,
                f"Cannot start transaction with {{ txnNumber: {number} }} on session {self._shown()} because a newer"
                f" {self._kind} with txnNumberAndRetryCounter {{ txnNumber: {self.number}, txnRetryCounter:"
                f" {counter} }} has already started on this session.",
            )

    @property
    def _kind(self) -> str:
        return "retryable write" if self._transaction is None else "transaction"

    def _shown(self) -> str:
        return f"{uuid.UUID(bytes=self._id)} - {_NOBODY} -  - "


_NOBODY: Final = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
"""The user of an unauthenticated session, as messages show it."""


def _no_such(message: str) -> CommandError:
    return CommandError(251, message)


class Sessions:
    """The sessions of an engine that have used numbers.

    Args:
        store: The engine's store, locked; and so for every method.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._sessions: dict[bytes, Session] = {}

    def session(self, own_id: bytes) -> Session:
        """Return a session, which is a new one if there is none."""
        found = self._sessions.pop(own_id, None)
        if found is None:
            self._forget_idle()
            found = Session(own_id, self._store)
        # The last one used comes last.
        self._sessions[own_id] = found
        found.used = time.monotonic()
        return found

    def abort(self, own_id: bytes) -> None:
        """Abort the transaction of a session if it has one."""
        found = self._sessions.get(own_id)
        if found is not None:
            found.abort()

    def abort_all(self) -> None:
        """Abort every transaction."""
        for session in self._sessions.values():
            session.abort()

    def end(self, own_id: bytes) -> None:
        """Forget a session, its transaction and snapshot."""
        found = self._sessions.pop(own_id, None)
        if found is not None:
            found.end()

    def _forget_idle(self) -> None:
        oldest = time.monotonic() - SESSION_MINUTES * 60
        for own_id in [own_id for own_id, session in self._sessions.items() if session.used < oldest]:
            self.end(own_id)
