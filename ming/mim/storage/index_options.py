"""The options of indexes, one by one: which there are, and what the server takes for each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from ming.mim.data.errors import CommandError
from ming.mim.data.options import as_long
from ming.mim.data.rendering import shown
from ming.mim.data.values import is_number, truthy, type_name
from ming.mim.storage.index_keys import check_key_pattern, is_wildcard, kind_of
from ming.mim.storage.partial_filters import check_filter

__all__ = ["INDEX_OPTIONS", "as_is", "invalid_field"]


def invalid_field(name: str, given: Mapping[str, Any], article: str) -> CommandError:
    """Return the error about an option that an index does not have."""
    return CommandError(
        197,
        f"The field '{name}' is not valid for {article} index specification."
        f" Specification: {shown(given, spaced=True)}",
    )


def as_is(name: str, value: Any, given: Mapping[str, Any]) -> Any:
    """Return an option that needs no check."""
    return value


def _must_be(kind: type, wanted: str) -> Callable[[str, Any, Mapping[str, Any]], Any]:
    def check(name: str, value: Any, given: Mapping[str, Any]) -> Any:
        if not isinstance(value, kind):
            raise CommandError(14, f"The field '{name}' must be {wanted}, but got {type_name(value)}")
        return value

    return check


def _key(name: str, value: Any, given: Mapping[str, Any]) -> Any:
    _must_be(dict, "an object")(name, value, given)
    check_key_pattern(value)
    return value


def _flag(name: str, value: Any, given: Mapping[str, Any]) -> bool:
    if not isinstance(value, bool) and not is_number(value):
        # The server forgets a quote.
        raise CommandError(
            14,
            f"The field '{name} has value {name}: {shown(value, spaced=True)}, which is not convertible to bool",
        )
    return truthy(value)


def _hidden(name: str, value: Any, given: Mapping[str, Any]) -> bool:
    if not isinstance(value, bool):
        raise CommandError(14, f"The field 'name' must be a bool, but got {type_name(value)}")
    return value


def _version(name: str, value: Any, given: Mapping[str, Any]) -> int:
    if not is_number(value):
        raise CommandError(14, f"The field 'v' must be a number, but got {type_name(value)}")
    version = as_long(value)
    if version not in (1, 2):
        raise CommandError(
            67,
            f"Invalid index specification {shown(given, spaced=True)}; cannot create an index with v={version}",
        )
    return version


def _collation(name: str, value: Any, given: Mapping[str, Any]) -> Any:
    _must_be(dict, "an object")(name, value, given)
    if not value:
        raise CommandError(2, "The field 'collation' cannot be an empty object.")
    return value


def _only_with(kind: str) -> Callable[[str, Any, Mapping[str, Any]], Any]:
    def check(name: str, value: Any, given: Mapping[str, Any]) -> Any:
        if kind_of(given.get("key", {})) != kind:
            raise CommandError(
                67,
                f"Invalid index specification {shown(given, spaced=True)};"
                f" the field '{name}' can only be specified with {kind} indexes",
            )
        return value

    return check


def _filter(name: str, value: Any, given: Mapping[str, Any]) -> Any:
    _must_be(dict, "an object")(name, value, given)
    check_filter(value)
    return value


def _wildcard_projection(name: str, value: Any, given: Mapping[str, Any]) -> Any:
    if not is_wildcard(given.get("key", {})):
        raise CommandError(2, "The field 'wildcardProjection' is only allowed in an 'wildcard' index")
    _must_be(dict, "a non-empty object")(name, value, given)
    if not value:
        raise CommandError(9, "The 'wildcardProjection' field can't be an empty object")
    return value


def _double(name: str, value: Any, given: Mapping[str, Any]) -> Any:
    return float(str(value)) if is_number(value) else value


INDEX_OPTIONS: Final[Mapping[str, Callable[[str, Any, Mapping[str, Any]], Any]]] = {
    "v": _version,
    "key": _key,
    "name": _must_be(str, "a string"),
    "ns": as_is,
    "background": _flag,
    "unique": _flag,
    "hidden": _hidden,
    "partialFilterExpression": _filter,
    "sparse": _flag,
    "expireAfterSeconds": as_is,
    "storageEngine": as_is,
    "weights": _only_with("text"),
    "default_language": as_is,
    "language_override": as_is,
    "textIndexVersion": as_is,
    "2dsphereIndexVersion": as_is,
    "bits": as_is,
    "min": _double,
    "max": _double,
    "collation": _collation,
    "wildcardProjection": _wildcard_projection,
    "prepareUnique": _flag,
    "clustered": _flag,
    "dropDups": as_is,
}
"""What checks an option, in the order in which options are listed."""
