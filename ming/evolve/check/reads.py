"""Which fields the functions inside of steps look at, besides those they are declared to read.

As in `ming.evolve.check.influence`, one field is changed at a time; here it must not make a difference.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from itertools import islice
from typing import Any, Final

from ming._values import Missing
from ming.evolve.check.findings import Finding, finding
from ming.evolve.check.places import hop_name, step_name
from ming.evolve.check.subjects import name_of
from ming.evolve.generate import documents
from ming.evolve.hop import Hop
from ming.evolve.step.kinds import Expr, Python
from ming.evolve.step.paths import Raw, read

__all__ = ["undeclared_reads"]

_DOCUMENTS: Final = 40


def undeclared_reads(hop: Hop, seed: int) -> Iterator[Finding]:
    """Find fields that make a difference to a step, which does not say that it reads them.

    Args:
        hop: A hop made by steps.
        seed: Of the generator.
    """
    raws = list(islice(documents(hop.source.schema, seed, unknown=False), _DOCUMENTS))
    for number, step in enumerate(hop.steps.steps if hop.steps else (), 1):
        if isinstance(step, (Expr, Python)) and _says_what_it_reads(step):
            for field in _undeclared(step, raws):
                message = "the function reads it, and the step does not say so"
                where = {"hop": hop_name(hop), "step": step_name(number, step)}
                yield finding("undeclared-read", name_of(hop.target), message, path=field, **where)
        raws = [raw for raw in raws if _done(step, raw)]


def _says_what_it_reads(step: Expr | Python) -> bool:
    if isinstance(step, Python):
        return bool(step.reads and step.puts)
    return not any(whole in repr(step.expression) for whole in ("$$ROOT", "$$CURRENT'"))


def _undeclared(step: Expr | Python, raws: list[Raw]) -> Iterator[str]:
    declared = {path.partition(".")[0] for path in (*step.reads, *step.writes)}
    fields = sorted({name for raw in raws for name in raw} - declared)
    for name in fields:
        values = [raw.get(name, Missing) for raw in raws]
        if any(len({_result(step, raw, name, value) for value in values}) > 1 for raw in raws):
            yield name


def _result(step: Expr | Python, raw: Raw, name: str, value: Any) -> str:
    """What a step writes if a field has a value; the same text for the same result."""
    changed = copy.deepcopy({key: inner for key, inner in raw.items() if key != name})
    if value is not Missing:
        changed[name] = copy.deepcopy(value)
    if not _done(step, changed):
        return _FAILED
    return repr([read(changed, path) for path in sorted(step.puts)])


_FAILED: Final = "failed"


def _done(step: Any, raw: Raw) -> bool:
    """Whether a step could be made; trials say why it could not."""
    try:
        step.upgrade(raw)
    except Exception:  # noqa: BLE001 - a function may raise anything
        return False
    return True
