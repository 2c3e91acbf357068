"""Door to all kinds of steps. (The word ``steps`` of `ming.evolve` is a function.)"""

from __future__ import annotations

from ming.evolve.step.base import Irreversible, Step
from ming.evolve.step.containers import Each, Unwrap, Wrap
from ming.evolve.step.fields import Const, Default, Drop, Forget, Uncopy
from ming.evolve.step.functions import Expr, Python
from ming.evolve.step.literals import KEEP
from ming.evolve.step.moving import Copy, Move
from ming.evolve.step.sequence import Steps
from ming.evolve.step.texts import Merge, Split
from ming.evolve.step.values import Convert, Map

__all__ = [
    "KEEP",
    "Const",
    "Convert",
    "Copy",
    "Default",
    "Drop",
    "Each",
    "Expr",
    "Forget",
    "Irreversible",
    "Map",
    "Merge",
    "Move",
    "Python",
    "Split",
    "Step",
    "Steps",
    "Uncopy",
    "Unwrap",
    "Wrap",
]
