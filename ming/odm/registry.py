"""All mappers of an application: who maps a class, a name, a document class.

The default `Registry` serves the class-level API of `ming.odm.mapper.Mapper`.
"""

from __future__ import annotations

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
        cls = mapper.mapped_class
        self.by_class[cls] = mapper
        self.by_name[f"{cls.__module__}.{cls.__name__}"] = mapper
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

    def clear(self) -> None:
        """Forget every mapper but those of the library's own bases."""
        for held in (self.by_class, self.by_name, self.by_collection):
            held.clear()
        self.all.clear()

    @contextmanager
    def preserved(self) -> Iterator[None]:
        """Forget, after a block, the mappers that it made: what tests with models of their own want."""
        before = [dict(held) for held in (self.by_class, self.by_name, self.by_collection)]
        mappers = list(self.all)
        try:
            yield
        finally:
            for held, contents in zip((self.by_class, self.by_name, self.by_collection), before, strict=True):
                held.clear()
                held.update(contents)
            self.all[:] = mappers

    def __iter__(self) -> Iterator[Mapper[Any]]:
        return iter(list(self.all))


REGISTRY: Final = Registry()
"""The registry behind `Mapper.by_class` and its like."""


def mapper_of(cls: type[Any]) -> Mapper[Any]:
    """Return the mapper of a class.

    Raises:
        KeyError: The class is not mapped.
    """
    return REGISTRY.by_class[cls]
