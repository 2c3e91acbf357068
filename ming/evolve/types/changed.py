"""What steps make of types that change values where they are.

One function for each class of steps; `ming.evolve.types.transfer` has the table.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Final

from ming.evolve.step import kinds as E
from ming.evolve.step.conversions import CONVERSIONS
from ming.evolve.step.equality import scalar_key
from ming.evolve.step.literals import KEEP
from ming.evolve.types.domain import (
    ANYTHING,
    CONTAINERS,
    EMPTY,
    MISSING,
    NEVER,
    NOT_SINGLE,
    Kind,
    Type,
    constant,
    join,
)
from ming.evolve.types.flow import Flow

__all__ = [
    "convert_through",
    "map_through",
    "unwrap_through",
    "wrap_through",
]


def map_through(step: E.Map, flow: Flow) -> None:
    source = flow.read(step.path)
    _remark_unused(step, source, flow)
    if source.values is not None:
        _remark_merged(step, source.values, flow)
        single = [constant(step.changed(value)) for value in source.values]
    else:
        single = [constant(new) for _, new in step.table] if source.kinds - NOT_SINGLE else []
        single.append(_or_kept(step.otherwise, source, source.kinds - NOT_SINGLE))
    containers = _or_kept(step.otherwise, source, source.kinds & CONTAINERS)
    if step.changes_null and "null" in source.kinds:
        single.append(constant(step.changed(None)))
        source = source.without("null")
    flow.put(step.path, join([NEVER, _emptiness(source), containers, *single]))


def _or_kept(otherwise: Any, source: Type, kinds: frozenset[Kind]) -> Type:
    """What becomes of values of some kinds: they stay, or there is another value instead."""
    if not kinds:
        return NEVER
    return (
        replace(source, kinds=kinds, values=source.values if kinds - CONTAINERS else ())
        if otherwise is KEEP
        else constant(otherwise)
    )


def _emptiness(source: Type) -> Type:
    return Type(source.kinds & EMPTY, values=())


def _remark_unused(step: E.Map, source: Type, flow: Flow) -> None:
    for old, _ in step.table:
        if not _may_be(source, old):
            flow.remark("dead-mapping", step.path, f"{old!r} is no value of it")


def _may_be(source: Type, value: Any) -> bool:
    if source.values is None or value is None:
        return bool(constant(value).kinds & (source.kinds | source.tolerated))
    return any(scalar_key(value) == scalar_key(each) for each in source.values)


def _remark_merged(step: E.Map, values: Iterable[Any], flow: Flow) -> None:
    first: dict[Any, Any] = {}
    for value in values:
        made = step.changed(value)
        other = first.setdefault(repr(made), value)
        if other is not value:
            flow.remark("not-injective", step.path, f"both {other!r} and {value!r} become {made!r}")


_KIND_OF: Final[dict[str, Kind]] = {
    "str": "string",
    "int": "int",
    "float": "double",
    "bool": "bool",
    "date": "date",
    "ObjectId": "objectId",
    "Decimal128": "decimal",
}


def convert_through(step: E.Convert, flow: Flow) -> None:
    source = flow.read(step.path)
    containers = _or_kept(step.on_error, source, source.kinds & CONTAINERS)
    if source.values is not None:
        single = [constant(step.changed(value)) for value in source.values]
    else:
        single = _converted(step, source, flow)
    flow.put(step.path, join([NEVER, _emptiness(source), containers, *single]))


def _converted(step: E.Convert, source: Type, flow: Flow) -> list[Type]:
    """What becomes of single values of which only the kinds are known."""
    target = _KIND_OF[step.to]
    sure = {_KIND_OF[name] for name in step.sources if CONVERSIONS[name, step.to].test is True} | {target}
    unsure = {_KIND_OF[name] for name in step.sources} - sure
    failing = source.kinds - NOT_SINGLE - sure
    if failing and step.on_error is not KEEP:
        lost = ", ".join(sorted(failing))
        flow.remark("lossy-convert", step.path, f"{lost} that does not convert becomes {step.on_error!r}")
    made = Type(frozenset({target})) if source.kinds & (sure | unsure) else NEVER
    return [made, _or_kept(step.on_error, source, failing)]


def wrap_through(step: E.Wrap, flow: Flow) -> None:
    source = flow.read(step.path)
    left_alone = source.kinds & (MISSING if step.changes_null else EMPTY)
    inner = replace(source, kinds=source.kinds - left_alone)
    if step.key is not None:
        made = Type(frozenset({"object"}), fields={step.key: inner})
    else:
        lists = [source.items or ANYTHING] if "array" in source.kinds else []
        made = Type(frozenset({"array"}), items=join([NEVER, *lists, inner.without("array")]))
    flow.put(step.path, join([Type(left_alone, values=()), made if inner.kinds else NEVER]))


def unwrap_through(step: E.Unwrap, flow: Flow) -> None:
    source = flow.read(step.path)
    container: Kind = "array" if step.key is None else "object"
    if container not in source.kinds:
        message = f"is no {container}, so there is nothing to take out"
        flow.remark("wrong-type", step.path, message)
        return
    inner = (source.items or NEVER) if step.key is None else source.within(step.key).without("missing")
    outcomes = [source.without(container), inner]
    if not _is_alone(step, source):
        failed = replace(source, kinds=frozenset({container}))
        outcomes.append(failed if step.on_error is KEEP else constant(step.on_error))
    flow.put(step.path, join(each for each in outcomes if each.kinds))


def _is_alone(step: E.Unwrap, source: Type) -> bool:
    """Whether the sub-document surely holds the one value and nothing else; a list may be of any length."""
    if step.key is None or source.others is not None:
        return False
    rest = {name: inner for name, inner in source.fields.items() if name != step.key and not inner.is_absent}
    return not rest and "missing" not in source.within(step.key).kinds
