"""What `ming.evolve.step.paths` does, for generated code: paths are tuples of keys, and containers may be shared.

The document itself belongs to the caller. A sub-document may still be part of the document it was read from, so
each one on the way to a change is replaced by a changed copy.
"""

from __future__ import annotations

from typing import Any

from ming._values import Missing
from ming.evolve.step.paths import Raw

__all__ = ["at", "has_room", "is_free", "put", "take"]

Keys = tuple[str, ...]


def at(raw: Raw, keys: Keys) -> Any:
    """Return the value at a path, or `Missing`."""
    value: Any = raw
    for key in keys:
        if not isinstance(value, dict) or key not in value:
            return Missing
        value = value[key]
    return value


def has_room(raw: Raw, keys: Keys) -> bool:
    """Whether a value could be put at a path: each parent is a sub-document, or missing."""
    value: Any = raw
    for key in keys[:-1]:
        if key not in value:
            return True
        value = value[key]
        if not isinstance(value, dict):
            return False
    return True


def is_free(raw: Raw, keys: Keys) -> bool:
    """Whether a value could be put at a path, and none is there."""
    value: Any = raw
    for key in keys[:-1]:
        if key not in value:
            return True
        value = value[key]
        if not isinstance(value, dict):
            return False
    return keys[-1] not in value


def put(raw: Raw, keys: Keys, value: Any) -> None:
    """Put a value at a path that has room for it; missing parents are made."""
    for key in keys[:-1]:
        inner = {**raw.get(key, {})}
        raw[key] = inner
        raw = inner
    raw[keys[-1]] = value


def take(raw: Raw, keys: Keys, prune: bool = False) -> None:
    """Remove the value at a path, if there is one; with ``prune``, parents left empty as well."""
    if at(raw, keys) is Missing:
        return
    holders = [raw]
    for key in keys[:-1]:
        inner = {**raw[key]}
        raw[key] = inner
        raw = inner
        holders.append(raw)
    del raw[keys[-1]]
    while prune and len(holders) > 1 and not holders.pop():
        del holders[-1][keys[len(holders) - 1]]
