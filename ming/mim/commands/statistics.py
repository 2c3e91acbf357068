"""The commands that measure and check what is stored: collStats, dbStats, dataSize, validate, dbHash.

Sizes of documents are those of their BSON; what a server would need on disk is an estimate.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from ming.mim.commands.requests import Handler, Reply, Request
from ming.mim.data.errors import NAMESPACE_NOT_FOUND, CommandError
from ming.mim.data.keys import key_values
from ming.mim.data.limits import document_size
from ming.mim.data.names import split_namespace
from ming.mim.data.options import whole
from ming.mim.data.path import parts_of
from ming.mim.data.values import is_number, order_key
from ming.mim.storage.index_definitions import ID_INDEX
from ming.mim.storage.records import Collection
from ming.mim.storage.store import Database
from ming.mim.storage.views import all_views, find_view

__all__ = ["STATISTICS", "disk_size"]

Document = dict[str, Any]

_PAGE: Final = 4096


def _pages(size: int) -> int:
    """Return the bytes of the whole pages that a number of bytes needs, at least one."""
    return max(-(-size // _PAGE), 1) * _PAGE


def _data_size(collection: Collection) -> int:
    return sum(document_size(document) for _, document in collection)


def disk_size(database: Database) -> int:
    """Return about how many bytes a database would need on disk."""
    collections = database.collections.values()
    return sum(_pages(_data_size(each)) + _PAGE * (len(each.indexes) + 1) for each in collections)


# -- collStats, dbStats -------------------------------------------------------------------------------


def _coll_stats(request: Request) -> Reply:
    scale = whole(request.command, "collStats", "scale", least=1) or 1
    collection = request.collection()
    if collection is None:
        nothing = dict.fromkeys(("size", "count", "numOrphanDocs", "storageSize", "totalSize"), 0)
        rest = {"nindexes": 0, "totalIndexSize": 0, "indexSizes": {}, "scaleFactor": scale}
        return {"ns": request.namespace, **nothing, **rest, "ok": 1.0}
    size, count = _data_size(collection), len(collection)
    names = [ID_INDEX["name"], *collection.indexes]
    stats: Reply = {"ns": request.namespace, "size": size // scale, "count": count}
    if count:
        stats["avgObjSize"] = size // count
    stats |= {"numOrphanDocs": 0, "storageSize": _pages(size) // scale, "freeStorageSize": 0}
    return {
        **stats,
        **_cap_stats(collection, scale),
        "nindexes": len(names),
        "indexBuilds": [],
        "totalIndexSize": len(names) * _PAGE // scale,
        "totalSize": (_pages(size) + len(names) * _PAGE) // scale,
        "indexSizes": dict.fromkeys(names, _PAGE // scale),
        "scaleFactor": scale,
        "ok": 1.0,
    }


def _cap_stats(collection: Collection, scale: int) -> Reply:
    options = collection.options
    if not options.get("capped"):
        return {"capped": False}
    return {"capped": True, "max": options.get("max", 0), "maxSize": options["size"] // scale}


_FREE: Final = ("freeStorageSize", "indexFreeStorageSize", "totalFreeStorageSize")


def _db_stats(request: Request) -> Reply:
    given = request.option("scale", 1)
    if not is_number(given):
        raise CommandError(8, "scale has to be a number > 0")
    scale = int(float(str(given)))
    if scale <= 0:
        raise CommandError(8, "scale has to be > 0")
    collections = list(request.database.collections.values())
    count, size = sum(map(len, collections)), sum(map(_data_size, collections))
    indexes = sum(len(each.indexes) + 1 for each in collections)
    storage = sum(_pages(_data_size(each)) for each in collections)
    stats: Reply = {
        "db": request.database.name,
        "collections": len(collections),
        "views": len(all_views(request.database)),
        "objects": count,
        "avgObjSize": size / count if count else 0.0,
        "dataSize": size / scale,
        "storageSize": storage / scale,
        "indexes": indexes,
        "indexSize": indexes * _PAGE / scale,
        "totalSize": (storage + indexes * _PAGE) / scale,
        **(dict.fromkeys(_FREE, 0.0) if request.option("freeStorage") else {}),
        "scaleFactor": float(scale),
        "fsUsedSize": 0.0,
        "fsTotalSize": 0.0,
    }
    if not collections:
        stats = {name: value if isinstance(value, str) else 0 for name, value in stats.items()}
        stats["scaleFactor"] = scale
    return {**stats, "ok": 1.0}


# -- dataSize -----------------------------------------------------------------------------------------


def _data_size_command(request: Request) -> Reply:
    named = split_namespace(request.target)
    if named is None:
        raise CommandError(73, f"Invalid namespace specified '{request.target}'")
    low, high = request.option("min"), request.option("max")
    if (low is None) != (high is None):
        given, missing = ("min", "max") if high is None else ("max", "min")
        raise CommandError(2, f"{missing} must be set if {given} is set")
    collection = request.store.database(named[0]).get(named[1])
    if find_view(request.store.database(named[0]), named[1]) is not None:
        raise CommandError(166, f"Namespace {'.'.join(named)} is a view, not a collection")
    if collection is None:
        return {"size": 0, "numObjects": 0, "millis": 0, "ok": 1.0}
    documents: Iterable[Document] = (document for _, document in collection)
    if low is not None and high is not None:
        documents = _between(documents, low, high)
    return {"estimate": bool(request.option("estimate", False)), **_measured(request, documents), "ok": 1.0}


def _between(documents: Iterable[Document], low: Document, high: Document) -> Iterable[Document]:
    """Yield the documents with a key from ``low`` up to, but without, ``high``."""
    paths = [parts_of(field) for field in low]
    first, last = (tuple(map(order_key, bound.values())) for bound in (low, high))
    for document in documents:
        if any(first <= tuple(map(order_key, keys)) < last for keys in key_values(document, paths)):
            yield document


def _measured(request: Request, documents: Iterable[Document]) -> Reply:
    most_bytes = whole(request.command, request.name, "maxSize")
    most = whole(request.command, request.name, "maxObjects")
    size = count = 0
    for document in documents:
        size, count = size + document_size(document), count + 1
        if (most_bytes and size > most_bytes) or (most and count > most):
            return {"maxReached": True, "size": size, "numObjects": count, "millis": 0}
    return {"size": size, "numObjects": count, "millis": 0}


# -- validate -----------------------------------------------------------------------------------------


def _validate(request: Request) -> Reply:
    if find_view(request.database, request.collection_name) is not None:
        raise CommandError(166, "Cannot validate a view")
    collection = request.collection()
    if collection is None:
        raise CommandError(
            NAMESPACE_NOT_FOUND, f"Collection '{request.namespace}' does not exist to validate."
        )
    background, full = request.option("background", False), request.option("full", False)
    if background and full:
        raise CommandError(
            72,
            "Running the validate command with both { background: true } and { full: true } is not supported.",
        )
    if request.option("repair"):
        raise CommandError(
            72, "Running the validate command with { repair: true } can only be performed in standalone mode."
        )
    found = {} if request.option("metadata") else _contents(request, collection)
    told = [_BROKEN] if found.get("nNonCompliantDocuments") else []
    warned = collection.options.get("validationAction") == "warn"
    broken = bool(told) and not warned
    return {
        "ns": request.namespace,
        **found,
        "valid": not broken,
        "repaired": False,
        "warnings": told if warned else [],
        "errors": [] if warned else told,
        "extraIndexEntries": [],
        "missingIndexEntries": [],
        "corruptRecords": [],
        **({"advice": _ADVICE} if broken else {}),
        "ok": 1.0,
    }


_BROKEN: Final = (
    "Detected one or more documents not compliant with the collection's schema."
    " Check logs for log id 5363500."
)
_ADVICE: Final = (
    "A corrupt namespace has been detected."
    " See http://dochub.mongodb.org/core/data-recovery for recovery steps."
)


def _contents(request: Request, collection: Collection) -> Reply:
    """Count records and keys; records and indexes cannot disagree in memory."""
    validator = collection.validator
    documents = [document for _, document in collection]
    broken = 0 if validator is None else sum(not validator.accepts(each, request.now) for each in documents)
    keys: dict[str, int] = {}
    if not broken or collection.options.get("validationAction") == "warn":
        keys[ID_INDEX["name"]] = len(documents)
        for name, index in collection.indexes.items():
            keys[name] = sum(len(index.entries(document)) for document in documents)
    return {
        "nInvalidDocuments": 0,
        "nNonCompliantDocuments": broken,
        "nrecords": len(documents),
        "nIndexes": len(keys),
        "keysPerIndex": keys,
        "indexDetails": {name: {"valid": True} for name in keys},
    }


STATISTICS: Final[Mapping[str, Handler]] = {
    "collStats": _coll_stats,
    "collstats": _coll_stats,
    "dbStats": _db_stats,
    "dbstats": _db_stats,
    "dataSize": _data_size_command,
    "datasize": _data_size_command,
    "validate": _validate,
}
"""Handlers of the commands that measure."""
