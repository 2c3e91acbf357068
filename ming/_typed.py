"""Annotations first: document classes whose schema is derived from type annotations.

`ming.TypedDocument` and `ming.field` are the public names. An annotation is resolved when the schema is
first needed, so classes may refer to each other in any order.
"""

from __future__ import annotations

import copy
import sys
import types
import typing
from collections.abc import Callable, Collection, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar, Union, overload

from ming import schema as S
from ming._fields import Field
from ming._values import NoDefault, Object
from ming.declarative import Document, _DocumentMeta
from ming.exc import MingConfigError

if TYPE_CHECKING:
    from typing_extensions import Self, dataclass_transform
else:

    def dataclass_transform(**options: Any) -> Callable[[Any], Any]:
        """Mark a class for type checkers; nothing happens at run time."""
        return lambda cls: cls


__all__ = ["TypedDocument", "TypedField", "dataclass_transform", "field", "take_annotations"]

T = TypeVar("T")


@overload
def field(*, default: T, schema: Any = ..., name: str | None = ..., **options: Any) -> T: ...
@overload
def field(
    *, default_factory: Callable[[], T], schema: Any = ..., name: str | None = ..., **options: Any
) -> T: ...
@overload
def field(*, schema: Any = ..., name: str | None = ..., **options: Any) -> Any: ...
def field(**options: Any) -> Any:
    """Say more about an annotated field of a `TypedDocument`.

    Args:
        default: Value of an absent key.
        default_factory: Function that makes the value of an absent key.
        required: Whether an absent key is an error; by default it is one for a field that has no default
            and whose annotation leaves no room for None.
        schema: The schema item, or shorthand for one, in place of the one derived from the annotation.
        name: The stored key, where it is not the name of the attribute.
        options: ``index``, ``unique``, ``sparse`` as for `Field`; others go to the derived schema item.

    Raises:
        TypeError: Both a default and a default factory.
    """
    return TypedField(**options)


class TypedField(Field[Any]):
    """A field whose schema comes from an annotation; made by `field`."""

    def __init__(
        self,
        *,
        default: Any = NoDefault,
        default_factory: Callable[[], Any] | None = None,
        required: bool | None = None,
        schema: Any = None,
        name: str | None = None,
        **options: Any,
    ) -> None:
        if default is not NoDefault and default_factory is not None:
            raise TypeError("field() takes a default or a default_factory, not both")
        self._default = default if default_factory is None else default_factory
        self._required = required
        self._given_schema = schema
        super().__init__(None, **options)
        self.name = name
        self.owner: type | None = None
        self.annotation: Any = None

    def _declare(self) -> None:
        """The annotation is looked at when the schema is first needed."""

    @cached_property
    def schema(self) -> S.SchemaItem[Any]:
        """The schema item that validates the field."""
        annotation, optional = _without_none(self._resolved())
        self.type = annotation
        said = {key: value for key, value in self._options.items() if key == "if_missing"}
        if self._default is not NoDefault:
            said["if_missing"] = self._default
        if self._required is not None:
            said["required"] = self._required
        given = _annotated_item(annotation) if self._given_schema is None else self._given_schema
        if given is not None:
            return _with_policy(S.SchemaItem.make(given, **self._options), said)
        implied = {"if_missing": None} if optional else {"required": "if_missing" not in said}
        return _item(annotation, optional, {**self._options, **implied, **said})

    def _resolved(self) -> Any:
        if self.owner is None:
            raise MingConfigError("field() belongs into the body of a TypedDocument, with an annotation")
        holder = types.SimpleNamespace(__annotations__={"it": self.annotation})
        known = {**vars(typing), **vars(sys.modules[self.owner.__module__]), self.owner.__name__: self.owner}
        try:
            return typing.get_type_hints(holder, known, dict(vars(self.owner)), include_extras=True)["it"]
        except NameError as error:
            where = f"{self.owner.__qualname__}.{self.name}"
            raise MingConfigError(
                f"{where}: the annotation {self.annotation!r} is unknown: {error}"
            ) from error


class _TypedMeta(_DocumentMeta):
    """Turns the annotations of a class body into fields."""

    def __new__(
        mcs, name: str, bases: tuple[type, ...], namespace: dict[str, Any], **keywords: Any
    ) -> _TypedMeta:
        annotated = take_annotations(namespace)
        cls = super().__new__(mcs, name, bases, namespace, **keywords)
        for typed in annotated:
            typed.owner = cls
        return typing.cast("_TypedMeta", cls)


