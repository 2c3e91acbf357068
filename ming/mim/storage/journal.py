"""The journal: what a command changed, in order, for those who keep or follow the changes.

Collections and databases note every change as they make it. When a command is done, the store hands the
changes to its followers (a file, change streams); inside a transaction they are held back until it commits.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal, NamedTuple

__all__ = ["Change", "Follower", "Kind"]

Kind = Literal[
    "insert",
    "update",
    "replace",
    "delete",
    "create",
    "drop",
    "rename",
    "dropDatabase",
    "createIndex",
    "dropIndex",
    "options",
]


class Change(NamedTuple):
    """One change of a store.

    ``target`` is the `ming.mim.storage.records.Collection`, or the `ming.mim.storage.store.Database` that was
    dropped. ``record``, ``before`` and ``after`` are, for documents: the record's number and the whole
    documents, None where there is none; for indexes: None and the `ming.mim.storage.indexes.Index`; for
    options: None and the options; for a rename: None and the namespaces; otherwise None. What is dropped or
    renamed has, as its record, its place among its like. Documents must not be changed by followers.
    """

    kind: Kind
    target: Any
    record: int | None = None
    before: Any = None
    after: Any = None


Follower = Callable[[Sequence[Change]], None]
"""Gets the changes of one command or of one committed transaction, in order.

If it raises an error, they are taken back and the command fails with that error.
"""
