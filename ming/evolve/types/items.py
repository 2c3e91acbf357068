"""The types of schema items: what programs store where a schema has an item.

That is less than what reading accepts: an ``Int`` tolerates true, and an ``ObjectId`` the text that spells it,
but programs that save through the schema seldom store either. (Exports of schemas are about what is accepted:
`ming.schema.export`.)
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from ming import schema as S
from ming._values import Missing
from ming.evolve.samples import accepts
from ming.evolve.types.domain import ABSENT, ANYTHING, EMPTY, EVERY_KIND, Kind, Type, constant, join, kind_of
from ming.schema.kinds import kind_of as item_kind

__all__ = ["type_of"]

_DEEPEST: Final = 8
"""Items may hold themselves; below this depth anything goes."""

_SINGLE: Final[tuple[tuple[type, frozenset[Kind], frozenset[Kind]], ...]] = (
    (S.String, frozenset({"string"}), frozenset()),
    (S.Int, frozenset({"int"}), frozenset({"bool"})),
    (S.Float, frozenset({"double", "int"}), frozenset({"bool"})),
    (S.Bool, frozenset({"bool"}), frozenset()),
    (S.Binary, frozenset({"binData"}), frozenset()),
    (S.DateTimeTZ, frozenset({"date"}), frozenset()),
    (S.ObjectId, frozenset({"objectId"}), frozenset()),
    (S.NumberDecimal, frozenset({"decimal"}), frozenset({"int", "double", "bool"})),
    (S.Scalar, EVERY_KIND - {"object", "array"}, frozenset()),
)
"""Items for single values: what programs store in them, and what they accept beside it."""


def type_of(item: S.SchemaItem[Any], depth: int = 0) -> Type:
    """The values that a document may hold where a schema has an item, as programs store them."""
    if depth > _DEEPEST or isinstance(item, S.Deprecated):
        return ANYTHING
    if isinstance(item, S.Migrate):
        return join([type_of(item.new, depth), type_of(item.old, depth)])
    present = _type_of_present(item, depth)
    empty: list[Kind] = [kind_of(value) for value in (Missing, None) if accepts(item, value)]
    if present is ANYTHING and len(empty) == len(EMPTY) and item_kind(item) is not None:
        return ANYTHING
    made = replace(present.without("missing", "null").also(*empty), loose=item_kind(item) is None)
    default = getattr(item, "if_missing", Missing)
    stored_default = not callable(default) and kind_of(default) not in made.kinds | made.tolerated | EMPTY
    return join([made, constant(default)]) if stored_default else made


def _type_of_present(item: S.SchemaItem[Any], depth: int) -> Type:
    if isinstance(item, S.Object):
        return _type_of_object(item, depth)
    if isinstance(item, S.Array):
        return Type(frozenset({"array"}), items=_type_of_items(item, depth))
    if isinstance(item, (S.OneOf, S.Value)):
        options = item.options if isinstance(item, S.OneOf) else (item.value,)
        return join(constant(option) for option in options)
    known = (Type(kinds, tolerated) for cls, kinds, tolerated in _SINGLE if isinstance(item, cls))
    return next(known, ANYTHING)


def _type_of_items(item: S.Array[Any], depth: int) -> Type:
    if item.validate_ranges:
        return ANYTHING
    return type_of(item.field_type, depth + 1).without("missing")


def _type_of_object(item: S.Object, depth: int) -> Type:
    record: frozenset[Kind] = frozenset({"object"})
    if item.is_homogeneous:
        (entry,) = item.fields.values()
        return Type(record, others=type_of(entry, depth + 1).without("missing"))
    fields = {name: type_of(inner, depth + 1) for name, inner in item.ordered_items()}
    if isinstance(item, S.Document):
        fields = _with_family(item, fields, depth)
    return Type(record, fields=fields)


def _with_family(item: S.Document, fields: dict[str, Type], depth: int) -> dict[str, Type]:
    """The fields of all classes of a polymorphic collection; those of only some may be absent."""
    for cls in set((item.polymorphic_registry or {}).values()) - {item.managed_class}:
        for name, inner in cls._manager.own_schema.ordered_items():
            known = fields.get(name, ABSENT)
            fields[name] = join([known, type_of(inner, depth + 1)])
    return fields
