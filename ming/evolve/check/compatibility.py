"""The compatibility of a version with the older ones, in the terms of schema registries, steps included.

A version is *backward* compatible if it can read what older versions wrote, *forward* compatible if older
versions can read what it writes, *fully* if both. The steps count: documents are taken forth through them, and
back through their inverses; a step without an inverse is left out on the way back, so that the older version
must accept what is there. *Transitive* is said of all older versions, otherwise of the last one only.
(The terms are those of the Confluent Schema Registry.)
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from ming.evolve.chain import Version
from ming.evolve.check.findings import Finding, finding
from ming.evolve.check.flow import arriving, stored_type
from ming.evolve.check.places import hop_name
from ming.evolve.check.reporting import Compatibility, Level
from ming.evolve.check.subjects import Subject, name_of
from ming.evolve.hop import Hop
from ming.evolve.step.kinds import Irreversible, Step, Steps
from ming.evolve.types.misfits import Problem
from ming.exc import MingConfigError

__all__ = ["broken_promise", "compatibility_of"]


def compatibility_of(subject: Subject, failing: Collection[str] = ()) -> Compatibility:
    """Compute what the newest version of a chain promises.

    Args:
        subject: The chain.
        failing: Names of the hops that failed when they were tried out.
    """
    hops = subject.chain.hops
    ranges = [hops[number:] for number in range(len(hops))]
    backward = [tuple(_problems_forth(each, failing)) for each in ranges]
    forward = [tuple(_problems_back(each)) for each in ranges]
    return Compatibility(
        level=Level.of(not any(backward[-1:]), not any(forward[-1:])),
        transitive=Level.of(not any(backward), not any(forward)),
        backward=tuple(dict.fromkeys(problem for problems in backward for problem in problems)),
        forward=tuple(dict.fromkeys(problem for problems in forward for problem in problems)),
        reversible=not any(isinstance(hop.inverse(), Irreversible) for hop in hops),
    )


def broken_promise(
    subject: Subject, found: Compatibility, promised: Level, transitive: bool
) -> Iterator[Finding]:
    """Compare what a chain promises with what it was to promise.

    Args:
        subject: The chain.
        found: Its compatibility.
        promised: What was promised.
        transitive: Whether that was promised of all older versions.
    """
    level = found.transitive if transitive else found.level
    reasons = {Level.BACKWARD: found.backward, Level.FORWARD: found.forward}
    for direction in (Level.BACKWARD, Level.FORWARD):
        if promised.includes(direction) and not level.includes(direction):
            message = f"not {direction.value} compatible: {'; '.join(reasons[direction])}"
            yield finding("incompatible", subject.cls, message)


def _problems_forth(hops: Sequence[Hop], failing: Collection[str]) -> Iterator[str]:
    """Why documents of the first hop's source cannot be read as the last hop's target."""
    for hop in hops:
        if hop_name(hop) in failing:
            yield f"{hop_name(hop)}: fails on generated documents"
    # What a function makes was tried out, and is what its version accepts; types go on from there.
    opaque = [number for number, hop in enumerate(hops, 1) if hop.steps is None]
    declared = hops[max(opaque, default=0) :]
    if declared:
        steps = [step for hop in declared for step in hop.all_steps or ()]
        yield from _misfits(declared[0].source, steps, declared[-1].target)


def _problems_back(hops: Sequence[Hop]) -> Iterator[str]:
    """Why documents of the last hop's target cannot be read as the first hop's source."""
    steps = [step for hop in reversed(hops) for step in _steps_back(hop)]
    yield from _misfits(hops[-1].target, steps, hops[0].source)


def _steps_back(hop: Hop) -> Sequence[Step]:
    """What takes documents back: the inverses there are, in reverse order, and the older stamp."""
    declared = () if hop.steps is None else hop.steps.steps
    inverses = [step.inverse() for step in reversed(declared)]
    known = tuple(inverse for inverse in inverses if isinstance(inverse, Step))
    try:
        steps = Steps(known)
    except MingConfigError:
        # Without those that are left out, the others may get into each other's way.
        steps = Steps(())
    return Hop(hop.target, hop.source, steps).all_steps or ()


def _misfits(source: Version, steps: Sequence[Step], target: Version) -> Iterator[str]:
    for misfit in arriving(stored_type(source), steps, target):
        if misfit.problem is not Problem.UNDECLARED:
            yield f"{name_of(source)} -> {name_of(target)}: {misfit.path}: {misfit.message}"
