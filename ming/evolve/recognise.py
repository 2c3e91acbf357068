"""Which version is this stored document? One answer for every caller.

The rules, in their order: a stamp decides; a document without one is the oldest version, where that one
bears none; otherwise the newest version that has a place for every known key and accepts the document.
A document is never read as a version that would strip data which another version knows.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ming.evolve.chain import Chain, StampField, Version, ordered_after
from ming.evolve.keys import Evidence, Path, gather, has_place
from ming.exc import DocumentTooNew, HybridDocument, Invalid

__all__ = ["hidden", "is_hybrid", "recognise"]

Attempt = Callable[[Version, Mapping[str, Any]], Any]


def recognise(chain: Chain, raw: Mapping[str, Any], attempt: Attempt) -> tuple[Version, Any]:
    """Find the version of a stored document, and the document read as that version.

    Args:
        chain: All versions of the class.
        raw: The stored document; it is not changed.
        attempt: Reads a document as a version, or raises `Invalid`.

    Returns:
        The version, and what ``attempt`` made of it.

    Raises:
        DocumentTooNew: The stamp is newer than every version.
        HybridDocument: No version has a place for all known keys, or stamps disagree.
        Invalid: The document is not valid in the version it belongs to.
    """
    candidates = _candidates(chain, raw)
    if not candidates:
        return _hybrid(chain, raw, attempt)
    refusals = []
    for number in candidates:
        version = chain.versions[number]
        try:
            return version, attempt(version, raw)
        except Invalid as error:
            refusals.append(error)
    raise refusals[0]


def is_hybrid(chain: Chain, raw: Mapping[str, Any]) -> bool:
    """Whether a stored document that could be read is of no version, but what ``on_hybrid`` made of it."""
    return callable(chain.on_hybrid) and not _candidates(chain, raw)


def hidden(chain: Chain, cls: type, raw: Mapping[str, Any]) -> list[Path]:
    """Known keys of a stored document that the version it is read as, that of ``cls``, has no place for.

    None where a function ``on_hybrid`` was shown them all.
    """
    number = chain.number_of(cls)
    if has_place(chain.shapes[number], raw) or is_hybrid(chain, raw):
        return []
    return gather(raw, chain.shapes).lacking(number)


def _candidates(chain: Chain, raw: Mapping[str, Any]) -> Sequence[int]:
    """Numbers of the versions the document may be, the likeliest first; none for a hybrid."""
    everyone = range(len(chain.versions))
    stored = _stored_stamps(chain, raw)
    if not stored:
        return _without_stamp(chain, raw, everyone)
    allowed = [_allowed_by(chain, field, raw) for field in stored]
    agreed = [number for number in everyone if all(number in numbers for numbers in allowed)]
    return agreed if len(agreed) < 2 else _covering(chain, _evidence(chain, raw, agreed), agreed)


def _stored_stamps(chain: Chain, raw: Mapping[str, Any]) -> list[StampField]:
    return [field for field in chain.stamps if raw.get(field.name) is not None]


def _allowed_by(chain: Chain, field: StampField, raw: Mapping[str, Any]) -> Iterable[int]:
    """Numbers of the versions that a stored stamp allows."""
    value = raw[field.name]
    matching = field.matching(value)
    if matching:
        return matching
    known = ", ".join(repr(constant) for constant in field.constants.values())
    message = f"{value!r} is the stamp of no version of {chain.newest.name} (known: {known})"
    error_dict = {field.name: Invalid(message, value)}
    if ordered_after(value, field.constants[max(field.constants)]):
        message += "; the document is newer than this program"
        raise DocumentTooNew(f"{field.name}:{message}", raw, error_dict=error_dict)
    if field.free:
        return field.free
    raise Invalid(f"{field.name}:{message}", raw, error_dict=error_dict)


def _without_stamp(chain: Chain, raw: Mapping[str, Any], everyone: Sequence[int]) -> Sequence[int]:
    evidence = _evidence(chain, raw, everyone)
    covering = _covering(chain, evidence, everyone)
    baseline = _baseline(chain, evidence)
    if baseline is None:
        return covering
    # Written before stamps were, by a program that read by shape: what could be read stays readable.
    return [baseline, *(number for number in covering if number > baseline)]


def _baseline(chain: Chain, evidence: Evidence) -> int | None:
    """Number of the version that a document without a stamp belongs to, if the keys do not speak against it."""
    if chain.unstamped is not None:
        return chain.versions.index(chain.unstamped)
    if not chain.stamps or any(0 in field.constants for field in chain.stamps):
        return None
    return None if evidence.lacking(0) and not evidence.only(0) else 0


def _covering(chain: Chain, evidence: Evidence, allowed: Sequence[int]) -> list[int]:
    """Of the allowed versions, those with a place for every known key, newest first.

    A version whose stamp is required comes last: a document without the stamp is not one of its own, and
    reading it so only serves to say what is missing.
    """
    numbers = [number for number in reversed(allowed) if evidence.covering >> number & 1]
    return sorted(numbers, key=lambda number: chain.required_stamps(chain.versions[number]))


def _hybrid(chain: Chain, raw: Mapping[str, Any], attempt: Attempt) -> tuple[Version, Any]:
    numbers, reason = _why_hybrid(chain, raw)
    if not callable(chain.on_hybrid):
        raise HybridDocument(reason, raw)
    answer = chain.on_hybrid(copy.deepcopy(dict(raw)), [chain.versions[number].cls for number in numbers])
    for version in chain.versions:
        if answer is version.cls:
            return version, attempt(version, raw)
    if not isinstance(answer, Mapping):
        message = f"on_hybrid returned {answer!r}, expected one of the classes or a document"
        raise HybridDocument(message, raw)
    return recognise(replace(chain, on_hybrid=None), answer, attempt)


def _why_hybrid(chain: Chain, raw: Mapping[str, Any]) -> tuple[list[int], str]:
    """Numbers of the versions in question, and what is wrong with each."""
    everyone = range(len(chain.versions))
    stored = _stored_stamps(chain, raw)
    allowed = [set(_allowed_by(chain, field, raw)) for field in stored]
    agreed = set(everyone).intersection(*allowed)
    if not agreed:
        listed = ", ".join(f"{field.name} = {raw[field.name]!r}" for field in stored)
        return sorted(set().union(*allowed)), f"stamps of different versions of {chain.newest.name}: {listed}"
    numbers = sorted(agreed)
    evidence = _evidence(chain, raw, numbers)
    lacking = (
        f"{chain.versions[number].name} has no place for {', '.join(map('.'.join, evidence.lacking(number)))}"
        for number in numbers
    )
    return numbers, f"keys of several versions: {'; '.join(lacking)}"


def _evidence(chain: Chain, raw: Mapping[str, Any], numbers: Sequence[int]) -> Evidence:
    """What the document's keys say about some versions; keys that only others know are unknown."""
    return gather(raw, [shape if number in numbers else None for number, shape in enumerate(chain.shapes)])
