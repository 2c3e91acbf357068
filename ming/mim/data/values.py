"""BSON values: one canonical order, type names and copying.

Every comparison of the engine (equality, ranges, sorting, ``$in``, unique indexes, distinct, grouping)
goes through `order_key`; every document enters through `from_wire` and leaves through `copied`.
Stored values are what the driver decodes, except that database references stay plain documents, so a
path reaches into them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

import bson
from bson import Binary, Code, DBRef, Decimal128, Int64, MaxKey, MinKey, ObjectId, Regex, Timestamp
from bson.binary import UuidRepresentation
from bson.codec_options import CodecOptions, DatetimeConversion
from bson.datetime_ms import DatetimeMS

from ming.mim.data.limits import SENDABLE, check_sendable

__all__ = [
    "INT32_MAX",
    "INT32_MIN",
    "MISSING",
    "TYPE_NAMES",
    "OrderKey",
    "as_integer",
    "collated_key",
    "copied",
    "depends_on_collation",
    "from_bytes",
    "from_wire",
    "identical",
    "is_number",
    "order_key",
    "truthy",
    "type_code",
    "type_name",
]

INT32_MIN: Final = -(2**31)
INT32_MAX: Final = 2**31 - 1

OrderKey = tuple[Any, ...]
"""Hashable form of a value: equal values have equal keys, and keys sort as BSON values do."""


class _Missing:
    """Type of `MISSING`."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "MISSING"

    def __bool__(self) -> bool:
        return False


MISSING: Final = _Missing()
"""The value of a field that is not there."""

TYPE_NAMES: Final[Mapping[int, str]] = {
    0: "missing",
    1: "double",
    2: "string",
    3: "object",
    4: "array",
    5: "binData",
    6: "undefined",
    7: "objectId",
    8: "bool",
    9: "date",
    10: "null",
    11: "regex",
    12: "dbPointer",
    13: "javascript",
    14: "symbol",
    15: "javascriptWithScope",
    16: "int",
    17: "timestamp",
    18: "long",
    19: "decimal",
    -1: "minKey",
    127: "maxKey",
}
"""BSON type codes and their aliases; 0 stands for a missing field."""

_TYPE_CODES: Final[Mapping[type, int]] = {
    _Missing: 0,
    float: 1,
    str: 2,
    dict: 3,
    list: 4,
    bytes: 5,
    Binary: 5,
    ObjectId: 7,
    bool: 8,
    datetime: 9,
    DatetimeMS: 9,
    type(None): 10,
    Regex: 11,
    Timestamp: 17,
    Int64: 18,
    Decimal128: 19,
    MinKey: -1,
    MaxKey: 127,
}


def type_code(value: Any) -> int:
    """Return the BSON type code of a value, 0 if it is missing."""
    code = _TYPE_CODES.get(value.__class__)
    if code is not None:
        return code
    if isinstance(value, int):
        return 16 if INT32_MIN <= value <= INT32_MAX else 18
    if isinstance(value, Code):
        return 13 if value.scope is None else 15
    raise TypeError(f"not a BSON value: {value!r}")


def type_name(value: Any) -> str:
    """Return the alias of a value's BSON type, as ``$type`` spells it."""
    return TYPE_NAMES[type_code(value)]


def is_number(value: Any) -> bool:
    """Whether a value is an int, long, double or decimal."""
    return value.__class__ in (int, float, Int64, Decimal128)


def as_integer(value: Any) -> int | None:
    """Return a number as an int if it has no fraction, else None."""
    if value.__class__ in (int, Int64):
        return int(value)
    if value.__class__ is Decimal128:
        value = value.to_decimal()
    if isinstance(value, float | Decimal) and value == value and abs(value) != float("inf"):
        return int(value) if value == int(value) else None
    return None


def truthy(value: Any) -> bool:
    """Whether an expression's result counts as true: all but false, null, missing and zero."""
    if value is None or value is MISSING or value is False:
        return False
    if value.__class__ is Decimal128:
        return bool(value.to_decimal() != 0)
    return not is_number(value) or value != 0


# -- the canonical order ------------------------------------------------------------------------------

_MISSING, _NULL, _NUMBER, _STRING, _OBJECT, _ARRAY, _BINARY = 2, 5, 10, 15, 20, 25, 30
_OBJECT_ID, _BOOL, _DATE, _TIMESTAMP, _REGEX, _CODE, _CODE_WITH_SCOPE = 35, 40, 45, 47, 50, 60, 65
_MIN, _MAX = 1, 127


def _number_key(value: Any) -> OrderKey:
    # NaN equals itself and sorts before every number: the shorter tuple does both.
    return (_NUMBER, value) if value == value else (_NUMBER,)


def _decimal_key(value: Decimal128) -> OrderKey:
    number = value.to_decimal()
    return (_NUMBER,) if number.is_nan() else (_NUMBER, number)


def order_key(value: Any) -> OrderKey:
    """Return the value's place in the canonical order of BSON values."""
    return _KEYS[value.__class__](value)


def _object_key(value: Mapping[str, Any], key_of: Callable[[Any], OrderKey] = order_key) -> OrderKey:
    # Fields compare by type, then by name, then by value.
    keyed = [(name, key_of(inner)) for name, inner in value.items()]
    return (_OBJECT, tuple([(key[0], name, key) for name, key in keyed]))


def _array_key(value: list[Any]) -> OrderKey:
    return (_ARRAY, tuple([order_key(inner) for inner in value]))


