"""How far a run is: a bar on a terminal, a line now and then elsewhere, JSON lines for programs.

All of it goes to the standard error stream, beside the result.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any, Final, Protocol

from ming.cli.output import Output, print_json
from ming.evolve.runs.progress import Progress

__all__ = ["shown_progress"]

_PAUSE: Final = 1.0
"""Seconds between two lines."""


class _Callback(Protocol):
    def __call__(self, progress: Progress) -> None: ...


@contextmanager
def shown_progress(output: Output) -> Iterator[_Callback]:
    """Show the progress of runs while a block runs.

    Yields:
        What to call with the progress, from any thread.
    """
    if output.as_json:
        yield lambda progress: print_json({"progress": asdict(progress)}, err=True)
    elif sys.stderr.isatty():
        with _bars() as callback:
            yield callback
    else:
        yield _Lines()


class _Lines:
    """A line now and then."""

    def __init__(self) -> None:
        self._last = 0.0
        self._lock = threading.Lock()

    def __call__(self, progress: Progress) -> None:
        with self._lock:
            now = time.monotonic()
            if now - self._last >= _PAUSE or progress.share == 1.0:
                self._last = now
                Output.note(str(progress))


@contextmanager
def _bars() -> Iterator[_Callback]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[remark]}", markup=False),
    )
    tasks: dict[str, Any] = {}
    with Bars(*columns, console=Console(stderr=True, highlight=False)) as bars:

        def show(progress: Progress) -> None:
            if progress.run_id not in tasks:
                tasks[progress.run_id] = bars.add_task(progress.collection, total=None, remark="")
            remark = f"{progress.conflicts} conflicts, {progress.refused} refused"
            done = progress.changed + progress.refused
            bars.update(tasks[progress.run_id], completed=done, total=progress.old, remark=remark)

        yield show
