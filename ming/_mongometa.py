"""Reading ``__mongometa__``: what a declarative class says and inherits."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any, cast

from ming._declaration import DRIVER_OPTIONS, Declaration
from ming._indexes import Index
from ming._managers import BaseManager, ManagerDescriptor

__all__ = ["declared", "declared_indexes", "is_document_class", "meta_class"]

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
)
_FUNCTIONS = ("migrate", "before_save", "on_hybrid")


def is_document_class(cls: type) -> bool:
    return isinstance(inspect.getattr_static(cls, "m", None), ManagerDescriptor)


def meta_class(bases: tuple[type, ...], own: Mapping[str, Any]) -> type:
    """A class with the own options, inheriting those of every base."""
    metas = tuple(dict.fromkeys(base.__mongometa__ for base in bases if hasattr(base, "__mongometa__")))
    namespace = {key: value for key, value in own.items() if key not in ("__dict__", "__weakref__")}
    return type("__mongometa__", metas, namespace)


def declared(meta: type, own: Mapping[str, Any], inherited: tuple[BaseManager[Any], ...]) -> Declaration:
    options = {option: getattr(meta, option) for option in _DECLARED if getattr(meta, option, None) is not None}
    options |= {option: _function(meta, option) for option in _FUNCTIONS}
    registry = options.get("polymorphic_registry")
    if registry is None:
        # A family shares one registry, so that its base finds every class of it.
        registries = (manager.polymorphic_registry for manager in inherited)
        registry = next((registry for registry in registries if registry is not None), {})
    options["polymorphic_registry"] = registry if options.get("polymorphic_on") else None
    # A class that merely inherits the identity does not take it over from the class that declared it.
    declares_identity = "polymorphic_identity" in own or "polymorphic_on" in own
    driver_options = {key: getattr(meta, key) for key in DRIVER_OPTIONS if getattr(meta, key, None) is not None}
    return Declaration(**options, registers=declares_identity, driver_options=driver_options)


def _function(meta: type, option: str) -> Callable[..., Any] | None:
    """A function declared plainly, as a staticmethod or as a classmethod; callers pass the document only."""
    declared = inspect.getattr_static(meta, option, None)
    if isinstance(declared, staticmethod):
        return cast("Callable[..., Any]", declared.__func__)
    if isinstance(declared, classmethod):
        function = cast("Callable[..., Any]", declared.__func__)
        takes_class = len(inspect.signature(function).parameters) > 1
        return cast("Callable[..., Any]", declared.__get__(None, meta)) if takes_class else function
    return cast("Callable[..., Any] | None", declared)


def declared_indexes(inherited: tuple[BaseManager[Any], ...], meta: type) -> list[Index]:
    indexes: list[Index] = [index for manager in inherited for index in manager.indexes]
    declared = [Index(entry) for entry in getattr(meta, "indexes", None) or ()]
    declared += [Index(entry, unique=True) for entry in getattr(meta, "unique_indexes", None) or ()]
    declared += [Index(**entry) for entry in getattr(meta, "custom_indexes", None) or ()]
    for index in declared:
        if index not in indexes:
            indexes.append(index)
    return indexes
