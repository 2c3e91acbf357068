"""The indexes a class declares against those its collection has: the difference, and how to make it none.

Comparing is in `ming._index_diff`. Indexes of the whole family of a polymorphic class count, as they share the
collection, and those of older versions tell whose an obsolete index is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pymongo.errors import OperationFailure

from ming._base_manager import BaseManager, manager_of
from ming._flows.commands import RunCommand
from ming._flows.operations import CreateIndex, DriverCall
from ming._index_diff import ChangedIndex, IndexDiff, index_diff
from ming._types import Flow

__all__ = ["IndexSync", "apply_index_diff", "find_index_diff", "sync_indexes"]

_NAMESPACE_NOT_FOUND: Final = 26
_MOST_INDEXES: Final = 1000
"""More than a collection can have, so that one batch holds them all."""


class DropIndex(DriverCall[None]):
    """Drop one index."""

    __slots__ = ()
    verb = "drop_index"


@dataclass(frozen=True)
class IndexSync:
    """What was done to the indexes of a collection."""

    diff: IndexDiff
    """What was to be done."""
    created: Sequence[str] = ()
    """Names of indexes that are new, or made anew."""
    modified: Sequence[str] = ()
    """Names of indexes that were changed in place."""
    dropped: Sequence[str] = ()
    """Names of indexes that were dropped."""
    left: Sequence[str] = ()
    """Names of indexes that would have to be dropped, and were not."""


def find_index_diff(manager: BaseManager[Any], *others: BaseManager[Any]) -> Flow[IndexDiff]:
    """Compare the indexes that a class declares with those its collection has.

    Args:
        manager: The class.
        others: Further classes of the same collection.
    """
    name = str(manager.collection_name)
    managers = [each for one in (manager, *others) for each in _family(one)]
    return index_diff(
        name,
        [index for each in managers for index in each.indexes],
        (yield from _listed(manager)),
        {older.cls.__name__: older.indexes for each in managers for older in _older(each)},
        (yield from _default_collation(manager)),
    )


def apply_index_diff(manager: BaseManager[Any], diff: IndexDiff, drop: bool = False) -> Flow[IndexSync]:
    """Create what is missing, change what can be changed, and drop the rest if that is allowed.

    An error of the server ends it. Obsolete indexes are dropped last, when everything else has succeeded.

    Args:
        manager: The class.
        diff: What is to be done.
        drop: Whether indexes may be dropped.
    """
    created, modified, dropped, left = [], [], [], []
    for changed in diff.changed:
        if changed.is_modifiable:
            declared = {option: new for option, (_, new) in changed.differences.items()}
            index = {"name": changed.name, **declared}
            yield from RunCommand({"collMod": diff.collection, "index": index})
            modified.append(changed.name)
        elif drop:
            created.append((yield from _replace(manager, changed)))
            dropped.append(changed.name)
        else:
            left.append(changed.name)
    for missing in diff.missing:
        created.append((yield from _create(manager, missing.index)))
    for obsolete in diff.obsolete:
        if drop:
            yield from DropIndex(manager, obsolete.name)
        (dropped if drop else left).append(obsolete.name)
    return IndexSync(diff, created, modified, dropped, left)


def sync_indexes(manager: BaseManager[Any], drop: bool = False) -> Flow[IndexSync]:
    """Make a collection's indexes the declared ones; arguments as `apply_index_diff`."""
    diff = yield from find_index_diff(manager)
    return (yield from apply_index_diff(manager, diff, drop))


def _create(manager: BaseManager[Any], index: Any) -> Flow[str]:
    return (yield from CreateIndex(manager, index.index_spec, **index.index_options))


def _replace(manager: BaseManager[Any], changed: ChangedIndex) -> Flow[str]:
    """Drop an index and create the declared one, or the old one again if the server refuses that."""
    yield from DropIndex(manager, changed.name)
    try:
        return (yield from _create(manager, changed.index))
    except OperationFailure:
        old = changed.present
        yield from CreateIndex(manager, list(old.keys), name=changed.name, **old.options)
        raise


def _family(manager: BaseManager[Any]) -> list[BaseManager[Any]]:
    """The class, and the classes that share its collection."""
    registry = manager.declaration.polymorphic_registry or {}
    family = [manager_of(cls) for cls in registry.values() if cls is not manager.cls]
    return [manager, *(each for each in family if each.collection_name == manager.collection_name)]


def _older(manager: BaseManager[Any]) -> Iterator[BaseManager[Any]]:
    """The older versions, newest first."""
    older = manager.older
    while older is not None:
        yield older
        older = older.older


def _listed(manager: BaseManager[Any]) -> Flow[list[Mapping[str, Any]]]:
    command = {"listIndexes": manager.collection_name, "cursor": {"batchSize": _MOST_INDEXES}}
    try:
        reply = yield from RunCommand(command)
    except OperationFailure as error:
        if error.code != _NAMESPACE_NOT_FOUND:
            raise
        return []
    return list(reply["cursor"]["firstBatch"])


def _default_collation(manager: BaseManager[Any]) -> Flow[Mapping[str, Any] | None]:
    reply = yield from RunCommand({"listCollections": 1, "filter": {"name": manager.collection_name}})
    found: list[Mapping[str, Any]] = reply["cursor"]["firstBatch"]
    return found[0]["options"].get("collation") if found else None
