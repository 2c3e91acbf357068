"""``ming shell``: Python with the models at hand."""

from __future__ import annotations

import ast
import code
import importlib.util
from collections.abc import Mapping, Sequence
from typing import Any

import click

from ming.cli.models import Model
from ming.cli.naming import class_name, mapped_class
from ming.cli.options import json_option, takes_models
from ming.cli.output import Output

__all__ = ["shell"]


@click.command(short_help="Python with the models at hand.")
@click.option(
    "-c", "--command", metavar="CODE", help="Run this instead, and print the value of its last line."
)
@takes_models
@json_option
def shell(output: Output, models: Sequence[Model], command: str | None) -> None:
    """Open a Python prompt with the classes, by their names, and the bound session of each collection.

    It is that of IPython, if that is installed. With -c, code is run, and the value of its last line is printed,
    if that is an expression: as --json if asked for.
    """
    names = _names(models)
    if command is not None:
        value = _evaluated(command, names)
        if value is not None:
            output.result(value, lambda: output.lines(value if isinstance(value, str) else repr(value)))
    elif output.as_json:
        raise click.UsageError("--json needs -c")
    else:
        _converse(names)


def _names(models: Sequence[Model]) -> dict[str, Any]:
    """What the prompt starts with."""
    found: dict[str, Any] = {"sessions": {model.collection: model.session for model in models}}
    for model in models:
        for manager in (model.manager, *model.others):
            found |= {
                class_name(version.cls): mapped_class(version.cls) for version in manager.chain.versions
            }
    return found


def _evaluated(command: str, names: dict[str, Any]) -> Any:
    """Run code; the value of its last line, where that is an expression."""
    try:
        parsed = ast.parse(command, "<command>")
    except SyntaxError as error:
        raise click.UsageError(f"-c: {error}") from error
    last = parsed.body.pop() if parsed.body and isinstance(parsed.body[-1], ast.Expr) else None
    exec(compile(parsed, "<command>", "exec"), names)
    if not isinstance(last, ast.Expr):
        return None
    return eval(compile(ast.Expression(last.value), "<command>", "eval"), names)


def _converse(names: Mapping[str, Any]) -> None:
    banner = f"ming shell: {', '.join(sorted(names))}"
    if importlib.util.find_spec("IPython") is not None:
        ipython: Any = importlib.import_module("IPython")
        ipython.start_ipython(argv=[], user_ns=dict(names), display_banner=False)
    else:
        code.interact(banner, local=dict(names), exitmsg="")
