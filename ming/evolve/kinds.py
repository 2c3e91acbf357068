"""Door to all kinds of steps. (The word ``steps`` of `ming.evolve` is a function.)"""

from __future__ import annotations

from ming.evolve.container_steps import Each, Unwrap, Wrap
from ming.evolve.field_steps import Const, Default, Drop, Forget, Uncopy
from ming.evolve.function_steps import Expr, Python
from ming.evolve.literals import KEEP
from ming.evolve.moving_steps import Copy, Move
from ming.evolve.sequence import Steps
from ming.evolve.step import Irreversible, Step
from ming.evolve.text_steps import Merge, Split
from ming.evolve.value_steps import Convert, Map

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
