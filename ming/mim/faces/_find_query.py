"""What ``find`` takes, checked as the driver checks it, and the commands made of it.

`FindQuery` is the description a cursor is built on; `ming.mim.faces.collection` counts with it, too. Options
without effect in one process (batch sizes, cursor timeouts, disk use) are checked and then left out of the
commands.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final, NamedTuple

from pymongo import CursorType
from pymongo.collation import Collation

from ming.mim.faces import _arguments as arguments
from ming.mim.faces._arguments import IndexKeys, Projection

__all__ = ["FindQuery"]

_CURSOR_TYPES: Final = (
    CursorType.NON_TAILABLE,
    CursorType.TAILABLE,
    CursorType.TAILABLE_AWAIT,
    CursorType.EXHAUST,
)


class FindQuery:
    """Everything ``find`` takes, in the driver's order; only what differs from the default is kept and
    checked.

    Args:
        args: Values of the options, in order.
        options: Values by name.
    """

    filter: Mapping[str, Any] | None = None
    projection: Projection | None = None
    skip: int = 0
    limit: int = 0
    no_cursor_timeout: bool = False
    cursor_type: int = CursorType.NON_TAILABLE
    sort: IndexKeys | None = None
    allow_partial_results: bool = False
    oplog_replay: bool = False
    batch_size: int = 0
    collation: Mapping[str, Any] | Collation | None = None
    hint: IndexKeys | None = None
    max_scan: int | None = None
    max_time_ms: int | None = None
    max: IndexKeys | None = None
    min: IndexKeys | None = None
    return_key: bool | None = None
    show_record_id: bool | None = None
    snapshot: bool | None = None
    comment: Any = None
    session: Any = None
    allow_disk_use: bool | None = None
    let: Mapping[str, Any] | None = None

    def __init__(self, *args: Any, **options: Any) -> None:
        if len(args) > len(_OPTIONS):
            raise TypeError(f"find() takes at most {len(_OPTIONS)} positional arguments, not {len(args)}")
        for name, value in zip(_OPTIONS, args, strict=False):
            if name in options:
                raise TypeError(f"find() got multiple values for argument {name!r}")
            self._take(name, value)
        for name, value in options.items():
            if name not in _OPTIONS:
                raise TypeError(f"find() got an unexpected keyword argument {name!r}")
            self._take(name, value)

    def _take(self, name: str, value: Any) -> None:
        if value is not getattr(FindQuery, name):
            _OPTIONS[name].check(value)
            self.__dict__[name] = value

    def changed(self, **changes: Any) -> FindQuery:
        """Return a query with some other options."""
        return FindQuery(**{**self.__dict__, **changes})

    def command(self, collection: str) -> dict[str, Any]:
        """Return the ``find`` command on a collection."""
        command = {"find": collection, "filter": self._filter(), **self._fields(_OPTIONS)}
        if self.limit < 0:
            command["singleBatch"] = True
        return command

    def count_command(self, collection: str) -> dict[str, Any]:
        """Return the ``count`` command on a collection, for the same documents."""
        return {"count": collection, "query": self._filter(), **self._fields(_COUNTING)}

    def count_pipeline(self) -> list[dict[str, Any]]:
        """Return the stages that count the same documents; transactions and snapshots know no ``count``."""
        stages: list[dict[str, Any]] = [{"$match": self._filter()}]
        if self.skip:
            stages.append({"$skip": self.skip})
        if self.limit:
            stages.append({"$limit": abs(self.limit)})
        return [*stages, {"$group": {"_id": 1, "n": {"$sum": 1}}}]

    def count_by_aggregate(self, collection: str) -> dict[str, Any]:
        """Return the ``aggregate`` command that counts the same documents."""
        return {
            "aggregate": collection,
            "pipeline": self.count_pipeline(),
            "cursor": {},
            **self._fields(_EVERYWHERE),
        }

    def _filter(self) -> Mapping[str, Any]:
        return {} if self.filter is None else self.filter

    def _fields(self, wanted: Mapping[str, _Option]) -> dict[str, Any]:
        fields: dict[str, Any] = {}
        for name, given in self.__dict__.items():
            option = wanted.get(name)
            if option is not None and option.field:
                value = option.written(given)
                if value is not None:
                    fields[option.field] = value
        return fields


# -- the options --------------------------------------------------------------------------------------


class _Option(NamedTuple):
    """One option of ``find``."""

    check: Callable[[Any], object]
    """Refuses values that the driver refuses."""
    field: str = ""
    """The field of the command, if it has one."""
    written: Callable[[Any], Any] = lambda value: value
    """Gives what stands in the command; None where nothing does."""


def _anything(value: Any) -> None:
    """Take any value."""


def _cursor_type(value: Any) -> None:
    if value not in _CURSOR_TYPES:
        raise ValueError("not a valid value for cursor_type")


def _unless_empty(value: Any) -> Any:
    return value or None


def _keys(value: IndexKeys | None) -> dict[str, Any] | None:
    return arguments.key_document(value) if value else None


def _option(name: str, check: Callable[[str, Any], object], *written: Any) -> _Option:
    def checked(value: Any) -> None:
        if value is not None:
            check(name, value)

    return _Option(checked, *written)


def _required(name: str, check: Callable[..., object], *written: Any) -> _Option:
    return _Option(partial(check, name), *written)


_OPTIONS: Final[Mapping[str, _Option]] = {
    "filter": _option("filter", arguments.checked_mapping),
    "projection": _Option(arguments.projection_document, "projection", arguments.projection_document),
    "skip": _required("skip", arguments.checked_int, "skip", _unless_empty),
    "limit": _required("limit", arguments.checked_int, "limit", lambda value: abs(value) or None),
    "no_cursor_timeout": _required("no_cursor_timeout", arguments.checked_bool),
    "cursor_type": _Option(_cursor_type),
    "sort": _Option(_keys, "sort", _keys),
    "allow_partial_results": _required("allow_partial_results", arguments.checked_bool),
    "oplog_replay": _required("oplog_replay", arguments.checked_bool),
    "batch_size": _Option(lambda value: arguments.checked_int("batch_size", value, 0)),
    "collation": _Option(arguments.collation_document, "collation", arguments.collation_document),
    "hint": _Option(arguments.hint_value, "hint", arguments.hint_value),
    "max_scan": _Option(_anything),
    "max_time_ms": _option("max_time_ms", arguments.checked_int, "maxTimeMS"),
    "max": _Option(_anything, "max", _keys),
    "min": _Option(_anything, "min", _keys),
    "return_key": _Option(_anything, "returnKey", _unless_empty),
    "show_record_id": _Option(_anything, "showRecordId", _unless_empty),
    "snapshot": _Option(_anything),
    "comment": _Option(_anything, "comment"),
    "session": _Option(_anything),
    "allow_disk_use": _option("allow_disk_use", arguments.checked_bool),
    "let": _option("let", arguments.checked_mapping, "let"),
}
"""The options by their names, in the driver's order."""

_EVERYWHERE: Final = {name: _OPTIONS[name] for name in ("hint", "collation", "comment", "max_time_ms")}
_COUNTING: Final = {name: _OPTIONS[name] for name in ("skip", "limit", *_EVERYWHERE)}
