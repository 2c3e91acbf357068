"""Who works on which range: workers lease ranges for a while, by the server's clock.

Ranges are cut one after the other, each from where the stored one before it ends, so two workers never leave
a gap. A worker that shows no sign of life loses its range to another one; as every write of a run is guarded,
it does no harm if it wakes up again.
"""

from __future__ import annotations

import os
import socket
import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from pymongo import ReturnDocument
from pymongo.errors import DuplicateKeyError

from ming._flows.many import FindMany, FindOneAndUpdate, UpdateMany
from ming._flows.operations import FindOne, UpdateOne
from ming._types import Flow, ManagerLike, RawDocument
from ming._values import Missing
from ming.evolve.runs.control import ControlCollection
from ming.evolve.runs.progress import Tally
from ming.evolve.runs.ranges import Range, first_id, next_range

__all__ = ["Leases", "worker_name"]


def worker_name() -> str:
    """A name for one worker: where it runs, and something no other one has."""
    return f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"


@dataclass(frozen=True)
class Leases:
    """The ranges of one pass, as one worker sees them.

    Args:
        control: The control collection.
        run: The run's id.
        pass_number: The pass.
        manager: The class whose collection is cut into ranges.
        query: The documents that count when cutting.
        owner: Name of the worker.
        seconds: How long a lease lasts.
        range_size: How many documents make a range.
    """

    control: ControlCollection
    run: Any
    pass_number: int
    manager: ManagerLike[Any]
    query: Mapping[str, Any]
    owner: str
    seconds: float
    range_size: int

    def take(self) -> Flow[Range | None]:
        """Lease a range: a new one while there are any, then one that its worker left; None if all are taken."""
        taken = yield from self._take_new()
        return taken or (yield from self._take_left())

    def is_pass_done(self) -> Flow[bool]:
        """Whether every range of the pass is done."""
        left = yield from FindOne(self.control, {**self._pass, "done": False}, {"_id": 1})
        return left is None

    def extend(self, held: Range) -> Flow[None]:
        """Show a sign of life."""
        yield from UpdateOne(self.control, self._own(held), [{"$set": self._lease}])

    def complete(self, held: Range, tally: Tally) -> Flow[bool]:
        """Note that a range is done; return whether it was still this worker's."""
        update = {"$set": {"done": True, "tally": asdict(tally)}, "$unset": {"owner": "", "until": ""}}
        result = yield from UpdateOne(self.control, self._own(held), update)
        return bool(result.matched_count)

    def release(self) -> Flow[None]:
        """Give back whatever this worker holds, for others to begin at once.

        That includes a range whose claim was interrupted before it was answered.
        """
        mine = {**self._pass, "done": False, "owner": self.owner}
        yield from UpdateMany(self.control, mine, {"$unset": {"owner": "", "until": ""}})

    @property
    def _pass(self) -> dict[str, Any]:
        return {"run": self.run, "kind": "range", "pass": self.pass_number}

    @property
    def _lease(self) -> dict[str, Any]:
        return {"owner": self.owner, "until": {"$add": ["$$NOW", int(self.seconds * 1000)]}}

    def _own(self, held: Range) -> dict[str, Any]:
        return {"_id": self._id_of(held.number), "owner": self.owner, "done": False}

    def _id_of(self, number: int) -> str:
        return f"{self.run}/{self.pass_number}/{number}"

    def _take_new(self) -> Flow[Range | None]:
        while True:
            cut = yield from self._cut()
            if cut is None:
                return None
            # That the range is there already, and has no document this matches, is a duplicate key.
            absent = {"_id": self._id_of(cut.number), "done": {"$exists": False}}
            values = {**self._pass, "collection": self.manager.collection_name, "done": False, **_stored(cut)}
            record = {**{name: {"$literal": value} for name, value in values.items()}, **self._lease}
            try:
                yield from FindOneAndUpdate(self.control, absent, [{"$set": record}], upsert=True)
            except DuplicateKeyError:
                # Another worker cut it, maybe elsewhere: go on from there.
                continue
            return cut

    def _cut(self) -> Flow[Range | None]:
        """The next range, from where the last stored one ends."""
        query = self._pass
        found = yield from FindMany(self.control, query, sort=[("number", -1)], limit=1)
        if found:
            last = _read(found[0])
            number, lower = last.number + 1, last.following
        else:
            number, lower = 0, (yield from first_id(self.manager, self.query))
        if lower is Missing:
            return None
        return (yield from next_range(self.manager, self.query, number, lower, self.range_size))

    def _take_left(self) -> Flow[Range | None]:
        # A worker's own is one whose claim was sent twice, because the answer to the first was lost.
        mine = {"$eq": ["$owner", self.owner]}
        expired = {"$lte": ["$until", "$$NOW"]}
        left = {**self._pass, "done": False, "$expr": {"$or": [mine, expired]}}
        found = yield from FindOneAndUpdate(
            self.control,
            left,
            [{"$set": self._lease}],
            sort=[("number", 1)],
            return_document=ReturnDocument.AFTER,
        )
        return None if found is None else _read(found)


def _stored(cut: Range) -> dict[str, Any]:
    bounds = {"lower": cut.lower, "upper": cut.upper, "following": cut.following}
    return {"number": cut.number, **{name: value for name, value in bounds.items() if value is not Missing}}


def _read(record: RawDocument) -> Range:
    upper, following = record.get("upper", Missing), record.get("following", Missing)
    return Range(record["number"], record["lower"], upper, following)
