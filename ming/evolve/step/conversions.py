"""The closed table of conversions: which values become which, the same in Python and on the server.

Texts have a strict grammar, because Python and the server each accept more than the other: Python reads
``" 5"``, ``"1_0"`` and full-width digits as numbers; the server reads ``"007"`` and ``"0x1F"``. Numbers convert
where nothing is lost. What the table does not hold does not convert.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any, Final

import bson

__all__ = ["CONVERSIONS", "TYPES", "Conversion", "Type", "type_named"]

FAILED: Final = object()
"""What a converter answers for a value it has no other form for."""

_INT64: Final = range(-(2**63), 2**63)
_TOO_LARGE: Final = 2**63


@dataclass(frozen=True)
class Type:
    """A type of values that conversions are from or to.

    Args:
        name: How steps and messages call it.
        python: The classes of such values; the first is what users write.
        bson: The server's names for it.
    """

    name: str
    python: tuple[type, ...]
    bson: tuple[str, ...]

    def holds(self, value: Any) -> bool:
        """Whether a value is of this type; a bool is no int."""
        return isinstance(value, self.python) and (self.name == "bool" or not isinstance(value, bool))


TYPES: Final[Mapping[str, Type]] = {
    each.name: each
    for each in (
        Type("str", (str,), ("string",)),
        Type("int", (int,), ("int", "long")),
        Type("float", (float,), ("double",)),
        Type("bool", (bool,), ("bool",)),
        Type("date", (datetime,), ("date",)),
        Type("ObjectId", (bson.ObjectId,), ("objectId",)),
        Type("Decimal128", (bson.Decimal128,), ("decimal",)),
    )
}


def type_named(spec: Any) -> str | None:
    """Return the name of the type that a class or name stands for; None where there is none."""
    for each in TYPES.values():
        if spec == each.name or (isinstance(spec, type) and spec is each.python[0]):
            return each.name
    return None


@dataclass(frozen=True)
class Conversion:
    """One entry of the table.

    Args:
        python: Returns the other form of a value, or `FAILED`.
        test: The expression of whether ``$$value`` has another form.
        expression: The expression of that form.
    """

    python: Callable[[Any], Any]
    test: Any
    expression: Any


_VALUE: Final = "$$value"


def _matches(pattern: str) -> dict[str, Any]:
    # \z, because $ also matches before a line break at the end.
    return {"$regexMatch": {"input": _VALUE, "regex": rf"\A(?:{pattern})\z"}}


def _or_failed(kind: str, otherwise: Any = "$$REMOVE") -> dict[str, Any]:
    """The server's own conversion of ``$$value``; missing where it fails."""
    return {"$convert": {"input": _VALUE, "to": kind, "onError": otherwise}}


_INTEGER: Final = _or_failed("int", _or_failed("long"))
"""A 32-bit number where that is enough, which is how the driver stores them."""

_INT_TEXT: Final = r"-?(?:0|[1-9][0-9]*)"
_FLOAT_TEXT: Final = r"-?(?:0|[1-9][0-9]{0,30})(?:\.[0-9]{1,30})?(?:[eE][+-]?[0-9]{1,2})?"
"""Nothing that such a text says is too large or too small for a double."""
_DECIMAL_TEXT: Final = r"-?(?:0|[1-9][0-9]{0,15})(?:\.[0-9]{1,18})?"
"""At most 34 digits, which is what a decimal holds."""
_DATE_TEXT: Final = (
    r"(?!0000)[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"(?:T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]{1,3})?(?:Z|\+00:00)?)?"
)
"""In UTC. More than milliseconds would be lost."""
_ID_TEXT: Final = r"[0-9a-fA-F]{24}"


def _matching(pattern: str, convert: Callable[[str], Any]) -> Callable[[Any], Any]:
    matches = re.compile(pattern).fullmatch

    def python(value: str) -> Any:
        return convert(value) if matches(value) else FAILED

    return python


def _int_of_text(text: str) -> Any:
    # No number of 64 bits is longer, and Python refuses to read very long ones.
    number = int(text) if len(text) <= 20 else _TOO_LARGE
    return number if number in _INT64 else FAILED


