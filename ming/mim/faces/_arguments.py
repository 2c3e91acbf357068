"""Checks and conversions of the arguments that the driver's methods take.

Both faces accept what PyMongo accepts and refuse the rest with its exceptions; `ming.mim.faces._commands`
puts the converted values into commands. Pure functions.
"""

from __future__ import annotations

from collections.abc import Collection, ItemsView, Iterable, Mapping, MutableMapping, Sequence
from typing import Any, TypeAlias

from bson.raw_bson import RawBSONDocument
from pymongo import ASCENDING
from pymongo.collation import Collation

__all__ = [
    "IndexKeys",
    "Pipeline",
    "Projection",
    "check_document",
    "check_replacement",
    "check_update",
    "checked_bool",
    "checked_int",
    "checked_mapping",
    "collation_document",
    "hint_value",
    "key_document",
    "key_pairs",
    "known_options",
    "pipeline_stages",
    "projection_document",
]

IndexKeys: TypeAlias = str | Sequence[Any] | Mapping[str, Any]
"""What sorts, hints and indexes are written as: a name, pairs of field and direction, or a mapping."""
Projection: TypeAlias = Mapping[str, Any] | Iterable[str]
"""Fields to return: names, or a mapping of names to 1, 0 or an operator."""
Pipeline: TypeAlias = Sequence[Mapping[str, Any]]
"""Stages of an aggregation, or of an update."""


def known_options(method: str, options: Mapping[str, Any], known: Collection[str]) -> None:
    """Refuse options outside the known ones.

    Raises:
        TypeError: As Python words it for an unexpected keyword argument.
    """
    for name in options:
        if name not in known:
            raise TypeError(f"{method}() got an unexpected keyword argument {name!r}")


def checked_mapping(name: str, value: Any) -> Mapping[str, Any]:
    """Return a mapping, or raise TypeError."""
    if not isinstance(value, Mapping):
        raise TypeError(f"{name} must be a mapping such as a dict, not {type(value)}")
    return value


def checked_bool(name: str, value: Any) -> bool:
    """Return a bool, or raise TypeError."""
    if not isinstance(value, bool):
        raise TypeError(f"{name} must be True or False, was: {name}={value!r}")
    return value


def checked_int(name: str, value: Any, least: int | None = None) -> int:
    """Return an int that is at least ``least``; raise TypeError or ValueError."""
    if not isinstance(value, int):
        raise TypeError(f"{name} must be an instance of int, not {type(value)}")
    if least is not None and value < least:
        raise ValueError(f"{name} must be >= {least}")
    return value


def check_document(document: Any) -> None:
    """Refuse what cannot be inserted, with TypeError."""
    if not isinstance(document, MutableMapping | RawBSONDocument):
        raise TypeError(
            "document must be an instance of dict, bson.son.SON, bson.raw_bson.RawBSONDocument, or a type that "
            f"inherits from collections.MutableMapping, not {type(document)}"
        )


def check_update(update: Any) -> None:
    """Refuse updates that are neither operators nor a pipeline."""
    if update.__class__ is not dict and not isinstance(update, Mapping | list):
        raise TypeError(f"update must be a mapping or a list of pipeline stages, not {type(update)}")
    if not update:
        raise ValueError("update cannot be empty")
    if isinstance(update, Mapping) and not next(iter(update)).startswith("$"):
        raise ValueError("update only works with $ operators")


def check_replacement(replacement: Any) -> None:
    """Refuse replacements that hold an update operator."""
    checked_mapping("replacement", replacement)
    if any(key.startswith("$") for key in replacement):
        raise ValueError("replacement can not include $ operators")


def key_pairs(keys: IndexKeys, direction: Any = None) -> list[tuple[str, Any]]:
    """Return pairs of field and direction for any way of writing index keys or a sort."""
    if direction is not None:
        if not isinstance(keys, str):
            raise TypeError(f"Expected a string and a direction, not {type(keys)}")
        return [(keys, direction)]
    if isinstance(keys, str):
        return [(keys, ASCENDING)]
    if isinstance(keys, Mapping):
        return list(keys.items())
    if not isinstance(keys, list | tuple | ItemsView):
        raise TypeError(f"if no direction is specified, keys must be a list, not {type(keys)}")
    return [(item, ASCENDING) if isinstance(item, str) else tuple(item) for item in keys]


def key_document(keys: IndexKeys) -> dict[str, Any]:
    """Return pairs or a mapping of field and direction as a document; a bare name is refused."""
    if isinstance(keys, str):
        raise TypeError(f"must use a dictionary or a list of (key, direction) pairs, not: {keys!r}")
    pairs = key_pairs(keys)
    if not pairs:
        raise ValueError("key_or_list must not be empty")
    for field, direction in pairs:
        if not isinstance(field, str):
            raise TypeError(f"first item in each key pair must be an instance of str, not {type(field)}")
        if not isinstance(direction, str | int | float | Mapping):
            raise TypeError(
                f"second item in each key pair must be a direction or index kind, not {direction!r}"
            )
    return dict(pairs)


def hint_value(hint: IndexKeys | None) -> str | dict[str, Any] | None:
    """Return a hint as commands take it: an index name or a key document."""
    return hint if hint is None or isinstance(hint, str) else key_document(hint)


def projection_document(projection: Projection | None) -> Mapping[str, Any] | None:
    """Return a projection as a mapping; names are included, an empty one means every field."""
    if projection is None or isinstance(projection, Mapping):
        return projection or None
    if isinstance(projection, str | bytes) or not isinstance(projection, Iterable):
        raise TypeError(f"projection must be a list of field names or a mapping, not {type(projection)}")
    names = list(projection)
    for name in names:
        if not isinstance(name, str):
            raise TypeError(
                f"projection must be a list of field names, each an instance of str, not {name!r}"
            )
    return dict.fromkeys(names, 1) or None


def collation_document(collation: Mapping[str, Any] | Collation | None) -> Mapping[str, Any] | None:
    """Return a collation as a document."""
    if isinstance(collation, Collation):
        return collation.document
    if collation is None or isinstance(collation, Mapping):
        return collation
    raise TypeError("collation must be a dict, an instance of collation.Collation, or None")


def pipeline_stages(pipeline: Any) -> list[Any]:
    """Return an aggregation pipeline as a list of stages."""
    if not isinstance(pipeline, list | tuple):
        raise TypeError(f"pipeline must be a list, not {type(pipeline)}")
    return list(pipeline)
