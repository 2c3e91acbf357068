"""What a document remembers of the store: what it was read from, and in which version.

`ming._flows.rebase` stores the documents that do; `ming._flows.write_back` those that were just read.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from functools import partial
from typing import Any

from ming._base_manager import BaseManager
from ming._flows.undo import OnAbort
from ming._types import Flow
from ming._values import Origin
from ming.exc import MigrationError

__all__ = [
    "is_upgraded",
    "refuse_if_never",
    "refuse_run_if_never",
    "remember",
    "remember_stored",
    "remembers",
]


def remembers(document: Any) -> bool:
    """Whether a document knows the raw document it was read from."""
    return document._origin is not None and document._origin.snapshot is not None


def is_upgraded(document: Any) -> bool:
    """Whether a document was read in an older version and is not stored in the newest yet."""
    return document._origin is not None and document._origin.version is not None


def remember(document: Any, origin: Origin | None, before: Origin | None) -> Flow[None]:
    """Have a document remember something else from now on, or ``before`` if the transaction is aborted."""
    document._origin = origin
    yield from OnAbort(partial(object.__setattr__, document, "_origin", before))


def remember_stored(
    document: Any, stored: Mapping[str, Any], carried: Origin | None, before: Origin | None
) -> Flow[None]:
    """Note what is stored of a document.

    Args:
        document: The document.
        stored: Its stored form.
        carried: Holds what the document is to carry out of sight.
        before: What it goes back to remembering if that is not to last.
    """
    unknown = {} if carried is None else carried.unknown
    yield from remember(document, Origin(unknown, copy.deepcopy(dict(stored))), before)


def refuse_if_never(manager: BaseManager[Any], document: Any) -> None:
    """Refuse to store a document that was read in an older version, where its class says so.

    Raises:
        MigrationError: The class says ``on_load = 'never'``.
    """
    if is_upgraded(document) and manager.declaration.on_load == "never":
        origin = document._origin
        document_id = document["_id"] if "_id" in document else origin.snapshot.get("_id")
        message = (
            f"read as {origin.version.__name__}, and on_load = 'never': older versions are only read here"
        )
        raise MigrationError(message, manager.collection_name, document_id)


def refuse_run_if_never(manager: BaseManager[Any]) -> None:
    """Refuse to migrate a collection, where its class says so.

    Raises:
        MigrationError: The class says ``on_load = 'never'``.
    """
    if manager.older is not None and manager.declaration.on_load == "never":
        message = f"{manager.cls.__name__} says on_load = 'never': older versions are only read here"
        raise MigrationError(message, manager.collection_name)
