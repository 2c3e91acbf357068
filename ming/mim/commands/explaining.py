"""The command ``explain``: how a server would perform another command; writes are not performed."""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from ming.mim.commands.administration import VERSION
from ming.mim.commands.reading import READING
from ming.mim.commands.requests import Handler, Reply, Request, check_options
from ming.mim.commands.writing import WRITING
from ming.mim.data.errors import CommandError
from ming.mim.data.options import document, enumerated
from ming.mim.data.values import as_integer, copied
from ming.mim.plans.hints import read_bounds
from ming.mim.plans.plan_stages import Stage, access_stage, window_stages
from ming.mim.plans.plans import Plan, plans_for
from ming.mim.queries.clauses import clauses_of, shown_filter
from ming.mim.queries.filters import compile_filter

__all__ = ["EXPLAINING", "explained"]

Document = dict[str, Any]
Builder = Callable[[Stage, list[Document]], Stage]
"""Puts stages on top of those that find documents."""

_VERBOSITIES: Final = ("queryPlanner", "executionStats", "allPlansExecution")


def _explain(request: Request) -> Reply:
    check_options(request.command, frozenset(("verbosity",)), "explain")
    inner = document(request.command, "explain", "explain") or {}
    verbosity = enumerated(request.command, "explain", "verbosity", _VERBOSITIES) or _VERBOSITIES[-1]
    name = next(iter(inner), "")
    if name == "explain":
        raise CommandError(20, "Explain cannot explain itself.")
    if name not in _EXPLAINED:
        known = name in READING or name in WRITING
        if known:
            raise CommandError(20, f"Cannot explain cmd: {name}")
        raise CommandError(59, f"Explain failed due to unknown command: {name}")
    return explained(replace(request, command=inner, name=name), verbosity)


def explained(request: Request, verbosity: str = _VERBOSITIES[0]) -> Reply:
    """Return how a server would perform a command.

    Args:
        request: The command.
        verbosity: How much to tell.
    """
    told = _EXPLAINED[request.name](request, verbosity)
    return {
        "explainVersion": "1",
        **told,
        "command": {**copied(request.command), "$db": request.database.name},
        "serverInfo": {
            "host": socket.gethostname(),
            "port": 0,
            "version": VERSION,
            "gitVersion": "",
        },
        "ok": 1.0,
    }


# -- the parts of a reply -----------------------------------------------------------------------------


class _Explanation:
    """A query about to be explained."""

    def __init__(self, request: Request, query: Document, options: Mapping[str, Any], verbosity: str) -> None:
        self._request = request
        self._query = query
        self._verbosity = verbosity
        self._collection = request.collection()
        # Whatever is wrong with the filter is an error of the explanation, too.
        self._matches = compile_filter(query, request.query_context(self._collection, options)).matches
        self._plans: list[Plan] = []
        self.sort: Document = options.get("sort") or {}
        if self._collection is not None:
            self._plans = plans_for(
                self._collection,
                query,
                self.sort,
                request.dialect,
                options.get("hint"),
                read_bounds(options) if request.name == "find" else None,
            )

    @property
    def winner(self) -> Plan | None:
        """The plan that wins, None if there is no collection."""
        return self._plans[0] if self._plans else None

    def told(self, build: Builder, most: int | None = None, in_full: bool = False) -> Reply:
        """Return what there is to tell.

        Args:
            build: Puts stages on top of those that find documents.
            most: How many documents are enough.
            in_full: Whether this is a pipeline, all of it.
        """
        shown = [self._tree(plan, build, most) for plan in self._plans] or [Stage("EOF")]
        planner = {
            "namespace": self._request.namespace,
            "indexFilterSet": False,
            "parsedQuery": shown_filter(clauses_of(self._query)),
            **({"optimizedPipeline": True} if in_full else {}),
            "maxIndexedOrSolutionsReached": False,
            "maxIndexedAndSolutionsReached": False,
            "maxScansToExplodeReached": False,
            "winningPlan": shown[0].shown(),
            "rejectedPlans": [stage.shown() for stage in shown[1:]],
        }
        if self._verbosity == _VERBOSITIES[0]:
            return {"queryPlanner": planner}
        return {"queryPlanner": planner, "executionStats": self._statistics(shown[0])}

    def _tree(self, plan: Plan, build: Builder, most: int | None) -> Stage:
        blocking = bool(self.sort) and not plan.sorted
        stage, found = access_stage(plan, self._matches, None if blocking else most)
        return build(stage, found)

    def _statistics(self, stage: Stage) -> Reply:
        told = {
            "executionSuccess": True,
            "nReturned": stage.returned,
            "executionTimeMillis": 0,
            "totalKeysExamined": stage.total("keysExamined"),
            "totalDocsExamined": stage.total("docsExamined"),
            "executionStages": stage.tried(),
        }
        return {**told, "allPlansExecution": []} if self._verbosity == _VERBOSITIES[-1] else told

    def in_memory(self) -> Document:
        """Return the order that documents have to be brought into."""
        return {} if self.winner is None or self.winner.sorted or "$natural" in self.sort else self.sort


def _whole(options: Mapping[str, Any], name: str) -> int:
    return abs(as_integer(options.get(name) or 0) or 0)


# -- commands that read -------------------------------------------------------------------------------


def _find(request: Request, verbosity: str) -> Reply:
    command = request.command
    explanation = _Explanation(request, request.option("filter", {}), command, verbosity)
    skip, limit = _whole(command, "skip"), _whole(command, "limit")
    projection = request.option("projection", {})

    def build(stage: Stage, found: list[Document]) -> Stage:
        return window_stages(
            stage, len(found), sort=explanation.in_memory(), skip=skip, limit=limit, projection=projection
        )

    return explanation.told(build, skip + limit if limit else None)


