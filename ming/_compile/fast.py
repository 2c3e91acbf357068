"""Fast programs for whole classes: compiled schemas joined over version chains and polymorphic families.

A program takes a raw document and answers with a document, or with None where the rules proper
(`ming._compile.loader`) must decide. It never has to be clever about unusual documents.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal

from ming import schema as S
from ming._compile.program import compile_acceptance, compile_python, compile_stored
from ming._compile.stepped import over_steps
from ming._values import Missing, with_snapshot
from ming.evolve.chain import Chain, StampField, Version
from ming.evolve.upgrade import Reading, upgrade

__all__ = ["compile_acceptance", "nothing", "only_own_class", "python_program", "stored_program"]

Raw = dict[str, Any]
Program = Callable[[Raw], Any]


def nothing(value: Any) -> None:
    """The program that leaves everything open."""


def python_program(schema: S.Document, form: Literal["document", "data"]) -> Callable[[Any], Any]:
    """A strict program for values made in Python; a family of classes is left to the reference."""
    return nothing if schema.polymorphic_registry else compile_python(schema, form=form)


def only_own_class(schema: S.Document, program: Program) -> Program:
    """Restrict a program to documents whose discriminator names the schema's own class."""
    field, registry, own = schema.polymorphic_on, schema.polymorphic_registry or {}, schema.managed_class

    def load(raw: Raw) -> Any:
        try:
            named = registry.get(raw.get(field, Missing))  # type: ignore[arg-type]
        except TypeError:
            return None
        return program(raw) if named is own else None

    return load


def stored_program(chain: Chain, exact: bool, snapshots: bool, reading: Reading) -> Program:
    """A program for the stored documents of a class.

    Args:
        chain: The class and its older versions.
        exact: Whether documents with unknown keys are left open.
        snapshots: Whether documents of the newest version keep their raw document.
        reading: How upgrades read.
    """
    if len(chain.versions) == 1:
        return _newest(chain, exact, snapshots)
    if not chain.stamps:
        return nothing if chain.contested else _by_shape(chain, snapshots, reading)
    if len(chain.stamps) == 1 and not chain.stamps[0].free:
        return _by_stamp(chain, chain.stamps[0], exact, snapshots, reading)
    return nothing


def _newest(chain: Chain, exact: bool, snapshots: bool) -> Program:
    program = compile_stored(chain.newest.schema, exact=exact, snapshot=snapshots)
    if not snapshots:
        return program

    def load(raw: Raw) -> Any:
        document = program(raw)
        return None if document is None else with_snapshot(document, raw)

    return load


def _older(chain: Chain, version: Version, exact: bool, reading: Reading) -> Program:
    """Reading an older version."""
    if all(hop.steps is not None for hop in chain.hops_from(version)):
        return over_steps(chain, version, exact) or nothing
    return _over_functions(chain, version, exact, reading)


def _over_functions(chain: Chain, version: Version, exact: bool, reading: Reading) -> Program:
    """One hop after the other; most documents hold no unknown key, and need none carried along."""
    read_exact = compile_stored(version.schema, exact=True, snapshot=True)
    read = nothing if exact else compile_stored(version.schema, exact=False, snapshot=True)

    def load(raw: Raw) -> Any:
        document = read_exact(raw)
        if document is not None:
            return upgrade(chain, version, document, raw, reading, nothing_unknown=True)
        document = read(raw)
        return None if document is None else upgrade(chain, version, document, raw, reading)

    return load


def _by_stamp(chain: Chain, stamp: StampField, exact: bool, snapshots: bool, reading: Reading) -> Program:
    """A chain told apart by one constant: its value names the program; without it, the baseline's keys must do."""
    programs: dict[Any, Program] = {}
    for number, constant in stamp.constants.items():
        version = chain.versions[number]
        if constant in programs or constant.__class__ not in (int, str):
            # Two versions share the constant, or hashing would mistake it: true is not 1.
            programs[constant] = nothing
        elif version is chain.newest:
            programs[constant] = _newest(chain, exact, snapshots)
        else:
            programs[constant] = _older(chain, version, exact, reading)
    unstamped = _unstamped(chain, stamp, exact, reading)
    name = stamp.name

    def load(raw: Raw) -> Any:
        if name not in raw:
            return unstamped(raw)
        value = raw[name]
        if value.__class__ is int or value.__class__ is str:
            program: Program = programs.get(value, nothing)
            return program(raw)
        return None

    return load


def _unstamped(chain: Chain, stamp: StampField, exact: bool, reading: Reading) -> Program:
    """Reading documents without the stamp: as the version that the class names, or as the baseline if the keys fit."""
    declared = chain.unstamped
    if declared is not None:
        return nothing if declared is chain.newest else _older(chain, declared, exact, reading)
    by_keys = 0 in stamp.constants or chain.contested
    return nothing if by_keys else _older(chain, chain.versions[0], True, reading)


def _by_shape(chain: Chain, snapshots: bool, reading: Reading) -> Program:
    """A chain without stamps: the newest version if it fits exactly, else one that some key gives away."""
    newest = _newest(chain, True, snapshots)
    older = [
        (telling, _older(chain, version, True, reading))
        for version, telling in _telling_keys(chain)
        if telling
    ]

    def load(raw: Raw) -> Any:
        document = newest(raw)
        if document is None:
            for telling, program in older:
                if not telling.isdisjoint(raw):
                    return program(raw)
        return document

    return load


def _telling_keys(chain: Chain) -> list[tuple[Version, frozenset[str]]]:
    """Older versions, newest first, with the keys that no newer version declares."""
    newer: set[str] = {"_id", *chain.newest.schema.fields}
    telling = []
    for version in reversed(chain.versions[:-1]):
        names: Mapping[str, Any] = version.schema.fields
        telling.append((version, frozenset(names) - newer))
        newer |= set(names)
    return telling
