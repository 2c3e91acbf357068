"""Field declarations: descriptors that know their schema item."""

from __future__ import annotations

import copy
from functools import cached_property
from typing import Any, Generic, NoReturn, TypeAlias, TypeVar, overload

from ming import schema as S
from ming._values import Object

__all__ = ["Field"]

T = TypeVar("T")
V = TypeVar("V")
# The attribute `Field.type` hides the builtin from the annotations inside the class.
_Class: TypeAlias = type[V]
_ItemClass: TypeAlias = type[S.SchemaItem[V]]
_Item: TypeAlias = type[S.SchemaItem[V]] | S.SchemaItem[V]
_ONE_ARGUMENT = "When called with only one argument Field() parameter should be the field type"


class Field(Generic[T]):
    """One key of a document class: ``Field(type, **options)`` or ``Field(name, type, **options)``.

    On the class it is itself, on a document it is the value under its key.

    Args:
        name: The key; left out, the name of the attribute.
        type: A schema item, or shorthand for one.
        index: Whether `ming.collection` declares an index on the key. Declarative classes list their indexes
            in ``__mongometa__``; there the three flags change nothing.
        unique: Whether that index is unique.
        sparse: Whether that index is sparse.
        options: For the schema item: ``required``, ``if_missing``, ``allow_none`` and its own.

    Raises:
        TypeError: Not one or two positional arguments.
        ValueError: A name without a type.
    """

    name: str | None
    type: Any
    index: bool
    unique: bool
    sparse: bool
    claimed: bool = False
    """Whether a class holds this object as one of its fields."""
    _named_by_attribute: bool = False

    @overload
    def __init__(self: Field[list[Any]], type: list[NoReturn], /, **options: Any) -> None: ...
    @overload
    def __init__(self: Field[V], type: _Item[V], /, **options: Any) -> None: ...
    @overload
    def __init__(self: Field[list[V]], type: list[_ItemClass[V]], /, **options: Any) -> None: ...
    @overload
    def __init__(self: Field[list[V]], type: list[S.SchemaItem[V]], /, **options: Any) -> None: ...
    @overload
    def __init__(self: Field[list[V]], type: list[_Class[V]], /, **options: Any) -> None: ...
    @overload
    def __init__(self: Field[list[Object]], type: list[dict[Any, Any]], /, **options: Any) -> None: ...
    @overload
    def __init__(self: Field[list[Any]], type: list[Any] | _Class[list[Any]], /, **options: Any) -> None: ...
    @overload
    def __init__(
        self: Field[Object], type: dict[Any, Any] | _Class[dict[Any, Any]], /, **options: Any
    ) -> None: ...
    @overload
    def __init__(self: Field[V], type: _Class[V], /, **options: Any) -> None: ...
    @overload
    def __init__(self: Field[Any], type: None, /, **options: Any) -> None: ...
    @overload
    def __init__(self: Field[V], type: V, /, **options: Any) -> None: ...
    @overload
    def __init__(self: Field[list[Any]], name: str, type: list[NoReturn], /, **options: Any) -> None: ...
    @overload
    def __init__(self: Field[V], name: str, type: _Item[V], /, **options: Any) -> None: ...
    @overload
    def __init__(self: Field[list[V]], name: str, type: list[_ItemClass[V]], /, **options: Any) -> None: ...
    @overload
    def __init__(self: Field[list[V]], name: str, type: list[S.SchemaItem[V]], /, **options: Any) -> None: ...
    @overload
    def __init__(self: Field[list[V]], name: str, type: list[_Class[V]], /, **options: Any) -> None: ...
    @overload
    def __init__(
        self: Field[list[Object]], name: str, type: list[dict[Any, Any]], /, **options: Any
    ) -> None: ...
    @overload
    def __init__(
        self: Field[list[Any]], name: str, type: list[Any] | _Class[list[Any]], /, **options: Any
    ) -> None: ...
    @overload
    def __init__(
        self: Field[Object], name: str, type: dict[Any, Any] | _Class[dict[Any, Any]], /, **options: Any
    ) -> None: ...
    @overload
    def __init__(self: Field[V], name: str, type: _Class[V], /, **options: Any) -> None: ...
    @overload
    def __init__(self: Field[Any], name: str, type: None, /, **options: Any) -> None: ...
    @overload
    def __init__(self: Field[V], name: str, type: V, /, **options: Any) -> None: ...
    def __init__(self: Field[Any], /, *args: Any, **options: Any) -> None:
        self.name, self.type = _name_and_type(args)
        self.index = bool(options.pop("index", False))
        self.unique = bool(options.pop("unique", False))
        self.sparse = bool(options.pop("sparse", False))
        self._options = options
        self._declare()

    def _declare(self) -> None:
        """Report wrong types and options at once."""
        self.schema  # noqa: B018

    @cached_property
    def schema(self) -> S.SchemaItem[Any]:
        """The schema item that validates the field."""
        return S.SchemaItem.make(self.type, **self._options)

    def __set_name__(self, owner: Any, attribute: str) -> None:
        if self.name is None or self._named_by_attribute:
            self.name = attribute
            self._named_by_attribute = True

    @property
    def field(self) -> Field[T]:
        """The field itself; what a class attribute offers for looking up its declaration."""
        return self

    @overload
    def __get__(self, instance: None, owner: Any) -> Field[T]: ...
    @overload
    def __get__(self, instance: object, owner: Any = None) -> T: ...
    def __get__(self, instance: Any, owner: Any = None) -> Any:
        if instance is None:
            return self
        try:
            return instance[self.name]
        except KeyError:
            raise AttributeError(self.name) from None

    def __set__(self, instance: Any, value: T) -> None:
        instance[self.name] = value

    def __delete__(self, instance: Any) -> None:
        del instance[self.name]

    def __repr__(self) -> str:
        flags = [name for name in ("unique", "sparse") if getattr(self, name)]
        words = " ".join(["index", *flags] if flags or self.index else [])
        return f"<Field {self.name}({self.schema!r}){words}>"

    def claim(self) -> Field[T]:
        """Return a field for one class to hold: this one, or a copy where another class holds it."""
        field = copy.copy(self) if self.claimed else self
        field.claimed = True
        return field


def _name_and_type(args: tuple[Any, ...]) -> tuple[str | None, Any]:
    if len(args) == 1:
        if isinstance(args[0], str):
            raise ValueError(_ONE_ARGUMENT)
        return None, args[0]
    if len(args) == 2:
        return args
    raise TypeError(f"Field() takes 1 or 2 argments, not {len(args)}")
