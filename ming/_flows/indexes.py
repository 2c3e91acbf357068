"""Creating the indexes that a class declares."""

from __future__ import annotations

import logging
from typing import Any, Final

from pymongo.errors import ConnectionFailure, NotPrimaryError

from ming._flows.operations import CreateIndex
from ming._types import Flow, ManagerLike
from ming.exc import MongoGone

__all__ = ["create_declared_indexes"]

log: Final = logging.getLogger("ming.session")


def create_declared_indexes(manager: ManagerLike[Any]) -> Flow[None]:
    """Create a class's indexes; on a member of a replica set that is read-only, leave it at a log entry."""
    try:
        for index in manager.indexes:
            # ``background`` means nothing to current servers, and is promised to be sent all the same.
            yield from CreateIndex(manager, index.index_spec, background=True, **index.index_options)
    except (ConnectionFailure, MongoGone) as error:
        if not _is_read_only(error):
            raise
        log.info("No indexes for %s: not connected to a primary", manager.collection_name)


def _is_read_only(error: Exception) -> bool:
    # Servers before MongoDB 5.0 said "not master".
    return isinstance(error, NotPrimaryError) or error.args[:1] == ("not master",)
