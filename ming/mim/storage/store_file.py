"""`StoreFile`: a store kept in a file, which is an SQLite database of BSON.

The file follows the store's journal: what a command changed is one SQLite transaction, done before the
command is answered. Which files are open is the business of `ming.mim.commands.files`.
"""

from __future__ import annotations

import ctypes
import os
import sqlite3
import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Final

import bson
from bson.errors import BSONError

from ming.exc import StoreFileError
from ming.mim.data.dialect import Dialect
from ming.mim.data.errors import CommandError
from ming.mim.data.values import from_bytes
from ming.mim.storage.file_lock import FileLock
from ming.mim.storage.indexes import Index
from ming.mim.storage.journal import Change
from ming.mim.storage.records import Collection
from ming.mim.storage.store import Store

__all__ = ["StoreFile"]

_MAGIC: Final = b"SQLite format 3\0"
_APPLICATION: Final = 0x4D494E47
_FORMAT: Final = 1
_LAYOUT: Final = f"""
    PRAGMA journal_mode = WAL;
    BEGIN;
    PRAGMA application_id = {_APPLICATION};
    PRAGMA user_version = {_FORMAT};
    CREATE TABLE collections (
        number INTEGER PRIMARY KEY, database TEXT NOT NULL, name TEXT NOT NULL,
        uuid BLOB NOT NULL, options BLOB NOT NULL, UNIQUE (database, name)
    );
    CREATE TABLE indexes (
        number INTEGER PRIMARY KEY, collection INTEGER NOT NULL, name TEXT NOT NULL, definition BLOB NOT NULL,
        UNIQUE (collection, name)
    );
    COMMIT;
"""
"""The catalog. The documents of collection 7 are in a table ``records_7``, by record number."""


class StoreFile:
    """A file that one process has open.

    A commit reaches the operating system before it counts, so it survives the end of the process; after a
    power cut the last ones may be missing, but the file is whole.

    Args:
        path: Where it is; made if missing or empty.
        store: Gets what the file holds, and is followed from then on.
        dialect: As the store's indexes are to be built.

    Raises:
        StoreFileError: Another process has the file, or it is damaged, of a newer format or something else.
        It
            has not been touched.
    """

    def __init__(self, path: str, store: Store, dialect: Dialect) -> None:
        self.path = path
        self._numbers: dict[uuid.UUID, int] = {}
        self._lock = _locked(path)
        try:
            if not os.path.exists(path) or os.path.getsize(path) == 0:
                _create(path)
            _check_header(path)
            self._read(store, dialect)
            self._connection = _connected(path, "rw")
            self._connection.execute("PRAGMA synchronous = NORMAL")
            self._identity = os.stat(path)
        except (OSError, sqlite3.Error) as error:
            self._lock.release()
            raise StoreFileError(f"cannot be opened: {error}", path) from error
        except BaseException:
            self._lock.release()
            raise
        self._next = max(self._numbers.values(), default=0) + 1
        store.followers.insert(0, self._write)

    def is_in_place(self) -> bool:
        """Whether the path still leads to this file."""
        return os.path.exists(self.path) and os.path.samestat(os.stat(self.path), self._identity)

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()
        self._lock.release()

    def abandon(self) -> None:
        """In a forked child: leave the file to the parent."""
        # Closing SQLite's connection, now or when the interpreter ends, would tidy up the parent's log.
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(self._connection))
        self._lock.abandon()

    # -- reading

    def _read(self, store: Store, dialect: Dialect) -> None:
        # A connection that cannot write leaves file and log alone, whatever it finds.
        with closing(_connected(self.path, "ro")) as connection:
            try:
                ((verdict,),) = connection.execute("PRAGMA quick_check(1)")
                if verdict != "ok":
                    raise StoreFileError(f"is damaged: {verdict}", self.path)
                for row in connection.execute(
                    "SELECT number, database, name, uuid, options FROM collections ORDER BY number"
                ):
                    self._read_collection(connection, store, dialect, *row)
            except (sqlite3.DatabaseError, BSONError, CommandError, LookupError, ValueError) as error:
                raise StoreFileError(f"is damaged: {error}", self.path) from error

    def _read_collection(
        self,
        connection: sqlite3.Connection,
        store: Store,
        dialect: Dialect,
        number: int,
        database: str,
        name: str,
        identity: bytes,
        options: bytes,
    ) -> None:
        collection = store.database(database).load(name, from_bytes(options), uuid.UUID(bytes=identity))
        self._numbers[collection.uuid] = number
        for (definition,) in connection.execute(
            "SELECT definition FROM indexes WHERE collection = ? ORDER BY number", (number,)
        ):
            index = Index(from_bytes(definition), dialect)
            collection.indexes[index.name] = index
        for record, document in connection.execute(
            f"SELECT record, document FROM records_{number} ORDER BY record"
        ):
            collection.restore(record, from_bytes(document))

    # -- writing

    def _write(self, changes: Sequence[Change]) -> None:
        execute = self._connection.execute
        try:
            execute("BEGIN IMMEDIATE")
            for change in changes:
                _WRITERS[change.kind](self, change)
            execute("COMMIT")
        except BaseException as error:
            if self._connection.in_transaction:
                execute("ROLLBACK")
            if isinstance(error, sqlite3.Error):
                full = "full" in str(error)
                raise CommandError(14031 if full else 39, f"{self.path} was not written: {error}") from error
            raise
        for change in changes:
            if change.kind == "drop":
                del self._numbers[change.target.uuid]

    def _number(self, change: Change) -> int:
        return self._numbers[change.target.uuid]

    def _put(self, change: Change) -> None:
        self._connection.execute(
            f"INSERT OR REPLACE INTO records_{self._number(change)} VALUES (?, ?)",
            (change.record, bson.encode(change.after)),
        )

    def _delete(self, change: Change) -> None:
        self._connection.execute(
            f"DELETE FROM records_{self._number(change)} WHERE record = ?", (change.record,)
        )

    def _create(self, change: Change) -> None:
        made: Collection = change.target
        number = self._numbers[made.uuid] = self._next
        self._next += 1
        self._connection.execute(
            "INSERT INTO collections VALUES (?, ?, ?, ?, ?)",
            (number, made.database, made.name, made.uuid.bytes, bson.encode(made.options)),
        )
        self._connection.execute(
            f"CREATE TABLE records_{number} (record INTEGER PRIMARY KEY, document BLOB NOT NULL)"
        )

    def _drop(self, change: Change) -> None:
        number = self._number(change)
        self._connection.execute("DELETE FROM collections WHERE number = ?", (number,))
        self._connection.execute("DELETE FROM indexes WHERE collection = ?", (number,))
        self._connection.execute(f"DROP TABLE records_{number}")

    def _drop_database(self, change: Change) -> None:
        """Do nothing: its collections have been dropped one by one."""

    def _rename(self, change: Change) -> None:
        database, _, name = change.after.partition(".")
        self._connection.execute(
            "UPDATE collections SET database = ?, name = ? WHERE number = ?",
            (database, name, self._number(change)),
        )

    def _set_options(self, change: Change) -> None:
        self._connection.execute(
            "UPDATE collections SET options = ? WHERE number = ?",
            (bson.encode(change.after), self._number(change)),
        )

    def _create_index(self, change: Change) -> None:
        index: Index = change.after
        self._connection.execute(
            "INSERT INTO indexes (collection, name, definition) VALUES (?, ?, ?)",
            (self._number(change), index.name, bson.encode(index.definition)),
        )

    def _drop_index(self, change: Change) -> None:
        self._connection.execute(
            "DELETE FROM indexes WHERE collection = ? AND name = ?",
            (self._number(change), change.before.name),
        )


