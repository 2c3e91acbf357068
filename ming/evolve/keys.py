"""Which keys each version of a chain declares, and what the keys of a stored document say.

A schema is reduced to a `Shape`: the names it declares at every depth. Comparing a raw document with
the shapes of all versions yields its `Evidence`. A key that no version declares is unknown: it is kept,
and says nothing about the version. ``_id`` says nothing either.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ming import schema as S

__all__ = ["Evidence", "Path", "Shape", "contested", "gather", "has_place", "shape_of", "values_at"]

Path = tuple[str, ...]
"""The names on the way to a key; list items have none."""


@dataclass(frozen=True, eq=False)
class Shape:
    """The keys that one schema item declares below itself."""

    names: Mapping[str, Shape] = field(default_factory=dict)
    """Keys declared by name."""
    deprecated: frozenset[str] = frozenset()
    """Declared keys whose values would be dropped; they count only where no version keeps them."""
    others: Shape | None = None
    """Shape of values under any other key, where every key is welcome."""
    items: Shape | None = None
    """Shape of the items, where the value is a list."""

    def below(self, key: str) -> Shape | None:
        """The shape of the value under a key, or None if this shape has no such key."""
        return self.names.get(key, self.others)


def _opaque() -> Shape:
    """A shape that welcomes whatever lies below it, without declaring any of it."""
    shape = Shape()
    object.__setattr__(shape, "others", shape)
    object.__setattr__(shape, "items", shape)
    return shape


SCALAR = Shape()
OPAQUE = _opaque()

_SCALARS = (S.Scalar, S.OneOf, S.Value, S.Deprecated, S.NumberDecimal)


def shape_of(item: S.SchemaItem[Any]) -> Shape:
    """Reduce a schema item to the keys it declares.

    Args:
        item: Any schema item; items of classes unknown to ming are opaque.
    """
    if isinstance(item, S.Object):
        return _shape_of_object(item)
    if isinstance(item, S.Array):
        return Shape(items=shape_of(item.field_type))
    if isinstance(item, S.Migrate):
        return _union(shape_of(item.old), shape_of(item.new))
    return SCALAR if isinstance(item, _SCALARS) else OPAQUE


def _shape_of_object(item: S.Object) -> Shape:
    named = {name: inner for name, inner in item.fields.items() if isinstance(name, str)}
    if len(named) < len(item.fields):
        return Shape(others=shape_of(next(iter(item.fields.values()))))
    return Shape(
        names={name: shape_of(inner) for name, inner in named.items()},
        deprecated=frozenset(name for name, inner in named.items() if isinstance(inner, S.Deprecated)),
    )


def _union(one: Shape | None, other: Shape | None) -> Shape:
    if one is None or other is None or one is other:
        return one or other or SCALAR
    if one is OPAQUE or other is OPAQUE:
        return OPAQUE
    names = {name: _union(one.names.get(name), other.names.get(name)) for name in {*one.names, *other.names}}
    return Shape(
        names=names,
        deprecated=one.deprecated & other.deprecated,
        others=_union(one.others, other.others) if one.others or other.others else None,
        items=_union(one.items, other.items) if one.items or other.items else None,
    )


def contested(shapes: Sequence[Shape | None]) -> bool:
    """Whether some of the shapes drops, as deprecated, a key that another one keeps."""
    known = [shape for shape in shapes if shape is not None and shape is not OPAQUE]
    for name in {name for shape in known for name in shape.names}:
        declaring = [shape for shape in known if name in shape.names]
        dropping = sum(name in shape.deprecated for shape in declaring)
        if 0 < dropping < len(declaring) or contested([shape.below(name) for shape in known]):
            return True
    return bool(known) and (
        contested([shape.others for shape in known]) or contested([shape.items for shape in known])
    )


@dataclass
class Evidence:
    """What the known keys of a document say; sets of versions are bit masks, bit 0 the oldest."""

    everyone: int
    covering: int = 0
    """Versions that have a place for every known key."""
    declaring: dict[Path, int] = field(default_factory=dict)
    """Known keys, each with the versions that have a place for it."""

    def __post_init__(self) -> None:
        self.covering = self.everyone

    def add(self, path: Path, versions: int) -> None:
        """Record a known key and the versions that have a place for it."""
        self.covering &= versions
        self.declaring[path] = self.declaring.get(path, self.everyone) & versions

    def lacking(self, version: int) -> list[Path]:
        """Known keys of the document that a version (by number) has no place for."""
        return [path for path, versions in self.declaring.items() if not versions >> version & 1]

    def only(self, version: int) -> list[Path]:
        """Known keys of the document that nobody but this version (by number) has a place for."""
        return [path for path, versions in self.declaring.items() if versions == 1 << version]


def gather(raw: Mapping[str, Any], shapes: Sequence[Shape | None]) -> Evidence:
    """Compare a raw document with the shapes of all versions.

    Args:
        raw: A stored document.
        shapes: One shape per version, oldest first; None for a version that is not asked.
    """
    evidence = Evidence(everyone=(1 << len(shapes)) - 1)
    for path, versions in _walk(raw, shapes, ()):
        if path[0] != "_id":
            evidence.add(path, versions)
    return evidence


def has_place(shape: Shape, raw: Mapping[str, Any]) -> bool:
    """Whether a shape clearly has a place for every key of a document, whatever other shapes say."""
    for key, value in raw.items():
        below = shape.below(key)
        if below is None or key in shape.deprecated:
            if key != "_id":
                return False
        elif isinstance(value, dict):
            if not has_place(below, value):
                return False
        elif isinstance(value, list) and not _has_place_for_items(below, value):
            return False
    return True


def _has_place_for_items(shape: Shape, items: list[Any]) -> bool:
    inside = [item for item in items if isinstance(item, (dict, list))]
    if not inside:
        return True
    below = shape.items
    return below is not None and all(isinstance(item, dict) and has_place(below, item) for item in inside)


def values_at(value: Any, path: Path) -> Iterator[Any]:
    """Yield the values under a key, through every list on the way; no empty ones, no dicts, no lists."""
    if isinstance(value, list):
        for item in value:
            yield from values_at(item, path)
    elif not path:
        if value is not None and not isinstance(value, Mapping):
            yield value
    elif isinstance(value, Mapping) and path[0] in value:
        yield from values_at(value[path[0]], path[1:])


def _walk(value: Any, shapes: Sequence[Shape | None], path: Path) -> Iterator[tuple[Path, int]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _walk_key(key, inner, shapes, (*path, key))
    elif isinstance(value, list):
        item_shapes = [None if shape is None else shape.items for shape in shapes]
        if any(shape is not None and shape is not OPAQUE for shape in item_shapes):
            for inner in value:
                yield from _walk(inner, item_shapes, path)


def _walk_key(key: str, value: Any, shapes: Sequence[Shape | None], path: Path) -> Iterator[tuple[Path, int]]:
    below = [None if shape is None else shape.below(key) for shape in shapes]
    keepers = deprecating = welcoming = 0
    for number, shape in enumerate(shapes):
        bit = 1 << number
        if shape is None or below[number] is None:
            continue
        if key not in shape.names:
            welcoming |= bit
        elif key in shape.deprecated:
            deprecating |= bit
        else:
            keepers |= bit
    if keepers:
        # A version that drops the key has no place for it while another one keeps it.
        yield path, keepers | welcoming
    elif deprecating:
        yield path, deprecating | welcoming
    if isinstance(value, (Mapping, list)):
        yield from _walk(value, below, path)
