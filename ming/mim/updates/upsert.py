"""The document an upsert starts from: what the filter says its fields equal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from bson import Regex

from ming.mim.data.errors import CommandError
from ming.mim.data.values import copied
from ming.mim.queries.predicates import is_operator_document
from ming.mim.updates.paths import Placing, places

__all__ = ["seed"]


def seed(query: Mapping[str, Any], only_id: bool = False) -> dict[str, Any]:
    """Return the fields that a filter pins to one value.

    Args:
        query: The filter of the update.
        only_id: Whether nothing but the ``_id`` is wanted, as for a replacement.

    Returns:
        A fresh document.

    Raises:
        CommandError: The filter pins one field twice.
    """
    document: dict[str, Any] = {}
    seen: list[str] = []
    for path, value in sorted(_equalities(query), key=lambda pinned: pinned[0]):
        if only_id and path != "_id":
            continue
        for other in seen:
            if path == other or path.startswith(other + ".") or other.startswith(path + "."):
                raise CommandError(
                    54,
                    f"cannot infer query fields to set, path '{path}' is matched twice",
                    "NotSingleValueField",
                )
        seen.append(path)
        for place in places(document, tuple(path.split(".")), Placing()):
            place.set(copied(value))
    return document


def _equalities(query: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, operand in query.items():
        if name == "$and" or (name == "$or" and len(operand) == 1):
            for branch in operand:
                yield from _equalities(branch)
        elif not name.startswith("$"):
            yield from ((name, value) for value in _pinned(operand))


def _pinned(operand: Any) -> Iterator[Any]:
    if isinstance(operand, Regex):
        return
    if not is_operator_document(operand):
        yield operand
        return
    if "$eq" in operand:
        yield operand["$eq"]
    # An operator over a list of one value means that value.
    for name in ("$in", "$all"):
        only = operand.get(name, ())
        if len(only) == 1 and not isinstance(only[0], Regex) and not is_operator_document(only[0]):
            yield only[0]
