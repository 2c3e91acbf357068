"""How the async face waits: a call that meets an open transaction is made again when that has ended.

Its methods are those of the sync face, which cannot wait without holding up the event loop. So the whole call
is repeated; what it had done before is not done again, but answered as it was then.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from typing import Any, Final, ParamSpec, TypeVar

from pymongo.errors import OperationFailure

from ming.mim.commands.patience import Patience
from ming.mim.data.errors import CommandError
from ming.mim.faces._access import Channel
from ming.mim.faces._replies import operation_failure
from ming.mim.storage.open_transactions import Busy

__all__ = ["ReplayingChannel", "patiently"]

P = ParamSpec("P")
T = TypeVar("T")

_PAUSE: Final = 0.002
"""Seconds between two looks at a transaction; there is nobody to wake an event loop."""


class _Call:
    """The commands of one call, and what became of them."""

    def __init__(self) -> None:
        self._known: list[dict[str, Any] | OperationFailure] = []
        self._next = 0
        self._patience: Patience | None = None

    def rewind(self) -> None:
        """Begin the call again."""
        self._next = 0

    def run(self, command: Mapping[str, Any], run: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """Return what a command was answered before, or run it."""
        if self._next == len(self._known):
            self._patience = self._patience or Patience(command)
            try:
                # The face may complete a reply in place.
                self._known.append(dict(run()))
            except OperationFailure as error:
                self._known.append(error)
            self._patience = None
        known = self._known[self._next]
        self._next += 1
        if isinstance(known, OperationFailure):
            raise known
        return dict(known)

    async def wait(self, busy: Busy) -> None:
        """Wait until the transaction that is in the way has ended.

        Raises:
            CommandError: The command has waited long enough.
        """
        assert self._patience is not None
        while self._patience.left(busy) and not busy.holder.ended.is_set():
            await asyncio.sleep(_PAUSE)


_call: Final[ContextVar[_Call | None]] = ContextVar("ming_mim_call", default=None)


class ReplayingChannel(Channel):
    """A channel that leaves the waiting to `patiently`."""

    def _run(self, command: dict[str, Any]) -> dict[str, Any]:
        call = _call.get()
        if call is None:
            return super()._run(command)
        return call.run(command, lambda: self._run_at_once(command))

    def _run_at_once(self, command: dict[str, Any]) -> dict[str, Any]:
        try:
            return self.engine.perform(self.database, command)
        except Busy:
            raise
        except CommandError as error:
            raise operation_failure(error) from None


async def patiently(method: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call a method of the sync face, and wait where that would.

    Args:
        method: The method, of something that has a `ReplayingChannel`.
        args: Its arguments.
        kwargs: Its keyword arguments.
    """
    call = _Call()
    while True:
        token = _call.set(call)
        try:
            return method(*args, **kwargs)
        except Busy as busy:
            blocked = busy
        finally:
            _call.reset(token)
        try:
            await call.wait(blocked)
        except CommandError as error:
            raise operation_failure(error) from None
        call.rewind()
