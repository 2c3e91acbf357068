"""What can be told from the declarations of a chain alone: collections, stamps, ``migrate``."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, pairwise

from ming.evolve.chain import StampField, ordered_after, same_constant
from ming.evolve.check.findings import Finding, finding
from ming.evolve.check.subjects import Subject, name_of

__all__ = ["check_declarations"]


def check_declarations(subject: Subject) -> Iterator[Finding]:
    """Check what the classes of a chain declare."""
    if len(subject.chain.versions) < 2:
        return
    yield from _collections(subject)
    yield from _functions(subject)
    yield from _stamps(subject)


def _collections(subject: Subject) -> Iterator[Finding]:
    newest = subject.manager.collection_name
    for version, manager in subject.managers.items():
        if manager.collection_name != newest:
            message = f"its collection is {manager.collection_name!r}, that of {subject.cls} is {newest!r}"
            yield finding("other-collection", name_of(version), message)


def _functions(subject: Subject) -> Iterator[Finding]:
    for version in subject.chain.versions[1:]:
        if version.migrate is None:
            yield finding("no-migrate", name_of(version), "declares version_of without migrate")


def _stamps(subject: Subject) -> Iterator[Finding]:
    chain = subject.chain
    yield from _repeated(subject)
    if not any(len(chain.versions) - 1 in field.constants for field in chain.stamps):
        message = "the newest version has no stamp, so its documents are told from older ones by their keys"
        yield finding("stamp-missing", subject.cls, message)
    for field in chain.stamps:
        yield from _order(subject, field)
        for number, _ in field.constants.items():
            version = chain.versions[number]
            if not version.constants[field.name].required:
                message = "documents without the stamp may be taken for this version"
                yield finding("stamp-optional", name_of(version), message, path=field.name)


def _repeated(subject: Subject) -> Iterator[Finding]:
    """Versions that no constant tells apart, although both have the same constant field."""
    versions = subject.chain.versions
    for older, newer in combinations(versions, 2):
        shared = older.constants.keys() & newer.constants.keys()
        pairs = [(name, older.constants[name].value, newer.constants[name].value) for name in sorted(shared)]
        if pairs and all(same_constant(one, other) for _, one, other in pairs):
            name, value, _ = pairs[0]
            message = f"{value!r} is the stamp of {name_of(older)}, too"
            yield finding("stamp-duplicate", name_of(newer), message, path=name)


def _order(subject: Subject, field: StampField) -> Iterator[Finding]:
    versions = subject.chain.versions
    for older, newer in pairwise(sorted(field.constants)):
        one, other = field.constants[older], field.constants[newer]
        if not ordered_after(other, one) and not same_constant(one, other):
            message = (
                f"{other!r} does not come after {one!r}, so newer documents cannot be told from damaged ones"
            )
            yield finding("stamp-order", name_of(versions[newer]), message, path=field.name)
