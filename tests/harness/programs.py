"""Run Python programs as their readers would, with warnings as errors: one alone, or several at the same time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import ming

__all__ = ["ROOT", "Program", "run_program"]

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


class Program:
    """A program in a process of its own that says words, waits for a line, and ends with a line of JSON.

    Args:
        path: The program; it may import the harness.
        arguments: Its arguments.
    """

    def __init__(self, path: Path, *arguments: str) -> None:
        search = os.pathsep.join([str(_LIBRARY), str(ROOT / "tests")])
        self.process = subprocess.Popen(
            [sys.executable, "-W", "error", str(path), *arguments],
            env={**os.environ, "PYTHONPATH": search},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Program:
        return self

    def __exit__(self, *error: object) -> None:
        self.process.kill()
        self.process.communicate()

    def expect(self, word: str) -> None:
        """Wait until the program says a word."""
        assert self._line() == word

    def start(self) -> None:
        """Let the program, which is ready, go on."""
        assert self.process.stdin is not None
        self.process.stdin.write("go\n")
        self.process.stdin.flush()

    def result(self) -> Any:
        """Wait for the program's end."""
        result = json.loads(self._line())
        assert self.process.wait() == 0
        return result

    def _line(self) -> str:
        assert self.process.stdout is not None
        line = self.process.stdout.readline().strip()
        assert line, "the program failed"
        return line
