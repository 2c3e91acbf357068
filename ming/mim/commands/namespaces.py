"""Collections and views of a store, as the pipeline of a command reaches them."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from bson import ObjectId

from ming.mim.commands.catalog import CATALOG
from ming.mim.commands.requests import Request
from ming.mim.commands.writing import WRITING
from ming.mim.data.environment import KeyOf
from ming.mim.data.errors import CommandError
from ming.mim.pipelines.stages import Document, Source
from ming.mim.queries.search_indexes import NO_COLLECTION, SearchIndexes
from ming.mim.storage.indexes import Index
from ming.mim.storage.store import Database
from ming.mim.storage.views import find_view, resolve

__all__ = ["StoreNamespaces"]

_HANDLERS: Final = {**WRITING, **CATALOG}
_NOT_IN_DATABASES: Final = frozenset(' ."$/\\\0')
_SHARED: Final = ("bypassDocumentValidation", "lsid")


class StoreNamespaces:
    """The collections and views that a command's pipeline reaches.

    Args:
        request: The command, whose options its writes share.
    """

    def __init__(self, request: Request) -> None:
        self._request = request

    def source(self, database: str, name: str) -> Source:
        """Return what a name means.

        Raises:
            CommandError: It is a view with another collation than the command's.
        """
        home = self._database(database)
        view = find_view(home, name)
        if view is not None and view.order is not self._order():
            # The server forgets a space.
            raise CommandError(167, f"Cannot override a view's default collation{database}.{name}")
        return resolve(home, name)

    def _order(self) -> KeyOf:
        """Return how the command compares values."""
        target = self._request.command[self._request.name]
        collection = self._request.database.get(target) if isinstance(target, str) else None
        return self._request.query_context(collection).key

    def search_indexes(self, database: str, name: str) -> SearchIndexes:
        """Return the indexes for text and places of a collection."""
        collection = self._database(database).get(name)
        return NO_COLLECTION if collection is None else collection.search_indexes()

    def check(self, database: str, name: str, message: str) -> None:
        """Refuse names that no collection can have.

        Raises:
            CommandError: It has the message.
        """
        if not database or set(database) & _NOT_IN_DATABASES or not name or name[0] == "." or "\0" in name:
            raise CommandError(73, message)

    def identifies(self, database: str, name: str, paths: Sequence[str], order: KeyOf) -> bool:
        """Whether a unique index of a collection is over some paths, with their values in some order."""
        collection = self._database(database).get(name)
        if paths == ["_id"]:
            return collection is None or collection.collation.key is order
        return collection is not None and any(
            index.unique
            and index.collation.key is order
            and index.key.keys() == set(paths)
            and "partialFilterExpression" not in index.definition
            for index in collection.indexes.values()
        )

    def new_id(self) -> ObjectId:
        """Return a new ``_id``."""
        return self._request.new_id()

    def perform(self, database: str, command: Document) -> Document:
        """Perform a command on behalf of the pipeline's."""
        name = next(iter(command))
        given = {option: self._request.command.get(option) for option in _SHARED}
        if name == "update":
            given["let"] = self._request.command.get("let")
        inner = replace(
            self._request, command={**command, **given}, name=name, database=self._database(database)
        )
        return _HANDLERS[name](inner)

    def replace_contents(self, database: str, name: str, documents: Sequence[Document]) -> None:
        """Let a collection, created if need be, hold other documents under the same indexes and options.

        Raises:
            CommandError: A document is refused; the collection is unchanged.
        """
        home = self._database(database)
        before = home.get(name)
        if find_view(home, name) is not None:
            raise CommandError(166, f"Namespace {database}.{name} is a view, not a collection")
        if before is not None and before.options.get("capped"):
            raise CommandError(
                17152, f"namespace '{before.namespace}' is capped so it can't be used for $out"
            )
        if "$" in name:
            raise CommandError(20, f"error with target namespace: Invalid collection name: {name}")
        if before is not None and before.cap is not None:
            raise CommandError(
                17152, f"namespace '{before.namespace}' is capped so it can't be used for $out"
            )
        made = home.create(f"tmp.agg_out.{uuid.uuid4()}", before.options if before is not None else None)
        try:
            if before is not None:
                for index in before.indexes.values():
                    made.add_index(Index(index.definition, self._request.dialect))
            if documents:
                reply = self.perform(database, {"insert": made.name, "documents": list(documents)})
                for error in reply.get("writeErrors", ()):
                    raise CommandError.of_write(error)
        except CommandError:
            home.drop(made.name)
            raise
        if before is not None:
            home.drop(name)
        home.rename(made.name, home, name)

    def _database(self, name: str) -> Database:
        return self._request.store.database(name)
