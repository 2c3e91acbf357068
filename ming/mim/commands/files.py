"""Engines of files: one per file and process, shared by all who open it.

`ming.mim.faces.connection` claims an engine here; `ming.mim.storage.store_file` does the reading and writing.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from typing import Final

from ming.exc import StoreFileError
from ming.mim.commands.core import Engine
from ming.mim.data.dialect import Dialect
from ming.mim.storage.store import Store
from ming.mim.storage.store_file import StoreFile

__all__ = ["Claim"]


class _Opened:
    """A file that is open in this process, and how many use it."""

    def __init__(self, path: str, dialect: Dialect) -> None:
        store = Store()
        self.path = path
        self.file = StoreFile(path, store, dialect)
        self.engine = Engine(dialect, store=store)
        self.claims = 0

    def check(self, dialect: Dialect) -> None:
        """Refuse to share the file under other circumstances than it was opened under."""
        if not self.file.is_in_place():
            raise StoreFileError("was removed or replaced while it is open", self.path)
        if self.engine.dialect != dialect:
            strict = not self.engine.dialect.lenient
            raise StoreFileError(f"is open in this process already, with strict={strict}", self.path)

    def close(self) -> None:
        """Finish the running command, and answer no other."""
        self.engine.stop(f"{self.path} has been closed")
        self.file.close()

    def leave_to_parent(self) -> None:
        """In a forked child: answer no command any more, and leave the file alone."""
        self.engine.stop(f"{self.path} is open in the parent of this process")
        self.file.abandon()


class _Files:
    """The files that are open in this process.

    Claims are given up wherever the garbage collector happens to run, so giving up must not wait for a lock:
    whoever has it sees to what was given up meanwhile.
    """

    def __init__(self) -> None:
        self._forget()

    def _forget(self) -> None:
        self._lock = threading.Lock()
        self._opened: dict[str, _Opened] = {}
        self._given_up: deque[_Opened] = deque()

    def claim(self, path: str, dialect: Dialect) -> _Opened:
        """Open a file unless it is open."""
        try:
            with self._lock:
                opened = self._opened.get(path)
                if opened is None:
                    opened = self._opened[path] = _Opened(path, dialect)
                else:
                    opened.check(dialect)
                opened.claims += 1
                return opened
        finally:
            self._close_unused()

    def give_up(self, opened: _Opened) -> None:
        """Close a file if nobody else uses it."""
        self._given_up.append(opened)
        self._close_unused()

    def _close_unused(self) -> None:
        while self._given_up and self._lock.acquire(blocking=False):
            try:
                while self._given_up:
                    self._drop_claim(self._given_up.popleft())
            finally:
                self._lock.release()

    def _drop_claim(self, opened: _Opened) -> None:
        opened.claims -= 1
        # A forked child does not know the files of its parent.
        if not opened.claims and self._opened.get(opened.path) is opened:
            del self._opened[opened.path]
            opened.close()

    def leave_to_parent(self) -> None:
        """In a forked child: forget all files."""
        for opened in self._opened.values():
            opened.leave_to_parent()
        self._forget()


_files: Final = _Files()

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_files.leave_to_parent)


class Claim:
    """A hold on the engine of a file, which is opened unless it is open; the last to let go closes it.

    Args:
        path: The file; made if it is missing.
        dialect: Where to depart from the server's answers.

    Raises:
        StoreFileError: The file cannot be used, or is open with another dialect.
    """

    def __init__(self, path: str | os.PathLike[str], dialect: Dialect) -> None:
        self._opened: _Opened | None = _files.claim(os.path.realpath(path), dialect)
        self.engine = self._opened.engine

    def release(self) -> None:
        """Let go, if not done before."""
        opened, self._opened = self._opened, None
        if opened is not None:
            _files.give_up(opened)
