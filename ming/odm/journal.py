"""Who changed at a field in memory, so that relations that were read can follow without asking a server.

The unit of work keeps one journal for each field that a relation has been read by; it is written before each
change, and read by `ming.odm.related`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from ming._values import Missing
from ming.odm.base import ObjectState
from ming.odm.identity_map import hashable

if TYPE_CHECKING:
    from ming.odm.unit_of_work import Tenure

__all__ = ["Journal", "keys_in"]


class Journal:
    """The objects of a family that changed at a field, in order, and by the values they have there.

    Args:
        tenure: In whose care the objects are.
        field: The field: a foreign id, a list of them, or ``_id``.
        states: The states of those whose changes are not stored yet.
    """

    __slots__ = ("_by_key", "_entries", "_field", "_indexed", "_latest", "is_closed", "tenure")

    def __init__(self, tenure: Tenure, field: str, states: Iterable[ObjectState] = ()) -> None:
        self.tenure = tenure
        self.is_closed = False
        """Whether nobody writes it any longer."""
        self._field = field
        self._entries = list(states)
        self._indexed = 0
        self._latest: dict[ObjectState, int] = {}
        self._by_key: dict[Any, dict[ObjectState, None]] = {}

    def note(self, own: ObjectState) -> None:
        """Note that an object is changing."""
        self._entries.append(own)

    def __len__(self) -> int:
        return len(self._entries)

    def has_changed(self, own: ObjectState, position: int) -> bool:
        """Return whether an object has changed since the journal had a length."""
        self._index()
        return self._latest.get(own, -1) >= position

    def holding(self, keys: Iterable[Any]) -> list[ObjectState]:
        """Return the states of those that changed and have one of some values now."""
        self._index()
        if not self._by_key:
            return []
        found: dict[ObjectState, None] = {}
        for key in keys:
            for own in self._by_key.get(key, ()):
                if key in keys_in(self._value(own)):
                    found[own] = None
        return list(found)

    def _index(self) -> None:
        for position in range(self._indexed, len(self._entries)):
            own = self._entries[position]
            self._latest[own] = position
            for key in keys_in(self._value(own)):
                self._by_key.setdefault(key, {})[own] = None
        self._indexed = len(self._entries)

    def _value(self, own: ObjectState) -> Any:
        return dict.get(own.document, self._field, Missing)


def keys_in(value: Any) -> Iterator[Any]:
    """Yield what a field holds, or the items of its list, as keys of a dict."""
    return map(hashable, value if isinstance(value, list) else [value])
