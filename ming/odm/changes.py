"""What changed in an object since its document was loaded or flushed, and what is to be stored of that.

A field's stored value is kept from before its first change, so that a flush can send what changed and nothing
else. Who notes changes is `ming.odm.base.ObjectState`; what is sent is made by `ming.odm.writes`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final

from ming._flows.changes import guarded, same, storable
from ming._values import Missing
from ming.odm.contents import Contents, detached

if TYPE_CHECKING:
    from ming.odm.mapper import Mapper

__all__ = ["Changes"]


class Changes(Contents):
    """A document beside what it was."""

    __slots__ = ("_status", "mapper")

    new: Final = "new"
    clean: Final = "clean"
    dirty: Final = "dirty"
    deleted: Final = "deleted"

    STATUSES: ClassVar[tuple[str, ...]] = ("new", "clean", "dirty", "deleted")

    mapper: Mapper[Any]
    """The mapper of the object's class."""
    _status: str

    # Most objects are only read; what they all share is here, and costs them nothing.
    _before: dict[str, Any] | None = None
    _original: dict[str, Any] | None = None
    _all: bool = False
    _since: dict[str, Any] | None = None
    """As `_before`, but since the document was sent; None if it has not been."""
    _all_since: bool = False

    @property
    def document_id(self) -> Any:
        """The document's ``_id`` as it is stored, also where the class does not declare one; `Missing` without."""
        found = self.stored("_id")
        if found is Missing and self.document._origin is not None:
            return self.document._origin.unknown.get("_id", Missing)
        return found

    def touched(self) -> list[str]:
        """Return the fields that changed since the document was loaded or flushed, as far as that was told."""
        return list(self._before or ())

    def stored(self, name: str) -> Any:
        """Return what is stored at a field as far as that is known, `Missing` without it."""
        before = self._before
        if before is not None and name in before:
            return before[name]
        return dict.get(self.document, name, Missing)

    def changes(self) -> dict[str, Any]:
        """Return the fields to store, with their stored form; `Missing` where one is gone."""
        document, before = self.document, self._before or {}
        names = {**document, **before} if self._all else before
        changed: dict[str, Any] = {}
        for name in names:
            value = dict.get(document, name, Missing)
            if not isinstance(value, (dict, list)):
                # It may have been set back; it was meant to be stored all the same.
                changed[name] = value
            elif self._all or not same(value, before[name]):
                changed[name] = detached(value)
        return storable(changed)

    def appended(self, name: str) -> list[Any] | None:
        """Return the items added at the end of a list, None if it changed in any other way."""
        before = None if self._before is None else self._before.get(name)
        value = dict.get(self.document, name)
        if self._all or not isinstance(before, list) or not isinstance(value, list):
            return None
        if len(value) <= len(before) or not all(map(same, before, value)):
            return None
        if before and same(before, self._default(name)):
            # What was read may have been the default, and nothing that is stored.
            return None
        items: list[Any] = storable({name: detached(value[len(before) :])})[name]
        return items

    def _default(self, name: str) -> Any:
        field = self.mapper.manager.field_index.get(name)
        default = getattr(field.schema, "default", None) if field is not None else None
        return Missing if default is None else default()

    def dispatch(self) -> None:
        """Note that the document is being sent as it is: hooks and other tasks may change it before it is stored."""
        self._since, self._all_since = {}, False

    def forget_original(self) -> None:
        """Let `original_document` be what was stored last."""
        self._original = None

    @property
    def original_document(self) -> dict[str, Any]:
        """A copy of the document as it was loaded or last flushed; empty for a new object."""
        if self._status == self.new:
            return {}
        original = {**self.document, **(self._before or {}), **(self._original or {})}
        return {name: detached(value) for name, value in original.items() if value is not Missing}

    def original_filter(self) -> dict[str, Any]:
        """A filter for the stored document as long as it is what was loaded or flushed last."""
        original = storable(self.original_document, self.document._origin)
        return guarded(original, original)
