"""Which expressions are constant, so that they are computed, and fail, before any document is read."""

from __future__ import annotations

from typing import Any, Final

__all__ = ["NEVER_CONSTANT", "is_constant"]

NEVER_CONSTANT: Final = frozenset(
    f"${name}"
    for name in (
        "filter firstN getField lastN let map maxN meta minN rand reduce regexFind regexFindAll regexMatch replaceAll"
        " replaceOne setField sortArray unsetField zip"
    ).split()
)
"""The operators that the server does not compute in advance, whatever their arguments."""


def is_constant(expression: Any) -> bool:
    """Whether an expression is constant."""
    if isinstance(expression, str):
        return not expression.startswith("$")
    if isinstance(expression, dict):
        if not NEVER_CONSTANT.isdisjoint(expression):
            return False
        return "$literal" in expression or all(map(is_constant, expression.values()))
    return not isinstance(expression, list) or all(map(is_constant, expression))
