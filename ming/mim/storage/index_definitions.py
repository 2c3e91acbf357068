"""Definitions of indexes: what the server takes, the form it keeps them in, and the form it lists them in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ming.mim.data.errors import CommandError, error_context
from ming.mim.data.options import as_long
from ming.mim.data.rendering import shown
from ming.mim.data.values import INT32_MAX, is_number, type_name
from ming.mim.storage.index_keys import is_wildcard, kind_of
from ming.mim.storage.index_options import INDEX_OPTIONS, as_is, invalid_field
from ming.mim.storage.partial_filters import check_partial_filter

__all__ = ["ID_INDEX", "equivalent", "id_index", "is_id_key", "kept_definition", "listed_definition"]

Definition = dict[str, Any]

ID_INDEX: Final[Mapping[str, Any]] = {"v": 2, "key": {"_id": 1}, "name": "_id_"}
"""The definition of the index that every collection has, without its collation."""


def id_index(options: Mapping[str, Any]) -> Definition:
    """Return the definition of the index over ``_id`` of a collection with some options."""
    return {**ID_INDEX, **({"collation": options["collation"]} if "collation" in options else {})}


def is_id_key(key: Mapping[str, Any]) -> bool:
    """Whether a key pattern is that of the ``_id`` index."""
    return list(key.items()) == [("_id", 1)]


def kept_definition(
    given: Mapping[str, Any], lenient: bool = False, ignore_unknown: bool = False
) -> Definition:
    """Return the definition of an index as it is kept.

    Args:
        given: As in ``createIndexes``.
        lenient: Keep options that no server knows.
        ignore_unknown: Leave out options that no server knows.

    Raises:
        CommandError: The server would refuse it.
    """
    with error_context(f"Error in specification {shown(given, spaced=True)}"):
        known = {name: given[name] for name in given if name in INDEX_OPTIONS or not ignore_unknown}
        if not lenient:
            for name in known.keys() - INDEX_OPTIONS.keys():
                raise invalid_field(name, given, "an")
        checked = {name: INDEX_OPTIONS.get(name, as_is)(name, value, known) for name, value in known.items()}
        for name in ("key", "name"):
            if name not in checked:
                raise CommandError(9, f"The '{name}' field is a required property of an index specification")
    _check_expiry(checked, given)
    versioned = {**given, "v": given.get("v", 2)}
    if is_id_key(checked["key"]) or _is_backward_id(checked["key"]):
        _check_id_index(checked, versioned)
    elif checked["name"] == "_id_":
        raise CommandError(
            2,
            "The index name '_id_' is reserved for the _id index, which must have key pattern {_id: 1}, found key: "
            + shown(checked["key"], spaced=True),
        )
    if checked["name"] == "*":
        raise CommandError(2, "The index name '*' is not valid.")
    with error_context(f"Error in specification {shown(versioned, spaced=True)}"):
        _check_whole(checked)
    return _ordered(checked)


# -- the definition as a whole ------------------------------------------------------------------------


def _check_expiry(checked: Definition, given: Mapping[str, Any]) -> None:
    if "expireAfterSeconds" not in checked:
        return
    value, end = checked["expireAfterSeconds"], f". Index spec: {shown(given, spaced=True)}"
    if not is_number(value):
        raise CommandError(
            67,
            "TTL index 'expireAfterSeconds' option must be numeric, but received a type of"
            f" '{type_name(value)}'{end}",
        )
    seconds = INT32_MAX if value != value else as_long(value)
    if seconds < 0:
        raise CommandError(67, f"TTL index 'expireAfterSeconds' option cannot be less than 0{end}")
    if seconds > INT32_MAX:
        raise CommandError(
            67,
            "TTL index 'expireAfterSeconds' option must be within an acceptable range, try a lower"
            f" number{end}",
        )
    if len(checked["key"]) > 1:
        raise CommandError(
            67, f"TTL indexes are single-field indexes, compound indexes do not support TTL{end}"
        )
    checked["expireAfterSeconds"] = seconds


def _is_backward_id(key: Mapping[str, Any]) -> bool:
    return list(key.items()) == [("_id", -1)]


def _check_id_index(checked: Definition, versioned: Mapping[str, Any]) -> None:
    if not is_id_key(checked["key"]):
        raise CommandError(
            2,
            f"The field 'key' for an _id index must be {{_id: 1}}, but got {shown(checked['key'], spaced=True)}",
        )
    for name in checked:
        if name not in ("v", "key", "name", "ns", "collation", "clustered") and not (
            name == "unique" and checked.get("clustered")
        ):
            raise invalid_field(name, versioned, "an _id")


def _check_whole(checked: Definition) -> None:
    if not checked["name"]:
        raise CommandError(67, "index name cannot be empty")
    if "\0" in checked["name"]:
        raise CommandError(67, "index name cannot contain NUL bytes")
    engine = checked.get("storageEngine", {"": None})
    if not isinstance(engine, dict):
        raise CommandError(67, '"storageEngine" options must be a document if present')
    if not engine:
        raise CommandError(
            67,
            'Empty "storageEngine" options are invalid. Please remove the field or include valid options.',
        )
    if checked.get("sparse") and "partialFilterExpression" in checked:
        raise CommandError(67, 'cannot mix "partialFilterExpression" and "sparse" options')
    check_partial_filter(checked.get("partialFilterExpression", {}))
    if checked.get("clustered"):
        raise CommandError(
            6243700,
            "Cannot create index with option 'clustered' that does not match an existing clustered index",
        )
    if is_wildcard(checked["key"]):
        for option in ("unique", "sparse"):
            if checked.get(option):
                raise CommandError(67, f"Index type 'wildcard' does not support the {option} option")
        if "expireAfterSeconds" in checked:
            raise CommandError(67, "Index type 'wildcard' cannot be a TTL index")


_FORGOTTEN: Final = frozenset(("ns", "dropDups"))
_ONLY_IF_TRUE: Final = ("unique", "hidden", "prepareUnique")


def _ordered(checked: Definition) -> Definition:
    """Put the options in the order they are kept in, and leave out those that mean nothing."""
    kept: Definition = {"v": checked.get("v", 2)}
    kept |= {name: True for name in ("unique", "prepareUnique") if checked.get(name)}
    kept |= {"key": checked["key"], "name": checked["name"]}
    for name, value in checked.items():
        if name in _FORGOTTEN or (name in _ONLY_IF_TRUE and not value):
            continue
        if name != "collation" or value.get("locale") != "simple":
            kept.setdefault(name, value)
    return kept


# -- kept definitions ---------------------------------------------------------------------------------


def listed_definition(kept: Mapping[str, Any], lenient: bool = False) -> Definition:
    """Return a kept definition as ``listIndexes`` lists it; if lenient, with nothing but what was given."""
    full = dict(kept) if lenient else _in_full(kept)
    unknown = [name for name in full if name not in INDEX_OPTIONS]
    return {name: full[name] for name in (*INDEX_OPTIONS, *unknown) if name in full}


def _in_full(kept: Mapping[str, Any]) -> Definition:
    """Return a definition with what its kind of index adds to it."""
    kind = kind_of(kept["key"])
    if kind == "2dsphere":
        return {"2dsphereIndexVersion": 3, **kept}
    if kind != "text":
        return dict(kept)
    weights = {field: 1 for field, direction in kept["key"].items() if direction == "text"}
    weights |= kept.get("weights", {})
    defaults = {"default_language": "english", "language_override": "language", "textIndexVersion": 3}
    return {
        **defaults,
        **kept,
        "key": _text_key(kept["key"]),
        "weights": {field: weights[field] for field in sorted(weights)},
    }


def _text_key(key: Mapping[str, Any]) -> dict[str, Any]:
    """Replace the text fields of a key pattern by the one key they make."""
    replaced: dict[str, Any] = {}
    for field, direction in key.items():
        replaced |= {"_fts": "text", "_ftsx": 1} if direction == "text" else {field: direction}
    return replaced


_IDENTIFYING: Final = ("key", "unique", "sparse", "partialFilterExpression", "collation")
_COMPARED: Final = ("expireAfterSeconds", "storageEngine", "prepareUnique", "weights", "wildcardProjection")


def equivalent(left: Mapping[str, Any], right: Mapping[str, Any], in_all_options: bool = False) -> bool:
    """Whether two definitions describe one index, names apart.

    Args:
        left: One listed definition.
        right: Another.
        in_all_options: Whether options count that do not make indexes different ones.
    """
    names = _IDENTIFYING + _COMPARED if in_all_options else _IDENTIFYING
    return all(_alike(left.get(name), right.get(name)) for name in names)


def _alike(left: Any, right: Any) -> bool:
    if isinstance(left, dict) and isinstance(right, dict):
        return list(left) == list(right) and all(_alike(left[name], right[name]) for name in left)
    if isinstance(left, bool) or isinstance(right, bool):
        return bool(left) == bool(right)
    return bool(left == right)
