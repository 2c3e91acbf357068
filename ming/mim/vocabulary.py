"""What the engine understands, and what it refuses by name: read from the tables that it works with."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from ming.mim.accumulators import PLAIN_ACCUMULATORS
from ming.mim.accumulators_ranked import RANKED
from ming.mim.core import COMMANDS
from ming.mim.expression_forms import FORMS
from ming.mim.expression_functions import FUNCTIONS, NAMED_FUNCTIONS, UNBUILT
from ming.mim.filters import DOCUMENT_OPERATORS, FIELD_OPERATORS, UNBUILT_OPERATORS
from ming.mim.geo import GEO
from ming.mim.near import NEAR
from ming.mim.pipeline import STAGES, UNBUILT_STAGES
from ming.mim.predicates import BUILDERS, COMPARISONS
from ming.mim.update import MODIFIERS
from ming.mim.window_functions import WINDOW_FUNCTIONS

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
