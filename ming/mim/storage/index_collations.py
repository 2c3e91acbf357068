"""The collations of indexes: their own, or that of the collection."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ming.mim.data.collation import Collation, read_collation
from ming.mim.data.errors import CommandError, error_context
from ming.mim.data.rendering import shown
from ming.mim.storage.index_definitions import Definition, is_id_key
from ming.mim.storage.index_keys import kind_of

__all__ = ["collated_definition"]

_BY_CODE_POINTS: Final = frozenset(("text", "2d"))
"""The kinds of indexes that have no other collation."""


def collated_definition(kept: Definition, given: Mapping[str, Any], inherited: Collation) -> Definition:
    """Return the definition of an index with its collation, complete, or without one if it is the simple one.

    Args:
        kept: The definition as it is kept.
        given: The same as it was given.
        inherited: The collation of the collection.

    Raises:
        CommandError: The server would refuse the collation.
        NotImplementedError: It is not built.
    """
    described = shown({**given, "v": given.get("v", 2)}, spaced=True)
    collation = inherited
    if "collation" in given:
        if kept["v"] == 1:
            raise CommandError(
                67,
                f"Error in specification {described} :: caused by :: Invalid index specification {described};"
                " cannot create an index with the 'collation' option and v=1",
            )
        with error_context(
            f"failed to add collation information to index spec for index creation: {described}"
        ):
            collation = read_collation(given["collation"])
    if is_id_key(kept["key"]) and not _same(collation, inherited):
        raise CommandError(
            2,
            "The _id index must have the same collation as the collection. Index collation:"
            f" {_shown(collation)}, collection collation: {_shown(inherited)}",
        )
    rest = {name: value for name, value in kept.items() if name != "collation"}
    if collation.is_simple:
        return rest
    collated = {**rest, "collation": dict(collation.document)}
    if kind_of(kept["key"]) in _BY_CODE_POINTS:
        raise CommandError(
            67,
            f"Error in specification {shown({**given, 'v': 2, 'collation': collation.document}, spaced=True)} ::"
            f" caused by :: Index type '{kind_of(kept['key'])}' does not support collation: {_shown(collation)}",
        )
    return collated


def _same(left: Collation, right: Collation) -> bool:
    return dict(left.document) == dict(right.document)


def _shown(collation: Collation) -> str:
    return shown(dict(collation.document), spaced=True)
