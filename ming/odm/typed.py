"""Annotations first: mapped classes whose properties are derived from type annotations.

The twin of `ming._typed`, which does the same for documents and knows what an annotation means.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

from ming._typed import TypedField, dataclass_transform, field, take_annotations
from ming.encryption import DecryptedField, DecryptedListField
from ming.odm.declarative import MappedClass, _MappedClassMeta
from ming.odm.fields import ORMProperty

__all__ = ["TypedMappedClass"]

_OTHERWISE: Final = ("query",)
"""What programs annotate to have it narrower."""
_DESCRIPTORS: Final = (ORMProperty, DecryptedField, DecryptedListField)


class _TypedMappedMeta(_MappedClassMeta):
    """Turns the annotations of a class body into properties."""

    def __new__(
        mcs, name: str, bases: tuple[type, ...], namespace: dict[str, Any], **keywords: Any
    ) -> _TypedMappedMeta:
        annotated = take_annotations(namespace, _OTHERWISE, _DESCRIPTORS)
        cls = super().__new__(mcs, name, bases, namespace, **keywords)
        for each in annotated:
            each.owner = cls
        return cast("_TypedMappedMeta", cls)


@dataclass_transform(kw_only_default=True, field_specifiers=(field, TypedField))
class TypedMappedClass(MappedClass, metaclass=_TypedMappedMeta):
    """Base of mapped classes written as annotations.

    ``Page(title="x")`` takes the class's properties as keywords; relations and foreign ids among them are declared
    as on `MappedClass`.

    Raises:
        TypeError: A keyword that is no property.
        Invalid: The values are not valid.
    """

    if not TYPE_CHECKING:

        def __init__(self, **values: Any) -> None:
            cls = type(self)
            for name, value in values.items():
                if name not in cls.query.mapper.property_index and not hasattr(cls, name):
                    raise TypeError(f"{cls.__name__}() got an unexpected keyword argument {name!r}")
                setattr(self, name, value)
