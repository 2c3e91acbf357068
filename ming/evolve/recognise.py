"""Which version is this stored document? One answer for every caller.

The rules, in their order: a stamp decides; a document without one is the oldest version, where that one
bears none; otherwise the newest version that has a place for every known key and accepts the document.
A document is never read as a version that would strip data which another version knows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ming.exc import DocumentTooNew, HybridDocument, Invalid
from ming.evolve.chain import Chain, StampField, Version, ordered_after
from ming.evolve.keys import Evidence, gather

__all__ = ["recognise"]

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
    candidates = _by_stamp(chain, raw)
    if candidates is not None and len(candidates) == 1:
        version = chain.versions[candidates[0]]
        return version, attempt(version, raw)
    evidence = gather(raw, chain.shapes)
    if candidates is not None:
        return _by_shape(chain, raw, attempt, evidence, candidates)
    everyone = range(len(chain.versions))
    baseline = _baseline(chain, evidence)
    if baseline is not None:
        try:
            return chain.versions[baseline], attempt(chain.versions[baseline], raw)
        except Invalid:
            # Written before stamps were, by a program that read by shape: what could be read stays readable.
            newer = _covering(chain, evidence, everyone[baseline + 1 :])
            if not newer:
                raise
            return _first_valid(chain, raw, attempt, newer, otherwise=baseline)
    return _by_shape(chain, raw, attempt, evidence, everyone)


def _by_stamp(chain: Chain, raw: Mapping[str, Any]) -> list[int] | None:
    """Numbers of the versions that the stored stamps allow; None where none is stored."""
    stored = [(field, raw[field.name]) for field in chain.stamps if raw.get(field.name) is not None]
    if not stored:
        return None
    allowed = set(range(len(chain.versions)))
    for field, value in stored:
        allowed &= set(_allowed_by(chain, field, raw))
    if not allowed:
        listed = ", ".join(f"{field.name} = {value!r}" for field, value in stored)
        raise HybridDocument(f"the stamps {listed} belong to different versions of {chain.newest.name}", raw)
    return sorted(allowed)


def _allowed_by(chain: Chain, field: StampField, raw: Mapping[str, Any]) -> Sequence[int] | frozenset[int]:
    value = raw[field.name]
    matching = field.matching(value)
    if matching:
        return matching
    if field.free:
        return field.free
    known = ", ".join(repr(constant) for constant in field.constants.values())
    message = f"{value!r} is the stamp of no version of {chain.newest.name} (known: {known})"
    error_dict = {field.name: Invalid(message, value)}
    if ordered_after(value, field.constants[max(field.constants)]):
        message += f"; the document is newer than this program [{DocumentTooNew.code}]"
        raise DocumentTooNew(f"{field.name}:{message}", raw, error_dict=error_dict)
    raise Invalid(f"{field.name}:{message}", raw, error_dict=error_dict)


def _baseline(chain: Chain, evidence: Evidence) -> int | None:
    """Number of the version that a document without a stamp belongs to, if the keys do not speak against it."""
    if chain.unstamped is not None:
        return chain.versions.index(chain.unstamped)
    if not chain.stamps or any(0 in field.constants for field in chain.stamps):
        return None
    return None if evidence.lacking(0) and not evidence.only(0) else 0


def _by_shape(
    chain: Chain, raw: Mapping[str, Any], attempt: Attempt, evidence: Evidence, allowed: Sequence[int]
) -> tuple[Version, Any]:
    covering = _covering(chain, evidence, allowed)
    if not covering:
        return _hybrid(chain, raw, attempt, evidence, allowed)
    return _first_valid(chain, raw, attempt, covering, otherwise=covering[0])


def _covering(chain: Chain, evidence: Evidence, allowed: Sequence[int]) -> list[int]:
    """Versions with a place for every known key, newest first.

    A version whose stamp is required comes last: a document without the stamp is not one of its own, and
    reading it so only serves to say what is missing.
    """
    covering = [number for number in reversed(allowed) if evidence.covering >> number & 1]
    return sorted(covering, key=lambda number: chain.required_stamps(chain.versions[number]))


def _first_valid(
    chain: Chain, raw: Mapping[str, Any], attempt: Attempt, numbers: Sequence[int], otherwise: int
) -> tuple[Version, Any]:
    """Read the document as the first version that accepts it, or raise the error of another one."""
    for number in numbers:
        try:
            return chain.versions[number], attempt(chain.versions[number], raw)
        except Invalid:
            continue
    return chain.versions[otherwise], attempt(chain.versions[otherwise], raw)


def _hybrid(
    chain: Chain, raw: Mapping[str, Any], attempt: Attempt, evidence: Evidence, allowed: Sequence[int]
) -> tuple[Version, Any]:
    classes = [chain.versions[number].cls for number in allowed]
    if chain.on_hybrid is None:
        lacking = "; ".join(
            f"{chain.versions[number].name} has no place for {', '.join(evidence.lacking(number))}"
            for number in allowed
        )
        raise HybridDocument(f"keys of several versions: {lacking} [{HybridDocument.code}]", raw)
    answer = chain.on_hybrid(dict(raw), classes)
    for version in chain.versions:
        if answer is version.cls:
            return version, attempt(version, raw)
    if not isinstance(answer, Mapping):
        raise HybridDocument(
            f"on_hybrid returned {answer!r}, expected one of the classes or a document [{HybridDocument.code}]", raw
        )
    return recognise(replace(chain, on_hybrid=None), answer, attempt)

