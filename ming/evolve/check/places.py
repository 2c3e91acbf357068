"""Finding the schema item at a place of a document, and words for hops."""

from __future__ import annotations

import re
from typing import Any

from ming import schema as S
from ming.evolve.check.subjects import name_of
from ming.evolve.hop import Hop
from ming.evolve.step.kinds import Step
from ming.schema.kinds import kind_of

__all__ = ["general", "hop_name", "is_declared", "is_deprecated", "step_name"]


def hop_name(hop: Hop) -> str:
    """How findings call a hop."""
    return f"{name_of(hop.source)} -> {name_of(hop.target)}"


def step_name(number: int, step: Step) -> str:
    """How findings call a step: its number, its kind, the paths it reads and puts."""
    paths = dict.fromkeys([*sorted(step.reads), *sorted(step.writes)])
    return f"step {number}, {step.kind}({', '.join(paths)})"


def is_deprecated(schema: S.SchemaItem[Any], path: str) -> bool:
    """Whether a schema declares a place, or one above it, as out of use."""
    found: S.SchemaItem[Any] | None = schema
    for name in _parts(path):
        found = None if found is None else _below(found, name)
        if isinstance(found, S.Deprecated):
            return True
    return False


def is_declared(schema: S.SchemaItem[Any], path: str) -> bool:
    """Whether a schema has a place, as far as it says; lists on the way are looked into."""
    found: S.SchemaItem[Any] | None = schema
    for name in _parts(path):
        if name.isdigit() or name == "*":
            continue
        while isinstance(found, S.Array):
            found = found.field_type
        found = None if found is None else _below(found, name)
        if found is None:
            return False
    return not isinstance(found, S.Deprecated)


def general(schema: S.SchemaItem[Any], path: str) -> str:
    """A place in one document as a place in any: ``lines[2].sku`` is ``lines[].sku``, a dict's key is ``*``."""
    found: S.SchemaItem[Any] | None = schema
    parts = []
    for part in re.sub(r"\[\d+\]", "[]", path).split("."):
        name = part.removesuffix("[]")
        is_entry = isinstance(found, S.Object) and found.is_homogeneous
        parts.append(part.replace(name, "*") if is_entry else part)
        found = None if found is None else _below(found, name)
    return ".".join(parts)


def _parts(path: str) -> list[str]:
    return path.replace("[]", "").split(".")


def _below(item: S.SchemaItem[Any], name: str) -> S.SchemaItem[Any] | None:
    """The item under a name, through lists; what an item of unknown rules holds is of unknown rules."""
    while isinstance(item, S.Array):
        item = item.field_type
    if not isinstance(item, S.Object) or kind_of(item) is None:
        return None if isinstance(item, S.Scalar) else item
    return next(iter(item.fields.values())) if item.is_homogeneous else item.fields.get(name)
