"""`InstrumentedList`: the tracked list; what it shares with the tracked dict is in `ming.odm.tracked`."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, SupportsIndex, overload

from ming.odm.tracked import Tracked, announce, deinstrument, instrument, plain, stands_over

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["InstrumentedList"]


@stands_over(list)
class InstrumentedList(Tracked, list[Any]):
    """A tracked list.

    Args:
        impl: The plain list it stands over.
        tracker: Who hears of changes.
    """

    __slots__ = ("__weakref__", "_impl", "_tracker")

    _impl: list[Any]

    def __init__(self, impl: list[Any], tracker: Any) -> None:
        list.__init__(self, list.__iter__(impl))
        self._impl = impl
        self._tracker = tracker

    def __lt__(self, other: Any) -> bool:
        return bool(self._impl < deinstrument(other))

    def __le__(self, other: Any) -> bool:
        return bool(self._impl <= deinstrument(other))

    def __gt__(self, other: Any) -> bool:
        return bool(self._impl > deinstrument(other))

    def __ge__(self, other: Any) -> bool:
        return bool(self._impl >= deinstrument(other))

    # -- reading

    def _tracked(self, index: int, value: Any) -> Any:
        if isinstance(value, (dict, list)) and not isinstance(value, Tracked):
            value = instrument(value, self._tracker)
            list.__setitem__(self, index, value)
        return value

    @overload
    def __getitem__(self, index: SupportsIndex) -> Any: ...
    @overload
    def __getitem__(self, index: slice) -> list[Any]: ...
    def __getitem__(self, index: SupportsIndex | slice) -> Any:
        if isinstance(index, slice):
            return [self[place] for place in range(*index.indices(len(self)))]
        return self._tracked(index.__index__(), list.__getitem__(self, index))

    def __iter__(self) -> Iterator[Any]:
        index = 0
        while index < len(self):
            yield self[index]
            index += 1

    def __reversed__(self) -> Iterator[Any]:
        return (self[index] for index in range(len(self) - 1, -1, -1))

    def __contains__(self, value: object) -> bool:
        return deinstrument(value) in self._impl

    def index(self, value: Any, *bounds: Any) -> int:
        """Return the position of a value."""
        return self._impl.index(deinstrument(value), *bounds)

    def count(self, value: Any) -> int:
        """Return how often a value occurs."""
        return self._impl.count(deinstrument(value))

    # -- changing

    def _splice(self, index: slice, items: list[Any]) -> None:
        """Change a slice, in the plain list first: it refuses what cannot be done."""
        announce(self._tracker)
        self._impl[index] = items
        list.__setitem__(self, index, items)

    @overload
    def __setitem__(self, index: SupportsIndex, value: Any) -> None: ...
    @overload
    def __setitem__(self, index: slice, value: Iterable[Any]) -> None: ...
    def __setitem__(self, index: SupportsIndex | slice, value: Any) -> None:
        if isinstance(index, slice):
            items = [plain(item) for item in value]
            removed = self._impl[index]
            self._splice(index, items)
            self._tracker.removed_items(removed)
            self._tracker.added_items(items)
            return
        value = plain(value)
        old = self._impl[index]
        announce(self._tracker)
        self._impl[index] = value
        list.__setitem__(self, index, value)
        self._tracker.removed_item(old)
        self._tracker.added_item(value)

    def __delitem__(self, index: SupportsIndex | slice) -> None:
        removed = self._impl[index]
        announce(self._tracker)
        del self._impl[index]
        list.__delitem__(self, index)
        if isinstance(index, slice):
            self._tracker.removed_items(removed)
        else:
            self._tracker.removed_item(removed)

    def append(self, value: Any) -> None:
        """Add a value at the end."""
        self.insert(len(self), value)

    def insert(self, index: SupportsIndex, value: Any) -> None:
        """Put a value before a position."""
        value = plain(value)
        announce(self._tracker)
        self._impl.insert(index, value)
        list.insert(self, index, value)
        self._tracker.added_item(value)

    def extend(self, values: Iterable[Any]) -> None:
        """Add values at the end."""
        items = [plain(value) for value in values]
        self._splice(slice(len(self), None), items)
        self._tracker.added_items(items)

    def __iadd__(self, values: Iterable[Any]) -> Self:  # type: ignore[misc]
        self.extend(values)
        return self

    def __imul__(self, times: SupportsIndex) -> Self:
        if times.__index__() <= 0:
            del self[:]
            return self
        announce(self._tracker)
        original = list(self._impl)
        for _ in range(times.__index__() - 1):
            self.extend(copy.deepcopy(original))
        return self

    def pop(self, index: SupportsIndex = -1) -> Any:
        """Remove a value and return it, plain."""
        old = self._impl[index]
        announce(self._tracker)
        del self._impl[index]
        list.__delitem__(self, index)
        self._tracker.removed_item(old)
        return old

    def remove(self, value: Any) -> None:
        """Remove the first value equal to this.

        Raises:
            ValueError: There is none.
        """
        del self[self.index(value)]

    def replace(self, values: Iterable[Any]) -> None:
        """Put other contents in the place of all there is."""
        self[:] = values

    def clear(self) -> None:
        """Remove everything."""
        announce(self._tracker)
        list.clear(self)
        self._impl.clear()
        self._tracker.cleared()

    def sort(self, *, key: Any = None, reverse: bool = False) -> None:
        """Sort in place."""
        self._reorder(sorted(self, key=key, reverse=reverse))

    def reverse(self) -> None:
        """Turn the order round."""
        self._reorder(list(self)[::-1])

    def _reorder(self, items: list[Any]) -> None:
        plain = [deinstrument(item) for item in items]
        announce(self._tracker)
        self._impl[:] = plain
        list.__setitem__(self, slice(None), items)
        self._tracker.removed_items(plain)
        self._tracker.added_items(plain)

    # -- copies

    def __add__(self, other: Any) -> Any:
        return InstrumentedList(self._impl + deinstrument(other), self._tracker)

    def __radd__(self, other: Any) -> Any:
        return InstrumentedList(deinstrument(other) + self._impl, self._tracker)

    def __mul__(self, times: SupportsIndex) -> Any:
        return InstrumentedList(self._impl * times, self._tracker)

    __rmul__ = __mul__

    def copy(self) -> InstrumentedList:
        """Return a tracked list over a shallow copy, with the same tracker."""
        return InstrumentedList(self._impl.copy(), self._tracker)

    def __copy__(self) -> Any:
        return list(self)

    def __reduce_ex__(self, protocol: SupportsIndex) -> Any:
        return list, (self._impl,)
