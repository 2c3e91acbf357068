"""What a ``find`` tells, if asked, of how it found documents: their record numbers or their index keys."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bson import Int64

from ming.mim.commands.requests import Request
from ming.mim.data.options import strict_flag
from ming.mim.plans.hints import read_bounds
from ming.mim.plans.plans import IndexPlan, plans_for
from ming.mim.storage.records import Collection

__all__ = ["located"]

Document = dict[str, Any]


def located(
    request: Request, collection: Collection | None, found: Sequence[Document], shown: list[Document]
) -> list[Document]:
    """Return the results of a ``find``, with what its options ask for beside or instead of them.

    Args:
        request: The command.
        collection: The collection asked, None if it does not exist.
        found: The documents that were found.
        shown: The same, projected.

    Raises:
        CommandError: An option is not a truth value.
    """
    if "returnKey" not in request.command and "showRecordId" not in request.command:
        return shown
    keys, numbers = strict_flag(request.command, "returnKey"), strict_flag(request.command, "showRecordId")
    if collection is None or not (keys or numbers):
        return shown
    records = {id(document): record for record, document in collection}
    if numbers and not keys:
        return [
            {**document, "$recordId": Int64(records[id(stored)])}
            for stored, document in zip(found, shown, strict=True)
        ]
    plan = plans_for(
        collection,
        request.option("filter", {}),
        request.option("sort", {}),
        request.dialect,
        request.option("hint"),
        read_bounds(request.command),
    )[0]
    known = plan.keys() if isinstance(plan, IndexPlan) else {}
    return [known.get(records[id(stored)], {}) for stored in found]
