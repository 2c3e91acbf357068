"""The ``aggregate`` command, which opens a change stream if its pipeline says so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import reduce
from typing import Any, Final

from ming.mim.commands.change_streams import ChangeStreamCursor, Scope, Stages, open_change_stream
from ming.mim.commands.explaining import EXPLAINING
from ming.mim.commands.paging import cursor_batch_size, cursor_reply
from ming.mim.commands.reading import pipeline_context
from ming.mim.commands.requests import Handler, Reply, Request
from ming.mim.data.errors import CommandError
from ming.mim.pipelines.pipeline import compile_pipeline
from ming.mim.storage.store import Store

__all__ = ["STREAMING"]

Document = dict[str, Any]

_AGGREGATE: Final = EXPLAINING["aggregate"]


def _aggregate(request: Request) -> Reply:
    pipeline = request.option("pipeline")
    if not isinstance(pipeline, list) or not any(map(_is_stream, pipeline)):
        return _AGGREGATE(request)
    if not _is_stream(pipeline[0]):
        raise CommandError(40602, "$changeStream is only valid as the first stage in a pipeline")
    size = cursor_batch_size(request, "cursor")
    return cursor_reply(request, _namespace(request), _opened(request, pipeline), size)


def _is_stream(stage: Any) -> bool:
    return isinstance(stage, dict) and "$changeStream" in stage


def _opened(request: Request, pipeline: list[Any]) -> ChangeStreamCursor:
    store = request.store
    if not isinstance(store, Store):
        raise CommandError(263, "$changeStream cannot be used in a transaction")
    name = request.collection_name if isinstance(request.command[request.name], str) else None
    context = replace(pipeline_context(request, None, name), within="$changeStream")

    def compiled(stages: list[Document]) -> Stages:
        steps = compile_pipeline(stages, context)
        return lambda documents: reduce(lambda passed, step: step(passed), steps, documents)

    scope = Scope(request.database.name, name)
    return open_change_stream(store, store.change_log(request.now), scope, pipeline, compiled)


def _namespace(request: Request) -> str:
    if isinstance(request.command[request.name], str):
        return request.namespace
    return f"{request.database.name}.$cmd.aggregate"


STREAMING: Final[Mapping[str, Handler]] = {"aggregate": _aggregate}
"""Handlers of the commands that can open change streams."""
