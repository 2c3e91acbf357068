"""What an application calls its classes: for a mapped class, ming makes a document class of another name."""

from __future__ import annotations

from ming.odm.registry import REGISTRY

__all__ = ["class_name", "mapped_class", "plain_name"]


def class_name(cls: type) -> str:
    """The name of a class."""
    return plain_name(cls.__name__)


def plain_name(name: str) -> str:
    """The name of the class that the application wrote, where a document class was made for it."""
    return name.removeprefix("Document<").removesuffix(">")


def mapped_class(cls: type) -> type:
    """The mapped class that a document class was made for, or the document class itself."""
    mapper = REGISTRY.by_collection.get(cls)
    return cls if mapper is None else mapper.mapped_class
