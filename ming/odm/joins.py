"""How a relation finds its other side: by a foreign id, or a list of them, on either class.

A join says what to ask for (`Join.query`), which of the objects found belong to whom (`Join.distribute`) and
what assigning a relation changes (`Join.assign`). All of it is decided here and performed by a session.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Final

from ming._flows.operations import Operation
from ming._values import Missing
from ming.odm.base import ObjectState, state
from ming.odm.identity_map import hashable
from ming.odm.registry import mapper_of

if TYPE_CHECKING:
    from ming._types import Flow
    from ming.odm.foreign_ids import ForeignIdProperty

__all__ = [
    "FindObjects",
    "Found",
    "Join",
    "ManyToManyListJoin",
    "ManyToOneJoin",
    "OneToManyJoin",
    "related",
]

_BATCH: Final = 1000
"""Ids per query."""

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


def id_of(of: Any) -> Any:
    """Return the ``_id`` of an object, or an ``_id`` itself."""
    return of._id if hasattr(of, "__ming__") else of


class Join:
    """One way for the objects of two classes to be related.

    Args:
        own_cls: The class that has the relation.
        rel_cls: The class at the other side.
        prop: The foreign id, of either class.
    """

    is_list: ClassVar[bool] = True
    """Whether an object is related to several."""
    asks_other_side: ClassVar[bool] = False
    """Whether it is the objects at the other side that hold the foreign ids."""

    def __init__(self, own_cls: type[Any], rel_cls: type[Any], prop: ForeignIdProperty) -> None:
        self.own_cls = own_cls
        self.rel_cls = rel_cls
        self.prop = prop

    @property
    def field(self) -> str:
        """The field of the other side's documents that is asked for."""
        return "_id"

    @property
    def foreign(self) -> str:
        """The field that holds the foreign id."""
        return str(self.prop.name)

    def keys(self, own: ObjectState) -> list[Any]:
        """Return the values of `field` that belong to an object."""
        raise NotImplementedError

    def query(self, keys: Sequence[Any]) -> dict[str, Any]:
        """Return the filter for what belongs to some keys."""
        return {self.field: keys[0]} if len(keys) == 1 else {self.field: {"$in": list(keys)}}

    def distribute(
        self, own: Sequence[ObjectState], found: Iterable[Found], pending: Iterable[Any]
    ) -> list[list[Any]]:
        """Return what belongs to each object.

        Args:
            own: The states of the objects.
            found: What is stored.
            pending: Tracked objects of the other class with changes that are not stored yet.
        """
        owners: dict[Any, list[Any]] = {}
        for obj, value in self._in_memory(found, pending):
            for key in dict.fromkeys(map(hashable, value if isinstance(value, list) else [value])):
                owners.setdefault(key, []).append(obj)
        return [
            list({id(obj): obj for key in self.keys(each) for obj in owners.get(hashable(key), ())}.values())
            for each in own
        ]

    def _in_memory(self, found: Iterable[Found], pending: Iterable[Any]) -> Iterable[Found]:
        """What is found, with the values it has in memory where these are about to be stored."""
        return found

    def assign(self, own: ObjectState, value: Any, current: Iterable[Any]) -> Flow[None]:
        """Relate an object to others.

        Args:
            own: The object's state.
            value: What it is to be related to: an object, or several.
            current: What it is related to now.
        """
        raise NotImplementedError

    # -- for one object, by hand

    def iterator(self, instance: Any) -> Any:
        """Return a cursor over what an object is related to."""
        own = state(instance)
        keys = self.keys(own)
        query = self.query(keys) if keys else {"_id": {"$in": []}}
        return self.session_for(own).find(self.rel_cls, query)

    def load(self, instance: Any) -> Any:
        """Return what an object is related to: an object or None, or a list."""
        own = state(instance)
        session = self.session_for(own)
        (found,) = session.perform(related(session, self, [own]))
        return found if self.is_list else next(iter(found), None)

    def set(self, instance: Any, value: Any) -> None:
        """Relate an object to others; nothing is stored until the flush."""
        own = state(instance)
        session = self.session_for(own)
        session.perform(self._assigned(session, own, value))

    def _assigned(self, session: Any, own: ObjectState, value: Any) -> Flow[None]:
        current: Iterable[Any] = ()
        if self.asks_other_side:
            (current,) = yield from related(session, self, [own])
        yield from self.assign(own, value, current)

    def session_for(self, own: ObjectState) -> Any:
        """Return the session that finds the other side: the object's own, or that of the class there."""
        return own.session if own.session is not None else mapper_of(self.rel_cls).session

    def _objects(self, values: Iterable[Any]) -> Flow[list[Any]]:
        """The objects among values that may also be ids."""
        objects = []
        for value in values:
            if hasattr(value, "__ming__"):
                objects.append(value)
                continue
            found = yield from FindObjects(self.rel_cls, {"_id": value}, "_id")
            if not found:
                raise AttributeError(f"no {self.rel_cls.__name__} has the _id {value!r}")
            objects.append(found[0][0])
        return objects


