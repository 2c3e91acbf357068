"""Type flow through the declared steps of a hop, and what the server and the way back make of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any, Final

from ming.evolve.chain import Version
from ming.evolve.check.codes import Severity
from ming.evolve.check.findings import Finding, finding
from ming.evolve.check.places import hop_name, is_deprecated, step_name
from ming.evolve.check.subjects import name_of
from ming.evolve.hop import Hop
from ming.evolve.step.kinds import Irreversible, Step
from ming.evolve.types.domain import ANYTHING, Type
from ming.evolve.types.flow import Flow
from ming.evolve.types.items import type_of
from ming.evolve.types.misfits import Misfit, Problem, misfits
from ming.evolve.types.transfer import send

__all__ = ["arriving", "check_flow", "stored_type"]

_ID: Final = "_id"


def stored_type(version: Version) -> Type:
    """The type of the stored documents of a version."""
    record = type_of(version.schema)
    # Every stored document has an _id, whether its class declares one or not.
    _id = record.fields.get(_ID, ANYTHING).without("missing")
    return replace(record, kinds=frozenset({"object"}), fields={**record.fields, _ID: _id})


def arriving(record: Type, steps: Iterable[Step], target: Version) -> Iterator[Misfit]:
    """Send a type through steps and compare what arrives with what a version accepts."""
    flow = Flow(record)
    for step in steps:
        send(step, flow)
    expected = stored_type(target)
    return misfits(flow.record, replace(expected, fields={_ID: ANYTHING, **expected.fields}))


def check_flow(hop: Hop, unknown: str) -> Iterator[Finding]:
    """Check a hop that is made by steps, or say that it is not.

    Args:
        hop: The hop.
        unknown: What becomes of stored keys without a field.
    """
    if hop.steps is None or hop.all_steps is None:
        message = "migrate is a function: only this program can run it, and nothing can look into it"
        yield _finding("opaque", hop, message)
        return
    yield from _along_the_way(hop, hop.steps.steps)
    yield from _at_the_end(hop, hop.all_steps, unknown)
    for number, step in enumerate(hop.steps.steps, 1):
        yield from _abilities(hop, step_name(number, step), step)


def _along_the_way(hop: Hop, steps: Iterable[Step]) -> Iterator[Finding]:
    flow = Flow(stored_type(hop.source))
    for number, step in enumerate(steps, 1):
        flow.remarks.clear()
        send(step, flow)
        for remark in flow.remarks:
            name = step_name(number, step)
            yield _finding(remark.code, hop, remark.message, path=remark.path, step=name)


def _at_the_end(hop: Hop, steps: Iterable[Step], unknown: str) -> Iterator[Finding]:
    for misfit in arriving(stored_type(hop.source), steps, hop.target):
        found = _finding(misfit.problem.value, hop, misfit.message, path=misfit.path)
        if misfit.problem is not Problem.UNDECLARED:
            yield found
        elif not is_deprecated(hop.source.schema, misfit.path):
            yield found if unknown == "keep" else replace(found, severity=Severity.ERROR)


def _abilities(hop: Hop, name: str, step: Step) -> Iterator[Finding]:
    """What a step cannot do."""
    inverse = step.inverse()
    if isinstance(inverse, Irreversible):
        yield _finding("irreversible", hop, inverse.reason, step=name)
    if step.assignments() is None:
        yield _finding(
            "client-side",
            hop,
            "only Python can make this step, so no part of the hop is run inside the server",
            step=name,
        )


def _finding(code: str, hop: Hop, message: str, **where: Any) -> Finding:
    return finding(code, name_of(hop.target), message, hop=hop_name(hop), **where)
