"""The commands about collections, indexes, databases and the server itself."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from typing import Any, Final

import bson
from bson import Binary, Int64

from ming.mim.errors import INDEX_NOT_FOUND, NAMESPACE_NOT_FOUND, CommandError
from ming.mim.filters import compile_filter
from ming.mim.indexes import Index, default_name, same_definition
from ming.mim.requests import Handler, Reply, Request, check_options, cursor_reply, identical_keys
from ming.mim.store import Collection
from ming.mim.values import copied

__all__ = ["CATALOG"]

_ID_INDEX: Final[Mapping[str, Any]] = {"v": 2, "key": {"_id": 1}, "name": "_id_"}
_VERSION: Final = "6.0.0"
_INDEX_OPTIONS: Final = frozenset(
    (
        "2dsphereIndexVersion background bits clustered collation default_language expireAfterSeconds hidden key"
        " language_override max min name ns partialFilterExpression prepareUnique sparse storageEngine"
        " textIndexVersion unique v weights wildcardProjection dropDups bucketSize"
    ).split()
)
_NOTHING: Final[frozenset[str]] = frozenset()


def _existing(request: Request) -> Collection:
    collection = request.collection()
    if collection is None:
        raise CommandError(NAMESPACE_NOT_FOUND, f"ns does not exist: {request.namespace}")
    return collection


# -- indexes ------------------------------------------------------------------------------------------


def _create_indexes(request: Request) -> Reply:
    check_options(request.command, frozenset(("indexes", "commitQuorum")), request.name)
    created = request.collection() is None
    collection = request.database.require(request.collection_name)
    before = len(collection.indexes) + 1
    definitions = request.option("indexes")
    if not isinstance(definitions, list) or not definitions:
        raise CommandError(2, "Must specify at least one index to create")
    for definition in definitions:
        _create_index(request, collection, definition)
    after = len(collection.indexes) + 1
    reply: Reply = {"numIndexesBefore": before, "numIndexesAfter": after, "ok": 1.0}
    if created or before != after:
        reply["createdCollectionAutomatically"] = created
    else:
        reply["note"] = "all indexes already exist"
    return reply


def _create_index(request: Request, collection: Collection, definition: dict[str, Any]) -> None:
    key = definition.get("key")
    if not isinstance(key, dict):
        raise CommandError(9, "The 'key' field is a required property of an index specification")
    definition.setdefault("name", default_name(key))
    if not request.dialect.lenient:
        for option in definition:
            if option not in _INDEX_OPTIONS:
                raise CommandError(
                    197,
                    f"The field '{option}' is not valid for an index specification. Specification: {definition!r}",
                )
    if identical_keys(key, {"_id": 1}):
        return
    index = Index(definition, request.dialect)
    if not _already_there(collection, index):
        collection.add_index(index)


def _already_there(collection: Collection, index: Index) -> bool:
    """Whether the index exists, name and options included; anything close to it is a conflict."""
    requested = index.definition
    for other in collection.indexes.values():
        same = identical_keys(other.key, index.key) and same_definition(other.definition, requested)
        if other.name == index.name:
            if not same:
                raise CommandError(
                    86,
                    f"An existing index has the same name as the requested index: {index.name}, but differs",
                )
            if other.definition.get("expireAfterSeconds") != requested.get("expireAfterSeconds"):
                raise CommandError(85, f"An equivalent index already exists with other options: {index.name}")
            return True
        if same:
            raise CommandError(85, f"Index already exists with a different name: {other.name}")
    return False


def _list_indexes(request: Request) -> Reply:
    check_options(request.command, frozenset(("cursor",)), request.name)
    listed = [{"v": 2, **index.definition} for index in _existing(request).indexes.values()]
    return cursor_reply(request.namespace, [copied(entry) for entry in (dict(_ID_INDEX), *listed)])


def _drop_indexes(request: Request) -> Reply:
    check_options(request.command, frozenset(("index",)), request.name)
    collection = request.collection()
    if collection is None:
        raise CommandError(NAMESPACE_NOT_FOUND, f"ns not found {request.namespace}")
    before = len(collection.indexes) + 1
    wanted = request.option("index", "*")
    reply: Reply = {"nIndexesWas": before, "ok": 1.0}
    if wanted == "*":
        for name in list(collection.indexes):
            collection.drop_index(name)
        reply["msg"] = "non-_id indexes dropped for collection"
    else:
        for name in [
            _named_index(collection, each) for each in (wanted if isinstance(wanted, list) else [wanted])
        ]:
            collection.drop_index(name)
    return reply


def _named_index(collection: Collection, wanted: Any) -> str:
    if isinstance(wanted, dict):
        names = [name for name, index in collection.indexes.items() if identical_keys(index.key, wanted)]
        if identical_keys(wanted, {"_id": 1}):
            wanted = "_id_"
        elif not names:
            raise CommandError(INDEX_NOT_FOUND, f"can't find index with key: {wanted!r}")
        else:
            return names[0]
    if wanted == "_id_":
        raise CommandError(72, "cannot drop _id index")
    if not isinstance(wanted, str) or wanted not in collection.indexes:
        raise CommandError(INDEX_NOT_FOUND, f"index not found with name [{wanted}]")
    return wanted


# -- collections and databases ------------------------------------------------------------------------


def _create(request: Request) -> Reply:
    for option in ("capped", "validator", "viewOn", "timeseries", "clusteredIndex", "encryptedFields"):
        if request.option(option):
            raise NotImplementedError(f"create: {option}")
    check_options(request.command, frozenset(("capped", "validator", "viewOn", "timeseries")), request.name)
    request.database.create(request.collection_name)
    return {"ok": 1.0}


def _drop(request: Request) -> Reply:
    check_options(request.command, _NOTHING, request.name)
    collection = request.collection()
    if collection is None:
        raise CommandError(NAMESPACE_NOT_FOUND, "ns not found")
    request.database.drop(request.collection_name)
    return {"nIndexesWas": len(collection.indexes) + 1, "ns": request.namespace, "ok": 1.0}


def _list_collections(request: Request) -> Reply:
    check_options(
        request.command, frozenset(("filter", "nameOnly", "authorizedCollections", "cursor")), request.name
    )
    listed = [
        _collection_entry(name, collection) for name, collection in request.database.collections.items()
    ]
    matches = compile_filter(request.option("filter", {})).matches
    kept = [entry for entry in listed if matches(entry)]
    if request.option("nameOnly"):
        kept = [{"name": entry["name"], "type": entry["type"]} for entry in kept]
    return cursor_reply(f"{request.database.name}.$cmd.listCollections", kept)


def _collection_entry(name: str, collection: Collection) -> dict[str, Any]:
    return {
        "name": name,
        "type": "collection",
        "options": copied(collection.options),
        "info": {"readOnly": False, "uuid": Binary(collection.uuid.bytes, 4)},
        "idIndex": copied(dict(_ID_INDEX)),
    }


def _list_databases(request: Request) -> Reply:
    check_options(request.command, frozenset(("filter", "nameOnly", "authorizedDatabases")), request.name)
    matches = compile_filter(request.option("filter", {})).matches
    listed = [
        {"name": database.name, "sizeOnDisk": Int64(0), "empty": False}
        for database in request.store.databases()
    ]
    kept = [entry for entry in listed if matches(entry)]
    if request.option("nameOnly"):
        return {"databases": [{"name": entry["name"]} for entry in kept], "ok": 1.0}
    return {"databases": kept, "totalSize": Int64(0), "totalSizeMb": Int64(0), "ok": 1.0}


def _drop_database(request: Request) -> Reply:
    check_options(request.command, _NOTHING, request.name)
    if not request.database.collections:
        return {"ok": 1.0}
    request.database.drop_all()
    return {"dropped": request.database.name, "ok": 1.0}


def _sizes(collections: list[Collection]) -> tuple[int, int]:
    sizes = [len(bson.encode(document)) for collection in collections for _, document in collection]
    return len(sizes), sum(sizes)


def _coll_stats(request: Request) -> Reply:
    check_options(request.command, frozenset(("scale",)), request.name)
    collection = request.collection()
    count, size = _sizes([] if collection is None else [collection])
    indexes = 0 if collection is None else len(collection.indexes) + 1
    stats: Reply = {"ns": request.namespace, "size": size, "count": count}
    if count:
        stats["avgObjSize"] = size // count
    return {**stats, "storageSize": size, "capped": False, "nindexes": indexes, "scaleFactor": 1, "ok": 1.0}


def _db_stats(request: Request) -> Reply:
    check_options(request.command, frozenset(("scale", "freeStorage")), request.name)
    collections = list(request.database.collections.values())
    count, size = _sizes(collections)
    return {
        "db": request.database.name,
        "collections": len(collections),
        "views": 0,
        "objects": count,
        "avgObjSize": size / count if count else 0.0,
        "dataSize": float(size),
        "storageSize": float(size),
        "indexes": sum(len(collection.indexes) + 1 for collection in collections),
        "ok": 1.0,
    }


# -- the server ---------------------------------------------------------------------------------------


def _ping(request: Request) -> Reply:
    return {"ok": 1.0}


def _hello(request: Request) -> Reply:
    return {
        "isWritablePrimary": True,
        "ismaster": True,
        "helloOk": True,
        "maxBsonObjectSize": 16 * 1024 * 1024,
        "maxMessageSizeBytes": 48_000_000,
        "maxWriteBatchSize": 100_000,
        "localTime": request.now(),
        "minWireVersion": 0,
        "maxWireVersion": 17,
        "readOnly": False,
        "ok": 1.0,
    }


def _build_info(request: Request) -> Reply:
    return {
        "version": _VERSION,
        "versionArray": [int(part) for part in _VERSION.split(".")] + [0],
        "gitVersion": "",
        "modules": [],
        "sysInfo": platform.platform(),
        "bits": 64,
        "debug": False,
        "maxBsonObjectSize": 16 * 1024 * 1024,
        "ok": 1.0,
    }


CATALOG: Final[Mapping[str, Handler]] = {
    "createIndexes": _create_indexes,
    "listIndexes": _list_indexes,
    "dropIndexes": _drop_indexes,
    "create": _create,
    "drop": _drop,
    "listCollections": _list_collections,
    "listDatabases": _list_databases,
    "dropDatabase": _drop_database,
    "collStats": _coll_stats,
    "collstats": _coll_stats,
    "dbStats": _db_stats,
    "dbstats": _db_stats,
    "ping": _ping,
    "hello": _hello,
    "isMaster": _hello,
    "ismaster": _hello,
    "buildInfo": _build_info,
    "buildinfo": _build_info,
}
"""Handlers of the commands about what there is."""
