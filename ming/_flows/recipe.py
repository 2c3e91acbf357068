"""What is sent to store a document that was read, in its newest version: one guarded update.

Where every hop from its version has a form for the server, the update computes the upgrade from what is stored
when it arrives, and guards no more than what the program's own changes replace. Where a function makes a hop,
the update is the difference between what was read and what is wanted, and guards all that the function may
have read. Nothing is read or written here. `ming._flows.rebase` sends it for one document, and again where others came
first; `ming._flows.write_back` for many at once.
"""

from __future__ import annotations

import copy
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING, Any, NamedTuple

from ming._base_manager import BaseManager, manager_of
from ming._flows.changes import Stored, applied, changed_fields, guarded, same, storable, unnamable, update_of
from ming._flows.loading import loader_for
from ming._flows.origins import is_upgraded, refuse_if_never
from ming._values import Missing
from ming.evolve.keys import values_at
from ming.evolve.recognise import hidden, is_hybrid
from ming.exc import HybridDocument, MigrationError

if TYPE_CHECKING:
    from ming.evolve.chain import Chain
    from ming.evolve.hop import Hop

__all__ = ["Base", "Request", "base_of", "read_base", "refuse_unnamable", "replacement_of", "request_of"]


@dataclass
class Base:
    """A document as it is stored."""

    raw: Stored
    """As it was read."""
    document: Any
    """Read, and upgraded where it is an older version."""
    upgraded: Stored
    """The newest version's stored form of it."""


class Request(NamedTuple):
    """An update of one stored document."""

    filter: dict[str, Any]
    """Matches as long as nothing it must not overwrite has changed."""
    update: Any
    stored: Stored
    """What is stored if it matches, and nobody else has changed anything."""

    @property
    def is_computed(self) -> bool:
        """Whether the server computes the upgrade from what others may have changed since."""
        return isinstance(self.update, list)


def base_of(document: Any) -> Base:
    """A document that has just been read, and knows what from."""
    return Base(document._origin.snapshot, document, storable(document, document._origin))


def read_base(manager: BaseManager[Any], raw: Stored) -> Base:
    """Read a raw document.

    Raises:
        MigrationError: It was read without its ``_id``.
    """
    if "_id" not in raw:
        message = "read without its _id, so its changes cannot be stored"
        raise MigrationError(message, manager.collection_name)
    document = loader_for(manager.cls)(copy.deepcopy(raw))
    return Base(raw, document, storable(document, document._origin))


def request_of(manager: BaseManager[Any], base: Base, changes: Mapping[str, Any]) -> Request:
    """The update that stores a document's upgrade, if there is one, and changes made to it.

    Args:
        manager: The document's class.
        base: The document as it is stored.
        changes: Fields of the newest version to store, `Missing` for one that goes.

    Raises:
        HybridDocument: The upgrade would overwrite stored values that no ``migrate`` function was shown.
        MigrationError: A field cannot be named in an update; or the class only reads older versions.
    """
    request = _upgrade if is_upgraded(base.document) else _changes_alone
    return request(manager, base, changes)


def replacement_of(manager: BaseManager[Any], base: Base) -> Stored:
    """The whole stored form of a document's upgrade; whoever sends it guards all that was read.

    Raises:
        HybridDocument: The upgrade would overwrite stored values that no ``migrate`` function was shown.
    """
    _refuse_overwriting(manager, base)
    return _stored_form(manager, base)


def _stored_form(manager: BaseManager[Any], base: Base) -> Stored:
    """What is stored of an upgraded document: by steps alone, what the server would make of it."""
    chain = manager.chain
    hops = chain.hops_from(chain.versions[chain.number_of(base.document._origin.version)])
    only_steps = all(hop.steps is not None for hop in hops)
    if only_steps and manager.declaration.unknown == "keep" and not is_hybrid(chain, base.raw):
        # What a schema fills in is not stored.
        return reduce(lambda raw, hop: hop.upgrade(raw), hops, base.raw)
    return {**base.upgraded, "_id": base.raw["_id"]}


def _changes_alone(manager: BaseManager[Any], base: Base, changes: Mapping[str, Any]) -> Request:
    update = {**_missing_stamps(manager, base), **changes}
    # A newer program may have upgraded the document; its fields may mean something else now.
    guards = {*changes, *_stamps(manager)}
    return _guarded(manager, base, guards, update, applied(changes, base.upgraded))


def _upgrade(manager: BaseManager[Any], base: Base, changes: Mapping[str, Any]) -> Request:
    refuse_if_never(manager, base.document)
    _refuse_overwriting(manager, base)
    hops = _hops_of_server(manager, base)
    return _difference(manager, base, changes) if hops is None else _computed(manager, base, hops, changes)


