"""The commands that read, on views: pipelines over the collections below; the rest they leave to
`reading`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from ming.mim.commands.explaining import EXPLAINING
from ming.mim.commands.reading import READING, aggregate, aggregated
from ming.mim.commands.requests import Handler, Reply, Request
from ming.mim.commands.streaming import STREAMING
from ming.mim.commands.view_queries import counted, distinct_key, found
from ming.mim.data.collation import SIMPLE, read_collation
from ming.mim.data.errors import CommandError
from ming.mim.data.options import document
from ming.mim.data.path import parts_of
from ming.mim.queries.distinct import distinct_values
from ming.mim.storage.views import VIEWS, View, find_view, underlying

__all__ = ["VIEW_READING"]

Document = dict[str, Any]

_SHARED: Final = frozenset(
    ("hint", "let", "comment", "maxTimeMS", "lsid", "txnNumber", "autocommit", "startTransaction")
)
"""Options that mean the same in all reading commands."""

_DONE: Final = 1
"""What the server says here, instead of the usual ``1.0``."""


def _view_of(request: Request) -> View | None:
    target = request.command[request.name]
    if VIEWS not in request.database.collections or not isinstance(target, str):
        return None
    return find_view(request.database, target)


def _below(request: Request, view: View, asked: Mapping[str, Any]) -> Request:
    """Return a command on a view as an ``aggregate`` on the collection below it.

    Args:
        request: The command.
        view: The view.
        asked: What an ``aggregate`` on the view would ask for.
    """
    own = view.collation or dict(SIMPLE.document)
    given = document(request.command, request.name, "collation")
    if given and read_collation(given).document != own:
        raise CommandError(167, "Cannot override a view's default collation")
    name, stages = underlying(request.database, view.name)
    command = {
        "aggregate": name,
        "pipeline": [*stages, *asked["pipeline"]],
        "cursor": asked.get("cursor", {}),
        "collation": own,
        **{option: request.command[option] for option in request.command if option in _SHARED},
        **{option: asked[option] for option in ("hint", "explain") if option in asked},
    }
    return replace(request, command=command, name="aggregate")


def _find(request: Request, view: View) -> Reply:
    return aggregate(_below(request, view, found(request.command)), request.namespace)


def _count(request: Request, view: View) -> Reply:
    reply = aggregate(_below(request, view, counted(request.command)))
    counts = reply["cursor"]["firstBatch"]
    return {"n": counts[0]["count"] if counts else 0, "ok": _DONE}


def _distinct(request: Request, view: View) -> Reply:
    key = distinct_key(request.command)
    query = document(request.command, "distinct", "query")
    below = _below(request, view, {"pipeline": [{"$match": query}] if query else []})
    documents = aggregated(below, below.command["pipeline"])
    return {"values": distinct_values(documents, parts_of(key), view.order), "ok": _DONE}


def _aggregate(request: Request, view: View) -> Reply:
    stages = request.option("pipeline")
    if not isinstance(stages, list) or ("cursor" not in request.command and not request.option("explain")):
        # It is refused all the same.
        return READING["aggregate"](request)
    if stages and isinstance(stages[0], dict):
        _check_first(request, stages[0])
    below = _below(request, view, request.command)
    if request.option("explain"):
        return _in_short(EXPLAINING["aggregate"](below))
    return aggregate(below, request.namespace)


def _check_first(request: Request, stage: Document) -> None:
    """Refuse a first stage that asks for what views do not have."""
    refused = CommandError(166, f"Namespace {request.namespace} is a view, not a collection")
    if "$changeStream" in stage:
        raise refused
    wanted = stage.get("$collStats")
    if isinstance(wanted, dict):
        if wanted.keys() <= {"latencyStats"}:
            raise NotImplementedError("$collStats of a view")
        raise refused.within("PlanExecutor error during aggregation")


def _on_views(plain: Handler, read: Callable[[Request, View], Reply]) -> Handler:
    """Return what performs one command on views and another one on collections."""

    def handler(request: Request) -> Reply:
        view = _view_of(request)
        return plain(request) if view is None else read(request, view)

    return handler


# -- explain ------------------------------------------------------------------------------------------

_AS_PIPELINES: Final[Mapping[str, Callable[[Document], Document]]] = {
    "find": found,
    "count": counted,
    "aggregate": dict,
}


def _explain(request: Request) -> Reply:
    """Explain what a query of a view is below it."""
    inner = document(request.command, "explain", "explain") or {}
    name = next(iter(inner), "")
    asked = replace(request, command=inner, name=name)
    view = _view_of(asked) if name in _AS_PIPELINES or name == "distinct" else None
    if view is None:
        return EXPLAINING["explain"](request)
    if name == "distinct":
        raise NotImplementedError("explain: distinct on a view")
    inner = _below(asked, view, _AS_PIPELINES[name](inner)).command
    return _in_short(EXPLAINING["explain"](replace(request, command={**request.command, "explain": inner})))


def _in_short(explanation: Reply) -> Reply:
    """Return an explanation without what the server leaves out if the command is one it has made."""
    command = {name: explanation["command"][name] for name in explanation["command"] if name in _SHOWN}
    return {**explanation, "command": command}


_SHOWN: Final = _SHARED.union(("aggregate", "pipeline", "cursor", "collation"))


VIEW_READING: Final[Mapping[str, Handler]] = {
    "find": _on_views(READING["find"], _find),
    "count": _on_views(READING["count"], _count),
    "distinct": _on_views(READING["distinct"], _distinct),
    "aggregate": _on_views(STREAMING["aggregate"], _aggregate),
    "explain": _explain,
}
"""Handlers of the commands that read views, or else collections."""
