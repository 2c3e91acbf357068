"""Dotted paths into types: reading, putting and removing, as `ming.evolve.step.paths` does it with raw documents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from ming.evolve.types.domain import ABSENT, Type

__all__ = ["has_room", "put", "read", "remove"]

_EMPTY_RECORD: Final = Type(frozenset({"object"}))


def read(record: Type, path: str) -> Type:
    """The values at a path, through sub-documents only."""
    found, sure = record, True
    for part in path.split("."):
        if "object" not in found.kinds:
            return ABSENT
        sure = sure and found.kinds == {"object"}
        found = found.within(part)
    return found if sure else found.also("missing")


def has_room(record: Type, path: str) -> bool:
    """Whether a value can surely be put at a path: each parent is a sub-document, or missing."""
    parent, _, _ = path.rpartition(".")
    return not parent or (read(record, parent).kinds <= {"object", "missing"} and has_room(record, parent))


def put(record: Type, path: str, value: Type) -> Type:
    """The record with other values at a path; parents are there where a value is."""
    return _put(record, path.split("."), value)


def _put(record: Type, parts: Sequence[str], value: Type) -> Type:
    head, *rest = parts
    inner = _below(record.within(head), rest, value) if rest else value
    return replace(record, fields={**record.fields, head: inner})


def _below(parent: Type, rest: Sequence[str], value: Type) -> Type:
    """A parent of the place where a value is put; it is made if need be, and then holds nothing else."""
    if parent.is_absent:
        there = _put(_EMPTY_RECORD, rest, value.without("missing"))
        return there.also("missing") if "missing" in value.kinds else there
    if "missing" not in parent.kinds or value.is_absent:
        return _put(parent, rest, value)
    fields = {name: inner.also("missing") for name, inner in parent.fields.items()}
    after = _put(replace(parent, fields=fields), rest, value).also("object")
    return after if "missing" in value.kinds else after.without("missing")


def remove(record: Type, path: str, prune: bool = False) -> Type:
    """The record with nothing at a path; its parents stay, unless they are pruned when nothing is left."""
    head, *rest = path.split(".")
    if not rest:
        return replace(record, fields={**record.fields, head: ABSENT})
    parent = record.within(head)
    if "object" not in parent.kinds:
        return record
    after = remove(parent, ".".join(rest), prune)
    if prune and all("missing" in inner.kinds for inner in after.fields.values()):
        # Where there was nothing to remove, an empty sub-document stays.
        after = after.also("missing")
    return replace(record, fields={**record.fields, head: after})
