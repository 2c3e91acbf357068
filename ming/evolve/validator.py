"""The validator of a collection: what the live versions of its classes accept, for the server to enforce.

A version's part demands its own stamp, or the absence of any and keys that it has a place for, so that a document
is held to the version it is read as. Whether its upgrade succeeds is not the validator's business. How values are
written down is decided in `ming.schema.export`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, Final

import bson

from ming.evolve.chain import Chain, StampField
from ming.evolve.covering import covered
from ming.schema.export import mongo
from ming.schema.export.accepts import Reader, families
from ming.schema.export.constants import exactly
from ming.schema.export.domains import NOTHING, NULL, Domain, Fields, both, parts_of, union, with_field

__all__ = ["is_own", "validator_of"]

_OPERATOR: Final = "$jsonSchema"
_MARK: Final = "kept by ming"


def validator_of(chain: Chain, closed: bool) -> dict[str, Any]:
    """Return the validator for the documents of a class: a filter.

    Args:
        chain: All versions of the class. Classes of the same polymorphic family are included.
        closed: Whether keys that no field declares are refused.
    """
    parts = [{"title": title, **mongo.written(domain)} for title, domain in _family(chain, closed)]
    schema = parts[0] if len(parts) == 1 else {"anyOf": parts}
    names = ", ".join(part["title"] for part in parts)
    description = f"What {names} can read; {_MARK}: {_digest(schema)}"
    return {_OPERATOR: {"description": description, **schema}}


def is_own(validator: Mapping[str, Any]) -> bool:
    """Whether a validator was made by `validator_of`, and not changed by anybody since."""
    schema = validator.get(_OPERATOR)
    if set(validator) != {_OPERATOR} or not isinstance(schema, dict):
        return False
    rest = {key: value for key, value in schema.items() if key != "description"}
    return str(schema.get("description")).endswith(f"{_MARK}: {_digest(rest)}")


def _digest(schema: Mapping[str, Any]) -> str:
    return hashlib.sha256(bson.encode(schema)).hexdigest()[:12]


def _family(chain: Chain, closed: bool) -> Iterator[tuple[str, Domain]]:
    """Name and domain of every version of every class whose documents reading the class may find."""
    newest = chain.newest.schema
    key = newest.polymorphic_on
    if key is None or not newest.polymorphic_registry:
        yield from _versions(chain, closed)
        return
    family = families(newest.polymorphic_registry)
    own = family.pop(chain.newest.cls, NOTHING)
    yield from _versions(chain, closed, partial(with_field, name=key, values=own, required=False))
    for cls, identities in family.items():
        manager = cls._manager
        identified = partial(with_field, name=key, values=identities, required=True)
        yield from _versions(manager.chain, manager.strict_read, identified)


def _versions(
    chain: Chain, closed: bool, identified: Callable[[Fields], Fields] = lambda fields: fields
) -> Iterator[tuple[str, Domain]]:
    for number, version in enumerate(chain.versions):
        fields = identified(Reader(closed).of_class(version.schema))
        if len(chain.versions) == 1:
            yield version.name, fields
            continue
        for stamp in chain.stamps:
            fields = _stamped(fields, stamp, number)
        yield from _told_apart(chain, number, fields)


def _stamped(fields: Fields, stamp: StampField, number: int) -> Fields:
    """The documents that bear the stamp of a version (by number), or no stamp at all."""
    declared = fields.named.get(stamp.name)
    if number in stamp.constants and declared is not None:
        values = exactly(stamp.constants[number])
        if "null" in parts_of(declared).kinds:
            values = union(values, NULL)
        return _with_stamp(fields, stamp.name, values)
    # Where unknown keys are refused, the stamp of another version is refused as one of them.
    if number in stamp.free or fields.others is None:
        return fields
    return with_field(fields, stamp.name, NULL, required=False)


def _told_apart(chain: Chain, number: int, fields: Fields) -> Iterator[tuple[str, Domain]]:
    """The documents that bear the stamp, and those without any, which the keys must not speak against."""
    title = chain.versions[number].name
    if number == _baseline(chain) or len(chain.stamps) > 1 or callable(chain.on_hybrid):
        yield title, fields
        return
    own_keys = covered(number, chain.shapes)
    constants = {stamp.name: stamp.constants[number] for stamp in chain.stamps if number in stamp.constants}
    for name, constant in constants.items():
        yield title, replace(_with_stamp(fields, name, exactly(constant)), required=fields.required | {name})
        if name not in fields.required:
            yield f"{title} without {name}", both(_with_stamp(fields, name, NULL), own_keys)
    if not constants:
        yield title, both(fields, own_keys)


def _with_stamp(fields: Fields, name: str, values: Domain) -> Fields:
    return replace(fields, named={**fields.named, name: values})


def _baseline(chain: Chain) -> int | None:
    """Number of the version that documents without a stamp belong to, whatever newer versions' keys they hold."""
    if chain.unstamped is not None:
        return chain.versions.index(chain.unstamped)
    stamps = chain.stamps
    return 0 if stamps and not any(0 in stamp.constants for stamp in stamps) else None
