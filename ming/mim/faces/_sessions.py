"""What the client sessions of both faces share: their state, and what they add to commands.

`ming.mim.faces.client_session` and `ming.mim.faces._aio_client_session` have the methods that users call; the
engine's side is in `ming.mim.commands.sessions`. Errors of misuse are PyMongo's.
"""

from __future__ import annotations

import enum
import random
import time
import uuid
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Final

from bson import Binary, Int64, Timestamp
from pymongo import ReadPreference
from pymongo.client_session import SessionOptions, TransactionOptions  # type: ignore[attr-defined]
from pymongo.errors import InvalidOperation, OperationFailure, PyMongoError

if TYPE_CHECKING:
    from pymongo.read_concern import ReadConcern
    from pymongo.write_concern import WriteConcern

__all__ = [
    "Bound",
    "Retries",
    "SessionOptions",
    "SessionState",
    "TransactionOptions",
    "bound_session",
    "run_in_session",
]

Run = Callable[[dict[str, Any]], dict[str, Any]]
"""Sends a command and returns the reply."""

_WRITES: Final = frozenset(("insert", "update", "delete", "findAndModify", "create", "createIndexes"))
_UNKNOWN_OUTCOME: Final = frozenset((50, 64))
"""Codes of errors after which nobody knows whether a commit was done."""


class _State(enum.Enum):
    """Where a session is with its transaction."""

    NONE = enum.auto()
    STARTING = enum.auto()
    IN_PROGRESS = enum.auto()
    COMMITTED = enum.auto()
    COMMITTED_EMPTY = enum.auto()
    ABORTED = enum.auto()


_COMMIT: Final[Mapping[_State, str]] = {
    _State.NONE: "No transaction started",
    _State.ABORTED: "Cannot call commitTransaction after calling abortTransaction",
}
_ABORT: Final[Mapping[_State, str]] = {
    _State.NONE: "No transaction started",
    _State.ABORTED: "Cannot call abortTransaction twice",
    _State.COMMITTED: "Cannot call abortTransaction after calling commitTransaction",
    _State.COMMITTED_EMPTY: "Cannot call abortTransaction after calling commitTransaction",
}
"""What is wrong with ending a transaction in each state that does not allow it."""


