"""All mappers of an application: who maps a class, a name, a document class.

The default `Registry` serves the class-level API of `ming.odm.mapper.Mapper`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from ming.odm.mapper import Mapper

__all__ = ["REGISTRY", "Registry", "mapper_of"]


class Registry:
    """Mappers by class, by name and by document class."""

    def __init__(self) -> None:
        self.by_class: dict[type[Any], Mapper[Any]] = {}
        self.by_name: dict[str, Mapper[Any]] = {}
        self.by_collection: dict[type[Any], Mapper[Any]] = {}
        self.all: list[Mapper[Any]] = []

    def add(self, mapper: Mapper[Any]) -> None:
        """Enter a mapper; one of the same class is replaced."""
        self.by_class[mapper.mapped_class] = mapper
        self.by_name[_full_name(mapper)] = mapper
        self.by_collection[mapper.collection] = mapper
        self.all.append(mapper)

    def named(self, name: str) -> Mapper[Any]:
        """Return the mapper of a class by its name, with or without the module.

        Raises:
            KeyError: No mapped class is of that name.
        """
        if name in self.by_name:
            return self.by_name[name]
        for full, mapper in self.by_name.items():
            if full.endswith(f".{name}"):
                return mapper
        raise KeyError(name)

    def is_current(self, mapper: Mapper[Any]) -> bool:
        """Whether a mapper still is the one its class's name leads to."""
        return self.by_name.get(_full_name(mapper)) is mapper

    def clear(self) -> None:
        """Forget every mapper but those of the library's own bases, from which new classes derive."""
        kept = [mapper for mapper in self.all if _is_own_base(mapper.mapped_class)]
        for held in self._held():
            held.clear()
        self.all.clear()
        for mapper in kept:
            self.add(mapper)

    @contextmanager
    def preserved(self) -> Iterator[None]:
        """Forget, after a block, the mappers that it made: what tests with models of their own want."""
        before = [dict(held) for held in self._held()]
        mappers = list(self.all)
        try:
            yield
        finally:
            for held, contents in zip(self._held(), before, strict=True):
                held.clear()
                held.update(contents)
            self.all[:] = mappers

    def _held(self) -> list[dict[Any, Mapper[Any]]]:
        return [self.by_class, self.by_name, self.by_collection]

    def __iter__(self) -> Iterator[Mapper[Any]]:
        return iter(list(self.all))


def _full_name(mapper: Mapper[Any]) -> str:
    cls = mapper.mapped_class
    return f"{cls.__module__}.{cls.__name__}"


def _is_own_base(cls: type[Any]) -> bool:
    """Whether a class is one of the library's; those that are made without a class statement only seem so."""
    module = cls.__module__
    return module.startswith("ming.odm.") and getattr(sys.modules[module], cls.__name__, None) is cls


REGISTRY: Final = Registry()
"""The registry behind `Mapper.by_class` and its like."""


def mapper_of(cls: type[Any]) -> Mapper[Any]:
    """Return the mapper of a class.

    Raises:
        KeyError: The class is not mapped.
    """
    return REGISTRY.by_class[cls]
