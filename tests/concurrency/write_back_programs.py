"""The programs of `test_write_back`: ``python write_back_programs.py ROLE URI ARGUMENTS``, JSON out.

Each says ``ready``, waits for a line on its input, works, and prints what it did as its last line. Savers and
migrators work until the test says that the writers have ended.
"""

from __future__ import annotations

import json
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pymongo

from ming import Document, Field, Session, create_datastore
from ming import evolve as E
from ming.exc import MigrationError, StaleObject

HOT = 30
"""Writers work on the pages made last."""


def page_class(uri: str, policy: str, kind: str) -> Any:
    """The newest of two versions; steps or a function lead to it."""
    wiki = Session(create_datastore(uri))

    class OldPage(Document):
        class __mongometa__:
            name = "pages"
            session = wiki

        _id = Field(int)
        version = Field(1, required=True)
        title = Field(str)
        metadata = Field({"tags": [str]})
        views = Field(int)

    steps = E.steps(E.move("metadata.tags", "tags"), E.move("views", "statistics.views"), E.drop("metadata"))

    class Page(Document):
        class __mongometa__:
            name = "pages"
            session = wiki
            version_of = OldPage
            on_load = policy
            migrate = staticmethod(by_function) if kind == "function" else steps

        _id = Field(int)
        version = Field(2, required=True)
        title = Field(str)
        tags = Field([str])
        statistics = Field({"views": int})

    return Page


def by_function(old: Any) -> dict[str, Any]:
    """What the steps do."""
    return {"version": 2, "title": old.title, "tags": old.metadata.tags, "statistics": {"views": old.views}}


def say(word: str) -> None:
    print(word, flush=True)


def wait_for_start() -> None:
    say("ready")
    sys.stdin.readline()


# --- writers know nothing of ming


def write(uri: str, name: str, changes: str) -> dict[str, Any]:
    """Make old pages, push tags, and count in a declared and in an undeclared field."""
    with pymongo.MongoClient[dict[str, Any]](uri) as client:
        pages = client.get_default_database()["pages"]
        choose = random.Random(name)
        done: dict[str, Any] = {"pages": 0, "tags": {}, "views": Counter(), "hits": Counter(), "new": 0}
        wait_for_start()
        for number in range(int(changes)):
            if number % 4 == 0:
                make_page(pages, int(name) * 1_000_000 + number)
                done["pages"] += 1
            page_id = choose.choice(hot_pages(pages))
            kind = choose.choice(["tags", "views", "hits"])
            if kind == "tags":
                tag = f"{name}-{number}"
                done["tags"][tag] = page_id
                done["new"] += change(
                    pages, page_id, {"$push": {"metadata.tags": tag}}, {"$push": {"tags": tag}}
                )
            else:
                done[kind][page_id] += 1
                path = "statistics.views" if kind == "views" else "hits"
                done["new"] += change(pages, page_id, {"$inc": {kind: 1}}, {"$inc": {path: 1}})
        return done


def make_page(pages: Any, page_id: int) -> None:
    metadata = {"tags": ["first"]}
    pages.insert_one(
        {"_id": page_id, "version": 1, "title": "t", "metadata": metadata, "views": 0, "hits": 0}
    )


def hot_pages(pages: Any) -> list[int]:
    return [raw["_id"] for raw in pages.find({}, {"_id": 1}).sort("$natural", -1).limit(HOT)]


def change(pages: Any, page_id: int, old: dict[str, Any], new: dict[str, Any]) -> bool:
    """Make a change in the old shape, or in the new one; return whether it was that."""
    if pages.update_one({"_id": page_id, "version": 1}, old).matched_count:
        return False
    assert pages.update_one({"_id": page_id, "version": 2}, new).matched_count == 1
    return True


# --- savers


def save(uri: str, name: str, policy: str, kind: str, field: str) -> dict[str, Any]:
    """Read old pages, edit and save them, until all others have ended."""
    page = page_class(uri, policy, kind)
    done: dict[str, Any] = {"saved": [], "stale": 0, "refused": 0}
    wait_for_start()
    while not is_over(page):
        for found in page.m.find({"version": 1}).limit(10).all():
            time.sleep(random.uniform(0, 0.002))
            if field == "title":
                found.title = name
            else:
                found.tags.append(f"{name}-{found._id}")
            try:
                found.m.save()
            except StaleObject:
                done["stale"] += 1
            except MigrationError:
                done["refused"] += 1
            else:
                done["saved"].append(found._id)
    return done


def is_over(page: Any) -> bool:
    """Whether the test has said that the writers have ended."""
    return page.m.session.db["words"].find_one({"_id": "over"}) is not None


# --- migrators


def migrate(uri: str, policy: str, kind: str) -> dict[str, Any]:
    """Run ``m.migrate()`` again and again, and once more when the writers have ended."""
    page = page_class(uri, policy, kind)
    done: dict[str, Any] = {"changed": 0, "refused": 0, "runs": 0}
    wait_for_start()
    for _ in until_over(page):
        done["runs"] += 1
        try:
            report = page.m.migrate()
        except MigrationError:
            done["refused"] += 1
        else:
            assert report.refused == []
            done["changed"] += report.changed
    return done


def until_over(page: Any) -> Iterator[None]:
    over = False
    while not over:
        over = is_over(page)
        yield
        time.sleep(0.02)


if __name__ == "__main__":
    say(json.dumps({"write": write, "save": save, "migrate": migrate}[sys.argv[1]](*sys.argv[2:])))
