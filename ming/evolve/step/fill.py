"""The constant defaults of a schema as steps: what a save would fill in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ming import schema as S
from ming._values import Missing
from ming.evolve.step.base import Step
from ming.evolve.step.containers import Each
from ming.evolve.step.fields import Default
from ming.evolve.step.literals import normal

__all__ = ["fills_of"]


def fills_of(item: S.Object, path: str = "", within: frozenset[int] = frozenset()) -> Iterator[Step]:
    """Yield a step for each field that has a constant default, parents first; constants are the stamp's business.

    Args:
        item: The schema of a version, or an object in it.
        path: Where the object is, with a dot at its end.
        within: Identities of the objects around it; one that holds itself is not filled in again.
    """
    for name, inner in sorted(item.fields.items()) if _is_named(item) else ():
        if isinstance(inner, S.Value) or (name == "_id" and not path):
            continue
        value = _default_of(inner)
        if value is not Missing:
            yield Default(path + name, normal(value, f"default of {path}{name}"))
            yield from _fills_below(inner, path + name, within | {id(item)})


def _fills_below(item: S.SchemaItem[Any], path: str, within: frozenset[int]) -> Iterator[Step]:
    if isinstance(item, S.Object) and id(item) not in within:
        yield from fills_of(item, f"{path}.", within)
    elif isinstance(item, S.Array) and isinstance(item.field_type, S.Object) and id(item) not in within:
        steps = tuple(fills_of(item.field_type, "", within | {id(item)}))
        if steps:
            yield Each(path, steps)


def _default_of(item: S.SchemaItem[Any]) -> Any:
    """The value that every document without the item gets, or `Missing`."""
    if getattr(item, "required", True):
        return Missing
    default = getattr(item, "if_missing", Missing)
    if isinstance(item, S.Object) and getattr(default, "__func__", None) is S.Object.if_missing:
        inner = {name: _default_of(field) for name, field in item.fields.items()} if _is_named(item) else {}
        return {name: value for name, value in inner.items() if value is not Missing}
    return Missing if callable(default) else default


def _is_named(item: S.Object) -> bool:
    return all(isinstance(name, str) for name in item.fields)
