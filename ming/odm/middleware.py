"""Middleware for WSGI and ASGI: what a request changed is flushed when it succeeds, and forgotten either way."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator, Iterable, Iterator, MutableMapping
from contextlib import AsyncExitStack, contextmanager
from typing import Any, Final

from ming.odm.aio import AsyncODMSession
from ming.odm.odmsession import ContextualODMSession, ThreadLocalODMSession

try:
    from webob.exc import HTTPRedirection  # type: ignore[import-untyped]
except ImportError:
    _REDIRECTIONS: tuple[type[BaseException], ...] = ()
else:
    _REDIRECTIONS = (HTTPRedirection,)

__all__ = ["DEFAULT_FLUSH_ERRORS", "AsyncMingMiddleware", "MingMiddleware", "make_ming_autoflush_middleware"]

DEFAULT_FLUSH_ERRORS: Final = _REDIRECTIONS
"""Exceptions that are answers rather than errors: the redirections of WebOb, where that is installed."""

_WSGIApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
_ASGIApp = Callable[..., Awaitable[None]]


def _classes(errors: type[BaseException] | Iterable[type[BaseException]]) -> tuple[type[BaseException], ...]:
    return (errors,) if isinstance(errors, type) else tuple(errors)


class MingMiddleware:
    """Flushes and closes the sessions that a WSGI application used.

    A list is flushed for before it is returned; any other answer is passed on as it comes, and flushed for
    at its end.

    Args:
        app: The application.
        context_func: Returns what identifies the request to `ContextualODMSession`.
        flush_on_errors: Exceptions that do not keep the changes from being flushed.
    """

    def __init__(
        self,
        app: _WSGIApp,
        context_func: Callable[[], Any] | None = None,
        flush_on_errors: type[BaseException] | Iterable[type[BaseException]] = DEFAULT_FLUSH_ERRORS,
    ) -> None:
        self.app = app
        self.flush_on_errors = _classes(flush_on_errors)
        self._context_func = context_func or (lambda: None)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        context = self._context_func()
        with self._closed_on_error(context):
            answer = self.app(environ, start_response)
        if isinstance(answer, list):
            self._finish(context)
            return answer
        return _Streamed(answer, lambda: self._finish(context))

    @contextmanager
    def _closed_on_error(self, context: Any) -> Iterator[None]:
        try:
            yield
        except self.flush_on_errors:
            self._finish(context)
            raise
        except BaseException:
            _close(context)
            raise

    def _finish(self, context: Any) -> None:
        try:
            ThreadLocalODMSession.flush_all()
            ContextualODMSession.flush_all(context)
        finally:
            _close(context)


def _close(context: Any) -> None:
    try:
        ThreadLocalODMSession.close_all()
    finally:
        ContextualODMSession.close_all(context)


class _Streamed:
    """An answer passed on as it comes; something is done once at its end, or when it is closed before.

    Args:
        answer: The application's.
        finish: What is done.
    """

    def __init__(self, answer: Iterable[bytes], finish: Callable[[], None]) -> None:
        self._answer = answer
        self._finish: Callable[[], None] | None = finish
        self._chunks = self._passed_on()

    def __iter__(self) -> Iterator[bytes]:
        return self._chunks

    def __next__(self) -> bytes:
        return next(self._chunks)

    def _passed_on(self) -> Generator[bytes, None, None]:
        try:
            yield from self._answer
        finally:
            self._end()

    def _end(self) -> None:
        finish, self._finish = self._finish, None
        if finish is not None:
            finish()

    def close(self) -> None:
        """End early, as servers do when the client goes away."""
        try:
            self._chunks.close()
            close = getattr(self._answer, "close", None)
            if close is not None:
                close()
        finally:
            self._end()


def make_ming_autoflush_middleware(global_conf: Any, **app_conf: Any) -> Callable[[_WSGIApp], MingMiddleware]:
    """Make a filter of `MingMiddleware`, for Paste Deploy.

    Args:
        global_conf: Not used.
        app_conf: Arguments of the middleware.
    """
    return lambda app: MingMiddleware(app, **app_conf)


class AsyncMingMiddleware:
    """Gives every request of an ASGI application sessions of its own, flushed when it succeeds.

    The flush comes before the last piece of the answer; an answer in one piece is not begun before. What the
    application changes after that, in background tasks, is flushed at its end.

    Args:
        app: The application.
        sessions: The sessions it uses.
        flush_on_errors: Exceptions that do not keep the changes from being flushed.
    """

    def __init__(
        self,
        app: _ASGIApp,
        *sessions: AsyncODMSession,
        flush_on_errors: type[BaseException] | Iterable[type[BaseException]] = DEFAULT_FLUSH_ERRORS,
    ) -> None:
        self.app = app
        self.sessions = sessions
        self.flush_on_errors = _classes(flush_on_errors)

    async def __call__(self, scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        async with AsyncExitStack() as stack:
            for session in self.sessions:
                await stack.enter_async_context(session)
            try:
                await self.app(scope, receive, _FlushedFirst(send, self._flush))
            except self.flush_on_errors:
                await self._flush()
                raise
            await self._flush()

    async def _flush(self) -> None:
        for session in self.sessions:
            await session.flush()


class _FlushedFirst:
    """Sends messages of an answer, the last one after a flush.

    Args:
        send: The server's.
        flush: Stores what changed.
    """

    def __init__(self, send: Callable[[Any], Awaitable[None]], flush: Callable[[], Awaitable[None]]) -> None:
        self._send = send
        self._flush = flush
        self._start: Any = None

    async def __call__(self, message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            # Held back: should the flush fail, the server may still answer with an error.
            self._start = message
            return
        if message["type"] == "http.response.body" and not message.get("more_body", False):
            await self._flush()
        start, self._start = self._start, None
        if start is not None:
            await self._send(start)
        await self._send(message)
