"""The properties of mapped classes that stand for a field of the document.

Foreign ids are in `ming.odm.foreign_ids`; relations, which stand for other objects, in `ming.odm.relations`.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, Generic, NoReturn, TypeAlias, TypeVar, overload

from ming import schema as S
from ming._fields import Field
from ming._flows.changes import same
from ming._values import Missing, MissingType, Object
from ming.odm.base import detached, state
from ming.odm.icollection import deinstrument
from ming.odm.registry import REGISTRY

if TYPE_CHECKING:
    from ming.odm.mapper import Mapper

__all__ = ["FieldProperty", "FieldPropertyWithMissingNone", "ORMProperty"]

T = TypeVar("T")
V = TypeVar("V")
_Class: TypeAlias = type[V]
_ItemClass: TypeAlias = type[S.SchemaItem[V]]
_Item: TypeAlias = type[S.SchemaItem[V]] | S.SchemaItem[V]

_MADE = (dict, list, MissingType)
"""What looks otherwise in a document than in the raw one it was made of."""

_UNPRINTED = (S.Binary, S.Deprecated)


class ORMProperty:
    """Base of what the mapper sets on a mapped class.

    Attributes:
        name: The attribute's name.
        mapper: The class's mapper, from the moment the class is mapped.
        include_in_repr: Whether the value is shown in the object's repr.
    """

    _name: str | None = None
    mapper: Mapper[Any] | None = None
    include_in_repr: Any = True

    @property
    def name(self) -> str | None:
        """The attribute's name."""
        return self._name

    @name.setter
    def name(self, name: str | None) -> None:
        self._name = name

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}>"

    @property
    def full_name(self) -> str:
        """The attribute's name with that of its class, for messages."""
        return f"{self.mapper.mapped_class.__name__}.{self.name}" if self.mapper else str(self.name)

    def _class_of(self, related: type[Any] | str) -> type[Any]:
        """A class that the property is about, which may be given by its name."""
        if not isinstance(related, str):
            return related
        try:
            return REGISTRY.named(related).mapped_class
        except KeyError:
            raise KeyError(f"{self.full_name}: there is no mapped class {related!r}") from None

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        if instance is None:
            return self
        raise NotImplementedError(f"{type(self).__name__}.__get__")

    def __set__(self, instance: Any, value: Any) -> None:
        raise TypeError(f"{self.name!r} is a read-only property on {self.mapper!r}")

    def compile(self, mapper: Mapper[Any]) -> None:
        """Look up what the property names, once all classes are there."""

    def repr(self, instance: Any) -> str:
        """Return what the object's repr shows of the property."""
        try:
            return repr(self.__get__(instance, type(instance)))
        except (AttributeError, KeyError, S.Invalid):
            # Printing never fails, not even where a required value is missing.
            return repr(Missing)


