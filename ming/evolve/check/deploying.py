"""What to do on a deploy, in order: told from the hop to the newest version and its compatibility."""

from __future__ import annotations

from collections.abc import Iterator

from ming.evolve.check.indexes import moved_to
from ming.evolve.check.reporting import Compatibility, Level
from ming.evolve.check.subjects import Subject
from ming.evolve.hop import Hop
from ming.evolve.step.kinds import Irreversible

__all__ = ["deploy_order"]


def deploy_order(subject: Subject, compatibility: Compatibility) -> Iterator[str]:
    """Yield what to do, for a class with older versions.

    Args:
        subject: The chain.
        compatibility: What its newest version promises.
    """
    if not subject.chain.hops:
        return
    hop = subject.chain.hops[-1]
    if not compatibility.level.includes(Level.BACKWARD):
        yield "do not deploy: the new version cannot read all documents of the old one"
        return
    new = sorted({key for index in subject.manager.indexes for key, _ in index.index_spec} & _written(hop))
    if new:
        yield f"build the new indexes first: {', '.join(new)}"
    if compatibility.level is Level.FULL:
        yield "deploy in any order: old and new programs can read each other's documents, taken back by the inverse"
    else:
        yield "stop the old programs before new ones store documents: old ones cannot read what new ones write"
    where = "inside the server" if hop.server_reason is None else f"in Python ({hop.server_reason})"
    yield f"run ming migrate {subject.chain.collection}: it works {where}"
    inverse = hop.inverse()
    if isinstance(inverse, Irreversible):
        yield f"there is no way back after the run: {inverse.reason}"
    old = sorted(_moved_keys(subject, hop))
    if old:
        yield f"drop the old indexes after the run: {', '.join(old)}"


def _written(hop: Hop) -> set[str]:
    return {path for step in (hop.steps.steps if hop.steps else ()) for path in step.puts}


def _moved_keys(subject: Subject, hop: Hop) -> set[str]:
    older = subject.managers.get(hop.source)
    keys = {key for index in (older.indexes if older else ()) for key, _ in index.index_spec}
    return {key for key in keys if moved_to(hop, key) is not None}
