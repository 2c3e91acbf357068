"""Who hears of changes below an object's document: tracked containers report to these, they tell the state."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

from ming._values import Missing

if TYPE_CHECKING:
    from ming.odm.base import ObjectState

__all__ = ["FieldTracker", "RawTracker", "Tracker"]


class Tracker:
    """Hears of changes made below an object's document, after they were made.

    Args:
        state: The object's state.
    """

    __slots__ = ("state",)

    def __init__(self, state: ObjectState) -> None:
        self.state = state

    def soil(self) -> None:
        """Note that something has changed."""
        self.state.soil()

    def added_item(self, item: Any) -> None:
        """An item was put in."""
        self.soil()

    def added_items(self, items: Iterable[Any]) -> None:
        """Items were put in."""
        self.soil()

    def removed_item(self, item: Any) -> None:
        """An item was taken out."""
        self.soil()

    def removed_items(self, items: Iterable[Any]) -> None:
        """Items were taken out."""
        self.soil()

    def cleared(self) -> None:
        """Everything was taken out."""
        self.soil()


class FieldTracker(Tracker):
    """Hears of changes below one field, also before they are made.

    Args:
        state: The object's state.
        name: The field.
    """

    __slots__ = ("_containers", "_value", "name")

    def __init__(self, state: ObjectState, name: str) -> None:
        super().__init__(state)
        self.name = name
        self._containers: WeakValueDictionary[int, Any] | None = None
        self._value = dict.get(state.document, name, Missing)

    @property
    def containers(self) -> WeakValueDictionary[int, Any]:
        """The tracked containers below the field that somebody holds, by the identity of the plain ones."""
        if self._containers is None:
            self._containers = WeakValueDictionary()
        return self._containers

    def changing(self) -> None:
        """Something below the field is about to change."""
        # A container that has been replaced is the object's no longer, whoever still holds it.
        if dict.get(self.state.document, self.name, Missing) is self._value:
            self.state.touch(self.name)

    def soil(self) -> None:
        """Something has changed; `changing` has said so."""


class RawTracker(FieldTracker):
    """Hears of changes to the plain containers below one field, made past the tracked ones."""

    __slots__ = ()

    def soil(self) -> None:
        """Something has changed; `changing` has said so, but tracked containers mirror what was there before."""
        self.state.set(self.name, self._value)
