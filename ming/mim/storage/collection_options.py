"""The options of collections: what ``create`` takes, and the form they are kept and listed in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from ming.mim.data.collation import SIMPLE, read_collation
from ming.mim.data.errors import CommandError
from ming.mim.data.options import document, enumerated, flag, whole
from ming.mim.data.rendering import shown
from ming.mim.data.values import order_key
from ming.mim.storage.capped import UNLIMITED, rounded_size
from ming.mim.storage.validators import ACTIONS, LEVELS, Validator

__all__ = ["OPTIONS", "check_validator", "kept_options"]

Options = dict[str, Any]

_LARGEST_CAP: Final = 2**50


def kept_options(command: Mapping[str, Any], namespace: str) -> Options:
    """Return the options of a collection to be created, in the form they are kept in.

    Args:
        command: The ``create`` command.
        namespace: The collection's full name.

    Raises:
        CommandError: The server would refuse an option.
        NotImplementedError: An option is not built yet.
    """
    for name in _UNBUILT:
        if command.get(name):
            raise NotImplementedError(f"create: {name}")
    if flag(command, "create", "autoIndexId") is False:
        raise CommandError(
            50001,
            f"autoIndexId:false is not allowed for collection {namespace} because it can be replicated",
        )
    if command.get("temp"):
        raise CommandError(72, "the 'temp' field is an invalid option")
    if "expireAfterSeconds" in command:
        raise CommandError(
            72,
            "'expireAfterSeconds' is only supported on time-series collections or when the 'clusteredIndex'"
            " option is specified",
        )
    if "pipeline" in command:
        raise CommandError(72, "'pipeline' requires 'viewOn' to also be specified")
    _check_id_index(command)
    kept = _cap(command)
    for name, keep in OPTIONS.items():
        value = keep(command, name)
        if value is not None:
            kept[name] = value
    check_validator(kept)
    return kept


def check_validator(options: Mapping[str, Any]) -> None:
    """Refuse options with a validator that the server would refuse, even one that is off.

    Raises:
        CommandError: They have one.
    """
    if "validator" in options:
        Validator(options["validator"], order_key, *_DEFAULTS)


_DEFAULTS: Final = ("strict", "error")


def _cap(command: Mapping[str, Any]) -> Options:
    capped = flag(command, "create", "capped")
    size = whole(command, "create", "size", least=1, most=_LARGEST_CAP)
    most = whole(command, "create", "max")
    if most is not None and most > UNLIMITED:
        raise CommandError(51024, f"BSON field 'max' value must be < {UNLIMITED + 1}, actual value '{most}'")
    if not capped:
        if size is not None or most is not None:
            raise CommandError(
                72, "the 'capped' field needs to be true when either the 'size' or 'max' fields are present"
            )
        return {}
    if size is None:
        raise CommandError(72, "the 'size' field is required when 'capped' is true")
    kept: Options = {"capped": True, "size": rounded_size(size)}
    return kept if most is None else {**kept, "max": most if most > 0 else UNLIMITED}


def _check_id_index(command: Mapping[str, Any]) -> None:
    given = document(command, "create", "idIndex")
    if given is not None and list(given.get("key", {}).items()) != [("_id", 1)]:
        key = shown(given.get("key"), spaced=True)
        raise CommandError(2, f"The field 'key' for an _id index must be {{_id: 1}}, but got {key}")


# -- options kept as they are -------------------------------------------------------------------------


def _true(command: Mapping[str, Any], name: str) -> bool | None:
    return flag(command, "create", name) or None


def _enabled(command: Mapping[str, Any], name: str) -> Any:
    given = document(command, "create", name)
    if given is None:
        return None
    return {"enabled": True} if flag(given, f"create.{name}", "enabled") else None


def _storage_engine(command: Mapping[str, Any], name: str) -> Any:
    given = document(command, "create", name)
    for engine in given or ():
        if engine != "wiredTiger":
            raise CommandError(72, f"{engine} is not a registered storage engine for this server")
    return given


def _index_defaults(command: Mapping[str, Any], name: str) -> Any:
    given = document(command, "create", name)
    for option in given or ():
        if option != "storageEngine":
            raise CommandError(40415, f"BSON field 'create.{name}.{option}' is an unknown field.")
    return given


def _not_empty(command: Mapping[str, Any], name: str) -> Any:
    return document(command, "create", name) or None


def _one_of(known: tuple[str, ...]) -> Callable[[Mapping[str, Any], str], Any]:
    return lambda command, name: enumerated(command, "create", name, known)


def _collation(command: Mapping[str, Any], name: str) -> Any:
    given = document(command, "create", name)
    collation = SIMPLE if given is None else read_collation(given, "create.collation")
    return None if collation.is_simple else dict(collation.document)


OPTIONS: Final[Mapping[str, Callable[[Mapping[str, Any], str], Any]]] = {
    "autoIndexId": _true,
    "recordPreImages": _true,
    "changeStreamPreAndPostImages": _enabled,
    "storageEngine": _storage_engine,
    "indexOptionDefaults": _index_defaults,
    "validator": _not_empty,
    "validationLevel": _one_of(LEVELS),
    "validationAction": _one_of(ACTIONS),
    "collation": _collation,
}
"""What checks an option and gives the value to keep, None for nothing; in the order they are listed in."""
_UNBUILT: Final = ("timeseries", "clusteredIndex", "encryptedFields")
