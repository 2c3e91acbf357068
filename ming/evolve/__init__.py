"""Schema evolution: the words for steps between versions, migration reports, and what can go wrong.

A door; the rooms are the modules beside it, and are opened when they are asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from ming.exc import DocumentTooNew, HybridDocument, MigrationError, StaleObject

if TYPE_CHECKING:
    from ming.evolve.hop import Hop
    from ming.evolve.report import MigrationReport
    from ming.evolve.step.base import Irreversible, Step
    from ming.evolve.step.sequence import Steps
    from ming.evolve.step.vocabulary import (
        const,
        convert,
        copy,
        default,
        drop,
        each,
        expr,
        keep,
        map,
        merge,
        move,
        python,
        split,
        steps,
        unwrap,
        wrap,
    )

__all__ = [
    "DocumentTooNew",
    "Hop",
    "HybridDocument",
    "Irreversible",
    "MigrationError",
    "MigrationReport",
    "StaleObject",
    "Step",
    "Steps",
    "const",
    "convert",
    "copy",
    "default",
    "drop",
    "each",
    "expr",
    "keep",
    "map",
    "merge",
    "move",
    "python",
    "split",
    "steps",
    "unwrap",
    "wrap",
]

_ROOMS: Final = {
    "Hop": "hop",
    "MigrationReport": "report",
    "Irreversible": "step.base",
    "Step": "step.base",
    "Steps": "step.sequence",
}
"""Where names are that are no words for steps."""


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"ming.evolve.{_ROOMS.get(name, 'step.vocabulary')}"), name)
