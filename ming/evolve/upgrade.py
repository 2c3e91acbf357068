"""Applying the ``migrate`` functions of a chain in memory, from the recognised version to the newest.

Nothing is written here. What a document carries out of sight travels along: unknown keys of the document
itself by hand, those of sub-documents with the sub-documents.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from operator import is_
from typing import Any

from ming._values import Object, Origin, set_origin
from ming.evolve.chain import Chain, Version
from ming.evolve.keys import OPAQUE, Shape
from ming.exc import Invalid, MigrationError
from ming.utils import add_note

__all__ = ["upgrade"]

Validate = Callable[[Version, Any], Any]


def upgrade(
    chain: Chain,
    version: Version,
    document: Any,
    raw: Mapping[str, Any],
    validate: Validate,
    nothing_unknown: bool = False,
) -> Any:
    """Turn a document of an older version into one of the newest.

    Args:
        chain: All versions of the class.
        version: The version the document was recognised as.
        document: The document, read as that version.
        raw: The stored document; kept as the snapshot that a save starts from.
        validate: Validates what a ``migrate`` function returned, as a version.
        nothing_unknown: The caller knows that no unknown key is stored, at any depth.

    Returns:
        An instance of the newest class, with its `Origin`.

    Raises:
        Invalid: A ``migrate`` function returned what the next version does not accept.
        MigrationError: A ``migrate`` function changed the ``_id``.
        TypeError: A version has no ``migrate`` function.
    """
    unknown = {} if nothing_unknown else _unknown_of(document, version)
    for target in chain.newer_than(version):
        source = type(document)
        made = _migrated(chain, target, document, raw)
        if not nothing_unknown:
            made, unknown = _adopted(target, made, unknown)
        try:
            document = validate(target, made)
        except Invalid as error:
            error.msg = f"after migrating from {source.__name__} to {target.name}:\n{error.msg}"
            raise
    set_origin(document, Origin(unknown, raw, version.cls))
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
