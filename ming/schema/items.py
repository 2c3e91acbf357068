"""The base of all schema items: the protocol, the policy for absent values, the shorthand factory.

The other modules of the package build on it. Items are the
reference validator: they define what a schema means, and only they word its errors.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from ming._values import Missing, NoDefault, NoDefaultType
from ming.exc import Invalid

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["LITERALS", "SHORTHAND", "Anything", "FancySchemaItem", "SchemaItem", "Value"]

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

SHORTHAND: dict[Any, Callable[..., SchemaItem[Any]]] = {}
"""Items by their short spellings, such as ``int`` for ``Int``; each module of items adds its own."""

LITERALS: dict[type, Callable[..., SchemaItem[Any]]] = {}
"""Makers of items from a list or dict written as a schema."""


class SchemaItem(Generic[T_co]):
    """One validating node of a schema; the type argument is what a present value becomes."""

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"

    def validate(self, value: Any, **options: Any) -> Any:
        """Check and convert a value.

        Args:
            value: The value, or `Missing` for an absent key.
            options: ``allow_extra`` and ``strip_extra``, handed down to every inner item.

        Returns:
            A new value, or the value itself; `Missing` drops the key.

        Raises:
            Invalid: The schema does not accept the value.
        """
        raise NotImplementedError("validate")

    @classmethod
    def make(cls, spec: Any, *args: Any, **kwargs: Any) -> SchemaItem[Any]:
        """Turn shorthand into an item.

        Args:
            spec: An item or a class of items, a Python type, a document class, a list of at most one spec,
                a dict of specs, None for anything, or a literal value.
            args: Arguments for the item's constructor; an item that exists already has no use for them.
            kwargs: Keyword arguments for the item's constructor, likewise.

        Raises:
            ValueError: A list has more than one element.
            TypeError: No item can be made of the spec.
        """
        if isinstance(spec, SchemaItem):
            return spec
        for literal, maker in LITERALS.items():
            if isinstance(spec, literal):
                return maker(spec, *args, **kwargs)
        item_class = _shorthand(spec)
        if item_class is not None:
            return item_class(*args, **kwargs)
        # Not isinstance(): generic aliases such as list[str] pass for classes on Python 3.10.
        if issubclass(type(spec), type):
            return _of_class(spec, args, kwargs)
        return Value(spec, *args, **kwargs)


def _shorthand(spec: Any) -> Callable[..., SchemaItem[Any]] | None:
    try:
        return SHORTHAND.get(spec)
    except TypeError:
        raise TypeError(f"cannot make a schema item of {spec!r}") from None


def _of_class(spec: type, args: tuple[Any, ...], kwargs: dict[str, Any]) -> SchemaItem[Any]:
    if issubclass(spec, SchemaItem):
        return spec(*args, **kwargs)
    item_of: Callable[..., SchemaItem[Any]] | None = getattr(spec, "__schema_item__", None)
    if item_of is not None:
        return item_of(*args, **kwargs)
    try:
        made = spec()
    except TypeError as error:
        raise TypeError(f"cannot make a schema item of {spec!r}: {error}") from error
    return made if isinstance(made, SchemaItem) else Value(made, *args, **kwargs)


class FancySchemaItem(SchemaItem[T_co]):
    """An item with a policy for absent values.

    Subclasses override `_validate`, which sees present values only, and may redefine the class
    attributes, ``if_missing`` also as a method.

    Args:
        required: Whether an absent key is an error.
        if_missing: Default of an absent key: a value, of which each document gets a copy, or a callable.
    """

    required: bool = False
    """Whether an absent key is an error; None is a present value."""
    if_missing: Any = Missing
    """Default of an absent key, or a callable that makes it; never itself validated."""

    def __init__(self, required: bool | NoDefaultType = NoDefault, if_missing: Any = NoDefault) -> None:
        if not isinstance(required, NoDefaultType):
            self.required = required
        if if_missing is not NoDefault:
            self.if_missing = if_missing

    def __repr__(self) -> str:
        return f"<{type(self).__name__} required={self.required} if_missing=...>"

    def validate(self, value: Any, **options: Any) -> Any:
        if value is Missing:
            if self.required:
                raise Invalid("Missing field", value)
            return self.default()
        if self.required:
            return self._validate(value, **options)
        if value is None and self.if_missing is None:
            return None
        try:
            return self._validate(value, **options)
        except Invalid:
            # Ming did not look at values equal to the default, so they are stored and must stay readable.
            if self._equals_default(value):
                return self.default()
            raise

    def default(self) -> Any:
        """Return the value of an absent key: a fresh one, or `Missing`."""
        default = self.if_missing
        return default() if callable(default) else copy.deepcopy(default)

    def _equals_default(self, value: Any) -> bool:
        default = self.if_missing
        return default is not Missing and not callable(default) and bool(value == default)

    def _validate(self, value: Any, **options: Any) -> Any:
        """Check and convert a present value."""
        return value


class Anything(FancySchemaItem[Any]):
    """Accepts every value, unchanged; an absent key stays absent."""


class Value(FancySchemaItem[T]):
    """Accepts what is equal to one value.

    Args:
        value: The expected value.
        required: Whether an absent key is an error.
        if_missing: Default of an absent key.
    """

    if_missing: Any = None

    def __init__(
        self, value: T, required: bool | NoDefaultType = NoDefault, if_missing: Any = NoDefault
    ) -> None:
        super().__init__(required, if_missing)
        self.value = value

    def _validate(self, value: Any, **options: Any) -> Any:
        if value != self.value:
            raise Invalid(f"{value!r} != {self.value!r}", value)
        return value


SHORTHAND[None] = Anything
