"""The documents that a version has a place for every known key of, as a domain; see `ming.evolve.keys`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ming.evolve.keys import OPAQUE, Shape
from ming.schema.export.domains import ANYTHING, NOTHING, Domain, Elements, Fields, Kinds, union

__all__ = ["covered"]

Shapes = Sequence[Shape | None]

_SINGLE: Final = Kinds(ANYTHING.names - {"object", "array"})


def covered(number: int, shapes: Shapes) -> Domain:
    """Return the documents without a key that other versions declare, and this one has no place for.

    Args:
        number: The version; 0 is the oldest.
        shapes: The shapes of all versions.
    """
    return _fields(number, shapes, {"_id"})


def _values(number: int, shapes: Shapes) -> Domain:
    if all(shape is None or shape is OPAQUE for shape in shapes):
        return ANYTHING
    items = _values(number, [None if shape is None else shape.items for shape in shapes])
    elements = Kinds(frozenset({"array"})) if items == ANYTHING else Elements(items)
    return union(_SINGLE, _fields(number, shapes, set()), elements)


def _fields(number: int, shapes: Shapes, ignored: set[str]) -> Domain:
    names = {name for shape in shapes if shape is not None for name in shape.names}
    named = {
        name: _below(number, name, shapes) if _has_place(number, name, shapes) else NOTHING
        for name in sorted(names - ignored)
    }
    named = {name: values for name, values in named.items() if values != ANYTHING}
    others = _values(number, [None if shape is None else shape.others for shape in shapes])
    if not named and others == ANYTHING:
        return Kinds(frozenset({"object"}))
    return Fields(named, others=others)


def _below(number: int, name: str, shapes: Shapes) -> Domain:
    return _values(number, [None if shape is None else shape.below(name) for shape in shapes])


def _has_place(number: int, name: str, shapes: Shapes) -> bool:
    """Whether a version has a place for a key that some version declares by name."""
    welcoming: set[int] = set()
    keeping: set[int] = set()
    dropping: set[int] = set()
    for each, shape in enumerate(shapes):
        if shape is None or shape.below(name) is None:
            continue
        if name not in shape.names:
            welcoming.add(each)
        else:
            (dropping if name in shape.deprecated else keeping).add(each)
    # A version that drops the key has no place for it while another one keeps it.
    return number in welcoming | (keeping or dropping)
