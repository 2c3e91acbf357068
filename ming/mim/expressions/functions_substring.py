"""Expression operators that cut a string or search in it, by bytes of UTF-8 or by code points."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from ming.mim.data.errors import CommandError
from ming.mim.data.rendering import shown
from ming.mim.data.values import INT32_MAX, INT32_MIN, as_integer, is_number, type_name
from ming.mim.expressions.functions import Function, absent, as_long
from ming.mim.expressions.functions_string import as_text

__all__ = ["SUBSTRING", "search_range"]


def _substring_of_bytes(value: Any, start: Any, length: Any) -> str:
    data = as_text(value).encode()
    for what, code, number in (("starting index", 16034, start), ("length", 16035, length)):
        if not is_number(number):
            raise CommandError(
                code, f"$substrBytes:  {what} must be a numeric type (is BSON type {type_name(number)})"
            )
    first, count = as_long(start), as_long(length)
    if first < 0:
        raise CommandError(50752, f"$substrBytes:  starting index must be non-negative (got: {first})")
    last = first + count if count >= 0 else len(data)
    if _is_inside(data, first):
        raise CommandError(
            28656, "$substrBytes:  Invalid range, starting index is a UTF-8 continuation byte."
        )
    if _is_inside(data, last):
        raise CommandError(
            28657, "$substrBytes:  Invalid range, ending index is in the middle of a UTF-8 character."
        )
    return data[first:last].decode()


def _is_inside(data: bytes, at: int) -> bool:
    """Whether a position is in the middle of a character."""
    return at < len(data) and data[at] & 0xC0 == 0x80


def _substring_of_code_points(value: Any, start: Any, length: Any) -> str:
    text = as_text(value)
    bounds = []
    for what, code, number in (("starting index", 34450, start), ("length", 34452, length)):
        if not is_number(number):
            raise CommandError(
                code, f"$substrCP: {what} must be a numeric type (is BSON type {type_name(number)})"
            )
        bound = as_integer(number)
        if bound is None or not INT32_MIN <= bound <= INT32_MAX:
            raise CommandError(
                code + 1, f"$substrCP: {what} cannot be represented as a 32-bit integral value: {number}"
            )
        bounds.append(bound)
    first, count = bounds
    if count < 0:
        raise CommandError(34454, "$substrCP: length must be a nonnegative integer.")
    if first < 0:
        raise CommandError(34455, "$substrCP: the starting index must be nonnegative integer.")
    return text[first : first + count]


# -- searching ----------------------------------------------------------------------------------------


def search_range(name: str, length: int, bounds: tuple[Any, ...]) -> tuple[int, int]:
    """Return where a search starts and ends.

    Args:
        name: The operator.
        length: The length of what is searched.
        bounds: The values of the optional arguments.
    """
    numbers = []
    for what, value in zip(("starting", "ending"), bounds, strict=False):
        number = as_integer(value) if is_number(value) else None
        if number is None or not INT32_MIN <= number <= INT32_MAX:
            raise CommandError(
                40096,
                f"{name}requires an integral {what} index, found a value of type: {type_name(value)},"
                f" with value: {shown(value)}",
            )
        if number < 0:
            raise CommandError(40097, f"{name} requires a nonnegative {what} index, found: {number}")
        numbers.append(number)
    start, end = (*numbers, 0, length)[:2] if len(numbers) != 1 else (numbers[0], length)
    return start, min(end, length)


def _index(
    name: str, code: int, find: Callable[[str, str, Callable[[int], tuple[int, int]]], int]
) -> Function:
    def apply(text: Any, wanted: Any, *bounds: Any) -> Any:
        if absent(text):
            return None
        for what, error, value in (("first", code, text), ("second", code + 1, wanted)):
            if not isinstance(value, str):
                raise CommandError(
                    error, f"{name} requires a string as the {what} argument, found: {type_name(value)}"
                )
        return find(text, wanted, lambda length: search_range(name, length, bounds))

    return Function(apply, 2, 4, null_first=True)


def _find_bytes(text: str, wanted: str, bounds: Callable[[int], tuple[int, int]]) -> int:
    data = text.encode()
    return data.find(wanted.encode(), *bounds(len(data)))


def _find_code_points(text: str, wanted: str, bounds: Callable[[int], tuple[int, int]]) -> int:
    start, end = bounds(len(text))
    if not text:
        return 0 if start == 0 and not wanted else -1
    # Only the start of what is found must be within the range, even if there is nothing to find.
    at = text.find(wanted, start)
    return at if at < end else -1


SUBSTRING: Final[Mapping[str, Function]] = {
    "$substr": Function(_substring_of_bytes, 3, 3),
    "$substrBytes": Function(_substring_of_bytes, 3, 3),
    "$substrCP": Function(_substring_of_code_points, 3, 3),
    "$indexOfBytes": _index("$indexOfBytes", 40091, _find_bytes),
    "$indexOfCP": _index("$indexOfCP", 40093, _find_code_points),
}
"""The operators by name."""
