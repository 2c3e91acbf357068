"""Applying the ``migrate`` functions of a chain in memory, from the recognised version to the newest.

Nothing is written here. What a document carries out of sight travels along: unknown keys of the document
itself by hand, those of sub-documents with the sub-documents.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import Any

from ming._values import Origin
from ming.exc import Invalid, MigrationError
from ming.evolve.chain import Chain, Version

__all__ = ["upgrade"]

Validate = Callable[[Version, Any], Any]


def upgrade(chain: Chain, version: Version, document: Any, raw: Mapping[str, Any], validate: Validate) -> Any:
    """Turn a document of an older version into one of the newest.

    Args:
        chain: All versions of the class.
        version: The version the document was recognised as.
        document: The document, read as that version.
        raw: The stored document; kept as the snapshot that a save starts from.
        validate: Validates what a ``migrate`` function returned, as a version.

    Returns:
        An instance of the newest class, with its `Origin`.

    Raises:
        Invalid: A ``migrate`` function returned what the next version does not accept.
        MigrationError: A version has no ``migrate`` function, or one changed the ``_id``.
    """
    unknown = document._origin.unknown if document._origin is not None else {}
    for target in chain.versions[chain.versions.index(version) + 1 :]:
        document, unknown = _hop(chain, target, document, unknown, raw, validate)
    document._origin = Origin(unknown, snapshot=raw, version=version.cls)
    return document


def _hop(
    chain: Chain,
    target: Version,
    document: Any,
    unknown: dict[str, Any],
    raw: Mapping[str, Any],
    validate: Validate,
) -> tuple[Any, dict[str, Any]]:
    source = type(document)
    if target.migrate is None:
        message = f"{target.name} declares version_of without migrate"
        raise MigrationError(message, chain.collection, raw.get("_id"))
    try:
        returned = target.migrate(document)
    except Exception as error:
        where = f"{chain.collection!r}, _id {raw.get('_id')!r}"
        _note(error, f"while migrating {where}, from {source.__name__} to {target.name}")
        raise
    if not isinstance(returned, Mapping):
        raise Invalid(f"migrate of {target.name} returned {returned!r}, expected a dict", returned)
    if "_id" in raw and returned.get("_id", raw["_id"]) != raw["_id"]:
        message = f"migrate of {target.name} changed the _id to {returned['_id']!r}"
        raise MigrationError(message, chain.collection, raw["_id"])
    made, unknown = _adopt(target, returned, unknown, raw)
    try:
        upgraded = validate(target, made)
    except Invalid as error:
        error.msg = f"after migrating from {source.__name__} to {target.name}:\n{error.msg}"
        raise
    return upgraded, unknown


def _adopt(
    target: Version, returned: Mapping[str, Any], unknown: dict[str, Any], raw: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Carry over the ``_id``, and the unknown keys that the next version does declare."""
    declared = target.schema.fields
    adopted = {key: value for key, value in unknown.items() if key in declared and key not in returned}
    if "_id" in declared and "_id" in raw and "_id" not in returned:
        adopted["_id"] = raw["_id"]
    unknown = {key: value for key, value in unknown.items() if key not in adopted}
    return {**returned, **adopted}, unknown


def _note(error: Exception, text: str) -> None:
    """Add a note to somebody else's exception, where Python has notes."""
    if sys.version_info >= (3, 11):
        error.add_note(text)
