"""Answers of Ming's in-memory engine to ``db.command``, where the server's are different or gone.

Asked by `ming.mim.faces.database` unless the connection is strict.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from ming.mim.faces.database import Database

__all__ = ["LEGACY_COMMANDS"]


def _filemd5(database: Database, command: Mapping[str, Any]) -> dict[str, Any]:
    """Return the MD5 of a GridFS file, and nothing else."""
    chunks = database[f"{command.get('root', 'fs')}.chunks"].find(
        {"files_id": command["filemd5"]}, sort=[("n", 1)]
    )
    digest = hashlib.md5(usedforsecurity=False)
    for chunk in chunks:
        digest.update(chunk["data"])
    return {"md5": digest.hexdigest()}


def _getlasterror(database: Database, command: Mapping[str, Any]) -> dict[str, Any]:
    """Say that nothing went wrong: errors are raised where they happen."""
    return {"connectionId": None, "err": None, "n": 0, "ok": 1.0}


def _distinct(database: Database, command: Mapping[str, Any]) -> Any:
    """Return the sorted values themselves."""
    return database[command["distinct"]].distinct(command["key"], command.get("filter", command.get("query")))


LEGACY_COMMANDS: Final[Mapping[str, Callable[[Database, Mapping[str, Any]], dict[str, Any]]]] = {
    "filemd5": _filemd5,
    "getlasterror": _getlasterror,
    "distinct": _distinct,
}
"""What answers a command, by its name in lower case."""
