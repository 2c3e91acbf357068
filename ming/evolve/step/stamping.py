"""The implied steps of a hop: the constants of one version exchanged for those of the next."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from typing import Any

from ming import schema as S
from ming.evolve.step.base import Step
from ming.evolve.step.fields import Const, Default, Forget
from ming.evolve.step.literals import normal
from ming.evolve.step.values import Map

__all__ = ["constants_of", "stamp_steps"]


def constants_of(schema: S.Object) -> dict[str, S.Value[Any]]:
    """Return the fields of a schema that are constants."""
    return {name: item for name, item in schema.fields.items() if isinstance(item, S.Value)}


def stamp_steps(
    before: Mapping[str, S.Value[Any]], after: Mapping[str, S.Value[Any]], declared: Container[str]
) -> Iterator[Step]:
    """Yield the steps that exchange constants.

    Args:
        before: The constants of the version that documents are of.
        after: The constants of the version they become.
        declared: All fields of that version.
    """
    for name, constant in after.items():
        value = normal(constant.value, name)
        if name not in before:
            # A null is no stamp. An unknown key may be there, too: it is left, and found to be invalid.
            yield Default(name, value)
            yield Map(name, ((None, value),))
        elif normal(before[name].value, name) != value:
            yield Const(name, value)
    for name, constant in before.items():
        if name not in declared:
            yield Forget(name, normal(constant.value, name))
