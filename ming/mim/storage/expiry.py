"""TTL indexes: documents whose time is over go.

The engine looks at the start of a command, at most once a second of its clock, so a store without such
indexes costs next to nothing.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final

from bson.datetime_ms import DatetimeMS

from ming.mim.storage.open_transactions import Busy
from ming.mim.storage.records import Collection
from ming.mim.storage.store import Store

__all__ = ["Expiry"]

_PERIOD: Final = timedelta(seconds=1)
_EPOCH: Final = datetime(1970, 1, 1)


class Expiry:
    """Deletes the expired documents of a store, now and then.

    Args:
        store: The store.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._looked: datetime | None = None
        self._next: datetime = datetime.max

    def run(self, now: datetime) -> None:
        """Delete what has expired, unless that was done less than a second ago.

        Args:
            now: The time.
        """
        if self._looked is not None and self._looked <= now < self._next:
            return
        self._looked, self._next = now, now + _PERIOD
        for database in self._store.databases():
            for collection in list(database.collections.values()):
                _expire(collection, now)


def _expire(collection: Collection, now: datetime) -> None:
    for index in list(collection.indexes.values()):
        if index.expires_after is not None:
            for record in sorted(index.dated_until(_moment(now, index.expires_after))):
                # What a transaction has written goes when that has ended.
                with suppress(Busy):
                    collection.remove(record)


def _moment(now: datetime, seconds: int) -> datetime | DatetimeMS:
    try:
        return now - timedelta(seconds=seconds)
    except OverflowError:
        return DatetimeMS((now - _EPOCH) // timedelta(milliseconds=1) - seconds * 1000)
