"""What command handlers share: the surroundings of a command, and the checking of its options."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from bson import ObjectId

from ming.mim.dialect import Dialect
from ming.mim.errors import CommandError
from ming.mim.expressions import compile_expression, root_scope
from ming.mim.filters import QueryContext
from ming.mim.store import Collection, Database, Store
from ming.mim.values import MISSING, identical, type_name

__all__ = ["Handler", "Reply", "Request", "check_hint", "check_options", "cursor_reply", "identical_keys"]

Reply = dict[str, Any]

_HARMLESS: Final = frozenset(
    (
        "$clusterTime $db $readPreference allowDiskUse allowPartialResults apiDeprecationErrors apiStrict apiVersion"
        " awaitData batchSize bypassDocumentValidation comment lsid maxTimeMS noCursorTimeout oplogReplay readConcern"
        " tailable writeConcern"
    ).split()
)
"""Options without an effect on documents in memory."""

_UNBUILT: Final[Mapping[str, str]] = {
    "autocommit": "transactions",
    "startTransaction": "transactions",
    "explain": "explain",
    "returnKey": "returnKey",
    "showRecordId": "showRecordId",
    "min": "min",
    "max": "max",
}


@dataclass(frozen=True, slots=True)
class Request:
    """A command about to be performed, its store locked."""

    command: dict[str, Any]
    name: str
    database: Database
    store: Store
    dialect: Dialect
    now: Callable[[], datetime]
    new_id: Callable[[], ObjectId]

    def option(self, name: str, default: Any = None) -> Any:
        """Return an option of the command; null counts as not given."""
        value = self.command.get(name)
        return default if value is None else value

    @property
    def collection_name(self) -> str:
        """The collection the command names.

        Raises:
            CommandError: It names none.
        """
        name = self.command[self.name]
        if not isinstance(name, str):
            raise CommandError(
                73, f"collection name has invalid type {type_name(name)}", code_name="InvalidNamespace"
            )
        if not name:
            raise CommandError(73, f"Invalid namespace specified '{self.database.name}.'")
        return name

    @property
    def namespace(self) -> str:
        """Database and collection, as messages and cursors name them."""
        return f"{self.database.name}.{self.collection_name}"

    def collection(self) -> Collection | None:
        """Return the collection, or None if it does not exist."""
        return self.database.get(self.collection_name)

    def query_context(self, collection: Collection | None) -> QueryContext:
        """Return what the command's filters depend on."""
        variables: dict[str, Any] = {"NOW": self.now()}
        for name, value in self.option("let", {}).items():
            bound = compile_expression(value)(root_scope({}))
            variables[name] = None if bound is MISSING else bound
        fields = collection.text_fields() if collection is not None else ()
        return QueryContext(self.dialect, fields, variables)


Handler = Callable[[Request], Reply]


def check_options(given: Mapping[str, Any], known: frozenset[str], what: str) -> None:
    """Refuse options that a command does not have, and name those not built yet.

    Args:
        given: The command, or one statement of it.
        known: The options its handler looks at.
        what: The command's name, for messages.

    Raises:
        CommandError: There is no such option.
        NotImplementedError: The option is not built yet.
    """
    for name, value in given.items():
        if name == "collation":
            if value and value.get("locale") != "simple":
                raise NotImplementedError("collation")
        elif name in known or name in _HARMLESS or name == what:
            continue
        elif name not in _UNBUILT:
            if name != "txnNumber":
                raise CommandError(40415, f"BSON field '{what}.{name}' is an unknown field.")
        elif value:
            raise NotImplementedError(_UNBUILT[name])


def check_hint(hint: Any, collection: Collection | None) -> None:
    """Refuse a hint that names no index; indexes are chosen without it.

    Raises:
        CommandError: There is no such index.
    """
    if hint is None or collection is None or hint in ("_id_", {}, ""):
        return
    if isinstance(hint, str):
        if hint in collection.indexes:
            return
    elif isinstance(hint, dict):
        if identical_keys(hint, {"_id": 1}) or "$natural" in hint:
            return
        if any(identical_keys(hint, index.key) for index in collection.indexes.values()):
            return
    else:
        raise CommandError(9, f"'hint' must be a string or an object, found {type_name(hint)}")
    raise CommandError(
        2,
        "error processing query: planner returned error :: caused by :: hint provided does not correspond to an"
        " existing index",
    )


def identical_keys(left: Mapping[str, Any], right: Mapping[str, Any]) -> bool:
    """Whether two index keys name the same fields, directions and order."""
    return list(left) == list(right) and all(
        left[field] == right[field] or identical(left[field], right[field]) for field in left
    )


def cursor_reply(namespace: str, documents: list[Any]) -> Reply:
    """Return the reply of a command that gives documents, all in the first batch."""
    return {"cursor": {"firstBatch": documents, "id": 0, "ns": namespace}, "ok": 1.0}
