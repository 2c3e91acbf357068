"""Flushes by tasks that share what they track take turns, so that each ends with its own changes stored."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import Final

__all__ = ["Turns"]


class Turns:
    """Lets one flush run at a time."""

    def __init__(self) -> None:
        self._ended: asyncio.Event | None = None

    @asynccontextmanager
    async def taken(self) -> AsyncIterator[None]:
        """Run a block when no other task's does; what a hook starts is part of the block it was called in."""
        if self in _taken.get():
            yield
            return
        while self._ended is not None:
            await self._ended.wait()
        self._ended = ended = asyncio.Event()
        token = _taken.set(_taken.get() | {self})
        try:
            yield
        finally:
            _taken.reset(token)
            self._ended = None
            ended.set()


_taken: Final[ContextVar[frozenset[Turns]]] = ContextVar("ming_odm_turns", default=frozenset())
