"""Update operators on arrays: adding, culling, taking from the ends."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from bson import Regex

from ming.mim.data.element_order import BadOrder, compile_element_order
from ming.mim.data.environment import KeyOf
from ming.mim.data.errors import CommandError
from ming.mim.data.path import Path
from ming.mim.data.values import MISSING, as_integer, copied, is_number, type_name
from ming.mim.queries.filters import compile_condition, compile_filter
from ming.mim.queries.predicates import is_operator_document
from ming.mim.updates.modifiers import Action, ModifierContext, shown_id
from ming.mim.updates.paths import Place

__all__ = ["ARRAY_MODIFIERS"]


def _whole(value: Any, clause: str) -> int:
    number = as_integer(value) if is_number(value) else None
    if number is None:
        raise CommandError(
            2, f"The value for {clause} must be an integer value but was given type: {type_name(value)}"
        )
    return number


def _own_list(value: Any) -> list[Any] | None:
    """Return a list to add to: a copy of an array, a new one for a missing field, None for anything else."""
    if value is MISSING:
        return []
    return list(value) if isinstance(value, list) else None


# -- $push --------------------------------------------------------------------------------------------


def _push(path: str, operand: Any, context: ModifierContext) -> Action:
    clauses = _push_clauses(operand)
    added = clauses["$each"]
    position = _whole(clauses["$position"], "$position") if "$position" in clauses else None
    limit = _whole(clauses["$slice"], "$slice") if "$slice" in clauses else None
    sort = _element_order(clauses["$sort"], context.query.key) if "$sort" in clauses else None

    def act(place: Place) -> None:
        value = place.get()
        array = _own_list(value)
        if array is None:
            raise CommandError(
                2,
                f"The field '{place.rest[0]}' must be an array but is of type {type_name(value)}"
                f" in document {shown_id(place)}",
            )
        at = len(array) if position is None else position
        array[at:at] = copied(added)
        if sort is not None:
            array = sort(array)
        if limit is not None:
            array = array[:limit] if limit >= 0 else array[limit:]
        place.set(array)

    return act


def _push_clauses(operand: Any) -> dict[str, Any]:
    clauses = operand if isinstance(operand, dict) and "$each" in operand else {"$each": [operand]}
    for name in clauses:
        if name not in ("$each", "$slice", "$sort", "$position"):
            raise CommandError(2, f"Unrecognized clause in $push: {name}")
    added = clauses["$each"]
    if not isinstance(added, list):
        raise CommandError(
            2, f"The argument to $each in $push must be an array but it was of type: {type_name(added)}"
        )
    return clauses


def _element_order(specification: Any, order: KeyOf) -> Callable[[list[Any]], list[Any]]:
    try:
        return compile_element_order(specification, order)
    except BadOrder as error:
        raise CommandError(2, str(error)) from None


# -- $addToSet ----------------------------------------------------------------------------------------


def _add_to_set(path: str, operand: Any, context: ModifierContext) -> Action:
    added = _members(operand)
    order = context.query.key

    def act(place: Place) -> None:
        value = place.get()
        array = _own_list(value)
        if array is None:
            raise CommandError(
                2,
                f"Cannot apply $addToSet to non-array field. Field named '{place.rest[0]}'"
                f" has non-array type {type_name(value)}",
            )
        present = {order(item) for item in array}
        for item in added:
            key = order(item)
            if key not in present:
                present.add(key)
                array.append(copied(item))
        place.set(array)

    return act


def _members(operand: Any) -> list[Any]:
    """Return what an ``$addToSet`` adds."""
    if not isinstance(operand, dict) or next(iter(operand), None) != "$each":
        return [operand]
    added = operand["$each"]
    if not isinstance(added, list):
        raise CommandError(
            14,
            f"The argument to $each in $addToSet must be an array but it was of type {type_name(added)}",
        )
    if len(operand) > 1:
        raise CommandError(2, f"Found unexpected fields after $each in $addToSet: {operand!r}")
    return added


# -- taking away --------------------------------------------------------------------------------------


def _culling(name: str, is_culled: Callable[[Any], bool]) -> Action:
    def act(place: Place) -> None:
        value = place.get()
        if value is MISSING:
            return
        if not isinstance(value, list):
            raise CommandError(2, f"Cannot apply {name} to a non-array value")
        place.set([item for item in value if not is_culled(item)])

    return act


def _pull(path: str, operand: Any, context: ModifierContext) -> Action:
    if isinstance(operand, dict) and not is_operator_document(operand):
        matches = compile_filter(operand, context.query).matches
        return _culling("$pull", lambda item: isinstance(item, dict) and matches(item))
    if isinstance(operand, dict | Regex):
        # Where a filter is meant, $not is an error.
        if isinstance(operand, dict) and next(iter(operand)) in ("$and", "$or", "$nor", "$not"):
            matches = compile_filter(operand, context.query).matches
            return _culling("$pull", lambda item: isinstance(item, dict) and matches(item))
        condition = compile_condition(operand, context.query)
        if condition is None:
            return _culling("$pull", lambda item: True)
        wrapped = condition.on_path(Path("")).matches
        return _culling("$pull", lambda item: wrapped({"": item}))
    order = context.query.key
    wanted = order(operand)
    return _culling("$pull", lambda item: order(item) == wanted)


def _pull_all(path: str, operand: Any, context: ModifierContext) -> Action:
    if not isinstance(operand, list):
        raise CommandError(2, f"$pullAll requires an array argument but was given a {type_name(operand)}")
    order = context.query.key
    unwanted = {order(item) for item in operand}
    return _culling("$pullAll", lambda item: order(item) in unwanted)


def _pop(path: str, operand: Any, context: ModifierContext) -> Action:
    end = as_integer(operand) if is_number(operand) else None
    if end not in (1, -1):
        raise CommandError(9, f"$pop expects 1 or -1, found: {operand!r}")

    def act(place: Place) -> None:
        value = place.get()
        if value is MISSING:
            return
        if not isinstance(value, list):
            raise CommandError(
                14, f"Path '{path}' contains an element of non-array type '{type_name(value)}'"
            )
        place.set(value[:-1] if end == 1 else value[1:])

    return act


ARRAY_MODIFIERS: Final[Mapping[str, Callable[[str, Any, ModifierContext], Action]]] = {
    "$push": _push,
    "$addToSet": _add_to_set,
    "$pull": _pull,
    "$pullAll": _pull_all,
    "$pop": _pop,
}
"""Builders of the modifiers that act on arrays."""
