"""The filters of partial indexes: which operators the server takes in them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from bson import Regex

from ming.mim.data.errors import CommandError
from ming.mim.data.values import truthy
from ming.mim.queries.filters import compile_filter
from ming.mim.queries.predicates import is_operator_document

__all__ = ["check_filter", "check_partial_filter"]

_OPERATORS: Final = frozenset(
    "$eq $gt $gte $lt $lte $exists $type $in $all $geoWithin $geoIntersects".split()
)
_ELSEWHERE: Final[Mapping[str, int]] = {
    "$expr": 224,
    "$jsonSchema": 224,
    "$text": 2,
    "$where": 2,
}
"""Operators that a filter outside a query cannot have, with the code of the refusal."""


def check_filter(query: Mapping[str, Any]) -> None:
    """Refuse what is no filter, or one that only a query can have.

    Raises:
        CommandError: It is one.
    """
    for name in query:
        if name in _ELSEWHERE:
            raise CommandError(_ELSEWHERE[name], f"{name} is not allowed in this context")
    compile_filter(query)


def check_partial_filter(query: Mapping[str, Any]) -> None:
    """Refuse what the filter of a partial index cannot ask.

    Raises:
        CommandError: The filter asks it.
    """
    for name, operand in query.items():
        if name in ("$and", "$or"):
            for branch in operand:
                check_partial_filter(branch)
        elif name.startswith("$"):
            if name != "$comment":
                raise _unsupported(name)
        elif isinstance(operand, Regex):
            raise _unsupported(f"{name} regex")
        elif is_operator_document(operand):
            for operator, argument in operand.items():
                if operator not in _OPERATORS or (operator == "$exists" and not truthy(argument)):
                    raise _unsupported(f"{name} {operator}")


def _unsupported(what: str) -> CommandError:
    return CommandError(67, f"Expression not supported in partial index: {what}")
