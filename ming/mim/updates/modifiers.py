"""Update operators: what each of them does at one place of a document.

`compiler` parses update documents and finds the places; ``$rename``, which has two, is also there. The array
operators are in `array_modifiers`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from time import time_ns
from typing import Any, Final

from bson import Int64, Timestamp

from ming.mim.data import arithmetic
from ming.mim.data.errors import CommandError
from ming.mim.data.values import MISSING, copied, is_number, type_name
from ming.mim.queries.filters import QueryContext
from ming.mim.updates.paths import Place

__all__ = ["SCALAR_MODIFIERS", "Action", "ModifierContext", "shown_id", "utc_now"]

Action = Callable[[Place], None]
"""Changes one place of a document."""


def utc_now() -> datetime:
    """Return the time as BSON has it: in UTC, without a zone, in milliseconds."""
    seconds, milliseconds = divmod(time_ns() // 1_000_000, 1000)
    return _EPOCH + timedelta(0, seconds, milliseconds * 1000)


_EPOCH: Final = datetime(1970, 1, 1)


class ModifierContext:
    """What modifiers depend on beside their operands."""

    __slots__ = ("now", "query")

    def __init__(self, now: Callable[[], datetime], query: QueryContext) -> None:
        self.now = now
        self.query = query
        """What conditions on elements depend on, and how values compare."""


def shown_id(place: Place) -> str:
    """Return how messages name the document."""
    return f"{{_id: {place.document.get('_id')!r}}}"


def _set(path: str, operand: Any, context: ModifierContext) -> Action:
    return lambda place: place.set(copied(operand))


def _unset(path: str, operand: Any, context: ModifierContext) -> Action:
    return lambda place: place.remove()


def _arithmetic(
    name: str, verb: str, compute: Callable[[Any, Any], Any], of_missing: Callable[[Any], Any]
) -> Any:
    def build(path: str, operand: Any, context: ModifierContext) -> Action:
        if not is_number(operand):
            raise CommandError(14, f"Cannot {verb} with non-numeric argument: {{{path}: {operand!r}}}")

        def act(place: Place) -> None:
            value = place.get()
            if value is MISSING:
                place.set(of_missing(operand))
                return
            if not is_number(value):
                raise CommandError(
                    14,
                    f"Cannot apply {name} to a value of non-numeric type. {shown_id(place)} has the field"
                    f" '{place.rest[0]}' of non-numeric type {type_name(value)}",
                )
            try:
                place.set(compute(value, operand))
            except arithmetic.LongOverflow:
                raise CommandError(
                    2,
                    f"Failed to apply {name} operations to current value (({type_name(value)}) {value!r})"
                    f" for document {shown_id(place)}",
                ) from None

        return act

    return build


def _zero_like(operand: Any) -> Any:
    return arithmetic.multiply(operand, 0)


def _extreme(replaces: Callable[[Any, Any], bool]) -> Any:
    def build(path: str, operand: Any, context: ModifierContext) -> Action:
        order = context.query.key
        key = order(operand)

        def act(place: Place) -> None:
            value = place.get()
            if value is MISSING or replaces(key, order(value)):
                place.set(copied(operand))

        return act

    return build


_BIT_OPERATIONS: Final[Mapping[str, Callable[[int, int], int]]] = {
    "and": lambda left, right: left & right,
    "or": lambda left, right: left | right,
    "xor": lambda left, right: left ^ right,
}


def _bit(path: str, operand: Any, context: ModifierContext) -> Action:
    if not isinstance(operand, dict) or not operand:
        raise CommandError(
            2, f"The $bit modifier is not compatible with {operand!r}. You must pass in an embedded document"
        )
    for name, mask in operand.items():
        if name not in _BIT_OPERATIONS:
            raise CommandError(2, f"The $bit modifier only supports 'and', 'or', and 'xor', not '{name}'")
        if mask.__class__ not in (int, Int64):
            raise CommandError(2, f"The $bit modifier field must be an Integer(32/64 bit): {name}: {mask!r}")

    def act(place: Place) -> None:
        value = place.get()
        if value is MISSING:
            value = 0
        elif value.__class__ not in (int, Int64):
            raise CommandError(
                2,
                f"Cannot apply $bit to a value of non-integral type. {shown_id(place)} has {type_name(value)}",
            )
        for name, mask in operand.items():
            wide = isinstance(value, Int64) or isinstance(mask, Int64)
            value = arithmetic.integral(_BIT_OPERATIONS[name](int(value), int(mask)), wide)
        place.set(value)

    return act


def _current_date(path: str, operand: Any, context: ModifierContext) -> Action:
    kind: Any = "date"
    if isinstance(operand, dict):
        kind = operand.get("$type")
        if len(operand) != 1 or kind not in ("date", "timestamp"):
            raise CommandError(2, "The '$type' string field is required to be 'date' or 'timestamp'")
    elif not isinstance(operand, bool):
        raise CommandError(2, f"{type_name(operand)} is not valid type for $currentDate")

    def act(place: Place) -> None:
        now = context.now()
        place.set(now if kind == "date" else Timestamp(now, 1))

    return act


SCALAR_MODIFIERS: Final[Mapping[str, Callable[[str, Any, ModifierContext], Action]]] = {
    "$set": _set,
    "$setOnInsert": _set,
    "$unset": _unset,
    "$inc": _arithmetic("$inc", "increment", arithmetic.add, copied),
    "$mul": _arithmetic("$mul", "multiply", arithmetic.multiply, _zero_like),
    "$min": _extreme(lambda operand, value: bool(operand < value)),
    "$max": _extreme(lambda operand, value: bool(operand > value)),
    "$bit": _bit,
    "$currentDate": _current_date,
}
"""Builders of the modifiers that act on any value."""
