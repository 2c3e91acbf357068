"""The commands about what there is: collections and databases, and the server that has them.

Commands about one collection or its indexes, statistics and administration are in modules of their own;
`CATALOG` has all of them.
"""

from __future__ import annotations

import platform
from collections.abc import Mapping
from typing import Any, Final

from bson import Binary, Int64

from ming.mim.commands.administration import ADMINISTRATION, VERSION
from ming.mim.commands.collection_changes import COLLECTION_CHANGES
from ming.mim.commands.collection_commands import COLLECTION_COMMANDS
from ming.mim.commands.cursors import Results
from ming.mim.commands.index_commands import INDEX_COMMANDS
from ming.mim.commands.paging import cursor_batch_size, cursor_reply
from ming.mim.commands.requests import Handler, Reply, Request, check_options
from ming.mim.commands.statistics import STATISTICS, disk_size
from ming.mim.data.errors import CommandError
from ming.mim.data.options import document
from ming.mim.queries.filters import compile_filter
from ming.mim.storage.index_definitions import id_index
from ming.mim.storage.records import Collection
from ming.mim.storage.view_definitions import listed_view
from ming.mim.storage.views import all_views

__all__ = ["CATALOG"]

# -- collections --------------------------------------------------------------------------------------


def _list_collections(request: Request) -> Reply:
    check_options(
        request.command, frozenset(("filter", "nameOnly", "authorizedCollections", "cursor")), request.name
    )
    described = [_described(collection) for collection in request.database.collections.values()]
    described += map(listed_view, all_views(request.database))
    if request.option("nameOnly"):
        described = [{"name": each["name"], "type": each["type"]} for each in described]
    matches = compile_filter(document(request.command, request.name, "filter") or {}).matches
    return cursor_reply(
        request,
        f"{request.database.name}.$cmd.listCollections",
        Results([each for each in described if matches(each)], ends_known=True),
        cursor_batch_size(request, "listCollections.cursor"),
    )


def _described(collection: Collection) -> dict[str, Any]:
    return {
        "name": collection.name,
        "type": "collection",
        "options": dict(collection.options),
        "info": {"readOnly": False, "uuid": Binary(collection.uuid.bytes, 4)},
        "idIndex": id_index(collection.options),
    }


# -- databases ----------------------------------------------------------------------------------------


def _list_databases(request: Request) -> Reply:
    check_options(request.command, frozenset(("filter", "nameOnly", "authorizedDatabases")), request.name)
    if request.database.name != "admin":
        raise CommandError(13, "listDatabases may only be run against the admin database.")
    matches = compile_filter(document(request.command, request.name, "filter") or {}).matches
    databases = request.store.databases()
    if request.option("nameOnly"):
        named: list[dict[str, Any]] = [{"name": each.name} for each in databases]
        return {"databases": list(filter(matches, named)), "ok": 1.0}
    described = [
        {"name": each.name, "sizeOnDisk": Int64(disk_size(each)), "empty": False} for each in databases
    ]
    kept: list[dict[str, Any]] = list(filter(matches, described))
    total = sum(each["sizeOnDisk"] for each in kept)
    return {"databases": kept, "totalSize": Int64(total), "totalSizeMb": Int64(total >> 20), "ok": 1.0}


_PERMANENT: Final = frozenset(("admin", "config", "local"))


def _drop_database(request: Request) -> Reply:
    check_options(request.command, frozenset(), request.name)
    if request.command["dropDatabase"] != 1:
        raise CommandError(5255100, "Have to pass 1 as 'drop' parameter")
    name = request.database.name
    if name in _PERMANENT:
        raise CommandError(20, f"Dropping the '{name}' database is prohibited.")
    if request.database.collections:
        request.database.drop_all()
    return {"ok": 1.0}


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
        "version": VERSION,
        "versionArray": [int(part) for part in VERSION.split(".")] + [0],
        "gitVersion": "",
        "modules": [],
        "sysInfo": platform.platform(),
        "bits": 64,
        "debug": False,
        "maxBsonObjectSize": 16 * 1024 * 1024,
        "ok": 1.0,
    }


CATALOG: Final[Mapping[str, Handler]] = {
    **INDEX_COMMANDS,
    **COLLECTION_COMMANDS,
    **COLLECTION_CHANGES,
    **STATISTICS,
    **ADMINISTRATION,
    "listCollections": _list_collections,
    "listDatabases": _list_databases,
    "dropDatabase": _drop_database,
    "ping": _ping,
    "hello": _hello,
    "isMaster": _hello,
    "ismaster": _hello,
    "buildInfo": _build_info,
    "buildinfo": _build_info,
}
"""Handlers of the commands about what there is."""
