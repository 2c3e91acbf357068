"""How a relation finds its other side: by a foreign id, or a list of them, on either class.

A join says which keys lead from an object to the other side and what assigning a relation changes. What it
finds is gathered by `ming.odm.related`; which join a relation has is inferred in `ming.odm.relations`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from ming._values import Missing
from ming.odm.base import ObjectState, state
from ming.odm.identity_map import hashable
from ming.odm.registry import mapper_of
from ming.odm.related import FindObjects, related

if TYPE_CHECKING:
    from ming._types import Flow
    from ming.odm.foreign_ids import ForeignIdProperty
    from ming.odm.mapper import Mapper

__all__ = ["Join", "ManyToManyListJoin", "ManyToOneJoin", "OneToManyJoin"]


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

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.own_cls.__name__} -> {self.rel_cls.__name__} by {self.foreign}>"

    @property
    def field(self) -> str:
        """The field of the other side's documents that is asked for."""
        return "_id"

    @cached_property
    def foreign(self) -> str:
        """The field that holds the foreign id."""
        return str(self.prop.name)

    @property
    def watched(self) -> tuple[Mapper[Any], str]:
        """The family and the field whose changes in memory change what is found."""
        return mapper_of(self.rel_cls).root, self.field

    def keys(self, own: ObjectState) -> list[Any]:
        """Return the values of `field` that belong to an object."""
        raise NotImplementedError

    def query(self, keys: Sequence[Any]) -> dict[str, Any]:
        """Return the filter for what belongs to some keys."""
        return {self.field: keys[0]} if len(keys) == 1 else {self.field: {"$in": list(keys)}}

    def tracked(self, session: Any, keys: Iterable[Any]) -> dict[Any, Any]:
        """Return the objects that a session has for keys, which are hashable, where they answer for the server."""
        return {}

    def assign(self, own: ObjectState, value: Any, current: Iterable[Any]) -> Flow[list[Any]]:
        """Relate an object to others.

        Args:
            own: The object's state.
            value: What it is to be related to: an object or None, or several objects or ids.
            current: What it is related to now.

        Returns:
            The objects among what was given.
        """
        raise NotImplementedError

    def detach(self, obj: Any, own_ids: Sequence[Any]) -> None:
        """Have an object at the other side hold none of some ``_id``s."""
        raise NotImplementedError

    # -- for one object, by hand

    def iterator(self, instance: Any) -> Any:
        """Return a cursor over what an object is related to; where that is one, a list of it."""
        if not self.is_list:
            return [self.load(instance)]
        own = state(instance)
        keys = self.keys(own)
        query = self.query(keys) if keys else {"_id": {"$in": []}}
        return self.session_for(own).find(self.rel_cls, query)

    def load(self, instance: Any) -> Any:
        """Return what an object is related to: an object or None, or a list."""
        own = state(instance)
        session = self.session_for(own)
        (found,) = session.perform(related(session, self, [self.keys(own)]))
        return found if self.is_list else next(iter(found), None)

    def set(self, instance: Any, value: Any) -> None:
        """Relate an object to others; nothing is stored until the flush."""
        own = state(instance)
        session = self.session_for(own)
        session.perform(self._assigned(session, own, value))

    def _assigned(self, session: Any, own: ObjectState, value: Any) -> Flow[None]:
        current: Iterable[Any] = ()
        if self.asks_other_side:
            (current,) = yield from related(session, self, [self.keys(own)])
        yield from self.assign(own, value, current)

    def session_for(self, own: ObjectState) -> Any:
        """Return the session that finds the other side: the object's own, or that of the class there."""
        return own.session if own.session is not None else mapper_of(self.rel_cls).session

    def _objects(self, own: ObjectState, values: Iterable[Any]) -> Flow[list[Any]]:
        """The objects among values that may also be ids; those are looked up, all at once."""
        given = list(values)
        imap = self.session_for(own).imap
        by_id = {hashable(each): imap.get(self.rel_cls, each) for each in given if not _is_object(each)}
        unknown = [each for each in given if not _is_object(each) and by_id[hashable(each)] is None]
        if unknown:
            found = yield from FindObjects(self.rel_cls, {"_id": {"$in": unknown}}, "_id")
            by_id.update((hashable(document_id), obj) for obj, document_id in found)
        for each in unknown:
            if by_id[hashable(each)] is None:
                raise AttributeError(f"no {self.rel_cls.__name__} has the _id {each!r}")
        return [each if _is_object(each) else by_id[hashable(each)] for each in given]


