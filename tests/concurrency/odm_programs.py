"""The programs of `test_odm_writers`: ``python odm_programs.py URI NAME FIELD ROUNDS``, JSON out.

Each says ``ready``, waits for a line on its input, works, and prints what it did as its last line.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from ming import create_datastore
from ming import schema as S
from ming.odm import FieldProperty, MappedClass, ODMSession

session = ODMSession()


class Page(MappedClass):
    """What all programs edit."""

    class __mongometa__:
        session = session
        name = "pages"

    _id = FieldProperty(S.Int)
    one = FieldProperty(int)
    two = FieldProperty(int)
    tags = FieldProperty([str])


def edit(uri: str, name: str, field: str, rounds: str) -> dict[str, Any]:
    """Edit every page in every round, and flush all of them together.

    What others have done meanwhile is looked at in every other round only: the others go by old objects.
    """
    session.bind = create_datastore(uri)
    pages = Page.query.find({}).all()
    print("ready", flush=True)
    sys.stdin.readline()
    seen = 0
    for number in range(int(rounds)):
        if number % 2:
            pages = Page.query.find({}, refresh=True).all()
            seen += sum(_others_edits(page, name, field) for page in pages)
        for page in pages:
            if field == "tags":
                page.tags.append(f"{name}-{number}")
            else:
                setattr(page, field, number + 1)
        session.flush()
    session.bind.conn.close()
    return {"edits": int(rounds) * len(pages), "seen": seen}


def _others_edits(page: Page, name: str, field: str) -> int:
    if field == "tags":
        return sum(not tag.startswith(f"{name}-") for tag in page.tags)
    return {"one": page.two, "two": page.one}[field]


if __name__ == "__main__":
    print(json.dumps(edit(*sys.argv[1:])), flush=True)
