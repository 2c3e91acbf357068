"""What is at the other side of a join: asked for many objects at once, and kept true without asking again.

`related` answers for a whole batch of objects in one query; `followed` brings an answer up to date with what
changed in the session's memory since. Both judge by `ming.odm.joins.Join`; who keeps answers is
`ming.odm.relations`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from ming._flows.operations import Operation
from ming.odm.base import ObjectState, state
from ming.odm.identity_map import hashable
from ming.odm.journal import Journal, keys_in
from ming.odm.latent import is_latent

if TYPE_CHECKING:
    from ming._types import Flow
    from ming.odm.joins import Join

__all__ = ["FindObjects", "Found", "followed", "related"]

_BATCH: Final = 1000
"""Keys per query, as far as one object alone has no more."""

Found = tuple[Any, Any]
"""An object, and the stored value of the field that was asked for."""


class FindObjects(Operation[list[Found]]):
    """Find the objects of a class that match, each with the stored value of one field.

    Args:
        cls: The mapped class.
        query: The filter.
        name: The field.
    """

    __slots__ = ("cls", "name", "query")

    def __init__(self, cls: type[Any], query: Mapping[str, Any], name: str) -> None:
        self.cls = cls
        self.query = query
        self.name = name

    def __repr__(self) -> str:
        return f"FindObjects({self.cls.__name__}, {self.query!r}, {self.name!r})"

    def perform(self, session: Any) -> list[Found]:
        """Ask a synchronous session."""
        found: list[Found] = session.find_with_values(self.cls, self.query, self.name)
        return found

    async def aperform(self, session: Any) -> list[Found]:
        """Ask an asynchronous session."""
        found: list[Found] = await session.find_with_values(self.cls, self.query, self.name)
        return found


def related(session: Any, join: Join, wanted_by_each: Iterable[list[Any]]) -> Flow[list[list[Any]]]:
    """Return what is at the other side of each object, in the order in which the server gave it.

    Changes that are not stored yet count: an object that has been given another foreign id is where that says.

    Args:
        session: The session to find it in.
        join: How the classes are joined.
        wanted_by_each: The keys of each object, as `Join.keys` says.
    """
    results: list[list[Any]] = []
    journal = session.uow.journal(join.watched)
    for wanted in _batches(wanted_by_each):
        keys = {hashable(key): key for each in wanted for key in each}
        tracked = join.tracked(session, keys)
        found = [(obj, keys[name]) for name, obj in tracked.items()]
        asked = [key for name, key in keys.items() if name not in tracked]
        if asked:
            found += yield from FindObjects(join.rel_cls, join.query(asked), join.field)
        pending = [each for each in journal.holding(keys) if each.status in _PENDING]
        results += _distributed(wanted, _in_memory(join, found, pending))
    return results


_PENDING: Final = (ObjectState.new, ObjectState.dirty)


def _batches(wanted: Iterable[list[Any]]) -> Iterator[list[list[Any]]]:
    """The keys of objects that are asked for together; those of one object are never torn apart."""
    batch: list[list[Any]] = []
    size = 0
    for keys in wanted:
        if batch and size + len(keys) > _BATCH:
            yield batch
            batch, size = [], 0
        batch.append(keys)
        size += len(keys)
    if batch:
        yield batch


def _in_memory(join: Join, found: Iterable[Found], pending: Iterable[ObjectState]) -> Iterator[Found]:
    """What is found, then what is going to be, with the values that are about to be stored."""
    for obj, stored in found:
        if is_latent(obj) or (own := state(obj)).status == ObjectState.clean:
            yield obj, stored
        else:
            yield obj, dict.get(own.document, join.field)
    for own in pending:
        if isinstance(own.instance, join.rel_cls):
            yield own.instance, dict.get(own.document, join.field)


def _distributed(wanted: Sequence[list[Any]], found: Iterable[Found]) -> list[list[Any]]:
    """What belongs to each object, by the keys it wants."""
    by_key: dict[Any, dict[int, Any]] = {}
    order: dict[int, Any] = {}
    for obj, value in found:
        identity = id(obj)
        order[identity] = obj
        if value.__class__ is not list and value.__hash__ is not None:
            by_key.setdefault(value, {})[identity] = obj
        else:
            for key in keys_in(value):
                by_key.setdefault(key, {})[identity] = obj
    nobody: dict[int, Any] = {}
    results = []
    for keys in wanted:
        if len(keys) == 1:
            results.append([*by_key.get(hashable(keys[0]), nobody).values()])
        else:
            chosen = set().union(*(by_key.get(hashable(key), nobody) for key in keys))
            results.append([obj for identity, obj in order.items() if identity in chosen])
    return results


def followed(
    join: Join, own: ObjectState, objects: Sequence[Any], journal: Journal, position: int
) -> list[Any]:
    """Return what is at the other side of an object after changes in memory.

    Args:
        join: How the classes are joined.
        own: The object's state.
        objects: What was there before the changes.
        journal: Who changed.
        position: The journal's length then.
    """
    wanted = {hashable(key) for key in join.keys(own)}
    there = {
        each: _is_there(each) and isinstance(each.instance, join.rel_cls) for each in journal.holding(wanted)
    }
    kept = {
        id(obj): obj
        for obj in objects
        if not journal.has_changed(state(obj), position) or there.get(state(obj), False)
    }
    kept.update(
        (id(each.instance), each.instance)
        for each, is_there in there.items()
        if is_there and journal.has_changed(each, position)
    )
    return list(kept.values())


def _is_there(own: ObjectState) -> bool:
    """Whether an object is in the database, or is going to be."""
    return not own.gone and (own.status != ObjectState.new or own.session is not None)