def _is_object(value: Any) -> bool:
    return hasattr(value, "__ming__")


class ManyToOneJoin(Join):
    """The object holds the ``_id`` of the one it belongs to."""

    is_list = False

    def keys(self, own: ObjectState) -> list[Any]:
        """Return the foreign id, unless there is none."""
        value = dict.get(own.document, self.foreign)
        return [] if value is None and not self.prop.allow_none else [value]

    def tracked(self, session: Any, keys: Iterable[Any]) -> dict[Any, Any]:
        """Return the objects that a session has with the ``_id``s, as `ODMSession.get` does."""
        family = session.imap.family(mapper_of(self.rel_cls).root)
        return {key: family[key] for key in keys if key in family} if family else {}

    def assign(self, own: ObjectState, value: Any, current: Iterable[Any]) -> Flow[list[Any]]:
        """Set the foreign id."""
        setattr(own.instance, self.foreign, None if value is None else value._id)
        return [] if value is None else [value]
        yield


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

    def assign(self, own: ObjectState, value: Any, current: Iterable[Any]) -> Flow[list[Any]]:
        """Have those given hold the ``_id``, and those no longer that hold it now."""
        wanted = yield from self._objects(own, value)
        own_id = own.instance._id
        chosen = set(map(id, wanted))
        for obj in current:
            if id(obj) not in chosen:
                self.detach(obj, [own_id])
        for obj in wanted:
            self.attach(obj, own_id)
        return wanted

    def attach(self, obj: Any, own_id: Any) -> None:
        """Have an object at the other side hold an ``_id``."""
        raise NotImplementedError


class OneToManyJoin(_FromOtherSide):
    """Others hold the object's ``_id``."""

    def attach(self, obj: Any, own_id: Any) -> None:
        """Set the foreign id."""
        setattr(obj, self.foreign, own_id)

    def detach(self, obj: Any, own_ids: Sequence[Any]) -> None:
        """Set the foreign id to None."""
        setattr(obj, self.foreign, None)


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
        is_ours = detains_list or cls is not ManyToManyListJoin
        made: ManyToManyListJoin = object.__new__(cls if is_ours else _ListAtOtherSide)
        return made

    def __init__(
        self, own_cls: type[Any], rel_cls: type[Any], prop: ForeignIdProperty, detains_list: bool = True
    ) -> None:
        super().__init__(own_cls, rel_cls, prop)
        self.detains_list = detains_list

    def keys(self, own: ObjectState) -> list[Any]:
        """Return the ids in the list."""
        return list(dict.get(own.document, self.foreign) or ())

    def assign(self, own: ObjectState, value: Any, current: Iterable[Any]) -> Flow[list[Any]]:
        """Set the list of ids."""
        given = list(value)
        setattr(own.instance, self.foreign, [each._id if _is_object(each) else each for each in given])
        return [each for each in given if _is_object(each)]
        yield


class _ListAtOtherSide(_FromOtherSide, ManyToManyListJoin):
    """The other side holds lists with the object's ``_id``."""

    def attach(self, obj: Any, own_id: Any) -> None:
        """Add the ``_id`` to the list."""
        if own_id not in getattr(obj, self.foreign):
            getattr(obj, self.foreign).append(own_id)

    def detach(self, obj: Any, own_ids: Sequence[Any]) -> None:
        """Take the ``_id``s out of the list."""
        setattr(obj, self.foreign, [each for each in getattr(obj, self.foreign) if each not in own_ids])
