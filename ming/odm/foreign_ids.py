"""Foreign ids: fields that hold the ``_id`` of another class's document, or a list of them.

The other class may be named before it is there. It is looked up when the class is first used, or by
``Mapper.compile_all()``.
"""

from __future__ import annotations

import copy
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, cast

from ming import schema as S
from ming._fields import Field
from ming.odm.fields import FieldProperty
from ming.odm.registry import mapper_of

if TYPE_CHECKING:
    from ming.odm.mapper import Mapper

__all__ = ["ForeignIdProperty"]

_POLICY = frozenset(("required", "if_missing"))


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
        self._name = self._key = self._field = None
        if not isinstance(related, str):
            self._declare()

    @property
    def related(self) -> type[Any]:
        """The other class.

        Raises:
            KeyError: No mapped class has the name.
        """
        self._related = self._class_of(self._related)
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

    @cached_property
    def include_in_repr(self) -> bool:
        """Whether the value is shown in the object's repr."""
        return True

    def _declare(self) -> Field[Any]:
        mapper = mapper_of(self.related)
        related_id: Any = mapper.property_index.get("_id")
        if related_id is None:
            raise TypeError(f"{self!r}: {mapper!r} has no property _id to refer to")
        made = self._field_like(related_id.field)
        made.name = made.name or self._name
        self._field = made
        self._key = made.name
        return made

    def _field_like(self, related_id: Field[Any]) -> Field[Any]:
        """A field of the type of the other class's ``_id``, but with a default that refers to nothing."""
        declare: Any = Field
        options = {"if_missing": self._DEFAULTS[self.uselist], **self.kwargs}
        # The schema of an annotated field finds out the type.
        item, id_type = related_id.schema, related_id.type
        if isinstance(id_type, S.SchemaItem) and not self.uselist:
            # An item that is there already takes no options.
            id_type = copy.copy(item)
            vars(id_type).update(required=False, **{name: options[name] for name in _POLICY & options.keys()})
        return cast("Field[Any]", declare(*self.args, [id_type] if self.uselist else id_type, **options))

    def compile(self, mapper: Mapper[Any]) -> None:
        """Look up the other class and declare the field.

        Raises:
            KeyError: No mapped class has the name of the other one.
            TypeError: The field is named otherwise than the attribute: joins know one name.
        """
        if self.field.name != self.name:
            raise TypeError(f"{self!r} cannot be stored as {self.field.name!r}")
        mapper.add_field(self.field)