class SessionState:
    """A client session, but for the methods that begin and end things.

    Args:
        client: The connection it was started on.
        run: Sends a command to the admin database.
        options: How it was started.
    """

    # The name that PyMongo's own sessions have for it.
    _implicit: Final = False

    def __init__(self, client: Any, run: Run, options: SessionOptions) -> None:
        self._client = client
        self._run = run
        self._options = options
        self._lsid = {"id": Binary(uuid.uuid4().bytes, 4)}
        self._number = 0
        self._state = _State.NONE
        self._ended = False
        self._transaction_options = TransactionOptions()
        self._cluster_time: Mapping[str, Any] | None = None
        self._operation_time: Timestamp | None = None
        self._snapshot: Mapping[str, Any] = {}

    # -- what it is

    @property
    def client(self) -> Any:
        """The connection it was started on."""
        return self._client

    @property
    def options(self) -> SessionOptions:
        """How it was started."""
        return self._options

    @property
    def session_id(self) -> Mapping[str, Any]:
        """The document that identifies it."""
        self._check_ended()
        return self._lsid

    @property
    def has_ended(self) -> bool:
        """Whether it is finished."""
        return self._ended

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction has been started and not yet ended."""
        return self._state in (_State.STARTING, _State.IN_PROGRESS)

    @property
    def _sees_the_past(self) -> bool:
        """Whether what it reads may differ from what is there now; ``count`` knows nothing of that."""
        return self.in_transaction or bool(self._options.snapshot)

    @property
    def cluster_time(self) -> Mapping[str, Any] | None:
        """The highest cluster time it knows of."""
        return self._cluster_time

    @property
    def operation_time(self) -> Timestamp | None:
        """The highest operation time it knows of."""
        return self._operation_time

    def advance_cluster_time(self, cluster_time: Mapping[str, Any]) -> None:
        """Take notice of a cluster time."""
        if not isinstance(cluster_time, Mapping):
            raise TypeError(
                f"cluster_time must be a subclass of collections.Mapping, not {type(cluster_time)}"
            )
        if not isinstance(cluster_time.get("clusterTime"), Timestamp):
            raise TypeError("Invalid cluster_time")
        if self._cluster_time is None or cluster_time["clusterTime"] > self._cluster_time["clusterTime"]:
            self._cluster_time = cluster_time

    def advance_operation_time(self, operation_time: Timestamp) -> None:
        """Take notice of an operation time."""
        if not isinstance(operation_time, Timestamp):
            raise TypeError(
                f"operation_time must be an instance of bson.timestamp.Timestamp, not {type(operation_time)}"
            )
        if self._operation_time is None or operation_time > self._operation_time:
            self._operation_time = operation_time

    def _check_ended(self) -> None:
        if self._ended:
            raise InvalidOperation("Cannot use ended session")

    # -- commands

    def _perform(self, command: Mapping[str, Any], run: Run) -> dict[str, Any]:
        """Run a command in the session."""
        self._check_ended()
        command = {**command, "lsid": self._lsid}
        if self._options.snapshot:
            command["readConcern"] = {"level": "snapshot", **self._snapshot}
        if self.in_transaction:
            command.update(self._transaction_fields(next(iter(command))))
            self._state = _State.IN_PROGRESS
        else:
            # As in PyMongo, the next command outside lets the last transaction be forgotten.
            self._state = _State.NONE
        reply = run(command)
        if self._options.snapshot:
            self._snapshot = {"atClusterTime": reply.get("cursor", reply)["atClusterTime"]}
        if "operationTime" in reply:
            self.advance_operation_time(reply["operationTime"])
        if "$clusterTime" in reply:
            self.advance_cluster_time(reply["$clusterTime"])
        return reply

    def _transaction_fields(self, name: str) -> dict[str, Any]:
        options = self._transaction_options
        preference = options.read_preference
        if preference not in (None, ReadPreference.PRIMARY) and name not in _WRITES:
            raise InvalidOperation(f"read preference in a transaction must be primary, not: {preference!r}")
        fields: dict[str, Any] = {"txnNumber": Int64(self._number), "autocommit": False}
        if self._state is _State.STARTING:
            fields["startTransaction"] = True
            if options.read_concern is not None and options.read_concern.document:
                fields["readConcern"] = options.read_concern.document
        return fields

    # -- transactions

    def _start(
        self,
        read_concern: ReadConcern | None,
        write_concern: WriteConcern | None,
        read_preference: Any,
        max_commit_time_ms: int | None,
    ) -> None:
        """Begin a transaction; the engine hears of it with the first command."""
        self._check_ended()
        if self._options.snapshot:
            raise InvalidOperation("Transactions are not supported in snapshot sessions")
        if self.in_transaction:
            raise InvalidOperation("Transaction already in progress")
        defaults = self._options.default_transaction_options
        if max_commit_time_ms is None and defaults is not None:
            max_commit_time_ms = defaults.max_commit_time_ms
        self._transaction_options = TransactionOptions(
            self._inherited("read_concern", read_concern),
            self._inherited("write_concern", write_concern),
            self._inherited("read_preference", read_preference),
            max_commit_time_ms,
        )
        self._state = _State.STARTING
        self._number += 1

    def _inherited(self, name: str, given: Any) -> Any:
        defaults = self._options.default_transaction_options
        return given or getattr(defaults, name, None) or getattr(self._client, name)

    def _commit(self) -> None:
        self._check_ended()
        if self._state in _COMMIT:
            raise InvalidOperation(_COMMIT[self._state])
        if self._state in (_State.STARTING, _State.COMMITTED_EMPTY):
            self._state = _State.COMMITTED_EMPTY
            return
        options: dict[str, Any] = {}
        if self._transaction_options.max_commit_time_ms:
            options["maxTimeMS"] = self._transaction_options.max_commit_time_ms
        concern = self._transaction_options.write_concern
        if concern is not None and concern.document:
            options["writeConcern"] = concern.document
        try:
            self._finish("commitTransaction", options)
        except OperationFailure as error:
            if error.code in _UNKNOWN_OUTCOME:
                error._add_error_label("UnknownTransactionCommitResult")
            raise
        finally:
            self._state = _State.COMMITTED

    def _commit_again(self, retries: Retries) -> bool:
        """Commit, if need be several times; return whether it is done, or the whole is worth another try."""
        while True:
            try:
                self._commit()
            except PyMongoError as error:
                if retries.allow_commit(error):
                    continue
                if retries.allow_transaction(error):
                    return False
                raise
            return True

    def _abort(self) -> None:
        self._check_ended()
        if self._state in _ABORT:
            raise InvalidOperation(_ABORT[self._state])
        begun, self._state = self._state is _State.IN_PROGRESS, _State.ABORTED
        if begun:
            try:
                self._finish("abortTransaction", {})
            except OperationFailure:
                # As the driver: it is aborted already.
                return

    def _finish(self, name: str, options: Mapping[str, Any]) -> None:
        fields = {"lsid": self._lsid, "txnNumber": Int64(self._number), "autocommit": False}
        self._run({name: 1, **options, **fields})

    def _end(self) -> None:
        if self._ended:
            return
        try:
            if self.in_transaction:
                self._abort()
            if self._number or self._snapshot:
                self._run({"endSessions": [self._lsid]})
        finally:
            self._ended = True


class Retries:
    """When a transaction, or its commit, is tried again; the rules and times are the driver's."""

    def __init__(self) -> None:
        self._deadline = time.monotonic() + _RETRY_SECONDS
        self._tries = 0

    def pause(self) -> float:
        """Return how many seconds to wait before the next try; none before the first."""
        longest = min(_FIRST_PAUSE * 1.5**self._tries, _LONGEST_PAUSE) if self._tries else 0.0
        self._tries += 1
        return random.random() * longest

    def allow_transaction(self, error: BaseException) -> bool:
        """Whether to try a transaction again after an error."""
        return self._labelled(error, "TransientTransactionError")

    def allow_commit(self, error: BaseException) -> bool:
        """Whether to try a commit again after an error."""
        return self._labelled(error, "UnknownTransactionCommitResult") and getattr(error, "code", None) != 50

    def _labelled(self, error: BaseException, label: str) -> bool:
        labelled = isinstance(error, PyMongoError) and error.has_error_label(label)
        return labelled and time.monotonic() < self._deadline


