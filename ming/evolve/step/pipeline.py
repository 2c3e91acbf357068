"""Expressions of update pipelines that read, put and remove values by path. All of them are total.

They speak of the fields of ``$$CURRENT``, so the same expressions serve for a document and for an item of a
list (`over_items`). A path is never written with ``$set`` itself, which would reach into lists, replace
scalars and make empty parents: every expression is the new value of a whole top-level field.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import reduce
from typing import Any, Final, TypeAlias

from ming.evolve.step.literals import quoted

__all__ = [
    "REMOVE",
    "Expression",
    "all_of",
    "assign",
    "choose",
    "has_room",
    "has_type",
    "is_absent",
    "is_present",
    "let",
    "over_items",
    "stored",
]

Expression: TypeAlias = Any

REMOVE: Final = "$$REMOVE"
"""The value of a field that is to go."""


def choose(condition: Expression, then: Expression, otherwise: Expression) -> Expression:
    """One expression or another; the condition True is none."""
    return then if condition is True else {"$cond": [condition, then, otherwise]}


def all_of(conditions: Iterable[Expression]) -> Expression:
    """Whether all conditions hold; True where there are none."""
    given = [condition for condition in conditions if condition is not True]
    if not given:
        return True
    return given[0] if len(given) == 1 else {"$and": given}


def let(expression: Expression, **variables: Expression) -> Expression:
    """An expression that may use variables."""
    return {"$let": {"vars": variables, "in": expression}}


def has_type(value: Expression, *types: str) -> Expression:
    """Whether a value has one of some BSON types, ``missing`` among them."""
    kind = {"$type": value}
    return {"$eq": [kind, types[0]]} if len(types) == 1 else {"$in": [kind, list(types)]}


def stored(path: str) -> Expression:
    """The value at a path, through sub-documents only; missing where there is none."""
    through = all_of(has_type(parent, "object") for parent in _parents(path))
    return choose(through, f"${path}", REMOVE)


def is_present(path: str) -> Expression:
    """Whether there is a value at a path."""
    return {"$ne": [{"$type": stored(path)}, "missing"]}


def has_room(path: str) -> Expression:
    """Whether a value could be put at a path: each parent is a sub-document, or missing."""
    return all_of(has_type(parent, "object", "missing") for parent in _parents(path))


def is_absent(path: str) -> Expression:
    """Whether nothing is at a path, and there is room for a value."""
    return all_of([has_room(path), has_type(f"${path}", "missing")])


def _parents(path: str) -> list[str]:
    parts = path.split(".")
    return ["$" + ".".join(parts[:length]) for length in range(1, len(parts))]


def assign(
    fits: Expression,
    puts: Mapping[str, Expression],
    removes: Iterable[str] = (),
    prune: bool = False,
) -> dict[str, Expression]:
    """The top-level fields of a document in which values are removed, then put.

    Args:
        fits: Whether anything changes at all; implies that there is room for what is put.
        puts: Expressions by path; a value that turns out missing is not put, and makes no parents.
        removes: Paths.
        prune: Whether sub-documents left empty by a removal go, too.
    """
    changed: dict[str, Expression] = {}
    for path in removes:
        top, *rest = path.split(".")
        changed[top] = _without(changed.get(top, f"${top}"), rest, prune)
    for path, value in puts.items():
        top, *rest = path.split(".")
        changed[top] = _with(changed.get(top, f"${top}"), rest, value)
    return {top: choose(fits, expression, f"${top}") for top, expression in changed.items()}


def _without(container: Expression, rest: Sequence[str], prune: bool) -> Expression:
    """A container without the value at the rest of a path."""
    if not rest:
        return REMOVE
    if not isinstance(container, str):
        return let(_without("$$document", rest, prune), document=container)
    name, *deeper = rest
    smaller = _with_field(container, name, _without(f"{container}.{name}", deeper, prune))
    if prune:
        emptied = {"$and": [{"$eq": ["$$smaller", quoted({})]}, {"$ne": [container, quoted({})]}]}
        smaller = let(choose(emptied, REMOVE, "$$smaller"), smaller=smaller)
    return choose(has_type(container, "object"), smaller, container)


def _with(container: Expression, rest: Sequence[str], value: Expression) -> Expression:
    """A container with a value at the rest of a path, if there is a value."""
    if not rest:
        return value
    if not isinstance(container, str):
        return let(_with("$$document", rest, value), document=container)
    arrives = {"$ne": [{"$type": "$$arriving"}, "missing"]}
    return let(choose(arrives, _put(container, rest, "$$arriving"), container), arriving=value)


def _put(container: str, rest: Sequence[str], value: str) -> Expression:
    if not rest:
        return value
    name, *deeper = rest
    parent = choose(has_type(container, "missing"), quoted({}), container)
    return _with_field(parent, name, _put(f"{container}.{name}", deeper, value))


def _with_field(container: Expression, name: str, value: Expression) -> Expression:
    return {"$setField": {"field": name, "input": container, "value": value}}


def over_items(path: str, changes: Iterable[Mapping[str, Expression]]) -> Expression:
    """The list at a path with changes, one after the other, made to each item that is a sub-document."""
    changed: Expression = reduce(_after, changes, "$$CURRENT")
    item = choose(has_type("$$CURRENT", "object"), changed, "$$CURRENT")
    return {"$map": {"input": path, "as": "CURRENT", "in": item}}


def _after(document: Expression, assignments: Mapping[str, Expression]) -> Expression:
    """A document after a ``$set``, whose expressions speak of the document before it."""
    changed: Expression = "$$CURRENT"
    for name, value in assignments.items():
        changed = _with_field(changed, name, value)
    return changed if document == "$$CURRENT" else let(changed, CURRENT=document)
