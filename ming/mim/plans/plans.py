"""Plans: how a server would find the documents of a query, by which index and how much of it.

The engine itself finds documents in its own way; plans are for those who ask: ``explain`` and ``returnKey``.
Of several indexes the one with the fewest keys to look at wins, as in the server's trial of plans.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ming.mim.data.dialect import Dialect
from ming.mim.data.path import parts_of
from ming.mim.plans.hints import Bounds, Entry, IndexScan, hinted_index, is_backward
from ming.mim.plans.index_bounds import EVERYTHING, Interval, intersection, intervals_of, is_exact
from ming.mim.queries.clauses import Clause, clauses_of
from ming.mim.storage.index_definitions import ID_INDEX
from ming.mim.storage.index_keys import is_wildcard, kind_of
from ming.mim.storage.indexes import Index
from ming.mim.storage.records import Collection

__all__ = ["CollectionPlan", "IndexPlan", "Plan", "multikey_paths", "plans_for"]

Document = dict[str, Any]


@dataclass(frozen=True)
class CollectionPlan:
    """Look at every document."""

    collection: Collection
    clauses: Sequence[Clause]
    backward: bool = False
    sorted: bool = False
    """Whether documents come in the order that is asked for."""

    def scan(self) -> Iterator[tuple[int, Document]]:
        """Yield what is looked at, in order."""
        records = list(self.collection)
        return iter(records[::-1] if self.backward else records)


@dataclass(frozen=True)
class IndexPlan:
    """Look at the keys of an index between some bounds."""

    collection: Collection
    index: Index
    bounds: Mapping[str, Sequence[Interval]]
    key_clauses: Sequence[Clause]
    """Clauses that are checked with the key alone."""
    clauses: Sequence[Clause]
    """Clauses that are checked with the document."""
    backward: bool = False
    sorted: bool = False
    """Whether documents come in the order that is asked for."""
    limits: Bounds = Bounds(None, None)
    """The part of the index that ``min`` and ``max`` leave."""

    def scan(self) -> Iterator[tuple[int, Document]]:
        """Yield what is looked at, in order and once for each key."""
        return ((entry.record, entry.document) for entry in self._entries())

    def keys(self) -> dict[int, Document]:
        """Return the first key of every record that is looked at."""
        found: dict[int, Document] = {}
        for entry in self._entries():
            found.setdefault(entry.record, self._index_scan().named(entry))
        return found

    def _index_scan(self) -> IndexScan:
        return IndexScan(self.collection, self.index, self.limits)

    def _entries(self) -> Iterator[Entry]:
        order = self.index.collation.key
        entries = self._index_scan().entries()
        for entry in reversed(entries) if self.backward else entries:
            if all(
                any(interval.holds(key, order) for interval in self.bounds[field])
                for field, key in zip(self.index.key, entry.keys, strict=True)
            ):
                yield entry


Plan = CollectionPlan | IndexPlan
"""A way to find documents."""


def plans_for(
    collection: Collection,
    query: Mapping[str, Any],
    sort: Mapping[str, Any],
    dialect: Dialect,
    hint: str | Document | None = None,
    limits: Bounds | None = None,
) -> list[Plan]:
    """Return the plans for a query, the winning one first.

    Args:
        collection: The collection asked.
        query: The filter.
        sort: The order asked for.
        dialect: That of the engine.
        hint: The index to use, or ``$natural``.
        limits: The part of it to use.

    Raises:
        CommandError: The hint names no index.
    """
    clauses = clauses_of(query)
    natural = {**sort, **(hint if isinstance(hint, dict) else {})}.get("$natural")
    if natural is not None:
        return [CollectionPlan(collection, clauses, is_backward(natural), "$natural" in sort)]
    if hint:
        index = hinted_index(collection, hint, dialect)
        return [_index_plan(collection, index, clauses, sort, limits)]
    visible = [index for index in collection.indexes.values() if not index.hidden]
    found = [
        _index_plan(collection, index, clauses, sort)
        for index in (Index(ID_INDEX, dialect), *visible)
        if _is_ordered(index) and _holds_all(index, clauses)
    ]
    useful = [plan for plan in found if _narrows(plan, clauses) or (sort and plan.sorted)]
    if not useful:
        return [CollectionPlan(collection, clauses)]
    return sorted(
        useful, key=lambda plan: sum(1 for _ in plan.scan()) * (1 + (bool(sort) and not plan.sorted))
    )


def multikey_paths(collection: Collection, index: Index) -> dict[str, list[str]]:
    """Return, for each field of an index, the parts of its path that hold arrays in some document."""
    return {
        field: [
            ".".join(parts[: at + 1])
            for parts in [parts_of(field)]
            for at in range(len(parts))
            if any(_is_array(document, parts[: at + 1]) for _, document in collection)
        ]
        for field in index.key
    }


def _is_array(value: Any, parts: Sequence[str]) -> bool:
    for part in parts:
        if isinstance(value, list):
            rest = parts[parts.index(part) :]
            return any(_is_array(inner, rest) for inner in value if isinstance(inner, dict))
        if not isinstance(value, dict) or part not in value:
            return False
        value = value[part]
    return isinstance(value, list)


def _is_ordered(index: Index) -> bool:
    return not kind_of(index.key) and not is_wildcard(index.key)


def _holds_all(index: Index, clauses: Sequence[Clause]) -> bool:
    """Whether an index holds every document that fulfils some clauses."""
    partial = index.definition.get("partialFilterExpression")
    if partial is not None and not all(_implied(each, clauses) for each in clauses_of(partial)):
        return False
    return not index.sparse or any(clause.path in index.key and is_exact(clause) for clause in clauses)


def _implied(wanted: Clause, clauses: Sequence[Clause]) -> bool:
    """Whether some clauses together say what one says."""
    bound = intervals_of(wanted)
    for clause in clauses:
        if clause == wanted:
            return True
        given = intervals_of(clause)
        if clause.path != wanted.path or bound is None or not given or not is_exact(clause):
            continue
        if all(intersection([each], bound) == [each._replace(names=(None, None))] for each in given):
            return True
    return False


def _narrows(plan: IndexPlan, clauses: Sequence[Clause]) -> bool:
    """Whether a clause is about the first field of the plan's index."""
    first = next(iter(plan.index.key))
    return any(clause.path == first and intervals_of(clause) is not None for clause in clauses)


