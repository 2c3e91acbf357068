"""An update by query that is made only if nobody has changed the document since it was read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ming._flows.changes import guarded, same, storable
from ming._flows.exactness import ExactUpdateOne
from ming._flows.loading import loader_for
from ming._flows.operations import UpdateOne
from ming._flows.origins import is_upgraded
from ming._flows.rebase import FindAgain, store_upgrade
from ming._values import Missing
from ming.odm.base import ObjectState, detached, state

if TYPE_CHECKING:
    from ming._types import Flow, RawDocument

__all__ = ["update_if_not_modified"]


def update_if_not_modified(session: Any, obj: Any, fields: Any, upsert: bool = False) -> Flow[bool]:
    """Update an object's stored document if it is what was loaded or flushed last; memory stays as it is.

    Returns:
        Whether the document was updated, or inserted.
    """
    own = state(obj)
    if own.status == ObjectState.new:
        return False
    manager = own.mapper.manager
    if is_upgraded(own.document):
        yield from store_upgrade(manager, own.document, {})
    raw = yield from FindAgain(manager, {"_id": own.document_id})
    if raw is None:
        return upsert and (yield from _insert_again(own, fields))
    if not _is_unmodified(own, raw):
        return False
    # What was just compared is what must not change.
    result = yield from ExactUpdateOne(manager, guarded(raw, raw), fields)
    return bool(result.matched_count)


def _insert_again(own: ObjectState, fields: Any) -> Flow[bool]:
    original = storable(own.original_document, own.document._origin)
    result = yield from UpdateOne(own.mapper.manager, original, fields, upsert=True)
    return result.upserted_id is not None


def _is_unmodified(own: ObjectState, raw: RawDocument) -> bool:
    """Whether a stored document is what an object was made of."""
    original, names = own.original_document, own.options.get("fields")
    load = loader_for(type(own.document))
    loaded, again = load(detached(raw)), load(detached(raw))

    def value(document: Any, name: str) -> Any:
        return document.get(name, Missing)

    return all(
        same(value(original, name), value(loaded, name))
        # A default such as the time of reading is nobody's change.
        or (name not in raw and not same(value(loaded, name), value(again, name)))
        for name in {*original, *loaded}
        if names is None or name in names
    )
