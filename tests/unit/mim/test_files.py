"""Stores kept in files: what survives what, and which files are refused."""

from __future__ import annotations

import asyncio
import gc
import os
import random
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from bson import Binary, Decimal128, Int64, ObjectId, Regex, Timestamp
from pymongo.errors import DuplicateKeyError, InvalidOperation, OperationFailure

import ming
from ming import mim
from ming.datastore import create_async_datastore, create_datastore
from ming.exc import MingConfigError, StoreFileError
from ming.mim.commands.core import Engine

PROGRAM = Path(__file__).with_name("file_programs.py")
LIBRARY = Path(ming.__file__ or "").parents[1]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "app.ming"


def program(*arguments: object, **options: Any) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-W", "error", str(PROGRAM), *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": str(LIBRARY)},
        stdout=subprocess.PIPE,
        text=True,
        **options,
    )


def everything(connection: mim.Connection) -> dict[str, Any]:
    """Return all that a connection can tell of its databases, documents in their natural order."""
    return {
        f"{database}.{entry['name']}": (
            entry,
            list(connection[database][entry["name"]].list_indexes()),
            list(connection[database][entry["name"]].find()),
        )
        for database in connection.list_database_names()
        for entry in connection[database].list_collections()
    }


# -- what a file keeps --------------------------------------------------------------------------------


def test_documents_come_back_as_they_were(path: Path) -> None:
    document = {
        "_id": ObjectId("5f" * 12),
        "int": 5,
        "long": Int64(5),
        "double": 5.0,
        "decimal": Decimal128("5.00"),
        "date": datetime(2024, 1, 2, 3, 4, 5, 6000),
        "binary": Binary(b"abc", 128),
        "uuid": Binary(uuid.UUID(int=5).bytes, 4),
        "regex": Regex("^a", "i"),
        "timestamp": Timestamp(1, 2),
        "none": None,
        "nested": {"b": [1, {"c": []}], "a": "é"},
        "reference": {"$ref": "other", "$id": 1},
    }
    with mim.Connection(strict=True, file=path) as connection:
        connection.db.c.insert_one(document)
        before = connection.db.c.find_one()
    with mim.Connection(strict=True, file=path) as connection:
        assert connection.db.c.find_one() == before
        assert [type(value) for value in (connection.db.c.find_one() or {}).values()] == [
            type(value) for value in (before or {}).values()
        ]


def change(connection: mim.Connection) -> None:
    """Do everything that changes a store."""
    first = connection.db.c
    first.insert_many([{"_id": at, "a": at, "b": {"c": [at]}} for at in range(50)])
    first.delete_many({"a": {"$gte": 10, "$lt": 20}})
    first.update_many({"a": {"$lt": 5}}, {"$set": {"x": "updated"}})
    first.replace_one({"_id": 30}, {"whole": True})
    first.insert_one({"_id": "last", "a": 7.5})
    first.create_index("a")
    first.create_index([("b.c", -1), ("x", 1)], name="compound")
    first.create_index("u", unique=True, sparse=True)
    first.create_index("gone")
    first.drop_index("gone_1")
    connection.db.create_collection("capped", capped=True, size=4096, max=3)
    connection.db.capped.insert_many([{"_id": at} for at in range(5)])
    connection.db.create_collection("checked", validator={"a": {"$gt": 0}})
    connection.db.checked.insert_one({"a": 1})
    connection.db.command("collMod", "checked", validator={"a": {"$gt": 1}})
    connection.db.dropped.insert_one({})
    connection.db.dropped.drop()
    connection.db.before.insert_one({"_id": "renamed"})
    connection.db.before.create_index("r")
    connection.db.before.rename("after")
    connection.other["dotted.name"].insert_one({"_id": 1})
    connection.lost.c.insert_one({})
    connection.drop_database("lost")


def test_everything_comes_back(path: Path) -> None:
    with mim.Connection(strict=True, file=path) as connection:
        change(connection)
        before = everything(connection)
    assert sorted(before) == ["db.after", "db.c", "db.capped", "db.checked", "other.dotted.name"]
    with mim.Connection(strict=True, file=path) as connection:
        assert everything(connection) == before
        connection.db.c.insert_one({"u": 1})
        with pytest.raises(DuplicateKeyError):
            connection.db.c.insert_one({"u": 1})
        with pytest.raises(OperationFailure, match="failed validation"):
            connection.db.checked.insert_one({"a": 1})
        connection.db.capped.insert_one({"_id": "new"})
        assert [each["_id"] for each in connection.db.capped.find()] == [3, 4, "new"]
        assert connection.db.c.find({"a": 7.5}).next()["_id"] == "last"


