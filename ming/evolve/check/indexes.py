"""Declared indexes against what hops move: keys that are gone, and keys that lost their index on the way."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ming._base_manager import BaseManager
from ming._indexes import Index
from ming.evolve.check.findings import Finding, finding
from ming.evolve.check.places import hop_name, is_declared, step_name
from ming.evolve.check.subjects import Subject, name_of
from ming.evolve.hop import Hop
from ming.evolve.step.kinds import Move
from ming.evolve.step.paths import is_within

__all__ = ["check_indexes", "moved_to"]


def check_indexes(subject: Subject) -> Iterator[Finding]:
    """Check the indexes that the classes of a chain declare."""
    yield from _keys_that_are_gone(subject)
    for hop in subject.chain.hops:
        if hop.source in subject.managers:
            yield from _indexes_lost(subject, hop, subject.managers[hop.source])
        yield from _unique_moves(subject, hop)


def _keys_that_are_gone(subject: Subject) -> Iterator[Finding]:
    schema = subject.chain.newest.schema
    for index, key in _keys(subject.manager):
        if is_declared(schema, key):
            continue
        moves = [new for hop in subject.chain.hops for new in [moved_to(hop, key)] if new is not None]
        if moves:
            message = f"{_shown(index)}: its field has moved to {moves[-1]}"
            yield finding("index-left-behind", subject.cls, message, path=key)
        else:
            message = f"{_shown(index)}: no field of {subject.cls} is there"
            yield finding("index-on-nothing", subject.cls, message, path=key)


def _indexes_lost(subject: Subject, hop: Hop, older: BaseManager[Any]) -> Iterator[Finding]:
    """Indexes of the older class on a field that moved to a place where the newest class declares none."""
    present = {key for _, key in _keys(subject.manager)}
    for index, key in _keys(older):
        new = moved_to(hop, key)
        if new is not None and new not in present and is_declared(subject.chain.newest.schema, new):
            message = (
                f"{_shown(index)} of {name_of(hop.source)} covers {key}, which moved here without an index"
            )
            yield finding("index-left-behind", subject.cls, message, path=new, hop=hop_name(hop))


def _unique_moves(subject: Subject, hop: Hop) -> Iterator[Finding]:
    """While documents of both versions are stored, neither unique index sees all values of a moved field."""
    managers = (subject.managers.get(hop.source), subject.managers.get(hop.target), subject.manager)
    unique = {key for manager in managers if manager for index, key in _keys(manager) if index.unique}
    for number, step in enumerate(hop.steps.steps if hop.steps else (), 1):
        if isinstance(step, Move) and {step.source, step.target} & unique:
            message = f"{step.source} is unique, and during the run no index covers both places"
            where = {"path": step.target, "hop": hop_name(hop), "step": step_name(number, step)}
            yield finding("unique-moves", name_of(hop.target), message, **where)


def moved_to(hop: Hop, key: str) -> str | None:
    """Where a hop moves a place; None where it leaves it, or where that cannot be told."""
    place = key
    for step in hop.steps.steps if hop.steps else ():
        if isinstance(step, Move) and is_within(place, step.source):
            place = step.target + place[len(step.source) :]
    return None if place == key else place


def _keys(manager: BaseManager[Any]) -> Iterator[tuple[Index, str]]:
    for index in manager.indexes:
        for key, _ in index.index_spec:
            if key != "$**" and not key.startswith("_fts"):
                yield index, key.removesuffix(".$**")


def _shown(index: Index) -> str:
    return f"the {'unique ' if index.unique else ''}index {index.name}"