def _int_of_float(value: float) -> Any:
    return int(value) if value.is_integer() and -(2.0**63) <= value < 2.0**63 else FAILED


def _int_of_decimal(value: bson.Decimal128) -> Any:
    number = value.to_decimal()
    if not number.is_finite() or not -(2**63) <= number < 2**63 or number != int(number):
        return FAILED
    return int(number)


def _float_of_int(value: int) -> Any:
    return float(value) if abs(value) <= 2**53 else FAILED


def _date_of_text(text: str) -> Any:
    time, _, fraction = text.removesuffix("Z").removesuffix("+00:00").partition(".")
    try:
        moment = datetime.strptime(time, "%Y-%m-%dT%H:%M:%S" if "T" in time else "%Y-%m-%d")
    except ValueError:
        return FAILED
    return moment + timedelta(milliseconds=int(fraction.ljust(3, "0")))


def _text_of_date(moment: datetime) -> str:
    if moment.tzinfo is not None:
        moment = moment.astimezone(timezone.utc).replace(tzinfo=None)
    return f"{moment.isoformat(timespec='milliseconds')}Z"


def _bool_of_number(value: Any) -> Any:
    return bool(value) if value in (0, 1) else FAILED


_ZERO_OR_ONE: Final = {"$in": [_VALUE, [0, 1]]}


CONVERSIONS: Final[Mapping[tuple[str, str], Conversion]] = {
    ("str", "int"): Conversion(_matching(_INT_TEXT, _int_of_text), _matches(_INT_TEXT), _INTEGER),
    ("bool", "int"): Conversion(int, True, _or_failed("int")),
    ("float", "int"): Conversion(_int_of_float, {"$eq": [{"$trunc": _VALUE}, _VALUE]}, _INTEGER),
    ("Decimal128", "int"): Conversion(_int_of_decimal, {"$eq": [{"$trunc": _VALUE}, _VALUE]}, _INTEGER),
    ("str", "float"): Conversion(_matching(_FLOAT_TEXT, float), _matches(_FLOAT_TEXT), _or_failed("double")),
    ("int", "float"): Conversion(
        _float_of_int,
        {"$and": [{"$gte": [_VALUE, -(2**53)]}, {"$lte": [_VALUE, 2**53]}]},
        _or_failed("double"),
    ),
    ("int", "str"): Conversion(str, True, _or_failed("string")),
    ("bool", "str"): Conversion(lambda value: "true" if value else "false", True, _or_failed("string")),
    ("date", "str"): Conversion(_text_of_date, True, _or_failed("string")),
    ("ObjectId", "str"): Conversion(str, True, _or_failed("string")),
    ("Decimal128", "str"): Conversion(str, True, _or_failed("string")),
    ("str", "bool"): Conversion(
        _matching("true|false", lambda text: text == "true"),
        _matches("true|false"),
        {"$eq": [_VALUE, "true"]},
    ),
    ("int", "bool"): Conversion(_bool_of_number, _ZERO_OR_ONE, {"$eq": [_VALUE, 1]}),
    ("float", "bool"): Conversion(_bool_of_number, _ZERO_OR_ONE, {"$eq": [_VALUE, 1]}),
    ("str", "date"): Conversion(
        _matching(_DATE_TEXT, _date_of_text), _matches(_DATE_TEXT), _or_failed("date")
    ),
    ("str", "ObjectId"): Conversion(
        _matching(_ID_TEXT, bson.ObjectId), _matches(_ID_TEXT), _or_failed("objectId")
    ),
    ("str", "Decimal128"): Conversion(
        _matching(_DECIMAL_TEXT, bson.Decimal128), _matches(_DECIMAL_TEXT), _or_failed("decimal")
    ),
    ("int", "Decimal128"): Conversion(
        lambda value: bson.Decimal128(Decimal(int(value))), True, _or_failed("decimal")
    ),
}
"""The conversions by the names of both types. Values of the type wanted stay as they are."""
