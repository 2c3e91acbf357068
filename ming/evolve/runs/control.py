"""The control collection: which runs there are, what they are about, and what is known of their outcome.

A run is one document. The unfinished one of a collection is marked active, and an index sees to it that
there is never a second. Ranges are in `ming.evolve.runs.lease`, refused documents in
`ming.evolve.runs.quarantine`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from bson import ObjectId
from pymongo import ReturnDocument
from pymongo.errors import DuplicateKeyError

from ming._flows.many import DeleteMany, FindOneAndUpdate
from ming._flows.operations import CreateIndex, FindOne, InsertOne, UpdateOne
from ming._types import Flow, RawDocument

__all__ = ["ControlCollection", "RunState", "abandon", "active_run", "begin", "latest_run", "set_state"]

RunState = Literal["running", "paused", "done", "abandoned"]


@dataclass(eq=False)
class ControlCollection:
    """The control collection as flows address it: a manager without a document class.

    Args:
        collection_name: Its name.
    """

    collection_name: str
    session: Any = None
    schema: Any = None
    indexes: Sequence[Any] = ()
    before_save: Any = None
    driver_options: Mapping[str, Any] = field(default_factory=dict)
    strict_read: bool = False

    @property
    def cls(self) -> type[Any]:
        """What sessions tell collections apart by."""
        return ControlCollection

    def make(self, data: Any, allow_extra: bool = False, strip_extra: bool = True) -> Any:
        """Records are used as they are stored."""
        return data

    def loader(self, allow_extra: bool = True, strip_extra: bool = True) -> Any:
        """Records are used as they are stored."""
        return self.make


_ACTIVE: Final = {"active": True}


def begin(control: ControlCollection, collection: str, about: Mapping[str, Any]) -> Flow[RawDocument | None]:
    """Begin a run of a collection.

    Args:
        control: The control collection.
        collection: Name of the collection that is migrated.
        about: What else the record says.

    Returns:
        The run's record, or None if another one is active.
    """
    yield from CreateIndex(
        control, [("collection", 1)], name="one_active_run", unique=True, partialFilterExpression=_ACTIVE
    )
    yield from CreateIndex(control, [("run", 1), ("kind", 1), ("pass", 1), ("number", 1)], name="by_run")
    record: RawDocument = {
        "_id": ObjectId(),
        "kind": "run",
        "collection": collection,
        "active": True,
        "state": "running",
        "pass": 1,
        "ranges": 0,
        "tally": {},
        **about,
    }
    try:
        yield from InsertOne(control, record)
    except DuplicateKeyError:
        return None
    # What earlier runs were cut into is of no use any more; their refused documents are kept.
    earlier = {"kind": "range", "collection": collection, "run": {"$ne": record["_id"]}}
    yield from DeleteMany(control, earlier)
    yield from UpdateOne(control, {"_id": record["_id"]}, {"$currentDate": {"started": True}})
    return record


def active_run(control: ControlCollection, collection: str) -> Flow[RawDocument | None]:
    """The unfinished run of a collection."""
    return (yield from FindOne(control, {"collection": collection, **_ACTIVE}))


def latest_run(control: ControlCollection, collection: str) -> Flow[RawDocument | None]:
    """The unfinished run of a collection, or else the last one."""
    query = {"collection": collection, "kind": "run"}
    return (yield from FindOne(control, query, sort=[("active", -1), ("started", -1)]))


def set_state(
    control: ControlCollection, query: Mapping[str, Any], state: RunState, **values: Any
) -> Flow[RawDocument | None]:
    """Change the state of an active run.

    Args:
        control: The control collection.
        query: Which run.
        state: What it is from now on.
        values: What else is recorded.

    Returns:
        The record, or None if no such run is active.
    """
    active = state in ("running", "paused")
    moment = "updated" if active else "finished"
    return (
        yield from FindOneAndUpdate(
            control,
            {**query, **_ACTIVE},
            {"$set": {"state": state, "active": active, **values}, "$currentDate": {moment: True}},
            return_document=ReturnDocument.AFTER,
        )
    )


def abandon(control: ControlCollection, record: RawDocument) -> Flow[None]:
    """Give a run up; its workers stop when they come to their next range."""
    yield from set_state(control, {"_id": record["_id"]}, "abandoned")
