"""A mapped class's properties: its own, copies of inherited ones, and those for fields nobody declared."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ming.odm.fields import FieldProperty, ORMProperty

if TYPE_CHECKING:
    from ming.odm.mapper import Mapper

__all__ = ["properties_of"]


def properties_of(mapper: Mapper[Any], own: Mapping[str, ORMProperty]) -> dict[str, ORMProperty]:
    """Return the properties a class is to have, by attribute, in order.

    Args:
        mapper: The class's mapper.
        own: What the class itself declares.
    """
    for name, prop in own.items():
        prop.name = name
    found = {**_inherited(mapper), **own}
    found = {name: found[name] for name in [*own, *found]}
    covered = {prop.key for prop in found.values() if isinstance(prop, FieldProperty)}
    for key, field in mapper.manager.field_index.items():
        if key not in covered and not _is_replaced(mapper, key):
            found[key] = FieldProperty(field)
    return found


def _inherited(mapper: Mapper[Any]) -> dict[str, ORMProperty]:
    found: dict[str, ORMProperty] = {}
    for base in mapper.base_mappers():
        for name, prop in base.property_index.items():
            if name not in found and not _is_replaced(mapper, name):
                found[name] = copy.copy(prop)
    return found


def _is_replaced(mapper: Mapper[Any], name: str) -> bool:
    """Whether the class, or one between it and a mapped base, has something else in an inherited field's place."""
    if not any(name in {**base.property_index, **base.manager.field_index} for base in mapper.base_mappers()):
        return False
    holder = next((cls for cls in mapper.mapped_class.__mro__ if name in vars(cls)), None)
    return holder is not None and not isinstance(vars(holder)[name], ORMProperty)
