"""What command handlers share: the surroundings of a command, and the checking of its options."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Final

from bson import ObjectId

from ming.mim.commands.command_variables import command_variables
from ming.mim.commands.cursors import Cursors
from ming.mim.commands.retries import Attempt
from ming.mim.commands.session_fields import SESSION_FIELDS
from ming.mim.commands.sessions import Sessions
from ming.mim.data.collation import SIMPLE, Collation, read_collation
from ming.mim.data.dialect import Dialect
from ming.mim.data.errors import CommandError
from ming.mim.data.names import UNWRITABLE, check_readable_name, check_writable_name
from ming.mim.data.options import document, flag
from ming.mim.data.values import type_name
from ming.mim.queries.filters import QueryContext
from ming.mim.storage.records import Collection
from ming.mim.storage.store import Database, Databases
from ming.mim.storage.storing import Storing
from ming.mim.storage.views import find_view

__all__ = ["HARMLESS", "Handler", "Reply", "Request", "check_options"]

Reply = dict[str, Any]

HARMLESS: Final = frozenset(
    (
        "$clusterTime $db $readPreference allowDiskUse apiDeprecationErrors apiStrict apiVersion"
        " bypassDocumentValidation comment maxTimeMS readConcern writeConcern"
    ).split()
).union(SESSION_FIELDS)
"""Options without an effect on documents in memory."""

_READING: Final = frozenset(("find", "count", "distinct"))
_WRITING: Final = frozenset(("insert", "update", "delete", "findAndModify", "findandmodify", "createIndexes"))
_OLD_STYLE: Final = frozenset(
    (
        "count distinct collStats collstats validate convertToCapped cloneCollectionAsCapped planCacheClear"
    ).split()
)
"""Commands with an error of their own about a name that is no string."""


@dataclass(slots=True, eq=False)
class Request:
    """A command about to be performed, its store locked. It is not changed."""

    command: dict[str, Any]
    name: str
    database: Database
    store: Databases
    cursors: Cursors
    sessions: Sessions
    dialect: Dialect
    moment: datetime
    """When the command came."""
    now: Callable[[], datetime]
    new_id: Callable[[], ObjectId]
    attempt: Attempt | None = None
    """What is known of a retryable write."""

    def option(self, name: str, default: Any = None) -> Any:
        """Return an option of the command; null counts as not given."""
        value = self.command.get(name)
        return default if value is None else value

    @property
    def session(self) -> bytes | None:
        """The number of the client session, None outside sessions."""
        session = self.option("lsid")
        return bytes(session["id"]) if session else None

    @property
    def transaction(self) -> int | None:
        """The number of the transaction, None outside transactions."""
        return self.command["txnNumber"] if "autocommit" in self.command else None

    @property
    def collection_name(self) -> str:
        """The collection the command names.

        Raises:
            CommandError: It names none.
        """
        self.check_name()
        return self.target

    def check_name(self) -> None:
        """Refuse a name of a collection that the command cannot have.

        Raises:
            CommandError: The command has one.
        """
        name = self.target
        if name in self.database.collections and name not in UNWRITABLE:
            # A name in use needs no check.
            return
        check_readable_name(self.database.name, name)
        if self.name in _WRITING:
            check_writable_name(self.database.name, name)
        elif "$" in name and self.name in _READING:
            # The server forgets a quote.
            raise CommandError(73, f"Invalid collection name specified '{self.database.name}.{name}")

    @property
    def target(self) -> str:
        """What the command names, whatever it may be.

        Raises:
            CommandError: It names nothing.
        """
        name = self.command[self.name]
        if name.__class__ is not str:
            code = 73 if self.name in _OLD_STYLE else 2
            raise CommandError(code, f"collection name has invalid type {type_name(name)}")
        return name

    @property
    def namespace(self) -> str:
        """Database and collection, as messages and cursors name them."""
        return f"{self.database.name}.{self.collection_name}"

    @property
    def storing(self) -> Storing:
        """How the command stores documents."""
        return Storing(self.now, self.new_id, bool(flag(self.command, self.name, "bypassDocumentValidation")))

    def collection(self) -> Collection | None:
        """Return the collection, or None if it does not exist.

        Raises:
            CommandError: It is a view.
        """
        name = self.collection_name
        found = self.database.get(name)
        if found is None and find_view(self.database, name) is not None:
            raise CommandError(166, f"Namespace {self.namespace} is a view, not a collection")
        return found

    def home(self) -> Collection:
        """Return the collection, created if need be.

        Raises:
            CommandError: It is a view.
        """
        found = self.collection()
        return found if found is not None else self.database.create(self.target)

    def query_context(
        self, collection: Collection | None, statement: Mapping[str, Any] | None = None
    ) -> QueryContext:
        """Return what the command's filters depend on.

        Args:
            collection: The collection that is read or written.
            statement: The statement of the command, if it has several, each with options of its own.
        """
        key = self._collation(collection, statement).key
        variables = {"NOW": self.moment}
        if "let" in self.command:
            what = "FindCommandRequest" if self.name == "find" else self.name
            variables = command_variables(document(self.command, what, "let") or {}, self.moment, key)
        if collection is None:
            return QueryContext(self.dialect, variables, key)
        return QueryContext(self.dialect, variables, key, collection.search_indexes())

    def _collation(self, collection: Collection | None, statement: Mapping[str, Any] | None) -> Collation:
        """Return the collation asked for, or that of the collection."""
        options = self.command if statement is None else statement
        if "collation" in options:
            # Of an update, the statements are the updates, and so on.
            what = self.name if statement is None else f"{self.name}.{self.name}s"
            given = document(options, what, "collation")
            if given:
                return read_collation(given)
        return SIMPLE if collection is None else collection.collation


Handler = Callable[[Request], Reply]


def check_options(given: Mapping[str, Any], known: frozenset[str], what: str) -> None:
    """Refuse options that a command does not have.

    Args:
        given: The command, or one statement of it.
        known: The options its handler looks at.
        what: The command's name, for messages.

    Raises:
        CommandError: There is no such option.
    """
    allowed = _allowed(known, what)
    if not allowed.issuperset(given):
        name = next(name for name in given if name not in allowed)
        raise CommandError(40415, f"BSON field '{what}.{name}' is an unknown field.")


@cache
def _allowed(known: frozenset[str], what: str) -> frozenset[str]:
    return HARMLESS.union(known, (what,))
