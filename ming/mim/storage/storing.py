"""How documents get into collections.

What writes documents (the write commands, ``$merge`` and ``$out``) does so here: what is too large, too deep
or against the validator is refused, and a capped collection lets its oldest documents go.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple

from bson import ObjectId, Regex

from ming.mim.data.errors import CommandError
from ming.mim.data.limits import check_insertable, check_updated
from ming.mim.data.values import type_name
from ming.mim.storage.records import Collection

__all__ = ["Storing"]

Document = dict[str, Any]


class Storing(NamedTuple):
    """The way one command stores documents."""

    now: Callable[[], datetime]
    new_id: Callable[[], ObjectId]
    bypass: bool = False
    """Whether validators are not asked."""

    def insert(
        self, collection: Collection, document: Document, upserted: bool = False, small: bool = False
    ) -> Document:
        """Store a new document.

        Args:
            collection: Where to.
            document: The document, which the collection keeps.
            upserted: Whether an update made it.
            small: Whether it is known to be neither too large nor too deep.

        Returns:
            The document as it is stored: with an ``_id``, which is its first field.

        Raises:
            CommandError: It is not one that the collection takes.
        """
        document = self._identified(document)
        if upserted:
            check_updated(document, upserted=True)
        elif not small:
            check_insertable(document)
        if collection.validator is not None:
            self._validate(collection, document, None)
        collection.insert(document)
        cap = collection.cap
        while cap is not None and cap.is_exceeded(len(collection)) and len(collection) > 1:
            oldest, _ = next(iter(collection))
            collection.remove(oldest)
        return document

    def _identified(self, document: Document) -> Document:
        if next(iter(document), None) != "_id":
            own_id = document["_id"] if "_id" in document else self.new_id()
            document = {"_id": own_id, **{name: value for name, value in document.items() if name != "_id"}}
        own_id = document["_id"]
        if own_id.__class__ in (list, Regex):
            raise CommandError(53, f"The '_id' value cannot be of type {type_name(own_id)}")
        if own_id.__class__ is dict:
            for name in own_id:
                if name.startswith("$") and name not in ("$ref", "$id", "$db"):
                    raise CommandError(
                        52,
                        f"_id fields may not contain '$'-prefixed fields: {name} is not valid for storage.",
                    )
        return document

    def replace(
        self, collection: Collection, record: int, before: Document, after: Document, whole: bool = False
    ) -> None:
        """Put a changed document in a record's place.

        Args:
            collection: The collection.
            record: The record's number.
            before: The document it holds.
            after: The document it is to hold, which the collection keeps.
            whole: Whether the user replaced the document rather than updating it.

        Raises:
            CommandError: It is not one that the collection takes; the record is unchanged.
        """
        check_updated(after)
        self._validate(collection, after, before)
        collection.replace(record, after, whole)

    def _validate(self, collection: Collection, document: Document, before: Document | None) -> None:
        if collection.validator is not None and not self.bypass:
            collection.validator.check(document, before, self.now)
