"""Views: their definitions, which a database keeps in ``system.views``, and what reading one means."""

from __future__ import annotations

from typing import Final, NamedTuple

from ming.mim.conditions import Filter
from ming.mim.errors import CommandError
from ming.mim.path import Path
from ming.mim.predicates import equality
from ming.mim.stages import Document, Source
from ming.mim.store import Database
from ming.mim.values import order_key

__all__ = ["VIEWS", "View", "find_view", "resolve"]

VIEWS: Final = "system.views"
"""The collection of the definitions, whose ``_id`` are the views' namespaces."""
_DEEPEST: Final = 20
"""How many views may lie on each other."""


class View(NamedTuple):
    """The definition of a view."""

    on: str
    """The name of the collection or view it is on."""
    stages: list[Document]
    """Its pipeline."""
    collation: Document | None = None


def find_view(database: Database, name: str) -> View | None:
    """Return the definition of a view, or None if there is no view of that name."""
    definitions = database.get(VIEWS)
    if definitions is None or name in database.collections:
        return None
    own_id = f"{database.name}.{name}"
    for _, definition in definitions.select(_with_id(own_id)):
        return View(definition["viewOn"], definition["pipeline"], definition.get("collation"))
    return None


def _with_id(own_id: str) -> Filter:
    return equality(own_id, order_key).on_path(Path("_id"))


def resolve(database: Database, name: str) -> Source:
    """Return the collection a name leads to, and the stages of the views on the way.

    Raises:
        CommandError: The views lie too deep.
    """
    stages: list[Document] = []
    depth = 0
    while (view := find_view(database, name)) is not None:
        depth += 1
        if depth > _DEEPEST:
            raise CommandError(165, f"View depth too deep or view cycle detected; maximum depth is {_DEEPEST}")
        stages[:0] = view.stages
        name = view.on
    return Source(database.get(name), stages)
