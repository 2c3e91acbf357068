"""Values of one BSON type made into another: ``$convert`` and its short forms."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

from bson import Decimal128, Int64, ObjectId

from ming.mim.data.arithmetic import as_decimal
from ming.mim.data.errors import CONVERSION_FAILURE, CommandError
from ming.mim.data.number_texts import (
    failure,
    is_beyond_double,
    parsed_decimal,
    parsed_double,
    parsed_integer,
)
from ming.mim.data.values import (
    INT32_MAX,
    INT32_MIN,
    TYPE_NAMES,
    as_integer,
    is_number,
    truthy,
    type_name,
)
from ming.mim.dates.formats import ISO_FORMAT, format_date
from ming.mim.dates.parts import LONGEST, date_from
from ming.mim.dates.texts import parse_text
from ming.mim.dates.zones import UTC
from ming.mim.expressions.date_values import moment_of
from ming.mim.expressions.functions import Function, NamedFunction, absent

__all__ = ["CONVERSION", "NAMED_CONVERSION", "double_text"]


def _overflow(value: object) -> CommandError:
    return failure("Conversion would overflow target type", value)


# -- to strings ---------------------------------------------------------------------------------------


def double_text(value: float) -> str:
    """Return a double as the server writes it, with six digits."""
    if math.isfinite(value):
        return f"{value:g}"
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def _bool_text(value: bool) -> str:
    return "true" if value else "false"


def _date_text(value: Any) -> str:
    return format_date(UTC.local_time(moment_of(value)), ISO_FORMAT)


# -- to integers --------------------------------------------------------------------------------------


def _within(least: int, most: int, number: int, source: Any) -> int:
    if not least <= number <= most:
        raise _overflow(double_text(source) if isinstance(source, float) else source)
    return number


def _truncated(least: int, most: int, value: Any) -> int:
    """Cut off the fraction of a double or decimal."""
    number = value.to_decimal() if isinstance(value, Decimal128) else value
    if number != number:
        raise failure("Attempt to convert NaN value to integer type")
    if abs(number) == math.inf:
        raise failure("Attempt to convert infinity value to integer type")
    # A double must be in the range itself, a decimal without its fraction.
    if isinstance(value, float) and not least <= value <= most:
        raise _overflow(double_text(value))
    return _within(least, most, int(number), value)


def _to_int(convert: Callable[[int, int, Any], int], value: Any) -> int:
    return convert(INT32_MIN, INT32_MAX, value)


def _to_long(convert: Callable[[int, int, Any], int], value: Any) -> Int64:
    return Int64(convert(-LONGEST - 1, LONGEST, value))


def _int_of_long(value: int) -> int:
    return _within(INT32_MIN, INT32_MAX, int(value), value)


# -- to doubles and decimals --------------------------------------------------------------------------


def _double_of_decimal(value: Decimal128) -> float:
    exact = value.to_decimal()
    number = float(exact)
    if exact.is_finite() and exact != 0 and is_beyond_double(number):
        raise _overflow(value)
    return number


def _decimal_of(value: Any) -> Decimal128:
    return Decimal128(as_decimal(value))


# -- to dates and object ids --------------------------------------------------------------------------


def _date_of(value: Any) -> Any:
    return date_from(moment_of(value))


def _date_of_number(value: Any) -> Any:
    return date_from(_truncated(-LONGEST - 1, LONGEST, value))


def _parsed_date(text: str) -> Any:
    return date_from(parse_text(text).milliseconds(None))


def _parsed_object_id(text: str) -> ObjectId:
    length = len(text.encode())
    if length != 24:
        problem = f"Invalid string length for parsing to OID, expected 24 but found {length}"
    elif wrong := re.search("[^0-9a-fA-F]", text):
        problem = f"Invalid character found in hex string: {wrong[0]}"
    else:
        return ObjectId(text)
    raise failure(f"Failed to parse objectId '{text}'", problem)


# -- the table ----------------------------------------------------------------------------------------


def _same(value: Any) -> Any:
    return value


_CONVERTERS: Final[Mapping[str, Mapping[str, Callable[[Any], Any]]]] = {
    "double": {
        "double": _same,
        **dict.fromkeys(("int", "long", "bool"), float),
        "decimal": _double_of_decimal,
        "string": parsed_double,
        "date": lambda value: float(moment_of(value)),
    },
    "string": {
        "string": _same,
        **dict.fromkeys(("int", "long", "decimal", "objectId"), str),
        "double": double_text,
        "bool": _bool_text,
        "date": _date_text,
    },
    "objectId": {"objectId": _same, "string": _parsed_object_id},
    "bool": dict.fromkeys(TYPE_NAMES.values(), truthy),
    "date": {
        **dict.fromkeys(("date", "timestamp", "objectId"), _date_of),
        **dict.fromkeys(("double", "decimal"), _date_of_number),
        "long": lambda value: date_from(int(value)),
        "string": _parsed_date,
    },
    "int": {
        "int": _same,
        "long": _int_of_long,
        "bool": int,
        **dict.fromkeys(("double", "decimal"), partial(_to_int, _truncated)),
        "string": partial(_to_int, parsed_integer),
    },
    "long": {
        **dict.fromkeys(("int", "long", "bool"), Int64),
        **dict.fromkeys(("double", "decimal"), partial(_to_long, _truncated)),
        "string": partial(_to_long, parsed_integer),
        "date": lambda value: Int64(moment_of(value)),
    },
    "decimal": {
        "decimal": _same,
        **dict.fromkeys(("int", "long", "bool", "double"), _decimal_of),
        "string": parsed_decimal,
        "date": lambda value: Decimal128(str(moment_of(value))),
    },
}
"""The conversions there are, by the names of the target's type and the value's."""


def _converted(value: Any, target: str) -> Any:
    source = type_name(value)
    convert = _CONVERTERS.get(target, {}).get(source)
    if convert is None:
        raise failure(f"Unsupported conversion from {source} to {target}")
    return convert(value)


# -- the operators ------------------------------------------------------------------------------------


def _target(to: Any) -> str:
    """Return the name of a type that is given by name or code."""
    if isinstance(to, str):
        if to not in TYPE_NAMES.values():
            raise CommandError(2, f"Unknown type name: {to}")
        return to
    if not is_number(to):
        raise CommandError(9, f"$convert's 'to' argument must be a string or number, but is {type_name(to)}")
    code = as_integer(to)
    if code is None or not INT32_MIN <= code <= INT32_MAX:
        raise CommandError(9, "In $convert, numeric 'to' argument is not an integer")
    if code not in TYPE_NAMES:
        raise CommandError(
            9, f"In $convert, numeric value for 'to' does not correspond to a BSON type: {code}"
        )
    return TYPE_NAMES[code]


def _convert(
    input: Any,
    to: Any,
    onError: Callable[[], Any] | None = None,
    onNull: Callable[[], Any] = lambda: None,
) -> Any:
    target = None if absent(to) else _target(to)
    if absent(input):
        return onNull()
    if target is None:
        return None
    try:
        return _converted(input, target)
    except CommandError as error:
        if onError is None or error.code != CONVERSION_FAILURE:
            raise
        return onError()


def _converter(target: str) -> Function:
    def apply(value: Any) -> Any:
        return None if absent(value) else _converted(value, target)

    return Function(apply, 1, 1, wrong_count=50723)


CONVERSION: Final[Mapping[str, Function]] = {
    f"$to{target[0].upper()}{target[1:]}": _converter(target) for target in _CONVERTERS
}
"""The operators with the type in their name."""

NAMED_CONVERSION: Final[Mapping[str, NamedFunction]] = {
    "$convert": NamedFunction(
        _convert, required=("input", "to"), optional=("onError", "onNull"), lazy=("onError", "onNull")
    )
}
"""The operator that is told the type."""
