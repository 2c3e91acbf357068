"""Small functions and descriptors without domain knowledge.

Lazy and class properties, proxies that keep one object per thread or context, index specifications,
and a little text formatting.
"""

from __future__ import annotations

import threading
import warnings
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Generic, NoReturn, TypeVar, overload

__all__ = [
    "ContextualProxy",
    "EmptyClass",
    "LazyProperty",
    "ThreadLocalProxy",
    "UncaughtAttributeError",
    "add_note",
    "all_class_properties",
    "classproperty",
    "encode_keys",
    "fix_write_concern",
    "fixup_index",
    "indent",
    "wordwrap",
]

T = TypeVar("T")

ASCENDING = 1
_INDEX_KINDS = frozenset({"2d", "2dsphere", "geoHaystack", "hashed", "text"})


class EmptyClass:
    """A class with nothing in it."""


class UncaughtAttributeError(Exception):
    """An AttributeError inside a lazy property; ``hasattr`` must not take it for an absent attribute."""


class LazyProperty(Generic[T]):
    """A property computed at the first read and then kept on the instance; assignable.

    Args:
        func: Receives the instance and returns the value.
    """

    def __init__(self, func: Callable[[Any], T]) -> None:
        self._func = func
        self.__name__ = func.__name__
        self.__doc__ = func.__doc__

    @overload
    def __get__(self, obj: None, cls: type | None = None) -> None: ...
    @overload
    def __get__(self, obj: object, cls: type | None = None) -> T: ...
    def __get__(self, obj: object | None, cls: type | None = None) -> T | None:
        if obj is None:
            return None
        try:
            value = self._func(obj)
        except AttributeError as error:
            raise UncaughtAttributeError(str(error)) from error
        obj.__dict__[self.__name__] = value
        return value


class classproperty(Generic[T]):
    """A read-only property of a class, also read through its instances.

    Args:
        func: Receives the class and returns the value.
    """

    def __init__(self, func: Callable[[Any], T]) -> None:
        self._func = func
        self.__doc__ = func.__doc__

    def __get__(self, obj: object | None, cls: type) -> T:
        return self._func(cls)

    def __set__(self, obj: object, value: Any) -> NoReturn:
        raise AttributeError("a class property cannot be set")


_PROXY_STATE = frozenset({"_cls", "_args", "_kwargs", "_local", "_context", "_registry"})


class _Proxy(Generic[T]):
    """Reads and writes the attributes of an object made on demand; names with an underscore are its own."""

    _cls: Callable[..., T]
    _args: tuple[Any, ...]
    _kwargs: dict[str, Any]

    def __init__(self, cls: Callable[..., T], *args: Any, **kwargs: Any) -> None:
        self._cls = cls
        self._args = args
        self._kwargs = kwargs

    def _get(self) -> T:
        """Return the real object, made if need be."""
        raise NotImplementedError("_get")

    def _make(self) -> T:
        return self._cls(*self._args, **self._kwargs)

    def __getattr__(self, name: str) -> Any:
        if name in _PROXY_STATE:
            # The proxy itself is not set up yet, as while it is being copied.
            raise AttributeError(name)
        return getattr(self._get(), name)

    def __setattr__(self, name: str, value: Any) -> None:
        if name.startswith("_"):
            object.__setattr__(self, name, value)
        else:
            setattr(self._get(), name, value)

    def __delattr__(self, name: str) -> None:
        if name.startswith("_"):
            object.__delattr__(self, name)
        else:
            delattr(self._get(), name)


class ThreadLocalProxy(_Proxy[T]):
    """Stands for one object per thread.

    Args:
        cls: Makes the object.
        args: Its arguments.
        kwargs: Its keyword arguments.
    """

    def __init__(self, cls: Callable[..., T], *args: Any, **kwargs: Any) -> None:
        super().__init__(cls, *args, **kwargs)
        self._local = threading.local()

    def _get(self) -> T:
        of_thread: dict[str, T] = self._local.__dict__
        if "instance" not in of_thread:
            of_thread["instance"] = self._make()
        return of_thread["instance"]

    def close(self) -> None:
        """Forget the current thread's object."""
        self._local.__dict__.clear()

    def __repr__(self) -> str:
        return f"TLProxy of {self._get()!r}"


