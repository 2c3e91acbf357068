"""Views: their definitions, which a database keeps in ``system.views``, and what reading one means.

What a definition must be like is in `ming.mim.storage.view_definitions`, what commands do on views in
`ming.mim.commands.view_commands`.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from ming.mim.data.collation import SIMPLE, read_collation
from ming.mim.data.environment import KeyOf
from ming.mim.data.errors import CommandError
from ming.mim.data.path import Path
from ming.mim.data.values import order_key
from ming.mim.pipelines.stages import Document, Source
from ming.mim.queries.conditions import Filter
from ming.mim.queries.predicates import equality
from ming.mim.storage.store import Database

__all__ = ["DEEPEST", "VIEWS", "View", "all_views", "find_view", "resolve", "underlying"]

VIEWS: Final = "system.views"
"""The collection of the definitions, whose ``_id`` are the views' namespaces."""
DEEPEST: Final = 20
"""How many views may lie on each other."""


class View(NamedTuple):
    """The definition of a view."""

    name: str
    on: str
    """The name of the collection or view it is on."""
    stages: list[Document]
    """Its pipeline."""
    collation: Document | None = None

    @property
    def order(self) -> KeyOf:
        """How it compares values."""
        return SIMPLE.key if self.collation is None else read_collation(self.collation).key


def find_view(database: Database, name: str) -> View | None:
    """Return the definition of a view, or None if there is no view of that name."""
    definitions = database.get(VIEWS)
    if definitions is None or name in database.collections:
        return None
    own_id = f"{database.name}.{name}"
    for _, definition in definitions.select(_with_id(own_id)):
        return _view(definition)
    return None


def all_views(database: Database) -> list[View]:
    """Return the definitions of a database's views."""
    definitions = database.get(VIEWS)
    return [] if definitions is None else [_view(definition) for _, definition in definitions]


def _with_id(own_id: str) -> Filter:
    return equality(own_id, order_key).on_path(Path("_id"))


def _view(definition: Document) -> View:
    _, _, name = definition["_id"].partition(".")
    return View(name, definition["viewOn"], definition["pipeline"], definition.get("collation"))


def resolve(database: Database, name: str) -> Source:
    """Return the collection a name leads to, and the stages of the views on the way.

    Raises:
        CommandError: The views lie too deep.
    """
    name, stages = underlying(database, name)
    return Source(database.get(name), stages)


def underlying(database: Database, name: str) -> tuple[str, list[Document]]:
    """Return the name of the collection a name leads to, and the stages of the views on the way.

    Raises:
        CommandError: The views lie too deep.
    """
    stages: list[Document] = []
    depth = 0
    while (view := find_view(database, name)) is not None:
        depth += 1
        if depth == DEEPEST:
            raise CommandError(165, f"View depth too deep or view cycle detected; maximum depth is {DEEPEST}")
        stages[:0] = view.stages
        name = view.on
    return name, stages
