"""Names and descriptions of indexes, in Ming's form and in the driver's.

The engine keeps indexes as a server does. Ming's in-memory engine names them by their fields alone, and
describes them by the options they were given.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

__all__ = ["automatic_name", "described", "driver_name", "information"]

_ID_INDEX: Final = "_id_"
_NOT_AN_OPTION: Final = frozenset(("v", "ns", "name", "key"))


def driver_name(keys: Mapping[str, Any]) -> str:
    """Return the name the driver gives to an index over these fields and directions."""
    return "_".join(f"{field}_{direction}" for field, direction in keys.items())


def automatic_name(keys: Mapping[str, Any], stored: Sequence[Mapping[str, Any]], lenient: bool) -> str:
    """Return the name of an index created without one.

    Args:
        keys: Its fields and directions.
        stored: The indexes there are.
        lenient: Join the field names, unless an index over other keys has that name already.
    """
    full = driver_name(keys)
    if not lenient:
        return full
    for spec in stored:
        if list(spec["key"].items()) == list(keys.items()):
            return str(spec["name"])
    short = "_".join(keys)
    return full if short in (spec["name"] for spec in stored) else short


def described(stored: Iterable[dict[str, Any]], lenient: bool) -> list[dict[str, Any]]:
    """Return what ``list_indexes`` lists.

    Args:
        stored: The engine's descriptions.
        lenient: Leave out the ``_id`` index, and everything that is not an option as given.
    """
    if not lenient:
        return list(stored)
    return [_options(spec) for spec in stored if spec["name"] != _ID_INDEX]


def information(stored: Iterable[dict[str, Any]], lenient: bool) -> dict[str, dict[str, Any]]:
    """Return what ``index_information`` answers: descriptions by name, keys as lists of pairs."""
    entries = {}
    for spec in stored:
        if lenient and spec["name"] == _ID_INDEX:
            continue
        entry = (
            _options(spec) if lenient else {name: spec[name] for name in spec if name not in ("ns", "name")}
        )
        entries[str(spec["name"])] = {**entry, "key": list(spec["key"].items())}
    return entries


def _options(spec: Mapping[str, Any]) -> dict[str, Any]:
    options = {name: value for name, value in spec.items() if name not in _NOT_AN_OPTION}
    # Callers that say unique=False mean no more than those that say nothing.
    if not options.get("unique"):
        options.pop("unique", None)
    return {"key": spec["key"], **options}
