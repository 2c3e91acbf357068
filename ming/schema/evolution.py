"""Items for values that change their shape over time: one migration step, and keys out of use.

How a whole stored document is recognised as one version of a chain is decided elsewhere; these items
see one value and try its newest shape first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ming._values import Missing, MissingType
from ming._values import Object as BaseObject
from ming.exc import Invalid
from ming.schema.items import SchemaItem

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["Deprecated", "Migrate"]


class Deprecated(SchemaItem[MissingType]):
    """A key out of use: known, whatever it holds, and dropped."""

    def validate(self, value: Any, **options: Any) -> Any:
        return Missing


class Migrate(SchemaItem[Any]):
    """Accepts a new shape, or an old one that a function turns into the new.

    Args:
        old: The old shape: an item, or shorthand for one.
        new: The new shape.
        migration_function: Receives the validated old value and returns a new one.
    """

    def __init__(self, old: Any, new: Any, migration_function: Callable[[Any], Any]) -> None:
        self.old = SchemaItem.make(old)
        self.new = SchemaItem.make(new)
        # Steps between two schemas exchange the constants of one for those of the other, too.
        between = getattr(migration_function, "between", None)
        self.migration_function = migration_function if between is None else between(self.old, self.new)

    def validate(self, value: Any, **options: Any) -> Any:
        """Check and convert a value; see `SchemaItem.validate`.

        Raises:
            Invalid: Neither shape accepts the value (the error is the new shape's), or the new shape
                refuses what the function returned.
        """
        try:
            return self.new.validate(value, **options)
        except Invalid as error:
            old_value = self._validate_old(value, error, options)
        return self.new.validate(self.migration_function(old_value), **options)

    def _validate_old(self, value: Any, new_error: Invalid, options: dict[str, Any]) -> Any:
        try:
            return self.old.validate(value, **options)
        except Invalid:
            raise new_error from None

    @staticmethod
    def obj_to_list(
        key_name: str, value_name: str | None = None
    ) -> Callable[[Mapping[str, Any]], list[BaseObject]]:
        """Return a migration function that turns a dict into a list of its entries.

        Args:
            key_name: Where each entry keeps its key.
            value_name: Where each entry keeps its value; without it, the value is a dict that the key joins.
        """

        def joined(key: str, entry: Mapping[str, Any]) -> BaseObject:
            made = BaseObject({**entry, key_name: key})
            if isinstance(entry, BaseObject) and entry._origin is not None:
                # What is stored out of sight goes where its sub-document goes.
                made._origin = entry._origin
            return made

        def migrate(value: Mapping[str, Any]) -> list[BaseObject]:
            if value_name is None:
                return [joined(key, entry) for key, entry in value.items()]
            return [BaseObject({key_name: key, value_name: entry}) for key, entry in value.items()]

        return migrate