def _difference(manager: BaseManager[Any], base: Base, changes: Mapping[str, Any]) -> Request:
    stored = applied(changes, _stored_form(manager, base))
    update = changed_fields(base.raw, stored)
    if "_id" not in changes:
        # Not the program, but the schema converted or dropped it.
        update.pop("_id", None)
    # What a migrate function read cannot be seen, so whatever it may have read is guarded.
    read = manager.chain.fields_since(base.document._origin.version)
    return _guarded(manager, base, {*changes, *_stamps(manager), *update, *read}, update, stored)


def _hops_of_server(manager: BaseManager[Any], base: Base) -> Sequence[Hop] | None:
    """The hops from a document's version, if the server can make them all; else None."""
    chain, number = manager.chain, manager.chain.number_of(base.document._origin.version)
    if manager.declaration.unknown == "strip" or is_hybrid(chain, base.raw):
        return None
    if not _is_told_by_stamps(chain, number, base.raw):
        return None
    hops = chain.hops_from(chain.versions[number])
    return None if any(hop.server_reason is not None for hop in hops) else hops


def _is_told_by_stamps(chain: Chain, number: int, raw: Mapping[str, Any]) -> bool:
    """Whether a document stays of a version as long as its stamps stay, or stay away."""
    stored = [stamp for stamp in chain.stamps if raw.get(stamp.name) is not None]
    if stored:
        return any(stamp.matching(raw[stamp.name]) == [number] for stamp in stored)
    return number == 0 and bool(chain.stamps) and not any(0 in stamp.constants for stamp in chain.stamps)


def _computed(
    manager: BaseManager[Any], base: Base, hops: Sequence[Hop], changes: Mapping[str, Any]
) -> Request:
    refuse_unnamable(manager, base.raw["_id"], changes)
    version, chain = base.document._origin.version, manager.chain
    newer = chain.fields_since(version)
    replaced = _sources(hops, changes)
    # Fields that only newer versions declare would speak for another version; and nobody's are overwritten.
    guards = {*_stamps(manager), *(newer - manager_of(version).field_index.keys())}
    guards |= {*newer, *changes} if replaced is None else replaced
    setting = {key: {"$literal": value} for key, value in changes.items() if value is not Missing}
    gone = [key for key, value in changes.items() if value is Missing]
    stages = [stage for hop in hops for stage in hop.stages() or ()]
    stages += [{"$set": setting}] if setting else []
    stages += [{"$unset": gone}] if gone else []
    stored = applied(changes, _stored_form(manager, base))
    return Request(guarded(base.raw, guards), stages, stored)


def _sources(hops: Sequence[Hop], names: Iterable[str]) -> frozenset[str] | None:
    """The stored fields that fields of the newest version are computed from; None where that is unknown."""
    found = frozenset(names)
    for hop in reversed(hops):
        sources = [hop.sources(name) for name in found]
        known = [each for each in sources if each is not None]
        if len(known) < len(sources):
            return None
        found = frozenset().union(*known)
    return found


def _guarded(
    manager: BaseManager[Any],
    base: Base,
    guards: Iterable[str],
    update: Mapping[str, Any],
    stored: Stored,
) -> Request:
    refuse_unnamable(manager, base.raw["_id"], update)
    return Request(guarded(base.raw, guards), update_of(update), stored)


def _stamps(manager: BaseManager[Any]) -> set[str]:
    return {stamp.name for stamp in manager.chain.stamps}


def _missing_stamps(manager: BaseManager[Any], base: Base) -> Stored:
    """Stamps that reading filled in: no document of a chain is stored without."""
    return {
        name: base.upgraded[name]
        for name in _stamps(manager)
        if base.raw.get(name) is None and base.upgraded.get(name) is not None
    }


def _refuse_overwriting(manager: BaseManager[Any], base: Base) -> None:
    """An upgrade must not replace a stored value that no ``migrate`` function was shown."""
    version = base.document._origin.version
    lost = []
    for path in hidden(manager.chain, version, base.raw):
        kept = list(values_at(base.upgraded, path))
        if not all(any(same(value, other) for other in kept) for value in values_at(base.raw, path)):
            lost.append(".".join(path))
    if lost:
        message = f"the upgrade from {version.__name__} would overwrite the stored {', '.join(lost)}"
        raise HybridDocument(message, base.raw).within(manager.collection_name, base.raw["_id"])


def refuse_unnamable(manager: BaseManager[Any], document_id: Any, fields: Collection[str]) -> None:
    """Refuse fields that an update cannot name.

    Raises:
        MigrationError: There is one.
    """
    keys = unnamable(fields)
    if keys:
        message = "empty keys, and keys with a dot or a leading $, cannot be updated"
        raise MigrationError(message, manager.collection_name, document_id, keys)
