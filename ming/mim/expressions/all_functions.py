"""The expression operators that are plain functions of their evaluated arguments, in one table."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any, Final

from ming.mim.data.environment import KeyOf
from ming.mim.data.values import truthy, type_name
from ming.mim.expressions.conversions import CONVERSION, NAMED_CONVERSION
from ming.mim.expressions.functions import Function, NamedFunction
from ming.mim.expressions.functions_array import ARRAY, NAMED_ARRAY
from ming.mim.expressions.functions_container import CONTAINER
from ming.mim.expressions.functions_date import DATE_PARTS, TIMESTAMP
from ming.mim.expressions.functions_date_arithmetic import DATE_ARITHMETIC
from ming.mim.expressions.functions_date_text import DATE_TEXT
from ming.mim.expressions.functions_numeric import NUMERIC
from ming.mim.expressions.functions_power import POWER
from ming.mim.expressions.functions_regex import REGEX
from ming.mim.expressions.functions_set import SET
from ming.mim.expressions.functions_string import NAMED_STRING, STRING
from ming.mim.expressions.functions_substring import SUBSTRING
from ming.mim.expressions.functions_trigonometry import TRIGONOMETRY

__all__ = ["FUNCTIONS", "NAMED_FUNCTIONS", "UNBUILT"]


def _comparison(compare: Callable[[Any, Any], bool]) -> Function:
    def apply(key: KeyOf, left: Any, right: Any) -> bool:
        return compare(key(left), key(right))

    return Function(apply, 2, 2, compares=True)


def _cmp(key: KeyOf, left: Any, right: Any) -> int:
    left_key, right_key = key(left), key(right)
    return (left_key > right_key) - (left_key < right_key)


def _not(value: Any) -> bool:
    return not truthy(value)


FUNCTIONS: Final[Mapping[str, Function]] = {
    "$eq": _comparison(operator.eq),
    "$ne": _comparison(operator.ne),
    "$gt": _comparison(operator.gt),
    "$gte": _comparison(operator.ge),
    "$lt": _comparison(operator.lt),
    "$lte": _comparison(operator.le),
    "$cmp": Function(_cmp, 2, 2, compares=True),
    "$not": Function(_not, 1, 1),
    "$type": Function(type_name, 1, 1),
    **NUMERIC,
    **POWER,
    **TRIGONOMETRY,
    **STRING,
    **SUBSTRING,
    **SET,
    **ARRAY,
    **CONTAINER,
    **CONVERSION,
    **TIMESTAMP,
}
"""The operators by name."""

NAMED_FUNCTIONS: Final[Mapping[str, NamedFunction]] = {
    **NAMED_STRING,
    **REGEX,
    **NAMED_ARRAY,
    **DATE_PARTS,
    **DATE_TEXT,
    **DATE_ARITHMETIC,
    **NAMED_CONVERSION,
}
"""The operators with named arguments, by name."""

UNBUILT: Final = frozenset(("$function",))
"""Operators of the server that are not built."""
