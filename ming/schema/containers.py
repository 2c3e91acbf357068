"""Items that hold items: arrays and objects.

Single values are in `ming.schema.scalars`, the objects behind document classes in `ming.schema.documents`.
Every inner item is validated exactly once, also when validation fails, so the cost of a failure is
linear in the size of the value.
"""

from __future__ import annotations

from functools import cached_property
from operator import itemgetter
from typing import TYPE_CHECKING, Any, TypeVar, overload

from ming._values import KEEP_ASIDE, Missing, NoDefault, NoDefaultType, Origin
from ming._values import Object as BaseObject
from ming.exc import Invalid
from ming.schema.items import LITERALS, SHORTHAND, Anything, FancySchemaItem, SchemaItem
from ming.utils import indent

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = ["Array", "Object", "invalid_fields"]

T = TypeVar("T")


class Array(FancySchemaItem[list[T]]):
    """Accepts lists and tuples of one kind of items; None is an empty list.

    Args:
        field_type: What the items are: an item, or shorthand for one.
        required: Whether an absent key is an error.
        if_missing: Default of an absent key.
        validate_ranges: Slices of the array that are validated; the rest passes as it is.
    """

    if_missing: Any = []  # noqa: RUF012 - each document gets a copy

    @overload
    def __init__(
        self,
        field_type: SchemaItem[T] | type[SchemaItem[T]],
        *,
        required: bool | NoDefaultType = ...,
        if_missing: Any = ...,
        validate_ranges: Sequence[slice] | None = ...,
    ) -> None: ...
    @overload
    def __init__(
        self,
        field_type: type[T],
        *,
        required: bool | NoDefaultType = ...,
        if_missing: Any = ...,
        validate_ranges: Sequence[slice] | None = ...,
    ) -> None: ...
    @overload
    def __init__(
        self: Array[Any],
        field_type: Any,
        *,
        required: bool | NoDefaultType = ...,
        if_missing: Any = ...,
        validate_ranges: Sequence[slice] | None = ...,
    ) -> None: ...
    def __init__(
        self,
        field_type: Any,
        *,
        required: bool | NoDefaultType = NoDefault,
        if_missing: Any = NoDefault,
        validate_ranges: Sequence[slice] | None = None,
    ) -> None:
        super().__init__(required, if_missing)
        self._field_spec = field_type
        self.validate_ranges = validate_ranges

    @cached_property
    def field_type(self) -> SchemaItem[T]:
        """The item that validates each element."""
        return SchemaItem.make(self._field_spec)

    def __repr__(self) -> str:
        return indent(f"{super().__repr__()}\n{self.field_type!r}")

    def _validate(self, value: Any, **options: Any) -> list[T]:
        if value is None:
            return []
        if not isinstance(value, (list, tuple)):
            raise Invalid("Not a list or tuple", value)
        result = list(value)
        errors: list[Invalid | None] = [None] * len(result)
        validate = self.field_type.validate
        for index in self._validated_indexes(len(result)):
            try:
                result[index] = validate(result[index], **options)
            except Invalid as error:
                errors[index] = error
        lines = [f"[{index}]:{error}" for index, error in enumerate(errors) if error is not None]
        if lines:
            raise Invalid("\n".join(lines), value, error_list=errors)
        return [element for element in result if element is not Missing]

    def _validated_indexes(self, length: int) -> Iterable[int]:
        indexes = range(length)
        if not self.validate_ranges:
            return indexes
        return sorted({index for part in self.validate_ranges for index in indexes[part]})