_WRITERS: Final[Mapping[str, Callable[[StoreFile, Change], None]]] = {
    "insert": StoreFile._put,
    "update": StoreFile._put,
    "replace": StoreFile._put,
    "delete": StoreFile._delete,
    "create": StoreFile._create,
    "drop": StoreFile._drop,
    "dropDatabase": StoreFile._drop_database,
    "rename": StoreFile._rename,
    "options": StoreFile._set_options,
    "createIndex": StoreFile._create_index,
    "dropIndex": StoreFile._drop_index,
}


def _locked(path: str) -> FileLock:
    try:
        return FileLock(f"{path}-lock")
    except BlockingIOError:
        raise StoreFileError("is open in another process", path) from None
    except OSError as error:
        raise StoreFileError(f"cannot be locked: {error}", path) from error


def _connected(path: str, mode: str) -> sqlite3.Connection:
    # The store's lock is held during every use, whichever thread that is in.
    return sqlite3.connect(
        f"{Path(path).as_uri()}?mode={mode}", uri=True, isolation_level=None, check_same_thread=False
    )


def _create(path: str) -> None:
    """Put an empty store at a path, whole or not at all."""
    made = f"{path}-new"
    Path(made).unlink(missing_ok=True)
    with closing(_connected(made, "rwc")) as connection:
        connection.executescript(_LAYOUT)
    os.replace(made, path)


def _check_header(path: str) -> None:
    """Refuse other files before SQLite has seen them."""
    with open(path, "rb") as file:
        header = file.read(100)
    if not header.startswith(_MAGIC) or len(header) < 100:
        raise StoreFileError("is not a file of the embedded engine", path)
    if int.from_bytes(header[68:72], "big") != _APPLICATION:
        raise StoreFileError("is not a file of the embedded engine, but another SQLite database", path)
    version = int.from_bytes(header[60:64], "big")
    if version != _FORMAT:
        raise StoreFileError(f"has format {version}; this version of ming knows format {_FORMAT}", path)
