"""The commands about indexes: createIndexes, listIndexes, dropIndexes."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any, Final

from ming.mim.commands.cursors import Results
from ming.mim.commands.paging import cursor_batch_size, cursor_reply
from ming.mim.commands.requests import Handler, Reply, Request, check_options
from ming.mim.data.collation import SIMPLE, Collation
from ming.mim.data.errors import INDEX_NOT_FOUND, NAMESPACE_NOT_FOUND, CommandError, error_context
from ming.mim.data.options import as_long, required, wrong_type
from ming.mim.data.rendering import shown
from ming.mim.data.values import is_number
from ming.mim.plans.hints import identical_keys
from ming.mim.storage.index_collations import collated_definition
from ming.mim.storage.index_definitions import (
    Definition,
    equivalent,
    id_index,
    is_id_key,
    kept_definition,
    listed_definition,
)
from ming.mim.storage.indexes import Index
from ming.mim.storage.records import Collection

__all__ = ["INDEX_COMMANDS", "listed_indexes"]

_MOST: Final = 64
_MOST_FIELDS: Final = 32
_MOST_MEMBERS: Final = 50


def listed_indexes(request: Request, collection: Collection) -> list[Definition]:
    """Return the definitions of a collection's indexes as they are listed."""
    return [
        id_index(collection.options),
        *(_listed(request, index.definition) for index in collection.indexes.values()),
    ]


def _listed(request: Request, definition: Mapping[str, Any]) -> Definition:
    return listed_definition(definition, request.dialect.lenient)


# -- createIndexes ------------------------------------------------------------------------------------


def _create_indexes(request: Request) -> Reply:
    known = frozenset(("indexes", "commitQuorum", "ignoreUnknownIndexOptions"))
    check_options(request.command, known, request.name)
    collection = request.collection()
    created = collection is None
    quorum = _quorum(request)
    wanted = _wanted(request, SIMPLE if collection is None else collection.collation)
    fresh = [index for index in wanted if collection is None or not _exists(request, collection, index)]
    _check_number(request.namespace, collection, fresh)
    collection = collection if collection is not None else request.database.create(request.collection_name)
    before = len(collection.indexes) + 1
    if fresh:
        _build(request, collection, fresh)
    reply: Reply = {"numIndexesBefore": before, "numIndexesAfter": len(collection.indexes) + 1}
    if created or fresh:
        reply |= {"createdCollectionAutomatically": created, "commitQuorum": quorum}
    if len(fresh) < len(request.command["indexes"]):
        reply["note"] = "index already exists" if fresh else "all indexes already exist"
    return {**reply, "ok": 1.0}


def _wanted(request: Request, inherited: Collation) -> list[Index]:
    """Return the indexes the command asks for, those over ``_id`` apart.

    Args:
        request: The command.
        inherited: The collation of indexes that name none.
    """
    given = required(request.command, request.name, "indexes")
    if not isinstance(given, list):
        raise wrong_type("createIndexes.indexes", given, "array")
    if not given:
        raise CommandError(2, "Must specify at least one index to create")
    for at, definition in enumerate(given):
        if not isinstance(definition, dict):
            raise wrong_type(f"createIndexes.indexes.{at}", definition, "object")
    ignore = bool(request.option("ignoreUnknownIndexOptions"))
    kept = [
        collated_definition(
            kept_definition(definition, request.dialect.lenient, ignore), definition, inherited
        )
        for definition in given
    ]
    return [Index(definition, request.dialect) for definition in kept if not is_id_key(definition["key"])]


def _quorum(request: Request) -> Any:
    """Return how many members of a replica set must have built the indexes: there is one."""
    quorum = request.option("commitQuorum", "votingMembers")
    if isinstance(quorum, str):
        if quorum not in ("votingMembers", "majority"):
            raise CommandError(
                79, f"No write concern mode named '{quorum}' found in replica set configuration"
            )
    elif not is_number(quorum):
        raise wrong_type("createIndexes.commitQuorum", quorum, "long", "int", "decimal", "double", "string")
    elif not 0 <= as_long(quorum) <= _MOST_MEMBERS:
        raise CommandError(
            9, f"commitQuorum has to be a non-negative number and not greater than {_MOST_MEMBERS}"
        )
    elif as_long(quorum) > 1:
        raise CommandError(278, "Not enough data-bearing nodes to satisfy commit quorum")
    return quorum


def _exists(request: Request, collection: Collection, index: Index) -> bool:
    """Whether a collection has an index, name and options included.

    Raises:
        CommandError: It has one that is too close to it.
    """
    if collection.options.get("capped") and index.expires_after is not None:
        raise CommandError(67, "Cannot create TTL index on a capped collection")
    # A conflict of names comes before all others.
    others = sorted(collection.indexes.values(), key=lambda other: other.name != index.name)
    return any(_is_same(request, index, other) for other in others)


def _is_same(request: Request, index: Index, other: Index) -> bool:
    requested, existing = _listed(request, index.definition), _listed(request, other.definition)
    both = (
        f"Requested index: {shown(_spelled_out(request, index), spaced=True)},"
        f" existing index: {shown(_spelled_out(request, other), spaced=True)}"
    )
    if not equivalent(requested, existing):
        if index.name != other.name:
            return False
        raise CommandError(
            86,
            "An existing index has the same name as the requested index. When index names are not specified, they"
            " are auto generated and can cause conflicts. Please refer to our documentation. " + both,
        )
    exactly = equivalent(requested, existing, in_all_options=True)
    if index.name != other.name:
        if exactly:
            raise CommandError(85, f"Index already exists with a different name: {other.name}")
        raise CommandError(
            85, f"An equivalent index already exists with a different name and options. {both}"
        )
    if not exactly:
        raise CommandError(
            85, f"An equivalent index already exists with the same name but different options. {both}"
        )
    return True


