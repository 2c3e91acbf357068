"""Programs edit the same mapped objects at the same time, and flush many at once: nothing is lost."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pymongo
import pytest
from harness.stores import MongodStore

import ming

pytestmark = pytest.mark.mongod

HERE = Path(__file__).parent
LIBRARY = Path(ming.__file__ or "").parents[1]
PAGES = 100
ROUNDS = 100
"""Of each of two programs: 10,000 edits each."""


class Pages:
    """Stored pages, and two programs that edit them."""

    def __init__(self, uri: str) -> None:
        self.uri = uri
        self.client = pymongo.MongoClient[dict[str, Any]](uri)
        self.stored = self.client.get_default_database()["pages"]
        self.stored.insert_many(
            [{"_id": number, "one": 0, "two": 0, "tags": [], "unknown": 1} for number in range(PAGES)]
        )

    def edit(self, **fields: str) -> None:
        """Have programs edit a field each, by their names; each has to meet the other's edits."""
        with ExitStack() as stack:
            programs = [stack.enter_context(self._program(name, field)) for name, field in fields.items()]
            for program in programs:
                assert _line(program) == "ready"
            for program in programs:
                assert program.stdin is not None
                program.stdin.write("go\n")
                program.stdin.flush()
            for program in programs:
                done = json.loads(_line(program))
                assert done["edits"] == PAGES * ROUNDS
                assert done["seen"] > 0
                assert program.wait() == 0

    def _program(self, name: str, field: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [
                sys.executable,
                "-W",
                "error",
                str(HERE / "odm_programs.py"),
                self.uri,
                name,
                field,
                str(ROUNDS),
            ],
            env={**os.environ, "PYTHONPATH": str(LIBRARY)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )


def _line(program: subprocess.Popen[str]) -> str:
    assert program.stdout is not None
    line = program.stdout.readline().strip()
    assert line, "the program failed"
    return line


@pytest.fixture
def pages(mongod_uri: str) -> Iterator[Pages]:
    store = MongodStore(mongod_uri)
    made = Pages(store.uri())
    yield made
    made.client.close()
    store.drop()


def test_different_fields_of_the_same_objects(pages: Pages) -> None:
    """No flush sets a field back that it did not change, not even the value its object was read with."""
    with ExitStack() as stack:
        changes = stack.enter_context(pages.stored.watch([{"$match": {"operationType": "update"}}]))
        pages.edit(first="one", second="two")
        values: dict[tuple[int, str], list[int]] = {}
        for _ in range(2 * PAGES * ROUNDS):
            change = next(changes)
            for field, value in change["updateDescription"]["updatedFields"].items():
                values.setdefault((change["documentKey"]["_id"], field), []).append(value)
    assert values == {
        (number, field): [*range(1, ROUNDS + 1)] for number in range(PAGES) for field in ("one", "two")
    }
    for raw in pages.stored.find({}):
        assert (raw["one"], raw["two"], raw["unknown"], raw["tags"]) == (ROUNDS, ROUNDS, 1, [])


def test_the_same_lists_of_the_same_objects(pages: Pages) -> None:
    """Items that are appended are there once each, in the order of each program."""
    pages.edit(first="tags", second="tags")
    for raw in pages.stored.find({}):
        for name in ("first", "second"):
            found = [tag for tag in raw["tags"] if tag.startswith(f"{name}-")]
            assert found == [f"{name}-{number}" for number in range(ROUNDS)]
        assert len(raw["tags"]) == 2 * ROUNDS
