"""Programs that use a file, for `test_files`; the first argument names one, the second the file."""

from __future__ import annotations

import itertools
import os
import sys

from pymongo.errors import InvalidOperation

from ming import mim
from ming.exc import StoreFileError


def hold(path: str) -> None:
    """Have the file open until standard input ends."""
    with mim.Connection(file=path) as connection:
        connection.db.c.insert_one({"_id": "held"})
        print("ready", flush=True)
        sys.stdin.read()


def try_to_open(path: str) -> None:
    """Say what opening the file gives."""
    try:
        mim.Connection(file=path)
    except StoreFileError as error:
        print("StoreFileError", error)


def fork(path: str) -> None:
    """Try to write in a forked child, and write in the parent."""
    connection = mim.Connection(file=path)
    connection.db.c.insert_one({"_id": "before"})
    child = os.fork()
    if not child:
        try:
            connection.db.c.insert_one({"_id": "child"})
        except InvalidOperation as error:
            print("InvalidOperation", error)
        connection.close()
        try_to_open(path)
        # The interpreter ends in the ordinary way, with all its tidying up.
        sys.exit()
    os.waitpid(child, 0)
    connection.db.c.insert_one({"_id": "after"})
    print("parent", connection.db.c.count_documents({}), flush=True)
    # Without closing: the log that the child has left alone is what counts.
    os._exit(0)


def write_when_told(folder: str) -> None:
    """Fork a writer to every file named by a line of standard input; cheaper than many interpreters."""
    os.chdir(folder)
    for line in sys.stdin:
        child = os.fork()
        if not child:
            _write(line.strip())
            os._exit(1)
        os.waitpid(child, 0)
        _say("dead")


def _write(path: str) -> None:
    """Write until killed, and tell what has been acknowledged."""
    _say(str(os.getpid()))
    connection = mim.Connection(file=path)
    documents = connection.db.c
    documents.create_index("even")
    start = 1 + max((each["_id"] for each in documents.find()), default=0)
    for number in itertools.islice(itertools.count(start), 100_000):
        documents.insert_one({"_id": number, "value": 0, "even": number % 2 == 0, "filler": "x" * 500})
        _say(f"{number} 0.")
        earlier = documents.find_one_and_update({"_id": number // 2}, {"$inc": {"value": 1}})
        if earlier is not None:
            _say(f"{number // 2} {earlier['value'] + 1}.")


def _say(text: str) -> None:
    os.write(1, f"{text}\n".encode())


if __name__ == "__main__":
    {"hold": hold, "open": try_to_open, "fork": fork, "writers": write_when_told}[sys.argv[1]](sys.argv[2])
