"""One check of some classes: every part in turn, findings sorted into a report."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

from ming.evolve.check.codes import Severity
from ming.evolve.check.compatibility import broken_promise, compatibility_of
from ming.evolve.check.declarations import check_declarations
from ming.evolve.check.deploying import deploy_order
from ming.evolve.check.findings import Finding
from ming.evolve.check.flow import check_flow
from ming.evolve.check.indexes import check_indexes
from ming.evolve.check.influence import lost_fields
from ming.evolve.check.lock import Lock, check_lock
from ming.evolve.check.reads import undeclared_reads
from ming.evolve.check.reporting import ChainReport, CheckReport, Compatibility, Level
from ming.evolve.check.subjects import Subject, name_of, subjects_of
from ming.evolve.check.trials import try_out
from ming.exc import MingConfigError

__all__ = ["check"]

_TRANSITIVE: Final = "_transitive"
_ORDER: Final = list(Severity)


def check(
    classes: Iterable[Any],
    *,
    lock: Lock | None = None,
    compatibility: str = "none",
    seed: int = 0,
    documents: int = 500,
) -> CheckReport:
    """Check the version chains of some classes, without a server.

    Args:
        classes: Document classes and mapped classes; older versions come along.
        lock: What was committed, from `read_lock`; without it nothing is compared.
        compatibility: What every chain promises: none, backward, forward or full, each but none also as
            backward_transitive and so on.
        seed: Of the generated documents.
        documents: How many are generated for each hop.

    Raises:
        MingConfigError: There is no such compatibility.
        TypeError: One of the classes is neither a document class nor a mapped class.
    """
    promised, transitive = _promise(compatibility)
    subjects = subjects_of(classes)
    found: list[Finding] = []
    chains: list[ChainReport] = []
    for subject in subjects:
        findings = list(_check_chain(subject, seed, documents))
        failing = {each.hop for each in findings if each.hop and each.code in _FAILURES}
        level = compatibility_of(subject, failing)
        findings += broken_promise(subject, level, promised, transitive)
        found += findings
        chains.append(_chain_report(subject, level))
    if lock is not None:
        found += check_lock(subjects, lock)
    return CheckReport(tuple(sorted(found, key=lambda each: _ORDER.index(each.severity))), tuple(chains))


_FAILURES: Final = frozenset({"raises", "changes-id", "invalid-result", "stamp-not-set"})
"""Codes of hops that make of some documents what cannot be read."""


def _check_chain(subject: Subject, seed: int, documents: int) -> Iterator[Finding]:
    yield from check_declarations(subject)
    yield from check_indexes(subject)
    for hop in subject.chain.hops:
        if hop.target.migrate is None:
            continue
        told = list(check_flow(hop, subject.unknown))
        yield from told
        known = {each.path for each in told if each.severity is Severity.ERROR}
        yield from (each for each in try_out(hop, seed, documents) if each.path not in known)
        yield from lost_fields(hop, seed) if hop.steps is None else undeclared_reads(hop, seed)


def _chain_report(subject: Subject, level: Compatibility) -> ChainReport:
    return ChainReport(
        subject.cls,
        subject.chain.collection,
        tuple(name_of(version) for version in subject.chain.versions),
        level,
        tuple(deploy_order(subject, level)),
    )


def _promise(compatibility: str) -> tuple[Level, bool]:
    wanted = compatibility.lower()
    name = wanted.removesuffix(_TRANSITIVE)
    known = [level.value for level in Level]
    if name not in known or wanted == f"none{_TRANSITIVE}":
        choices = ", ".join([*known, *(f"{each}{_TRANSITIVE}" for each in known[1:])])
        raise MingConfigError(f"compatibility={compatibility!r}, expected one of {choices}")
    return Level(name), wanted != name
