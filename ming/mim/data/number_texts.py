"""Numbers out of strings, as conversions have them."""

from __future__ import annotations

import math
import re
import sys
from decimal import ROUND_DOWN, Context, Inexact, Overflow, Subnormal
from typing import Final

from bson import Decimal128
from bson.decimal128 import create_decimal128_context

from ming.mim.data.errors import CONVERSION_FAILURE, CommandError

__all__ = ["failure", "is_beyond_double", "parsed_decimal", "parsed_double", "parsed_integer"]


def failure(problem: str, detail: object = None) -> CommandError:
    """Return the error of a conversion that fails, which ``onError`` replaces."""
    shown = "" if detail is None else f": {detail}"
    return CommandError(CONVERSION_FAILURE, f"{problem} in $convert with no onError value{shown}")


def _unparsed(text: str, problem: str) -> CommandError:
    return failure(f"Failed to parse number '{text}'", problem)


def _refuse_hexadecimal(text: str) -> None:
    if text.startswith("0x"):
        raise failure("Illegal hexadecimal input", text)


def parsed_integer(least: int, most: int, text: str) -> int:
    """Return the integer that a text is.

    Args:
        least: The least one there is.
        most: The greatest one there is.
        text: The text.

    Raises:
        CommandError: It is none.
    """
    _refuse_hexadecimal(text)
    if text in ("", "+", "-"):
        raise _unparsed(text, "No digits")
    if not re.fullmatch(r"[+-]?\d+", text, re.ASCII):
        raise _unparsed(text, "Did not consume whole string.")
    # Python refuses to read very long numbers.
    number = int(text) if len(text.lstrip("+-0")) <= len(str(most)) else most + 1
    if not least <= number <= most:
        raise _unparsed(text, "Overflow")
    return number


_DOUBLE: Final = re.compile(
    r"[+-]?(?:(?P<hexadecimal>0x(?:[\da-f]+\.?[\da-f]*|\.[\da-f]+)(?:p[+-]?\d+)?)"
    r"|(?P<mantissa>\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?|inf(?:inity)?|(?P<nan>nan(?:\(\w*\))?))",
    re.ASCII | re.IGNORECASE,
)


def parsed_double(text: str) -> float:
    """Return the double that a text is.

    Raises:
        CommandError: It is none.
    """
    _refuse_hexadecimal(text)
    if not text:
        raise _unparsed(text, "Empty string")
    if text[0] in " \t\n\v\f\r":
        raise _unparsed(text, "Leading whitespace")
    found = _DOUBLE.match(text)
    if found is None:
        raise _unparsed(text, "Did not consume any digits")
    if found.end() < len(text):
        raise _unparsed(text, "Did not consume whole string.")
    if found["nan"]:
        return math.copysign(math.nan, -1 if text.startswith("-") else 1)
    try:
        number = float.fromhex(text) if found["hexadecimal"] else float(text)
    except OverflowError:
        raise _unparsed(text, "Out of range") from None
    if found["mantissa"] and found["mantissa"].strip("0.") and is_beyond_double(number):
        raise _unparsed(text, "Out of range")
    return number


def is_beyond_double(number: float) -> bool:
    """Whether something finite and not zero became this because it does not fit, or only with fewer
    digits."""
    return math.isinf(number) or abs(number) < sys.float_info.min


_DECIMAL: Final = re.compile(
    r"[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?|inf(?:inity)?|nan)", re.ASCII | re.IGNORECASE
)


def _parsing_context() -> Context:
    context = create_decimal128_context()
    context.rounding = ROUND_DOWN
    return context


def parsed_decimal(text: str) -> Decimal128:
    """Return the decimal that a text is; digits that it has not room for are cut off.

    Raises:
        CommandError: It is none.
    """
    _refuse_hexadecimal(text)
    if not text:
        raise _unparsed(text, "Empty string")
    if not _DECIMAL.fullmatch(text):
        raise _unparsed(text, "Failed to parse string to decimal")
    context = _parsing_context()
    # A fresh context's flags say what happened to this number.
    context.clear_traps()
    number = context.create_decimal(text)
    if context.flags[Overflow]:
        raise _unparsed(text, "Conversion from string to decimal would overflow")
    if context.flags[Subnormal] and context.flags[Inexact]:
        raise _unparsed(text, "Conversion from string to decimal would underflow")
    return Decimal128(number)
