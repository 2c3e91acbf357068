"""A replica set of three servers, for tests of what happens when the primary is another one."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path
from typing import Any

import pymongo
import pytest
from pymongo.errors import AutoReconnect, ConnectionFailure, OperationFailure

from harness.mongod import START_TIMEOUT, find_mongod, free_port, make_executable

__all__ = ["ReplicaSet"]

_NAME = "ming_three"


class ReplicaSet:
    """Three running servers, one of them primary.

    Args:
        folder: An empty folder for their data and logs.
    """

    def __init__(self, folder: Path) -> None:
        binary = find_mongod()
        if binary is None:
            pytest.skip("no mongod")
        make_executable(binary)
        self.ports = [free_port() for _ in range(3)]
        self._processes = [self._start(binary, folder / str(port), port) for port in self.ports]
        try:
            self._initiate()
        except BaseException:
            self.stop()
            raise

    def uri(self, database: str) -> str:
        """The URI of a database."""
        hosts = ",".join(f"127.0.0.1:{port}" for port in self.ports)
        return f"mongodb://{hosts}/{database}?replicaSet={_NAME}"

    def step_down(self) -> None:
        """Have another server become primary."""
        with pymongo.MongoClient[dict[str, Any]](self.uri("admin")) as client:
            before = self._primary(client)
            deadline = time.monotonic() + START_TIMEOUT
            while True:
                try:
                    client.admin.command("replSetStepDown", 10, secondaryCatchUpPeriodSecs=5)
                    break
                except AutoReconnect:
                    # It closes the connections.
                    break
                except OperationFailure:
                    # No secondary has caught up.
                    if time.monotonic() > deadline:
                        raise
            while self._primary(client) == before:
                time.sleep(0.05)

    def stop(self) -> None:
        """Stop the servers."""
        for process in self._processes:
            process.kill()
        for process in self._processes:
            process.wait()

    @staticmethod
    def _primary(client: pymongo.MongoClient[dict[str, Any]]) -> Any:
        try:
            return client.admin.command("hello").get("primary")
        except ConnectionFailure:
            return None

    def _start(self, binary: Path, folder: Path, port: int) -> subprocess.Popen[bytes]:
        folder.mkdir()
        return subprocess.Popen(
            [
                str(binary),
                *("--bind_ip", "127.0.0.1", "--port", str(port), "--nounixsocket"),
                *("--dbpath", str(folder), "--logpath", str(folder / "mongod.log")),
                *("--replSet", _NAME, "--oplogSize", "64", "--wiredTigerCacheSizeGB", "0.25"),
                *("--setParameter", "diagnosticDataCollectionEnabled=false"),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.STDOUT,
        )

    def _initiate(self) -> None:
        members = [{"_id": number, "host": f"127.0.0.1:{port}"} for number, port in enumerate(self.ports)]
        # Elections that a test asks for are not to take the usual ten seconds.
        settings = {"electionTimeoutMillis": 1000, "heartbeatIntervalMillis": 200}
        config = {"_id": _NAME, "members": members, "settings": settings}
        deadline = time.monotonic() + START_TIMEOUT
        with pymongo.MongoClient[dict[str, Any]](
            "127.0.0.1", self.ports[0], directConnection=True, serverSelectionTimeoutMS=500
        ) as client:
            while True:
                try:
                    client.admin.command("replSetInitiate", config)
                    break
                except (ConnectionFailure, OperationFailure):
                    # Not all of them are listening yet.
                    if time.monotonic() > deadline:
                        raise
                    time.sleep(0.1)
        with pymongo.MongoClient[dict[str, Any]](self.uri("admin")) as client:
            self._wait_for_secondaries(client, deadline)

    def _wait_for_secondaries(self, client: pymongo.MongoClient[dict[str, Any]], deadline: float) -> None:
        while time.monotonic() < deadline:
            states = [member["state"] for member in client.admin.command("replSetGetStatus")["members"]]
            if sorted(states) == [1, 2, 2]:
                return
            time.sleep(0.1)
        raise RuntimeError("the replica set did not come up")