def _index_plan(
    collection: Collection,
    index: Index,
    clauses: Sequence[Clause],
    sort: Mapping[str, Any],
    limits: Bounds | None = None,
) -> IndexPlan:
    arrays = multikey_paths(collection, index)
    bounds: dict[str, Sequence[Interval]] = {field: [EVERYTHING] for field in index.key}
    on_key: list[Clause] = []
    used: list[Clause] = []
    for clause in clauses:
        intervals = intervals_of(clause) if clause.path in bounds and limits is None else None
        # Of several clauses about arrays, different elements may fulfil each.
        if intervals is None or (any(arrays.values()) and bounds[clause.path] != [EVERYTHING]):
            continue
        narrowed = bounds[clause.path] != [EVERYTHING]
        bounds[clause.path] = intersection(bounds[clause.path], intervals) if narrowed else intervals
        if is_exact(clause):
            used.append(clause)
        elif clause.operator in ("$regex", "$mod") and not any(arrays.values()):
            used.append(clause)
            on_key.append(clause)
    rest = [clause for clause in clauses if clause not in used]
    backward = _sorts(index, bounds, {field: -_sign(each) for field, each in sort.items()})
    in_order = not any(arrays.values()) and (backward or _sorts(index, bounds, sort))
    kept = Bounds(None, None) if limits is None else limits
    return IndexPlan(collection, index, bounds, on_key, rest, backward and in_order, in_order, kept)


def _sign(direction: Any) -> int:
    return -1 if float(str(direction)) < 0 else 1


def _sorts(index: Index, bounds: Mapping[str, Sequence[Interval]], sort: Mapping[str, Any]) -> bool:
    """Whether an index has documents in an order, fields that are pinned to one value apart."""
    wanted = [(field, _sign(direction)) for field, direction in sort.items()]
    for field, direction in index.key.items():
        if wanted and wanted[0] == (field, _sign(direction)):
            wanted.pop(0)
        elif not _is_pinned(bounds[field]):
            break
    return bool(sort) and not wanted


def _is_pinned(intervals: Sequence[Interval]) -> bool:
    return len(intervals) == 1 and intervals[0].low == intervals[0].high and intervals[0].low is not None
