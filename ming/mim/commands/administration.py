"""The commands about the server itself, as far as applications and tools ask for them."""

from __future__ import annotations

import os
import platform
import socket
from collections.abc import Iterable, Mapping
from typing import Any, Final

from bson import Int64

from ming.mim.commands.requests import Handler, Reply, Request
from ming.mim.data.errors import CommandError

__all__ = ["ADMINISTRATION", "VERSION", "command_lister"]

VERSION: Final = "6.0.0"
"""The version of the server whose answers the engine gives."""

_PARAMETERS: Final[Mapping[str, Any]] = {
    "featureCompatibilityVersion": {"version": "6.0"},
    "authenticationMechanisms": [],
    "enableTestCommands": False,
    "notablescan": False,
    "quiet": False,
    "ttlMonitorEnabled": True,
    "ttlMonitorSleepSecs": 1,
    "logLevel": 0,
    "maxBSONDepth": 200,
    "internalQueryMaxBlockingSortMemoryUsageBytes": 104857600,
    "transactionLifetimeLimitSeconds": 60,
}


def command_lister(names: Iterable[str]) -> Handler:
    """Return the handler of ``listCommands`` for the commands of the given names."""
    listed = sorted(names)

    def list_commands(request: Request) -> Reply:
        def described(name: str) -> Reply:
            return {
                "help": "",
                "requiresAuth": False,
                "secondaryOk": False,
                "adminOnly": name in _ADMIN_ONLY,
                "apiVersions": [],
                "deprecatedApiVersions": [],
            }

        return {"commands": {name: described(name) for name in listed}, "ok": 1.0}

    return list_commands


def _connection_status(request: Request) -> Reply:
    known: dict[str, Any] = {"authenticatedUsers": [], "authenticatedUserRoles": []}
    if request.option("showPrivileges"):
        known["authenticatedUserPrivileges"] = []
    return {"authInfo": known, "ok": 1.0}


def _get_parameter(request: Request) -> Reply:
    wanted = request.command["getParameter"]
    if wanted == "*" or (isinstance(wanted, dict) and wanted.get("allParameters")):
        return {**_PARAMETERS, "ok": 1.0}
    found = {name: _PARAMETERS[name] for name in request.command if name in _PARAMETERS}
    if not found:
        raise CommandError(72, "no option found to get")
    return {**found, "ok": 1.0}


def _host_info(request: Request) -> Reply:
    cores = os.cpu_count() or 1
    system = {
        "currentTime": request.now(),
        "hostname": socket.gethostname(),
        "cpuAddrSize": 64,
        "numCores": cores,
        "cpuArch": platform.machine(),
        "numaEnabled": False,
    }
    described = {"type": platform.system(), "name": platform.platform(), "version": platform.release()}
    return {"system": system, "os": described, "extra": {}, "ok": 1.0}


def _server_status(request: Request) -> Reply:
    collections = [each for database in request.store.databases() for each in database.collections.values()]
    return {
        "host": socket.gethostname(),
        "version": VERSION,
        "process": "mongod",
        "pid": Int64(os.getpid()),
        "localTime": request.now(),
        "catalogStats": {
            "collections": len(collections),
            "capped": sum(each.cap is not None for each in collections),
            "clustered": 0,
            "timeseries": 0,
            "views": 0,
            "internalCollections": 0,
            "internalViews": 0,
        },
        "connections": {"current": 1, "available": 1, "totalCreated": Int64(1), "active": 1},
        "storageEngine": {
            "name": "mim",
            "supportsCommittedReads": True,
            "supportsSnapshotReadConcern": True,
            "readOnly": False,
            "persistent": False,
        },
        "ok": 1.0,
    }


def _default_concerns(request: Request) -> Reply:
    return {
        "defaultReadConcern": {"level": "local"},
        "defaultWriteConcern": {"w": "majority", "wtimeout": 0},
        "defaultWriteConcernSource": "implicit",
        "defaultReadConcernSource": "implicit",
        "localUpdateWallClockTime": request.now(),
        "ok": 1.0,
    }


def _profile(request: Request) -> Reply:
    level = request.command["profile"]
    if level not in (-1, 0):
        raise NotImplementedError("profile: the engine keeps no profile")
    return {"was": 0, "slowms": 100, "sampleRate": 1.0, "ok": 1.0}


def _top(request: Request) -> Reply:
    unused = {"time": Int64(0), "count": Int64(0)}
    kinds = ("total", "readLock", "writeLock", "queries", "getmore", "insert", "update", "remove", "commands")
    namespaces = [
        each.namespace for database in request.store.databases() for each in database.collections.values()
    ]
    totals = {namespace: {kind: dict(unused) for kind in kinds} for namespace in namespaces}
    return {"totals": {"note": "all times in microseconds", **totals}, "ok": 1.0}


def _answering(**fields: Any) -> Handler:
    """Return the handler of a command that always answers the same."""
    return lambda request: {**fields, "ok": 1.0}


def _only_on_admin(handler: Handler) -> Handler:
    def checked(request: Request) -> Reply:
        if request.database.name != "admin":
            raise CommandError(13, f"{request.name} may only be run against the admin database.")
        return handler(request)

    return checked


_ON_ADMIN: Final[Mapping[str, Handler]] = {
    "currentOp": _answering(inprog=[]),
    "fsync": _answering(numFiles=1),
    "getDefaultRWConcern": _default_concerns,
    "getParameter": _get_parameter,
    "killOp": _answering(info="attempting to kill op"),
    "logRotate": _answering(),
    "top": _top,
}
_ANYWHERE: Final[Mapping[str, Handler]] = {
    "connectionStatus": _connection_status,
    "features": _answering(js={"utf8": True}, oidMachine=0),
    "hostInfo": _host_info,
    "lockInfo": _answering(lockInfo=[]),
    "logout": _answering(),
    "planCacheClear": _answering(),
    "profile": _profile,
    "rolesInfo": _answering(roles=[]),
    "serverStatus": _server_status,
    "usersInfo": _answering(users=[]),
}
_ADMIN_ONLY: Final = frozenset(_ON_ADMIN) | {"listDatabases", "renameCollection"}

ADMINISTRATION: Final[Mapping[str, Handler]] = {
    **_ANYWHERE,
    **{name: _only_on_admin(handler) for name, handler in _ON_ADMIN.items()},
}
"""Handlers of the commands about the server."""
