"""What the definition of a view must be like, what it must not do to other views, and how a database keeps
it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from ming.mim.data.errors import CommandError
from ming.mim.data.names import check_collection_name
from ming.mim.storage.store import Database
from ming.mim.storage.views import DEEPEST, VIEWS, View, all_views, find_view

__all__ = [
    "add_view",
    "change_view",
    "check_name",
    "check_stages",
    "check_target",
    "drop_view",
    "listed_view",
]

Document = dict[str, Any]

_WRITING: Final = frozenset(("$out", "$merge"))
_NOT_ALLOWED: Final = {
    "$changeStream": (167, "$changeStream cannot be used in a view definition"),
    "$documents": (73, "'$documents' cannot be used in a view definition"),
}


def listed_view(view: View) -> Document:
    """Return a view as ``listCollections`` lists it."""
    collation = {} if view.collation is None else {"collation": view.collation}
    options = {"viewOn": view.on, "pipeline": view.stages, **collation}
    return {"name": view.name, "type": "view", "options": options, "info": {"readOnly": True}}


def check_target(on: str) -> None:
    """Refuse a name that no view can be on.

    Raises:
        CommandError: It is one.
    """
    if not on:
        raise CommandError(2, "'viewOn' cannot be empty")
    if on.startswith("."):
        raise CommandError(73, f"Collection names cannot start with '.': {on}")
    if "\0" in on:
        raise CommandError(73, "namespaces cannot have embedded null characters")
    if on.startswith("$"):
        raise CommandError(73, f"invalid name for 'viewOn': {on}")


def check_name(database: Database, name: str) -> None:
    """Refuse a name that a new view cannot have.

    Raises:
        CommandError: It is one.
    """
    check_collection_name(database.name, name)
    if name == VIEWS:
        raise CommandError(73, f"Cannot create a view called '{VIEWS}': this is a reserved system namespace")
    if name in database.collections:
        raise CommandError(
            48, f"Cannot create collection {database.name}.{name} - collection already exists."
        )
    if find_view(database, name) is not None:
        raise CommandError(48, "Namespace already exists")


def check_stages(view: View, namespace: str) -> None:
    """Refuse stages that no view may have.

    Raises:
        CommandError: There are such.
    """
    for at, stage in enumerate(view.stages):
        for name in stage.keys() & _WRITING:
            raise CommandError(
                167,
                f"The aggregation stage {name} in location {at} of the pipeline cannot be used in the view"
                f" definition of {namespace} because it writes to disk",
            )
        for name in stage.keys() & _NOT_ALLOWED.keys():
            raise CommandError(*_NOT_ALLOWED[name])


def add_view(database: Database, view: View) -> None:
    """Keep the definition of a new view, whose name and stages have been checked.

    Raises:
        CommandError: It does not go with the other views.
    """
    _Graph(database, view).check()
    database.require(VIEWS).insert(_kept(database, view))


def change_view(database: Database, view: View) -> None:
    """Keep another definition of a view, whose stages have been checked.

    Raises:
        CommandError: It does not go with the other views.
    """
    _Graph(database, view).check()
    database.require(VIEWS).replace(_record(database, view.name), _kept(database, view))


def drop_view(database: Database, name: str) -> None:
    """Forget a view."""
    database.require(VIEWS).remove(_record(database, name))


def _kept(database: Database, view: View) -> Document:
    collation = {} if view.collation is None else {"collation": view.collation}
    return {"_id": f"{database.name}.{view.name}", "viewOn": view.on, "pipeline": view.stages, **collation}


def _record(database: Database, name: str) -> int:
    own_id = f"{database.name}.{name}"
    return next(record for record, kept in database.require(VIEWS) if kept["_id"] == own_id)


# -- views upon views ---------------------------------------------------------------------------------


class _Graph:
    """The views of a database, one of them new or changed."""

    def __init__(self, database: Database, view: View) -> None:
        self._prefix = f"{database.name}."
        self._view = view
        self._views = {each.name: each for each in all_views(database)} | {view.name: view}
        self._below = {name: self._read_by(each) for name, each in self._views.items()}

    def check(self) -> None:
        """Refuse cycles, mixed collations and more views upon views than there may be.

        Raises:
            CommandError: There are such.
        """
        name = self._view.name
        self._check_collations()
        self._check_cycle([name])
        above = {each: [one for one, below in self._below.items() if each in below] for each in self._views}
        if _height(name, self._below) + _height(name, above) - 1 > DEEPEST:
            raise CommandError(165, f"View depth limit exceeded; maximum depth is {DEEPEST}")

    def _read_by(self, view: View) -> list[str]:
        """Return the views that a view reads."""
        return [name for name in (view.on, *_mentioned(view.stages)) if name in self._views]

    def _check_collations(self) -> None:
        own = f"View {self._prefix}{self._view.name} has"
        for name in self._below[self._view.name]:
            if self._views[name].collation != self._view.collation:
                raise CommandError(167, f"{own} conflicting collation with view {self._prefix}{name}")
        for name, below in self._below.items():
            if self._view.name in below and self._views[name].collation != self._view.collation:
                raise CommandError(
                    167,
                    f"{own} a collation that does not match the collation of view {self._prefix}{name}",
                )

    def _check_cycle(self, path: list[str]) -> None:
        for name in self._below[path[-1]]:
            if name == path[0]:
                shown = " => ".join(f"{self._prefix}{each}" for each in [name, *path, name])
                raise CommandError(5, f"View cycle detected: {shown}")
            self._check_cycle([*path, name])


def _height(name: str, beside: dict[str, list[str]]) -> int:
    return 1 + max((_height(each, beside) for each in beside[name]), default=0)


def _mentioned(stages: Sequence[Document]) -> Iterator[str]:
    """Yield the names of the collections that stages read beside the one before them."""
    for stage in stages:
        ((name, options),) = stage.items()
        if name == "$unionWith" and isinstance(options, str):
            yield options
        if not isinstance(options, dict):
            continue
        if name == "$facet":
            for inner in options.values():
                yield from _mentioned(inner)
        yield from _of_foreign(name, options)


_FOREIGN: Final = {"$lookup": "from", "$graphLookup": "from", "$unionWith": "coll"}
"""Stages that read other collections, and the options that name these."""


def _of_foreign(stage: str, options: Document) -> Iterator[str]:
    if stage in _FOREIGN:
        other = options.get(_FOREIGN[stage])
        if isinstance(other, str):
            yield other
        yield from _mentioned(options.get("pipeline") or ())