def _binary_key(value: bytes) -> OrderKey:
    return (_BINARY, len(value), getattr(value, "subtype", 0), bytes(value))


def _code_key(value: Code) -> OrderKey:
    if value.scope is None:
        return (_CODE, str(value))
    return (_CODE_WITH_SCOPE, str(value), _object_key(value.scope))


def _far_date_key(value: DatetimeMS) -> OrderKey:
    # Only dates beyond the range of datetime are decoded to this class.
    return (_DATE, -1 if int(value) < 0 else 1, int(value))


_KEYS: Final[Mapping[type, Callable[[Any], OrderKey]]] = {
    _Missing: lambda value: (_MISSING,),
    type(None): lambda value: (_NULL,),
    int: lambda value: (_NUMBER, value),
    Int64: lambda value: (_NUMBER, int(value)),
    float: _number_key,
    Decimal128: _decimal_key,
    str: lambda value: (_STRING, value),
    dict: _object_key,
    list: _array_key,
    bytes: _binary_key,
    Binary: _binary_key,
    ObjectId: lambda value: (_OBJECT_ID, value.binary),
    bool: lambda value: (_BOOL, value),
    datetime: lambda value: (_DATE, 0, value),
    DatetimeMS: _far_date_key,
    Timestamp: lambda value: (_TIMESTAMP, value.time, value.inc),
    Regex: lambda value: (_REGEX, value.pattern, _regex_flags(value.flags)),
    Code: _code_key,
    MinKey: lambda value: (_MIN,),
    MaxKey: lambda value: (_MAX,),
}


def collated_key(string_key: Callable[[str], str]) -> Callable[[Any], OrderKey]:
    """Return a function that does as `order_key`, but that strings have another key.

    Args:
        string_key: What gives strings their keys; names of fields are not asked for.
    """

    def key(value: Any) -> OrderKey:
        return keys[value.__class__](value)

    keys: dict[type, Callable[[Any], OrderKey]] = {
        **_KEYS,
        str: lambda value: (_STRING, string_key(value)),
        dict: lambda value: _object_key(value, key),
        list: lambda value: (_ARRAY, tuple(map(key, value))),
    }
    return key


def depends_on_collation(key: OrderKey) -> bool:
    """Whether a value's key is another one under another collation, or may be."""
    return bool(_STRING <= key[0] <= _ARRAY)


_FLAG_LETTERS: Final = ((re.I, "i"), (re.L, "l"), (re.M, "m"), (re.S, "s"), (re.U, "u"), (re.X, "x"))


def _regex_flags(flags: int) -> str:
    return "".join(letter for flag, letter in _FLAG_LETTERS if flags & flag)


def identical(left: Any, right: Any) -> bool:
    """Whether two values have the same BSON: types and key order count, unlike in queries."""
    if left is right:
        return True
    if left.__class__ is not right.__class__:
        return False
    if left.__class__ is dict:
        return list(left) == list(right) and _all_identical(left.values(), right.values())
    if left.__class__ is list:
        return len(left) == len(right) and _all_identical(left, right)
    if left.__class__ is float:
        return repr(left) == repr(right)
    if left.__class__ is Decimal128:
        return bool(left.bid == right.bid)
    return order_key(left) == order_key(right)


def _all_identical(left: Iterable[Any], right: Iterable[Any]) -> bool:
    for value, other in zip(left, right, strict=True):
        # A changed document shares what has not changed.
        if value is not other and not identical(value, other):
            return False
    return True


# -- copying ------------------------------------------------------------------------------------------

_WRITE: Final = CodecOptions[dict[str, Any]](uuid_representation=UuidRepresentation.PYTHON_LEGACY)
_READ: Final = CodecOptions[dict[str, Any]](datetime_conversion=DatetimeConversion.DATETIME_AUTO)


def from_wire(document: Mapping[str, Any], options: CodecOptions[Any] = _WRITE) -> dict[str, Any]:
    """Copy a document through BSON: what is stored, and what queries compare with.

    Args:
        document: The document.
        options: How to write what BSON can hold in several ways, and what it cannot hold without them.

    Raises:
        bson.errors.InvalidDocument: BSON has no such value.
        CommandError: It, or one of the writes in it, is larger than a message can hold.
    """
    return from_bytes(bson.encode(document, codec_options=options))


def from_bytes(data: bytes) -> dict[str, Any]:
    """Return the document of some BSON, in the form in which documents are stored.

    Raises:
        bson.errors.InvalidBSON: It is none.
        CommandError: It, or one of the writes in it, is larger than a message can hold.
    """
    decoded = bson.decode(data, codec_options=_READ)
    # The decoder makes DBRef objects of such documents; the scan of the bytes is cheaper than a walk.
    if b"$ref\x00" in data:
        decoded = _without_references(decoded)
    if len(data) > SENDABLE:
        check_sendable(decoded)
    return decoded


def _without_references(value: Any) -> Any:
    if isinstance(value, DBRef):
        value = value.as_doc()
    if isinstance(value, dict):
        return {name: _without_references(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_without_references(inner) for inner in value]
    return value


def copied(value: Any) -> Any:
    """Copy a stored value deeply; only documents and arrays can change, so the rest is shared."""
    if value.__class__ is dict:
        return {
            name: copied(inner) if inner.__class__ in _CONTAINERS else inner for name, inner in value.items()
        }
    if value.__class__ is list:
        return [copied(inner) if inner.__class__ in _CONTAINERS else inner for inner in value]
    return value


_CONTAINERS: Final = frozenset((dict, list))
