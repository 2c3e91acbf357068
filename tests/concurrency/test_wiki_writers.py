"""Programs of the old and of the new version write the same pages at the same time: nothing is lost."""

from __future__ import annotations

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

PROGRAMS = Path(__file__).parent / "wiki_programs.py"
PAGES = 500
WRITERS = 4
CHANGES = 2600
"""Of each writer; more than 10,000 in all."""


class Wiki:
    """A database of pages, and the programs that work on it."""

    def __init__(self, uri: str) -> None:
        self.uri = uri
        self.client = pymongo.MongoClient[dict[str, Any]](uri)
        self.pages = self.client.get_default_database()["pages"]
        self.outcomes: dict[str, Any] = {}

    def run(self, savers: list[tuple[str, ...]], kinds: str, migrator: bool) -> None:
        """Have writers and savers, and a migrator, work at the same time.

        Savers have read everything before the writers begin, and begin when the writers are under way.
        """
        with ExitStack() as stack:
            writing = {
                f"writer{number}": ("write", self.uri, f"writer{number}", str(CHANGES), kinds)
                for number in range(WRITERS)
            }
            others = {arguments[0]: ("save", self.uri, *arguments) for arguments in savers}
            if migrator:
                others["migrator"] = ("migrate", self.uri)
            programs = {
                name: stack.enter_context(Program(PROGRAMS, *arguments))
                for name, arguments in {**others, **writing}.items()
            }
            for program in programs.values():
                program.expect("ready")
            for name in writing:
                programs[name].start()
            for name in writing:
                programs[name].expect("under way")
            for name in others:
                programs[name].start()
            self.outcomes = {name: program.result() for name, program in programs.items()}

    def outcomes_of(self, kind: str) -> list[Any]:
        return [outcome for name, outcome in self.outcomes.items() if name.startswith(kind)]

    def expected(self) -> dict[int, dict[str, Any]]:
        """By page, what the writers did, as they tell."""
        pages: dict[int, dict[str, Any]] = {
            number: {"tags": Counter({"first": 1}), "views": 0, "hits": 0} for number in range(PAGES)
        }
        for done in self.outcomes_of("writer"):
            for tag, number in done["tags"].items():
                pages[number]["tags"][tag] += 1
            for field in ("views", "hits"):
                for number, count in done[field].items():
                    pages[int(number)][field] += count
        return pages

    def found(self) -> dict[int, dict[str, Any]]:
        """By page, what is stored of that."""
        return {
            raw["_id"]: {
                "tags": Counter(raw.get("metadata", raw)["tags"]),
                "views": raw["views"],
                "hits": raw.get("hits", 0),
            }
            for raw in self.pages.find({})
        }

    def assert_all_new(self) -> None:
        """No page is old, and none is a hybrid."""
        keys = {"_id", "version", "title", "text", "tags", "categories", "views"}
        for raw in self.pages.find({}):
            assert raw.keys() - {"hits"} == keys
            assert (raw["version"], raw["text"], raw["categories"]) == (1, "text", ["c"])


@pytest.fixture
def wiki(mongod_uri: str) -> Iterator[Wiki]:
    store = MongodStore(mongod_uri)
    made = Wiki(store.uri())
    yield made
    made.client.close()
    store.drop()


def old_page(number: int) -> dict[str, Any]:
    metadata = {"tags": ["first"], "categories": ["c"]}
    return {"_id": number, "title": "t", "text": "text", "metadata": metadata, "views": 0}


def new_page(number: int) -> dict[str, Any]:
    lists = {"tags": ["first"], "categories": ["c"]}
    return {"_id": number, "title": "t", "text": "text", **lists, "views": 0, "version": 1}


def test_old_pages_are_saved_and_migrated_while_others_write(wiki: Wiki) -> None:
    wiki.pages.insert_many(map(old_page, range(PAGES)))
    savers = [("saver1", "sync", "document", "title"), ("saver2", "async", "document", "title")]
    wiki.run(savers, kinds="tags,views,hits", migrator=True)
    assert wiki.found() == wiki.expected()
    wiki.assert_all_new()
    titles = {raw["_id"]: raw["title"] for raw in wiki.pages.find({})}
    assert titles == {
        number: name for name in ("saver1", "saver2") for number in wiki.outcomes[name]["saved"]
    }
    for done in wiki.outcomes_of("saver"):
        assert len(done["saved"]) + done["stale"] == PAGES
        assert len(done["saved"]) >= 100
        assert done["changed under it"] >= 100
    for report in wiki.outcomes["migrator"]:
        assert report["refused"] == []
    assert wiki.outcomes["migrator"][1]["changed"] == 0


def test_savers_and_writers_edit_the_same_list(wiki: Wiki) -> None:
    wiki.pages.insert_many(map(old_page, range(PAGES)))
    savers = [("saver1", "sync", "document", "tags"), ("saver2", "async", "document", "tags")]
    wiki.run(savers, kinds="tags", migrator=False)
    expected = wiki.expected()
    saved = [(name, number) for name in ("saver1", "saver2") for number in wiki.outcomes[name]["saved"]]
    for name, number in saved:
        expected[number]["tags"].update([f"{name}-{number}"])
    assert wiki.found() == expected
    refused = sum(done["stale"] for done in wiki.outcomes_of("saver"))
    assert refused + len(saved) == 2 * PAGES
    # Both savers read every page before anybody changed it, so one of them at least is late.
    assert refused >= PAGES


def test_new_pages_are_saved_by_their_changes_while_others_write(wiki: Wiki) -> None:
    wiki.pages.insert_many(map(new_page, range(PAGES)))
    savers = [("saver1", "sync", "changes", "title"), ("saver2", "async", "changes", "title")]
    wiki.run(savers, kinds="tags,views,hits", migrator=False)
    assert wiki.found() == wiki.expected()
    wiki.assert_all_new()
    assert {raw["title"] for raw in wiki.pages.find({})} <= {"saver1", "saver2"}
    for done in wiki.outcomes_of("saver"):
        assert len(done["saved"]) == PAGES
        assert done["changed under it"] >= 100
    # Each page was saved by both, and the second had to look again.
    assert sum(done["stale"] for done in wiki.outcomes_of("saver")) == PAGES