_RETRY_SECONDS: Final = 120.0
_FIRST_PAUSE: Final = 0.005
_LONGEST_PAUSE: Final = 0.5


def run_in_session(session: Any, client: Any, command: Mapping[str, Any], run: Run) -> dict[str, Any]:
    """Run a command in a client session.

    Args:
        session: The session.
        client: The connection the command is for.
        command: The command.
        run: Sends a command.

    Raises:
        ValueError: The session is none of this face.
        pymongo.errors.InvalidOperation: It is that of another connection, or has ended.
    """
    wanted = client._session_class
    if not isinstance(session, wanted):
        raise ValueError(f"'session' argument must be a {wanted.__name__} or None, not {type(session)}")
    if session.client is not client:
        raise InvalidOperation("Can only use session with the MongoClient that started it")
    reply: dict[str, Any] = session._perform(command, run)
    return reply


# -- sessions that are not named ----------------------------------------------------------------------

_bound: Final[ContextVar[Any]] = ContextVar("ming_mim_bound_session", default=None)


def bound_session() -> Any:
    """Return the session that commands run in which name none, or None."""
    return _bound.get()


class Bound:
    """Lets commands that name no session run in one.

    Args:
        session: The session.
    """

    def __init__(self, session: Any) -> None:
        self._session = session

    def bind(self) -> None:
        """Begin."""
        self._token = _bound.set(self._session)

    def release(self) -> None:
        """End."""
        _bound.reset(self._token)
