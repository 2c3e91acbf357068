"""The group of verbs, and what becomes of errors that leave a verb."""

from __future__ import annotations

import errno
import importlib
import logging
import re
import traceback
from typing import Any, Final, NoReturn

import click
from pymongo.errors import PyMongoError, ServerSelectionTimeoutError

from ming.cli.exits import Exit, code_of
from ming.cli.options import AS_JSON
from ming.cli.output import Output, print_json
from ming.cli.redaction import REDACTOR
from ming.version import __version__

__all__ = ["VERBS", "ming"]

VERBS: Final = ("status", "plan", "migrate", "verify", "check", "adopt", "infer", "indexes", "shell", "serve")
"""The verbs, each a module of its name with a command of its name, in the order of the help."""


_NOISE: Final = re.compile(r" \(configured timeouts|, Timeout:|, full error: ")
"""Where the driver's messages begin to list its settings, all it knows of the servers, or whole replies."""


class _Verbs(click.Group):
    """Imports a verb when it is called, and turns errors into messages and exit codes."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The verbs in the order of use."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of a verb."""
        if cmd_name not in VERBS:
            return None
        command: click.Command = getattr(importlib.import_module(f"ming.cli.{cmd_name}"), cmd_name)
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """Run a verb."""
        REDACTOR.forget()
        _redact_log()
        try:
            return super().invoke(ctx)
        except click.UsageError as error:
            raise click.UsageError(REDACTOR.everything(error.format_message()), ctx=error.ctx) from None
        except (click.exceptions.Exit, click.Abort):
            raise
        except OSError as error:
            if error.errno == errno.EPIPE:
                # Whoever read the output has seen enough.
                raise
            self._fail(ctx, error)
        except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - each ends as message and code
            self._fail(ctx, error)

    @staticmethod
    def _fail(ctx: click.Context, error: BaseException) -> NoReturn:
        REDACTOR.learn_from(error)
        code = error.exit_code if isinstance(error, click.ClickException) else code_of(error)
        message = REDACTOR.everything(_message(error))
        if ctx.params["show_traceback"] or code == Exit.BUG:
            click.echo(REDACTOR.everything("".join(traceback.format_exception(error))), err=True, nl=False)
        if ctx.meta.get(AS_JSON):
            print_json({"error": {"type": type(error).__name__, "message": message, "exit_code": int(code)}})
        else:
            for number, line in enumerate(message.splitlines() or [""]):
                Output.note(line if number else f"error: {line}")
        ctx.exit(int(code))


def _message(error: BaseException) -> str:
    if isinstance(error, click.ClickException):
        return error.format_message()
    if isinstance(error, KeyboardInterrupt):
        return "interrupted" + "".join(f"; {argument}" for argument in error.args)
    text = str(error)
    if isinstance(error, PyMongoError):
        text = _NOISE.split(text)[0]
    if isinstance(error, ServerSelectionTimeoutError):
        return f"no server answers: {text}"
    return text if code_of(error) != Exit.BUG else f"{type(error).__name__}: {text}"


class _RedactingFormatter(logging.Formatter):
    """Log records without credentials."""

    def format(self, record: logging.LogRecord) -> str:
        """The text of a record."""
        return REDACTOR.everything(super().format(record))


def _redact_log() -> None:
    """Keep credentials out of what is logged, unless the application has set up logging itself."""
    if logging.lastResort is not None:
        logging.lastResort.setFormatter(_RedactingFormatter("%(name)s: %(message)s"))


@click.command(cls=_Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="ming")
@click.option("--traceback", "show_traceback", is_flag=True, help="Show where an error came from.")
def ming(show_traceback: bool) -> None:
    """Watch and change the shape of the documents in a MongoDB database.

    A NAME is the module of an application's document or mapped classes, such as wiki.models, or one class
    of it, such as wiki.models:Page. If pyproject.toml or -m names the modules, a NAME may also be a class or a
    collection of theirs; without a NAME, verbs work on all of them.

    \b
    Exit codes:
      0    all is well, and everything that was asked for is done
      1    something was found, or is not finished
      2    wrong arguments, settings or models
      3    the database cannot be reached, or refuses
      70   something unexpected
      130  interrupted
    """
