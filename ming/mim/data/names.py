"""Names of collections: which the server takes."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from ming.mim.data.errors import CommandError

__all__ = [
    "UNWRITABLE",
    "check_collection_name",
    "check_readable_name",
    "check_writable_name",
    "split_namespace",
]

_LONGEST: Final = 255
_SYSTEM: Final = frozenset(("system.js", "system.profile", "system.views"))
UNWRITABLE: Final = frozenset(("system.profile", "system.views"))
"""Collections that only the server itself writes to."""
_SYSTEM_OF_ADMIN: Final = frozenset(("system.keys", "system.roles", "system.users", "system.version"))


def check_readable_name(database: str, name: str) -> None:
    """Refuse a name that no command can hold.

    Raises:
        CommandError: It is one.
    """
    if not name:
        raise CommandError(73, f"Invalid namespace specified '{database}.'")
    if "\0" in name:
        raise CommandError(73, "namespaces cannot have embedded null characters")
    if name.startswith("."):
        raise CommandError(73, f"Collection names cannot start with '.': {name}")


@lru_cache(maxsize=1000)
def check_collection_name(database: str, name: str) -> None:
    """Refuse a name that no collection can have.

    Raises:
        CommandError: It is one.
    """
    check_readable_name(database, name)
    namespace = f"{database}.{name}"
    if "$" in name:
        raise CommandError(73, f"Invalid collection name: {name}")
    if len(namespace.encode()) > _LONGEST:
        raise CommandError(
            73, f"Fully qualified namespace is too long. Namespace: {namespace} Max: {_LONGEST}"
        )
    if name.startswith("system.") and not _is_known_system_name(database, name):
        raise CommandError(73, f"Invalid system namespace: {namespace}")
    if ".system." in name:
        raise CommandError(2, f"Invalid namespace: {namespace}")


def check_writable_name(database: str, name: str) -> None:
    """Refuse a name that no collection can have, or only one that commands do not write to.

    Raises:
        CommandError: It is one.
    """
    check_collection_name(database, name)
    if name in UNWRITABLE:
        raise CommandError(73, f"cannot write to {database}.{name}")


def _is_known_system_name(database: str, name: str) -> bool:
    if name in _SYSTEM or name.startswith("system.buckets."):
        return True
    return database == "admin" and name in _SYSTEM_OF_ADMIN


def split_namespace(namespace: str) -> tuple[str, str] | None:
    """Return database and collection of a full name, None if it is not one."""
    database, _, name = namespace.partition(".")
    return (database, name) if database and name and " " not in database else None
