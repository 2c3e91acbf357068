"""How an object was loaded, or is to be: a dict with attribute access, shared by the objects of one result."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from ming._values import Object

__all__ = ["Options"]


class Options(Object):
    """Options of mappers, cursors and states.

    Args:
        options: ``refresh``, ``instrument``, ``decorate``, ``fields`` (the projection) and what applications add.
    """

    instrument: bool
    refresh: bool
    fields: Collection[str] | None

    def __init__(self, **options: Any) -> None:
        super().__init__({"refresh": False, "instrument": True, **options})
