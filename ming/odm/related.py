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


def related(session: Any, join: Join, own: Sequence[ObjectState]) -> Flow[list[list[Any]]]:
    """Return what is at the other side of each object, in the order in which the server gave it.

    Changes that are not stored yet count: an object that has been given another foreign id is where that says.

    Args:
        session: The session to find it in.
        join: How the classes are joined.
        own: The objects' states.
    """
    results: list[list[Any]] = []
    journal = session.uow.journal(join.watched)
    for batch in _batches(join, own):
        keys = {hashable(key): key for each in batch for key in join.keys(each)}
        tracked = {name: join.tracked(session, key) for name, key in keys.items()}
        found = [(obj, keys[name]) for name, obj in tracked.items() if obj is not None]
        asked = [key for name, key in keys.items() if tracked[name] is None]
        if asked:
            found += yield from FindObjects(join.rel_cls, join.query(asked), join.field)
        pending = [each for each in journal.holding(keys) if each.status in _PENDING]
        results += _distributed(join, batch, _in_memory(join, found, pending))
    return results


_PENDING: Final = (ObjectState.new, ObjectState.dirty)


def _batches(join: Join, own: Sequence[ObjectState]) -> Iterator[list[ObjectState]]:
    """Objects that are asked for together; the keys of one object are never torn apart."""
    batch: list[ObjectState] = []
    size = 0
    for each in own:
        count = len(join.keys(each))
        if batch and size + count > _BATCH:
            yield batch
            batch, size = [], 0
        batch.append(each)
        size += count
    if batch:
        yield batch


def _in_memory(join: Join, found: Iterable[Found], pending: Iterable[ObjectState]) -> Iterator[Found]:
    """What is found, then what is going to be, with the values that are about to be stored."""
    for obj, stored in found:
        own = state(obj)
        yield obj, stored if own.status == ObjectState.clean else dict.get(own.document, join.field)
    for own in pending:
        if isinstance(own.instance, join.rel_cls):
            yield own.instance, dict.get(own.document, join.field)


def _distributed(join: Join, own: Sequence[ObjectState], found: Iterable[Found]) -> list[list[Any]]:
    """What belongs to each object."""
    results: list[dict[int, Any]] = [{} for _ in own]
    wanting: dict[Any, list[dict[int, Any]]] = {}
    for each, result in zip(own, results, strict=True):
        for key in join.keys(each):
            wanting.setdefault(hashable(key), []).append(result)
    for obj, value in found:
        for key in keys_in(value):
            for result in wanting.get(key, ()):
                result[id(obj)] = obj
    return [list(result.values()) for result in results]


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
