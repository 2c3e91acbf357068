"""The programs of the tests of bulk runs: ``python run_programs.py ROLE ARGUMENTS``, a line per event.

Each says ``ready``, waits for a line on its input, and works.
"""

from __future__ import annotations

import json
import random
import sys
import threading
from collections import Counter
from typing import Any

import pymongo
from harness.bulk import Way, people
from pymongo.errors import PyMongoError

from ming import Session, create_datastore


def say(word: str) -> None:
    # In one piece: several workers speak.
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


def wait_for_start() -> None:
    say("ready")
    sys.stdin.readline()


def migrate(uri: str, way: Way, range_size: str) -> None:
    """Take part in the run, and say ``range`` after each; at the end, what the report says, or how it ended."""
    session = Session(create_datastore(uri))
    cls = people(session, way)
    wait_for_start()
    try:
        report = cls.m.migrate(
            range_size=int(range_size), lease=1.0, workers=2, progress=lambda progress: say("range")
        )
    except KeyboardInterrupt:
        say(json.dumps({"state": "interrupted"}))
        return
    say(json.dumps({"state": report.state, "refused": report.refused_count, "left": report.left}))


def write(uri: str, count: str) -> None:
    """Until told to stop, count in a declared and in an undeclared field; then say what was counted.

    It knows nothing of versions. An increment whose answer was lost is not repeated, so it is marked as
    uncertain.
    """
    with pymongo.MongoClient[dict[str, Any]](uri, retryWrites=False) as client:
        collection = client.get_default_database()["people"]
        wait_for_start()
        done: dict[str, Any] = {"visits": Counter(), "hits": Counter(), "uncertain": []}
        choose = random.Random(count)
        stopping = _Stopping()
        while not stopping.is_asked:
            number, field = choose.randrange(int(count)), choose.choice(["visits", "hits"])
            try:
                assert collection.update_one({"_id": number}, {"$inc": {field: 1}}).matched_count == 1
            except PyMongoError:
                done["uncertain"].append([number, field])
            else:
                done[field][number] += 1
    say(json.dumps(done))


class _Stopping:
    """Whether another line has come."""

    def __init__(self) -> None:
        self.is_asked = False
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        sys.stdin.readline()
        self.is_asked = True


if __name__ == "__main__":
    {"migrate": migrate, "write": write}[sys.argv[1]](*sys.argv[2:])
