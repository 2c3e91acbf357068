"""Which stored values a schema item accepts: its domain.

This is what reading accepts, not what new data should look like: null for most items, text for an ObjectId that it
spells, true for an integer. An item with rules of its own is taken to accept everything: exports never refuse what
can be read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from ming._values import Missing
from ming.schema.containers import Array, Object
from ming.schema.documents import Document
from ming.schema.evolution import Deprecated, Migrate
from ming.schema.export.constants import equal_to
from ming.schema.export.domains import (
    ANYTHING,
    NOTHING,
    NULL,
    AnyOf,
    Constant,
    Domain,
    Elements,
    Fields,
    Kinds,
    Matching,
    Recursion,
    Recursive,
    Whole,
    kinds_of,
    union,
    with_field,
)
from ming.schema.items import Anything, FancySchemaItem, SchemaItem, Value
from ming.schema.kinds import kind_of
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

__all__ = ["Reader", "families", "may_lack"]

_HEX: Final = "[0-9a-fA-F]{24}"
_ID_KINDS: Final = frozenset({"objectId", "null", *kinds_of(str).names}) - {"string"}
_BSON_TYPES: Final[Mapping[type | None, str]] = {Object: "object", Document: "object", Array: "array"}
_SINGLE: Final = Kinds(ANYTHING.names - {"object", "array"})


class Reader:
    """Finds the domains of the items of one schema.

    Args:
        closed: Whether keys that no field declares are refused.
    """

    def __init__(self, closed: bool = False) -> None:
        self._others = None if closed else ANYTHING
        self._open: set[int] = set()
        self._recursive: set[int] = set()
        self._containers: Mapping[type, Callable[[Any], Domain]] = {
            Array: self._array,
            Object: self._fields,
            Document: self._document,
            Migrate: self._migrate,
        }

    def domain(self, item: SchemaItem[Any]) -> Domain:
        """The present values that an item accepts."""
        kind = kind_of(item)
        if kind is None:
            return ANYTHING
        if kind in self._containers:
            values = self._container(item, self._containers[kind])
        else:
            values = _SINGLES[kind](item)
        return union(values, *_defaults(item))

    def _container(self, item: Any, read: Callable[[Any], Domain]) -> Domain:
        key = id(item)
        if key in self._open:
            self._recursive.add(key)
            return Recursion(key, _BSON_TYPES.get(kind_of(item)))
        self._open.add(key)
        domain = read(item)
        self._open.remove(key)
        return Recursive(key, _name(item), domain) if key in self._recursive else domain

    def _array(self, item: Array[Any]) -> Domain:
        return union(self._elements(item, self.domain(item.field_type)), NULL)

    def _elements(self, item: Array[Any], element: Domain) -> Domain:
        ranges = item.validate_ranges
        if not ranges:
            return Elements(element)
        bounds = [bound for part in ranges for bound in (part.start or 0, part.stop or 0)]
        if min(bounds) < 0 or any(part.step not in (None, 1) for part in ranges):
            # Which elements these are depends on the length of the array.
            return Elements(ANYTHING)
        checked = {index for part in ranges for index in range(max(bounds))[part]}
        leading = tuple(element if index in checked else ANYTHING for index in range(max(bounds)))
        return Elements(element if any(part.stop is None for part in ranges) else ANYTHING, leading)

    def of_class(self, schema: Document) -> Fields:
        """The documents that are accepted as documents of the managed class, whatever their discriminator."""
        return self._fields(schema) if kind_of(schema) is Document else Fields(others=ANYTHING)

    def _fields(self, item: Object) -> Fields:
        """The objects that an item accepts."""
        if item.is_homogeneous:
            ((key_spec, value_item),) = item.fields.items()
            return _entries(self.domain(SchemaItem.make(key_spec)), self.domain(value_item))
        fields = item.ordered_items()
        required = frozenset(name for name, inner in fields if not may_lack(inner))
        return Fields({name: self.domain(inner) for name, inner in fields}, required, others=self._others)

    def _document(self, item: Document) -> Domain:
        key = item.polymorphic_on
        own = self.of_class(item)
        if key is None or not item.polymorphic_registry:
            return own
        family = families(item.polymorphic_registry)
        options: list[Domain] = [
            with_field(own, key, family.pop(item.managed_class, NOTHING), required=False)
        ]
        for cls, identities in family.items():
            options += [with_field(domain, key, identities, required=True) for domain in _versions(cls)]
        return union(*options)

    def _migrate(self, item: Migrate) -> Domain:
        return union(self.domain(item.new), self.domain(item.old))


def families(registry: Mapping[Any, Any]) -> dict[Any, Domain]:
    """The classes of a polymorphic registry, each with its identities."""
    found: dict[Any, Domain] = {}
    for identity, cls in registry.items():
        found[cls] = union(found.get(cls, NOTHING), equal_to(identity))
    return found


def _versions(cls: Any) -> Iterator[Fields]:
    """The domains of all versions of another class of the family."""
    manager = cls._manager
    for version in manager.chain.versions:
        yield Reader(closed=manager.strict_read).of_class(version.schema)


def _entries(keys: Domain, values: Domain) -> Fields:
    """Objects with entries of one kind; keys are texts."""
    names: list[str] = []
    matching: dict[str, Domain] = {}
    for option in keys.options if isinstance(keys, AnyOf) else (keys,):
        if isinstance(option, Kinds) and "string" in option.names:
            return Fields(others=values)
        if isinstance(option, Matching):
            matching[option.pattern] = values
        if isinstance(option, Constant) and isinstance(option.value, str):
            names.append(option.value)
    return Fields(dict.fromkeys(names, values), matching=matching)


def _defaults(item: SchemaItem[Any]) -> Iterator[Domain]:
    """Values accepted because they are what an absent key becomes."""
    if isinstance(item, FancySchemaItem) and not item.required:
        default = item.if_missing
        if default is not Missing and not callable(default):
            yield equal_to(default)


def may_lack(item: SchemaItem[Any], outer: frozenset[int] = frozenset()) -> bool:
    """Whether a stored document may go without the field of an item.

    Args:
        item: The item.
        outer: Identities of the items around it.
    """
    if id(item) in outer:
        return True
    if isinstance(item, Migrate) and kind_of(item) is Migrate:
        return may_lack(item.new, outer) or may_lack(item.old, outer)
    if not isinstance(item, FancySchemaItem) or type(item).validate is not FancySchemaItem.validate:
        return True
    if isinstance(item, Object) and not item.required and _makes_own_default(item):
        return all(may_lack(inner, outer | {id(item)}) for inner in item.fields.values())
    return not item.required


def _makes_own_default(item: Object) -> bool:
    """Whether an absent key becomes a dict of the defaults of the item's fields, each of which must have one."""
    return getattr(item.if_missing, "__func__", None) is Object.if_missing and not item.is_homogeneous


