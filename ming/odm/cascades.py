"""What becomes of related objects when an object is deleted: the rules that relations declare.

A flush applies them before it makes its plan, so what they do is stored like any other change.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from ming.odm.base import ObjectState, state
from ming.odm.related import related

if TYPE_CHECKING:
    from ming._types import Flow
    from ming.odm.relations import RelationProperty

__all__ = ["cascade"]


def cascade(session: Any, states: Iterable[ObjectState]) -> Flow[list[ObjectState]]:
    """Delete or detach what belongs to objects that are about to be deleted, and so on from there.

    Args:
        session: The session.
        states: The states of the objects to look at.

    Returns:
        The states of what was deleted or detached.
    """
    uow = session.uow
    waiting = [each for each in states if _is_leaving(each) and each not in uow.in_progress]
    reached: dict[ObjectState, None] = {}
    with ExitStack() as stack:
        while waiting:
            # With autoflush, looking for what belongs to them must not begin all over again.
            stack.enter_context(uow.performing(waiting))
            belonging = yield from _belonging(session, waiting)
            for prop, obj, own_id in belonging:
                _let_go(prop, obj, own_id)
            following = {state(obj): None for _, obj, _ in belonging}
            waiting = [each for each in following if _is_leaving(each) and each not in uow.in_progress]
            reached.update(following)
    return list(reached)


def _belonging(session: Any, states: Iterable[ObjectState]) -> Flow[list[tuple[RelationProperty, Any, Any]]]:
    """Relations, what they lead to in the database now, whatever was loaded before, and from which ``_id``."""
    found = []
    for prop, own in _by_rule(states).items():
        results = yield from related(session, prop.join, [prop.join.keys(each) for each in own])
        found += [
            (prop, obj, each.document_id)
            for each, objects in zip(own, results, strict=True)
            for obj in objects
        ]
    return found


def _is_leaving(own: ObjectState) -> bool:
    return own.status == ObjectState.deleted and not own.gone


def _by_rule(states: Iterable[ObjectState]) -> dict[RelationProperty, list[ObjectState]]:
    rules: dict[RelationProperty, list[ObjectState]] = {}
    for own in states:
        for prop in own.mapper.cascades:
            rules.setdefault(prop, []).append(own)
    return rules


def _let_go(prop: RelationProperty, obj: Any, own_id: Any) -> None:
    if _is_leaving(state(obj)):
        return
    if prop.cascade == "nullify":
        prop.join.detach(obj, [own_id])
    else:
        state(obj).status = ObjectState.deleted
