"""The stages of a plan as ``explain`` shows them, and what each of them would do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from ming.mim.plans.plans import CollectionPlan, IndexPlan, Plan, multikey_paths
from ming.mim.queries.clauses import shown_filter
from ming.mim.queries.filters import compile_filter

__all__ = ["Stage", "access_stage", "index_details", "window_stages"]

Document = dict[str, Any]

_MEMORY: Final = 100 * 1024 * 1024


@dataclass(frozen=True)
class Stage:
    """One stage of a plan, with what it did when the plan was tried."""

    name: str
    details: Document = field(default_factory=dict)
    source: Stage | None = None
    """The stage whose results it works on."""
    filter: Document = field(default_factory=dict)
    returned: int = 0
    works: int = 0
    done: Document = field(default_factory=dict)
    """What it says of its work beside that."""

    def shown(self) -> Document:
        """Return the stage as the plan shows it."""
        inner = {"inputStage": self.source.shown()} if self.source else {}
        return {"stage": self.name, **self._filter(), **self.details, **inner}

    def tried(self) -> Document:
        """Return the stage as the statistics of the plan's trial show it."""
        inner = {"inputStage": self.source.tried()} if self.source else {}
        return {
            "stage": self.name,
            **self._filter(),
            "nReturned": self.returned,
            "executionTimeMillisEstimate": 0,
            "works": self.works,
            "advanced": self.returned,
            "needTime": max(self.works - self.returned - 1, 0),
            "needYield": 0,
            "saveState": 0,
            "restoreState": 0,
            "isEOF": 1,
            **self.details,
            **self.done,
            **inner,
        }

    def total(self, name: str) -> int:
        """Return the sum of a count over this stage and those below."""
        return int(self.done.get(name, 0)) + (self.source.total(name) if self.source else 0)

    def _filter(self) -> Document:
        return {"filter": self.filter} if self.filter else {}


def access_stage(
    plan: Plan, matches: Callable[[Document], bool], most: int | None = None
) -> tuple[Stage, list[Document]]:
    """Try to find the documents of a query.

    Args:
        plan: The plan.
        matches: Whether a document is one of them.
        most: How many are enough.

    Returns:
        The stages that find them, and the documents.
    """
    if isinstance(plan, CollectionPlan):
        return _collection_scan(plan, matches, most)
    if _is_id_look_up(plan):
        return _id_look_up(plan, matches)
    return _index_scan(plan, matches, most)


def _collection_scan(
    plan: CollectionPlan, matches: Callable[[Document], bool], most: int | None
) -> tuple[Stage, list[Document]]:
    found: list[Document] = []
    examined = 0
    for _, document in plan.scan():
        if most is not None and len(found) >= most:
            break
        examined += 1
        if matches(document):
            found.append(document)
    stage = Stage(
        "COLLSCAN",
        {"direction": _direction(plan.backward)},
        filter=shown_filter(list(plan.clauses)),
        returned=len(found),
        works=examined + 2,
        done={"docsExamined": examined},
    )
    return stage, found


def _is_id_look_up(plan: IndexPlan) -> bool:
    """Whether a plan looks up one ``_id`` and asks nothing else."""
    intervals = plan.bounds.get("_id", ())
    return (
        plan.index.name == "_id_"
        and not plan.clauses
        and len(intervals) == 1
        and intervals[0].low == intervals[0].high
    )


def _id_look_up(plan: IndexPlan, matches: Callable[[Document], bool]) -> tuple[Stage, list[Document]]:
    found = [document for _, document in plan.scan() if matches(document)]
    counts = {"keysExamined": len(found), "docsExamined": len(found)}
    return Stage("IDHACK", returned=len(found), works=len(found) + 1, done=counts), found


def _index_scan(
    plan: IndexPlan, matches: Callable[[Document], bool], most: int | None
) -> tuple[Stage, list[Document]]:
    on_key = compile_filter(_query(plan.key_clauses)).matches
    found: list[Document] = []
    seen: set[int] = set()
    keys = fetched = 0
    for record, document in plan.scan():
        if most is not None and len(found) >= most:
            break
        keys += 1
        if record not in seen and on_key(document):
            seen.add(record)
            fetched += 1
            if matches(document):
                found.append(document)
    scan = Stage(
        "IXSCAN",
        _scan_details(plan),
        filter=shown_filter(list(plan.key_clauses)),
        returned=fetched,
        works=keys + 1,
        done={"keysExamined": keys, "seeks": 1, "dupsTested": 0, "dupsDropped": 0},
    )
    fetch = Stage(
        "FETCH",
        source=scan,
        filter=shown_filter(list(plan.clauses)),
        returned=len(found),
        works=keys + 1,
        done={"docsExamined": fetched, "alreadyHasObj": 0},
    )
    return fetch, found


