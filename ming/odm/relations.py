"""Relations: properties that stand for the objects at the other side of a foreign id.

Reading a relation of one object loads it for all objects that came in the same result (`ming.odm.prefetch`).
What was loaded is kept with each object, and follows what changes in memory: foreign ids, new objects, deleted
ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from ming._values import Missing
from ming.exc import AmbiguousJoin, NoJoin, ORMError
from ming.odm.base import ObjectState, Tracker, state
from ming.odm.fields import ORMProperty
from ming.odm.foreign_ids import ForeignIdProperty
from ming.odm.icollection import InstrumentedList
from ming.odm.joins import Join, ManyToManyListJoin, ManyToOneJoin, OneToManyJoin
from ming.odm.journal import Journal
from ming.odm.prefetch import load
from ming.odm.registry import mapper_of
from ming.odm.related import followed

if TYPE_CHECKING:
    from ming._types import Flow
    from ming.odm.mapper import Mapper
    from ming.odm.unit_of_work import Tenure

__all__ = ["ManyToManyListTracker", "OneToManyTracker", "RelationProperty"]

Cascade = Literal["delete", "nullify"]


class OneToManyTracker(Tracker):
    """Refuses to change a list of related objects: it is what a query found."""

    __slots__ = ()

    def __init__(self) -> None:
        """It has no state to tell."""

    def changing(self) -> None:
        """Refuse.

        Raises:
            TypeError: Always; assign the relation, or change the foreign ids.
        """
        raise TypeError("read-only")

    def soil(self) -> None:
        """Refuse; see `changing`."""
        self.changing()


class ManyToManyListTracker(OneToManyTracker):
    """Refuses to change a list of related objects."""

    __slots__ = ()


_READ_ONLY: Final = OneToManyTracker()


class _Basis(NamedTuple):
    """What it depends on that a loaded relation is still true."""

    keys: list[Any]
    """The values that lead from the object to the other side."""
    journal: Journal
    """Who changed at the other side."""
    position: int
    """As far as the journal has been heeded."""


class RelationProperty(ORMProperty):
    """The objects, or the object, at the other side of a foreign id.

    Args:
        related: The class at the other side, or its name.
        via: The name of the foreign id, or a pair of it and whether it is this class's.
        fetch: Whether reading gives objects; else it gives a cursor, or a list of one.
        cascade: What becomes of related objects when an object is deleted: they are deleted, too, or the
            foreign id is taken from them (``nullify``); by default nothing.

    Raises:
        ValueError: There is no such cascade.
    """

    include_in_repr = False

    def __init__(
        self,
        related: type[Any] | str,
        via: str | tuple[str, bool] | None = None,
        fetch: bool = True,
        cascade: Cascade | None = None,
    ) -> None:
        if cascade not in (None, "delete", "nullify"):
            raise ValueError(f"cascade={cascade!r}, expected None, 'delete' or 'nullify'")
        self._related = related
        self.via: str | None
        self.via_property_owner: bool | None
        self.via, self.via_property_owner = via if isinstance(via, tuple) else (via, None)
        self.fetch = fetch
        self.cascade = cascade
        self._join: Join | None = None

    def __copy__(self) -> RelationProperty:
        # A subclass's copy finds its join from its own class.
        made = type(self).__new__(type(self))
        vars(made).update(vars(self), _join=None)
        return made

    # -- the other side

    @property
    def related(self) -> type[Any]:
        """The class at the other side.

        Raises:
            KeyError: No mapped class is of the name.
        """
        self._related = self._class_of(self._related)
        return self._related

    @property
    def join(self) -> Join:
        """How the two classes are joined.

        Raises:
            AmbiguousJoin: Several foreign ids could be meant.
            NoJoin: There is none.
            ORMError: It is to be taken from the other side by ``cascade``, and is at this one.
        """
        if self._join is None:
            self._join = self._inferred()
            if self.cascade == "nullify" and not self._join.asks_other_side:
                raise ORMError(f"{self!r}: nullify is for foreign ids at the other side, and there are none")
        return self._join

    def _inferred(self) -> Join:
        assert self.mapper is not None
        own_cls, rel_cls = self.mapper.mapped_class, self.related
        own = self._detect_foreign_keys(self.mapper, rel_cls, self.via_property_owner is not False)
        other = self._detect_foreign_keys(mapper_of(rel_cls), own_cls, self.via_property_owner is not True)
        if len(own) == 1:
            kind = ManyToManyListJoin if own[0].uselist else ManyToOneJoin
            return kind(own_cls, rel_cls, own[0])
        if own or len(other) > 1:
            names = [prop.name for prop in own or other]
            raise AmbiguousJoin(
                f"Ambiguous join, satisfying keys are {names}; via= of {self.full_name} says which"
            )
        if not other:
            raise NoJoin(f"No join keys found between {own_cls} and {rel_cls} for {self.full_name}")
        if other[0].uselist:
            return ManyToManyListJoin(own_cls, rel_cls, other[0], detains_list=False)
        return OneToManyJoin(own_cls, rel_cls, other[0])

    def _detect_foreign_keys(
        self, mapper: Mapper[Any], related: type[Any], considered: bool = True
    ) -> list[ForeignIdProperty]:
        """The foreign ids of a class, if that is considered, that can mean another one, or a base of it."""
        if not considered:
            return []
        return [
            prop
            for prop in mapper.all_properties()
            if isinstance(prop, ForeignIdProperty)
            and self.via in (None, prop.name)
            and issubclass(related, prop.related)
        ]

    # -- reading

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        if instance is None:
            return self
        own = instance.__ming__.state
        if not self.fetch and self.join.is_list:
            return self.join.iterator(instance)
        value = self.loaded(own)
        if value is Missing:
            self.join.session_for(own).load_relation(own, self)
            value = self.loaded(own)
            assert value is not Missing
        return value if self.fetch else [value]

    def loaded(self, own: ObjectState) -> Any:
        """Return what was loaded for an object as it is after all changes in memory.

        `Missing` if it has to be asked for.
        """
        kept: dict[Any, _Basis] = own.relations or {}
        basis = kept.get(self)
        if basis is None:
            return Missing
        value = own.extra_state.get(self, Missing)
        if value is Missing or basis.keys != self.join.keys(own):
            return Missing
        if own.session is None:
            # Nobody keeps it up any longer; it is what it was.
            return value
        journal = basis.journal
        if journal.is_closed or journal.tenure is not own.tenure:
            return Missing
        if len(journal) == basis.position:
            return value
        objects = self._objects(value)
        current = followed(self.join, own, objects, journal, basis.position)
        if [*map(id, current)] != [*map(id, objects)]:
            value = own.extra_state[self] = self._value(current)
        kept[self] = basis._replace(position=len(journal))
        return value

    def related_to(self, own: ObjectState) -> list[Any]:
        """Return the objects that were loaded for an object, also where there can be one only."""
        value = self.loaded(own)
        return [] if value is Missing else self._objects(value)

    def _objects(self, value: Any) -> list[Any]:
        if self.join.is_list:
            return list(value)
        return [] if value is None else [value]

    def _value(self, objects: list[Any]) -> Any:
        if self.join.is_list:
            return InstrumentedList(objects, _READ_ONLY)
        return objects[0] if objects else None

    def keep(
        self, states: Iterable[ObjectState], keys: Iterable[list[Any]], results: Iterable[list[Any]]
    ) -> None:
        """Keep what was loaded for some objects, by their keys."""
        bases: dict[Tenure | None, tuple[Journal, int]] = {}
        for own, own_keys, objects in zip(states, keys, results, strict=True):
            basis = bases.get(own.tenure)
            if basis is None:
                journal: Journal = self.join.session_for(own).uow.journal(self.join.watched)
                basis = bases[own.tenure] = journal, len(journal)
            own.extra_state[self] = self._value(objects)
            if own.relations is None:
                own.relations = {}
            own.relations[self] = _Basis(own_keys, *basis)

    # -- writing

    def __set__(self, instance: Any, value: Any) -> None:
        own = state(instance)
        self.join.session_for(own).assign_relation(own, self, value)

    def assign(self, session: Any, own: ObjectState, value: Any) -> Flow[None]:
        """Relate an object to others; nothing is stored until the flush."""
        join = self.join
        current: Sequence[Any] = ()
        if join.asks_other_side:
            if self.loaded(own) is not Missing:
                current = self.related_to(own)
            elif own.status == ObjectState.new:
                # No document can refer to it yet, but objects in memory can.
                current = followed(join, own, (), session.uow.directory(join.watched), 0)
            else:
                yield from load(session, self, [own])
                current = self.related_to(own)
        given = list(value) if join.is_list else value
        objects = yield from join.assign(own, given, current)
        is_whole = not join.is_list or len(objects) == len(given)
        if self.loaded(own) is Missing and is_whole and all(obj in session.uow for obj in objects):
            unique = {id(obj): obj for obj in objects}
            self.keep([own], [join.keys(own)], [list(unique.values())])
