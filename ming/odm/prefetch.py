"""Loading relations for many objects at once: those of one result, and those that a program names."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from ming._values import Missing
from ming.odm.base import ObjectState, state
from ming.odm.registry import mapper_of
from ming.odm.related import related

if TYPE_CHECKING:
    from ming._types import Flow
    from ming.odm.relations import RelationProperty

__all__ = ["load", "paths", "siblings"]


def siblings(own: ObjectState, prop: RelationProperty) -> list[ObjectState]:
    """Return the states of the tracked objects with a relation that came in the same result as one, which is first."""
    if own.group is None or own.session is None:
        return [own]
    own.group.read_ahead()
    together, name = own.session.uow.together(own.group), str(prop.name)
    # Classes of one family may have the relation each for itself, or not at all.
    having = {
        mapper for mapper in {each.mapper for each in together} if mapper.property_index.get(name) is prop
    }
    return [own, *(each for each in together if each is not own and each.mapper in having)]


def load(session: Any, prop: RelationProperty, own: Iterable[ObjectState]) -> Flow[None]:
    """Load a relation for those of the objects that do not have it loaded."""
    waiting = [each for each in own if prop.loaded(each) is Missing]
    keys = [prop.join.keys(each) for each in waiting]
    results = yield from related(session, prop.join, keys)
    prop.keep(waiting, keys, results)


def paths(session: Any, objects: Any, names: Iterable[str]) -> Flow[None]:
    """Load relations of an object, or of several, by name; dotted names for those of the objects related.

    Raises:
        KeyError: None of the objects' classes has a relation of that name.
    """
    several = [objects] if hasattr(objects, "__ming__") else list(objects)
    for name in names:
        first, _, rest = name.partition(".")
        related_to: dict[int, Any] = {}
        for prop, own in _by_relation(several, first).items():
            yield from load(session, prop, own)
            related_to.update((id(obj), obj) for each in own for obj in prop.related_to(each))
        if rest:
            yield from paths(session, list(related_to.values()), [rest])


def _by_relation(objects: Sequence[Any], name: str) -> dict[RelationProperty, list[ObjectState]]:
    """The objects' states by the relation that each class has under a name."""
    by_class: dict[type[Any], list[ObjectState]] = {}
    for obj in objects:
        by_class.setdefault(type(obj), []).append(state(obj))
    found: dict[RelationProperty, list[ObjectState]] = {}
    for cls, own in by_class.items():
        prop: Any = mapper_of(cls).property_index.get(name)
        if hasattr(prop, "join"):
            found.setdefault(prop, []).extend(own)
    if by_class and not found:
        raise KeyError(f"{' and '.join(cls.__name__ for cls in by_class)}: no relation {name!r}")
    return found
