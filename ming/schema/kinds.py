"""Whose rules an item follows: those of one of our classes, or its own.

Whatever takes schemas apart (compiled loaders, exports) may only do so with items whose rules it knows. A subclass
that overrides a rule has its own; one that merely sets class attributes follows those of its base.
"""

from __future__ import annotations

from functools import cache
from types import FunctionType
from typing import Any, Final

from ming.schema.containers import Array, Object
from ming.schema.documents import Document
from ming.schema.evolution import Deprecated, Migrate
from ming.schema.items import Anything, SchemaItem, Value
from ming.schema.scalars import (
    Binary,
    Bool,
    DateTime,
    DateTimeTZ,
    Float,
    Int,
    NumberDecimal,
    ObjectId,
    OneOf,
    ParticularScalar,
    Scalar,
    String,
)
from ming.schema.stamps import Stamp

__all__ = ["follows", "kind_of"]

_KINDS: Final[tuple[type[SchemaItem[Any]], ...]] = (
    Anything,
    Array,
    Binary,
    Bool,
    DateTime,
    DateTimeTZ,
    Deprecated,
    Document,
    Float,
    Int,
    Migrate,
    NumberDecimal,
    Object,
    ObjectId,
    OneOf,
    ParticularScalar,
    Scalar,
    Stamp,
    String,
    Value,
)

_POLICY: Final = frozenset({"default", "if_missing"})
"""Methods that say what an absent key becomes; they are asked by name, so overriding them is fine."""


def kind_of(item: SchemaItem[Any]) -> type | None:
    """The class of ours whose rules an item follows; None where a subclass or the instance has its own."""
    kind = next((cls for cls in type(item).__mro__ if cls in _KINDS), None)
    return kind if kind is not None and follows(item, kind) else None


def follows(item: SchemaItem[Any], kind: type) -> bool:
    """Whether none of the kind's rules is overridden, by the item's class or on the item."""
    rules = _rules(kind)
    return all(getattr(type(item), name) is rule for name, rule in rules.items()) and rules.keys().isdisjoint(
        vars(item)
    )


@cache
def _rules(kind: type) -> dict[str, Any]:
    """The methods that make up a kind's rules, what becomes of absent keys excepted."""
    methods = ((name, getattr(kind, name)) for name in dir(kind) if not name.startswith("__"))
    return {
        name: method for name, method in methods if isinstance(method, FunctionType) and name not in _POLICY
    }