def test_lenient_indexes_come_back_lenient(path: Path) -> None:
    with mim.Connection(file=path) as connection:
        connection.db.c.create_index("a", unique=True, sparse=True)
        connection.db.c.insert_many([{"a": None}, {"a": None}])
    with mim.Connection(file=path) as connection:
        connection.db.c.insert_one({"a": None})
        assert connection.db.c.count_documents({}) == 3


def test_a_closed_store_is_one_file(path: Path) -> None:
    for _ in range(2):
        with mim.Connection(file=path) as connection:
            connection.db.c.insert_one({})
            assert len(os.listdir(path.parent)) > 1
        assert os.listdir(path.parent) == [path.name]


def test_clear_and_drop_all(path: Path) -> None:
    with mim.Connection(strict=True, file=path) as connection:
        change(connection)
        connection.clear_all()
        before = everything(connection)
    with mim.Connection(strict=True, file=path) as connection:
        assert everything(connection) == before
        connection.drop_all()
    with mim.Connection(strict=True, file=path) as connection:
        assert everything(connection) == {}


# -- sharing and closing ------------------------------------------------------------------------------


def test_connections_of_one_process_share_the_store(path: Path) -> None:
    link = path.with_name("link.ming")
    first = mim.Connection(file=path)
    link.symlink_to(path)
    second = mim.Connection(file=str(link))
    first.db.c.insert_one({"_id": 1})
    first.close()
    first.close()
    assert second.db.c.find_one() == {"_id": 1}
    second.close()
    for connection in (first, second):
        with pytest.raises(InvalidOperation, match="has been closed"):
            connection.db.c.find_one()


def test_one_store_has_one_dialect(path: Path) -> None:
    with (
        mim.Connection(file=path),
        pytest.raises(StoreFileError, match="already, with strict=False"),
    ):
        mim.Connection(strict=True, file=path)


def test_a_store_has_one_home(path: Path) -> None:
    with pytest.raises(TypeError, match="exclude each other"):
        mim.Connection(engine=Engine(), file=path)
    with pytest.raises(TypeError, match="exclude each other"):
        mim.AsyncConnection(inner=mim.Connection(), file=path)
    assert not path.exists()


def test_a_removed_file_is_not_shared(path: Path) -> None:
    with mim.Connection(file=path) as connection:
        connection.db.c.insert_one({})
        for remove in (path.unlink, path.touch):
            remove()
            with pytest.raises(StoreFileError, match="was removed or replaced"):
                mim.Connection(file=path)


def test_a_forgotten_connection_lets_go_of_the_file(path: Path) -> None:
    mim.Connection(file=path).db.c.insert_one({"_id": 1})
    gc.collect()
    assert os.listdir(path.parent) == [path.name]


def test_a_connection_in_memory_outlives_close() -> None:
    connection = mim.Connection()
    connection.db.c.insert_one({"_id": 1})
    connection.close()
    assert connection.db.c.find_one() == {"_id": 1}


def test_datastores_of_both_faces_share_the_store(path: Path) -> None:
    uri = f"mim:///db?file={path}"
    datastore = create_datastore(uri)
    datastore.db.c.insert_one({"_id": "sync"})

    async def other_face() -> None:
        other = create_async_datastore(uri)
        await other.db.c.insert_one({"_id": "async"})

    asyncio.run(other_face())
    assert {each["_id"] for each in datastore.db.c.find()} == {"sync", "async"}
    assert mim.Connection.get().db.c.find_one({"_id": "sync"}) is None
    datastore.conn.close()
    with mim.Connection(file=path) as connection:
        assert connection.db.c.count_documents({}) == 2


def test_a_uri_names_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    datastore = create_datastore("mim:///db?x=1&file=a%20b%26%2525+.ming&y")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    datastore.db.c.insert_one({})
    datastore.conn.close()
    assert (tmp_path / "a b&%25+.ming").exists()


@pytest.mark.parametrize("options", ["file=", "file=a&file=b"])
def test_a_uri_names_one_file(options: str) -> None:
    for create in (create_datastore, create_async_datastore):
        with pytest.raises(MingConfigError, match="must name one file"):
            create(f"mim:///db?{options}")


