"""The command ``collMod``: other options for a collection or for one of its indexes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from bson import Int64

from ming.mim.commands.requests import Handler, Reply, Request, check_options
from ming.mim.data.errors import INDEX_NOT_FOUND, NAMESPACE_NOT_FOUND, CommandError, error_context
from ming.mim.data.options import document, enumerated, flag, text, whole
from ming.mim.data.rendering import shown
from ming.mim.data.values import INT32_MAX, order_key
from ming.mim.plans.hints import identical_keys
from ming.mim.storage.capped import UNLIMITED, rounded_size
from ming.mim.storage.collection_options import check_validator
from ming.mim.storage.index_definitions import is_id_key
from ming.mim.storage.indexes import Index
from ming.mim.storage.records import Collection
from ming.mim.storage.validators import ACTIONS, LEVELS

__all__ = ["COLLECTION_CHANGES"]

_KNOWN: Final = frozenset(
    (
        "index validator validationLevel validationAction cappedSize cappedMax expireAfterSeconds"
        " changeStreamPreAndPostImages recordPreImages viewOn pipeline timeseries dryRun"
    ).split()
)
_LARGEST_CAP: Final = 2**50


def _coll_mod(request: Request) -> Reply:
    check_options(request.command, _KNOWN, request.name)
    collection = request.collection()
    if collection is None:
        raise CommandError(NAMESPACE_NOT_FOUND, "ns does not exist")
    _check_scope(request)
    options = _changed_options(request, collection)
    change = _index_change(request, collection)
    done = change.apply(dry_run=bool(request.option("dryRun"))) if change is not None else {}
    if options != collection.options:
        collection.set_options(options)
    return {**done, "ok": 1.0}


def _check_scope(request: Request) -> None:
    """Refuse options that ordinary collections do not have."""
    command = request.command
    for name in ("pipeline", "viewOn"):
        if name in command:
            raise CommandError(72, f"option only supported on a view: {name}")
    if "timeseries" in command:
        raise CommandError(72, "option only supported on a time-series collection: isTimeseriesNamespace")
    if "expireAfterSeconds" in command:
        raise CommandError(
            72, "'expireAfterSeconds' option is only supported on collections clustered by _id"
        )
    if command.get("dryRun"):
        wanted = command.get("index")
        if not wanted:
            raise CommandError(72, "dry run mode requires an valid index modification.")
        if not wanted.get("unique"):
            raise CommandError(72, "dry run mode requires an index modification with unique: true.")


# -- options of the collection ------------------------------------------------------------------------


def _changed_options(request: Request, collection: Collection) -> dict[str, Any]:
    command, options = request.command, dict(collection.options)
    changes = {**_cap_changes(request, collection), **_validation_changes(command, options)}
    images = document(command, "collMod", "changeStreamPreAndPostImages")
    if images is not None:
        changes["changeStreamPreAndPostImages"] = {"enabled": True} if images.get("enabled") else None
    records = flag(command, "collMod", "recordPreImages")
    if records is not None:
        changes["recordPreImages"] = records or None
    options = {**options, **changes}
    return {name: options[name] for name in sorted(options, key=_rank) if options[name] is not None}


def _rank(option: str) -> int:
    return _LISTED.index(option) if option in _LISTED else 0


_LISTED: Final = (
    "capped size max recordPreImages changeStreamPreAndPostImages storageEngine indexOptionDefaults validator"
    " validationLevel validationAction collation"
).split()
"""Options in the order they are listed in."""


def _cap_changes(request: Request, collection: Collection) -> dict[str, Any]:
    size = whole(request.command, "collMod", "cappedSize", least=1, most=_LARGEST_CAP)
    most = whole(request.command, "collMod", "cappedMax", most=INT32_MAX)
    changes: dict[str, Any] = {}
    if size is not None:
        changes["size"] = rounded_size(size)
    if most is not None:
        changes["max"] = most if most > 0 else UNLIMITED
    if changes and not collection.options.get("capped"):
        raise CommandError(72, "Collection must be capped.")
    return changes


def _validation_changes(command: Mapping[str, Any], options: Mapping[str, Any]) -> dict[str, Any]:
    validator = document(command, "collMod", "validator")
    level = enumerated(command, "collMod", "validationLevel", LEVELS)
    action = enumerated(command, "collMod", "validationAction", ACTIONS)
    if validator is None and level is None and action is None:
        return {}
    changes: dict[str, Any] = {
        "validationLevel": level or options.get("validationLevel", "strict"),
        "validationAction": action or options.get("validationAction", "error"),
    }
    if validator is not None:
        with error_context("Parsing of collection validator failed"):
            check_validator({"validator": validator})
        changes["validator"] = validator or None
    return changes


# -- an index -----------------------------------------------------------------------------------------

_INDEX_OPTIONS: Final = frozenset(
    "name keyPattern expireAfterSeconds hidden unique prepareUnique forceNonUnique".split()
)


def _index_change(request: Request, collection: Collection) -> _IndexChange | None:
    given = document(request.command, "collMod", "index")
    if given is None:
        return None
    check_options(given, _INDEX_OPTIONS, "collMod.index")
    wanted = _IndexChange(request, collection, given)
    wanted.check()
    return wanted


class _IndexChange:
    """What the command asks of one index."""

    def __init__(self, request: Request, collection: Collection, given: Mapping[str, Any]) -> None:
        self._request = request
        self._collection = collection
        self._given = given
        self._expiry = whole(given, "collMod.index", "expireAfterSeconds")
        self._flags = {
            name: flag(given, "collMod.index", name)
            for name in ("hidden", "unique", "prepareUnique", "forceNonUnique")
        }

    def check(self) -> None:
        """Refuse what the server would refuse."""
        name = text(self._given, "collMod.index", "name")
        key = document(self._given, "collMod.index", "keyPattern")
        if name is None and key is None:
            raise CommandError(72, "Must specify either index name or key pattern.")
        if name is not None and key is not None:
            raise CommandError(72, "Cannot specify both key pattern and name.")
        if self._expiry is None and all(value is None for value in self._flags.values()):
            raise CommandError(72, "no expireAfterSeconds, hidden, unique, or prepareUnique field")
        if name == "_id_" or (key is not None and is_id_key(key)):
            if self._expiry is not None:
                raise CommandError(72, "the _id field does not support TTL indexes")
            if self._flags["hidden"] is not None:
                raise CommandError(2, "can't hide _id index")
        self._index = self._found(name, key)
        self._check_expiry()
        self._check_uniqueness()

    def _found(self, name: str | None, key: Mapping[str, Any] | None) -> Index:
        for index in self._collection.indexes.values():
            if index.name == name or (key is not None and identical_keys(index.key, key)):
                return index
        described = name if key is None else shown(key, spaced=True)
        raise CommandError(
            INDEX_NOT_FOUND, f"cannot find index {described} for ns {self._collection.namespace}"
        )

    def _check_expiry(self) -> None:
        if self._expiry is None:
            return
        if self._expiry < 0:
            raise CommandError(72, "TTL index 'expireAfterSeconds' option cannot be less than 0")
        if len(self._index.key) > 1:
            raise CommandError(
                72, "TTL indexes are single-field indexes, compound indexes do not support TTL"
            )
        if self._collection.options.get("capped"):
            raise CommandError(72, "TTL indexes are not supported for capped collections.")
        self._expiry = min(self._expiry, INT32_MAX)

    def _check_uniqueness(self) -> None:
        unique = self._flags["unique"]
        if unique is None:
            return
        if self._flags["forceNonUnique"]:
            raise CommandError(
                72, "collMod does not support 'unique' and 'forceNonUnique' options at the same time"
            )
        if not unique:
            raise CommandError(2, "Cannot make index non-unique")
        if not self._index.unique and not self._index.definition.get("prepareUnique"):
            raise CommandError(
                72, "Cannot make index unique with 'prepareUnique=false'. Run collMod to set it first."
            )

    def apply(self, dry_run: bool) -> Reply:
        """Change the index and return what the reply tells of it.

        Args:
            dry_run: Only look whether it could be changed.

        Raises:
            CommandError: Documents share keys that were to be unique.
        """
        definition = dict(self._index.definition)
        done = {
            **self._changed_expiry(definition),
            **self._changed_flag(definition, "hidden"),
            **self._made_unique(definition),
            **self._changed_flag(definition, "prepareUnique"),
        }
        if self._flags["forceNonUnique"] and definition.pop("unique", False):
            done["forceNonUnique_new"] = True
        if done and not dry_run:
            self._collection.alter_index(Index(_in_order(definition), self._request.dialect))
        return {} if dry_run else done

    def _changed_expiry(self, definition: dict[str, Any]) -> Reply:
        if self._expiry is None:
            return {}
        before = definition.get("expireAfterSeconds")
        definition["expireAfterSeconds"] = self._expiry
        done = {"expireAfterSeconds_new": Int64(self._expiry)}
        return done if before is None else {"expireAfterSeconds_old": Int64(before), **done}

    def _changed_flag(self, definition: dict[str, Any], name: str) -> Reply:
        after, before = self._flags[name], bool(definition.get(name, False))
        if after is None or after == before or (name == "prepareUnique" and definition.get("unique")):
            return {}
        definition.pop(name, None)
        if after:
            definition[name] = True
        return {f"{name}_old": before, f"{name}_new": after}

    def _made_unique(self, definition: dict[str, Any]) -> Reply:
        if not self._flags["unique"] or self._index.unique:
            return {}
        shared = self._index.shared()
        if shared:
            raise CommandError(
                359,
                "Cannot convert the index to unique. Please resolve conflicting documents before running collMod"
                " again.",
                details={"violations": [{"ids": ids} for ids in self._ids(shared)]},
            )
        definition.pop("prepareUnique", None)
        definition["unique"] = True
        return {"unique_new": True}

    def _ids(self, shared: list[set[int]]) -> list[list[Any]]:
        documents = dict(iter(self._collection))
        groups = [sorted((documents[each]["_id"] for each in records), key=order_key) for records in shared]
        return sorted(groups, key=lambda ids: order_key(ids))


def _in_order(definition: Mapping[str, Any]) -> dict[str, Any]:
    """Return a definition with its options where they are kept."""
    first = {name: definition[name] for name in ("v", "unique", "prepareUnique") if name in definition}
    return {**first, **definition}


COLLECTION_CHANGES: Final[Mapping[str, Handler]] = {"collMod": _coll_mod}
"""Handler of the command."""
