"""Old programs write while new ones read, save and migrate, under every policy: nothing is lost.

Environment:

``MING_TEST_WRITES``
    How many changes the old programs make in each test; 12,800 are the full number.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pymongo
import pytest
from harness.programs import Program
from harness.stores import MongodStore

pytestmark = pytest.mark.mongod

PROGRAMS = Path(__file__).parent / "write_back_programs.py"
WRITERS = 4
CHANGES = int(os.environ.get("MING_TEST_WRITES", "800")) // WRITERS
"""Of each writer."""


class Wiki:
    """A database of pages, and the programs that work on it."""

    def __init__(self, uri: str) -> None:
        self.uri = uri
        self.client = pymongo.MongoClient[dict[str, Any]](uri)
        self.pages = self.client.get_default_database()["pages"]
        self.writers: list[Any] = []
        self.savers: list[Any] = []
        self.migrators: list[Any] = []

    def run(self, policy: str, kind: str) -> None:
        """Have four writers work against two migrators and two savers."""
        with ExitStack() as stack:

            def program(*arguments: str) -> Program:
                return stack.enter_context(Program(PROGRAMS, *arguments))

            writers = [program("write", self.uri, str(number), str(CHANGES)) for number in range(WRITERS)]
            savers = [
                program("save", self.uri, "saver0", policy, kind, "title"),
                program("save", self.uri, "saver1", policy, kind, "tags"),
            ]
            migrators = [program("migrate", self.uri, policy, kind) for _ in range(2)]
            together = [*writers, *savers, *migrators]
            for each in together:
                each.expect("ready")
            for each in together:
                each.start()
            self.writers = [each.result() for each in writers]
            self.client.get_default_database()["words"].insert_one({"_id": "over"})
            self.savers = [each.result() for each in savers]
            self.migrators = [each.result() for each in migrators]

    def expected(self) -> dict[int, Any]:
        """By page, what writers and savers did, as they tell."""
        pages: dict[int, Any] = {
            writer * 1_000_000 + number * 4: {"tags": Counter(["first"]), "views": 0, "hits": 0}
            for writer, done in enumerate(self.writers)
            for number in range(done["pages"])
        }
        for done in self.writers:
            for tag, page_id in done["tags"].items():
                pages[page_id]["tags"][tag] += 1
            for field in ("views", "hits"):
                for page_id, count in done[field].items():
                    pages[int(page_id)][field] += count
        for page_id in self.savers[1]["saved"]:
            pages[page_id]["tags"][f"saver1-{page_id}"] += 1
        return pages

    def found(self) -> dict[int, Any]:
        """By page, what is stored of that."""
        return {
            raw["_id"]: {
                "tags": Counter(raw.get("metadata", raw)["tags"]),
                "views": raw.get("statistics", raw)["views"],
                "hits": raw["hits"],
            }
            for raw in self.pages.find({})
        }


@pytest.fixture
def wiki(mongod_uri: str) -> Iterator[Wiki]:
    store = MongodStore(mongod_uri)
    made = Wiki(store.uri())
    yield made
    made.client.close()
    store.drop()


@pytest.mark.parametrize("policy", ["on_save", "on_read"])
@pytest.mark.parametrize("kind", ["steps", "function"])
def test_nothing_is_lost(wiki: Wiki, policy: str, kind: str) -> None:
    wiki.run(policy, kind)
    assert wiki.found() == wiki.expected()
    keys = {"_id", "version", "title", "tags", "statistics", "hits"}
    assert all(raw.keys() == keys and raw["version"] == 2 for raw in wiki.pages.find({}))
    titles = {raw["_id"] for raw in wiki.pages.find({"title": "saver0"})}
    assert titles == set(wiki.savers[0]["saved"])
    # All had their share.
    assert all(done["saved"] for done in wiki.savers)
    assert sum(done["changed"] for done in wiki.migrators) > 0
    assert sum(done["new"] for done in wiki.writers) > CHANGES // 10


def test_never_refuses_every_save_and_every_run(wiki: Wiki) -> None:
    wiki.run("never", "steps")
    assert wiki.found() == wiki.expected()
    assert wiki.pages.count_documents({"version": {"$ne": 1}}) == 0
    for done in wiki.savers:
        assert (done["saved"], done["stale"]) == ([], 0)
        assert done["refused"] > 0
    for done in wiki.migrators:
        assert done["refused"] == done["runs"] > 0
