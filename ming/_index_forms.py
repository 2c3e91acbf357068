"""Indexes in one form, whether a class declares them or a server lists them, so that they can be compared.

The server fills in what a declaration leaves out, and rewrites the keys of text indexes. Which defaults it
fills in is MongoDB's documentation of ``createIndexes``. `ming._index_diff` compares whole collections.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from pymongo.collation import Collation

from ming._types import IndexLike

__all__ = [
    "ABSENT",
    "CREATED_BY_THE_SERVER",
    "IndexForm",
    "collation_differences",
    "declared_form",
    "present_form",
]

Keys = tuple[tuple[str, Any], ...]

ABSENT: Final = "(none)"
"""Stands for an option that an index does not have."""

_DEFAULTS: Final[Mapping[str, Any]] = {
    "unique": False,
    "sparse": False,
    "hidden": False,
    "expireAfterSeconds": ABSENT,
    "partialFilterExpression": ABSENT,
    "wildcardProjection": ABSENT,
    "collation": ABSENT,
}
_TEXT_DEFAULTS: Final = {"default_language": "english", "language_override": "language"}
_GEO_DEFAULTS: Final = {"bits": 26, "min": -180, "max": 180}

CREATED_BY_THE_SERVER: Final = frozenset({"v", "textIndexVersion", "2dsphereIndexVersion", "clustered"})
"""Listed options that count only where a declaration names them."""

_NO_OPTIONS: Final = {"background", "comment", "commitQuorum", "key", "maxTimeMS", "name", "ns", "session"}
"""What accompanies an index in calls and listings without being a property of it."""

_COLLATION_DEFAULTS: Final = {
    "strength": 3,
    "caseLevel": False,
    "numericOrdering": False,
    "maxVariable": "punct",
}
"""Members of a collation whose defaults do not depend on the locale."""


@dataclass(frozen=True, eq=False)
class IndexForm:
    """An index as it is compared."""

    name: str | None
    """Its name; None for a declared one that leaves the name to the server."""
    keys: Keys
    """Pairs of key and direction; the keys of a text index are in alphabetic order."""
    options: Mapping[str, Any]
    """Options that differ from the server's defaults."""
    implied: Mapping[str, Any] = field(default_factory=dict)
    """The defaults of options that are left out."""

    @property
    def is_text(self) -> bool:
        """Whether it is a text index, of which a collection can have only one."""
        return any(kind == "text" for _, kind in self.keys)

    def option(self, name: str) -> Any:
        """The value of an option, the default where it is left out."""
        return self.options.get(name, self.implied.get(name, ABSENT))

    def __str__(self) -> str:
        keys = ", ".join(f"{key}: {kind}" for key, kind in self.keys)
        named = sorted(self.options.keys() - CREATED_BY_THE_SERVER)
        return f"({keys})" + "".join(f" {name}={self.options[name]!r}" for name in named)


def declared_form(index: IndexLike, default_collation: Mapping[str, Any] | None) -> IndexForm:
    """The form of a declared index.

    Args:
        index: The declaration.
        default_collation: The collection's own collation, which indexes without one inherit.
    """
    options = dict(index.index_options)
    collation = options.pop("collation", None)
    if isinstance(collation, Collation):
        collation = collation.document
    if collation is None and not _is_text(index.index_spec):
        collation = default_collation
    if collation is not None and collation.get("locale") != "simple":
        options["collation"] = collation
    return _form(options.get("name"), index.index_spec, options)


def present_form(listed: Mapping[str, Any]) -> IndexForm:
    """The form of an index as ``listIndexes`` describes it."""
    return _form(listed["name"], list(listed["key"].items()), listed)


def _form(name: str | None, keys: Sequence[tuple[str, Any]], options: Mapping[str, Any]) -> IndexForm:
    implied: dict[str, Any] = dict(_DEFAULTS)
    own = {option: _plain(value) for option, value in options.items() if option not in _NO_OPTIONS}
    if _is_text(keys):
        keys, own["weights"] = _text(keys, own.get("weights", {}))
        implied |= _TEXT_DEFAULTS
    if any(kind == "2d" for _, kind in keys):
        implied |= _GEO_DEFAULTS
    own = {option: value for option, value in own.items() if value != implied.get(option, object())}
    return IndexForm(name, tuple(keys), own, implied)


def _is_text(keys: Sequence[tuple[str, Any]]) -> bool:
    return any(kind == "text" for _, kind in keys)


def _text(
    keys: Sequence[tuple[str, Any]], weights: Mapping[str, Any]
) -> tuple[list[tuple[str, Any]], dict[str, Any]]:
    """Keys and weights of a text index: the server lists its keys as ``_fts`` and ``_ftsx``."""
    words = {key: 1 for key, kind in keys if kind == "text" and key != "_fts"} | dict(weights)
    first = next(position for position, (_, kind) in enumerate(keys) if kind == "text")
    others = [pair for pair in keys if pair[1] != "text" and pair[0] != "_ftsx"]
    return [*others[:first], *((word, "text") for word in sorted(words)), *others[first:]], words


def _plain(value: Any) -> Any:
    """Plain dicts for the driver's ordered ones, whose equality asks for the order."""
    if isinstance(value, Mapping):
        return {key: _plain(inner) for key, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, (list, tuple)) else value


def collation_differences(present: Any, declared: Any) -> tuple[Any, Any] | None:
    """What differs between a declared collation and one that a server completed, or None if nothing does.

    Members left out are compared where their default does not depend on the locale.
    """
    if not isinstance(declared, Mapping) or not isinstance(present, Mapping):
        return None if declared == present else (present, declared)
    expected = {**_COLLATION_DEFAULTS, **declared}
    named = [name for name, value in expected.items() if name != "version" and present.get(name) != value]
    if not named:
        return None
    return {name: present.get(name) for name in named}, {name: expected[name] for name in named}
