"""Taking changes of a store back, in memory only.

The store does so with the changes of a command when a follower of the journal refuses them, such as a file on
a full disk.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from ming.mim.storage.journal import Change

if TYPE_CHECKING:
    from ming.mim.storage.store import Store

__all__ = ["undo"]


def undo(store: Store, changes: Sequence[Change]) -> None:
    """Make a store what it was before some changes, the last ones made.

    Args:
        store: The store, locked.
        changes: The changes in the order they were made.
    """
    for change in reversed(changes):
        _UNDO[change.kind](store, change)
    for collection in {id(each.target): each.target for each in changes if each.kind == "delete"}.values():
        collection.order()


def _nothing(store: Store, change: Change) -> None:
    """The collections of a dropped database come back one by one."""


def _restore_record(store: Store, change: Change) -> None:
    change.target.restore(change.record, change.before)


def _remove_collection(store: Store, change: Change) -> None:
    del store.database(change.target.database).collections[change.target.name]


def _return_collection(store: Store, change: Change) -> None:
    home = store.database(change.target.database)
    home.collections = _with_item(home.collections, change.record, change.target.name, change.target)


def _remove_index(store: Store, change: Change) -> None:
    del change.target.indexes[change.after.name]


def _return_index(store: Store, change: Change) -> None:
    # Since it was dropped it has not been kept in step, but the documents are those of that moment again.
    target, index = change.target, change.before
    target.indexes = _with_item(target.indexes, change.record, index.name, index)


def _restore_options(store: Store, change: Change) -> None:
    change.target.configure(change.before)


def _rename_back(store: Store, change: Change) -> None:
    target = change.target
    del store.database(target.database).collections[target.name]
    target.database, _, target.name = change.before.partition(".")
    home = store.database(target.database)
    home.collections = _with_item(home.collections, change.record, target.name, target)


def _with_item(items: Mapping[str, Any], place: int | None, name: str, item: Any) -> dict[str, Any]:
    pairs = list(items.items())
    pairs.insert(len(pairs) if place is None else place, (name, item))
    return dict(pairs)


_UNDO: Final[Mapping[str, Callable[[Store, Change], None]]] = {
    "insert": _restore_record,
    "update": _restore_record,
    "replace": _restore_record,
    "delete": _restore_record,
    "create": _remove_collection,
    "drop": _return_collection,
    "rename": _rename_back,
    "dropDatabase": _nothing,
    "createIndex": _remove_index,
    "dropIndex": _return_index,
    "options": _restore_options,
}
