"""Taking a document over the hops of a chain in memory, from the recognised version to the newest.

Nothing is written here. Steps work on the raw document, unknown keys and all. A ``migrate`` function works on the
document as its class shows it; what is out of sight travels along: unknown keys of the document itself by hand,
those of sub-documents with the sub-documents.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from operator import is_
from typing import TYPE_CHECKING, Any

from ming._stored_form import storable
from ming._values import Object, Origin, set_origin
from ming.evolve.chain import Chain, Version
from ming.evolve.keys import OPAQUE, Shape
from ming.exc import Invalid, MigrationError
from ming.utils import add_note

if TYPE_CHECKING:
    from ming.evolve.hop import Hop
    from ming.evolve.step.paths import Raw

__all__ = ["Reading", "upgrade"]


@dataclass(frozen=True, eq=False)
class Reading:
    """How a loader does what an upgrade needs.

    Args:
        read: Reads a stored document as a version.
        validate: Validates what a ``migrate`` function returned, as a version.
        advance: Takes a raw document over a hop that is made of steps.
    """

    read: Callable[[Version, Raw], Any]
    validate: Callable[[Version, Any], Any]
    advance: Callable[[Hop, Raw], Raw]


def upgrade(
    chain: Chain,
    version: Version,
    document: Any,
    raw: Mapping[str, Any],
    reading: Reading,
    nothing_unknown: bool = False,
) -> Any:
    """Turn a document of an older version into one of the newest.

    Args:
        chain: All versions of the class.
        version: The version the document was recognised as.
        document: The document, read as that version.
        raw: The stored document; kept as the snapshot that a save starts from.
        reading: How the loader reads.
        nothing_unknown: The caller knows that no unknown key is stored, at any depth.

    Returns:
        An instance of the newest class, with its `Origin`.

    Raises:
        Invalid: What was made for the next version is not valid there.
        MigrationError: A function changed the ``_id``, or more than it declares to change.
        TypeError: A version has no ``migrate`` function.
    """
    unknown = {} if nothing_unknown else _unknown_of(document, version)
    under_way = _UnderWay(chain, raw, reading, version, document, unknown, dict(raw))
    for hop in chain.hops_from(version):
        if hop.steps is not None:
            under_way.advance(hop)
        else:
            under_way.migrate(hop, nothing_unknown)
    made = under_way.shown(chain.newest)
    set_origin(made, Origin(under_way.unknown, raw, version.cls))
    return made


@dataclass(eq=False)
class _UnderWay:
    """A document between two hops: as its class shows it, as it would be stored, or both."""

    chain: Chain
    raw: Mapping[str, Any]
    reading: Reading
    version: Version
    """The last version it was shown as."""
    document: Any
    """As that version's class shows it; None after steps."""
    unknown: dict[str, Any]
    """Unknown keys of the document itself."""
    stored: Raw | None
    """As it would be stored; None after a function."""

    def advance(self, hop: Hop) -> None:
        """Take it over a hop made of steps."""
        if self.stored is None:
            self.stored = storable(self.document, Origin(self.unknown))
        self.document = None
        try:
            self.stored = self.reading.advance(hop, self.stored)
        except Exception as error:
            hop_name = f"from {hop.source.name} to {hop.target.name}"
            add_note(error, f"while migrating {_place(self.chain, self.raw)}, {hop_name}")
            raise

    def migrate(self, hop: Hop, nothing_unknown: bool) -> None:
        """Take it over a hop made by a function."""
        made = _migrated(self.chain, hop.target, self.shown(hop.source), self.raw)
        if not nothing_unknown:
            made, self.unknown = _adopted(hop.target, made, self.unknown)
        self.document = self._valid(self.reading.validate, hop.target, made)
        self.stored = None

    def shown(self, version: Version) -> Any:
        """It as the class of the version it has reached shows it."""
        if self.document is None:
            self.document = self._valid(self.reading.read, version, self.stored)
            self.unknown = _unknown_of(self.document, version)
        return self.document

    def _valid(self, make: Callable[[Version, Any], Any], version: Version, made: Any) -> Any:
        try:
            document = make(version, made)
        except Invalid as error:
            error.msg = f"after migrating from {self.version.name} to {version.name}:\n{error.msg}"
            raise
        self.version = version
        return document


def _unknown_of(document: Any, version: Version) -> dict[str, Any]:
    # Some callers want unknown keys in sight; what the functions drop of them stays stored nonetheless.
    unknown = {key: value for key, value in dict.items(document) if key not in version.schema.fields}
    if document._origin is not None:
        unknown.update(document._origin.unknown)
    return unknown


def _migrated(chain: Chain, target: Version, document: Any, raw: Mapping[str, Any]) -> dict[str, Any]:
    """What the ``migrate`` function makes of a document; the ``_id`` is carried over where it drops it."""
    if target.migrate is None:
        raise TypeError(f"{_place(chain, raw)}: {target.name} declares version_of without migrate")
    try:
        returned = target.migrate(document)
    except Exception as error:
        hop = f"from {type(document).__name__} to {target.name}"
        add_note(error, f"while migrating {_place(chain, raw)}, {hop}")
        raise
    if not isinstance(returned, (dict, Mapping)):
        raise Invalid(f"migrate of {target.name} returned {returned!r}, expected a dict", returned)
    stored_id = raw.get("_id", _NO_ID)
    document_id = document.get("_id", stored_id)
    if "_id" not in returned:
        carried = "_id" in target.schema.fields and document_id is not _NO_ID
        return {**returned, "_id": document_id} if carried else {**returned}
    if returned["_id"] not in (document_id, stored_id) and document_id is not _NO_ID:
        message = f"migrate of {target.name} changed the _id to {returned['_id']!r}"
        raise MigrationError(message, chain.collection, raw.get("_id"))
    return returned if type(returned) is dict else {**returned}


_NO_ID = object()


def _adopted(
    target: Version, made: dict[str, Any], unknown: dict[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Bring unknown keys into sight that the next version does declare."""
    adopted = {
        key: value for key, value in unknown.items() if key in target.schema.fields and key not in made
    }
    unknown = {key: value for key, value in unknown.items() if key not in adopted}
    return _with_adopted({**made, **adopted}, target.shape), unknown


def _with_adopted(value: Any, shape: Shape) -> Any:
    """The value itself, or a copy in which unknown keys of sub-documents that the shape declares are in sight."""
    if isinstance(value, list):
        below = shape.items
        if below is None or not (below.names or below.others or below.items):
            return value
        items = [_with_adopted(item, below) for item in value]
        return value if all(map(is_, items, value)) else items
    return _dict_with_adopted(value, shape) if isinstance(value, dict) else value


def _dict_with_adopted(value: dict[str, Any], shape: Shape) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    for key, inner in dict.items(value):
        below = shape.below(key) if isinstance(inner, (dict, list)) else None
        # Where every key is welcome, none is unknown.
        if below is not None and below is not OPAQUE:
            adopted = _with_adopted(inner, below)
            if adopted is not inner:
                changes[key] = adopted
    origin = value._origin if isinstance(value, Object) else None
    unknown = {} if origin is None else origin.unknown
    found = {key: inner for key, inner in unknown.items() if key in shape.names and key not in value}
    if not changes and not found:
        return value
    made = copy.copy(value)
    dict.update(made, {**changes, **found})
    if isinstance(made, Object) and made._origin is not None:
        rest = {key: inner for key, inner in unknown.items() if key not in found}
        made._origin = Origin(rest) if rest else None
    return made


def _place(chain: Chain, raw: Mapping[str, Any]) -> str:
    return f"{chain.collection!r}, _id {raw.get('_id')!r}"
