"""Tracked containers: lists and dicts that report their changes and write them through.

A tracked container stands over a plain one, which is part of a document and is what gets stored. It mirrors
that one's items in its own storage, because BSON and JSON encoders read it there; containers below are
tracked when they are reached, one level at a time. Before a change the tracker's ``changing``, if it has
one, is called; after it, what happened: ``added_item(s)``, ``removed_item(s)`` or ``cleared``, with plain
values.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Final, SupportsIndex, overload

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["InstrumentedList", "InstrumentedObj", "deinstrument", "instrument"]

_NOTHING: Final = object()


def instrument(value: Any, tracker: Any) -> Any:
    """Return a tracked container over a plain dict or list; anything else as it is."""
    if isinstance(value, (InstrumentedObj, InstrumentedList)):
        return value
    if isinstance(value, dict):
        return InstrumentedObj(value, tracker)
    return InstrumentedList(value, tracker) if isinstance(value, list) else value


def deinstrument(value: Any) -> Any:
    """Return the plain container below a tracked one; anything else as it is."""
    below = getattr(type(value), "_deinstrument", None)
    return value if below is None else below(value)


def _plain(value: Any) -> Any:
    """Return what to store of a value: plain containers at every depth, copied only where that takes it."""
    value = deinstrument(value)
    if isinstance(value, dict):
        for key, inner in dict.items(value):
            stored = _plain(inner)
            if stored is not inner:
                dict.__setitem__(value, key, stored)
    elif isinstance(value, list):
        for index, inner in enumerate(list.__iter__(value)):
            stored = _plain(inner)
            if stored is not inner:
                list.__setitem__(value, index, stored)
    return value


def _announce(tracker: Any) -> None:
    changing = getattr(tracker, "changing", None)
    if changing is not None:
        changing()


class InstrumentedObj(dict[str, Any]):
    """A tracked dict with its keys as attributes.

    Args:
        impl: The plain dict it stands over.
        tracker: Who hears of changes.
    """

    __slots__ = ("_impl", "_tracker")

    # Without this attribute the BSON encoder asks every instance's __getattr__ for it.
    _type_marker: ClassVar[None] = None

    _impl: dict[str, Any]
    _tracker: Any

    def __init__(self, impl: dict[str, Any], tracker: Any) -> None:
        dict.__init__(self, dict.items(impl))
        object.__setattr__(self, "_impl", impl)
        object.__setattr__(self, "_tracker", tracker)

    def _deinstrument(self) -> dict[str, Any]:
        return self._impl

    def __repr__(self) -> str:
        return f"I{self._impl!r}"

    def __eq__(self, other: object) -> bool:
        return bool(self._impl == deinstrument(other))

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = None

    # -- reading

    def _tracked(self, key: str, value: Any) -> Any:
        if isinstance(value, (dict, list)) and not isinstance(value, (InstrumentedObj, InstrumentedList)):
            value = instrument(value, self._tracker)
            dict.__setitem__(self, key, value)
        return value

    def __getitem__(self, key: str) -> Any:
        return self._tracked(key, dict.__getitem__(self, key))

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None

    def __iter__(self) -> Iterator[str]:
        # With an __iter__ of its own, dict(x) asks for the items instead of copying the storage.
        return dict.__iter__(self)

    def get(self, key: str, default: Any = None) -> Any:
        """Return the value of a key, or the default."""
        return self[key] if key in self else default

    def values(self) -> Any:
        """Return the values, containers among them tracked."""
        self._track_all()
        return dict.values(self)

    def items(self) -> Any:
        """Return pairs of key and value, containers among them tracked."""
        self._track_all()
        return dict.items(self)

    def _track_all(self) -> None:
        for key, value in list(dict.items(self)):
            self._tracked(key, value)

    # -- changing

    def _put(self, key: str, value: Any) -> None:
        dict.__setitem__(self._impl, key, value)
        # Tracked at once, because views that were handed out earlier show it.
        dict.__setitem__(self, key, instrument(value, self._tracker))

    def __setitem__(self, key: str, value: Any) -> None:
        value = _plain(value)
        old = dict.get(self._impl, key, _NOTHING)
        _announce(self._tracker)
        self._put(key, value)
        if old is not _NOTHING:
            self._tracker.removed_item(old)
        self._tracker.added_item(value)

    def __setattr__(self, name: str, value: Any) -> None:
        if hasattr(type(self), name):
            object.__setattr__(self, name, value)
        else:
            self[name] = value

    def __delitem__(self, key: str) -> None:
        if key not in self:
            raise KeyError(key)
        self.pop(key)

    def __delattr__(self, name: str) -> None:
        if name not in self:
            raise AttributeError(name)
        del self[name]

    def pop(self, key: str, default: Any = _NOTHING) -> Any:
        """Remove a key and return its plain value, or the default.

        Raises:
            KeyError: The key is absent, and there is no default.
        """
        if key not in self:
            if default is _NOTHING:
                raise KeyError(key)
            return default
        _announce(self._tracker)
        dict.__delitem__(self, key)
        old = dict.pop(self._impl, key)
        self._tracker.removed_item(old)
        return old

    def popitem(self) -> tuple[str, Any]:
        """Remove the last key and return it with its plain value.

        Raises:
            KeyError: There is none.
        """
        if not self:
            raise KeyError("popitem(): dictionary is empty")
        key = next(reversed(self))
        return key, self.pop(key)

    def clear(self) -> None:
        """Remove every key."""
        _announce(self._tracker)
        dict.clear(self)
        dict.clear(self._impl)
        self._tracker.cleared()

    def update(self, *args: Any, **kwargs: Any) -> None:
        """Put values at keys, given as ``dict.update`` takes them."""
        for key, value in dict(*args, **kwargs).items():
            self[key] = value

    def replace(self, values: Mapping[str, Any]) -> None:
        """Put other contents in the place of all there is."""
        contents = dict(values)
        self.clear()
        self.update(contents)

    def setdefault(self, key: str, default: Any = None) -> Any:
        """Return the value of a key, after putting the default there if it is absent."""
        if key not in self:
            self[key] = default
        return self[key]

    def __ior__(self, other: Any) -> Self:  # type: ignore[override]
        self.update(other)
        return self

    def __or__(self, other: Any) -> Any:
        return self._merged(self._impl, other) if isinstance(other, dict) else NotImplemented

    def __ror__(self, other: Any) -> Any:
        return self._merged(other, self._impl) if isinstance(other, dict) else NotImplemented

    def _merged(self, first: dict[str, Any], second: dict[str, Any]) -> InstrumentedObj:
        return InstrumentedObj({**deinstrument(first), **deinstrument(second)}, self._tracker)

    # -- copies

    @classmethod
    def fromkeys(cls, keys: Iterable[str], value: Any = None) -> dict[str, Any]:  # type: ignore[override]
        """Return a plain dict with the keys."""
        return dict.fromkeys(keys, value)

    def copy(self) -> InstrumentedObj:
        """Return a tracked dict over a shallow copy, with the same tracker."""
        return InstrumentedObj(copy.copy(self._impl), self._tracker)

    def __copy__(self) -> Any:
        made = copy.copy(self._impl)
        dict.update(made, self.items())
        return made

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        return copy.deepcopy(self._impl, memo)

    def __reduce_ex__(self, protocol: SupportsIndex) -> Any:
        return copy.copy, (self._impl,)


class InstrumentedList(list[Any]):
    """A tracked list.

    Args:
        impl: The plain list it stands over.
        tracker: Who hears of changes.
    """

    __slots__ = ("_impl", "_tracker")

    def __init__(self, impl: list[Any], tracker: Any) -> None:
        list.__init__(self, list.__iter__(impl))
        self._impl = impl
        self._tracker = tracker

    def _deinstrument(self) -> list[Any]:
        return self._impl

    def __repr__(self) -> str:
        return f"I{self._impl!r}"

    def __eq__(self, other: object) -> bool:
        return bool(self._impl == deinstrument(other))

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __lt__(self, other: Any) -> bool:
        return bool(self._impl < deinstrument(other))

    def __le__(self, other: Any) -> bool:
        return bool(self._impl <= deinstrument(other))

    def __gt__(self, other: Any) -> bool:
        return bool(self._impl > deinstrument(other))

    def __ge__(self, other: Any) -> bool:
        return bool(self._impl >= deinstrument(other))

    __hash__ = None

    # -- reading

    def _tracked(self, index: int, value: Any) -> Any:
        if isinstance(value, (dict, list)) and not isinstance(value, (InstrumentedObj, InstrumentedList)):
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
        _announce(self._tracker)
        self._impl[index] = items
        list.__setitem__(self, index, items)

    @overload
    def __setitem__(self, index: SupportsIndex, value: Any) -> None: ...
    @overload
    def __setitem__(self, index: slice, value: Iterable[Any]) -> None: ...
    def __setitem__(self, index: SupportsIndex | slice, value: Any) -> None:
        if isinstance(index, slice):
            items = [_plain(item) for item in value]
            removed = self._impl[index]
            self._splice(index, items)
            self._tracker.removed_items(removed)
            self._tracker.added_items(items)
            return
        value = _plain(value)
        old = self._impl[index]
        _announce(self._tracker)
        self._impl[index] = value
        list.__setitem__(self, index, value)
        self._tracker.removed_item(old)
        self._tracker.added_item(value)

    def __delitem__(self, index: SupportsIndex | slice) -> None:
        removed = self._impl[index]
        _announce(self._tracker)
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
        value = _plain(value)
        _announce(self._tracker)
        self._impl.insert(index, value)
        list.insert(self, index, value)
        self._tracker.added_item(value)

    def extend(self, values: Iterable[Any]) -> None:
        """Add values at the end."""
        items = [_plain(value) for value in values]
        self._splice(slice(len(self), None), items)
        self._tracker.added_items(items)

    def __iadd__(self, values: Iterable[Any]) -> Self:  # type: ignore[misc]
        self.extend(values)
        return self

    def __imul__(self, times: SupportsIndex) -> Self:
        if times.__index__() <= 0:
            del self[:]
            return self
        _announce(self._tracker)
        original = list(self._impl)
        for _ in range(times.__index__() - 1):
            self.extend(copy.deepcopy(original))
        return self

    def pop(self, index: SupportsIndex = -1) -> Any:
        """Remove a value and return it, plain."""
        old = self._impl[index]
        _announce(self._tracker)
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
        _announce(self._tracker)
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
        _announce(self._tracker)
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

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        return copy.deepcopy(self._impl, memo)

    def __reduce_ex__(self, protocol: SupportsIndex) -> Any:
        return list, (self._impl,)
