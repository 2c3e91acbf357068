"""The projection of ``find``: flags and expressions, and the operators only ``find`` has."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ming.mim.data.errors import CommandError
from ming.mim.data.values import MISSING, as_integer, is_number
from ming.mim.queries.conditions import Filter
from ming.mim.queries.filters import QueryContext, element_position
from ming.mim.queries.projection import Document, Project, ProjectionTree, projector

__all__ = ["compile_find_projection"]

_Adjust = Callable[[Document, Document], None]
"""Changes a projected document, given the stored one."""


def compile_find_projection(
    specification: Mapping[str, Any], context: QueryContext, query: Filter
) -> Project | None:
    """Compile the projection of ``find`` and ``findAndModify``.

    Args:
        specification: The projection document.
        context: The dialect and variables in force.
        query: The filter, which knows the position for the positional ``$``.

    Returns:
        The projection, or None if it keeps everything.

    Raises:
        CommandError: The server would refuse the projection.
        NotImplementedError: An operator is not built yet.
    """
    if not specification:
        return None
    tree = ProjectionTree(context)
    adjustments: list[_Adjust] = []
    for path, value in specification.items():
        operator = next(iter(value), "") if isinstance(value, dict) else ""
        if operator == "$slice" and not _is_expression_slice(value["$slice"]):
            adjustments.append(_slice(path, value["$slice"]))
            _keep_sliced(tree, path)
        elif operator == "$elemMatch":
            tree.flag(path, include=True)
            adjustments.append(_elem_match(path, value["$elemMatch"], context))
        elif operator == "$meta":
            adjustments.append(_meta(path, value["$meta"], context))
        elif path.endswith(".$"):
            tree.flag(path[:-2], include=True)
            adjustments.append(_positional(path[:-2], query))
        else:
            tree.add({path: value})
    if not tree.root and not adjustments:
        return None
    project: Project = projector(tree) if tree.root else dict
    return project if not adjustments else _adjusted(project, adjustments)


def _adjusted(project: Project, adjustments: list[_Adjust]) -> Project:
    def apply(document: Document) -> Document:
        projected = project(document)
        for adjust in adjustments:
            adjust(projected, document)
        return projected

    return apply


def _changed(container: Any, parts: list[str], change: Callable[[Any], Any]) -> Any:
    """Return a container with the value at a path changed, sharing whatever stays the same."""
    if isinstance(container, list):
        return [_changed(item, parts, change) for item in container]
    if not isinstance(container, dict) or parts[0] not in container:
        return container
    value = container[parts[0]]
    return {**container, parts[0]: change(value) if len(parts) == 1 else _changed(value, parts[1:], change)}


def _is_expression_slice(bounds: Any) -> bool:
    # {$slice: [array, n]} is the aggregation operator, {$slice: [skip, n]} the projection's.
    return isinstance(bounds, list) and bool(bounds) and not is_number(bounds[0])


def _keep_sliced(tree: ProjectionTree, path: str) -> None:
    try:
        tree.keep(path)
    except CommandError as error:
        raise CommandError(28667, f"Invalid $slice syntax :: because :: {error}") from error


def _slice(path: str, bounds: Any) -> _Adjust:
    numbers = bounds if isinstance(bounds, list) else [bounds]
    places = [as_integer(number) if is_number(number) else None for number in numbers]
    if not 1 <= len(places) <= 2 or (isinstance(bounds, list) and len(places) != 2):
        raise CommandError(
            28667, f"Invalid $slice syntax. The given syntax {{ $slice: {bounds!r} }} is not valid"
        )
    first, second = places[0], places[-1]
    if first is None or second is None:
        raise CommandError(
            28667, f"Invalid $slice syntax. The given syntax {{ $slice: {bounds!r} }} is not valid"
        )
    if len(places) == 2 and second <= 0:
        raise CommandError(28724, "First argument to $slice must be an array; the limit must be positive")

    def cut(value: Any) -> Any:
        if not isinstance(value, list):
            return value
        if len(places) == 1:
            return value[:first] if first >= 0 else value[first:]
        start = first if first >= 0 else max(len(value) + first, 0)
        return value[start : start + second]

    def adjust(projected: Document, document: Document) -> None:
        projected.update(_changed(projected, path.split("."), cut))

    return adjust


def _elem_match(path: str, operand: Any, context: QueryContext) -> _Adjust:
    if "." in path:
        raise CommandError(31275, "Cannot use $elemMatch projection on a nested field.")
    position_in = element_position(operand, context)

    def adjust(projected: Document, document: Document) -> None:
        value = projected.pop(path, MISSING)
        position = position_in(value)
        if position is not None:
            projected[path] = [value[position]]

    return adjust


def _positional(path: str, query: Filter) -> _Adjust:
    def adjust(projected: Document, document: Document) -> None:
        position = query.position(document)
        if position is None:
            raise CommandError(
                51246,
                "Executor error during find command :: caused by :: positional operator '.$' couldn't find a"
                " matching element in the array",
            )
        projected.update(
            _changed(
                projected,
                path.split("."),
                lambda value: value[position : position + 1] if isinstance(value, list) else value,
            )
        )

    return adjust


def _meta(path: str, kind: Any, context: QueryContext) -> _Adjust:
    read = context.metadata.reader(kind) if not _is_constant_score(kind, context) else _constant_score
    *above, last = path.split(".")

    def adjust(projected: Document, document: Document) -> None:
        value = read(document)
        if value is MISSING:
            return
        for step in above:
            inner = projected.get(step)
            projected[step] = dict(inner) if isinstance(inner, dict) else {}
            projected = projected[step]
        projected[last] = value

    return adjust


def _is_constant_score(kind: Any, context: QueryContext) -> bool:
    return context.dialect.lenient and kind == "textScore"


def _constant_score(document: Document) -> float:
    return 1.0
