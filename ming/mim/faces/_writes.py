"""The writing half of `Collection`: inserts, updates, deletes, find-and-modify and bulk writes."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import pymongo.collection
from pymongo.errors import ConfigurationError
from pymongo.results import BulkWriteResult, DeleteResult, InsertManyResult, InsertOneResult, UpdateResult

from ming.mim.faces import _arguments as arguments
from ming.mim.faces import _bulk as bulk
from ming.mim.faces import _commands as commands
from ming.mim.faces._access import Access
from ming.mim.faces._arguments import IndexKeys, Pipeline, Projection
from ming.mim.faces._replies import delete_result, raise_write_error, update_result

__all__ = ["WritingMethods"]

_FIND_AND_MODIFY_OPTIONS: Final = frozenset(
    ("bypassDocumentValidation", "collation", "maxTimeMS", "writeConcern", "new")
)


class WritingMethods(pymongo.collection.Collection[dict[str, Any]]):
    """What changes documents."""

    _access: Access

    def _check_session(self, session: Any) -> None:
        """Refuse a client session for writes that nobody acknowledges, unless they are part of a
        transaction."""
        if session is None or self.write_concern.acknowledged or getattr(session, "in_transaction", False):
            return
        raise ConfigurationError(
            f"Explicit sessions are incompatible with unacknowledged write concern: {self.write_concern!r}"
        )

    # -- inserting

    def insert_one(
        self,
        document: Any,
        bypass_document_validation: bool | None = None,
        session: Any = None,
        comment: Any = None,
    ) -> InsertOneResult:
        """Insert a document; one without ``_id`` is given one."""
        self._check_session(session)
        inserted_id = bulk.ensure_id(document)
        command = commands.insert(
            self.name, [document], bypassDocumentValidation=bypass_document_validation, comment=comment
        )
        raise_write_error(self._access.run_checked(command, session))
        return InsertOneResult(inserted_id, self.write_concern.acknowledged)

    def insert_many(
        self,
        documents: Iterable[Any],
        ordered: bool = True,
        bypass_document_validation: bool | None = None,
        session: Any = None,
        comment: Any = None,
    ) -> InsertManyResult:
        """Insert documents.

        Raises:
            pymongo.errors.BulkWriteError: One of them was refused; those before it stay.
        """
        self._check_session(session)
        ids = bulk.insert_many(
            self.name,
            documents,
            lambda command: self._access.run(command, session),
            ordered,
            bypassDocumentValidation=bypass_document_validation,
            comment=comment,
        )
        return InsertManyResult(ids, self.write_concern.acknowledged)

    # -- updating

    def replace_one(
        self,
        filter: Mapping[str, Any],
        replacement: Mapping[str, Any],
        upsert: bool = False,
        bypass_document_validation: bool | None = None,
        collation: Any = None,
        hint: IndexKeys | None = None,
        session: Any = None,
        let: Mapping[str, Any] | None = None,
        sort: IndexKeys | None = None,
        comment: Any = None,
    ) -> UpdateResult:
        """Replace the first matching document; it keeps its ``_id``."""
        self._check_session(session)
        arguments.check_replacement(replacement)
        statement = commands.update_statement(
            filter, replacement, upsert=upsert, collation=collation, hint=hint, sort=sort
        )
        return self._run_update(statement, bypass_document_validation, let, comment, session)

    def update_one(
        self,
        filter: Mapping[str, Any],
        update: Mapping[str, Any] | Pipeline,
        upsert: bool = False,
        bypass_document_validation: bool | None = None,
        collation: Any = None,
        array_filters: Sequence[Mapping[str, Any]] | None = None,
        hint: IndexKeys | None = None,
        session: Any = None,
        let: Mapping[str, Any] | None = None,
        sort: IndexKeys | None = None,
        comment: Any = None,
    ) -> UpdateResult:
        """Update the first matching document."""
        self._check_session(session)
        arguments.check_update(update)
        statement = commands.update_statement(
            filter,
            update,
            upsert=upsert,
            collation=collation,
            array_filters=array_filters,
            hint=hint,
            sort=sort,
        )
        return self._run_update(statement, bypass_document_validation, let, comment, session)

    def update_many(
        self,
        filter: Mapping[str, Any],
        update: Mapping[str, Any] | Pipeline,
        upsert: bool = False,
        array_filters: Sequence[Mapping[str, Any]] | None = None,
        bypass_document_validation: bool | None = None,
        collation: Any = None,
        hint: IndexKeys | None = None,
        session: Any = None,
        let: Mapping[str, Any] | None = None,
        comment: Any = None,
    ) -> UpdateResult:
        """Update every matching document."""
        self._check_session(session)
        arguments.check_update(update)
        statement = commands.update_statement(
            filter,
            update,
            multi=True,
            upsert=upsert,
            collation=collation,
            array_filters=array_filters,
            hint=hint,
        )
        return self._run_update(statement, bypass_document_validation, let, comment, session)

    def _run_update(
        self,
        statement: dict[str, Any],
        bypass_document_validation: bool | None,
        let: Mapping[str, Any] | None,
        comment: Any,
        session: Any,
    ) -> UpdateResult:
        command = commands.write(
            "update",
            self.name,
            [statement],
            bypassDocumentValidation=bypass_document_validation,
            let=let,
            comment=comment,
        )
        return update_result(self._access.run_checked(command, session), self.write_concern.acknowledged)

    # -- deleting

    def delete_one(
        self,
        filter: Mapping[str, Any],
        collation: Any = None,
        hint: IndexKeys | None = None,
        session: Any = None,
        let: Mapping[str, Any] | None = None,
        comment: Any = None,
    ) -> DeleteResult:
        """Delete the first matching document."""
        self._check_session(session)
        statement = commands.delete_statement(filter, limit=1, collation=collation, hint=hint)
        return self._run_delete(statement, let, comment, session)

    def delete_many(
        self,
        filter: Mapping[str, Any],
        collation: Any = None,
        hint: IndexKeys | None = None,
        session: Any = None,
        let: Mapping[str, Any] | None = None,
        comment: Any = None,
    ) -> DeleteResult:
        """Delete every matching document."""
        self._check_session(session)
        statement = commands.delete_statement(filter, limit=0, collation=collation, hint=hint)
        return self._run_delete(statement, let, comment, session)

    def _run_delete(
        self, statement: dict[str, Any], let: Mapping[str, Any] | None, comment: Any, session: Any
    ) -> DeleteResult:
        command = commands.write("delete", self.name, [statement], let=let, comment=comment)
        return delete_result(self._access.run_checked(command, session), self.write_concern.acknowledged)

    def clear(self) -> None:
        """Delete every document; indexes stay."""
        self.delete_many({})

    # -- finding and changing

    def find_one_and_delete(
        self,
        filter: Mapping[str, Any],
        projection: Projection | None = None,
        sort: IndexKeys | None = None,
        hint: IndexKeys | None = None,
        session: Any = None,
        let: Mapping[str, Any] | None = None,
        comment: Any = None,
        **kwargs: Any,
    ) -> dict[str, Any] | None:
        """Delete the first matching document and return it, or None."""
        self._check_session(session)
        _new_means_after("find_one_and_delete", kwargs, stacklevel=3)
        return self._run_find_and_modify(
            filter,
            {"remove": True},
            session,
            projection=projection,
            sort=sort,
            hint=hint,
            let=let,
            comment=comment,
            **kwargs,
        )

    def find_one_and_replace(
        self,
        filter: Mapping[str, Any],
        replacement: Mapping[str, Any],
        projection: Projection | None = None,
        sort: IndexKeys | None = None,
        upsert: bool = False,
        return_document: bool | None = None,
        hint: IndexKeys | None = None,
        session: Any = None,
        let: Mapping[str, Any] | None = None,
        comment: Any = None,
        **kwargs: Any,
    ) -> dict[str, Any] | None:
        """Replace the first matching document and return it as it was, or as it is now."""
        self._check_session(session)
        arguments.check_replacement(replacement)
        after = _new_means_after("find_one_and_replace", kwargs, stacklevel=3)
        if self._access.channel.lenient and not upsert:
            # A server refuses another _id; programs written for Ming's engine rely on the stored one winning.
            replacement = {name: value for name, value in replacement.items() if name != "_id"}
        return self._run_find_and_modify(
            filter,
            _change(replacement, upsert, after or return_document),
            session,
            projection=projection,
            sort=sort,
            hint=hint,
            let=let,
            comment=comment,
            **kwargs,
        )

    def find_one_and_update(
        self,
        filter: Mapping[str, Any],
        update: Mapping[str, Any] | Pipeline,
        projection: Projection | None = None,
        sort: IndexKeys | None = None,
        upsert: bool = False,
        return_document: bool | None = None,
        array_filters: Sequence[Mapping[str, Any]] | None = None,
        hint: IndexKeys | None = None,
        session: Any = None,
        let: Mapping[str, Any] | None = None,
        comment: Any = None,
        **kwargs: Any,
    ) -> dict[str, Any] | None:
        """Update the first matching document and return it as it was, or as it is now."""
        self._check_session(session)
        arguments.check_update(update)
        after = _new_means_after("find_one_and_update", kwargs, stacklevel=3)
        return self._run_find_and_modify(
            filter,
            _change(update, upsert, after or return_document),
            session,
            projection=projection,
            sort=sort,
            hint=hint,
            array_filters=array_filters,
            let=let,
            comment=comment,
            **kwargs,
        )

    def _run_find_and_modify(
        self, filter: Mapping[str, Any], change: dict[str, Any], session: Any, **options: Any
    ) -> dict[str, Any] | None:
        command = commands.find_and_modify(self.name, filter, change, **options)
        document: dict[str, Any] | None = self._access.codec.optional(
            self._access.run_checked(command, session).get("value")
        )
        return document

    # -- bulk writes

    def bulk_write(
        self,
        requests: Sequence[Any],
        ordered: bool = True,
        bypass_document_validation: bool | None = None,
        session: Any = None,
        comment: Any = None,
        let: Mapping[str, Any] | None = None,
    ) -> BulkWriteResult:
        """Run a list of PyMongo's write requests.

        Raises:
            pymongo.errors.BulkWriteError: Some of them were refused.
        """
        self._check_session(session)
        merged = self._run_bulk(
            bulk.operations(requests),
            ordered,
            session,
            bypassDocumentValidation=bypass_document_validation,
            comment=comment,
            let=let,
        )
        return BulkWriteResult(merged, self.write_concern.acknowledged)

    def _run_bulk(
        self, writes: list[bulk.Operation], ordered: bool, session: Any, **options: Any
    ) -> dict[str, Any]:
        def run(command: dict[str, Any]) -> dict[str, Any]:
            return self._access.run(command, session)

        return bulk.bulk_write(self.name, writes, run, ordered, **options)


def _change(update: Any, upsert: bool, return_document: bool | None) -> dict[str, Any]:
    after = False if return_document is None else arguments.checked_bool("return_document", return_document)
    return {"update": update, "new": after, "upsert": arguments.checked_bool("upsert", upsert)}


def _new_means_after(method: str, options: dict[str, Any], stacklevel: int) -> bool:
    """Check a method's further options, and take the old name of ``return_document`` out of them."""
    arguments.known_options(method, options, _FIND_AND_MODIFY_OPTIONS)
    if "new" not in options:
        return False
    warnings.warn(f"{method}(new=) is return_document=", DeprecationWarning, stacklevel=stacklevel)
    return bool(options.pop("new"))
