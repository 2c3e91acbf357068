"""Queries of views, which are pipelines: those of the views, and one more stage for each of the query's
options."""

from __future__ import annotations

from typing import Any, Final

from ming.mim.commands.reading import COUNT, DISTINCT, FIND
from ming.mim.commands.requests import check_options
from ming.mim.data.errors import CommandError
from ming.mim.data.options import document, required, whole, wrong_type
from ming.mim.data.values import as_integer
from ming.mim.pipelines.stages import field_path
from ming.mim.plans.hints import check_natural

__all__ = ["counted", "distinct_key", "found"]

Document = dict[str, Any]

_NOT_IN_PIPELINES: Final = (
    "min max returnKey showRecordId tailable noCursorTimeout allowPartialResults".split()
)


def found(command: Document) -> Document:
    """Return the ``aggregate`` command, without a collection, that finds what a ``find`` finds.

    Raises:
        CommandError: An option is wrong, or has no meaning in a pipeline.
    """
    check_options(command, FIND, "FindCommandRequest")
    skip = whole(command, "FindCommandRequest", "skip", least=0)
    limit = whole(command, "FindCommandRequest", "limit", least=0)
    size = whole(command, "FindCommandRequest", "batchSize", least=0)
    filtered, sort, projection = (_document(command, name) for name in ("filter", "sort", "projection"))
    check_natural(command.get("hint"), sort)
    _check_meaning(command, limit)
    stages: list[Document] = []
    if filtered:
        stages.append({"$match": filtered})
    if sort and "$natural" not in sort:
        stages.append({"$sort": sort})
    if skip:
        stages.append({"$skip": skip})
    if limit:
        stages.append({"$limit": limit})
    if projection:
        stages.append({"$project": projection})
    hint = {"hint": sort} if "$natural" in sort else {}
    return {"pipeline": stages, "cursor": {} if size is None else {"batchSize": size}, **hint}


def _document(command: Document, option: str) -> Document:
    value = command.get(option, {})
    if not isinstance(value, dict):
        raise CommandError(14, f"Expected field {option}to be of type object")
    return value


def _check_meaning(command: Document, limit: int | None) -> None:
    if command.get("tailable") and command.get("singleBatch"):
        raise CommandError(2, "cannot use tailable option with the 'singleBatch' option")
    if command.get("awaitData") and not command.get("tailable"):
        raise CommandError(9, "Cannot set 'awaitData' without also setting 'tailable'")
    for option in _NOT_IN_PIPELINES:
        if command.get(option):
            what = "Tailable cursors are" if option == "tailable" else f"Option {option}"
            raise CommandError(168, f"{what} not supported in aggregation.")
    if command.get("singleBatch") and limit != 1:
        raise CommandError(168, "Option singleBatch not supported in aggregation.")


def counted(command: Document) -> Document:
    """Return the ``aggregate`` command, without a collection, that counts as a ``count`` does.

    Raises:
        CommandError: An option is wrong.
    """
    check_options(command, COUNT, "count")
    query = document(command, "count", "query")
    skip = whole(command, "count", "skip", least=0)
    limit = as_integer(command.get("limit"))
    if limit is None and command.get("limit") is not None:
        raise CommandError(2, "limit value is not a valid number")
    stages: list[Document] = [] if not query else [{"$match": query}]
    if skip is not None:
        stages.append({"$skip": skip})
    if limit is not None:
        stages.append({"$limit": abs(limit)})
    return {"pipeline": [*stages, {"$count": "count"}], "cursor": {}}


def distinct_key(command: Document) -> str:
    """Return the path of a ``distinct``.

    Raises:
        CommandError: An option is wrong.
    """
    check_options(command, DISTINCT, "distinct")
    key = required(command, "distinct", "key")
    if not isinstance(key, str):
        raise wrong_type("distinct.key", key, "string")
    field_path(key)
    return key
