"""The constant field that tells the versions of a chain apart."""

from __future__ import annotations

from typing import Any

from ming.schema.items import SchemaItem, T, Value

__all__ = ["Stamp", "stamped"]


class Stamp(Value[T]):
    """A constant that is filled in where it is absent or None, so that no document is stored without it.

    Args:
        value: The constant.
    """

    def __init__(self, value: T) -> None:
        super().__init__(value, if_missing=value)

    def _validate(self, value: Any, **options: Any) -> Any:
        return self.value if value is None else super()._validate(value, **options)


def stamped(item: SchemaItem[Any]) -> SchemaItem[Any]:
    """Turn a constant that leaves its absence open into a `Stamp`; other items stay as they are."""
    if (
        isinstance(item, Value)
        and type(item) is Value
        and not item.required
        and "if_missing" not in vars(item)
    ):
        return Stamp(item.value)
    return item
