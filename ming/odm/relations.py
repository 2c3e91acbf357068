"""Relations: properties that stand for the objects at the other side of a foreign id.

Reading a relation of one object loads it for all objects that came in the same result, in one query per
batch; what was loaded is kept with each object until a foreign id changes that it depends on.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from ming.exc import AmbiguousJoin, NoJoin
from ming.odm.base import ObjectState, Tracker, state
from ming.odm.fields import ORMProperty
from ming.odm.foreign_ids import ForeignIdProperty
from ming.odm.icollection import InstrumentedList
from ming.odm.joins import Join, ManyToManyListJoin, ManyToOneJoin, OneToManyJoin, related
from ming.odm.registry import REGISTRY, mapper_of

if TYPE_CHECKING:
    from ming._types import Flow
    from ming.odm.mapper import Mapper

__all__ = ["ManyToManyListTracker", "OneToManyTracker", "RelationProperty", "load", "paths", "siblings"]

Cascade = Literal["delete", "nullify"]


class OneToManyTracker(Tracker):
    """Refuses to change a list of related objects: it is what a query found."""

    __slots__ = ()

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


class _Loaded(NamedTuple):
    """What a relation loaded, as long as what it depends on is the same."""

    value: Any
    token: Any


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
        if isinstance(self._related, str):
            self._related = REGISTRY.named(self._related).mapped_class
        return self._related

    @property
    def join(self) -> Join:
        """How the two classes are joined.

        Raises:
            AmbiguousJoin: Several foreign ids could be meant.
            NoJoin: There is none.
        """
        if self._join is None:
            self._join = self._inferred()
        return self._join

    def _inferred(self) -> Join:
        assert self.mapper is not None
        own_cls, rel_cls = self.mapper.mapped_class, self.related
        own = self._detect_foreign_keys(self.mapper, rel_cls)
        other = self._detect_foreign_keys(mapper_of(rel_cls), own_cls)
        if self.via_property_owner is not None:
            own, other = (own, []) if self.via_property_owner else ([], other)
        if len(own) == 1:
            kind = ManyToManyListJoin if own[0].uselist else ManyToOneJoin
            return kind(own_cls, rel_cls, own[0])
        if own or len(other) > 1:
            names = [prop.name for prop in own or other]
            raise AmbiguousJoin(f"Ambiguous join, satisfying keys are {names}")
        if not other:
            raise NoJoin(f"No join keys found between {own_cls} and {rel_cls}")
        if other[0].uselist:
            return ManyToManyListJoin(own_cls, rel_cls, other[0], detains_list=False)
        return OneToManyJoin(own_cls, rel_cls, other[0])

    def _detect_foreign_keys(self, mapper: Mapper[Any], related: type[Any]) -> list[ForeignIdProperty]:
        """The foreign ids of a class that can mean another one, or a base of it."""
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
        own = state(instance)
        if not self.fetch:
            cursor = self.join.iterator(instance)
            return cursor if self.join.is_list else [cursor.first()]
        loaded = self.loaded(own)
        if loaded is None:
            self.join.session_for(own).load_relation(own, self)
            loaded = self.loaded(own)
            assert loaded is not None
        return loaded.value

    def loaded(self, own: ObjectState) -> _Loaded | None:
        """What was loaded for an object, if it still holds."""
        found: _Loaded | None = own.extra_state.get(self)
        return found if found is not None and found.token == self._token(own) else None

    def related_to(self, own: ObjectState) -> list[Any]:
        """The objects that were loaded for an object, also where there can be one only."""
        loaded = self.loaded(own)
        if loaded is None or loaded.value is None:
            return []
        return list(loaded.value) if self.join.is_list else [loaded.value]

    def _token(self, own: ObjectState) -> Any:
        """What a result depends on: the keys, and the foreign ids of the other side in this session."""
        join = self.join
        epoch = None if own.session is None else own.session.uow.epoch(join.prop.mapper)
        return (join.keys(own), epoch if join.is_list else None)

    def keep(self, own: ObjectState, objects: list[Any]) -> None:
        """Keep what was loaded for an object."""
        value: Any = objects[0] if objects else None
        if self.join.is_list:
            value = InstrumentedList(objects, OneToManyTracker(own))
        own.extra_state[self] = _Loaded(value, self._token(own))

    # -- writing

    def __set__(self, instance: Any, value: Any) -> None:
        own = state(instance)
        self.join.session_for(own).assign_relation(own, self, value)

    def assign(self, session: Any, own: ObjectState, value: Any) -> Flow[None]:
        """Relate an object to others; nothing is stored until the flush."""
        join = self.join
        current: Sequence[Any] = ()
        if join.asks_other_side:
            if self.loaded(own) is None:
                yield from load(session, self, [own])
            current = self.related_to(own)
        yield from join.assign(own, value if not join.is_list else list(value), current)


def siblings(own: ObjectState) -> list[ObjectState]:
    """The states of the tracked objects that came in the same result as one, this one among them."""
    if own.group is None or own.session is None:
        return [own]
    tracked = [each for each in own.session.uow.states() if each.group is own.group]
    return tracked if own in tracked else [own, *tracked]


def load(session: Any, prop: RelationProperty, own: Iterable[ObjectState]) -> Flow[None]:
    """Load a relation for those of the objects that do not have it loaded."""
    waiting = [each for each in own if prop.loaded(each) is None]
    results = yield from related(session, prop.join, waiting)
    for each, objects in zip(waiting, results, strict=True):
        prop.keep(each, objects)


def paths(session: Any, objects: Sequence[Any], names: Iterable[str]) -> Flow[None]:
    """Load relations of objects by name, dotted names for those of the objects related.

    Raises:
        KeyError: The class has no relation of that name.
    """
    for name in names:
        first, _, rest = name.partition(".")
        by_class: dict[type[Any], list[ObjectState]] = {}
        for obj in objects:
            by_class.setdefault(type(obj), []).append(state(obj))
        for cls, own in by_class.items():
            prop = mapper_of(cls).property_index[first]
            if not isinstance(prop, RelationProperty):
                raise KeyError(f"{cls.__name__}.{first} is no relation")
            yield from load(session, prop, own)
            if rest:
                related = {id(obj): obj for each in own for obj in prop.related_to(each)}
                yield from paths(session, list(related.values()), [rest])
