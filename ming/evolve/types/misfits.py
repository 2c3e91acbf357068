"""Does one type fit another? What arrives at a place, compared with what is accepted there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Final

from ming.evolve.types.domain import ANYTHING, MISSING, NEVER, NOT_SINGLE, Kind, Type, kind_of

__all__ = ["Misfit", "Problem", "misfits"]


_MANY: Final = 6
"""So many types are not listed one by one."""


class Problem(str, Enum):
    """What is wrong with the values of a type, where another one is expected."""

    MISSING = "missing-required"
    KIND = "wrong-type"
    VALUE = "outside-enum"
    UNDECLARED = "undeclared"


@dataclass(frozen=True)
class Misfit:
    """A place where a type does not fit.

    Args:
        path: The place; ``[]`` stands for the items of a list, ``*`` for any key.
        problem: What is wrong.
        message: The same in words.
    """

    path: str
    problem: Problem
    message: str


def misfits(found: Type, expected: Type, path: str = "") -> Iterator[Misfit]:
    """Compare what arrives at a place with what is accepted there.

    Args:
        found: The values that arrive.
        expected: The values that are accepted.
        path: The place.
    """
    if expected is ANYTHING or expected.loose or found.loose:
        return
    yield from _misfits_of_kind(found, expected, path)
    yield from _misfits_of_value(found, expected, path)
    if "array" in found.kinds and "array" in expected.kinds:
        yield from misfits((found.items or NEVER).without("missing"), expected.items or ANYTHING, f"{path}[]")
    if "object" in found.kinds and "object" in expected.kinds:
        yield from _misfits_within(found, expected, f"{path}." if path else "")


def _misfits_of_kind(found: Type, expected: Type, path: str) -> Iterator[Misfit]:
    refused = found.kinds - expected.kinds - expected.tolerated - _kinds_of_accepted_values(found, expected)
    if "missing" in refused:
        absent = "never there" if found.is_absent else "not always there"
        yield Misfit(path, Problem.MISSING, f"required, but {absent}")
    wrong = sorted(refused - MISSING)
    if wrong:
        accepted = sorted(expected.kinds - MISSING)
        message = f"may be {_either(wrong)}, expected {_either(accepted)}"
        yield Misfit(path, Problem.KIND, message)


def _kinds_of_accepted_values(found: Type, expected: Type) -> set[Kind]:
    """Kinds of values that equal an accepted one of another kind, as 1 equals 1.0."""
    return {kind_of(value) for value in found.values or () if value in (expected.values or ())}


def _misfits_of_value(found: Type, expected: Type, path: str) -> Iterator[Misfit]:
    if expected.values is None or not expected.kinds - NOT_SINGLE:
        return
    options = ", ".join(map(repr, expected.values))
    if found.values is None:
        if found.kinds & expected.kinds - NOT_SINGLE:
            yield Misfit(
                path,
                Problem.VALUE,
                f"may be any {_either(sorted(found.kinds - NOT_SINGLE))}, expected {options}",
            )
        return
    outside = [
        value for value in found.values if value not in expected.values and kind_of(value) in expected.kinds
    ]
    if outside:
        yield Misfit(path, Problem.VALUE, f"may be {_either(map(repr, outside))}, expected {options}")


def _misfits_within(found: Type, expected: Type, prefix: str) -> Iterator[Misfit]:
    for name, inner in expected.fields.items():
        yield from misfits(found.within(name), inner, f"{prefix}{name}")
    rest = {name: inner for name, inner in found.fields.items() if name not in expected.fields}
    if expected.others is not None:
        for name, inner in rest.items():
            yield from misfits(inner.without("missing"), expected.others, f"{prefix}{name}")
        if found.others is not None:
            yield from misfits(found.others, expected.others, f"{prefix}*")
        return
    if found.others is not None:
        rest["*"] = found.others
    for name, inner in rest.items():
        if inner.holds_data:
            yield Misfit(f"{prefix}{name}", Problem.UNDECLARED, "holds data, and no field declares it")


def _either(words: Iterable[str]) -> str:
    *first, last = words
    if len(first) >= _MANY:
        return "of any other type"
    return f"{', '.join(first)} or {last}" if first else last
