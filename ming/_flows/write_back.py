"""Classes that say ``on_load = 'on_read'``: documents read in an older version are stored in the newest at once.

It is somebody's reading that is served first: what cannot be stored is logged, and what somebody else changed
meanwhile is left to its next reader. `WriteBack` does this for cursors, batch by batch.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, Protocol, cast

from bson.errors import BSONError
from pymongo.errors import BulkWriteError

from ming._base_manager import BaseManager, manager_of
from ming._flows.exactness import ExactUpdates
from ming._flows.operations import Operation
from ming._flows.origins import is_upgraded, remember_stored
from ming._flows.recipe import Base, Request, base_of, request_of
from ming._flows.streams import TakeBatch
from ming._types import AsyncExecutor, Executor, Flow, RawDocument
from ming.evolve.chain import same_constant
from ming.evolve.recognise import is_hybrid
from ming.exc import MingException

__all__ = ["SeesSnapshot", "WriteBack", "write_back", "writes_back"]

log = logging.getLogger("ming.migration")

_UNENCODABLE: Final = (BSONError, OverflowError, UnicodeEncodeError)
_TOO_LARGE: Final = 10334
"""The server's code for a message in which one document is too large."""


class _Reader(Protocol):
    """A session that knows what its reads see: both faces'."""

    def sees_snapshot(self, client_session: Any) -> bool:
        """Whether reads go on in a transaction, or in a session that sees a snapshot."""
        ...


class SeesSnapshot(Operation[bool]):
    """Ask whether what is read is the store as it was: in a transaction, or in a session that sees a snapshot.

    Args:
        client_session: The driver's session that the reading call was given, or None.
    """

    __slots__ = ("client_session",)

    def __init__(self, client_session: Any = None) -> None:
        self.client_session = client_session

    def perform(self, session: Executor) -> bool:
        """Ask a synchronous session."""
        return cast(_Reader, session).sees_snapshot(self.client_session)

    async def aperform(self, session: AsyncExecutor) -> bool:
        """Ask an asynchronous session."""
        return cast(_Reader, session).sees_snapshot(self.client_session)


def writes_back(manager: BaseManager[Any]) -> bool:
    """Whether a class's documents, or some of its family's, may have to be written back when they are read."""
    may_be_older = manager.older is not None or manager.polymorphic_registry is not None
    return may_be_older and manager.declaration.on_load == "on_read"


def write_back(manager: BaseManager[Any], documents: Iterable[Any], client_session: Any = None) -> Flow[None]:
    """Store the upgrades of those documents that were read in an older version, in one bulk write.

    In a transaction nothing is written: an error would be the end of it. Nor is it where a snapshot is read.

    Args:
        manager: The class that was asked for them.
        documents: Documents as they were read, whole.
        client_session: The driver's session that the reading call was given, or None.
    """
    older = [document for document in documents if is_upgraded(document)]
    if not older or (yield from SeesSnapshot(client_session)):
        return
    upgrades = [upgrade for document in older if (upgrade := _upgrade_of(document)) is not None]
    if upgrades:
        options = {} if client_session is None else {"session": client_session}
        yield from _send(manager, upgrades, options)


_Upgrade = tuple[Base, Request]


def _upgrade_of(document: Any) -> _Upgrade | None:
    """What to send for a document; None where nothing is."""
    manager, base = manager_of(type(document)), base_of(document)
    if (
        manager.declaration.on_load != "on_read"
        or "_id" not in base.raw
        or is_hybrid(manager.chain, base.raw)
    ):
        return None
    try:
        return base, request_of(manager, base, {})
    except MingException as error:
        log.warning("Not written back: %s", error)
        return None


def _send(manager: BaseManager[Any], upgrades: Sequence[_Upgrade], options: dict[str, Any]) -> Flow[None]:
    updates = [(request.filter, request.update) for _, request in upgrades]
    try:
        result = yield from ExactUpdates(manager, updates, **options)
    except BulkWriteError as error:
        failures = error.details["writeErrors"] or error.details["writeConcernErrors"]
        failed = [failure.get("index", 0) for failure in failures]
        _log_failure(manager, upgrades, failed, failures[0]["errmsg"])
    except Exception as error:  # noqa: BLE001 - whatever it is, what was read is there
        if _is_about_one(error) and len(upgrades) > 1:
            for upgrade in upgrades:
                yield from _send(manager, [upgrade], options)
        else:
            _log_failure(manager, upgrades, range(len(upgrades)), error)
    else:
        if result.acknowledged and result.matched_count == len(upgrades):
            for base, request in upgrades:
                origin = base.document._origin
                yield from remember_stored(base.document, request.stored, origin, origin)


def _is_about_one(error: Exception) -> bool:
    """Whether one document, too large as a rule, is in the way of all."""
    return isinstance(error, _UNENCODABLE) or getattr(error, "code", None) == _TOO_LARGE


def _log_failure(
    manager: BaseManager[Any], upgrades: Sequence[_Upgrade], failed: Sequence[int], reason: object
) -> None:
    log.warning(
        "%r: %d of %d documents read in an older version could not be written back, the first _id %r: %s",
        manager.collection_name,
        len(failed),
        len(upgrades),
        upgrades[failed[0]][0].raw["_id"],
        reason,
    )


class WriteBack:
    """What a cursor has fetched: older documents in it are loaded and written back before their turn comes.

    Args:
        manager: The class that was asked for.
        load: Makes documents of raw ones.
        client_session: The driver's session that the reading call was given, or None.
    """

    def __init__(
        self, manager: BaseManager[Any], load: Callable[[RawDocument], Any], client_session: Any = None
    ) -> None:
        self.batch: deque[RawDocument] = deque()
        """Raw documents whose turn comes next."""
        self.at_once: int | None = None
        """How many documents are wanted; None for all there are."""
        self._manager = manager
        self._load = load
        self._client_session = client_session
        self._taken = 0
        # With the raw documents, so that none is freed and its id taken by another.
        self._loaded: dict[int, tuple[RawDocument, Any]] = {}

    def load(self, raw: RawDocument) -> Any:
        """Make a document of a raw one, unless that has been done."""
        found = self._loaded.pop(id(raw), None)
        return self._load(raw) if found is None else found[1]

    def reset(self) -> None:
        """Forget what was fetched."""
        self.batch.clear()
        self._taken = 0

    def fetch(self, cursor: Any) -> Flow[None]:
        """Take over the next batch of a driver's cursor, and write back what is older in it."""
        wanted = self.at_once
        self.batch.extend((yield from TakeBatch(cursor, 1)))
        more = max(0, cursor.retrieved - self._taken - len(self.batch))
        self.batch.extend((yield from TakeBatch(cursor, more if wanted is None else min(more, wanted - 1))))
        self._taken += len(self.batch)
        early = ((raw, self._early(raw)) for raw in self.batch)
        self._loaded = {id(raw): (raw, document) for raw, document in early if document is not None}
        documents = [document for _, document in self._loaded.values()]
        yield from write_back(self._manager, documents, self._client_session)

    def _early(self, raw: RawDocument) -> Any:
        """The document, unless it is of the newest version by its stamp."""
        if self._is_newest(raw):
            return None
        try:
            return self._load(raw)
        except Exception:  # noqa: BLE001 - a ``migrate`` may raise anything, and does so again in its turn
            return None

    def _is_newest(self, raw: RawDocument) -> bool:
        stamp = self._manager.chain.telling_stamp
        if stamp is None or self._manager.polymorphic_registry is not None:
            return False
        return same_constant(stamp[1], raw.get(stamp[0]))