class FieldProperty(ORMProperty, Generic[T]):
    """A field of the document: ``FieldProperty(type, **options)``, ``FieldProperty(name, type, **options)``,
    or over a `Field`.

    Reading gives containers that report their changes; writing validates. A name makes the attribute an alias
    of the key it names.

    Args:
        field_type: A schema item, shorthand for one, or a `Field`.
        args: The type, if the name came first.
        kwargs: As for `Field`.

    Raises:
        TypeError: There are arguments beside a `Field`.
    """

    @overload
    def __init__(self: FieldProperty[V], field_type: Field[V], /) -> None: ...
    @overload
    def __init__(self: FieldProperty[list[Any]], field_type: list[NoReturn], /, **kwargs: Any) -> None: ...
    @overload
    def __init__(self: FieldProperty[V], field_type: _Item[V], /, **kwargs: Any) -> None: ...
    @overload
    def __init__(self: FieldProperty[list[V]], field_type: list[_ItemClass[V]], /, **kwargs: Any) -> None: ...
    @overload
    def __init__(
        self: FieldProperty[list[V]], field_type: list[S.SchemaItem[V]], /, **kwargs: Any
    ) -> None: ...
    @overload
    def __init__(self: FieldProperty[list[V]], field_type: list[_Class[V]], /, **kwargs: Any) -> None: ...
    @overload
    def __init__(
        self: FieldProperty[list[Object]], field_type: list[dict[Any, Any]], /, **kwargs: Any
    ) -> None: ...
    @overload
    def __init__(
        self: FieldProperty[list[Any]], field_type: list[Any] | _Class[list[Any]], /, **kwargs: Any
    ) -> None: ...
    @overload
    def __init__(
        self: FieldProperty[Object], field_type: dict[Any, Any] | _Class[dict[Any, Any]], /, **kwargs: Any
    ) -> None: ...
    @overload
    def __init__(self: FieldProperty[V], field_type: _Class[V], /, **kwargs: Any) -> None: ...
    @overload
    def __init__(self: FieldProperty[Any], field_type: None, /, **kwargs: Any) -> None: ...
    @overload
    def __init__(self: FieldProperty[V], name: str, type: _Item[V], /, **kwargs: Any) -> None: ...
    @overload
    def __init__(self: FieldProperty[V], name: str, type: _Class[V], /, **kwargs: Any) -> None: ...
    @overload
    def __init__(self: FieldProperty[Any], name: str, type: Any, /, **kwargs: Any) -> None: ...
    @overload
    def __init__(self: FieldProperty[V], field_type: V, /, **kwargs: Any) -> None: ...
    def __init__(self: FieldProperty[Any], field_type: Any, /, *args: Any, **kwargs: Any) -> None:
        if not isinstance(field_type, Field):
            self._field: Any = self._made(field_type, *args, **kwargs)
        elif args or kwargs:
            raise TypeError(f"Unexpected args: {args or kwargs}")
        else:
            self._field = field_type
        self._name = self._field.name
        self._key: str | None = self._field.name

    @staticmethod
    def _made(field_type: Any, *args: Any, **kwargs: Any) -> Field[Any]:
        if args and not isinstance(field_type, str):
            raise TypeError(f"the name of a field must be a str, not {field_type!r}")
        return Field(field_type, *args, **kwargs)

    @property
    def field(self) -> Any:
        """The `Field` of the document class."""
        return self._field

    @property
    def name(self) -> str | None:
        """The attribute's name."""
        return self._name

    @name.setter
    def name(self, name: str | None) -> None:
        self._name = name
        if self._field is None:
            self._key = name
            return
        if self._field.name is None:
            self._field.name = name
        self._key = self._field.name

    @property
    def key(self) -> str:
        """The key in the document.

        Raises:
            TypeError: The property stands in a class that is not mapped, and has no name.
        """
        if self._key is None:
            raise TypeError(f"{self!r} has no name: properties belong into the body of a mapped class")
        return self._key

    @cached_property
    def include_in_repr(self) -> bool:
        """Whether the value is shown in the object's repr: all but binaries and deprecated fields."""
        return not isinstance(self.field.schema, _UNPRINTED)

    @overload
    def __get__(self, instance: None, owner: Any) -> FieldProperty[T]: ...
    @overload
    def __get__(self, instance: object, owner: Any = None) -> T: ...
    def __get__(self, instance: Any, owner: Any = None) -> Any:
        if instance is None:
            return self
        key = self._key
        stored = instance._ming_stored
        if stored is not None:
            # Nobody has looked yet; what is no container, and there, is the same in the document to be made.
            value = dict.get(stored, key, Missing)
            if not isinstance(value, _MADE):
                return value
        found = instance.__ming__.state
        value = dict.get(found.document, key, Missing)
        if value is Missing:
            return self._absent(found)
        if isinstance(value, (dict, list)) and found.options["instrument"]:
            return found.instrumented(key)
        return value

    def _absent(self, found: Any) -> Any:
        """Put the default into the document, and return it."""
        key = self.key
        if not found.options.instrument:
            raise KeyError(key)
        default = self.field.schema.validate(Missing)
        if default is Missing:
            raise AttributeError(self._name)
        found.set(key, default)
        return found.instrumented(key)

    def __set__(self, instance: Any, value: T | None) -> None:
        found = state(instance)
        key = self.key
        valid = self.field.schema.validate(deinstrument(value))
        current = dict.get(found.document, key, Missing)
        if value is current and isinstance(value, (dict, list)):
            # The document's own container, which may have been changed past its tracker.
            found.distrust(key)
        elif current is not Missing and same(current, valid):
            return
        else:
            found.touch(key)
        # What the caller goes on to change is not the object's.
        found.set(key, detached(valid))

    def __delete__(self, instance: Any) -> None:
        found = state(instance)
        key = self.key
        if key not in found.document:
            raise KeyError(key)
        found.touch(key)
        found.delete(key)


class FieldPropertyWithMissingNone(FieldProperty[T]):
    """A field that reads as None where it is missing."""

    if TYPE_CHECKING:

        @overload
        def __init__(
            self: FieldPropertyWithMissingNone[V], field_type: _Item[V], /, **kwargs: Any
        ) -> None: ...
        @overload
        def __init__(
            self: FieldPropertyWithMissingNone[list[V]], field_type: list[_Class[V]], /, **kwargs: Any
        ) -> None: ...
        @overload
        def __init__(
            self: FieldPropertyWithMissingNone[V], field_type: _Class[V], /, **kwargs: Any
        ) -> None: ...
        @overload
        def __init__(
            self: FieldPropertyWithMissingNone[Any], field_type: Any, /, *args: Any, **kwargs: Any
        ) -> None: ...
        def __init__(
            self: FieldPropertyWithMissingNone[Any], field_type: Any, /, *args: Any, **kwargs: Any
        ) -> None: ...
        @overload
        def __get__(self, instance: None, owner: Any) -> FieldPropertyWithMissingNone[T]: ...
        @overload
        def __get__(self, instance: object, owner: Any = None) -> T: ...
        def __get__(self, instance: Any, owner: Any = None) -> Any: ...

    def _absent(self, found: Any) -> Any:
        try:
            return super()._absent(found)
        except AttributeError:
            return None
