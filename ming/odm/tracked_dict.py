"""`InstrumentedObj`: the tracked dict; what it shares with the tracked list is in `ming.odm.tracked`."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Final, SupportsIndex

from ming.odm.tracked import Tracked, announce, deinstrument, instrument, plain, stands_over

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["InstrumentedObj"]

_NOTHING: Final = object()


@stands_over(dict)
class InstrumentedObj(Tracked, dict[str, Any]):
    """A tracked dict with its keys as attributes.

    Args:
        impl: The plain dict it stands over.
        tracker: Who hears of changes.
    """

    __slots__ = ("__weakref__", "_impl", "_tracker")

    # Without this attribute the BSON encoder asks every instance's __getattr__ for it.
    _type_marker: ClassVar[None] = None

    _impl: dict[str, Any]
    _tracker: Any

    def __init__(self, impl: dict[str, Any], tracker: Any) -> None:
        dict.__init__(self, dict.items(impl))
        object.__setattr__(self, "_impl", impl)
        object.__setattr__(self, "_tracker", tracker)

    # -- reading

    def _tracked(self, key: str, value: Any) -> Any:
        if isinstance(value, (dict, list)) and not isinstance(value, Tracked):
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
        value = plain(value)
        old = dict.get(self._impl, key, _NOTHING)
        announce(self._tracker)
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
        announce(self._tracker)
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
        announce(self._tracker)
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

    def __reduce_ex__(self, protocol: SupportsIndex) -> Any:
        return copy.copy, (self._impl,)
