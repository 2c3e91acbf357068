"""Keyset pagination: where a page ends, as a token, and the filter for everything after it. All pure.

A sort is made total by ``_id``. The server sorts values of all types together, and arrays by their least or
greatest item; a comparison in a filter sees values of one type, and any item of an array. So "after" is put as
"neither at nor before", with the types that sort before named (`ming.odm.sort_order`). What is said of a field
bounds an index on it, so a page is read from where the last one ended.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import bson
from bson.codec_options import CodecOptions
from bson.errors import BSONError

from ming.odm.sort_order import UNORDERED, Filter, SortedField

__all__ = ["Order", "Position", "after", "covers", "narrowed", "order_of", "position_of", "token_of"]

Order = tuple[tuple[str, int], ...]
"""Fields and directions of a sort; the last field is ``_id``."""
Position = tuple[list[Any], ...]
"""For each field of an order the values by which a document is sorted: one, but for arrays."""


# -- the order ----------------------------------------------------------------------------------------


def order_of(keys: Any = None, direction: Any = None) -> Order:
    """Return the total order of a sort, with ``_id`` to decide between equals.

    Args:
        keys: What the driver's ``sort`` takes: a name, pairs, names or a mapping; None for no sort.
        direction: The direction, if there is one name.

    Raises:
        ValueError: It sorts by something else than the values of fields.
    """
    found: dict[str, int] = {}
    for name, way in _pairs(keys, direction):
        is_position = any(part.isdigit() for part in name.split("."))
        if name.startswith("$") or is_position or way not in (1, -1):
            raise ValueError(
                f"pages cannot be sorted by {name!r}: {way!r}, only by fields, up (1) or down (-1)"
            )
        found.setdefault(name, int(way))
        if name == "_id":
            # Nothing after it decides anything.
            break
    found.setdefault("_id", [1, *found.values()][-1])
    return tuple(found.items())


def _pairs(keys: Any, direction: Any) -> list[tuple[str, Any]]:
    if keys is None:
        return []
    if isinstance(keys, str):
        return [(keys, 1 if direction is None else direction)]
    if isinstance(keys, Mapping):
        return list(keys.items())
    return [(each, 1) if isinstance(each, str) else (each[0], each[1]) for each in keys]


def covers(projection: Any, order: Order) -> bool:
    """Return whether the documents of a projection show everything that they are sorted by."""
    if not projection:
        return True
    flags = dict(projection) if isinstance(projection, Mapping) else dict.fromkeys(projection, 1)
    if not flags.pop("_id", 1) or any(flag not in (0, 1) for flag in flags.values()):
        return False
    paths = [name for name, _ in order if name != "_id"]
    if any(flags.values()):
        return all(_is_below(path, flags) for path in paths)
    return not any(
        _is_below(path, flags) or _is_below(left_out, [path]) for path in paths for left_out in flags
    )


def _is_below(path: str, names: Iterable[str]) -> bool:
    return any(path == name or path.startswith(f"{name}.") for name in names)


# -- where a page ends --------------------------------------------------------------------------------


def position_of(raw: Mapping[str, Any], order: Order) -> Position:
    """Return where a stored document stands in an order."""
    return tuple(_values_at(raw, name.split(".")) for name, _ in order)


def _values_at(value: Any, path: Sequence[str]) -> list[Any]:
    """The values at a path by which a document is sorted; an array without any stands for itself."""
    if not path:
        items = value if isinstance(value, list) and value else [value]
        return [UNORDERED if isinstance(item, list) and item is not value else item for item in items]
    if isinstance(value, list):
        return [found for item in value or [None] for found in _values_in(item, path)]
    return _values_in(value, path)


def _values_in(value: Any, path: Sequence[str]) -> list[Any]:
    return _values_at(value.get(path[0]), path[1:]) if isinstance(value, Mapping) else [None]


def token_of(position: Position, order: Order, codec: CodecOptions[Any]) -> str:
    """Return a position as a string that can be a part of a URL.

    Args:
        position: The position.
        order: Its order, which is in the token, too.
        codec: How the collection's values are encoded.

    Raises:
        ValueError: A document is there by a value to which a filter cannot compare.
    """
    for (name, way), values in zip(order, position, strict=True):
        SortedField(name, way).check(values)
    content = bson.encode({"sort": dict(order), "at": list(position)}, codec_options=codec)
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode("ascii")


def _position_in(token: str, order: Order, codec: CodecOptions[Any]) -> Position:
    try:
        padded = token + "=" * (-len(token) % 4)
        content: Mapping[str, Any] = bson.decode(
            base64.b64decode(padded, altchars=b"-_", validate=True), codec
        )
        sort, position = dict(content["sort"]), tuple(map(list, content["at"]))
    except (ValueError, TypeError, KeyError, BSONError) as error:
        raise ValueError(f"{token!r} is not the token of a page") from error
    if tuple(sort.items()) != order or len(position) != len(order):
        raise ValueError(f"the token is of pages sorted by {sort}, not by {dict(order)}")
    return position


# -- what comes after it ------------------------------------------------------------------------------


def after(token: str, order: Order, codec: CodecOptions[Any]) -> Filter:
    """Return the filter for what comes after the page that a token ends.

    Args:
        token: The token.
        order: The order of the pages.
        codec: How the collection's values are encoded.

    Raises:
        ValueError: It is no token, or one of pages in another order.
    """
    steps: list[list[Filter]] = []
    same: list[Filter] = []
    for (name, way), values in zip(order, _position_in(token, order, codec), strict=True):
        field = SortedField(name, way)
        field.check(values)
        steps.append([*same, *field.beyond(values)])
        same += field.at(values)
    return {"$or": [{"$and": step} for step in steps]}


def narrowed(query: Mapping[str, Any] | None, condition: Filter) -> Filter:
    """Return a filter with one more condition."""
    return {"$and": [query, condition]} if query else condition
