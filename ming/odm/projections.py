"""What a projection lets through: such objects store changes of no other field than those they were read with."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

__all__ = ["projected"]

_NEUTRAL = ("$slice", "$meta")
"""Operators that do not say what becomes of the other fields."""


def projected(projection: Any, declared: Callable[[], Iterable[str]]) -> tuple[str, ...] | None:
    """Return the top-level fields that a projection lets through whole.

    Args:
        projection: As the driver takes it.
        declared: Returns the fields there may be, for a projection that says which ones are left out.

    Returns:
        Their names, with ``_id``; None where nothing is left out.
    """
    if not projection:
        return None
    if not isinstance(projection, Mapping):
        return tuple(dict.fromkeys(["_id", *projection]))
    flags = {name: flag for name, flag in projection.items() if name != "_id"}
    chosen = ["_id"] if projection.get("_id", True) else []
    if any(map(_includes, flags.values())) or (not flags and chosen):
        return (*chosen, *(name for name, flag in flags.items() if _is_true(flag)))
    cut = {name.partition(".")[0] for name in flags}
    return (*chosen, *(name for name in declared() if name not in cut and name != "_id"))


def _is_true(flag: Any) -> bool:
    return isinstance(flag, (bool, int, float)) and bool(flag)


def _includes(flag: Any) -> bool:
    """Whether other fields are left out because this one is named."""
    if not isinstance(flag, Mapping):
        return not isinstance(flag, (bool, int, float)) or bool(flag)
    return any(_includes(inner) for name, inner in flag.items() if name not in _NEUTRAL)
