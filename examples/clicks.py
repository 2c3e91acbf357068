"""Short links that count how often they are followed, as a WSGI and as an ASGI application.

    python examples/clicks.py                                    on the embedded engine
    python examples/clicks.py --uri mongodb://localhost:27017    on a MongoDB server

``POST /`` with a URL as its body answers with the link's code, ``GET /code`` redirects. Both applications serve
the same links. The demonstration has many clients shorten the same URL and follow the link at the same time: one
link comes of it, and no click is lost.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import secrets
import sys
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from pymongo.errors import DuplicateKeyError

from ming import AsyncSession, Session, create_async_datastore, create_datastore, create_engine
from ming.datastore import create_async_engine
from ming.odm import AsyncODMSession, FieldProperty, MappedClass, ThreadLocalODMSession
from ming.odm.middleware import AsyncMingMiddleware, MingMiddleware

DATABASE = "ming_example_clicks"
URL = "https://www.python.org/downloads/"

# The sessions for documents are bound when the program starts, those for objects stand on them.
documents = Session()
links = ThreadLocalODMSession(documents)
async_documents = AsyncSession()
async_links = AsyncODMSession(async_documents)


class Link(MappedClass):
    """A short link, on no session; each application has it on its own."""

    class __mongometa__:
        name = "links"
        unique_indexes = ("url",)

    _id = FieldProperty(str)
    url = FieldProperty(str, required=True)
    clicks = FieldProperty(int, if_missing=0)


class SyncLink(Link):
    """The WSGI application's."""

    class __mongometa__:
        session = links


class AsyncLink(Link):
    """The ASGI application's."""

    class __mongometa__:
        session = async_links


def get_or_create(url: str) -> SyncLink:
    """Return the link of a URL; whoever comes first makes it."""
    while True:
        link = SyncLink.query.get(url=url)
        if link is None:
            link = SyncLink(_id=new_code(), url=url)
            try:
                links.flush(link)
            except DuplicateKeyError:
                # Somebody else made it meanwhile, or has the code: look again.
                links.expunge(link)
                continue
        return link


async def async_get_or_create(url: str) -> AsyncLink:
    """Return the link of a URL; whoever comes first makes it."""
    while True:
        link = await async_links.find(AsyncLink, {"url": url}).first()
        if link is None:
            link = AsyncLink(_id=new_code(), url=url)
            try:
                await async_links.flush(link)
            except DuplicateKeyError:
                async_links.expunge(link)
                continue
        return link


def new_code() -> str:
    return secrets.token_urlsafe(6)


# ``link.clicks += 1`` would store what this client read plus one; the server counts every click.
CLICK = {"$inc": {"clicks": 1}}

Answer = tuple[str, list[tuple[str, str]], bytes]


def created(link: Link) -> Answer:
    return "201 Created", [("Location", f"/{link._id}")], link._id.encode()


def redirected(link: Link | None) -> Answer:
    if link is None:
        return "404 Not Found", [], b"no such link"
    return "302 Found", [("Location", link.url)], b""


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    """The links, for WSGI servers."""
    if environ["REQUEST_METHOD"] == "POST":
        url = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])).decode()
        status, headers, body = created(get_or_create(url))
    else:
        code = environ["PATH_INFO"].removeprefix("/")
        status, headers, body = redirected(SyncLink.query.find_one_and_update({"_id": code}, CLICK))
    start_response(status, headers)
    return [body]


async def async_application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """The links, for ASGI servers."""
    if scope["method"] == "POST":
        message = {"more_body": True}
        url = b""
        while message.get("more_body"):
            message = await receive()
            url += message.get("body", b"")
        status, headers, body = created(await async_get_or_create(url.decode()))
    else:
        code = scope["path"].removeprefix("/")
        link = await async_links.find_one_and_update(AsyncLink, {"_id": code}, CLICK)
        status, headers, body = redirected(link)
    raw_headers = [(name.lower().encode(), value.encode()) for name, value in headers]
    await send({"type": "http.response.start", "status": int(status[:3]), "headers": raw_headers})
    await send({"type": "http.response.body", "body": body})


wsgi = MingMiddleware(application)
asgi = AsyncMingMiddleware(async_application, async_links)


def main() -> int:
    """Have clients in threads and in tasks use one link, and return 1 if a click was lost."""
    arguments = parse_arguments()
    engine = create_engine(arguments.uri)
    documents.bind = create_datastore(DATABASE, bind=engine)
    documents.db["links"].drop()
    links.ensure_indexes(SyncLink)

    with ThreadPoolExecutor(8) as pool:
        codes = set(pool.map(shorten, [URL] * arguments.clients))
        code = next(iter(codes))
        answers = Counter(pool.map(follow, [code] * arguments.clicks))
    print(f"WSGI: {arguments.clients} clients shortened one URL and got {len(codes)} code(s)")
    print(f"WSGI: answers to {arguments.clicks} clicks: {dict(answers)}")

    async_answers = asyncio.run(use_async(arguments, codes))
    print(f"ASGI: {arguments.clients} clients shortened it again; there are {len(codes)} code(s)")
    print(f"ASGI: answers to {arguments.clicks} clicks: {dict(async_answers)}")

    print(f"Unknown code: {follow('nothing')}")
    counted = documents.db["links"].find_one({"_id": code})["clicks"]
    print(f"Clicks counted: {counted}")
    lost = 2 * arguments.clicks - counted
    print(f"Clicks lost: {lost}")
    return 1 if lost or len(codes) > 1 else 0


async def use_async(arguments: argparse.Namespace, codes: set[str]) -> Counter[int]:
    """Do the same with tasks; codes that they get are added to those there."""
    async_documents.bind = create_async_datastore(DATABASE, bind=create_async_engine(arguments.uri))
    requests = (async_call("POST", "/", URL.encode()) for _ in range(arguments.clients))
    codes.update(body.decode() for _, body in await gather(requests))
    clicks = (async_call("GET", f"/{next(iter(codes))}") for _ in range(arguments.clicks))
    return Counter(status for status, _ in await gather(clicks))


async def gather(requests: Iterable[Awaitable[tuple[int, bytes]]]) -> list[tuple[int, bytes]]:
    return list(await asyncio.gather(*requests))


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Short links that count how often they are followed.")
    parser.add_argument(
        "--uri",
        default="mim://",
        help=f"where to keep the links; the database is always {DATABASE!r} (default: %(default)s, in memory)",
    )
    parser.add_argument("--clients", type=int, default=20, metavar="N", help="how many shorten the URL")
    parser.add_argument("--clicks", type=int, default=100, metavar="N", help="how often the link is followed")
    return parser.parse_args()


def shorten(url: str) -> str:
    return call("POST", "/", url.encode())[1].decode()


def follow(code: str) -> int:
    return call("GET", f"/{code}")[0]


def call(method: str, path: str, body: bytes = b"") -> tuple[int, bytes]:
    """Ask the WSGI application, as a server would."""
    statuses: list[int] = []
    environ = {
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": io.BytesIO(body),
    }
    answer = b"".join(wsgi(environ, lambda status, headers: statuses.append(int(status[:3]))))
    return statuses[0], answer


async def async_call(method: str, path: str, body: bytes = b"") -> tuple[int, bytes]:
    """Ask the ASGI application, as a server would."""
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await asgi({"type": "http", "method": method, "path": path}, receive, send)
    return sent[0]["status"], sent[1]["body"]


if __name__ == "__main__":
    sys.exit(main())
