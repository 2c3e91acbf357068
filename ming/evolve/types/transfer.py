"""What each step makes of types: the steps of a hop, run on the types of documents instead of documents.

What arrives at the end is compared by `ming.evolve.types.misfits`. A type after a step never says less than
what the step may make of a document of the type before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

from ming.evolve.step import kinds as E
from ming.evolve.types import carried as carried_types
from ming.evolve.types import changed as changed_types
from ming.evolve.types.domain import NEVER, join
from ming.evolve.types.flow import UNKNOWN, Flow

__all__ = ["send"]


def send(step: E.Step, flow: Flow) -> None:
    """Send a type through a step.

    Args:
        step: The step; of one of an unknown class only what it puts and removes is known.
        flow: Holds the type before, and then the type after.
    """
    _TRANSFERS.get(type(step), _unknown)(step, flow)


def _unknown(step: E.Step, flow: Flow) -> None:
    for path in sorted(step.removes):
        flow.remove(path)
    for path in sorted(step.puts):
        flow.put(path, UNKNOWN)


def _each(step: E.Each, flow: Flow) -> None:
    source = flow.read(step.path)
    items = source.items or NEVER
    if "array" not in source.kinds or "object" not in items.kinds:
        message = "is no list" if "array" not in source.kinds else "is no list of sub-documents"
        flow.remark("wrong-type", step.path, f"{message}, so there is nothing to change")
        return
    inner = Flow(replace(items, kinds=frozenset({"object"})))
    for each in step.steps:
        send(each, inner)
    flow.remarks += [replace(note, path=f"{step.path}[].{note.path}") for note in inner.remarks]
    rest = items.without("object")
    changed = join([inner.record, rest]) if rest.kinds else inner.record
    flow.put(step.path, replace(source, items=changed))


def _expr(step: E.Expr, flow: Flow) -> None:
    _read_roots(step.reads, flow)
    flow.put(step.path, UNKNOWN)


def _python(step: E.Python, flow: Flow) -> None:
    _read_roots(step.reads, flow)
    if not step.puts:
        flow.record = UNKNOWN
    for path in sorted(step.puts):
        flow.put(path, UNKNOWN)


def _read_roots(paths: Iterable[str], flow: Flow) -> None:
    """An expression may reach through lists, so that only the top-level field is looked for."""
    for path in sorted(paths):
        if flow.peek(path.partition(".")[0]).is_absent:
            flow.remark("reads-nothing", path, "nothing is there")
    flow.taken.update(paths)


_TRANSFERS: Final[Mapping[type[E.Step], Callable[[Any, Flow], None]]] = {
    E.Move: carried_types.move_through,
    E.Copy: carried_types.copy_through,
    E.Split: carried_types.split_through,
    E.Merge: carried_types.merge_through,
    E.Drop: carried_types.drop_through,
    E.Default: carried_types.default_through,
    E.Const: carried_types.const_through,
    E.Forget: carried_types.forget_through,
    E.Uncopy: carried_types.uncopy_through,
    E.Map: changed_types.map_through,
    E.Convert: changed_types.convert_through,
    E.Wrap: changed_types.wrap_through,
    E.Unwrap: changed_types.unwrap_through,
    E.Each: _each,
    E.Expr: _expr,
    E.Python: _python,
}
