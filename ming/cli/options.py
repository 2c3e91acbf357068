"""Options that verbs share, and what verbs get instead of them: models and an output."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, Final

import click

from ming.cli.binding import Binder, Database
from ming.cli.models import Model, find_models
from ming.cli.output import Output
from ming.cli.settings import read_settings

__all__ = ["AS_JSON", "database_options", "json_option", "takes_classes", "takes_models"]

AS_JSON: Final = "ming.as_json"
"""Key in the context's ``meta``: whether errors, too, are for a program."""

_TIMEOUT: Final = 5.0


def json_option(verb: Callable[..., Any]) -> Callable[..., Any]:
    """Give a verb the option ``--json``; it gets an `Output` as its first argument."""

    @click.option(
        "--json", "as_json", is_flag=True, callback=_note_json, help="Print the result as extended JSON."
    )
    @functools.wraps(verb)
    def wrapped(*args: Any, as_json: bool, **kwargs: Any) -> Any:
        return verb(Output(as_json), *args, **kwargs)

    return wrapped


def _note_json(ctx: click.Context, option: click.Parameter, given: bool) -> bool:
    ctx.meta[AS_JSON] = given
    return given


def database_options(verb: Callable[..., Any]) -> Callable[..., Any]:
    """Give a verb the options that name the database; it gets it as ``database``."""

    @click.option(
        "--uri",
        envvar="MING_URI",
        show_envvar=True,
        metavar="URI",
        help="Database of sessions that the application has not bound, such as mongodb://localhost/wiki.",
    )
    @click.option(
        "--timeout",
        type=click.FloatRange(min=0, min_open=True),
        default=_TIMEOUT,
        show_default=True,
        metavar="SECONDS",
        help="How long to look for a server.",
    )
    @functools.wraps(verb)
    def wrapped(*args: Any, uri: str | None, timeout: float, **kwargs: Any) -> Any:
        source = click.get_current_context().get_parameter_source("uri")
        is_demanded = source is click.core.ParameterSource.COMMANDLINE
        database = Database(uri or read_settings().uri, is_demanded, timeout)
        return verb(*args, database=database, **kwargs)

    return wrapped


def takes_classes(verb: Callable[..., Any]) -> Callable[..., Any]:
    """Have a verb work on models, which the command line names; it gets them as ``models``, not bound yet."""

    @click.argument("names", nargs=-1, metavar="[NAME]...")
    @click.option(
        "-m",
        "--models",
        "modules",
        multiple=True,
        metavar="MODULE",
        help="Module with document or mapped classes, instead of those in pyproject.toml; may be repeated.",
    )
    @database_options
    @functools.wraps(verb)
    def wrapped(*args: Any, names: Any, modules: Any, database: Database, **kwargs: Any) -> Any:
        settings = read_settings()
        models = find_models(names, modules or settings.models, settings.root, Binder(database))
        return verb(*args, models=models, **kwargs)

    return wrapped


def takes_models(verb: Callable[..., Any]) -> Callable[..., Any]:
    """Have a verb work on models, as `takes_classes` does, in a database: all of them have one before it begins."""

    @takes_classes
    @functools.wraps(verb)
    def wrapped(*args: Any, models: Sequence[Model], **kwargs: Any) -> Any:
        for model in models:
            model.session.db  # noqa: B018 - asking is what fails
        return verb(*args, models=models, **kwargs)

    return wrapped
