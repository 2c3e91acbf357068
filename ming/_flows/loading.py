"""Which function makes documents of what is read: the class's loader, or a ``make`` of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from ming._base_manager import manager_of
from ming._document import _Document
from ming._types import RawDocument
from ming._values import KEEP_ASIDE

__all__ = ["acceptance_for", "loader_for", "overrides_make"]

D = TypeVar("D")

Accepts = Callable[[RawDocument], bool]


def loader_for(
    cls: type[D], allow_extra: bool = True, strip_extra: bool = True
) -> Callable[[RawDocument], D]:
    """Return the function that makes documents of a class of stored raw documents, which it may consume.

    A class that overrides ``make`` has its say for every document.

    Args:
        cls: The document class.
        allow_extra: Whether stored keys that no field declares are accepted.
        strip_extra: Whether accepted ones go out of sight; they stay stored all the same.
    """
    if not overrides_make(cls):
        loader: Callable[[RawDocument], D] = manager_of(cls).loader(allow_extra, strip_extra)
        return loader
    make: Callable[..., D] = cls.make  # type: ignore[attr-defined]
    strip = KEEP_ASIDE if strip_extra else strip_extra
    return lambda raw: make(raw, allow_extra=allow_extra, strip_extra=strip)


def acceptance_for(cls: type[Any], allow_extra: bool = True, strip_extra: bool = True) -> Accepts | None:
    """Return the test for documents that the loader with the same arguments is sure to make, and may make later.

    None where only the loader knows.
    """
    if overrides_make(cls) or not (allow_extra and strip_extra):
        return None
    return manager_of(cls).accepts


def overrides_make(cls: Any) -> bool:
    """Whether a class makes its documents in a way of its own."""
    return getattr(cls.make, "__func__", None) is not _Document.make.__func__  # type: ignore[attr-defined]
