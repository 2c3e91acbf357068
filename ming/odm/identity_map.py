"""The identity map: one object per document within a session.

The key is the mapper that stands for the object's polymorphic family, with the ``_id``; so a query through a
base class and one through a subclass meet in one object.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import bson

from ming._values import Missing
from ming.odm.base import state
from ming.odm.registry import mapper_of

if TYPE_CHECKING:
    from ming.odm.mapper import Mapper

__all__ = ["IdentityMap", "hashable", "printed"]


class IdentityMap:
    """Objects by family and ``_id``."""

    def __init__(self) -> None:
        self._families: dict[Mapper[Any], dict[Any, Any]] = {}

    def get(self, cls: type[Any], document_id: Any) -> Any:
        """Return the object of a class's family with an ``_id``, or None."""
        return self.find(mapper_of(cls).root, document_id)

    def find(self, root: Mapper[Any], document_id: Any) -> Any:
        """Return the object of a family with an ``_id``, or None."""
        return self.family(root).get(hashable(document_id))

    def family(self, root: Mapper[Any]) -> dict[Any, Any]:
        """Return the objects of a family by what `hashable` makes of their ``_id``."""
        return self._families.setdefault(root, {})

    def save(self, obj: Any) -> None:
        """Enter an object; one without ``_id`` is left out, an earlier one with the same key forgotten."""
        own = state(obj)
        document_id = own.document_id
        if document_id is not Missing:
            self.family(own.mapper.root)[hashable(document_id)] = obj

    def expunge(self, obj: Any) -> None:
        """Take an object out, if it is there."""
        found = state(obj)
        family = self._families.get(found.mapper.root, {})
        key = hashable(found.document_id)
        if family.get(key) is obj:
            del family[key]

    def clear(self) -> None:
        """Take everything out."""
        # The dicts stay: cursors that are being read hold on to them.
        for family in self._families.values():
            family.clear()

    def copy(self) -> IdentityMap:
        """Return a map of its own with the same objects."""
        made = IdentityMap()
        made._families = {root: dict(family) for root, family in self._families.items()}
        return made

    def __iter__(self) -> Iterator[tuple[type[Any], Any, Any]]:
        """Yield class, ``_id`` and object of each entry."""
        objects = [obj for family in self._families.values() for obj in family.values()]
        return ((type(obj), state(obj).document_id, obj) for obj in objects)

    def __len__(self) -> int:
        return sum(map(len, self._families.values()))

    def __bool__(self) -> bool:
        return True

    def __repr__(self) -> str:
        entries = [f"  {cls.__name__} : {document_id} => {printed(obj)}" for cls, document_id, obj in self]
        return "\n".join([f"<imap ({len(self)})>", *entries])


def printed(obj: Any) -> str:
    """Return an object's repr; sessions can be printed even if the program's own one fails."""
    try:
        return repr(obj)
    except Exception as error:  # noqa: BLE001 - it may raise anything
        return f"<{type(obj).__name__}: no repr: {error!r}>"


def hashable(document_id: Any) -> Any:
    """Return an ``_id`` itself, or what stands for one that has no hash."""
    return document_id if document_id.__hash__ is not None else bson.encode({"_id": document_id})