def take_annotations(
    namespace: dict[str, Any], names: Collection[str] = (), kinds: tuple[type, ...] = ()
) -> list[TypedField]:
    """Put fields into a class body in the place of its annotations.

    Args:
        namespace: The class body.
        names: Annotated names that are no fields.
        kinds: Classes of values that stand for themselves, whatever the annotation says.

    Returns:
        The fields, which still have to be told their owner.
    """
    annotated: list[TypedField] = []
    for attribute, annotation in namespace.get("__annotations__", {}).items():
        value = namespace.get(attribute, NoDefault)
        if (
            attribute == "__mongometa__"
            or attribute in names
            or isinstance(value, kinds)
            or _is_class_variable(annotation)
        ):
            continue
        if not isinstance(value, Field):
            value = namespace[attribute] = TypedField(default=value)
        if isinstance(value, TypedField):
            value.annotation = annotation
            annotated.append(value)
    return annotated


@dataclass_transform(kw_only_default=True, field_specifiers=(field, TypedField))
class TypedDocument(Document, metaclass=_TypedMeta):
    """Base of document classes written as annotations.

    ``Page(title="x")`` is ``Page.make({"title": "x"})``: validated, defaults filled in, keywords only.
    Loading never calls the constructor.

    Raises:
        TypeError: A keyword that is no field.
        Invalid: The values are not valid.
    """

    def __init__(self, **values: Any) -> None:
        cls = type(self)
        data = {_key_of(cls, attribute): value for attribute, value in values.items()}
        super().__init__(cls._manager.make(data), skip_from_bson=True)

    @classmethod
    def _wrap(cls, data: Mapping[str, Any], skip_from_bson: bool = False) -> Self:
        made = cls.__new__(cls)
        dict.update(made, data if skip_from_bson else Object.from_bson(dict(data)))
        return made


def _key_of(cls: type, attribute: str) -> str:
    declared = getattr(cls, attribute, None)
    if not isinstance(declared, Field) or declared.name is None:
        raise TypeError(f"{cls.__name__}() got an unexpected keyword argument {attribute!r}")
    return declared.name


def _is_class_variable(annotation: Any) -> bool:
    if isinstance(annotation, str):
        return annotation.split("[")[0].split(".")[-1] == "ClassVar"
    return annotation is typing.ClassVar or typing.get_origin(annotation) is typing.ClassVar


def _without_none(annotation: Any) -> tuple[Any, bool]:
    """Split ``T | None`` into ``T`` and whether None is welcome."""
    if typing.get_origin(annotation) not in (Union, types.UnionType):
        return annotation, False
    members = [member for member in typing.get_args(annotation) if member is not type(None)]
    if len(members) != 1:
        raise MingConfigError(f"no schema for {annotation!r}: a union of types needs field(schema=...)")
    return members[0], True


def _annotated_item(annotation: Any) -> Any:
    """The schema item in ``Annotated[T, item]``, or None."""
    extras = typing.get_args(annotation)[1:] if typing.get_origin(annotation) is Annotated else ()
    return next((extra for extra in extras if _is_item(extra)), None)


def _with_policy(item: S.SchemaItem[Any], said: Mapping[str, Any]) -> S.SchemaItem[Any]:
    """An item with what the field itself says about absent keys."""
    if not said:
        return item
    item = copy.copy(item)
    vars(item).update(said)
    return item


def _item(annotation: Any, optional: bool, options: dict[str, Any]) -> S.SchemaItem[Any]:
    """The schema item for an annotation.

    Args:
        annotation: The annotation, resolved, without its None.
        optional: Whether None is welcome.
        options: For the item's constructor.
    """
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is Annotated:
        given = _annotated_item(annotation)
        return _item(arguments[0], optional, options) if given is None else S.SchemaItem.make(given)
    if origin is Literal:
        return _literal(arguments, optional, options)
    if origin is list:
        return S.Array(_inner(arguments[0]), **options)
    if origin is dict:
        return S.Object({arguments[0]: _inner(arguments[1])}, **options)
    if annotation is Any:
        return S.Anything(**options)
    if annotation is Object:
        return S.SchemaItem.make(dict, **options)
    item = S.SchemaItem.make(annotation, **options)
    if isinstance(item, S.ParticularScalar):
        item.allow_none = optional
    return item


def _is_item(extra: Any) -> bool:
    return isinstance(extra, S.SchemaItem) or (isinstance(extra, type) and issubclass(extra, S.SchemaItem))


def _inner(annotation: Any) -> S.SchemaItem[Any]:
    """The item for what a list or dict holds."""
    annotation, optional = _without_none(annotation)
    return _item(annotation, optional, {"if_missing": None} if optional else {"required": True})


def _literal(values: tuple[Any, ...], optional: bool, options: dict[str, Any]) -> S.SchemaItem[Any]:
    if len(values) == 1 and not optional:
        return S.Value(values[0], **options)
    return S.OneOf(*values, *([None] if optional else []), **options)
