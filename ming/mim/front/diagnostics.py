"""The commands about the connection and the process, which shells and drivers send on their way in.

They belong to the wire protocol (`ming.mim.front.serving`); in the process itself nobody needs them.
"""

from __future__ import annotations

import os
import platform
import socket
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any, Final

from bson import Int64, ObjectId

from ming.mim.data.errors import CommandError
from ming.mim.data.limits import LARGEST
from ming.mim.front.wire import MAX_MESSAGE

__all__ = ["DIAGNOSTICS", "Client", "Diagnosis", "Member"]

Document = dict[str, Any]

_SET_NAME: Final = "mim"


class Member:
    """The process as the only member of a replica set."""

    def __init__(self) -> None:
        self.election = ObjectId()
        self._started = time.monotonic()

    @property
    def uptime(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self._started


@dataclass(frozen=True)
class Client:
    """Who is at the other end of a connection.

    Args:
        number: The connection's number.
        local: Host and port that the client connected to, which are the member's as this client sees it.
        peer: Host and port of the client.
    """

    number: int
    local: str
    peer: str


Diagnosis = Callable[[Member, Client, Document], Document]


def _hello(member: Member, client: Client, command: Document) -> Document:
    role = "isWritablePrimary" if "hello" in command else "ismaster"
    return {
        **({"helloOk": True} if command.get("helloOk") else {}),
        "hosts": [client.local],
        "setName": _SET_NAME,
        "setVersion": 1,
        role: True,
        "secondary": False,
        "primary": client.local,
        "me": client.local,
        "electionId": member.election,
        "maxBsonObjectSize": LARGEST,
        "maxMessageSizeBytes": MAX_MESSAGE,
        "maxWriteBatchSize": 100_000,
        "localTime": _now(),
        "logicalSessionTimeoutMinutes": 30,
        "connectionId": client.number,
        "minWireVersion": 0,
        "maxWireVersion": 17,
        "readOnly": False,
        "ok": 1.0,
    }


def _now() -> datetime:
    return datetime.now(timezone.utc)


# -- authentication -----------------------------------------------------------------------------------


def _refuse_authentication(member: Member, client: Client, command: Document) -> Document:
    name = next(iter(command))
    raise CommandError(18, f"{name}: there are no users here; connect without user name and password")


def _connection_status(member: Member, client: Client, command: Document) -> Document:
    kinds = ["authenticatedUsers", "authenticatedUserRoles"]
    if command.get("showPrivileges"):
        kinds.append("authenticatedUserPrivileges")
    return {"authInfo": {kind: [] for kind in kinds}, "ok": 1.0}


def _whats_my_uri(member: Member, client: Client, command: Document) -> Document:
    return {"you": client.peer, "ok": 1.0}


# -- the process --------------------------------------------------------------------------------------


def _get_log(member: Member, client: Client, command: Document) -> Document:
    name = command["getLog"]
    names = ["global", "startupWarnings"]
    if name == "*":
        return {"names": names, "ok": 1.0}
    if name not in names:
        raise CommandError(96, f"No log named '{name}'")
    return {"totalLinesWritten": 0, "log": [], "ok": 1.0}


def _get_command_line(member: Member, client: Client, command: Document) -> Document:
    return {"argv": list(sys.argv), "parsed": {}, "ok": 1.0}


_PARAMETERS: Final[Mapping[str, Any]] = {
    "authenticationMechanisms": [],
    "featureCompatibilityVersion": {"version": "6.0"},
}


def _get_parameter(member: Member, client: Client, command: Document) -> Document:
    wanted = _PARAMETERS if command["getParameter"] == "*" else command
    found = {name: value for name, value in _PARAMETERS.items() if name in wanted}
    if not found:
        return {"ok": 0.0, "errmsg": "no option found to get"}
    return {**found, "ok": 1.0}


def _host_info(member: Member, client: Client, command: Document) -> Document:
    return {
        "system": {
            "currentTime": _now(),
            "hostname": socket.gethostname(),
            "cpuAddrSize": 64 if sys.maxsize > 2**32 else 32,
            "numCores": os.cpu_count() or 1,
            "cpuArch": platform.machine(),
            "numaEnabled": False,
        },
        "os": {"type": platform.system(), "name": platform.platform(), "version": platform.release()},
        "extra": {},
        "ok": 1.0,
    }


def _server_status(member: Member, client: Client, command: Document) -> Document:
    return {
        "host": client.local,
        "version": "6.0.0",
        "process": "ming.mim",
        "pid": Int64(os.getpid()),
        "uptime": member.uptime,
        "uptimeMillis": Int64(member.uptime * 1000),
        "localTime": _now(),
        "repl": _hello(member, client, {"hello": 1}),
        "storageEngine": {"name": "mim", "readOnly": False},
        "ok": 1.0,
    }


def _no_such_command(member: Member, client: Client, command: Document) -> Document:
    raise CommandError(59, f"no such command: '{next(iter(command))}'")


DIAGNOSTICS: Final[Mapping[str, Diagnosis]] = {
    "hello": _hello,
    "isMaster": _hello,
    "ismaster": _hello,
    "authenticate": _refuse_authentication,
    "saslStart": _refuse_authentication,
    "saslContinue": _refuse_authentication,
    "logout": _refuse_authentication,
    "connectionStatus": _connection_status,
    "whatsmyuri": _whats_my_uri,
    "getLog": _get_log,
    "getCmdLineOpts": _get_command_line,
    "getParameter": _get_parameter,
    "hostInfo": _host_info,
    "serverStatus": _server_status,
    "atlasVersion": _no_such_command,
    "isdbgrid": _no_such_command,
}
"""What answers a command, by its name."""
