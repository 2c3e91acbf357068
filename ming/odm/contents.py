"""The contents of an object: its document, and the containers in it as tracked ones.

Nothing here changes an object's status; who changes a field says so first, to `ming.odm.base.ObjectState`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ming._values import Object, set_origin
from ming.odm.icollection import deinstrument
from ming.odm.tracked import plain_dict, track

if TYPE_CHECKING:
    from ming.odm.trackers import Tracker

__all__ = ["Contents", "detached"]


def detached(value: Any) -> Any:
    """Copy containers deeply, as plain ones; what they hold, and what they carry out of sight, is shared."""
    if type(value) is dict:
        return {
            key: detached(inner) if isinstance(inner, (dict, list)) else inner for key, inner in value.items()
        }
    if isinstance(value, dict):
        plain: Any = plain_dict(deinstrument(value))
        kind: Any = type(plain)
        made = kind.__new__(kind)
        dict.update(made, ((key, detached(inner)) for key, inner in dict.items(plain)))
        if isinstance(plain, Object) and plain._origin is not None:
            set_origin(made, plain._origin)
        return made
    return [detached(inner) for inner in value] if isinstance(value, list) else value


class Contents:
    """Raw access to the fields of a document."""

    __slots__ = ("__dict__", "document")

    document: Any
    """The object's data, plain containers throughout: the same dict over all changes."""

    _cache: dict[str, Any] | None = None

    if TYPE_CHECKING:

        def field_tracker(self, name: str) -> Tracker: ...

    @property
    def i_document(self) -> dict[str, Any]:
        """Tracked containers made so far, by field."""
        if self._cache is None:
            self._cache = {}
        return self._cache

    def instrumented(self, name: str) -> Any:
        """Return the value of a field, a container as one that reports its changes.

        Raises:
            KeyError: The field is absent.
        """
        value = dict.__getitem__(self.document, name)
        if not isinstance(value, (dict, list)):
            return value
        found = self.i_document.get(name)
        if found is None or deinstrument(found) is not value:
            found = self.i_document[name] = track(value, self.field_tracker(name))
        return found

    def set(self, name: str, value: Any) -> None:
        """Put a raw value at a field."""
        dict.__setitem__(self.document, name, value)
        self._uncache(name)

    def delete(self, name: str) -> None:
        """Drop a field.

        Raises:
            KeyError: It is absent.
        """
        dict.__delitem__(self.document, name)
        self._uncache(name)

    def update(self, *args: Any, **kwargs: Any) -> None:
        """Put raw values at fields, as ``dict.update``."""
        for name, value in dict(*args, **kwargs).items():
            self.set(name, value)

    def validate(self, schema: Any) -> None:
        """Replace the document by its valid form."""
        self.document = schema.validate(self.document)
        self._cache = None

    def clone(self) -> Any:
        """Return a deep copy of the document."""
        return detached(self.document)

    def _uncache(self, name: str) -> None:
        if self._cache is not None:
            self._cache.pop(name, None)

    def _take(self, name: str, document: Mapping[str, Any]) -> None:
        if name in document:
            self.set(name, document[name])
        else:
            dict.pop(self.document, name, None)
            self._uncache(name)
