"""A wiki in its third version, and what its operator sees in a terminal."""

import os
import pty
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pymongo

from ming import Document, Field, Session
from ming import evolve as E

session = Session()


class PageV1(Document):
    class __mongometa__:
        name = "pages"
        session = session

    _id = Field(int)
    version = Field(1, required=True)
    title = Field(str)
    metadata = Field({"tags": [str], "author": str})


class PageV2(Document):
    class __mongometa__:
        name = "pages"
        session = session
        version_of = PageV1
        migrate = E.steps(E.move("metadata.tags", "tags"), E.move("metadata.author", "author"))

    _id = Field(int)
    version = Field(2, required=True)
    title = Field(str)
    metadata = Field({})
    tags = Field([str])
    author = Field(str)


class Page(Document):
    class __mongometa__:
        name = "pages"
        session = session
        version_of = PageV2
        indexes = ("author",)
        migrate = E.steps(E.split("author", into=("first", "last")), E.default("lang", "en"))

    _id = Field(int)
    version = Field(3, required=True)
    title = Field(str)
    metadata = Field({})
    tags = Field([str])
    first = Field(str)
    last = Field(str)
    lang = Field(str)


# The terminal
SHOWN = ["status", "plan", "migrate --dry-run", "indexes sync", "migrate", "status", "verify"]


def fill(uri):
    old = {"version": 1, "title": "Order thread", "metadata": {"tags": ["paper"], "author": "Ann Lee"}}
    newer = {"version": 2, "title": "Sew", "metadata": {}, "tags": [], "author": "Bob Day"}
    with pymongo.MongoClient(uri) as client:
        pages = client.get_default_database().pages
        pages.insert_many({**old, "_id": number} for number in range(12_000))
        pages.insert_many({**newer, "_id": number} for number in range(12_000, 15_000))
        pages.insert_one({**old, "_id": 15_000, "title": None, "metadata": "lost"})


def run(folder, uri, verb):
    """What a command shows on a terminal, as text; times and speeds differ from run to run."""
    ours, theirs = pty.openpty()
    environment = {
        **os.environ,
        "MING_URI": uri,
        "TERM": "xterm",
        "COLUMNS": "100",
        "PYTHONPATH": os.getcwd(),
    }
    command = [sys.executable, "-m", "ming", *verb.split()]
    process = subprocess.Popen(command, cwd=folder, env=environment, stdout=theirs, stderr=theirs)
    os.close(theirs)
    with open(ours, encoding="utf-8", newline="\n", closefd=True) as terminal:
        shown = "".join(lines(terminal))
    process.wait()
    # The last picture of a progress bar
    shown = re.sub(r"^.*\x1b\[2K", "", shown, flags=re.MULTILINE)
    shown = re.sub(r"\x1b\[[\d;?]*[A-Za-z]|\r", "", shown)
    shown = re.sub(r"in [\d.]+ s \([\d,]+/s\)", "in 0.2 s (75,000/s)", shown)
    shown = re.sub(r" +$", "", shown, flags=re.MULTILINE)
    return re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", "2026-03-14 15:09:26", shown)


def lines(terminal):
    try:
        yield from terminal
    except OSError:
        # That is how a terminal ends.
        return


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(__file__, Path(folder, "wiki.py"))
        Path(folder, "pyproject.toml").write_text('[tool.ming]\nmodels = ["wiki"]\n')
        fill(sys.argv[1])
        for verb in SHOWN:
            print(f"$ ming {verb}\n{run(folder, sys.argv[1], verb)}")
