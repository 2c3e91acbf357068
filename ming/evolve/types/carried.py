"""What steps make of types that carry values elsewhere, or are about whether a field is there.

One function for each class of steps; `ming.evolve.types.transfer` has the table.
"""

from __future__ import annotations

from typing import Final

from ming.evolve.step import kinds as E
from ming.evolve.types import paths as type_paths
from ming.evolve.types.domain import EMPTY, MISSING, Kind, Type, constant, join
from ming.evolve.types.flow import Flow

__all__ = [
    "const_through",
    "copy_through",
    "default_through",
    "drop_through",
    "forget_through",
    "merge_through",
    "move_through",
    "split_through",
    "uncopy_through",
]


def _carried(
    step: E.Move | E.Copy | E.Split | E.Merge, flow: Flow, made: dict[str, Type], fits: bool = True
) -> None:
    """Put at the targets what was made of the sources, where the step may be so bold.

    Args:
        step: The step.
        flow: Holds the type before, and then the type after.
        made: What is put, by target.
        fits: Whether the sources are surely what the step is made for.
    """
    before = flow.record
    free = [_is_free(path, step.removes, flow) for path in made]
    for path in sorted(step.removes):
        flow.remove(path, step.prunes)
    for path, value in made.items():
        flow.put(path, value)
    if not (fits and all(free)):
        flow.record = join([before, flow.record])
    flow.taken.update(step.sources)


def _is_free(path: str, removes: frozenset[str], flow: Flow) -> bool:
    if path not in removes and not flow.peek(path).is_absent:
        flow.remark("target-in-use", path, "may hold a value already, and then the step does nothing")
        return False
    return _has_room(path, flow)


def _has_room(path: str, flow: Flow) -> bool:
    if type_paths.has_room(flow.record, path):
        return True
    flow.remark("target-in-use", path, "may have no sub-document to lie in, and then the step does nothing")
    return False


def move_through(step: E.Move, flow: Flow) -> None:
    _carried(step, flow, {step.target: flow.read(step.source)})


def copy_through(step: E.Copy, flow: Flow) -> None:
    _carried(step, flow, {step.target: flow.read(step.source)})


def split_through(step: E.Split, flow: Flow) -> None:
    source = flow.read(step.path)
    first = Type(source.kinds & _TEXT)
    made = {path: first.also("missing") if number else first for number, path in enumerate(step.into)}
    _carried(step, flow, made, fits=_is_text(step.path, source, flow))


def merge_through(step: E.Merge, flow: Flow) -> None:
    given = {path: flow.read(path) for path in step.paths}
    fit = [_is_text(path, source, flow) for path, source in given.items()]
    kinds: set[Kind] = {kind for source in given.values() for kind in source.kinds & _TEXT}
    for kind in EMPTY:
        # Parts that are there are joined without those that are not.
        if not all(source.kinds & (EMPTY if kind == "null" else MISSING) for source in given.values()):
            kinds.discard(kind)
    _carried(step, flow, {step.into: Type(frozenset(kinds))}, fits=all(fit))


_TEXT: Final[frozenset[Kind]] = frozenset({"string", "null", "missing"})


def _is_text(path: str, source: Type, flow: Flow) -> bool:
    others = source.kinds - _TEXT
    if others and not source.loose:
        flow.remark("wrong-type", path, f"may be {', '.join(sorted(others))}, which the step leaves as it is")
    return not others


# -- steps about whether a field is there


def drop_through(step: E.Drop, flow: Flow) -> None:
    for path in step.paths:
        flow.read(path)
        flow.remove(path)


def default_through(step: E.Default, flow: Flow) -> None:
    present = flow.peek(step.path)
    if "missing" in present.kinds:
        _give(step.path, join([present.without("missing"), constant(step.value)]), flow)


def const_through(step: E.Const, flow: Flow) -> None:
    if flow.peek(step.path).holds_data and step.path not in flow.taken:
        flow.remark("overwrites-field", step.path, "holds data that no step has carried elsewhere")
    _give(step.path, constant(step.value), flow)


def _give(path: str, value: Type, flow: Flow) -> None:
    before = flow.record
    has_room = _has_room(path, flow)
    flow.put(path, value)
    if not has_room:
        flow.record = join([before, flow.record])


def forget_through(step: E.Forget, flow: Flow) -> None:
    flow.put(step.path, flow.peek(step.path).also("missing"))


def uncopy_through(step: E.Uncopy, flow: Flow) -> None:
    flow.put(step.target, flow.peek(step.target).also("missing"))