def _name(item: Any) -> str:
    cls: type | None = getattr(item, "managed_class", None)
    return type(item).__name__ if cls is None else cls.__name__


def _particular(item: ParticularScalar[Any]) -> Domain:
    kinds = kinds_of(item.type)
    return union(kinds, NULL) if item.allow_none else kinds


def _int(item: Int) -> Domain:
    return union(_particular(item), Whole())


def _object_id(item: ObjectId) -> Domain:
    # Patterns are matched against plain strings only.
    return union(Kinds(_ID_KINDS), Matching(_HEX))


def _one_of(item: OneOf) -> Domain:
    return union(*map(equal_to, item.options)) if item.options else NOTHING


def _value(item: Value[Any]) -> Domain:
    return equal_to(item.value)


def _stamp(item: Stamp[Any]) -> Domain:
    return union(equal_to(item.value), NULL)


def _anything(item: SchemaItem[Any]) -> Domain:
    return ANYTHING


def _scalar(item: Scalar[Any]) -> Domain:
    return _SINGLE


_SINGLES: Final[Mapping[type, Callable[[Any], Domain]]] = {
    Anything: _anything,
    Binary: _particular,
    Bool: _particular,
    DateTime: _particular,
    DateTimeTZ: _particular,
    Deprecated: _anything,
    Float: _particular,
    Int: _int,
    NumberDecimal: _particular,
    ObjectId: _object_id,
    OneOf: _one_of,
    ParticularScalar: _particular,
    Scalar: _scalar,
    Stamp: _stamp,
    String: _particular,
    Value: _value,
}