def _count(request: Request, verbosity: str) -> Reply:
    query = request.option("query", {})
    explanation = _Explanation(request, query, request.command, verbosity)

    def build(stage: Stage, found: list[Document]) -> Stage:
        counts = {"nCounted": len(found), "nSkipped": _whole(request.command, "skip")}
        if not query and not request.option("hint"):
            return Stage("RECORD_STORE_FAST_COUNT", works=1, done=counts)
        source = stage
        if stage.name == "FETCH" and not stage.filter and stage.source is not None:
            scan = stage.source
            if not scan.filter:
                source = replace(scan, name="COUNT_SCAN")
        return Stage("COUNT", {}, source, works=stage.works, done=counts)

    return explanation.told(build)


def _distinct(request: Request, verbosity: str) -> Reply:
    explanation = _Explanation(request, request.option("query", {}), request.command, verbosity)
    key = request.option("key")
    collection = request.collection()

    def build(stage: Stage, found: list[Document]) -> Stage:
        scan = stage.source if stage.name == "FETCH" else None
        if scan is not None and not stage.filter and not scan.filter and key in scan.details["keyPattern"]:
            return Stage("PROJECTION_COVERED", {"transformBy": {}}, replace(scan, name="DISTINCT_SCAN"))
        return stage

    if not request.option("query") and collection is not None:
        hint = next(
            (name for name, index in collection.indexes.items() if next(iter(index.key)) == key), None
        )
        if hint is not None:
            hinted = {**request.command, "hint": hint}
            explanation = _Explanation(request, {}, hinted, verbosity)
    return explanation.told(build)


def _aggregate(request: Request, verbosity: str) -> Reply:
    stages = list(request.option("pipeline", []))
    # The pipeline is compiled for its errors.
    READING["aggregate"](_empty(request))
    options: Document = {"hint": request.option("hint")} if request.option("hint") else {}
    query: Document = {}
    if stages and "$match" in stages[0]:
        query = stages.pop(0)["$match"]
    if stages and "$sort" in stages[0]:
        options["sort"] = stages.pop(0)["$sort"]
    skip = _whole(stages.pop(0), "$skip") if stages and "$skip" in stages[0] else 0
    limit = _whole(stages.pop(0), "$limit") if stages and "$limit" in stages[0] else 0
    projection: Document = {}
    if stages and "$project" in stages[0]:
        projection = stages.pop(0)["$project"]
    explanation = _Explanation(request, query, options, verbosity)

    def build(stage: Stage, found: list[Document]) -> Stage:
        return window_stages(
            stage, len(found), sort=explanation.in_memory(), skip=skip, limit=limit, projection=projection
        )

    told = explanation.told(build, skip + limit if limit else None, in_full=not stages)
    if not stages:
        return told
    return {"stages": [{"$cursor": told}, *copied(stages)]}


def _empty(request: Request) -> Request:
    """Return an aggregation of nothing by the same pipeline."""
    never: Document = {"$match": {"$nor": [{}]}}
    stages = [each for each in request.option("pipeline", []) if not {"$out", "$merge"} & each.keys()]
    command = {"aggregate": request.collection_name, "pipeline": [never, *stages], "cursor": {}}
    return replace(request, command=command)


# -- commands that write ------------------------------------------------------------------------------


def _statement(request: Request, batch: str) -> Document:
    statements = request.option(batch, [])
    if len(statements) != 1:
        raise CommandError(16, "explained write batches must be of size 1")
    statement: Document = statements[0]
    return statement


def _update(request: Request, verbosity: str) -> Reply:
    statement = _statement(request, "updates")
    return _written(request, statement["q"], statement, verbosity, "UPDATE", not statement.get("multi"))


def _delete(request: Request, verbosity: str) -> Reply:
    statement = _statement(request, "deletes")
    return _written(request, statement["q"], statement, verbosity, "DELETE", bool(statement.get("limit")))


def _find_and_modify(request: Request, verbosity: str) -> Reply:
    name = "DELETE" if request.option("remove") else "UPDATE"
    return _written(request, request.option("query", {}), request.command, verbosity, name, True)


def _written(
    request: Request, query: Document, options: Mapping[str, Any], verbosity: str, name: str, only_one: bool
) -> Reply:
    explanation = _Explanation(request, query, options, verbosity)

    def build(stage: Stage, found: list[Document]) -> Stage:
        matched = min(len(found), 1) if only_one else len(found)
        upserts = int(name == "UPDATE" and not matched and bool(options.get("upsert")))
        counts = {"nWouldDelete": matched}
        if name == "UPDATE":
            counts = {"nMatched": matched, "nWouldModify": matched, "nWouldUpsert": upserts}
        source = window_stages(
            stage,
            len(found),
            sort=explanation.in_memory(),
            skip=0,
            limit=1 if only_one and explanation.in_memory() else 0,
            projection={},
            in_memory="default",
        )
        returned = matched if request.name.lower() == "findandmodify" else 0
        return Stage(name, {}, source, returned=returned, works=matched + 1, done=counts)

    return explanation.told(build, 1 if only_one else None)


_EXPLAINED: Final[Mapping[str, Callable[[Request, str], Reply]]] = {
    "find": _find,
    "count": _count,
    "distinct": _distinct,
    "aggregate": _aggregate,
    "update": _update,
    "delete": _delete,
    "findAndModify": _find_and_modify,
    "findandmodify": _find_and_modify,
}


def _aggregate_or_explain(request: Request) -> Reply:
    if not request.option("explain", False):
        return READING["aggregate"](request)
    return explained(request)


EXPLAINING: Final[Mapping[str, Handler]] = {"explain": _explain, "aggregate": _aggregate_or_explain}
"""Handlers of the command, and of the one that has it as an option."""
