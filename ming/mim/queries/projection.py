"""Projections: of ``find``, and of the stages ``$project``, ``$addFields`` and ``$unset``.

A projection is a tree of field names whose leaves say include, exclude or compute. What only ``find`` knows
(``$slice``, ``$elemMatch``, the positional ``$``, ``$meta``) is in `find_projection`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ming.mim.data.environment import Expression, Scope
from ming.mim.data.errors import CommandError
from ming.mim.data.values import MISSING, is_number, truthy
from ming.mim.expressions.compiler import compile_expression, root_scope
from ming.mim.queries.filters import QueryContext

__all__ = ["Project", "ProjectionTree", "adder", "excluder", "projector"]

Document = dict[str, Any]
Project = Callable[[Document], Document]

_Node = dict[str, Any]


class ProjectionTree:
    """Field names with what is to become of them.

    Args:
        context: The variables in scope of computed fields and the order of values.
        adds: Whether fields are only added, so that numbers and booleans are values rather than flags.
    """

    def __init__(self, context: QueryContext | None = None, adds: bool = False) -> None:
        self.root: _Node = {}
        self.includes: list[str] = []
        """Paths that are included or computed, ``_id`` apart."""
        self.excludes: list[str] = []
        """Paths that are excluded, ``_id`` apart."""
        self._adds = adds
        self._adjusted = False
        self._context = context or QueryContext()

    def add(self, specification: Mapping[str, Any], prefix: str = "") -> None:
        """Enter the fields of a specification.

        Args:
            specification: Paths with flags, expressions or nested specifications.
            prefix: The path the specification belongs to.
        """
        for name, value in specification.items():
            path = f"{prefix}.{name}" if prefix else name
            is_flag = (isinstance(value, bool) or is_number(value)) and not self._adds
            if isinstance(value, dict) and value and not next(iter(value)).startswith("$"):
                self.add(value, path)
            elif isinstance(value, dict) and not value:
                raise CommandError(
                    40180 if self._adds else 51270,
                    f"An empty object is not a valid value. Found empty object at path {path}",
                )
            elif is_flag:
                self.flag(path, truthy(value))
            else:
                self._compute(path, compile_expression(value, self._context.environment))

    def flag(self, path: str, include: bool) -> None:
        """Include or exclude a path.

        Raises:
            CommandError: Other paths are treated the other way.
        """
        self._put(path, include)
        if path == "_id":
            return
        if include and self.excludes:
            raise CommandError(31253, f"Cannot do inclusion on field {path} in exclusion projection")
        if not include and self.includes:
            raise CommandError(31254, f"Cannot do exclusion on field {path} in inclusion projection")
        (self.includes if include else self.excludes).append(path)

    def keep(self, path: str) -> None:
        """Keep a path, to be adjusted later, whatever becomes of the others."""
        self._adjusted = True
        self._put(path, True)

    @property
    def keeps_others(self) -> bool:
        """Whether paths that are not mentioned are kept."""
        if self.includes:
            return False
        return bool(self.excludes) or self._adjusted or self.root.get("_id") is False

    def _compute(self, path: str, expression: Expression) -> None:
        if path != "_id":
            if self.excludes:
                raise CommandError(
                    31252, f"Cannot use an expression for field {path} in an exclusion projection"
                )
            self.includes.append(path)
        self._put(path, expression)

    def _put(self, path: str, leaf: bool | Expression) -> None:
        *above, last = path.split(".")
        if "" in (*above, last):
            raise CommandError(40352, "FieldPath cannot be constructed with empty string")
        if any(step.startswith("$") for step in (*above, last)):
            raise CommandError(16410, f"FieldPath field names may not start with '$': {path}")
        node = self.root
        for step in above:
            node = node.setdefault(step, {})
            if not isinstance(node, dict):
                raise CommandError(40176 if self._adds else 31249, f"Path collision at {path}")
        if last in node:
            raise CommandError(40176 if self._adds else 31250, f"Path collision at {path}")
        node[last] = leaf

    def scope(self, document: Document) -> Scope:
        """Return the scope of the computed fields."""
        return root_scope(document, self._context.variables)


def _has_computed(node: _Node) -> bool:
    return any(
        _has_computed(child) if isinstance(child, dict) else callable(child) for child in node.values()
    )


def projector(tree: ProjectionTree) -> Project:
    """Return the projection that a tree of flags and expressions describes."""
    if tree.keeps_others:
        return excluder(tree.root)
    own_id = tree.root.get("_id")
    root = {name: child for name, child in tree.root.items() if child is not False}
    if own_id is None:
        root["_id"] = True
    if not _has_computed(root) and not any(isinstance(child, dict) for child in root.values()):
        return lambda document: {name: value for name, value in document.items() if name in root}
    return lambda document: _included(root, document, tree.scope(document))


def _included(node: _Node, document: Document, scope: Scope) -> Document:
    kept: Document = {}
    for name, value in document.items():
        child = node.get(name)
        if child is True:
            kept[name] = value
        elif isinstance(child, dict):
            value = _included_value(child, value, scope)
            if value is not MISSING:
                kept[name] = value
    for name, child in node.items():
        if callable(child):
            value = child(scope)
            kept.pop(name, None)
            if value is not MISSING:
                kept[name] = value
        elif isinstance(child, dict) and name not in document and _has_computed(child):
            kept[name] = _included(child, {}, scope)
    return kept


def _included_value(node: _Node, value: Any, scope: Scope) -> Any:
    if isinstance(value, dict):
        return _included(node, value, scope)
    if isinstance(value, list):
        inner = [_included_value(node, item, scope) for item in value]
        return [item for item in inner if item is not MISSING]
    return _included(node, {}, scope) if _has_computed(node) else MISSING


def excluder(node: _Node) -> Project:
    """Return the projection that drops the excluded leaves of a tree and keeps everything else."""
    if not any(isinstance(child, dict) for child in node.values()):
        dropped = {name for name, child in node.items() if child is False}
        return lambda document: {name: value for name, value in document.items() if name not in dropped}
    return lambda document: _excluded(node, document)


def _excluded(node: _Node, value: Any) -> Any:
    if isinstance(value, list):
        return [_excluded(node, item) for item in value]
    if not isinstance(value, dict):
        return value
    kept = {}
    for name, inner in value.items():
        child = node.get(name)
        if child is not False:
            kept[name] = _excluded(child, inner) if isinstance(child, dict) else inner
    return kept


def adder(tree: ProjectionTree) -> Project:
    """Return the projection that adds the computed fields of a tree and keeps all others."""
    return lambda document: _added(tree.root, document, tree.scope(document))


def _added(node: _Node, value: Any, scope: Scope) -> Any:
    if isinstance(value, list):
        return [_added(node, item, scope) for item in value]
    kept = dict(value) if isinstance(value, dict) else {}
    for name, child in node.items():
        if isinstance(child, dict):
            kept[name] = _added(child, kept.get(name), scope)
            continue
        made = child(scope)
        if made is MISSING:
            kept.pop(name, None)
        else:
            kept[name] = made
    return kept
