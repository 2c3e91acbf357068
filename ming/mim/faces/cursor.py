"""`Cursor`: builds a ``find`` and runs it on first use. The async one in `ming.mim.faces._aio_cursor` wraps
it."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, overload

from bson import Code
from pymongo.collation import Collation
from pymongo.errors import InvalidOperation, OperationFailure

from ming.mim.faces import _arguments as arguments
from ming.mim.faces._arguments import IndexKeys
from ming.mim.faces._find_query import FindQuery
from ming.mim.faces.command_cursor import CommandCursor

if TYPE_CHECKING:
    from typing_extensions import Self

    from ming.mim.faces.collection import Collection

__all__ = ["Cursor"]


class Cursor(CommandCursor):
    """A ``find`` in the making, then its results; lazy.

    Args:
        collection: The collection to ask.
        args: As `pymongo.cursor.Cursor`.
        kwargs: As `pymongo.cursor.Cursor`.
    """

    def __init__(self, collection: Collection, *args: Any, **kwargs: Any) -> None:
        super().__init__(collection, ())
        self._query = FindQuery(*args, **kwargs)
        self._data = None
        self._empty = False

    # -- building the query

    def limit(self, limit: int) -> Self:
        """Return at most ``abs(limit)`` documents; 0 means all."""
        self._empty = False
        return self._with(limit=limit)

    def skip(self, skip: int) -> Self:
        """Leave out the first ``skip`` documents."""
        arguments.checked_int("skip", skip, 0)
        return self._with(skip=skip)

    def sort(self, key_or_list: IndexKeys, direction: Any = None) -> Self:
        """Sort by a field and direction, or by a list of such pairs."""
        return self._with(sort=arguments.key_document(arguments.key_pairs(key_or_list, direction)))

    def hint(self, index: IndexKeys | None) -> Self:
        """Name the index to use; it is checked at once, unless the connection is strict.

        Raises:
            pymongo.errors.OperationFailure: There is no such index.
            TypeError: The hint is neither a name nor a list of pairs.
        """
        if self._access.channel.lenient:
            self._check_hint(index)
        return self._with(hint=index)

    def comment(self, comment: Any) -> Self:
        """Attach a comment."""
        return self._with(comment=comment)

    def collation(self, collation: Mapping[str, Any] | Collation | None) -> Self:
        """Set the collation."""
        return self._with(collation=collation)

    def where(self, code: str | Code) -> Self:
        """Add a ``$where`` clause."""
        if not isinstance(code, str):
            raise TypeError(f"code must be an instance of str or Code, not {type(code)}")
        return self._with(filter={**(self._query.filter or {}), "$where": Code(code)})

    def max_time_ms(self, max_time_ms: int | None) -> Self:
        """Set a time limit."""
        return self._with(max_time_ms=max_time_ms)

    def max_await_time_ms(self, max_await_time_ms: int | None) -> Self:
        """Accepted for the driver's sake: only tailable cursors wait."""
        if max_await_time_ms is not None:
            arguments.checked_int("max_await_time_ms", max_await_time_ms)
        return self._with()

    def max_scan(self, max_scan: int | None) -> Self:
        """Accepted for the driver's sake: servers no longer know it."""
        return self._with(max_scan=max_scan)

    def max(self, spec: IndexKeys) -> Self:
        """Set the exclusive upper bound of an index."""
        return self._with(max=spec)

    def min(self, spec: IndexKeys) -> Self:
        """Set the inclusive lower bound of an index."""
        return self._with(min=spec)

    def batch_size(self, batch_size: int) -> Self:
        """Accepted for the driver's sake: results come in one batch."""
        return self._with(batch_size=batch_size)

    def allow_disk_use(self, allow_disk_use: bool) -> Self:
        """Accepted for the driver's sake: the engine sorts in memory."""
        return self._with(allow_disk_use=allow_disk_use)

    def add_option(self, mask: int) -> Self:
        """Accepted for the driver's sake: flags of the old wire protocol."""
        arguments.checked_int("mask", mask)
        return self._with()

    def remove_option(self, mask: int) -> Self:
        """Accepted for the driver's sake, as `add_option`."""
        return self.add_option(mask)

    # -- results

    @property
    def session(self) -> Any:
        """The client session, or None."""
        return self._query.session

    @property
    def iterator(self) -> Self:
        """What iterates over the results: the cursor itself."""
        return self

    def clone(self) -> Self:
        """Return an unread cursor for the same query."""
        made = type(self)(self._collection)
        made._query = self._query
        made._empty = self._empty
        return made

    def __copy__(self) -> Self:
        return self.clone()

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self.clone()

    def rewind(self) -> Self:
        """Forget the results, so that the next use asks again."""
        self._data = None
        self._retrieved = 0
        self._closed = False
        return self

    @overload
    def __getitem__(self, index: int) -> dict[str, Any]: ...

    @overload
    def __getitem__(self, index: slice) -> Self: ...

    def __getitem__(self, index: int | slice) -> dict[str, Any] | Self:
        """Return one document, or a new cursor over a slice; this cursor is not used up.

        Earlier limits do not count, and a slice's step is ignored.
        """
        if isinstance(index, slice):
            return self._slice(index.start or 0, index.stop)
        if not isinstance(index, int):
            raise TypeError(f"index {index!r} cannot be applied to Cursor instances")
        _refuse_negative(index)
        for document in self.clone().skip(index + self._query.skip).limit(-1):
            return document
        raise IndexError("no such item for Cursor instance")

    def _slice(self, start: int, stop: int | None) -> Self:
        _refuse_negative(start)
        made = self.clone().skip(start).limit(0)
        if stop is not None:
            if stop < start:
                raise IndexError(f"stop index must be greater than start index for slice [{start}:{stop}]")
            made.limit(stop - start)
            # A limit of 0 would mean no limit.
            made._empty = stop == start
        return made

    def distinct(self, key: str) -> list[Any]:
        """Return the sorted distinct values of a field among the results."""
        query = self._query
        if not (query.skip or query.limit):
            return self._distinct(key, query.filter)
        found = self._access.run(
            query.changed(projection={"_id": 1}).command(self._access.collection), query.session
        )
        ids = [document["_id"] for document in found["cursor"]["firstBatch"]]
        return self._distinct(key, {"_id": {"$in": ids}})

    def _distinct(self, key: str, filter: Mapping[str, Any] | None) -> list[Any]:
        # Programs replace the collection's method, and not all of them know of sessions.
        options = {} if self.session is None else {"session": self.session}
        return self._collection.distinct(key, filter, **options)

    def explain(self) -> dict[str, Any]:
        """Return how the engine would run the query."""
        explained = self._query.command(self._access.collection)
        reply: dict[str, Any] = self._access.run({"explain": explained}, self._query.session)
        return reply

    def _with(self, **changes: Any) -> Self:
        if self._data is not None:
            raise InvalidOperation("cannot set options after executing query")
        self._query = self._query.changed(**changes)
        return self

    def _ready(self) -> deque[dict[str, Any]]:
        if self._data is None and not self._closed:
            self._data = deque(() if self._empty else self._asked())
            self._retrieved = len(self._data)
        return super()._ready()

    def _asked(self) -> list[dict[str, Any]]:
        query = self._query
        return self._access.documents(query.command(self._access.collection), query.session)

    def _check_hint(self, index: IndexKeys | None) -> None:
        if index is None:
            return
        if not isinstance(index, str | list):
            raise TypeError(f"hint must be the name of an index or a list of pairs, not {index!r}")
        known = self._access.stored_indexes()
        if isinstance(index, str):
            valid = index in (spec["name"] for spec in known)
        else:
            wanted = arguments.key_pairs(index)
            valid = _is_natural(wanted) or wanted in [list(spec["key"].items()) for spec in known]
        if not valid:
            choices = ", ".join(f"{spec['name']}: {list(spec['key'].items())}" for spec in known)
            raise OperationFailure(f"bad hint {index!r}; the indexes are {choices or 'none'}", 2)


def _is_natural(pairs: list[tuple[str, Any]]) -> bool:
    return len(pairs) == 1 and pairs[0][0] == "$natural"


def _refuse_negative(index: int) -> None:
    if index < 0:
        raise IndexError("Cursor instances do not support negative indices")
