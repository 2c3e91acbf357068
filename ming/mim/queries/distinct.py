"""The different values of a field among documents, as the command ``distinct`` tells them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ming.mim.data.environment import KeyOf
from ming.mim.data.path import values_along
from ming.mim.data.values import OrderKey, order_key

__all__ = ["distinct_values"]


def distinct_values(
    documents: Iterable[dict[str, Any]], parts: tuple[str, ...], order: KeyOf = order_key
) -> list[Any]:
    """Return the different values at a path, in their order.

    Args:
        documents: The documents.
        parts: The path's parts.
        order: Gives values their places; of those in one place the first is told.
    """
    found: dict[OrderKey, Any] = {}
    for document in documents:
        for value in _values_of(document, parts):
            found.setdefault(order(value), value)
    return [found[key] for key in sorted(found)]


def _values_of(document: dict[str, Any], parts: tuple[str, ...]) -> list[Any]:
    """Return the values at a path and the elements of arrays there, in the order in which ``distinct`` takes
    them."""
    values: list[Any] = []
    for reached in values_along(document, parts):
        if isinstance(reached, list):
            values.extend(reached)
        else:
            values.append(reached)
    return values if len(values) < 2 else sorted(values, key=order_key)
