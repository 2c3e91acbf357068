"""What the engine understands, and what it refuses by name: read from the tables that it works with."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from ming.mim.commands.core import COMMANDS
from ming.mim.expressions.all_functions import FUNCTIONS, NAMED_FUNCTIONS, UNBUILT
from ming.mim.expressions.forms import FORMS
from ming.mim.pipelines.accumulators import PLAIN_ACCUMULATORS
from ming.mim.pipelines.accumulators_ranked import RANKED
from ming.mim.pipelines.pipeline import STAGES, UNBUILT_STAGES
from ming.mim.pipelines.window_functions import WINDOW_FUNCTIONS
from ming.mim.queries.filters import DOCUMENT_OPERATORS, FIELD_OPERATORS, UNBUILT_OPERATORS
from ming.mim.queries.near import NEAR
from ming.mim.queries.predicates import BUILDERS, COMPARISONS
from ming.mim.queries.regions import GEO
from ming.mim.updates.compiler import MODIFIERS

__all__ = ["Vocabulary", "vocabulary"]


class Vocabulary(NamedTuple):
    """The names of one kind."""

    known: tuple[str, ...]
    """Those that the engine understands."""
    refused: tuple[str, ...] = ()
    """Those that a server knows and the engine refuses with ``NotImplementedError``."""


def vocabulary() -> dict[str, Vocabulary]:
    """Return what the engine understands and what it refuses, by kind.

    Names that are in neither are refused as a server does.
    """
    return {kind: Vocabulary(_sorted(known), _sorted(refused)) for kind, known, refused in _KINDS}


def _sorted(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(names, key=str.lower))


_QUERY: Final = {*COMPARISONS, *BUILDERS, *FIELD_OPERATORS, *DOCUMENT_OPERATORS, *GEO, *NEAR}
_KINDS: Final[tuple[tuple[str, Iterable[str], Iterable[str]], ...]] = (
    ("query operators", _QUERY | {"$regex", "$options", "$comment"}, UNBUILT_OPERATORS),
    ("update operators", {*MODIFIERS, "$rename"}, ()),
    ("expression operators", {*FORMS, *FUNCTIONS, *NAMED_FUNCTIONS}, UNBUILT),
    ("stages", {*STAGES, "$changeStream"}, UNBUILT_STAGES - {"$changeStream"}),
    ("accumulators", {*PLAIN_ACCUMULATORS, *RANKED}, {"$accumulator"}),
    ("window functions", WINDOW_FUNCTIONS, ()),
    ("commands", COMMANDS, {"mapReduce"}),
)