def _spelled_out(request: Request, index: Index) -> Definition:
    """Return the definition of an index as messages about conflicts show it."""
    listed = _listed(request, index.definition)
    return {**{name: listed[name] for name in index.definition}, **listed}


def _check_number(namespace: str, collection: Collection | None, fresh: list[Index]) -> None:
    present = 1 if collection is None else len(collection.indexes) + 1
    if present + len(fresh) > _MOST:
        key = shown(fresh[_MOST - present].key, spaced=True)
        refused = CommandError(67, f"add index fails, too many indexes for {namespace} key:{key}")
        if collection is None or present == _MOST:
            raise refused
        with _building(collection):
            raise refused
    if any(len(index.key) > _MOST_FIELDS for index in fresh):
        raise CommandError(13103, "too many compound keys")


def _build(request: Request, collection: Collection, fresh: list[Index]) -> None:
    with _building(collection):
        for at, index in enumerate(fresh):
            _check_hashed(index)
            if any(_is_same(request, index, other) for other in fresh[:at]):
                raise CommandError(
                    96, "Cannot build two identical indexes. Try again without duplicate indexes."
                )
        collection.add_indexes(fresh)


def _building(collection: Collection) -> AbstractContextManager[None]:
    """Name the build of an index in front of what is refused in it."""
    return error_context(
        f"Index build failed: {uuid.uuid4()}: Collection {collection.namespace} ( {collection.uuid} )"
    )


def _check_hashed(index: Index) -> None:
    hashed = list(index.key.values()).count("hashed")
    if hashed > 1:
        raise CommandError(
            31303,
            f"A maximum of one index field is allowed to be hashed but found {hashed} for 'key'"
            f" {shown(index.key, spaced=True)}",
        )
    if hashed and index.unique:
        raise CommandError(
            16764, "Currently hashed indexes cannot guarantee uniqueness. Use a regular index."
        )


# -- listIndexes, dropIndexes -------------------------------------------------------------------------


def _list_indexes(request: Request) -> Reply:
    check_options(request.command, frozenset(("cursor",)), request.name)
    collection = request.collection()
    if collection is None:
        raise CommandError(NAMESPACE_NOT_FOUND, f"ns does not exist: {request.namespace}")
    results = Results(listed_indexes(request, collection), ends_known=True)
    return cursor_reply(request, request.namespace, results, cursor_batch_size(request, "listIndexes.cursor"))


def _drop_indexes(request: Request) -> Reply:
    check_options(request.command, frozenset(("index",)), request.name)
    wanted = _to_drop(request)
    collection = request.collection()
    if collection is None:
        raise CommandError(NAMESPACE_NOT_FOUND, f"ns not found {request.namespace}")
    reply: Reply = {"nIndexesWas": len(collection.indexes) + 1}
    if wanted == "*":
        names = list(collection.indexes)
        reply["msg"] = "non-_id indexes dropped for collection"
    else:
        each = wanted if isinstance(wanted, list) else [wanted]
        names = [_named_index(request, collection, one) for one in each]
    for name in names:
        collection.drop_index(name)
    return {**reply, "ok": 1.0}


def _to_drop(request: Request) -> Any:
    if "index" not in request.command:
        raise CommandError(40414, "BSON field 'dropIndexes.index' is missing but a required field")
    wanted = request.command["index"]
    if isinstance(wanted, list):
        if not all(isinstance(name, str) for name in wanted):
            raise CommandError(
                14, "BSON field 'dropIndexes.index' is the wrong type 'array', expected types '[string']"
            )
    elif not isinstance(wanted, str | dict):
        raise wrong_type("dropIndexes.index", wanted, "string", "object")
    return wanted


def _named_index(request: Request, collection: Collection, wanted: str | dict[str, Any]) -> str:
    """Return the name of the index to drop, given by name or by key."""
    if wanted == "_id_" or (isinstance(wanted, dict) and is_id_key(wanted)):
        raise CommandError(72, "cannot drop _id index")
    if isinstance(wanted, str):
        if wanted not in collection.indexes:
            raise CommandError(INDEX_NOT_FOUND, f"index not found with name [{wanted}]")
        return wanted
    found = [
        index
        for index in collection.indexes.values()
        if identical_keys(_listed(request, index.definition)["key"], wanted)
    ]
    if not found:
        raise CommandError(INDEX_NOT_FOUND, f"can't find index with key: {shown(wanted, spaced=True)}")
    if len(found) > 1:
        described = ", ".join(shown(_spelled_out(request, index), spaced=True) for index in found)
        raise CommandError(
            181,
            f"{len(found)} indexes found for key: {shown(wanted, spaced=True)}, identify by name instead."
            f" Conflicting indexes: {described}",
        )
    return found[0].name


INDEX_COMMANDS: Final[Mapping[str, Handler]] = {
    "createIndexes": _create_indexes,
    "listIndexes": _list_indexes,
    "dropIndexes": _drop_indexes,
    "deleteIndexes": _drop_indexes,
}
"""Handlers of the commands about indexes."""
