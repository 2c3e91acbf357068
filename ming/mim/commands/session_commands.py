"""Commands in sessions: `in_session` performs those with an ``lsid``; and the commands about sessions
themselves."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from bson import Binary, Timestamp

from ming.mim.commands.requests import Handler, Reply, Request, check_options
from ming.mim.commands.retries import Attempt
from ming.mim.commands.session_fields import (
    check_fields,
    check_in_transaction,
    check_retryable,
    session_id,
    snapshot_moment,
)
from ming.mim.commands.sessions import SESSION_MINUTES, Session
from ming.mim.commands.transaction_rules import check_permitted
from ming.mim.data.errors import CommandError
from ming.mim.data.options import wrong_type

__all__ = ["SESSION_COMMANDS", "in_session"]

_WRITING: Final = frozenset(("insert", "update", "delete", "findAndModify", "findandmodify", "createIndexes"))
"""Commands for which a transaction gets a collection of its own."""
_ENDINGS: Final = frozenset(("commitTransaction", "abortTransaction"))
_TRANSIENT: Final = frozenset((24, 112, 246, 251))
"""Codes of errors after which the whole transaction may be tried again."""


def in_session(request: Request, handler: Handler) -> Reply:
    """Perform a command that has some of the fields of sessions.

    Args:
        request: The command.
        handler: Its handler.

    Raises:
        CommandError: The command was refused, or its session does not allow it.
    """
    command = request.command
    check_fields(command)
    number = command.get("txnNumber")
    if number is None:
        moment = snapshot_moment(request.name, command)
        return handler(request) if moment is None else _at(request, handler, *moment)
    if request.name == "killSessions":
        return handler(request)
    if "autocommit" not in command:
        check_retryable(request.name)
        return _retryable(request, handler, number)
    check_in_transaction(request.database.name, request.name, command)
    session = _session(request)
    try:
        if request.name in _ENDINGS:
            return handler(request)
        return _in_transaction(request, handler, session)
    except CommandError as error:
        if error.code in _TRANSIENT:
            error.details["errorLabels"] = ["TransientTransactionError"]
        raise


def _session(request: Request) -> Session:
    own_id = request.session
    if own_id is None:
        raise NotImplementedError("readConcern: atClusterTime outside of sessions")
    return request.sessions.session(own_id)


def _at(request: Request, handler: Handler, moment: Timestamp | None) -> Reply:
    """Read from the session's snapshot, a new one if no moment is given."""
    if request.session is None and moment is None:
        # Nobody can come back to it.
        return handler(request)
    moment, snapshot = _session(request).snapshot(moment)
    reply = handler(replace(request, database=snapshot.database(request.database.name), store=snapshot))
    reply.get("cursor", reply)["atClusterTime"] = moment
    return reply


def _retryable(request: Request, handler: Handler, number: int) -> Reply:
    attempt = Attempt(request.command, _session(request).statements(number))
    reply = handler(replace(request, attempt=attempt))
    attempt.succeed()
    return reply


def _in_transaction(request: Request, handler: Handler, session: Session) -> Reply:
    number = request.command["txnNumber"]
    starting = "startTransaction" in request.command
    transaction = session.start(number) if starting else session.transaction(number)
    database = request.database.name
    try:
        check_permitted(database, request.name, request.command)
        if request.name in _WRITING:
            transaction.prepare_write(database, request.target)
        reply = handler(replace(request, database=transaction.database(database), store=transaction))
    except BaseException:
        session.abort()
        raise
    if "writeErrors" in reply:
        session.abort()
    return reply


# -- ending transactions ------------------------------------------------------------------------------


def _commit(request: Request) -> Reply:
    _ending(request).commit(request.command["txnNumber"])
    return {"ok": 1.0}


def _abort(request: Request) -> Reply:
    session = _ending(request)
    session.transaction(request.command["txnNumber"])
    session.abort()
    return {"ok": 1.0}


def _ending(request: Request) -> Session:
    check_options(request.command, frozenset(("recoveryToken",)), request.name)
    if "autocommit" not in request.command:
        raise CommandError(125, f"{request.name} must be run within a transaction")
    return _session(request)


# -- sessions -----------------------------------------------------------------------------------------


def _start_session(request: Request) -> Reply:
    made = Binary(uuid.uuid4().bytes, 4)
    return {"id": {"id": made}, "timeoutMinutes": SESSION_MINUTES, "ok": 1.0}


def _end_sessions(request: Request) -> Reply:
    for each in _named(request, "endSessions"):
        request.sessions.end(each)
        request.cursors.close_session(each)
    return {"ok": 1.0}


def _refresh_sessions(request: Request) -> Reply:
    for each in _named(request, "refreshSessions"):
        request.sessions.session(each)
    return {"ok": 1.0}


def _kill_sessions(request: Request) -> Reply:
    named = _named(request, "KillSessionsCmd")
    if not named:
        # Those of the user, who is always the same.
        request.sessions.abort_all()
    for each in named:
        request.sessions.abort(each)
        request.cursors.close_session(each)
    return {"ok": 1.0}


def _kill_all_sessions(request: Request) -> Reply:
    request.sessions.abort_all()
    return {"ok": 1.0}


def _named(request: Request, what: str) -> list[bytes]:
    """Return the numbers of the sessions that a command lists."""
    listed: Any = request.command[request.name]
    if not isinstance(listed, list):
        raise wrong_type(f"{what}.{request.name}", listed, "array")
    return [session_id(each, f"{what}.{request.name}") for each in listed]


SESSION_COMMANDS: Final[Mapping[str, Handler]] = {
    "commitTransaction": _commit,
    "abortTransaction": _abort,
    "startSession": _start_session,
    "endSessions": _end_sessions,
    "refreshSessions": _refresh_sessions,
    "killSessions": _kill_sessions,
    "killAllSessions": _kill_all_sessions,
    "killAllSessionsByPattern": _kill_all_sessions,
}
"""Handlers of the commands about sessions and transactions."""
