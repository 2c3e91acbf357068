"""Results in batches: the first one in a command's reply, the others with getMore; killCursors.

A command without ``batchSize`` gets everything in its reply; who wants the server's default sizes asks for
them, as `ming.mim.front.serving` does. Cursors themselves are in `ming.mim.commands.cursors`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from bson import Int64

from ming.mim.commands.cursors import BATCH_BYTES, Cursor, OpenCursor
from ming.mim.commands.requests import Handler, Reply, Request, check_options
from ming.mim.data.errors import CommandError
from ming.mim.data.options import required, whole, wrong_type

__all__ = ["PAGING", "batch_size", "cursor_batch_size", "cursor_reply"]


def batch_size(options: Mapping[str, Any], what: str) -> int | None:
    """Return the ``batchSize`` among options, None if there is none.

    Args:
        options: A command, or its ``cursor`` option.
        what: What the options belong to, for messages.

    Raises:
        CommandError: It is not a number, or negative.
    """
    return whole(options, what, "batchSize", least=0)


def cursor_batch_size(request: Request, what: str) -> int | None:
    """Return the ``batchSize`` in a command's ``cursor`` option, None if there is none.

    Args:
        request: The command; without the option everything goes into the reply.
        what: The option's full name, for messages.

    Raises:
        CommandError: The option is not as it must be.
    """
    options = request.option("cursor", {})
    if not isinstance(options, dict):
        raise wrong_type(what, options, "object")
    for option in options:
        if option != "batchSize":
            raise CommandError(40415, f"BSON field '{what}.{option}' is an unknown field.")
    return batch_size(options, what)


def cursor_reply(request: Request, namespace: str, cursor: Cursor, size: int | None = None) -> Reply:
    """Return the reply of a command that gives documents: the first batch and, if need be, an open cursor.

    Args:
        request: The command.
        namespace: What the cursor is called; getMore must name it.
        cursor: The results.
        size: Of the first batch; None for everything.
    """
    batch = cursor.next_batch(size, None if size is None else BATCH_BYTES)
    number = 0 if cursor.exhausted else _opened(request, namespace, cursor)
    described = {"firstBatch": batch, **_resuming(cursor), "id": Int64(number), "ns": namespace}
    return {"cursor": described, "ok": 1.0}


def _resuming(cursor: Cursor) -> Reply:
    token = cursor.resume_token
    return {} if token is None else {"postBatchResumeToken": token}


def _opened(request: Request, namespace: str, cursor: Cursor) -> int:
    # A stream outlives its collection, whose end it tells.
    reads = isinstance(request.command[request.name], str) and not cursor.awaits
    source = request.collection() if reads else None
    opened = OpenCursor(
        cursor,
        namespace,
        source,
        request.session,
        _transaction(request),
        bool(request.option("noCursorTimeout")),
        request.now(),
    )
    return request.cursors.open(opened)


# -- the next batches ---------------------------------------------------------------------------------

_GET_MORE: Final = frozenset(("collection", "batchSize"))


def _get_more(request: Request) -> Reply:
    check_options(request.command, _GET_MORE, request.name)
    number = request.command["getMore"]
    if not isinstance(number, Int64):
        raise wrong_type("getMore.getMore", number, "long")
    namespace = _named_namespace(request)
    size = batch_size(request.command, request.name)
    opened = request.cursors.get(number, request.now())
    _check_asker(request, number, opened, namespace)
    _check_alive(request, number, opened)
    opened.used = request.now()
    batch = opened.cursor.next_batch(size or None, BATCH_BYTES)
    if opened.cursor.exhausted:
        request.cursors.close(number)
        number = Int64(0)
    described = {"nextBatch": batch, **_resuming(opened.cursor), "id": number, "ns": opened.namespace}
    return {"cursor": described, "ok": 1.0}


def _named_namespace(request: Request) -> str:
    name = required(request.command, "getMore", "collection")
    if not isinstance(name, str):
        raise wrong_type("getMore.collection", name, "string")
    if not name:
        raise CommandError(73, "Collection names cannot be empty")
    return f"{request.database.name}.{name}"


def _check_asker(request: Request, number: int, opened: OpenCursor, namespace: str) -> None:
    """Refuse to give a cursor's documents to others than the one who opened it."""
    if namespace != opened.namespace:
        raise CommandError(
            13,
            f"Requested getMore on namespace '{namespace}', but cursor belongs to a different namespace"
            f" {opened.namespace}",
        )
    if request.option("maxTimeMS") and not opened.cursor.awaits:
        raise CommandError(2, "cannot set maxTimeMS on getMore command for a non-awaitData cursor")
    about = f"Cannot run getMore on cursor {number}, which was"
    asking = request.session
    if opened.session != asking:
        if opened.session is None:
            raise CommandError(50736, f"{about} not created in a session, in session {_shown(asking)}")
        about = f"{about} created in session {_shown(opened.session)}"
        if asking is None:
            raise CommandError(50737, f"{about}, without an lsid")
        raise CommandError(50738, f"{about}, in session {_shown(asking)}")
    current = _transaction(request)
    if opened.transaction != current:
        if opened.transaction is None:
            raise CommandError(50739, f"{about} not created in a transaction, in transaction {current}")
        about = f"{about} created in transaction {opened.transaction}"
        if current is None:
            raise CommandError(50740, f"{about}, without a txnNumber")
        raise CommandError(50741, f"{about}, in transaction {current}")


def _transaction(request: Request) -> int | None:
    """Return the number of the transaction a command is part of."""
    return request.command["txnNumber"] if "autocommit" in request.command else None


def _shown(session: bytes | None) -> str:
    digits = (session or b"").hex()
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def _check_alive(request: Request, number: int, opened: OpenCursor) -> None:
    """Refuse a cursor whose collection is gone, and forget it."""
    source = opened.source
    if source is None:
        return
    found = request.store.database(source.database).get(source.name)
    # A transaction sees its own copies of collections.
    if found is None or found.uuid != source.uuid:
        request.cursors.close(number)
        raise CommandError(175, f"collection dropped. UUID {source.uuid}")
    if opened.source_name != source.namespace:
        request.cursors.close(number)
        raise CommandError(
            175,
            f"collection renamed from '{opened.source_name}' to '{source.namespace}'. UUID {source.uuid}",
        )


def _kill_cursors(request: Request) -> Reply:
    check_options(request.command, frozenset(("cursors",)), request.name)
    _ = request.collection_name
    numbers = required(request.command, "killCursors", "cursors")
    if not isinstance(numbers, list):
        raise wrong_type("killCursors.cursors", numbers, "array")
    for at, number in enumerate(numbers):
        if not isinstance(number, Int64):
            raise wrong_type(f"killCursors.cursors.{at}", number, "long")
    killed: list[Int64] = []
    unknown: list[Int64] = []
    for number in numbers:
        (killed if request.cursors.close(number) else unknown).append(number)
    return {
        "cursorsKilled": killed,
        "cursorsNotFound": unknown,
        "cursorsAlive": [],
        "cursorsUnknown": [],
        "ok": 1.0,
    }


PAGING: Final[Mapping[str, Handler]] = {"getMore": _get_more, "killCursors": _kill_cursors}
"""Handlers of the commands about open cursors."""