class ManyToOneJoin(Join):
    """The object holds the ``_id`` of the one it belongs to."""

    is_list = False

    def keys(self, own: ObjectState) -> list[Any]:
        """Return the foreign id, unless there is none."""
        value = dict.get(own.document, self.foreign)
        return [] if value is None and not self.prop.allow_none else [value]

    def assign(self, own: ObjectState, value: Any, current: Iterable[Any]) -> Flow[None]:
        """Set the foreign id."""
        setattr(own.instance, self.foreign, None if value is None else value._id)
        yield from ()


class _FromOtherSide(Join):
    """The objects at the other side hold this one's ``_id``."""

    asks_other_side = True

    @property
    def field(self) -> str:
        """The foreign id."""
        return self.foreign

    def keys(self, own: ObjectState) -> list[Any]:
        """Return the object's own ``_id``."""
        value = dict.get(own.document, "_id", Missing)
        return [] if value is Missing else [value]

    def _in_memory(self, found: Iterable[Found], pending: Iterable[Any]) -> Iterable[Found]:
        waiting = {id(obj): obj for obj in pending if isinstance(obj, self.rel_cls)}
        for obj, value in found:
            if waiting.pop(id(obj), None) is not None:
                value = dict.get(state(obj).document, self.foreign)
            yield obj, value
        for obj in waiting.values():
            yield obj, dict.get(state(obj).document, self.foreign)


class OneToManyJoin(_FromOtherSide):
    """Others hold the object's ``_id``."""

    def assign(self, own: ObjectState, value: Any, current: Iterable[Any]) -> Flow[None]:
        """Set the foreign id of those given, and take it from those that have it now."""
        wanted = yield from self._objects(value)
        for obj in current:
            if not any(obj is each for each in wanted):
                setattr(obj, self.foreign, None)
        for obj in wanted:
            setattr(obj, self.foreign, own.instance._id)


class ManyToManyListJoin(Join):
    """One side holds a list of the other side's ids.

    Args:
        own_cls: The class that has the relation.
        rel_cls: The class at the other side.
        prop: The list of foreign ids.
        detains_list: Whether it is the own class that holds the list.
    """

    def __new__(
        cls, own_cls: type[Any], rel_cls: type[Any], prop: ForeignIdProperty, detains_list: bool = True
    ) -> ManyToManyListJoin:
        return super().__new__(cls if detains_list or cls is not ManyToManyListJoin else _ListAtOtherSide)

    def __init__(
        self, own_cls: type[Any], rel_cls: type[Any], prop: ForeignIdProperty, detains_list: bool = True
    ) -> None:
        super().__init__(own_cls, rel_cls, prop)
        self.detains_list = detains_list

    def keys(self, own: ObjectState) -> list[Any]:
        """Return the ids in the list."""
        return list(dict.get(own.document, self.foreign) or ())

    def assign(self, own: ObjectState, value: Any, current: Iterable[Any]) -> Flow[None]:
        """Set the list of ids."""
        setattr(own.instance, self.foreign, [id_of(each) for each in value])
        yield from ()


class _ListAtOtherSide(_FromOtherSide, ManyToManyListJoin):
    """The other side holds lists with the object's ``_id``."""

    def assign(self, own: ObjectState, value: Any, current: Iterable[Any]) -> Flow[None]:
        """Put the ``_id`` into the lists of those given, and take it out of all others."""
        own_id = own.instance._id
        wanted = yield from self._objects(value)
        for obj in current:
            if not any(obj is each for each in wanted):
                setattr(obj, self.foreign, [each for each in getattr(obj, self.foreign) if each != own_id])
        for obj in wanted:
            ids = getattr(obj, self.foreign)
            if own_id not in ids:
                ids.append(own_id)


def related(session: Any, join: Join, own: Sequence[ObjectState]) -> Flow[list[list[Any]]]:
    """Return what is at the other side of each object."""
    keys = _distinct(key for each in own for key in join.keys(each))
    found: list[Found] = []
    if isinstance(join, ManyToOneJoin):
        tracked = {key: session.imap.get(join.rel_cls, value) for key, value in keys.items()}
        found = [(obj, keys[key]) for key, obj in tracked.items() if obj is not None]
        keys = {key: value for key, value in keys.items() if tracked[key] is None}
    for batch in _batches(list(keys.values())):
        found += yield from FindObjects(join.rel_cls, join.query(batch), join.field)
    return join.distribute(own, found, [*session.uow.new, *session.uow.dirty])


def _distinct(keys: Iterable[Any]) -> dict[Any, Any]:
    return {hashable(key): key for key in keys}


def _batches(keys: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for start in itertools.count(0, _BATCH):
        batch = keys[start : start + _BATCH]
        if not batch:
            return
        yield batch
