"""Dotted paths into raw documents: reading, putting and removing values, through sub-documents only.

A list or a scalar on the way ends the way: nothing is there, and nothing can be put there.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ming._values import Missing
from ming.exc import MingConfigError

__all__ = ["Raw", "checked", "has_room", "is_within", "overlap", "put", "read", "remove", "tops"]

Raw = dict[str, Any]


def checked(path: Any, what: str) -> str:
    """Return a path that is fit to be named in a step.

    Raises:
        MingConfigError: It is no dotted path, or MongoDB would take a part of it for something else.
    """
    if not isinstance(path, str):
        raise MingConfigError(f"{what}: {path!r}, expected a dotted path")
    for part in path.split("."):
        if not part or part.startswith("$") or "\0" in part:
            raise MingConfigError(
                f"{what}: {path!r}, expected a dotted path without empty parts, leading '$' or null characters"
            )
    return path


def tops(paths: Iterable[str]) -> set[str]:
    """The top-level fields that paths start at."""
    return {path.partition(".")[0] for path in paths}


def is_within(path: str, other: str) -> bool:
    """Whether a path is another one, or lies below it."""
    return path == other or path.startswith(f"{other}.")


def overlap(path: str, other: str) -> bool:
    """Whether one of two paths is the other, or lies below it."""
    return is_within(path, other) or is_within(other, path)


def read(raw: Raw, path: str) -> Any:
    """Return the value at a path, or `Missing`."""
    value: Any = raw
    for part in path.split("."):
        if not isinstance(value, dict) or part not in value:
            return Missing
        value = value[part]
    return value


def has_room(raw: Raw, path: str) -> bool:
    """Whether a value could be put at a path: each parent is a sub-document, or missing."""
    value: Any = raw
    for part in path.split(".")[:-1]:
        if part not in value:
            return True
        value = value[part]
        if not isinstance(value, dict):
            return False
    return True


def put(raw: Raw, path: str, value: Any) -> None:
    """Put a value at a path, where there is room; missing parents are made."""
    *parents, last = path.split(".")
    for part in parents:
        raw = raw.setdefault(part, {})
    raw[last] = value


def remove(raw: Raw, path: str, prune: bool = False) -> None:
    """Remove the value at a path, if there is one.

    Args:
        raw: The document.
        path: The path.
        prune: Whether parents left empty go, too.
    """
    *parents, last = path.split(".")
    holders = [raw]
    for part in parents:
        inner = holders[-1].get(part)
        if not isinstance(inner, dict):
            return
        holders.append(inner)
    if holders[-1].pop(last, Missing) is Missing or not prune:
        return
    for holder, part in zip(reversed(holders[:-1]), reversed(parents), strict=True):
        if holder[part]:
            break
        del holder[part]
