"""Turns a schema into its tree of checks (`ming._compile.checks`).

An item whose class has rules of its own becomes a `Call`, and so does every rule that nobody compiled yet:
a subclass always gets its say.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, Final

import bson

from ming import schema as S
from ming._compile.checks import (
    Absent,
    Anything,
    Call,
    Check,
    Choice,
    Each,
    Entries,
    Exact,
    Field,
    Fields,
    Moment,
)
from ming._values import Missing
from ming.schema.kinds import follows, kind_of
from ming.schema.stamps import Stamp

__all__ = ["check_of", "fields_of"]

_SCALARS: Final[tuple[type, ...]] = (
    str,
    int,
    float,
    bool,
    datetime,
    bson.ObjectId,
    bytes,
    bson.Int64,
    bson.Decimal128,
    bson.Binary,
    bson.Regex,
    bson.Timestamp,
    uuid.UUID,
)
"""Classes of BSON's single values, which no container is."""

_CONSTANTS: Final = frozenset({str, int, float, bool, datetime, bson.ObjectId, bytes, bson.Int64})
"""Classes of immutable values that are equal exactly when they are one member of a set."""

_DEPTH: Final = 40
"""Containers within containers beyond this depth are left to their items; the server stops at 100."""

_LOOPS: Final = 6
"""Loops directly within loops beyond this depth are left to their items; Python stops at twenty blocks."""

_MAKERS: Final = (S.ObjectId.if_missing, S.Object.if_missing)
"""Methods of ours that make a default; they never leave a key absent."""


def fields_of(schema: S.Document) -> Fields | None:
    """Return the checks of a document's fields, or None where its schema has rules of its own."""
    if not follows(schema, S.Document) or schema.is_homogeneous:
        return None
    return _fields(schema, frozenset())


def check_of(item: S.SchemaItem[Any], outer: frozenset[int] = frozenset()) -> Check:
    """Return the check for one item.

    Args:
        item: The item.
        outer: Identities of the containers around it.
    """
    kind = kind_of(item)
    if isinstance(item, S.Array | S.Object) and (id(item) in outer or len(outer) > _DEPTH):
        return Call(item)
    if kind is S.Array and isinstance(item, S.Array):
        return _array(item, outer)
    if kind is S.Object and isinstance(item, S.Object):
        return _object(item, outer)
    return _SINGLE.get(kind, Call)(item)


def _accepts_none(item: S.SchemaItem[Any]) -> bool:
    try:
        return item.validate(None) is None
    except S.Invalid:
        return False


def _particular(item: Any) -> Check:
    accepted = item.type if isinstance(item.type, tuple) else (item.type,)
    classes = dict.fromkeys((*accepted, *(cls for cls in _SCALARS if issubclass(cls, accepted))))
    containers = (dict, list, tuple)
    if any(
        issubclass(cls, containers) or issubclass(container, cls)
        for cls in accepted
        for container in containers
    ):
        return Call(item)
    return Exact(tuple(classes), _accepts_none(item), item, converts=isinstance(item, S.Int))


def _scalar(item: S.SchemaItem[Any]) -> Check:
    return Exact(_SCALARS, _accepts_none(item), item)


def _object_id(item: S.SchemaItem[Any]) -> Check:
    return Exact((bson.ObjectId,), _accepts_none(item), item, converts=True)


def _decimal(item: Any) -> Check:
    return (
        Call(item) if item.precision else Exact((bson.Decimal128,), _accepts_none(item), item, converts=True)
    )


def _moment(item: S.SchemaItem[Any]) -> Check:
    return Moment(_accepts_none(item), item)


def _one_of(item: Any) -> Check:
    return _choice(item, item.options)


def _value(item: Any) -> Check:
    return _choice(item, (item.value,))


def _choice(item: S.SchemaItem[Any], values: Iterable[Any]) -> Check:
    values = [value for value in values if value is not None]
    if not values or not all(value.__class__ in _CONSTANTS for value in values):
        return Call(item)
    return Choice(tuple(values), _accepts_none(item), item)


def _anything(item: S.SchemaItem[Any]) -> Check:
    return Anything()


_SINGLE: Final[dict[type | None, Callable[[Any], Check]]] = {
    S.Anything: _anything,
    S.Binary: _particular,
    S.Bool: _particular,
    S.DateTime: _moment,
    S.DateTimeTZ: _particular,
    S.Float: _particular,
    S.Int: _particular,
    S.NumberDecimal: _decimal,
    S.ObjectId: _object_id,
    S.OneOf: _one_of,
    S.ParticularScalar: _particular,
    S.Scalar: _scalar,
    S.String: _particular,
    S.Value: _value,
    Stamp: _value,
}


def _array(item: S.Array[Any], outer: frozenset[int]) -> Check:
    if item.validate_ranges:
        return Call(item)
    element = item.field_type
    if kind_of(element) is S.Deprecated:
        return Call(item)
    return _unless_too_deep(Each(check_of(element, outer | {id(item)}), _accepts_none(item)), item)


def _unless_too_deep(check: Each | Entries, item: S.SchemaItem[Any]) -> Check:
    return check if _loops(check) <= _LOOPS else Call(item)


def _loops(check: Check) -> int:
    """How many loops within each other a check takes, without those of inner fields."""
    match check:
        case Each(element=inner) | Entries(value=inner):
            return 1 + _loops(inner)
        case _:
            return 0


def _object(item: S.Object, outer: frozenset[int]) -> Check:
    if item.is_homogeneous:
        ((key_spec, value_item),) = item.fields.items()
        key = check_of(S.SchemaItem.make(key_spec))
        value = check_of(value_item, outer | {id(item)})
        if not isinstance(key, Exact | Anything) or kind_of(value_item) is S.Deprecated:
            return Call(item)
        return _unless_too_deep(Entries(key, value, _accepts_none(item)), item)
    return _fields(item, outer) or Call(item)


def _fields(item: S.Object, outer: frozenset[int]) -> Fields | None:
    names = list(item.fields)
    if not all(name.__class__ is str for name in names):
        return None
    outer = outer | {id(item)}
    fields = (
        Field(name, check_of(inner, outer), _absent(inner), inner)
        for name, inner in item.ordered_items()
        if kind_of(inner) is not S.Deprecated
    )
    return Fields(tuple(fields), frozenset(names), _accepts_none(item))


def _absent(item: S.SchemaItem[Any]) -> Absent:
    if not isinstance(item, S.FancySchemaItem):
        # A plain item is asked about an absent key as about any value: see `Call`.
        return Absent.CALLED
    if item.required:
        return Absent.REFUSED
    default = item.if_missing
    if type(item).default is not S.FancySchemaItem.default:
        return Absent.CALLED
    if callable(default):
        return Absent.MADE if getattr(default, "__func__", None) in _MAKERS else Absent.CALLED
    if default is Missing:
        return Absent.OMITTED
    if default.__class__ is list and not default:
        return Absent.LIST
    return Absent.CONSTANT if default.__class__ in _CONSTANTS or default is None else Absent.MADE
