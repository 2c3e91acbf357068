"""Where the command starts: nothing is imported here that only the extra ``cli`` brings."""

from __future__ import annotations

import sys
from collections.abc import Sequence

__all__ = ["main"]

_NEEDED = ("click", "rich")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command, and exit.

    Args:
        arguments: Those of the command line, by default the process's.

    Raises:
        SystemExit: Always; its code is documented in the reference of the command.
    """
    try:
        from ming.cli.app import ming
    except ModuleNotFoundError as error:
        if error.name not in _NEEDED:
            raise
        print(f"error: the command needs {error.name}: pip install 'Ming[cli]'", file=sys.stderr)
        raise SystemExit(2) from None
    ming.main(args=None if arguments is None else list(arguments), prog_name="ming")
