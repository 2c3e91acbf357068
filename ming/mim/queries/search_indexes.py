"""The indexes without which a query cannot be asked: those for text and for places."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from ming.mim.text.index import TextIndex

__all__ = ["NO_COLLECTION", "NO_INDEXES", "SearchIndexes"]


class SearchIndexes(NamedTuple):
    """The text and geo indexes of a collection."""

    geo: Mapping[str, frozenset[str]]
    """The kinds of geo index, by field."""
    text: TextIndex | None = None
    """The text index, if there is one."""
    exists: bool = True
    """Whether there is a collection at all; nothing is refused for want of an index if there is none."""


NO_INDEXES: Final = SearchIndexes({})
"""Those of a collection that has none."""
NO_COLLECTION: Final = SearchIndexes({}, exists=False)
"""The indexes of a collection that does not exist."""
