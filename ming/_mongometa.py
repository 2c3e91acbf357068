"""Reading ``__mongometa__``: what a declarative class says and inherits."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, cast

from ming._base_manager import BaseManager
from ming._declaration import DRIVER_OPTIONS, Declaration
from ming._indexes import Index
from ming.exc import MingConfigError

__all__ = ["declared", "declared_indexes", "meta_class"]

_DECLARED = (
    "name",
    "session",
    "polymorphic_on",
    "polymorphic_identity",
    "polymorphic_registry",
    "version_of",
    "unstamped",
    "unknown",
    "save",
    "on_load",
)
_FUNCTIONS = ("migrate", "before_save", "on_hybrid")


def meta_class(bases: tuple[type, ...], own: Mapping[str, Any]) -> type:
    """A class with the own options, inheriting those of every base."""
    metas = tuple(dict.fromkeys(base.__mongometa__ for base in bases if hasattr(base, "__mongometa__")))
    namespace = {key: value for key, value in own.items() if key not in ("__dict__", "__weakref__")}
    return type("__mongometa__", metas, namespace)


def declared(meta: type, own: Mapping[str, Any], inherited: Sequence[BaseManager[Any]]) -> Declaration:
    """What a class declares.

    Args:
        meta: Its ``__mongometa__``.
        own: What that says itself, without what it inherits.
        inherited: The managers of the base classes.
    """
    options = {
        option: getattr(meta, option) for option in _DECLARED if getattr(meta, option, None) is not None
    }
    options |= {option: _function(meta, option) for option in _FUNCTIONS}
    identity = options.get("polymorphic_identity")
    registry = None
    if "polymorphic_on" in options:
        # A family shares one registry, so that its base finds every class of it.
        known = [
            options.get("polymorphic_registry"),
            *(manager.polymorphic_registry for manager in inherited),
        ]
        registry = next((registry for registry in known if registry is not None), {})
    options["polymorphic_registry"] = registry
    # A class that merely inherits an identity does not take it over from the class that declared it.
    registers = "polymorphic_identity" in own or (registry is not None and identity not in registry)
    driver_options = {
        key: getattr(meta, key) for key in DRIVER_OPTIONS if getattr(meta, key, None) is not None
    }
    return Declaration(**options, registers=registers, driver_options=driver_options)


def _function(meta: type, option: str) -> Callable[..., Any] | None:
    """A function declared plainly, as a staticmethod or as a classmethod; callers pass the document only."""
    declared = inspect.getattr_static(meta, option, None)
    if isinstance(declared, staticmethod):
        return declared.__func__
    if isinstance(declared, classmethod):
        takes_class = len(inspect.signature(declared.__func__).parameters) > 1
        return declared.__get__(None, meta) if takes_class else declared.__func__
    return cast("Callable[..., Any] | None", declared)


def declared_indexes(inherited: Sequence[BaseManager[Any]], meta: type) -> list[Index]:
    """The indexes of a class, each once: those of its bases, then what its ``__mongometa__`` lists."""
    indexes = [index for manager in inherited for index in manager.indexes]
    indexes += [Index(entry) for entry in _listed(meta, "indexes")]
    indexes += [Index(entry, unique=True) for entry in _listed(meta, "unique_indexes")]
    indexes += [Index(**entry) for entry in _listed(meta, "custom_indexes")]
    # Not a set: an index has no hash.
    return [index for position, index in enumerate(indexes) if index not in indexes[:position]]


def _listed(meta: type, option: str) -> Iterable[Any]:
    entries = getattr(meta, option, None) or ()
    if isinstance(entries, str):
        raise MingConfigError(
            f"{getattr(meta, 'name', None)}: {option}={entries!r}, expected a list of indexes"
        )
    return cast("Iterable[Any]", entries)
