"""`FileLock`: a file that one process has at a time, by a lock of the operating system.

The lock is on a file of its own beside the one it guards: locks on the guarded file itself would be lost as
soon as anything in the process, such as a backup, opens and closes that file.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

__all__ = ["FileLock"]


class FileLock:
    """A lock held until `release`, or until the process ends in whichever way.

    Args:
        path: The lock's own file. It is made, and removed on release.

    Raises:
        BlockingIOError: Another process holds the lock.
        OSError: The file cannot be made.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._descriptor = _locked(path)

    def release(self) -> None:
        """Let others have the lock."""
        if sys.platform == "win32":
            os.close(self._descriptor)
            with suppress(PermissionError):
                # Refused if somebody else has it already.
                os.unlink(self._path)
        else:
            # While the lock is held, nobody else has the file; but the whole directory may be gone.
            with suppress(FileNotFoundError):
                os.unlink(self._path)
            os.close(self._descriptor)

    def abandon(self) -> None:
        """In a forked child: let go of the lock, which stays the parent's."""
        os.close(self._descriptor)


def _locked(path: str) -> int:
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            _lock(descriptor)
            if _is_at(descriptor, path):
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        # Whoever held the lock removed this file meanwhile; a new one counts.
        os.close(descriptor)


def _is_at(descriptor: int, path: str) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(path))
    except FileNotFoundError:
        return False


def _lock(descriptor: int) -> None:
    if sys.platform == "win32":
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except PermissionError as error:
            raise BlockingIOError(*error.args) from None
    else:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
