"""The journal: what a command changed, in order, for those who keep or follow the changes.

Collections and databases note every change as they make it. When a command is done, the store hands the
changes to its followers (a file, change streams); inside a transaction they are held back until it commits.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

if TYPE_CHECKING:
    from ming.mim.store import Collection, Database

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

    ``record``, ``before`` and ``after`` are, for documents: the record's number and the whole documents, None
    where there is none; for indexes: None and the `ming.mim.indexes.Index`; for options: None and the options;
    for a rename: None and the namespaces; otherwise None. Documents must not be changed by followers.
    """

    kind: Kind
    target: Collection | Database
    record: int | None = None
    before: Any = None
    after: Any = None


Follower = Callable[[Sequence[Change]], None]
"""Gets the changes of one command or of one committed transaction, in order."""
