"""Indexes: definitions, the keys documents have in them, uniqueness and equality look-ups.

Indexes over plain ascending and descending keys hold a map from key to records. Text, geo, hashed and
wildcard indexes are definitions only: nothing of the engine needs their keys.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import product
from typing import Any, Final

from ming.mim.conditions import Filter
from ming.mim.dialect import Dialect
from ming.mim.errors import CommandError, DuplicateKey
from ming.mim.filters import QueryContext, compile_filter
from ming.mim.keys import EMPTY_ARRAY, key_of, key_values
from ming.mim.path import parts_of
from ming.mim.values import MISSING, OrderKey, identical, is_number, truthy

__all__ = ["Index", "default_name", "same_definition"]

_KINDS: Final = frozenset(("text", "2dsphere", "2d", "hashed"))
_LOOK_UP_LIMIT: Final = 1000
"""Above this many keys, looking each of them up is no better than reading everything."""

_Entry = tuple[OrderKey, ...]


def default_name(key: Mapping[str, Any]) -> str:
    """Return the server's name for an index without one, such as ``a_1_b_-1``."""
    return "_".join(f"{field}_{direction}" for field, direction in key.items())


class Index:
    """One secondary index of a collection.

    Args:
        definition: ``key``, ``name`` and the options as given.
        dialect: Whether null counts as missing in sparse unique indexes.

    Raises:
        CommandError: The server would refuse the definition.
        NotImplementedError: An option is not built yet.
    """

    def __init__(self, definition: Mapping[str, Any], dialect: Dialect) -> None:
        self.definition = dict(definition)
        self.key: dict[str, Any] = dict(definition["key"])
        self.name: str = definition["name"]
        self._check_definition()
        self.unique = truthy(definition.get("unique", False))
        self.sparse = truthy(definition.get("sparse", False))
        self._null_is_missing = dialect.lenient and self.unique and self.sparse and len(self.key) == 1
        self._filter = self._partial_filter(definition)
        self._paths = [parts_of(field) for field in self.key]
        self._ordered = all(
            is_number(direction) and "$**" not in field for field, direction in self.key.items()
        )
        self._records: dict[_Entry, set[int]] = {}

    def _check_definition(self) -> None:
        if not self.key:
            raise CommandError(67, "Index keys cannot be an empty object.")
        for field, direction in self.key.items():
            if field == "" or "" in parts_of(field):
                raise CommandError(67, "Index keys cannot be an empty string.")
            if isinstance(direction, str) and direction not in _KINDS:
                raise CommandError(67, f"Unknown index plugin '{direction}'")
            if not isinstance(direction, str) and (not is_number(direction) or direction == 0):
                raise CommandError(
                    67, f"Values in the index key pattern must be numbers or strings: {direction!r}"
                )
        if "expireAfterSeconds" in self.definition and len(self.key) > 1:
            raise CommandError(67, "TTL indexes are single-field indexes.")
        collation = self.definition.get("collation")
        if collation is not None and collation.get("locale") != "simple":
            raise NotImplementedError("collation")

    def _partial_filter(self, definition: Mapping[str, Any]) -> Filter | None:
        query = definition.get("partialFilterExpression")
        if query is None:
            return None
        if not isinstance(query, dict):
            raise CommandError(67, "'partialFilterExpression' must be an object")
        if self.sparse:
            raise CommandError(67, "cannot mix 'partialFilterExpression' and 'sparse' options")
        _check_partial(query)
        return compile_filter(query, QueryContext())

    def entries(self, document: dict[str, Any]) -> dict[_Entry, tuple[Any, ...]]:
        """Return the keys a document has in this index, each with the values it is made of."""
        if not self._ordered or (self._filter is not None and not self._filter.matches(document)):
            return {}
        found = key_values(document, self._paths)
        if self.sparse:
            found = [values for values in found if not all(map(self._absent, values))]
        return {tuple([key_of(value) for value in values]): values for values in found}

    def _absent(self, value: Any) -> bool:
        return value is MISSING or (self._null_is_missing and value is None)

    def check(self, entries: Mapping[_Entry, tuple[Any, ...]], record: int, namespace: str) -> None:
        """Refuse keys that another record has, if the index is unique.

        Raises:
            DuplicateKey: Another record has one of the keys.
        """
        if not self.unique:
            return
        for entry, values in entries.items():
            if self._records.get(entry, _NOBODY) - {record}:
                shown: list[Any] = [
                    [] if value is EMPTY_ARRAY else None if value is MISSING else value for value in values
                ]
                raise DuplicateKey(namespace, self.name, self.key, dict(zip(self.key, shown, strict=True)))

    def add(self, entries: Iterable[_Entry], record: int) -> None:
        """Enter a record under its keys."""
        for entry in entries:
            self._records.setdefault(entry, set()).add(record)

    def remove(self, entries: Iterable[_Entry], record: int) -> None:
        """Take a record out from under its keys."""
        for entry in entries:
            records = self._records[entry]
            records.discard(record)
            if not records:
                del self._records[entry]

    def look_up(self, points: Mapping[str, frozenset[OrderKey]]) -> set[int] | None:
        """Return the records that can match a filter, or None if this index cannot tell.

        Args:
            points: The values that paths must hold, as `Filter.points` has them.
        """
        if not self._ordered or self._filter is not None or any(field not in points for field in self.key):
            return None
        choices = [points[field] for field in self.key]
        if sum(map(len, choices)) > _LOOK_UP_LIMIT:
            return None
        return set().union(*(self._records.get(entry, _NOBODY) for entry in product(*choices)))


_NOBODY: Final[frozenset[int]] = frozenset()

_PARTIAL_OPERATORS: Final = frozenset(("$eq", "$gt", "$gte", "$lt", "$lte", "$exists", "$type", "$in"))


def _check_partial(query: Mapping[str, Any]) -> None:
    """Refuse the operators that the server does not accept in a partial index."""
    for name, operand in query.items():
        if name in ("$and", "$or"):
            for branch in operand:
                _check_partial(branch)
        elif name.startswith("$"):
            raise CommandError(67, f"Expression is not allowed in a partial index: {name}")
        elif isinstance(operand, dict):
            for operator, argument in operand.items():
                refused = operator.startswith("$") and operator not in _PARTIAL_OPERATORS
                if refused or (operator == "$exists" and not truthy(argument)):
                    raise CommandError(67, f"Expression is not allowed in a partial index: {operator}")


_IDENTIFYING: Final = ("unique", "sparse", "partialFilterExpression")


def same_definition(left: Mapping[str, Any], right: Mapping[str, Any]) -> bool:
    """Whether two definitions of one key agree in the options that make indexes different ones."""
    return all(
        identical(left.get(option), right.get(option)) or not (left.get(option) or right.get(option))
        for option in _IDENTIFYING
    )
