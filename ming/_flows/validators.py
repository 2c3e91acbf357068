"""Giving a collection the validator of its class, without taking anybody else's away."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from pymongo.errors import OperationFailure

from ming._base_manager import BaseManager
from ming._flows.commands import RunCommand
from ming._types import Flow
from ming.evolve.validator import is_own
from ming.exc import MingConfigError

__all__ = ["Action", "Level", "ValidatorSync", "sync_validator"]

Level = Literal["off", "moderate", "strict"]
Action = Literal["warn", "error"]

_CHOICES: Final[Mapping[str, tuple[str, ...]]] = {
    "level": ("off", "moderate", "strict"),
    "action": ("warn", "error"),
}
_NAMESPACE_EXISTS: Final = 48


@dataclass(frozen=True)
class ValidatorSync:
    """What `sync_validator` did."""

    collection: str
    change: Literal["created", "changed", "unchanged"]
    """Whether the collection was created with the validator, was changed, or had it already."""
    before: Mapping[str, Any]
    """The collection's validator before; empty if it had none."""
    validator: Mapping[str, Any]
    """Its validator now."""


def sync_validator(
    manager: BaseManager[Any], level: Level, action: Action, replace: bool
) -> Flow[ValidatorSync]:
    """Have the server check the documents of a class's collection; see `Session.sync_validator`."""
    _check_choices(level=level, action=action)
    name = manager.collection_name
    if name is None:
        raise MingConfigError(f"{manager.cls.__name__} names no collection")
    validator = manager.validator()
    wanted: dict[str, Any] = {"validator": validator, "validationLevel": level, "validationAction": action}
    options = yield from _options(name)
    if options is None:
        try:
            yield from RunCommand({"create": name, **wanted})
            return ValidatorSync(name, "created", {}, validator)
        except OperationFailure as error:
            # Somebody else created it in this moment.
            if error.code != _NAMESPACE_EXISTS:
                raise
        options = (yield from _options(name)) or {}
    before: Mapping[str, Any] = options.get("validator", {})
    if before and not (replace or is_own(before)):
        raise MingConfigError(
            f"{name!r} has a validator that ming did not make, or that was changed since: {before!r}; "
            "replace=True puts the one of the class in its place"
        )
    if all(options.get(option) == value for option, value in wanted.items()):
        return ValidatorSync(name, "unchanged", before, before)
    yield from RunCommand({"collMod": name, **wanted})
    return ValidatorSync(name, "changed", before, validator)


def _check_choices(**given: str) -> None:
    for argument, value in given.items():
        if value not in _CHOICES[argument]:
            raise ValueError(f"{argument}={value!r}, expected one of {', '.join(_CHOICES[argument])}")


def _options(name: str) -> Flow[dict[str, Any] | None]:
    """The options of a collection, None if it does not exist."""
    reply = yield from RunCommand({"listCollections": 1, "filter": {"name": name}})
    found = reply["cursor"]["firstBatch"]
    return found[0].get("options", {}) if found else None
