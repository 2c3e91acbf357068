"""Run a Python program as its reader would, with warnings as errors."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import ming

__all__ = ["ROOT", "run_program"]

ROOT = Path(__file__).parents[2]
"""The checkout."""

# The program is to use the library under test, which may be the checkout's or an installed one.
_LIBRARY = Path(ming.__file__ or "").parents[1]

# FormEncode imports a module that Python is about to drop.
_WARNINGS = ("-W", "error", "-W", "ignore:'cgi' is deprecated:DeprecationWarning")


def run_program(*arguments: str, source: str | None = None, timeout: float = 300) -> str:
    """Run a program in a new interpreter.

    Args:
        arguments: The interpreter's arguments, such as the program's path and its own arguments.
        source: What it reads from standard input.
        timeout: Seconds after which it has hung.

    Returns:
        What it printed.

    Raises:
        AssertionError: It failed; the message is what it said.
    """
    done = subprocess.run(
        [sys.executable, *_WARNINGS, *arguments],
        input=source,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(_LIBRARY)},
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
