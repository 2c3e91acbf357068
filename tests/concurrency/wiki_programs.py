"""The programs of the concurrency tests: ``python wiki_programs.py ROLE ARGUMENTS``, JSON out.

Each says ``ready``, waits for a line on its input, works, and prints what it did as its last line.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
from collections import Counter
from collections.abc import Callable
from typing import Any

import pymongo
from harness.chains import wiki_classes
from harness.faces import AsyncFace, Face, SyncFace

from ming.exc import StaleObject


class Existing:
    """A database that is there already, as a face's store."""

    kind = "mongod"
    database = "wiki"

    def __init__(self, uri: str) -> None:
        self._uri = uri

    def uri(self, database: str | None = None) -> str:
        """The URI this program was given."""
        return self._uri

    def drop(self) -> None:
        """Leave it to the test."""


def say(word: str) -> None:
    print(word, flush=True)


def wait_for_start() -> None:
    say("ready")
    sys.stdin.readline()


# --- writers know nothing of ming


def write(uri: str, name: str, changes: str, kinds: str) -> dict[str, Any]:
    """Push tags, and count in a declared and in an undeclared field, in old and new documents alike."""
    with pymongo.MongoClient[dict[str, Any]](uri) as client:
        pages = client.get_default_database()["pages"]
        ids = [raw["_id"] for raw in pages.find({}, {"_id": 1})]
        choose = random.Random(name)
        done: dict[str, Any] = {"tags": {}, "views": Counter(), "hits": Counter()}
        wait_for_start()
        for number in range(int(changes)):
            if number == int(changes) // 4:
                say("under way")
            page_id = choose.choice(ids)
            kind = choose.choice(kinds.split(","))
            if kind == "tags":
                tag = f"{name}-{number}"
                push_tag(pages, page_id, tag)
                done["tags"][tag] = page_id
            else:
                assert pages.update_one({"_id": page_id}, {"$inc": {kind: 1}}).matched_count == 1
                done[kind][page_id] += 1
        return done


def push_tag(pages: Any, page_id: int, tag: str) -> None:
    old = pages.update_one({"_id": page_id, "metadata": {"$exists": True}}, {"$push": {"metadata.tags": tag}})
    if not old.matched_count:
        new = pages.update_one({"_id": page_id, "version": 1}, {"$push": {"tags": tag}})
        assert new.matched_count == 1


# --- savers


async def save_all(face: Face, mode: str, edit: Callable[[Any], None]) -> dict[str, Any]:
    """Read every page, then edit and save each.

    A page that somebody else edited is read and edited again where the class saves its changes only. Others
    are left: read again they are new pages, which are saved whole.
    """
    _, page_class = wiki_classes(face.sync_session, save=mode)
    pages = await face.session.find(page_class, {}).all()
    before = {raw["_id"]: content(raw) for raw in await face.raw["pages"].find({}).to_list()}
    random.shuffle(pages)
    wait_for_start()
    done: dict[str, Any] = {"saved": [], "changed under it": 0, "stale": 0}
    for page in pages:
        raw = await face.raw["pages"].find_one({"_id": page._id})
        done["changed under it"] += content(raw) != before[page._id]
        while page is not None:
            edit(page)
            try:
                await face.session.save(page)
            except StaleObject:
                done["stale"] += 1
                page = await face.session.get(page_class, _id=page._id) if mode == "changes" else None
            else:
                done["saved"].append(page._id)
                break
        await asyncio.sleep(random.uniform(0, 0.002))
    return done


def content(raw: Any) -> Any:
    """What the writers change."""
    holder = raw.get("metadata", raw)
    return holder["tags"], raw.get("views", 0), raw.get("hits", 0)


def save(uri: str, name: str, kind: str, mode: str, field: str) -> dict[str, Any]:
    """Save through a face of one kind, editing the title or the tags."""

    def edit(page: Any) -> None:
        if field == "title":
            page.title = name
        else:
            page.tags.append(f"{name}-{page._id}")

    async def work() -> dict[str, Any]:
        face: Face = SyncFace(Existing(uri)) if kind == "sync" else AsyncFace(Existing(uri))
        try:
            return await save_all(face, mode, edit)
        finally:
            await face.close()

    return asyncio.run(work())


# --- migrator


def migrate(uri: str) -> list[dict[str, Any]]:
    """Run ``m.migrate()`` twice."""
    face = SyncFace(Existing(uri))
    _, page_class = wiki_classes(face.sync_session)
    wait_for_start()
    reports = [page_class.m.migrate() for _ in range(2)]
    asyncio.run(face.close())
    return [
        {"changed": report.changed, "conflicts": report.conflicts, "refused": list(map(str, report.refused))}
        for report in reports
    ]


if __name__ == "__main__":
    say(json.dumps({"write": write, "save": save, "migrate": migrate}[sys.argv[1]](*sys.argv[2:])))
