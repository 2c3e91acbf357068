"""Engines: clients that connect on first use, forget their connection in a forked child, and close themselves.

`ming.datastore` decides which client class an engine gets; datastores name a database on an engine.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import threading
import time
import weakref
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from typing import Any, Final, Protocol

from pymongo.errors import ConnectionFailure

__all__ = ["AsyncEngine", "Engine", "forget_after_fork"]

log: Final = logging.getLogger("ming.datastore")


class _Forgetful(Protocol):
    def _forget(self) -> None: ...


_forgetful: Final[weakref.WeakSet[_Forgetful]] = weakref.WeakSet()
"""Everything that must let go of its locks and connections in a forked child."""

_abandoned: Final[list[Any]] = []
"""Clients of the parent process: neither closed nor collected in a child, as they are not the child's."""


def forget_after_fork(holder: _Forgetful) -> None:
    """Have ``holder._forget()`` called in every forked child."""
    _forgetful.add(holder)


def _forget_all() -> None:
    for holder in list(_forgetful):
        holder._forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_all)


class Engine:
    """A client of the driver, made on first use.

    Args:
        Connection: Makes the client.
        conn_args: Its positional arguments.
        conn_kwargs: Its keyword arguments.
        connect_retry: How many more times to try when connecting fails.
        auto_ensure_indexes: Whether classes create their indexes when first used.
    """

    def __init__(
        self,
        Connection: Callable[..., Any],
        conn_args: Sequence[Any],
        conn_kwargs: Mapping[str, Any],
        connect_retry: int,
        auto_ensure_indexes: bool,
        _sleep: Callable[[float], Any] = time.sleep,
    ) -> None:
        self._Connection = Connection
        self._conn_args = tuple(conn_args)
        self._conn_kwargs = conn_kwargs
        self._connect_retry = connect_retry
        self._auto_ensure_indexes = auto_ensure_indexes
        self._sleep = _sleep
        self._conn: Any = None
        self._closer: weakref.finalize[..., Engine] | None = None
        self._lock = threading.Lock()
        forget_after_fork(self)

    def __repr__(self) -> str:
        return f"<Engine {self._conn!r}>"

    def __getitem__(self, name: str) -> Any:
        return self.conn[name]

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or "_conn" not in self.__dict__:
            # Protocols of Python are not the client's business, least of all on a half-made copy.
            raise AttributeError(name)
        return getattr(self.conn, name)

    @property
    def conn(self) -> Any:
        """The client, connecting on first use."""
        return self._conn if self._conn is not None else self.connect()

    def connect(self) -> Any:
        """Make the client, unless there is one.

        Returns:
            The client.

        Raises:
            pymongo.errors.ConnectionFailure: The last attempt failed too.
        """
        for failures in range(self._connect_retry):
            try:
                return self._connected()
            except ConnectionFailure:
                log.exception("Error connecting (#%d)", failures)
                self._sleep(1)
        return self._connected()

    def _connected(self) -> Any:
        with self._lock:
            if self._conn is None:
                self._conn = self._Connection(*self._conn_args, **self._conn_kwargs)
                self._closer = weakref.finalize(self, self._conn.close)
            return self._conn

    def _forget(self) -> None:
        self._lock = threading.Lock()
        if self._conn is not None:
            _abandoned.append(self._conn)
            self._conn = None
        if self._closer is not None:
            self._closer.detach()
            self._closer = None


class AsyncEngine:
    """Asynchronous clients of the driver, one per running loop, each made on first use.

    A client works only in the loop it was made in; it is closed when the loop shuts down.

    Args:
        Connection: Makes a client.
        conn_args: Its positional arguments.
        conn_kwargs: Its keyword arguments.
        connect_retry: How many more times to try when connecting fails.
    """

    def __init__(
        self,
        Connection: Callable[..., Any],
        conn_args: Sequence[Any],
        conn_kwargs: Mapping[str, Any],
        connect_retry: int,
        _sleep: Callable[[float], Awaitable[Any]] = asyncio.sleep,
    ) -> None:
        self._Connection = Connection
        self._conn_args = tuple(conn_args)
        self._conn_kwargs = conn_kwargs
        self._connect_retry = connect_retry
        self._sleep = _sleep
        self._lives: dict[asyncio.AbstractEventLoop, _Life] = {}
        forget_after_fork(self)

    def __repr__(self) -> str:
        return f"<AsyncEngine {[life.client for life in self._lives.values()]!r}>"

    def __getitem__(self, name: str) -> Any:
        return self.conn[name]

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or "_lives" not in self.__dict__:
            raise AttributeError(name)
        return getattr(self.conn, name)

    @property
    def conn(self) -> Any:
        """The client of the running loop, made on first use.

        Raises:
            RuntimeError: No loop is running.
        """
        loop = asyncio.get_running_loop()
        life = self._lives.get(loop)
        if life is None:
            # A client holds its loop, so those of loops gone by are let go here, not by the collector.
            self._lives = {known: other for known, other in self._lives.items() if not known.is_closed()}
            client = self._Connection(*self._conn_args, **self._conn_kwargs)
            life = self._lives[loop] = _Life(client, weakref.ref(self), loop)
        return life.client

    async def connect(self) -> Any:
        """Make the running loop's client, unless there is one.

        Returns:
            The client.

        Raises:
            pymongo.errors.ConnectionFailure: The last attempt failed too.
        """
        for failures in range(self._connect_retry):
            try:
                return self.conn
            except ConnectionFailure:
                log.exception("Error connecting (#%d)", failures)
                await self._sleep(1)
        return self.conn

    def _forget(self) -> None:
        _abandoned.append(self._lives)
        self._lives = {}


class _Life:
    """A client and the thing that closes it.

    A loop that shuts down finishes the asynchronous generators started in it, and so does the collector:
    a generator that waits to be finished is where a client can be closed inside its own loop.
    """

    def __init__(
        self, client: Any, engine: weakref.ref[AsyncEngine], loop: asyncio.AbstractEventLoop
    ) -> None:
        self.client = client
        self._ending = _close_at_the_end(client, engine, loop)
        try:
            # Its first step waits for nothing, so it needs no loop to run it.
            self._ending.__anext__().__await__().send(None)
        except StopIteration:
            pass


async def _close_at_the_end(
    client: Any, engine: weakref.ref[AsyncEngine], loop: asyncio.AbstractEventLoop
) -> AsyncGenerator[None, None]:
    try:
        yield
    finally:
        owner = engine()
        if owner is not None:
            owner._lives.pop(loop, None)
        await _close_quietly(client)


async def _close_quietly(client: Any) -> None:
    """Close a client, which in some drivers starts asynchronous generators, as a loop shutting down resents."""
    firstiter = sys.get_asyncgen_hooks().firstiter
    sys.set_asyncgen_hooks(firstiter=None)
    try:
        await client.close()
    finally:
        sys.set_asyncgen_hooks(firstiter=firstiter)