# -- other processes ----------------------------------------------------------------------------------


def test_one_process_at_a_time(path: Path) -> None:
    with program("hold", path, stdin=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "ready\n"
        with pytest.raises(StoreFileError, match=f"^{path}: is open in another process$"):
            mim.Connection(file=path)
        other.communicate("")
    with mim.Connection(file=path) as connection:
        assert connection.db.c.find_one() == {"_id": "held"}


def test_a_copy_made_meanwhile_does_not_unlock_the_file(path: Path) -> None:
    with mim.Connection(file=path):
        shutil.copy(path, path.with_name("copy"))
        with program("open", path) as other:
            assert other.communicate()[0] == f"StoreFileError {path}: is open in another process\n"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_leaves_the_file_alone(path: Path) -> None:
    with program("fork", path) as other:
        said = other.communicate()[0].splitlines()
    assert said == [
        f"InvalidOperation {path} is open in the parent of this process",
        f"StoreFileError {path}: is open in another process",
        "parent 2",
    ]
    with mim.Connection(file=path) as connection:
        assert connection.db.c.count_documents({}) == 2


def test_no_acknowledged_write_is_lost_when_a_process_is_killed(tmp_path: Path) -> None:
    rng = random.Random(1)
    written = 0
    with Writers(tmp_path) as writers:
        for file in range(5):
            path = tmp_path / f"{file}.ming"
            known: dict[int, int] = {}
            for _ in range(10):
                known.update(writers.kill_one(path, after=rng.uniform(0, 0.08)))
                with mim.Connection(file=path) as connection:
                    found = {each["_id"]: each["value"] for each in connection.db.c.find()}
                    assert connection.db.c.count_documents({"even": True}) == sum(
                        key % 2 == 0 for key in found
                    )
                assert {key: value for key, value in known.items() if found.get(key, -1) < value} == {}
            written += len(known)
    assert written > 50


class Writers:
    """Makes processes that write to files until they are killed."""

    def __init__(self, folder: Path) -> None:
        self._maker = program("writers", folder, stdin=subprocess.PIPE)

    def __enter__(self) -> Writers:
        return self

    def __exit__(self, *error: object) -> None:
        self._maker.communicate("")
        assert self._maker.returncode == 0

    def kill_one(self, path: Path, after: float) -> dict[int, int]:
        """Return what a writer said was written before it was killed, some seconds after its start."""
        said, told = self._maker.stdout, self._maker.stdin
        assert said is not None
        assert told is not None
        told.write(f"{path}\n")
        told.flush()
        writer = int(said.readline())
        time.sleep(after)
        os.kill(writer, signal.SIGKILL)
        return dict(map(_numbers, iter(said.readline, "dead\n")))


def _numbers(line: str) -> tuple[int, int]:
    key, value = line.removesuffix(".\n").split()
    return int(key), int(value)


# -- files that are refused ---------------------------------------------------------------------------


def made(path: Path) -> None:
    with mim.Connection(file=path) as connection:
        connection.db.c.insert_many([{"_id": at, "filler": "x" * 100} for at in range(200)])
        connection.db.c.create_index("a")


def another_database(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE t (a)")
    connection.close()


def with_pragma(pragma: str) -> Callable[[Path], None]:
    def damage(path: Path) -> None:
        made(path)
        with sqlite3.connect(path) as connection:
            connection.execute(f"PRAGMA {pragma}")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.close()

    return damage


def with_statement(statement: str, *values: Any) -> Callable[[Path], None]:
    def damage(path: Path) -> None:
        made(path)
        with sqlite3.connect(path) as connection:
            connection.execute(statement, values)
        connection.close()

    return damage


def with_bytes(at: int, data: bytes) -> Callable[[Path], None]:
    def damage(path: Path) -> None:
        made(path)
        with open(path, "r+b") as file:
            file.seek(at)
            file.write(data)

    return damage


def cut(path: Path) -> None:
    made(path)
    os.truncate(path, os.path.getsize(path) // 2)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda path: path.write_text("hello"), "is not a file of the embedded engine"),
        (lambda path: path.write_bytes(b"SQLite format 3\0"), "is not a file of the embedded engine"),
        (another_database, "is not a file of the embedded engine, but another SQLite database"),
        (with_pragma("application_id = 7"), "another SQLite database"),
        (with_pragma("user_version = 2"), "has format 2; this version of ming knows format 1"),
        (with_bytes(4096, b"\x55" * 4096), "is damaged"),
        (cut, "is damaged"),
        (with_statement("UPDATE records_1 SET document = ? WHERE record = 5", b"junk"), "is damaged"),
        (with_statement("DROP TABLE records_1"), "is damaged: no such table"),
        (with_statement("UPDATE collections SET uuid = ?", b"12"), "is damaged"),
        (with_statement("UPDATE records_1 SET document = ?", bytes((5, 0, 0, 0, 0))), "is damaged"),
    ],
)
def test_what_is_no_store_is_refused_untouched(
    path: Path, damage: Callable[[Path], None], message: str
) -> None:
    damage(path)
    before = path.read_bytes()
    with pytest.raises(StoreFileError, match=message) as caught:
        mim.Connection(file=path)
    assert caught.value.path == str(path)
    assert path.read_bytes() == before
    assert not path.with_name(f"{path.name}-lock").exists()


def test_a_refused_file_keeps_its_log(path: Path) -> None:
    made(path)
    copies = [path.with_name(f"copy.ming{end}") for end in ("", "-wal")]
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE records_1 SET document = ?", (b"junk",))
        connection.commit()
        for copy, end in zip(copies, ("", "-wal"), strict=True):
            shutil.copy(f"{path}{end}", copy)
    connection.close()
    before = [copy.read_bytes() for copy in copies]
    with pytest.raises(StoreFileError, match="is damaged"):
        mim.Connection(file=copies[0])
    assert [copy.read_bytes() for copy in copies] == before


@pytest.mark.parametrize("name", ["missing/app.ming", "."])
def test_places_where_no_file_can_be(tmp_path: Path, name: str) -> None:
    with pytest.raises(StoreFileError, match="cannot be"):
        mim.Connection(file=tmp_path / name)


def test_an_empty_file_is_a_new_store(path: Path) -> None:
    path.touch()
    made(path)
    with mim.Connection(file=path) as connection:
        assert connection.db.c.count_documents({}) == 200


# -- files that cannot be written ---------------------------------------------------------------------


@contextmanager
def full_disk(path: Path) -> Iterator[None]:
    """Let no file grow beyond the size that this one's log has."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (os.path.getsize(f"{path}-wal"), limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


@pytest.mark.parametrize(
    "change",
    [
        lambda db: db.c.insert_one({"filler": "x" * 1_000_000}),
        lambda db: db.c.update_many({}, {"$set": {"a": 5, "filler": "y" * 1000}}),
        lambda db: db.c.delete_many({"_id": {"$mod": [2, 0]}}),
        lambda db: db.c.find_one_and_replace({"_id": 5}, {"filler": "x" * 1_000_000}),
        lambda db: db.c.create_index([("b", 1)], name="x" * 100),
        lambda db: db.c.drop_index("a_1"),
        lambda db: db.c.drop(),
        lambda db: db.c.rename("d"),
        lambda db: db.client.drop_database("db"),
        lambda db: db.new.insert_one({}),
        lambda db: db.command("collMod", "capped", cappedMax=2),
        lambda db: db.capped.insert_one({"filler": "x" * 3000}),
    ],
)
def test_a_command_that_cannot_be_kept_changes_nothing(path: Path, change: Callable[[Any], Any]) -> None:
    with mim.Connection(strict=True, file=path) as connection:
        connection.db.first.insert_one({})
        connection.db.c.insert_many([{"_id": at, "a": at, "filler": "x" * 200} for at in range(50)])
        for key in ("a", "b.c", "d"):
            connection.db.c.create_index(key)
        connection.db.create_collection("capped", capped=True, size=4096)
        connection.db.capped.insert_many([{"_id": at, "filler": "x" * 1000} for at in range(3)])
        before = everything(connection)
        with full_disk(path), pytest.raises(OperationFailure, match=f"{path} was not written") as caught:
            change(connection.db)
        assert caught.value.code in (39, 14031)
        assert everything(connection) == before
        assert connection.db.c.count_documents({"a": 5}) == 1
        connection.db.c.insert_one({"_id": "after", "a": 5})
        change(connection.db)
        after = everything(connection)
    with mim.Connection(strict=True, file=path) as connection:
        assert everything(connection) == after
