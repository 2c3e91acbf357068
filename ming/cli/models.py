"""The application's classes, found in its modules.

A verb works on the newest version of each class. Classes that share a collection, as polymorphic ones do,
stand behind the one that the others derive from. `ming.cli.binding` gives them a database.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import Any

from ming._base_manager import BaseManager, find_manager
from ming.cli.binding import Binder
from ming.cli.exits import UsageProblem
from ming.cli.naming import class_name
from ming.odm.registry import REGISTRY

__all__ = ["Model", "find_models"]

Manager = BaseManager[Any]


@dataclass(frozen=True)
class Model:
    """A class whose collection the verbs work on.

    Args:
        manager: What the document class declares.
        others: Further classes of the same collection.
        is_only: Whether all of those derive from this one.
        binder: Binds its session.
    """

    manager: Manager
    others: Sequence[Manager]
    is_only: bool
    binder: Binder

    @cached_property
    def session(self) -> Any:
        """The session to work through: plain, bound, and of the synchronous face.

        Raises:
            UsageProblem: There is no database, or another one than the command line demands.
        """
        return self.binder.session_for(self.manager)

    @property
    def name(self) -> str:
        """What the application calls the class."""
        return class_name(self.manager.cls)

    @property
    def collection(self) -> str:
        """Name of the collection."""
        return str(self.manager.collection_name)

    @property
    def title(self) -> str:
        """The collection, and the class if that does not stand for all of its documents."""
        return self.collection if self.is_only else f"{self.collection} ({self.name})"


def find_models(names: Sequence[str], modules: Sequence[str], root: Path, binder: Binder) -> list[Model]:
    """Import modules, and find their classes.

    Args:
        names: What to work on: modules, ``module:Class``, or, if there are ``modules``, classes or
            collections of theirs; none means everything.
        modules: Names of modules.
        root: The folder where modules are looked for first.
        binder: For the sessions of the classes.

    Raises:
        UsageProblem: There is no such module, class or collection.
    """
    if str(root) not in sys.path:
        sys.path.insert(0, str(root))
    known = [manager for module in modules for manager in _managers_in(_imported(module))]
    chosen = set(known) if not names else set()
    for name in names:
        meant, found = _named(name, known)
        chosen |= meant
        known += found
    if not chosen:
        raise UsageProblem(_nothing_found(modules or names))
    return [
        Model(one, [each for each in group if each is not one], len(roots) == 1, binder)
        for group in _by_collection(known, binder)
        for roots in [_roots(group)]
        for one in roots
        if any(_stands_for(one, each) for each in chosen)
    ]


def _nothing_found(modules: Sequence[str]) -> str:
    if modules:
        return f"no document or mapped class with a collection in {', '.join(modules)}"
    return (
        "no models: name their modules, as in `ming status wiki.models`, or set them in pyproject.toml:\n"
        '  [tool.ming]\n  models = ["wiki.models"]'
    )


def _imported(name: str) -> ModuleType:
    if not all(part.isidentifier() for part in name.split(".")):
        raise UsageProblem(f"{name!r} is not the name of a module")
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{name}.".startswith(f"{error.name}."):
            raise UsageProblem(f"{name} cannot be imported: {error}") from error
        raise UsageProblem(f"no module {name!r}, neither in {sys.path[0]} nor where Python looks") from error
    except Exception as error:
        # A module of the application may fail in any way, and none of them is the command's.
        raise UsageProblem(f"{name} cannot be imported: {type(error).__name__}: {error}") from error


def _managers_in(module: ModuleType) -> Iterator[Manager]:
    """The managers of the classes a module names that have a collection."""
    for value in vars(module).values():
        manager = _manager_behind(value)
        if manager is not None and manager.collection_name is not None:
            yield manager


def _manager_behind(value: Any) -> Manager | None:
    if not isinstance(value, type):
        return None
    mapper = REGISTRY.by_class.get(value)
    return find_manager(value) if mapper is None else mapper.manager


def _named(name: str, known: Sequence[Manager]) -> tuple[set[Manager], list[Manager]]:
    """What a name on the command line means, and all that stands in the module it names."""
    meant = {manager for manager in known if name in (manager.collection_name, class_name(manager.cls))}
    if meant:
        return meant, []
    module, _, cls = name.partition(":")
    try:
        found = list(_managers_in(_imported(module)))
    except UsageProblem as error:
        if not known:
            raise
        raise UsageProblem(f"{error.message}; classes and collections: {_listed(known)}") from error
    meant = {manager for manager in found if cls in ("", class_name(manager.cls))}
    if not meant:
        raise UsageProblem(_nothing_found([name]))
    return meant, found


def _listed(managers: Iterable[Manager]) -> str:
    return ", ".join(sorted({f"{class_name(each.cls)} ({each.collection_name})" for each in managers}))


def _by_collection(managers: Iterable[Manager], binder: Binder) -> list[list[Manager]]:
    """The newest classes of each collection, bases before what derives from them."""
    found = {manager.cls: manager for manager in managers}
    outdated = {older.cls for manager in found.values() for older in _older(manager)}
    newest = (manager for manager in found.values() if manager.cls not in outdated)
    groups: dict[tuple[Any, ...], list[Manager]] = {}
    for manager in sorted(newest, key=lambda each: len(each.cls.__mro__)):
        groups.setdefault(binder.place_of(manager), []).append(manager)
    return sorted(groups.values(), key=lambda group: str(group[0].collection_name))


def _roots(group: Sequence[Manager]) -> list[Manager]:
    """The classes of a collection that derive from none of the others, of a family one.

    A class that has older versions, while what it derives from has none, stands for itself.
    """
    roots: list[Manager] = []
    for manager in group:
        if not any(_stands_for(root, manager) and (root.older or not manager.older) for root in roots):
            roots.append(manager)
    return roots


def _stands_for(root: Manager, manager: Manager) -> bool:
    """Whether a class is a root itself, an older version of it, or one of its family."""
    registry = manager.declaration.polymorphic_registry
    return (
        issubclass(manager.cls, root.cls)
        or any(older is manager for older in _older(root))
        or (registry is not None and registry is root.declaration.polymorphic_registry)
    )


def _older(manager: Manager) -> Iterator[Manager]:
    older = manager.older
    while older is not None:
        yield older
        older = older.older
