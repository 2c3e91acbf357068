"""The asynchronous face: `AsyncSession` and `AsyncCursor`, awaitable twins of `ming.Session` and `ming.Cursor`."""

from __future__ import annotations

from ming.aio.cursor import AsyncCursor
from ming.aio.session import AsyncSession

__all__ = ["AsyncCursor", "AsyncSession"]
