"""The commands that make and change views; they leave collections to the commands of
`ming.mim.commands.catalog`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ming.mim.commands.catalog import CATALOG
from ming.mim.commands.collection_commands import CREATION, creation_reply
from ming.mim.commands.reading import pipeline_context
from ming.mim.commands.requests import Handler, Reply, Request, check_options
from ming.mim.data.errors import INDEX_NOT_FOUND, NAMESPACE_NOT_FOUND, CommandError
from ming.mim.data.options import text, wrong_type
from ming.mim.data.rendering import shown
from ming.mim.storage.collection_options import kept_options
from ming.mim.storage.view_definitions import add_view, change_view, check_name, check_stages, check_target
from ming.mim.storage.views import View, find_view

__all__ = ["VIEW_COMMANDS"]

Document = dict[str, Any]


def _create(request: Request) -> Reply:
    on = text(request.command, "create", "viewOn")
    if on is None:
        return CATALOG["create"](request)
    check_options(request.command, CREATION, request.name)
    check_target(on)
    _check_options(request)
    plain = {name: request.command[name] for name in request.command if name not in ("viewOn", "pipeline")}
    options = kept_options(plain, request.namespace)
    name = request.collection_name
    check_name(request.database, name)
    view = View(name, on, _stages(request) or [], options.get("collation"))
    _check_pipeline(request, view)
    add_view(request.database, view)
    return creation_reply(options)


def _check_options(request: Request) -> None:
    """Refuse what collections can have and views cannot."""
    if request.option("timeseries"):
        raise CommandError(72, f"{request.namespace}: 'timeseries' is not allowed with 'viewOn'")
    if request.option("clusteredIndex"):
        raise CommandError(6026500, "The 'clusteredIndex' option is not supported with views")
    if request.option("idIndex"):
        given = shown(request.command["idIndex"], spaced=True)
        raise CommandError(72, f"'idIndex' is not allowed with 'viewOn': {given}")
    if request.option("changeStreamPreAndPostImages"):
        raise _not_on_views("changeStreamPreAndPostImages")


def _not_on_views(option: str) -> CommandError:
    return CommandError(72, f"option not supported on a view: {option}")


def _coll_mod(request: Request) -> Reply:
    view = find_view(request.database, request.collection_name)
    if view is None:
        return CATALOG["collMod"](request)
    on, stages = text(request.command, "collMod", "viewOn"), _stages(request)
    for option in _OF_COLLECTIONS:
        if option in request.command:
            raise _not_on_views(option)
    if on is not None:
        check_target(on)
    changed = view._replace(
        on=view.on if on is None else on, stages=view.stages if stages is None else stages
    )
    _check_pipeline(request, changed)
    change_view(request.database, changed)
    return {"ok": 1.0}


_OF_COLLECTIONS: Final = (
    "index validator validationLevel validationAction cappedSize cappedMax expireAfterSeconds"
    " changeStreamPreAndPostImages recordPreImages timeseries"
).split()
"""Options of ``collMod`` that views do not have."""


def _stages(request: Request) -> list[Document] | None:
    stages = request.option("pipeline")
    if stages is not None and not isinstance(stages, list):
        raise wrong_type(f"{request.name}.pipeline", stages, "array")
    for at, stage in enumerate(stages or ()):
        if not isinstance(stage, dict):
            raise wrong_type(f"{request.name}.pipeline.{at}", stage, "object")
    return stages


def _check_pipeline(request: Request, view: View) -> None:
    """Refuse a pipeline that is wrong in itself; indexes it needs may come later."""
    try:
        check_stages(view, request.namespace)
        context = pipeline_context(request, None, view.on)
        context.compile(view.stages, context)
    except CommandError as error:
        if error.code in _NO_STAGE:
            raise
        if error.code not in _NO_INDEX:
            raise error.within(f"Invalid pipeline for view {request.namespace}") from None


_NO_STAGE: Final = frozenset((40323, 40324))
_NO_INDEX: Final = frozenset((NAMESPACE_NOT_FOUND, INDEX_NOT_FOUND))


VIEW_COMMANDS: Final[Mapping[str, Handler]] = {"create": _create, "collMod": _coll_mod}
"""Handlers of the commands that make and change views, or else collections."""