class Object(FancySchemaItem[BaseObject]):
    """Accepts dicts: of named fields, or of any number of entries of one kind.

    A single field whose name is not text describes the second form: ``{str: int}``.

    Args:
        fields: What the values are, by name: items, or shorthand for them.
        required: Whether an absent key is an error.
        if_missing: Default of an absent key; by default a dict of the fields' own defaults.
    """

    def __init__(
        self,
        fields: Mapping[Any, Any] | None = None,
        required: bool | NoDefaultType = NoDefault,
        if_missing: Any = NoDefault,
    ) -> None:
        super().__init__(required, if_missing)
        self.fields: dict[Any, SchemaItem[Any]] = {
            name: SchemaItem.make(spec) for name, spec in (fields or {}).items()
        }
        self._ordered: tuple[tuple[Any, SchemaItem[Any]], ...] | None = None

    def __repr__(self) -> str:
        lines = [super().__repr__()]
        lines += [f"{name}: {item!r}" for name, item in self.ordered_items()]
        return indent("\n".join(lines))

    def if_missing(self) -> BaseObject:
        """Return a dict of the fields' own defaults."""
        result = BaseObject()
        if not self.is_homogeneous:
            errors = self._validate_fields({}, result, {})
            if errors:
                # The text stays that of the field: the object itself may not be required.
                raise Invalid(next(iter(errors.values())).msg, Missing, error_dict=errors)
        return result

    @property
    def is_homogeneous(self) -> bool:
        """Whether any number of entries of one kind is accepted, as in ``{str: int}``."""
        return len(self.fields) == 1 and not isinstance(next(iter(self.fields)), str)

    def ordered_items(self) -> tuple[tuple[Any, SchemaItem[Any]], ...]:
        """Return name and item of every field, sorted by name; a new tuple after each `extend`."""
        if self._ordered is None:
            try:
                self._ordered = tuple(sorted(self.fields.items(), key=itemgetter(0)))
            except TypeError as error:
                raise TypeError(f"field names of different kinds: {list(self.fields)!r}") from error
        return self._ordered

    @property
    def field_items(self) -> tuple[tuple[Any, SchemaItem[Any]], ...]:
        """Name and item of every field, sorted by name."""
        return self.ordered_items()

    def extend(self, other: Object | None) -> None:
        """Take over the fields of another object; None has none."""
        if other is not None:
            self.fields.update(other.fields)
            self._ordered = None

    def _validate(self, value: Any, **options: Any) -> BaseObject:
        if not isinstance(value, dict):
            raise Invalid(f"notdict: {value}", value)
        if self.is_homogeneous:
            return self._validate_entries(value, **options)
        return self._validate_named(value, **options)

    def _validate_named(
        self, value: dict[Any, Any], allow_extra: bool = False, strip_extra: bool | int = False
    ) -> BaseObject:
        keep_extra = allow_extra and not strip_extra
        result = self._new_result()
        if keep_extra:
            dict.update(result, value)
        errors = self._validate_fields(
            value, result, {"allow_extra": allow_extra, "strip_extra": strip_extra}
        )
        if errors:
            raise invalid_fields(errors.items(), value, errors)
        unknown = {}
        if not keep_extra:
            unknown = {key: extra for key, extra in dict.items(value) if key not in self.fields}
            if unknown and not allow_extra:
                raise Invalid(f"Extra keys: {set(unknown)!r}", value)
        _carry_origin(value, result, unknown if strip_extra is KEEP_ASIDE else {})
        return result

    def _validate_fields(
        self, value: dict[Any, Any], result: BaseObject, options: dict[str, Any]
    ) -> dict[Any, Invalid]:
        """Put the validated fields into the result; return what was refused."""
        errors: dict[Any, Invalid] = {}
        for name, item in self.ordered_items():
            try:
                field_value = item.validate(dict.get(value, name, Missing), **options)
            except Invalid as error:
                errors[name] = error
                continue
            if field_value is not Missing:
                dict.__setitem__(result, name, field_value)
            else:
                dict.pop(result, name, None)
        return errors

    def _validate_entries(
        self, value: dict[Any, Any], allow_extra: bool = False, strip_extra: bool | int = False
    ) -> BaseObject:
        options = {"allow_extra": allow_extra, "strip_extra": strip_extra}
        ((key_spec, value_item),) = self.fields.items()
        key_item = SchemaItem.make(key_spec)
        result = self._new_result()
        errors: dict[Any, Invalid] = {}
        for key, entry in dict.items(value):
            try:
                valid_key = key_item.validate(key, **options)
                valid_entry = value_item.validate(entry, **options)
            except Invalid as error:
                errors[key] = error
                continue
            if valid_key is not Missing and valid_entry is not Missing:
                dict.__setitem__(result, valid_key, valid_entry)
        if errors:
            raise invalid_fields(((key_spec, error) for error in errors.values()), value, errors)
        _carry_origin(value, result, {})
        return result

    def _new_result(self) -> BaseObject:
        return BaseObject()


def invalid_fields(
    named: Iterable[tuple[Any, Invalid]], value: dict[Any, Any], errors: dict[Any, Invalid]
) -> Invalid:
    """Return one error for the named errors of a dict, a line each."""
    return Invalid("\n".join(f"{name}:{error}" for name, error in named), value, error_dict=errors)


def _carry_origin(source: dict[Any, Any], result: BaseObject, unknown: dict[Any, Any]) -> None:
    """Hand over what the source carries out of sight, and the unknown keys it holds itself."""
    origin = source._origin if isinstance(source, BaseObject) else None
    if unknown:
        if origin is None:
            origin = Origin(unknown)
        else:
            origin = Origin({**origin.unknown, **unknown}, origin.snapshot, origin.version)
    if origin is not None:
        result._origin = origin


def _array(spec: list[Any], **kwargs: Any) -> Array[Any]:
    if len(spec) > 1:
        raise ValueError("Array must have 0-1 elements")
    return Array(spec[0] if spec else Anything(), **kwargs)


def _any_list(**kwargs: Any) -> Array[Any]:
    return Array(Anything(), **kwargs)


def _any_dict(**kwargs: Any) -> Object:
    # None used to be what an absent key became, so it is stored.
    return Object({None: Anything()}, **{"if_missing": None, **kwargs})


LITERALS[list] = _array
LITERALS[dict] = Object
SHORTHAND[list] = _any_list
SHORTHAND[dict] = _any_dict
