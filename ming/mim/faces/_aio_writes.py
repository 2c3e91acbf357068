"""The writing half of `AsyncCollection`: the methods of `ming.mim.faces._writes`, to be awaited."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pymongo.asynchronous.collection
from pymongo.results import BulkWriteResult, DeleteResult, InsertManyResult, InsertOneResult, UpdateResult

from ming.mim.faces._arguments import IndexKeys, Pipeline, Projection
from ming.mim.faces._replay import patiently

if TYPE_CHECKING:
    from ming.mim.faces.collection import Collection

__all__ = ["AsyncWritingMethods"]


class AsyncWritingMethods(pymongo.asynchronous.collection.AsyncCollection[dict[str, Any]]):
    """What changes documents."""

    _inner: Collection

    async def insert_one(
        self,
        document: Any,
        bypass_document_validation: bool | None = None,
        session: Any = None,
        comment: Any = None,
    ) -> InsertOneResult:
        """Insert a document; one without ``_id`` is given one."""
        return await patiently(
            self._inner.insert_one,
            document,
            bypass_document_validation=bypass_document_validation,
            session=session,
            comment=comment,
        )

    async def insert_many(
        self,
        documents: Iterable[Any],
        ordered: bool = True,
        bypass_document_validation: bool | None = None,
        session: Any = None,
        comment: Any = None,
    ) -> InsertManyResult:
        """Insert documents."""
        if isinstance(documents, Iterator):
            # The call may be repeated.
            documents = list(documents)
        return await patiently(
            self._inner.insert_many,
            documents,
            ordered=ordered,
            bypass_document_validation=bypass_document_validation,
            session=session,
            comment=comment,
        )

    async def replace_one(
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
        return await patiently(
            self._inner.replace_one,
            filter,
            replacement,
            upsert=upsert,
            bypass_document_validation=bypass_document_validation,
            collation=collation,
            hint=hint,
            session=session,
            let=let,
            sort=sort,
            comment=comment,
        )

    async def update_one(
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
        return await patiently(
            self._inner.update_one,
            filter,
            update,
            upsert=upsert,
            bypass_document_validation=bypass_document_validation,
            collation=collation,
            array_filters=array_filters,
            hint=hint,
            session=session,
            let=let,
            sort=sort,
            comment=comment,
        )

    async def update_many(
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
        return await patiently(
            self._inner.update_many,
            filter,
            update,
            upsert=upsert,
            array_filters=array_filters,
            bypass_document_validation=bypass_document_validation,
            collation=collation,
            hint=hint,
            session=session,
            let=let,
            comment=comment,
        )

    async def delete_one(
        self,
        filter: Mapping[str, Any],
        collation: Any = None,
        hint: IndexKeys | None = None,
        session: Any = None,
        let: Mapping[str, Any] | None = None,
        comment: Any = None,
    ) -> DeleteResult:
        """Delete the first matching document."""
        return await patiently(
            self._inner.delete_one,
            filter,
            collation=collation,
            hint=hint,
            session=session,
            let=let,
            comment=comment,
        )

    async def delete_many(
        self,
        filter: Mapping[str, Any],
        collation: Any = None,
        hint: IndexKeys | None = None,
        session: Any = None,
        let: Mapping[str, Any] | None = None,
        comment: Any = None,
    ) -> DeleteResult:
        """Delete every matching document."""
        return await patiently(
            self._inner.delete_many,
            filter,
            collation=collation,
            hint=hint,
            session=session,
            let=let,
            comment=comment,
        )

    async def clear(self) -> None:
        """Delete every document; indexes stay."""
        await patiently(self._inner.clear)

    async def find_one_and_delete(
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
        return await patiently(
            self._inner.find_one_and_delete,
            filter,
            projection=projection,
            sort=sort,
            hint=hint,
            session=session,
            let=let,
            comment=comment,
            **kwargs,
        )

    async def find_one_and_replace(
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
        return await patiently(
            self._inner.find_one_and_replace,
            filter,
            replacement,
            projection=projection,
            sort=sort,
            upsert=upsert,
            return_document=return_document,
            hint=hint,
            session=session,
            let=let,
            comment=comment,
            **kwargs,
        )

    async def find_one_and_update(
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
        return await patiently(
            self._inner.find_one_and_update,
            filter,
            update,
            projection=projection,
            sort=sort,
            upsert=upsert,
            return_document=return_document,
            array_filters=array_filters,
            hint=hint,
            session=session,
            let=let,
            comment=comment,
            **kwargs,
        )

    async def bulk_write(
        self,
        requests: Sequence[Any],
        ordered: bool = True,
        bypass_document_validation: bool | None = None,
        session: Any = None,
        comment: Any = None,
        let: Mapping[str, Any] | None = None,
    ) -> BulkWriteResult:
        """Run a list of PyMongo's write requests."""
        return await patiently(
            self._inner.bulk_write,
            requests,
            ordered=ordered,
            bypass_document_validation=bypass_document_validation,
            session=session,
            comment=comment,
            let=let,
        )
