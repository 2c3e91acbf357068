"""What a session's objects were before a transaction, to go back to if that is aborted."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING
from weakref import ref

from ming.odm.base import ObjectState, state

if TYPE_CHECKING:
    from ming._transactions import Ambient
    from ming.odm.tracking import TrackingSession

__all__ = ["Memory"]


class Memory:
    """Remembers the tracked objects, and others from when they are first changed.

    The transaction holds it, so it goes when that ends.

    Args:
        session: The session.
        running: The transaction.
    """

    def __init__(self, session: TrackingSession, running: Ambient) -> None:
        self._session = session
        self._uow, self._imap = session.uow, session.imap
        self._running = ref(running)
        self._tracked = list(session.uow)
        self._put_back: dict[ObjectState, Callable[[], None]] = {}
        for own in session.uow.states():
            self.add(own)
        running.on_abort(self._restore)

    def is_of(self, running: Ambient) -> bool:
        """Whether it belongs to a transaction."""
        return self._running() is running

    def add(self, own: ObjectState) -> None:
        """Remember an object, if that has not been done."""
        if own not in self._put_back:
            self._put_back[own] = own.remember()

    def _restore(self) -> None:
        tracked = self._uow.states()
        self._uow.clear()
        self._imap.clear()
        for put_back in self._put_back.values():
            put_back()
        for own in {*tracked, *self._put_back}:
            if own.session is self._session:
                own.session = None
        for obj in self._tracked:
            self._uow.save(obj)
            self._imap.save(obj)
            state(obj).session = self._session
