"""What a query finds out about documents beside their fields: text scores and distances."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from ming.mim.data.errors import CommandError
from ming.mim.data.values import MISSING, OrderKey, order_key

__all__ = ["Metadata"]

_TITLES: Final[Mapping[str, str]] = {
    "textScore": "text score",
    "geoNearDistance": "$geoNear distance",
    "geoNearPoint": "$geoNear point",
}
_UNBUILT: Final = frozenset(
    (
        "indexKey randVal recordId searchHighlights searchScore searchScoreDetails sortKey timeseriesBucketMaxTime"
        " timeseriesBucketMinTime"
    ).split()
)


class Metadata:
    """The metadata that one command has about documents.

    It is kept by ``_id``, so that it survives stages that make other documents of those found.
    """

    def __init__(self) -> None:
        self._known: dict[str, dict[OrderKey, Any]] = {}

    def provide(self, kind: str) -> None:
        """Announce that there will be metadata of a kind, such as ``textScore``."""
        self._known.setdefault(kind, {})

    def note(self, kind: str, document: dict[str, Any], value: Any) -> None:
        """Keep a value for a document."""
        self._known[kind][order_key(document["_id"])] = value

    def forgotten(self) -> Metadata:
        """Return metadata of the same kinds, but about no document."""
        other = Metadata()
        for kind in self._known:
            other.provide(kind)
        return other

    def reader(self, kind: Any) -> Callable[[dict[str, Any]], Any]:
        """Return a function giving what is known about a document, or `MISSING`.

        Args:
            kind: What stands beside ``$meta``.

        Raises:
            CommandError: There will be no such metadata.
            NotImplementedError: No such kind is built yet.
        """
        if not isinstance(kind, str):
            raise CommandError(17307, "$meta only supports string arguments")
        if kind in _UNBUILT:
            raise NotImplementedError(f"$meta: {kind}")
        if kind not in _TITLES:
            raise CommandError(17308, f"Unsupported argument to $meta: {kind}")
        if kind not in self._known:
            raise CommandError(40218, f"query requires {_TITLES[kind]} metadata, but it is not available")
        known = self._known[kind]

        def read(document: dict[str, Any]) -> Any:
            if "_id" not in document:
                raise NotImplementedError(f"$meta: {kind} of a document without _id")
            return known.get(order_key(document["_id"]), MISSING)

        return read
