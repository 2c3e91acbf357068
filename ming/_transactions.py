"""Transactions: the client session that every ming session on an engine joins while a block runs.

It lives in a context variable, keyed by engine. Contexts are inherited by tasks and, in some cases, threads
started inside a block; those are not part of it, so the variable also says whose block it is.
"""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from typing import Any, Final, TypeVar

from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.client_session import ClientSession
from pymongo.errors import PyMongoError

from ming._drive import arun, run
from ming._flows.operations import CallHook
from ming._types import Flow

__all__ = [
    "Ambient",
    "ambient",
    "arun_transaction",
    "atransaction",
    "run_transaction",
    "transaction",
]

T = TypeVar("T")

COMMIT_PATIENCE: Final = 120.0
"""Seconds during which a commit of unknown outcome is tried again; the driver's own limit."""

_MAX_TIME_EXPIRED: Final = 50

_NO_EXECUTOR: Final[Any] = None
"""Ending a transaction calls the client session alone, no collection."""


class Ambient:
    """A running transaction.

    Args:
        client_session: The driver's session it runs in.
    """

    def __init__(self, client_session: Any) -> None:
        self.client_session = client_session
        self.owner = _owner()
        self._postponed: dict[Any, Callable[[], object]] = {}
        self._undoing: list[Callable[[], object]] = []

    def postpone(self, key: object, action: Callable[[], object]) -> None:
        """Have something done after the transaction, once per key."""
        self._postponed[key] = action

    def do_postponed(self) -> None:
        """Do what was postponed."""
        for action in self._postponed.values():
            action()

    def on_abort(self, action: Callable[[], object]) -> None:
        """Have something undone if the transaction does not last."""
        self._undoing.append(action)

    def undo(self) -> None:
        """Undo, last things first, what happened in memory."""
        while self._undoing:
            self._undoing.pop()()


_ambient: Final[ContextVar[Mapping[Any, Ambient]]] = ContextVar("ming_transactions", default={})  # noqa: B039


def ambient(engine: Any) -> Ambient | None:
    """The transaction that the running task, or thread without one, has opened on an engine."""
    running = _ambient.get()
    if not running:
        return None
    found = running.get(engine)
    return found if found is not None and found.owner == _owner() else None


def _owner() -> tuple[int, int, Any]:
    try:
        task = asyncio.current_task()
    except RuntimeError:
        task = None
    return os.getpid(), threading.get_ident(), task


@contextmanager
def _entered(engine: Any, client_session: Any) -> Iterator[Ambient]:
    entered = Ambient(client_session)
    token = _ambient.set({**_ambient.get(), engine: entered})
    try:
        yield entered
    finally:
        _ambient.reset(token)


@contextmanager
def _undone_on_error(tried: list[Ambient]) -> Iterator[None]:
    """Undo the transactions tried in a block that fails."""
    try:
        yield
    except BaseException:
        for transaction in tried:
            transaction.undo()
        raise


def _try_next(tried: list[Ambient], entered: Ambient) -> None:
    """Note that a new try begins, because the one before did not last."""
    for transaction in tried:
        transaction.undo()
    tried[:] = [entered]


def _joined(engine: Any, options: Mapping[str, Any]) -> Ambient | None:
    outer = ambient(engine)
    if outer is not None and options:
        raise TypeError(
            f"a nested transaction joins the outer one and takes no options: {', '.join(options)}"
        )
    return outer


def _commit(client_session: ClientSession | AsyncClientSession) -> Flow[None]:
    if not client_session.in_transaction:
        # The block ended the transaction by its own hand.
        return
    deadline = time.monotonic() + COMMIT_PATIENCE
    while True:
        try:
            yield from CallHook(client_session.commit_transaction)
            return
        except PyMongoError as error:
            unknown = error.has_error_label("UnknownTransactionCommitResult")
            out_of_time = getattr(error, "code", None) == _MAX_TIME_EXPIRED or time.monotonic() >= deadline
            if not unknown or out_of_time:
                raise


def _abort(client_session: ClientSession | AsyncClientSession) -> Flow[None]:
    if client_session.in_transaction:
        yield from CallHook(client_session.abort_transaction)


@contextmanager
def transaction(engine: Any, options: Mapping[str, Any]) -> Iterator[ClientSession]:
    """Run a block in a transaction, or join the one that runs; see `Session.transaction`."""
    outer = _joined(engine, options)
    if outer is not None:
        yield outer.client_session
        return
    with engine.conn.start_session() as client_session:
        client_session.start_transaction(**options)
        tried: list[Ambient] = []
        with _undone_on_error(tried):
            try:
                with _entered(engine, client_session) as entered:
                    tried.append(entered)
                    yield client_session
            except BaseException:
                run(_abort(client_session), _NO_EXECUTOR)
                raise
            run(_commit(client_session), _NO_EXECUTOR)
    entered.do_postponed()


def run_transaction(engine: Any, function: Callable[[], T], options: Mapping[str, Any]) -> T:
    """Run a function in a transaction, again on transient errors; see `Session.run_transaction`."""
    if _joined(engine, options) is not None:
        return function()
    tried: list[Ambient] = []

    def attempt(client_session: ClientSession) -> T:
        with _entered(engine, client_session) as entered:
            _try_next(tried, entered)
            return function()

    with engine.conn.start_session() as client_session, _undone_on_error(tried):
        result: T = client_session.with_transaction(attempt, **options)
    tried[0].do_postponed()
    return result


@asynccontextmanager
async def atransaction(engine: Any, options: Mapping[str, Any]) -> AsyncIterator[AsyncClientSession]:
    """Run a block in a transaction, or join the one that runs; see `AsyncSession.transaction`."""
    outer = _joined(engine, options)
    if outer is not None:
        yield outer.client_session
        return
    async with engine.conn.start_session() as client_session:
        await client_session.start_transaction(**options)
        tried: list[Ambient] = []
        with _undone_on_error(tried):
            try:
                with _entered(engine, client_session) as entered:
                    tried.append(entered)
                    yield client_session
            except BaseException:
                await arun(_abort(client_session), _NO_EXECUTOR)
                raise
            await arun(_commit(client_session), _NO_EXECUTOR)


async def arun_transaction(
    engine: Any, function: Callable[[], Awaitable[T]], options: Mapping[str, Any]
) -> T:
    """Run a coroutine function in a transaction; see `AsyncSession.run_transaction`."""
    if _joined(engine, options) is not None:
        return await function()

    tried: list[Ambient] = []

    async def attempt(client_session: AsyncClientSession) -> T:
        with _entered(engine, client_session) as entered:
            _try_next(tried, entered)
            return await function()

    async with engine.conn.start_session() as client_session:
        with _undone_on_error(tried):
            result: T = await client_session.with_transaction(attempt, **options)
    return result
