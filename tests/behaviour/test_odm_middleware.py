"""Middleware: what a request changed is flushed when it succeeds, and forgotten either way."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from harness.odm import OdmFace
from harness.stores import MimStore
from pymongo.errors import DuplicateKeyError

from ming import create_datastore
from ming import schema as S
from ming.odm import ContextualODMSession, FieldProperty, MappedClass, ThreadLocalODMSession
from ming.odm.middleware import (
    DEFAULT_FLUSH_ERRORS,
    AsyncMingMiddleware,
    MingMiddleware,
    make_ming_autoflush_middleware,
)
from ming.odm.registry import REGISTRY


class Redirect(Exception):
    """An answer rather than an error."""


def page_class(session_: Any) -> Any:
    class Page(MappedClass):
        class __mongometa__:
            name = "page"
            session = session_

        _id = FieldProperty(S.Int)

    return Page


class Site:
    """A database, classes on a thread-local and a contextual session, and what is left of them."""

    def __init__(self, datastore: Any) -> None:
        self.db = datastore.db
        self.local = ThreadLocalODMSession(bind=datastore)
        self.contextual = ContextualODMSession(lambda: "request", bind=datastore)
        self.page, self.other = page_class(self.local), page_class(self.contextual)

    def change(self) -> None:
        self.page(_id=1)
        self.other(_id=2)

    @property
    def stored(self) -> list[int]:
        return sorted(self.db.page.distinct("_id"))

    @property
    def is_closed(self) -> bool:
        return list(self.local.uow) == [] and self.contextual._registry == {}


@pytest.fixture
def site() -> Iterator[Site]:
    store = MimStore()
    with REGISTRY.preserved():
        yield Site(create_datastore(store.uri()))
    ThreadLocalODMSession.close_all()
    ContextualODMSession.close_all("request")
    store.drop()


def wrapped(app: Any, **options: Any) -> MingMiddleware:
    return MingMiddleware(app, context_func=lambda: "request", **options)


def test_a_list_is_flushed_for_at_once(site: Site) -> None:
    def app(environ: Any, start_response: Any) -> Any:
        site.change()
        start_response("200 OK", [])
        return [b"done"]

    calls: list[Any] = []
    assert wrapped(app)({}, lambda *args: calls.append(args)) == [b"done"]
    assert (calls, site.stored, site.is_closed) == ([("200 OK", [])], [1, 2], True)


def test_a_stream_is_flushed_for_at_its_end(site: Site) -> None:
    def app(environ: Any, start_response: Any) -> Any:
        yield b"1"
        site.change()
        yield b"2"

    answer = wrapped(app)({}, None)
    assert next(answer) == b"1"
    assert site.stored == []
    assert list(answer) == [b"2"]
    assert (site.stored, site.is_closed) == ([1, 2], True)


def test_a_stream_that_fails_is_flushed_for_as_well(site: Site) -> None:
    def app(environ: Any, start_response: Any) -> Any:
        site.change()
        yield b"1"
        raise RuntimeError("in the middle")

    with pytest.raises(RuntimeError, match="in the middle"):
        list(wrapped(app)({}, None))
    assert (site.stored, site.is_closed) == ([1, 2], True)


class Answer:
    """An iterable that wants to be closed."""

    closed = False

    def __iter__(self) -> Iterator[bytes]:
        yield b"1"
        yield b"2"

    def close(self) -> None:
        self.closed = True


@pytest.mark.parametrize("pieces", [0, 1, 2])
def test_a_stream_closed_early(site: Site, pieces: int) -> None:
    inner = Answer()

    def app(environ: Any, start_response: Any) -> Any:
        site.change()
        return inner

    answer = wrapped(app)({}, None)
    chunks = iter(answer)
    assert [next(chunks) for _ in range(pieces)] == [b"1", b"2"][:pieces]
    answer.close()
    assert (inner.closed, site.stored, site.is_closed) == (True, [1, 2], True)


def failing(site: Site, error: BaseException) -> Any:
    def app(environ: Any, start_response: Any) -> Any:
        site.change()
        raise error

    return app


@pytest.mark.parametrize("error", [RuntimeError(), KeyboardInterrupt()])
def test_an_error_stores_nothing(site: Site, error: BaseException) -> None:
    with pytest.raises(type(error)):
        wrapped(failing(site, error))({}, None)
    assert (site.stored, site.is_closed) == ([], True)


@pytest.mark.parametrize("kinds", [Redirect, (Redirect,), [Redirect]])
def test_some_errors_are_answers(site: Site, kinds: Any) -> None:
    with pytest.raises(Redirect):
        wrapped(failing(site, Redirect()), flush_on_errors=kinds)({}, None)
    assert (site.stored, site.is_closed) == ([1, 2], True)


@pytest.mark.parametrize("kind", ["list", "stream", "redirect"])
def test_a_flush_that_fails_leaves_nothing_behind(site: Site, kind: str) -> None:
    site.db.page.insert_one({"_id": 1})

    def app(environ: Any, start_response: Any) -> Any:
        site.change()
        if kind == "redirect":
            raise Redirect
        return [b""] if kind == "list" else iter([b""])

    with pytest.raises(DuplicateKeyError):
        list(wrapped(app, flush_on_errors=Redirect)({}, None))
    assert site.is_closed


def test_a_filter_for_deployment(site: Site) -> None:
    made = make_ming_autoflush_middleware({}, flush_on_errors=(Redirect,))(failing(site, Redirect()))
    assert isinstance(made, MingMiddleware)
    assert isinstance(DEFAULT_FLUSH_ERRORS, tuple)
    with pytest.raises(Redirect):
        made({}, None)
    assert site.stored == [1]
    assert list(site.local.uow) == []


# -- ASGI


@pytest.fixture
def asgi(odm: OdmFace) -> OdmFace:
    if odm.kind == "sync":
        pytest.skip("for ASGI")
    return odm


class Server:
    """Calls an application, and notes its messages with what was stored by then."""

    def __init__(self, odm: OdmFace) -> None:
        self._odm = odm
        self.sent: list[Any] = []

    async def send(self, message: Any) -> None:
        self.sent.append((message["type"].rpartition(".")[2], await self.stored()))

    async def stored(self) -> list[int]:
        return sorted(await self._odm.raw.page.distinct("_id"))

    async def get(self, app: Any, kind: str = "http", **options: Any) -> None:
        await AsyncMingMiddleware(app, self._odm.declared, **options)({"type": kind}, None, self.send)


START = {"type": "http.response.start", "status": 200, "headers": []}


async def test_an_answer_in_one_piece_comes_after_the_flush(asgi: OdmFace) -> None:
    page, server = page_class(asgi.declared), Server(asgi)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        assert list(asgi.declared.uow) == []
        page(_id=1)
        await send(START)
        await send({"type": "http.response.body", "body": b"done"})
        page(_id=2)

    page(_id=9)
    await server.get(app)
    assert server.sent == [("start", [1]), ("body", [1])]
    assert await server.stored() == [1, 2]
    assert [each._id for each in asgi.declared.uow] == [9]


async def test_a_stream_ends_after_the_flush(asgi: OdmFace) -> None:
    page, server = page_class(asgi.declared), Server(asgi)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(START)
        for number in range(2):
            page(_id=number)
            await send({"type": "http.response.body", "body": b"piece", "more_body": True})
        await send({"type": "http.response.body"})

    await server.get(app)
    assert server.sent == [("start", []), ("body", []), ("body", []), ("body", [0, 1])]


async def test_a_failed_request_stores_nothing(asgi: OdmFace) -> None:
    page, server = page_class(asgi.declared), Server(asgi)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        page(_id=1)
        await send(START)
        raise Redirect

    with pytest.raises(Redirect):
        await server.get(app)
    assert (server.sent, await server.stored(), list(asgi.declared.uow)) == ([], [], [])
    with pytest.raises(Redirect):
        await server.get(app, flush_on_errors=Redirect)
    assert (await server.stored(), list(asgi.declared.uow)) == ([1], [])


async def test_a_failing_flush_leaves_the_answer_to_the_server(asgi: OdmFace) -> None:
    page, server = page_class(asgi.declared), Server(asgi)
    await asgi.raw.page.insert_one({"_id": 1})

    async def app(scope: Any, receive: Any, send: Any) -> None:
        page(_id=1)
        await send(START)
        await send({"type": "http.response.body"})

    with pytest.raises(DuplicateKeyError):
        await server.get(app)
    assert (server.sent, list(asgi.declared.uow)) == ([], [])


async def test_other_scopes_pass(asgi: OdmFace) -> None:
    page, server = page_class(asgi.declared), Server(asgi)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        page(_id=1)

    await server.get(app, "websocket")
    assert await server.stored() == [1]
    await server.get(app, "lifespan")
    assert len(list(asgi.declared.uow)) == 1
