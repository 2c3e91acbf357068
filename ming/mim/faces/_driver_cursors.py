"""What cursors of PyMongo's own ask of a client, as those of GridFS do.

GridFS makes its cursors itself, from PyMongo's `Cursor` class, which reaches the server through private
methods of the client. `DriverCursors` and `AsyncDriverCursors` give the connections these methods. All
results are in the first reply, so there is never a cursor to continue or to kill.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from ming.mim.faces._find_query import FindQuery

if TYPE_CHECKING:
    from ming.mim.faces.connection import Connection

__all__ = ["AsyncDriverCursors", "DriverCursors"]


class _Response(NamedTuple):
    """What a cursor reads of a reply."""

    docs: list[dict[str, Any]]
    address: tuple[str, int] = ("mim", 0)


_MODIFIERS: Final[Mapping[str, str]] = {
    "$orderby": "sort",
    "$hint": "hint",
    "$comment": "comment",
    "$maxTimeMS": "max_time_ms",
    "$max": "max",
    "$min": "min",
    "$returnKey": "return_key",
    "$showRecordId": "show_record_id",
}
"""How a cursor writes its options beside the filter, and what they are called here."""


def _query(operation: Any) -> FindQuery:
    """Return the query that an operation of the driver stands for."""
    spec = operation.spec
    wrapped = "$query" in spec
    options = (
        {_MODIFIERS[name]: value for name, value in spec.items() if name in _MODIFIERS} if wrapped else {}
    )
    return FindQuery(
        filter=spec["$query"] if wrapped else spec,
        projection=operation.fields,
        skip=operation.ntoskip,
        limit=operation.limit,
        collation=operation.collation,
        **options,
    )


def _run(connection: Connection, operation: Any) -> _Response:
    handle = connection[operation.db].get_collection(operation.coll, codec_options=operation.codec_options)
    access = handle._access
    command = _query(operation).command(operation.coll)
    if "$explain" in operation.spec:
        operation.name = "explain"
        return _Response([access.run({"explain": command})])
    reply = access.run(command)
    batch = [access.codec.document(document) for document in reply["cursor"]["firstBatch"]]
    return _Response([{**reply, "cursor": {**reply["cursor"], "firstBatch": batch}}])


class DriverCursors:
    """What PyMongo's `Cursor` asks of its client."""

    _encrypter: Final = None

    def _ensure_session(self, session: Any = None) -> Any:
        return session

    def _run_operation(self: Any, operation: Any, unpack: Any, address: Any = None) -> _Response:
        return _run(self, operation)

    def _cleanup_cursor_no_lock(self, *cursor: Any) -> None:
        """Do nothing: the cursor holds nothing."""

    def _cleanup_cursor_lock(self, *cursor: Any) -> None:
        """Do nothing: the cursor holds nothing."""


class AsyncDriverCursors:
    """What PyMongo's `AsyncCursor` asks of its client."""

    _encrypter: Final = None

    def _ensure_session(self, session: Any = None) -> Any:
        return session

    async def _run_operation(self: Any, operation: Any, unpack: Any, address: Any = None) -> _Response:
        return _run(self._inner, operation)

    def _cleanup_cursor_no_lock(self, *cursor: Any) -> None:
        """Do nothing: the cursor holds nothing."""

    async def _cleanup_cursor_lock(self, *cursor: Any) -> None:
        """Do nothing: the cursor holds nothing."""