class ContextualProxy(_Proxy[T]):
    """Stands for one object per context.

    Args:
        cls: Makes the object.
        context: Returns what identifies the current context, such as a request's number or the running task.
        args: Arguments of the object.
        kwargs: Its keyword arguments.
    """

    def __init__(self, cls: Callable[..., T], context: Callable[[], Any], *args: Any, **kwargs: Any) -> None:
        super().__init__(cls, *args, **kwargs)
        self._context = context
        self._registry: dict[Any, T] = {}

    def _get(self) -> T:
        key = self._key()
        instance = self._registry.get(key)
        return self._registry.setdefault(key, self._make()) if instance is None else instance

    def close(self) -> None:
        """Forget the current context's object."""
        self._registry.pop(self._key(), None)

    def _key(self) -> Any:
        """Return the registry's key: weak for a context known by its identity, whose entry ends with it."""
        context = self._context()
        if hash(context) != object.__hash__(context):
            return context
        try:
            reference = weakref.ref(context)
        except TypeError:
            return context
        if reference in self._registry:
            return reference
        registry = self._registry
        return weakref.ref(context, lambda dead: registry.pop(dead, None))

    def __repr__(self) -> str:
        return f"CProxy of {self._get()!r}"


def fixup_index(index: Any, direction: Any = ASCENDING) -> list[tuple[str, Any]]:
    """Return an index specification as a list of pairs of key and direction.

    Args:
        index: A key, a pair, a mapping of keys to directions, or anything iterable made of these.
        direction: The direction of bare keys.

    Raises:
        TypeError: The specification cannot be understood.
    """
    if isinstance(index, str):
        return [(index, direction)]
    if isinstance(index, Mapping):
        index = index.items()
    elif _is_pair(index):
        return [(index[0], index[1])]
    elif not isinstance(index, Iterable):
        raise TypeError(f"{index!r} is neither a key nor a direction of an index")
    return [pair for part in index for pair in fixup_index(part, direction)]


def _is_pair(index: Any) -> bool:
    if not isinstance(index, (tuple, list)) or len(index) != 2 or not isinstance(index[0], str):
        return False
    key_direction = index[1]
    if isinstance(key_direction, str):
        # A list of two names stays two keys.
        return isinstance(index, tuple) and key_direction in _INDEX_KINDS
    return isinstance(key_direction, (int, float)) and key_direction in (1, -1)


def fix_write_concern(kwargs: dict[str, Any]) -> dict[str, Any]:
    """Replace the old option ``safe`` by ``w``, in place, and return the same dict."""
    if "safe" in kwargs:
        warnings.warn("safe is deprecated, use w instead", DeprecationWarning, stacklevel=3)
        kwargs["w"] = int(kwargs.pop("safe"))
    return kwargs


def wordwrap(s: str, width: int = 80, indent_first: int = 0, indent_subsequent: int = 0) -> str:
    """Break text at spaces into lines.

    Args:
        s: The text.
        width: How long a line may be, its indent included; a longer word has a line of its own.
        indent_first: Spaces before the first line.
        indent_subsequent: Spaces before the others.
    """
    first, *words = s.split(" ")
    lines = [" " * indent_first + first]
    for word in words:
        if len(lines[-1]) + 1 + len(word) <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(" " * indent_subsequent + word)
    return "\n".join(lines)


def indent(s: str, level: int = 2) -> str:
    """Put ``level`` spaces before every line but the first."""
    return s.replace("\n", "\n" + " " * level)


def encode_keys(d: Mapping[Any, Any]) -> dict[str, Any]:
    """Return a dict that can be passed as keyword arguments: keys of bytes become text."""
    return {key.decode() if isinstance(key, bytes) else str(key): value for key, value in d.items()}


def all_class_properties(cls: type) -> Iterator[tuple[str, Any]]:
    """Yield name and value of every attribute of a class and its bases, the nearest of each name."""
    seen: set[str] = set()
    for base in cls.__mro__:
        for name, value in vars(base).items():
            if name not in seen:
                seen.add(name)
                yield name, value


def add_note(error: Exception, text: str) -> None:
    """Say more about somebody else's exception, which goes on unchanged.

    Args:
        error: The exception.
        text: Printed below its traceback, from Python 3.11 on.
    """
    # Exception.add_note() is not there on Python 3.10.
    vars(error)["__notes__"] = [*getattr(error, "__notes__", ()), text]
