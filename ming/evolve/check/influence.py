"""Which fields a ``migrate`` function looks at: found by changing one field at a time.

A field that never makes a difference to the result is not carried over. Where the newer version does not
declare it as out of use, that is data lost by oversight.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from itertools import islice
from typing import Any, Final

from ming import schema as S
from ming._values import Missing
from ming.evolve.check.findings import Finding, finding
from ming.evolve.check.places import hop_name, is_deprecated
from ming.evolve.check.subjects import name_of
from ming.evolve.check.trials import Failure, migrated
from ming.evolve.generate import documents, values
from ming.evolve.hop import Hop

__all__ = ["lost_fields"]

_DOCUMENTS: Final = 12
"""How many documents are changed."""
_VALUES: Final = 25
"""How many values are tried at each place."""
_ITEM: Final = "[]"

Place = tuple[str, ...]
"""Names on the way to a field; ``[]`` stands for the items of a list."""


def lost_fields(hop: Hop, seed: int) -> Iterator[Finding]:
    """Find the fields of the older version that make no difference to what a function returns.

    Args:
        hop: A hop made by a function.
        seed: Of the generator.
    """
    bases = list(islice(documents(hop.source.schema, seed, unknown=False), 2, 2 + _DOCUMENTS))
    for place, item in _places(hop.source.schema, ()):
        path = ".".join(place).replace(f".{_ITEM}", _ITEM)
        if place[0] == "_id" or place[0] in hop.source.constants or is_deprecated(hop.target.schema, path):
            continue
        if not _matters(hop, bases, place, list(islice(values(item, seed), _VALUES))):
            message = "migrate makes the same of every value, so the field is lost"
            yield finding("lost-field", name_of(hop.target), message, path=path, hop=hop_name(hop))


def _places(item: S.SchemaItem[Any], place: Place) -> Iterator[tuple[Place, S.SchemaItem[Any]]]:
    """The innermost declared fields."""
    if isinstance(item, S.Array) and _declares(item.field_type):
        yield from _places(item.field_type, (*place, _ITEM))
    elif isinstance(item, S.Object) and _declares(item):
        for name, inner in item.fields.items():
            yield from _places(inner, (*place, name))
    elif not isinstance(item, S.Deprecated):
        yield place, item


def _declares(item: S.SchemaItem[Any]) -> bool:
    return isinstance(item, S.Object) and bool(item.fields) and not item.is_homogeneous


def _matters(hop: Hop, bases: list[dict[str, Any]], place: Place, candidates: list[Any]) -> bool:
    for base in bases:
        results = set()
        for value in candidates:
            try:
                made = migrated(hop, _changed(base, place, value))
            except Failure:
                continue
            results.add(repr(sorted(made.items(), key=lambda entry: entry[0])))
            if len(results) > 1:
                return True
    return False


def _changed(base: dict[str, Any], place: Place, value: Any) -> dict[str, Any]:
    """A copy of a document with another value at a place; what is missing on the way is made."""
    changed = copy.deepcopy(base)
    _set(changed, place, value)
    return changed


def _set(container: dict[str, Any], place: Place, value: Any) -> None:
    name, *rest = place
    if not rest:
        container.pop(name, None)
        if value is not Missing:
            container[name] = copy.deepcopy(value)
    elif rest[0] == _ITEM:
        items: list[Any] = container.get(name) or [{}]
        container[name] = [each if isinstance(each, dict) else {} for each in items]
        for each in container[name]:
            _set(each, tuple(rest[1:]), value)
    else:
        inner = container.get(name)
        container[name] = inner if isinstance(inner, dict) else {}
        _set(container[name], tuple(rest), value)
