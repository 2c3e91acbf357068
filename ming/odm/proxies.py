"""Sessions that are another one in every thread, or in every context of the application's choice."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, ClassVar
from weakref import WeakKeyDictionary, WeakSet

from ming.odm.mapper import Mapper
from ming.odm.sessions import ODMSession
from ming.session import Session
from ming.utils import ContextualProxy, ThreadLocalProxy

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["ContextualODMSession", "ThreadLocalODMSession"]


class _OwnAttributes:
    """A proxy that keeps what is set on it, while reading goes on to the real session."""

    def __setattr__(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)

    def __delattr__(self, name: str) -> None:
        object.__delattr__(self, name)

    def mapper(self, cls: type[Any], collection: Any, **kwargs: Any) -> Mapper[Any]:
        """Map a class to a document class; its objects live in the session this stands for."""
        return Mapper(cls, collection, self, **kwargs)

    if TYPE_CHECKING:

        def close(self) -> None: ...

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


class _Used(threading.local):
    """The proxies that the thread has used, in the order in which it did."""

    def __init__(self) -> None:
        self.proxies: WeakKeyDictionary[ThreadLocalODMSession, None] = WeakKeyDictionary()


def _flush_each(used: Callable[[], Iterable[ODMSession]]) -> None:
    """Flush sessions, with those that hooks are the first to use."""
    flushed: list[ODMSession] = []
    while waiting := [found for found in used() if found not in flushed]:
        for found in waiting:
            flushed.append(found)
            found.flush()
    # Hooks may have left something to do to sessions that came earlier.
    for found in flushed:
        if found.plan():
            found.flush()


class ThreadLocalODMSession(_OwnAttributes, ThreadLocalProxy[ODMSession]):
    """Stands for one `ODMSession` per thread; arguments as there."""

    _used: ClassVar[_Used] = _Used()
    _named: ClassVar[dict[tuple[str, Any], ThreadLocalODMSession]] = {}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["extensions"] = list(kwargs.get("extensions") or ())
        super().__init__(ODMSession, *args, **kwargs)

    def _get(self) -> ODMSession:
        self._used.proxies[self] = None
        return super()._get()

    def register_extension(self, extension: Callable[[Any], Any]) -> None:
        """Have one more extension called, in sessions made from now on.

        Args:
            extension: Its class.
        """
        self._kwargs["extensions"].append(extension)

    def close(self) -> None:
        """Clear the thread's session, and forget it."""
        if "instance" in self._local.__dict__:
            self._get().close()
        self._used.proxies.pop(self, None)
        super().close()

    @classmethod
    def flush_all(cls) -> None:
        """Flush every session that this thread has used."""
        _flush_each(lambda: (proxy._get() for proxy in list(cls._used.proxies)))

    @classmethod
    def close_all(cls) -> None:
        """Close every session that this thread has used."""
        for proxy in list(cls._used.proxies):
            proxy.close()

    @classmethod
    def by_name(cls, name: str) -> ThreadLocalODMSession | None:
        """Return a session on the datastore of a name, None if there is no such datastore.

        Args:
            name: As in the settings for `ming.configure`.
        """
        datastore = Session._datastores.get(name)
        if datastore is None:
            return None
        for proxy in list(cls._used.proxies):
            if proxy._get().bind is datastore:
                return proxy
        if (name, datastore) not in cls._named:
            cls._named[name, datastore] = cls(bind=datastore)
        return cls._named[name, datastore]


class ContextualODMSession(_OwnAttributes, ContextualProxy[ODMSession]):
    """Stands for one `ODMSession` per context.

    Args:
        context: Returns what identifies the current context.
        args: As for `ODMSession`.
        kwargs: As for `ODMSession`.
    """

    _all: ClassVar[WeakSet[ContextualODMSession]] = WeakSet()
    _lock: ClassVar[threading.Lock] = threading.Lock()

    def __init__(self, context: Callable[[], Any], *args: Any, **kwargs: Any) -> None:
        super().__init__(ODMSession, context, *args, **kwargs)
        with self._lock:
            self._all.add(self)

    def close(self) -> None:
        """Clear the context's session, and forget it."""
        self._close(self._key())

    def _close(self, key: Any) -> None:
        found = self._registry.pop(key, None)
        if found is not None:
            found.close()

    @classmethod
    def _sessions(cls, context: Any) -> Iterator[tuple[ContextualODMSession, Any, ODMSession]]:
        """The sessions of a context, with their proxies and keys; none is made."""
        with cls._lock:
            proxies = list(cls._all)
        for proxy in proxies:
            for key, found in list(proxy._registry.items()):
                if key == context or (callable(key) and key() is context):
                    yield proxy, key, found

    @classmethod
    def flush_all(cls, context: Any) -> None:
        """Flush every session of a context.

        Args:
            context: What identifies it, as the sessions' ``context`` returns it.
        """
        _flush_each(lambda: (found for _, _, found in cls._sessions(context)))

    @classmethod
    def close_all(cls, context: Any) -> None:
        """Close every session of a context.

        Args:
            context: What identifies it, as the sessions' ``context`` returns it.
        """
        for proxy, key, _ in list(cls._sessions(context)):
            proxy._close(key)
