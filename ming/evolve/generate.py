"""Documents that are valid under a schema, edge values first: what checks and tests feed to migrations.

The values of single items are in `ming.evolve.samples`; `ming.evolve.sources` puts them together. Everything is
determined by the schema and the seed.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from itertools import chain, count, repeat
from random import Random
from typing import Any, Final

import bson

from ming import schema as S
from ming._values import Missing
from ming.evolve.samples import accepts
from ming.evolve.sources import UNKNOWN, family, source_of

__all__ = ["UNKNOWN", "documents", "values"]

_MOST_REFUSED: Final = 500
"""After so many refused documents in a row the schema is taken to leave no more."""


def documents(
    schema: S.Object, seed: int = 0, *, stamped: bool = True, unknown: bool = True
) -> Iterator[dict[str, Any]]:
    """Yield stored documents that are valid under a schema, each with another ``_id``.

    First every field takes each of its edge values in turn, in documents that are ordinary otherwise; random
    documents follow without end. Absent keys, nulls, empty values and unknown keys are among both.

    Args:
        schema: The schema of one version.
        seed: The same seed yields the same documents.
        stamped: Whether constants of the document itself are always there, so that it tells its version.
        unknown: Whether some documents have keys that no field declares.

    Returns:
        An iterator; it only ends where the schema leaves no more, no further ``_id`` for example.
    """
    rng = Random(seed)
    members = family(schema, stamped, unknown)
    bodies = chain.from_iterable(member.bodies(rng) for member in members)
    more = (rng.choice(members).random_body(rng) for _ in repeat(None))
    ids = _ids(schema.fields.get("_id", S.Anything()), rng)
    refused = 0
    for body, _id in zip(chain(bodies, more), ids, strict=False):
        document = {"_id": _id, **body}
        if accepts(schema, document):
            refused = 0
            yield document
        elif (refused := refused + 1) == _MOST_REFUSED:
            return


def values(item: S.SchemaItem[Any], seed: int = 0) -> Iterator[Any]:
    """Yield values that an item accepts, edge values first, then random ones; `Missing` is an absent key."""
    rng = Random(seed)
    source = source_of(item)
    candidates = chain(source.edges(rng), (source.draw(rng) for _ in repeat(None)))
    return (copy.deepcopy(value) for value in candidates if accepts(item, value))


_ID_FORMS: Final[tuple[Callable[[int, Random], Any], ...]] = (
    lambda number, rng: bson.ObjectId(rng.randbytes(12)),
    lambda number, rng: number,
    lambda number, rng: f"id-{number}",
    lambda number, rng: {"k": number, "s": "x"},
)


def _ids(item: S.SchemaItem[Any], rng: Random) -> Iterator[Any]:
    """Different values for ``_id``: simple ones in turn where the item accepts some, else whatever it accepts."""
    forms = [form for form in _ID_FORMS if accepts(item, form(0, rng))]
    if forms:
        yield from (forms[number % len(forms)](number, rng) for number in count(1))
    source = source_of(item, unknown=False)
    seen: set[str] = set()
    for _ in range(_MOST_REFUSED * 20):
        _id = source.draw(rng)
        if repr(_id) not in seen and _id is not Missing and not isinstance(_id, (list, bson.Regex)):
            seen.add(repr(_id))
            yield _id
