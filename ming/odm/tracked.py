"""What tracked lists and dicts have in common, and the way from plain containers to tracked ones and back.

A tracked container stands over a plain one, which is part of a document and is what gets stored. It mirrors
that one's items in its own storage, because BSON and JSON encoders read it there; containers below are
tracked when they are reached, one level at a time. Before a change the tracker's ``changing``, if it has
one, is called; after it, what happened: ``added_item(s)``, ``removed_item(s)`` or ``cleared``, with plain
values. The two kinds are in `ming.odm.tracked_dict` and `ming.odm.tracked_list`.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any, Final, TypeVar

from ming._values import Object
from ming.odm.trackers import FieldTracker

__all__ = [
    "Tracked",
    "announce",
    "deinstrument",
    "instrument",
    "plain",
    "plain_dict",
    "stands_over",
    "track",
]

C = TypeVar("C", bound="type[Tracked]")

_KINDS: Final[dict[type[Any], Callable[[Any, Any], Any]]] = {}


class Tracked:
    """A container that stands over a plain one of its kind, and is equal to it."""

    __slots__ = ()

    _impl: Any
    _tracker: Any

    def _deinstrument(self) -> Any:
        return self._impl

    def __repr__(self) -> str:
        return f"I{self._impl!r}"

    def __eq__(self, other: object) -> bool:
        return bool(self._impl == deinstrument(other))

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = None  # type: ignore[assignment]

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        return copy.deepcopy(self._impl, memo)


def stands_over(kind: type[Any]) -> Callable[[C], C]:
    """Have the class below be what tracks plain containers of a kind."""

    def register(cls: C) -> C:
        _KINDS[kind] = cls
        return cls

    return register


def instrument(value: Any, tracker: Any) -> Any:
    """Return a tracked container over a plain dict or list; anything else as it is."""
    if isinstance(value, Tracked) or not isinstance(value, (dict, list)):
        return value
    if not isinstance(tracker, FieldTracker):
        return track(value, tracker)
    # What a field holds in two places is tracked as one, or each would mirror no changes but its own.
    known = tracker.containers.get(id(value))
    if known is None:
        known = tracker.containers[id(value)] = track(value, tracker)
    return known


def track(value: Any, tracker: Any) -> Any:
    """Return a new tracked container over a plain dict or list."""
    return _KINDS[dict if isinstance(value, dict) else list](value, tracker)


def deinstrument(value: Any) -> Any:
    """Return the plain container below a tracked one; anything else as it is."""
    below = getattr(type(value), "_deinstrument", None)
    return value if below is None else below(value)


def plain_dict(value: dict[str, Any]) -> dict[str, Any]:
    """Return a dict as documents hold it; ordered ones and such would lose step with what is changed in them."""
    return value if type(value) is dict or isinstance(value, Object) else dict(value.items())


def plain(value: Any) -> Any:
    """Return what to store of a value: plain containers at every depth, copied only where that takes it."""
    value = deinstrument(value)
    if isinstance(value, dict):
        value = plain_dict(value)
        for key, inner in dict.items(value):
            stored = plain(inner)
            if stored is not inner:
                dict.__setitem__(value, key, stored)
    elif isinstance(value, list):
        for index, inner in enumerate(list.__iter__(value)):
            stored = plain(inner)
            if stored is not inner:
                list.__setitem__(value, index, stored)
    return value


def announce(tracker: Any) -> None:
    changing = getattr(tracker, "changing", None)
    if changing is not None:
        changing()
