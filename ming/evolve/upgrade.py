"""Applying the ``migrate`` functions of a chain in memory, from the recognised version to the newest.

Nothing is written here. What a document carries out of sight travels along: unknown keys of the document
itself by hand, those of sub-documents with the sub-documents.
"""

from __future__ import annotations

import copy
import sys
from collections.abc import Callable, Mapping
from typing import Any

from ming._values import Object, Origin
from ming.evolve.chain import Chain, Version
from ming.evolve.keys import OPAQUE, Shape
from ming.exc import Invalid, MigrationError

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
    # Some callers want unknown keys in sight; what the functions drop of them stays stored nonetheless.
    unknown = {key: value for key, value in dict.items(document) if key not in version.schema.fields}
    if document._origin is not None:
        unknown.update(document._origin.unknown)
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
    document_id = document.get("_id", raw.get("_id", _NO_ID))
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
    if returned.get("_id", document_id) not in (document_id, raw.get("_id", _NO_ID)):
        message = f"migrate of {target.name} changed the _id to {returned['_id']!r}"
        raise MigrationError(message, chain.collection, raw.get("_id"))
    made, unknown = _adopt(target, returned, unknown, document_id)
    try:
        upgraded = validate(target, made)
    except Invalid as error:
        error.msg = f"after migrating from {source.__name__} to {target.name}:\n{error.msg}"
        raise
    return upgraded, unknown


_NO_ID = object()


def _adopt(
    target: Version, returned: Mapping[str, Any], unknown: dict[str, Any], document_id: Any
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Carry over the ``_id``, and the unknown keys that the next version does declare."""
    declared = target.schema.fields
    adopted = {key: value for key, value in unknown.items() if key in declared and key not in returned}
    if "_id" in declared and "_id" not in returned and document_id is not _NO_ID:
        adopted["_id"] = document_id
    unknown = {key: value for key, value in unknown.items() if key not in adopted}
    return _with_adopted({**returned, **adopted}, target.shape), unknown


def _with_adopted(value: Any, shape: Shape) -> Any:
    """The value itself, or a copy in which unknown keys of sub-documents that the shape declares are in sight."""
    if isinstance(value, list):
        below = shape.items
        if below is None or not (below.names or below.others or below.items):
            return value
        items = [_with_adopted(item, below) for item in value]
        return value if all(map(_is, items, value)) else items
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


def _is(one: Any, other: Any) -> bool:
    return one is other


def _note(error: Exception, text: str) -> None:
    """Add a note to somebody else's exception, where Python has notes."""
    if sys.version_info >= (3, 11):
        error.add_note(text)
