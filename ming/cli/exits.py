"""What the command's exit codes are, and which error leads to which."""

from __future__ import annotations

from enum import IntEnum

import click
from pymongo.errors import ConfigurationError, PyMongoError

from ming.exc import MingConfigError, MingException, MongoGone, StoreFileError

__all__ = ["Exit", "UsageProblem", "code_of"]


class Exit(IntEnum):
    """The command's exit codes."""

    FINE = 0
    """All is well, and everything that was asked for is done."""
    FINDINGS = 1
    """Something was found, or is not finished: the output says what."""
    USAGE = 2
    """Wrong arguments, settings or models; nothing was done."""
    DATABASE = 3
    """The database cannot be reached, or refuses."""
    BUG = 70
    """Something the command did not expect."""
    INTERRUPTED = 130
    """Ctrl-C; a run can be resumed."""


class UsageProblem(click.ClickException):
    """Arguments, settings or models that cannot be used."""

    exit_code = Exit.USAGE


_CODES: tuple[tuple[type[BaseException], Exit], ...] = (
    (KeyboardInterrupt, Exit.INTERRUPTED),
    (MingConfigError, Exit.USAGE),
    # A URI that cannot be read is one, too.
    (ConfigurationError, Exit.USAGE),
    # A file that cannot be read or written, an address that cannot be listened on.
    (OSError, Exit.USAGE),
    (MongoGone, Exit.DATABASE),
    (StoreFileError, Exit.DATABASE),
    (PyMongoError, Exit.DATABASE),
    (MingException, Exit.FINDINGS),
)
"""The first that fits counts."""


def code_of(error: BaseException) -> Exit:
    """The exit code that an error leads to."""
    return next((code for kind, code in _CODES if isinstance(error, kind)), Exit.BUG)
