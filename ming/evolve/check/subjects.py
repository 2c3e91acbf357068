"""What is checked: a document class with its older versions, taken from document classes and mapped classes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ming._base_manager import BaseManager, find_manager
from ming.evolve.chain import Chain, Version

__all__ = ["Subject", "subjects_of"]


@dataclass(frozen=True, eq=False)
class Subject:
    """One class that no given class is a newer version of.

    Args:
        manager: Its class manager.
    """

    manager: BaseManager[Any]

    @property
    def chain(self) -> Chain:
        """The class and its older versions."""
        return self.manager.chain

    @property
    def cls(self) -> str:
        """How findings call the class."""
        return name_of(self.chain.newest)

    @cached_property
    def managers(self) -> dict[Version, BaseManager[Any]]:
        """The class managers of all versions."""
        found = {version: find_manager(version.cls) for version in self.chain.versions}
        return {version: manager for version, manager in found.items() if manager is not None}

    @property
    def unknown(self) -> str:
        """What becomes of stored keys without a field, by the newest version."""
        return self.manager.declaration.unknown


def name_of(version: Version) -> str:
    """The name of a version's class; of the mapped class, where the document class was made for one."""
    return version.name.removeprefix("Document<").removesuffix(">")


def subjects_of(classes: Iterable[Any]) -> list[Subject]:
    """The chains of some classes, each once, from their newest class.

    Args:
        classes: Document classes and mapped classes.

    Raises:
        TypeError: One is neither.
    """
    managers = list(dict.fromkeys(_manager(cls) for cls in classes))
    older = {each for manager in managers for each in _older(manager)}
    return [Subject(manager) for manager in managers if manager not in older and manager.field_index]


def _manager(cls: Any) -> BaseManager[Any]:
    # A mapped class reaches the document class made for it through its mapper, which stands above this line.
    mapper = getattr(getattr(cls, "query", None), "mapper", None)
    manager = find_manager(cls if mapper is None else mapper.collection)
    if manager is None:
        raise TypeError(f"{cls!r} is neither a document class nor a mapped class")
    return manager


def _older(manager: BaseManager[Any]) -> Iterable[BaseManager[Any]]:
    while (older := manager.older) is not None:
        yield older
        manager = older
