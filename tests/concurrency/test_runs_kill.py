"""Workers of a bulk run are killed at random moments, and primaries step down, while somebody writes.

At the end all documents are new, each is what it should be, and no increment is lost. ``MING_TEST_FULL=1`` has
60,000 documents and 20 kills for each way of making the hops, rather than a few.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pymongo
import pytest
from harness.bulk import Way, new_person, old_person
from harness.replica_set import ReplicaSet
from harness.stores import MongodStore

import ming

pytestmark = pytest.mark.mongod

HERE = Path(__file__).parent
LIBRARY = Path(ming.__file__ or "").parents[1]
IS_FULL = os.environ.get("MING_TEST_FULL") == "1"
DOCUMENTS, KILLS, RANGE_SIZE = (60_000, 20, 250) if IS_FULL else (4_000, 4, 50)


class Program:
    """One of the programs, running in a process of its own."""

    def __init__(self, *arguments: str) -> None:
        path = os.pathsep.join([str(LIBRARY), str(HERE.parent)])
        self.process = subprocess.Popen(
            [sys.executable, "-W", "error", str(HERE / "run_programs.py"), *arguments],
            env={**os.environ, "PYTHONPATH": path},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def tell(self) -> None:
        """Let the program go on, or stop."""
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def line(self) -> str:
        """The next line it says; empty if it is gone."""
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def result(self) -> Any:
        """What it says in the end."""
        line = "range"
        while line == "range":
            line = self.line()
        assert line, "the program failed"
        result = json.loads(line)
        assert self.process.wait() == 0
        return result

    def kill(self) -> None:
        """End it without a warning."""
        self.process.kill()
        self.process.communicate()


@pytest.fixture
def programs() -> Iterator[list[Program]]:
    started: list[Program] = []
    yield started
    for program in started:
        program.kill()


def start(programs: list[Program], *arguments: str) -> Program:
    program = Program(*arguments)
    programs.append(program)
    assert program.line() == "ready"
    program.tell()
    return program


def assert_nothing_lost(collection: Any, written: dict[str, Any], count: int) -> None:
    """Every document is new, and has exactly the increments that were made."""
    uncertain = {number for number, _ in written["uncertain"]}
    found = {raw["_id"]: raw for raw in collection.find({})}
    assert len(found) == count
    wrong = []
    for number, raw in found.items():
        visits, hits = (written[field].get(str(number), 0) for field in ("visits", "hits"))
        if number in uncertain:
            # An increment whose answer was lost may have been made.
            visits, hits = raw["visits"], raw.get("hits", 0)
        expected = new_person(number, visits, **({"hits": hits} if hits else {}))
        if raw != expected:
            wrong.append((raw, expected))
    assert wrong == []


@pytest.mark.parametrize("way", ["steps", "functions"])
def test_workers_are_killed_while_somebody_writes(
    mongod_uri: str, way: Way, programs: list[Program], rng: random.Random
) -> None:
    store = MongodStore(mongod_uri)
    uri = store.uri()
    with pymongo.MongoClient[dict[str, Any]](uri) as client:
        collection = client.get_default_database()["people"]
        collection.insert_many(map(old_person, range(DOCUMENTS)))
        writer = start(programs, "write", uri, str(DOCUMENTS))
        most = DOCUMENTS // RANGE_SIZE // (2 * KILLS)
        killed_under_way = 0
        for _ in range(KILLS):
            worker = start(programs, "migrate", uri, way, str(RANGE_SIZE))
            for _ in range(rng.randint(1, most)):
                worker.line()
            time.sleep(rng.uniform(0, 0.03))
            worker.kill()
            killed_under_way += bool(collection.count_documents({"_version": 1}, limit=1))
        report = start(programs, "migrate", uri, way, str(RANGE_SIZE)).result()
        writer.tell()
        written = writer.result()
        assert report == {"state": "done", "refused": 0, "left": 0}
        assert killed_under_way == KILLS
        assert written["uncertain"] == []
        assert sum(written["visits"].values()) + sum(written["hits"].values()) > DOCUMENTS // 20
        assert_nothing_lost(collection, written, DOCUMENTS)
    store.drop()


@pytest.mark.parametrize("way", ["steps", "functions"])
def test_control_c_ends_all_workers_and_leaves_no_lease(
    mongod_uri: str, way: Way, programs: list[Program]
) -> None:
    store = MongodStore(mongod_uri)
    uri = store.uri()
    with pymongo.MongoClient[dict[str, Any]](uri) as client:
        database = client.get_default_database()
        database["people"].insert_many(map(old_person, range(DOCUMENTS)))
        worker = start(programs, "migrate", uri, way, str(RANGE_SIZE))
        assert worker.line() == "range"
        worker.process.send_signal(signal.SIGINT)
        assert worker.result() == {"state": "interrupted"}
        assert database["people"].count_documents({"_version": 1}) > 0
        assert database["ming_migrations"].count_documents({"owner": {"$exists": True}}) == 0
        assert start(programs, "migrate", uri, way, str(RANGE_SIZE)).result()["state"] == "done"
        assert database["ming_migrations"].count_documents({"kind": "run"}) == 1
        assert database["people"].count_documents({"_version": 1}) == 0
    store.drop()


@pytest.mark.parametrize("way", ["steps", "functions"])
def test_the_primary_steps_down_during_a_run(
    replica_set: ReplicaSet, way: Way, programs: list[Program]
) -> None:
    uri = replica_set.uri(f"stepping_{way}")
    with pymongo.MongoClient[dict[str, Any]](uri) as client:
        collection = client.get_default_database()["people"]
        collection.insert_many(map(old_person, range(DOCUMENTS)))
        writer = start(programs, "write", uri, str(DOCUMENTS))
        worker = start(programs, "migrate", uri, way, str(RANGE_SIZE))
        for _ in range(2):
            for _ in range(DOCUMENTS // RANGE_SIZE // 8):
                assert worker.line() == "range"
            replica_set.step_down()
        report = worker.result()
        writer.tell()
        written = writer.result()
        assert report == {"state": "done", "refused": 0, "left": 0}
        assert_nothing_lost(collection, written, DOCUMENTS)


@pytest.fixture(scope="module")
def replica_set(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ReplicaSet]:
    """Three servers of their own."""
    made = ReplicaSet(tmp_path_factory.mktemp("replica_set"))
    yield made
    made.stop()
