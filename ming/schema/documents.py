"""The item behind every document class, and how it finds the class of a polymorphic document.

`ming.metadata` makes one per class; fields and unknown keys are the business of `ming.schema.containers`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from ming.exc import Invalid
from ming.schema.containers import Object, invalid_fields

if TYPE_CHECKING:
    from collections.abc import Mapping, MutableMapping

    from ming._values import Object as BaseObject

__all__ = ["Document"]


class Document(Object):
    """The schema of a document class: valid values become instances of it, or of a class beside it.

    Instances are made without calling ``__init__``. For another class than the managed one, that class's
    own manager does the work.
    """

    managed_class: type[Any] | None = None
    """The document class whose schema this is."""
    polymorphic_on: str | None = None
    """The key that tells documents of different classes apart."""
    polymorphic_registry: MutableMapping[Any, type[Any]] | None = None
    """Document classes by their values of that key."""

    def set_polymorphic(
        self, field: str | None, registry: MutableMapping[Any, type[Any]] | None, identity: Any
    ) -> None:
        """Register the managed class among the classes of its collection.

        Args:
            field: The key that tells documents of different classes apart, if there is one.
            registry: Document classes by their values of that key.
            identity: The managed class's own value of it.
        """
        self.polymorphic_on = field
        self.polymorphic_registry = registry
        if field:
            assert registry is not None, "a polymorphic class needs a registry"
            assert self.managed_class is not None, "only a document class can be registered"
            registry[identity] = self.managed_class

    def get_polymorphic_cls(self, data: Mapping[str, Any]) -> type[Any] | None:
        """Return the class that a document belongs to; without a discriminator, the managed class.

        Raises:
            KeyError: No class is registered for the document's discriminator.
        """
        key = self.polymorphic_on
        if not self.polymorphic_registry or key is None or key not in data:
            return self.managed_class
        return self.polymorphic_registry[data[key]]

    def _validate(self, value: Any, **options: Any) -> BaseObject:
        cls: Any = self.class_of(value) if isinstance(value, dict) else self.managed_class
        if cls is self.managed_class:
            return super()._validate(value, **options)
        # Without options an item keeps unknown keys from being stripped, a manager does not.
        return cast("BaseObject", cls._manager.make(value, **{"strip_extra": False, **options}))

    def class_of(self, value: dict[str, Any]) -> type[Any] | None:
        """Return the class that a document belongs to, as `get_polymorphic_cls`.

        Raises:
            Invalid: No class is registered for the document's discriminator.
        """
        try:
            return self.get_polymorphic_cls(value)
        except (KeyError, TypeError) as error:
            key: Any = self.polymorphic_on
            known = list(self.polymorphic_registry or ())
            refused = Invalid(f"{value[key]!r} is not among the known identities {known!r}", value[key])
            errors = {key: refused}
            raise invalid_fields(errors.items(), value, errors) from error

    def _new_result(self) -> BaseObject:
        cls: Any = self.managed_class
        return super()._new_result() if cls is None else cast("BaseObject", cls.__new__(cls))