def _query(clauses: Any) -> Document:
    return {"$and": [clause.shown() for clause in clauses]} if clauses else {}


def _direction(backward: bool) -> str:
    return "backward" if backward else "forward"


def index_details(plan: IndexPlan) -> Document:
    """Return what a plan says of its index."""
    index = plan.index
    arrays = multikey_paths(plan.collection, index)
    return {
        "keyPattern": dict(index.key),
        "indexName": index.name,
        "isMultiKey": any(arrays.values()),
        "multiKeyPaths": arrays,
        "isUnique": index.unique or index.name == "_id_",
        "isSparse": index.sparse,
        "isPartial": "partialFilterExpression" in index.definition,
        "indexVersion": index.definition["v"],
    }


def _scan_details(plan: IndexPlan) -> Document:
    shown = {
        field: [
            interval.shown(plan.backward != _is_descending(direction))
            for interval in _ordered(plan.bounds[field], plan.backward != _is_descending(direction))
        ]
        for field, direction in plan.index.key.items()
    }
    whole = plan.limits == (None, None)
    return {
        **index_details(plan),
        "direction": _direction(plan.backward),
        "indexBounds": shown if whole else {},
    }


def _is_descending(direction: Any) -> bool:
    return float(str(direction)) < 0


def _ordered(intervals: Any, backward: bool) -> list[Any]:
    return list(intervals)[::-1] if backward else list(intervals)


def window_stages(
    stage: Stage,
    count: int,
    *,
    sort: Mapping[str, Any],
    skip: int,
    limit: int,
    projection: Mapping[str, Any],
    in_memory: str = "simple",
) -> Stage:
    """Put what a ``find`` does with documents on top of the stages that find them.

    Args:
        stage: Those stages.
        count: How many documents they find.
        sort: The order to bring them into, if it is not theirs.
        skip: How many to leave out.
        limit: How many to keep; 0 for all.
        projection: What to keep of each.
        in_memory: The kind of sort.
    """
    if sort:
        kept = min(count, skip + limit) if limit else count
        details: Document = {"sortPattern": dict(sort), "memLimit": _MEMORY}
        if limit:
            details["limitAmount"] = skip + limit
        done = {"totalDataSizeSorted": 0, "usedDisk": False, "spills": 0}
        stage = Stage("SORT", {**details, "type": in_memory}, stage, {}, kept, stage.works + kept, done)
        count = kept
    if skip:
        count = max(count - skip, 0)
        stage = Stage("SKIP", {"skipAmount": skip}, stage, {}, count, stage.works)
    if projection:
        stage = _projected(stage, projection)
    if limit and not sort:
        count = min(count, limit)
        stage = Stage("LIMIT", {"limitAmount": limit}, stage, {}, count, min(stage.works, count + 1))
    return stage


def _projected(stage: Stage, projection: Mapping[str, Any]) -> Stage:
    plain = all(
        isinstance(value, bool | int | float) and "." not in path for path, value in projection.items()
    )
    details = {"transformBy": dict(projection)}
    if plain and _is_covered(stage, projection):
        return Stage("PROJECTION_COVERED", details, stage.source, {}, stage.returned, stage.works)
    return Stage(
        "PROJECTION_SIMPLE" if plain else "PROJECTION_DEFAULT",
        details,
        stage,
        {},
        stage.returned,
        stage.works,
    )


def _is_covered(stage: Stage, projection: Mapping[str, Any]) -> bool:
    """Whether the keys of an index have everything that is to be kept."""
    scan = stage.source
    if stage.name != "FETCH" or stage.filter or scan is None or scan.details["isMultiKey"]:
        return False
    kept = {path for path, value in projection.items() if value}
    if projection.get("_id", 1):
        kept.add("_id")
    return bool(kept) and kept <= scan.details["keyPattern"].keys()
