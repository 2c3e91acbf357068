"""The properties of mapped classes that stand for a field of the document: plain ones and foreign ids.

Relations, which stand for other objects, are in `ming.odm.relations`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Generic, NoReturn, TypeAlias, TypeVar, overload

from ming import schema as S
from ming._fields import Field
from ming._flows.changes import same
from ming._values import Missing, Object
from ming.odm.base import detached, state
from ming.odm.icollection import deinstrument
from ming.odm.registry import REGISTRY, mapper_of

if TYPE_CHECKING:
    from ming.odm.mapper import Mapper

__all__ = ["FieldProperty", "FieldPropertyWithMissingNone", "ForeignIdProperty", "ORMProperty"]

T = TypeVar("T")
V = TypeVar("V")
_Class: TypeAlias = type[V]
_ItemClass: TypeAlias = type[S.SchemaItem[V]]
_Item: TypeAlias = type[S.SchemaItem[V]] | S.SchemaItem[V]

_UNPRINTED = (S.Binary, S.Deprecated)


class ORMProperty:
    """Base of what the mapper sets on a mapped class.

    Attributes:
        name: The attribute's name.
        mapper: The class's mapper, from the moment the class is mapped.
        include_in_repr: Whether the value is shown in the object's repr.
    """

    name: str | None = None
    mapper: Mapper[Any] | None = None
    include_in_repr: Any = True

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}>"

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        raise NotImplementedError("__get__")

    def __set__(self, instance: Any, value: Any) -> None:
        raise TypeError(f"{self.name!r} is a read-only property on {self.mapper!r}")

    def compile(self, mapper: Mapper[Any]) -> None:
        """Look up what the property names, once all classes are there."""

    def repr(self, instance: Any) -> str:
        """Return what the object's repr shows of the property."""
        try:
            return repr(self.__get__(instance, type(instance)))
        except AttributeError:
            return repr(Missing)


class FieldProperty(ORMProperty, Generic[T]):
    """A field of the document: ``FieldProperty(type, **options)``, ``FieldProperty(name, type, **options)``,
    or over a `Field`.

    Reading gives containers that report their changes; writing validates.

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
    def __init__(self: FieldProperty[Any], field_type: str, type: Any, /, **kwargs: Any) -> None: ...
    @overload
    def __init__(self: FieldProperty[V], field_type: V, /, **kwargs: Any) -> None: ...
    def __init__(self: FieldProperty[Any], field_type: Any, /, *args: Any, **kwargs: Any) -> None:
        if not isinstance(field_type, Field):
            self._field: Any = self._made(field_type, *args, **kwargs)
        elif args or kwargs:
            raise TypeError(f"Unexpected args: {args or kwargs}")
        else:
            self._field = field_type
        self._name: str | None = self._field.name

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
        """The attribute's name, and the key in the document."""
        return self._name

    @name.setter
    def name(self, name: str | None) -> None:
        self._name = name
        if self._field is not None and self._field.name is None:
            self._field.name = name

    @property
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
        found = instance.__ming__.state
        name = self._name
        value = dict.get(found.document, name, Missing)
        if value is Missing:
            return self._absent(found)
        if isinstance(value, (dict, list)) and found.options.instrument:
            return found.instrumented(name)
        return value

    def _absent(self, found: Any) -> Any:
        """Put the default into the document, and return it."""
        name = str(self._name)
        if not found.options.instrument:
            raise KeyError(name)
        default = self.field.schema.validate(Missing)
        if default is Missing:
            raise AttributeError(name)
        found.set(name, default)
        return found.instrumented(name)

    def __set__(self, instance: Any, value: Any) -> None:
        found = state(instance)
        name = str(self.name)
        given = deinstrument(value)
        valid = self.field.schema.validate(given)
        current = dict.get(found.document, name, Missing)
        if current is not Missing and same(current, valid):
            return
        found.touch(name)
        # What the caller goes on to change is not the object's.
        found.set(name, detached(valid) if valid is given else valid)

    def __delete__(self, instance: Any) -> None:
        found = state(instance)
        name = str(self.name)
        if name not in found.document:
            raise KeyError(name)
        found.touch(name)
        found.delete(name)


class FieldPropertyWithMissingNone(FieldProperty[T]):
    """A field that reads as None where it is missing."""

    if TYPE_CHECKING:

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


class ForeignIdProperty(FieldProperty[Any]):
    """The ``_id`` of a document of another class, or a list of them.

    Args:
        related: The other class, or its name.
        uselist: Whether it holds a list of ids.
        allow_none: Whether None is an ``_id`` that can be meant.
        args: As for `Field`.
        kwargs: As for `Field`.

    Raises:
        AttributeError: ``allow_none`` together with ``uselist``.
    """

    _DEFAULTS: ClassVar[dict[bool, Any]] = {True: [], False: None}

    def __init__(
        self,
        related: type[Any] | str,
        uselist: bool = False,
        allow_none: bool = False,
        *args: Any,
        **kwargs: Any,
    ) -> None:
        if uselist and allow_none:
            raise AttributeError("allow_none with uselist is not supported")
        self.uselist = uselist
        self.allow_none = allow_none
        self.args = args
        self.kwargs = kwargs
        self._related = related
        self._name = None
        self._field = None
        if not isinstance(related, str):
            self._declare()

    @property
    def related(self) -> type[Any]:
        """The other class.

        Raises:
            KeyError: No mapped class has the name.
        """
        if isinstance(self._related, str):
            self._related = REGISTRY.named(self._related).mapped_class
        return self._related

    @property
    def is_resolved(self) -> bool:
        """Whether the other class is known already."""
        return self._field is not None

    @property
    def field(self) -> Any:
        """The `Field` of the document class, typed as the other class's ``_id``.

        Raises:
            KeyError: No mapped class has the name of the other one.
        """
        return self._field or self._declare()

    def _declare(self) -> Field[Any]:
        related_id: Any = mapper_of(self.related).property_index["_id"]
        id_type = related_id.field.type
        declare: Any = Field
        options = {"if_missing": self._DEFAULTS[self.uselist], **self.kwargs}
        made: Field[Any] = declare(*self.args, [id_type] if self.uselist else id_type, **options)
        made.name = made.name or self._name
        self._field = made
        return made

    @property
    def include_in_repr(self) -> bool:
        """Whether the value is shown in the object's repr."""
        return True

    def compile(self, mapper: Mapper[Any]) -> None:
        """Look up the other class and declare the field."""
        mapper.add_field(self.field)
