"""What the extensions of sessions and mappers are told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ming.odm.base import ObjectState, no_op

if TYPE_CHECKING:
    from ming.odm.mapper import Mapper

__all__ = ["MapperExtension", "SessionExtension"]


class MapperExtension:
    """Hooks around what happens to the objects of a class; those that are not overridden cost nothing.

    Args:
        mapper: The class's mapper.
    """

    def __init__(self, mapper: Mapper[Any]) -> None:
        self.mapper = mapper

    @no_op
    def before_insert(self, obj: Any, state: ObjectState, session: Any) -> Any:
        """An object is about to be inserted."""

    @no_op
    def after_insert(self, obj: Any, state: ObjectState, session: Any) -> Any:
        """An object was inserted."""

    @no_op
    def before_update(self, obj: Any, state: ObjectState, session: Any) -> Any:
        """An object's changes are about to be stored."""

    @no_op
    def after_update(self, obj: Any, state: ObjectState, session: Any) -> Any:
        """An object's changes were stored."""

    @no_op
    def before_delete(self, obj: Any, state: ObjectState, session: Any) -> Any:
        """An object's document is about to be deleted."""

    @no_op
    def after_delete(self, obj: Any, state: ObjectState, session: Any) -> Any:
        """An object's document was deleted."""

    @no_op
    def before_remove(self, session: Any, *args: Any, **kwargs: Any) -> Any:
        """Documents of the class are about to be deleted by a query."""

    @no_op
    def after_remove(self, session: Any, *args: Any, **kwargs: Any) -> Any:
        """Documents of the class were deleted by a query."""


class SessionExtension:
    """Hooks around what a session does; those that are not overridden cost nothing.

    Args:
        session: The session.
    """

    def __init__(self, session: Any) -> None:
        self.session = session

    @no_op
    def before_insert(self, obj: Any, st: ObjectState) -> Any:
        """An object is about to be inserted."""

    @no_op
    def after_insert(self, obj: Any, st: ObjectState) -> Any:
        """An object was inserted."""

    @no_op
    def before_update(self, obj: Any, st: ObjectState) -> Any:
        """An object's changes are about to be stored."""

    @no_op
    def after_update(self, obj: Any, st: ObjectState) -> Any:
        """An object's changes were stored."""

    @no_op
    def before_delete(self, obj: Any, st: ObjectState) -> Any:
        """An object's document is about to be deleted."""

    @no_op
    def after_delete(self, obj: Any, st: ObjectState) -> Any:
        """An object's document was deleted."""

    @no_op
    def before_remove(self, cls: type[Any], *args: Any, **kwargs: Any) -> Any:
        """Documents of a class are about to be deleted by a query."""

    @no_op
    def after_remove(self, cls: type[Any], *args: Any, **kwargs: Any) -> Any:
        """Documents of a class were deleted by a query."""

    @no_op
    def before_flush(self, obj: Any = None) -> Any:
        """Everything, or one object, is about to be stored."""

    @no_op
    def after_flush(self, obj: Any = None) -> Any:
        """Everything, or one object, was stored."""

    @no_op
    def cursor_created(self, cursor: Any, action: Any, *args: Any, **kwargs: Any) -> Any:
        """A cursor was opened, or made from another one."""

    @no_op
    def before_cursor_next(self, cursor: Any) -> Any:
        """A cursor is about to be asked for its next object."""

    @no_op
    def after_cursor_next(self, cursor: Any) -> Any:
        """A cursor was asked for its next object."""
